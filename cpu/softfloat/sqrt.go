package softfloat

import "math/bits"

// Sqrt is the square root of a (FSQRT).
func (e *Env) Sqrt(a F80) F80 {
	if !a.normal() || a.SE&signBit != 0 {
		return e.sqrtSpecial(a)
	}
	return e.sqrtParts(int32(a.SE), a.Mant)
}

// sqrtParts is the root of a positive number given by exponent and normalised
// significand.
func (e *Env) sqrtParts(exp int32, m uint64) F80 {
	exp -= expBias
	hi, lo := m>>1, m<<63
	if exp&1 != 0 {
		hi, lo = m, 0
	}
	root, rem := sqrt128(hi, lo)
	exp = exp>>1 + expBias
	if rem == 0 {
		return e.round(0, exp, root, 0)
	}
	// (root+1/2)^2 is not an integer, so the half is never met: above it is
	// where the remainder exceeds the root.
	frac := uint64(1)
	if rem > root {
		frac |= intBit
	}
	return e.round(0, exp, root, frac)
}

// sqrtSpecial takes what is not a positive normal number.
func (e *Env) sqrtSpecial(a F80) F80 {
	e.C1 = false
	if r, ok := e.nan1(a); ok {
		return r
	}
	if a.IsZero() {
		return a
	}
	if a.Sign() {
		return e.invalid()
	}
	if a.IsInf() {
		return a
	}
	if a.IsDenormal() && e.raise(DE) {
		return Indefinite
	}
	return e.sqrtParts(a.parts())
}

// sqrt128 is the integer root of hi.lo, hi being 2^62 or more, with the
// remainder, which is at most twice the root; one that takes 65 bits is given as
// all ones, since callers only compare it with zero and the root.
func sqrt128(hi, lo uint64) (root, rem uint64) {
	// Each step is one of Newton's, u' = (u + n/u)/2, that doubles the number of
	// good bits: (u-1)^2 < n < (u+1)^2 holds after each (M. Dickinson's proof for
	// Python's math.isqrt).
	u := uint64(sqrtTable[hi>>56-64])
	u = u<<7 + hi>>41/u
	u = u<<15 + hi>>17/u
	q, _ := bits.Div64(hi>>33, hi<<31|lo>>33, u) // u is 2^31 or more, the high word below that
	root, carry := bits.Add64(u<<31, q, 0)
	if carry != 0 {
		root = ^uint64(0)
	}
	sh, sl := bits.Mul64(root, root)
	if sh > hi || sh == hi && sl > lo {
		root--
		sh, sl = bits.Mul64(root, root)
	}
	sl, borrow := bits.Sub64(lo, sl, 0)
	if hi-sh-borrow != 0 {
		return root, ^uint64(0)
	}
	return root, sl
}

// sqrtTable holds the root, to within one, of each 16-bit number that starts
// with the byte 64+i.
var sqrtTable = [192]uint16{
	128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143,
	144, 144, 145, 146, 147, 148, 149, 150, 151, 151, 152, 153, 154, 155, 156, 156,
	157, 158, 159, 160, 160, 161, 162, 163, 164, 164, 165, 166, 167, 167, 168, 169,
	170, 170, 171, 172, 173, 173, 174, 175, 176, 176, 177, 178, 179, 179, 180, 181,
	181, 182, 183, 183, 184, 185, 186, 186, 187, 188, 188, 189, 190, 190, 191, 192,
	192, 193, 194, 194, 195, 196, 196, 197, 198, 198, 199, 200, 200, 201, 201, 202,
	203, 203, 204, 205, 205, 206, 206, 207, 208, 208, 209, 210, 210, 211, 211, 212,
	213, 213, 214, 214, 215, 216, 216, 217, 217, 218, 219, 219, 220, 220, 221, 221,
	222, 223, 223, 224, 224, 225, 225, 226, 227, 227, 228, 228, 229, 229, 230, 230,
	231, 232, 232, 233, 233, 234, 234, 235, 235, 236, 237, 237, 238, 238, 239, 239,
	240, 240, 241, 241, 242, 242, 243, 243, 244, 244, 245, 246, 246, 247, 247, 248,
	248, 249, 249, 250, 250, 251, 251, 252, 252, 253, 253, 254, 254, 255, 255, 256,
}
