package ringzero

import (
	"fmt"
	"io"
)

// EachByte is a writer for Config.Serial and Config.Debug that gives f each byte
// at the instruction that sends it. f may call Stop, and may answer by SerialIn
// or keys: that comes in before the next instruction, on every host.
func EachByte(f func(b byte)) io.Writer { return eachByte(f) }

type eachByte func(b byte)

func (f eachByte) Write(p []byte) (int, error) {
	for _, b := range p {
		f(b)
	}
	return len(p), nil
}

// outputRoom is what is held of a Step's output before it is written.
const outputRoom = 4096

// output is a port's way to a writer; it is a bus.CharSink.
type output struct {
	name string
	w    io.Writer // nil for nowhere
	each eachByte
	held []byte
	err  error
	mute bool // nothing is sent
}

func newOutput(name string, w io.Writer) *output {
	each, _ := w.(eachByte)
	return &output{name: name, w: w, each: each}
}

// Send is a bus.CharSink's.
func (o *output) Send(b byte) {
	switch {
	case o.mute:
	case o.each != nil:
		o.each(b)
	case o.w != nil:
		if o.held = append(o.held, b); len(o.held) == outputRoom {
			o.flush()
		}
	}
}

// flush writes what is held; after the first error everything is dropped.
func (o *output) flush() {
	if len(o.held) == 0 {
		return
	}
	if o.err == nil {
		if _, err := o.w.Write(o.held); err != nil {
			o.err = fmt.Errorf("writing what the guest sent to its %s: %w", o.name, err)
		}
	}
	o.held = o.held[:0]
}

// Err is the first error of Config.Serial or Config.Debug.
func (m *Machine) Err() error {
	if m.serial.err != nil {
		return m.serial.err
	}
	return m.debug.err
}
