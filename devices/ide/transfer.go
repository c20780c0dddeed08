package ide

import "ringzero/bus"

// blockLen is the length in bytes of the next data block.
func (ch *channel) blockLen(d *drive) uint32 {
	n := uint32(1)
	if ch.row().multiple {
		n = uint32(d.s.Multiple)
	}
	return min(n, ch.s.Left) * bus.SectorSize
}

// offerQuietly opens the data port for the block in the buffer.
func (ch *channel) offerQuietly(p phase) {
	ch.s.Phase = p
	ch.s.Pos = 0
	ch.active().s.Status = stReady | stDRQ
}

// offer does the same with an interrupt.
func (ch *channel) offer(p phase) {
	ch.offerQuietly(p)
	ch.active().s.Intrq = true
}

// nextBlock continues a PIO command after the delay between two blocks.
func (ch *channel) nextBlock() {
	d := ch.active()
	if ch.row().protocol == pioOut {
		ch.writeBlock(d)
		return
	}
	ch.readBlock(d)
}

// readBlock fetches the next block for the guest to read.
func (ch *channel) readBlock(d *drive) {
	s := &ch.s
	s.Len = ch.blockLen(d)
	good, err := d.read(s.Buffer[:s.Len], s.LBA)
	if err != nil {
		ch.mediaError(d, good, erUNC, 0)
		return
	}
	s.LBA, s.Left = s.LBA+uint64(good), s.Left-good
	if s.Left == 0 {
		s.Device = d.report(s.Device, ch.row().ext, s.LBA-1, 0)
	}
	ch.offer(phaseDataIn)
}

// drained is the guest's reading of a block's last word. The last block ends
// the command without an interrupt.
func (ch *channel) drained() {
	d := ch.active()
	if ch.s.Left > 0 {
		d.s.Status = stBSY
		ch.later(phaseBlock, commandDelay)
		return
	}
	ch.s.Phase = phaseIdle
	d.s.Status = stReady
}

// writeBlock stores the block that the guest has filled, and asks for the next.
func (ch *channel) writeBlock(d *drive) {
	s := &ch.s
	good, err := d.write(s.Buffer[:s.Len], s.LBA)
	if err != nil {
		ch.mediaError(d, good, erABRT, stDF)
		return
	}
	s.LBA, s.Left = s.LBA+uint64(good), s.Left-min(good, s.Left)
	if s.Left == 0 {
		ch.wrote(d)
		return
	}
	s.Len = ch.blockLen(d)
	ch.offer(phaseDataOut)
}

// wrote ends a write command; with the write cache off the data must be on the
// medium by then.
func (ch *channel) wrote(d *drive) {
	ch.s.Device = d.report(ch.s.Device, ch.row().ext, ch.s.LBA-1, 0)
	if d.s.NoWriteCache && !ch.flush(d) {
		return
	}
	ch.done()
}

// mediaError ends a transfer that the host could not carry out: the registers
// name the first bad sector.
func (ch *channel) mediaError(d *drive, good uint32, errorBits, statusBits uint8) {
	ch.s.LBA, ch.s.Left = ch.s.LBA+uint64(good), ch.s.Left-min(good, ch.s.Left)
	ch.s.Device = d.report(ch.s.Device, ch.row().ext, ch.s.LBA, ch.s.Left)
	ch.fail(errorBits, statusBits)
}
