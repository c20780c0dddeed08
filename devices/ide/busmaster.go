package ide

import (
	"encoding/binary"

	"ringzero/bus"
)

// Registers of the bus master, eight ports a channel ("Programming Interface
// for Bus Master IDE Controller", revision 1.0; 290550, section 4.3.3).
const (
	bmicx  = 0
	bmisx  = 2
	bmidtp = 4 // to 7

	bmStart    = 1 << 0 // BMICX
	bmRead     = 1 << 3 // the direction; here the drive's command decides
	bmCapable0 = 1 << 5 // BMISX: drive 0 or 1 can do DMA, kept for the guest
	bmCapable1 = 1 << 6

	bmActive    = 1 << 0
	bmError     = 1 << 1
	bmInterrupt = 1 << 2
)

// maxDescriptors is how many a table can hold that does not cross a 64 KiB
// boundary; a longer chain is a guest's error.
const maxDescriptors = 0x10000 / 8

// busMaster is the window of BAR4.
type busMaster Controller

func (w *busMaster) Read(offset uint64, size int) uint64 {
	var v uint64
	for i := range size {
		v |= uint64(w.readByte(offset+uint64(i))) << (8 * i)
	}
	return v
}

func (w *busMaster) readByte(offset uint64) uint8 {
	ch := w.channels[offset>>3&1]
	switch at := offset & 7; at {
	case bmicx:
		return ch.s.BMCommand
	case bmisx:
		return ch.s.BMStatus
	case bmidtp, bmidtp + 1, bmidtp + 2, bmidtp + 3:
		return uint8(ch.s.BMTable >> (8 * (at - bmidtp)))
	}
	return 0
}

func (w *busMaster) Write(offset uint64, size int, value uint64) {
	for i := range size {
		w.writeByte(offset+uint64(i), uint8(value>>(8*i)))
	}
}

func (w *busMaster) writeByte(offset uint64, b uint8) {
	ch := w.channels[offset>>3&1]
	s := &ch.s
	switch at := offset & 7; at {
	case bmicx:
		ch.engineCommand(b & (bmStart | bmRead))
	case bmisx:
		const keep = bmCapable0 | bmCapable1
		s.BMStatus = s.BMStatus&^keep&^(b&(bmError|bmInterrupt)) | b&keep
	case bmidtp, bmidtp + 1, bmidtp + 2, bmidtp + 3:
		shift := 8 * (at - bmidtp)
		s.BMTable = (s.BMTable&^(0xff<<shift) | uint32(b)<<shift) &^ 3
	}
}

// engineCommand starts or stops the engine.
func (ch *channel) engineCommand(b uint8) {
	s := &ch.s
	started := b&^s.BMCommand&bmStart != 0
	s.BMCommand = b
	if b&bmStart == 0 {
		s.BMStatus &^= bmActive
		ch.halt()
		return
	}
	if started {
		s.BMStatus |= bmActive
		ch.kick()
	}
}

func (ch *channel) engineReady() bool {
	return ch.s.BMStatus&bmActive != 0 && ch.ctl.mayMaster()
}

// kick lets a waiting drive and a running engine find each other.
func (ch *channel) kick() {
	if ch.phase() == phaseDMAWait && ch.engineReady() {
		ch.active().s.Status = stBSY
		ch.later(phaseDMARun, commandDelay)
	}
}

// halt takes the engine away from a drive that has not begun to move data; the
// drive waits until it is started again or reset.
func (ch *channel) halt() {
	if ch.phase() != phaseDMARun {
		return
	}
	ch.timer.Stop()
	ch.setPhase(phaseDMAWait)
	ch.active().s.Status = stReady | stDRQ
}

// engine walks a table of physical region descriptors.
type engine struct {
	dma     bus.DMA
	table   uint32
	fetched int
	addr    uint32
	left    uint32 // bytes of the present region
	last    bool   // the present region is the table's last
	overrun bool   // the table has more descriptors than fit
}

