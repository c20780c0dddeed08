package softfloat

import (
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClass(t *testing.T) {
	for _, c := range []struct {
		name string
		f    F80
		want Class
		snan bool
	}{
		{"zero", F80{0, 0}, ClassZero, false},
		{"minus zero", F80{0, signBit}, ClassZero, false},
		{"one", One, ClassNormal, false},
		{"largest", F80{^uint64(0), expMax - 1}, ClassNormal, false},
		{"denormal", F80{1, 0}, ClassDenormal, false},
		{"pseudo-denormal", F80{intBit, 0}, ClassDenormal, false},
		{"unnormal", F80{1, 1}, ClassUnsupported, false},
		{"pseudo-infinity", F80{0, expMax}, ClassUnsupported, false},
		{"pseudo-NaN", F80{quietBit, expMax}, ClassUnsupported, false},
		{"infinity", Inf, ClassInf, false},
		{"quiet NaN", Indefinite, ClassNaN, false},
		{"signalling NaN", F80{intBit | 1, expMax}, ClassNaN, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, c.f.Class())
			require.Equal(t, c.want == ClassNaN, c.f.IsNaN())
			require.Equal(t, c.want == ClassInf, c.f.IsInf())
			require.Equal(t, c.want == ClassZero, c.f.IsZero())
			require.Equal(t, c.want == ClassDenormal, c.f.IsDenormal())
			require.Equal(t, c.want == ClassUnsupported, c.f.IsUnsupported())
			require.Equal(t, c.want == ClassNormal, c.f.normal())
			require.Equal(t, c.snan, c.f.IsSNaN())
			require.Equal(t, !c.f.Sign(), c.f.Neg().Sign())
			require.Equal(t, c.f.Abs(), c.f.Neg().Abs())
		})
	}
}

func TestNaNRules(t *testing.T) {
	q := func(m uint64, sign uint16) F80 { return F80{intBit | quietBit | m, sign | expMax} }
	s := func(m uint64, sign uint16) F80 { return F80{intBit | m, sign | expMax} }
	for _, c := range []struct {
		name    string
		a, b    F80
		want    F80
		invalid bool
	}{
		{"quiet and number", q(5, 0), One, q(5, 0), false},
		{"number and quiet", One, q(5, signBit), q(5, signBit), false},
		{"signalling and number", s(5, 0), One, q(5, 0), true},
		{"signalling and quiet", s(9, 0), q(5, 0), q(5, 0), true},
		{"quiet and signalling", q(5, 0), s(9, 0), q(5, 0), true},
		{"two quiet, larger first", q(9, 0), q(5, 0), q(9, 0), false},
		{"two quiet, larger second", q(5, 0), q(9, 0), q(9, 0), false},
		{"two signalling", s(5, 0), s(9, 0), q(9, 0), true},
		{"equal significands, positive wins", q(5, signBit), q(5, 0), q(5, 0), false},
		{"unsupported goes first", q(5, 0), F80{1, 1}, Indefinite, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, op := range []func(*Env, F80, F80) F80{(*Env).Add, (*Env).Sub, (*Env).Mul, (*Env).Div} {
				e := Env{PC: Precision64, Masks: AllMasked}
				require.Equal(t, c.want, op(&e, c.a, c.b))
				require.Equal(t, c.invalid, e.Flags == IE)
			}
		})
	}
}

func TestUnmaskedResponses(t *testing.T) {
	largest := F80{^uint64(0), expMax - 1}
	least := F80{intBit, 1}
	for _, c := range []struct {
		name  string
		masks uint8
		op    func(e *Env) F80
		want  F80
		flags uint8
	}{
		{"overflow masked", AllMasked, func(e *Env) F80 { return e.Add(largest, largest) }, Inf, OE | PE},
		{"overflow wraps down", AllMasked &^ OE, func(e *Env) F80 { return e.Add(largest, largest) }, F80{^uint64(0), expMax - wrapBias}, OE},
		{"exact denormal masked", AllMasked, func(e *Env) F80 { return e.Mul(least, F80{intBit, expBias - 1}) }, F80{intBit >> 1, 0}, 0},
		{"exact denormal wraps up", AllMasked &^ UE, func(e *Env) F80 { return e.Mul(least, F80{intBit, expBias - 1}) }, F80{intBit, wrapBias}, UE},
		{"inexact denormal", AllMasked, func(e *Env) F80 { return e.Div(least, F80{intBit | quietBit, expBias + 1}) }, F80{0x2aaaaaaaaaaaaaab, 0}, UE | PE},
		{"rounding up to the least normal is not tiny", AllMasked &^ UE, func(e *Env) F80 {
			return e.Mul(F80{intBit | 1<<20, 1}, F80{0xffffffffffe00000, expBias - 1})
		}, least, PE},
		{"zero divide", AllMasked, func(e *Env) F80 { return e.Div(One.Neg(), Zero) }, Inf.Neg(), ZE},
		{"scale far beyond the wrapped range", 0, func(e *Env) F80 { return e.Scale(One, e.FromInt64(1<<40)) }, Inf, OE | PE},
		{"scale far below the wrapped range", 0, func(e *Env) F80 { return e.Scale(One, e.FromInt64(-1<<40)) }, Zero, UE | PE},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := Env{PC: Precision64, Masks: c.masks}
			require.Equal(t, c.want, c.op(&e))
			require.Equal(t, c.flags, e.Flags)
		})
	}
}

