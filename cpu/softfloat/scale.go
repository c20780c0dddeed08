package softfloat

// Scale is a * 2^trunc(b) (FSCALE).
func (e *Env) Scale(a, b F80) F80 {
	e.C1 = false
	if r, ok := e.nan2(a, b); ok {
		return r
	}
	if b.IsInf() && (a.IsZero() && !b.Sign() || a.IsInf() && b.Sign()) {
		return e.invalid()
	}
	if e.denormals(a, b) {
		return Indefinite
	}
	sign := a.SE & signBit
	switch {
	case a.IsInf() || a.IsZero():
		return a
	case b.IsInf() && b.Sign():
		return F80{0, sign}
	case b.IsInf():
		return F80{intBit, sign | expMax}
	}
	exp, m := a.parts()
	return e.round64(sign, exp+scaleBy(b), m, 0)
}

// scaleLimit is beyond what takes any number out of the range of the format,
// wrapped exponents included.
const scaleLimit = 1 << 17

// scaleBy is b cut to an integer, within scaleLimit.
func scaleBy(b F80) int32 {
	n := int32(b.SE&expMask) - expBias
	if n < 0 {
		return 0
	}
	v := int32(scaleLimit)
	if n < 17 {
		v = int32(b.Mant >> uint32(63-n))
	}
	if b.Sign() {
		return -v
	}
	return v
}

// Extract splits a into its exponent, as a number, and its significand with a's
// sign, of magnitude 1 to below 2 (FXTRACT). A zero raises ZE and gives minus
// infinity and the zero.
func (e *Env) Extract(a F80) (exp, sig F80) {
	e.C1 = false
	if r, ok := e.nan1(a); ok {
		return r, r
	}
	if a.IsZero() {
		e.Flags |= ZE
		return Inf.Neg(), a
	}
	if a.IsInf() {
		return Inf, a
	}
	if a.IsDenormal() && e.raise(DE) {
		return Indefinite, Indefinite
	}
	n, m := a.parts()
	return fromInt(int64(n - expBias)), F80{m, a.SE&signBit | expBias}
}
