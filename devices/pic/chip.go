package pic

import (
	"math/bits"

	"ringzero/bus"
)

// Bits of the command words (DS, figures 7 and 8).
const (
	icw1     = 0x10 // tells ICW1 from OCW2 and OCW3
	icw1IC4  = 0x01
	icw1SNGL = 0x02
	icw1LTIM = 0x08

	icw4AEOI = 0x02
	icw4SFNM = 0x10

	ocw3     = 0x08 // tells OCW3 from OCW2
	ocw3RIS  = 0x01
	ocw3RR   = 0x02
	ocw3P    = 0x04
	ocw3SMM  = 0x20
	ocw3ESMM = 0x40

	ocw2R   = 0x80
	ocw2SL  = 0x40
	ocw2EOI = 0x20
)

// pollRequest is set in a poll word where there was a request.
const pollRequest = 0x80

// What a write to the odd port is, as told by the words written before.
const (
	expectNothing = iota // before ICW1: not initialized
	expectICW2
	expectICW3
	expectICW4
	expectOCW1 // ready
)

type chip struct {
	state    ChipState
	out      bus.Line
	elcrMask uint8
}

func (c *chip) reset() {
	c.drive(false)
	c.state = ChipState{Lines: c.state.Lines, Lowest: 7}
}

func (c *chip) cascadeInput(high bool) { c.input(cascade, high) }

// level is the set of inputs that are level triggered now.
func (c *chip) level() uint8 {
	if c.state.ICW1&icw1LTIM != 0 {
		return 0xff
	}
	return c.state.ELCR
}

// input takes the level of an IR pin. A rising edge is latched, but the latch
// lies behind the pin: a pin that falls before the INTA takes its request back
// (DS, "Edge and level triggered modes").
func (c *chip) input(n int, high bool) {
	s, bit := &c.state, uint8(1)<<n
	if high == (s.Lines&bit != 0) {
		return
	}
	s.Lines ^= bit
	if high {
		s.Edges |= bit
	} else {
		s.Edges &^= bit
	}
	c.update()
}

// irr is the interrupt request register: latched edges and active levels.
func (c *chip) irr() uint8 {
	level := c.level()
	return c.state.Edges&^level | c.state.Lines&level
}

// rank turns a set of levels so that bit 0 is the level of highest priority.
func (c *chip) rank(set uint8) uint8 {
	return bits.RotateLeft8(set, -int(c.state.Lowest+1)&7)
}

// unrank is the level at a place in the order of priority.
func (c *chip) unrank(place int) int { return (place + int(c.state.Lowest) + 1) & 7 }

// highest is the level of highest priority in a set that is not empty.
func (c *chip) highest(set uint8) int {
	return c.unrank(bits.TrailingZeros8(c.rank(set)))
}

// pending is the level that asks for service, or -1.
func (c *chip) pending() int {
	s := &c.state
	requests := c.irr() &^ s.IMR
	if s.Expect != expectOCW1 || requests == 0 {
		return -1
	}
	if level := c.highest(requests); c.open()>>level&1 != 0 {
		return level
	}
	return -1
}

// open is the set of inputs whose request would be pending at once, as far as the
// mask and what is in service let it.
func (c *chip) open() (set uint8) {
	s := &c.state
	if s.Expect != expectOCW1 {
		return 0
	}
	service := s.ISR
	if s.SpecialMask {
		service &^= s.IMR
	}
	for n := range 8 {
		asks, serves := bits.TrailingZeros8(c.rank(1<<n)), bits.TrailingZeros8(c.rank(service))
		if s.IMR>>n&1 == 0 && (asks < serves || asks == serves && c.nested(n)) {
			set |= 1 << n
		}
	}
	return set
}

// nested tells of special fully nested mode, where a slave in service isn't
// locked out, so that a higher request of the same slave comes through.
func (c *chip) nested(level int) bool { return level == cascade && c.state.ICW4&icw4SFNM != 0 }

// update drives INT by what is pending.
func (c *chip) update() { c.drive(c.pending() >= 0) }

func (c *chip) drive(level bool) {
	if c.state.INT == level {
		return
	}
	c.state.INT = level
	c.out.Set(level)
}

// accept is the first INTA: INT falls, the request of highest priority goes
// into service and its edge is used up. INT falls even where a further request
// waits, so that a slave makes a new edge for it.
func (c *chip) accept() int {
	level := c.pending()
	c.drive(false)
	if level < 0 {
		return spurious
	}
	c.state.ISR |= 1 << level
	c.state.Edges &^= 1 << level
	return level
}

