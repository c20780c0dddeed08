package softfloat

import (
	"math"
	"math/rand"
	"testing"
)

// benchOperands are ordinary numbers, as an n-body job has them.
func benchOperands() (a [256]F80) {
	r := rand.New(rand.NewSource(7))
	for i := range a {
		a[i] = F80{intBit | r.Uint64(), uint16(r.Intn(2))<<15 | uint16(expBias-6+r.Intn(12))}
	}
	return a
}

// sink keeps results alive.
var sink struct {
	f F80
	i int64
}

func benchmark2(b *testing.B, op func(e *Env, x, y F80) F80) {
	xs := benchOperands()
	e := &Env{PC: Precision64, Masks: AllMasked}
	var i uint8
	for b.Loop() {
		sink.f = op(e, xs[i], xs[i^0x55])
		i++
	}
}

func BenchmarkAdd(b *testing.B) { benchmark2(b, (*Env).Add) }
func BenchmarkSub(b *testing.B) { benchmark2(b, (*Env).Sub) }
func BenchmarkMul(b *testing.B) { benchmark2(b, (*Env).Mul) }
func BenchmarkDiv(b *testing.B) { benchmark2(b, (*Env).Div) }
func BenchmarkSqrt(b *testing.B) {
	benchmark2(b, func(e *Env, x, _ F80) F80 { return e.Sqrt(x.Abs()) })
}
func BenchmarkRoundInt(b *testing.B) {
	benchmark2(b, func(e *Env, x, _ F80) F80 { return e.RoundInt(x) })
}
func BenchmarkCompare(b *testing.B) {
	benchmark2(b, func(e *Env, x, y F80) F80 { sink.i = int64(e.Compare(x, y, false)); return x })
}
func BenchmarkToF64(b *testing.B) {
	benchmark2(b, func(e *Env, x, _ F80) F80 { sink.i = int64(e.ToF64(x)); return x })
}
func BenchmarkToF32(b *testing.B) {
	benchmark2(b, func(e *Env, x, _ F80) F80 { sink.i = int64(e.ToF32(x)); return x })
}
func BenchmarkToInt(b *testing.B) {
	benchmark2(b, func(e *Env, x, _ F80) F80 { sink.i = e.ToInt(x, 32, true); return x })
}
func BenchmarkFromF64(b *testing.B) {
	v := math.Float64bits(1.5)
	benchmark2(b, func(e *Env, x, _ F80) F80 { return e.FromF64(v ^ x.Mant>>12) })
}
func BenchmarkFromInt64(b *testing.B) {
	benchmark2(b, func(e *Env, x, _ F80) F80 { return e.FromInt64(int64(x.Mant >> 20)) })
}
func BenchmarkNothing(b *testing.B) {
	benchmark2(b, func(e *Env, x, _ F80) F80 { return x })
}

// BenchmarkChain is a dependent chain of the four operations, called as the cpu
// calls them.
func BenchmarkChain(b *testing.B) {
	e := &Env{PC: Precision64, Masks: AllMasked}
	x, c, d := e.FromF64(math.Float64bits(1.1)), e.FromF64(math.Float64bits(0.7)), e.FromF64(math.Float64bits(-0.3))
	for b.Loop() {
		x = e.Sub(e.Mul(e.Add(x, c), c), d)
	}
	sink.f = x
}

func BenchmarkTranscendental(b *testing.B) {
	for _, f := range []struct {
		name string
		op   func(e *Env, x, y F80) F80
	}{
		{"F2XM1", func(e *Env, x, _ F80) F80 { return e.F2XM1(F80{x.Mant, expBias - 1}) }},
		{"FYL2X", func(e *Env, x, y F80) F80 { return e.FYL2X(x.Abs(), y) }},
		{"FYL2XP1", func(e *Env, x, y F80) F80 { return e.FYL2XP1(F80{x.Mant, expBias - 3}, y) }},
		{"FPATAN", (*Env).FPATAN},
		{"FSIN", func(e *Env, x, _ F80) F80 { r, _ := e.FSIN(x); return r }},
		{"FPTAN", func(e *Env, x, _ F80) F80 { r, _ := e.FPTAN(x); return r }},
		{"FSINCOS", func(e *Env, x, _ F80) F80 { r, _, _ := e.FSINCOS(x); return r }},
	} {
		b.Run(f.name, func(b *testing.B) { benchmark2(b, f.op) })
	}
}

func BenchmarkRem(b *testing.B) {
	benchmark2(b, func(e *Env, x, y F80) F80 { r, _, _ := e.Rem(x, y, false); return r })
}
func BenchmarkScale(b *testing.B) { benchmark2(b, (*Env).Scale) }
