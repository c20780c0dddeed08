package mmu

import (
	"ringzero/bus"
	"ringzero/x86"
)

// Physical is memory as a page walk sees it; nested paging will put a further
// walk behind it.
type Physical interface {
	Load(phys uint64, size int) uint64
	Store(phys uint64, size int, v uint64)
}

// MaxPhys is the physical address width that CPUID shows.
const MaxPhys = 36

const reservedPAE = (1<<63 - 1) &^ (1<<MaxPhys - 1)

// result of a walk.
type result struct {
	phys  uint64 // of the page of 4 KiB that holds va
	write bool   // may be written at this privilege
	exec  bool   // may be executed at this privilege
	dirty bool
	dir   uint64 // physical address of the directory, of the table (0: large page)
	table uint64
}

// walk translates va by the guest's tables and sets A and D bits (SDM 3A 4.3,
// 4.4, 4.7, 4.8). Nothing changes where it faults.
func (m *MMU) walk(mem Physical, va uint64, acc Access, user bool) (r result, exc *x86.Exception) {
	m.Stats.Walks++
	if m.Mode.pae() {
		return m.walkPAE(mem, va, acc, user)
	}
	return m.walk32(mem, va, acc, user)
}

// Look translates va as Translate does, for somebody beside the processor: it goes
// through mem, fills nothing and traces nothing. Where mem drops stores nothing
// changes.
func (m *MMU) Look(mem Physical, va uint64, acc Access, user bool) (phys uint64, exc *x86.Exception) {
	va &= 0xffffffff
	if !m.Mode.paging() {
		return va & m.A20, nil
	}
	r, exc := m.walk(mem, va, acc, user)
	m.Stats.Walks--
	return r.phys | va&(bus.PageSize-1), exc
}

func (m *MMU) walk32(mem Physical, va uint64, acc Access, user bool) (r result, exc *x86.Exception) {
	r.dir = m.Mode.CR3 & 0xfffff000
	pdeAt := (r.dir | va>>20&0xffc) & m.A20
	pde := mem.Load(pdeAt, 4)
	if pde&x86.PTE_P == 0 {
		return r, m.fault(va, acc, user, 0)
	}
	if pde&x86.PTE_PS != 0 && m.Mode.CR4&x86.CR4_PSE != 0 {
		if pde&0x3fe000 != 0 { // CPUID shows no PSE-36: bits 13 to 21 are reserved
			return r, m.fault(va, acc, user, x86.PFPresent|x86.PFRsvd)
		}
		if !m.permit(&r, acc, user, pde, false) {
			return r, m.fault(va, acc, user, x86.PFPresent)
		}
		m.accessed(mem, pdeAt, 4, pde, acc == Write)
		r.dirty = acc == Write || pde&x86.PTE_D != 0
		r.phys = (pde&0xffc00000 | va&0x3ff000) & m.A20
		return r, nil
	}
	r.table = pde & 0xfffff000
	pteAt := (r.table | va>>10&0xffc) & m.A20
	pte := mem.Load(pteAt, 4)
	if pte&x86.PTE_P == 0 {
		return r, m.fault(va, acc, user, 0)
	}
	if !m.permit(&r, acc, user, pde&pte, false) {
		return r, m.fault(va, acc, user, x86.PFPresent)
	}
	m.accessed(mem, pdeAt, 4, pde, false)
	m.accessed(mem, pteAt, 4, pte, acc == Write)
	r.dirty = acc == Write || pte&x86.PTE_D != 0
	r.phys = pte & 0xfffff000 & m.A20
	return r, nil
}

func (m *MMU) walkPAE(mem Physical, va uint64, acc Access, user bool) (r result, exc *x86.Exception) {
	const frame = (1<<MaxPhys - 1) &^ 0xfff
	reserved := uint64(reservedPAE)
	if !m.Mode.nx() {
		reserved |= x86.PTE_NX
	}
	pdpte := m.PDPTE[va>>30&3]
	if pdpte&x86.PTE_P == 0 {
		return r, m.fault(va, acc, user, 0)
	}
	r.dir = pdpte & frame
	pdeAt := (r.dir | va>>18&0xff8) & m.A20
	pde := mem.Load(pdeAt, 8)
	if pde&x86.PTE_P == 0 {
		return r, m.fault(va, acc, user, 0)
	}
	if pde&reserved != 0 {
		return r, m.fault(va, acc, user, x86.PFPresent|x86.PFRsvd)
	}
	if pde&x86.PTE_PS != 0 {
		if pde&0x1fe000 != 0 { // bits 13 to 20 of a 2 MiB entry
			return r, m.fault(va, acc, user, x86.PFPresent|x86.PFRsvd)
		}
		if !m.permit(&r, acc, user, pde, pde&x86.PTE_NX != 0) {
			return r, m.fault(va, acc, user, x86.PFPresent)
		}
		m.accessed(mem, pdeAt, 8, pde, acc == Write)
		r.dirty = acc == Write || pde&x86.PTE_D != 0
		r.phys = (pde&frame&^0x1fffff | va&0x1ff000) & m.A20
		return r, nil
	}
	r.table = pde & frame
	pteAt := (r.table | va>>9&0xff8) & m.A20
	pte := mem.Load(pteAt, 8)
	if pte&x86.PTE_P == 0 {
		return r, m.fault(va, acc, user, 0)
	}
	if pte&reserved != 0 {
		return r, m.fault(va, acc, user, x86.PFPresent|x86.PFRsvd)
	}
	if !m.permit(&r, acc, user, pde&pte, (pde|pte)&x86.PTE_NX != 0) {
		return r, m.fault(va, acc, user, x86.PFPresent)
	}
	m.accessed(mem, pdeAt, 8, pde, false)
	m.accessed(mem, pteAt, 8, pte, acc == Write)
	r.dirty = acc == Write || pte&x86.PTE_D != 0
	r.phys = pte & frame & m.A20
	return r, nil
}

