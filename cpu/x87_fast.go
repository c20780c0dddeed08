package cpu

import (
	"ringzero/bus"
	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/x86"
)

// The handlers in this file are short cuts through those of x87_mem.go and
// x87_arith.go for the forms that programs are full of: operands that are
// normal numbers, registers that are not empty, memory that the TLB gives. They
// look first and change nothing but the last-instruction registers; whatever is
// out of the ordinary is the general handler's, from the start.

// fastFPU gives the number of a call-out made for a hot form, or 0: the translator
// asks once for each instruction that it translates.
func fastFPU(in *decoder.Inst) uint16 {
	if in.Row == nil || in.Row.Map != decoder.MapX87 {
		return 0
	}
	n, reg := fastNone, int(in.ModRM>>3&7)
	switch in.Op {
	case decoder.FADD, decoder.FSUB, decoder.FSUBR, decoder.FMUL, decoder.FDIV, decoder.FDIVR:
		n = fastReg + reg
		if isMem(in) {
			n = fastMem + reg
		}
	case decoder.FADDP, decoder.FSUBP, decoder.FSUBRP, decoder.FMULP, decoder.FDIVP, decoder.FDIVRP:
		n = fastPop + reg
	case decoder.FLD:
		n = pick(in, fastFLDReg, fastFLDReal)
	case decoder.FSTP:
		n = pick(in, fastFSTPReg, fastFSTPReal)
	case decoder.FST:
		n = pick(in, fastNone, fastFSTReal)
	case decoder.FILD:
		n = fastFILD
	case decoder.FIST, decoder.FISTP:
		if in.Args[0].Size != 2 {
			n = fastFIST
		}
	}
	if fastHandlers[n] == nil {
		return 0
	}
	return callFast + uint16(n)
}

// pick chooses by the operand: a register, or a real of 4 or 8 bytes.
func pick(in *decoder.Inst, reg, memory int) int {
	switch {
	case !isMem(in):
		return reg
	case in.Args[0].Size == 10:
		return fastNone
	}
	return memory
}

// The fast forms; those of arithmetic are eight each, by ModRM.reg.
const (
	fastMem = 8 * iota
	fastReg
	fastPop
	fastOther
)

const (
	fastFLDReg = fastOther + iota
	fastFLDReal
	fastFSTPReg
	fastFSTPReal
	fastFSTReal
	fastFILD
	fastFIST
	fastNone
)

var fastHandlers = [fastNone + 1]Handler{
	fastMem: faddM, fmulM, nil, nil, fsubM, fsubrM, fdivM, fdivrM,
	fastReg: faddR, fmulR, nil, nil, fsubR, fsubrR, fdivR, fdivrR,
	fastPop: faddP, fmulP, nil, nil, fsubP, fsubrP, fdivP, fdivrP,
	fastFLDReg: fldReg, fastFLDReal: fldReal, fastFSTPReg: fstpReg, fastFSTPReal: fstpReal, fastFSTReal: fstReal,
	fastFILD: fildFast, fastFIST: fistFast,
}

// fastRead gives the place in the host's memory of an operand that the
// instruction may read at once: it may execute, the segment allows the access
// and the TLB has the page.
func (c *CPU) fastRead(s *Site, size uint64) (host uint64, ok bool) {
	in := s.Inst
	off := c.EA(in)
	seg := &c.Seg[in.Seg&7]
	if c.CR0&fpuBusy|uint64(c.FPU.SW&swES)|uint64(c.Mode&ModeAlign) != 0 || off < seg.ReadLo || off+size-1 > seg.ReadHi {
		return 0, false
	}
	va := (seg.Base + off) & c.AddrMask
	e := c.TLB.At(va)
	if e.Read != (va+size-1)&^(bus.PageSize-1) {
		return 0, false
	}
	c.noteMem(s, off)
	return va + e.Addend, true
}

// fastWrite does so for an operand to be written.
func (c *CPU) fastWrite(s *Site, size uint64) (host uint64, ok bool) {
	in := s.Inst
	off := c.EA(in)
	seg := &c.Seg[in.Seg&7]
	if c.CR0&fpuBusy|uint64(c.FPU.SW&swES)|uint64(c.Mode&ModeAlign) != 0 || off < seg.WriteLo || off+size-1 > seg.WriteHi {
		return 0, false
	}
	va := (seg.Base + off) & c.AddrMask
	e := c.TLB.At(va)
	if e.Write != (va+size-1)&^(bus.PageSize-1) {
		return 0, false
	}
	c.noteMem(s, off)
	return va + e.Addend, true
}

// Biases of the formats (SDM 1 4.2.2).
const (
	bias32 = 127
	bias64 = 1023
	bias80 = 16383
)

