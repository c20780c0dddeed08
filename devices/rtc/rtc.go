// Package rtc is the Motorola MC146818 real-time clock of a PC, with 128 bytes
// of CMOS RAM and the century byte at 32h.
//
// Source: MC146818 data sheet (Motorola, 1984), called DS below; the NMI mask in
// bit 7 of the index port is that of the PC/AT.
//
// The clock is a function of virtual time: the ten time bytes stand as they
// were written or last counted, and the updates that have passed since are
// counted when somebody looks. So a time that the guest sets sticks. Timers
// run only for interrupts that are enabled and not yet flagged.
//
// Daylight saving (register B, DSE) is kept and ignored, SQW is not wired.
package rtc

import (
	"math/bits"

	"ringzero/bus"
)

// Registers (DS, figure 11); 32h is the PC's.
const (
	regSeconds      = 0x00
	regSecondsAlarm = 0x01
	regMinutes      = 0x02
	regMinutesAlarm = 0x03
	regHours        = 0x04
	regHoursAlarm   = 0x05
	regWeekday      = 0x06 // 1 is Sunday
	regDay          = 0x07
	regMonth        = 0x08
	regYear         = 0x09
	regA            = 0x0a
	regB            = 0x0b
	regC            = 0x0c
	regD            = 0x0d
	regCentury      = 0x32
)

// Bits of the registers (DS, "Registers").
const (
	aUIP     = 0x80
	aDV      = 0x70
	aDVReset = 0x60 // with DV0 either way
	aRS      = 0x0f
	aPower   = 0x26 // 32,768 Hz crystal, 1,024 Hz periodic rate

	bSET  = 0x80
	bPIE  = 0x40
	bAIE  = 0x20
	bUIE  = 0x10
	bSQWE = 0x08
	bDM   = 0x04
	b24   = 0x02

	cIRQF = 0x80
	cPF   = 0x40
	cAF   = 0x20
	cUF   = 0x10

	dVRT = 0x80

	nmiMask   = 0x80
	indexMask = 0x7f
)

// Times in nanoseconds (DS, "Update cycle", table 5 for a 32,768 Hz crystal).
const (
	second       = 1_000_000_000
	updateCycle  = 1_984_000 // registers can't be read
	beforeUpdate = 244_000   // UIP is set so long before the cycle begins
	afterReset   = second / 2
	crystal      = 1 << 15 // Hz
)

// RTC is the chip.
type RTC struct {
	state State
	clock *bus.Clock
	irq   bus.Line
	timer *bus.Timer
}

// New makes a clock that shows start (Unix seconds, UTC) at the present virtual
// time, in BCD and 24 hours, and drives irq (IRQ8 in a PC). The CMOS RAM is
// zero.
func New(clock *bus.Clock, irq bus.Line, start int64) *RTC {
	r := &RTC{clock: clock, irq: irq}
	r.timer = clock.NewTimer("rtc", r.update)
	s := &r.state
	s.Regs[regA], s.Regs[regB], s.Regs[regD] = aPower, b24, dVRT
	s.NextUpdate = clock.Now() + second
	s.ChainBase = clock.Now()
	s.setTime(start)
	s.Regs[regWeekday] = uint8(weekday(start))
	return r
}

// Reset is the RESET pin: interrupts are disabled and their flags cleared. Time
// and CMOS RAM stay, the battery keeps them.
func (r *RTC) Reset() {
	r.update()
	s := &r.state
	s.Regs[regB] &^= bPIE | bAIE | bUIE | bSQWE
	s.Regs[regC] = 0
	s.Index = 0
	r.settle()
}

// SetCMOS sets a byte (0 to 7Fh) as the battery would have kept it: RAM or a
// time byte. The control registers 0Ah to 0Dh are not RAM.
func (r *RTC) SetCMOS(index, value uint8) {
	if index > indexMask || index >= regA && index <= regD {
		panic("BUG: rtc: not a byte of CMOS RAM")
	}
	r.update()
	r.state.Regs[index] = value
}

// CMOS reads a byte (0 to 7Fh) without the side effects of a port.
func (r *RTC) CMOS(index uint8) uint8 {
	s := r.State()
	return s.Regs[index&indexMask]
}

// NMIMasked tells bit 7 of the index port: the board keeps NMI from the
// processor.
func (r *RTC) NMIMasked() bool { return r.state.Index&nmiMask != 0 }

// Read is a read of the index (0) or data (1) port. The index can't be read.
func (r *RTC) Read(offset uint64, _ int) uint64 {
	if offset&1 == 0 {
		return 0xff
	}
	r.update()
	s := &r.state
	switch index := s.Index & indexMask; index {
	case regA:
		return uint64(s.Regs[regA] | r.uip())
	case regC:
		return uint64(r.readC())
	default:
		return uint64(s.Regs[index])
	}
}

