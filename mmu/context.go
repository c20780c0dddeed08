package mmu

import "ringzero/bus"

// TLBSize is the number of entries of a first-level array.
const TLBSize = 4096

// Invalid is a tag that no page address equals.
const Invalid = 1

// Entry is one page of a first-level array. A tag is the page's linear address
// where that access may go straight to host memory, else Invalid: absent,
// device memory, a marked page, not yet dirty, no permission. Addend plus the
// linear address is the offset in the reservation.
type Entry struct {
	Read, Write, Exec uint64
	Addend            uint64
}

// TLB is a first-level array, indexed by the low bits of the page number.
type TLB [TLBSize]Entry

// At is the slot of a linear address.
func (t *TLB) At(va uint64) *Entry { return &t[va>>bus.PageShift%TLBSize] }

func (t *TLB) clear() {
	for i := range t {
		t[i] = Entry{Invalid, Invalid, Invalid, 0}
	}
}

// maxContexts bounds the memory that shadow contexts take: 260 KiB each.
const maxContexts = 24

// Context holds what is known of one address space.
type Context struct {
	mode  Mode
	pdpte [4]uint64
	id    uint64 // changes when the context is given to another address space
	epoch uint64
	used  uint64
	// idle counts writes to its tables while another context is in force.
	idle int
	// tables is the RAM page (plus one) of the page table that each PDE led to,
	// so that a table's use is recorded once.
	tables [2048]uint32
	root   [4]uint32
	// filled tells the regions of a directory entry that the arrays may hold
	// pages of: the others need no search when their entry is written.
	filled [2048]bool
	// User serves CPL 3, Super the others and the processor's own accesses.
	User, Super TLB
}

// use says that a table page is part of a context: it maps span bytes from base.
type use struct {
	ctx  *Context
	id   uint64
	base uint32
	dir  bool
}

type filledSlot struct {
	t  *TLB
	va uint64
}

// Switch makes Mode (and PDPTE) the address space in force: the context that
// was built for it before, or an empty one.
func (m *MMU) Switch() {
	m.Stats.ShadowSwitches++
	key := m.Mode
	if !key.paging() {
		key = Mode{}
	}
	m.clock++
	m.Context.used = m.clock
	for _, c := range m.contexts {
		if c.mode == key && (!key.pae() || c.pdpte == m.PDPTE) {
			m.enter(c)
			return
		}
	}
	m.Stats.ShadowMisses++
	m.Context = m.context()
}

func (m *MMU) enter(c *Context) {
	m.Context = c
	c.idle = 0
	if c.epoch != m.epoch {
		c.epoch = m.epoch
		for _, t := range []*TLB{&c.User, &c.Super} {
			for i := range t {
				t[i].Write = Invalid
			}
		}
	}
}

// context makes an empty context for the present mode, in place of the longest
// unused one where there are too many.
func (m *MMU) context() *Context {
	key := m.Mode
	if !key.paging() {
		key = Mode{}
	}
	var c *Context
	if len(m.contexts) < maxContexts {
		if c, m.spare = m.spare, nil; c == nil {
			c = &Context{}
		}
		m.contexts = append(m.contexts, c)
	} else {
		c = m.contexts[0]
		for _, o := range m.contexts {
			if o.used < c.used {
				c = o
			}
		}
		m.retire(c)
	}
	m.ids++
	c.id, c.used, c.idle = m.ids, m.clock, 0
	clear(c.tables[:])
	clear(c.root[:])
	clear(c.filled[:])
	c.mode, c.pdpte, c.epoch = key, m.PDPTE, m.epoch
	c.User.clear()
	c.Super.clear()
	return c
}

// idleWrites is how often the tables of an idle context may be written before it
// is forgotten: its process has ended, and the tables are data by now.
const idleWrites = 32

// forget drops an idle context.
func (m *MMU) forget(c *Context) {
	m.retire(c)
	for i, o := range m.contexts {
		if o == c {
			m.contexts = append(m.contexts[:i], m.contexts[i+1:]...)
			m.spare = c
			return
		}
	}
}

// Flush drops everything in every context.
func (m *MMU) Flush() {
	for _, c := range m.contexts {
		m.retire(c)
	}
	m.contexts = m.contexts[:0]
	m.filled = m.filled[:0]
	m.Context = m.context()
}

// retire takes a context's tables out of the traces.
func (m *MMU) retire(c *Context) {
	c.id = 0
	for page, us := range m.uses {
		kept := us[:0]
		for _, u := range us {
			if u.ctx != c {
				kept = append(kept, u)
			}
		}
		if m.uses[page] = kept; len(kept) == 0 {
			delete(m.uses, page)
			m.Mem.ClearMark(page, bus.Table)
		}
	}
}

