package closure

import (
	"ringzero/bus"
	"ringzero/cpu"
)

//go:noinline
func movRR[W num](x *args) fn {
	var w W
	d, s := x.d, x.s
	return func(c *cpu.CPU) {
		switch len(w) {
		case 0:
			*d = *d&^0xff | *s&0xff
		case 1:
			*d = *d&^0xffff | *s&0xffff
		case 2:
			*d = *s & 0xffffffff
		default:
			*d = *s
		}
	}
}

//go:noinline
func movRI[W num](x *args) fn {
	var w W
	d, v := x.d, x.imm
	return func(c *cpu.CPU) {
		switch len(w) {
		case 0:
			*d = *d&^0xff | v
		case 1:
			*d = *d&^0xffff | v
		default:
			*d = v
		}
	}
}

// movRM loads a register; with X it extends from width W to X, by the sign where S
// is 1.
//
//go:noinline
func movRM[W, X, S, M num](x *args) fn {
	var (
		w  W
		xw X
		sx S
		m  M
	)
	d, base, disp, mem := x.d, x.m.base, x.m.disp, x.m
	return func(c *cpu.CPU) {
		va := *base + disp
		switch len(m) {
		case memIndex:
			va = (va + *mem.index<<(mem.scale&3)) & mem.mask
		case memSeg:
			va = mem.readable(c, 1<<len(w))
		}
		var v uint64
		if e := c.TLB.At(va); e.Read == (va+1<<len(w)-1)&^0xfff {
			switch off := va + e.Addend; len(w) {
			case 0:
				v = uint64(bus.Load8(off))
			case 1:
				v = uint64(bus.Load16(off))
			case 2:
				v = uint64(bus.Load32(off))
			default:
				v = bus.Load64(off)
			}
		} else {
			v = loadSlow(c, va, 1<<len(w), mem.site)
		}
		if len(sx) == 1 {
			v = extend(len(w), len(xw), v)
		}
		switch len(xw) {
		case 0:
			*d = *d&^0xff | v
		case 1:
			*d = *d&^0xffff | v
		default:
			*d = v
		}
	}
}

// extR is MOVZX and MOVSX of a register that is no high byte.
//
//go:noinline
func extR[W, X, S num](x *args) fn {
	var (
		w  W
		xw X
		sx S
	)
	d, s := x.d, x.s
	return func(c *cpu.CPU) {
		v := *s
		switch len(w) {
		case 0:
			v &= 0xff
		case 1:
			v &= 0xffff
		default:
			v &= 0xffffffff
		}
		if len(sx) == 1 {
			v = extend(len(w), len(xw), v)
		}
		if len(xw) == 1 {
			*d = *d&^0xffff | v
		} else {
			*d = v
		}
	}
}

// extend gives the value of width w the sign up to width x.
func extend(w, x int, v uint64) uint64 {
	s := 64 - 8<<w
	return uint64(int64(v)<<s>>s) & (^uint64(0) >> (64 - 8<<x))
}

// movMR stores a register, or the immediate that s points to.
//
//go:noinline
func movMR[W, M num](x *args) fn {
	var (
		w W
		m M
	)
	s, base, disp, mem := x.s, x.m.base, x.m.disp, x.m
	return func(c *cpu.CPU) {
		va := *base + disp
		switch len(m) {
		case memIndex:
			va = (va + *mem.index<<(mem.scale&3)) & mem.mask
		case memSeg:
			va = mem.writable(c, 1<<len(w))
		}
		v := *s
		if e := c.TLB.At(va); e.Write == (va+1<<len(w)-1)&^0xfff {
			switch off := va + e.Addend; len(w) {
			case 0:
				bus.Store8(off, uint8(v))
			case 1:
				bus.Store16(off, uint16(v))
			case 2:
				bus.Store32(off, uint32(v))
			default:
				bus.Store64(off, v)
			}
		} else {
			storeSlow(c, va, 1<<len(w), v&(^uint64(0)>>(64-8<<len(w))), mem.site)
		}
	}
}

// The tables by width, and for extensions by source width, width and sign; a load
// is an extension to its own width.
type extTable [4][4][2]maker

var (
	movRRs = [4]maker{movRR[n0], movRR[n1], movRR[n2], movRR[n3]}
	movRIs = [4]maker{movRI[n0], movRI[n1], movRI[n2], movRI[n3]}
	movRMs = [memForms]extTable{movRMIn[n0](), movRMIn[n1](), movRMIn[n2]()}
	movMRs = [memForms][4]maker{movMRIn[n0](), movMRIn[n1](), movMRIn[n2]()}
	extRs  = extTable{
		{1: {extR[n0, n1, n0], extR[n0, n1, n1]}, 2: {extR[n0, n2, n0], extR[n0, n2, n1]}, 3: {extR[n0, n3, n0], extR[n0, n3, n1]}},
		{2: {extR[n1, n2, n0], extR[n1, n2, n1]}, 3: {extR[n1, n3, n0], extR[n1, n3, n1]}},
		{3: {nil, extR[n2, n3, n1]}},
	}
)

func movRMIn[M num]() extTable {
	return extTable{
		{{movRM[n0, n0, n0, M]}, {movRM[n0, n1, n0, M], movRM[n0, n1, n1, M]}, {movRM[n0, n2, n0, M], movRM[n0, n2, n1, M]}, {movRM[n0, n3, n0, M], movRM[n0, n3, n1, M]}},
		{1: {movRM[n1, n1, n0, M]}, 2: {movRM[n1, n2, n0, M], movRM[n1, n2, n1, M]}, 3: {movRM[n1, n3, n0, M], movRM[n1, n3, n1, M]}},
		{2: {movRM[n2, n2, n0, M]}, 3: {nil, movRM[n2, n3, n1, M]}},
		{3: {movRM[n3, n3, n0, M]}},
	}
}

func movMRIn[M num]() [4]maker {
	return [4]maker{movMR[n0, M], movMR[n1, M], movMR[n2, M], movMR[n3, M]}
}
