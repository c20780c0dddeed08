package cpu

import (
	"ringzero/mmu"
	"ringzero/x86"
)

// Source tells what raised an interrupt, which decides the checks.
type Source uint8

const (
	// Hardware is an external interrupt, an NMI or an exception: EXT is set.
	Hardware Source = iota
	// Software is INT n, INT3 or INTO: the gate's DPL is checked.
	Software
)

// FaultLog keeps the last deliveries, for the report after a triple fault.
type FaultLog struct {
	Last [32]FaultEntry
	N    int
}

// FaultEntry is one exception, with where it happened.
type FaultEntry struct {
	Exc   x86.Exception
	CS    uint16
	EIP   uint64
	Steps uint64
	R     [16]uint64 // the general registers
}

func (l *FaultLog) add(e FaultEntry) {
	l.Last[l.N%len(l.Last)] = e
	l.N++
}

// contributory is the class of SDM 3A 6.15, table 6-5.
func contributory(v x86.Vector) bool {
	switch v {
	case x86.VecDE, x86.VecTS, x86.VecNP, x86.VecSS, x86.VecGP:
		return true
	}
	return false
}

// Freeze is not an exception: it is the answer of an instruction that stays where
// it is until an interrupt comes, as one does behind an x87 error with CR0.NE
// clear. To Raise it means a halt.
var Freeze = &x86.Exception{Vector: 254}

// Raise delivers an exception, and those that its delivery raises, up to the
// double fault and the shutdown of a triple fault (SDM 3A 6.15). EIP stands at
// the address to return to. It counts as one step.
func (c *CPU) Raise(exc x86.Exception) {
	if exc == *Freeze {
		c.Halted, c.delivered = true, true
		c.EndSlice()
		return
	}
	c.raise(exc, x86.RF)
}

// raise has the RF to be pushed: faults set it; breakpoints, traps and aborts
// push it as it is (SDM 3B 17.3.1.1).
func (c *CPU) raise(exc x86.Exception, rf uint64) {
	c.Mid = false
	isDF := false
	for {
		c.Faults.add(FaultEntry{exc, c.Seg[x86.CS].Sel, c.EIP, c.Steps(), c.R})
		if exc.Vector == x86.VecPF {
			c.CR2 = exc.Address
		}
		second := c.deliver(exc.Vector, Hardware, exc.Vector.HasErrorCode() && !c.real(), exc.Code, rf)
		if second == nil {
			return
		}
		next := *second
		c.moved = false
		switch {
		case isDF:
			c.Faults.add(FaultEntry{next, c.Seg[x86.CS].Sel, c.EIP, c.Steps(), c.R})
			c.Shutdown = true
			c.EndSlice()
			return
		case contributory(exc.Vector) && contributory(next.Vector),
			exc.Vector == x86.VecPF && (contributory(next.Vector) || next.Vector == x86.VecPF):
			c.Faults.add(FaultEntry{next, c.Seg[x86.CS].Sel, c.EIP, c.Steps(), c.R})
			if next.Vector == x86.VecPF {
				c.CR2 = next.Address
			}
			exc, isDF, rf = x86.Exception{Vector: x86.VecDF}, true, 0
		default:
			exc, rf = next, x86.RF
		}
	}
}

// External takes an external interrupt or an NMI.
func (c *CPU) External(v x86.Vector) {
	c.Mid = false
	if exc := c.deliver(v, Hardware, false, 0, 0); exc != nil {
		c.moved = false
		c.Raise(*exc)
	}
}

// deliver takes an interrupt through the IVT or IDT. Nothing but memory below
// the stack changes where it faults.
func (c *CPU) deliver(v x86.Vector, src Source, hasCode bool, code uint32, rf uint64) *x86.Exception {
	from := c.place()
	exc := c.enterHandler(v, src, hasCode, code, rf)
	if exc == nil {
		c.History.Interrupts.add(c, "vector", v, from)
	}
	return exc
}

