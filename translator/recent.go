package translator

import (
	"cmp"
	"slices"

	"ringzero/cpu"
	"ringzero/translator/ir"
)

// Recent gives the blocks that were entered last, at most n, the latest first,
// and the step at which each was entered for the last time. Reports use it.
func (e *Engine) Recent(n int) (blocks []*ir.Block, steps []uint64) {
	e.pages.each(func(b *ir.Block) { blocks = append(blocks, b) })
	slices.SortFunc(blocks, func(a, b *ir.Block) int {
		// Of two entries at one step the instruction alone came after the block
		// that gave way to it.
		return cmp.Or(cmp.Compare(b.Seen, a.Seen), cmp.Compare(b.Mode&cpu.ModeOne, a.Mode&cpu.ModeOne),
			cmp.Compare(a.Off, b.Off), cmp.Compare(a.Mode, b.Mode))
	})
	blocks = blocks[:min(n, len(blocks))]
	for _, b := range blocks {
		steps = append(steps, b.Seen)
	}
	return blocks, steps
}
