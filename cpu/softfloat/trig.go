package softfloat

// trigLimit is the biased exponent from which on FSIN and its kin leave their
// operand alone and set C2: 2^63 (SDM vol. 1, 8.3.8).
const trigLimit = expBias + 63

// pi66 is the pi that the hardware reduces by, cut to 66 bits (SDM vol. 1,
// 8.3.8), at the top of 128.
var pi66 = u128{0xc90fdaa22168c234, 0xc << 60}

// quarterPi is the significand of pi/4, cut to 64 bits.
const quarterPi = 0xc90fdaa22168c234

// reduceAngle is the magnitude of a, below 2^63 and not zero, less n times half of
// pi66, which leaves at most a quarter of it; exactly. Of n the low two bits.
func reduceAngle(a F80) (r wide, n uint64) {
	w := wideOf(a.Abs())
	if w.exp < -1 || w.exp == -1 && w.m.hi <= quarterPi {
		return w, 0
	}
	// In units of 2^-127 half of pi66 is pi66 as it stands, and the angle is its
	// significand shifted up by exp+64, 63 to 126: three words, of which s is
	// the shift within the upper two but for the last 63 places.
	s := uint32(w.exp + 1)
	top := w.m.hi >> 1 >> (^s & 63)
	mid := w.m.hi << (s & 63)
	q, rem := div3by2(u128{top >> 1, top<<63 | mid>>1}, mid<<63, pi66)
	r = wide{m: rem}
	if half := (u128{pi66.hi >> 1, pi66.hi<<63 | pi66.lo>>1}); half.less(rem) {
		q++
		r = wide{m: pi66.sub(rem), neg: true}
	}
	return r.normalise(), q & 3
}

// sine is sin(r) for r up to a quarter of pi.
func sine(r wide) wide {
	return r.mul(oneMinus(alternating(r.square(), sinTerms[:])))
}

// cosine is cos(r) for r up to a quarter of pi.
func cosine(r wide) wide {
	return oneMinus(alternating(r.square(), cosTerms[:]))
}

// quadrant gives sine and cosine of r + n*pi/2.
func quadrant(r wide, n uint64) (sin, cos wide) {
	sin, cos = sine(r), cosine(r)
	if n&1 != 0 {
		sin, cos = cos, sin.negate()
	}
	if n&2 != 0 {
		sin, cos = sin.negate(), cos.negate()
	}
	return sin, cos
}

// angle deals with operands that need no reduction. done tells that r is the
// result, for zeros the zero itself.
func (e *Env) angle(a F80) (r F80, outOfRange, done bool) {
	e.C1 = false
	if r, ok := e.nan1(a); ok {
		return r, false, true
	}
	switch {
	case a.IsInf():
		return e.invalid(), false, true
	case a.SE&expMask >= trigLimit:
		return a, true, true
	case a.IsZero():
		return a, false, true
	case a.IsDenormal() && e.raise(DE):
		return Indefinite, false, true
	}
	return a, false, false
}

// FSIN is the sine of a, in radians (FSIN). From a magnitude of 2^63 on it is a
// itself and outOfRange is true (C2). Reduction is by pi cut to 66 bits, as in
// hardware, so that results near multiples of pi are those of hardware and not
// of mathematics.
func (e *Env) FSIN(a F80) (r F80, outOfRange bool) {
	if r, out, done := e.angle(a); done {
		return r, out
	}
	w, n := reduceAngle(a)
	if n&1 != 0 {
		w = cosine(w)
	} else {
		w = sine(w)
	}
	w.neg = w.neg != (n&2 != 0) != a.Sign()
	return e.roundWide(w), false
}

// FCOS is the cosine of a; see FSIN.
func (e *Env) FCOS(a F80) (r F80, outOfRange bool) {
	if r, out, done := e.angle(a); done {
		if r.IsZero() {
			return One, false
		}
		return r, out
	}
	w, n := reduceAngle(a)
	if n&1 != 0 {
		w = sine(w)
	} else {
		w = cosine(w)
	}
	w.neg = w.neg != ((n+1)&2 != 0)
	return e.roundWide(w), false
}

// FSINCOS is sine and cosine of a; see FSIN. Out of range both are a.
func (e *Env) FSINCOS(a F80) (sin, cos F80, outOfRange bool) {
	if r, out, done := e.angle(a); done {
		if r.IsZero() {
			return r, One, false
		}
		return r, r, out
	}
	s, c := quadrant(reduceAngle(a))
	s.neg = s.neg != a.Sign()
	cos = e.roundWide(c)
	return e.roundWide(s), cos, false
}

// FPTAN is the tangent of a; see FSIN. The 1.0 that the instruction pushes on
// top is the caller's; where the result is a NaN the instruction pushes that.
func (e *Env) FPTAN(a F80) (r F80, outOfRange bool) {
	if r, out, done := e.angle(a); done {
		return r, out
	}
	w, n := reduceAngle(a)
	if n&1 != 0 || w.exp >= -60 { // below, r^3/3 is near to or beyond the last of the bits of a quotient
		s, c := quadrant(w, n)
		w = s.div(c)
	}
	w.neg = w.neg != a.Sign()
	return e.roundWide(w), false
}

// FPATAN is the angle of the point (x, y), from -pi to pi (FPATAN, which has x
// in ST(0) and y in ST(1); SDM vol. 2A, FPATAN, table 3-30).
func (e *Env) FPATAN(y, x F80) F80 {
	e.C1 = false
	if r, ok := e.nan2(x, y); ok {
		return r
	}
	if e.denormals(x, y) {
		return Indefinite
	}
	if !x.Sign() && !y.IsInf() && (y.IsZero() || x.IsInf()) {
		return F80{0, y.SE & signBit}
	}
	a := firstQuadrant(y, x)
	if x.Sign() {
		a = widePi.add(a.negate())
	}
	a.neg = y.Sign()
	return e.roundWide(a)
}

// firstQuadrant is the angle of the point (|x|, |y|).
func firstQuadrant(y, x F80) wide {
	switch {
	case x.IsInf() && y.IsInf():
		return atanEighths[8]
	case y.IsInf() || x.IsZero() && !y.IsZero():
		return wideHalfPi
	case x.IsInf() || y.IsZero():
		return atanEighths[0]
	}
	v, w := wideOf(y.Abs()), wideOf(x.Abs())
	if w.exp < v.exp || w.exp == v.exp && w.m.less(v.m) {
		return wideHalfPi.add(arcTangent(w, v).negate())
	}
	return arcTangent(v, w)
}

// arcTangent is atan(y/x) for y up to x, both of 64 bits: atan(k/8), k/8 being
// near to y/x, plus the arc tangent of (8y-kx)/(8x+ky).
func arcTangent(y, x wide) wide {
	k := uint64(0)
	if d := uint32(x.exp - y.exp); d < 8 {
		k = (y.m.hi>>d>>4*8 + x.m.hi>>5) / (x.m.hi >> 4)
	}
	var z wide
	if k == 0 {
		z = y.div(x)
	} else {
		c := wideInt(int32(k))
		num := eight(y).add(x.mul(c).negate())
		if num.exp == wideZero {
			return atanEighths[k]
		}
		z = num.div(eight(x).add(y.mul(c)))
	}
	z = z.mul(oneMinus(alternating(z.square(), oddTerms[:atanTerms])))
	return atanEighths[k].add(z)
}

// eight is 8 * w.
func eight(w wide) wide {
	w.exp += 3
	return w
}
