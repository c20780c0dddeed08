package cpu

import (
	"math/bits"

	"ringzero/x86"
)

// The status flags are kept as operands and computed when asked. CCOp names the
// operation and its width; CCRes is its result, CCSrc the operand named below.
// Both are zero-extended from the width. Kinds are multiples of four, to which
// the width's logarithm (0 for bytes to 3 for quadwords) is added.
const (
	CCFlags = 0  // the flags stand in State.Flags
	CCAdd   = 4  // Src is the addend
	CCAdc   = 8  // as CCAdd, with a carry in of one
	CCSub   = 12 // Src is the subtrahend (SUB, CMP, NEG)
	CCSbb   = 16 // as CCSub, with a borrow in of one
	CCLogic = 20
	CCInc   = 24 // CF in CCCF
	CCDec   = 28
	CCShl   = 32 // Src is the operand shifted by one less
	CCShr   = 36 // likewise; SHR and SAR
	CCMul   = 40 // Src is non-zero if the upper half is significant
)

func signBit(width uint32) uint64 { return 0x80 << (8<<width - 8) }
func maskOf(width uint32) uint64  { return ^uint64(0) >> (64 - 8<<width) }

// Carry is CF.
func (c *CPU) Carry() bool {
	w := c.CCOp & 3
	switch c.CCOp &^ 3 {
	case CCFlags:
		return c.Flags&x86.CF != 0
	case CCAdd:
		return c.CCRes < c.CCSrc
	case CCAdc:
		return c.CCRes <= c.CCSrc
	case CCSub:
		return (c.CCRes+c.CCSrc)&maskOf(w) < c.CCSrc
	case CCSbb:
		return (c.CCRes+c.CCSrc+1)&maskOf(w) <= c.CCSrc
	case CCInc, CCDec:
		return c.CCCF != 0
	case CCShl:
		return c.CCSrc&signBit(w) != 0
	case CCShr:
		return c.CCSrc&1 != 0
	case CCMul:
		return c.CCSrc != 0
	}
	return false // CCLogic
}

// CarryBit is CF as 0 or 1.
func (c *CPU) CarryBit() uint64 {
	if c.Carry() {
		return 1
	}
	return 0
}

// Overflow is OF.
func (c *CPU) Overflow() bool {
	w := c.CCOp & 3
	s := signBit(w)
	switch c.CCOp &^ 3 {
	case CCFlags:
		return c.Flags&x86.OF != 0
	case CCAdd:
		a := c.CCRes - c.CCSrc
		return (a^c.CCRes)&(c.CCSrc^c.CCRes)&s != 0
	case CCAdc:
		a := c.CCRes - c.CCSrc - 1
		return (a^c.CCRes)&(c.CCSrc^c.CCRes)&s != 0
	case CCSub:
		a := c.CCRes + c.CCSrc
		return (a^c.CCSrc)&(a^c.CCRes)&s != 0
	case CCSbb:
		a := c.CCRes + c.CCSrc + 1
		return (a^c.CCSrc)&(a^c.CCRes)&s != 0
	case CCInc:
		return c.CCRes == s
	case CCDec:
		return c.CCRes == s-1
	case CCShl, CCShr:
		return (c.CCSrc^c.CCRes)&s != 0
	case CCMul:
		return c.CCSrc != 0
	}
	return false
}

// Zero is ZF.
func (c *CPU) Zero() bool {
	if c.CCOp == CCFlags {
		return c.Flags&x86.ZF != 0
	}
	return c.CCRes == 0
}

// Sign is SF.
func (c *CPU) Sign() bool {
	if c.CCOp == CCFlags {
		return c.Flags&x86.SF != 0
	}
	return c.CCRes&signBit(c.CCOp&3) != 0
}

// Parity is PF.
func (c *CPU) Parity() bool {
	if c.CCOp == CCFlags {
		return c.Flags&x86.PF != 0
	}
	return bits.OnesCount8(uint8(c.CCRes))&1 == 0
}

