package cpu

import (
	"ringzero/decoder"
	"ringzero/x86"
)

// farTarget reads the operand of a far JMP or CALL: Ap or Mp.
func (c *CPU) farTarget(in *decoder.Inst) (sel x86.Selector, off uint64, exc *x86.Exception) {
	if in.Args[0].Kind == decoder.KindFar {
		return x86.Selector(in.Imm2), in.Imm, nil
	}
	off, s, exc := c.loadPair(in, int(in.OpSize), 2)
	return x86.Selector(s), off, exc
}

// jmpFar is JMP ptr16:16/32 and m16:16/32 (SDM 2A JMP).
func jmpFar(c *CPU, s *Site) *x86.Exception {
	sel, off, exc := c.farTarget(s.Inst)
	if exc != nil {
		return exc
	}
	if !c.protected() {
		if off > uint64(c.Seg[x86.CS].Limit) {
			return c.gp0()
		}
		c.loadReal(x86.CS, uint16(sel))
		c.EIP = off
		c.updateMode()
		return nil
	}
	if sel.Null() {
		return c.gp0()
	}
	d, at, exc := c.descriptor(sel, x86.VecGP, 0)
	if exc != nil {
		return exc
	}
	if d.Segment() {
		return c.jumpCode(sel, d, at, off)
	}
	return c.systemTarget(sel, d, at, switchJump, c.next(s))
}

// systemTarget is a far JMP or CALL by a system descriptor: a call gate, a task gate
// or a TSS (SDM 3A 5.8.2, 8.3).
func (c *CPU) systemTarget(sel x86.Selector, d x86.Descriptor, at uint64, kind switchKind, next uint64) *x86.Exception {
	code := uint32(sel) &^ 3
	if d.DPL() < int(c.CPL) || d.DPL() < sel.RPL() {
		return c.fault(x86.VecGP, code)
	}
	t := d.Type()
	tss := t == x86.TypeTSS16 || t == x86.TypeTSS32
	switch {
	case tss && sel.Local(): // a TSS descriptor stands in the GDT
		return c.fault(x86.VecGP, code)
	case !tss && t != x86.TypeCall16 && t != x86.TypeCall32 && t != x86.TypeTask:
		return c.fault(x86.VecGP, code)
	case !d.Present():
		return c.fault(x86.VecNP, code)
	case tss:
		return c.switchTask(sel, d, at, kind, next, 0)
	case t == x86.TypeTask:
		return c.taskByGate(d.GateSelector(), kind, next, 0)
	case kind == switchCall:
		return c.callGate(d, next)
	}
	return c.jumpGate(d)
}

// throughGate reads what a call gate leads to: a segment's descriptor, which stands
// at an address, and an offset in that segment.
func (c *CPU) throughGate(gate x86.Descriptor) (d x86.Descriptor, at, off uint64, exc *x86.Exception) {
	sel := gate.GateSelector()
	if sel.Null() {
		return d, 0, 0, c.gp0()
	}
	if d, at, exc = c.descriptor(sel, x86.VecGP, 0); exc != nil {
		return d, 0, 0, exc
	}
	if !d.Segment() {
		return d, 0, 0, c.fault(x86.VecGP, uint32(sel)&^3)
	}
	off = uint64(gate.GateOffset())
	if gate.Type() == x86.TypeCall16 {
		off &= 0xffff
	}
	return d, at, off, nil
}

// jumpGate is a JMP through a call gate.
func (c *CPU) jumpGate(gate x86.Descriptor) *x86.Exception {
	d, at, off, exc := c.throughGate(gate)
	if exc != nil {
		return exc
	}
	return c.jumpCode(gate.GateSelector()&^3|x86.Selector(c.CPL), d, at, off)
}

// checkCode makes the checks of a direct transfer to a code segment at the same
// level.
func (c *CPU) checkCode(sel x86.Selector, d x86.Descriptor) *x86.Exception {
	code := uint32(sel) &^ 3
	if !d.Code() {
		return c.fault(x86.VecGP, code)
	}
	if d.Conforming() {
		if d.DPL() > int(c.CPL) {
			return c.fault(x86.VecGP, code)
		}
	} else if sel.RPL() > int(c.CPL) || d.DPL() != int(c.CPL) {
		return c.fault(x86.VecGP, code)
	}
	if !d.Present() {
		return c.fault(x86.VecNP, code)
	}
	return nil
}

func (c *CPU) jumpCode(sel x86.Selector, d x86.Descriptor, at, off uint64) *x86.Exception {
	if exc := c.checkCode(sel, d); exc != nil {
		return exc
	}
	if off > uint64(d.Limit()) {
		return c.gp0()
	}
	d, exc := c.touch(d, at)
	if exc != nil {
		return exc
	}
	c.setCS(sel, d, int(c.CPL))
	c.EIP = off
	c.updateMode()
	return nil
}

