package closure

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/ir"
)

// An operation that sets the flags and the branch that reads them make one
// terminator. O is the ir.Op, C the condition as the encoding numbers it (SDM 2A
// appendix B table B-10); I is T with a sign.

// The conditions.
const (
	condO = iota
	condNO
	condB
	condAE
	condE
	condNE
	condBE
	condA
	condS
	condNS
	condP
	condNP
	condL
	condGE
	condLE
	condG
)

//go:noinline
func fusedR[T word, I signed, W, O, S, C num](x *args, blk *Block) term {
	var (
		w  W
		o  O
		sr S
		cc C
	)
	d, s, imm := x.d, x.s, T(x.imm)
	return func(c *cpu.CPU) *Block {
		a, b := T(*d), imm
		if len(sr) == 0 {
			b = T(*s)
		}
		r := T(arith(ir.Op(len(o)), uint64(a), uint64(b), 0))
		if !compares(ir.Op(len(o))) {
			*d = uint64(r)
		}
		keep(c, ir.Op(len(o)), len(w), uint64(r), uint64(b), 0)
		p, q := a, b
		if lazy(ir.Op(len(o))) != cpu.CCSub {
			p, q = r, 0
		}
		if lazy(ir.Op(len(o))) == cpu.CCAdd && (len(cc) == condB || len(cc) == condAE) {
			q = b
		}
		var hit bool
		switch len(cc) {
		case condB:
			hit = p < q
		case condAE:
			hit = p >= q
		case condE:
			hit = r == 0
		case condNE:
			hit = r != 0
		case condBE:
			hit = p <= q
		case condA:
			hit = p > q
		case condS:
			hit = I(r) < 0
		case condNS:
			hit = I(r) >= 0
		case condL:
			hit = I(p) < I(q)
		case condGE:
			hit = I(p) >= I(q)
		case condLE:
			hit = I(p) <= I(q)
		case condG:
			hit = I(p) > I(q)
		}
		if hit {
			return blk.taken(c)
		}
		return blk.fall(c)
	}
}

// fusedM compares a register with memory, or where S is 1 memory with a register
// or the immediate that s points to.
//
//go:noinline
func fusedM[T word, I signed, W, O, S, M, C num](x *args, blk *Block) term {
	var (
		w  W
		o  O
		sw S
		m  M
		cc C
	)
	s, base, disp, mem := x.s, x.m.base, x.m.disp, x.m
	return func(c *cpu.CPU) *Block {
		va := *base + disp
		if len(m) == memIndex {
			va = (va + *mem.index<<(mem.scale&3)) & mem.mask
		}
		var v T
		if e := c.TLB.At(va); e.Read == (va+1<<len(w)-1)&^0xfff {
			switch off := va + e.Addend; len(w) {
			case 0:
				v = T(bus.Load8(off))
			case 1:
				v = T(bus.Load16(off))
			case 2:
				v = T(bus.Load32(off))
			default:
				v = T(bus.Load64(off))
			}
		} else {
			v = T(loadSlow(c, va, 1<<len(w), mem.site))
		}
		a, b := T(*s), v
		if len(sw) == 1 {
			a, b = v, T(*s)
		}
		r := T(arith(ir.Op(len(o)), uint64(a), uint64(b), 0))
		keep(c, ir.Op(len(o)), len(w), uint64(r), uint64(b), 0)
		p, q := a, b
		if lazy(ir.Op(len(o))) != cpu.CCSub {
			p, q = r, 0
		}
		var hit bool
		switch len(cc) {
		case condB:
			hit = p < q
		case condAE:
			hit = p >= q
		case condE:
			hit = r == 0
		case condNE:
			hit = r != 0
		case condBE:
			hit = p <= q
		case condA:
			hit = p > q
		case condS:
			hit = I(r) < 0
		case condNS:
			hit = I(r) >= 0
		case condL:
			hit = I(p) < I(q)
		case condGE:
			hit = I(p) >= I(q)
		case condLE:
			hit = I(p) <= I(q)
		case condG:
			hit = I(p) > I(q)
		}
		if hit {
			return blk.taken(c)
		}
		return blk.fall(c)
	}
}

