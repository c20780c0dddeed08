// Package session is one scripted session with the embedded guest, from power-on
// to power-off, and the state hash at its end. It needs no test around it, so that
// a small program can run it on another processor.
package session

import (
	"bytes"
	"fmt"

	"ringzero"
	"ringzero/host/image"
	"ringzero/lab/guest"
)

// commands are typed one by one, each when the guest asks for it: all that it can
// do, its answers to every sensitive instruction included.
var commands = []string{"help", "cpu", "sens", "map", "time", "peek 0", "peek 7c00", "peek zz", "cpu", "time", "off"}

// Result is what a session ends with.
type Result struct {
	Hash   string
	Steps  uint64
	Output string
}

// most is far more than the session takes: about ten million steps.
const most = 500_000_000

// Embedded runs the session on a machine of conf; its memory, where it is 0, is
// 16 MiB, and its floppy and serial port are the session's own. Everything in the
// result is a function of conf alone.
func Embedded(conf ringzero.Config) (Result, error) {
	if conf.Memory == 0 {
		conf.Memory = 16 << 20
	}
	conf.Floppy = image.Memory(guest.Image())
	conf.MaxInstructions = most
	var out bytes.Buffer
	typist := &typist{out: &out}
	conf.Serial = ringzero.EachByte(typist.send)
	m, err := ringzero.New(conf)
	if err != nil {
		return Result{}, err
	}
	defer m.Close()
	typist.m = m
	why := m.Step()
	for ; why == ringzero.Going; why = m.Step() {
	}
	if why != ringzero.PoweredOff || typist.next != len(commands) {
		return Result{}, fmt.Errorf("session: %v at step %d, after %d of %d commands:\n%s", why, m.Steps(), typist.next, len(commands), out.String())
	}
	return Result{m.StateHash(), m.Steps(), out.String()}, nil
}

// typist answers each prompt with the next command, at the very step at which the
// prompt is complete.
type typist struct {
	m    *ringzero.Machine
	out  *bytes.Buffer
	next int
}

// send takes a byte that the guest sends.
func (t *typist) send(b byte) {
	t.out.WriteByte(b)
	if t.next < len(commands) && bytes.HasSuffix(t.out.Bytes(), []byte(guest.Prompt)) {
		t.m.SerialIn([]byte(commands[t.next] + "\r"))
		t.next++
	}
}
