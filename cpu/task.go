package cpu

import (
	"ringzero/mmu"
	"ringzero/x86"
)

// how a task switch came about (SDM 3A 7.3).
type switchKind uint8

const (
	switchJump switchKind = iota
	switchCall            // CALL, or an interrupt through a task gate
	switchIRET
)

// taskByGate switches to the task that a task gate names.
func (c *CPU) taskByGate(sel x86.Selector, kind switchKind, next uint64, ext uint32) *x86.Exception {
	code := uint32(sel)&^3 | ext
	if sel.Local() || sel.Null() {
		return c.fault(x86.VecGP, code)
	}
	d, at, exc := c.descriptor(sel, x86.VecGP, ext)
	if exc != nil {
		return exc
	}
	if d.Segment() || d.Type() != x86.TypeTSS16 && d.Type() != x86.TypeTSS32 {
		return c.fault(x86.VecGP, code)
	}
	if !d.Present() {
		return c.fault(x86.VecNP, code)
	}
	return c.switchTask(sel, d, at, kind, next, ext)
}

// interruptTask takes an interrupt through a task gate.
func (c *CPU) interruptTask(sel x86.Selector, hasCode bool, code uint32, rf uint64, ext uint32) *x86.Exception {
	saved := c.Flags
	c.Flags |= rf
	if exc := c.taskByGate(sel, switchCall, c.EIP, ext); exc != nil {
		c.Flags = saved
		return exc
	}
	if !hasCode {
		return nil
	}
	size := 4
	if c.Seg[x86.TR].Attr&8 == 0 {
		size = 2
	}
	return c.Push(size, uint64(code))
}

// returnTask is IRET with NT set: back to the task of the link field.
func (c *CPU) returnTask(next uint64) *x86.Exception {
	link, exc := c.loadSystem(c.Seg[x86.TR].Base, 2)
	if exc != nil {
		return exc
	}
	sel := x86.Selector(link)
	code := uint32(sel) &^ 3
	if sel.Local() || sel.Null() {
		return c.fault(x86.VecTS, code)
	}
	d, at, exc := c.descriptor(sel, x86.VecTS, 0)
	if exc != nil {
		return exc
	}
	if d.Segment() || d.Type() != x86.TypeTSS16Busy && d.Type() != x86.TypeTSS32Busy {
		return c.fault(x86.VecTS, code)
	}
	if !d.Present() {
		return c.fault(x86.VecNP, code)
	}
	return c.switchTask(sel, d, at, switchIRET, next, 0)
}

// image is a task state as it is loaded.
type image struct {
	cr3, eip, flags uint64
	r               [8]uint64
	seg             [6]uint16 // ES CS SS DS FS GS
	ldt             uint16
	trap            bool
}

func tssSize(d x86.Descriptor) uint32 {
	if d.Type()&8 != 0 {
		return x86.TSS32_Size
	}
	return x86.TSS16_Size
}

// switchTask saves the present task and loads another (SDM 3A 7.3). Faults up
// to the commit point belong to the old task; later ones, from loading the
// segment registers, to the new one.
func (c *CPU) switchTask(sel x86.Selector, d x86.Descriptor, at uint64, kind switchKind, next uint64, ext uint32) *x86.Exception {
	c.Materialise()
	wide := d.Type()&8 != 0
	if d.Limit() < tssSize(d)-1 {
		return c.fault(x86.VecTS, uint32(sel)&^3|ext)
	}
	old := c.Seg[x86.TR]
	oldWide := old.Attr&8 != 0
	oldSize := uint32(x86.TSS16_Size)
	if oldWide {
		oldSize = x86.TSS32_Size
	}
	base := uint64(d.Base())
	if exc := c.probe(base, int(tssSize(d)), mmu.Read, false); exc != nil {
		return exc
	}
	if exc := c.probe(old.Base, int(oldSize), mmu.Write, false); exc != nil {
		return exc
	}
	if kind == switchCall {
		if exc := c.probe(base, 2, mmu.Write, false); exc != nil {
			return exc
		}
	}
	flags := c.Flags
	if kind == switchIRET {
		flags &^= x86.NT
	}
	// The old task: busy bit, registers.
	if kind != switchCall {
		oldAt := c.GDTR.Base + uint64(old.Sel&^7)
		b, exc := c.loadSystem(oldAt+5, 1)
		if exc != nil {
			return exc
		}
		if exc := c.storeSystem(oldAt+5, 1, b&^2); exc != nil {
			return exc
		}
	}
	if exc := c.saveTSS(old.Base, oldWide, flags, next); exc != nil {
		return exc
	}
	if kind == switchCall {
		if exc := c.storeSystem(base, 2, uint64(old.Sel)); exc != nil {
			return exc
		}
	}
	if kind != switchIRET {
		d |= 2 << 40 // busy
		if exc := c.storeSystem(at+5, 1, uint64(d>>40)&0xff); exc != nil {
			return exc
		}
	}
	// Read only now: both states may be the same memory.
	img, exc := c.readTSS(base, wide)
	if exc != nil {
		return exc
	}
	if kind == switchCall {
		img.flags |= x86.NT
	}
	if exc := c.enterTask(sel, d, wide, &img, ext); exc != nil {
		return exc // in the new task, at its EIP: c.moved stays set
	}
	c.moved = false
	return nil
}

