// Package cpu holds the architectural state of one processor and the exact, slow
// half of what it does: segmentation, faults, interrupts, far transfers, task
// switches, x87, system instructions, and the handlers of sensitive
// instructions. The fast half is the translator's; both work on State.
package cpu

import (
	"ringzero/bus"
	"ringzero/cpu/softfloat"
	"ringzero/mmu"
	"ringzero/x86"
)

// Table is GDTR or IDTR.
type Table struct {
	Base  uint64
	Limit uint16
}

// State is everything that the architecture shows of a processor, and nothing
// else: fixed-size fields without Go pointers. A CPU keeps its two parts apart.
type State struct {
	Regs
	System
}

// Regs is the part of the state that most instructions touch.
type Regs struct {
	// R are the general registers, in encoding order; outside of 64-bit mode
	// the upper halves are zero.
	R   [16]uint64
	EIP uint64
	// Flags holds EFLAGS; the six status flags in it count only while CCOp is
	// CCFlags. See flags.go.
	Flags        uint64
	CCOp         uint32
	CCRes, CCSrc uint64
	CCCF         uint64 // carry kept apart by INC and DEC
}

// System is the rest of it.
type System struct {
	Seg        [8]Segment
	CPL        uint8
	GDTR, IDTR Table

	CR0, CR2, CR3, CR4 uint64
	EFER               uint64
	DR                 [8]uint64

	// Halted waits for an interrupt; Shutdown for a reset (triple fault).
	Halted, Shutdown bool
	// ShadowStep is the step before which interrupts stay inhibited (STI and
	// MOV SS shadows); ShadowDebug inhibits debug traps there as well.
	ShadowStep  uint64
	ShadowDebug bool
	// NMIBlocked holds from the delivery of an NMI to the next IRET.
	NMIBlocked bool
	// Repeating holds between two iterations of a string instruction: it was
	// begun, and EIP is still at it.
	Repeating bool
	// PendingDB are DR6 bits of debug traps to deliver after the instruction,
	// HeldDB of those that a load of SS put off by one more.
	PendingDB, HeldDB uint64

	SysenterCS, SysenterESP, SysenterEIP uint64
	PAT                                  uint64
	TSCOffset                            uint64
	MiscEnable                           uint64
	BIOSSign                             uint64
	// Random is the state of RDRAND's generator; a reset leaves it.
	Random uint64

	FPU FPU
}

// FPU is the x87 and MMX state.
type FPU struct {
	ST     [8]softfloat.F80 // physical registers
	CW, SW uint16           // SW without TOP
	Top    uint8
	Tags   uint8 // bit n: physical register n is not empty
	Op     uint16
	IP, DP uint64
	CS, DS uint16
	MXCSR  uint32
	XMM    [32][8]uint64
	Ignore bool // IGNNE# is asserted: until they are cleared, pending exceptions hold nothing up
}

// Hot is what translated code touches at each step. It stands first in a CPU, at
// offsets that a test pins, so that generated code may rely on them.
type Hot struct {
	Regs
	// PageBase is EIP less the offset in its linear page, while a block runs: what
	// stays in the page moves nothing.
	PageBase uint64
	// Budget is the number of steps that may still be taken; at Budget zero
	// the steps counter reads End.
	Budget int64
	End    uint64
	// LeftBy is the number of the exit by which a block was left last.
	LeftBy uint32
	// Mid is set while an instruction runs that is not the last of its block:
	// an access with side effects then gives it up, to be run alone.
	Mid bool
	// Rem is the number of steps of the block under way that are not retired yet,
	// this instruction included; it counts only during a call-out.
	Rem int64
	// site is that of the instruction that left its block last.
	site *Site
	TLB  *mmu.TLB // of the present privilege level
	// Mode is the mode word that keys translated blocks.
	Mode uint32
	// AddrMask is ANDed to every linear address: 32 bits, but all ones in 64-bit mode.
	AddrMask uint64
}

// CPU is one processor.
type CPU struct {
	Hot
	System

	// Soft says that nothing is due at the budget's end: it may be left over where
	// it is short of a block. Grant clears it.
	Soft bool

	Host bus.Host
	MMU  *mmu.MMU
	Mem  *bus.Memory
	Port *bus.Ports

	// Time gives virtual nanoseconds for a step count.
	Time func(steps uint64) uint64
	// Spend lets virtual nanoseconds pass that are no steps: a bus cycle's, a
	// PAUSE's. The instruction is the last of its block.
	Spend func(ns uint64)
	// SyncClock brings the bus clock to the present step, before a device sees
	// it.
	SyncClock func()
	// IRQ is the INTR pin, Acknowledge the INTA cycle that gives the vector.
	IRQ         bool
	NMI         bool
	Acknowledge func() uint8
	// FERR is the x87 error pin, IRQ 13 on a PC.
	FERR bus.Line

	Model *Model

	Probes

	// Traps counts the sensitive instructions by their Op.
	Traps [MostCalls]uint64
	// Gaps counts what raised #UD for want of an implementation.
	Gaps map[string]uint64
	// Faults is the chain of the last exceptions, for reports.
	Faults FaultLog
	// History is how control came here.
	History History

	// Pending is the exception that unwound a block, nil where an instruction has to
	// run alone.
	Pending *x86.Exception

	exc       x86.Exception
	left      bool // EndSlice was called since Grant
	checkBP   bool // code breakpoints are armed
	watching  bool // data breakpoints are armed, or somebody watches
	moved     bool // a task switch was committed before the fault
	delivered bool // an interrupt or exception was taken

	// CodeAt tells whether translated code stands in a range of a RAM page.
	CodeAt func(page uint64, off, n int) bool
}

