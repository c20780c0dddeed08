package mmu

import (
	"ringzero/bus"
	"ringzero/x86"
)

// oracle translates by the manual alone (SDM 3A 4.3, 4.4, 4.6, 4.7): no cache,
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
	size, top, index := 4, o.mode.CR3&0xfffff000, [2]uint64{va >> 22, va >> 12 & 1023}
	large := uint64(4 << 20)
	if pae {
		p := o.pdpte[va>>30]
		if p&1 == 0 {
			return fail(0)
		}
		size, top, index = 8, p&0xffffff000, [2]uint64{va >> 21 & 511, va >> 12 & 511}
		large = 2 << 20
	}
	var walk []level
	rights, noExec, page := uint64(x86.PTE_W|x86.PTE_U), false, uint64(bus.PageSize)
	for i := range 2 {
		at := (top + index[i]*uint64(size)) & o.a20
		e := o.mem.Load(at, size)
		if e&1 == 0 {
			return fail(0)
		}
		walk = append(walk, level{at, e, size})
		isLarge := i == 0 && e&x86.PTE_PS != 0 && (pae || o.mode.CR4&x86.CR4_PSE != 0)
		var reserved uint64
		if pae {
			reserved = 0x7ffffff000000000
			if !nx {
				reserved |= 1 << 63
			}
			if isLarge {
				reserved |= 0x1fe000
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
			page = large
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
