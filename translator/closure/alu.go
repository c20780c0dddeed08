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

// The tables, by width, operation and flags.
type (
	aluTable   [4][9][2]maker
	unaryTable [4][4][2]maker
)

var (
	aluRRs = aluTable{aluRROf[uint8, n0](), aluRROf[uint16, n1](), aluRROf[uint32, n2](), aluRROf[uint64, n3]()}
	aluRIs = aluTable{aluRIOf[uint8, n0](), aluRIOf[uint16, n1](), aluRIOf[uint32, n2](), aluRIOf[uint64, n3]()}
	aluRMs = [memForms]aluTable{aluRMIn[n0](), aluRMIn[n1](), aluRMIn[n2]()}
	aluMRs = [memForms]aluTable{aluMRIn[n0](), aluMRIn[n1](), aluMRIn[n2]()}

	unaryRs = unaryTable{unaryROf[uint8, n0](), unaryROf[uint16, n1](), unaryROf[uint32, n2](), unaryROf[uint64, n3]()}
	unaryMs = [memForms]unaryTable{unaryMIn[n0](), unaryMIn[n1](), unaryMIn[n2]()}
)

func aluRRFor[T word, W, O num]() [2]maker { return [2]maker{aluRR[T, W, O, n0], aluRR[T, W, O, n1]} }

func aluRROf[T word, W num]() [9][2]maker {
	return [9][2]maker{aluRRFor[T, W, n0](), aluRRFor[T, W, n1](), aluRRFor[T, W, n2](), aluRRFor[T, W, n3](),
		aluRRFor[T, W, n4](), aluRRFor[T, W, n5](), aluRRFor[T, W, n6](), aluRRFor[T, W, n7](), aluRRFor[T, W, n8]()}
}

func aluRIFor[T word, W, O num]() [2]maker { return [2]maker{aluRI[T, W, O, n0], aluRI[T, W, O, n1]} }

func aluRIOf[T word, W num]() [9][2]maker {
	return [9][2]maker{aluRIFor[T, W, n0](), aluRIFor[T, W, n1](), aluRIFor[T, W, n2](), aluRIFor[T, W, n3](),
		aluRIFor[T, W, n4](), aluRIFor[T, W, n5](), aluRIFor[T, W, n6](), aluRIFor[T, W, n7](), aluRIFor[T, W, n8]()}
}

func aluRMFor[T word, W, O, M num]() [2]maker {
	return [2]maker{aluRM[T, W, O, n0, M], aluRM[T, W, O, n1, M]}
}

func aluRMOf[T word, W, M num]() [9][2]maker {
	return [9][2]maker{aluRMFor[T, W, n0, M](), aluRMFor[T, W, n1, M](), aluRMFor[T, W, n2, M](), aluRMFor[T, W, n3, M](),
		aluRMFor[T, W, n4, M](), aluRMFor[T, W, n5, M](), aluRMFor[T, W, n6, M](), aluRMFor[T, W, n7, M](), aluRMFor[T, W, n8, M]()}
}

func aluRMIn[M num]() aluTable {
	return aluTable{aluRMOf[uint8, n0, M](), aluRMOf[uint16, n1, M](), aluRMOf[uint32, n2, M](), aluRMOf[uint64, n3, M]()}
}

func aluMRFor[T word, W, O, M num]() [2]maker {
	return [2]maker{aluMR[T, W, O, n0, M], aluMR[T, W, O, n1, M]}
}

func aluMROf[T word, W, M num]() [9][2]maker {
	return [9][2]maker{aluMRFor[T, W, n0, M](), aluMRFor[T, W, n1, M](), aluMRFor[T, W, n2, M](), aluMRFor[T, W, n3, M](),
		aluMRFor[T, W, n4, M](), aluMRFor[T, W, n5, M](), aluMRFor[T, W, n6, M](), aluMRFor[T, W, n7, M](), aluMRFor[T, W, n8, M]()}
}

func aluMRIn[M num]() aluTable {
	return aluTable{aluMROf[uint8, n0, M](), aluMROf[uint16, n1, M](), aluMROf[uint32, n2, M](), aluMROf[uint64, n3, M]()}
}

func unaryRFor[T word, W, O num]() [2]maker {
	return [2]maker{unaryR[T, W, O, n0], unaryR[T, W, O, n1]}
}

func unaryROf[T word, W num]() [4][2]maker {
	return [4][2]maker{unaryRFor[T, W, n0](), unaryRFor[T, W, n1](), unaryRFor[T, W, n2](), unaryRFor[T, W, n3]()}
}

func unaryMFor[T word, W, O, M num]() [2]maker {
	return [2]maker{unaryM[T, W, O, n0, M], unaryM[T, W, O, n1, M]}
}

func unaryMOf[T word, W, M num]() [4][2]maker {
	return [4][2]maker{unaryMFor[T, W, n0, M](), unaryMFor[T, W, n1, M](), unaryMFor[T, W, n2, M](), unaryMFor[T, W, n3, M]()}
}

func unaryMIn[M num]() unaryTable {
	return unaryTable{unaryMOf[uint8, n0, M](), unaryMOf[uint16, n1, M](), unaryMOf[uint32, n2, M](), unaryMOf[uint64, n3, M]()}
}
