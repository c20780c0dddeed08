package cpu

import "ringzero/x86"

// History keeps the last ways by which control left its segment or its mode, for
// reports: a wild run of instructions does not push them out. No guest sees it,
// and it is no state.
type History struct {
	// Transfers are far jumps, calls and returns, SYSENTER and SYSEXIT, and
	// changes of CR0.PE and PG; Interrupts are deliveries and IRETs.
	Transfers, Interrupts HistoryRing
}

// HistoryRing holds the last entries.
type HistoryRing struct {
	Last [8]HistoryEntry
	N    int
}

// HistoryEntry is one of them: what it was, from where to where. Vector is of a
// delivery, CR0 as it was and is of a change of mode.
type HistoryEntry struct {
	What     string
	Vector   x86.Vector
	From, To Place
	Steps    uint64
}

// Place is where the processor stands, and in what mode.
type Place struct {
	CS  uint16
	CPL uint8
	EIP uint64
	CR0 uint64
	VM  bool
}

func (c *CPU) place() Place {
	return Place{CS: c.Seg[x86.CS].Sel, CPL: c.CPL, EIP: c.EIP, CR0: c.CR0, VM: c.v86()}
}

func (r *HistoryRing) add(c *CPU, what string, v x86.Vector, from Place) {
	r.Last[r.N%len(r.Last)] = HistoryEntry{what, v, from, c.place(), c.Steps()}
	r.N++
}

// noted has a handler's transfers noted.
func noted(what string, h Handler) Handler {
	return func(c *CPU, s *Site) *x86.Exception {
		from := c.place()
		from.EIP = c.ip(s)
		exc := h(c, s)
		if exc == nil {
			r := &c.History.Transfers
			if what == "iret" {
				r = &c.History.Interrupts
			}
			r.add(c, what, 0, from)
		}
		return exc
	}
}

// notedMode has a handler's changes of CR0.PE and PG noted.
func notedMode(h Handler) Handler {
	return func(c *CPU, s *Site) *x86.Exception {
		from := c.place()
		from.EIP = c.ip(s)
		exc := h(c, s)
		if exc == nil && (c.CR0^from.CR0)&(x86.CR0_PE|x86.CR0_PG) != 0 {
			r := &c.History.Transfers
			r.add(c, "cr0", 0, from)
			r.Last[(r.N-1)%len(r.Last)].To.EIP = c.next(s)
		}
		return exc
	}
}

// All gives the entries that are still known, the oldest first.
func (r *HistoryRing) All() (all []HistoryEntry) {
	n := min(r.N, len(r.Last))
	for i := r.N - n; i < r.N; i++ {
		all = append(all, r.Last[i%len(r.Last)])
	}
	return all
}
