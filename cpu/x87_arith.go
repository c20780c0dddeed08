package cpu

import (
	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/x86"
)

// The arithmetic operations by their number in ModRM.reg. In the DC and DE forms
// on registers the operands stay as in D8, ST(0) first; the result goes to
// ST(i). The mnemonics are swapped there, not the numbers.
const (
	opAdd  = 0
	opMul  = 1
	opSub  = 4
	opSubR = 5
	opDiv  = 6
)

// arithmetic is a op b.
func arithmetic(e *softfloat.Env, op uint8, a, b softfloat.F80) softfloat.F80 {
	switch op {
	case opAdd:
		return e.Add(a, b)
	case opMul:
		return e.Mul(a, b)
	case opSub:
		return e.Sub(a, b)
	case opSubR:
		return e.Sub(b, a)
	case opDiv:
		return e.Div(a, b)
	}
	return e.Div(b, a)
}

// fpuOperand reads a memory operand of an arithmetic or compare instruction. A
// signalling NaN stays one, for the operation to see; denormal tells that the
// number was one in its own format.
func (c *CPU) fpuOperand(s *Site) (b softfloat.F80, denormal bool, exc *x86.Exception) {
	v, exc := c.loadOperand(s)
	if exc != nil {
		return b, false, exc
	}
	size := s.Inst.Args[0].Size
	e := softfloat.Env{Masks: allFlags}
	switch {
	case s.Inst.Row.Opcode&2 != 0: // DA and DE
		return e.FromInt64(signExtend(v, size)), false, nil
	case size == 4:
		b = e.FromF32(uint32(v))
	default:
		b = e.FromF64(v)
	}
	if e.Flags&softfloat.IE != 0 {
		b.Mant &^= 1 << 62
	}
	return b, e.Flags&softfloat.DE != 0, nil
}

// memDenormal adds the DE of a memory operand that was denormal in its format,
// where a, the other operand, leaves room for it: NaNs and what raises IE or ZE
// go before. Unmasked, nothing else is raised.
func memDenormal(e *softfloat.Env, a softfloat.F80) {
	if e.Flags&(softfloat.IE|softfloat.ZE) != 0 || a.IsNaN() {
		return
	}
	e.Flags |= softfloat.DE
	if e.Masks&softfloat.DE == 0 {
		e.Flags, e.C1 = softfloat.DE, false
	}
}

// farith is FADD, FSUB, FSUBR, FMUL, FDIV and FDIVR with their P and I forms.
func farith(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	f := &c.FPU
	in := s.Inst
	top, op := f.Top&7, in.ModRM>>3&7
	e := f.env()
	if isMem(in) {
		b, denormal, exc := c.fpuOperand(s)
		if exc != nil {
			return exc
		}
		if f.empty(top) {
			f.underflow(top)
			return nil
		}
		a := f.ST[top]
		r := arithmetic(&e, op, a, b)
		if denormal {
			memDenormal(&e, a)
		}
		f.commit(&e, top, r)
		return nil
	}
	c.note(s)
	i := f.reg(in.ModRM & 7)
	dst := top
	if in.Row.Opcode&4 != 0 {
		dst = i
	}
	done := false
	if f.empty(top) || f.empty(i) {
		done = f.underflow(dst)
	} else {
		r := arithmetic(&e, op, f.ST[top], f.ST[i])
		done = f.commit(&e, dst, r)
	}
	if done && in.Row.Opcode == 0xde {
		f.pop()
	}
	return nil
}

// comparison is the condition codes of an outcome of Compare (SDM 2A FCOM).
func comparison(r int) uint16 {
	switch {
	case r == softfloat.Unordered:
		return swC3 | swC2 | swC0
	case r < 0:
		return swC0
	case r == 0:
		return swC3
	}
	return 0
}

