package cache

import "ringzero/bus"

// Link connects an exit to the block that follows it. A link within the linear page
// is followed without a look: it holds as long as the page leads to where it led,
// and what may change that leaves (see docs/ARCHITECTURE.md). The others are
// followed only after a look at the page they lead to.
func Link(from *Block, exit uint8, to *Block) {
	if !from.cached || !to.cached || to.Straddle || from.Mode != to.Mode {
		return
	}
	from.cut(exit)
	from.links[exit] = to
	to.from = append(to.from, ref{from, exit})
	from.Code.Link(exit, from.near(exit, to), to.Code)
}

// near tells whether a link to a block is one within the page.
func (b *Block) near(exit uint8, to *Block) bool {
	return b.Near[exit] && b.Off>>bus.PageShift == to.Off>>bus.PageShift
}

// cut undoes the link of an exit.
func (b *Block) cut(exit uint8) {
	to := b.links[exit]
	if to == nil {
		return
	}
	b.links[exit] = nil
	b.Code.Cut(exit)
	for i, r := range to.from {
		if r.block == b && r.exit == exit {
			last := len(to.from) - 1
			to.from[i] = to.from[last]
			to.from = to.from[:last]
			return
		}
	}
}
