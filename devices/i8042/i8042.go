// Package i8042 is the keyboard controller of a PC with its PS/2 keyboard and
// mouse.
//
// Sources: IBM Personal System/2 Hardware Interface Technical Reference (1988),
// "Keyboard and Auxiliary Device Controller", called TR below, for controller,
// keyboard and mouse; Microsoft's IntelliMouse notes for the wheel.
//
// A device sends a byte when the output buffer is free and its port enabled,
// byteTime after it could. The controller's own answers come at once.
package i8042

import "ringzero/bus"

// byteTime is the pause before each byte from a device, in nanoseconds. A real
// line takes 0.7 to 1.1 ms; a processor that waits for it would only spin.
const byteTime = 100_000

// Bits of the status register (TR, "Status register").
const (
	statusOBF  = 0x01
	statusSYS  = 0x04
	statusA2   = 0x08 // the last write was a command
	statusKeys = 0x10 // the lock is open
	statusAUX  = 0x20 // the output buffer holds the mouse's byte
)

// Bits of the command byte, RAM byte 0 (TR, "Command byte").
const (
	ctrKeyboardInt     = 0x01
	ctrMouseInt        = 0x02
	ctrSYS             = 0x04
	ctrKeyboardDisable = 0x10
	ctrMouseDisable    = 0x20
	ctrTranslate       = 0x40

	// ctrPower is as a BIOS leaves it before it starts a system: keyboard on,
	// translated, with interrupts; no mouse.
	ctrPower = ctrTranslate | ctrMouseDisable | ctrKeyboardInt
)

// Commands to port 64h (TR, "Controller commands").
const (
	cmdReadRAM         = 0x20 // to 3Fh
	cmdWriteRAM        = 0x60 // to 7Fh
	cmdTestPassword    = 0xa4
	cmdDisableMouse    = 0xa7
	cmdEnableMouse     = 0xa8
	cmdTestMouse       = 0xa9
	cmdSelfTest        = 0xaa
	cmdTestKeyboard    = 0xab
	cmdDisableKeyboard = 0xad
	cmdEnableKeyboard  = 0xae
	cmdReadInput       = 0xc0
	cmdReadOutput      = 0xd0
	cmdWriteOutput     = 0xd1
	cmdWriteKeyboardOB = 0xd2
	cmdWriteMouseOB    = 0xd3
	cmdWriteMouse      = 0xd4
	cmdA20Off          = 0xdd
	cmdA20On           = 0xdf
	cmdReadTest        = 0xe0
	cmdPulse           = 0xf0 // to FFh
)

// Answers of the controller.
const (
	noPassword  = 0xf1
	selfTestOK  = 0x55
	testOK      = 0x00
	inputPort   = 0xa0 // lock open, no manufacturing jumper
	testInputs  = 0x03 // both clocks high
	outputFixed = 0xcd // output port: lines high but A20 and the two interrupts
)

// Bits of the output port.
const (
	outputReset = 0x01 // low resets the processor
	outputA20   = 0x02
	outputIRQ1  = 0x10
	outputIRQ12 = 0x20
)

// Controller is the chip with its two devices.
type Controller struct {
	state              State
	clock              *bus.Clock
	irq1, irq12, reset bus.Line
	a20                *bus.Gate
	deliverTimer       *bus.Timer
	repeatTimer        *bus.Timer
	sampleTimer        *bus.Timer
	ready              func() // see OnReady
}

// New makes a controller that drives irq1 for the keyboard, irq12 for the
// mouse, a20 (high lets address bit 20 through; port 92h drives it, too) and
// reset, which is pulsed high and resets the processor. No line is driven before Reset, a key or a write.
func New(clock *bus.Clock, irq1, irq12 bus.Line, a20 *bus.Gate, reset bus.Line) *Controller {
	c := &Controller{clock: clock, irq1: irq1, irq12: irq12, a20: a20, reset: reset}
	c.deliverTimer = clock.NewTimer("i8042 byte", c.deliver)
	c.repeatTimer = clock.NewTimer("keyboard repeat", c.repeat)
	c.sampleTimer = clock.NewTimer("mouse sample", c.sample)
	c.power()
	return c
}