// fcom is FCOM, FUCOM (quiet), FICOM and FTST with their popping forms. Silicon
// sets the condition codes where an exception is unmasked too, against SDM 2A,
// and only does not pop.
func fcom(c *CPU, s *Site, quiet bool, pops int) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	f := &c.FPU
	in := s.Inst
	var b softfloat.F80
	denormal, missing := false, false
	switch {
	case isMem(in):
		var exc *x86.Exception
		if b, denormal, exc = c.fpuOperand(s); exc != nil {
			return exc
		}
	case in.Op == decoder.FTST:
		c.note(s)
	default: // FCOMPP and FUCOMPP have ST(1) in ModRM too
		c.note(s)
		r := f.reg(in.ModRM & 7)
		b, missing = f.ST[r], f.empty(r)
	}
	r, done := softfloat.Unordered, false
	if missing || f.empty(f.Top) {
		done = f.stackFault(false)
	} else {
		e := f.env()
		a := f.ST[f.Top&7]
		r = e.Compare(a, b, quiet)
		if denormal && r != softfloat.Unordered {
			memDenormal(&e, a)
		}
		done = !f.report(&e, preComputation)
	}
	f.SW = f.SW&^swCC | comparison(r)
	if !done {
		return nil
	}
	for range pops {
		f.pop()
	}
	return nil
}

// fcomi compares into EFLAGS (SDM 2A FCOMI), with unmasked exceptions as fcom
// does. But for a stack fault C1 stays as it was: AMD's silicon, where the manual
// clears it.
func fcomi(c *CPU, s *Site, quiet, pop bool) *x86.Exception {
	if exc := c.begin(s); exc != nil {
		return exc
	}
	f := &c.FPU
	i := f.reg(s.Inst.ModRM & 7)
	r, done := softfloat.Unordered, false
	if f.empty(i) || f.empty(f.Top) {
		done = f.stackFault(false)
	} else {
		e := f.env()
		r = e.Compare(f.ST[f.Top&7], f.ST[i], quiet)
		e.C1 = f.SW&swC1 != 0
		done = !f.report(&e, preComputation)
	}
	flags := uint64(0)
	switch {
	case r == softfloat.Unordered:
		flags = x86.ZF | x86.PF | x86.CF
	case r < 0:
		flags = x86.CF
	case r == 0:
		flags = x86.ZF
	}
	c.SetArith(x86.Arith, flags)
	if done && pop {
		f.pop()
	}
	return nil
}

func compares(quiet bool, pops int) Handler {
	return func(c *CPU, s *Site) *x86.Exception { return fcom(c, s, quiet, pops) }
}

func comparesFlags(quiet, pop bool) Handler {
	return func(c *CPU, s *Site) *x86.Exception { return fcomi(c, s, quiet, pop) }
}

// fxam classifies ST(0), an empty one too (SDM 2A FXAM).
func fxam(c *CPU, s *Site) *x86.Exception {
	if exc := c.begin(s); exc != nil {
		return exc
	}
	f := &c.FPU
	a := f.ST[f.Top&7]
	class := uint16(a.Class())
	if f.empty(f.Top) {
		class = 5
	}
	f.SW = f.SW&^(swCC|swC1) | class>>2&1*swC3 | class>>1&1*swC2 | class&1*swC0 | a.SE>>15*swC1
	return nil
}

// top starts an instruction on ST(0) alone. ok is false where it is empty: the
// response has been given.
func (c *CPU) top(s *Site) (a softfloat.F80, ok bool, exc *x86.Exception) {
	if exc := c.begin(s); exc != nil {
		return a, false, exc
	}
	f := &c.FPU
	if f.empty(f.Top) {
		f.underflow(f.Top)
		return a, false, nil
	}
	return f.ST[f.Top&7], true, nil
}

// two starts one on ST(0) and ST(1), whose result goes to the register dst.
func (c *CPU) two(s *Site, dst uint8, pop bool) (a, b softfloat.F80, ok bool, exc *x86.Exception) {
	if exc := c.begin(s); exc != nil {
		return a, b, false, exc
	}
	f := &c.FPU
	r := f.reg(1)
	if f.empty(f.Top) || f.empty(r) {
		if f.underflow(f.reg(dst)) && pop {
			f.pop()
		}
		return a, b, false, nil
	}
	return f.ST[f.Top&7], f.ST[r], true, nil
}

func fchs(c *CPU, s *Site) *x86.Exception {
	a, ok, exc := c.top(s)
	if ok {
		c.FPU.ST[c.FPU.Top&7] = a.Neg()
		c.FPU.SW &^= swC1
	}
	return exc
}

func fabs(c *CPU, s *Site) *x86.Exception {
	a, ok, exc := c.top(s)
	if ok {
		c.FPU.ST[c.FPU.Top&7] = a.Abs()
		c.FPU.SW &^= swC1
	}
	return exc
}

