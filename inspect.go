package ringzero

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/x86"
)

// What somebody beside the machine may look at, between two Steps and in Stops.Ask:
// nothing here changes what a guest sees, but for what says so.
type (
	// State is the architectural state of the processor.
	State = cpu.State
	// Segment is a segment register with its hidden part.
	Segment = cpu.Segment
	// FaultLog holds the last exceptions, HistoryRing the last ways by which control
	// left its segment or mode.
	FaultLog     = cpu.FaultLog
	FaultEntry   = cpu.FaultEntry
	History      = cpu.History
	HistoryEntry = cpu.HistoryEntry
	HistoryRing  = cpu.HistoryRing
	// Place is where the processor stood, and in what mode.
	Place = cpu.Place
)

// State is the processor's state, EFLAGS computed. In Ask for a HitOp EIP is not
// that of the instruction: Hit has its address.
func (m *Machine) State() State {
	s := m.cpu.State()
	s.Flags, s.CCOp = m.cpu.EFLAGS(), 0
	return s
}

// Change has f change the processor's state; the guest goes on with it. A run that was
// changed is no function of its input any more.
func (m *Machine) Change(f func(s *State)) { m.cpu.Change(f) }

// CodeSize is how code is decoded now: 16, 32 or 64.
func (m *Machine) CodeSize() decoder.CodeSize {
	if m.cpu.Mode&cpu.ModeCode32 != 0 {
		return decoder.Code32
	}
	return decoder.Code16
}

// PDPTE are PAE's registers.
func (m *Machine) PDPTE() [4]uint64 { return m.cpu.MMU.PDPTE }

// Faults are the last exceptions, History how control came here.
func (m *Machine) Faults() *FaultLog { return &m.cpu.Faults }
func (m *Machine) History() *History { return &m.cpu.History }

// Has tells whether the processor's model has a feature.
func (m *Machine) Has(f decoder.Feature) bool { return m.cpu.Model.Has(f) }

// NX tells whether the model has EFER.NXE.
func (m *Machine) NX() bool { return m.cpu.Model.NX }

// EA is the offset in its segment of an instruction's memory operand, by the registers
// as they stand.
func (m *Machine) EA(in *decoder.Inst) uint64 { return m.cpu.EA(in) }

// TableEntry is an entry that a walk of the page tables read.
type TableEntry struct {
	// Level is the number of steps to a page: 1 for an entry that maps one of 4 KiB.
	Level int
	// At is the physical address, 0 for a PDPTE register.
	At, Entry uint64
	Register  bool
	// Read tells that memory was there.
	Read bool
}

// Walk is a translation of a linear address, step by step.
type Walk struct {
	Linear, Physical uint64
	// Paging is off where there is nothing to walk.
	Paging  bool
	Entries []TableEntry
	// Fault is what the access would raise, nil for nothing.
	Fault *x86.Exception
}

// walker is memory as a walk sees it that changes nothing.
type walker struct {
	m    *Machine
	walk *Walk
	next int // level
}

func (w *walker) Load(phys uint64, size int) uint64 {
	v, read := w.m.peek(phys, size)
	w.walk.Entries = append(w.walk.Entries, TableEntry{Level: w.next, At: phys, Entry: v, Read: read})
	w.next--
	if !read {
		return ^uint64(0) >> (64 - 8*size)
	}
	return v
}

// Store would set an A or D bit.
func (w *walker) Store(uint64, int, uint64) {}

// Walk translates a linear address for an access like that of a page fault with an
// error code: x86.PFWrite, PFUser and PFFetch.
func (m *Machine) Walk(va uint64, code uint32) Walk {
	c := m.cpu
	acc := mmu.Read
	switch {
	case code&x86.PFFetch != 0:
		acc = mmu.Exec
	case code&x86.PFWrite != 0:
		acc = mmu.Write
	}
	w := Walk{Linear: va & c.AddrMask, Paging: c.CR0&x86.CR0_PG != 0}
	o := &walker{m: m, walk: &w, next: c.MMU.Levels()}
	if w.Paging && c.MMU.PAE() {
		w.Entries = append(w.Entries, TableEntry{Level: 3, Entry: c.MMU.PDPTE[va>>30&3], Register: true, Read: true})
	}
	var exc *x86.Exception
	if w.Physical, exc = c.MMU.Look(o, va, acc, code&x86.PFUser != 0); exc != nil {
		e := *exc
		w.Fault = &e
	}
	return w
}

// translate gives the physical address that the supervisor reads at va.
func (m *Machine) translate(va uint64) (uint64, bool) {
	w := Walk{}
	phys, exc := m.cpu.MMU.Look(&walker{m: m, walk: &w}, va, mmu.Read, false)
	return phys, exc == nil
}

