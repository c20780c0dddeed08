package ringzero

import (
	"cmp"
	"slices"

	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/translator"
)

// Stats is what a run cost and met so far. Nothing of it is part of the guest's
// state.
type Stats struct {
	Engine translator.Stats
	MMU    mmu.Stats
	// Traps are the sensitive instructions that trapped, most frequent first.
	Traps []Count
	// Gaps are the instructions that the model has and this program has not, by
	// name; each raised #UD.
	Gaps []Count
}

// Count is how often something happened.
type Count struct {
	Name string
	N    uint64
}

// Stats tells what the run cost so far.
func (m *Machine) Stats() Stats {
	s := Stats{Engine: m.engine.Stats(), MMU: m.cpu.MMU.Stats}
	for op, n := range m.cpu.Traps {
		if n > 0 {
			s.Traps = append(s.Traps, Count{decoder.Op(op).String(), n})
		}
	}
	slices.SortStableFunc(s.Traps, func(a, b Count) int { return cmp.Compare(b.N, a.N) })
	for name, n := range m.cpu.Gaps {
		s.Gaps = append(s.Gaps, Count{name, n})
	}
	slices.SortFunc(s.Gaps, func(a, b Count) int { return cmp.Compare(a.Name, b.Name) })
	return s
}
