package main

import (
	"fmt"
	"io"
	"runtime/metrics"
	"time"

	"ringzero"
)

// printStats says what a run cost.
func printStats(w io.Writer, m *ringzero.Machine, took time.Duration) {
	steps, stats := m.Steps(), m.Stats()
	e, u := stats.Engine, stats.MMU
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-16s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("instructions", "%d", steps)
	line("host time", "%.3f s", took.Seconds())
	line("virtual time", "%.3f s", float64(m.Now())/1e9)
	line("MIPS", "%.1f", ratio(steps, 1)/took.Seconds()/1e6)
	line("blocks", "%d of %d instructions and %d bytes, %.2f instructions each", e.Blocks, e.Instructions, e.Bytes, ratio(e.Instructions, e.Blocks))
	line("micro-ops", "%.3f an instruction", ratio(e.Uops, e.Instructions))
	line("closure calls", "%.3f an instruction", ratio(e.Calls, e.Instructions))
	line("block lookups", "%d, %d translated", e.Lookups, e.Misses)
	line("blocks of one", "%d of them, made where a budget ended", e.Ones)
	line("invalidations", "%d blocks, %d evictions", e.Invalidations, e.Evictions)
	line("unwinds", "%d, %d of them to run an instruction alone; %d blocks were cut there", e.Unwinds, e.Alone, e.Splits)
	line("TLB misses", "%d page walks", u.Walks)
	line("shadow misses", "%d of %d switches of address space, %d table writes", u.ShadowMisses, u.ShadowSwitches, u.TableWrites)
	line("GC share", "%.1f %% of the processor time", 100*gcShare())
	line("memory", "%d MiB taken by the Go heap", heap()>>20)
	for _, t := range stats.Traps {
		line("trap "+t.Name, "%d", t.N)
	}
	for _, g := range stats.Gaps {
		line("gap "+g.Name, "%d times #UD", g.N)
	}
}

func ratio(a, b uint64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// gcShare is the part of the processor time that went to the garbage collector.
func gcShare() float64 {
	s := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(s)
	total := s[1].Value.Float64() - s[2].Value.Float64()
	if total <= 0 {
		return 0
	}
	return s[0].Value.Float64() / total
}

// heap is what the Go runtime holds of memory for objects, in bytes.
func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() + s[1].Value.Uint64()
}