// callFar is CALL ptr16:16/32 and m16:16/32 (SDM 2A CALL).
func callFar(c *CPU, s *Site) *x86.Exception {
	sel, off, exc := c.farTarget(s.Inst)
	if exc != nil {
		return exc
	}
	size := int(s.Inst.OpSize)
	next := c.next(s)
	if !c.protected() {
		if off > uint64(c.Seg[x86.CS].Limit) {
			return c.gp0()
		}
		st := c.stackNow()
		if exc := c.pushFrame(&st, size, []uint64{uint64(c.Seg[x86.CS].Sel), next}, 0); exc != nil {
			return exc
		}
		c.SetSP(st.sp)
		c.loadReal(x86.CS, uint16(sel))
		c.EIP = off
		c.updateMode()
		return nil
	}
	if sel.Null() {
		return c.gp0()
	}
	d, at, exc := c.descriptor(sel, x86.VecGP, 0)
	if exc != nil {
		return exc
	}
	if d.Segment() {
		if exc := c.checkCode(sel, d); exc != nil {
			return exc
		}
		st := c.stackNow()
		if exc := c.room(&st, size, 2, 0); exc != nil {
			return exc
		}
		if off > uint64(d.Limit()) {
			return c.gp0()
		}
		if exc := c.pushFrame(&st, size, []uint64{uint64(c.Seg[x86.CS].Sel), next}, 0); exc != nil {
			return exc
		}
		if d, exc = c.touch(d, at); exc != nil {
			return exc
		}
		c.SetSP(st.sp)
		c.setCS(sel, d, int(c.CPL))
		c.EIP = off
		c.updateMode()
		return nil
	}
	return c.systemTarget(sel, d, at, switchCall, next)
}

// callGate is a CALL through a call gate (SDM 3A 5.8.4).
func (c *CPU) callGate(gate x86.Descriptor, next uint64) *x86.Exception {
	d, at, off, exc := c.throughGate(gate)
	if exc != nil {
		return exc
	}
	size := 4
	if gate.Type() == x86.TypeCall16 {
		size = 2
	}
	sel := gate.GateSelector()
	code := uint32(sel) &^ 3
	if !d.Code() || d.DPL() > int(c.CPL) {
		return c.fault(x86.VecGP, code)
	}
	if !d.Present() {
		return c.fault(x86.VecNP, code)
	}
	cpl := int(c.CPL)
	st := c.stackNow()
	inner := !d.Conforming() && d.DPL() < cpl
	n := 2
	if inner {
		cpl = d.DPL()
		if st, exc = c.innerStack(cpl, 0); exc != nil {
			return exc
		}
		n += 2 + gate.GateCount()
	}
	if exc := c.room(&st, size, n, 0); exc != nil {
		return exc
	}
	if off > uint64(d.Limit()) {
		return c.gp0()
	}
	var frame [36]uint64
	n = 0
	if inner {
		frame[0], frame[1], n = uint64(c.Seg[x86.SS].Sel), c.R[x86.SP], 2
		for i := gate.GateCount() - 1; i >= 0; i-- {
			v, exc := c.Peek(uint64(i*size), size)
			if exc != nil {
				return exc
			}
			frame[n] = v
			n++
		}
	}
	frame[n], frame[n+1] = uint64(c.Seg[x86.CS].Sel), next
	if exc := c.pushFrame(&st, size, frame[:n+2], 0); exc != nil {
		return exc
	}
	if d, exc = c.touch(d, at); exc != nil {
		return exc
	}
	if cpl != int(c.CPL) {
		c.Seg[x86.SS] = st.seg
	}
	c.R[x86.SP] = c.R[x86.SP]&^st.mask | st.sp
	c.setCS(sel, d, cpl)
	c.EIP = off
	c.updateMode()
	return nil
}

// retFar is RETF and RETF imm16 (SDM 2B RET).
func retFar(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	size := uint64(in.OpSize)
	drop := uint64(0)
	if in.N > 0 {
		drop = in.Imm & 0xffff
	}
	off, exc := c.Peek(0, int(size))
	if exc != nil {
		return exc
	}
	raw, exc := c.Peek(size, int(size))
	if exc != nil {
		return exc
	}
	sel := x86.Selector(raw)
	if !c.protected() {
		if off > uint64(c.Seg[x86.CS].Limit) {
			return c.gp0()
		}
		c.SetSP(c.R[x86.SP] + 2*size + drop)
		c.loadReal(x86.CS, uint16(sel))
		c.EIP = off
		c.updateMode()
		return nil
	}
	return c.returnFar(sel, off, size, 2*size+drop, drop, nil)
}