// permit applies U/S, R/W, WP, NX and SMEP to the ANDed entries (SDM 3A 4.6.1).
// SMAP is checked by the caller of slow accesses; there is no CPUID bit for it.
func (m *MMU) permit(r *result, acc Access, user bool, bits uint64, nx bool) bool {
	r.write = bits&x86.PTE_W != 0 || !user && !m.Mode.wp()
	r.exec = !nx && (user || bits&x86.PTE_U == 0 || m.Mode.CR4&x86.CR4_SMEP == 0)
	if user && bits&x86.PTE_U == 0 {
		return false
	}
	switch acc {
	case Write:
		return r.write
	case Exec:
		return r.exec
	}
	return true
}

// accessed sets A, and D where asked, if they are clear.
func (m *MMU) accessed(mem Physical, at uint64, size int, entry uint64, dirty bool) {
	want := entry | x86.PTE_A
	if dirty {
		want |= x86.PTE_D
	}
	if want != entry {
		m.walking = true
		mem.Store(at, size, want)
		m.walking = false
	}
}

// LoadPDPTEs reads PAE's four registers from CR3 (SDM 3A 4.4.1). A reserved bit
// in a present entry is #GP(0), and the registers are then unchanged.
func (m *MMU) LoadPDPTEs(cr3 uint64) (ok bool) {
	var p [4]uint64
	for i := range p {
		p[i] = m.Mem.Load((cr3&0xffffffe0+uint64(i)*8)&m.A20, 8)
		if p[i]&x86.PTE_P != 0 && p[i]&(^uint64(1<<MaxPhys-1)|0x1e6) != 0 {
			return false
		}
	}
	m.PDPTE = p
	return true
}

// Translate gives the physical address of va for one access that stays in its
// page, sets A and D bits, and fills the first-level array.
func (m *MMU) Translate(va uint64, acc Access, user bool) (phys uint64, exc *x86.Exception) {
	va &= 0xffffffff
	page := va &^ (bus.PageSize - 1)
	r := result{phys: va & m.A20 &^ (bus.PageSize - 1), write: true, exec: true, dirty: true}
	if m.Mode.paging() {
		if r, exc = m.walk(m.Mem, va, acc, user); exc != nil {
			return 0, exc
		}
		m.record(va, &r)
	}
	if len(m.watched) == 0 || !m.watches(page) {
		m.fill(page, &r, user)
	}
	return r.phys | va&(bus.PageSize-1), nil
}

// record traces the tables that a walk went through.
func (m *MMU) record(va uint64, r *result) {
	c := m.Context
	shift, quarter := 22, uint64(0)
	if m.Mode.pae() {
		shift, quarter = 21, va>>30
	}
	c.filled[va>>shift] = true
	if off, _, ok := m.Mem.Page(r.dir & m.A20); ok {
		if page := uint32(off>>bus.PageShift + 1); c.root[quarter] != page {
			c.root[quarter] = page
			m.trace(uint64(page-1), use{ctx: c, id: c.id, base: uint32(quarter << 30), dir: true})
		}
	}
	if r.table == 0 {
		return
	}
	if off, _, ok := m.Mem.Page(r.table & m.A20); ok {
		if page := uint32(off>>bus.PageShift + 1); c.tables[va>>shift] != page {
			c.tables[va>>shift] = page
			m.trace(uint64(page-1), use{ctx: c, id: c.id, base: uint32(va >> shift << shift)})
		}
	}
}

func (m *MMU) fill(page uint64, r *result, user bool) {
	off, read, write := m.Mem.Page(r.phys)
	if !read {
		return
	}
	a := &m.Context.super
	if user {
		a = &m.Context.user
	}
	a.note(page)
	e := a.At(page)
	*e = Entry{Read: page, Write: Invalid, Exec: Invalid, Addend: off - page}
	if write && r.write && r.dirty {
		e.Write = page | Marked
		if m.Mem.Marks(off>>bus.PageShift) == 0 {
			m.Unmark(e, page, user)
		}
	}
	if r.exec {
		e.Exec = page
	}
	if m.limit > 0 {
		m.bound(&a.TLB, page)
	}
}

type filledSlot struct {
	t  *TLB
	va uint64
}

// bound keeps at most limit entries: tests make tiny arrays of the large ones.
func (m *MMU) bound(t *TLB, page uint64) {
	m.filled = append(m.filled, filledSlot{t, page})
	if len(m.filled) > m.limit {
		s := m.filled[0]
		m.filled = append(m.filled[:0], m.filled[1:]...)
		if s.t != t || s.va != page {
			*s.t.At(s.va) = empty
		}
	}
}
