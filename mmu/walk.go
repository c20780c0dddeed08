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

// tables is memory as the processor's own walks read and change it.
type tables struct{ m *MMU }

func (t tables) Load(phys uint64, size int) uint64 { return t.m.Mem.Load(phys, size) }

// Store sets an A or D bit, which may be one of the code that runs.
func (t tables) Store(phys uint64, size int, v uint64) {
	t.m.Updating(phys, size)
	t.m.walking = true
	t.m.Mem.Store(phys, size, v)
	t.m.walking = false
}

// result of a walk.
type result struct {
	phys  uint64 // of the page of 4 KiB that holds va
	write bool   // may be written at this privilege
	exec  bool   // may be executed at this privilege
	dirty bool
	// last is the level of the entry that maps the page; tables are the physical
	// addresses of the tables that led there, by level.
	last   int
	tables [6]uint64
}

// root is the table that a walk begins at. In PAE's own mode a register leads to it,
// which may be absent.
func (m *MMU) root(va uint64) (table uint64, ok bool) {
	switch m.Context.lay {
	case &pae:
		p := m.PDPTE[va>>30&3]
		return m.frame(p), p&x86.PTE_P != 0
	case &legacy, &pse:
		return m.Mode.CR3 & 0xfffff000, true
	}
	return m.frame(m.Mode.CR3), true
}

// walk translates va by the guest's tables and sets A and D bits (SDM 3A 4.3 to 4.5,
// 4.7, 4.8). Nothing changes where it faults.
func (m *MMU) walk(mem Physical, va uint64, acc Access, user bool, r *result) *x86.Exception {
	m.Stats.Walks++
	l := m.Context.lay
	table, ok := m.root(va)
	if !ok {
		return m.fault(va, acc, user, 0)
	}
	var at, entry [6]uint64
	rights, level := ^uint64(0), l.top
	nx := uint64(0)
	for {
		r.tables[level] = table
		at[level] = (table | l.index(va, level)*uint64(l.entry)) & m.A20
		e := mem.Load(at[level], l.entry)
		if e&x86.PTE_P == 0 {
			return m.fault(va, acc, user, 0)
		}
		large := l.large[level] && e&x86.PTE_PS != 0
		if e&m.reserved(level, large) != 0 {
			return m.fault(va, acc, user, x86.PFPresent|x86.PFRsvd)
		}
		entry[level], rights, nx = e, rights&e, nx|e
		if large || level == 1 {
			break
		}
		table = m.frame(e)
		level--
	}
	if !m.permit(r, acc, user, rights, l.entry == 8 && nx&x86.PTE_NX != 0) {
		return m.fault(va, acc, user, x86.PFPresent)
	}
	for i := l.top; i > level; i-- {
		accessed(mem, at[i], l.entry, entry[i], false)
	}
	accessed(mem, at[level], l.entry, entry[level], acc == Write)
	span := uint64(1) << l.shift(level)
	r.last, r.dirty = level, acc == Write || entry[level]&x86.PTE_D != 0
	r.phys = (m.frame(entry[level])&^(span-1) | va&(span-1)&^0xfff) & m.A20
	return nil
}

