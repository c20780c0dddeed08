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
		ch.writeBMICX(b & (bmStart | bmRead))
	case bmisx:
		const keep = bmCapable0 | bmCapable1
		s.BMStatus = s.BMStatus&^keep&^(b&(bmError|bmInterrupt)) | b&keep
	case bmidtp, bmidtp + 1, bmidtp + 2, bmidtp + 3:
		shift := 8 * (at - bmidtp)
		s.BMTable = (s.BMTable&^(0xff<<shift) | uint32(b)<<shift) &^ 3
	}
}

// writeBMICX starts or stops the engine.
func (ch *channel) writeBMICX(b uint8) {
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
	if ch.s.Phase == phaseDMAWait && ch.engineReady() {
		ch.active().s.Status = stBSY
		ch.later(phaseDMARun, commandDelay)
	}
}

// halt takes the engine away from a drive that has not begun to move data; the
// drive waits until it is started again or reset.
func (ch *channel) halt() {
	if ch.s.Phase != phaseDMARun {
		return
	}
	ch.timer.Stop()
	ch.s.Phase = phaseDMAWait
	ch.active().s.Status = stReady | stDRQ
}

// prdTable is a walk through a table of physical region descriptors.
type prdTable struct {
	dma     bus.DMA
	next    uint32 // address of the next descriptor
	fetched int
	addr    uint32
	left    uint32 // bytes of the present region
	last    bool   // the present region is the table's last
	overrun bool   // the table has more descriptors than fit
}

// region makes sure that the present region has bytes left; false at the end of
// the table.
func (t *prdTable) region() bool {
	if t.left > 0 {
		return true
	}
	if t.last || t.overrun {
		return false
	}
	if t.fetched == maxDescriptors {
		t.overrun = true
		return false
	}
	var prd [8]byte
	t.dma.Read(uint64(t.next), prd[:])
	t.next += 8
	t.fetched++
	t.addr = binary.LittleEndian.Uint32(prd[0:]) &^ 1
	t.left = uint32(binary.LittleEndian.Uint16(prd[4:])) &^ 1
	if t.left == 0 {
		t.left = 0x10000
	}
	t.last = prd[7]&0x80 != 0
	return true
}

// move hands p piece by piece to access, at the addresses of the table, and
// returns how many bytes the table had room for.
func (t *prdTable) move(p []byte, access func(phys uint64, p []byte)) (n int) {
	for n < len(p) && t.region() {
		k := min(len(p)-n, int(t.left))
		access(uint64(t.addr), p[n:n+k])
		t.addr += uint32(k)
		t.left -= uint32(k)
		n += k
	}
	return n
}

// runDMA moves all sectors of the command at once. The time that takes is
// bounded by the command's count and by maxDescriptors.
func (ch *channel) runDMA() {
	d := ch.active()
	s := &ch.s
	t := prdTable{dma: ch.ctl.dma, next: s.BMTable}
	step := ch.dmaRead
	if ch.row().protocol == dmaOut {
		step = ch.dmaWrite
	}
	for s.Left > 0 {
		p := ch.ctl.scratch[:min(s.Left, scratchSectors)*bus.SectorSize]
		if !step(d, &t, p) {
			return
		}
	}
	if t.last && t.left == 0 { // table and transfer end together
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
func (ch *channel) dmaRead(d *drive, t *prdTable, p []byte) bool {
	good, err := d.read(p, ch.s.LBA)
	n := t.move(p[:good*bus.SectorSize], ch.ctl.dma.Write)
	if n < int(good)*bus.SectorSize {
		ch.short(t, n)
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
func (ch *channel) dmaWrite(d *drive, t *prdTable, p []byte) bool {
	n := t.move(p, ch.ctl.dma.Read)
	whole := n / bus.SectorSize * bus.SectorSize
	if whole > 0 {
		if good, err := d.write(p[:whole], ch.s.LBA); err != nil {
			ch.mediaError(d, good, erABRT, stDF)
			return false
		}
	}
	if n < len(p) {
		ch.short(t, n)
		return false
	}
	ch.s.LBA, ch.s.Left = ch.s.LBA+uint64(whole/bus.SectorSize), ch.s.Left-uint32(whole/bus.SectorSize)
	return true
}

// short is a table that ends before the drive's transfer, after n bytes of the
// present piece: the engine stops without an interrupt, and the drive keeps
// requesting data until it is restarted, reset or given another command.
func (ch *channel) short(t *prdTable, n int) {
	s := &ch.s
	done := uint32(n / bus.SectorSize)
	s.LBA, s.Left = s.LBA+uint64(done), s.Left-done
	s.BMStatus &^= bmActive
	if t.overrun {
		s.BMStatus |= bmError
	}
	ch.s.Phase = phaseDMAWait
	ch.active().s.Status = stReady | stDRQ
}
