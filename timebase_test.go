package ringzero

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
)

// TestTimebase: at is exact and never falls, until is its inverse, for any rate
// that is accepted and any number of steps.
func TestTimebase(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	word := func() uint64 { return r.Uint64() >> r.IntN(64) }
	for range 200_000 {
		num, den := uint32(word()), uint32(word())
		if checkRate(num, den) != nil {
			continue
		}
		b := timebase{step: word() >> 1, ns: word() >> 1, num: uint64(num), den: uint64(den)}
		step := b.step + word()>>1
		at := b.at(step)
		exact := new(big.Int).SetUint64(step - b.step)
		exact, rest := exact.DivMod(exact.Mul(exact, new(big.Int).SetUint64(b.num)), new(big.Int).SetUint64(b.den), new(big.Int))
		require.Equal(t, rest.Uint64(), b.rest(step))
		exact.Add(exact, new(big.Int).SetUint64(b.ns))
		if !exact.IsUint64() || exact.Uint64() >= endOfTime {
			require.Equal(t, uint64(endOfTime), at)
			continue
		}
		require.Equal(t, exact.Uint64(), at)
		require.GreaterOrEqual(t, b.at(step+1), at)
		to := at + word()>>1
		n := b.until(step, to)
		if n >= bus.Never-step || to > endOfTime {
			continue
		}
		require.GreaterOrEqual(t, b.at(step+n), to, "%+v step %d to %d: %d", b, step, to, n)
		if n > 0 {
			require.Less(t, b.at(step+n-1), to)
		}
		before := b.at(step)
		b.spend(1000)
		require.Equal(t, min(before+1000, endOfTime), b.at(step))
	}
}

func TestRatesAreChecked(t *testing.T) {
	for _, r := range [][2]uint32{{0, 1}, {1, 0}, {0, 0}, {1 << 31, 1}, {1, 1 << 31}, {1000_001, 1}} {
		require.Error(t, checkRate(r[0], r[1]), "%v", r)
	}
	for _, r := range [][2]uint32{{1, 1}, {1, 1000}, {1000_000, 1}, {1 << 31, 1 << 31}} {
		require.NoError(t, checkRate(r[0], r[1]), "%v", r)
	}
}
