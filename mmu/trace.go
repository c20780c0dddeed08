package mmu

import "ringzero/bus"

// use says that a table page is part of a context: at a level, from base on.
type use struct {
	ctx   *Context
	id    uint64
	base  uint64
	level uint8
	// idle counts writes while another context was in force.
	idle uint8
}

// idleWrites is how often a table of an idle context may be written before it is
// no longer followed: its process has ended, and the table is data by now.
const idleWrites = 32

// trace records that a table page is in use, and marks it.
func (m *MMU) trace(page uint64, u use) {
	for i := range m.uses[page] {
		if o := &m.uses[page][i]; o.ctx == u.ctx && o.id == u.id && o.base == u.base && o.level == u.level {
			o.idle = 0
			return
		}
	}
	m.uses[page] = append(m.uses[page], u)
	u.ctx.traced = append(u.ctx.traced, page)
	m.Mem.SetMark(page, bus.Table)
}

// untrace ends the use of a page by a context.
func (m *MMU) untrace(page uint64, c *Context) {
	us, ok := m.uses[page]
	if !ok {
		return
	}
	kept := us[:0]
	for _, u := range us {
		if u.ctx != c {
			kept = append(kept, u)
		}
	}
	m.keep(page, kept)
}

// keep puts the uses of a page in place and tells whether there are any.
func (m *MMU) keep(page uint64, us []use) bool {
	if len(us) == 0 {
		delete(m.uses, page)
		m.Mem.ClearMark(page, bus.Table)
		return false
	}
	m.uses[page] = us
	return true
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
	var ended []*Context
	for _, u := range us {
		c := u.ctx
		if c.id != u.id || !c.through(region{u.level, u.base}, page) {
			continue // another address space, or the entry above leads elsewhere by now
		}
		if c != m.Context {
			if u.idle++; u.idle > idleWrites {
				if r := (region{u.level, u.base}); u.level == 1 {
					c.lose(r)
					c.stale = append(c.stale, r)
				} else {
					ended = append(ended, c)
				}
				continue
			}
		}
		kept = append(kept, u)
		m.entriesWritten(&u, offset, length)
	}
	if len(kept) == len(us) && len(kept) > 0 { // the common case
		return true
	}
	kept = kept[:len(kept):len(kept)]
	stays := m.keep(page, kept)
	for _, c := range ended {
		if c.id != 0 { // the page may be its directory more than once
			m.forget(c)
		}
		_, stays = m.uses[page]
	}
	return stays
}

// entriesWritten drops what came from a range of a table.
func (m *MMU) entriesWritten(u *use, offset, length int) {
	c, level := u.ctx, int(u.level)
	l := c.lay
	first, last := uint64(offset>>l.log), uint64((offset+length-1)>>l.log)
	span := uint64(1) << l.shift(level)
	for i := first; i <= last; i++ {
		at := l.canonical(u.base + i*span)
		if level == 1 {
			c.drop(at)
		} else if c.lose(region{uint8(level - 1), at}) {
			c.dropRange(at, span)
		}
	}
	// The page of the code that runs: a link within it holds no longer, whether
	// or not the arrays still had it.
	if c != m.Context || m.Running == nil {
		return
	}
	if va := m.Running(); va-l.canonical(u.base+first*span) < (last-first+1)*span {
		m.CodeMoved()
	}
}

// Maps tells whether a range of a table page holds an entry that the present
// context translates va by: a write there takes effect on the next fetch of
// code at va.
func (m *MMU) Maps(page uint64, offset, length int, va uint64) bool {
	l := m.Context.lay
	for level := l.top; level > 0; level-- {
		at := int(l.index(va, level)) * l.entry
		if offset < at+l.entry && at < offset+length &&
			m.Context.through(region{uint8(level), l.base(va, level)}, page) {
			return true
		}
	}
	return false
}
