package closure

import (
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// limit checks a near branch's target against the code segment where that is
// not flat: the branch itself faults (SDM 2A JMP).
func limit(c *cpu.CPU, eip uint64, s *cpu.Site) {
	if eip > uint64(c.Seg[x86.CS].Limit) {
		Unwind(c, c.BadTarget(), s)
	}
}

// term makes a terminator.
func (k *Backend) term(b *ir.Block, u *ir.Uop) ir.Term {
	x := &exit{b: b, takenBy: u.Target, fallBy: u.Next, mask: u.Mask}
	s := u.Site
	flat := b.Mode&cpu.ModeFlatCS != 0 && u.Mask == ^uint32(0)
	switch u.Op {
	case ir.Fall:
		return func(c *cpu.CPU) *ir.Block { return x.fall(c) }
	case ir.Jmp:
		if flat {
			return func(c *cpu.CPU) *ir.Block { return x.taken(c) }
		}
		return func(c *cpu.CPU) *ir.Block { return x.near(c, s) }
	case ir.Jcc:
		return k.jcc(u, x, flat)
	case ir.JmpInd:
		src, mask := k.operand(u.S, u, u.W), uint64(u.Mask)
		return func(c *cpu.CPU) *ir.Block {
			to := src(c) & mask
			limit(c, to, s)
			c.EIP = to
			b.Exit = ir.NoExit
			return nil
		}
	case ir.Call:
		return k.call(b, u, x, flat)
	case ir.CallInd:
		src, mask, size := k.operand(u.S, u, u.W), uint64(u.Mask), 1<<u.W
		return func(c *cpu.CPU) *ir.Block {
			to := src(c) & mask
			limit(c, to, s)
			push(c, size, uint64(uint32(c.EIP)+x.fallBy)&mask, s)
			c.EIP = to
			b.Exit = ir.NoExit
			return nil
		}
	case ir.Ret:
		return k.ret(b, u)
	case ir.Loop:
		return k.loop(u, x)
	case ir.CallEnd, ir.CallAway:
		do, count, away := u.Do, u.Count, u.Op == ir.CallAway
		return func(c *cpu.CPU) *ir.Block {
			if count != 0 {
				c.Traps[count&1023]++
			}
			c.Enter(s)
			if exc := do(c, s); exc != nil {
				Unwind(c, exc, s)
			}
			c.Rem, c.Mid = 0, false
			c.EIP = uint64(uint32(c.EIP) + x.fallBy)
			if away || c.Mode != b.Mode&^cpu.ModeOne {
				b.Exit = ir.NoExit
				return nil
			}
			return b.Follow(c, 0)
		}
	case ir.CallJump:
		do, count := u.Do, u.Count
		return func(c *cpu.CPU) *ir.Block {
			if count != 0 {
				c.Traps[count&1023]++
			}
			c.Enter(s)
			if exc := do(c, s); exc != nil {
				Unwind(c, exc, s)
			}
			c.Rem, c.Mid = 0, false
			b.Exit = ir.NoExit
			return nil
		}
	}
	panic("BUG: closure: no terminator for micro-op")
}

// near is a taken relative branch that must be cut or checked.
func (x *exit) near(c *cpu.CPU, s *cpu.Site) *ir.Block {
	to := uint64((uint32(c.EIP) + x.takenBy) & x.mask)
	limit(c, to, s)
	c.EIP = to
	return x.b.Follow(c, 1)
}

func (k *Backend) jcc(u *ir.Uop, x *exit, flat bool) ir.Term {
	s, cc := u.Site, u.Cond
	if !flat {
		return func(c *cpu.CPU) *ir.Block {
			if c.Cond(cc) {
				return x.near(c, s)
			}
			return x.fall(c)
		}
	}
	if u.CC != 0 && cc == 4 {
		return func(c *cpu.CPU) *ir.Block {
			if c.CCRes == 0 {
				return x.taken(c)
			}
			return x.fall(c)
		}
	}
	if u.CC != 0 && cc == 5 {
		return func(c *cpu.CPU) *ir.Block {
			if c.CCRes != 0 {
				return x.taken(c)
			}
			return x.fall(c)
		}
	}
	test := cond(cc, u.CC)
	return func(c *cpu.CPU) *ir.Block {
		if test(c) {
			return x.taken(c)
		}
		return x.fall(c)
	}
}

func (k *Backend) call(b *ir.Block, u *ir.Uop, x *exit, flat bool) ir.Term {
	s, sp := u.Site, &k.c.R[x86.SP]
	if flat && flat32(u) {
		return func(c *cpu.CPU) *ir.Block {
			v, va := uint32(c.EIP)+x.fallBy, uint64(uint32(*sp)-4)
			if e := c.TLB.At(va); e.Write == (va+3)&^0xfff {
				c.Host.Store32(va+e.Addend, v)
			} else {
				storeSlow(c, va, 4, uint64(v), s)
			}
			*sp = va
			return x.taken(c)
		}
	}
	size, mask := 1<<u.W, uint64(u.Mask)
	return func(c *cpu.CPU) *ir.Block {
		to := uint64(uint32(c.EIP)+x.takenBy) & mask
		limit(c, to, s)
		push(c, size, uint64(uint32(c.EIP)+x.fallBy)&mask, s)
		c.EIP = to
		return x.b.Follow(c, 1)
	}
}

func (k *Backend) ret(b *ir.Block, u *ir.Uop) ir.Term {
	s, sp, drop := u.Site, &k.c.R[x86.SP], u.Imm
	if u.Mask == ^uint32(0) && flat32(u) && b.Mode&cpu.ModeFlatCS != 0 {
		return func(c *cpu.CPU) *ir.Block {
			va := *sp
			var v uint32
			if e := c.TLB.At(va); e.Read == (va+3)&^0xfff {
				v = c.Host.Load32(va + e.Addend)
			} else {
				v = uint32(loadSlow(c, va, 4, s))
			}
			*sp = uint64(uint32(va) + 4 + drop)
			c.EIP = uint64(v)
			b.Exit = ir.NoExit
			return nil
		}
	}
	size, mask := 1<<u.W, uint64(u.Mask)
	return func(c *cpu.CPU) *ir.Block {
		to := peek(c, 0, size, s) & mask
		limit(c, to, s)
		c.SetSP(c.R[x86.SP] + uint64(size) + uint64(drop))
		c.EIP = to
		b.Exit = ir.NoExit
		return nil
	}
}

// loop makes LOOP, LOOPE, LOOPNE and JCXZ, which count in CX or ECX by the
// address size.
func (k *Backend) loop(u *ir.Uop, x *exit) ir.Term {
	s, in := u.Site, u.Site.Inst
	op, mask := in.Op, ^uint64(0)>>(64-8*in.AddrSize)
	return func(c *cpu.CPU) *ir.Block {
		cx := c.R[x86.CX] & mask
		if op == decoder.JCXZ {
			if cx == 0 {
				return x.near(c, s)
			}
			return x.fall(c)
		}
		cx = (cx - 1) & mask
		go_ := cx != 0
		switch op {
		case decoder.LOOPE:
			go_ = go_ && c.Zero()
		case decoder.LOOPNE:
			go_ = go_ && !c.Zero()
		}
		var next *ir.Block
		if go_ {
			// May fault on the target: the count is written afterwards.
			next = x.near(c, s)
		} else {
			next = x.fall(c)
		}
		c.R[x86.CX] = c.R[x86.CX]&^mask | cx
		return next
	}
}