func fsqrt(c *CPU, s *Site) *x86.Exception {
	a, ok, exc := c.top(s)
	if ok {
		e := c.FPU.env()
		c.FPU.commit(&e, c.FPU.Top, e.Sqrt(a))
	}
	return exc
}

func frndint(c *CPU, s *Site) *x86.Exception {
	a, ok, exc := c.top(s)
	if ok {
		e := c.FPU.env()
		c.FPU.commit(&e, c.FPU.Top, e.RoundInt(a))
	}
	return exc
}

func f2xm1(c *CPU, s *Site) *x86.Exception {
	a, ok, exc := c.top(s)
	if ok {
		e := c.FPU.env()
		c.FPU.commit(&e, c.FPU.Top, e.F2XM1(a))
	}
	return exc
}

func fscale(c *CPU, s *Site) *x86.Exception {
	a, b, ok, exc := c.two(s, 0, false)
	if ok {
		e := c.FPU.env()
		c.FPU.commit(&e, c.FPU.Top, e.Scale(a, b))
	}
	return exc
}

// fprem is FPREM and FPREM1 (nearest): the quotient's low bits go to C0, C3 and
// C1, unless there is none, and C2 tells that the reduction is not complete.
func fprem(c *CPU, s *Site, nearest bool) *x86.Exception {
	a, b, ok, exc := c.two(s, 0, false)
	if exc != nil {
		return exc
	}
	f := &c.FPU
	f.SW &^= swC2
	if !ok {
		return nil
	}
	e := f.env()
	r, q, partial := e.Rem(a, b, nearest)
	if !f.commit(&e, f.Top, r) || r.IsNaN() {
		return nil
	}
	f.SW &^= swCC | swC1
	if partial {
		f.SW |= swC2
		return nil
	}
	f.SW |= uint16(q>>2&1)*swC0 | uint16(q>>1&1)*swC3 | uint16(q&1)*swC1
	return nil
}

// intoSecond is FPATAN, FYL2X and FYL2XP1: the result replaces ST(1), ST(0) goes.
func (f *FPU) intoSecond(e *softfloat.Env, r softfloat.F80) {
	if f.commit(e, f.reg(1), r) {
		f.pop()
	}
}

func fpatan(c *CPU, s *Site) *x86.Exception {
	x, y, ok, exc := c.two(s, 1, true)
	if ok {
		e := c.FPU.env()
		c.FPU.intoSecond(&e, e.FPATAN(y, x))
	}
	return exc
}

func fyl2x(c *CPU, s *Site) *x86.Exception {
	x, y, ok, exc := c.two(s, 1, true)
	if ok {
		e := c.FPU.env()
		c.FPU.intoSecond(&e, e.FYL2X(x, y))
	}
	return exc
}

func fyl2xp1(c *CPU, s *Site) *x86.Exception {
	x, y, ok, exc := c.two(s, 1, true)
	if ok {
		e := c.FPU.env()
		c.FPU.intoSecond(&e, e.FYL2XP1(x, y))
	}
	return exc
}

// inRange ends the reduction of FSIN and its kin, which clear C2 at once. It
// answers whether there is a result to commit: an operand out of range stays, and
// C2 is set.
func (f *FPU) inRange(outOfRange bool) bool {
	if outOfRange {
		f.SW = f.SW&^swC1 | swC2
	}
	return !outOfRange
}

// angle is top for them.
func (c *CPU) angle(s *Site) (a softfloat.F80, ok bool, exc *x86.Exception) {
	if a, ok, exc = c.top(s); exc == nil {
		c.FPU.SW &^= swC2
	}
	return a, ok, exc
}

func fsin(c *CPU, s *Site) *x86.Exception {
	a, ok, exc := c.angle(s)
	if ok {
		e := c.FPU.env()
		if r, out := e.FSIN(a); c.FPU.inRange(out) {
			c.FPU.commit(&e, c.FPU.Top, r)
		}
	}
	return exc
}

func fcos(c *CPU, s *Site) *x86.Exception {
	a, ok, exc := c.angle(s)
	if ok {
		e := c.FPU.env()
		if r, out := e.FCOS(a); c.FPU.inRange(out) {
			c.FPU.commit(&e, c.FPU.Top, r)
		}
	}
	return exc
}