func (c *CPU) enterHandler(v x86.Vector, src Source, hasCode bool, code uint32, rf uint64) *x86.Exception {
	c.Materialise()
	c.delivered = true
	if c.Repeating {
		// Between two iterations of a REP: it goes on behind the handler.
		rf, c.Repeating = x86.RF, false
	}
	if c.real() {
		return c.deliverReal(v)
	}
	ext := uint32(1)
	if src == Software {
		ext = 0
	}
	gateCode := uint32(v)*8 + 2 + ext
	if uint32(v)*8+7 > uint32(c.IDTR.Limit) {
		return c.fault(x86.VecGP, gateCode)
	}
	raw, exc := c.loadSystem(c.IDTR.Base+uint64(v)*8, 8)
	if exc != nil {
		return exc
	}
	gate := x86.Descriptor(raw)
	size, trap := 4, false
	switch t := gate.Type(); {
	case gate.Segment():
		return c.fault(x86.VecGP, gateCode)
	case t == x86.TypeTask:
	case t == x86.TypeInt16:
		size = 2
	case t == x86.TypeTrap16:
		size, trap = 2, true
	case t == x86.TypeInt32:
	case t == x86.TypeTrap32:
		trap = true
	default:
		return c.fault(x86.VecGP, gateCode)
	}
	if src == Software && gate.DPL() < int(c.CPL) {
		return c.fault(x86.VecGP, gateCode)
	}
	if !gate.Present() {
		return c.fault(x86.VecNP, gateCode)
	}
	if gate.Type() == x86.TypeTask {
		return c.interruptTask(gate.GateSelector(), hasCode, code, rf, ext)
	}
	sel := gate.GateSelector()
	if sel.Null() {
		return c.fault(x86.VecGP, ext)
	}
	d, at, exc := c.descriptor(sel, x86.VecGP, ext)
	if exc != nil {
		return exc
	}
	selCode := uint32(sel)&^3 | ext
	if !d.Segment() || !d.Code() || d.DPL() > int(c.CPL) {
		return c.fault(x86.VecGP, selCode)
	}
	if !d.Present() {
		return c.fault(x86.VecNP, selCode)
	}
	cpl := int(c.CPL)
	inner := !d.Conforming() && d.DPL() < cpl
	if inner {
		cpl = d.DPL()
	}
	if c.v86() && cpl != 0 || c.v86() && !inner {
		return c.fault(x86.VecGP, selCode)
	}
	offset := uint64(gate.GateOffset())
	if size == 2 {
		offset &= 0xffff
	}
	st := c.stackNow()
	if inner {
		if st, exc = c.innerStack(cpl, ext); exc != nil {
			return exc
		}
	}
	var frame [10]uint64
	n := 0
	put := func(v uint64) { frame[n] = v; n++ }
	if inner {
		if c.v86() {
			put(uint64(c.Seg[x86.GS].Sel))
			put(uint64(c.Seg[x86.FS].Sel))
			put(uint64(c.Seg[x86.DS].Sel))
			put(uint64(c.Seg[x86.ES].Sel))
		}
		put(uint64(c.Seg[x86.SS].Sel))
		put(c.R[x86.SP])
	}
	put(c.Flags | rf)
	put(uint64(c.Seg[x86.CS].Sel))
	put(c.EIP)
	if hasCode {
		put(uint64(code))
	}
	if exc := c.room(&st, size, n, ext); exc != nil {
		return exc
	}
	if offset > uint64(d.Limit()) {
		return c.fault(x86.VecGP, ext)
	}
	if exc := c.pushFrame(&st, size, frame[:n], ext); exc != nil {
		return exc
	}
	if d, exc = c.touch(d, at); exc != nil {
		return exc
	}
	// Nothing can fault from here on.
	if inner {
		if c.v86() {
			for _, i := range [...]int{x86.ES, x86.DS, x86.FS, x86.GS} {
				c.Seg[i] = nullSegment(0)
			}
		}
		c.Seg[x86.SS] = st.seg
	}
	c.setCS(sel, d, cpl)
	c.R[x86.SP] = c.R[x86.SP]&^st.mask | st.sp
	c.EIP = offset
	f := c.Flags &^ (x86.TF | x86.NT | x86.VM | x86.RF)
	if !trap {
		f &^= x86.IF
	}
	c.Flags = f
	c.updateMode()
	return nil
}