func (c *Controller) power() {
	c.state = State{CommandLast: true, DeliverAt: bus.Never}
	c.state.RAM[0] = ctrPower
	c.state.Keyboard.power()
	c.state.Mouse.power()
	c.armTimers()
}

// Reset puts controller and devices into the state after power-on, drives both
// interrupts low and A20 high.
func (c *Controller) Reset() {
	c.power()
	c.irq1.Set(false)
	c.irq12.Set(false)
	c.a20.Set(true)
}

// Data is the window of the data port: 1 port, 60h in a PC.
func (c *Controller) Data() bus.Device { return (*dataPort)(c) }

// Command is the window of the command and status port: 1 port, 64h in a PC.
func (c *Controller) Command() bus.Device { return (*commandPort)(c) }

type (
	dataPort    Controller
	commandPort Controller
)

// Read takes the byte in the output buffer; an empty one gives its last byte.
func (p *dataPort) Read(uint64, int) uint64 {
	c := (*Controller)(p)
	v := c.state.Output
	if c.state.OBF {
		c.state.OBF = false
		c.driveIRQs()
		c.settle()
	}
	return uint64(v)
}

// Write is the second byte of a command or a byte for the keyboard.
func (p *dataPort) Write(_ uint64, _ int, value uint64) {
	c := (*Controller)(p)
	s := &c.state
	command := s.Expect
	s.Expect, s.CommandLast = 0, false
	c.data(command, uint8(value))
}

// Read is the status register.
func (p *commandPort) Read(uint64, int) uint64 {
	s := &p.state
	v := uint64(statusKeys)
	if s.OBF {
		v |= statusOBF
	}
	if s.OBF && s.FromMouse {
		v |= statusAUX
	}
	if s.RAM[0]&ctrSYS != 0 {
		v |= statusSYS
	}
	if s.CommandLast {
		v |= statusA2
	}
	return v
}

// Write is a command.
func (p *commandPort) Write(_ uint64, _ int, value uint64) {
	c := (*Controller)(p)
	c.state.Expect, c.state.CommandLast = 0, true
	c.command(uint8(value))
}

// command carries out a command. Unknown ones are ignored.
func (c *Controller) command(v uint8) {
	s := &c.state
	switch {
	case v&0xe0 == cmdReadRAM:
		c.answer(s.RAM[v&0x1f], false)
	case v&0xe0 == cmdWriteRAM, v >= cmdWriteOutput && v <= cmdWriteMouse:
		s.Expect = v
	case v >= cmdPulse:
		if v&outputReset == 0 {
			c.pulseReset()
		}
	case v == cmdA20Off || v == cmdA20On:
		c.a20.Set(v == cmdA20On)
	default:
		c.portCommand(v)
	}
}

// portCommand is a command that tests, opens, closes or reads a port.
func (c *Controller) portCommand(v uint8) {
	ctr := c.state.RAM[0]
	switch v {
	case cmdDisableMouse:
		c.setCTR(ctr | ctrMouseDisable)
	case cmdEnableMouse:
		c.setCTR(ctr &^ ctrMouseDisable)
	case cmdDisableKeyboard:
		c.setCTR(ctr | ctrKeyboardDisable)
	case cmdEnableKeyboard:
		c.setCTR(ctr &^ ctrKeyboardDisable)
	case cmdSelfTest:
		c.setCTR(ctr | ctrSYS)
		c.answer(selfTestOK, false)
	case cmdTestKeyboard, cmdTestMouse:
		c.answer(testOK, false)
	case cmdTestPassword:
		c.answer(noPassword, false)
	case cmdReadInput:
		c.answer(inputPort, false)
	case cmdReadOutput:
		c.answer(c.outputPort(), false)
	case cmdReadTest:
		c.answer(testInputs, false)
	}
}

// data takes the byte after a command; after none it is the keyboard's.
func (c *Controller) data(command, v uint8) {
	s := &c.state
	switch {
	case command&0xe0 == cmdWriteRAM:
		if i := command & 0x1f; i != 0 {
			s.RAM[i] = v
			return
		}
		c.setCTR(v)
	case command == cmdWriteOutput:
		c.a20.Set(v&outputA20 != 0)
		if v&outputReset == 0 {
			c.pulseReset()
		}
	case command == cmdWriteKeyboardOB:
		c.answer(v, false)
	case command == cmdWriteMouseOB:
		c.answer(v, true)
	case command == cmdWriteMouse: // sending opens the port
		s.RAM[0] &^= ctrMouseDisable
		c.mouseByte(v)
		c.settle()
	default:
		s.RAM[0] &^= ctrKeyboardDisable
		c.keyboardByte(v)
		c.settle()
		if c.ready != nil {
			c.ready()
		}
	}
}

