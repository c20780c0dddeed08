package softfloat

import (
	"math/big"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// toBig is the exact value of a finite number.
func toBig(a F80) *big.Float {
	if a.Mant == 0 {
		return new(big.Float)
	}
	exp, m := a.parts()
	f := new(big.Float).SetPrec(64).SetUint64(m)
	f.SetMantExp(f, int(exp)-expBias-63)
	if a.Sign() {
		f.Neg(f)
	}
	return f
}

// fromBig is the number of the format's normal range that f equals.
func fromBig(f *big.Float) F80 {
	if f.Sign() == 0 {
		return F80{}
	}
	var m big.Float
	exp := f.MantExp(&m)
	m.SetMantExp(&m, 64)
	var sign uint16
	if m.Sign() < 0 {
		sign = signBit
		m.Neg(&m)
	}
	sig, _ := m.Uint64()
	return F80{sig, sign | uint16(exp-1+expBias)}
}

// bigModes are big's rounding modes by rounding control.
var bigModes = [4]big.RoundingMode{big.ToNearestEven, big.ToNegativeInf, big.ToPositiveInf, big.ToZero}

// randomMant favours significands with long runs of equal bits.
func randomMant(r *rand.Rand) uint64 {
	switch r.Intn(6) {
	case 0:
		return intBit
	case 1:
		return ^uint64(0) << r.Intn(64)
	case 2:
		return intBit | 1<<r.Intn(63)
	case 3:
		return intBit | r.Uint64()<<(8+r.Intn(50))
	}
	return intBit | r.Uint64()
}

func TestArithmeticAgainstBig(t *testing.T) {
	const prec = 400 // enough for the sums exactly, and for a quotient's or root's sticky bit
	ops := []struct {
		name  string
		ours  func(e *Env, a, b F80) F80
		exact func(z, a, b *big.Float) *big.Float
	}{
		{"add", (*Env).Add, (*big.Float).Add},
		{"sub", (*Env).Sub, (*big.Float).Sub},
		{"mul", (*Env).Mul, (*big.Float).Mul},
		{"div", (*Env).Div, (*big.Float).Quo},
		{"sqrt", func(e *Env, a, _ F80) F80 { return e.Sqrt(a.Abs()) },
			func(z, a, _ *big.Float) *big.Float { return z.Sqrt(new(big.Float).Abs(a)) }},
	}
	precisions := []struct {
		pc   uint8
		bits uint
	}{{Precision24, 24}, {Precision53, 53}, {Precision64, 64}, {1, 64}}
	r := rand.New(rand.NewSource(1))
	random := func() F80 {
		return F80{randomMant(r), uint16(r.Intn(2))<<15 | uint16(expBias+r.Intn(160)-80)}
	}
	for _, op := range ops {
		t.Run(op.name, func(t *testing.T) {
			for range 20000 {
				a, b := random(), random()
				p := precisions[r.Intn(len(precisions))]
				e := Env{RC: uint8(r.Intn(4)), PC: p.pc, Masks: AllMasked}
				exact := op.exact(new(big.Float).SetPrec(prec), toBig(a), toBig(b))
				want := new(big.Float).SetPrec(p.bits).SetMode(bigModes[e.RC]).Set(exact)
				got := op.ours(&e, a, b)
				if want.Sign() == 0 {
					require.True(t, got.IsZero())
					continue
				}
				require.Equal(t, fromBig(want), got, "%x %x %+v", a, b, e)
				require.Equal(t, exact.Cmp(want) != 0, e.Flags == PE, "%x %x %+v", a, b, e)
				abs := new(big.Float).Abs(exact)
				require.Equal(t, abs.Cmp(want.Abs(want)) < 0, e.C1, "%x %x %+v", a, b, e)
			}
		})
	}
}

// bigQuotient is a / b cut to an integer.
func bigQuotient(a, b F80) *big.Int {
	q, _ := new(big.Float).SetPrec(400).Quo(toBig(a), toBig(b)).Int(nil)
	return q
}

// bigRemainder is a - q*b.
func bigRemainder(a, b F80, q *big.Int) *big.Float {
	p := new(big.Float).SetPrec(400).SetInt(q)
	p.Mul(p, toBig(b))
	return p.Sub(toBig(a), p)
}
