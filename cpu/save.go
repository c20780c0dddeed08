package cpu

import "ringzero/bus"

// Saved is all that a processor is between two instructions: its state, and what
// stands beside it, pins and the logs that reports read.
type Saved struct {
	State
	PDPTE    [4]uint64
	A20      uint64
	IRQ, NMI bool
	Faults   FaultLog
	History  History
}

// Save gives what Restore puts back.
func (c *CPU) Save() Saved {
	return Saved{c.State(), c.MMU.PDPTE, c.MMU.A20, c.IRQ, c.NMI, c.Faults, c.History}
}

// Restore makes the processor the one that was saved, at a step.
func (c *CPU) Restore(s *Saved, step uint64) {
	c.SetState(s.State)
	c.IRQ, c.NMI, c.Faults, c.History = s.IRQ, s.NMI, s.Faults, s.History
	c.Pending, c.Hit, c.held, c.moved, c.delivered = nil, Access{}, false, false, false
	c.Grant(step, 0)
	c.MMU.PDPTE, c.MMU.A20 = s.PDPTE, s.A20
	c.addressSpace()
	c.updateDebug()
}

// Change has somebody beside the processor change its state between two instructions:
// what follows from it is computed anew. Segments are taken as they stand, hidden parts
// included.
func (c *CPU) Change(f func(s *State)) {
	c.Materialise()
	s := c.State()
	f(&s)
	for i := range s.Seg {
		s.Seg[i].derive()
	}
	c.SetState(s)
	c.addressSpace()
	c.updateDebug()
	if c.ShadowStep != c.Steps() {
		c.ShadowStep = bus.Never
	}
}