// What is fused: comparisons with every condition but those of OF and PF alone; of the
// operations that write their register, in dwords and quadwords, those conditions that
// programs ask for. Memory is compared in bytes, dwords and quadwords.

func pickCmpR[T word, I signed, W, O, S num](cond uint8, x *args, blk *Block) term {
	switch cond {
	case condB:
		return fusedR[T, I, W, O, S, n2](x, blk)
	case condAE:
		return fusedR[T, I, W, O, S, n3](x, blk)
	case condE:
		return fusedR[T, I, W, O, S, n4](x, blk)
	case condNE:
		return fusedR[T, I, W, O, S, n5](x, blk)
	case condBE:
		return fusedR[T, I, W, O, S, n6](x, blk)
	case condA:
		return fusedR[T, I, W, O, S, n7](x, blk)
	case condS:
		return fusedR[T, I, W, O, S, n8](x, blk)
	case condNS:
		return fusedR[T, I, W, O, S, n9](x, blk)
	case condL:
		return fusedR[T, I, W, O, S, n12](x, blk)
	case condGE:
		return fusedR[T, I, W, O, S, n13](x, blk)
	case condLE:
		return fusedR[T, I, W, O, S, n14](x, blk)
	case condG:
		return fusedR[T, I, W, O, S, n15](x, blk)
	}
	return nil
}

// pickSignR is for results whose CF is 0.
func pickSignR[T word, I signed, W, O, S num](cond uint8, x *args, blk *Block) term {
	switch cond {
	case condE:
		return fusedR[T, I, W, O, S, n4](x, blk)
	case condNE:
		return fusedR[T, I, W, O, S, n5](x, blk)
	case condS:
		return fusedR[T, I, W, O, S, n8](x, blk)
	case condNS:
		return fusedR[T, I, W, O, S, n9](x, blk)
	case condL:
		return fusedR[T, I, W, O, S, n12](x, blk)
	case condGE:
		return fusedR[T, I, W, O, S, n13](x, blk)
	case condLE:
		return fusedR[T, I, W, O, S, n14](x, blk)
	case condG:
		return fusedR[T, I, W, O, S, n15](x, blk)
	}
	return nil
}

func pickZeroR[T word, I signed, W, O, S num](cond uint8, x *args, blk *Block) term {
	switch cond {
	case condE:
		return fusedR[T, I, W, O, S, n4](x, blk)
	case condNE:
		return fusedR[T, I, W, O, S, n5](x, blk)
	case condS:
		return fusedR[T, I, W, O, S, n8](x, blk)
	case condNS:
		return fusedR[T, I, W, O, S, n9](x, blk)
	}
	return nil
}

func pickCarryR[T word, I signed, W, O, S num](cond uint8, x *args, blk *Block) term {
	switch cond {
	case condB:
		return fusedR[T, I, W, O, S, n2](x, blk)
	case condAE:
		return fusedR[T, I, W, O, S, n3](x, blk)
	case condE:
		return fusedR[T, I, W, O, S, n4](x, blk)
	case condNE:
		return fusedR[T, I, W, O, S, n5](x, blk)
	case condS:
		return fusedR[T, I, W, O, S, n8](x, blk)
	case condNS:
		return fusedR[T, I, W, O, S, n9](x, blk)
	}
	return nil
}

func pickNarrowR[T word, I signed, W, S num](u *ir.Uop, cond uint8, x *args, blk *Block) term {
	switch u.Op {
	case ir.Cmp:
		return pickCmpR[T, I, W, n7, S](cond, x, blk)
	case ir.Test:
		return pickSignR[T, I, W, n8, S](cond, x, blk)
	}
	return nil
}

func pickWideR[T word, I signed, W, S num](u *ir.Uop, cond uint8, x *args, blk *Block) term {
	switch u.Op {
	case ir.Add:
		return pickCarryR[T, I, W, n0, S](cond, x, blk)
	case ir.Or:
		return pickZeroR[T, I, W, n1, S](cond, x, blk)
	case ir.And:
		return pickZeroR[T, I, W, n4, S](cond, x, blk)
	case ir.Sub:
		return pickCmpR[T, I, W, n5, S](cond, x, blk)
	case ir.Xor:
		return pickZeroR[T, I, W, n6, S](cond, x, blk)
	}
	return pickNarrowR[T, I, W, S](u, cond, x, blk)
}

