package softfloat

import "math/bits"

// Add is a + b (FADD).
func (e *Env) Add(a, b F80) F80 {
	if !a.normal() || !b.normal() {
		return e.addSpecial(a, b, 0)
	}
	if (a.SE^b.SE)&signBit != 0 {
		return e.subParts(a.SE, int32(a.SE&expMask), a.Mant, int32(b.SE&expMask), b.Mant)
	}
	return e.addParts(a.SE, int32(a.SE&expMask), a.Mant, int32(b.SE&expMask), b.Mant)
}

// Sub is a - b (FSUB).
func (e *Env) Sub(a, b F80) F80 {
	if !a.normal() || !b.normal() {
		return e.addSpecial(a, b, signBit)
	}
	if (a.SE^b.SE)&signBit != 0 {
		return e.addParts(a.SE, int32(a.SE&expMask), a.Mant, int32(b.SE&expMask), b.Mant)
	}
	return e.subParts(a.SE, int32(a.SE&expMask), a.Mant, int32(b.SE&expMask), b.Mant)
}

// addParts adds the magnitudes of two numbers given by exponent and normalised
// significand. The sum's sign is bit 15 of as.
func (e *Env) addParts(as uint16, ae int32, am uint64, be int32, bm uint64) F80 {
	if ae < be {
		ae, be = be, ae
		am, bm = bm, am
	}
	hi, lo := align(bm, uint32(ae-be))
	hi, carry := bits.Add64(am, hi, 0)
	if carry != 0 {
		lo = hi<<63 | lo>>1 | lo&1
		hi = hi>>1 | intBit
		ae++
	}
	if e.fast(ae) {
		sig, carry := e.nearest(hi, lo)
		return F80{sig, as&signBit | uint16(ae+int32(carry))}
	}
	return e.roundAny(as&signBit, ae, hi, lo, e.precision())
}

// align shifts m.0 right by d, with a sticky bit for what falls out.
//
// Shift counts are masked and never compared beside their shift: where a count
// is both, Go 1.26's amd64 back end may reuse the comparison's flags after the
// shift's SBB has changed them.
func align(m uint64, d uint32) (hi, lo uint64) {
	if d < 64 {
		return m >> (d & 63), m << 1 << (^d & 63)
	}
	return 0, alignFar(m, d-64)
}

// alignFar is the low word of align for the distance d+64.
func alignFar(m uint64, d uint32) uint64 {
	if d >= 64 {
		return 1
	}
	lo := m >> (d & 63)
	if lo<<(d&63) != m {
		lo |= 1
	}
	return lo
}

// subParts subtracts the magnitude of b from that of a, whose sign is bit 15 of
// as.
func (e *Env) subParts(as uint16, ae int32, am uint64, be int32, bm uint64) F80 {
	if ae < be || ae == be && am < bm {
		as ^= signBit
		ae, be = be, ae
		am, bm = bm, am
	}
	hi, lo := align(bm, uint32(ae-be))
	lo, borrow := bits.Sub64(0, lo, 0)
	hi, _ = bits.Sub64(am, hi, borrow)
	if hi == 0 {
		if lo == 0 {
			return e.zeroSum()
		}
		hi, lo = lo, 0
		ae -= 64
	}
	n := bits.LeadingZeros64(hi)
	hi = hi<<(n&63) | lo>>1>>(^n&63)
	lo <<= n & 63
	ae -= int32(n)
	if e.fast(ae) {
		sig, carry := e.nearest(hi, lo)
		return F80{sig, as&signBit | uint16(ae+int32(carry))}
	}
	return e.roundAny(as&signBit, ae, hi, lo, e.precision())
}

// zeroSum is the sum of two numbers that cancel: minus zero only where rounding
// down (SDM vol. 1, 4.8.3.1).
func (e *Env) zeroSum() F80 {
	e.C1 = false
	if e.RC == RoundDown {
		return F80{0, signBit}
	}
	return F80{}
}

