package translator_test

import (
	"encoding/binary"
)

// The second address space of a scene, and what the pages of the program lead to
// where their entries are changed: variants of the program, that differ from it
// in a few bytes.
const (
	variantAt  = 0x60000 // of the pages from codeAt on, for the first space
	variant2At = 0x64000 // for the second
	variant3At = 0x68000 // for the second when it is taken for PAE
	dir2At     = 0x80000 // its directory
	table2At   = 0x81000
	pdptAt     = 0x80800 // what PAE takes CR3 for
	paeDirAt   = 0x82000
	paeTableAt = 0x83000
	variantBit = 0x07 // turns a page of the program into its variant, in byte 2 of an entry
)

// spaceTwo lays it all out, after the first space is there.
func (g *gen) spaceTwo(m []byte) {
	copy(m[window+codeAt:window+codeAt+0x100], m[window+codeAt+0x1000:])
	for _, at := range []int{variantAt, variant2At, variant3At} {
		copy(m[at:], m[window+codeAt:window+codeAt+codeLen])
		for _, free := range g.free {
			m[at+int(g.start)+free] ^= g.byte()
		}
		if g.chance(10) {
			m[at+int(g.start)+g.r.IntN(220)] ^= 1 << g.r.IntN(8)
		}
	}
	w32 := func(at int, v uint32) { binary.LittleEndian.PutUint32(m[at:], v) }
	w32(dir2At, table2At|7)
	w32(pdptAt, paeDirAt|1)
	w32(paeDirAt, paeTableAt|7)
	for i := range 1024 {
		pte := binary.LittleEndian.Uint32(m[window+tableAt+4*i:])
		if page := i%512 - window>>12; page >= 0 && page < codeLen>>12 {
			w32(table2At+4*i, uint32(variant2At+page<<12)|pte&0xfff)
			pte = uint32(variant3At+page<<12) | pte&0xfff
		} else {
			w32(table2At+4*i, pte)
		}
		if i < 512 {
			w32(paeTableAt+8*i, pte)
		}
	}
}

// remap changes where a page of the program leads, often the page that runs, by
// its entry, with or without what makes a processor look again.
func (g *gen) remap() []byte {
	page := window>>12 + uint32(g.r.IntN(3))
	if g.chance(20) {
		page += 512
	}
	entry := uint32(tableAt + 4*page)
	if g.chance(20) { // the second page in the first one's frame, where it goes on, too
		return append(g.absolute([]byte{0x80}, 6, tableAt+4*(window>>12+1)+1), 0x10)
	}
	b := append(g.absolute([]byte{0x80}, 6, entry+2), variantBit)
	if g.chance(50) { // now and then without a change
		b = append(g.absolute([]byte{0xc6}, 0, entry+2), pick[byte](g, window>>16, variantAt>>16))
	}
	if g.k.code32 && g.chance(30) {
		b = put([]byte{0x80, 0x35}, 4, table2At+4*page+2)
		b = append(b, variantBit)
	}
	switch {
	case g.k.user || !g.k.code32 || g.chance(50):
	case g.chance(50):
		b = put(append(b, 0x0f, 0x01, 0x3d), 4, page<<12)
	default:
		b = append(b, 0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8)
	}
	return b
}

// control changes what translation goes by: CR3, CR4, CR0.
func (g *gen) control() []byte {
	reg, bits := byte(0xd8), uint32((window+dirAt)^pdptAt)
	switch g.r.IntN(8) {
	case 0, 1:
		reg, bits = 0xe0, pick[uint32](g, 0x10, 0x80, 0x20, 0x20)
	case 2, 3:
		reg, bits = 0xc0, pick[uint32](g, 0x10000, 0x80000000)
	}
	return append(put([]byte{0x0f, 0x20, reg, 0x35}, 4, bits), 0x0f, 0x22, reg)
}

