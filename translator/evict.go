package translator

import (
	"cmp"
	"slices"

	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/ir"
)

// Flush drops every block.
func (e *Engine) Flush() {
	e.pages.each(func(b *ir.Block) {
		b.Dead, b.Cached = true, false
		b.Link, b.Far, b.From, b.Next = [2]*ir.Block{}, [2]*ir.Block{}, nil, nil
		for _, s := range b.Spans {
			e.CPU.Mem.ClearMark(s.Page, bus.Code)
		}
	})
	clear(e.pages.chunks)
	clear(e.blocks)
	clear(e.jump[:])
	e.bytes = 0
}

// evict makes room: it drops half of what is cached, the blocks that were left
// alone for the longest time. Blocks of one instruction, which the ends of
// slices leave behind, go first.
func (e *Engine) evict() {
	e.Stats.Evictions++
	keep := e.bytes / 2
	var all []*ir.Block
	e.pages.each(func(b *ir.Block) { all = append(all, b) })
	slices.SortFunc(all, func(a, b *ir.Block) int {
		return cmp.Or(cmp.Compare(b.Mode&cpu.ModeOne, a.Mode&cpu.ModeOne), cmp.Compare(a.Seen, b.Seen))
	})
	for _, b := range all {
		if e.bytes <= keep {
			break
		}
		e.kill(b)
	}
}

// size estimates the bytes that a block takes on the host.
func size(b *ir.Block) int64 {
	return blockBytes + int64(b.Calls)*callBytes + int64(len(b.Insts))*instBytes
}

// What a block, a closure and an instruction with its Site take, in bytes, with
// the collector's rounding; measured over a Debian boot.
const (
	blockBytes = 640
	callBytes  = 112
	instBytes  = 128
)
