package mmu

import "ringzero/bus"

// TLBSize is the number of entries of a first-level array.
const TLBSize = 4096

// Bits in the page offset of a tag, where it equals no page address: why an
// access leaves the fast path.
const (
	// Invalid: the entry says nothing of that access.
	Invalid = 1 << iota
	// Marked stands in write tags only: the page may be written, and somebody
	// may want to know of it. Addend holds.
	Marked
)

// Entry is one page of a first-level array. A tag is the page's linear address
// where that access may go straight to host memory, else Invalid: absent,
// device memory, not yet dirty, no permission; or Marked. Addend plus the linear
// address is the address in the host's memory.
type Entry struct {
	Read, Write, Exec uint64
	Addend            uint64
}

var empty = Entry{Invalid, Invalid, Invalid, 0}

// TLB is a first-level array, indexed by the low bits of the page number, with
// the bits above folded in: heaps, stacks and mappings of many guests lie at
// multiples of 16 MiB.
type TLB [TLBSize]Entry

// slot is the index of a linear address. The sum, where XOR would do for the folding, gives
// the last addresses below 2^64 another entry than page 0 has: an access there whose
// last byte wraps to 0 would equal its tag. Wide sums of 32-bit code come there.
func slot(va uint64) uint64 { return (va>>bus.PageShift + va>>foldShift) % TLBSize }

const foldShift = bus.PageShift + 12 // 12 bits of index

// At is the entry of a linear address.
func (t *TLB) At(va uint64) *Entry { return &t[slot(va)] }

// array is a TLB that knows which entries were filled, so that it is quickly
// emptied: address spaces of short life fill few.
type array struct {
	TLB
	filled []uint16
	many   bool // more than filled tells
}

const mostFilled = 1024

func (a *array) note(va uint64) {
	switch {
	case a.many:
	case len(a.filled) == mostFilled:
		a.many = true
	default:
		a.filled = append(a.filled, uint16(slot(va)))
	}
}

func (a *array) clear() {
	if a.many {
		for i := range a.TLB {
			a.TLB[i] = empty
		}
	} else {
		for _, i := range a.filled {
			a.TLB[i] = empty
		}
	}
	a.filled, a.many = a.filled[:0], false
}

// newContext has empty arrays.
func newContext() *Context {
	c := &Context{regions: map[region]way{}}
	c.user.many, c.super.many = true, true
	c.user.clear()
	c.super.clear()
	c.User, c.Super = &c.user.TLB, &c.super.TLB
	return c
}

// at is where the write tag of a page stands: in the same entry of every
// context that has one, or it is not known where.
type at uint16

const (
	nowhere at = 0           // no context has one
	unknown at = ^at(0)      // look through all
	first   at = nowhere + 1 // entry 0
)

// written says which write tags the arrays may hold of a page of RAM that is not
// marked. A tag that is not Marked is always covered by it, or by an entry of
// the ring that its context has not gone through yet.
type written struct{ user, super at }

// lately is a page that got a mark, by its address in the host's memory, and where its
// write tags were by then.
type lately struct {
	page uint64
	written
}

// ringSize is how many marked pages are remembered for contexts that are idle.
const ringSize = 256

// note records a write tag.
func (w *written) note(va uint64, user bool) {
	a := &w.super
	if user {
		a = &w.user
	}
	switch s := at(slot(va)) + first; *a {
	case nowhere:
		*a = s
	case s:
	default:
		*a = unknown
	}
}

// marked turns the write tags of a page that got a mark into Marked ones.
func (m *MMU) marked(page uint64) {
	w := m.writable[page]
	if w == (written{}) {
		return
	}
	m.writable[page] = written{}
	l := lately{m.Mem.Host.At(page << bus.PageShift), w}
	m.ring[m.epoch%ringSize] = l
	m.epoch++
	m.Context.mark(&l)
	m.Context.epoch = m.epoch
}

// catchUp applies the marks that were set while the context was idle.
func (m *MMU) catchUp(c *Context) {
	if m.epoch-c.epoch > ringSize {
		for _, a := range [2]*array{&c.user, &c.super} {
			a.markAll()
		}
	} else {
		for ; c.epoch != m.epoch; c.epoch++ {
			c.mark(&m.ring[c.epoch%ringSize])
		}
	}
	c.epoch = m.epoch
}

func (c *Context) mark(l *lately) {
	c.user.mark(l.user, l.page)
	c.super.mark(l.super, l.page)
}

func (a *array) mark(where at, page uint64) {
	switch where {
	case nowhere:
	case unknown:
		for i := range a.TLB {
			a.TLB[i].mark(page)
		}
	default:
		a.TLB[where-first].mark(page)
	}
}

// mark takes the plain write tag from an entry of the page at an address of the host.
func (e *Entry) mark(page uint64) {
	if e.Write&(Invalid|Marked) == 0 && e.Addend+e.Write == page {
		e.Write |= Marked
	}
}

func (a *array) markAll() {
	for i := range a.TLB {
		if e := &a.TLB[i]; e.Write&Invalid == 0 {
			e.Write |= Marked
		}
	}
}

// Unmark gives the entry of va its plain write tag back, as a slow access found
// its page without marks.
func (m *MMU) Unmark(e *Entry, va uint64, user bool) {
	e.Write &^= Marked
	m.writable[m.Mem.Host.Off(e.Addend+e.Write)>>bus.PageShift].note(va, user)
}
