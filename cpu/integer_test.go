package cpu

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/decoder"
	"ringzero/x86"
)

// TestWideProducts: mul, IMUL, div and idiv of RDX:RAX, for the 64-bit machine to
// come, against big integers.
func TestWideProducts(t *testing.T) {
	s := newScene(t, "max")
	r := rand.New(rand.NewPCG(1, 1))
	word := func() uint64 {
		v := r.Uint64() >> r.IntN(64)
		if r.IntN(2) == 0 {
			v = -v
		}
		return v
	}
	two128 := new(big.Int).Lsh(big.NewInt(1), 128)
	wide := func(high, low uint64, signed bool) *big.Int {
		v := new(big.Int).SetUint64(high)
		v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(low))
		if signed && int64(high) < 0 {
			v.Sub(v, two128)
		}
		return v
	}
	one := func(v uint64, signed bool) *big.Int {
		if signed {
			return big.NewInt(int64(v))
		}
		return new(big.Int).SetUint64(v)
	}
	for range 50_000 {
		for op, do := range map[byte]Handler{0xe1: mul, 0xe9: imul1, 0xf1: div, 0xf9: idiv} {
			signed := op&8 != 0
			var in decoder.Inst
			require.Equal(t, decoder.OK, decoder.Decode([]byte{0x48, 0xf7, op}, decoder.Code64, &in))
			a, d, v := word(), word(), word()
			if r.IntN(2) == 0 {
				d = uint64(int64(a) >> 63 * int64(r.IntN(2)))
			}
			s.R[x86.AX], s.R[x86.DX], s.R[x86.CX] = a, d, v
			exc := do(s.CPU, &Site{Inst: &in})
			if op < 0xf0 {
				require.Nil(t, exc)
				p := new(big.Int).Mul(one(a, signed), one(v, signed))
				require.Zero(t, p.Cmp(wide(s.R[x86.DX], s.R[x86.AX], signed)), "%x * %x", a, v)
				fits := p.IsUint64()
				if signed {
					fits = p.IsInt64()
				}
				require.Equal(t, !fits, s.Carry())
				continue
			}
			x, y := wide(d, a, signed), one(v, signed)
			if y.Sign() == 0 {
				require.NotNil(t, exc)
				continue
			}
			q, m := new(big.Int).QuoRem(x, y, new(big.Int))
			if signed && !q.IsInt64() || !signed && !q.IsUint64() {
				require.NotNil(t, exc, "%x:%x / %x", d, a, v)
				continue
			}
			require.Nil(t, exc, "%x:%x / %x", d, a, v)
			require.Zero(t, q.Cmp(one(s.R[x86.AX], signed)))
			require.Zero(t, m.Cmp(one(s.R[x86.DX], signed)))
		}
	}
}
