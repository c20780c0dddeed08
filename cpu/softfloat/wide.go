package softfloat

import "math/bits"

// u128 is an unsigned integer of two words, or a fraction in units of 2^-128.
type u128 struct{ hi, lo uint64 }

// mul is the high half of a * b, at most three units too small: the product of
// two fractions.
func (a u128) mul(b u128) u128 {
	hi, lo := bits.Mul64(a.hi, b.hi)
	x, _ := bits.Mul64(a.hi, b.lo)
	y, _ := bits.Mul64(a.lo, b.hi)
	lo, c := bits.Add64(lo, x, 0)
	hi += c
	lo, c = bits.Add64(lo, y, 0)
	return u128{hi + c, lo}
}

// add is a + b without its carry.
func (a u128) add(b u128) u128 {
	lo, c := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, c)
	return u128{hi, lo}
}

// sub is a - b without its borrow.
func (a u128) sub(b u128) u128 {
	lo, c := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, c)
	return u128{hi, lo}
}

// less tells whether a < b.
func (a u128) less(b u128) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// wide is the number m/2^127 * 2^exp, negative with neg, bit 127 of m being
// set: the intermediate of the transcendental functions, with twice the bits of
// a result. Zero has m zero and the exponent wideZero.
type wide struct {
	m   u128
	exp int32
	neg bool
}

// wideZero is an exponent below that of any number.
const wideZero = -1 << 24

// wideOf is a finite number.
func wideOf(a F80) wide {
	if a.Mant == 0 {
		return wide{exp: wideZero, neg: a.Sign()}
	}
	exp, m := a.parts()
	return wide{u128{m, 0}, exp - expBias, a.Sign()}
}

// wideInt is a small integer.
func wideInt(n int32) wide { return wideOf(fromInt(int64(n))) }

// normalise moves the top bit of m to bit 127.
func (w wide) normalise() wide {
	if w.m.hi == 0 {
		if w.m.lo == 0 {
			return wide{exp: wideZero, neg: w.neg}
		}
		w.m.hi, w.m.lo = w.m.lo, 0
		w.exp -= 64
	}
	n := uint32(bits.LeadingZeros64(w.m.hi))
	w.m.hi = w.m.hi<<(n&63) | w.m.lo>>1>>(^n&63)
	w.m.lo <<= n & 63
	w.exp -= int32(n)
	return w
}

// mul is w * v, cut.
func (w wide) mul(v wide) wide {
	return wide{w.m.mul(v.m), w.exp + v.exp + 1, w.neg != v.neg}.normalise()
}

// add is w + v, cut.
func (w wide) add(v wide) wide {
	if w.exp < v.exp || w.exp == v.exp && w.m.less(v.m) {
		w, v = v, w
	}
	if v.exp == wideZero {
		return w
	}
	hi, lo := shiftRightJam(v.m.hi, v.m.lo, uint32(w.exp-v.exp))
	b := u128{hi, lo}
	if w.neg != v.neg {
		w.m = w.m.sub(b)
		return w.normalise()
	}
	sum := w.m.add(b)
	if sum.less(b) {
		sum = u128{intBit | sum.hi>>1, sum.hi<<63 | sum.lo>>1}
		w.exp++
	}
	w.m = sum
	return w
}

// negate is -w.
func (w wide) negate() wide {
	w.neg = !w.neg
	return w
}

// div is w / v, cut. v is not zero.
func (w wide) div(v wide) wide {
	exp := w.exp - v.exp - 1
	var low uint64
	if !w.m.less(v.m) {
		low = w.m.lo << 63
		w.m = u128{w.m.hi >> 1, w.m.hi<<63 | w.m.lo>>1}
		exp++
	}
	qh, r := div3by2(w.m, low, v.m)
	ql, _ := div3by2(r, 0, v.m)
	return wide{u128{qh, ql}, exp, w.neg != v.neg}.normalise()
}

// div3by2 divides the three words a:low by d, whose top bit is set and which is
// above a (Knuth, TAOCP vol. 2, 4.3.1, algorithm D's step for one digit).
func div3by2(a u128, low uint64, d u128) (q uint64, r u128) {
	var rest, over uint64
	if a.hi >= d.hi {
		q = ^uint64(0)
		rest, over = bits.Add64(a.lo, d.hi, 0)
	} else {
		q, rest = bits.Div64(a.hi, a.lo, d.hi)
	}
	p := u128{}
	p.hi, p.lo = bits.Mul64(q, d.lo)
	// The first digit is at most two too large.
	for over == 0 && (u128{rest, low}).less(p) {
		q--
		rest, over = bits.Add64(rest, d.hi, 0)
		p = p.sub(u128{0, d.lo})
	}
	return q, u128{rest, low}.sub(p)
}

// fraction is the magnitude of w, which is below one, in units of 2^-128.
func (w wide) fraction() u128 {
	hi, lo := shiftRightJam(w.m.hi, w.m.lo, uint32(-1-w.exp))
	return u128{hi, lo}
}

// square is the square of w, of magnitude below one, in units of 2^-128.
func (w wide) square() u128 {
	return wide{w.m.mul(w.m), 2*w.exp + 1, false}.normalise().fraction()
}

// onePlus is 1 + s.
func onePlus(s u128) wide {
	return wide{u128{intBit | s.hi>>1, s.hi<<63 | s.lo>>1}, 0, false}
}

// oneMinus is 1 - s less a unit of 2^-128, so that it is below one for every s.
func oneMinus(s u128) wide {
	return wide{u128{^s.hi, ^s.lo}, -1, false}.normalise()
}

// series is t*(c[0] + t*(c[1] + ...)).
func series(t u128, c []u128) u128 {
	var s u128
	for i := len(c) - 1; i >= 0; i-- {
		s = t.mul(c[i].add(s))
	}
	return s
}

// alternating is t*(c[0] - t*(c[1] - ...)).
func alternating(t u128, c []u128) u128 {
	var s u128
	for i := len(c) - 1; i >= 0; i-- {
		s = t.mul(c[i].sub(s))
	}
	return s
}

// roundWide is w as the result of a transcendental function: never exact, and
// to 64 bits whatever PC says (SDM vol. 1, 8.1.5.2).
func (e *Env) roundWide(w wide) F80 {
	return e.round64(signOf(w.neg), w.exp+expBias, w.m.hi, w.m.lo|1)
}

// signOf is the sign bit for neg.
func signOf(neg bool) uint16 {
	if neg {
		return signBit
	}
	return 0
}
