package closure

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/ir"
)

// The two-operand operations Add to Test. O is the ir.Op, W the width's logarithm,
// F is 1 where the flags are needed.

//go:noinline
func aluRR[T word, W, O, F num](x *args) fn {
	var (
		w W
		o O
		f F
	)
	d, s := x.d, x.s
	return func(c *cpu.CPU) {
		a, b, k := T(*d), T(*s), uint64(0)
		if takesCarry(ir.Op(len(o))) {
			k = c.CarryBit()
		}
		r := T(arith(ir.Op(len(o)), uint64(a), uint64(b), k))
		if !compares(ir.Op(len(o))) {
			switch len(w) {
			case 0:
				*d = *d&^0xff | uint64(r)
			case 1:
				*d = *d&^0xffff | uint64(r)
			default:
				*d = uint64(r)
			}
		}
		if len(f) == 1 {
			keep(c, ir.Op(len(o)), len(w), uint64(r), uint64(b), k)
		}
	}
}

//go:noinline
func aluRI[T word, W, O, F num](x *args) fn {
	var (
		w W
		o O
		f F
	)
	d, b := x.d, T(x.imm)
	return func(c *cpu.CPU) {
		a, k := T(*d), uint64(0)
		if takesCarry(ir.Op(len(o))) {
			k = c.CarryBit()
		}
		r := T(arith(ir.Op(len(o)), uint64(a), uint64(b), k))
		if !compares(ir.Op(len(o))) {
			switch len(w) {
			case 0:
				*d = *d&^0xff | uint64(r)
			case 1:
				*d = *d&^0xffff | uint64(r)
			default:
				*d = uint64(r)
			}
		}
		if len(f) == 1 {
			keep(c, ir.Op(len(o)), len(w), uint64(r), uint64(b), k)
		}
	}
}

//go:noinline
func aluRM[T word, W, O, F, M num](x *args) fn {
	var (
		w W
		o O
		f F
		m M
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
		var b T
		if e := c.TLB.At(va); e.Read == (va+1<<len(w)-1)&^0xfff {
			switch off := va + e.Addend; len(w) {
			case 0:
				b = T(bus.Load8(off))
			case 1:
				b = T(bus.Load16(off))
			case 2:
				b = T(bus.Load32(off))
			default:
				b = T(bus.Load64(off))
			}
		} else {
			b = T(loadSlow(c, va, 1<<len(w), mem.site))
		}
		a, k := T(*d), uint64(0)
		if takesCarry(ir.Op(len(o))) {
			k = c.CarryBit()
		}
		r := T(arith(ir.Op(len(o)), uint64(a), uint64(b), k))
		if !compares(ir.Op(len(o))) {
			switch len(w) {
			case 0:
				*d = *d&^0xff | uint64(r)
			case 1:
				*d = *d&^0xffff | uint64(r)
			default:
				*d = uint64(r)
			}
		}
		if len(f) == 1 {
			keep(c, ir.Op(len(o)), len(w), uint64(r), uint64(b), k)
		}
	}
}

// aluMR has memory as its destination and a register or, by a pointer to the
// operands' own, an immediate as its source. Where it is written, the store is certain
// before the value read is used.
//
//go:noinline
func aluMR[T word, W, O, F, M num](x *args) fn {
	var (
		w W
		o O
		f F
		m M
	)
	s, base, disp, mem := x.s, x.m.base, x.m.disp, x.m
	return func(c *cpu.CPU) {
		va := *base + disp
		switch len(m) {
		case memIndex:
			va = (va + *mem.index<<(mem.scale&3)) & mem.mask
		case memSeg:
			if compares(ir.Op(len(o))) {
				va = mem.readable(c, 1<<len(w))
			} else {
				va = mem.writable(c, 1<<len(w))
			}
		}
		e, tag := c.TLB.At(va), (va+1<<len(w)-1)&^0xfff
		fast, off := e.Write == tag, va+e.Addend
		if compares(ir.Op(len(o))) {
			fast = e.Read == tag
		}
		var a T
		switch {
		case !fast && compares(ir.Op(len(o))):
			a = T(loadSlow(c, va, 1<<len(w), mem.site))
		case !fast:
			a = T(modifySlow(c, va, 1<<len(w), mem.site))
		case len(w) == 0:
			a = T(bus.Load8(off))
		case len(w) == 1:
			a = T(bus.Load16(off))
		case len(w) == 2:
			a = T(bus.Load32(off))
		default:
			a = T(bus.Load64(off))
		}
		b, k := T(*s), uint64(0)
		if takesCarry(ir.Op(len(o))) {
			k = c.CarryBit()
		}
		r := T(arith(ir.Op(len(o)), uint64(a), uint64(b), k))
		switch {
		case compares(ir.Op(len(o))):
		case !fast:
			storeSlow(c, va, 1<<len(w), uint64(r), mem.site)
		case len(w) == 0:
			bus.Store8(off, uint8(r))
		case len(w) == 1:
			bus.Store16(off, uint16(r))
		case len(w) == 2:
			bus.Store32(off, uint32(r))
		default:
			bus.Store64(off, uint64(r))
		}
		if len(f) == 1 {
			keep(c, ir.Op(len(o)), len(w), uint64(r), uint64(b), k)
		}
	}
}

