package ringzero

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/x86"
)

// Stops says where a machine is to stand still for somebody beside it, a debugger.
// That it does so changes nothing for the guest.
type Stops struct {
	// Breaks are linear addresses: the machine stands before the instruction there is
	// executed.
	Breaks []uint64
	// Watches are ranges of memory: it stands behind the instruction that accesses one.
	Watches []Watch
	// Vectors: it stands before the first instruction of the handler of an interrupt
	// or exception whose bit is set.
	Vectors [4]uint64
	// Ops: it stands before a sensitive instruction of these.
	Ops []decoder.Op
	// CR3, CPL, Mode: it stands behind what changed the address space, the privilege
	// level, or the mode: protection, paging, virtual-8086, size of code.
	CR3, CPL, Mode bool
	// Each is asked before each instruction, nil for not at all: every block is one of
	// one instruction then.
	Each func() bool
	// Ask is told what was met; true has the machine stand still, and Step answer
	// Stopped. It may look at the machine as far as State's comment says, and must
	// change nothing. nil is true always.
	Ask func(Hit) bool
}

// HitKind says what a machine stands still at.
type HitKind uint8

// The kinds of hits.
const (
	HitBreak HitKind = iota
	HitWatch
	HitVector
	HitOp
	HitCR3
	HitCPL
	HitMode
	HitEach
)

// Hit is what a machine stands still at.
type Hit struct {
	Kind HitKind
	// Step is the one that the machine stands at: of a watch and a vector the step
	// behind.
	Step uint64
	// Linear is the address of the instruction at which it stands.
	Linear uint64
	// Access is of a watch.
	Access Access
	// Vector is of a vector, Inst of an instruction.
	Vector x86.Vector
	Inst   *decoder.Inst
	// Was is the value before a change: CR3, CPL, or the mode's.
	Was uint64
}

// Watch is a watched range of addresses; Access is an access of one.
type (
	Watch  = cpu.Watch
	Access = cpu.Access
)

// standing is what the machine knows of its Stops.
type standing struct {
	*Stops
	breaks map[uint64]bool
	hit    Hit
	// went is the step, plus one, from which it goes on: what it stood at there does
	// not hold it again.
	went uint64
	// seen are the deliveries that were noticed, and what may change.
	seen      int
	cr3, mode uint64
	cpl       uint8
	pages     []uint64 // marked Watched
}

// SetStops replaces what the machine stands still for; nil is for nothing. What it stands
// at now does not hold it again.
func (m *Machine) SetStops(s *Stops) {
	c := m.cpu
	m.unwatch()
	m.stops = standing{Stops: s}
	m.engine.Pause, c.Intercept, c.Intercepts = nil, nil, cpu.Ops{}
	if s == nil {
		m.engine.Before = nil
		m.engine.SetBreaks(nil)
		c.SetWatches(nil)
		return
	}
	m.stops.breaks = map[uint64]bool{}
	for _, at := range s.Breaks {
		m.stops.breaks[at&c.AddrMask] = true
	}
	m.engine.SetBreaks(s.Breaks)
	c.SetWatches(s.Watches)
	m.watchDevices()
	for _, op := range s.Ops {
		c.Intercepts.Add(op)
		c.Intercept = m.intercepted
	}
	m.engine.Before = nil
	if s.Each != nil {
		m.engine.Before = func(*cpu.CPU) {}
	}
	if len(s.Breaks) > 0 || s.Each != nil || s.Vectors != [4]uint64{} || s.CR3 || s.CPL || s.Mode {
		m.engine.Pause = m.pause
	}
	m.Pass()
}

// Hit is what the machine stands at, after Stopped.
func (m *Machine) Hit() Hit { return m.stops.hit }

// Pass has what the machine stands at not hold it when it goes on.
func (m *Machine) Pass() {
	m.watchAnew()
	m.stops.went = m.cpu.Steps() + 1
}

// watchAnew begins to look for changes here.
func (m *Machine) watchAnew() {
	s, c := &m.stops, m.cpu
	s.went = 0
	s.seen, s.cr3, s.cpl, s.mode = c.History.Interrupts.N, c.CR3, c.CPL, m.modeBits()
	c.Hit = cpu.Access{}
}

// modeBits are what HitMode looks at.
func (m *Machine) modeBits() uint64 {
	c := m.cpu
	return c.CR0&(x86.CR0_PE|x86.CR0_PG) | c.Flags&x86.VM | uint64(c.Mode&cpu.ModeCode32)<<8
}

