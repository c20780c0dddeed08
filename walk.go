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

// observer is memory as a walk sees it that changes nothing: it notes the entries
// that are read.
type observer struct {
	m     *Machine
	steps []tableStep
}

// Load is a read of an entry.
func (o *observer) Load(phys uint64, size int) uint64 {
	v, read := o.m.peek(phys, size)
	name := "PDE"
	if len(o.steps) > 0 {
		name = "PTE"
	}
	o.steps = append(o.steps, tableStep{name, phys, v, read})
	if !read {
		return ^uint64(0) >> (64 - 8*size)
	}
	return v
}

// Store would set an A or D bit.
func (o *observer) Store(uint64, int, uint64) {}

// walkSteps spells the walk for a linear address, entry by entry, and how it ends
// for an access like that of a page fault with the code.
func (m *Machine) walkSteps(va uint64, code uint32) (lines []string) {
	c, o := m.cpu, &observer{m: m}
	if c.CR0&x86.CR0_PG == 0 {
		return nil
	}
	acc := mmu.Read
	switch {
	case code&x86.PFFetch != 0:
		acc = mmu.Exec
	case code&x86.PFWrite != 0:
		acc = mmu.Write
	}
	_, exc := c.MMU.Look(o, va, acc, code&x86.PFUser != 0)
	if c.CR4&x86.CR4_PAE != 0 {
		p := tableStep{name: "PDPTE register", entry: c.MMU.PDPTE[va>>30&3], read: true}
		o.steps = append([]tableStep{p}, o.steps...)
	}
	for _, s := range o.steps {
		where := ""
		if s.name != "PDPTE register" {
			where = fmt.Sprintf(" at %09x", s.at)
		}
		if !s.read {
			lines = append(lines, s.name+where+": no memory there")
			continue
		}
		lines = append(lines, fmt.Sprintf("%s%s: %016x, %s", s.name, where, s.entry, entryBits(s)))
	}
	switch {
	case exc == nil:
		lines = append(lines, "as the tables stand now the access would succeed")
	case exc.Code&x86.PFRsvd != 0:
		lines = append(lines, "a reserved bit is set in the last entry")
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
