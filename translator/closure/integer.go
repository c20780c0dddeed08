package closure

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// xchgMem is XCHG with memory: the store is certain before the register changes.
func (k *Backend) xchgMem(u *ir.Uop) fn {
	m, w, a := k.address(u), u.W, u.S
	if a.Kind == ir.Mem {
		a = u.D
	}
	size := 1 << w
	p, shift := k.reg(a)
	return func(c *cpu.CPU) {
		va := m.where(c, size, true)
		old := get(p, shift, w)
		e := c.TLB.At(va)
		if w == 2 && e.Write == (va+3)&^0xfff {
			off := va + e.Addend
			*p = uint64(bus.Load32(off))
			bus.Store32(off, uint32(old))
			return
		}
		v := modifySlow(c, va, size, m.site)
		storeSlow(c, va, size, old, m.site)
		set(p, shift, w, v)
	}
}

// zeroing is XOR r,r and SUB r,r.
func zeroing(d *uint64, sub, flags bool) fn {
	if !flags {
		return func(c *cpu.CPU) { *d = 0 }
	}
	if sub {
		return func(c *cpu.CPU) { *d, c.CCOp, c.CCRes, c.CCSrc = 0, cpu.CCSub|2, 0, 0 }
	}
	return func(c *cpu.CPU) { *d, c.CCOp, c.CCRes = 0, cpu.CCLogic|2, 0 }
}

func (k *Backend) lea(u *ir.Uop) fn {
	r, a := k.regs(u), k.address(u)
	d := r.d
	if u.Addr.Size == 2 || u.W != 2 {
		w := u.W
		return func(c *cpu.CPU) { set(d, 0, w, a.offset()) }
	}
	base, index, scale, disp := a.base, a.index, a.scale, a.disp
	if u.Addr.Index >= 16 {
		return func(c *cpu.CPU) { *d = uint64(uint32(*base) + uint32(disp)) }
	}
	return func(c *cpu.CPU) { *d = uint64(uint32(*base) + uint32(*index)<<(scale&3) + uint32(disp)) }
}

// mul is EDX:EAX of EAX and a register.
func (k *Backend) mul(u *ir.Uop) fn {
	ax, dx, s0, flags := &k.c.R[x86.AX], &k.c.R[x86.DX], k.regs(u).s0, u.Live != 0
	return func(c *cpu.CPU) {
		p := uint64(uint32(*ax)) * uint64(uint32(*s0))
		*ax, *dx = uint64(uint32(p)), p>>32
		if flags {
			c.CCOp, c.CCRes, c.CCSrc = cpu.CCMul|2, uint64(uint32(p)), p>>32
		}
	}
}

func (k *Backend) imul(u *ir.Uop) fn {
	r, w := k.regs(u), u.W
	d, flags := r.d, u.Live != 0
	if w == 2 && u.S.Kind == ir.Reg && u.Aux.Kind == ir.None {
		s0 := r.s0
		return func(c *cpu.CPU) {
			p := int64(int32(*d)) * int64(int32(*s0))
			*d = uint64(uint32(p))
			if flags {
				mulFlags(c, p)
			}
		}
	}
	if w == 2 && u.S.Kind == ir.Reg && u.Aux.Kind == ir.Imm {
		s0, imm := r.s0, int64(int32(u.Imm))
		return func(c *cpu.CPU) {
			p := int64(int32(*s0)) * imm
			*d = uint64(uint32(p))
			if flags {
				mulFlags(c, p)
			}
		}
	}
	src := k.operand(u.S, u, w)
	other := k.operand(u.D, u, w)
	if u.Aux.Kind != ir.None {
		other = k.operand(u.Aux, u, w)
	}
	return func(c *cpu.CPU) {
		a, b := src(c), other(c)
		if w == 2 {
			p := int64(int32(a)) * int64(int32(b))
			*d = uint64(uint32(p))
			mulFlags(c, p)
			return
		}
		p := int64(int16(a)) * int64(int16(b))
		set(d, 0, 1, uint64(p))
		c.CCOp, c.CCRes, c.CCSrc = cpu.CCMul|1, uint64(uint16(p)), 0
		if p != int64(int16(p)) {
			c.CCSrc = 1
		}
	}
}

func mulFlags(c *cpu.CPU, p int64) {
	c.CCOp, c.CCRes, c.CCSrc = cpu.CCMul|2, uint64(uint32(p)), 0
	if p != int64(int32(p)) {
		c.CCSrc = 1
	}
}

func (k *Backend) bswap(u *ir.Uop) fn {
	d := k.regs(u).d
	if u.W == 1 { // undefined; the processors here clear the register
		return func(c *cpu.CPU) { *d &^= 0xffff }
	}
	return func(c *cpu.CPU) {
		v := uint32(*d)
		*d = uint64(v>>24 | v>>8&0xff00 | v<<8&0xff0000 | v<<24)
	}
}