// Invalidate drops one page of the present context (INVLPG). The arrays are
// coherent with the tables, so this is for large pages' sake only.
func (m *MMU) Invalidate(va uint64) { m.Context.drop(va) }

// drop forgets the page of va and tells whether code was there.
func (c *Context) drop(va uint64) (code bool) {
	page := va &^ (bus.PageSize - 1)
	for _, t := range [2]*TLB{&c.User, &c.Super} {
		e := t.At(page)
		if e.Read == page || e.Write == page || e.Exec == page {
			code = code || e.Exec == page
			*e = Entry{Invalid, Invalid, Invalid, 0}
		}
	}
	return code
}

func (c *Context) dropRange(base, span uint64) (code bool) {
	for _, t := range [2]*TLB{&c.User, &c.Super} {
		for i := range t {
			e := &t[i]
			if e.Read != Invalid && e.Read-base < span || e.Exec != Invalid && e.Exec-base < span ||
				e.Write != Invalid && e.Write-base < span {
				code = code || e.Exec != Invalid
				*e = Entry{Invalid, Invalid, Invalid, 0}
			}
		}
	}
	return code
}

// trace records that a table page is in use, and marks it.
func (m *MMU) trace(page uint64, u use) {
	for _, o := range m.uses[page] {
		if o == u {
			return
		}
	}
	m.uses[page] = append(m.uses[page], u)
	m.Mem.SetMark(page, bus.Table)
}

// tableWritten owns bus.Table: a guest write to a table in use drops what came
// from the entries it touched.
func (m *MMU) tableWritten(page uint64, offset, length int) bool {
	if m.walking {
		return true
	}
	m.Stats.TableWrites++
	us := m.uses[page]
	kept := us[:0]
	code := false
	var gone []*Context // more than one may have come to the bound by now
	for _, u := range us {
		c := u.ctx
		if c.id != u.id {
			continue
		}
		size, leaf, dirs := 4, uint64(bus.PageSize), uint64(4<<20)
		if c.mode.pae() {
			size, dirs = 8, 2<<20
		}
		if !u.dir && c.tables[uint64(u.base)/dirs] != uint32(page+1) {
			continue // the directory entry leads elsewhere by now
		}
		if c != m.Context {
			if c.idle++; c.idle > idleWrites {
				gone = append(gone, c)
				continue
			}
		}
		kept = append(kept, u)
		for i := offset / size; i <= (offset+length-1)/size; i++ {
			if u.dir {
				at := uint64(u.base) + uint64(i)*dirs
				c.tables[at/dirs] = 0
				if c.filled[at/dirs] {
					c.filled[at/dirs] = false
					code = c.dropRange(at, dirs) && c == m.Context || code
				}
			} else {
				code = c.drop(uint64(u.base)+uint64(i)*leaf) && c == m.Context || code
			}
		}
	}
	if code && m.CodeDropped != nil {
		m.CodeDropped()
	}
	m.uses[page] = kept
	for _, c := range gone {
		m.forget(c)
		kept = m.uses[page]
	}
	if len(kept) == 0 {
		delete(m.uses, page)
		return false
	}
	return true
}

// Maps tells whether a range of a table page holds an entry that the present
// context translates va by: a write there takes effect on the next fetch of
// code at va.
func (m *MMU) Maps(page uint64, offset, length int, va uint64) bool {
	c, name := m.Context, uint32(page+1)
	size, shift, bits := 4, 22, uint64(1023)
	root := c.root[0]
	if m.Mode.pae() {
		size, shift, bits = 8, 21, 511
		root = c.root[va>>30&3]
	}
	touches := func(entry uint64) bool {
		at := int(entry&bits) * size
		return offset < at+size && at < offset+length
	}
	return root == name && touches(va>>shift) || c.tables[va>>shift] == name && touches(va>>bus.PageShift)
}

// marked drops the write tags of a page that got a mark.
func (m *MMU) marked(page uint64) {
	if !m.writable[page] {
		return
	}
	m.writable[page] = false
	m.epoch++
	c := m.Context
	c.epoch = m.epoch
	for _, t := range [2]*TLB{&c.User, &c.Super} {
		for i := range t {
			if e := &t[i]; e.Write != Invalid && (e.Addend+e.Write)>>bus.PageShift == page {
				e.Write = Invalid
			}
		}
	}
}
