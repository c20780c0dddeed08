package bios

import (
	"encoding/binary"

	"ringzero/bus"
)

// Status codes of INT 13h.
const (
	diskBadCommand   = 0x01
	diskWriteProtect = 0x03
	diskNotFound     = 0x04 // sector
	diskNoMedia      = 0x31
	diskTimeout      = 0x80
	diskSeek         = 0x40
	diskController   = 0x20
)

// disk is INT 13h. The status is kept in the BDA, for AH=01h and for programs.
func (b *BIOS) disk(f *frame) {
	statusAt := uint32(bdaFloppyState)
	dl := f.dx.l()
	if dl >= 0x80 {
		statusAt = bdaDiskStatus
	}
	if f.ax.h() == 0x01 {
		last := b.bdaByte(statusAt)
		f.ax.setH(last)
		f.carry(last != 0)
		return
	}
	if f.ax.h() == 0x15 {
		b.diskType(f, dl)
		return
	}
	fn := f.ax.h()
	code := b.diskFunction(f, dl)
	b.setBDAByte(statusAt, code)
	f.ax.setH(code)
	f.carry(code != 0)
	if code == 0 && fn == 0x41 {
		f.ax.setH(0x30) // EDD 3.0
	}
}

// diskFunction runs a function and answers its status.
func (b *BIOS) diskFunction(f *frame, dl uint8) uint8 {
	d := b.drive(dl)
	fn := f.ax.h()
	if d == nil {
		return b.noDrive(f, fn, dl)
	}
	switch fn {
	case 0x00, 0x0d, 0x11, 0x14:
		return 0 // reset, recalibrate, self-test: nothing moves
	case 0x02, 0x03, 0x04:
		return b.chsTransfer(f, d, fn)
	case 0x08:
		b.diskParameters(f, d)
		return 0
	case 0x0c:
		if _, ok := d.chs(f); !ok {
			return diskSeek
		}
		return 0
	case 0x10:
		if d.Kind == Hard {
			return 0 // ready
		}
	case 0x16:
		if d.Kind == Floppy {
			return 0 // the same disk as before
		}
	case 0x17, 0x18:
		if d.Kind == Floppy {
			return b.mediaType(f, d, fn)
		}
	case 0x41, 0x42, 0x43, 0x44, 0x47, 0x48, 0x4e:
		if d.Kind == Hard {
			return b.edd(f, d, fn)
		}
	}
	return diskBadCommand
}

// noDrive answers for a drive number that nobody has. A reset with it resets
// what there is, and AH=08h tells a floppy asker that there are none.
func (b *BIOS) noDrive(f *frame, fn, dl uint8) uint8 {
	switch {
	case fn == 0x00:
		return 0
	case fn == 0x08 && dl < 0x80:
		f.ax.setX(0)
		f.bx.setX(0)
		f.cx.setX(0)
		f.dx.setX(uint16(len(b.floppy)))
		f.es, f.di = 0, 0
		return 0
	case fn == 0x08:
		f.dx.setL(uint8(len(b.hard)))
		return 0x07
	case dl < 0x80 && fn >= 0x02 && fn <= 0x04:
		f.ax.setL(0)
		return diskTimeout
	}
	return diskBadCommand
}

// chs decodes the address in CX and DH to a sector number.
func (d *Drive) chs(f *frame) (lba int64, ok bool) {
	g := d.Geometry
	sector := int(f.cx.l() & 0x3f)
	cylinder := int(f.cx.h()) | int(f.cx.l()&0xc0)<<2
	head := int(f.dx.h())
	if sector < 1 || sector > g.Sectors || head >= g.Heads || cylinder >= g.Cylinders {
		return 0, false
	}
	return (int64(cylinder)*int64(g.Heads)+int64(head))*int64(g.Sectors) + int64(sector-1), true
}

// chsTransfer is AH=02h (read), 03h (write) and 04h (verify). AL returns the
// sectors that were moved.
func (b *BIOS) chsTransfer(f *frame, d *Drive, fn uint8) uint8 {
	count := int64(f.ax.l())
	f.ax.setL(0)
	lba, ok := d.chs(f)
	switch {
	case count == 0:
		return diskBadCommand
	case !ok:
		return diskNotFound
	}
	done, code := b.transfer(d, lba, count, segment(f.es, f.bx.x()), fn)
	f.ax.setL(uint8(done))
	return code
}

