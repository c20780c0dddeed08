package softfloat

import "math/bits"

// Exception flags, at their places in the status word, and as mask bits in the
// control word (SDM vol. 1, 8.1.3 and 8.1.5).
const (
	IE = 1 << 0 // invalid operation
	DE = 1 << 1 // denormal operand
	ZE = 1 << 2 // zero divide
	OE = 1 << 3 // overflow
	UE = 1 << 4 // underflow
	PE = 1 << 5 // precision: the result is inexact
)

// AllMasked is Masks with every exception masked, as FNINIT leaves it.
const AllMasked = IE | DE | ZE | OE | UE | PE

// Rounding control (SDM vol. 1, table 4-8).
const (
	RoundNearest = 0 // to nearest, ties to even
	RoundDown    = 1 // towards minus infinity
	RoundUp      = 2 // towards plus infinity
	RoundZero    = 3 // towards zero
)

// Precision control (SDM vol. 1, table 8-2). The reserved 1 acts as 64 bits.
const (
	Precision24 = 0
	Precision53 = 2
	Precision64 = 3
)

// wrapBias is what an unmasked overflow subtracts from the exponent of a result
// for a register, and an unmasked underflow adds (SDM vol. 1, 4.9.1.4, 4.9.1.5).
const wrapBias = 24576

// Env is what an operation depends on beside its operands, and what it reports
// beside its result.
//
// Where an operation raises IE, DE or ZE unmasked it stops before it computes:
// the result means nothing and the destination is to stay as it was (SDM vol. 1,
// 8.5). An unmasked OE or UE still gives a register its result, with the
// exponent wrapped; a store to memory then stores nothing. PE never stops a
// result.
type Env struct {
	RC    uint8 // rounding control
	PC    uint8 // precision control; only Add, Sub, Mul, Div and Sqrt heed it
	Masks uint8 // masked exceptions, the low six bits of the control word
	Flags uint8 // exceptions raised; accumulates until the caller clears it
	C1    bool  // the last operation's result is larger in magnitude than the exact one
}

// raise records f and tells whether it is unmasked, so that the operation stops.
func (e *Env) raise(f uint8) bool {
	e.Flags |= f
	return f&^e.Masks != 0
}

// invalid is the masked response to an invalid operation.
func (e *Env) invalid() F80 {
	e.Flags |= IE
	return Indefinite
}

// denormals raises DE where an operand is denormal and tells whether to stop.
func (e *Env) denormals(a, b F80) bool {
	return (a.IsDenormal() || b.IsDenormal()) && e.raise(DE)
}

// nan1 deals with an operand that is unsupported or a NaN; ok tells that it was.
func (e *Env) nan1(a F80) (r F80, ok bool) {
	if a.IsUnsupported() {
		return e.invalid(), true
	}
	if !a.IsNaN() {
		return a, false
	}
	if a.Mant&quietBit == 0 {
		e.Flags |= IE
	}
	a.Mant |= quietBit
	return a, true
}

// nan2 deals with operands of which at least one is unsupported or a NaN, by
// the x87's rules (SDM vol. 1, table 4-7): a quiet NaN goes before a signalling
// one, then the larger significand wins, then the positive one.
func (e *Env) nan2(a, b F80) (r F80, ok bool) {
	if a.SE&expMask != expMax && b.SE&expMask != expMax && !a.IsUnsupported() && !b.IsUnsupported() {
		return a, false
	}
	if a.IsUnsupported() || b.IsUnsupported() {
		return e.invalid(), true
	}
	an, bn := a.IsNaN(), b.IsNaN()
	if !an && !bn {
		return a, false
	}
	as, bs := a.IsSNaN(), b.IsSNaN()
	if as || bs {
		e.Flags |= IE
	}
	a.Mant |= quietBit
	b.Mant |= quietBit
	switch {
	case !bn:
		return a, true
	case !an:
		return b, true
	case as && !bs:
		return b, true
	case bs && !as:
		return a, true
	case a.Mant != b.Mant:
		if a.Mant > b.Mant {
			return a, true
		}
		return b, true
	case a.SE < b.SE:
		return a, true
	}
	return b, true
}

// precision is the number of significand bits that PC asks for.
func (e *Env) precision() uint {
	switch e.PC {
	case Precision24:
		return 24
	case Precision53:
		return 53
	}
	return 64
}

// roundsUp tells whether a magnitude is to grow by one unit in the last place.
// odd is that place's bit, frac what lies below it, with bit 63 for a half and
// bit 0 sticky.
func roundsUp(rc uint8, negative bool, odd bool, frac uint64) bool {
	switch rc {
	case RoundNearest:
		return frac > intBit || frac == intBit && odd
	case RoundDown:
		return negative && frac != 0
	case RoundUp:
		return !negative && frac != 0
	}
	return false
}

// fast tells whether a result with exponent exp may be rounded by nearest alone.
func (e *Env) fast(exp int32) bool {
	return e.RC|(e.PC^Precision64) == 0 && uint32(exp-1) < expMax-2
}

