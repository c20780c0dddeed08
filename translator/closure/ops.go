package closure

import (
	"ringzero/cpu"
	"ringzero/translator/ir"
)

// alu makes Add to Test, nil for a comparison that nobody sees.
func (k *Backend) alu(u *ir.Uop) fn {
	flags := 0
	if u.Live != 0 || compares(u.Op) && u.MayLeave { // the load itself can fault
		flags = 1
	}
	if compares(u.Op) && flags == 0 {
		return nil
	}
	if u.D.Kind == ir.High || u.S.Kind == ir.High {
		return k.highALU(u, flags == 1)
	}
	x := k.args(u)
	switch {
	case u.S.Kind == ir.Mem:
		return makeRM(memForm(&u.Addr), u.W, u.Op, flags, x)
	case u.D.Kind == ir.Mem:
		x.immediate(u)
		return makeMR(memForm(&u.Addr), u.W, u.Op, flags, x)
	case u.CC == cpu.CCAdd|2 && u.Op == ir.Adc && u.W == 2:
		x.immediate(u)
		return carried(x, flags == 1)
	case u.S.Kind == ir.Imm:
		return makeRI(u.W, u.Op, flags, x)
	case u.D == u.S && u.W == 2 && (u.Op == ir.Xor || u.Op == ir.Sub):
		return zeroing(x.d, u.Op == ir.Sub, flags == 1)
	}
	return makeRR(u.W, u.Op, flags, x)
}

// carried is ADC behind the ADD that gives the carry, as in sums of 64 bits.
func carried(x *args, flags bool) fn {
	d, s := x.d, x.s
	return func(c *cpu.CPU) {
		b, k := uint32(*s), uint32(0)
		if uint32(c.CCRes) < uint32(c.CCSrc) {
			k = 1
		}
		r := uint32(*d) + b + k
		*d = uint64(r)
		if flags {
			keep(c, ir.Adc, 2, uint64(r), uint64(b), uint64(k))
		}
	}
}

// highALU is an operation on AH, CH, DH or BH.
func (k *Backend) highALU(u *ir.Uop, flags bool) fn {
	dst, src, op := k.place(u), k.operand(u.S, u, 0), u.Op
	return func(c *cpu.CPU) {
		b, carry := src(c)&0xff, uint64(0)
		va, a := dst.read(c, !compares(op))
		if takesCarry(op) {
			carry = c.CarryBit()
		}
		r := arith(op, a, b, carry) & 0xff
		if !compares(op) {
			dst.write(c, va, r)
		}
		if flags {
			keep(c, op, 0, r, b, carry)
		}
	}
}

func (k *Backend) unary(u *ir.Uop) fn {
	flags := 0
	if u.Live != 0 {
		flags = 1
	}
	switch u.D.Kind {
	case ir.Mem:
		return makeM(memForm(&u.Addr), u.W, u.Op-ir.Inc, flags, k.args(u))
	case ir.High:
		dst, op := k.place(u), u.Op
		return func(c *cpu.CPU) {
			va, a := dst.read(c, true)
			r := single(op, a) & 0xff
			dst.write(c, va, r)
			if flags == 1 {
				keepSingle(c, op, 0, a, r)
			}
		}
	}
	return makeR(u.W, u.Op-ir.Inc, flags, k.args(u))
}

func (k *Backend) mov(u *ir.Uop) fn {
	if u.D.Kind == ir.High || u.S.Kind == ir.High {
		dst, src := k.place(u), k.operand(u.S, u, 0)
		return func(c *cpu.CPU) {
			v := src(c)
			dst.write(c, dst.where(c, true), v)
		}
	}
	x := k.args(u)
	switch {
	case u.S.Kind == ir.Mem:
		return makeMovRM(memForm(&u.Addr), extended(u.W, u.W, 0), x)
	case u.D.Kind == ir.Mem:
		x.immediate(u)
		return makeMovMR(memForm(&u.Addr), u.W, x)
	case u.S.Kind == ir.Imm:
		return makeMovRI(u.W, x)
	}
	return makeMovRR(u.W, x)
}

// extension makes MOVZX and MOVSX, also those that extend nothing.
func (k *Backend) extension(u *ir.Uop) fn {
	sign := 0
	if u.Op == ir.MovSX && u.SW != u.W {
		sign = 1
	}
	switch {
	case u.S.Kind == ir.Mem:
		return makeMovRM(memForm(&u.Addr), extended(u.SW, u.W, sign), k.args(u))
	case u.S.Kind == ir.High:
		d, s, w, src := k.regs(u).d, k.regs(u).s0, u.W, k.operand(u.S, u, 0)
		if w == 2 && sign == 0 {
			return func(c *cpu.CPU) { *d = *s >> 8 & 0xff }
		}
		return func(c *cpu.CPU) {
			v := src(c)
			if sign == 1 {
				v = extend(0, int(w), v)
			}
			set(d, 0, w, v)
		}
	case u.SW == u.W: // MOVZX r16, r/m16
		return makeMovRR(u.W, k.args(u))
	}
	return makeExtR(extended(u.SW, u.W, sign), k.args(u))
}

// place is a byte operand of any kind that can be read and replaced.
type place struct {
	p     *uint64 // nil for memory
	shift uint8
	m     *address
}

func (k *Backend) place(u *ir.Uop) *place {
	if u.D.Kind == ir.Mem {
		return &place{m: k.address(u)}
	}
	p, shift := k.reg(u.D)
	return &place{p: p, shift: shift}
}

// where is the linear address of an operand in memory.
func (p *place) where(c *cpu.CPU, write bool) uint64 {
	if p.p != nil {
		return 0
	}
	return p.m.where(c, 1, write)
}

func (p *place) read(c *cpu.CPU, write bool) (va, v uint64) {
	va = p.where(c, write)
	switch {
	case p.p != nil:
		return 0, get(p.p, p.shift, 0)
	case write:
		return va, modifySlow(c, va, 1, p.m.site)
	}
	return va, load(c, va, 1, p.m.site)
}

func (p *place) write(c *cpu.CPU, va, v uint64) {
	if p.p != nil {
		set(p.p, p.shift, 0, v)
		return
	}
	store(c, va, 1, v, p.m.site)
}
