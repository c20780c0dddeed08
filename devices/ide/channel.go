package ide

import "ringzero/bus"

// Offsets in the command block (ATA/ATAPI-6, section 7).
const (
	regData    = 0
	regError   = 1 // Features when written
	regCount   = 2
	regLBALow  = 3
	regLBAMid  = 4
	regLBAHigh = 5
	regDevice  = 6
	regStatus  = 7 // Command when written
)

// Status register.
const (
	stBSY  = 1 << 7
	stDRDY = 1 << 6
	stDF   = 1 << 5
	stDSC  = 1 << 4
	stDRQ  = 1 << 3
	stERR  = 1 << 0

	stReady = stDRDY | stDSC
)

// Error register.
const (
	erUNC  = 1 << 6
	erIDNF = 1 << 4
	erABRT = 1 << 2

	diagnosticPassed = 1
)

// Device control and Device registers.
const (
	ctlHOB  = 1 << 7
	ctlSRST = 1 << 2
	ctlNIEN = 1 << 1

	devLBA = 1 << 6
	devDEV = 1 << 4
)

// phase is what the drive that executes a command waits for.
type phase uint8

const (
	phaseIdle    phase = iota
	phaseBegin         // the timer: the command starts
	phaseBlock         // the timer: the next data block is read, or the full one written
	phaseDataIn        // the guest reads the data port
	phaseDataOut       // the guest writes the data port
	phaseDMAWait       // the bus master is to be started
	phaseDMARun        // the timer: the bus master moves the data
	phaseReset         // SRST to be released, then the timer
	phases
)

// maxMultiple is the largest data block in sectors.
const maxMultiple = 16

// ChannelState is what a channel, its drives and its bus master remember.
type ChannelState struct {
	Drives   [2]DriveState
	Device   uint8 // the Device register, which both drives hold
	Control  uint8
	Phase    phase
	Active   uint8 // the drive that executes Command
	Command  uint8
	LBA      uint64 // next sector of the transfer
	Left     uint32 // sectors to go
	Pos      uint32 // next byte in Buffer
	Len      uint32 // bytes of the block in Buffer
	Deadline uint64
	Buffer   [maxMultiple * bus.SectorSize]byte

	BMCommand uint8
	BMStatus  uint8
	BMTable   uint32
}

// channel is one cable: two drives that hear every register write.
type channel struct {
	ctl    *Controller
	clock  *bus.Clock
	timer  *bus.Timer
	irq    bus.Line
	line   bool
	drives [2]*drive
	s      ChannelState
}

func newChannel(ctl *Controller, clock *bus.Clock, irq bus.Line) *channel {
	ch := &channel{ctl: ctl, clock: clock, irq: irq}
	ch.timer = clock.NewTimer("ide", ch.fire)
	return ch
}

// reset is the hardware reset.
func (ch *channel) reset() {
	ch.timer.Stop()
	ch.s = ChannelState{}
	for _, d := range ch.drives {
		if d != nil {
			d.powerOn()
		}
	}
	ch.update()
}

// selected is the drive that the Device register names, nil if absent.
func (ch *channel) selected() *drive { return ch.drives[ch.s.Device>>4&1] }

// active is the drive that executes a command.
func (ch *channel) active() *drive { return ch.drives[ch.s.Active] }

func (ch *channel) empty() bool { return ch.drives[0] == nil && ch.drives[1] == nil }

// busy tells that a command can't be taken: one is executing, or a reset.
func (ch *channel) busy() bool {
	switch ch.s.Phase {
	case phaseBegin, phaseBlock, phaseDMARun, phaseReset:
		return true
	}
	return false
}

// later goes to phase p and lets the timer continue from there.
func (ch *channel) later(p phase, delay uint64) {
	ch.s.Phase = p
	ch.timer.Set(ch.clock.Now() + delay)
}

// level is the interrupt line: INTRQ of the selected drive unless masked.
func (ch *channel) level() bool {
	d := ch.selected()
	return d != nil && d.s.Intrq && ch.s.Control&ctlNIEN == 0
}

// update drives the interrupt line; its rising edge sets the bus master's
// interrupt bit.
func (ch *channel) update() {
	now := ch.level()
	if now == ch.line {
		return
	}
	if ch.line = now; now {
		ch.s.BMStatus |= bmInterrupt
	}
	ch.irq.Set(now)
}

// fire is the timer's.
func (ch *channel) fire() {
	switch ch.s.Phase {
	case phaseBegin:
		ch.begin()
	case phaseBlock:
		ch.nextBlock()
	case phaseDMARun:
		ch.runDMA()
	case phaseReset:
		ch.s.Phase = phaseIdle
		ch.signature()
	}
	ch.update()
}

// signature puts both drives into the state that follows a reset or diagnostic
// (section 9.12).
func (ch *channel) signature() {
	ch.s.Device = 0
	for _, d := range ch.drives {
		if d != nil {
			d.signature()
		}
	}
}

// commandBlock is the window at 1F0h or 170h.
type commandBlock channel