// pieceSectors bounds the buffer of a transfer.
const pieceSectors = 64

// transfer moves count sectors between a disk and linear memory; fn is 02h, 03h
// or 04h. It answers how many were moved, and a status.
func (b *BIOS) transfer(d *Drive, lba, count int64, at uint32, fn uint8) (done int64, code uint8) {
	if fn == 0x03 && d.Disk.ReadOnly() {
		return 0, diskWriteProtect
	}
	total := d.sectors()
	buf := make([]byte, min(count, pieceSectors)*bus.SectorSize)
	for done < count {
		if lba >= total {
			return done, diskNotFound
		}
		n := min(count-done, pieceSectors, total-lba)
		p := buf[:n*bus.SectorSize]
		if code := b.move(d, lba*bus.SectorSize, at, p, fn); code != 0 {
			return done, code
		}
		done, lba, at = done+n, lba+n, at+uint32(len(p))
	}
	return done, 0
}

func (b *BIOS) move(d *Drive, off int64, at uint32, p []byte, fn uint8) uint8 {
	if fn == 0x03 {
		b.readLinear(at, p)
		if d.Disk.WriteAt(p, off) != nil {
			return diskController
		}
		return 0
	}
	if d.Disk.ReadAt(p, off) != nil {
		return diskController
	}
	if fn == 0x02 {
		b.writeLinear(at, p)
	}
	return 0
}

// diskParameters is AH=08h.
func (b *BIOS) diskParameters(f *frame, d *Drive) {
	g := d.Geometry
	last := g.Cylinders - 1
	f.ax.setL(0)
	f.cx.setH(uint8(last))
	f.cx.setL(uint8(g.Sectors) | uint8(last>>8)<<6)
	f.dx.setH(uint8(g.Heads - 1))
	if d.Kind == Hard {
		f.dx.setL(uint8(len(b.hard)))
		return
	}
	f.dx.setL(uint8(len(b.floppy)))
	f.bx.setX(uint16(d.cmosType()))
	f.es = 0xf000
	f.di.setX(romFloppyTable)
}

// mediaType is AH=17h and 18h: every format is taken that the medium has.
func (b *BIOS) mediaType(f *frame, d *Drive, fn uint8) uint8 {
	if fn == 0x17 {
		return 0
	}
	if int(f.cx.l()&0x3f) > d.Geometry.Sectors || int(f.cx.h()) >= d.Geometry.Cylinders {
		return 0x0c
	}
	f.es = 0xf000
	f.di.setX(romFloppyTable)
	return 0
}

// diskType is AH=15h, whose answer is in AH: 0 none, 1 a floppy that can't tell
// a change, 3 a hard disk with its sectors in CX:DX.
func (b *BIOS) diskType(f *frame, dl uint8) {
	d := b.drive(dl)
	f.carry(false)
	switch {
	case d == nil:
		f.ax.setH(0)
	case d.Kind == Floppy:
		f.ax.setH(1)
	default:
		n := d.sectors()
		g := d.Geometry
		n = min(n, int64(g.Cylinders)*int64(g.Heads)*int64(g.Sectors))
		f.cx.setX(uint16(n >> 16))
		f.dx.setX(uint16(n))
		f.ax.setH(3)
	}
}

// edd is the extended functions (T13 D1572, EDD-3), hard disks only.
func (b *BIOS) edd(f *frame, d *Drive, fn uint8) uint8 {
	switch fn {
	case 0x41:
		if f.bx.x() != 0x55aa {
			return diskBadCommand
		}
		f.bx.setX(0xaa55)
		f.cx.setX(0x0005) // packet access and EDD; no removable media functions
		f.ax.setL(0)
		return 0
	case 0x42, 0x43, 0x44, 0x47:
		return b.packet(f, d, fn)
	case 0x48:
		return b.driveParameters(f, d)
	}
	return 0 // 4Eh: transfers are as fast as they are
}

