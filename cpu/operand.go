package cpu

import (
	"ringzero/decoder"
	"ringzero/x86"
)

// EA is the effective address of the instruction's memory operand.
func (c *CPU) EA(in *decoder.Inst) uint64 {
	a := uint64(in.Disp)
	if in.Base < 16 {
		a += c.R[in.Base]
	}
	if in.Index < 16 {
		a += c.R[in.Index] << in.Scale
	}
	if in.AddrSize == 2 {
		return a & 0xffff
	}
	return a & 0xffffffff
}

// loadPair reads a memory operand of two parts: a far pointer, the bounds of
// BOUND, a table register. Each is an access of its own, so that the address of
// the second wraps by the address size, as the 80286 of the sst286 suite shows.
func (c *CPU) loadPair(in *decoder.Inst, first, second int) (a, b uint64, exc *x86.Exception) {
	ea := c.EA(in)
	if a, exc = c.LoadSeg(in.Seg, ea, first); exc != nil {
		return 0, 0, exc
	}
	b, exc = c.LoadSeg(in.Seg, (ea+uint64(first))&addrMask(in), second)
	return a, b, exc
}

// Reg reads a general register operand.
func (c *CPU) Reg(o *decoder.Operand) uint64 {
	if o.Kind == decoder.KindHigh {
		return c.R[o.Reg&3] >> 8 & 0xff
	}
	return c.R[o.Reg&15] & (^uint64(0) >> (64 - 8*o.Size))
}

// SetReg writes a general register operand; a dword clears the upper half.
func (c *CPU) SetReg(o *decoder.Operand, v uint64) {
	r := &c.R[o.Reg&15]
	switch {
	case o.Kind == decoder.KindHigh:
		*r = *r&^0xff00 | v&0xff<<8
	case o.Size == 1:
		*r = *r&^0xff | v&0xff
	case o.Size == 2:
		*r = *r&^0xffff | v&0xffff
	case o.Size == 4:
		*r = v & 0xffffffff
	default:
		*r = v
	}
}

// Operand reads a register, immediate or memory operand.
func (c *CPU) Operand(in *decoder.Inst, i int) (uint64, *x86.Exception) {
	o := &in.Args[i]
	switch o.Kind {
	case decoder.KindReg, decoder.KindHigh:
		return c.Reg(o), nil
	case decoder.KindMem:
		return c.LoadSeg(in.Seg, c.EA(in), int(o.Size))
	case decoder.KindImm, decoder.KindRel:
		return in.Imm, nil
	case decoder.KindImm2:
		return in.Imm2, nil
	case decoder.KindOne:
		return 1, nil
	}
	return 0, nil
}

// SetOperand writes a register or memory operand.
func (c *CPU) SetOperand(in *decoder.Inst, i int, v uint64) *x86.Exception {
	o := &in.Args[i]
	if o.Kind == decoder.KindMem {
		return c.StoreSeg(in.Seg, c.EA(in), int(o.Size), v)
	}
	c.SetReg(o, v)
	return nil
}
