package translator

import (
	"math/bits"

	"ringzero/bus"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// codePage is what was translated from one page of RAM. It outlives its blocks
// where it was written often, for the sake of what it learnt.
type codePage struct {
	// lines are the blocks by the 64-byte lines that they lie in; nil while the
	// page has none, and then it carries no mark.
	lines [][]*ir.Block
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
	if c := m.chunks[page>>chunkShift]; c != nil {
		return c[page&(1<<chunkShift-1)]
	}
	return nil
}

// make gives the code page, a new one where there is none.
func (m *pageMap) make(page uint64) *codePage {
	c := &m.chunks[page>>chunkShift]
	if *c == nil {
		*c = make([]*codePage, 1<<chunkShift)
	}
	p := &(*c)[page&(1<<chunkShift-1)]
	if *p == nil {
		*p = &codePage{}
	}
	return *p
}

// each calls f for every block once.
func (m *pageMap) each(f func(b *ir.Block)) {
	for n, chunk := range m.chunks {
		for i, p := range chunk {
			if p != nil {
				p.each(uint64(n)<<chunkShift+uint64(i), f)
			}
		}
	}
}

// each calls f for the blocks whose first span begins in the page.
func (p *codePage) each(page uint64, f func(b *ir.Block)) {
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
func (e *Engine) add(b *ir.Block) {
	for _, s := range b.Spans {
		p := e.pages.make(s.Page)
		if p.lines == nil {
			p.lines = make([][]*ir.Block, pageLines)
		}
		m := lineMask(s.Lo, s.Hi-s.Lo)
		for ; m != 0; m &= m - 1 {
			n := bits.TrailingZeros64(m)
			p.lines[n] = append(p.lines[n], b)
			p.mask |= 1 << n
		}
		p.count++
		e.CPU.Mem.SetMark(s.Page, bus.Code)
	}
}

// remove takes a block from its pages; a page without blocks loses its mark.
func (e *Engine) remove(b *ir.Block) {
	for _, s := range b.Spans {
		p := e.pages.at(s.Page)
		for m := lineMask(s.Lo, s.Hi-s.Lo); m != 0; m &= m - 1 {
			n := bits.TrailingZeros64(m)
			if p.lines[n] = without(p.lines[n], b); len(p.lines[n]) == 0 {
				p.mask &^= 1 << n
			}
		}
		if p.count--; p.count == 0 {
			p.lines = nil
			e.CPU.Mem.ClearMark(s.Page, bus.Code)
		}
	}
}

func without(list []*ir.Block, b *ir.Block) []*ir.Block {
	for i, o := range list {
		if o == b {
			last := len(list) - 1
			list[i], list[last] = list[last], nil
			return list[:last]
		}
	}
	return list
}

// codeAt tells whether translated code stands in a range of a RAM page.
func (e *Engine) codeAt(page uint64, off, n int) bool {
	p := e.pages.at(page)
	if p == nil {
		return false
	}
	for m := p.mask & lineMask(off, n); m != 0; m &= m - 1 {
		for _, b := range p.lines[bits.TrailingZeros64(m)] { // a line is often shared with data
			for _, s := range b.Spans {
				if s.Overlaps(page, off, n) {
					return true
				}
			}
		}
	}
	return false
}

// written owns bus.Code: blocks that a write touched die.
func (e *Engine) written(page uint64, off, n int) bool {
	p := e.pages.at(page)
	if p == nil {
		return false
	}
	if p.mask&lineMask(off, n) == 0 {
		return p.count != 0
	}
	var dead []*ir.Block
	for m := p.mask & lineMask(off, n); m != 0; m &= m - 1 {
		for _, b := range p.lines[bits.TrailingZeros64(m)] {
			for _, s := range b.Spans {
				if s.Overlaps(page, off, n) {
					dead = append(dead, b)
					break
				}
			}
		}
	}
	if len(dead) == 0 {
		return true
	}
	p.hits++
	c := e.CPU
	now := (c.Seg[x86.CS].Base + c.EIP) & 0xfff
	for _, b := range dead { // one that lies in two of the lines stands there twice
		if b.Dead {
			continue
		}
		if b.Off&0xfff == now {
			c.Leave() // a REP that writes over itself is fetched anew
		}
		e.kill(b)
		e.Stats.Invalidations++
	}
	return p.count != 0
}

// splitAfter is how often an instruction may leave its block in the middle to
// run alone before its block is cut behind it.
const splitAfter = 4

// split has blocks end with the instruction that lies at off in RAM, as it
// touches a device or its own code each time: as the last of its block it need
// not run alone. Nothing shows of where blocks end.
func (e *Engine) split(off uint64, length int) {
	page, at := off>>bus.PageShift, int(off&(bus.PageSize-1))
	p := e.pages.at(page)
	if p == nil || p.lines == nil || at+length >= bus.PageSize {
		return
	}
	if p.ends == nil {
		p.ends = map[uint16]bool{}
	}
	p.ends[uint16(at)] = true
	var cut []*ir.Block
	for _, b := range p.lines[at>>lineShift] {
		if s := b.Spans[0]; s.Page == page && s.Lo <= at && at+length < s.Hi {
			cut = append(cut, b)
		}
	}
	for _, b := range cut {
		e.kill(b)
	}
	e.Stats.Splits++
}
