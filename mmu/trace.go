package mmu

import "ringzero/bus"

// use says that a table page is part of a context: it maps from base on.
type use struct {
	ctx  *Context
	id   uint64
	base uint32
	dir  bool
	// idle counts writes while another context was in force.
	idle uint8
}

// idleWrites is how often a table of an idle context may be written before it is
// no longer followed: its process has ended, and the table is data by now.
const idleWrites = 32

// trace records that a table page is in use, and marks it.
func (m *MMU) trace(page uint64, u use) {
	for i := range m.uses[page] {
		if o := &m.uses[page][i]; o.ctx == u.ctx && o.id == u.id && o.base == u.base && o.dir == u.dir {
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
		span := c.span()
		if c.id != u.id || !u.dir && c.tables[uint64(u.base)/span] != uint32(page+1) {
			continue // another address space, or the directory entry leads elsewhere by now
		}
		if c != m.Context {
			if u.idle++; u.idle > idleWrites {
				if u.dir {
					ended = append(ended, c)
				} else {
					c.tables[uint64(u.base)/span] = 0
					c.stale = append(c.stale, uint64(u.base))
				}
				continue
			}
		}
		kept = append(kept, u)
		m.entriesWritten(&u, offset, length)
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
	c := u.ctx
	size, span := 4, uint64(bus.PageSize)
	if c.key.pae() {
		size = 8
	}
	if u.dir {
		span = c.span()
	}
	first, last := uint64(offset/size), uint64((offset+length-1)/size)
	for i := first; i <= last; i++ {
		at := uint64(u.base) + i*span
		if !u.dir {
			c.drop(at)
			continue
		}
		c.tables[at/span] = 0
		if c.filled[at/span] {
			c.filled[at/span] = false
			c.dropRange(at, span)
		}
	}
	// The page of the code that runs: a link within it holds no longer, whether
	// or not the arrays still had it.
	if c != m.Context || m.Running == nil {
		return
	}
	if va := m.Running(); va-uint64(u.base)-first*span < (last-first+1)*span {
		m.CodeMoved()
	}
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