// peek reads memory, and no device.
func (m *Machine) peek(phys uint64, size int) (uint64, bool) {
	phys &= m.cpu.MMU.A20
	if _, read, _ := m.memory.Page(phys); !read {
		return 0, false
	}
	return m.memory.Load(phys, size), true
}

// ReadLinear reads linear memory, with a supervisor's rights: it answers how many bytes
// there were before a page that is not present or is no memory.
func (m *Machine) ReadLinear(va uint64, p []byte) int {
	return m.byPage(va, p, func(phys uint64, part []byte) bool { return m.ReadPhysical(phys, part) == len(part) })
}

// WriteLinear writes linear memory likewise, read-only pages and ROM included. The
// guest sees it.
func (m *Machine) WriteLinear(va uint64, p []byte) int {
	return m.byPage(va, p, func(phys uint64, part []byte) bool { return m.WritePhysical(phys, part) == len(part) })
}

func (m *Machine) byPage(va uint64, p []byte, do func(phys uint64, part []byte) bool) (n int) {
	for n < len(p) {
		at := (va + uint64(n)) & m.cpu.AddrMask
		part := p[n:min(len(p), n+bus.PageSize-int(at%bus.PageSize))]
		phys, ok := m.translate(at)
		if !ok || !do(phys, part) {
			break
		}
		n += len(part)
	}
	return n
}

// ReadPhysical reads RAM and ROM: it answers how many bytes there were before what is
// no memory. Devices are not asked.
func (m *Machine) ReadPhysical(phys uint64, p []byte) int {
	return m.inRAM(phys, p, func(off uint64, part []byte) { m.memory.RAM.Read(off, part) })
}

// WritePhysical writes RAM and ROM likewise. The guest sees it.
func (m *Machine) WritePhysical(phys uint64, p []byte) int {
	return m.inRAM(phys, p, func(off uint64, part []byte) { m.memory.RAM.Write(off, part) })
}

func (m *Machine) inRAM(phys uint64, p []byte, do func(off uint64, part []byte)) (n int) {
	for n < len(p) {
		at := (phys + uint64(n)) & m.cpu.MMU.A20
		part := p[n:min(len(p), n+bus.PageSize-int(at%bus.PageSize))]
		off, read, _ := m.memory.Page(at)
		if !read {
			break
		}
		do(off+at%bus.PageSize, part)
		n += len(part)
	}
	return n
}

// MemorySize is the guest's RAM in bytes; it begins at 0, and what is above the PCI
// hole continues at 4 GiB.
func (m *Machine) MemorySize() (below, above uint64) { return m.memory.LowRAM(), m.memory.HighRAM() }

// DeviceState is a chip's state: a struct with the names of its data sheet.
type DeviceState struct {
	Name  string
	State any
}

// Devices gives the states of the chips.
func (m *Machine) Devices() []DeviceState {
	return []DeviceState{{"pic", m.pic.State()}, {"pit", m.pit.State()}, {"rtc", m.rtc.State()}, {"i8042", m.keys.State()},
		{"port92", m.port92.State()}, {"uart", m.com1.State()}, {"pci", m.pci.State()}, {"i440fx", m.bridge.State()},
		{"piix3", m.isa.State()}, {"ide", *m.ide.State()}, {"piix4", m.power.State()}}
}

// Port is the name of what is mapped at a port, "" for nothing.
func (m *Machine) Port(port uint16) string { return m.ports.Name(port) }

// Kernel is what the machine was started with, or nil.
func (m *Machine) Kernel() *Kernel { return m.conf.Kernel }

// Ran is a block of instructions that was entered, and when.
type Ran struct {
	Step uint64
	// Linear is the address of the first one, where Known, else its offset in RAM.
	Linear uint64
	Known  bool
	Insts  []decoder.Inst
}

// Recent gives the blocks that were entered last, the latest first, at most n. A loop
// is there with the last time that it was entered.
func (m *Machine) Recent(n int) (ran []Ran) {
	for _, b := range m.engine.Recent(n) {
		va, known := m.linearOf(b.Off)
		if !known {
			va = b.Off
		}
		ran = append(ran, Ran{b.Code.Entered(), va, known, b.Insts})
	}
	return ran
}

// linearOf finds the linear address that code in RAM is executed at; the TLB still has
// the pages of the last instructions, as a rule.
func (m *Machine) linearOf(off uint64) (va uint64, ok bool) {
	page := off &^ (bus.PageSize - 1)
	for i := range m.cpu.TLB {
		if t := &m.cpu.TLB[i]; t.Exec != mmu.Invalid && m.cpu.Host.Off(t.Exec+t.Addend) == page {
			return t.Exec | off&(bus.PageSize-1), true
		}
	}
	return 0, false
}
