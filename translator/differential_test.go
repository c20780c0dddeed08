package translator_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/cpu"
	"ringzero/translator"
)

var programs = flag.Int("programs", 2500, "number of random programs of TestCachesAreInvisible")
var firstProgram = flag.Uint64("first", 1, "seed of its first program")

// differentWorlds are the worlds of TestCachesAreInvisible, and the one that they
// are compared with. All but that one follow links.
func differentWorlds(t *testing.T) (ref *world, worlds []*world) {
	r := rand.New(rand.NewPCG(7, 7))
	ref = newWorld(t, "one by one", translator.Config{MaxBlock: 1, NoLinks: true})
	add := func(name string, conf translator.Config, chunk func() int64) *world {
		w := newWorld(t, name, conf)
		if chunk != nil {
			w.chunk = chunk
		}
		worlds = append(worlds, w)
		return w
	}
	by := func(n int64) func() int64 { return func() int64 { return n } }
	add("as shipped", translator.Config{}, nil)
	add("budgets of 1", translator.Config{}, by(1))
	add("budgets of 7, blocks of 5", translator.Config{MaxBlock: 5}, by(7))
	var wild *world
	wild = add("random", translator.Config{Lengths: func() int { return 1 + r.IntN(40) }, EvictEvery: 50}, func() int64 {
		if r.IntN(8) == 0 {
			wild.engine.Flush()
		}
		if r.IntN(8) == 0 {
			wild.cpu.FlushTLB()
		}
		return 1 + r.Int64N(30)
	})
	add("one TLB entry", translator.Config{MaxBlock: 3}, nil).cpu.MMU.Limit(1)
	add("one TLB entry, blocks of one", translator.Config{MaxBlock: 1}, nil).cpu.MMU.Limit(1)
	add("two TLB entries", translator.Config{}, nil).cpu.MMU.Limit(2)
	add("five TLB entries, evictions", translator.Config{EvictEvery: 3, MaxBlock: 8}, by(100)).cpu.MMU.Limit(5)
	add("evictions all the time", translator.Config{EvictEvery: 1}, nil)
	add("a small cache", translator.Config{CacheBytes: 8 << 10}, by(50))
	add("an observer", translator.Config{}, nil).engine.Before = func(*cpu.CPU) {}
	return ref, worlds
}

// TestCachesAreInvisible runs random programs in worlds that differ in nothing
// a guest may see: block length, links, evictions, TLB size and the slices in
// which the machine hands out its budget. State, memory, time and what a chip
// saw must be the same, at the end and at a step in between.
func TestCachesAreInvisible(t *testing.T) {
	ref, worlds := differentWorlds(t)
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
				ref.load(s)
				ref.run(s, s.steps)
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
