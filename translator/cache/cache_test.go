package cache

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
)

// code is what a backend makes, as far as the cache sees it.
type code struct {
	seen uint64
	to   [2]Code
	near [2]bool
}

func (c *code) Link(exit uint8, near bool, to Code)   { c.to[exit], c.near[exit] = to, near }
func (c *code) Cut(exit uint8)                        { c.to[exit] = nil }
func (c *code) Leads(exit uint8) (to Code, near bool) { return c.to[exit], c.near[exit] }
func (c *code) Entered() uint64                       { return c.seen }

// marks are the marks of pages.
type marks map[uint64]bus.Mark

func (m marks) SetMark(page uint64, b bus.Mark)   { m[page] |= b }
func (m marks) ClearMark(page uint64, b bus.Mark) { m[page] &^= b }

const pages = 16

type bench struct {
	*testing.T
	*Cache
	marks marks
}

func newBench(t *testing.T) *bench {
	m := marks{}
	return &bench{t, New(m, pages, 1000), m}
}

// block enters one of n bytes at off.
func (b *bench) block(off uint64, n int) *Block {
	lo := int(off % bus.PageSize)
	k := &Block{Key: Key{Off: off, Mode: 1}, Code: &code{seen: off}, Bytes: uint32(n), Cost: 100, Near: [2]bool{true, true},
		Spans: []Span{{off / bus.PageSize, lo, lo + n}}}
	b.Enter(k)
	b.check()
	return k
}

func (b *bench) check() {
	b.Helper()
	require.NoError(b, b.Check(func(page uint64) bus.Mark { return b.marks[page] }, pages))
}

func TestBlocksDieByTheirBytes(t *testing.T) {
	b := newBench(t)
	one, two := b.block(0x1010, 16), b.block(0x1020, 70)
	require.Equal(t, bus.Code, b.marks[1])
	require.Same(t, one, b.Recall(one.Key))
	require.True(t, b.CodeAt(1, 0x65, 1))
	require.False(t, b.CodeAt(1, 0x66, 1))

	died, stays := b.Written(1, 0x66, 8)
	require.Empty(t, died)
	require.True(t, stays)
	died, stays = b.Written(1, 0x1f, 1)
	require.Equal(t, []*Block{one}, died)
	require.True(t, stays)
	require.True(t, one.dead)
	require.Nil(t, b.Recall(one.Key))
	require.Nil(t, b.First(one.Key))
	b.check()
	died, stays = b.Written(1, 0x3f, 2) // it lies in two lines, and stands there twice
	require.Equal(t, []*Block{two, two}, died)
	require.False(t, stays)
	require.Zero(t, b.marks[1], "a page without blocks has no mark")
	require.Equal(t, uint64(2), b.Stats.Invalidations)
	b.check()
}

func TestLinksAreCutAtBothEnds(t *testing.T) {
	b := newBench(t)
	from, to, far := b.block(0x1000, 4), b.block(0x1100, 4), b.block(0x2000, 4)
	c := from.Code.(*code)
	Link(from, 0, to)
	Link(from, 1, far)
	require.Equal(t, [2]Code{to.Code, far.Code}, c.to)
	require.Equal(t, [2]bool{true, false}, c.near, "another page")
	b.check()
	Link(from, 0, far) // in place of the other
	b.check()
	b.Written(2, 0, 1)
	require.Equal(t, [2]Code{}, c.to)
	Link(to, 0, from)
	b.Written(1, 0, 1)
	require.Nil(t, to.Code.(*code).to[0])
	b.check()
	Link(to, 0, from)
	require.Nil(t, to.Code.(*code).to[0], "nothing leads to a dead block")
}

func TestEvictionByAge(t *testing.T) {
	b := newBench(t)
	for off := uint64(0x1000); !b.Full(); off += 0x100 {
		b.block(off, 4)
	}
	alone := b.block(0x3000, 1)
	alone.Alone = true
	alone.Code.(*code).seen = 1 << 40
	b.Evict()
	b.check()
	require.True(t, alone.dead, "those of one instruction first")
	require.Nil(t, b.First(Key{Off: 0x1000, Mode: 1}))
	require.NotNil(t, b.First(Key{Off: 0x1a00, Mode: 1}))
	recent := b.Recent(2)
	require.Equal(t, []uint64{0x1a00, 0x1900}, []uint64{recent[0].Off, recent[1].Off})
	b.Flush()
	b.check()
	require.Empty(t, b.Recent(9))
}

func TestOldestOfAKeyGoes(t *testing.T) {
	b := newBench(t)
	first := b.block(0x1000, 4)
	for range most {
		b.block(0x1000, 4)
	}
	require.True(t, first.dead)
	n := 0
	for k := b.First(first.Key); k != nil; k = k.Next() {
		n++
	}
	require.Equal(t, most, n)
}

func TestSplitAndBound(t *testing.T) {
	b := newBench(t)
	long := b.block(0x1000, 40)
	b.Split(0x1008, 4)
	require.True(t, long.dead)
	require.True(t, b.EndsAt(0x1008))
	require.False(t, b.EndsAt(0x1004))
	require.Equal(t, 32, b.Bound(0x1000, 32))
	for range oftenWritten + 1 {
		b.block(0x1000, 4)
		b.Written(1, 0, 1)
	}
	require.Equal(t, shortBlock, b.Bound(0x1000, 32), "what dies again and again is kept small")
}
