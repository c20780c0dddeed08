package translator_test

import (
	"encoding/binary"
	"math/rand/v2"
)

// A random program is a run of valid instructions, laid out across a page
// boundary, with operands that mostly hit what the world below maps.
//
// Everything that a program needs lies in the 64 KiB from window, so that it
// is the same for flat, segmented, 16-bit and virtual-8086 programs: these see
// it at offset 0, flat ones at window.
const (
	window   = 0x10000
	codeAt   = 0x0000 // three pages
	codeLen  = 0x3000
	dataAt   = 0x4000 // four pages
	dataLen  = 0x4000
	stackAt  = 0x8000 // two pages
	stackTop = 0x9f00
	deviceAt = 0xa000 // one page
	tableAt  = 0xb000 // the page table
	dirAt    = 0xc000 // the page directory; in real mode the handler
)

// kind is what mode a program runs in.
type kind struct {
	name              string
	code32            bool
	flat              bool // segments
	paging, user, v86 bool
	real              bool
}

var kinds = []kind{
	{name: "flat32", code32: true, flat: true},
	{name: "flat32 paging", code32: true, flat: true, paging: true},
	{name: "flat32 paging user", code32: true, flat: true, paging: true, user: true},
	{name: "segmented32 paging user", code32: true, paging: true, user: true},
	{name: "segmented32", code32: true},
	{name: "segmented16 paging user", paging: true, user: true},
	{name: "segmented16"},
	{name: "v86 paging", paging: true, user: true, v86: true},
	{name: "real", real: true},
}

// item is an instruction, or a few that stand together; a branch has a target
// among the items and a displacement to be filled in.
type item struct {
	code   []byte
	rel    int // size of the displacement that ends code, 0 for none
	target int
	free   bool // all but the first byte is an immediate that may be any
}

// gen makes random programs.
type gen struct {
	r      *rand.Rand
	k      kind
	n      int    // number of items
	base   uint32 // of the window as the program sees it
	start  uint32 // offset of the program in the window
	tables bool   // may write to its page table
	spaces bool   // there is a second address space, and variants of the program
	wide   bool   // ES is larger than 64 KiB
	free   []int  // offsets in the program of immediates that may be any
}

func (g *gen) chance(percent int) bool { return g.r.IntN(100) < percent }
func (g *gen) byte() byte              { return byte(g.r.Uint32()) }

func pick[T any](g *gen, v ...T) T { return v[g.r.IntN(len(v))] }

// reg is a register that may be written: seldom one that the program's memory
// operands are built on.
func (g *gen) reg() byte {
	if g.chance(4) {
		return byte(g.r.IntN(8))
	}
	return byte(g.r.IntN(3))
}

// reg8 likewise for bytes, AH, CH and DH included.
func (g *gen) reg8() byte {
	if g.chance(4) {
		return byte(g.r.IntN(8))
	}
	return pick[byte](g, 0, 1, 2, 4, 5, 6)
}

func (g *gen) src() byte { return byte(g.r.IntN(8)) }

// value is an immediate with a bias to edges.
func (g *gen) value() uint32 {
	switch g.r.IntN(4) {
	case 0:
		return pick[uint32](g, 0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff)
	case 1:
		return uint32(int32(int8(g.byte())))
	}
	return g.r.Uint32()
}

// place is an offset in the window to access.
func (g *gen) place() uint32 {
	at := uint32(dataAt + g.r.IntN(dataLen))
	switch {
	case g.chance(20): // the end of a page
		at = uint32(dataAt+g.r.IntN(5)*0x1000) - uint32(g.r.IntN(4))
	case g.chance(5):
		at = uint32(deviceAt + g.r.IntN(0x1000))
	case g.chance(4):
		at = uint32(codeAt + g.r.IntN(codeLen))
	case g.chance(5):
		at = uint32(stackAt + g.r.IntN(0x2000))
	}
	return at
}

// linear is the place as the program addresses it, now and then by its second
// mapping.
func (g *gen) linear(at uint32) uint32 {
	if g.k.flat && g.k.paging && g.chance(20) {
		at += 0x200000
	}
	return at + g.base
}

