package ide

import (
	"encoding/binary"

	"ringzero/bus"
)

// Model is what IDENTIFY DEVICE calls every drive.
const Model = "RINGZERO HARDDISK"

const firmware = "1.0"

// identify fills the buffer with the 256 words of IDENTIFY DEVICE (ATA/ATAPI-6,
// section 8.15.8).
func (ch *channel) identify(d *drive) bool {
	s := d.s
	var w [256]uint16
	w[0] = 0x0040 // ATA, fixed
	w[1] = uint16(min(max(d.total/(defaultHeads*defaultSectors), 1), maxCylinders))
	w[3] = defaultHeads
	w[6] = defaultSectors
	text(w[10:20], d.serial)
	text(w[23:27], firmware)
	text(w[27:47], Model)
	w[47] = 0x8000 | maxMultiple
	w[48] = 1      // 32-bit access to the data port
	w[49] = 0x0f00 // IORDY and its disabling, LBA, DMA
	w[50] = 0x4000
	w[51], w[52] = 0x0200, 0x0200 // PIO and DMA cycle timing mode 2
	w[53] = 0x0007                // words 54-58, 64-70 and 88 hold
	cylinders := d.cylinders()
	capacity := cylinders * uint64(s.Heads) * uint64(s.Sectors)
	w[54], w[55], w[56] = uint16(cylinders), uint16(s.Heads), uint16(s.Sectors)
	w[57], w[58] = uint16(capacity), uint16(capacity>>16)
	if s.Multiple > 0 {
		w[59] = 0x0100 | uint16(s.Multiple)
	}
	lba28 := min(d.total, maxLBA28)
	w[60], w[61] = uint16(lba28), uint16(lba28>>16)
	w[63] = 0x0007 | uint16(s.MWDMA)<<8
	w[64] = 0x0003 // PIO modes 3 and 4
	w[65], w[66], w[67], w[68] = 120, 120, 120, 120
	w[80] = 0x0070 // ATA/ATAPI-4 to 6
	w[82] = 0x4068 // NOP, look-ahead, write cache, power management
	w[83] = 0x7400 // FLUSH CACHE, FLUSH CACHE EXT, 48-bit addresses
	w[84] = 0x4000
	w[85] = 0x4008
	if !s.NoWriteCache {
		w[85] |= 0x0020
	}
	if !s.NoLookAhead {
		w[85] |= 0x0040
	}
	w[86] = 0x3400
	w[87] = 0x4000
	w[88] = 0x0007 | uint16(s.UDMA)<<8 // UDMA/33 is the most that a 40-wire cable allows
	w[93] = 0x400b                     // device 0, numbered by jumper, passed
	if d.unit == 1 {
		w[93] = 0x4b00
	}
	for i := range 4 {
		w[100+i] = uint16(d.total >> (16 * i))
	}
	w[255] = 0x00a5
	for i, v := range w {
		binary.LittleEndian.PutUint16(ch.s.Buffer[2*i:], v)
	}
	var sum byte
	for _, b := range ch.s.Buffer[:bus.SectorSize] {
		sum += b
	}
	ch.s.Buffer[511] = -sum
	ch.s.Len, ch.s.Left = bus.SectorSize, 0
	return true
}

// text stores an ATA string: padded with blanks, first character in the upper
// byte of a word.
func text(w []uint16, s string) {
	at := func(i int) uint16 {
		if i < len(s) {
			return uint16(s[i])
		}
		return ' '
	}
	for i := range w {
		w[i] = at(2*i)<<8 | at(2*i+1)
	}
}