// widening starts an instruction that turns ST(0) into two registers.
func (c *CPU) widening(s *Site) (a softfloat.F80, ok bool, exc *x86.Exception) {
	if exc := c.begin(s); exc != nil {
		return a, false, exc
	}
	f := &c.FPU
	if under := f.empty(f.Top); under || !f.empty(f.reg(7)) {
		if f.stackFault(!under) {
			f.set(f.Top, softfloat.Indefinite)
			f.push(softfloat.Indefinite)
		}
		return a, false, nil
	}
	return f.ST[f.Top&7], true, nil
}

// commitTwo replaces ST(0) by lower and pushes upper.
func (f *FPU) commitTwo(e *softfloat.Env, lower, upper softfloat.F80) {
	if f.commit(e, f.Top, lower) {
		f.push(upper)
	}
}

func fptan(c *CPU, s *Site) *x86.Exception {
	a, ok, exc := c.widening(s)
	if exc != nil {
		return exc
	}
	c.FPU.SW &^= swC2
	if !ok {
		return nil
	}
	e := c.FPU.env()
	r, out := e.FPTAN(a)
	if !c.FPU.inRange(out) {
		return nil
	}
	upper := softfloat.One
	if r.IsNaN() {
		upper = r
	}
	c.FPU.commitTwo(&e, r, upper)
	return nil
}

func fsincos(c *CPU, s *Site) *x86.Exception {
	a, ok, exc := c.widening(s)
	if exc != nil {
		return exc
	}
	c.FPU.SW &^= swC2
	if !ok {
		return nil
	}
	e := c.FPU.env()
	if sin, cos, out := e.FSINCOS(a); c.FPU.inRange(out) {
		c.FPU.commitTwo(&e, sin, cos)
	}
	return nil
}

func fxtract(c *CPU, s *Site) *x86.Exception {
	a, ok, exc := c.widening(s)
	if ok {
		e := c.FPU.env()
		exp, sig := e.Extract(a)
		c.FPU.commitTwo(&e, exp, sig)
	}
	return exc
}

func arithCalls(set func(h Handler, ops ...decoder.Op)) {
	set(farith, decoder.FADD, decoder.FMUL, decoder.FSUB, decoder.FSUBR, decoder.FDIV, decoder.FDIVR,
		decoder.FIADD, decoder.FIMUL, decoder.FISUB, decoder.FISUBR, decoder.FIDIV, decoder.FIDIVR,
		decoder.FADDP, decoder.FMULP, decoder.FSUBP, decoder.FSUBRP, decoder.FDIVP, decoder.FDIVRP)

	set(compares(false, 0), decoder.FCOM, decoder.FICOM, decoder.FTST)
	set(compares(false, 1), decoder.FCOMP, decoder.FICOMP)
	set(compares(false, 2), decoder.FCOMPP)
	set(compares(true, 0), decoder.FUCOM)
	set(compares(true, 1), decoder.FUCOMP)
	set(compares(true, 2), decoder.FUCOMPP)
	set(comparesFlags(false, false), decoder.FCOMI)
	set(comparesFlags(false, true), decoder.FCOMIP)
	set(comparesFlags(true, false), decoder.FUCOMI)
	set(comparesFlags(true, true), decoder.FUCOMIP)
	set(fxam, decoder.FXAM)

	set(fchs, decoder.FCHS)
	set(fabs, decoder.FABS)
	set(fsqrt, decoder.FSQRT)
	set(frndint, decoder.FRNDINT)
	set(fscale, decoder.FSCALE)
	set(func(c *CPU, s *Site) *x86.Exception { return fprem(c, s, false) }, decoder.FPREM)
	set(func(c *CPU, s *Site) *x86.Exception { return fprem(c, s, true) }, decoder.FPREM1)
	set(fxtract, decoder.FXTRACT)

	set(f2xm1, decoder.F2XM1)
	set(fyl2x, decoder.FYL2X)
	set(fyl2xp1, decoder.FYL2XP1)
	set(fpatan, decoder.FPATAN)
	set(fptan, decoder.FPTAN)
	set(fsin, decoder.FSIN)
	set(fcos, decoder.FCOS)
	set(fsincos, decoder.FSINCOS)
}
