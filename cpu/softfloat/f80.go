// Package softfloat is the arithmetic of the x87 in integers alone: the 80-bit
// double extended format with rounding and precision control, exception flags,
// masked and unmasked responses, as in SDM vol. 1 chapters 4.8, 4.9 and 8.
//
// Results are a function of operands and Env only, the same on every host. No
// function allocates, panics or loops on its input's magnitude.
//
// The package knows values, not the register stack: stack faults, condition
// codes, and what an unmasked exception does to the destination are the cpu's.
package softfloat

import "math/bits"

// F80 is a number in double extended format (SDM vol. 1, 4.2.2). Mant has the
// explicit integer bit in bit 63; SE has the sign in bit 15 and the exponent,
// biased by 16383, below.
type F80 struct {
	Mant uint64
	SE   uint16
}

// Layout of the format.
const (
	signBit  = 0x8000
	expMask  = 0x7fff
	expMax   = 0x7fff // exponent of infinities and NaNs
	expBias  = 16383
	intBit   = 1 << 63
	quietBit = 1 << 62
)

// Constants that need no rounding.
var (
	Zero       = F80{0, 0}
	One        = F80{intBit, expBias}
	Inf        = F80{intBit, expMax}
	Indefinite = F80{intBit | quietBit, signBit | expMax} // the QNaN of a masked #IA, SDM vol. 1, 4.8.3.7
)

// Class is the class of a value as FXAM tells them apart (SDM vol. 2A, FXAM).
type Class uint8

// The classes; the numbers are FXAM's C3,C2,C0 as a three-bit number. Empty
// (101b) is the register stack's to know.
const (
	ClassUnsupported Class = 0
	ClassNaN         Class = 1
	ClassNormal      Class = 2
	ClassInf         Class = 3
	ClassZero        Class = 4
	ClassDenormal    Class = 6
)

// Exp is the biased exponent.
func (a F80) Exp() int { return int(a.SE & expMask) }

// Sign tells whether the sign bit is set, in NaNs and zeros too.
func (a F80) Sign() bool { return a.SE&signBit != 0 }

// Neg is a with its sign flipped, NaNs included (FCHS).
func (a F80) Neg() F80 { return F80{a.Mant, a.SE ^ signBit} }

// Abs is a with its sign cleared, NaNs included (FABS).
func (a F80) Abs() F80 { return F80{a.Mant, a.SE &^ signBit} }

// IsNaN tells whether a is a quiet or signalling NaN. Pseudo-NaNs are
// unsupported, not NaNs.
func (a F80) IsNaN() bool { return a.SE&expMask == expMax && a.Mant > intBit }

// IsSNaN tells whether a is a signalling NaN.
func (a F80) IsSNaN() bool { return a.IsNaN() && a.Mant&quietBit == 0 }

// IsInf tells whether a is an infinity of either sign.
func (a F80) IsInf() bool { return a.SE&expMask == expMax && a.Mant == intBit }

// IsZero tells whether a is a zero of either sign.
func (a F80) IsZero() bool { return a.SE&expMask == 0 && a.Mant == 0 }

// IsDenormal tells whether a raises the denormal-operand exception: a denormal
// or a pseudo-denormal (SDM vol. 1, 8.2.2).
func (a F80) IsDenormal() bool { return a.SE&expMask == 0 && a.Mant != 0 }

// IsUnsupported tells whether a is a pseudo-NaN, pseudo-infinity or unnormal,
// which no operation but a load takes (SDM vol. 1, 8.2.2, table 8-3).
func (a F80) IsUnsupported() bool { return a.SE&expMask != 0 && a.Mant&intBit == 0 }

// Class tells FXAM's class of a. A pseudo-denormal is denormal.
func (a F80) Class() Class {
	switch {
	case a.IsUnsupported():
		return ClassUnsupported
	case a.SE&expMask == expMax && a.Mant == intBit:
		return ClassInf
	case a.SE&expMask == expMax:
		return ClassNaN
	case a.SE&expMask != 0:
		return ClassNormal
	case a.Mant == 0:
		return ClassZero
	}
	return ClassDenormal
}

// normal tells whether a is finite, not zero and not denormal: what the fast
// paths take.
func (a F80) normal() bool { return int64(a.Mant) < 0 && a.SE&expMask-1 < expMax-1 }

// parts gives the exponent and the mantissa with its integer bit set, of a
// finite number that is not zero. Denormals get exponents of zero and less.
func (a F80) parts() (exp int32, mant uint64) {
	exp = int32(a.SE & expMask)
	if exp != 0 {
		return exp, a.Mant
	}
	n := bits.LeadingZeros64(a.Mant)
	return 1 - int32(n), a.Mant << n
}

// canonical is a with a pseudo-denormal's exponent field, which counts as one,
// made one.
func (a F80) canonical() F80 {
	if a.SE&expMask == 0 {
		a.SE |= uint16(a.Mant >> 63)
	}
	return a
}
