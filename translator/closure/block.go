package closure

import (
	"ringzero/cpu"
	"ringzero/translator/cache"
)

type (
	// fn is a piece of translated code.
	fn func(c *cpu.CPU)
	// term ends a block: it answers the next block where a link leads there, else
	// nil, with EIP moved and the exit's number in the processor's LeftBy.
	term func(c *cpu.CPU) *Block
)

// inline is the number of pieces that a block holds without a further slice.
const inline = 16

// The exits of a block by number; NoExit is one that can't be linked.
const (
	Falls = iota
	Taken
	NoExit
)

// Block is the code of a block: the run of its closures.
type Block struct {
	run   runner
	Steps int64
	// Seen is the step of the last entry.
	Seen uint64
	fns  [inline]fn
	term term
	more []fn

	// link are the successors by exit that may be followed without a look; far
	// those in other pages, to be followed if the page still leads there.
	link, far [2]*Block
	// to are the targets of the exits, as offsets from the page; mask cuts those of
	// 16 bits.
	to   [2]uint32
	mask uint32

	// Entry is the offset in its page of the first byte, at its address in the host's
	// memory.
	Entry uint32
	mode  uint32
	at    uint64
	// Of is the block in the cache.
	Of    *cache.Block
	Sites []cpu.Site
	// Uops and Calls count micro-ops and closures for the statistics.
	Uops, Calls int32
}

// Run executes the block, for which the budget was paid.
func (b *Block) Run(c *cpu.CPU) *Block { return b.run(c, b) }

// EIP is where the block begins in the page in which the processor stands.
func (b *Block) EIP(c *cpu.CPU) uint64 { return uint64(uint32(c.PageBase) + b.Entry) }

// Entered, Link, Cut and Leads are what the cache asks for.
func (b *Block) Entered() uint64 { return b.Seen }

func (b *Block) Link(exit uint8, near bool, to cache.Code) {
	if next := to.(*Block); near {
		b.link[exit&1] = next
	} else {
		b.far[exit&1] = next
	}
}

func (b *Block) Cut(exit uint8) { b.link[exit&1], b.far[exit&1] = nil, nil }

func (b *Block) Leads(exit uint8) (to cache.Code, near bool) {
	switch {
	case b.link[exit&1] != nil:
		return b.link[exit&1], true
	case b.far[exit&1] != nil:
		return b.far[exit&1], false
	}
	return nil, false
}

// taken and fall leave by an exit. Within the page nothing moves.
func (b *Block) taken(c *cpu.CPU) *Block {
	if n := b.link[Taken]; n != nil {
		return n
	}
	return b.leave(c, Taken)
}

func (b *Block) fall(c *cpu.CPU) *Block {
	if n := b.link[Falls]; n != nil {
		return n
	}
	return b.leave(c, Falls)
}

// leave is an exit that has no near link.
func (b *Block) leave(c *cpu.CPU, exit uint8) *Block {
	to := uint64(uint32(c.PageBase) + b.to[exit&1])
	if n := b.far[exit&1]; n != nil {
		if e := c.TLB.At(to); e.Exec == to&^0xfff && e.Addend+to == n.at {
			c.PageBase = to &^ 0xfff
			return n
		}
	}
	c.EIP = to
	c.LeftBy = uint32(exit)
	return nil
}

// jump leaves for an address that the block does not know.
func (b *Block) jump(c *cpu.CPU, to uint64) *Block {
	c.EIP = to
	c.LeftBy = NoExit
	return nil
}