func (c *CPU) readTSS(base uint64, wide bool) (img image, exc *x86.Exception) {
	get := func(off, size int) (v uint64) {
		if exc == nil {
			v, exc = c.loadSystem(base+uint64(off), size)
		}
		return v
	}
	if wide {
		img.cr3 = get(x86.TSS32_CR3, 4)
		img.eip = get(x86.TSS32_EIP, 4)
		img.flags = get(x86.TSS32_EFL, 4)
		for i := range img.r {
			img.r[i] = get(x86.TSS32_EAX+4*i, 4)
		}
		for i := range img.seg {
			img.seg[i] = uint16(get(x86.TSS32_ES+4*i, 2))
		}
		img.ldt = uint16(get(x86.TSS32_LDT, 2))
		img.trap = get(x86.TSS32_T, 2)&1 != 0
		return img, exc
	}
	img.cr3 = c.CR3
	img.eip = get(x86.TSS16_IP, 2)
	img.flags = get(x86.TSS16_FL, 2)
	for i := range img.r {
		img.r[i] = get(x86.TSS16_AX+2*i, 2) | 0xffff0000
	}
	for i := range 4 {
		img.seg[i] = uint16(get(x86.TSS16_ES+2*i, 2))
	}
	img.ldt = uint16(get(x86.TSS16_LDT, 2))
	return img, exc
}

func (c *CPU) saveTSS(base uint64, wide bool, flags, next uint64) (exc *x86.Exception) {
	put := func(off, size int, v uint64) {
		if exc == nil {
			exc = c.storeSystem(base+uint64(off), size, v)
		}
	}
	if wide {
		put(x86.TSS32_EIP, 4, next)
		put(x86.TSS32_EFL, 4, flags)
		for i := range 8 {
			put(x86.TSS32_EAX+4*i, 4, c.R[i])
		}
		for i := range 6 {
			put(x86.TSS32_ES+4*i, 2, uint64(c.Seg[i].Sel))
		}
		return exc
	}
	put(x86.TSS16_IP, 2, next)
	put(x86.TSS16_FL, 2, flags)
	for i := range 8 {
		put(x86.TSS16_AX+2*i, 2, c.R[i])
	}
	for i := range 4 {
		put(x86.TSS16_ES+2*i, 2, uint64(c.Seg[i].Sel))
	}
	return exc
}