// deliverReal pushes FLAGS, CS and IP and goes through the vector table (SDM 3A
// 20.1.4).
func (c *CPU) deliverReal(v x86.Vector) *x86.Exception {
	if uint32(v)*4+3 > uint32(c.IDTR.Limit) {
		return c.fault(x86.VecGP, 0)
	}
	entry, exc := c.loadSystem(c.IDTR.Base+uint64(v)*4, 4)
	if exc != nil {
		return exc
	}
	st := c.stackNow()
	if exc := c.pushFrame(&st, 2, []uint64{c.Flags, uint64(c.Seg[x86.CS].Sel), c.EIP}, 0); exc != nil {
		return exc
	}
	c.R[x86.SP] = c.R[x86.SP]&^st.mask | st.sp
	c.loadReal(x86.CS, uint16(entry>>16))
	c.EIP = entry & 0xffff
	c.Flags &^= x86.IF | x86.TF | x86.AC | x86.RF
	c.updateMode()
	return nil
}

// stack is a stack that is being built before it is committed.
type stack struct {
	seg  Segment
	sp   uint64 // within mask
	mask uint64
	user bool
}

func (c *CPU) stackNow() stack {
	m := c.StackMask()
	return stack{c.Seg[x86.SS], c.R[x86.SP] & m, m, c.CPL == 3}
}

// room checks that n values of a size can be pushed within the stack's limit.
// Where not it is #SS: with code ext on the present stack, with the selector on
// a new one.
func (c *CPU) room(st *stack, size, n int, ext uint32) *x86.Exception {
	code := uint32(0)
	if st.seg.Sel != c.Seg[x86.SS].Sel || st.user != (c.CPL == 3) {
		code = uint32(st.seg.Sel)&^3 | ext
	} else if ext != 0 {
		code = ext
	}
	for i := range n {
		off := (st.sp - uint64(size*(i+1))) & st.mask
		if off < st.seg.WriteLo || off+uint64(size)-1 > st.seg.WriteHi {
			return c.fault(x86.VecSS, code)
		}
	}
	return nil
}

// pushFrame pushes values of the same size in turn and moves st.sp. All is
// checked before the first is written: limits, pages and, on the stack of a
// program whose accesses are checked so, alignment, which is #AC with code ext.
func (c *CPU) pushFrame(st *stack, size int, values []uint64, ext uint32) *x86.Exception {
	if exc := c.room(st, size, len(values), ext); exc != nil {
		return exc
	}
	for i := range values {
		off := (st.sp - uint64(size*(i+1))) & st.mask
		if exc := c.probe(st.seg.Base+off, size, mmu.Write, st.user); exc != nil {
			return exc
		}
		if st.user && c.Mode&ModeAlign != 0 && (st.seg.Base+off)&uint64(size-1) != 0 {
			return c.fault(x86.VecAC, ext)
		}
	}
	for _, v := range values {
		off := (st.sp - uint64(size)) & st.mask
		if exc := c.store((st.seg.Base+off)&c.AddrMask, size, v, st.user); exc != nil {
			return exc
		}
		st.sp = off
	}
	return nil
}

// innerStack reads the stack of an inner level from the TSS and checks it (SDM
// 3A 5.8.5).
func (c *CPU) innerStack(cpl int, ext uint32) (st stack, exc *x86.Exception) {
	tr := &c.Seg[x86.TR]
	tssCode := uint32(tr.Sel)&^3 | ext
	var sel, sp uint64
	if tr.Attr&8 != 0 { // 32-bit TSS
		at := uint32(x86.TSS32_ESP0 + 8*cpl)
		if at+5 > tr.Limit { // ESP and the 16 bits of SS
			return st, c.fault(x86.VecTS, tssCode)
		}
		if sp, exc = c.loadSystem(tr.Base+uint64(at), 4); exc != nil {
			return st, exc
		}
		if sel, exc = c.loadSystem(tr.Base+uint64(at)+4, 2); exc != nil {
			return st, exc
		}
	} else {
		at := uint32(x86.TSS16_SP0 + 4*cpl)
		if at+3 > tr.Limit {
			return st, c.fault(x86.VecTS, tssCode)
		}
		if sp, exc = c.loadSystem(tr.Base+uint64(at), 2); exc != nil {
			return st, exc
		}
		if sel, exc = c.loadSystem(tr.Base+uint64(at)+2, 2); exc != nil {
			return st, exc
		}
	}
	d, exc := c.checkStack(x86.Selector(sel), cpl, x86.VecTS, ext)
	if exc != nil {
		return st, exc
	}
	st.seg.load(uint16(sel), d)
	st.mask = 0xffff
	if d.Big() {
		st.mask = 0xffffffff
	}
	st.sp = sp & st.mask
	st.user = cpl == 3
	return st, nil
}
