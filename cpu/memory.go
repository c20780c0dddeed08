package cpu

import (
	"ringzero/bus"
	"ringzero/mmu"
	"ringzero/x86"
)

// fault fills the one exception slot.
func (c *CPU) fault(v x86.Vector, code uint32) *x86.Exception {
	c.exc = x86.Exception{Vector: v, Code: code}
	return &c.exc
}

func (c *CPU) gp0() *x86.Exception { return c.fault(x86.VecGP, 0) }
func (c *CPU) ud() *x86.Exception  { return c.fault(x86.VecUD, 0) }

// Load reads 1, 2, 4 or 8 bytes at a linear address with the present privilege.
func (c *CPU) Load(va uint64, size int) (uint64, *x86.Exception) {
	return c.load(va, size, c.CPL == 3)
}

// Store writes likewise.
func (c *CPU) Store(va uint64, size int, v uint64) *x86.Exception {
	return c.store(va, size, v, c.CPL == 3)
}

// LoadModify reads an operand that will be written back: the write can't fault
// afterwards, and it runs to its end.
func (c *CPU) LoadModify(va uint64, size int) (uint64, *x86.Exception) {
	user := c.CPL == 3
	if exc := c.probe(va, size, mmu.Write, user); exc != nil {
		return 0, exc
	}
	if c.Mid && !c.plain(va, size) {
		c.alone()
	}
	return c.load(va, size, user)
}

// plain tells whether a write to a range that was probed is one to memory
// without consequences for translated code or a debugger.
func (c *CPU) plain(va uint64, size int) bool {
	e := c.tlb(c.CPL == 3).At(va)
	tag := (va + uint64(size) - 1) &^ 0xfff
	if e.Write == tag {
		return true
	}
	if e.Write != tag|mmu.Marked { // what is watched has no tag
		return false
	}
	off := c.Host.Off(va + e.Addend)
	page := off >> bus.PageShift
	return !c.changesCode(c.Mem.Marks(page), page, int(off&0xfff), size)
}

// changesCode tells whether a write to a marked page may change what the rest
// of the block under way is: its bytes, or the page-table entries by which it is
// fetched.
func (c *CPU) changesCode(marks bus.Mark, page uint64, off, size int) bool {
	return marks&bus.Code != 0 && c.CodeAt(page, off, size) ||
		marks&bus.Table != 0 && c.MMU.Maps(page, off, size, c.MMU.Running())
}

// updating comes before the A or D bit of a table's entry that code runs from: what is
// behind the instruction in its block may be another one then.
func (c *CPU) updating(phys uint64, size int) {
	if !c.Mid {
		return
	}
	off, _, ram := c.Mem.Page(phys &^ (bus.PageSize - 1))
	if page := off >> bus.PageShift; ram && c.Mem.Marks(page)&bus.Code != 0 && c.CodeAt(page, int(phys&(bus.PageSize-1)), size) {
		c.alone()
	}
}

// loadSystem and storeSystem are the processor's own accesses to descriptor
// tables and task states: supervisor accesses at any privilege.
func (c *CPU) loadSystem(va uint64, size int) (uint64, *x86.Exception) {
	return c.load(va&c.AddrMask, size, false)
}

func (c *CPU) storeSystem(va uint64, size int, v uint64) *x86.Exception {
	return c.store(va&c.AddrMask, size, v, false)
}

func (c *CPU) tlb(user bool) *mmu.TLB {
	if user {
		return c.MMU.Context.User
	}
	return c.MMU.Context.Super
}

func (c *CPU) load(va uint64, size int, user bool) (uint64, *x86.Exception) {
	va &= c.AddrMask
	if e := c.tlb(user).At(va); e.Read == (va+uint64(size)-1)&^0xfff {
		return bus.Load(va+e.Addend, size), nil
	}
	if va&0xfff+uint64(size) > bus.PageSize {
		return c.loadAcross(va, size, user)
	}
	to, exc := c.MMU.Translate(va, mmu.Read, user)
	if exc != nil {
		return 0, exc
	}
	if c.watching {
		c.watch(va, to.Phys, size, false)
	}
	if to.Read {
		return bus.Load(c.Host.At(to.Off), size), nil
	}
	if c.Mid {
		c.alone()
	}
	c.SyncClock()
	return c.Mem.Load(to.Phys, size), nil
}

// loadAcross reads an operand that lies in two pages: both are translated
// before either is read.
func (c *CPU) loadAcross(va uint64, size int, user bool) (uint64, *x86.Exception) {
	if exc := c.probe(va, size, mmu.Read, user); exc != nil {
		return 0, exc
	}
	var v uint64
	for i := range size {
		b, exc := c.load(va+uint64(i), 1, user)
		if exc != nil {
			return 0, exc
		}
		v |= b << (8 * i)
	}
	return v, nil
}