// unary is Inc to Not of a register: O counts from Inc.
//
//go:noinline
func unaryR[T word, W, O, F num](x *args) fn {
	var (
		w W
		o O
		f F
	)
	d := x.d
	return func(c *cpu.CPU) {
		a := T(*d)
		r := T(single(ir.Inc+ir.Op(len(o)), uint64(a)))
		switch len(w) {
		case 0:
			*d = *d&^0xff | uint64(r)
		case 1:
			*d = *d&^0xffff | uint64(r)
		default:
			*d = uint64(r)
		}
		if len(f) == 1 {
			keepSingle(c, ir.Inc+ir.Op(len(o)), len(w), uint64(a), uint64(r))
		}
	}
}

//go:noinline
func unaryM[T word, W, O, F, M num](x *args) fn {
	var (
		w W
		o O
		f F
		m M
	)
	base, disp, mem := x.m.base, x.m.disp, x.m
	return func(c *cpu.CPU) {
		va := *base + disp
		switch len(m) {
		case memIndex:
			va = (va + *mem.index<<(mem.scale&3)) & mem.mask
		case memSeg:
			va = mem.writable(c, 1<<len(w))
		}
		e := c.TLB.At(va)
		fast, off := e.Write == (va+1<<len(w)-1)&^0xfff, va+e.Addend
		var a T
		switch {
		case !fast:
			a = T(modifySlow(c, va, 1<<len(w), mem.site))
		case len(w) == 0:
			a = T(bus.Load8(off))
		case len(w) == 1:
			a = T(bus.Load16(off))
		case len(w) == 2:
			a = T(bus.Load32(off))
		default:
			a = T(bus.Load64(off))
		}
		r := T(single(ir.Inc+ir.Op(len(o)), uint64(a)))
		switch {
		case !fast:
			storeSlow(c, va, 1<<len(w), uint64(r), mem.site)
		case len(w) == 0:
			bus.Store8(off, uint8(r))
		case len(w) == 1:
			bus.Store16(off, uint16(r))
		case len(w) == 2:
			bus.Store32(off, uint32(r))
		default:
			bus.Store64(off, uint64(r))
		}
		if len(f) == 1 {
			keepSingle(c, ir.Inc+ir.Op(len(o)), len(w), uint64(a), uint64(r))
		}
	}
}

func single(o ir.Op, a uint64) uint64 {
	switch o {
	case ir.Inc:
		return a + 1
	case ir.Dec:
		return a - 1
	case ir.Neg:
		return -a
	}
	return ^a
}

// keepSingle is keep for one operand: INC and DEC leave CF as it is, NOT leaves all.
func keepSingle(c *cpu.CPU, o ir.Op, w int, a, r uint64) {
	switch o {
	case ir.Inc:
		c.CCCF = c.CarryBit()
		c.CCOp, c.CCRes = cpu.CCInc|uint32(w), r
	case ir.Dec:
		c.CCCF = c.CarryBit()
		c.CCOp, c.CCRes = cpu.CCDec|uint32(w), r
	case ir.Neg:
		c.CCOp, c.CCRes, c.CCSrc = cpu.CCSub|uint32(w), r, a
	}
}

// The makers by what a micro-op has: calls in place, since a table of generic
// functions needs a wrapper for each.

func pickRR[T word, W num](o ir.Op, flags int, x *args) fn {
	switch 2*int(o) + flags {
	case 0:
		return aluRR[T, W, n0, n0](x)
	case 1:
		return aluRR[T, W, n0, n1](x)
	case 2:
		return aluRR[T, W, n1, n0](x)
	case 3:
		return aluRR[T, W, n1, n1](x)
	case 4:
		return aluRR[T, W, n2, n0](x)
	case 5:
		return aluRR[T, W, n2, n1](x)
	case 6:
		return aluRR[T, W, n3, n0](x)
	case 7:
		return aluRR[T, W, n3, n1](x)
	case 8:
		return aluRR[T, W, n4, n0](x)
	case 9:
		return aluRR[T, W, n4, n1](x)
	case 10:
		return aluRR[T, W, n5, n0](x)
	case 11:
		return aluRR[T, W, n5, n1](x)
	case 12:
		return aluRR[T, W, n6, n0](x)
	case 13:
		return aluRR[T, W, n6, n1](x)
	case 14:
		return aluRR[T, W, n7, n0](x)
	case 15:
		return aluRR[T, W, n7, n1](x)
	case 16:
		return aluRR[T, W, n8, n0](x)
	}
	return aluRR[T, W, n8, n1](x)
}

