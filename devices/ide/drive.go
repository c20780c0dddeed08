package ide

import "ringzero/bus"

// DriveState is what one drive remembers. The registers are two deep for
// 48-bit commands: [0] is what was written last, [1] what was before.
type DriveState struct {
	Feature      [2]uint8
	Count        [2]uint8
	LBALow       [2]uint8
	LBAMid       [2]uint8
	LBAHigh      [2]uint8
	Error        uint8
	Status       uint8
	Intrq        bool
	Multiple     uint8 // sectors a block of READ/WRITE MULTIPLE, 0 for disabled
	MWDMA        uint8 // bit n: multiword DMA mode n is selected
	UDMA         uint8 // bit n: Ultra DMA mode n is selected
	NoWriteCache bool
	NoLookAhead  bool
	Heads        uint8 // the CHS translation in force
	Sectors      uint8
	Standby      bool
	Sleep        bool
}

// The default CHS translation.
const (
	defaultHeads   = 16
	defaultSectors = 63
	maxCylinders   = 16383
)

// maxLBA28 is the number of sectors that a 28-bit command can reach.
const maxLBA28 = 1<<28 - 1

// drive is an ATA hard disk.
type drive struct {
	disk   bus.Disk
	total  uint64 // sectors
	serial string
	unit   int
	s      *DriveState
}

// powerOn gives every setting its default.
func (d *drive) powerOn() {
	*d.s = DriveState{Heads: defaultHeads, Sectors: defaultSectors, UDMA: 1 << 2}
	d.signature()
}

// signature is the register content of an ATA device after reset.
func (d *drive) signature() {
	s := d.s
	s.Count, s.LBALow = [2]uint8{1}, [2]uint8{1}
	s.LBAMid, s.LBAHigh = [2]uint8{}, [2]uint8{}
	s.Error, s.Status, s.Intrq = diagnosticPassed, stReady, false
}

func (d *drive) writeRegister(offset uint64, v uint8) {
	push := func(r *[2]uint8) { r[0], r[1] = v, r[0] }
	switch offset {
	case regError:
		push(&d.s.Feature)
	case regCount:
		push(&d.s.Count)
	case regLBALow:
		push(&d.s.LBALow)
	case regLBAMid:
		push(&d.s.LBAMid)
	case regLBAHigh:
		push(&d.s.LBAHigh)
	}
}

// cylinders is the capacity in cylinders of the CHS translation in force.
func (d *drive) cylinders() uint64 {
	per := uint64(d.s.Heads) * uint64(d.s.Sectors)
	most := uint64(maxCylinders)
	if d.s.Heads != defaultHeads || d.s.Sectors != defaultSectors {
		most = 65535
	}
	return min(max(d.total/per, 1), most)
}

// address decodes first sector and number of sectors of a command; ok is false
// where some of it isn't on the drive.
func (d *drive) address(device uint8, ext bool) (lba uint64, count uint32, ok bool) {
	s := d.s
	if ext {
		count = uint32(s.Count[0]) | uint32(s.Count[1])<<8
		if count == 0 {
			count = 1 << 16
		}
		lba = uint64(s.LBALow[0]) | uint64(s.LBAMid[0])<<8 | uint64(s.LBAHigh[0])<<16 |
			uint64(s.LBALow[1])<<24 | uint64(s.LBAMid[1])<<32 | uint64(s.LBAHigh[1])<<40
		return lba, count, lba+uint64(count) <= d.total
	}
	if count = uint32(s.Count[0]); count == 0 {
		count = 1 << 8
	}
	lba, ok = d.first(device)
	return lba, count, ok && lba+uint64(count) <= d.total
}

// first decodes the sector that a 28-bit or CHS command names.
func (d *drive) first(device uint8) (lba uint64, ok bool) {
	s := d.s
	head := uint64(device & 15)
	if device&devLBA != 0 {
		lba = uint64(s.LBALow[0]) | uint64(s.LBAMid[0])<<8 | uint64(s.LBAHigh[0])<<16 | head<<24
		return lba, lba < d.total
	}
	cylinder := uint64(s.LBAMid[0]) | uint64(s.LBAHigh[0])<<8
	sector := uint64(s.LBALow[0])
	if sector == 0 || sector > uint64(s.Sectors) || head >= uint64(s.Heads) {
		return 0, false
	}
	lba = (cylinder*uint64(s.Heads)+head)*uint64(s.Sectors) + sector - 1
	return lba, lba < d.total
}

// report puts a sector's address and the number of sectors not done into the
// registers, in the form that the command used, and returns the Device register
// that goes with it.
func (d *drive) report(device uint8, ext bool, lba uint64, left uint32) uint8 {
	s := d.s
	if ext {
		s.Count = [2]uint8{uint8(left), uint8(left >> 8)}
		s.LBALow = [2]uint8{uint8(lba), uint8(lba >> 24)}
		s.LBAMid = [2]uint8{uint8(lba >> 8), uint8(lba >> 32)}
		s.LBAHigh = [2]uint8{uint8(lba >> 16), uint8(lba >> 40)}
		return device
	}
	s.Count[0] = uint8(left)
	if device&devLBA != 0 {
		s.LBALow[0], s.LBAMid[0], s.LBAHigh[0] = uint8(lba), uint8(lba>>8), uint8(lba>>16)
		return device&^15 | uint8(lba>>24)&15
	}
	per, heads := uint64(s.Sectors), uint64(s.Heads)
	cylinder := lba / per / heads
	s.LBALow[0] = uint8(lba%per) + 1
	s.LBAMid[0], s.LBAHigh[0] = uint8(cylinder), uint8(cylinder>>8)
	return device&^15 | uint8(lba/per%heads)
}

// read fills p from sector lba. Where the host fails, good is the number of
// sectors before the one that can't be read.
func (d *drive) read(p []byte, lba uint64) (good uint32, err error) {
	return d.each(p, lba, d.disk.ReadAt)
}

// write stores p at sector lba, like read.
func (d *drive) write(p []byte, lba uint64) (good uint32, err error) {
	return d.each(p, lba, d.disk.WriteAt)
}

// each moves everything at once and only after an error sector by sector, to
// find the bad one.
func (d *drive) each(p []byte, lba uint64, move func([]byte, int64) error) (good uint32, err error) {
	at := int64(lba) * bus.SectorSize
	if move(p, at) == nil {
		return uint32(len(p) / bus.SectorSize), nil
	}
	for i := 0; i < len(p); i += bus.SectorSize {
		if err := move(p[i:i+bus.SectorSize], at+int64(i)); err != nil {
			return good, err
		}
		good++
	}
	return good, nil
}
