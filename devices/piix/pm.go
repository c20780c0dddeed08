package piix

import (
	"math/bits"

	"ringzero/bus"
)

// Registers of the power management function beyond the PCI header (290562,
// section 7.1).
const (
	pmba      = 0x40
	cnta      = 0x44
	cntb      = 0x48
	gpictl    = 0x4c
	devresd   = 0x50
	devact    = 0x54
	devresa   = 0x58
	pmregmisc = 0x80
	smbba     = 0x90
	smbhstcfg = 0xd2

	pmiose  = 1 << 0 // PMREGMISC: the PM window answers
	smbIOSE = 1 << 0 // SMBHSTCFG: the SMBus window answers
)

// Offsets in the power management window (section 7.2) and in dwords of it.
const (
	pmSts    = 0x00 // PMSTS, and PMEN in the upper half
	pmCntrl  = 0x04
	pmTmr    = 0x08
	gpSts    = 0x0c // GPSTS, and GPEN in the upper half
	pCntrl   = 0x10 // processor clock control
	glbSts   = 0x18
	devSts   = 0x1c
	glbEn    = 0x20
	glbCtl   = 0x28
	devCtl   = 0x2c
	gpiReg   = 0x30
	gpoReg   = 0x34
	pmWindow = 64
)

// PM1 status and enable bits; WAK and BM are never set here.
const (
	tmrSts    = 1 << 0
	gblSts    = 1 << 5
	pwrbtnSts = 1 << 8
	rtcSts    = 1 << 10
	pm1Events = tmrSts | gblSts | pwrbtnSts | rtcSts
	pm1Status = pm1Events | 1<<4 | 1<<15
)

// PMCNTRL bits.
const (
	sciEn    = 1 << 0
	gblRls   = 1 << 2
	slpTyp   = 7 << 10
	slpEn    = 1 << 13
	slpOff   = 0 // SLP_TYP of soft-off, S5
	cntrlRW  = sciEn | 1<<1 | slpTyp
	biosRls  = 1 << 1 // GLBCTL: raises GBL_STS
	pmTmrHz  = 3_579_545
	second   = 1_000_000_000
	tmrMask  = 1<<24 - 1
	halfTurn = 23 // TMR_STS is set whenever bit 23 of the timer changes
)

// Values that FADT names for the command port B2h.
const (
	ACPIEnable  = 0xf1
	ACPIDisable = 0xf0
)

// PM is function 3 of a PIIX4: ACPI's fixed hardware (PM1 event and control
// block, timer, general-purpose events), the power button, soft-off, and an
// SMBus host with nothing on its bus.
type PM struct {
	clock    *bus.Clock
	timer    *bus.Timer
	sci      bus.Line
	level    bool
	powerOff func()
	config   *bus.ConfigSpace
	state    PMState // its Config is kept in config
	pmIO     *bus.PortWindow
	smbIO    *bus.PortWindow
}

// NewPM makes the function after power-on. sci is ISA interrupt 9 (level, may
// be shared); powerOff is called when the guest enters soft-off, SLP_TYP 0.
func NewPM(clock *bus.Clock, sci bus.Line, powerOff func(), ports bus.PortMapper) *PM {
	p := &PM{clock: clock, sci: sci, powerOff: powerOff, config: newPMConfig()}
	p.timer = clock.NewTimer("piix4-pm", p.update)
	p.pmIO = bus.NewPortWindow("PIIX4 power management", pmWindow, (*pmPorts)(p), ports)
	p.smbIO = bus.NewPortWindow("PIIX4 SMBus", 16, (*smbPorts)(p), ports)
	p.resetState()
	return p
}

