// Package pic is the pair of Intel 8259A interrupt controllers of a PC, the
// slave cascaded on the master's IR2, with the edge/level control registers
// that the PIIX3 adds (4D0h, 4D1h).
//
// Sources: Intel 8259A data sheet (231468-003), called DS below; Intel
// 82371SB (PIIX3) data sheet 290550, sections 2.5.2 and 2.5.3.
//
// As in the PIIX3 some choices of the 8259A are wired: the cascade is always
// IR2 (what ICW1.SNGL and ICW3 say only decides how many words follow), and the
// vector is always delivered the 8086 way, whatever ICW4.uPM says.
package pic

import "ringzero/bus"

const (
	cascade  = 2 // the master's input that the slave's INT drives
	spurious = 7 // the level that an INTA without a request reports (DS, "Edge and level triggered modes")
)

// elcrMask holds the inputs that may be level triggered: not the timer, the
// keyboard and the cascade, nor the clock and the coprocessor (PIIX3, 2.5.3).
var elcrMask = [2]uint8{0xf8, 0xde}

// Pair is the two controllers and their cascade.
type Pair struct {
	chips [2]chip
	intr  bus.Line
}

// New makes a pair whose master drives intr, the processor's INTR. The chips
// ask for nothing until they got their initialization command words.
func New(intr bus.Line) *Pair {
	p := &Pair{intr: intr}
	p.chips[0].out = bus.LineFunc(p.driveINTR)
	p.chips[1].out = bus.LineFunc(p.chips[0].cascadeInput)
	p.chips[0].elcrMask, p.chips[1].elcrMask = elcrMask[0], elcrMask[1]
	return p
}

func (p *Pair) driveINTR(level bool) { p.intr.Set(level) }

// Reset puts both chips into the state before initialization and drives INTR
// low. The levels of the inputs stay: they belong to the devices behind them.
func (p *Pair) Reset() {
	p.chips[1].reset()
	p.chips[0].reset()
}

// Master is the register window of the first controller: 2 ports, 20h in a PC.
func (p *Pair) Master() bus.Device { return &p.chips[0] }

// Slave is the register window of the second controller: 2 ports, A0h in a PC.
func (p *Pair) Slave() bus.Device { return &p.chips[1] }

// ELCR is the window of the two edge/level control registers, 4D0h in a PC. A
// set bit makes an input level triggered.
func (p *Pair) ELCR() bus.Device { return (*elcr)(p) }

// Line is the interrupt request input irq, 0 to 15. 2 is the cascade and none.
func (p *Pair) Line(irq int) bus.Line {
	if irq < 0 || irq > 15 || irq == cascade {
		panic("BUG: pic: no such input")
	}
	c, level := &p.chips[irq>>3], irq&7
	return bus.LineFunc(func(high bool) { c.input(level, high) })
}

// Acknowledge is the processor's pair of INTA cycles: it answers with the
// vector of the request of highest priority and moves it into service. Where
// the request has gone, it is the vector of level 7 and nothing is in service.
func (p *Pair) Acknowledge() uint8 {
	m, s := &p.chips[0], &p.chips[1]
	level := m.accept()
	vector := m.state.Base | uint8(level)
	if level == cascade {
		slaveLevel := s.accept()
		vector = s.state.Base | uint8(slaveLevel)
		s.endAcknowledge(slaveLevel)
	}
	m.endAcknowledge(level)
	return vector
}

// Open tells whether a request at some input could reach the processor before
// it touches the chips again: an interrupt that waits, or one that may come.
func (p *Pair) Open() bool {
	m := p.chips[0].open()
	return p.chips[0].state.INT || m&^(1<<cascade) != 0 || m != 0 && p.chips[1].open() != 0
}

type elcr Pair

// Read answers with the edge/level control register of one chip.
func (e *elcr) Read(offset uint64, _ int) uint64 {
	return uint64(e.chips[offset&1].state.ELCR)
}

// Write sets the edge/level control register of one chip.
func (e *elcr) Write(offset uint64, _ int, value uint64) {
	c := &e.chips[offset&1]
	c.state.ELCR = uint8(value) & c.elcrMask
	c.update()
}