// Look translates va as Translate does, for somebody beside the processor: it goes
// through mem, fills nothing and traces nothing. Where mem drops stores nothing
// changes.
func (m *MMU) Look(mem Physical, va uint64, acc Access, user bool) (phys uint64, exc *x86.Exception) {
	va = m.Context.lay.canonical(va)
	if m.Context.lay == &flat {
		return va & m.A20, nil
	}
	var r result
	exc = m.walk(mem, va, acc, user, &r)
	m.Stats.Walks--
	return r.phys | va&(bus.PageSize-1), exc
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
func accessed(mem Physical, at uint64, size int, entry uint64, dirty bool) {
	want := entry | x86.PTE_A
	if dirty {
		want |= x86.PTE_D
	}
	if want != entry {
		mem.Store(at, size, want)
	}
}

// LoadPDPTEs reads PAE's four registers from CR3 (SDM 3A 4.4.1). A reserved bit
// in a present entry is #GP(0), and the registers are then unchanged.
func (m *MMU) LoadPDPTEs(cr3 uint64) (ok bool) {
	var p [4]uint64
	for i := range p {
		p[i] = m.Mem.Load((cr3&0xffffffe0+uint64(i)*8)&m.A20, 8)
		if p[i]&x86.PTE_P != 0 && p[i]&(^uint64(1<<m.PhysWidth-1)|0x1e6) != 0 {
			return false
		}
	}
	m.PDPTE = p
	return true
}

// Place is where a linear address leads.
type Place struct {
	Phys uint64
	// Off is the offset in the reservation of memory that is there; Read and Write tell
	// whether it may be read and written without the bus.
	Off         uint64
	Read, Write bool
}

// Translate gives the place of va for one access that stays in its page, sets A and D
// bits, and fills the first-level array.
func (m *MMU) Translate(va uint64, acc Access, user bool) (p Place, exc *x86.Exception) {
	va = m.Context.lay.canonical(va)
	page := va &^ (bus.PageSize - 1)
	r := result{phys: page & m.A20, write: true, exec: true, dirty: true}
	if m.Context.lay != &flat {
		if exc = m.walk(tables{m}, va, acc, user, &r); exc != nil {
			return Place{}, exc
		}
		m.record(va, &r)
	}
	p.Phys = r.phys | va&(bus.PageSize-1)
	off, read, write := m.Mem.Page(r.phys)
	p.Off, p.Read, p.Write = off|va&(bus.PageSize-1), read, write
	if read && (len(m.watched)+len(m.physical) == 0 || !m.watches(page, r.phys)) {
		m.install(page, &r, &p, user)
	}
	return p, nil
}

// record traces the tables that a walk went through.
func (m *MMU) record(va uint64, r *result) {
	c, l := m.Context, m.Context.lay
	for level := l.top; level >= r.last; level-- {
		base := l.base(va, level)
		if !c.leads(level, base, r.tables[level]) {
			m.follow(c, level, base, r.tables[level])
		}
	}
	if r.last > 1 { // the page itself stands for the table that a small one has
		if base := l.base(va, r.last-1); !c.leads(r.last-1, base, largePage) {
			c.lead(r.last-1, base, way{table: largePage})
		}
	}
}

// follow notes that the table of a level for the addresses from base on lies in a
// page, and traces that.
func (m *MMU) follow(c *Context, level int, base, table uint64) {
	w := way{table: table}
	if off, _, ok := m.Mem.Page(table & m.A20); ok {
		w.page = off>>bus.PageShift + 1
		m.trace(off>>bus.PageShift, use{ctx: c, id: c.id, base: base, level: uint8(level)})
	}
	c.lead(level, base, w)
}

// install puts a page into the array that serves a privilege.
func (m *MMU) install(page uint64, r *result, p *Place, user bool) {
	a := &m.Context.super
	if user {
		a = &m.Context.user
	}
	a.note(page)
	e := a.At(page)
	off := p.Off &^ (bus.PageSize - 1)
	*e = Entry{Read: page, Write: Invalid, Exec: Invalid, Addend: m.Mem.Host.At(off) - page}
	if p.Write && r.write && r.dirty {
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

type boundSlot struct {
	t  *TLB
	va uint64
}

// bound keeps at most limit entries: tests make tiny arrays of the large ones.
func (m *MMU) bound(t *TLB, page uint64) {
	m.boundQueue = append(m.boundQueue, boundSlot{t, page})
	if len(m.boundQueue) > m.limit {
		s := m.boundQueue[0]
		m.boundQueue = append(m.boundQueue[:0], m.boundQueue[1:]...)
		if s.t != t || s.va != page {
			*s.t.At(s.va) = empty
		}
	}
}
