package cpu

import (
	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/x86"
)

// CLI is #GP(0) above IOPL, but for the virtual interrupt flag of VME and PVI
// (SDM 2A CLI).
func CLI(c *CPU, s *Site) *x86.Exception {
	if !c.real() && c.CPL > c.iopl() || c.v86() && c.iopl() < 3 {
		if c.v86() && c.CR4&x86.CR4_VME != 0 || !c.v86() && c.CPL == 3 && c.CR4&x86.CR4_PVI != 0 {
			c.Flags &^= x86.VIF
			return nil
		}
		return c.gp0()
	}
	c.Flags &^= x86.IF
	return nil
}

// STI likewise; interrupts stay inhibited for one more instruction where IF was
// clear (SDM 2B STI).
func STI(c *CPU, s *Site) *x86.Exception {
	if !c.real() && c.CPL > c.iopl() || c.v86() && c.iopl() < 3 {
		if c.v86() && c.CR4&x86.CR4_VME != 0 || !c.v86() && c.CPL == 3 && c.CR4&x86.CR4_PVI != 0 {
			if c.Flags&x86.VIP != 0 {
				return c.gp0()
			}
			c.Flags |= x86.VIF
			return nil
		}
		return c.gp0()
	}
	if c.Flags&x86.IF == 0 {
		c.Flags |= x86.IF
		c.shadow(false)
		if c.IRQ {
			c.Leave()
		}
	}
	return nil
}

// shadow inhibits interrupts, and debug traps as well after a load of SS, until
// the next instruction has retired.
func (c *CPU) shadow(debug bool) {
	c.ShadowStep = c.Steps() + 1
	c.ShadowDebug = debug
	if debug && (c.checkBP || c.Flags&x86.TF != 0) || c.IRQ || c.NMI {
		c.Leave()
	}
}

// PUSHF is PUSHF and PUSHFD (SDM 2B PUSHF).
func PUSHF(c *CPU, s *Site) *x86.Exception {
	size := int(s.Inst.OpSize)
	f := c.EFLAGS() &^ (x86.VM | x86.RF)
	if c.v86() && c.iopl() < 3 {
		if c.CR4&x86.CR4_VME == 0 || size == 4 {
			return c.gp0()
		}
		f = f&^x86.IF | x86.IOPL
		if c.Flags&x86.VIF != 0 {
			f |= x86.IF
		}
	}
	return c.Push(size, f)
}

// POPF is POPF and POPFD: at CPL above IOPL the change of IF is silently
// ignored, which is why it is the classic critical instruction (SDM 2B POPF).
func POPF(c *CPU, s *Site) *x86.Exception {
	size := int(s.Inst.OpSize)
	virtual := c.v86() && c.iopl() < 3
	if virtual && (c.CR4&x86.CR4_VME == 0 || size == 4) {
		return c.gp0()
	}
	v, exc := c.Peek(0, size)
	if exc != nil {
		return exc
	}
	mask := uint64(iretMask16)
	if size == 4 {
		mask = iretMask32 &^ x86.RF
	}
	if virtual {
		if v&x86.TF != 0 || v&x86.IF != 0 && c.Flags&x86.VIP != 0 {
			return c.gp0()
		}
		c.SetSP(c.R[x86.SP] + uint64(size))
		c.popVirtual(v)
		return nil
	}
	if c.v86() {
		mask &^= x86.IOPL
	}
	mask = c.writable(mask)
	c.SetSP(c.R[x86.SP] + uint64(size))
	if size == 4 {
		c.Flags &^= x86.RF
	}
	c.popFlags(v, mask)
	return nil
}

// HLT stops until an interrupt (SDM 2A HLT).
func HLT(c *CPU, s *Site) *x86.Exception {
	if c.CPL != 0 {
		return c.gp0()
	}
	c.Halted = true
	c.Leave()
	return nil
}