func (c *CPU) auxiliary() bool {
	switch c.CCOp &^ 3 {
	case CCFlags:
		return c.Flags&x86.AF != 0
	case CCAdd:
		return ((c.CCRes-c.CCSrc)^c.CCSrc^c.CCRes)&0x10 != 0
	case CCAdc:
		return ((c.CCRes-c.CCSrc-1)^c.CCSrc^c.CCRes)&0x10 != 0
	case CCSub:
		return ((c.CCRes+c.CCSrc)^c.CCSrc^c.CCRes)&0x10 != 0
	case CCSbb:
		return ((c.CCRes+c.CCSrc+1)^c.CCSrc^c.CCRes)&0x10 != 0
	case CCInc:
		return c.CCRes&15 == 0
	case CCDec:
		return c.CCRes&15 == 15
	}
	return false
}

// Arith computes the six status flags.
func (c *CPU) Arith() uint64 {
	if c.CCOp == CCFlags {
		return c.Flags & x86.Arith
	}
	f := uint64(0)
	if c.Carry() {
		f |= x86.CF
	}
	if c.Parity() {
		f |= x86.PF
	}
	if c.auxiliary() {
		f |= x86.AF
	}
	if c.Zero() {
		f |= x86.ZF
	}
	if c.Sign() {
		f |= x86.SF
	}
	if c.Overflow() {
		f |= x86.OF
	}
	return f
}

// EFLAGS is the whole register.
func (c *CPU) EFLAGS() uint64 {
	c.Materialise()
	return c.Flags
}

// Materialise moves the status flags into State.Flags.
func (c *CPU) Materialise() {
	if c.CCOp != CCFlags {
		c.Flags = c.Flags&^x86.Arith | c.Arith()
		c.CCOp = CCFlags
	}
}

// SetArith replaces the status flags named by mask.
func (c *CPU) SetArith(mask, value uint64) {
	c.Materialise()
	c.Flags = c.Flags&^mask | value&mask
}

// Cond evaluates the condition of a Jcc, SETcc or CMOVcc by its number (SDM 1
// B.1).
func (c *CPU) Cond(cc uint8) bool {
	var r bool
	switch cc >> 1 {
	case 0:
		r = c.Overflow()
	case 1:
		r = c.Carry()
	case 2:
		r = c.Zero()
	case 3:
		r = c.Carry() || c.Zero()
	case 4:
		r = c.Sign()
	case 5:
		r = c.Parity()
	case 6:
		r = c.Sign() != c.Overflow()
	case 7:
		r = c.Zero() || c.Sign() != c.Overflow()
	}
	return r != (cc&1 != 0)
}

// setFlags replaces all of EFLAGS and what hangs on it. Bits that do not exist
// must be gone already.
func (c *CPU) setFlags(f uint64) {
	changed := f ^ c.Flags
	c.Flags, c.CCOp = f|x86.F1, CCFlags
	if changed&(x86.TF|x86.VM|x86.AC|x86.RF) != 0 {
		c.updateMode()
	}
	if c.IRQ && f&x86.IF != 0 {
		c.EndSlice()
	}
}

// Lazy is the state of the flags, for an operation that must store before it
// commits them.
type Lazy struct {
	flags, res, src, cf uint64
	op                  uint32
}

// Lazy and SetLazy save and restore the flags.
func (s *Regs) Lazy() Lazy { return Lazy{s.Flags, s.CCRes, s.CCSrc, s.CCCF, s.CCOp} }
func (s *Regs) SetLazy(l Lazy) {
	s.Flags, s.CCRes, s.CCSrc, s.CCCF, s.CCOp = l.flags, l.res, l.src, l.cf, l.op
}

func (c *CPU) setZF(z bool) {
	v := uint64(0)
	if z {
		v = x86.ZF
	}
	c.SetArith(x86.ZF, v)
}
