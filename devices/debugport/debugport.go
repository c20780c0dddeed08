// Package debugport is two ports by which a guest speaks to the emulator: the
// console at E9h that Bochs introduced, and QEMU's isa-debug-exit.
//
// Neither holds state, so that neither is saved.
package debugport

import "ringzero/bus"

// present is what a read of the console gives, so that guests can tell that it
// is there: its usual port number.
const present = 0xe9

// Port is the console: 1 port, E9h in a PC.
type Port struct {
	sink bus.CharSink
}

// New makes a console that sends to sink; without a sink what is sent is lost.
func New(sink bus.CharSink) *Port { return &Port{sink: sink} }

// Read answers that the console is there.
func (p *Port) Read(uint64, int) uint64 { return present }

// Write sends the low byte.
func (p *Port) Write(_ uint64, _ int, value uint64) {
	if p.sink != nil {
		p.sink.Send(uint8(value))
	}
}

// Exit is the port that ends the machine: 1 to 4 ports, 501h or F4h as a rule.
type Exit struct {
	exit func(value uint32)
}

// NewExit makes a port that calls exit with what is written. The exit status of
// the process is by custom value<<1 | 1, which is the caller's to make.
func NewExit(exit func(value uint32)) *Exit { return &Exit{exit: exit} }

// Read gives zero.
func (e *Exit) Read(uint64, int) uint64 { return 0 }

// Write ends the machine with the low size bytes of the value.
func (e *Exit) Write(_ uint64, size int, value uint64) {
	if size < 4 {
		value &= 1<<(8*size) - 1
	}
	e.exit(uint32(value))
}