// tableLoad is LGDT and LIDT.
func tableLoad(c *CPU, s *Site) (t Table, exc *x86.Exception) {
	if c.CPL != 0 {
		return t, c.gp0()
	}
	limit, base, exc := c.loadPair(s.Inst, 2, 4)
	if s.Inst.OpSize == 2 {
		base &= 0xffffff
	}
	return Table{base, uint16(limit)}, exc
}

func LGDT(c *CPU, s *Site) *x86.Exception {
	t, exc := tableLoad(c, s)
	if exc == nil {
		c.GDTR = t
	}
	return exc
}

func LIDT(c *CPU, s *Site) *x86.Exception {
	t, exc := tableLoad(c, s)
	if exc == nil {
		c.IDTR = t
	}
	return exc
}

func tableStore(c *CPU, s *Site, t Table) *x86.Exception {
	if c.CR4&x86.CR4_UMIP != 0 && c.CPL > 0 {
		return c.gp0()
	}
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

func SGDT(c *CPU, s *Site) *x86.Exception { return tableStore(c, s, c.GDTR) }
func SIDT(c *CPU, s *Site) *x86.Exception { return tableStore(c, s, c.IDTR) }

// storeSelector writes a 16-bit register: to memory a word, to a register its
// operand size, zero-extended.
func (c *CPU) storeSelector(in *decoder.Inst, v uint64) *x86.Exception {
	if in.Args[0].Kind == decoder.KindMem {
		return c.StoreSeg(in.Seg, c.EA(in), 2, v)
	}
	c.SetReg(&in.Args[0], v)
	return nil
}

func SLDT(c *CPU, s *Site) *x86.Exception {
	if c.CR4&x86.CR4_UMIP != 0 && c.CPL > 0 {
		return c.gp0()
	}
	return c.storeSelector(s.Inst, uint64(c.Seg[x86.LDTR].Sel))
}

func STR(c *CPU, s *Site) *x86.Exception {
	if c.CR4&x86.CR4_UMIP != 0 && c.CPL > 0 {
		return c.gp0()
	}
	return c.storeSelector(s.Inst, uint64(c.Seg[x86.TR].Sel))
}

func SMSW(c *CPU, s *Site) *x86.Exception {
	if c.CR4&x86.CR4_UMIP != 0 && c.CPL > 0 {
		return c.gp0()
	}
	return c.storeSelector(s.Inst, c.CR0)
}

// LMSW writes the low four bits of CR0; PE can't be cleared (SDM 2A LMSW).
func LMSW(c *CPU, s *Site) *x86.Exception {
	if c.CPL != 0 {
		return c.gp0()
	}
	v, exc := c.Operand(s.Inst, 0)
	if exc != nil {
		return exc
	}
	return c.setCR0(c.CR0&^0xe | v&0xf)
}

func LLDT(c *CPU, s *Site) *x86.Exception {
	if c.CPL != 0 {
		return c.gp0()
	}
	v, exc := c.Operand(s.Inst, 0)
	if exc != nil {
		return exc
	}
	sel := x86.Selector(v)
	if sel.Null() {
		c.Seg[x86.LDTR] = Segment{Sel: uint16(sel), ReadLo: 1, WriteLo: 1}
		return nil
	}
	code := uint32(sel) &^ 3
	if sel.Local() {
		return c.fault(x86.GP, code)
	}
	d, _, exc := c.descriptor(sel, x86.GP, 0)
	if exc != nil {
		return exc
	}
	if d.Segment() || d.Type() != x86.TypeLDT {
		return c.fault(x86.GP, code)
	}
	if !d.Present() {
		return c.fault(x86.NP, code)
	}
	c.Seg[x86.LDTR].load(uint16(sel), d)
	return nil
}

func LTR(c *CPU, s *Site) *x86.Exception {
	if c.CPL != 0 {
		return c.gp0()
	}
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
		return c.fault(x86.GP, code)
	}
	d, at, exc := c.descriptor(sel, x86.GP, 0)
	if exc != nil {
		return exc
	}
	if d.Segment() || d.Type() != x86.TypeTSS16 && d.Type() != x86.TypeTSS32 {
		return c.fault(x86.GP, code)
	}
	if !d.Present() {
		return c.fault(x86.NP, code)
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
	d, _, exc = c.descriptor(sel, x86.GP, 0)
	if exc != nil {
		if exc.Vector == x86.GP {
			return 0, false, nil
		}
		return 0, false, exc
	}
	if d.Segment() && d.Conforming() {
		return d, true, nil
	}
	return d, d.DPL() >= int(c.CPL) && d.DPL() >= sel.RPL(), nil
}

func (c *CPU) setZF(z bool) {
	v := uint64(0)
	if z {
		v = x86.ZF
	}
	c.SetArith(x86.ZF, v)
}

func LAR(c *CPU, s *Site) *x86.Exception {
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

func LSL(c *CPU, s *Site) *x86.Exception {
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

func VERR(c *CPU, s *Site) *x86.Exception {
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

func VERW(c *CPU, s *Site) *x86.Exception {
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

// ARPL writes its destination, and asks for the right to, only where it has
// something to adjust (so does silicon, says test386); a missing page is
// reported as a write, as for any operand that is read to be modified.
func ARPL(c *CPU, s *Site) *x86.Exception {
	dst, exc := c.Operand(s.Inst, 0)
	if exc != nil {
		if exc.Vector == x86.PF_ {
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

// MOVSeg is MOV to and from a segment register.
func MOVSeg(c *CPU, s *Site) *x86.Exception {
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

// PUSHSeg pushes a selector; with a 32-bit operand only the low word is
// written (SDM 2B PUSH).
func PUSHSeg(c *CPU, s *Site) *x86.Exception {
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

// POPSeg pops a selector.
func POPSeg(c *CPU, s *Site) *x86.Exception {
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

// LoadFar is LDS, LES, LSS, LFS and LGS.
func LoadFar(c *CPU, s *Site) *x86.Exception {
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

// setCR0 checks and writes CR0 (SDM 3A 2.5).
func (c *CPU) setCR0(v uint64) *x86.Exception {
	const known = x86.CR0_PE | x86.CR0_MP | x86.CR0_EM | x86.CR0_TS | x86.CR0_ET | x86.CR0_NE | x86.CR0_WP |
		x86.CR0_AM | x86.CR0_NW | x86.CR0_CD | x86.CR0_PG
	v = v&known | x86.CR0_ET
	if v&x86.CR0_PG != 0 && v&x86.CR0_PE == 0 || v&x86.CR0_NW != 0 && v&x86.CR0_CD == 0 {
		return c.gp0()
	}
	changed := v ^ c.CR0
	if v&x86.CR0_PG != 0 && c.CR4&x86.CR4_PAE != 0 && changed&(x86.CR0_PG|x86.CR0_CD|x86.CR0_NW) != 0 {
		if !c.MMU.LoadPDPTEs(c.CR3) {
			return c.gp0()
		}
	}
	c.CR0 = v
	if changed&x86.CR0_PE != 0 && v&x86.CR0_PE == 0 {
		c.CPL = 0
	}
	if changed&(x86.CR0_PG|x86.CR0_WP) != 0 {
		c.addressSpace()
	} else {
		c.updateMode()
	}
	return nil
}

func (c *CPU) setCR3(v uint64) *x86.Exception {
	if c.CR0&x86.CR0_PG != 0 && c.CR4&x86.CR4_PAE != 0 && !c.MMU.LoadPDPTEs(v) {
		return c.gp0()
	}
	c.CR3 = v & 0xffffffff
	c.addressSpace()
	return nil
}

func (c *CPU) setCR4(v uint64) *x86.Exception {
	if v&^c.Model.CR4 != 0 {
		return c.gp0()
	}
	const paging = x86.CR4_PAE | x86.CR4_PSE | x86.CR4_PGE | x86.CR4_SMEP
	changed := v ^ c.CR4
	if c.CR0&x86.CR0_PG != 0 && v&x86.CR4_PAE != 0 && changed&paging != 0 && !c.MMU.LoadPDPTEs(c.CR3) {
		return c.gp0()
	}
	c.CR4 = v
	if changed&paging != 0 {
		c.addressSpace()
	}
	c.updateMode()
	c.updateDebug()
	return nil
}

// MOVCR is MOV to and from a control register (SDM 2B MOV).
func MOVCR(c *CPU, s *Site) *x86.Exception {
	if c.CPL != 0 {
		return c.gp0()
	}
	in := s.Inst
	if in.Args[0].Kind == decoder.KindCR {
		v := c.Reg(&in.Args[1]) & 0xffffffff
		switch in.Args[0].Reg {
		case 0:
			return c.setCR0(v)
		case 2:
			c.CR2 = v
			return nil
		case 3:
			return c.setCR3(v)
		case 4:
			if c.Model.CR4 != 0 {
				return c.setCR4(v)
			}
		}
		return c.ud()
	}
	var v uint64
	switch in.Args[1].Reg {
	case 0:
		v = c.CR0
	case 2:
		v = c.CR2
	case 3:
		v = c.CR3
	case 4:
		if c.Model.CR4 == 0 {
			return c.ud()
		}
		v = c.CR4
	default:
		return c.ud()
	}
	c.SetReg(&in.Args[0], v)
	return nil
}

func CLTS(c *CPU, s *Site) *x86.Exception {
	if c.CPL != 0 {
		return c.gp0()
	}
	c.CR0 &^= x86.CR0_TS
	c.updateMode()
	return nil
}

func INVLPG(c *CPU, s *Site) *x86.Exception {
	if c.CPL != 0 {
		return c.gp0()
	}
	in := s.Inst
	c.MMU.Invalidate((c.Seg[in.Seg].Base + c.EA(in)) & 0xffffffff)
	return nil
}

// Cache is INVD and WBINVD: there is no cache to write back.
func Cache(c *CPU, s *Site) *x86.Exception {
	if c.CPL != 0 {
		return c.gp0()
	}
	return nil
}

// TSC is the time-stamp counter: one tick a virtual nanosecond.
func (c *CPU) TSC() uint64 { return c.Time(c.Steps()) + c.TSCOffset }

func RDTSC(c *CPU, s *Site) *x86.Exception {
	if c.CR4&x86.CR4_TSD != 0 && c.CPL > 0 {
		return c.gp0()
	}
	t := c.TSC()
	c.R[x86.AX], c.R[x86.DX] = t&0xffffffff, t>>32
	return nil
}

// RDPMC: no performance counter exists, so every number is out of range.
func RDPMC(c *CPU, s *Site) *x86.Exception { return c.gp0() }

// SYSENTER and SYSEXIT (SDM 2B).
func SYSENTER(c *CPU, s *Site) *x86.Exception {
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

func SYSEXIT(c *CPU, s *Site) *x86.Exception {
	if c.real() || c.SysenterCS&0xfffc == 0 || c.CPL != 0 {
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

// Undefined is the handler of UD0, UD1, UD2 and of what the model lacks.
func Undefined(c *CPU, s *Site) *x86.Exception { return c.ud() }

// Nothing is the handler of hints.
func Nothing(c *CPU, s *Site) *x86.Exception { return nil }

// Gap raises #UD for an instruction that the model or this program lacks, and
// counts it; docs/KNOWN_GAPS.md lists the latter.
func Gap(c *CPU, s *Site) *x86.Exception {
	if s.Inst.Op != decoder.INVALID {
		c.Gaps[s.Inst.Op.String()]++
	}
	return c.ud()
}
