package bios

import (
	"errors"
	"fmt"

	"ringzero/bus"
)

// DriveKind tells floppies from hard disks.
type DriveKind int

// Kinds of drives.
const (
	Floppy DriveKind = iota
	Hard
)

// Geometry is a drive in cylinders, heads and sectors per track.
type Geometry struct {
	Cylinders, Heads, Sectors int
}

// Drive is a disk as the BIOS sees it.
type Drive struct {
	Disk bus.Disk
	Kind DriveKind
	// Geometry is what INT 13h, AH=08h tells; zero means by size.
	Geometry Geometry
	// Channel (0, 1) and Unit (0 master, 1 slave) are where a hard disk sits on
	// the IDE controller; EDD tells operating systems.
	Channel, Unit int
}

// floppyFormats are the sizes of floppy images, in sectors, with the CMOS type.
var floppyFormats = [...]struct {
	sectors int64
	cmos    uint8
	geometry
}{
	{320, 1, geometry{40, 1, 8}},
	{360, 1, geometry{40, 1, 9}},
	{640, 1, geometry{40, 2, 8}},
	{720, 1, geometry{40, 2, 9}},
	{1440, 3, geometry{80, 2, 9}},
	{2400, 2, geometry{80, 2, 15}},
	{2880, 4, geometry{80, 2, 18}},
	{3360, 4, geometry{80, 2, 21}},
	{3444, 4, geometry{82, 2, 21}},
	{5760, 5, geometry{80, 2, 36}},
}

type geometry = Geometry

// FloppyGeometry is the format of a floppy image of size bytes; false where no
// floppy has that size.
func FloppyGeometry(size int64) (Geometry, bool) {
	for _, f := range floppyFormats {
		if f.sectors*bus.SectorSize == size {
			return f.geometry, true
		}
	}
	return Geometry{}, false
}

// DiskGeometry is the logical geometry of a hard disk of size bytes: as the
// drive has it while cylinders fit ten bits, else with more heads ("LBA
// assist", as in Phoenix's EDD 1.1, 2.3). Beyond 8 GB it stays at 1024 cylinders.
func DiskGeometry(size int64) Geometry {
	const sectors = 63
	total := size / bus.SectorSize
	heads := int64(16)
	for heads < 255 && total > 1024*heads*sectors {
		heads = min(heads*2, 255)
	}
	return Geometry{int(min(max(total/(heads*sectors), 1), 1024)), int(heads), sectors}
}

func (b *BIOS) addDrives(drives []Drive) error {
	for i := range drives {
		d := drives[i]
		if d.Disk == nil {
			return errors.New("bios: a drive without a disk")
		}
		size := d.Disk.Size()
		if size <= 0 || size%bus.SectorSize != 0 {
			return fmt.Errorf("bios: a disk of %d bytes: it must be a whole number of sectors of %d", size, bus.SectorSize)
		}
		if err := d.setGeometry(size); err != nil {
			return err
		}
		if d.Kind == Floppy {
			b.floppy = append(b.floppy, &d)
		} else {
			b.hard = append(b.hard, &d)
		}
	}
	if len(b.floppy) > 2 || len(b.hard) > 4 {
		return fmt.Errorf("bios: %d floppies and %d disks: at most 2 and 4", len(b.floppy), len(b.hard))
	}
	return nil
}

func (d *Drive) setGeometry(size int64) error {
	g := &d.Geometry
	if *g == (Geometry{}) {
		if d.Kind == Hard {
			*g = DiskGeometry(size)
		} else if f, ok := FloppyGeometry(size); ok {
			*g = f
		} else if size <= 2880<<10 {
			*g = Geometry{80, 2, 18} // short or odd: what is missing can't be read
			if size > 1440<<10 {
				g.Sectors = 36
			}
		} else {
			return fmt.Errorf("bios: a floppy of %d bytes: the largest holds 2880 KiB", size)
		}
	}
	if g.Cylinders < 1 || g.Cylinders > 1024 || g.Heads < 1 || g.Heads > 256 || g.Sectors < 1 || g.Sectors > 63 {
		return fmt.Errorf("bios: a geometry of %d/%d/%d is beyond what INT 13h can tell", g.Cylinders, g.Heads, g.Sectors)
	}
	return nil
}

// FloppyType is the type of the drive that reads a floppy of size bytes, as CMOS
// numbers it.
func FloppyType(size int64) uint8 {
	d := Drive{}
	if d.setGeometry(size) != nil {
		return 0
	}
	return d.cmosType()
}

// cmosType is a floppy drive's type as CMOS and INT 13h, AH=08h number it.
func (d *Drive) cmosType() uint8 {
	for _, f := range floppyFormats {
		if f.geometry == d.Geometry {
			return f.cmos
		}
	}
	return 4
}

func (d *Drive) sectors() int64 { return d.Disk.Size() / bus.SectorSize }

// drive finds drive number dl.
func (b *BIOS) drive(dl uint8) *Drive {
	list := b.floppy
	if dl >= 0x80 {
		list, dl = b.hard, dl-0x80
	}
	if int(dl) >= len(list) {
		return nil
	}
	return list[dl]
}

// ATA task-file bases of the two channels in legacy mode.
var (
	ataBase    = [2]uint16{0x1f0, 0x170}
	ataControl = [2]uint16{0x3f6, 0x376}
	ataIRQ     = [2]uint8{14, 15}
)

// initDisks fills the disk parts of BDA and EBDA.
func (b *BIOS) initDisks() {
	b.setBDAByte(bdaDisks, uint8(len(b.hard)))
	for i := range b.floppy {
		b.setBDAByte(bdaFloppyMedia+uint32(i), 0x17) // known, established
	}
	for i, d := range b.hard {
		if i < 2 {
			b.mem.Write(ebdaBase+ebdaDisk0+uint64(16*i), d.parameterTable())
		}
	}
}

// parameterTable is the fixed disk parameter table that INT 41h and 46h point
// at (Phoenix EDD 1.1, table 3). Where the logical geometry is not the drive's
// own, it is the translated form: signature A0h, physical values further on.
func (d *Drive) parameterTable() []byte {
	g, p := d.Geometry, d.physical()
	t := make([]byte, 16)
	put16(t[0:], g.Cylinders)
	t[2] = byte(g.Heads)
	put16(t[5:], 0xffff) // no write precompensation
	if p.Heads > 8 {
		t[8] = 0x08
	}
	put16(t[9:], p.Cylinders)
	put16(t[12:], g.Cylinders)
	t[14] = byte(g.Sectors)
	if g.Heads != p.Heads {
		t[3], t[4], t[11] = 0xa0, byte(p.Sectors), byte(p.Heads)
		put16(t[12:], 0)
		t[14] = byte(g.Sectors)
		sum := byte(0)
		for _, v := range t {
			sum += v
		}
		t[15] = -sum
	}
	return t
}

// physical is the geometry that the drive reports itself (ATA IDENTIFY DEVICE
// words 1, 3, 6).
func (d *Drive) physical() Geometry {
	return Geometry{int(min(max(d.sectors()/(16*63), 1), 16383)), 16, 63}
}

func put16(p []byte, v int) { p[0], p[1] = byte(v), byte(v>>8) }
func put32(p []byte, v uint32) {
	p[0], p[1], p[2], p[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}
