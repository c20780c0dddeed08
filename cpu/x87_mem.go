package cpu

import (
	"encoding/binary"

	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/x86"
)

// readImage reads an operand of several words; it is read whole or not at all.
func (c *CPU) readImage(va uint64, p []byte) *x86.Exception {
	if exc := c.probe(va, len(p), mmu.Read, c.CPL == 3); exc != nil {
		return exc
	}
	for len(p) > 0 {
		n := piece(len(p))
		v, exc := c.Load(va, n)
		if exc != nil {
			return exc
		}
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], v)
		copy(p[:n], b[:])
		va, p = va+uint64(n), p[n:]
	}
	return nil
}

// writeImage writes an operand of several words. All of it is checked first;
// to be begun again does no harm, since the same bytes are written.
func (c *CPU) writeImage(va uint64, p []byte) *x86.Exception {
	if exc := c.probe(va, len(p), mmu.Write, c.CPL == 3); exc != nil {
		return exc
	}
	for len(p) > 0 {
		n := piece(len(p))
		var b [8]byte
		copy(b[:], p[:n])
		if exc := c.Store(va, n, binary.LittleEndian.Uint64(b[:])); exc != nil {
			return exc
		}
		va, p = va+uint64(n), p[n:]
	}
	return nil
}

// piece is the size of the next access to n bytes.
func piece(n int) int {
	switch {
	case n >= 8:
		return 8
	case n >= 4:
		return 4
	}
	return min(n, 2)
}

// operandAddr is offset and linear address of a memory operand.
func (c *CPU) operandAddr(in *decoder.Inst, size int, write bool) (off, va uint64, exc *x86.Exception) {
	off = c.EA(in)
	va, exc = c.Linear(in.Seg, off, size, write)
	return off, va, exc
}

// loadOperand reads a memory operand of up to 8 bytes and notes the
// instruction, which can't fault any more.
func (c *CPU) loadOperand(s *Site) (uint64, *x86.Exception) {
	in := s.Inst
	size := int(in.Args[0].Size)
	off, va, exc := c.operandAddr(in, size, false)
	if exc != nil {
		return 0, exc
	}
	v, exc := c.Load(va, size)
	if exc != nil {
		return 0, exc
	}
	c.noteMem(s, off)
	return v, nil
}

// storeOperand writes likewise.
func (c *CPU) storeOperand(s *Site, v uint64) *x86.Exception {
	in := s.Inst
	size := int(in.Args[0].Size)
	off, va, exc := c.operandAddr(in, size, true)
	if exc != nil {
		return exc
	}
	if exc := c.Store(va, size, v); exc != nil {
		return exc
	}
	c.noteMem(s, off)
	return nil
}

// loadTen and storeTen access an operand of ten bytes.
func (c *CPU) loadTen(s *Site) (p [10]byte, exc *x86.Exception) {
	off, va, exc := c.operandAddr(s.Inst, 10, false)
	if exc != nil {
		return p, exc
	}
	if exc = c.readImage(va, p[:]); exc != nil {
		return p, exc
	}
	c.noteMem(s, off)
	return p, nil
}

func (c *CPU) storeTen(s *Site, p [10]byte) *x86.Exception {
	off, va, exc := c.operandAddr(s.Inst, 10, true)
	if exc != nil {
		return exc
	}
	if exc := c.writeImage(va, p[:]); exc != nil {
		return exc
	}
	c.noteMem(s, off)
	return nil
}

func f80Of(p []byte) softfloat.F80 {
	return softfloat.F80{Mant: binary.LittleEndian.Uint64(p), SE: binary.LittleEndian.Uint16(p[8:])}
}

func putF80(p []byte, v softfloat.F80) {
	binary.LittleEndian.PutUint64(p, v.Mant)
	binary.LittleEndian.PutUint16(p[8:], v.SE)
}

// noteTarget notes an instruction that does not get to its memory operand.
func (c *CPU) noteTarget(s *Site) {
	if isMem(s.Inst) {
		c.noteMem(s, c.EA(s.Inst))
		return
	}
	c.note(s)
}

// fld pushes a register or a real from memory.
func fld(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	f := &c.FPU
	o := &s.Inst.Args[0]
	switch {
	case o.Kind == decoder.KindST:
		c.note(s)
		r := f.reg(o.Reg)
		if f.empty(r) {
			if f.stackFault(false) {
				f.push(softfloat.Indefinite)
			}
			return nil
		}
		f.pushChecked(f.ST[r])
		return nil
	case o.Size == 10:
		p, exc := c.loadTen(s)
		if exc != nil {
			return exc
		}
		f.pushChecked(f80Of(p[:]))
		return nil
	}
	v, exc := c.loadOperand(s)
	if exc != nil {
		return exc
	}
	e := f.env()
	var r softfloat.F80
	if o.Size == 4 {
		r = e.FromF32(uint32(v))
	} else {
		r = e.FromF64(v)
	}
	// A denormal is loaded although DE is unmasked: silicon, against SDM 1 8.5.2.
	if f.empty(f.reg(7)) && f.report(&e, softfloat.IE) {
		return nil
	}
	f.pushChecked(r)
	return nil
}

