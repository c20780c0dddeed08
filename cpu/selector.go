package cpu

import (
	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/x86"
)

// tableLoad is LGDT and LIDT.
func tableLoad(c *CPU, s *Site) (t Table, exc *x86.Exception) {
	limit, base, exc := c.loadPair(s.Inst, 2, 4)
	if s.Inst.OpSize == 2 {
		base &= 0xffffff
	}
	return Table{base, uint16(limit)}, exc
}

func lgdt(c *CPU, s *Site) *x86.Exception {
	t, exc := tableLoad(c, s)
	if exc == nil {
		c.GDTR = t
	}
	return exc
}

func lidt(c *CPU, s *Site) *x86.Exception {
	t, exc := tableLoad(c, s)
	if exc == nil {
		c.IDTR = t
	}
	return exc
}

func tableStore(c *CPU, s *Site, t Table) *x86.Exception {
	// Two accesses to alignment checking, so that the base wants the odd word
	// (SDM 3A 3.5.1).
	off := c.EA(s.Inst)
	va, exc := c.Linear(s.Inst.Seg, off, 2, true)
	if exc != nil {
		return exc
	}
	if _, exc := c.Linear(s.Inst.Seg, off+2, 4, true); exc != nil {
		return exc
	}
	if exc := c.probe(va, 6, mmu.Write, c.CPL == 3); exc != nil {
		return exc
	}
	if exc := c.Store(va, 2, uint64(t.Limit)); exc != nil {
		return exc
	}
	return c.Store(va+2, 4, t.Base)
}

func sgdt(c *CPU, s *Site) *x86.Exception { return tableStore(c, s, c.GDTR) }
func sidt(c *CPU, s *Site) *x86.Exception { return tableStore(c, s, c.IDTR) }

// storeSelector writes a 16-bit register: to memory a word, to a register its
// operand size, zero-extended.
func (c *CPU) storeSelector(in *decoder.Inst, v uint64) *x86.Exception {
	if in.Args[0].Kind == decoder.KindMem {
		return c.StoreSeg(in.Seg, c.EA(in), 2, v)
	}
	c.SetReg(&in.Args[0], v)
	return nil
}

func sldt(c *CPU, s *Site) *x86.Exception {
	return c.storeSelector(s.Inst, uint64(c.Seg[x86.LDTR].Sel))
}

func str(c *CPU, s *Site) *x86.Exception {
	return c.storeSelector(s.Inst, uint64(c.Seg[x86.TR].Sel))
}

func lldt(c *CPU, s *Site) *x86.Exception {
	v, exc := c.Operand(s.Inst, 0)
	if exc != nil {
		return exc
	}
	sel := x86.Selector(v)
	if sel.Null() {
		c.Seg[x86.LDTR] = nullSegment(uint16(sel))
		return nil
	}
	code := uint32(sel) &^ 3
	if sel.Local() {
		return c.fault(x86.VecGP, code)
	}
	d, _, exc := c.descriptor(sel, x86.VecGP, 0)
	if exc != nil {
		return exc
	}
	if d.Segment() || d.Type() != x86.TypeLDT {
		return c.fault(x86.VecGP, code)
	}
	if !d.Present() {
		return c.fault(x86.VecNP, code)
	}
	c.Seg[x86.LDTR].load(uint16(sel), d)
	return nil
}

func ltr(c *CPU, s *Site) *x86.Exception {
	v, exc := c.Operand(s.Inst, 0)
	if exc != nil {
		return exc
	}
	sel := x86.Selector(v)
	if sel.Null() {
		return c.gp0()
	}
	code := uint32(sel) &^ 3
	if sel.Local() {
		return c.fault(x86.VecGP, code)
	}
	d, at, exc := c.descriptor(sel, x86.VecGP, 0)
	if exc != nil {
		return exc
	}
	if d.Segment() || d.Type() != x86.TypeTSS16 && d.Type() != x86.TypeTSS32 {
		return c.fault(x86.VecGP, code)
	}
	if !d.Present() {
		return c.fault(x86.VecNP, code)
	}
	d |= 2 << 40
	if exc := c.storeSystem(at+5, 1, uint64(d>>40)&0xff); exc != nil {
		return exc
	}
	c.Seg[x86.TR].load(uint16(sel), d)
	return nil
}

// visible finds the descriptor of a selector for LAR, LSL, VERR and VERW, which
// never fault on it: ok is false where the selector shows nothing.
func (c *CPU) visible(sel x86.Selector) (d x86.Descriptor, ok bool, exc *x86.Exception) {
	if sel.Null() {
		return 0, false, nil
	}
	d, _, exc = c.descriptor(sel, x86.VecGP, 0)
	if exc != nil {
		if exc.Vector == x86.VecGP {
			return 0, false, nil
		}
		return 0, false, exc
	}
	if d.Segment() && d.Conforming() {
		return d, true, nil
	}
	return d, d.DPL() >= int(c.CPL) && d.DPL() >= sel.RPL(), nil
}

