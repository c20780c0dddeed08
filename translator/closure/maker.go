package closure

import (
	"ringzero/cpu"
	"ringzero/translator/ir"
)

// A maker is a generic function whose constants are lengths of array types. Each
// length is a shape of its own to the compiler, so `switch len(o)` is decided when
// the maker is compiled, and all makers of a kind are one text. Four rules (RATIONALE,
// "Why are the translator's constants array lengths?"):
//   - a maker stays out of line, else each place that calls it holds its closure once
//     more;
//   - it is called in place: as a value it needs a wrapper;
//   - generic code calls no generic helper: that would cost a dictionary's load;
//   - what a closure names it captures, in dead branches too: few names, in the
//     order of their sizes.
type (
	n0  = [0]bool
	n1  = [1]bool
	n2  = [2]bool
	n3  = [3]bool
	n4  = [4]bool
	n5  = [5]bool
	n6  = [6]bool
	n7  = [7]bool
	n8  = [8]bool
	n9  = [9]bool
	n10 = [10]bool
	n11 = [11]bool
	n12 = [12]bool
	n13 = [13]bool
	n14 = [14]bool
	n15 = [15]bool
	n16 = [16]bool
	n17 = [17]bool
	n18 = [18]bool
	n19 = [19]bool
	n20 = [20]bool
	n21 = [21]bool
	n22 = [22]bool
	n23 = [23]bool
	n24 = [24]bool
	n25 = [25]bool
	n26 = [26]bool
	n27 = [27]bool
	n28 = [28]bool
	n29 = [29]bool

	num interface {
		n0 | n1 | n2 | n3 | n4 | n5 | n6 | n7 | n8 | n9 | n10 | n11 | n12 | n13 | n14 | n15 | n16 | n17 | n18 | n19 | n20 | n21 | n22 | n23 | n24 | n25 | n26 | n27 | n28 | n29
	}
	// word is the type that an operation works in, signed the same with a sign. The
	// width's logarithm goes with it as a num W.
	word interface {
		uint8 | uint16 | uint32 | uint64
	}
	signed interface{ int8 | int16 | int32 | int64 }
)

// args are the operands of a micro-op as closures capture them: d and s point to
// registers, s to the base of a memory operand's fast form where there is one.
type args struct {
	d, s *uint64
	imm  uint64
	m    *address
}

// The forms of a memory operand: lengths of a maker's M.
const (
	memBase  = iota // flat, base and displacement
	memIndex        // flat, with an index
	memSeg          // any segment and address size, checked
	memForms
)

// memForm is the form of a micro-op's memory operand.
func memForm(m *ir.Address) int {
	switch {
	case !m.Flat:
		return memSeg
	case m.Index < 16:
		return memIndex
	}
	return memBase
}

func (k *Backend) args(u *ir.Uop) *args {
	r := k.regs(u)
	k.x = args{d: r.d, s: r.s0, imm: u.Imm}
	if u.D.Kind == ir.Mem || u.S.Kind == ir.Mem {
		k.x.m = k.address(u)
	}
	return &k.x
}

// immediate makes s point to the immediate, where that is the source.
func (x *args) immediate(u *ir.Uop) {
	if u.S.Kind == ir.Imm {
		imm := x.imm
		x.s = &imm
	}
}

// arith is the result of an operation, to be cut to its width; k is CF for those
// that take it, else 0.
func arith(o ir.Op, a, b, k uint64) uint64 {
	switch o {
	case ir.Add, ir.Adc:
		return a + b + k
	case ir.Sub, ir.Sbb, ir.Cmp:
		return a - b - k
	case ir.Or:
		return a | b
	case ir.Xor:
		return a ^ b
	}
	return a & b
}

func takesCarry(o ir.Op) bool { return o == ir.Adc || o == ir.Sbb }
func compares(o ir.Op) bool   { return o == ir.Cmp || o == ir.Test }

// lazy is the kind of lazy flags that an operation leaves.
func lazy(o ir.Op) uint32 {
	switch o {
	case ir.Add, ir.Adc:
		return cpu.CCAdd
	case ir.Sub, ir.Sbb, ir.Cmp, ir.Neg:
		return cpu.CCSub
	}
	return cpu.CCLogic
}

// keep leaves what the flags of an operation follow from: its result, the second
// operand and the carry it took.
func keep(c *cpu.CPU, o ir.Op, w int, r, b, k uint64) {
	c.CCOp, c.CCRes = lazy(o)+uint32(w)+4*uint32(k), r
	if lazy(o) != cpu.CCLogic {
		c.CCSrc = b
	}
}