// fst stores ST(0) to a register or as a real to memory, and pops it if asked.
func fst(c *CPU, s *Site, pop bool) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	o := &s.Inst.Args[0]
	if o.Kind == decoder.KindST {
		return fstReg(c, s, pop)
	}
	f := &c.FPU
	e := f.env()
	a, ok := f.source()
	if !ok {
		c.noteTarget(s)
		f.stackFault(false)
		return nil
	}
	if o.Size == 10 {
		var p [10]byte
		putF80(p[:], a)
		return c.finishStore(c.storeTen(s, p), &e, pop)
	}
	v := uint64(0)
	if o.Size == 4 {
		v = uint64(e.ToF32(a))
	} else {
		v = e.ToF64(a)
	}
	return c.storeResult(s, v, &e, pop)
}

// fstReg stores ST(0) to a register.
func fstReg(c *CPU, s *Site, pop bool) *x86.Exception {
	c.note(s)
	f := &c.FPU
	r := f.reg(s.Inst.Args[0].Reg)
	if f.empty(f.Top) {
		if !f.underflow(r) {
			return nil
		}
	} else {
		f.SW &^= swC1
		f.set(r, f.ST[f.Top&7])
	}
	if pop {
		f.pop()
	}
	return nil
}

// fstpNCE is D9 D8+i, which stores and pops without looking at the tags: an
// empty ST(0) leaves the destination alone.
func fstpNCE(c *CPU, s *Site) *x86.Exception {
	if exc := c.begin(s); exc != nil {
		return exc
	}
	f := &c.FPU
	f.SW &^= swC1
	if !f.empty(f.Top) {
		f.set(f.reg(s.Inst.Args[0].Reg), f.ST[f.Top&7])
	}
	f.pop()
	return nil
}

// source is ST(0) for a store to memory: the indefinite where it is empty. ok is
// false where that is unmasked, so that nothing is stored.
func (f *FPU) source() (v softfloat.F80, ok bool) {
	if f.empty(f.Top) {
		return softfloat.Indefinite, f.CW&softfloat.IE != 0
	}
	return f.ST[f.Top&7], true
}

// storeResult stores what a conversion gave, unless an unmasked exception other
// than PE forbids it (SDM 1 8.5).
func (c *CPU) storeResult(s *Site, v uint64, e *softfloat.Env, pop bool) *x86.Exception {
	if e.Flags&^e.Masks&^softfloat.PE != 0 {
		c.noteTarget(s)
		c.FPU.report(e, 0)
		return nil
	}
	return c.finishStore(c.storeOperand(s, v), e, pop)
}

// finishStore commits the state behind a store to memory that went well.
func (c *CPU) finishStore(exc *x86.Exception, e *softfloat.Env, pop bool) *x86.Exception {
	if exc != nil {
		return exc
	}
	f := &c.FPU
	if f.empty(f.Top) {
		f.stackFault(false)
	} else {
		f.report(e, 0)
	}
	if pop {
		f.pop()
	}
	return nil
}

// fild pushes an integer.
func fild(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	v, exc := c.loadOperand(s)
	if exc != nil {
		return exc
	}
	e := softfloat.Env{}
	c.FPU.pushChecked(e.FromInt64(signExtend(v, s.Inst.Args[0].Size)))
	return nil
}

// signExtend takes an integer of size bytes.
func signExtend(v uint64, size uint8) int64 {
	n := 64 - 8*size
	return int64(v<<n) >> n
}

// fist stores ST(0) as an integer.
func fist(c *CPU, s *Site, pop bool) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	f := &c.FPU
	a, ok := f.source()
	if !ok {
		c.noteTarget(s)
		f.stackFault(false)
		return nil
	}
	e := f.env()
	v := e.ToInt(a, 8*int(s.Inst.Args[0].Size), false)
	return c.storeResult(s, uint64(v), &e, pop)
}

// fbld pushes a packed decimal integer.
func fbld(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	p, exc := c.loadTen(s)
	if exc != nil {
		return exc
	}
	e := softfloat.Env{}
	c.FPU.pushChecked(e.FromBCD(p))
	return nil
}

