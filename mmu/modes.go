package mmu

import "ringzero/x86"

// layout is how a paging mode cuts a linear address (SDM 3A 4.1.1, table 4-1). The
// level of a table is the number of steps to a page, 1 for a page table; an entry of
// level n maps 1<<shift(n) bytes.
type layout struct {
	top   int  // level of the table that CR3, or a PDPTE register, leads to
	entry int  // bytes of an entry
	log   uint // the logarithm of that
	bits  uint // of the index at each level
	width uint // of a linear address, in bits
	large [6]bool
}

// The paging modes, and none.
var (
	flat    = layout{width: 32, bits: 10}
	legacy  = layout{top: 2, entry: 4, log: 2, bits: 10, width: 32} // large pages by CR4.PSE
	pse     = layout{top: 2, entry: 4, log: 2, bits: 10, width: 32, large: [6]bool{2: true}}
	pae     = layout{top: 2, entry: 8, log: 3, bits: 9, width: 32, large: [6]bool{2: true}}
	levels4 = layout{top: 4, entry: 8, log: 3, bits: 9, width: 48, large: [6]bool{2: true, 3: true}}
	levels5 = layout{top: 5, entry: 8, log: 3, bits: 9, width: 57, large: [6]bool{2: true, 3: true}}
)

// layout is that of a mode.
func (m *Mode) layout() *layout {
	switch {
	case !m.paging():
		return &flat
	case !m.pae() && m.CR4&x86.CR4_PSE == 0:
		return &legacy
	case !m.pae():
		return &pse
	case m.EFER&x86.EFER_LMA == 0:
		return &pae
	case m.CR4&x86.CR4_LA57 == 0:
		return &levels4
	}
	return &levels5
}

// shift is the logarithm of what an entry of a level maps, in bytes.
func (l *layout) shift(level int) uint { return 12 + l.bits*uint(level-1) }

// index is the number of the entry of va in a table of a level.
func (l *layout) index(va uint64, level int) uint64 { return va >> l.shift(level) & (1<<l.bits - 1) }

// base is the first address that the table of a level that serves va maps.
func (l *layout) base(va uint64, level int) uint64 {
	return va &^ (1<<l.shift(level+1) - 1)
}

// canonical extends the sign of a linear address that is wider than 32 bits.
func (l *layout) canonical(va uint64) uint64 {
	if l.width == 32 {
		return va & 0xffffffff
	}
	return uint64(int64(va<<(64-l.width)) >> (64 - l.width))
}

// frame is where an entry leads: a table, or a page.
func (m *MMU) frame(e uint64) uint64 {
	if m.Context.lay.entry == 4 {
		return e & 0xfffff000
	}
	return e & (1<<m.PhysWidth - 1) &^ 0xfff
}

// reserved are the bits that must be clear in a present entry (SDM 3A 4.3 to 4.5,
// figures 4-4, 4-7 and 4-11). Of 4-byte large pages bits 13 to 21 are, as CPUID shows
// no PSE-36. In PAE's own mode all bits up to 62 above an address are, in long mode
// those up to 51.
func (m *MMU) reserved(level int, large bool) uint64 {
	l := m.Context.lay
	if l.entry == 4 {
		if large {
			return 0x3fe000
		}
		return 0
	}
	r := uint64(1<<52 - 1)
	if l == &pae {
		r = 1<<63 - 1
	}
	r &^= 1<<m.PhysWidth - 1
	if !m.Mode.nx() {
		r |= x86.PTE_NX
	}
	switch {
	case large:
		r |= 1<<l.shift(level) - 1<<13
	case level > 2 && !l.large[level]:
		r |= x86.PTE_PS
	}
	return r
}

// Levels is the number of tables in memory that a walk goes through at most, PAE tells
// whether PAE's own mode is in force, whose registers lead to them.
func (m *MMU) Levels() int { return m.Context.lay.top }
func (m *MMU) PAE() bool   { return m.Context.lay == &pae }
