// Package cache keeps translated blocks: by key, by the pages of RAM that they were
// made from, and by the links between them. What a backend made of a block is
// opaque here. A write to a page tells which blocks die; a block that dies takes its
// key, its pages and every link with it.
package cache

import "ringzero/decoder"

// Key names a block, or several: those that lead on into different second pages, and
// those made for a shorter code segment.
type Key struct {
	Off  uint64 // offset in the reservation of the first byte
	Mode uint32 // the processor's mode word
}

// Block is a translated run of instructions that stays in one page, and what the
// cache knows of it.
type Block struct {
	Key
	Code  Code
	Bytes uint32
	// Straddle: the one instruction lies in two pages; Off2 is where the second
	// part was.
	Straddle bool
	// Alone: a block of one instruction, left behind where a slice ended.
	Alone bool
	Off2  uint64
	// Spans is what the block was made from: a part of one RAM page, or of two
	// (which may be the same page mapped twice).
	Spans []Span
	Insts []decoder.Inst
	// Cost estimates the bytes that it takes on the host.
	Cost int64
	// Near tells for each exit whether the way to its target stays in the linear
	// page of the block.
	Near [2]bool

	next         *Block // of the same key
	cached, dead bool
	links        [2]*Block // by exit
	from         []ref     // the links that lead here
}

// Code is what a backend made of a block.
type Code interface {
	// Link has an exit lead to other code, of the same backend: with near without a
	// look, else if the page that it leads to still leads there. Cut undoes it.
	Link(exit uint8, near bool, to Code)
	Cut(exit uint8)
	// Leads tells where an exit leads, nil for nowhere.
	Leads(exit uint8) (to Code, near bool)
	// Entered is the step of the last entry.
	Entered() uint64
}

// Span is a part of a RAM page, from byte Lo up to Hi.
type Span struct {
	Page   uint64
	Lo, Hi int
}

// overlaps tells whether n bytes from off on touch the span.
func (s Span) overlaps(page uint64, off, n int) bool {
	return s.Page == page && s.Lo < off+n && off < s.Hi
}

// ref names an exit of a block.
type ref struct {
	block *Block
	exit  uint8
}

// Next is the next block of the same key, or nil.
func (b *Block) Next() *Block { return b.next }
