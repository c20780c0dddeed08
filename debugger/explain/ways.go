package explain

import (
	"fmt"
	"strings"

	"ringzero"
	"ringzero/x86"
)

// Way is one by which control left its segment or its mode, or an interrupt.
type Way struct {
	Step uint64 `json:"step"`
	What string `json:"what"`
	From Place  `json:"from"`
	To   Place  `json:"to"`
	Note string `json:"note,omitempty"` // what of mode and privilege is another

	// Vector is of a delivery.
	Vector uint8 `json:"vector,omitempty"`
}

// ways lists what a ring still knows, the oldest first.
func (e *explainer) ways(ring *ringzero.HistoryRing) (list []Way) {
	for _, h := range ring.All() {
		w := Way{Step: h.Steps, What: h.What, From: e.place(h.From.CS, h.From.EIP), To: e.place(h.To.CS, h.To.EIP), Note: change(&h.From, &h.To)}
		if h.What == "vector" {
			w.Vector = uint8(h.Vector)
			w.What = fmt.Sprintf("vector %02x", w.Vector)
		}
		list = append(list, w)
	}
	return list
}

func wayText(b *strings.Builder, list []Way, head string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "%s:\n", head)
	for _, w := range list {
		fmt.Fprintf(b, "  step %d: %s from %04x:%08x to %s%s\n", w.Step, w.What, w.From.CS, w.From.EIP, w.To, w.Note)
	}
}

// change tells what of mode and privilege is another, "" for nothing.
func change(from, to *ringzero.Place) (s string) {
	if a, b := placeMode(from), placeMode(to); a != b {
		s += ", from " + a + " to " + b
	}
	if from.CPL != to.CPL {
		s += fmt.Sprintf(", CPL %d to %d", from.CPL, to.CPL)
	}
	return s
}

func placeMode(p *ringzero.Place) string {
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