// returnFar is the common end of RETF and IRET in protected mode. above is what
// the frame and the dropped parameters take on the present stack; flags, where
// given, applies the popped EFLAGS with the old privilege.
func (c *CPU) returnFar(sel x86.Selector, off, size, above, drop uint64, flags func()) *x86.Exception {
	if sel.Null() {
		return c.gp0()
	}
	d, at, exc := c.descriptor(sel, x86.VecGP, 0)
	if exc != nil {
		return exc
	}
	code := uint32(sel) &^ 3
	rpl := sel.RPL()
	if !d.Segment() || !d.Code() || rpl < int(c.CPL) ||
		d.Conforming() && d.DPL() > rpl || !d.Conforming() && d.DPL() != rpl {
		return c.fault(x86.VecGP, code)
	}
	if !d.Present() {
		return c.fault(x86.VecNP, code)
	}
	if rpl == int(c.CPL) {
		if off > uint64(d.Limit()) {
			return c.gp0()
		}
		if d, exc = c.touch(d, at); exc != nil {
			return exc
		}
		c.SetSP(c.R[x86.SP] + above)
		if flags != nil {
			flags()
		}
		c.setCS(sel, d, rpl)
		c.EIP = off
		c.updateMode()
		return nil
	}
	sp, exc := c.Peek(above, int(size))
	if exc != nil {
		return exc
	}
	ss, exc := c.Peek(above+size, int(size))
	if exc != nil {
		return exc
	}
	sd, exc := c.checkStack(x86.Selector(ss), rpl, x86.VecGP, 0)
	if exc != nil {
		return exc
	}
	if off > uint64(d.Limit()) {
		return c.gp0()
	}
	if d, exc = c.touch(d, at); exc != nil {
		return exc
	}
	if flags != nil {
		flags()
	}
	c.setCS(sel, d, rpl)
	c.Seg[x86.SS].load(uint16(ss), sd)
	if size == 2 && c.StackMask() == 0xffffffff {
		c.R[x86.SP] = sp + drop
	} else if c.StackMask() == 0xffff {
		// Only SP is written with a 16-bit stack; the upper half of ESP keeps
		// its value, as on processors up to today's (the ESPFIX leak).
		c.R[x86.SP] = c.R[x86.SP]&^0xffff | (sp+drop)&0xffff
	} else {
		c.R[x86.SP] = (sp + drop) & 0xffffffff
	}
	c.EIP = off
	c.nullOuter()
	c.updateMode()
	return nil
}

// flag masks that IRET and POPF may change.
const (
	iretMask16 = x86.Arith | x86.TF | x86.IF | x86.DF | x86.IOPL | x86.NT
	iretMask32 = iretMask16 | x86.RF | x86.AC | x86.ID
)

// existing leaves of a set of flags those that the processor's model has.
func (c *CPU) existing(mask uint64) uint64 {
	if c.Model.NoID {
		mask &^= x86.ID
	}
	if !c.Model.has(featVME) {
		mask &^= x86.VIF | x86.VIP
	}
	return mask
}

// writable is the set of flags that an IRET or POPF of this size may change at
// the present privilege (SDM 2A IRET, POPF).
func (c *CPU) writable(mask uint64) uint64 {
	mask = c.existing(mask)
	if c.CPL > 0 {
		mask &^= x86.IOPL
	}
	if c.CPL > c.iopl() {
		mask &^= x86.IF
	}
	return mask
}

// iret is IRET and IRETD (SDM 2A IRET).
func iret(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	size := uint64(in.OpSize)
	c.Materialise()
	if c.v86() {
		return c.iretV86(size)
	}
	if !c.real() && c.Flags&x86.NT != 0 {
		return c.returnTask(c.next(s))
	}
	var f [3]uint64
	for i := range f {
		v, exc := c.Peek(uint64(i)*size, int(size))
		if exc != nil {
			return exc
		}
		f[i] = v
	}
	mask := uint64(iretMask32)
	if size == 2 {
		mask = iretMask16
	}
	c.NMIBlocked = false
	if c.real() {
		if f[0] > uint64(c.Seg[x86.CS].Limit) {
			return c.gp0()
		}
		c.SetSP(c.R[x86.SP] + 3*size)
		c.loadReal(x86.CS, uint16(f[1]))
		c.EIP = f[0]
		c.popFlags(f[2], c.writable(mask))
		c.updateMode()
		return nil
	}
	if size == 4 && f[2]&x86.VM != 0 && c.CPL == 0 {
		return c.iretToV86(f)
	}
	if size == 4 && c.CPL == 0 {
		mask |= x86.VIF | x86.VIP
	}
	mask = c.writable(mask)
	return c.returnFar(x86.Selector(f[1]), f[0], size, 3*size, 0, func() { c.popFlags(f[2], mask) })
}

