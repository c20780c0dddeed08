package mmu

import "ringzero/bus"

// maxContexts bounds the memory that shadow contexts take: 260 KiB each.
const maxContexts = 64

// Context holds what is known of one address space.
type Context struct {
	key   key
	lay   *layout // of its mode
	id    uint64  // changes when the context is given to another address space
	epoch uint64  // marks up to this one are in its write tags
	used  uint64
	// regions says for each region where the walks led that came through it: the table
	// of a level for the addresses from a base on, or a large page. What is not here
	// has no pages in the arrays. seen holds the regions that were met last.
	regions map[region]way
	seen    [regionsSeen]struct {
		region
		way
	}
	// traced are the pages in whose uses it stands, or stood.
	traced []uint64
	// stale are regions whose table went out of the traces while the context was
	// idle: it is emptied of them when it is entered.
	stale []region
	// User serves CPL 3, Super the others and the processor's own accesses.
	User, Super *TLB
	user, super array
}

// region is what a table of a level maps from base on. In seen none has level 0.
type region struct {
	level uint8
	base  uint64
}

// way is where a region leads: to the table at a physical address, in a page of RAM
// (plus one, 0 for none), or to a large page.
type way struct {
	table uint64
	page  uint64
}

const (
	regionsSeen = 512 // a power of two
	largePage   = 1   // in place of a table's address
)

func (r region) slot() uint64 { return (r.base>>21 ^ r.base>>12 ^ uint64(r.level)<<6) % regionsSeen }

// leads tells whether a region is known to lead to a table.
func (c *Context) leads(level int, base, table uint64) bool {
	r := region{uint8(level), base}
	s := &c.seen[r.slot()]
	return s.region == r && s.table == table
}

// through tells whether a region is known to lead to a table in a page of RAM.
func (c *Context) through(r region, page uint64) bool {
	if s := &c.seen[r.slot()]; s.region == r {
		return s.page == page+1
	}
	return c.regions[r].page == page+1
}

// lead notes where a region leads.
func (c *Context) lead(level int, base uint64, w way) {
	r := region{uint8(level), base}
	c.regions[r] = w
	s := &c.seen[r.slot()]
	s.region, s.way = r, w
}

// lose forgets where a region led, and tells whether that was known.
func (c *Context) lose(r region) bool {
	if s := &c.seen[r.slot()]; s.region == r {
		s.region = region{}
	}
	_, ok := c.regions[r]
	delete(c.regions, r)
	return ok
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
		if m.Mode.layout() == &pae {
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
	} else {
		m.Stats.ShadowMisses++
		m.Context = m.context(k)
	}
	m.ContextChanged()
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
	for _, r := range c.stale {
		c.dropRange(r.base, 1<<c.lay.shift(int(r.level)+1))
	}
	c.stale = c.stale[:0]
}

// empty drops all pages, but not the traces of the tables.
func (c *Context) empty() {
	c.user.clear()
	c.super.clear()
	c.stale = c.stale[:0]
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
	c.id, c.used, c.key, c.lay, c.epoch = m.ids, m.clock, k, k.layout(), m.epoch
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
	clear(c.regions)
	clear(c.seen[:])
	c.empty()
	m.spare = append(m.spare, c)
}

// Flush drops everything in every context.
func (m *MMU) Flush() {
	for _, c := range m.contexts {
		m.forget(c)
	}
	m.boundQueue = m.boundQueue[:0]
	m.Context = m.context(m.key())
	m.ContextChanged()
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
