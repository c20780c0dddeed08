package cpu

import (
	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/x86"
)

// The handlers in this file are short cuts through those of x87_mem.go and
// x87_arith.go for the forms that programs are full of: operands that are
// normal numbers, registers that are not empty, memory that the TLB gives. They
// look first and change nothing but the last-instruction registers; whatever is
// out of the ordinary, unmasked exceptions included, is the general handler's,
// from the start.

// FastFPU gives a handler made for a hot form, or nil: the translator asks once
// for each instruction that it translates.
func FastFPU(in *decoder.Inst) Handler {
	if in.Row == nil || in.Row.Map != decoder.MapX87 {
		return nil
	}
	mem := isMem(in)
	integer := in.Row.Opcode&3 == 3 // DB and DF
	switch in.Op {
	case decoder.FADD, decoder.FSUB, decoder.FSUBR, decoder.FMUL, decoder.FDIV, decoder.FDIVR:
		if mem {
			return fastMem[in.ModRM>>3&7]
		}
		return fastReg[in.ModRM>>3&7]
	case decoder.FADDP, decoder.FSUBP, decoder.FSUBRP, decoder.FMULP, decoder.FDIVP, decoder.FDIVRP:
		return fastPop[in.ModRM>>3&7]
	case decoder.FLD:
		return pick(in, fldReg, fldReal)
	case decoder.FSTP:
		return pick(in, fstpReg, fstpReal)
	case decoder.FST:
		return pick(in, nil, fstReal)
	case decoder.FILD:
		return fildFast
	case decoder.FIST, decoder.FISTP:
		if integer && in.Args[0].Size != 2 {
			return fistFast
		}
	}
	return nil
}

// pick chooses by the operand: a register, or a real of 4 or 8 bytes.
func pick(in *decoder.Inst, reg, memory Handler) Handler {
	switch {
	case !isMem(in):
		return reg
	case in.Args[0].Size == 10:
		return nil
	}
	return memory
}

// Handlers by the operation's number in ModRM.reg.
var (
	fastMem = [8]Handler{faddM, fmulM, nil, nil, fsubM, fsubrM, fdivM, fdivrM}
	fastReg = [8]Handler{faddR, fmulR, nil, nil, fsubR, fsubrR, fdivR, fdivrR}
	fastPop = [8]Handler{faddP, fmulP, nil, nil, fsubP, fsubrP, fdivP, fdivrP}
)

// place is the offset in the host's memory of an operand, where the instruction
// may execute, the segment allows it and the TLB has the page.
func (c *CPU) placeRead(s *Site, size uint64) (host uint64, ok bool) {
	in := s.Inst
	off := c.EA(in)
	seg := &c.Seg[in.Seg&7]
	last := off + size - 1
	if c.CR0&fpuBusy|uint64(c.FPU.SW&swES)|uint64(c.Mode&ModeAlign) != 0 || off < seg.ReadLo || last > seg.ReadHi {
		return 0, false
	}
	va := (seg.Base + off) & 0xffffffff
	e := c.TLB.At(va)
	if e.Read != (va+size-1)&^(mmuPage-1) {
		return 0, false
	}
	c.noteMem(s, off)
	return va + e.Addend, true
}

func (c *CPU) placeWrite(s *Site, size uint64) (host uint64, ok bool) {
	in := s.Inst
	off := c.EA(in)
	seg := &c.Seg[in.Seg&7]
	last := off + size - 1
	if c.CR0&fpuBusy|uint64(c.FPU.SW&swES)|uint64(c.Mode&ModeAlign) != 0 || off < seg.WriteLo || last > seg.WriteHi {
		return 0, false
	}
	va := (seg.Base + off) & 0xffffffff
	e := c.TLB.At(va)
	if e.Write != (va+size-1)&^(mmuPage-1) {
		return 0, false
	}
	c.noteMem(s, off)
	return va + e.Addend, true
}
