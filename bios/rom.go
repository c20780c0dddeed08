package bios

import (
	_ "embed"
	"encoding/binary"
)

// romSize is the size of the ROM, the F-segment.
const (
	romSize = 0x10000
	romBase = 0xf0000
)

//go:embed rom.bin
var romImage []byte

// The part of the ROM that New fills: after the code, up to the places that
// old software knows.
const (
	romTables    = 0x1000
	romTablesEnd = 0xe000
	romVectors   = 8 // after the mark
	// Places fixed by the IBM AT.
	romConfigTable = 0xe6f5
	romFloppyTable = 0xefc7
	romVideoTable  = 0xf0a4
	romFont8x8     = 0xfa6e
)

// romLayout is where New put things, as offsets in the F-segment.
type romLayout struct {
	next     int
	rsdp     uint16
	smbios   uint16
	pir      uint16
	font8    uint16 // 256 characters of 8 bytes
	font14   uint16
	font16   uint16
	videoCap uint16 // static functionality table of INT 10h, AH=1Bh
}

// place copies p to a free part of the ROM.
func (b *BIOS) place(p []byte, align int) uint16 {
	at := (b.layout.next + align - 1) / align * align
	if at+len(p) > romTablesEnd {
		panic("BUG: bios: the tables do not fit the ROM")
	}
	copy(b.rom[at:], p)
	b.layout.next = at + len(p)
	return uint16(at)
}

// buildROM makes the image from the assembled code and the tables that depend
// on the configuration.
func (b *BIOS) buildROM() {
	b.rom = append([]byte(nil), romImage...)
	l := &b.layout
	l.next = romTables
	l.rsdp = b.place(rsdp(b.acpiBase()), 16)
	l.pir = b.place(pirTable(), 16)
	b.place(bios32(b.headerEntry(vecBIOS32)), 16)
	l.smbios = b.place(smbiosTables(b.cfg, uint32(romBase+(l.next+15)/16*16)), 16)
	f8, f14, f16 := font(8), font(14), font(16)
	l.font8, l.font14, l.font16 = b.place(f8, 16), b.place(f14, 16), b.place(f16, 16)
	l.videoCap = b.place(videoCapabilities[:], 16)
	copy(b.rom[romConfigTable:], configTable[:])
	copy(b.rom[romFloppyTable:], floppyTable[:])
	copy(b.rom[romVideoTable:], videoTable[:])
	copy(b.rom[romFont8x8:], f8[:128*8])
}

// headerEntry is what the ROM's header has for a vector.
func (b *BIOS) headerEntry(vector uint16) uint16 {
	le := binary.LittleEndian
	for p := b.rom[romVectors:]; le.Uint16(p) != 0xffff; p = p[4:] {
		if le.Uint16(p) == vector {
			return le.Uint16(p[2:])
		}
	}
	panic("BUG: bios: the ROM has no such entry")
}

// vectors writes the IVT: what the ROM's header lists, and its last entry for
// the other vectors that firmware sets.
func (b *BIOS) vectors() {
	le := binary.LittleEndian
	list := map[int]uint16{}
	p := b.rom[romVectors:]
	for le.Uint16(p) != 0xffff {
		list[int(le.Uint16(p))] = le.Uint16(p[2:])
		p = p[4:]
	}
	nothing := le.Uint16(p[2:])
	for n := range 256 {
		off, ok := list[n]
		switch {
		case ok:
			b.setVector(n, off)
		case n < 0x60 || n >= 0x68 && n < 0x78:
			b.setVector(n, nothing)
		default: // free for programs, which test for zero
			b.setDwordAt(uint32(4*n), 0)
		}
	}
	b.setVector(0x1d, romVideoTable)
	b.setVector(0x1e, romFloppyTable)
	b.setVector(0x1f, b.layout.font8+128*8)
	b.setVector(0x43, b.layout.font16)
	b.setDwordAt(4*0x41, ebdaBase>>4<<16|ebdaDisk0)
	b.setDwordAt(4*0x46, ebdaBase>>4<<16|ebdaDisk1)
}

// configTable is what INT 15h, AH=C0h points at (IBM PS/2 BIOS reference):
// two PICs, RTC, keyboard intercept, EBDA.
var configTable = [...]byte{8, 0, 0xfc, 0, 0, 0x74, 0x40, 0, 0, 0}

// floppyTable is the diskette parameter table for 1.44 MB media.
var floppyTable = [...]byte{0xaf, 0x02, 0x25, 2, 18, 0x1b, 0xff, 0x6c, 0xf6, 15, 8}
