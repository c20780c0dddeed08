package tests

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/internal/testkit/session"
	"ringzero/translator"
)

// TestTwoMachines runs two machines at once in one process, for the race detector
// (`make race`): they share nothing, and each does what it does alone.
func TestTwoMachines(t *testing.T) {
	const machines = 2
	var results [machines]session.Result
	var errs [machines]error
	var all sync.WaitGroup
	for i := range machines {
		all.Go(func() { results[i], errs[i] = session.Embedded(ringzero.Config{}) })
	}
	all.Wait()
	alone, err := session.Embedded(ringzero.Config{})
	require.NoError(t, err)
	for i := range machines {
		require.NoError(t, errs[i])
		require.Equal(t, alone, results[i])
	}
}

// TestSessionDoesNotDependOnTheEngine is the cheap brother of
// TestBootHasOneStateHash.
func TestSessionDoesNotDependOnTheEngine(t *testing.T) {
	want, err := session.Embedded(ringzero.Config{})
	require.NoError(t, err)
	for _, row := range engines {
		t.Run(row.name, func(t *testing.T) {
			got, err := session.Embedded(ringzero.Config{Test: ringzero.Test{Engine: row.engine(), TLBEntries: row.tlb}})
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
	t.Run("another date is another run", func(t *testing.T) {
		got, err := session.Embedded(ringzero.Config{Time: 1_000_000_000})
		require.NoError(t, err)
		require.NotEqual(t, want.Hash, got.Hash)
		require.Contains(t, got.Output, "2001-09-09")
	})
}

// engines are settings of the translator that no guest may notice. Those marked
// boot are tried over a whole boot as well, those marked short even in its short
// variant.
var engines = []struct {
	name        string
	engine      func() translator.Config
	tlb         int
	boot, short bool
}{
	{"again", func() translator.Config { return translator.Config{} }, 0, true, false},
	{"one instruction a block", func() translator.Config { return translator.Config{MaxBlock: 1} }, 0, true, true},
	{"random block lengths", func() translator.Config { return translator.Config{Lengths: randomLengths(32)} }, 0, false, false},
	{"random block lengths, small TLB", func() translator.Config { return translator.Config{Lengths: randomLengths(9)} }, 3, true, true},
	{"forced evictions", func() translator.Config { return translator.Config{EvictEvery: 1000} }, 0, true, false},
	{"no links", func() translator.Config { return translator.Config{NoLinks: true} }, 0, false, false},
	{"small code cache", func() translator.Config { return translator.Config{CacheBytes: 256 << 10} }, 0, false, false},
}

// randomLengths draws lengths from 1 to most, the same in each run: xorshift64
// (G. Marsaglia, "Xorshift RNGs", 2003).
func randomLengths(most uint64) func() int {
	x := uint64(0x9e3779b97f4a7c15)
	return func() int {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		return int(x%most) + 1
	}
}