// real64 and real32 widen a normal number or a zero.
func real64(v uint64) (softfloat.F80, bool) {
	exp := v >> 52 & 0x7ff
	if exp-1 < 0x7fe {
		return softfloat.F80{Mant: 1<<63 | v<<11, SE: uint16(v>>48)&0x8000 | uint16(exp+bias80-bias64)}, true
	}
	return softfloat.F80{SE: uint16(v >> 48)}, v<<1 == 0
}

func real32(v uint32) (softfloat.F80, bool) {
	exp := v >> 23 & 0xff
	if exp-1 < 0xfe {
		return softfloat.F80{Mant: 1<<63 | uint64(v)<<40, SE: uint16(v>>16)&0x8000 | uint16(exp+bias80-bias32)}, true
	}
	return softfloat.F80{SE: uint16(v >> 16)}, v<<1 == 0
}

// fastReal reads a real of 4 or 8 bytes.
func (c *CPU) fastReal(s *Site) (v softfloat.F80, ok bool) {
	size := uint64(s.Inst.Args[0].Size)
	host, ok := c.fastRead(s, size)
	if !ok {
		return v, false
	}
	if size == 8 {
		return real64(bus.Load64(host))
	}
	return real32(bus.Load32(host))
}

// memOp gives ST(0) and the real in memory that an operation works on.
func (c *CPU) memOp(s *Site) (a, b softfloat.F80, ok bool) {
	f := &c.FPU
	if f.empty(f.Top) {
		return a, b, false
	}
	b, ok = c.fastReal(s)
	return f.ST[f.Top&7], b, ok
}

func faddM(c *CPU, s *Site) *x86.Exception {
	if a, b, ok := c.memOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, c.FPU.Top, e.Add(a, b))
		return nil
	}
	return farith(c, s)
}

func fsubM(c *CPU, s *Site) *x86.Exception {
	if a, b, ok := c.memOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, c.FPU.Top, e.Sub(a, b))
		return nil
	}
	return farith(c, s)
}

func fsubrM(c *CPU, s *Site) *x86.Exception {
	if a, b, ok := c.memOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, c.FPU.Top, e.Sub(b, a))
		return nil
	}
	return farith(c, s)
}

func fmulM(c *CPU, s *Site) *x86.Exception {
	if a, b, ok := c.memOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, c.FPU.Top, e.Mul(a, b))
		return nil
	}
	return farith(c, s)
}

func fdivM(c *CPU, s *Site) *x86.Exception {
	if a, b, ok := c.memOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, c.FPU.Top, e.Div(a, b))
		return nil
	}
	return farith(c, s)
}

func fdivrM(c *CPU, s *Site) *x86.Exception {
	if a, b, ok := c.memOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, c.FPU.Top, e.Div(b, a))
		return nil
	}
	return farith(c, s)
}

// regOp gives ST(0) and ST(i), and the register that the result goes to: ST(0)
// in the D8 forms, ST(i) in those of DC and DE.
func (c *CPU) regOp(s *Site) (a, b softfloat.F80, dst uint8, ok bool) {
	f := &c.FPU
	top, i := f.Top&7, f.reg(s.Inst.ModRM&7)
	if c.CR0&fpuBusy|uint64(f.SW&swES) != 0 || f.empty(top) || f.empty(i) {
		return a, b, 0, false
	}
	c.note(s)
	dst = top
	if s.Inst.Row.Opcode&4 != 0 {
		dst = i
	}
	return f.ST[top], f.ST[i], dst, true
}

func faddR(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, dst, e.Add(a, b))
		return nil
	}
	return farith(c, s)
}

func fsubR(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, dst, e.Sub(a, b))
		return nil
	}
	return farith(c, s)
}

func fsubrR(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, dst, e.Sub(b, a))
		return nil
	}
	return farith(c, s)
}

func fmulR(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, dst, e.Mul(a, b))
		return nil
	}
	return farith(c, s)
}

func fdivR(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, dst, e.Div(a, b))
		return nil
	}
	return farith(c, s)
}

func fdivrR(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		c.FPU.commit(&e, dst, e.Div(b, a))
		return nil
	}
	return farith(c, s)
}

func faddP(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		if c.FPU.commit(&e, dst, e.Add(a, b)) {
			c.FPU.pop()
		}
		return nil
	}
	return farith(c, s)
}

func fsubP(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		if c.FPU.commit(&e, dst, e.Sub(a, b)) {
			c.FPU.pop()
		}
		return nil
	}
	return farith(c, s)
}

func fsubrP(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		if c.FPU.commit(&e, dst, e.Sub(b, a)) {
			c.FPU.pop()
		}
		return nil
	}
	return farith(c, s)
}