// popFlags replaces the flags in mask, and leaves translated code where an
// interrupt may now be taken.
func (c *CPU) popFlags(v, mask uint64) {
	c.Materialise()
	c.setFlags(c.Flags&^mask | v&mask)
}

// iretToV86 enters virtual-8086 mode from level 0 (SDM 3B 20.2.5).
func (c *CPU) iretToV86(f [3]uint64) *x86.Exception {
	var v [6]uint64 // ESP SS ES DS FS GS
	for i := range v {
		w, exc := c.Peek(12+uint64(i)*4, 4)
		if exc != nil {
			return exc
		}
		v[i] = w
	}
	if f[0] > 0xffff {
		return c.gp0()
	}
	mask := c.existing(iretMask32 | x86.VM | x86.VIF | x86.VIP)
	c.CPL = 3
	c.setFlags(c.Flags&^mask | f[2]&mask)
	c.loadReal(x86.CS, uint16(f[1]))
	c.EIP = f[0]
	c.loadReal(x86.SS, uint16(v[1]))
	c.R[x86.SP] = v[0]
	c.loadReal(x86.ES, uint16(v[2]))
	c.loadReal(x86.DS, uint16(v[3]))
	c.loadReal(x86.FS, uint16(v[4]))
	c.loadReal(x86.GS, uint16(v[5]))
	c.updateMode()
	return nil
}

// iretV86 is IRET within virtual-8086 mode: with IOPL 3, or, under VME, on the
// virtual interrupt flag (SDM 3B 20.3).
func (c *CPU) iretV86(size uint64) *x86.Exception {
	vme := c.iopl() < 3
	if vme && (c.CR4&x86.CR4_VME == 0 || size == 4) {
		return c.gp0()
	}
	var f [3]uint64
	for i := range f {
		v, exc := c.Peek(uint64(i)*size, int(size))
		if exc != nil {
			return exc
		}
		f[i] = v
	}
	if f[0] > uint64(c.Seg[x86.CS].Limit) {
		return c.gp0()
	}
	if vme && (f[2]&x86.TF != 0 || f[2]&x86.IF != 0 && c.Flags&x86.VIP != 0) {
		return c.gp0()
	}
	c.NMIBlocked = false
	c.SetSP(c.R[x86.SP] + 3*size)
	c.loadReal(x86.CS, uint16(f[1]))
	c.EIP = f[0]
	if vme {
		c.popVirtual(f[2])
	} else {
		mask := uint64(iretMask32)
		if size == 2 {
			mask = iretMask16
		}
		c.popFlags(f[2], c.writable(mask))
	}
	c.updateMode()
	return nil
}

// popVirtual loads FLAGS under VME: IF goes to VIF, IOPL stays.
func (c *CPU) popVirtual(v uint64) {
	if v&x86.IF != 0 {
		v |= x86.VIF
	}
	c.popFlags(v, iretMask16&^(x86.IF|x86.IOPL)|x86.VIF)
}

// BadTarget is the fault of a near branch beyond the code segment's limit.
func (c *CPU) BadTarget() *x86.Exception { return c.gp0() }

// sysenter and SYSEXIT (SDM 2B).
func sysenter(c *CPU, s *Site) *x86.Exception {
	if c.real() || c.SysenterCS&0xfffc == 0 {
		return c.gp0()
	}
	c.Flags &^= x86.VM | x86.IF
	cs := uint16(c.SysenterCS) &^ 3
	c.flatSegments(cs, cs+8, 0)
	c.EIP = c.SysenterEIP & 0xffffffff
	c.R[x86.SP] = c.SysenterESP & 0xffffffff
	c.updateMode()
	return nil
}

func sysexit(c *CPU, s *Site) *x86.Exception {
	if c.real() || c.SysenterCS&0xfffc == 0 {
		return c.gp0()
	}
	cs := uint16(c.SysenterCS)&^3 + 16
	c.EIP = c.R[x86.DX] & 0xffffffff
	c.R[x86.SP] = c.R[x86.CX] & 0xffffffff
	c.flatSegments(cs|3, (cs+8)|3, 3)
	c.updateMode()
	return nil
}

// flatSegments loads the fixed code and stack segments of SYSENTER and SYSEXIT.
func (c *CPU) flatSegments(cs, ss uint16, cpl uint8) {
	dpl := uint16(cpl) << 5
	c.Seg[x86.CS] = Segment{Sel: cs, Limit: 0xffffffff, Attr: attrP | attrS | attrCode | attrRW | attrA | attrDB | attrG | dpl}
	c.Seg[x86.SS] = Segment{Sel: ss, Limit: 0xffffffff, Attr: attrP | attrS | attrRW | attrA | attrDB | attrG | dpl}
	c.Seg[x86.CS].derive()
	c.Seg[x86.SS].derive()
	c.CPL = cpl
}
