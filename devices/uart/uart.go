// Package uart is a National Semiconductor 16550A serial port.
//
// Source: PC16550D data sheet (June 1995), called DS below; sections are those
// of its chapter 8.
//
// Input from outside waits until the guest reads it: listen.go says how that is
// known. Three things differ from silicon on purpose. A byte written to THR is sent at
// once, in no virtual time, whatever the divisor: consoles are then as fast as
// the processor. Words are always 8 bits wide on their way out and in. INTR is
// not gated with OUT2: the PC does that on the board, many guests rely on
// emulators that don't, none relies on one that does.
package uart

import "ringzero/bus"

// Registers by offset (DS, table II). DLL and DLM lie over the first two while
// LCR.DLAB is set.
const (
	regRBR = 0 // read; THR when written
	regIER = 1
	regIIR = 2 // read; FCR when written
	regLCR = 3
	regMCR = 4
	regLSR = 5
	regMSR = 6
	regSCR = 7
)

// Bits of the registers (DS, 8.1 to 8.9).
const (
	ierERBFI = 0x01
	ierETBEI = 0x02
	ierELSI  = 0x04
	ierEDSSI = 0x08

	iirNone    = 0x01
	iirMSR     = 0x00
	iirTHRE    = 0x02
	iirRDA     = 0x04
	iirLSR     = 0x06
	iirTimeout = 0x0c
	iirFIFOs   = 0xc0

	fcrEnable  = 0x01
	fcrClearRX = 0x02
	fcrDMA     = 0x08
	fcrTrigger = 0xc0

	lcrSTB   = 0x04
	lcrPEN   = 0x08
	lcrBreak = 0x40
	lcrDLAB  = 0x80

	mcrDTR  = 0x01
	mcrRTS  = 0x02
	mcrOUT1 = 0x04
	mcrOUT2 = 0x08
	mcrLoop = 0x10

	lsrDR     = 0x01
	lsrOE     = 0x02
	lsrBI     = 0x10
	lsrTHRE   = 0x20
	lsrTEMT   = 0x40
	lsrFIFOE  = 0x80
	lsrErrors = 0x1e // those that ask for a line status interrupt

	msrTERI = 0x04 // among the four delta bits
	msrCTS  = 0x10
	msrDSR  = 0x20
	msrRI   = 0x40
	msrDCD  = 0x80
)

const (
	fifoSize = 16
	// inputClock is the crystal of the PC's ports in Hz; a bit takes 16 times
	// the divisor of its cycles.
	inputClock = 1843200
	second     = 1_000_000_000 // in nanoseconds
	// connected is the modem lines as a terminal that is switched on sets them.
	connected = msrDCD | msrDSR | msrCTS
)

// triggerLevels are the bytes in the receiver FIFO that ask for service, by
// FCR bits 7 and 6.
var triggerLevels = [4]uint8{1, 4, 8, 14}

// UART is the chip.
type UART struct {
	state   State
	clock   *bus.Clock
	irq     bus.Line
	sink    bus.CharSink
	timeout *bus.Timer
	listen  *bus.Timer
	ready   func() // see OnReady
}

// New makes a port that drives irq (INTR) and sends to sink; without a sink
// what is sent is lost. The modem's lines stand at "connected" for ever.
func New(clock *bus.Clock, irq bus.Line, sink bus.CharSink) *UART {
	u := &UART{clock: clock, irq: irq, sink: sink}
	u.timeout = clock.NewTimer("uart timeout", u.charTimeout)
	u.listen = clock.NewTimer("uart listening", u.listened)
	u.state.power()
	return u
}

func (s *State) power() {
	*s = State{LSR: lsrTHRE | lsrTEMT, MSR: connected, Divisor: 12, TimeoutAt: bus.Never, ListenAt: bus.Never}
}

// Reset is the MR pin (DS, table I).
func (u *UART) Reset() {
	u.state.power()
	u.timeout.Stop()
	u.listen.Stop()
	u.irq.Set(false)
}

// Read is a read of one of the 8 registers.
func (u *UART) Read(offset uint64, _ int) uint64 {
	v := u.read(offset & 7)
	u.update()
	return uint64(v)
}

func (u *UART) read(reg uint64) uint8 {
	s := &u.state
	dlab := s.LCR&lcrDLAB != 0
	switch {
	case reg == regRBR && dlab:
		return uint8(s.Divisor)
	case reg == regIER && dlab:
		return uint8(s.Divisor >> 8)
	case reg == regRBR:
		return u.readRBR()
	case reg == regIER:
		return s.IER
	case reg == regIIR:
		return u.readIIR()
	case reg == regLCR:
		return s.LCR
	case reg == regMCR:
		return s.MCR
	case reg == regLSR:
		return u.readLSR()
	case reg == regMSR:
		return u.readMSR()
	}
	return s.SCR
}

// Write is a write of one of the 8 registers.
func (u *UART) Write(offset uint64, _ int, value uint64) {
	u.write(offset&7, uint8(value))
	u.update()
}