func TestSmallAnglesRoundTheRightWay(t *testing.T) {
	a := F80{intBit, expBias - 100}
	below, above := F80{^uint64(0), expBias - 101}, F80{intBit | 1, expBias - 100}
	e := Env{RC: RoundDown, Masks: AllMasked}
	tan, _ := e.FPTAN(a)
	sin, _ := e.FSIN(a)
	require.Equal(t, a, tan, "the tangent lies above its angle")
	require.Equal(t, below, sin, "the sine lies below its angle")
	e.RC = RoundUp
	tan, _ = e.FPTAN(a)
	sin, _ = e.FSIN(a)
	require.Equal(t, above, tan)
	require.Equal(t, a, sin)
}

// TestTangentOfPiToldTheWrongSide is of an angle of 2^-64 behind the reduction,
// whose tangent lies above it by less than a quotient's 128 bits show.
func TestTangentOfPiToldTheWrongSide(t *testing.T) {
	e := Env{Masks: AllMasked}
	tan, _ := e.FPTAN(F80{0xc90fdaa22168c235, expBias + 1})
	require.Equal(t, F80{intBit, 0x3fbf}, tan)
	require.False(t, e.C1)
}

// TestF2XM1OfOne has what silicon answers, which takes the result for a little
// less than one.
func TestF2XM1OfOne(t *testing.T) {
	below := F80{^uint64(0), expBias - 1}
	for _, tt := range []struct {
		name string
		rc   uint8
		want F80
		c1   bool
	}{
		{"nearest", RoundNearest, One, true},
		{"down", RoundDown, below, false},
		{"up", RoundUp, One, true},
		{"to zero", RoundZero, below, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Env{RC: tt.rc, Masks: AllMasked}
			require.Equal(t, tt.want, e.F2XM1(One))
			require.Equal(t, tt.c1, e.C1)
			require.Equal(t, uint8(PE), e.Flags)
		})
	}
}

func TestStopsBeforeComputing(t *testing.T) {
	e := Env{PC: Precision64, Masks: AllMasked &^ DE}
	e.Div(F80{1, 0}, F80{intBit | quietBit, expBias})
	require.Equal(t, uint8(DE), e.Flags, "an unmasked DE comes before UE and PE")
}

func TestRoundTrips(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	e := Env{Masks: AllMasked}
	for range 20000 {
		v := r.Uint64()
		if f := math.Float64frombits(v); f == f {
			require.Equal(t, v, e.ToF64(e.FromF64(v)))
		}
		w := r.Uint32()
		if f := math.Float32frombits(w); f == f {
			require.Equal(t, w, e.ToF32(e.FromF32(w)))
		}
		n := int64(v) >> r.Intn(64)
		require.Equal(t, n, e.ToInt(e.FromInt64(n), 64, false))
		d := e.FromInt64(n % bcdLimit)
		require.Equal(t, d, e.FromBCD(e.ToBCD(d)))
	}
	require.Equal(t, uint8(DE), e.Flags&^DE|DE, "nothing but denormals was raised")
}

// TestNarrowingIsTheHosts compares with the host's conversions between its two
// formats, which IEEE 754 defines exactly.
func TestNarrowingIsTheHosts(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	e := Env{Masks: AllMasked}
	for range 50000 {
		exp := uint64(1023 - 160 + r.Intn(320))
		v := uint64(r.Intn(2))<<63 | exp<<52 | randomMant(r)<<1>>12
		want := math.Float32bits(float32(math.Float64frombits(v)))
		require.Equal(t, want, e.ToF32(e.FromF64(v)), "%x", v)
	}
}