// addSpecial adds where an operand is not normal. flip is signBit to subtract.
func (e *Env) addSpecial(a, b F80, flip uint16) F80 {
	e.C1 = false
	if r, ok := e.nan2(a, b); ok {
		return r
	}
	b.SE ^= flip
	if a.IsInf() && b.IsInf() && a.SE != b.SE {
		return e.invalid()
	}
	if e.denormals(a, b) {
		return Indefinite
	}
	switch {
	case a.IsInf():
		return a
	case b.IsInf():
		return b
	case a.IsZero() && b.IsZero():
		if a.SE == b.SE {
			return a
		}
		return e.zeroSum()
	case a.IsZero():
		return e.repack(b)
	case b.IsZero():
		return e.repack(a)
	}
	ae, am := a.parts()
	be, bm := b.parts()
	if a.Sign() != b.Sign() {
		return e.subParts(a.SE, ae, am, be, bm)
	}
	return e.addParts(a.SE, ae, am, be, bm)
}

// repack rounds a finite number that is not zero to the precision of PC.
func (e *Env) repack(a F80) F80 {
	exp, m := a.parts()
	return e.round(a.SE&signBit, exp, m, 0)
}

// Mul is a * b (FMUL).
func (e *Env) Mul(a, b F80) F80 {
	if !a.normal() || !b.normal() {
		return e.mulSpecial(a, b)
	}
	exp := int32(a.SE&expMask) + int32(b.SE&expMask) - (expBias - 1)
	hi, lo := bits.Mul64(a.Mant, b.Mant)
	if int64(hi) >= 0 {
		hi = hi<<1 | lo>>63
		lo <<= 1
		exp--
	}
	if e.fast(exp) {
		sig, carry := e.nearest(hi, lo)
		return F80{sig, (a.SE^b.SE)&signBit | uint16(exp+int32(carry))}
	}
	return e.roundAny((a.SE^b.SE)&signBit, exp, hi, lo, e.precision())
}

// mulSpecial multiplies where an operand is not normal.
func (e *Env) mulSpecial(a, b F80) F80 {
	e.C1 = false
	if r, ok := e.nan2(a, b); ok {
		return r
	}
	sign := (a.SE ^ b.SE) & signBit
	if a.IsInf() && b.IsZero() || a.IsZero() && b.IsInf() {
		return e.invalid()
	}
	if e.denormals(a, b) {
		return Indefinite
	}
	if a.IsInf() || b.IsInf() {
		return F80{intBit, sign | expMax}
	}
	if a.IsZero() || b.IsZero() {
		return F80{0, sign}
	}
	ae, am := a.parts()
	be, bm := b.parts()
	hi, lo := bits.Mul64(am, bm)
	exp := ae + be - (expBias - 1)
	if int64(hi) >= 0 {
		hi = hi<<1 | lo>>63
		lo <<= 1
		exp--
	}
	return e.round(sign, exp, hi, lo)
}

// Div is a / b (FDIV).
func (e *Env) Div(a, b F80) F80 {
	if !a.normal() || !b.normal() {
		return e.divSpecial(a, b)
	}
	return e.divParts((a.SE^b.SE)&signBit, int32(a.SE&expMask), a.Mant, int32(b.SE&expMask), b.Mant)
}

// divParts divides numbers given by exponent and normalised significand.
func (e *Env) divParts(sign uint16, ae int32, am uint64, be int32, bm uint64) F80 {
	exp := ae - be + (expBias - 1)
	var low uint64
	if am >= bm {
		low = am << 63
		am >>= 1
		exp++
	}
	q, r := bits.Div64(am, low, bm)
	if r == 0 {
		return e.round(sign, exp, q, 0)
	}
	// A quotient of 64-bit significands never lies halfway between two others,
	// so it is enough to know on which side of the half it is.
	lo := uint64(1)
	if r >= bm-r {
		lo |= intBit
	}
	return e.round(sign, exp, q, lo)
}

// divSpecial divides where an operand is not normal.
func (e *Env) divSpecial(a, b F80) F80 {
	e.C1 = false
	if r, ok := e.nan2(a, b); ok {
		return r
	}
	sign := (a.SE ^ b.SE) & signBit
	if a.IsInf() && b.IsInf() || a.IsZero() && b.IsZero() {
		return e.invalid()
	}
	if b.IsZero() && !a.IsInf() {
		e.Flags |= ZE
		return F80{intBit, sign | expMax}
	}
	if e.denormals(a, b) {
		return Indefinite
	}
	if a.IsInf() {
		return F80{intBit, sign | expMax}
	}
	if a.IsZero() || b.IsInf() {
		return F80{0, sign}
	}
	ae, am := a.parts()
	be, bm := b.parts()
	return e.divParts(sign, ae, am, be, bm)
}
