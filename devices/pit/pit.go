// Package pit is the Intel 8254 programmable interval timer of a PC with the
// parts of system control port B (61h) that belong to it.
//
// Source: Intel 8254 data sheet (231164-005), called DS below; for port 61h the
// Intel 82371SB (PIIX3) data sheet 290550, section 2.5.4.
//
// A counter is a function of the time: it keeps the tick at which its counting
// element was loaded and derives count and OUT when asked. Only counter 0 has
// a timer, for the edges of its OUT. The input clock is 1,193,182 Hz exactly;
// tick k is the last of the CLK pulses at or before a time.
package pit

import (
	"math/bits"

	"ringzero/bus"
)

const (
	// Frequency is the CLK input of the three counters in Hz.
	Frequency = 1193182

	second = 1_000_000_000 // in nanoseconds

	// refreshTicks is the time between two refresh cycles of the memory,
	// 15.1 us: the PC's count for counter 1. The refresh doesn't depend on how
	// the guest sets that counter.
	refreshTicks = 18
)

// Bits of port 61h (PIIX3, 2.5.4).
const (
	port61Gate2   = 0x01
	port61Speaker = 0x02
	port61Enables = 0x0c // parity and IOCHK# enables: read back only
	port61Refresh = 0x10
	port61Out2    = 0x20
)

// Bits of the control word (DS, figure 7) and of the status byte (figure 12).
const (
	controlRW       = 0x30
	controlBCD      = 0x01
	controlReadBack = 3 // in the place of the counter's number

	readBackNoCount  = 0x20
	readBackNoStatus = 0x10

	statusOut  = 0x80
	statusNull = 0x40
)

// mostEdges is how many edges of OUT0 are followed at one look before some are
// left out.
const mostEdges = 64

// ticks is the number of CLK pulses since power-on at a time in nanoseconds.
func ticks(now uint64) uint64 {
	hi, lo := bits.Mul64(now, Frequency)
	q, _ := bits.Div64(hi, lo, second)
	return q
}

// timeOf is the first nanosecond at which ticks gives t, or bus.Never.
func timeOf(t uint64) uint64 {
	hi, lo := bits.Mul64(t, second)
	lo, carry := bits.Add64(lo, Frequency-1, 0)
	hi += carry
	if hi >= Frequency {
		return bus.Never
	}
	q, _ := bits.Div64(hi, lo, Frequency)
	return q
}

// PIT is the chip.
type PIT struct {
	clock    *bus.Clock
	out0     bus.Line
	timer    *bus.Timer
	counters [3]CounterState
	port61   uint8
}

// New makes a timer whose counter 0 drives out0. Gates 0 and 1 are tied high,
// gate 2 is bit 0 of port 61h. A counter stands still, its OUT low, until it
// is programmed.
func New(clock *bus.Clock, out0 bus.Line) *PIT {
	p := &PIT{clock: clock, out0: out0}
	p.timer = clock.NewTimer("pit out0", p.update)
	p.power()
	return p
}

func (p *PIT) power() {
	for i := range p.counters {
		p.counters[i] = CounterState{Control: 0x30, Null: true, Gate: i != 2, LoadAt: never, Edge: never}
	}
	p.port61 = 0
}

// Reset puts the chip into the state of power-on and drives OUT0 low. (The
// 8254 has no reset pin: the data sheet leaves the state open.)
func (p *PIT) Reset() {
	p.power()
	p.timer.Stop()
	p.out0.Set(false)
}

// update brings the counters to the present, with each edge of OUT0 in turn,
// and arms the timer for the next one. After a long time edges are left out up to
// the last two periods: nobody looked, and further edges of a line that has a
// request latched say nothing.
func (p *PIT) update() {
	now := ticks(p.clock.Now())
	c := &p.counters[0]
	for n := 0; c.Edge <= now; n++ {
		at := c.Edge
		if far := 2 * uint64(c.N); n >= mostEdges && c.LoadAt == never && now-at > 2*far {
			at = now - far
		}
		c.sync(at)
		c.Edge = c.nextEdge(at)
		if c.Edge <= now {
			p.driveOut()
			continue
		}
		p.drive()
	}
	for i := range p.counters {
		p.counters[i].sync(now)
	}
}

// changed is called after a write: the write itself may have moved OUT0.
func (p *PIT) changed() {
	now := ticks(p.clock.Now())
	c := &p.counters[0]
	c.sync(now)
	c.Edge = c.nextEdge(now)
	p.drive()
}

// drive sets OUT0 and the timer. OUT is the level after the last sync.
func (p *PIT) drive() {
	c := &p.counters[0]
	if at := timeOf(c.Edge); at != p.timer.Deadline() {
		p.timer.Set(at)
	}
	p.driveOut()
}

func (p *PIT) driveOut() {
	c := &p.counters[0]
	if out := c.out(); out != c.Out {
		c.Out = out
		p.out0.Set(out)
	}
}

// Read is a read of a counter (0 to 2). The control word (3) can't be read:
// the data bus floats high.
func (p *PIT) Read(offset uint64, _ int) uint64 {
	if offset&3 == 3 {
		return 0xff
	}
	p.update()
	return uint64(p.counters[offset&3].read())
}

// Write is a write of a counter (0 to 2) or of the control word (3).
func (p *PIT) Write(offset uint64, _ int, value uint64) {
	p.update()
	now := ticks(p.clock.Now())
	if offset&3 == 3 {
		p.writeControl(uint8(value))
	} else {
		p.counters[offset&3].write(uint8(value), now)
	}
	p.changed()
}

func (p *PIT) writeControl(v uint8) {
	n := v >> 6
	if n == controlReadBack {
		p.readBack(v)
		return
	}
	if v&controlRW == 0 {
		p.counters[n].latchCount()
		return
	}
	p.counters[n].program(v & 0x3f)
}

func (p *PIT) readBack(v uint8) {
	for i := range p.counters {
		if v&(2<<i) == 0 {
			continue
		}
		if v&readBackNoCount == 0 {
			p.counters[i].latchCount()
		}
		if v&readBackNoStatus == 0 {
			p.counters[i].latchStatus()
		}
	}
}

// Port61 is the window of system control port B: 1 port, 61h in a PC. Bits 0
// (gate 2), 1 (speaker data), 2 and 3 can be written; bit 4 toggles with each
// refresh cycle, bit 5 is OUT2.
func (p *PIT) Port61() bus.Device { return (*port61)(p) }

type port61 PIT

// Read answers with port B.
func (d *port61) Read(uint64, int) uint64 {
	p := (*PIT)(d)
	p.update()
	v := p.port61
	if ticks(p.clock.Now())/refreshTicks&1 != 0 {
		v |= port61Refresh
	}
	if p.counters[2].out() {
		v |= port61Out2
	}
	return uint64(v)
}

// Write sets the gate of counter 2, the speaker and the enables.
func (d *port61) Write(_ uint64, _ int, value uint64) {
	p := (*PIT)(d)
	p.update()
	p.port61 = uint8(value) & (port61Gate2 | port61Speaker | port61Enables)
	p.counters[2].setGate(value&port61Gate2 != 0, ticks(p.clock.Now()))
}

// Speaker is the level that OUT2 gives the speaker, low where bit 1 of port 61h
// cuts it off. The host may ask at any time: nothing changes by it.
func (p *PIT) Speaker() bool {
	s := p.State()
	return s.Port61&port61Speaker != 0 && s.Counters[2].out()
}
