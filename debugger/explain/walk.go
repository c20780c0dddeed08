package explain

import (
	"fmt"

	"ringzero"
	"ringzero/x86"
)

// walkSteps spells the walk for a linear address, entry by entry, and how it ends
// for an access like that of a page fault with the code.
func (e *explainer) walkSteps(va uint64, code uint32) (lines []string) {
	w := e.m.Walk(va, code)
	if !w.Paging {
		return nil
	}
	for _, entry := range w.Entries {
		lines = append(lines, EntryText(entry))
	}
	switch {
	case w.Fault == nil:
		lines = append(lines, "as the tables stand now the access would succeed")
	case w.Fault.Code&x86.PFRsvd != 0:
		lines = append(lines, "a reserved bit is set in the last entry")
	}
	return lines
}

// EntryText spells an entry of a page table (SDM 3A 4.3 to 4.5).
func EntryText(e ringzero.TableEntry) string {
	name := [...]string{"", "PTE", "PDE", "PDPTE", "PML4E", "PML5E"}[e.Level]
	where := fmt.Sprintf("%s at %09x", name, e.At)
	switch {
	case e.Register:
		where = "PDPTE register"
	case !e.Read:
		return where + ": no memory there"
	}
	text := fmt.Sprintf("%s: %016x, ", where, e.Entry)
	switch {
	case e.Entry&x86.PTE_P == 0:
		return text + "not present"
	case e.Register:
		return text + "present"
	}
	text += "present"
	for _, n := range []struct {
		bit     uint64
		yes, no string
	}{
		{x86.PTE_W, ", writable", ", read-only"}, {x86.PTE_U, ", user", ", supervisor"}, {x86.PTE_A, ", accessed", ""},
		{x86.PTE_D, ", dirty", ""}, {x86.PTE_PS, ", bit 7 set", ""}, {x86.PTE_NX, ", no execution", ""},
	} {
		if e.Entry&n.bit != 0 {
			text += n.yes
		} else {
			text += n.no
		}
	}
	return text
}
