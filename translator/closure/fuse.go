package closure

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/ir"
)

// An operation that sets the flags and the branch that reads them make one
// terminator. O is the ir.Op, C the condition as the encoding numbers it (SDM 2A
// appendix B table B-10); I is T with a sign.

type fusedMaker func(x *args, blk *Block) term

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

// The tables: for registers by source (a register or an immediate), width,
// operation and condition, for memory by its form, side, width, operation and
// condition. Bytes and words have no form with an index, and of the operations that
// write their register dwords and quadwords alone are here.
var (
	fusedRs = [2][4]fusedOps{
		{fusedNarrow[uint8, int8, n0, n0](), fusedNarrow[uint16, int16, n1, n0](), fusedWide[uint32, int32, n2, n0](), fusedWide[uint64, int64, n3, n0]()},
		{fusedNarrow[uint8, int8, n0, n1](), fusedNarrow[uint16, int16, n1, n1](), fusedWide[uint32, int32, n2, n1](), fusedWide[uint64, int64, n3, n1]()},
	}
	fusedMs = [memForms][2][4]fusedOps{
		memBase: {
			{fusedLoad[uint8, int8, n0, n0, n0](), fusedLoad[uint16, int16, n1, n0, n0](), fusedLoad[uint32, int32, n2, n0, n0](), fusedLoad[uint64, int64, n3, n0, n0]()},
			{fusedLoad[uint8, int8, n0, n1, n0](), fusedLoad[uint16, int16, n1, n1, n0](), fusedLoad[uint32, int32, n2, n1, n0](), fusedLoad[uint64, int64, n3, n1, n0]()},
		},
		memIndex: {
			{2: fusedLoad[uint32, int32, n2, n0, n1](), 3: fusedLoad[uint64, int64, n3, n0, n1]()},
			{2: fusedLoad[uint32, int32, n2, n1, n1](), 3: fusedLoad[uint64, int64, n3, n1, n1]()},
		},
	}
)

type (
	fusedConds [16]fusedMaker
	fusedOps   [ir.Test + 1]fusedConds
)

func fusedRIf[T word, I signed, W, O, S num]() fusedConds {
	return fusedConds{condB: fusedR[T, I, W, O, S, n2], condAE: fusedR[T, I, W, O, S, n3], condE: fusedR[T, I, W, O, S, n4],
		condNE: fusedR[T, I, W, O, S, n5], condBE: fusedR[T, I, W, O, S, n6], condA: fusedR[T, I, W, O, S, n7],
		condS: fusedR[T, I, W, O, S, n8], condNS: fusedR[T, I, W, O, S, n9], condL: fusedR[T, I, W, O, S, n12],
		condGE: fusedR[T, I, W, O, S, n13], condLE: fusedR[T, I, W, O, S, n14], condG: fusedR[T, I, W, O, S, n15]}
}

func fusedNarrow[T word, I signed, W, S num]() fusedOps {
	return fusedOps{ir.Cmp: fusedRIf[T, I, W, n7, S](), ir.Test: fusedRIf[T, I, W, n8, S]()}
}

// fusedWide has ADD as well, whose other conditions need more than a comparison.
func fusedWide[T word, I signed, W, S num]() fusedOps {
	return fusedOps{
		ir.Or: fusedZero[T, I, W, n1, S](), ir.Xor: fusedZero[T, I, W, n6, S](),
		ir.Add: {condB: fusedR[T, I, W, n0, S, n2], condAE: fusedR[T, I, W, n0, S, n3], condE: fusedR[T, I, W, n0, S, n4],
			condNE: fusedR[T, I, W, n0, S, n5], condS: fusedR[T, I, W, n0, S, n8], condNS: fusedR[T, I, W, n0, S, n9]},
		ir.And: fusedRIf[T, I, W, n4, S](), ir.Sub: fusedRIf[T, I, W, n5, S](),
		ir.Cmp: fusedRIf[T, I, W, n7, S](), ir.Test: fusedRIf[T, I, W, n8, S]()}
}

// fusedZero has the conditions that are asked after OR and XOR.
func fusedZero[T word, I signed, W, O, S num]() fusedConds {
	return fusedConds{condE: fusedR[T, I, W, O, S, n4], condNE: fusedR[T, I, W, O, S, n5], condS: fusedR[T, I, W, O, S, n8], condNS: fusedR[T, I, W, O, S, n9]}
}

func fusedMIf[T word, I signed, W, O, S, M num]() fusedConds {
	return fusedConds{condB: fusedM[T, I, W, O, S, M, n2], condAE: fusedM[T, I, W, O, S, M, n3], condE: fusedM[T, I, W, O, S, M, n4],
		condNE: fusedM[T, I, W, O, S, M, n5], condBE: fusedM[T, I, W, O, S, M, n6], condA: fusedM[T, I, W, O, S, M, n7],
		condS: fusedM[T, I, W, O, S, M, n8], condNS: fusedM[T, I, W, O, S, M, n9], condL: fusedM[T, I, W, O, S, M, n12],
		condGE: fusedM[T, I, W, O, S, M, n13], condLE: fusedM[T, I, W, O, S, M, n14], condG: fusedM[T, I, W, O, S, M, n15]}
}

func fusedLoad[T word, I signed, W, S, M num]() fusedOps {
	return fusedOps{ir.Cmp: fusedMIf[T, I, W, n7, S, M](), ir.Test: fusedMIf[T, I, W, n8, S, M]()}
}
