// Package symbols gives names to addresses for a debugger of x86: it reads ELF
// files with their DWARF, listings of nm and System.map, and the tables that a
// running Linux kernel keeps in its own memory, and answers names, addresses,
// source lines and arguments. It also reads the log and the tasks of such a
// kernel. It knows no machine: memory comes through small interfaces.
package symbols

import (
	"cmp"
	"slices"
)

// Symbol is a name for an address. Size is in bytes, 0 where it is unknown. Func
// tells that code is there, Local that the name counts within one file only.
type Symbol struct {
	Name       string
	Addr, Size uint64
	Func       bool
	Local      bool
}

// Source is what one file or one kernel gave. Addr in Symbols are those of the
// file; Slide is added to each, and to each address of the DWARF, when the
// source is added to a Table. Bits is 32, 64 or 0 where the file doesn't say;
// addresses of 32 bits wrap there.
type Source struct {
	Name    string
	Kind    string // "elf", "nm" or "kallsyms"
	Bits    int
	Slide   uint64
	Symbols []Symbol

	dwarf *dwarfInfo
}

// NewSource makes a source of symbols that were found in some other way.
func NewSource(name, kind string, bits int, symbols []Symbol) *Source {
	return &Source{Name: name, Kind: kind, Bits: bits, Symbols: symbols}
}

// HasLines tells whether the source has DWARF. Whether that is of any use is
// seen when it is asked.
func (s *Source) HasLines() bool { return s.dwarf != nil }

// slid is an address of the file in the machine.
func (s *Source) slid(addr uint64) uint64 { return s.wrap(addr + s.Slide) }

// unslid is an address of the machine in the file.
func (s *Source) unslid(addr uint64) uint64 { return s.wrap(addr - s.Slide) }

func (s *Source) wrap(addr uint64) uint64 {
	if s.Bits == 32 {
		return addr & (1<<32 - 1)
	}
	return addr
}

// better orders two names of one address: the one that says more is first.
func better(a, b Symbol) int {
	return cmp.Or(
		compareBool(a.Size != 0, b.Size != 0),
		compareBool(!a.Local, !b.Local),
		compareBool(a.Func, b.Func),
	)
}

// compareBool puts the one that holds first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// sortByAddress brings symbols in address order, the better name of one address
// first.
func sortByAddress(all []Symbol) {
	slices.SortStableFunc(all, func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(a.Addr, b.Addr), better(a, b))
	})
}
