package cpu

import (
	"ringzero/decoder"
	"ringzero/x86"
)

// softInt is INT n, INT3, INTO and INT1 (SDM 2A INT).
func softInt(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	v, src := x86.Vector(in.Imm), Software
	switch in.Op {
	case decoder.INT3:
		v = x86.VecBP
	case decoder.INTO:
		v = x86.VecOF
		if !c.Overflow() {
			c.EIP = c.next(s)
			return nil
		}
	case decoder.INT1:
		v, src = x86.VecDB, Hardware
	case decoder.INT:
		if c.v86() {
			if done, exc := c.intV86(v, s); done || exc != nil {
				return exc
			}
		}
	}
	old := c.EIP
	c.EIP = c.next(s)
	exc := c.deliver(v, src, false, 0, 0)
	if exc != nil && !c.moved {
		c.EIP = old
	}
	if in.Op == decoder.INT1 && exc == nil && c.HeldDB != 0 {
		// It is a #DB, and takes what a load of SS before it had to report along.
		c.debugStatus(c.HeldDB)
		c.HeldDB = 0
		c.updateMode()
	}
	return exc
}

// intV86 is INT n in virtual-8086 mode: by the redirection bitmap of VME to the
// program's own handler, else through the IDT if IOPL is 3 (SDM 3B 20.3.3).
func (c *CPU) intV86(v x86.Vector, s *Site) (done bool, exc *x86.Exception) {
	if c.CR4&x86.CR4_VME != 0 {
		redirected, exc := c.redirected(v)
		if exc != nil {
			return false, exc
		}
		if redirected {
			return true, c.virtualInterrupt(v, s)
		}
	}
	if c.iopl() < 3 {
		return false, c.gp0()
	}
	return false, nil
}

// redirected reads the bit of the interrupt redirection bitmap, which lies in
// the 32 bytes below the I/O permission bitmap: clear means redirected.
func (c *CPU) redirected(v x86.Vector) (bool, *x86.Exception) {
	tr := &c.Seg[x86.TR]
	if tr.Attr&8 == 0 || tr.Limit < x86.TSS32_Size-1 {
		return false, nil
	}
	base, exc := c.loadSystem(tr.Base+x86.TSS32_IOMap, 2)
	if exc != nil {
		return false, exc
	}
	at := uint32(base) - 32 + uint32(v)/8
	if base < 32 || at > tr.Limit {
		return false, c.gp0()
	}
	b, exc := c.loadSystem(tr.Base+uint64(at), 1)
	return b>>(v&7)&1 == 0, exc
}

// virtualInterrupt goes through the program's vector table at linear zero.
func (c *CPU) virtualInterrupt(v x86.Vector, s *Site) *x86.Exception {
	entry, exc := c.load(uint64(v)*4, 4, true)
	if exc != nil {
		return exc
	}
	f := c.EFLAGS()
	if c.iopl() < 3 {
		f = f&^x86.IF | x86.IOPL
		if c.Flags&x86.VIF != 0 {
			f |= x86.IF
		}
	}
	st := c.stackNow()
	if exc := c.pushFrame(&st, 2, []uint64{f, uint64(c.Seg[x86.CS].Sel), c.next(s)}, 0); exc != nil {
		return exc
	}
	c.SetSP(st.sp)
	c.delivered = true
	if c.iopl() < 3 {
		c.Flags &^= x86.VIF | x86.TF
	} else {
		c.Flags &^= x86.IF | x86.TF
	}
	c.loadReal(x86.CS, uint16(entry>>16))
	c.EIP = entry & 0xffff
	c.updateMode()
	return nil
}
