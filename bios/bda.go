package bios

import "encoding/binary"

// Physical addresses of low memory.
const (
	bdaBase  = 0x400
	bootBase = 0x7c00
	ebdaBase = 0x9fc00
	ebdaSize = 0x400
)

// Offsets in the BIOS data area (IBM AT technical reference).
const (
	bdaCOM           = 0x00 // four words
	bdaLPT           = 0x08 // three words
	bdaEBDA          = 0x0e // segment
	bdaEquipment     = 0x10
	bdaMemory        = 0x13 // KiB
	bdaShift         = 0x17 // two bytes of shift state
	bdaAltPad        = 0x19
	bdaKbdHead       = 0x1a
	bdaKbdTail       = 0x1c
	bdaKbdBuffer     = 0x1e
	bdaFloppyState   = 0x41
	bdaMode          = 0x49
	bdaColumns       = 0x4a
	bdaPageSize      = 0x4c
	bdaPageStart     = 0x4e
	bdaCursor        = 0x50 // eight words: column, row
	bdaCursorShape   = 0x60
	bdaPage          = 0x62
	bdaCRTC          = 0x63
	bdaModeReg       = 0x65
	bdaPalette       = 0x66
	bdaTicks         = 0x6c
	bdaMidnight      = 0x70
	bdaBreak         = 0x71
	bdaDiskStatus    = 0x74
	bdaDisks         = 0x75
	bdaLPTTimeout    = 0x78
	bdaCOMTimeout    = 0x7c
	bdaKbdStart      = 0x80
	bdaKbdEnd        = 0x82
	bdaRows          = 0x84 // less one
	bdaCharHeight    = 0x85
	bdaVideoControl  = 0x87
	bdaVideoSwitches = 0x88
	bdaVideoFlags    = 0x89
	bdaVideoDCC      = 0x8a
	bdaFloppyMedia   = 0x90
	bdaKbdMode       = 0x96
	bdaKbdLEDs       = 0x97
	bdaWaitFlag      = 0x98 // far pointer
	bdaWaitCount     = 0x9c // microseconds
	bdaWaitActive    = 0xa0
	bdaVideoSave     = 0xa8 // far pointer
)

// Offsets in the EBDA. The mouse's are where IBM's PS/2 has them.
const (
	ebdaKiB          = 0x00
	ebdaMouseHandler = 0x22 // far pointer
	ebdaMouseIndex   = 0x26 // bits 2-0: bytes so far
	ebdaMouseSize    = 0x27 // bit 7: enabled by C207; bits 2-0: packet size less one
	ebdaMousePacket  = 0x28
	ebdaDisk0        = 0x3d // fixed disk parameter tables, 16 bytes each
	ebdaDisk1        = 0x4d
	ebdaDPTE         = 0x60 // EDD device parameter table extension, 16 bytes
)

func (b *BIOS) byteAt(phys uint32) uint8 {
	var p [1]byte
	b.mem.Read(uint64(phys), p[:])
	return p[0]
}

func (b *BIOS) wordAt(phys uint32) uint16 {
	var p [2]byte
	b.mem.Read(uint64(phys), p[:])
	return binary.LittleEndian.Uint16(p[:])
}

func (b *BIOS) dwordAt(phys uint32) uint32 {
	var p [4]byte
	b.mem.Read(uint64(phys), p[:])
	return binary.LittleEndian.Uint32(p[:])
}

func (b *BIOS) setByteAt(phys uint32, v uint8) { b.mem.Write(uint64(phys), []byte{v}) }

func (b *BIOS) setWordAt(phys uint32, v uint16) {
	b.mem.Write(uint64(phys), []byte{byte(v), byte(v >> 8)})
}

func (b *BIOS) setDwordAt(phys, v uint32) {
	b.mem.Write(uint64(phys), binary.LittleEndian.AppendUint32(nil, v))
}

func (b *BIOS) bdaByte(off uint32) uint8   { return b.byteAt(bdaBase + off) }
func (b *BIOS) bdaWord(off uint32) uint16  { return b.wordAt(bdaBase + off) }
func (b *BIOS) bdaDword(off uint32) uint32 { return b.dwordAt(bdaBase + off) }

func (b *BIOS) setBDAByte(off uint32, v uint8)   { b.setByteAt(bdaBase+off, v) }
func (b *BIOS) setBDAWord(off uint32, v uint16)  { b.setWordAt(bdaBase+off, v) }
func (b *BIOS) setBDADword(off uint32, v uint32) { b.setDwordAt(bdaBase+off, v) }

// setVector points an interrupt vector at the ROM.
func (b *BIOS) setVector(n int, off uint16) {
	b.setDwordAt(uint32(4*n), 0xf000<<16|uint32(off))
}
