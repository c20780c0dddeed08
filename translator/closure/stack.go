package closure

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// flat32 tells a stack that needs no checks and uses ESP.
func flat32(u *ir.Uop) bool { return u.Stack32 && u.FlatStack }

func (k *Backend) push(u *ir.Uop) fn {
	s, sp := k.site(u), &k.c.R[x86.SP]
	if flat32(u) && u.W == 2 {
		if u.S.Kind == ir.Reg || u.S.Kind == ir.Imm {
			x := k.args(u)
			x.immediate(u)
			src := x.s
			return func(c *cpu.CPU) {
				v, va := uint32(*src), uint64(uint32(*sp)-4)
				if e := c.TLB.At(va); e.Write == (va+3)&^0xfff {
					bus.Store32(va+e.Addend, v)
				} else {
					storeSlow(c, va, 4, uint64(v), s)
				}
				*sp = va
			}
		}
		src := k.operand(u.S, u, 2)
		return func(c *cpu.CPU) {
			v := src(c)
			va := uint64(uint32(*sp) - 4)
			store(c, va, 4, v, s)
			*sp = va
		}
	}
	src, size := k.operand(u.S, u, u.W), 1<<u.W
	return func(c *cpu.CPU) { push(c, size, src(c), s) }
}

// push works on any stack.
func push(c *cpu.CPU, size int, v uint64, s *cpu.Site) {
	c.Enter(s)
	if exc := c.Push(size, v); exc != nil {
		c.Unwind(s, exc)
	}
	c.Exit()
}

func peek(c *cpu.CPU, off uint64, size int, s *cpu.Site) uint64 {
	c.Enter(s)
	v, exc := c.Peek(off, size)
	if exc != nil {
		c.Unwind(s, exc)
	}
	c.Exit()
	return v
}

func (k *Backend) pop(u *ir.Uop) fn {
	s, sp, d := k.site(u), &k.c.R[x86.SP], k.regs(u).d
	if flat32(u) && u.W == 2 {
		return func(c *cpu.CPU) {
			va := *sp
			var v uint32
			if e := c.TLB.At(va); e.Read == (va+3)&^0xfff {
				v = bus.Load32(va + e.Addend)
			} else {
				v = uint32(loadSlow(c, va, 4, s))
			}
			*sp = uint64(uint32(va) + 4)
			*d = uint64(v) // POP ESP: the popped value stays
		}
	}
	w, size := u.W, 1<<u.W
	return func(c *cpu.CPU) {
		v := peek(c, 0, size, s)
		c.SetSP(c.R[x86.SP] + uint64(size))
		set(d, 0, w, v)
	}
}

func (k *Backend) leave(u *ir.Uop) fn {
	s, sp, bp := k.site(u), &k.c.R[x86.SP], &k.c.R[x86.BP]
	if flat32(u) && u.W == 2 {
		return func(c *cpu.CPU) {
			va := *bp
			var v uint32
			if e := c.TLB.At(va); e.Read == (va+3)&^0xfff {
				v = bus.Load32(va + e.Addend)
			} else {
				v = uint32(loadSlow(c, va, 4, s))
			}
			*sp = uint64(uint32(va) + 4)
			*bp = uint64(v)
		}
	}
	return k.callOut(u)
}