func (w *commandBlock) Read(offset uint64, size int) uint64 {
	ch := (*channel)(w)
	if offset == regData {
		return uint64(ch.readData(size))
	}
	var v uint64
	for i := range size {
		v |= uint64(ch.readRegister(offset+uint64(i))) << (8 * i)
	}
	return v
}

func (w *commandBlock) Write(offset uint64, size int, value uint64) {
	ch := (*channel)(w)
	if offset == regData {
		ch.writeData(size, uint32(value))
		return
	}
	for i := range size {
		ch.writeRegister(offset+uint64(i), uint8(value>>(8*i)))
	}
}

// emptyCable is what an access finds where no drive is: a host pulls DD7 down, so
// that nothing reads as busy (ATA-6 table 4, DD7 pull-down of 10 kOhm).
const emptyCable = 0xff7f

// readRegister answers for the selected drive; a master answers for its absent
// slave, with a Status of zero (section 9.16.1).
func (ch *channel) readRegister(offset uint64) uint8 {
	if ch.empty() {
		return emptyCable & 0xff
	}
	d := ch.selected()
	if offset == regStatus {
		if d == nil {
			return 0
		}
		d.s.Intrq = false
		ch.update()
		return d.s.Status
	}
	if offset == regDevice {
		return ch.s.Device | 0xa0
	}
	if d == nil {
		if d = ch.drives[0]; d == nil {
			return 0
		}
	}
	hob := ch.s.Control >> 7
	switch offset {
	case regError:
		return d.s.Error
	case regCount:
		return d.s.Count[hob]
	case regLBALow:
		return d.s.LBALow[hob]
	case regLBAMid:
		return d.s.LBAMid[hob]
	case regLBAHigh:
		return d.s.LBAHigh[hob]
	}
	return 0xff
}

// writeRegister is heard by both drives. Registers may be written while a drive
// is busy, as hosts probe one that hangs; a command then is lost.
func (ch *channel) writeRegister(offset uint64, v uint8) {
	if ch.empty() {
		return
	}
	ch.s.Control &^= ctlHOB
	if offset == regStatus {
		ch.accept(v)
		return
	}
	if offset == regDevice {
		ch.s.Device = v
		ch.update()
		return
	}
	for _, d := range ch.drives {
		if d != nil {
			d.writeRegister(offset, v)
		}
	}
}

// readData moves 1 (the low half of a word), 2 or 4 bytes.
func (ch *channel) readData(size int) uint32 {
	v := uint32(ch.readWord())
	if size == 4 {
		v |= uint32(ch.readWord()) << 16
	}
	return v
}

func (ch *channel) readWord() uint16 {
	s := &ch.s
	if ch.empty() {
		return emptyCable
	}
	if ch.s.Phase != phaseDataIn || s.Device>>4&1 != s.Active {
		return 0xffff
	}
	v := uint16(s.Buffer[s.Pos]) | uint16(s.Buffer[s.Pos+1])<<8
	if s.Pos += 2; s.Pos >= s.Len {
		ch.drained()
	}
	return v
}

func (ch *channel) writeData(size int, v uint32) {
	ch.writeWord(uint16(v))
	if size == 4 {
		ch.writeWord(uint16(v >> 16))
	}
}

func (ch *channel) writeWord(v uint16) {
	s := &ch.s
	if ch.s.Phase != phaseDataOut || s.Device>>4&1 != s.Active {
		return
	}
	s.Buffer[s.Pos], s.Buffer[s.Pos+1] = byte(v), byte(v>>8)
	if s.Pos += 2; s.Pos >= s.Len {
		ch.active().s.Status = stBSY
		ch.later(phaseBlock, commandDelay)
	}
}

// controlBlock is the window at 3F6h or 376h.
type controlBlock channel

// Read is the alternate status: it leaves INTRQ alone.
func (w *controlBlock) Read(uint64, int) uint64 {
	ch := (*channel)(w)
	if ch.empty() {
		return emptyCable & 0xff
	}
	if d := ch.selected(); d != nil {
		return uint64(d.s.Status)
	}
	return 0
}

func (w *controlBlock) Write(_ uint64, _ int, value uint64) {
	ch := (*channel)(w)
	if ch.empty() {
		return
	}
	before := ch.s.Control
	ch.s.Control = uint8(value) & (ctlHOB | ctlSRST | ctlNIEN)
	switch held := ch.s.Control&ctlSRST != 0; {
	case held && before&ctlSRST == 0:
		ch.softReset()
	case !held && before&ctlSRST != 0:
		ch.later(phaseReset, resetDelay)
	}
	ch.update()
}

// softReset is SRST going high: commands end, drives are busy until it has gone
// low and they have tested themselves. Settings made by SET FEATURES, SET
// MULTIPLE and INITIALIZE DEVICE PARAMETERS survive it.
func (ch *channel) softReset() {
	ch.timer.Stop()
	ch.s.Phase = phaseReset
	for _, d := range ch.drives {
		if d != nil {
			d.s.Intrq, d.s.Sleep, d.s.Standby = false, false, false
			d.s.Status = stBSY
		}
	}
}