// uip is the update in progress bit: an update is at hand or under way.
func (r *RTC) uip() uint8 {
	s := &r.state
	if s.updates() && s.NextUpdate-r.clock.Now() <= beforeUpdate+updateCycle {
		return aUIP
	}
	return 0
}

// readC answers with the flags and clears them; IRQ falls.
func (r *RTC) readC() uint8 {
	s := &r.state
	v := s.Regs[regC]
	if s.asks() {
		v |= cIRQF
	}
	s.Regs[regC] = 0
	r.settle()
	return v
}

// Write is a write of the index (0) or data (1) port.
func (r *RTC) Write(offset uint64, _ int, value uint64) {
	s := &r.state
	v := uint8(value)
	if offset&1 == 0 {
		s.Index = v
		return
	}
	r.update()
	switch index := s.Index & indexMask; index {
	case regA:
		r.writeA(v &^ aUIP)
	case regB:
		r.writeB(v)
	case regC, regD: // read-only
	default:
		s.Regs[index] = v
	}
	r.settle()
}

// writeA sets rate and divider. A divider that leaves reset makes its first
// update half a second later.
func (r *RTC) writeA(v uint8) {
	s := &r.state
	ran := s.runs()
	s.Regs[regA] = v
	switch now := r.clock.Now(); {
	case ran && !s.runs():
		s.NextUpdate = bus.Never
	case !ran && s.runs():
		s.NextUpdate = now + afterReset + updateCycle
		s.ChainBase, s.Seen = now, 0
	}
}

// writeB sets modes and enables; SET clears UIE.
func (r *RTC) writeB(v uint8) {
	if v&bSET != 0 {
		v &^= bUIE
	}
	r.state.Regs[regB] = v
}

// runs tells whether the divider chain counts.
func (s *State) runs() bool { return s.Regs[regA]&aDVReset != aDVReset }

// updates tells whether the time bytes are counted.
func (s *State) updates() bool { return s.runs() && s.Regs[regB]&bSET == 0 }

// asks is IRQF: a flag and its enable, which have the same places in C and B.
func (s *State) asks() bool { return s.Regs[regB]&s.Regs[regC]&(cPF|cAF|cUF) != 0 }

// sync counts what has passed since the last look, without moving IRQ.
func (s *State) sync(now uint64) {
	s.countPeriods(now)
	s.countUpdates(now)
}

// period is the time between two periodic flags in cycles of the crystal, 0
// for none (DS, table 3). Rates 1 and 2 repeat 8 and 9.
func (s *State) period() uint64 {
	rs := s.Regs[regA] & aRS
	switch {
	case rs == 0:
		return 0
	case rs <= 2:
		rs += 7
	}
	return 1 << (rs - 1)
}

// countPeriods sets PF where the chain has passed a multiple of the period.
func (s *State) countPeriods(now uint64) {
	if !s.runs() {
		return
	}
	hi, lo := bits.Mul64(now-s.ChainBase, crystal)
	cycles, _ := bits.Div64(hi, lo, second)
	if p := s.period(); p != 0 && cycles/p != s.Seen/p {
		s.Regs[regC] |= cPF
	}
	s.Seen = cycles
}

// countUpdates carries out the updates that are due. The bytes change at the
// end of the update cycle.
func (s *State) countUpdates(now uint64) {
	if !s.runs() || now < s.NextUpdate {
		return
	}
	n := (now-s.NextUpdate)/second + 1
	s.NextUpdate += n * second
	if s.updates() {
		s.advance(n)
	}
}

// update brings the chip to the present, its IRQ included.
func (r *RTC) update() {
	r.state.sync(r.clock.Now())
	r.settle()
}

// settle drives IRQ and arms the timer after a change of flags or enables.
func (r *RTC) settle() {
	s := &r.state
	if at := s.deadline(); at != r.timer.Deadline() {
		r.timer.Set(at)
	}
	if asks := s.asks(); asks != s.IRQ {
		s.IRQ = asks
		r.irq.Set(asks)
	}
}

// deadline is the next time at which an enabled flag that is clear may be set.
func (s *State) deadline() uint64 {
	at := bus.Never
	waits := s.Regs[regB] &^ s.Regs[regC]
	if waits&(bUIE|bAIE) != 0 && s.updates() {
		at = s.NextUpdate
	}
	if p := s.period(); waits&bPIE != 0 && p != 0 && s.runs() {
		hi, lo := bits.Mul64((s.Seen/p+1)*p, second)
		lo, carry := bits.Add64(lo, crystal-1, 0)
		ns, _ := bits.Div64(hi+carry, lo, crystal)
		at = min(at, s.ChainBase+ns)
	}
	return at
}