// makeFusedR has a register or, with S as n1, an immediate as its source.
func makeFusedR[S num](u *ir.Uop, cond uint8, x *args, blk *Block) term {
	switch u.W {
	case 0:
		return pickNarrowR[uint8, int8, n0, S](u, cond, x, blk)
	case 1:
		return pickNarrowR[uint16, int16, n1, S](u, cond, x, blk)
	case 2:
		return pickWideR[uint32, int32, n2, S](u, cond, x, blk)
	}
	return pickWideR[uint64, int64, n3, S](u, cond, x, blk)
}

func pickCmpM[T word, I signed, W, O, S, M num](cond uint8, x *args, blk *Block) term {
	switch cond {
	case condB:
		return fusedM[T, I, W, O, S, M, n2](x, blk)
	case condAE:
		return fusedM[T, I, W, O, S, M, n3](x, blk)
	case condE:
		return fusedM[T, I, W, O, S, M, n4](x, blk)
	case condNE:
		return fusedM[T, I, W, O, S, M, n5](x, blk)
	case condBE:
		return fusedM[T, I, W, O, S, M, n6](x, blk)
	case condA:
		return fusedM[T, I, W, O, S, M, n7](x, blk)
	case condS:
		return fusedM[T, I, W, O, S, M, n8](x, blk)
	case condNS:
		return fusedM[T, I, W, O, S, M, n9](x, blk)
	case condL:
		return fusedM[T, I, W, O, S, M, n12](x, blk)
	case condGE:
		return fusedM[T, I, W, O, S, M, n13](x, blk)
	case condLE:
		return fusedM[T, I, W, O, S, M, n14](x, blk)
	case condG:
		return fusedM[T, I, W, O, S, M, n15](x, blk)
	}
	return nil
}

func pickSignM[T word, I signed, W, O, S, M num](cond uint8, x *args, blk *Block) term {
	switch cond {
	case condE:
		return fusedM[T, I, W, O, S, M, n4](x, blk)
	case condNE:
		return fusedM[T, I, W, O, S, M, n5](x, blk)
	case condS:
		return fusedM[T, I, W, O, S, M, n8](x, blk)
	case condNS:
		return fusedM[T, I, W, O, S, M, n9](x, blk)
	case condL:
		return fusedM[T, I, W, O, S, M, n12](x, blk)
	case condGE:
		return fusedM[T, I, W, O, S, M, n13](x, blk)
	case condLE:
		return fusedM[T, I, W, O, S, M, n14](x, blk)
	case condG:
		return fusedM[T, I, W, O, S, M, n15](x, blk)
	}
	return nil
}

func pickCompareM[T word, I signed, W, M num](u *ir.Uop, cond uint8, x *args, blk *Block) term {
	switch {
	case u.Op == ir.Test:
		return pickSignM[T, I, W, n8, n1, M](cond, x, blk)
	case u.Op != ir.Cmp:
		return nil
	case u.S.Kind == ir.Mem:
		return pickCmpM[T, I, W, n7, n0, M](cond, x, blk)
	}
	return pickCmpM[T, I, W, n7, n1, M](cond, x, blk)
}

func makeFusedM(u *ir.Uop, cond uint8, x *args, blk *Block) term {
	switch form := memForm(&u.Addr); {
	case form == memBase && u.W == 0:
		return pickCompareM[uint8, int8, n0, n0](u, cond, x, blk)
	case form == memBase && u.W == 2:
		return pickCompareM[uint32, int32, n2, n0](u, cond, x, blk)
	case form == memBase && u.W == 3:
		return pickCompareM[uint64, int64, n3, n0](u, cond, x, blk)
	case form == memIndex && u.W == 2:
		return pickCompareM[uint32, int32, n2, n1](u, cond, x, blk)
	case form == memIndex && u.W == 3:
		return pickCompareM[uint64, int64, n3, n1](u, cond, x, blk)
	}
	return nil
}