func pickRI[T word, W num](o ir.Op, flags int, x *args) fn {
	switch 2*int(o) + flags {
	case 0:
		return aluRI[T, W, n0, n0](x)
	case 1:
		return aluRI[T, W, n0, n1](x)
	case 2:
		return aluRI[T, W, n1, n0](x)
	case 3:
		return aluRI[T, W, n1, n1](x)
	case 4:
		return aluRI[T, W, n2, n0](x)
	case 5:
		return aluRI[T, W, n2, n1](x)
	case 6:
		return aluRI[T, W, n3, n0](x)
	case 7:
		return aluRI[T, W, n3, n1](x)
	case 8:
		return aluRI[T, W, n4, n0](x)
	case 9:
		return aluRI[T, W, n4, n1](x)
	case 10:
		return aluRI[T, W, n5, n0](x)
	case 11:
		return aluRI[T, W, n5, n1](x)
	case 12:
		return aluRI[T, W, n6, n0](x)
	case 13:
		return aluRI[T, W, n6, n1](x)
	case 14:
		return aluRI[T, W, n7, n0](x)
	case 15:
		return aluRI[T, W, n7, n1](x)
	case 16:
		return aluRI[T, W, n8, n0](x)
	}
	return aluRI[T, W, n8, n1](x)
}

func pickRM[T word, W, M num](o ir.Op, flags int, x *args) fn {
	switch 2*int(o) + flags {
	case 0:
		return aluRM[T, W, n0, n0, M](x)
	case 1:
		return aluRM[T, W, n0, n1, M](x)
	case 2:
		return aluRM[T, W, n1, n0, M](x)
	case 3:
		return aluRM[T, W, n1, n1, M](x)
	case 4:
		return aluRM[T, W, n2, n0, M](x)
	case 5:
		return aluRM[T, W, n2, n1, M](x)
	case 6:
		return aluRM[T, W, n3, n0, M](x)
	case 7:
		return aluRM[T, W, n3, n1, M](x)
	case 8:
		return aluRM[T, W, n4, n0, M](x)
	case 9:
		return aluRM[T, W, n4, n1, M](x)
	case 10:
		return aluRM[T, W, n5, n0, M](x)
	case 11:
		return aluRM[T, W, n5, n1, M](x)
	case 12:
		return aluRM[T, W, n6, n0, M](x)
	case 13:
		return aluRM[T, W, n6, n1, M](x)
	case 14:
		return aluRM[T, W, n7, n0, M](x)
	case 15:
		return aluRM[T, W, n7, n1, M](x)
	case 16:
		return aluRM[T, W, n8, n0, M](x)
	}
	return aluRM[T, W, n8, n1, M](x)
}

func pickMR[T word, W, M num](o ir.Op, flags int, x *args) fn {
	switch 2*int(o) + flags {
	case 0:
		return aluMR[T, W, n0, n0, M](x)
	case 1:
		return aluMR[T, W, n0, n1, M](x)
	case 2:
		return aluMR[T, W, n1, n0, M](x)
	case 3:
		return aluMR[T, W, n1, n1, M](x)
	case 4:
		return aluMR[T, W, n2, n0, M](x)
	case 5:
		return aluMR[T, W, n2, n1, M](x)
	case 6:
		return aluMR[T, W, n3, n0, M](x)
	case 7:
		return aluMR[T, W, n3, n1, M](x)
	case 8:
		return aluMR[T, W, n4, n0, M](x)
	case 9:
		return aluMR[T, W, n4, n1, M](x)
	case 10:
		return aluMR[T, W, n5, n0, M](x)
	case 11:
		return aluMR[T, W, n5, n1, M](x)
	case 12:
		return aluMR[T, W, n6, n0, M](x)
	case 13:
		return aluMR[T, W, n6, n1, M](x)
	case 14:
		return aluMR[T, W, n7, n0, M](x)
	case 15:
		return aluMR[T, W, n7, n1, M](x)
	case 16:
		return aluMR[T, W, n8, n0, M](x)
	}
	return aluMR[T, W, n8, n1, M](x)
}

