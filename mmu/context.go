package mmu

import "ringzero/bus"

// maxContexts bounds the memory that shadow contexts take: 260 KiB each.
const maxContexts = 64

// Context holds what is known of one address space.
type Context struct {
	key   key
	id    uint64 // changes when the context is given to another address space
	epoch uint64 // marks up to this one are in its write tags
	used  uint64
	// tables is the RAM page (plus one) of the page table that each PDE led to,
	// so that a table's use is recorded once.
	tables [2048]uint32
	root   [4]uint32
	// filled tells the regions of a directory entry that the arrays may hold
	// pages of: the others need no search when their entry is written.
	filled [2048]bool
	// traced are the pages in whose uses it stands, or stood.
	traced []uint64
	// stale are regions whose table went out of the traces while the context was
	// idle: it is emptied of them when it is entered.
	stale []uint64
	// User serves CPL 3, Super the others and the processor's own accesses.
	User, Super *TLB
	user, super array
}

// key names an address space.
type key struct {
	Mode
	pdpte [4]uint64
	a20   bool
}

// key is that of the address space in force.
func (m *MMU) key() key {
	k := key{a20: m.A20 != ^uint64(0)}
	if m.Mode.paging() {
		k.Mode = m.Mode
		if m.Mode.pae() {
			k.pdpte = m.PDPTE
		}
	}
	return k
}

// Switch makes Mode (and PDPTE) the address space in force: the context that
// was built for it before, or an empty one.
func (m *MMU) Switch() {
	m.Stats.ShadowSwitches++
	m.clock++
	m.Context.used = m.clock
	k := m.key()
	if c := m.contexts[k]; c != nil {
		m.enter(c)
		return
	}
	m.Stats.ShadowMisses++
	m.Context = m.context(k)
}

func (m *MMU) enter(c *Context) {
	m.Context = c
	m.catchUp(c)
	if len(c.stale) == 0 {
		return
	}
	if len(c.stale) > 4 {
		c.empty()
	}
	for _, base := range c.stale {
		c.dropRange(base, c.span())
	}
	c.stale = c.stale[:0]
}

// empty drops all pages, but not the traces of the tables.
func (c *Context) empty() {
	c.user.clear()
	c.super.clear()
	clear(c.filled[:])
	c.stale = c.stale[:0]
}

// span is what a directory entry maps, in bytes.
func (c *Context) span() uint64 {
	if c.key.pae() {
		return 2 << 20
	}
	return 4 << 20
}

// context makes an empty context for an address space, in place of the longest
// unused one where there are too many.
func (m *MMU) context(k key) *Context {
	if len(m.contexts) >= maxContexts {
		var oldest *Context
		for _, o := range m.contexts {
			if oldest == nil || o.used < oldest.used {
				oldest = o
			}
		}
		m.forget(oldest)
	}
	var c *Context
	if n := len(m.spare); n > 0 {
		c, m.spare = m.spare[n-1], m.spare[:n-1]
	} else {
		c = newContext()
	}
	m.ids++
	c.id, c.used, c.key, c.epoch = m.ids, m.clock, k, m.epoch
	m.contexts[k] = c
	return c
}

// forget takes a context out of the traces, and empties it for another use.
func (m *MMU) forget(c *Context) {
	for _, page := range c.traced {
		m.untrace(page, c)
	}
	delete(m.contexts, c.key)
	c.id = 0
	c.traced = c.traced[:0]
	clear(c.tables[:])
	clear(c.root[:])
	c.empty()
	m.spare = append(m.spare, c)
}

// Flush drops everything in every context.
func (m *MMU) Flush() {
	for _, c := range m.contexts {
		m.forget(c)
	}
	m.filled = m.filled[:0]
	m.Context = m.context(m.key())
}

// Invalidate drops one page of the present context (INVLPG). The arrays are
// coherent with the tables, so this is for large pages' sake only.
func (m *MMU) Invalidate(va uint64) { m.Context.drop(va) }

// drop forgets the page of va.
func (c *Context) drop(va uint64) {
	page := va &^ (bus.PageSize - 1)
	for _, t := range [2]*TLB{c.User, c.Super} {
		e := t.At(page)
		if e.Read == page || e.Write&^Marked == page || e.Exec == page {
			*e = empty
		}
	}
}

func (c *Context) dropRange(base, span uint64) {
	for _, t := range [2]*TLB{c.User, c.Super} {
		for i := range t {
			e := &t[i]
			if e.Read != Invalid && e.Read-base < span || e.Exec != Invalid && e.Exec-base < span ||
				e.Write != Invalid && e.Write-base < span {
				*e = empty
			}
		}
	}
}