func put(b []byte, n int, v uint32) []byte {
	for i := range n {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

// operand appends ModRM, SIB and displacement for a memory operand.
func (g *gen) mem(b []byte, reg byte, a32 bool) []byte {
	reg <<= 3
	if !a32 {
		switch g.r.IntN(4) {
		case 0:
			return put(append(b, reg|6), 2, g.place())
		case 1:
			return put(append(b, 0x80|reg|pick[byte](g, 4, 5, 7)), 2, uint32(int32(int8(g.byte()))*4))
		case 2:
			return append(b, reg|pick[byte](g, 4, 5, 7))
		}
		return append(b, 0x40|reg|pick[byte](g, 4, 5, 6, 7), g.byte())
	}
	switch n := g.r.IntN(20); {
	case n < 5:
		return put(append(b, reg|5), 4, g.linear(g.place()))
	case n < 7:
		return append(b, 0x44|reg, pick[byte](g, 0x0b, 0x0e, 0x43, 0x46, 0x87, 0xce), g.byte())
	case n < 8: // index without base
		return put(append(b, 4|reg, pick[byte](g, 0x0d, 0x4d, 0x05, 0x8d)), 4, g.linear(g.place()))
	case n < 9:
		return append(b, 0x44|reg, 0x24, g.byte()&0x3f)
	case n < 11:
		return append(b, reg|pick[byte](g, 3, 6, 7))
	case n < 13:
		return put(append(b, 0x80|reg|pick[byte](g, 3, 5, 6, 7)), 4, uint32(int32(int8(g.byte()))*8))
	}
	return append(b, 0x40|reg|pick[byte](g, 3, 5, 6, 7), g.byte())
}

// rm appends ModRM with a register or memory operand.
func (g *gen) rm(b []byte, reg, other byte, a32 bool) []byte {
	if g.chance(55) {
		return append(b, 0xc0|reg<<3|other)
	}
	return g.mem(b, reg, a32)
}

// inst makes the item of number i.
func (g *gen) inst(i int) item {
	switch {
	case g.spaces && g.chance(9):
		return item{code: g.remap()}
	case g.spaces && !g.k.user && g.chance(6):
		return item{code: g.control()}
	case g.spaces && g.chance(96):
		return g.calm(i)
	case !g.k.user && g.chance(2):
		return item{code: g.watch()}
	case g.wide && g.chance(3):
		return item{code: g.wrap()}
	}
	var b []byte
	a32, o32 := g.k.code32, g.k.code32
	if g.chance(12) {
		b, o32 = append(b, 0x66), !o32
	}
	if a32 && g.chance(1) || !a32 && g.chance(15) {
		b, a32 = append(b, 0x67), !a32
	}
	if g.chance(4) {
		b = append(b, pick[byte](g, 0x26, 0x2e, 0x36, 0x3e, 0x64))
	}
	imm := 2
	if o32 {
		imm = 4
	}
	switch w := g.r.IntN(106); {
	case w < 25:
		return item{code: g.alu(b, imm, a32)}
	case w < 34:
		return item{code: g.move(b, imm, a32)}
	case w < 39:
		op := pick[byte](g, 0xf6, 0xf7, 0xf6, 0xf7, 0xfe, 0xff)
		if op >= 0xfe {
			return item{code: g.rm(append(b, op), byte(g.r.IntN(2)), g.reg(), a32)}
		}
		sub := byte(g.r.IntN(8))
		b = g.rm(append(b, op), sub, g.reg8(), a32)
		if sub < 2 {
			if op == 0xf6 {
				imm = 1
			}
			b = put(b, imm, g.value())
		}
		return item{code: b}
	case w < 48:
		return item{code: g.shift(b, a32)}
	case w < 51:
		switch g.r.IntN(3) {
		case 0:
			return item{code: g.rm(append(b, 0x0f, 0xaf), g.reg(), g.src(), a32)}
		case 1:
			return item{code: put(g.rm(append(b, 0x69), g.reg(), g.src(), a32), imm, g.value())}
		}
		return item{code: append(g.rm(append(b, 0x6b), g.reg(), g.src(), a32), g.byte())}
	case w < 64:
		return g.branch(b, i, imm)
	case w < 68:
		if g.chance(50) {
			return item{code: g.rm(append(b, 0x0f, 0x90|g.byte()&15), 0, g.reg8(), a32)}
		}
		return item{code: g.rm(append(b, 0x0f, 0x40|g.byte()&15), g.reg(), g.src(), a32)}
	case w < 74:
		return item{code: g.stack(b, imm, a32)}
	case w < 79:
		return item{code: g.convert(b, a32)}
	case w < 83:
		if g.chance(40) {
			b = append(b, pick[byte](g, 0xf2, 0xf3))
			// A long repetition would eat the run.
			b = append([]byte{0xb1, g.byte() & 31, 0xb5, 0}, b...)
			if g.k.code32 {
				b = append([]byte{0x0f, 0xb6, 0xc9}, b...)
			}
		}
		return item{code: append(b, pick[byte](g, 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf))}
	case w < 88:
		return item{code: g.bits(b, a32)}
	case w < 91:
		return item{code: append(b, pick[byte](g, 0xf5, 0xf8, 0xf9, 0xfc, 0xfd, 0xfa, 0xfb, 0x9e, 0x9f, 0xd6))}
	case w < 93:
		op := pick[byte](g, 0x27, 0x2f, 0x37, 0x3f, 0xd4, 0xd5)
		if b = append(b, op); op >= 0xd4 {
			b = append(b, pick[byte](g, 10, 0, 7, 16))
		}
		return item{code: b}
	case w < 97:
		return item{code: g.system(b, a32)}
	case w < 99:
		return item{code: g.segment(b)}
	case w < 101: // into the program
		at := g.start + uint32(g.r.IntN(220))
		return item{code: g.patch(at)}
	case w < 103 && g.tables:
		return item{code: g.table()}
	case w < 104:
		return item{code: g.rm(append(b, 0xd8|g.byte()&7), byte(g.r.IntN(8)), g.src(), a32)}
	}
	return item{code: append(b, pick[byte](g, 0x90, 0x98, 0x99))}
}

func (g *gen) alu(b []byte, imm int, a32 bool) []byte {
	op := byte(g.r.IntN(8)) << 3
	if g.chance(3) && len(b) == 0 { // legal or #UD
		b = append(b, 0xf0)
	}
	switch g.r.IntN(9) {
	case 0:
		return append(b, op|4, g.byte())
	case 1:
		return put(append(b, op|5), imm, g.value())
	case 2:
		return append(g.rm(append(b, 0x80), op>>3, g.reg8(), a32), g.byte())
	case 3:
		return put(g.rm(append(b, 0x81), op>>3, g.reg(), a32), imm, g.value())
	case 4:
		return append(g.rm(append(b, 0x83), op>>3, g.reg(), a32), g.byte())
	case 5:
		return g.rm(append(b, op), g.src(), g.reg8(), a32)
	case 6:
		return g.rm(append(b, op|1), g.src(), g.reg(), a32)
	case 7:
		return g.rm(append(b, op|2), g.reg8(), g.src(), a32)
	}
	return g.rm(append(b, op|3), g.reg(), g.src(), a32)
}

func (g *gen) move(b []byte, imm int, a32 bool) []byte {
	switch g.r.IntN(9) {
	case 0:
		return g.rm(append(b, 0x88), g.src(), g.reg8(), a32)
	case 1, 2:
		return g.rm(append(b, 0x89), g.src(), g.reg(), a32)
	case 3:
		return g.rm(append(b, 0x8a), g.reg8(), g.src(), a32)
	case 4, 5:
		return g.rm(append(b, 0x8b), g.reg(), g.src(), a32)
	case 6:
		return append(g.rm(append(b, 0xc6), 0, g.reg8(), a32), g.byte())
	case 7:
		return put(g.rm(append(b, 0xc7), 0, g.reg(), a32), imm, g.value())
	}
	if g.chance(40) {
		return put(append(b, 0xb8|g.reg()), imm, g.value())
	}
	if g.chance(40) {
		return append(b, 0xb0|g.reg8(), g.byte())
	}
	n := 2
	at := g.place()
	if a32 {
		n, at = 4, g.linear(at)
	}
	return put(append(b, 0xa0|g.byte()&3), n, at)
}

func (g *gen) shift(b []byte, a32 bool) []byte {
	count := pick[byte](g, 0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, g.byte())
	sub := byte(g.r.IntN(8))
	switch g.r.IntN(9) {
	case 0:
		return append(g.rm(append(b, 0xc0), sub, g.reg8(), a32), count)
	case 1, 2:
		return append(g.rm(append(b, 0xc1), sub, g.reg(), a32), count)
	case 3:
		return g.rm(append(b, 0xd0), sub, g.reg8(), a32)
	case 4:
		return g.rm(append(b, 0xd1), sub, g.reg(), a32)
	case 5:
		return g.rm(append(b, 0xd2), sub, g.reg8(), a32)
	case 6:
		return g.rm(append(b, 0xd3), sub, g.reg(), a32)
	case 7:
		return append(g.rm(append(b, 0x0f, pick[byte](g, 0xa4, 0xac)), g.src(), g.reg(), a32), count)
	}
	return g.rm(append(b, 0x0f, pick[byte](g, 0xa5, 0xad)), g.src(), g.reg(), a32)
}

// branch makes a relative branch to an item near i, seldom an indirect one.
func (g *gen) branch(b []byte, i, imm int) item {
	target := min(max(i+g.r.IntN(22)-8, 0), g.n-1)
	if g.chance(50) {
		target = min(i+1+g.r.IntN(3), g.n-1)
	}
	switch n := g.r.IntN(20); {
	case n < 10:
		return item{code: append(b, 0x70|g.byte()&15, 0), rel: 1, target: target}
	case n < 13:
		return item{code: put(append(b, 0x0f, 0x80|g.byte()&15), imm, 0), rel: imm, target: target}
	case n < 14:
		return item{code: append(b, 0xeb, 0), rel: 1, target: target}
	case n < 15:
		return item{code: append(b, pick[byte](g, 0xe0, 0xe1, 0xe2, 0xe3), 0), rel: 1, target: target}
	case n < 18:
		return item{code: put(append(b, 0xe8), imm, 0), rel: imm, target: target}
	case n < 19:
		return item{code: append(b, 0xc3)}
	}
	return item{code: append(b, 0xff, pick[byte](g, 0xd0, 0xe1, 0x54, 0x26))} // two of them cut short: the next byte belongs to it
}

func (g *gen) stack(b []byte, imm int, a32 bool) []byte {
	switch g.r.IntN(14) {
	case 0, 1, 2:
		return append(b, 0x50|g.src())
	case 3, 4, 5:
		return append(b, 0x58|g.reg())
	case 6:
		return put(append(b, 0x68), imm, g.value())
	case 7:
		return append(b, 0x6a, g.byte())
	case 8:
		return append(b, 0x9c)
	case 9:
		if g.chance(50) { // with TF, AC or NT as they come
			return append(b, 0x9d)
		}
		return append(b, 0x9c, 0x9d)
	case 10:
		return g.mem(append(b, 0xff), 6, a32)
	case 11:
		return g.mem(append(b, 0x8f), 0, a32)
	case 12:
		return append(b, pick[byte](g, 0x60, 0x60, 0x61))
	}
	if g.chance(50) {
		return append(b, 0xc8, g.byte()&0x1f, 0, g.byte()&3, 0xc9)
	}
	return append(b, 0xc9)
}

func (g *gen) convert(b []byte, a32 bool) []byte {
	switch g.r.IntN(8) {
	case 0, 1:
		return g.rm(append(b, 0x0f, pick[byte](g, 0xb6, 0xb7, 0xbe, 0xbf)), g.reg(), g.src(), a32)
	case 2, 3:
		return g.mem(append(b, 0x8d), g.reg(), a32)
	case 4:
		return g.rm(append(b, 0x86), g.reg8(), g.reg8(), a32)
	case 5:
		return g.rm(append(b, 0x87), g.reg(), g.reg(), a32)
	case 6:
		return append(b, 0x0f, 0xc8|g.reg())
	}
	return append(b, 0x90|g.reg())
}

func (g *gen) bits(b []byte, a32 bool) []byte {
	switch g.r.IntN(7) {
	case 0:
		return g.rm(append(b, 0x0f, pick[byte](g, 0xa3, 0xab, 0xb3, 0xbb)), g.src()&3, g.reg(), a32)
	case 1:
		return append(g.rm(append(b, 0x0f, 0xba), 4|g.byte()&3, g.reg(), a32), g.byte())
	case 2:
		return g.rm(append(b, 0x0f, pick[byte](g, 0xbc, 0xbd)), g.reg(), g.src(), a32)
	case 3:
		return g.rm(append(b, 0x0f, 0xb0), g.src(), g.reg8(), a32)
	case 4:
		return g.rm(append(b, 0x0f, 0xb1), g.src(), g.reg(), a32)
	case 5:
		return g.rm(append(b, 0x0f, 0xc1), g.reg(), g.reg(), a32)
	}
	return g.mem(append(b, 0x0f, 0xc7), 1, a32)
}

func (g *gen) system(b []byte, a32 bool) []byte {
	switch g.r.IntN(13) {
	case 0, 1:
		return append(b, pick[byte](g, 0xe4, 0xe5, 0xe6, 0xe7), 0x80|g.byte()&15)
	case 2:
		return append(b, 0x66, 0xba, 0x80, 0, pick[byte](g, 0xec, 0xed, 0xee, 0xef, 0x6c, 0x6e))
	case 3:
		return append(b, 0xcd, 0x20|g.byte()&15)
	case 4:
		return append(b, pick[byte](g, 0xcc, 0xce))
	case 5:
		return append(b, 0x0f, 0x31)
	case 6:
		return append(b, 0x0f, 0xa2)
	case 7:
		return g.rm(append(b, 0x0f, 0x01), 4, g.reg(), a32)
	case 8:
		return g.mem(append(b, 0x62), g.src(), a32)
	case 9:
		return append(b, 0xd7)
	case 10:
		return g.mem(append(b, 0x0f, 0x01), pick[byte](g, 0, 1, 7), a32)
	case 11:
		return append(b, 0x0f, pick[byte](g, 0x0b, 0xff))
	}
	return append(b, 0xf4)
}

func (g *gen) segment(b []byte) []byte {
	switch g.r.IntN(4) {
	case 0:
		return append(b, pick[byte](g, 0x06, 0x0e, 0x16, 0x1e))
	case 1:
		s := pick[byte](g, 0x06, 0x1e)
		return append(b, s, s|1)
	case 2:
		return append(b, 0x8c, 0xc0|g.byte()&7<<3|g.reg())
	}
	sel := pick[uint32](g, 0, 0x20, 0x23, 0x3b, 0x43, 0x4b, 0x53, 0x1000)
	imm := 2
	if g.k.code32 {
		imm = 4
	}
	return append(put([]byte{0xb8}, imm, sel), 0x8e, pick[byte](g, 0xc0, 0xd8, 0xe0))
}

// absolute appends ModRM of an operand at a place in the window.
func (g *gen) absolute(b []byte, reg byte, at uint32) []byte {
	if g.k.code32 {
		return put(append(b, reg<<3|5), 4, g.linear(at))
	}
	return put(append(b, reg<<3|6), 2, at)
}

// patch writes into the program.
func (g *gen) patch(at uint32) []byte {
	switch g.r.IntN(4) {
	case 0:
		return append(g.absolute([]byte{0xc6}, 0, at), g.byte())
	case 1:
		return g.absolute([]byte{0xfe}, 0, at)
	case 2:
		return g.absolute([]byte{0x89}, g.reg(), at)
	}
	return append(g.absolute([]byte{0xc6}, 0, at), pick[byte](g, 0x90, 0x40, 0x41, 0xf8))
}

// table changes the page-table entry of a page of data, stack or code, or of
// their second mapping.
func (g *gen) table() []byte {
	page := pick[uint32](g, 4, 5, 6, 7, 7, 8, 9, 1, 2, 0) + window>>12
	if g.chance(30) {
		page += 512
	}
	at := tableAt + page*4
	switch g.r.IntN(5) {
	case 0:
		return append(g.absolute([]byte{0x80}, 4, at), pick[byte](g, ^byte(1), ^byte(2), ^byte(0x20), ^byte(0x40), ^byte(0x60)))
	case 1:
		return append(g.absolute([]byte{0x80}, 1, at), pick[byte](g, 1, 2, 3, 7))
	case 2:
		return g.absolute([]byte{0x8b}, 0, at) // looks at A and D
	case 3: // another page behind the same address
		return append(g.absolute([]byte{0x80}, 6, at+1), pick[byte](g, 0x10, 0x20, 0x30))
	}
	return append(g.absolute([]byte{0x80}, 6, at), pick[byte](g, 1, 2, 4, 0x20, 0x40))
}

// program makes the bytes of a random program and the offsets of its items.
func (g *gen) program() (code []byte, at []uint32) {
	items := make([]item, g.n)
	at = make([]uint32, g.n)
	for i := range items {
		items[i] = g.inst(i)
		at[i] = uint32(len(code))
		if items[i].free {
			g.free = append(g.free, len(code)+1)
		}
		code = append(code, items[i].code...)
	}
	for i, it := range items {
		if it.rel == 0 {
			continue
		}
		end := at[i] + uint32(len(it.code))
		put(code[:end-uint32(it.rel)], it.rel, at[it.target]-end)
	}
	back := -uint32(len(code)) - 3
	if g.k.code32 {
		back -= 2
		return binary.LittleEndian.AppendUint32(append(code, 0xe9), back), at
	}
	return binary.LittleEndian.AppendUint16(append(code, 0xe9), uint16(back)), at
}