// region makes sure that the present region has bytes left; false at the end of
// the table.
func (e *engine) region() bool {
	if e.left > 0 {
		return true
	}
	if e.last || e.overrun {
		return false
	}
	if e.fetched == maxDescriptors {
		e.overrun = true
		return false
	}
	var prd [8]byte
	e.dma.Read(uint64(e.table), prd[:])
	e.table += 8
	e.fetched++
	e.addr = binary.LittleEndian.Uint32(prd[0:]) &^ 1
	e.left = uint32(binary.LittleEndian.Uint16(prd[4:])) &^ 1
	if e.left == 0 {
		e.left = 0x10000
	}
	e.last = prd[7]&0x80 != 0
	return true
}

// move hands p piece by piece to access, at the addresses of the table, and
// returns how many bytes the table had room for.
func (e *engine) move(p []byte, access func(phys uint64, p []byte)) (n int) {
	for n < len(p) && e.region() {
		k := min(len(p)-n, int(e.left))
		access(uint64(e.addr), p[n:n+k])
		e.addr += uint32(k)
		e.left -= uint32(k)
		n += k
	}
	return n
}

// runDMA moves all sectors of the command at once. The time that takes is
// bounded by the command's count and by maxDescriptors.
func (ch *channel) runDMA() {
	d := ch.active()
	s := &ch.s
	e := engine{dma: ch.ctl.dma, table: s.BMTable}
	step := ch.dmaRead
	if ch.row().protocol == dmaOut {
		step = ch.dmaWrite
	}
	for s.Left > 0 {
		p := ch.ctl.scratch[:min(s.Left, scratchSectors)*bus.SectorSize]
		if !step(d, &e, p) {
			return
		}
	}
	if e.last && e.left == 0 { // table and transfer end together
		s.BMStatus &^= bmActive
	}
	if ch.row().protocol == dmaOut {
		ch.wrote(d)
		return
	}
	s.Device = d.report(s.Device, ch.row().ext, s.LBA-1, 0)
	ch.done()
}

// dmaRead moves p's length from the disk to memory; false if the command or the
// table ended.
func (ch *channel) dmaRead(d *drive, e *engine, p []byte) bool {
	good, err := d.read(p, ch.s.LBA)
	n := e.move(p[:good*bus.SectorSize], ch.ctl.dma.Write)
	if n < int(good)*bus.SectorSize {
		ch.short(e, n)
		return false
	}
	if err != nil {
		ch.mediaError(d, good, erUNC, 0)
		return false
	}
	ch.s.LBA, ch.s.Left = ch.s.LBA+uint64(good), ch.s.Left-good
	return true
}

// dmaWrite is the other direction. Of a sector that the table holds only a part
// of nothing is written.
func (ch *channel) dmaWrite(d *drive, e *engine, p []byte) bool {
	n := e.move(p, ch.ctl.dma.Read)
	whole := n / bus.SectorSize * bus.SectorSize
	if whole > 0 {
		if good, err := d.write(p[:whole], ch.s.LBA); err != nil {
			ch.mediaError(d, good, erABRT, stDF)
			return false
		}
	}
	if n < len(p) {
		ch.short(e, n)
		return false
	}
	ch.s.LBA, ch.s.Left = ch.s.LBA+uint64(whole/bus.SectorSize), ch.s.Left-uint32(whole/bus.SectorSize)
	return true
}

// short is a table that ends before the drive's transfer, after n bytes of the
// present piece: the engine stops without an interrupt, and the drive keeps
// requesting data until it is restarted, reset or given another command.
func (ch *channel) short(e *engine, n int) {
	s := &ch.s
	done := uint32(n / bus.SectorSize)
	s.LBA, s.Left = s.LBA+uint64(done), s.Left-done
	s.BMStatus &^= bmActive
	if e.overrun {
		s.BMStatus |= bmError
	}
	ch.setPhase(phaseDMAWait)
	ch.active().s.Status = stReady | stDRQ
}
