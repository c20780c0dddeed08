package softfloat

import "math/bits"

// format is an interchange format narrower than F80.
type format struct {
	prec uint  // significand bits, the hidden one included
	bias int32 // of the exponent
	max  int32 // exponent of infinities and NaNs
	wrap int32 // what the exponent of an unmasked overflow or underflow moves by
}

var (
	binary32 = format{24, 127, 255, 192}
	binary64 = format{53, 1023, 2047, 1536}
)

// FromF64 widens a 64-bit number (FLD m64). It raises DE for a denormal and IE
// for a signalling NaN, which it quiets.
func (e *Env) FromF64(v uint64) F80 {
	e.C1 = false
	exp := v >> 52 & 0x7ff
	if exp-1 >= 0x7fe {
		return e.widen(uint16(v>>48)&signBit, int32(exp), v<<12>>1, binary64)
	}
	return F80{intBit | v<<11, uint16(v>>48)&signBit | uint16(exp+(expBias-1023))}
}

// FromF32 widens a 32-bit number (FLD m32), as FromF64 does.
func (e *Env) FromF32(v uint32) F80 {
	e.C1 = false
	exp := v >> 23 & 0xff
	if exp-1 >= 0xfe {
		return e.widen(uint16(v>>16)&signBit, int32(exp), uint64(v)<<41>>1, binary32)
	}
	return F80{intBit | uint64(v)<<40, uint16(v>>16)&signBit | uint16(exp+(expBias-127))}
}

// widen makes an F80 of a zero, denormal, infinity or NaN. m is the significand
// field below bit 63.
func (e *Env) widen(sign uint16, exp int32, m uint64, f format) F80 {
	if exp == f.max {
		if m != 0 && m&quietBit == 0 {
			e.Flags |= IE
			m |= quietBit
		}
		return F80{intBit | m, sign | expMax}
	}
	if m == 0 {
		return F80{0, sign}
	}
	e.Flags |= DE
	n := bits.LeadingZeros64(m)
	return F80{m << n, sign | uint16(expBias-f.bias+1-int32(n))}
}

// ToF64 narrows a to 64 bits by RC (FST m64). Where OE or UE is raised unmasked
// nothing is to be stored, and PE is not raised; what is returned then means
// nothing.
func (e *Env) ToF64(a F80) uint64 {
	exp := uint32(a.SE&expMask) - (expBias - 1023)
	if exp-1 >= 0x7fd || int64(a.Mant) >= 0 || e.RC != RoundNearest {
		return e.narrow(a, binary64)
	}
	m := a.Mant >> 11 // the integer bit stays on and carries into the exponent
	frac := a.Mant << 53
	var up uint64
	if frac != 0 {
		e.Flags |= PE
		up = frac >> 63
		if frac == intBit {
			up = m & 1
		}
	}
	e.C1 = up != 0
	return uint64(a.SE>>15)<<63 | (uint64(exp-1)<<52 + m + up)
}

// ToF32 narrows a to 32 bits, as ToF64 does.
func (e *Env) ToF32(a F80) uint32 {
	exp := uint32(a.SE&expMask) - (expBias - 127)
	if exp-1 >= 0xfd || int64(a.Mant) >= 0 || e.RC != RoundNearest {
		return uint32(e.narrow(a, binary32))
	}
	m := uint32(a.Mant >> 40)
	frac := a.Mant << 24
	var up uint32
	if frac != 0 {
		e.Flags |= PE
		up = uint32(frac >> 63)
		if frac == intBit {
			up = m & 1
		}
	}
	e.C1 = up != 0
	return uint32(a.SE>>15)<<31 | ((exp-1)<<23 + m + up)
}

// narrow packs a into f, in the low bits of the result.
func (e *Env) narrow(a F80, f format) uint64 {
	e.C1 = false
	sign := a.SE & signBit
	low := f.prec - 1 // bits of the significand field
	top := uint64(sign>>15) << (low + uint(bits.Len32(uint32(f.max))))
	if a.IsUnsupported() {
		a = e.invalid()
		sign = signBit
		top = uint64(1) << (low + uint(bits.Len32(uint32(f.max))))
	}
	if a.SE&expMask == expMax {
		if a.IsSNaN() {
			e.Flags |= IE
			a.Mant |= quietBit
		}
		return top | uint64(f.max)<<low | a.Mant<<1>>(65-f.prec)
	}
	if a.Mant == 0 {
		return top
	}
	exp, m := a.parts()
	return top | e.pack(sign, exp-expBias+f.bias, m, 0, f)
}

// pack rounds the number with significand hi.lo and exponent exp, biased as f
// has it, and packs it without its sign.
func (e *Env) pack(sign uint16, exp int32, hi, lo uint64, f format) uint64 {
	low := f.prec - 1
	sig, inexact, up := e.cut(sign, hi, lo, f.prec)
	rexp := exp
	if sig == 0 {
		sig = intBit
		rexp++
	}
	if rexp >= f.max {
		return e.packOverflow(sign, f)
	}
	if rexp >= 1 {
		e.inexact(inexact, up)
		return uint64(rexp-1)<<low + sig>>(64-f.prec)
	}
	if e.Masks&UE == 0 {
		e.Flags |= UE
		return 0
	}
	hi, lo = shiftRightJam(hi, lo, uint32(1-exp))
	sig, inexact, up = e.cut(sign, hi, lo, f.prec)
	if inexact {
		e.Flags |= UE
	}
	e.inexact(inexact, up)
	return sig >> (64 - f.prec)
}

