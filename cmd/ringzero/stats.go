package main

import (
	"fmt"
	"io"
	"runtime/metrics"
	"slices"
	"time"

	"ringzero"
	"ringzero/decoder"
)

// printStats says what a run cost.
func printStats(w io.Writer, m *ringzero.Machine, took time.Duration) {
	steps, e, u := m.Steps(), m.Engine.Stats, m.CPU.MMU.Stats
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
	line("unwinds", "%d, %d of them to run an instruction alone; %d blocks were cut there", e.Unwinds, e.Redos, e.Splits)
	line("TLB misses", "%d page walks", u.Walks)
	line("shadow misses", "%d of %d switches of address space, %d table writes", u.ShadowMisses, u.ShadowSwitches, u.TableWrites)
	line("GC share", "%.1f %% of the processor time", 100*gcShare())
	line("memory", "%d MiB taken by the Go heap", heap()>>20)
	printTraps(w, m)
}

// printTraps lists the sensitive instructions by how often they trapped.
func printTraps(w io.Writer, m *ringzero.Machine) {
	var ops []decoder.Op
	for op, n := range m.CPU.Traps {
		if n > 0 {
			ops = append(ops, decoder.Op(op))
		}
	}
	slices.SortStableFunc(ops, func(a, b decoder.Op) int {
		x, y := m.CPU.Traps[a], m.CPU.Traps[b]
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	for _, op := range ops {
		fmt.Fprintf(w, "%-16s %d\n", "trap "+op.String(), m.CPU.Traps[op])
	}
	gaps := make([]string, 0, len(m.CPU.Gaps))
	for name := range m.CPU.Gaps {
		gaps = append(gaps, name)
	}
	slices.Sort(gaps)
	for _, name := range gaps {
		fmt.Fprintf(w, "%-16s %d times #UD\n", "gap "+name, m.CPU.Gaps[name])
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
