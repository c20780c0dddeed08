// Package piix is the south bridge of the PC: function 0 of an Intel PIIX3
// (82371SB, datasheet 290550), the ISA bridge that routes PCI interrupts and
// resets the machine, and the power management function of a PIIX4 (82371AB,
// datasheet 290562), which a PIIX3 does not have. The IDE function is package
// ide.
package piix

import "ringzero/bus"

// Registers of the ISA bridge beyond the PCI header (290550, section 4.1).
const (
	iort    = 0x4c
	xbcs    = 0x4e
	pirqrcA = 0x60 // to 63h
	tom     = 0x69
	mstat   = 0x6a
	mbirq0  = 0x70
	mbdma0  = 0x76
	pcsc    = 0x78
	apicbas = 0x80
	dlc     = 0x82
	smicntl = 0xa0
	smien   = 0xa2
	see     = 0xa4
	ftmr    = 0xa8
	smireq  = 0xaa
	ctltmr  = 0xac
	cthtmr  = 0xae
)

const (
	pirqDisable = 1 << 7
	// The interrupts that a PIRQ can be routed to: 0, 1, 2, 8 and 13 belong to
	// the board and are reserved values.
	pirqAllowed = 0xdef8

	// RCR, port 0CF9h (section 4.2.5).
	rcrHard  = 1 << 1 // SRST: a hard reset rather than a CPU reset
	rcrReset = 1 << 2 // RCPU: going from 0 to 1 resets
)

// ISA is function 0 of the PIIX3.
type ISA struct {
	config *bus.ConfigSpace
	rcr    uint8
	pirq   uint8
	driven uint16 // levels of the ISA interrupts, as last set
	irq    [16]bus.Line
	hard   bus.Line
	soft   bus.Line
}

// NewISA makes a bridge that drives ISA interrupt n through irq(n), which is
// asked once for each n that a PIRQ can be routed to. The interrupt is to be
// level-triggered (the guest's ELCR) and may be shared through a bus.Or. hard
// and soft are pulsed by the reset control register: hard resets the machine,
// soft the processor only.
func NewISA(irq func(n int) bus.Line, hard, soft bus.Line) *ISA {
	p := &ISA{config: newISAConfig(), hard: hard, soft: soft}
	for n := range p.irq {
		if pirqAllowed>>n&1 != 0 {
			p.irq[n] = irq(n)
		}
	}
	return p
}

func newISAConfig() *bus.ConfigSpace {
	c := bus.NewConfigSpace(0x8086, 0x7000, 0, 0x06_01_00)
	c.Default(bus.PCIHeaderType, 1, bus.PCIHeaderMultifunc)
	c.Default(bus.PCICommand, 2, 0x0007)
	c.Writable(bus.PCICommand, 2, 0x0108) // SERR# and special cycles
	c.Default(bus.PCIStatus, 2, 0x0200)
	c.ClearOnOne(bus.PCIStatus, 2, 0x7800)
	for _, r := range []struct {
		at    uint8
		size  int
		reset uint32
		mask  uint32
	}{
		{iort, 1, 0x4d, 0xff},
		{xbcs, 2, 0x0003, 0x01ff},
		{pirqrcA, 4, 0x80808080, 0x8f8f8f8f},
		{tom, 1, 0x02, 0xfe},
		{mstat, 2, 0x0000, 0x8082},
		{mbirq0, 1, 0x80, 0xef},
		{mbdma0, 2, 0x0c0c, 0x8f8f},
		{pcsc, 2, 0x0002, 0xfffd},
		{apicbas, 1, 0x00, 0x7f},
		{dlc, 1, 0x00, 0x0f},
		{smicntl, 1, 0x08, 0x1f},
		{smien, 2, 0x0000, 0xffff},
		{see, 4, 0x00000000, 0xffffffff},
		{ftmr, 1, 0x0f, 0xff},
		{smireq, 2, 0x0000, 0xffff},
		{ctltmr, 1, 0x00, 0xff},
		{cthtmr, 1, 0x00, 0xff},
	} {
		c.Default(r.at, r.size, r.reset)
		c.Writable(r.at, r.size, r.mask)
	}
	return c
}

// PIRQ is the input PIRQA (0) to PIRQD (3), high meaning asserted. Devices that
// share an input join there by a bus.Or.
func (p *ISA) PIRQ(n int) bus.Line {
	if n < 0 || n > 3 {
		panic("BUG: piix: there are four PIRQ inputs")
	}
	bit := uint8(1) << n
	return bus.LineFunc(func(level bool) {
		if level {
			p.pirq |= bit
		} else {
			p.pirq &^= bit
		}
		p.update()
	})
}

// levels computes what the ISA interrupts are from routes and inputs.
func (p *ISA) levels() uint16 {
	var out uint16
	for n := range uint8(4) {
		route := p.config.Byte(pirqrcA + n)
		if p.pirq>>n&1 != 0 && route&pirqDisable == 0 {
			out |= 1 << (route & 15)
		}
	}
	return out & pirqAllowed
}

// update drives the interrupts that changed, in order of number.
func (p *ISA) update() {
	now := p.levels()
	changed := now ^ p.driven
	p.driven = now
	for n, line := range p.irq {
		if changed>>n&1 != 0 {
			line.Set(now>>n&1 != 0)
		}
	}
}

// ReadConfig is a bus.PCIFunction's.
func (p *ISA) ReadConfig(offset uint8, size int) uint32 { return p.config.Read(offset, size) }

// WriteConfig is a bus.PCIFunction's.
func (p *ISA) WriteConfig(offset uint8, size int, value uint32) {
	p.config.Write(offset, size, value)
	p.update()
}

// Reset is a hard reset: no interrupt is routed. The inputs stay as their
// drivers hold them.
func (p *ISA) Reset() {
	p.config.Reset()
	p.rcr = 0
	p.update()
}

// ResetControl is the register at port 0CF9h, a window of one port.
func (p *ISA) ResetControl() bus.Device { return (*resetControl)(p) }

type resetControl ISA

func (r *resetControl) Read(uint64, int) uint64 { return uint64(r.rcr) }

// Write pulses a reset line where RCPU is set. RCPU reads back as zero, so that
// the next write of a one is a transition again.
func (r *resetControl) Write(_ uint64, _ int, value uint64) {
	r.rcr = uint8(value) & rcrHard
	if value&rcrReset == 0 {
		return
	}
	line := r.soft
	if value&rcrHard != 0 {
		line = r.hard
	}
	line.Set(true)
	line.Set(false)
}
