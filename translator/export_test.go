package translator

import (
	"fmt"

	"ringzero/bus"
	"ringzero/mmu"
	"ringzero/translator/ir"
)

// CheckInvariants looks through the cache for what ARCHITECTURE says of it:
// blocks, pages, marks, bytes and links agree with each other, and no plain
// write tag stands for a page with a mark.
func (e *Engine) CheckInvariants() error {
	live := map[*ir.Block]bool{}
	var bytes int64
	for k, first := range e.blocks {
		n := 0
		for b := first; b != nil; b = b.Next {
			n++
			switch {
			case b.Dead || !b.Cached:
				return fmt.Errorf("block %x/%x: dead %v, cached %v, but has a key", b.Off, b.Mode, b.Dead, b.Cached)
			case b.Off != k.off || b.Mode != k.mode || live[b]:
				return fmt.Errorf("block %x/%x stands at key %x/%x, twice: %v", b.Off, b.Mode, k.off, k.mode, live[b])
			case n > most:
				return fmt.Errorf("more than %d blocks of key %x/%x", most, k.off, k.mode)
			case len(b.Spans) == 0:
				return fmt.Errorf("block %x/%x has no spans", b.Off, b.Mode)
			}
			live[b] = true
			bytes += size(b)
		}
	}
	if bytes != e.bytes {
		return fmt.Errorf("%d bytes are accounted for %d", e.bytes, bytes)
	}
	if err := e.checkPages(live); err != nil {
		return err
	}
	for b := range live {
		if err := e.checkLinks(b, live); err != nil {
			return err
		}
	}
	for h, b := range e.jump {
		if b != nil && (!live[b] || hash(b.Off, b.Mode) != uint64(h)) {
			return fmt.Errorf("block %x/%x in the jump cache: live %v", b.Off, b.Mode, live[b])
		}
	}
	return e.checkTags()
}

func (e *Engine) checkPages(live map[*ir.Block]bool) error {
	seen := map[*ir.Block]bool{}
	e.pages.each(func(b *ir.Block) { seen[b] = true })
	if len(seen) != len(live) {
		return fmt.Errorf("%d blocks have keys, %d stand at their pages", len(live), len(seen))
	}
	counts := map[uint64]int{}
	for b := range live {
		covered := 0
		for _, s := range b.Spans {
			counts[s.Page]++
			covered += s.Hi - s.Lo
			p := e.pages.at(s.Page)
			for n := s.Lo >> lineShift; n <= (s.Hi-1)>>lineShift; n++ {
				if p == nil || p.lines == nil || p.mask>>n&1 == 0 || !contains(p.lines[n], b) {
					return fmt.Errorf("block %x/%x is not at line %d of page %x", b.Off, b.Mode, n, s.Page)
				}
			}
		}
		if covered != int(b.Bytes) {
			return fmt.Errorf("block %x/%x: %d of %d bytes in its spans", b.Off, b.Mode, covered, b.Bytes)
		}
	}
	for page := range e.CPU.Mem.Size() >> bus.PageShift {
		n := 0
		if p := e.pages.at(page); p != nil {
			n = p.count
		}
		marked := e.CPU.Mem.Marks(page)&bus.Code != 0
		if n != counts[page] || marked != (n != 0) {
			return fmt.Errorf("page %x: %d blocks, counted %d, marked %v", page, counts[page], n, marked)
		}
	}
	return nil
}

func contains(list []*ir.Block, b *ir.Block) bool {
	for _, o := range list {
		if o == b {
			return true
		}
	}
	return false
}

func (e *Engine) checkLinks(b *ir.Block, live map[*ir.Block]bool) error {
	for i := range uint8(2) {
		for _, to := range []*ir.Block{b.Link[i], b.Far[i]} {
			if to == nil {
				continue
			}
			n := 0
			for _, r := range to.From {
				if r == (ir.Ref{Block: b, Exit: i}) {
					n++
				}
			}
			if !live[to] || to.Straddle || n == 0 || b.Mode != to.Mode {
				return fmt.Errorf("link %d of %x/%x leads to %x/%x: live %v, straddling %v, known there %d times",
					i, b.Off, b.Mode, to.Off, to.Mode, live[to], to.Straddle, n)
			}
		}
		if to := b.Link[i]; to != nil && (!b.Near[i] || to.Off>>bus.PageShift != b.Off>>bus.PageShift) {
			return fmt.Errorf("near link %d of %x leads to %x", i, b.Off, to.Off)
		}
	}
	for _, r := range b.From {
		if !live[r.Block] || r.Block.Link[r.Exit] != b && r.Block.Far[r.Exit] != b {
			return fmt.Errorf("block %x/%x is told of a link that is none, from %x", b.Off, b.Mode, r.Block.Off)
		}
	}
	return nil
}

// checkTags: mark against tag, in the address space in force.
func (e *Engine) checkTags() error {
	for _, t := range []*mmu.TLB{e.CPU.MMU.Context.User, e.CPU.MMU.Context.Super} {
		for i := range t {
			if w := &t[i]; w.Write&(mmu.Invalid|mmu.Marked) == 0 {
				if page := (w.Addend + w.Write) >> bus.PageShift; e.CPU.Mem.Marks(page) != 0 {
					return fmt.Errorf("linear page %x has a plain write tag, but RAM page %x is marked", w.Write, page)
				}
			}
		}
	}
	return nil
}
