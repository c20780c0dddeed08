package softfloat

import "math/bits"

// Rem is the remainder of a / b: of the quotient cut towards zero (FPREM) or,
// with nearest, rounded to nearest even as IEEE 754 has it (FPREM1). quotient
// is the quotient's three low bits. Where the exponents differ by 64 or more
// partial is true, the result is only congruent to a, smaller than it, and the
// caller is to go on from there (C2; SDM vol. 2A, FPREM).
//
// How much one step takes off is left open by the manual (32 to 63 bits); here
// it is what silicon does.
func (e *Env) Rem(a, b F80, nearest bool) (r F80, quotient uint8, partial bool) {
	e.C1 = false
	if r, ok := e.nan2(a, b); ok {
		return r, 0, false
	}
	if a.IsInf() || b.IsZero() {
		return e.invalid(), 0, false
	}
	if e.denormals(a, b) {
		return Indefinite, 0, false
	}
	if a.IsZero() {
		return a, 0, false
	}
	ae, am := a.parts()
	if b.IsInf() {
		return e.round64(a.SE&signBit, ae, am, 0), 0, false
	}
	be, bm := b.parts()
	d := ae - be
	switch {
	case d >= 64:
		n := uint32(d)&31 | 32
		return e.remainder(a.SE&signBit, ae-int32(n), reduce(am, bm, n)), 0, true
	case d >= 0:
		return e.remFull(a.SE&signBit, be, am, bm, uint32(d), nearest)
	case d == -1 && nearest && am > bm:
		return e.remainder(^a.SE&signBit, ae, bm-(am-bm)), 1, false
	}
	return e.round64(a.SE&signBit, ae, am, 0), 0, false
}

// reduce is am * 2^n modulo bm, for normalised am and bm and n below 64.
func reduce(am, bm uint64, n uint32) uint64 {
	_, r := bits.Div64(am>>1>>(^n&63), am<<(n&63), bm)
	return r
}

// remFull is Rem where one step ends it: a is am * 2^d in units in which b is
// bm, d being 0 to 63.
func (e *Env) remFull(sign uint16, exp int32, am, bm uint64, d uint32, nearest bool) (r F80, quotient uint8, partial bool) {
	q, m := bits.Div64(am>>1>>(^d&63), am<<(d&63), bm)
	if rest := bm - m; nearest && (m > rest || m == rest && q&1 != 0) {
		q++
		m = rest
		sign ^= signBit
	}
	return e.remainder(sign, exp, m), uint8(q & 7), false
}

// remainder packs a remainder's significand, which need not be normalised. Only
// an unmasked underflow changes it.
func (e *Env) remainder(sign uint16, exp int32, m uint64) F80 {
	if m == 0 {
		return F80{0, sign}
	}
	n := bits.LeadingZeros64(m)
	return e.round64(sign, exp-int32(n), m<<n, 0)
}