// endAcknowledge is the end of the last INTA.
func (c *chip) endAcknowledge(level int) {
	s := &c.state
	bit := uint8(1) << level
	if s.ICW4&icw4AEOI != 0 && s.ISR&bit != 0 {
		s.ISR &^= bit
		if s.RotateAEOI {
			s.Lowest = uint8(level)
		}
	}
	c.update()
}

// Read is a read of the command (0) or data (1) port. After a poll command
// either is the poll word and counts as the INTA.
func (c *chip) Read(offset uint64, _ int) uint64 {
	s := &c.state
	if s.Poll {
		return uint64(c.poll())
	}
	switch {
	case offset&1 != 0:
		return uint64(s.IMR)
	case s.ReadISR:
		return uint64(s.ISR)
	}
	return uint64(c.irr())
}

func (c *chip) poll() uint8 {
	c.state.Poll = false
	if c.pending() < 0 {
		return 0
	}
	level := c.accept()
	c.endAcknowledge(level)
	return pollRequest | uint8(level)
}

// Write is a write of the command (0) or data (1) port.
func (c *chip) Write(offset uint64, _ int, value uint64) {
	v := uint8(value)
	switch {
	case offset&1 != 0:
		c.writeData(v)
	case v&icw1 != 0:
		c.initialize(v)
	case v&ocw3 != 0:
		c.writeOCW3(v)
	default:
		c.writeOCW2(v)
	}
	c.update()
}

// initialize is ICW1: the edge sense circuit, the mask, the order of priority,
// the special mask mode and all of ICW4 are cleared (DS, "Initialization").
// The sheet doesn't tell of the ISR; every known chip clears it.
func (c *chip) initialize(v uint8) {
	c.state = ChipState{
		Lines: c.state.Lines, ELCR: c.state.ELCR, Base: c.state.Base, INT: c.state.INT,
		ICW1: v, Lowest: 7, Expect: expectICW2,
	}
}

func (c *chip) writeData(v uint8) {
	s := &c.state
	switch s.Expect {
	case expectOCW1, expectNothing:
		s.IMR = v
	case expectICW2:
		s.Base = v &^ 7
		s.Expect = expectICW3
		if s.ICW1&icw1SNGL != 0 {
			c.afterICW3()
		}
	case expectICW3:
		c.afterICW3()
	case expectICW4:
		s.ICW4 = v
		s.Expect = expectOCW1
	}
}

func (c *chip) afterICW3() {
	c.state.Expect = expectOCW1
	if c.state.ICW1&icw1IC4 != 0 {
		c.state.Expect = expectICW4
	}
}

func (c *chip) writeOCW3(v uint8) {
	s := &c.state
	if v&ocw3ESMM != 0 {
		s.SpecialMask = v&ocw3SMM != 0
	}
	if v&ocw3RR != 0 {
		s.ReadISR = v&ocw3RIS != 0
	}
	s.Poll = v&ocw3P != 0
}

// writeOCW2 ends interrupts and turns the order of priority (DS, figure 8).
func (c *chip) writeOCW2(v uint8) {
	s := &c.state
	level := v & 7
	switch v & (ocw2R | ocw2SL | ocw2EOI) {
	case ocw2EOI:
		c.nonSpecificEOI(false)
	case ocw2R | ocw2EOI:
		c.nonSpecificEOI(true)
	case ocw2SL | ocw2EOI:
		s.ISR &^= 1 << level
	case ocw2R | ocw2SL | ocw2EOI:
		s.ISR &^= 1 << level
		s.Lowest = level
	case ocw2R | ocw2SL:
		s.Lowest = level
	case ocw2R:
		s.RotateAEOI = true
	case 0:
		s.RotateAEOI = false
	}
}

// nonSpecificEOI ends the level in service of highest priority. In special mask
// mode a masked level isn't seen by it (DS, "End of interrupt").
func (c *chip) nonSpecificEOI(rotate bool) {
	s := &c.state
	service := s.ISR
	if s.SpecialMask {
		service &^= s.IMR
	}
	if service == 0 {
		return
	}
	level := c.highest(service)
	s.ISR &^= 1 << level
	if rotate {
		s.Lowest = uint8(level)
	}
}