// packOverflow is the response to a number too large for f.
func (e *Env) packOverflow(sign uint16, f format) uint64 {
	e.Flags |= OE
	if e.Masks&OE == 0 {
		return 0
	}
	e.Flags |= PE
	e.C1 = roundsUp(e.RC, sign != 0, true, intBit)
	if e.C1 {
		return uint64(f.max) << (f.prec - 1)
	}
	return uint64(f.max)<<(f.prec-1) - 1
}

// FromInt64 widens an integer, exactly (FILD).
func (e *Env) FromInt64(v int64) F80 {
	e.C1 = false
	return fromInt(v)
}

// fromInt is v as a number.
func fromInt(v int64) F80 {
	m, sign := magnitude(v)
	if m == 0 {
		return F80{}
	}
	n := bits.LeadingZeros64(m)
	return F80{m << n, sign | uint16(expBias+63-n)}
}

// magnitude splits v into absolute value and sign.
func magnitude(v int64) (m uint64, sign uint16) {
	if v < 0 {
		return -uint64(v), signBit
	}
	return uint64(v), 0
}

// ToInt converts a to a signed integer of 16, 32 or 64 bits, by RC or, with
// truncate, towards zero (FIST, FISTTP). A NaN and a number out of range raise
// IE and give the integer indefinite, the most negative number.
func (e *Env) ToInt(a F80, width int, truncate bool) int64 {
	e.C1 = false
	rc := e.RC
	if truncate {
		rc = RoundZero
	}
	indefinite := int64(-1) << (width - 1)
	m, inexact, up, ok := integral(a, rc)
	limit := uint64(1)<<(width-1) - 1
	if a.Sign() {
		limit++
	}
	if !ok || m > limit {
		e.Flags |= IE
		return indefinite
	}
	e.inexact(inexact, up)
	if a.Sign() {
		return int64(-m)
	}
	return int64(m)
}

// integral rounds the magnitude of a to an integer; ok is false for what does
// not fit 64 bits or is no finite number.
func integral(a F80, rc uint8) (m uint64, inexact, up, ok bool) {
	if a.IsUnsupported() {
		return 0, false, false, false
	}
	if a.Mant == 0 {
		return 0, false, false, true
	}
	n := int32(expBias+63) - int32(a.SE&expMask) // bits below the point
	if n < 0 {
		return 0, false, false, false
	}
	m, frac := shiftRightJam(a.Mant, 0, uint32(n))
	up = roundsUp(rc, a.Sign(), m&1 != 0, frac)
	if up {
		m++
		if m == 0 {
			return 0, false, false, false
		}
	}
	return m, frac != 0, up, true
}

// RoundInt rounds a to an integer by RC (FRNDINT).
func (e *Env) RoundInt(a F80) F80 {
	e.C1 = false
	if r, ok := e.nan1(a); ok {
		return r
	}
	if a.SE&expMask >= expBias+63 || a.Mant == 0 {
		return a
	}
	if a.IsDenormal() && e.raise(DE) {
		return Indefinite
	}
	m, inexact, up, _ := integral(a, e.RC)
	e.inexact(inexact, up)
	sign := a.SE & signBit
	if m == 0 {
		return F80{0, sign}
	}
	n := bits.LeadingZeros64(m)
	return F80{m << n, sign | uint16(expBias+63-n)}
}

// Unordered is what Compare answers where an operand is a NaN.
const Unordered = 2

// Compare is -1, 0 or 1 as a is below, equal to or above b, or Unordered. It
// raises IE for an unsupported operand or a signalling NaN and, unless quiet,
// for any NaN (FCOM; quiet is FUCOM), DE for a denormal.
func (e *Env) Compare(a, b F80, quiet bool) int {
	e.C1 = false
	if !a.normal() || !b.normal() {
		if a.IsUnsupported() || b.IsUnsupported() {
			e.Flags |= IE
			return Unordered
		}
		if a.IsNaN() || b.IsNaN() {
			if !quiet || a.IsSNaN() || b.IsSNaN() {
				e.Flags |= IE
			}
			return Unordered
		}
		if a.IsDenormal() || b.IsDenormal() {
			e.Flags |= DE
		}
		if a.IsZero() && b.IsZero() {
			return 0
		}
		// A pseudo-denormal's exponent counts as one, so that it compares as
		// the number it is.
		a, b = a.canonical(), b.canonical()
	}
	if a.Sign() != b.Sign() {
		return direction(a.Sign())
	}
	if a == b {
		return 0
	}
	less := a.SE&expMask < b.SE&expMask || a.SE == b.SE && a.Mant < b.Mant
	return direction(less != a.Sign())
}

// direction is -1 for less, else 1.
func direction(less bool) int {
	if less {
		return -1
	}
	return 1
}
