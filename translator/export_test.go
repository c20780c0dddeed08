package translator

import (
	"fmt"

	"ringzero/bus"
	"ringzero/mmu"
)

// CheckInvariants looks through the cache for what ARCHITECTURE says of it, and for
// a plain write tag that stands for a page with a mark.
func (e *Engine) CheckInvariants() error {
	if err := e.cache.Check(e.CPU.Mem.Marks, e.CPU.Mem.Size()>>bus.PageShift); err != nil {
		return err
	}
	return e.checkTags()
}

// checkTags: mark against tag, in the address space in force.
func (e *Engine) checkTags() error {
	for _, t := range []*mmu.TLB{e.CPU.MMU.Context.User, e.CPU.MMU.Context.Super} {
		for i := range t {
			if w := &t[i]; w.Write&(mmu.Invalid|mmu.Marked) == 0 {
				if page := e.CPU.Host.Off(w.Addend+w.Write) >> bus.PageShift; e.CPU.Mem.Marks(page) != 0 {
					return fmt.Errorf("linear page %x has a plain write tag, but RAM page %x is marked", w.Write, page)
				}
			}
		}
	}
	return nil
}