// enterTask commits the new task and then loads its segments with checks.
func (c *CPU) enterTask(sel x86.Selector, d x86.Descriptor, wide bool, img *image, ext uint32) *x86.Exception {
	c.Seg[x86.TR].load(uint16(sel), d|2<<40)
	c.CR0 |= x86.CR0_TS
	if wide && c.CR0&x86.CR0_PG != 0 && img.cr3 != c.CR3 {
		c.CR3 = img.cr3
		if c.CR4&x86.CR4_PAE != 0 {
			c.MMU.LoadPDPTEs(c.CR3)
		}
		c.addressSpace()
	}
	copy(c.R[:], img.r[:])
	c.EIP, c.moved = img.eip, true
	mask := uint64(iretMask16)
	if wide {
		mask = c.existing(iretMask32 | x86.VM | x86.VIF | x86.VIP)
	}
	c.Flags = img.flags&mask | x86.F1
	c.CCOp = CCFlags
	if c.IRQ && c.Flags&x86.IF != 0 {
		c.EndSlice()
	}
	c.DR[7] &^= 0x155 // local breakpoints
	c.updateDebug()
	if img.trap {
		c.PendingDB |= x86.DR6_BT
		c.EndSlice()
	}
	// Until its checks pass each register is null but for the selector.
	for i := range img.seg {
		c.Seg[i] = nullSegment(img.seg[i])
	}
	c.Seg[x86.LDTR] = nullSegment(img.ldt)
	if c.Flags&x86.VM == 0 {
		c.CPL = uint8(img.seg[x86.CS] & 3)
	} else {
		c.CPL = 3
	}
	defer c.updateMode()
	// The first error is raised, in the new task; what else can be loaded is
	// (SDM 3A 6.15, interrupt 10: all state is loaded without further checks).
	var first *x86.Exception
	note := func(exc *x86.Exception) {
		if exc != nil && first == nil {
			e := *exc
			first = &e
		}
	}
	note(c.taskLDT(x86.Selector(img.ldt), ext))
	if c.Flags&x86.VM != 0 {
		for i := range img.seg {
			c.loadReal(i, img.seg[i])
		}
	} else {
		note(c.taskCode(x86.Selector(img.seg[x86.CS]), ext))
		note(c.taskStack(x86.Selector(img.seg[x86.SS]), ext))
		for _, i := range [...]int{x86.DS, x86.ES, x86.FS, x86.GS} {
			note(c.taskData(i, x86.Selector(img.seg[i]), ext))
		}
	}
	if first == nil && c.EIP > uint64(c.Seg[x86.CS].Limit) {
		return c.fault(x86.VecGP, ext)
	}
	return first
}

func (c *CPU) taskLDT(sel x86.Selector, ext uint32) *x86.Exception {
	if sel.Null() {
		return nil
	}
	code := uint32(sel)&^3 | ext
	if sel.Local() {
		return c.fault(x86.VecTS, code)
	}
	d, _, exc := c.descriptor(sel, x86.VecTS, ext)
	if exc != nil {
		return exc
	}
	if d.Segment() || d.Type() != x86.TypeLDT || !d.Present() {
		return c.fault(x86.VecTS, code)
	}
	c.Seg[x86.LDTR].load(uint16(sel), d)
	return nil
}

func (c *CPU) taskCode(sel x86.Selector, ext uint32) *x86.Exception {
	code := uint32(sel)&^3 | ext
	if sel.Null() {
		return c.fault(x86.VecTS, code)
	}
	d, at, exc := c.descriptor(sel, x86.VecTS, ext)
	if exc != nil {
		return exc
	}
	if !d.Segment() || !d.Code() || d.Conforming() && d.DPL() > sel.RPL() || !d.Conforming() && d.DPL() != sel.RPL() {
		return c.fault(x86.VecTS, code)
	}
	if !d.Present() {
		return c.fault(x86.VecNP, code)
	}
	if d, exc = c.touch(d, at); exc != nil {
		return exc
	}
	c.Seg[x86.CS].load(uint16(sel), d)
	return nil
}

func (c *CPU) taskStack(sel x86.Selector, ext uint32) *x86.Exception {
	d, exc := c.checkStack(sel, int(c.CPL), x86.VecTS, ext)
	if exc == nil {
		c.Seg[x86.SS].load(uint16(sel), d)
	}
	return exc
}

func (c *CPU) taskData(seg int, sel x86.Selector, ext uint32) *x86.Exception {
	if sel.Null() {
		return nil
	}
	code := uint32(sel)&^3 | ext
	d, at, exc := c.descriptor(sel, x86.VecTS, ext)
	if exc != nil {
		return exc
	}
	if !d.Segment() || !d.Readable() || !d.Conforming() && (d.DPL() < sel.RPL() || d.DPL() < int(c.CPL)) {
		return c.fault(x86.VecTS, code)
	}
	if !d.Present() {
		return c.fault(x86.VecNP, code)
	}
	if d, exc = c.touch(d, at); exc != nil {
		return exc
	}
	c.Seg[seg].load(uint16(sel), d)
	return nil
}