// every calls each operation, for the properties that all share.
func every(e *Env, a, b F80, check func(name string, results ...F80)) {
	one := func(name string, f F80) { check(name, f) }
	one("Add", e.Add(a, b))
	one("Sub", e.Sub(a, b))
	one("Mul", e.Mul(a, b))
	one("Div", e.Div(a, b))
	one("Sqrt", e.Sqrt(a))
	one("Scale", e.Scale(a, b))
	for _, nearest := range []bool{false, true} {
		r, _, _ := e.Rem(a, b, nearest)
		one("Rem", r)
	}
	check("Extract", pair(e.Extract(a))...)
	one("F2XM1", e.F2XM1(a))
	one("FYL2X", e.FYL2X(a, b))
	one("FYL2XP1", e.FYL2XP1(a, b))
	one("FPATAN", e.FPATAN(a, b))
	one("FromF64", e.FromF64(a.Mant))
	one("FromF32", e.FromF32(uint32(a.Mant)))
	one("FromInt64", e.FromInt64(int64(a.Mant)))
	one("FromF64 of ToF64", e.FromF64(e.ToF64(a)))
	one("FromF32 of ToF32", e.FromF32(e.ToF32(a)))
	if a.IsUnsupported() {
		return
	}
	one("RoundInt", e.RoundInt(a))
	if a.Exp() < trigLimit {
		sin, cos, _ := e.FSINCOS(a)
		check("FSINCOS", sin, cos)
		tan, _ := e.FPTAN(a)
		one("FPTAN", tan)
	}
}

func pair(a, b F80) []F80 { return []F80{a, b} }

// FuzzEveryOperation wants of any operands that nothing panics, that results are
// of a supported format, and that flags are the six.
func FuzzEveryOperation(f *testing.F) {
	f.Add(uint64(intBit), uint16(expBias), uint64(3), uint16(0), uint16(0x37f))
	f.Add(^uint64(0), uint16(expMax-1), uint64(intBit), uint16(1), uint16(0xf00))
	f.Add(uint64(quarterPi), uint16(expBias-1), uint64(5), uint16(expMax), uint16(0x27f))
	f.Fuzz(func(t *testing.T, am uint64, as uint16, bm uint64, bs uint16, cw uint16) {
		e := Env{RC: uint8(cw >> 10 & 3), PC: uint8(cw >> 8 & 3), Masks: uint8(cw & 63)}
		every(&e, F80{am, as}, F80{bm, bs}, func(name string, rs ...F80) {
			for _, r := range rs {
				require.False(t, r.IsUnsupported(), "%s gives %x", name, r)
				require.False(t, r.IsSNaN(), "%s gives %x", name, r)
			}
			require.Zero(t, e.Flags&^AllMasked)
		})
		for _, width := range []int{16, 32, 64} {
			v := e.ToInt(F80{am, as}, width, cw&64 != 0)
			require.Equal(t, v, v<<(64-width)>>(64-width))
		}
	})
}

func TestRandomOperandsKeepTheProperties(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	exps := []uint16{0, 0, 1, 2, expBias - 70, expBias - 1, expBias, expBias + 1, expBias + 62, expBias + 63, expMax - 1, expMax}
	random := func() F80 {
		f := F80{randomMant(r), exps[r.Intn(len(exps))] | uint16(r.Intn(2))<<15}
		if r.Intn(3) == 0 {
			f.Mant >>= r.Intn(64)
		}
		return f
	}
	for range 20000 {
		e := Env{RC: uint8(r.Intn(4)), PC: uint8(r.Intn(4)), Masks: uint8(r.Intn(64))}
		a, b := random(), random()
		every(&e, a, b, func(name string, rs ...F80) {
			for _, got := range rs {
				require.False(t, got.IsUnsupported() || got.IsSNaN(), "%s of %x, %x gives %x", name, a, b, got)
			}
		})
	}
}

func TestRemainderAgainstBig(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	for range 5000 {
		a := F80{randomMant(r), uint16(expBias + r.Intn(60))}
		b := F80{randomMant(r), uint16(expBias - r.Intn(4))}
		e := Env{Masks: AllMasked}
		got, q, partial := e.Rem(a, b, false)
		require.False(t, partial)
		quo := bigQuotient(a, b)
		require.Equal(t, uint8(quo.Uint64()&7), q)
		require.Zero(t, bigRemainder(a, b, quo).Cmp(toBig(got)))
	}
}

func TestNothingAllocates(t *testing.T) {
	e := &Env{PC: Precision64, Masks: AllMasked}
	a, b := F80{intBit | 12345, expBias + 3}, F80{1, 0}
	n := testing.AllocsPerRun(100, func() {
		sink.f = e.Add(e.Mul(a, b), e.Div(a, e.Sqrt(b)))
		sink.f, _ = e.FSIN(e.FYL2X(a, e.FPATAN(a, b)))
	})
	require.Zero(t, n)
}