// nearest rounds hi.lo to 64 bits, to nearest even, and reports how. Where it
// carries out of its top sig has only its integer bit, and carry is 1.
func (e *Env) nearest(hi, lo uint64) (sig, carry uint64) {
	if lo == 0 {
		e.C1 = false
		return hi, 0
	}
	e.Flags |= PE
	up := lo >> 63
	if lo == intBit {
		up = hi & 1
	}
	e.C1 = up != 0
	sig, carry = bits.Add64(hi, up, 0)
	return sig | carry<<63, carry
}

// round packs the number hi.lo * 2^(exp-bias), hi having its integer bit set
// and lo being the fraction below it with a sticky bit 0, in the precision that
// PC asks for. sign is signBit or 0. Its fast half is written out in the
// hottest of its callers, where the call would cost a third of the operation.
func (e *Env) round(sign uint16, exp int32, hi, lo uint64) F80 {
	if e.fast(exp) {
		sig, carry := e.nearest(hi, lo)
		return F80{sig, sign | uint16(exp+int32(carry))}
	}
	return e.roundAny(sign, exp, hi, lo, e.precision())
}

// round64 is round without regard to PC, for the operations that it leaves
// alone.
func (e *Env) round64(sign uint16, exp int32, hi, lo uint64) F80 {
	return e.roundAny(sign, exp, hi, lo, 64)
}

// cut cuts a significand to prec bits: the significand (zero if it
// carried out of its top), and whether it was inexact and went up.
func (e *Env) cut(sign uint16, hi, lo uint64, prec uint) (sig uint64, inexact, up bool) {
	frac := hi<<prec | lo>>(64-prec)
	if lo<<prec != 0 {
		frac |= 1
	}
	unit := uint64(1) << (64 - prec)
	sig = hi &^ (unit - 1)
	up = roundsUp(e.RC, sign != 0, sig&unit != 0, frac)
	if up {
		sig += unit
	}
	return sig, frac != 0, up
}

// roundAny is round for every rounding mode, precision and exponent.
func (e *Env) roundAny(sign uint16, exp int32, hi, lo uint64, prec uint) F80 {
	sig, inexact, up := e.cut(sign, hi, lo, prec)
	rexp := exp
	if sig == 0 {
		sig = intBit
		rexp++
	}
	if rexp >= expMax {
		return e.overflow(sign, rexp, sig, prec, inexact, up)
	}
	if rexp < 1 && e.Masks&UE == 0 {
		return e.wrapUnderflow(F80{sig, sign}, rexp, inexact, up)
	}
	if rexp < 1 {
		return e.denormalise(sign, exp, hi, lo, prec)
	}
	e.inexact(inexact, up)
	return F80{sig, sign | uint16(rexp)}
}

// inexact reports how a result was rounded.
func (e *Env) inexact(inexact, up bool) {
	e.C1 = up
	if inexact {
		e.Flags |= PE
	}
}

// overflow is the response to a result too large for the format (SDM vol. 1,
// 4.9.1.4, table 4-10).
func (e *Env) overflow(sign uint16, exp int32, sig uint64, prec uint, inexact, up bool) F80 {
	e.Flags |= OE
	if e.Masks&OE == 0 && exp-wrapBias < expMax {
		e.inexact(inexact, up)
		return F80{sig, sign | uint16(exp-wrapBias)}
	}
	e.Flags |= PE
	// Only FSCALE gets here unmasked: out of reach of the wrapped exponents too
	// it gives infinity whatever RC says.
	e.C1 = e.Masks&OE == 0 || roundsUp(e.RC, sign != 0, true, intBit)
	if e.C1 {
		return F80{intBit, sign | expMax}
	}
	return F80{^uint64(0) << (64 - prec), sign | expMax - 1}
}

// wrapUnderflow is the unmasked response to a tiny result: one that is below the
// smallest normal number after rounding to an unbounded exponent (SDM vol. 1,
// 4.9.1.5). r lacks its exponent, exp.
func (e *Env) wrapUnderflow(r F80, exp int32, inexact, up bool) F80 {
	e.Flags |= UE
	exp += wrapBias
	if exp < 1 { // FSCALE's alone, as in overflow
		e.inexact(true, false)
		return F80{0, r.SE}
	}
	e.inexact(inexact, up)
	r.SE |= uint16(exp)
	return r
}

// denormalise is the masked response to a tiny result: it is underflow only if
// it is inexact.
func (e *Env) denormalise(sign uint16, exp int32, hi, lo uint64, prec uint) F80 {
	hi, lo = shiftRightJam(hi, lo, uint32(1-exp))
	sig, inexact, up := e.cut(sign, hi, lo, prec)
	if inexact {
		e.Flags |= UE
	}
	e.inexact(inexact, up)
	return F80{sig, sign | uint16(sig>>63)}
}

// shiftRightJam shifts hi.lo right by n; what falls out is kept as a sticky bit.
func shiftRightJam(hi, lo uint64, n uint32) (uint64, uint64) {
	if n >= 64 {
		if lo != 0 {
			hi |= 1
		}
		return 0, alignFar(hi, n-64)
	}
	out := lo << 1 << (^n & 63)
	lo = hi<<1<<(^n&63) | lo>>(n&63)
	if out != 0 {
		lo |= 1
	}
	return hi >> (n & 63), lo
}
