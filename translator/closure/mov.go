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

func makeMovRR(w uint8, x *args) fn {
	switch w {
	case 0:
		return movRR[n0](x)
	case 1:
		return movRR[n1](x)
	case 2:
		return movRR[n2](x)
	}
	return movRR[n3](x)
}

func makeMovRI(w uint8, x *args) fn {
	switch w {
	case 0:
		return movRI[n0](x)
	case 1:
		return movRI[n1](x)
	case 2:
		return movRI[n2](x)
	}
	return movRI[n3](x)
}

// extended is how a value of a width is extended to another, by the sign or not: a
// key for the makers.
func extended(from, to uint8, sign int) int { return int(from)<<3 | int(to)<<1 | sign }

func pickMovRM[M num](how int, x *args) fn {
	switch how {
	case 0:
		return movRM[n0, n0, n0, M](x)
	case 2:
		return movRM[n0, n1, n0, M](x)
	case 3:
		return movRM[n0, n1, n1, M](x)
	case 4:
		return movRM[n0, n2, n0, M](x)
	case 5:
		return movRM[n0, n2, n1, M](x)
	case 6:
		return movRM[n0, n3, n0, M](x)
	case 7:
		return movRM[n0, n3, n1, M](x)
	case 10:
		return movRM[n1, n1, n0, M](x)
	case 12:
		return movRM[n1, n2, n0, M](x)
	case 13:
		return movRM[n1, n2, n1, M](x)
	case 14:
		return movRM[n1, n3, n0, M](x)
	case 15:
		return movRM[n1, n3, n1, M](x)
	case 20:
		return movRM[n2, n2, n0, M](x)
	case 23:
		return movRM[n2, n3, n1, M](x)
	case 30:
		return movRM[n3, n3, n0, M](x)
	}
	panic("BUG: closure: no such load")
}

func makeMovRM(form, how int, x *args) fn {
	switch form {
	case memBase:
		return pickMovRM[n0](how, x)
	case memIndex:
		return pickMovRM[n1](how, x)
	}
	return pickMovRM[n2](how, x)
}

func makeExtR(how int, x *args) fn {
	switch how {
	case 2:
		return extR[n0, n1, n0](x)
	case 3:
		return extR[n0, n1, n1](x)
	case 4:
		return extR[n0, n2, n0](x)
	case 5:
		return extR[n0, n2, n1](x)
	case 6:
		return extR[n0, n3, n0](x)
	case 7:
		return extR[n0, n3, n1](x)
	case 12:
		return extR[n1, n2, n0](x)
	case 13:
		return extR[n1, n2, n1](x)
	case 14:
		return extR[n1, n3, n0](x)
	case 15:
		return extR[n1, n3, n1](x)
	case 23:
		return extR[n2, n3, n1](x)
	}
	panic("BUG: closure: no such extension")
}

func pickMovMR[M num](w uint8, x *args) fn {
	switch w {
	case 0:
		return movMR[n0, M](x)
	case 1:
		return movMR[n1, M](x)
	case 2:
		return movMR[n2, M](x)
	}
	return movMR[n3, M](x)
}

func makeMovMR(form int, w uint8, x *args) fn {
	switch form {
	case memBase:
		return pickMovMR[n0](w, x)
	case memIndex:
		return pickMovMR[n1](w, x)
	}
	return pickMovMR[n2](w, x)
}
