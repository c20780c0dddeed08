package explain

import (
	"fmt"
	"strings"

	"ringzero"
	"ringzero/debugger/symbols"
	"ringzero/x86"
)

// Short tells in a few lines where a run stood when it was ended: the
// place and the mode, the last exceptions with a count where one repeats, and a
// loop where the guest is in one. It changes nothing.
func Short(m Machine, names *symbols.Table, why string) string {
	var b strings.Builder
	e := look(m, names)
	c := e.c
	state := ""
	if c.Halted {
		state = ", halted until an interrupt"
	}
	fmt.Fprintf(&b, "%s at %04x:%08x%s after %d steps, %.3f s of virtual time, CPL %d, %s%s\n",
		why, c.Seg[x86.CS].Sel, c.EIP, e.symbol(c.EIP), e.m.Steps(), float64(e.m.Now())/1e9, c.CPL, e.modeName(), state)
	for _, cause := range Of(m, names, ringzero.Limit).Causes {
		fmt.Fprintf(&b, "  likely: %s\n", cause)
	}
	e.shortFaults(&b)
	e.shortLoop(&b)
	b.WriteString(e.next() + "\n")
	return b.String()
}

// shortFaults groups exceptions that are the same at the same place.
func (e *explainer) shortFaults(b *strings.Builder) {
	all := chain(e.m.Faults(), ringzero.Going)
	type group struct {
		ringzero.FaultEntry
		n int
	}
	var groups []group
	for _, f := range all {
		if n := len(groups); n > 0 && groups[n-1].Exc == f.Exc && groups[n-1].CS == f.CS && groups[n-1].EIP == f.EIP {
			groups[n-1].n++
			groups[n-1].Steps = f.Steps
			continue
		}
		groups = append(groups, group{f, 1})
	}
	const most = 3
	for _, g := range groups[max(0, len(groups)-most):] {
		times := ""
		switch {
		case g.n == len(all) && g.n < e.m.Faults().N:
			times = fmt.Sprintf(", the last %d of %d alike", g.n, e.m.Faults().N)
		case g.n > 1:
			times = fmt.Sprintf(", %d times", g.n)
		}
		fmt.Fprintf(b, "  step %d at %04x:%08x%s: %s%s\n", g.Steps, g.CS, g.EIP, e.symbol(g.EIP), g.Exc.Error(), times)
	}
	if len(groups) > 0 && e.m.Faults().N > len(all) {
		fmt.Fprintf(b, "  %d exceptions in all\n", e.m.Faults().N)
	}
}

// A guest is in a loop where it has entered at most loopBlocks blocks in the
// last loopSteps steps.
const (
	loopBlocks = 8
	loopSteps  = 100_000
)

func (e *explainer) shortLoop(b *strings.Builder) {
	blocks := e.m.Recent(loopBlocks + 1)
	now := e.m.Steps()
	n := 0
	for n < len(blocks) && now-blocks[n].Step <= loopSteps {
		n++
	}
	if n == 0 || n > loopBlocks || now < loopSteps {
		return
	}
	insts, lo, hi := map[uint64]bool{}, ^uint64(0), uint64(0) // blocks may overlap
	for _, block := range blocks[:n] {
		if !block.Known {
			return
		}
		at := block.Linear
		for i := range block.Insts {
			insts[at] = true
			at += uint64(block.Insts[i].Len)
		}
		lo, hi = min(lo, block.Linear), max(hi, at-1)
	}
	fmt.Fprintf(b, "  a loop: nothing but %d instructions at linear %08x to %08x in the last %d steps\n", len(insts), lo, hi, loopSteps)
}
