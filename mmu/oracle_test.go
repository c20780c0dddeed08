package mmu

import (
	"ringzero/bus"
	"ringzero/x86"
)

// oracle translates by the manual alone (SDM 3A 4.3 to 4.7): no cache,
// nothing shared with the code under test but the mode's type.
type oracle struct {
	mem   *bus.Memory
	mode  Mode
	a20   uint64
	pdpte [4]uint64
}

// level is one paging-structure entry of a walk.
type level struct {
	at, entry uint64
	size      int
}

// translate answers the physical address, or the page fault's error code.
func (o *oracle) translate(va uint64, acc Access, user bool) (phys uint64, fault bool, code uint32) {
	if o.mode.CR0&x86.CR0_PG == 0 {
		return va & o.a20, false, 0
	}
	pae := o.mode.CR4&x86.CR4_PAE != 0
	nx := pae && o.mode.EFER&x86.EFER_NXE != 0
	fail := func(bits uint32) (uint64, bool, uint32) {
		if acc == Write {
			bits |= 2
		}
		if user {
			bits |= 4
		}
		if acc == Exec && (nx || o.mode.CR4&x86.CR4_SMEP != 0) {
			bits |= 16
		}
		return 0, true, bits
	}
	long := pae && o.mode.EFER&x86.EFER_LMA != 0
	size, top, index := 4, o.mode.CR3&0xfffff000, []uint64{va >> 22, va >> 12 & 1023}
	pages := map[int]uint64{0: 4 << 20} // what is mapped by an entry at each step, if it may be large
	switch {
	case long:
		size, top = 8, o.mode.CR3&0xffffff000
		index = []uint64{va >> 39 & 511, va >> 30 & 511, va >> 21 & 511, va >> 12 & 511}
		pages = map[int]uint64{1: 1 << 30, 2: 2 << 20}
		if o.mode.CR4&x86.CR4_LA57 != 0 {
			index = append([]uint64{va >> 48 & 511}, index...)
			pages = map[int]uint64{2: 1 << 30, 3: 2 << 20}
		}
	case pae:
		p := o.pdpte[va>>30]
		if p&1 == 0 {
			return fail(0)
		}
		size, top, index = 8, p&0xffffff000, []uint64{va >> 21 & 511, va >> 12 & 511}
		pages = map[int]uint64{0: 2 << 20}
	}
	var walk []level
	rights, noExec, page := uint64(x86.PTE_W|x86.PTE_U), false, uint64(bus.PageSize)
	for i := range index {
		at := (top + index[i]*uint64(size)) & o.a20
		e := o.mem.Load(at, size)
		if e&1 == 0 {
			return fail(0)
		}
		walk = append(walk, level{at, e, size})
		isLarge := e&x86.PTE_PS != 0 && pages[i] != 0 && (pae || o.mode.CR4&x86.CR4_PSE != 0)
		var reserved uint64
		if pae {
			reserved = 0x7ffffff000000000
			if long { // bits 52 to 62 are ignored
				reserved = 0xffff000000000
				if i < len(index)-3 { // no page is that large
					reserved |= x86.PTE_PS
				}
			}
			if !nx {
				reserved |= 1 << 63
			}
			if isLarge {
				reserved |= pages[i] - 1<<13
			}
		} else if isLarge {
			reserved = 0x3fe000 // no PSE-36: bits 21 to 13
		}
		if e&reserved != 0 {
			return fail(9)
		}
		rights &= e
		noExec = noExec || nx && e>>63 != 0
		top = e & 0xffffff000
		if isLarge {
			page = pages[i]
			break
		}
	}
	switch {
	case user && rights&x86.PTE_U == 0,
		acc == Write && rights&x86.PTE_W == 0 && (user || o.mode.CR0&x86.CR0_WP != 0),
		acc == Exec && noExec,
		acc == Exec && !user && rights&x86.PTE_U != 0 && o.mode.CR4&x86.CR4_SMEP != 0:
		return fail(1)
	}
	for i, l := range walk {
		e := l.entry | x86.PTE_A
		if acc == Write && i == len(walk)-1 {
			e |= x86.PTE_D
		}
		if e != l.entry {
			o.mem.Store(l.at, l.size, e)
		}
	}
	return (top&^(page-1) | va&(page-1)) & o.a20, false, 0
}
