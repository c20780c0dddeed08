package translator_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/translator"
)

var programs = flag.Int("programs", 2500, "number of random programs of TestCachesAreInvisible")
var firstProgram = flag.Uint64("first", 1, "seed of its first program")

// TestCachesAreInvisible runs random programs in worlds that differ in nothing
// a guest may see: block length, links, evictions, TLB size and the slices in
// which the machine hands out its budget. State, memory, time and what a chip
// saw must be the same, at the end and at a step in between.
func TestCachesAreInvisible(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	ref := newWorld(t, "one by one", translator.Config{MaxBlock: 1, NoLinks: true})
	plain := newWorld(t, "as shipped", translator.Config{})
	ones := newWorld(t, "budgets of 1", translator.Config{})
	ones.chunk = func() int64 { return 1 }
	sevens := newWorld(t, "budgets of 7, blocks of 5", translator.Config{MaxBlock: 5})
	sevens.chunk = func() int64 { return 7 }
	wild := newWorld(t, "random", translator.Config{Lengths: func() int { return 1 + r.IntN(40) }, EvictEvery: 50})
	wild.chunk = func() int64 {
		if r.IntN(8) == 0 {
			wild.engine.Flush()
		}
		if r.IntN(8) == 0 {
			wild.cpu.FlushTLB()
		}
		return 1 + r.Int64N(30)
	}
	tiny := newWorld(t, "two TLB entries", translator.Config{NoLinks: true})
	tiny.cpu.MMU.Limit(2)
	worlds := []*world{plain, ones, sevens, wild, tiny}
	var faults, shutdowns, steps uint64
	n := *programs
	if testing.Short() {
		n /= 10
	}
	for i := range n {
		seed := *firstProgram + uint64(i)
		s := build(seed, kinds[seed%uint64(len(kinds))])
		ref.load(s)
		ref.run(s, s.steps)
		faults += uint64(ref.cpu.Faults.N)
		steps += ref.cpu.Steps()
		if ref.cpu.Shutdown {
			shutdowns++
		}
		for _, w := range worlds {
			w.load(s)
			w.run(s, s.steps)
			if d := w.differs(ref); d != "" {
				t.Errorf("program %d (%s), %s against %s:\n%s\n%s\n%s", seed, s.kind.name, w.name, ref.name, d, firstDifference(t, w, ref, s), s.listing())
				if *programs > 1 {
					t.FailNow()
				}
			}
		}
	}
	t.Logf("%d programs, %d steps, %d faults, %d shutdowns", n, steps, faults, shutdowns)
	if n < 100 {
		return
	}
	require.Greater(t, faults, uint64(n), "the programs fault")
	require.Less(t, shutdowns, uint64(n/2), "most programs go on")
}

// firstDifference finds the first step after which two worlds differ.
func firstDifference(t *testing.T, w, ref *world, s *scene) string {
	lo, hi := uint64(0), s.steps
	for lo+1 < hi {
		mid := (lo + hi) / 2
		w.load(s)
		w.run(s, mid)
		ref.load(s)
		ref.run(s, mid)
		if w.differs(ref) == "" {
			lo = mid
		} else {
			hi = mid
		}
	}
	ref.load(s)
	ref.run(s, lo)
	at := ref.cpu.EIP
	w.load(s)
	w.run(s, hi)
	ref.run(s, hi)
	t.Logf("first difference after step %d, the instruction at %x", hi, at)
	return w.differs(ref)
}
