package closure

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// limit checks a near branch's target against the code segment where that is
// not flat: the branch itself faults (SDM 2A JMP).
func limit(c *cpu.CPU, eip uint64, s *cpu.Site) {
	if eip > uint64(c.Seg[x86.CS].Limit) {
		c.Unwind(s, c.BadTarget())
	}
}

// term makes a terminator.
func (k *Backend) term(u *ir.Uop) term {
	b, s := k.b, k.site(u)
	flat := b.mode&cpu.ModeFlatCS != 0 && u.Mask == ^uint32(0)
	switch u.Op {
	case ir.Fall:
		return func(c *cpu.CPU) *Block { return b.fall(c) }
	case ir.Jmp:
		if flat {
			return func(c *cpu.CPU) *Block { return b.taken(c) }
		}
		return func(c *cpu.CPU) *Block { return b.near(c, s) }
	case ir.Jcc:
		return k.jcc(u, flat)
	case ir.JmpInd:
		src, mask := k.operand(u.S, u, u.W), uint64(u.Mask)
		return func(c *cpu.CPU) *Block {
			to := src(c) & mask
			limit(c, to, s)
			return b.jump(c, to)
		}
	case ir.Call:
		return k.call(u, flat)
	case ir.CallInd:
		src, mask, size := k.operand(u.S, u, u.W), uint64(u.Mask), 1<<u.W
		return func(c *cpu.CPU) *Block {
			to := src(c) & mask
			limit(c, to, s)
			push(c, size, b.next(c)&mask, s)
			return b.jump(c, to)
		}
	case ir.Ret:
		return k.ret(u)
	case ir.Loop:
		return k.loop(u)
	case ir.CallEnd, ir.CallAway:
		do, away := k.callOut(u), u.Op == ir.CallAway
		return func(c *cpu.CPU) *Block {
			do(c)
			if away || c.Mode != b.mode&^cpu.ModeOne {
				return b.jump(c, b.next(c))
			}
			return b.fall(c)
		}
	case ir.CallJump:
		do := k.callOut(u)
		return func(c *cpu.CPU) *Block {
			do(c)
			c.LeftBy = NoExit
			return nil
		}
	}
	panic("BUG: closure: no terminator for micro-op")
}

// next is where EIP stands behind the block.
func (b *Block) next(c *cpu.CPU) uint64 { return uint64(uint32(c.PageBase) + b.to[Falls]) }

// target is that of a relative branch, cut to 16 bits where the branch is one.
func (b *Block) target(c *cpu.CPU) uint64 { return uint64((uint32(c.PageBase) + b.to[Taken]) & b.mask) }

// near is a taken relative branch that must be cut or checked.
func (b *Block) near(c *cpu.CPU, s *cpu.Site) *Block {
	to := b.target(c)
	limit(c, to, s)
	return b.reach(c, to)
}

// reach is the exit of a branch whose target may have been cut.
func (b *Block) reach(c *cpu.CPU, to uint64) *Block {
	if b.mask == ^uint32(0) {
		return b.taken(c)
	}
	return b.jump(c, to)
}

func (k *Backend) jcc(u *ir.Uop, flat bool) term {
	b, s, cc := k.b, k.site(u), u.Cond
	if !flat {
		return func(c *cpu.CPU) *Block {
			if c.Cond(cc) {
				return b.near(c, s)
			}
			return b.fall(c)
		}
	}
	if u.CC != 0 && cc == condE {
		return func(c *cpu.CPU) *Block {
			if c.CCRes == 0 {
				return b.taken(c)
			}
			return b.fall(c)
		}
	}
	if u.CC != 0 && cc == condNE {
		return func(c *cpu.CPU) *Block {
			if c.CCRes != 0 {
				return b.taken(c)
			}
			return b.fall(c)
		}
	}
	test := cond(cc, u.CC)
	return func(c *cpu.CPU) *Block {
		if test(c) {
			return b.taken(c)
		}
		return b.fall(c)
	}
}

func (k *Backend) call(u *ir.Uop, flat bool) term {
	b, s, sp := k.b, k.site(u), &k.c.R[x86.SP]
	if flat && flat32(u) {
		back := b.to[Falls]
		return func(c *cpu.CPU) *Block {
			v, va := uint32(c.PageBase)+back, uint64(uint32(*sp)-4)
			if e := c.TLB.At(va); e.Write == (va+3)&^0xfff {
				bus.Store32(va+e.Addend, v)
			} else {
				storeSlow(c, va, 4, uint64(v), s)
			}
			*sp = va
			return b.taken(c)
		}
	}
	size, mask := 1<<u.W, uint64(u.Mask)
	return func(c *cpu.CPU) *Block {
		to := b.target(c)
		limit(c, to, s)
		push(c, size, b.next(c)&mask, s)
		return b.reach(c, to)
	}
}

func (k *Backend) ret(u *ir.Uop) term {
	b, s, sp, drop := k.b, k.site(u), &k.c.R[x86.SP], uint32(u.Imm)
	if u.Mask == ^uint32(0) && flat32(u) && b.mode&cpu.ModeFlatCS != 0 {
		return func(c *cpu.CPU) *Block {
			va := *sp
			var v uint32
			if e := c.TLB.At(va); e.Read == (va+3)&^0xfff {
				v = bus.Load32(va + e.Addend)
			} else {
				v = uint32(loadSlow(c, va, 4, s))
			}
			*sp = uint64(uint32(va) + 4 + drop)
			return b.jump(c, uint64(v))
		}
	}
	size, mask := 1<<u.W, uint64(u.Mask)
	return func(c *cpu.CPU) *Block {
		to := peek(c, 0, size, s) & mask
		limit(c, to, s)
		c.SetSP(c.R[x86.SP] + uint64(size) + uint64(drop))
		return b.jump(c, to)
	}
}

// loop makes LOOP, LOOPE, LOOPNE and JCXZ, which count in CX, ECX or RCX. A target
// may be beyond the limit: then the count is as it was.
func (k *Backend) loop(u *ir.Uop) term {
	b, s, cond, mask := k.b, k.site(u), u.Cond, ^uint64(0)>>(64-8<<u.SW)
	return func(c *cpu.CPU) *Block {
		cx := c.R[x86.CX] & mask
		if cond == ir.JumpIfNone {
			if cx == 0 {
				return b.near(c, s)
			}
			return b.fall(c)
		}
		cx = (cx - 1) & mask
		again := cx != 0
		switch cond {
		case ir.LoopZero:
			again = again && c.Zero()
		case ir.LoopNotZero:
			again = again && !c.Zero()
		}
		var next *Block
		if again {
			next = b.near(c, s)
		} else {
			next = b.fall(c)
		}
		c.R[x86.CX] = c.R[x86.CX]&^mask | cx
		return next
	}
}