func pickR[T word, W num](o ir.Op, flags int, x *args) fn {
	switch 2*int(o) + flags {
	case 0:
		return unaryR[T, W, n0, n0](x)
	case 1:
		return unaryR[T, W, n0, n1](x)
	case 2:
		return unaryR[T, W, n1, n0](x)
	case 3:
		return unaryR[T, W, n1, n1](x)
	case 4:
		return unaryR[T, W, n2, n0](x)
	case 5:
		return unaryR[T, W, n2, n1](x)
	case 6:
		return unaryR[T, W, n3, n0](x)
	}
	return unaryR[T, W, n3, n1](x)
}

func pickM[T word, W, M num](o ir.Op, flags int, x *args) fn {
	switch 2*int(o) + flags {
	case 0:
		return unaryM[T, W, n0, n0, M](x)
	case 1:
		return unaryM[T, W, n0, n1, M](x)
	case 2:
		return unaryM[T, W, n1, n0, M](x)
	case 3:
		return unaryM[T, W, n1, n1, M](x)
	case 4:
		return unaryM[T, W, n2, n0, M](x)
	case 5:
		return unaryM[T, W, n2, n1, M](x)
	case 6:
		return unaryM[T, W, n3, n0, M](x)
	}
	return unaryM[T, W, n3, n1, M](x)
}

func makeRR(w uint8, o ir.Op, flags int, x *args) fn {
	switch w {
	case 0:
		return pickRR[uint8, n0](o, flags, x)
	case 1:
		return pickRR[uint16, n1](o, flags, x)
	case 2:
		return pickRR[uint32, n2](o, flags, x)
	}
	return pickRR[uint64, n3](o, flags, x)
}

func makeRI(w uint8, o ir.Op, flags int, x *args) fn {
	switch w {
	case 0:
		return pickRI[uint8, n0](o, flags, x)
	case 1:
		return pickRI[uint16, n1](o, flags, x)
	case 2:
		return pickRI[uint32, n2](o, flags, x)
	}
	return pickRI[uint64, n3](o, flags, x)
}

func makeR(w uint8, o ir.Op, flags int, x *args) fn {
	switch w {
	case 0:
		return pickR[uint8, n0](o, flags, x)
	case 1:
		return pickR[uint16, n1](o, flags, x)
	case 2:
		return pickR[uint32, n2](o, flags, x)
	}
	return pickR[uint64, n3](o, flags, x)
}

func widthRM[M num](w uint8, o ir.Op, flags int, x *args) fn {
	switch w {
	case 0:
		return pickRM[uint8, n0, M](o, flags, x)
	case 1:
		return pickRM[uint16, n1, M](o, flags, x)
	case 2:
		return pickRM[uint32, n2, M](o, flags, x)
	}
	return pickRM[uint64, n3, M](o, flags, x)
}

func widthMR[M num](w uint8, o ir.Op, flags int, x *args) fn {
	switch w {
	case 0:
		return pickMR[uint8, n0, M](o, flags, x)
	case 1:
		return pickMR[uint16, n1, M](o, flags, x)
	case 2:
		return pickMR[uint32, n2, M](o, flags, x)
	}
	return pickMR[uint64, n3, M](o, flags, x)
}

func widthM[M num](w uint8, o ir.Op, flags int, x *args) fn {
	switch w {
	case 0:
		return pickM[uint8, n0, M](o, flags, x)
	case 1:
		return pickM[uint16, n1, M](o, flags, x)
	case 2:
		return pickM[uint32, n2, M](o, flags, x)
	}
	return pickM[uint64, n3, M](o, flags, x)
}

func makeRM(form int, w uint8, o ir.Op, flags int, x *args) fn {
	switch form {
	case memBase:
		return widthRM[n0](w, o, flags, x)
	case memIndex:
		return widthRM[n1](w, o, flags, x)
	}
	return widthRM[n2](w, o, flags, x)
}

func makeMR(form int, w uint8, o ir.Op, flags int, x *args) fn {
	switch form {
	case memBase:
		return widthMR[n0](w, o, flags, x)
	case memIndex:
		return widthMR[n1](w, o, flags, x)
	}
	return widthMR[n2](w, o, flags, x)
}

func makeM(form int, w uint8, o ir.Op, flags int, x *args) fn {
	switch form {
	case memBase:
		return widthM[n0](w, o, flags, x)
	case memIndex:
		return widthM[n1](w, o, flags, x)
	}
	return widthM[n2](w, o, flags, x)
}
