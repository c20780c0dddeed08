package ir

import (
	"ringzero/cpu"
	"ringzero/decoder"
)

// Fn is a piece of translated code.
type Fn func(c *cpu.CPU)

// Term ends a block: it moves EIP and answers the next block where a link
// leads there, else nil, with the exit's number in Block.
type Term func(c *cpu.CPU) *Block

// Inline is the number of pieces that a block holds without a further slice.
const Inline = 16

// Block is a translated run of instructions that stays in one page.
type Block struct {
	Run   func(c *cpu.CPU, b *Block) *Block
	Steps int64
	Seen  uint64 // step of the last entry, for reports
	Fns   [Inline]Fn
	Term  Term
	More  []Fn

	// Link are the successors by exit number: 0 falls through, 1 is taken.
	// Link is set only where it may be followed without a check; Far holds
	// successors in other pages, to be followed if the page still leads there.
	Link, Far [2]*Block

	Off   uint64 // offset in the reservation of the first byte
	Mode  uint32
	Bytes uint32
	// Straddle: the one instruction lies in two pages; Off2 is where the second
	// part was.
	Straddle bool
	Off2     uint64
	// Spans is what the block was made from: a part of one RAM page, or of two
	// (which may be the same page mapped twice).
	Spans []Span
	// Next is a block of the same key, made for another second page or a shorter
	// code segment.
	Next *Block
	// Cached: the block stands in the cache; only such blocks are linked. Dead:
	// it did, and what it was made from changed.
	Cached, Dead bool
	// Near tells for each exit whether the way to its target stays in the linear
	// page of the block.
	Near [2]bool

	// Exit is the exit taken last when Term answered nil: 0, 1, or NoExit for
	// an indirect branch.
	Exit uint8

	Insts []decoder.Inst
	Sites []cpu.Site
	// From are the links that lead here, to be cut when the block dies.
	From []Ref
	// Uops and Calls count micro-ops and closures for the statistics.
	Uops, Calls int32
}

// Span is a part of a RAM page, from byte Lo up to Hi.
type Span struct {
	Page   uint64
	Lo, Hi int
}

// Overlaps tells whether n bytes from off on touch the span.
func (s Span) Overlaps(page uint64, off, n int) bool {
	return s.Page == page && s.Lo < off+n && off < s.Hi
}

// NoExit stands for an exit that can't be linked.
const NoExit = 2

// Ref names a link slot of a block.
type Ref struct {
	Block *Block
	Exit  uint8
}

// Follow is the exit's successor, or nil where the loop must look it up.
func (b *Block) Follow(c *cpu.CPU, exit uint8) *Block {
	if n := b.Link[exit&1]; n != nil {
		return n
	}
	return b.follow(c, exit)
}

func (b *Block) follow(c *cpu.CPU, exit uint8) *Block {
	if n := b.Far[exit&1]; n != nil {
		e := c.TLB.At(c.EIP)
		if e.Exec == c.EIP&^0xfff && e.Addend+c.EIP == n.Off {
			return n
		}
	}
	b.Exit = exit
	return nil
}
