package cache

import (
	"math/bits"

	"ringzero/bus"
)

// codePage is what was translated from one page of RAM. It outlives its blocks
// where it was written often, for the sake of what it learnt.
type codePage struct {
	// lines are the blocks by the 64-byte lines that they lie in; nil while the
	// page has none, and then it carries no mark.
	lines [][]*Block
	mask  uint64 // lines that hold code
	count int    // blocks
	// hits counts invalidations: a page that is written again and again gets
	// short blocks for a while.
	hits int
	// ends are the offsets of instructions that a block shall end with, as they
	// had to leave it in the middle again and again.
	ends map[uint16]bool
}

const (
	lineShift = 6
	pageLines = bus.PageSize >> lineShift

	chunkShift = 9 // pages a chunk of pageMap
)

// pageMap holds the code pages by number of the RAM page.
type pageMap struct {
	chunks [][]*codePage
}

func newPageMap(pages uint64) pageMap {
	return pageMap{make([][]*codePage, pages>>chunkShift+1)}
}

func (m *pageMap) at(page uint64) *codePage {
	if chunk := m.chunks[page>>chunkShift]; chunk != nil {
		return chunk[page&(1<<chunkShift-1)]
	}
	return nil
}

// make gives the code page, a new one where there is none.
func (m *pageMap) make(page uint64) *codePage {
	chunk := &m.chunks[page>>chunkShift]
	if *chunk == nil {
		*chunk = make([]*codePage, 1<<chunkShift)
	}
	p := &(*chunk)[page&(1<<chunkShift-1)]
	if *p == nil {
		*p = &codePage{}
	}
	return *p
}

// each calls f for every block once.
func (m *pageMap) each(f func(b *Block)) {
	for n, chunk := range m.chunks {
		for i, p := range chunk {
			if p != nil {
				p.each(uint64(n)<<chunkShift+uint64(i), f)
			}
		}
	}
}

// each calls f for the blocks whose first span begins in the page.
func (p *codePage) each(page uint64, f func(b *Block)) {
	for n, line := range p.lines {
		for _, b := range line {
			if s := b.Spans[0]; s.Page == page && s.Lo>>lineShift == n {
				f(b)
			}
		}
	}
}

func lineMask(off, n int) uint64 {
	first, last := uint(off)>>lineShift, uint(off+n-1)>>lineShift
	return (^uint64(0) << first) & (^uint64(0) >> (63 - last))
}

// add enters a block at its pages and marks them.
func (c *Cache) add(b *Block) {
	for _, s := range b.Spans {
		p := c.pages.make(s.Page)
		if p.lines == nil {
			p.lines = make([][]*Block, pageLines)
		}
		m := lineMask(s.Lo, s.Hi-s.Lo)
		for ; m != 0; m &= m - 1 {
			n := bits.TrailingZeros64(m)
			p.lines[n] = append(p.lines[n], b)
			p.mask |= 1 << n
		}
		p.count++
		c.mem.SetMark(s.Page, bus.Code)
	}
}

// remove takes a block from its pages; a page without blocks loses its mark.
func (c *Cache) remove(b *Block) {
	for _, s := range b.Spans {
		p := c.pages.at(s.Page)
		for m := lineMask(s.Lo, s.Hi-s.Lo); m != 0; m &= m - 1 {
			n := bits.TrailingZeros64(m)
			if p.lines[n] = without(p.lines[n], b); len(p.lines[n]) == 0 {
				p.mask &^= 1 << n
			}
		}
		if p.count--; p.count == 0 {
			p.lines = nil
			c.mem.ClearMark(s.Page, bus.Code)
		}
	}
}

func without(list []*Block, b *Block) []*Block {
	for i, o := range list {
		if o == b {
			last := len(list) - 1
			list[i], list[last] = list[last], nil
			return list[:last]
		}
	}
	return list
}

// CodeAt tells whether translated code stands in a range of a RAM page.
func (c *Cache) CodeAt(page uint64, off, n int) bool {
	p := c.pages.at(page)
	if p == nil {
		return false
	}
	for m := p.mask & lineMask(off, n); m != 0; m &= m - 1 {
		for _, b := range p.lines[bits.TrailingZeros64(m)] { // a line is often shared with data
			if b.touches(page, off, n) {
				return true
			}
		}
	}
	return false
}

func (b *Block) touches(page uint64, off, n int) bool {
	for _, s := range b.Spans {
		if s.overlaps(page, off, n) {
			return true
		}
	}
	return false
}

// Written kills the blocks that a write touched and gives them; stays tells whether
// the page holds others, so that it keeps its mark.
func (c *Cache) Written(page uint64, off, n int) (died []*Block, stays bool) {
	p := c.pages.at(page)
	if p == nil {
		return nil, false
	}
	for m := p.mask & lineMask(off, n); m != 0; m &= m - 1 {
		for _, b := range p.lines[bits.TrailingZeros64(m)] {
			if b.touches(page, off, n) {
				died = append(died, b)
			}
		}
	}
	if len(died) > 0 {
		p.hits++
	}
	for _, b := range died { // one that lies in two of the lines stands there twice
		if !b.dead {
			c.kill(b)
			c.Stats.Invalidations++
		}
	}
	return died, p.count != 0
}

const (
	// A page that was written so often while it held code gets short blocks, for so
	// many writes on.
	oftenWritten   = 64
	writtenToDeath = 4096
	shortBlock     = 4
)

// Bound gives the greatest number of instructions for a new block at off in RAM, at
// most limit: what dies again and again is kept small.
func (c *Cache) Bound(off uint64, limit int) int {
	p := c.pages.at(off >> bus.PageShift)
	if p == nil || p.hits <= oftenWritten {
		return limit
	}
	if p.hits > writtenToDeath {
		p.hits = oftenWritten
	}
	return min(limit, shortBlock)
}

// EndsAt tells whether a block shall end with the instruction at off in RAM.
func (c *Cache) EndsAt(off uint64) bool {
	p := c.pages.at(off >> bus.PageShift)
	return p != nil && p.ends[uint16(off&(bus.PageSize-1))]
}

// Split has blocks end with the instruction that lies at off in RAM, as it touches a
// device or its own code each time: as the last of its block it need not run alone.
// Nothing shows of where blocks end.
func (c *Cache) Split(off uint64, length int) {
	page, at := off>>bus.PageShift, int(off&(bus.PageSize-1))
	p := c.pages.at(page)
	if p == nil || p.lines == nil || at+length >= bus.PageSize {
		return
	}
	if p.ends == nil {
		p.ends = map[uint16]bool{}
	}
	p.ends[uint16(at)] = true
	var cut []*Block
	for _, b := range p.lines[at>>lineShift] {
		if s := b.Spans[0]; s.Page == page && s.Lo <= at && at+length < s.Hi {
			cut = append(cut, b)
		}
	}
	for _, b := range cut {
		c.kill(b)
	}
	c.Stats.Splits++
}
