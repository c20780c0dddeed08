package ringzero

import (
	"fmt"

	"ringzero/mmu"
	"ringzero/x86"
)

// tableStep is one entry that a page walk read.
type tableStep struct {
	name  string
	at    uint64 // physical address, 0 for a PDPTE register
	entry uint64
	read  bool // memory was there
}

// walk goes through the page tables for a linear address without setting a bit:
// for reports and traces. ok is false where an entry is not present.
func (m *Machine) walk(va uint64) (phys uint64, steps []tableStep, ok bool) {
	c := m.CPU
	switch {
	case c.CR0&x86.CR0_PG == 0:
		return va, nil, true
	case c.CR4&x86.CR4_PAE != 0:
		return m.walkPAE(va)
	}
	pde, steps, ok := m.readEntry(nil, "PDE", c.CR3&0xfffff000|va>>20&0xffc, 4)
	if !ok {
		return 0, steps, false
	}
	if pde&x86.PTE_PS != 0 && c.CR4&x86.CR4_PSE != 0 {
		return pde&0xffc00000 | pde>>13&0xf<<32 | va&0x3fffff, steps, true
	}
	pte, steps, ok := m.readEntry(steps, "PTE", pde&0xfffff000|va>>10&0xffc, 4)
	return pte&0xfffff000 | va&0xfff, steps, ok
}

func (m *Machine) walkPAE(va uint64) (phys uint64, steps []tableStep, ok bool) {
	const frame = (1<<mmu.MaxPhys - 1) &^ 0xfff
	pdpte := m.CPU.MMU.PDPTE[va>>30&3]
	steps = append(steps, tableStep{name: "PDPTE register", entry: pdpte, read: true})
	if pdpte&x86.PTE_P == 0 {
		return 0, steps, false
	}
	pde, steps, ok := m.readEntry(steps, "PDE", pdpte&frame|va>>18&0xff8, 8)
	if !ok {
		return 0, steps, false
	}
	if pde&x86.PTE_PS != 0 {
		return pde&frame&^0x1fffff | va&0x1fffff, steps, true
	}
	pte, steps, ok := m.readEntry(steps, "PTE", pde&frame|va>>9&0xff8, 8)
	return pte&frame | va&0xfff, steps, ok
}

// readEntry adds a step; ok is false where the walk ends with it.
func (m *Machine) readEntry(steps []tableStep, name string, at uint64, size int) (uint64, []tableStep, bool) {
	v, read := m.peek(at, size)
	return v, append(steps, tableStep{name, at, v, read}), read && v&x86.PTE_P != 0
}

// translate is walk where the steps don't matter.
func (m *Machine) translate(va uint64) (uint64, bool) {
	phys, _, ok := m.walk(va)
	return phys, ok
}

// walkSteps spells the walk for a linear address, entry by entry.
func (m *Machine) walkSteps(va uint64) (lines []string) {
	_, steps, _ := m.walk(va)
	for _, s := range steps {
		where := ""
		if s.at != 0 || s.name != "PDPTE register" {
			where = fmt.Sprintf(" at %09x", s.at)
		}
		if !s.read {
			lines = append(lines, s.name+where+": no memory there")
			continue
		}
		lines = append(lines, fmt.Sprintf("%s%s: %016x, %s", s.name, where, s.entry, entryBits(s)))
	}
	return lines
}

// entryBits spells an entry (SDM 3A 4.3, 4.4).
func entryBits(s tableStep) string {
	e := s.entry
	if e&x86.PTE_P == 0 {
		return "not present"
	}
	if s.at == 0 && s.name == "PDPTE register" {
		return "present"
	}
	text := "present"
	for _, n := range []struct {
		bit     uint64
		yes, no string
	}{
		{x86.PTE_W, ", writable", ", read-only"}, {x86.PTE_U, ", user", ", supervisor"}, {x86.PTE_A, ", accessed", ""},
		{x86.PTE_D, ", dirty", ""}, {x86.PTE_PS, ", bit 7 set", ""}, {x86.PTE_NX, ", no execution", ""},
	} {
		if e&n.bit != 0 {
			text += n.yes
		} else {
			text += n.no
		}
	}
	return text
}
