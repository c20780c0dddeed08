package cpu

import (
	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/x86"
)

// Probes are what somebody beside the processor wants to be told of: a debugger, or a
// monitor. In an ordinary run all of it is zero. No guest sees that somebody looks: an
// instruction is asked about before it does anything, and an access is told of behind
// its instruction.
type Probes struct {
	// Intercept is asked before the handler of an instruction whose Op is in
	// Intercepts, once its privilege is checked. The state is that before the
	// instruction, EIP apart: see Site.
	Intercept  func(s *Site) Verdict
	Intercepts Ops
	// Hit is the first watched access since it was cleared. It does not hold an
	// access of an instruction that faulted behind it.
	Hit Access

	watches []Watch
	held    bool
}

// Ops is a set of instructions that are call-outs, by Op.
type Ops [MostCalls / 64]uint64

// Add puts an Op into the set.
func (o *Ops) Add(op decoder.Op) { o[op/64%(MostCalls/64)] |= 1 << (op % 64) }

// Has tells whether an Op is in the set.
func (o *Ops) Has(op decoder.Op) bool { return o[op/64%(MostCalls/64)]>>(op%64)&1 != 0 }

// Verdict is what becomes of an intercepted instruction.
type Verdict struct {
	Do VerdictKind
	// Exc is raised in the instruction's place (Inject).
	Exc x86.Exception
}

// VerdictKind is the kind of a Verdict.
type VerdictKind uint8

// The verdicts.
const (
	// Emulate: its handler runs.
	Emulate VerdictKind = iota
	// Skip: somebody else has done what it does; execution goes on behind it.
	Skip
	// Inject: it raises Exc.
	Inject
	// Hold: the processor stands still before it.
	Hold
)

// intercept asks about an instruction; done tells that its handler must not run.
func (c *CPU) intercept(s *Site) (exc *x86.Exception, done bool) {
	switch v := c.Intercept(s); v.Do {
	case Skip:
		c.EIP = c.next(s) // which counts behind a control transfer
		return nil, true
	case Inject:
		c.exc = v.Exc
		return &c.exc, true
	case Hold:
		c.held = true
		c.Unwind(s, nil)
	}
	return nil, false
}

// Held tells whether an instruction was held, and forgets it.
func (c *CPU) Held() bool {
	held := c.held
	c.held = false
	return held
}

// Watch is a range of addresses, the last one included, whose accesses are told of.
type Watch struct {
	Base, Last  uint64
	Physical    bool
	Read, Write bool
}

// Access is a watched access.
type Access struct {
	// Known tells that there was one.
	Known bool
	// Watch is the number of the Watch.
	Watch int
	// Linear and Physical are its address; Linear means nothing of one by a device.
	Linear, Physical uint64
	Size             int
	Write, Device    bool
}

// SetWatches replaces what is watched.
func (c *CPU) SetWatches(w []Watch) {
	c.watches = append([]Watch(nil), w...)
	var physical []mmu.Range
	for _, w := range c.watches {
		if w.Physical {
			physical = append(physical, mmu.Range{Base: w.Base, Last: w.Last})
		}
	}
	c.MMU.WatchPhysical(physical)
	c.updateDebug()
	c.updateMode()
}

// watched is the number of the watch that an access meets.
func (c *CPU) watched(va, phys uint64, size int, write bool) (n int, ok bool) {
	for n, w := range c.watches {
		at := va
		if w.Physical {
			at = phys
		}
		if at <= w.Last && w.Base <= at+uint64(size)-1 && (write && w.Write || !write && w.Read) {
			return n, true
		}
	}
	return 0, false
}

// noteAccess keeps an access for who watches, and has the processor come back behind
// the instruction.
func (c *CPU) noteAccess(va, phys uint64, size int, write bool) {
	if n, ok := c.watched(va, phys, size, write); ok {
		if !c.Hit.Known {
			c.Hit = Access{Known: true, Watch: n, Linear: va, Physical: phys, Size: size, Write: write}
		}
		c.EndSlice()
	}
}

// DeviceWrote tells of a write to RAM that may be no instruction's.
func (c *CPU) DeviceWrote(phys uint64, size int) {
	for n, w := range c.watches {
		if w.Physical && w.Write && phys <= w.Last && w.Base <= phys+uint64(size)-1 && !c.Hit.Known {
			c.Hit = Access{Known: true, Watch: n, Physical: phys, Size: size, Write: true, Device: true}
			c.EndSlice()
		}
	}
}
