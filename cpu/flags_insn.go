package cpu

import (
	"ringzero/x86"
)

// cli is #GP(0) above IOPL, but for the virtual interrupt flag of VME and PVI
// (SDM 2A CLI).
func cli(c *CPU, s *Site) *x86.Exception {
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

// sti likewise; interrupts stay inhibited for one more instruction where IF was
// clear (SDM 2B STI).
func sti(c *CPU, s *Site) *x86.Exception {
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
			c.EndSlice()
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
		c.EndSlice()
	}
}

// pushf is PUSHF and PUSHFD (SDM 2B PUSHF).
func pushf(c *CPU, s *Site) *x86.Exception {
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

// popf is POPF and POPFD: at CPL above IOPL the change of IF is silently
// ignored, which is why it is the classic critical instruction (SDM 2B POPF).
func popf(c *CPU, s *Site) *x86.Exception {
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

func sahf(c *CPU, s *Site) *x86.Exception {
	c.SetArith(x86.SF|x86.ZF|x86.AF|x86.PF|x86.CF, c.R[x86.AX]>>8)
	return nil
}

func lahf(c *CPU, s *Site) *x86.Exception {
	f := c.Arith()&(x86.SF|x86.ZF|x86.AF|x86.PF|x86.CF) | x86.F1
	c.R[x86.AX] = c.R[x86.AX]&^0xff00 | f<<8
	return nil
}

func clc(c *CPU, s *Site) *x86.Exception { c.SetArith(x86.CF, 0); return nil }
func stc(c *CPU, s *Site) *x86.Exception { c.SetArith(x86.CF, x86.CF); return nil }
func cmc(c *CPU, s *Site) *x86.Exception {
	c.Materialise()
	c.Flags ^= x86.CF
	return nil
}
func cld(c *CPU, s *Site) *x86.Exception { c.Flags &^= x86.DF; return nil }
func std(c *CPU, s *Site) *x86.Exception { c.Flags |= x86.DF; return nil }
