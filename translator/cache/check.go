package cache

import (
	"fmt"

	"ringzero/bus"
)

// Check looks whether blocks, pages, marks, bytes and links agree with each other;
// marks gives those of a RAM page. It is for tests.
func (c *Cache) Check(marks func(page uint64) bus.Mark, pages uint64) error {
	live := map[*Block]bool{}
	var bytes int64
	for k, first := range c.blocks {
		n := 0
		for b := first; b != nil; b = b.next {
			n++
			switch {
			case b.dead || !b.cached:
				return fmt.Errorf("block %x/%x: dead %v, cached %v, but has a key", b.Off, b.Mode, b.dead, b.cached)
			case b.Off != k.Off || b.Mode != k.Mode || live[b]:
				return fmt.Errorf("block %x/%x stands at key %x/%x, twice: %v", b.Off, b.Mode, k.Off, k.Mode, live[b])
			case n > most:
				return fmt.Errorf("more than %d blocks of key %x/%x", most, k.Off, k.Mode)
			case len(b.Spans) == 0:
				return fmt.Errorf("block %x/%x has no spans", b.Off, b.Mode)
			}
			live[b] = true
			bytes += b.Cost
		}
	}
	if bytes != c.bytes {
		return fmt.Errorf("%d bytes are accounted for %d", c.bytes, bytes)
	}
	if err := c.checkPages(live, marks, pages); err != nil {
		return err
	}
	for b := range live {
		if err := b.checkLinks(live); err != nil {
			return err
		}
	}
	for h, b := range c.jump {
		if b != nil && (!live[b] || hash(b.Key) != uint64(h)) {
			return fmt.Errorf("block %x/%x in the jump cache: live %v", b.Off, b.Mode, live[b])
		}
	}
	return nil
}

func (c *Cache) checkPages(live map[*Block]bool, marks func(page uint64) bus.Mark, pages uint64) error {
	seen := map[*Block]bool{}
	c.pages.each(func(b *Block) { seen[b] = true })
	if len(seen) != len(live) {
		return fmt.Errorf("%d blocks have keys, %d stand at their pages", len(live), len(seen))
	}
	counts := map[uint64]int{}
	for b := range live {
		covered := 0
		for _, s := range b.Spans {
			counts[s.Page]++
			covered += s.Hi - s.Lo
			p := c.pages.at(s.Page)
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
	for page := range pages {
		n := 0
		if p := c.pages.at(page); p != nil {
			n = p.count
		}
		marked := marks(page)&bus.Code != 0
		if n != counts[page] || marked != (n != 0) {
			return fmt.Errorf("page %x: %d blocks, counted %d, marked %v", page, counts[page], n, marked)
		}
	}
	return nil
}

func contains(list []*Block, b *Block) bool {
	for _, o := range list {
		if o == b {
			return true
		}
	}
	return false
}

func (b *Block) checkLinks(live map[*Block]bool) error {
	for i, to := range b.links {
		exit := uint8(i)
		there, near := b.Code.Leads(exit)
		if to == nil {
			if there != nil {
				return fmt.Errorf("code of %x/%x leads on by exit %d, which has no link", b.Off, b.Mode, i)
			}
			continue
		}
		n := 0
		for _, r := range to.from {
			if r == (ref{b, exit}) {
				n++
			}
		}
		if !live[to] || to.Straddle || n != 1 || b.Mode != to.Mode {
			return fmt.Errorf("link %d of %x/%x leads to %x/%x: live %v, straddling %v, known there %d times",
				i, b.Off, b.Mode, to.Off, to.Mode, live[to], to.Straddle, n)
		}
		if there != to.Code || near != b.near(exit, to) {
			return fmt.Errorf("code of %x leads elsewhere by exit %d than to %x, near %v", b.Off, i, to.Off, near)
		}
	}
	for _, r := range b.from {
		if !live[r.block] || r.block.links[r.exit] != b {
			return fmt.Errorf("block %x/%x is told of a link that is none, from %x", b.Off, b.Mode, r.block.Off)
		}
	}
	return nil
}