// pause is asked by the engine where it looks a block up.
func (m *Machine) pause() bool {
	s, c := &m.stops, m.cpu
	if c.Repeating {
		return false
	}
	hit := Hit{Step: c.Steps(), Linear: (c.Seg[x86.CS].Base + c.EIP) & c.AddrMask}
	if n := c.History.Interrupts.N; n != s.seen {
		if m.delivered(hit) {
			return true
		}
	}
	if s.CR3 && c.CR3 != s.cr3 {
		hit.Kind, hit.Was, s.cr3 = HitCR3, s.cr3, c.CR3
		if m.ask(hit) {
			return true
		}
	}
	if s.CPL && c.CPL != s.cpl {
		hit.Kind, hit.Was, s.cpl = HitCPL, uint64(s.cpl), c.CPL
		if m.ask(hit) {
			return true
		}
	}
	if mode := m.modeBits(); s.Mode && mode != s.mode {
		hit.Kind, hit.Was, s.mode = HitMode, s.mode, mode
		if m.ask(hit) {
			return true
		}
	}
	if s.Each != nil && s.went != hit.Step+1 && s.Each() {
		s.went = hit.Step + 1
		hit.Kind = HitEach
		return m.ask(hit)
	}
	if s.breaks[hit.Linear] && s.went != hit.Step+1 {
		s.went = hit.Step + 1
		hit.Kind = HitBreak
		return m.ask(hit)
	}
	return false
}

// delivered looks at the interrupts and exceptions that were delivered.
func (m *Machine) delivered(hit Hit) bool {
	s, ring := &m.stops, &m.cpu.History.Interrupts
	first := max(s.seen, ring.N-len(ring.Last))
	for ; first < ring.N; first++ {
		s.seen = first + 1
		e := &ring.Last[first%len(ring.Last)]
		if v := uint8(e.Vector); e.What == "vector" && s.Vectors[v/64]>>(v%64)&1 != 0 {
			hit.Kind, hit.Vector = HitVector, e.Vector
			if m.ask(hit) {
				return true
			}
		}
	}
	return false
}

// intercepted is asked before a sensitive instruction.
func (m *Machine) intercepted(site *cpu.Site) cpu.Verdict {
	c := m.cpu
	hit := Hit{Kind: HitOp, Step: c.Steps(), Inst: site.Inst, Linear: (c.Seg[x86.CS].Base + c.PageBase + uint64(site.Off)) & c.AddrMask}
	if m.stops.went == hit.Step+1 {
		return cpu.Verdict{}
	}
	m.stops.went = hit.Step + 1
	if m.ask(hit) {
		return cpu.Verdict{Do: cpu.Hold}
	}
	return cpu.Verdict{}
}

// accessed tells at a boundary whether a watched access holds the machine.
func (m *Machine) accessed() bool {
	hit := Hit{Kind: HitWatch, Step: m.cpu.Steps(), Linear: m.here(), Access: m.cpu.Hit}
	m.cpu.Hit = cpu.Access{}
	return m.ask(hit)
}

// ask asks whether a hit holds the machine.
func (m *Machine) ask(hit Hit) bool {
	if m.stops.Ask != nil && !m.stops.Ask(hit) {
		return false
	}
	m.stops.hit = hit
	m.wanted = Stopped
	return true
}

// RunAtMost has no Step go beyond a step; Never takes that back.
func (m *Machine) RunAtMost(step uint64) { m.to = step }

// Observe has f called before each instruction, nil for nobody. It may look at the
// machine. Every block is one of one instruction then.
func (m *Machine) Observe(f func()) {
	m.engine.Before = nil
	if f != nil {
		m.engine.Before = func(*cpu.CPU) { f() }
	}
}

// here is the linear address at which the processor stands.
func (m *Machine) here() uint64 {
	return (m.cpu.Seg[x86.CS].Base + m.cpu.EIP) & m.cpu.AddrMask
}

// watchDevices has writes by devices to watched physical memory told of.
func (m *Machine) watchDevices() {
	m.memory.Own(bus.Watched, func(page uint64, off, n int) bool {
		m.cpu.DeviceWrote(m.memory.Physical(page<<bus.PageShift|uint64(off)), n)
		return true
	})
	for _, w := range m.stops.Watches {
		if !w.Physical || !w.Write {
			continue
		}
		for phys := w.Base &^ (bus.PageSize - 1); phys <= w.Last; phys += bus.PageSize {
			if off, read, _ := m.memory.Page(phys); read {
				m.memory.SetMark(off>>bus.PageShift, bus.Watched)
				m.stops.pages = append(m.stops.pages, off>>bus.PageShift)
			}
			if phys > phys+bus.PageSize {
				break
			}
		}
	}
}

// unwatch takes the marks of watchDevices away.
func (m *Machine) unwatch() {
	for _, page := range m.stops.pages {
		m.memory.ClearMark(page, bus.Watched)
	}
}