func (c *Controller) setCTR(v uint8) {
	c.state.RAM[0] = v
	if v&ctrTranslate == 0 {
		c.state.BreakPrefix = false
	}
	c.settle()
}

func (c *Controller) outputPort() uint8 {
	s := &c.state
	v := uint8(outputFixed)
	if c.a20.Level() {
		v |= outputA20
	}
	if s.IRQ1 {
		v |= outputIRQ1
	}
	if s.IRQ12 {
		v |= outputIRQ12
	}
	return v
}

// pulseReset must come last in a write: a reset of the whole machine, this chip
// included, may come of it.
func (c *Controller) pulseReset() {
	c.reset.Set(true)
	c.reset.Set(false)
}

// answer puts a byte of the controller's own into the output buffer, as the
// keyboard's or the mouse's. It waits while a device's byte is there; more than
// the queue holds are lost.
func (c *Controller) answer(v uint8, mouse bool) {
	q := &c.state.Answers
	if q.Length < uint8(len(q.Bytes)) {
		q.Bytes[q.Length], q.FromMouse[q.Length] = v, mouse
		q.Length++
	}
	c.settle()
}

// settle fills the output buffer if it can, and drives the interrupts.
func (c *Controller) settle() {
	s := &c.state
	if !s.OBF && s.Answers.Length > 0 {
		v, mouse := s.Answers.take()
		c.fill(v, mouse)
	}
	if !s.OBF && s.DeliverAt == bus.Never && (c.keyboardWaits() || c.mouseWaits()) {
		s.DeliverAt = c.clock.Now() + byteTime
		c.deliverTimer.Set(s.DeliverAt)
	}
	c.driveIRQs()
}

func (c *Controller) fill(v uint8, mouse bool) {
	s := &c.state
	s.Output, s.FromMouse, s.OBF = v, mouse, true
}

func (c *Controller) keyboardWaits() bool {
	return c.state.RAM[0]&ctrKeyboardDisable == 0 && c.state.Keyboard.Out.waits()
}

func (c *Controller) mouseWaits() bool {
	return c.state.RAM[0]&ctrMouseDisable == 0 && c.state.Mouse.Out.waits()
}

// deliver moves a device's byte into the output buffer.
func (c *Controller) deliver() {
	s := &c.state
	s.DeliverAt = bus.Never
	for !s.OBF && c.keyboardWaits() {
		v, reply := s.Keyboard.Out.take()
		if v, ok := s.translate(v, reply); ok {
			c.fill(v, false)
		}
	}
	if !s.OBF && c.mouseWaits() {
		v, _ := s.Mouse.Out.take()
		c.fill(v, true)
	}
	c.settle()
}

// translate turns a byte of scan set 2 into set 1 where the command byte asks
// for it. The break prefix is swallowed and marks the next code.
func (s *State) translate(v uint8, reply bool) (uint8, bool) {
	if s.RAM[0]&ctrTranslate == 0 {
		return v, true
	}
	if reply {
		return translation(v), true
	}
	if v == breakPrefix {
		s.BreakPrefix = true
		return 0, false
	}
	v = translation(v)
	if s.BreakPrefix {
		s.BreakPrefix = false
		v |= breakBit
	}
	return v, true
}

// driveIRQs sets both interrupts by the output buffer.
func (c *Controller) driveIRQs() {
	s := &c.state
	ctr := s.RAM[0]
	irq1 := s.OBF && !s.FromMouse && ctr&ctrKeyboardInt != 0 && ctr&ctrKeyboardDisable == 0
	irq12 := s.OBF && s.FromMouse && ctr&ctrMouseInt != 0
	if irq1 != s.IRQ1 {
		s.IRQ1 = irq1
		c.irq1.Set(irq1)
	}
	if irq12 != s.IRQ12 {
		s.IRQ12 = irq12
		c.irq12.Set(irq12)
	}
}