func newPMConfig() *bus.ConfigSpace {
	c := bus.NewConfigSpace(0x8086, 0x7113, 3, 0x06_80_00)
	c.Writable(bus.PCICommand, 2, 0x0109)
	c.Default(bus.PCIStatus, 2, 0x0280)
	c.ClearOnOne(bus.PCIStatus, 2, 0x7800)
	c.Writable(bus.PCIInterruptLine, 1, 0xff)
	c.Default(bus.PCIInterruptPin, 1, 1)
	c.Default(pmba, 4, 1)
	c.Writable(pmba, 4, 0xffc0)
	for _, at := range []uint8{cnta, cntb, devresd, devact, devresa} {
		c.Writable(at, 4, 0xffffffff)
	}
	for at := uint8(0x5c); at < pmregmisc; at += 4 { // device resources B to J
		c.Writable(at, 4, 0xffffffff)
	}
	c.Writable(gpictl, 4, 0xffffffff)
	c.Writable(pmregmisc, 1, pmiose)
	c.Default(smbba, 4, 1)
	c.Writable(smbba, 4, 0xfff0)
	c.Writable(smbhstcfg, 1, 0x0f)
	c.Writable(smbhstcfg+1, 3, 0xffffff)
	return c
}

func (p *PM) resetState() {
	p.config.Reset()
	p.state = PMState{GPO: 0x7fffbfff, HalfTurns: p.halfTurns()}
}

// Reset is a hard reset: windows are unmapped, events forgotten. The timer
// counts on.
func (p *PM) Reset() {
	p.resetState()
	p.place()
	p.update()
}

// ReadConfig is a bus.PCIFunction's.
func (p *PM) ReadConfig(offset uint8, size int) uint32 { return p.config.Read(offset, size) }

// WriteConfig is a bus.PCIFunction's.
func (p *PM) WriteConfig(offset uint8, size int, value uint32) {
	p.config.Write(offset, size, value)
	p.place()
}

func (p *PM) place() {
	p.pmIO.Place(p.config.Word(pmba)&0xffc0, p.config.Byte(pmregmisc)&pmiose != 0)
	p.smbIO.Place(p.config.Word(smbba)&0xfff0, p.config.Byte(smbhstcfg)&smbIOSE != 0)
}

// MapError tells why a window that the guest enabled is not mapped: it overlaps
// another chip's ports. nil if all is well.
func (p *PM) MapError() error {
	if err := p.pmIO.Err(); err != nil {
		return err
	}
	return p.smbIO.Err()
}

// PowerButton is a short press of the power button. Without ACPI enabled it is
// only remembered in PM1's status.
func (p *PM) PowerButton() {
	p.state.Status |= pwrbtnSts
	p.update()
}

// ticks is the PM timer before it is cut to 24 bits: 3.579545 MHz from the
// clock's zero, exact.
func (p *PM) ticks() uint64 {
	hi, lo := bits.Mul64(p.clock.Now(), pmTmrHz)
	q, _ := bits.Div64(hi, lo, second) // hi < second: Now < 2^64
	return q
}

func (p *PM) halfTurns() uint64 { return p.ticks() >> halfTurn }

// timeOfTick is the first nanosecond at which the timer reads t or more.
func timeOfTick(t uint64) uint64 {
	hi, lo := bits.Mul64(t, second)
	lo, carry := bits.Add64(lo, pmTmrHz-1, 0)
	if hi += carry; hi >= pmTmrHz {
		return bus.Never
	}
	q, _ := bits.Div64(hi, lo, pmTmrHz)
	return q
}

// notice brings TMR_STS up to date.
func (p *PM) notice() {
	if now := p.halfTurns(); now != p.state.HalfTurns {
		p.state.HalfTurns = now
		p.state.Status |= tmrSts
	}
}

// update drives the SCI from the state and arms the timer for the next change
// of the counter's top bit, where that would raise it.
func (p *PM) update() {
	p.notice()
	if now := p.sciLevel(); now != p.level {
		p.level = now
		p.sci.Set(now)
	}
	p.arm()
}

// sciLevel leaves general-purpose events out: nothing here raises one.
func (p *PM) sciLevel() bool {
	return p.state.Control&sciEn != 0 && p.state.Status&p.state.Enable&pm1Events != 0
}

func (p *PM) arm() {
	at := uint64(bus.Never)
	if p.state.Control&sciEn != 0 && p.state.Enable&^p.state.Status&tmrSts != 0 {
		at = timeOfTick((p.state.HalfTurns + 1) << halfTurn)
	}
	if at != p.timer.Deadline() {
		p.timer.Set(at)
	}
}