func (c *CPU) store(va uint64, size int, v uint64, user bool) *x86.Exception {
	va &= c.AddrMask
	e := c.tlb(user).At(va)
	switch tag := (va + uint64(size) - 1) &^ 0xfff; e.Write {
	case tag:
		bus.Store(va+e.Addend, size, v)
		return nil
	case tag | mmu.Marked:
		off := c.Host.Off(va + e.Addend)
		if c.Mem.Marks(off>>bus.PageShift) == 0 {
			c.MMU.Unmark(e, va, user)
		}
		return c.storeMarked(off, size, v)
	}
	if va&0xfff+uint64(size) > bus.PageSize {
		if exc := c.probe(va, size, mmu.Write, user); exc != nil {
			return exc
		}
		if c.Mid {
			c.alone()
		}
		for i := range size {
			if exc := c.store(va+uint64(i), 1, v>>(8*i), user); exc != nil {
				return exc
			}
		}
		return nil
	}
	to, exc := c.MMU.Translate(va, mmu.Write, user)
	if exc != nil {
		return exc
	}
	if c.watching {
		c.watch(va, to.Phys, size, true)
	}
	if !to.Write {
		if c.Mid {
			c.alone()
		}
		c.SyncClock()
		c.Mem.Store(to.Phys, size, v)
		return nil
	}
	return c.storeMarked(to.Off, size, v)
}

// storeMarked writes to RAM and tells those who marked the page. In mid-block the
// instruction runs alone where the rest of the block may not be what it was.
func (c *CPU) storeMarked(off uint64, size int, v uint64) *x86.Exception {
	page, at := off>>bus.PageShift, int(off&0xfff)
	marks := c.Mem.Marks(page)
	if c.Mid && c.changesCode(marks, page, at, size) {
		c.alone()
	}
	bus.Store(c.Host.At(off), size, v)
	if marks != 0 {
		c.Mem.Written(page, at, size)
	}
	return nil
}

// probe translates all of a range for an access, so that what follows can't
// fault. Ranges are at most a page long. Where the second page faults, CR2 is
// its first byte.
func (c *CPU) probe(va uint64, size int, acc mmu.Access, user bool) *x86.Exception {
	va &= c.AddrMask
	last := (va + uint64(size) - 1) & 0xfffff000
	if last == va&^0xfff {
		last = va
	}
	for _, at := range [2]uint64{va, last} {
		e := c.tlb(user).At(at)
		if tag := at &^ 0xfff; acc == mmu.Write && e.Write&^mmu.Marked == tag || acc == mmu.Read && e.Read == tag {
			continue
		}
		if _, exc := c.MMU.Translate(at, acc, user); exc != nil {
			return exc
		}
		if last == va {
			break
		}
	}
	return nil
}

// segFault is what an access outside of a segment raises.
func (c *CPU) segFault(seg uint8) *x86.Exception {
	if seg == x86.SS {
		return c.fault(x86.VecSS, 0)
	}
	return c.gp0()
}

// Linear checks an access to segment:offset and gives its linear address (SDM
// 3A 5.3). An alignment check follows where EFLAGS.AC asks for it.
func (c *CPU) Linear(seg uint8, off uint64, size int, write bool) (uint64, *x86.Exception) {
	s := &c.Seg[seg]
	last := off + uint64(size) - 1
	if write {
		if off < s.WriteLo || last > s.WriteHi {
			return 0, c.segFault(seg)
		}
	} else if off < s.ReadLo || last > s.ReadHi {
		return 0, c.segFault(seg)
	}
	va := (s.Base + off) & c.AddrMask
	if c.Mode&ModeAlign != 0 && va&uint64(alignOf(size)-1) != 0 {
		acc := mmu.Read
		if write {
			acc = mmu.Write
		}
		if exc := c.probe(va, size, acc, true); exc != nil {
			return 0, exc
		}
		return 0, c.fault(x86.VecAC, 0)
	}
	return va, nil
}

// alignOf is the alignment that an operand of the size wants (SDM 3A 6.15,
// table 6-7).
func alignOf(size int) int {
	switch size {
	case 6:
		return 4
	case 10:
		return 8
	case 28, 108:
		return 4
	case 14, 94:
		return 2
	}
	return size
}

// LoadSeg and StoreSeg access segment:offset with the present privilege.
func (c *CPU) LoadSeg(seg uint8, off uint64, size int) (uint64, *x86.Exception) {
	va, exc := c.Linear(seg, off, size, false)
	if exc != nil {
		return 0, exc
	}
	return c.Load(va, size)
}

func (c *CPU) StoreSeg(seg uint8, off uint64, size int, v uint64) *x86.Exception {
	va, exc := c.Linear(seg, off, size, true)
	if exc != nil {
		return exc
	}
	return c.Store(va, size, v)
}

// ProbeSeg checks that a write to segment:offset will succeed.
func (c *CPU) ProbeSeg(seg uint8, off uint64, size int) *x86.Exception {
	va, exc := c.Linear(seg, off, size, true)
	if exc != nil {
		return exc
	}
	return c.probe(va, size, mmu.Write, c.CPL == 3)
}

// Physical translates a linear address with the present privilege for somebody
// beside the processor, who sees the page as a program there would; ok is false
// where that would fault.
func (c *CPU) Physical(va uint64, write bool) (phys uint64, ok bool) {
	acc := mmu.Read
	if write {
		acc = mmu.Write
	}
	to, exc := c.MMU.Translate(va, acc, c.CPL == 3)
	return to.Phys, exc == nil
}
