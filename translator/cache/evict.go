package cache

import (
	"cmp"
	"slices"
)

// Evict makes room: it drops half of what is cached, the blocks that were left
// alone for the longest time. Blocks of one instruction go first.
func (c *Cache) Evict() {
	c.Stats.Evictions++
	keep := c.bytes / 2
	var all []*Block
	c.pages.each(func(b *Block) { all = append(all, b) })
	slices.SortFunc(all, func(a, b *Block) int {
		return cmp.Or(-order(a.Alone, b.Alone), cmp.Compare(a.Code.Entered(), b.Code.Entered()))
	})
	for _, b := range all {
		if c.bytes <= keep {
			break
		}
		c.kill(b)
	}
}

// Recent gives the blocks that were entered last, at most n, the latest first.
func (c *Cache) Recent(n int) []*Block {
	var all []*Block
	c.pages.each(func(b *Block) { all = append(all, b) })
	slices.SortFunc(all, func(a, b *Block) int {
		// Of two entries at one step the instruction alone came after the block
		// that gave way to it.
		return cmp.Or(-cmp.Compare(a.Code.Entered(), b.Code.Entered()), -order(a.Alone, b.Alone),
			cmp.Compare(a.Off, b.Off), cmp.Compare(a.Mode, b.Mode))
	})
	return all[:min(n, len(all))]
}

// order has false before true.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