func fmulP(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		if c.FPU.commit(&e, dst, e.Mul(a, b)) {
			c.FPU.pop()
		}
		return nil
	}
	return farith(c, s)
}

func fdivP(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		if c.FPU.commit(&e, dst, e.Div(a, b)) {
			c.FPU.pop()
		}
		return nil
	}
	return farith(c, s)
}

func fdivrP(c *CPU, s *Site) *x86.Exception {
	if a, b, dst, ok := c.regOp(s); ok {
		e := c.FPU.env()
		if c.FPU.commit(&e, dst, e.Div(b, a)) {
			c.FPU.pop()
		}
		return nil
	}
	return farith(c, s)
}

// fldReal is FLD of a real of 4 or 8 bytes, fildFast FILD.
func fldReal(c *CPU, s *Site) *x86.Exception {
	f := &c.FPU
	if f.empty(f.reg(7)) {
		if v, ok := c.fastReal(s); ok {
			f.SW &^= swC1
			f.push(v)
			return nil
		}
	}
	return fld(c, s)
}

func fildFast(c *CPU, s *Site) *x86.Exception {
	f := &c.FPU
	size := s.Inst.Args[0].Size
	if !f.empty(f.reg(7)) {
		return fild(c, s)
	}
	host, ok := c.fastRead(s, uint64(size))
	if !ok {
		return fild(c, s)
	}
	v := int64(0)
	switch size {
	case 2:
		v = int64(int16(bus.Load16(host)))
	case 4:
		v = int64(int32(bus.Load32(host)))
	default:
		v = int64(bus.Load64(host))
	}
	var e softfloat.Env
	f.SW &^= swC1
	f.push(e.FromInt64(v))
	return nil
}

// storeReal stores ST(0) as a real of 4 or 8 bytes.
func (c *CPU) storeReal(s *Site, pop bool) bool {
	f := &c.FPU
	if f.empty(f.Top) {
		return false
	}
	e := f.env()
	size := s.Inst.Args[0].Size
	var v uint64
	if size == 8 {
		v = e.ToF64(f.ST[f.Top&7])
	} else {
		v = uint64(e.ToF32(f.ST[f.Top&7]))
	}
	if e.Flags&^e.Masks != 0 {
		return false
	}
	host, ok := c.fastWrite(s, uint64(size))
	if !ok {
		return false
	}
	if size == 8 {
		bus.Store64(host, v)
	} else {
		bus.Store32(host, uint32(v))
	}
	f.report(&e, 0)
	if pop {
		f.pop()
	}
	return true
}

func fstReal(c *CPU, s *Site) *x86.Exception {
	if c.storeReal(s, false) {
		return nil
	}
	return fst(c, s, false)
}

func fstpReal(c *CPU, s *Site) *x86.Exception {
	if c.storeReal(s, true) {
		return nil
	}
	return fst(c, s, true)
}

// fistFast is FIST and FISTP to memory, of 4 or 8 bytes.
func fistFast(c *CPU, s *Site) *x86.Exception {
	f := &c.FPU
	pop := s.Inst.ModRM&8 != 0
	if f.empty(f.Top) {
		return fist(c, s, pop)
	}
	e := f.env()
	size := s.Inst.Args[0].Size
	v := uint64(e.ToInt(f.ST[f.Top&7], 8*int(size), false))
	if e.Flags&^e.Masks != 0 {
		return fist(c, s, pop)
	}
	host, ok := c.fastWrite(s, uint64(size))
	if !ok {
		return fist(c, s, pop)
	}
	if size == 8 {
		bus.Store64(host, v)
	} else {
		bus.Store32(host, uint32(v))
	}
	f.report(&e, 0)
	if pop {
		f.pop()
	}
	return nil
}

// fldReg is FLD ST(i), fstpReg FSTP ST(i).
func fldReg(c *CPU, s *Site) *x86.Exception {
	f := &c.FPU
	r := f.reg(s.Inst.ModRM & 7)
	if c.CR0&fpuBusy|uint64(f.SW&swES) != 0 || f.empty(r) || !f.empty(f.reg(7)) {
		return fld(c, s)
	}
	c.note(s)
	f.SW &^= swC1
	f.push(f.ST[r&7])
	return nil
}

func fstpReg(c *CPU, s *Site) *x86.Exception {
	f := &c.FPU
	if c.CR0&fpuBusy|uint64(f.SW&swES) != 0 || f.empty(f.Top) {
		return fst(c, s, true)
	}
	c.note(s)
	f.SW &^= swC1
	f.set(f.reg(s.Inst.ModRM&7), f.ST[f.Top&7])
	f.pop()
	return nil
}