func (u *UART) write(reg uint64, v uint8) {
	s := &u.state
	dlab := s.LCR&lcrDLAB != 0
	switch {
	case reg == regRBR && dlab:
		s.Divisor = s.Divisor&0xff00 | uint16(v)
	case reg == regIER && dlab:
		s.Divisor = s.Divisor&0x00ff | uint16(v)<<8
	case reg == regRBR:
		u.transmit(v)
	case reg == regIER:
		u.writeIER(v & 0x0f)
	case reg == regIIR:
		u.writeFCR(v)
	case reg == regLCR:
		u.writeLCR(v)
	case reg == regMCR:
		u.writeMCR(v & 0x1f)
	case reg == regSCR:
		s.SCR = v
	}
	// LSR and MSR are read-only: the data sheet leaves writing them to the
	// factory's tests.
}

// transmit sends a byte. INTR falls with the write to THR and rises as soon as
// THR is empty again, which an edge-triggered interrupt controller must see.
func (u *UART) transmit(v uint8) {
	u.state.THREPending = false
	u.update()
	if u.state.MCR&mcrLoop != 0 {
		u.take(v, 0)
	} else if u.sink != nil {
		u.sink.Send(v)
	}
	u.state.Polls -= min(u.state.Polls, sendWeight)
	u.state.THREPending = true
}

// writeIER enables interrupts. Enabling THRE while THR is empty asks at once.
func (u *UART) writeIER(v uint8) {
	if v&^u.state.IER&ierETBEI != 0 {
		u.state.THREPending = true
	}
	rises := v&^u.state.IER&ierERBFI != 0
	u.state.IER = v
	if rises {
		u.enabled()
	}
}

// writeFCR controls the FIFOs. Switching them on or off empties them; while
// they are off no other bit is taken (DS, 8.4).
func (u *UART) writeFCR(v uint8) {
	s := &u.state
	toggled := (v^s.FCR)&fcrEnable != 0
	if toggled || v&fcrClearRX != 0 {
		u.clearReceiver()
	}
	s.FCR = 0
	if v&fcrEnable != 0 {
		s.FCR = v & (fcrEnable | fcrDMA | fcrTrigger)
	}
}

// writeLCR sets the line control. A break that starts in loopback comes back
// as a word of zeros.
func (u *UART) writeLCR(v uint8) {
	s := &u.state
	starts := v&^s.LCR&lcrBreak != 0
	s.LCR = v
	if starts && s.MCR&mcrLoop != 0 {
		u.take(0, lsrBI)
	}
}

// writeMCR sets the modem control, which in loopback drives the modem status.
func (u *UART) writeMCR(v uint8) {
	if u.state.MCR&^v&mcrDTR != 0 || v&mcrLoop != 0 {
		u.opened()
	}
	u.state.MCR = v
	u.setModem(u.modemInputs())
}

// modemInputs is the upper half of MSR: the lines, or in loopback the outputs
// (DS, 8.7).
func (u *UART) modemInputs() (in uint8) {
	mcr := u.state.MCR
	if mcr&mcrLoop == 0 {
		return connected
	}
	for _, pair := range [4][2]uint8{{mcrDTR, msrDSR}, {mcrRTS, msrCTS}, {mcrOUT1, msrRI}, {mcrOUT2, msrDCD}} {
		if mcr&pair[0] != 0 {
			in |= pair[1]
		}
	}
	return in
}

// setModem notes changes in the delta bits; of RI only the trailing edge.
func (u *UART) setModem(in uint8) {
	s := &u.state
	was := s.MSR & 0xf0
	delta := (was ^ in) >> 4
	if in&msrRI != 0 {
		delta &^= msrTERI
	}
	s.MSR = in | s.MSR&0x0f | delta
}

// readMSR clears the delta bits.
func (u *UART) readMSR() uint8 {
	v := u.state.MSR
	u.state.MSR &= 0xf0
	return v
}

// readLSR clears the error bits (DS, 8.6).
func (u *UART) readLSR() uint8 {
	s := &u.state
	v := s.LSR
	if s.fifos() && s.errorsBehind() {
		v |= lsrFIFOE
	}
	s.LSR &^= lsrErrors
	s.polled()
	return v
}

// readIIR answers with the cause of highest priority; THRE is answered for by
// the read itself (DS, table V).
func (u *UART) readIIR() uint8 {
	s := &u.state
	cause := s.cause()
	if cause == iirTHRE {
		s.THREPending = false
	}
	if s.fifos() {
		cause |= iirFIFOs
	}
	return cause
}

// cause is IIR without its FIFO bits.
func (s *State) cause() uint8 {
	switch {
	case s.IER&ierELSI != 0 && s.LSR&lsrErrors != 0:
		return iirLSR
	case s.IER&ierERBFI != 0 && s.dataReady():
		return iirRDA
	case s.IER&ierERBFI != 0 && s.Timeout:
		return iirTimeout
	case s.IER&ierETBEI != 0 && s.THREPending:
		return iirTHRE
	case s.IER&ierEDSSI != 0 && s.MSR&0x0f != 0:
		return iirMSR
	}
	return iirNone
}

// update drives INTR by the causes.
func (u *UART) update() {
	s := &u.state
	if asks := s.cause() != iirNone; asks != s.INTR {
		s.INTR = asks
		u.irq.Set(asks)
	}
	if u.ready != nil && u.Ready() {
		u.ready()
	}
}
