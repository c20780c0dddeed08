// Package gdb is a stub of gdb's remote serial protocol over TCP (GDB manual,
// appendix E "Remote Protocol"): gdb, lldb and what is built on them look at a
// machine, stop it and let it go on. It knows of the machine only what Target
// and Machine say.
package gdb

import "io"

// Target is a machine under a debugger. It may have other front ends at the
// same time. All of its methods may be called from any goroutine but the
// machine's own.
type Target interface {
	// Do runs f while the machine stands between two instructions, running or
	// stopped, and returns when f has. An error: the machine is gone, and f did
	// not run.
	Do(f func(m Machine)) error
	// Resume lets the machine go on; the stop is told to the subscribers, after
	// Resume was called. The instruction that it stands on is executed even if
	// it has a breakpoint. It is an error, of one line, while the machine runs
	// already, and where the machine can't go that way (it keeps no history).
	Resume(a Action) error
	// Interrupt stops the machine; the stop is told as any other. It does
	// nothing to one that is stopped.
	Interrupt()
	// Subscribe has told called with every stop of the machine, whoever caused
	// it, from the machine's goroutine: told does not block.
	// cancel ends it; a call of told may still be under way when it returns.
	Subscribe(told func(Stop)) (cancel func())
}

// Machine is what can be looked at and changed within Do.
type Machine interface {
	// Bits is 16, 32 or 64: the size of the present code. Real mode, virtual
	// 8086 mode and a 16-bit code segment of protected mode are 16.
	Bits() int
	// Register gives a register's value, little-endian, in any length: what is
	// missing is zero. Names are those of the manuals in small letters, of all
	// widths in every mode ("eax", "rax", "eip", "rip", "eflags", "cs"), those of
	// gdb for the x87 unit ("st0" with 10 bytes, "fctrl", "fstat", "ftag" with
	// two bits a register, "fiseg", "fioff", "foseg", "fooff", "fop"), "xmm0" with
	// 16, "mxcsr", and those of systemRegisters. ok is false for what this CPU
	// doesn't have.
	Register(name string) (value []byte, ok bool)
	// SetRegister takes a value in the size that the client's description of
	// the machine has.
	SetRegister(name string, value []byte) error
	// Running is whether the machine goes on when Do ends.
	Running() bool
	// Read gives how many bytes were read before the first that can't be. It
	// has no side effect on a device.
	Read(space Space, addr uint64, p []byte) int
	// Write gives how many bytes were written before the first that can't be.
	Write(space Space, addr uint64, p []byte) int
	// Insert sets a breakpoint at a linear address, or a watch on length bytes
	// from there; length of a breakpoint is gdb's "kind", 1 as a rule. One that
	// two front ends set goes when both have removed it.
	Insert(k BreakKind, addr, length uint64) error
	// Remove takes away what Insert set with the same arguments.
	Remove(k BreakKind, addr, length uint64) error
	// MemoryMap is what the physical addresses hold.
	MemoryMap() []Region
	// Command runs one of the debugger's own commands and prints to w, which
	// never fails nor blocks. The error is one line.
	Command(line string, w io.Writer) error
}

// Space is a kind of address.
type Space int

// The spaces: Linear is after segmentation and before paging.
const (
	Linear Space = iota
	Physical
)

// BreakKind is a kind of breakpoint, in the order of the packets Z0 to Z4.
type BreakKind int

// The kinds.
const (
	Software BreakKind = iota
	Hardware
	WatchWrite
	WatchRead
	WatchAccess
)

// Region is a range of physical addresses.
type Region struct {
	Base, Size uint64
	ROM        bool // else RAM
}

// ActionKind is a way to go on.
type ActionKind int

// The ways. RangeStep steps until the linear address of the instruction leaves
// [Lo, Hi), and at least once.
const (
	Continue ActionKind = iota
	Step
	RangeStep
	ReverseContinue
	ReverseStep
)

// Action is how a machine is to go on.
type Action struct {
	Kind   ActionKind
	Lo, Hi uint64 // of a RangeStep
}

// StopKind is a reason to stop.
type StopKind int

// The reasons. HistoryBegin and HistoryEnd are the ends of what was recorded;
// after Exited there is no machine.
const (
	Breakpoint StopKind = iota
	Watch
	Stepped
	Interrupted
	HistoryBegin
	HistoryEnd
	Exited
	Fault
)

// Stop is one stop of the machine.
type Stop struct {
	Kind   StopKind
	Watch  BreakKind // of a Breakpoint or Watch: what was hit
	Addr   uint64    // of a Watch: the linear address that was touched
	Status int       // of an Exited: as the exit status of a process
	Text   string    // is shown to the user; "" is nothing
}