// calm is an item that only computes or branches a little way, so that a program
// comes by its changes of translation often, and by links.
func (g *gen) calm(i int) item {
	imm := 2
	if g.k.code32 {
		imm = 4
	}
	switch n := g.r.IntN(20); {
	case n < 8:
		return item{code: put([]byte{0xb8 | byte(g.r.IntN(3))}, imm, uint32(g.r.IntN(1<<16))), free: true}
	case n < 13:
		return item{code: put([]byte{pick[byte](g, 0x05, 0x2d, 0x35)}, imm, uint32(g.r.IntN(1<<16))), free: true}
	case n < 16:
		return item{code: []byte{0x40 | byte(g.r.IntN(3))}}
	case n < 17 && g.chance(40): // what of an instruction lies in the second page
		return item{code: append(g.absolute([]byte{0xc6}, 0, codeAt+0x1000+uint32(g.r.IntN(3))), g.byte())}
	case n < 17 && len(g.free) > 0: // an instruction that was, or one behind that will be
		return item{code: append(g.absolute([]byte{0xc6}, 0, g.start+uint32(pick(g, g.free...)+g.r.IntN(imm))), g.byte())}
	}
	return item{code: []byte{pick[byte](g, 0xeb, 0x74, 0x75, 0x72, 0xeb), 0}, rel: 1, target: min(i+1+g.r.IntN(3), g.n-1)}
}

// watch sets or clears a data breakpoint, mostly where a register points.
func (g *gen) watch() []byte {
	n := byte(g.r.IntN(4))
	if g.chance(40) {
		return g.watchedFault(n)
	}
	set := []byte{0x0f, 0x23, 0xc0 | n<<3 | pick[byte](g, 3, 6, 7)}
	if !g.k.flat || g.chance(30) {
		set = append(g.loadEAX(window+g.place()), 0x0f, 0x23, 0xc0|n<<3)
	}
	dr7 := uint32(0x400)
	if g.chance(85) {
		dr7 |= 1<<(2*n) | uint32(pick[byte](g, 1, 3, 3)|pick[byte](g, 0, 0, 4, 12))<<(16+4*n)
	}
	return append(append(set, g.loadEAX(dr7)...), 0x0f, 0x23, 0xf8)
}

// watchedFault is MOVSB that reads what is watched and may not write: it ends, and
// traps, only after its page has come.
func (g *gen) watchedFault(n byte) []byte {
	at := uint32(dataAt + g.r.IntN(dataLen))
	b := append(g.loadEAX(window+at), 0x0f, 0x23, 0xc0|n<<3)
	b = append(append(b, g.loadEAX(0x400|1<<(2*n)|3<<(16+4*n))...), 0x0f, 0x23, 0xf8)
	imm, to := 2, uint32(dataAt+g.r.IntN(dataLen))
	if g.k.code32 {
		imm = 4
		if !g.k.flat && g.chance(50) {
			to += 0x40000 // outside of the segment
		}
	}
	b = put(append(b, 0xbe), imm, at+g.base)
	return append(put(append(b, 0xbf), imm, to+g.base), 0xa4)
}

// loadEAX is MOV EAX, imm32.
func (g *gen) loadEAX(v uint32) []byte {
	if g.k.code32 {
		return put([]byte{0xb8}, 4, v)
	}
	return put([]byte{0x66, 0xb8}, 4, v)
}

// wrap is a repeated string instruction with 16-bit addresses near the end of 64
// KiB.
func (g *gen) wrap() []byte {
	di, cx := uint32(0xfff0+g.r.IntN(16)-g.r.IntN(64)), uint32(g.r.IntN(48))
	op := pick[byte](g, 0xaa, 0xab, 0xa4, 0xa5)
	if g.k.code32 {
		return append(put(append(put([]byte{0xfc, 0x66, 0xbf}, 2, di), 0x66, 0xb9), 2, cx), 0x67, 0xf3, op)
	}
	return append(put(append(put([]byte{0xfc, 0xbf}, 2, di), 0xb9), 2, cx), 0xf3, op)
}
