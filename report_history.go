package ringzero

import (
	"fmt"
	"strings"

	"ringzero/cpu"
	"ringzero/x86"
)

// reportHistory lists how control came to its segment and its mode.
func (m *Machine) reportHistory(b *strings.Builder) {
	for _, r := range []struct {
		ring *cpu.HistoryRing
		head string
	}{
		{&m.cpu.History.Transfers, "the last far transfers and changes of mode"},
		{&m.cpu.History.Interrupts, "the last interrupts, exceptions and returns from them"},
	} {
		all := r.ring.All()
		if len(all) == 0 {
			continue
		}
		fmt.Fprintf(b, "%s:\n", r.head)
		for _, e := range all {
			what := e.What
			if what == "vector" {
				what = fmt.Sprintf("vector %02x", uint8(e.Vector))
			}
			fmt.Fprintf(b, "  step %d: %s from %04x:%08x to %04x:%08x%s%s\n", e.Steps, what, e.From.CS, e.From.EIP, e.To.CS, e.To.EIP, m.symbol(e.To.EIP),
				change(&e.From, &e.To))
		}
	}
}

// change tells what of mode and privilege is another, "" for nothing.
func change(from, to *cpu.Place) (s string) {
	if a, b := placeMode(from), placeMode(to); a != b {
		s += ", from " + a + " to " + b
	}
	if from.CPL != to.CPL {
		s += fmt.Sprintf(", CPL %d to %d", from.CPL, to.CPL)
	}
	return s
}

func placeMode(p *cpu.Place) string {
	mode := "real mode"
	switch {
	case p.CR0&x86.CR0_PE == 0:
	case p.VM:
		mode = "virtual-8086 mode"
	default:
		mode = "protected mode"
	}
	if p.CR0&x86.CR0_PG != 0 {
		mode += " with paging"
	}
	return mode
}