func lar(c *CPU, s *Site) *x86.Exception {
	v, exc := c.Operand(s.Inst, 1)
	if exc != nil {
		return exc
	}
	d, ok, exc := c.visible(x86.Selector(v))
	if exc != nil {
		return exc
	}
	if ok && !d.Segment() {
		switch d.Type() {
		case 0, 6, 7, 8, 10, 13, 14, 15:
			ok = false
		}
	}
	if ok {
		c.SetReg(&s.Inst.Args[0], uint64(d>>32)&0xffff00)
	}
	c.setZF(ok)
	return nil
}

func lsl(c *CPU, s *Site) *x86.Exception {
	v, exc := c.Operand(s.Inst, 1)
	if exc != nil {
		return exc
	}
	d, ok, exc := c.visible(x86.Selector(v))
	if exc != nil {
		return exc
	}
	if ok && !d.Segment() {
		switch d.Type() {
		case x86.TypeTSS16, x86.TypeLDT, x86.TypeTSS16Busy, x86.TypeTSS32, x86.TypeTSS32Busy:
		default:
			ok = false
		}
	}
	if ok {
		c.SetReg(&s.Inst.Args[0], uint64(d.Limit()))
	}
	c.setZF(ok)
	return nil
}

func verr(c *CPU, s *Site) *x86.Exception {
	v, exc := c.Operand(s.Inst, 0)
	if exc != nil {
		return exc
	}
	d, ok, exc := c.visible(x86.Selector(v))
	if exc == nil {
		c.setZF(ok && d.Segment() && d.Readable())
	}
	return exc
}

func verw(c *CPU, s *Site) *x86.Exception {
	v, exc := c.Operand(s.Inst, 0)
	if exc != nil {
		return exc
	}
	d, ok, exc := c.visible(x86.Selector(v))
	if exc == nil {
		c.setZF(ok && d.Segment() && d.Writable())
	}
	return exc
}

// arpl writes its destination, and asks for the right to, only where it has
// something to adjust (so does silicon, says test386); a missing page is
// reported as a write, as for any operand that is read to be modified.
func arpl(c *CPU, s *Site) *x86.Exception {
	dst, exc := c.Operand(s.Inst, 0)
	if exc != nil {
		if exc.Vector == x86.VecPF {
			exc.Code |= x86.PFWrite
		}
		return exc
	}
	src := c.Reg(&s.Inst.Args[1])
	if dst&3 >= src&3 {
		c.setZF(false)
		return nil
	}
	if exc := c.SetOperand(s.Inst, 0, dst&^3|src&3); exc != nil {
		return exc
	}
	c.setZF(true)
	return nil
}

// movSeg is MOV to and from a segment register.
func movSeg(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	if in.Args[0].Kind != decoder.KindSeg {
		return c.storeSelector(in, uint64(c.Seg[in.Args[1].Reg].Sel))
	}
	seg := int(in.Args[0].Reg)
	if seg == x86.CS || seg > x86.GS {
		return c.ud()
	}
	v, exc := c.Operand(in, 1)
	if exc != nil {
		return exc
	}
	if exc := c.LoadData(seg, uint16(v)); exc != nil {
		return exc
	}
	if seg == x86.SS {
		c.shadow(true)
		c.hold()
	}
	return nil
}

// pushSeg pushes a selector; with a 32-bit operand only the low word is
// written (SDM 2B PUSH).
func pushSeg(c *CPU, s *Site) *x86.Exception {
	size := int(s.Inst.OpSize)
	v := uint64(c.Seg[s.Inst.Args[0].Reg].Sel)
	if size == 2 {
		return c.Push(2, v)
	}
	sp := (c.R[x86.SP] - uint64(size)) & c.StackMask()
	if exc := c.StoreSeg(x86.SS, sp, 2, v); exc != nil {
		return exc
	}
	c.SetSP(sp)
	return nil
}

// popSeg pops a selector.
func popSeg(c *CPU, s *Site) *x86.Exception {
	size := int(s.Inst.OpSize)
	v, exc := c.Peek(0, size)
	if exc != nil {
		return exc
	}
	seg := int(s.Inst.Args[0].Reg)
	mask := c.StackMask()
	sp := (c.R[x86.SP] + uint64(size)) & mask
	if exc := c.LoadData(seg, uint16(v)); exc != nil {
		return exc
	}
	// The stack pointer moves by the size of the stack that was popped.
	c.R[x86.SP] = c.R[x86.SP]&^mask | sp
	if seg == x86.SS {
		c.shadow(true)
		c.hold()
	}
	return nil
}

// loadFar is LDS, LES, LSS, LFS and LGS.
func loadFar(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	seg := x86.DS
	switch in.Op {
	case decoder.LES:
		seg = x86.ES
	case decoder.LSS:
		seg = x86.SS
	case decoder.LFS:
		seg = x86.FS
	case decoder.LGS:
		seg = x86.GS
	}
	size := int(in.OpSize)
	off, sel, exc := c.loadPair(in, size, 2)
	if exc != nil {
		return exc
	}
	if exc := c.LoadData(seg, uint16(sel)); exc != nil {
		return exc
	}
	c.SetReg(&in.Args[0], off)
	return nil
}