// packet reads, writes, verifies or seeks by the disk address packet at DS:SI.
func (b *BIOS) packet(f *frame, d *Drive, fn uint8) uint8 {
	at := segment(f.ds, f.si.x())
	var p [24]byte
	b.readLinear(at, p[:16])
	if p[0] < 16 {
		return diskBadCommand
	}
	le := binary.LittleEndian
	count := int64(le.Uint16(p[2:]))
	to := segment(le.Uint16(p[6:]), le.Uint16(p[4:]))
	lba := le.Uint64(p[8:])
	if p[0] >= 24 && le.Uint32(p[4:]) == 0xffffffff {
		b.readLinear(at+16, p[16:])
		if le.Uint32(p[20:]) != 0 {
			return 0x09 // beyond 4 GiB
		}
		to = le.Uint32(p[16:])
	}
	if lba >= uint64(d.sectors()) {
		b.writeLinear(at+2, []byte{0, 0})
		return diskNotFound
	}
	if fn == 0x47 {
		return 0
	}
	done, code := b.transfer(d, int64(lba), count, to, fn-0x40)
	b.writeLinear(at+2, []byte{byte(done), byte(done >> 8)})
	return code
}

// driveParameters is AH=48h: as much as the caller's buffer takes, of 26, 30 or
// 74 bytes.
func (b *BIOS) driveParameters(f *frame, d *Drive) uint8 {
	at := segment(f.ds, f.si.x())
	var size [2]byte
	b.readLinear(at, size[:])
	room := int(binary.LittleEndian.Uint16(size[:]))
	if room < 26 {
		return diskBadCommand
	}
	p := d.eddTable()
	switch {
	case room >= 74:
		room = 74
	case room >= 30:
		room = 30
		put16(p[0:], 30)
	default:
		room = 26
		put16(p[0:], 26)
	}
	if room >= 30 {
		b.writeDPTE(d)
	}
	b.writeLinear(at, p[:room])
	return 0
}

// eddTable is the result of AH=48h (EDD-3, table 15): geometry and size, the
// DPTE's address, then the device path: PCI bus 0, slot 1, function 1, ATA.
func (d *Drive) eddTable() []byte {
	g := d.physical()
	p := make([]byte, 74)
	le := binary.LittleEndian
	put16(p[0:], 74)
	flags := 0x0001 // DMA boundary errors are handled
	if d.sectors() <= 16383*16*63 {
		flags |= 0x0002 // the geometry is valid
	}
	put16(p[2:], flags)
	put32(p[4:], uint32(g.Cylinders))
	put32(p[8:], uint32(g.Heads))
	put32(p[12:], uint32(g.Sectors))
	le.PutUint64(p[16:], uint64(d.sectors()))
	put16(p[24:], bus.SectorSize)
	put16(p[26:], ebdaDPTE)
	put16(p[28:], ebdaBase>>4)
	path := p[30:]
	put16(path[0:], 0xbedd)
	path[2] = 44
	copy(path[6:], "PCI ")
	copy(path[10:], "ATA     ")
	path[18], path[19], path[20], path[21] = 0, ideSlot, ideFunction, byte(d.Channel)
	path[26] = byte(d.Unit)
	sum := byte(0)
	for _, v := range path[:43] {
		sum += v
	}
	path[43] = -sum
	return p
}

// Where the wiring has the IDE controller: the PIIX3.
const (
	ideSlot     = 1
	ideFunction = 1
)

// writeDPTE fills the device parameter table extension for the drive that was
// asked about (EDD-3, table 17).
func (b *BIOS) writeDPTE(d *Drive) {
	p := make([]byte, 16)
	ch := d.Channel & 1
	put16(p[0:], int(ataBase[ch]))
	put16(p[2:], int(ataControl[ch]))
	p[4] = 0xe0 | byte(d.Unit&1)<<4
	p[5] = 0xcb
	p[6] = ataIRQ[ch]
	p[7] = 1 // sectors a block
	put16(p[10:], 0x0010|0x0008)
	p[14] = 0x30 // EDD 3.0
	sum := byte(0)
	for _, v := range p[:15] {
		sum += v
	}
	p[15] = -sum
	b.mem.Write(ebdaBase+ebdaDPTE, p)
}