// Bits of the mode word.
const (
	ModeCode32  = 1 << iota // CS.D
	ModeStack32             // SS.B
	ModePE
	ModeVM
	ModeFlatCS
	ModeFlatDS
	ModeFlatES
	ModeFlatSS
	ModeEM
	ModeMP
	ModeTS
	ModeFXSR  // CR4.OSFXSR
	ModeAlign // alignment is checked: CR0.AM, EFLAGS.AC and CPL 3
	ModeTF    // single-step trap after each instruction
	ModeBreak // code breakpoints armed, or something else to look at before each instruction
	ModeOne   // blocks of one instruction
)

// New makes a processor in its reset state on the given memory and ports.
func New(model *Model, mem *bus.Memory, ports *bus.Ports) *CPU {
	c := &CPU{Mem: mem, Port: ports, Model: model, Host: mem.Host, MMU: mmu.New(mem), FERR: bus.NoLine,
		Gaps: map[string]uint64{}}
	c.Time = func(steps uint64) uint64 { return steps }
	c.Spend = func(uint64) {}
	c.SyncClock = func() {}
	c.Acknowledge = func() uint8 { return 0xff }
	c.MMU.Running = func() uint64 { return (c.Seg[x86.CS].Base + c.PageBase) & c.AddrMask }
	c.MMU.CodeMoved = c.EndSlice
	c.MMU.ContextChanged = c.chooseTLB
	c.MMU.Updating = c.updating
	c.MMU.PhysWidth = model.physWidth()
	c.CodeAt = func(uint64, int, int) bool { return true }
	c.Reset()
	return c
}

// Reset is power-up and RESET# (SDM 3A 9.1.1, table 9-1).
func (c *CPU) Reset() {
	c.SetState(State{System: System{Random: c.Random}})
	c.Flags = x86.F1
	c.EIP = 0xfff0
	c.CR0 = x86.CR0_ET | x86.CR0_CD | x86.CR0_NW
	for i := range c.Seg {
		c.Seg[i] = Segment{Limit: 0xffff, Attr: attrP | attrS | attrRW | attrA}
		c.Seg[i].derive()
	}
	c.Seg[x86.CS].Sel, c.Seg[x86.CS].Base = 0xf000, 0xffff0000
	c.Seg[x86.LDTR].Attr = attrP | x86.TypeLDT
	c.Seg[x86.TR].Attr = attrP | x86.TypeTSS32Busy
	c.GDTR.Limit, c.IDTR.Limit = 0xffff, 0xffff
	c.R[x86.DX] = uint64(c.Model.Signature)
	c.DR[6], c.DR[7] = x86.DR6_Init, x86.DR7_Init
	c.PAT = 0x0007040600070406
	c.ShadowStep = bus.Never
	c.TSCOffset = -c.Time(c.Steps())
	c.FPU.reset()
	c.FPU.CW, c.FPU.MXCSR = 0x40, 0x1f80
	c.FPU.Tags = 0xff
	c.MMU.Mode = mmu.Mode{CR0: c.CR0}
	c.MMU.Switch()
	c.updateMode()
	c.updateDebug()
}

// Steps is the number of steps taken: retired instructions, REP iterations and
// deliveries. During a call-out the instruction under way does not count.
func (c *CPU) Steps() uint64 { return c.End - uint64(c.Budget) - uint64(c.Rem) }

// Grant gives the processor a budget of steps; step is the number that were
// taken so far.
func (c *CPU) Grant(step, budget uint64) {
	c.Budget, c.End, c.left, c.Soft = int64(budget), step+budget, false, false
}

// EndSlice ends translated code at the next block boundary: something changed that
// the machine's loop must look at. Where the block under way gives steps back,
// they are not taken before.
func (c *CPU) EndSlice() {
	c.End -= uint64(c.Budget)
	c.Budget = 0
	c.left = true
}

