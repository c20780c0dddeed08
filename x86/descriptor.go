package x86

// Selector is a segment selector (SDM 3A 3.4.2).
type Selector uint16

// RPL is the requested privilege level.
func (s Selector) RPL() int { return int(s & 3) }

// Local tells whether the selector indexes the LDT.
func (s Selector) Local() bool { return s&4 != 0 }

// Offset is the byte offset of the descriptor in its table.
func (s Selector) Offset() uint32 { return uint32(s &^ 7) }

// Null tells whether the selector is one of the four null selectors.
func (s Selector) Null() bool { return s&^3 == 0 }

// Descriptor is the eight bytes of a segment descriptor, little-endian
// (SDM 3A 3.4.5, figure 3-8).
type Descriptor uint64

// Base is the 32-bit segment base.
func (d Descriptor) Base() uint32 {
	return uint32(d>>16)&0xffffff | uint32(d>>32)&0xff000000
}

// Limit is the last valid offset in bytes, with granularity applied.
func (d Descriptor) Limit() uint32 {
	l := uint32(d)&0xffff | uint32(d>>32)&0xf0000
	if d&DescG != 0 {
		return l<<12 | 0xfff
	}
	return l
}

// Type is the four type bits.
func (d Descriptor) Type() uint8 { return uint8(d>>40) & 15 }

// DPL is the descriptor privilege level.
func (d Descriptor) DPL() int { return int(d>>45) & 3 }

// Present is the P bit.
func (d Descriptor) Present() bool { return d&DescP != 0 }

// Segment tells code and data from system descriptors (the S bit).
func (d Descriptor) Segment() bool { return d&DescS != 0 }

// Code, Conforming, Readable, Writable, ExpandDown read the type bits of a code
// or data descriptor; they mean nothing where Segment is false.
func (d Descriptor) Code() bool       { return d&DescCode != 0 }
func (d Descriptor) Conforming() bool { return d&(DescCode|DescC) == DescCode|DescC }
func (d Descriptor) Readable() bool   { return d&DescCode == 0 || d&DescRW != 0 }
func (d Descriptor) Writable() bool   { return d&DescCode == 0 && d&DescRW != 0 }
func (d Descriptor) ExpandDown() bool { return d&(DescCode|DescC) == DescC }
func (d Descriptor) Accessed() bool   { return d&DescA != 0 }

// Big is the D/B bit: 32-bit code, 32-bit stack pointer, or a 4 GiB upper bound.
func (d Descriptor) Big() bool { return d&DescB != 0 }

// Long is the L bit of a code descriptor.
func (d Descriptor) Long() bool { return d&DescL != 0 }

// GateSelector, GateOffset and GateCount read a gate (SDM 3A 5.8.3, 6.11).
func (d Descriptor) GateSelector() Selector { return Selector(d >> 16) }
func (d Descriptor) GateOffset() uint32     { return uint32(d)&0xffff | uint32(d>>32)&0xffff0000 }
func (d Descriptor) GateCount() int         { return int(d>>32) & 31 }

// Bits of a Descriptor.
const (
	DescA    Descriptor = 1 << 40
	DescRW   Descriptor = 1 << 41
	DescC    Descriptor = 1 << 42 // conforming code, expand-down data
	DescCode Descriptor = 1 << 43
	DescS    Descriptor = 1 << 44
	DescP    Descriptor = 1 << 47
	DescAVL  Descriptor = 1 << 52
	DescL    Descriptor = 1 << 53
	DescB    Descriptor = 1 << 54
	DescG    Descriptor = 1 << 55
)

// System descriptor types (SDM 3A 3.5, table 3-2).
const (
	TypeTSS16     = 1
	TypeLDT       = 2
	TypeTSS16Busy = 3
	TypeCall16    = 4
	TypeTask      = 5
	TypeInt16     = 6
	TypeTrap16    = 7
	TypeTSS32     = 9
	TypeTSS32Busy = 11
	TypeCall32    = 12
	TypeInt32     = 14
	TypeTrap32    = 15
)

// Page table entry bits (SDM 3A 4.3 to 4.5).
const (
	PTE_P   = 1 << 0
	PTE_W   = 1 << 1
	PTE_U   = 1 << 2
	PTE_PWT = 1 << 3
	PTE_PCD = 1 << 4
	PTE_A   = 1 << 5
	PTE_D   = 1 << 6
	PTE_PS  = 1 << 7
	PTE_G   = 1 << 8
	PTE_NX  = 1 << 63
)

// Offsets in a 32-bit TSS (SDM 3A 7.2.1, figure 7-2).
const (
	TSS32_Link  = 0
	TSS32_ESP0  = 4
	TSS32_SS0   = 8
	TSS32_CR3   = 28
	TSS32_EIP   = 32
	TSS32_EFL   = 36
	TSS32_EAX   = 40
	TSS32_ES    = 72
	TSS32_LDT   = 96
	TSS32_T     = 100
	TSS32_IOMap = 102
	TSS32_Size  = 104
)

// Offsets in a 16-bit TSS (SDM 3A 7.6, figure 7-10).
const (
	TSS16_Link = 0
	TSS16_SP0  = 2
	TSS16_SS0  = 4
	TSS16_IP   = 14
	TSS16_FL   = 16
	TSS16_AX   = 18
	TSS16_ES   = 34
	TSS16_LDT  = 42
	TSS16_Size = 44
)
