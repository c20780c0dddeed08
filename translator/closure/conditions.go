package closure

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/ir"
)

// cond gives a test of the flags, specialised where the block shows which
// operation set them.
func cond(cc uint8, known uint32) func(c *cpu.CPU) bool {
	if known != 0 {
		switch cc {
		case condE:
			return func(c *cpu.CPU) bool { return c.CCRes == 0 }
		case condNE:
			return func(c *cpu.CPU) bool { return c.CCRes != 0 }
		}
		if known == cpu.CCSub|2 {
			switch cc {
			case condB:
				return func(c *cpu.CPU) bool { return uint32(c.CCRes+c.CCSrc) < uint32(c.CCSrc) }
			case condAE:
				return func(c *cpu.CPU) bool { return uint32(c.CCRes+c.CCSrc) >= uint32(c.CCSrc) }
			case condBE:
				return func(c *cpu.CPU) bool { return uint32(c.CCRes+c.CCSrc) <= uint32(c.CCSrc) }
			case condA:
				return func(c *cpu.CPU) bool { return uint32(c.CCRes+c.CCSrc) > uint32(c.CCSrc) }
			case condL:
				return func(c *cpu.CPU) bool { return int32(c.CCRes+c.CCSrc) < int32(c.CCSrc) }
			case condGE:
				return func(c *cpu.CPU) bool { return int32(c.CCRes+c.CCSrc) >= int32(c.CCSrc) }
			case condLE:
				return func(c *cpu.CPU) bool { return int32(c.CCRes+c.CCSrc) <= int32(c.CCSrc) }
			case condG:
				return func(c *cpu.CPU) bool { return int32(c.CCRes+c.CCSrc) > int32(c.CCSrc) }
			}
		}
	}
	return func(c *cpu.CPU) bool { return c.Cond(cc) }
}

func (k *Backend) setcc(u *ir.Uop) fn {
	test := cond(u.Cond, u.CC)
	if u.D.Kind == ir.Mem {
		m, s := k.address(u), k.site(u)
		return func(c *cpu.CPU) {
			v := uint64(0)
			if test(c) {
				v = 1
			}
			store(c, m.where(c, 1, true), 1, v, s)
		}
	}
	r := k.regs(u)
	d, dh := r.d, r.dh
	return func(c *cpu.CPU) {
		v := uint64(0)
		if test(c) {
			v = 1
		}
		set(d, dh, 0, v)
	}
}

// cmov reads its source in any case, faults included; a dword destination is
// zero-extended even where it keeps its value.
func (k *Backend) cmov(u *ir.Uop) fn {
	test, d, w, cc := cond(u.Cond, u.CC), k.regs(u).d, u.W, u.Cond
	if w == 2 && u.S.Kind == ir.Reg {
		s0 := k.regs(u).s0
		if u.CC == 0 {
			return func(c *cpu.CPU) {
				if c.Cond(cc) {
					*d = uint64(uint32(*s0))
				}
			}
		}
		return func(c *cpu.CPU) {
			if test(c) {
				*d = uint64(uint32(*s0))
			}
		}
	}
	if w == 2 && u.S.Kind == ir.Mem && memForm(&u.Addr) == memBase {
		a, s := k.address(u), k.site(u)
		base, disp := a.base, a.disp
		return func(c *cpu.CPU) {
			va := *base + disp
			var v uint32
			if e := c.TLB.At(va); e.Read == (va+3)&^0xfff {
				v = bus.Load32(va + e.Addend)
			} else {
				v = uint32(loadSlow(c, va, 4, s))
			}
			if test(c) {
				*d = uint64(v)
			}
		}
	}
	src := k.operand(u.S, u, w)
	return func(c *cpu.CPU) {
		if v := src(c); test(c) {
			set(d, 0, w, v)
		}
	}
}