// Shorten takes steps from the budget, as what they wait for comes nearer.
func (c *CPU) Shorten(n uint64) {
	n = min(n, uint64(max(c.Budget, 0)))
	c.Budget -= int64(n)
	c.End -= n
}

// SetIRQ drives the INTR pin.
func (c *CPU) SetIRQ(level bool) {
	c.IRQ = level
	if level && c.Flags&x86.IF != 0 {
		c.EndSlice()
	}
}

// real tells real-address mode, v86 virtual-8086 mode.
func (c *CPU) real() bool      { return c.CR0&x86.CR0_PE == 0 }
func (c *CPU) v86() bool       { return c.Flags&x86.VM != 0 }
func (c *CPU) protected() bool { return c.CR0&x86.CR0_PE != 0 && c.Flags&x86.VM == 0 }
func (c *CPU) iopl() uint8     { return uint8(c.Flags>>x86.IOPLShift) & 3 }

// updateMode computes the mode word and the array to probe, after a change of
// anything that they depend on.
func (c *CPU) updateMode() {
	m := uint32(0)
	if c.Seg[x86.CS].Big() {
		m |= ModeCode32
	}
	if c.Seg[x86.SS].Big() {
		m |= ModeStack32
	}
	if c.CR0&x86.CR0_PE != 0 {
		m |= ModePE
	}
	if c.Flags&x86.VM != 0 {
		m |= ModeVM
	}
	cs := &c.Seg[x86.CS]
	if cs.Base == 0 && cs.Limit == 0xffffffff {
		m |= ModeFlatCS
	}
	if c.Flags&x86.AC != 0 && c.CR0&x86.CR0_AM != 0 && c.CPL == 3 {
		m |= ModeAlign
	} else { // alignment checks live in the segmented path
		if c.Seg[x86.DS].flat() {
			m |= ModeFlatDS
		}
		if c.Seg[x86.ES].flat() {
			m |= ModeFlatES
		}
		if c.Seg[x86.SS].flat() {
			m |= ModeFlatSS
		}
	}
	if c.CR0&x86.CR0_EM != 0 {
		m |= ModeEM
	}
	if c.CR0&x86.CR0_MP != 0 {
		m |= ModeMP
	}
	if c.CR0&x86.CR0_TS != 0 {
		m |= ModeTS
	}
	if c.CR4&x86.CR4_OSFXSR != 0 {
		m |= ModeFXSR
	}
	if c.Flags&x86.TF != 0 {
		m |= ModeTF
	}
	if c.checkBP || c.Flags&x86.RF != 0 || c.HeldDB != 0 {
		m |= ModeBreak
	}
	c.Mode, c.AddrMask = m, 0xffffffff
	c.chooseTLB()
}

// chooseTLB has translated code probe the array of the present privilege.
func (c *CPU) chooseTLB() { c.TLB = c.tlb(c.CPL == 3) }

// addressSpace tells the MMU of changed control registers.
func (c *CPU) addressSpace() {
	c.MMU.Mode = mmu.Mode{CR0: c.CR0 & (x86.CR0_PG | x86.CR0_WP), CR3: c.CR3,
		CR4:  c.CR4 & (x86.CR4_PSE | x86.CR4_PAE | x86.CR4_SMEP | x86.CR4_SMAP | x86.CR4_LA57),
		EFER: c.EFER & (x86.EFER_NXE | x86.EFER_LMA)}
	c.MMU.Switch()
	c.updateMode()
}

// FlushTLB drops everything that was kept of translations: the map of physical
// memory changed.
func (c *CPU) FlushTLB() {
	c.MMU.Flush()
	c.updateMode()
	c.EndSlice()
}

// SetA20 opens or masks address line 20.
func (c *CPU) SetA20(open bool) {
	c.MMU.SetA20(open)
	c.updateMode()
	c.EndSlice()
}

// InterruptReady tells whether an external interrupt would be taken at this
// boundary; Shadowed whether only the shadow of STI or MOV SS is in the way.
func (c *CPU) InterruptReady() bool {
	return c.IRQ && c.Flags&x86.IF != 0 && c.ShadowStep != c.Steps()
}

// Shadowed tells whether interrupts are inhibited before the next instruction.
func (c *CPU) Shadowed() bool { return c.ShadowStep == c.Steps() }

// State gives the architectural state, SetState makes it another one.
func (c *CPU) State() State     { return State{c.Regs, c.System} }
func (c *CPU) SetState(s State) { c.Regs, c.System = s.Regs, s.System }

// Canonical is the architectural state with the flags computed and everything
// that only an engine could tell set to zero.
func (c *CPU) Canonical() State {
	c.Materialise()
	s := c.State()
	s.CCRes, s.CCSrc, s.CCCF = 0, 0, 0
	if s.ShadowStep != c.Steps() {
		s.ShadowStep, s.ShadowDebug = bus.Never, false
	}
	return s
}
