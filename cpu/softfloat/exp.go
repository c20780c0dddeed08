package softfloat

// F2XM1 is 2^a - 1 for a from -1 to 1 (F2XM1). Outside, where the manual leaves
// the result open, it is a itself with PE, as on AMD's silicon.
func (e *Env) F2XM1(a F80) F80 {
	e.C1 = false
	if r, ok := e.nan1(a); ok {
		return r
	}
	if a.IsZero() || a == Inf {
		return a
	}
	if a.IsInf() {
		return One.Neg()
	}
	if a.IsDenormal() && e.raise(DE) {
		return Indefinite
	}
	if a == One {
		return e.round64(0, expBias-1, ^uint64(0), ^uint64(0)) // silicon takes it for a little less
	}
	if a.SE&expMask >= expBias {
		e.Flags |= PE
		if a == One.Neg() {
			a.SE-- // -1/2
		}
		return a
	}
	u := wideOf(a).mul(wideLn2)
	if a.Sign() {
		return e.roundWide(u.mul(oneMinus(alternating(u.fraction(), expTerms[:]))))
	}
	return e.roundWide(u.mul(onePlus(series(u.fraction(), expTerms[:]))))
}

// sqrt2 is the significand of the root of two, cut to 64 bits.
const sqrt2 = 0xb504f333f9de6484

// log2 is the binary logarithm of w, which is positive and not one.
func log2(w wide) wide {
	n := w.exp
	w.exp = 0
	if w.m.hi > sqrt2 {
		n++
		w.exp = -1
	}
	one := wideInt(1)
	return log2Ratio(w.add(one.negate()), w.add(one)).add(wideInt(n))
}

// log2Ratio is log2((1+z)/(1-z)) for z = num/den of magnitude up to 3-sqrt(8).
func log2Ratio(num, den wide) wide {
	if num.exp == wideZero {
		return num
	}
	z := num.div(den)
	return z.mul(onePlus(series(z.square(), oddTerms[:]))).mul(wideLog2e2)
}

// FYL2X is y * log2(x) (FYL2X, which has x in ST(0) and y in ST(1)).
func (e *Env) FYL2X(x, y F80) F80 {
	e.C1 = false
	if r, ok := e.nan2(x, y); ok {
		return r
	}
	sign := y.SE & signBit
	switch {
	case x.IsZero() && y.IsZero(), x.IsInf() && y.IsZero(), x.Sign() && !x.IsZero(), x == One && y.IsInf():
		return e.invalid()
	case x.IsZero():
		if !y.IsInf() {
			e.Flags |= ZE
		}
		return F80{intBit, sign ^ (signBit | expMax)}
	}
	if e.denormals(x, y) {
		return Indefinite
	}
	if x.SE < expBias {
		sign ^= signBit // the logarithm is negative
	}
	switch {
	case x.IsInf() || y.IsInf():
		return F80{intBit, sign | expMax}
	case x == One || y.IsZero():
		return F80{0, sign}
	}
	return e.roundWide(log2(wideOf(x)).mul(wideOf(y)))
}

// FYL2XP1 is y * log2(x+1) (FYL2XP1, which has x in ST(0) and y in ST(1)). The
// manual defines it for x from sqrt(1/2)-1 to sqrt(2)-1; beyond, it goes on as
// far as x+1 is positive, and gives x with PE from there, as AMD's silicon does.
func (e *Env) FYL2XP1(x, y F80) F80 {
	e.C1 = false
	if r, ok := e.nan2(x, y); ok {
		return r
	}
	if x.IsZero() && y.IsInf() || x.IsInf() && (y.IsZero() || x.Sign()) {
		return e.invalid()
	}
	if e.denormals(x, y) {
		return Indefinite
	}
	sign := (x.SE ^ y.SE) & signBit
	switch {
	case x.IsInf() || y.IsInf():
		return F80{intBit, sign | expMax}
	case x.IsZero() || y.IsZero():
		return F80{0, sign}
	case x.SE >= signBit|expBias:
		e.Flags |= PE
		return x
	}
	w := wideOf(x)
	if w.exp < -2 {
		return e.roundWide(log2Ratio(w, w.add(wideInt(2))).mul(wideOf(y)))
	}
	return e.roundWide(log2(w.add(wideInt(1))).mul(wideOf(y)))
}
