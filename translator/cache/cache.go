package cache

import (
	"ringzero/bus"
)

const (
	jumpBits = 15
	// most is how many blocks may have one key: the oldest goes.
	most = 4
)

// Cache holds the blocks of one RAM.
type Cache struct {
	Stats Stats

	mem    Marks
	budget int64
	bytes  int64
	jump   [1 << jumpBits]*Block
	blocks map[Key]*Block
	pages  pageMap
}

// Stats counts what the cache did.
type Stats struct {
	Invalidations, Splits, Evictions uint64
}

// Marks is RAM whose pages can be marked; a write to one that has Code is told to
// Written.
type Marks interface {
	SetMark(page uint64, m bus.Mark)
	ClearMark(page uint64, m bus.Mark)
}

// New makes a cache of about budget bytes for RAM of so many pages.
func New(mem Marks, pages uint64, budget int64) *Cache {
	return &Cache{mem: mem, budget: budget, blocks: map[Key]*Block{}, pages: newPageMap(pages)}
}

func hash(k Key) uint64 {
	return (k.Off ^ k.Off>>jumpBits ^ uint64(k.Mode)>>2<<6) & (1<<jumpBits - 1)
}

// Recall gives the block of a key that was remembered last, or nil; Remember has it
// answer b. Whether it may be entered is the caller's to see.
func (c *Cache) Recall(k Key) *Block {
	if b := c.jump[hash(k)]; b != nil && b.Key == k {
		return b
	}
	return nil
}

func (c *Cache) Remember(b *Block) { c.jump[hash(b.Key)] = b }

// First is the first block of a key, or nil; b.Next leads to the others.
func (c *Cache) First(k Key) *Block { return c.blocks[k] }

// Full tells whether the budget is used up.
func (c *Cache) Full() bool { return c.bytes > c.budget }

// Enter puts a block into the cache and marks its pages.
func (c *Cache) Enter(b *Block) {
	n := 0
	for o := c.blocks[b.Key]; o != nil; o = o.next {
		if n++; n == most {
			c.kill(o)
			break
		}
	}
	b.next = c.blocks[b.Key]
	b.cached = true
	c.bytes += b.Cost
	c.blocks[b.Key] = b
	c.Remember(b)
	c.add(b)
}

// kill makes a block unreachable: its key, its pages, its links, and those that
// lead to it.
func (c *Cache) kill(b *Block) {
	if b.dead {
		return
	}
	b.dead, b.cached = true, false
	c.bytes -= b.Cost
	c.unkey(b)
	c.remove(b)
	for len(b.from) > 0 {
		r := b.from[len(b.from)-1]
		r.block.cut(r.exit)
	}
	b.from = nil
	b.cut(0)
	b.cut(1)
	if h := hash(b.Key); c.jump[h] == b {
		c.jump[h] = nil
	}
}

// unkey takes a block from the list of its key.
func (c *Cache) unkey(b *Block) {
	if c.blocks[b.Key] == b {
		if b.next == nil {
			delete(c.blocks, b.Key)
		} else {
			c.blocks[b.Key] = b.next
		}
	}
	for o := c.blocks[b.Key]; o != nil; o = o.next {
		if o.next == b {
			o.next = b.next
		}
	}
	b.next = nil
}

// Flush drops every block.
func (c *Cache) Flush() {
	c.pages.each(func(b *Block) {
		b.dead, b.cached = true, false
		b.Code.Cut(0)
		b.Code.Cut(1)
		b.links, b.from, b.next = [2]*Block{}, nil, nil
		for _, s := range b.Spans {
			c.mem.ClearMark(s.Page, bus.Code)
		}
	})
	clear(c.pages.chunks)
	clear(c.blocks)
	clear(c.jump[:])
	c.bytes = 0
}