// fbstp stores and pops one.
func fbstp(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	f := &c.FPU
	a, ok := f.source()
	if !ok {
		c.noteTarget(s)
		f.stackFault(false)
		return nil
	}
	e := f.env()
	p := e.ToBCD(a)
	if e.Flags&^e.Masks&^softfloat.PE != 0 {
		c.noteTarget(s)
		f.report(&e, 0)
		return nil
	}
	return c.finishStore(c.storeTen(s, p), &e, true)
}

// fxch swaps ST(0) and ST(i); an empty one counts as the indefinite.
func fxch(c *CPU, s *Site) *x86.Exception {
	if exc := c.begin(s); exc != nil {
		return exc
	}
	f := &c.FPU
	top, r := f.Top&7, f.reg(s.Inst.Args[0].Reg)
	if f.empty(top) || f.empty(r) {
		if !f.stackFault(false) {
			return nil
		}
		for _, x := range [2]uint8{top, r} {
			if f.empty(x) {
				f.set(x, softfloat.Indefinite)
			}
		}
	} else {
		f.SW &^= swC1
	}
	f.ST[top], f.ST[r] = f.ST[r], f.ST[top]
	return nil
}

// fcmov moves ST(i) to ST(0) if the condition holds. An empty register faults
// whether it does or not; C1 stays as it was otherwise.
func fcmov(c *CPU, s *Site, cc uint8) *x86.Exception {
	if exc := c.begin(s); exc != nil {
		return exc
	}
	f := &c.FPU
	r := f.reg(s.Inst.Args[1].Reg)
	if f.empty(f.Top) || f.empty(r) {
		f.underflow(f.Top)
		return nil
	}
	if c.Cond(cc) {
		f.ST[f.Top&7] = f.ST[r]
	}
	return nil
}

func fcmovOn(cc uint8) Handler {
	return func(c *CPU, s *Site) *x86.Exception { return fcmov(c, s, cc) }
}

// constant pushes what a function of the rounding mode gives.
func constant(of func(rc uint8) softfloat.F80) Handler {
	return func(c *CPU, s *Site) *x86.Exception {
		if exc := c.begin(s); exc != nil {
			return exc
		}
		c.FPU.pushChecked(of(c.FPU.env().RC))
		return nil
	}
}

func fpuMoveCalls(set func(h Handler, ops ...decoder.Op)) {
	set(fld, decoder.FLD)
	set(func(c *CPU, s *Site) *x86.Exception { return fst(c, s, false) }, decoder.FST)
	set(func(c *CPU, s *Site) *x86.Exception { return fst(c, s, true) }, decoder.FSTP)
	set(fstpNCE, decoder.FSTPNCE)
	set(fild, decoder.FILD)
	set(func(c *CPU, s *Site) *x86.Exception { return fist(c, s, false) }, decoder.FIST)
	set(func(c *CPU, s *Site) *x86.Exception { return fist(c, s, true) }, decoder.FISTP)
	set(fbld, decoder.FBLD)
	set(fbstp, decoder.FBSTP)
	set(fxch, decoder.FXCH)

	// Conditions by their numbers: B 2, E 4, BE 6, U 10 (P); the odd ones negate.
	set(fcmovOn(2), decoder.FCMOVB)
	set(fcmovOn(3), decoder.FCMOVNB)
	set(fcmovOn(4), decoder.FCMOVE)
	set(fcmovOn(5), decoder.FCMOVNE)
	set(fcmovOn(6), decoder.FCMOVBE)
	set(fcmovOn(7), decoder.FCMOVNBE)
	set(fcmovOn(10), decoder.FCMOVU)
	set(fcmovOn(11), decoder.FCMOVNU)

	type env = softfloat.Env
	set(constant(func(uint8) softfloat.F80 { return softfloat.One }), decoder.FLD1)
	set(constant(func(uint8) softfloat.F80 { return softfloat.Zero }), decoder.FLDZ)
	set(constant(func(rc uint8) softfloat.F80 { e := env{RC: rc}; return e.ConstL2T() }), decoder.FLDL2T)
	set(constant(func(rc uint8) softfloat.F80 { e := env{RC: rc}; return e.ConstL2E() }), decoder.FLDL2E)
	set(constant(func(rc uint8) softfloat.F80 { e := env{RC: rc}; return e.ConstPI() }), decoder.FLDPI)
	set(constant(func(rc uint8) softfloat.F80 { e := env{RC: rc}; return e.ConstLG2() }), decoder.FLDLG2)
	set(constant(func(rc uint8) softfloat.F80 { e := env{RC: rc}; return e.ConstLN2() }), decoder.FLDLN2)
}
