// Package mmu translates linear to physical addresses as the guest's page
// tables say, and keeps what it found in shadow contexts: one for each address
// space, with the first-level arrays that translated code probes. Guest tables
// in use are marked in bus.RAM, so a write to an entry drops what came from it
// and the arrays never show: faults, A and D bits depend on the accesses alone.
package mmu

import (
	"ringzero/bus"
	"ringzero/x86"
)

// Access is what a translation is for.
type Access uint8

// The three kinds of access.
const (
	Read Access = iota
	Write
	Exec
)

// Mode is what of the processor's state decides a translation. The cpu fills it
// and calls Switch.
type Mode struct {
	CR0, CR3, CR4, EFER uint64
}

func (m *Mode) paging() bool { return m.CR0&x86.CR0_PG != 0 }
func (m *Mode) pae() bool    { return m.CR4&x86.CR4_PAE != 0 }
func (m *Mode) wp() bool     { return m.CR0&x86.CR0_WP != 0 }
func (m *Mode) nx() bool     { return m.EFER&x86.EFER_NXE != 0 && m.pae() }

// MMU is the translation unit of one processor.
type MMU struct {
	Mem  *bus.Memory
	Mode Mode
	// PhysWidth is the width of a physical address, in bits; SDM 3A 4.1.4.
	PhysWidth uint
	// A20 is ANDed to every physical address: all ones, or bit 20 clear.
	A20 uint64
	// Context is the address space in force.
	Context *Context
	// PDPTE are PAE's page-directory-pointer registers, loaded by LoadPDPTEs.
	PDPTE [4]uint64

	contexts map[key]*Context
	spare    []*Context       // forgotten, to be used again
	uses     map[uint64][]use // by RAM page of a table
	writable []written        // by RAM page
	ring     [ringSize]lately // the pages marked last
	epoch    uint64           // counts them
	ids      uint64
	clock    uint64 // counts context switches, for the choice of a victim
	walking  bool   // the write under way is the MMU's own A or D update
	watched  []Range
	physical []Range // likewise, of physical addresses
	limit    int     // entries that stay filled at once, 0 for all (tests)
	// boundQueue are the entries in the order in which they were filled (limit).
	boundQueue []boundSlot

	// Running gives the linear address of the code that runs; CodeMoved is called
	// when a table entry that its translation goes through was written, so that
	// the processor looks its next block up again.
	Running   func() uint64
	CodeMoved func()
	// Updating is called before an A or D bit is set in an entry.
	Updating func(phys uint64, size int)
	// ContextChanged is called when Context became another one.
	ContextChanged func()

	Stats Stats
	exc   x86.Exception
}

// Stats counts what the caches did; no guest sees it.
type Stats struct {
	Walks, ShadowSwitches, ShadowMisses, TableWrites uint64
}

// Range is a linear range under a data breakpoint.
type Range struct{ Base, Last uint64 }

// New makes an MMU with paging off and A20 open.
func New(mem *bus.Memory) *MMU {
	m := &MMU{Mem: mem, A20: ^uint64(0), PhysWidth: 36, ContextChanged: func() {}, Updating: func(uint64, int) {}, contexts: map[key]*Context{}, uses: map[uint64][]use{},
		writable: make([]written, mem.Size()>>bus.PageShift)}
	mem.RAM.Own(bus.Table, m.tableWritten)
	mem.RAM.OnMark(m.marked)
	m.Context = m.context(m.key())
	return m
}

// Limit bounds the number of entries that stay filled, 0 for no bound. Tests
// show with it that the caches are invisible.
func (m *MMU) Limit(n int) { m.limit = n; m.Flush() }

// SetA20 opens or masks address line 20.
func (m *MMU) SetA20(open bool) {
	mask := ^uint64(0)
	if !open {
		mask &^= 1 << 20
	}
	if mask != m.A20 {
		m.A20 = mask
		m.Switch()
	}
}

// Watch sets the linear ranges whose accesses must all take the slow path.
func (m *MMU) Watch(r []Range) {
	for _, ranges := range [2][]Range{m.watched, r} {
		for _, r := range ranges {
			for page := r.Base &^ (bus.PageSize - 1); page <= r.Last; page += bus.PageSize {
				for _, c := range m.contexts {
					c.drop(page)
				}
			}
		}
	}
	m.watched = append(m.watched[:0], r...)
}

// WatchPhysical sets the physical ranges likewise.
func (m *MMU) WatchPhysical(r []Range) {
	if len(r) != 0 || len(m.physical) != 0 {
		m.physical = append(m.physical[:0], r...)
		m.Flush()
	}
}

// watches tells whether a page, or what is there, is watched.
func (m *MMU) watches(page, phys uint64) bool {
	return touches(m.watched, page) || touches(m.physical, phys)
}

func touches(ranges []Range, page uint64) bool {
	for _, r := range ranges {
		if page|0xfff >= r.Base && page <= r.Last {
			return true
		}
	}
	return false
}

// fault fills the one exception slot; its content is used before the next one.
func (m *MMU) fault(va uint64, acc Access, user bool, bits uint32) *x86.Exception {
	code := bits
	if acc == Write {
		code |= x86.PFWrite
	}
	if user {
		code |= x86.PFUser
	}
	if acc == Exec && m.Mode.paging() && (m.Mode.nx() || m.Mode.CR4&x86.CR4_SMEP != 0) {
		code |= x86.PFFetch
	}
	m.exc = x86.Exception{Vector: x86.VecPF, Code: code, Address: va}
	return &m.exc
}
