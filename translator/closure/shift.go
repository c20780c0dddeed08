package closure

import (
	"math/bits"

	"ringzero/cpu"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// shift makes ROL to SAR. Counts are taken modulo 32 (SDM 2B SAL); a count of
// zero changes no flag.
func (k *Backend) shift(u *ir.Uop) fn {
	if u.D.Kind == ir.Mem {
		return k.shiftMem(u)
	}
	r, w, op := k.regs(u), u.W, u.Op
	d, dh := r.d, r.dh
	if u.S.Kind == ir.Imm {
		n := uint32(u.Imm & 31)
		if n == 0 {
			return zeroExtend(d, w)
		}
		if w == 2 {
			if f := shift32(op, d, n, u.Live != 0); f != nil {
				return f
			}
		}
		return func(c *cpu.CPU) { set(d, dh, w, rotate(c, op, get(d, dh, w), n, w)) }
	}
	cx := &k.c.R[x86.CX]
	if w == 2 && u.Live == 0 {
		switch op {
		case ir.Shl:
			return func(c *cpu.CPU) { *d = uint64(uint32(*d) << (*cx & 31)) }
		case ir.Shr:
			return func(c *cpu.CPU) { *d = uint64(uint32(*d) >> (*cx & 31)) }
		case ir.Sar:
			return func(c *cpu.CPU) { *d = uint64(uint32(int32(*d) >> (*cx & 31))) }
		case ir.Rol:
			return func(c *cpu.CPU) { *d = uint64(bits.RotateLeft32(uint32(*d), int(*cx&31))) }
		case ir.Ror:
			return func(c *cpu.CPU) { *d = uint64(bits.RotateLeft32(uint32(*d), -int(*cx&31))) }
		}
	}
	return func(c *cpu.CPU) {
		n := uint32(*cx) & 31
		if n == 0 {
			if w == 2 {
				*d &= 0xffffffff
			}
			return
		}
		set(d, dh, w, rotate(c, op, get(d, dh, w), n, w))
	}
}

// shift32 is the fast path: a dword register by a constant of 1 to 31.
func shift32(op ir.Op, d *uint64, n uint32, flags bool) fn {
	n &= 31
	if !flags {
		switch op {
		case ir.Shl:
			return func(c *cpu.CPU) { *d = uint64(uint32(*d) << (n & 31)) }
		case ir.Shr:
			return func(c *cpu.CPU) { *d = uint64(uint32(*d) >> (n & 31)) }
		case ir.Sar:
			return func(c *cpu.CPU) { *d = uint64(uint32(int32(*d) >> (n & 31))) }
		case ir.Rol:
			return func(c *cpu.CPU) { *d = uint64(bits.RotateLeft32(uint32(*d), int(n))) }
		case ir.Ror:
			return func(c *cpu.CPU) { *d = uint64(bits.RotateLeft32(uint32(*d), -int(n))) }
		}
		return nil
	}
	switch op {
	case ir.Shl:
		return func(c *cpu.CPU) {
			last := uint32(*d) << ((n - 1) & 31)
			v := uint64(last << 1)
			*d = v
			c.CCOp, c.CCRes, c.CCSrc = cpu.CCShl|2, v, uint64(last)
		}
	case ir.Shr:
		return func(c *cpu.CPU) {
			last := uint32(*d) >> ((n - 1) & 31)
			v := uint64(last >> 1)
			*d = v
			c.CCOp, c.CCRes, c.CCSrc = cpu.CCShr|2, v, uint64(last)
		}
	case ir.Sar:
		return func(c *cpu.CPU) {
			last := int32(*d) >> ((n - 1) & 31)
			v := uint64(uint32(last >> 1))
			*d = v
			c.CCOp, c.CCRes, c.CCSrc = cpu.CCShr|2, v, uint64(uint32(last))
		}
	}
	return nil
}

func (k *Backend) shiftMem(u *ir.Uop) fn {
	m, s, w, op := k.address(u), k.site(u), u.W, u.Op
	size := 1 << w
	n, byCL := uint32(u.Imm&31), u.S.Kind != ir.Imm
	return func(c *cpu.CPU) {
		n := n
		if byCL {
			n = uint32(c.R[x86.CX]) & 31
		}
		va := m.where(c, size, true)
		v := modifySlow(c, va, size, s)
		if n == 0 {
			storeSlow(c, va, size, v, s)
			return
		}
		// The store comes before the flags, which a fault must find unchanged.
		before := c.Lazy()
		r := rotate(c, op, v, n, w)
		after := c.Lazy()
		c.SetLazy(before)
		storeSlow(c, va, size, r, s)
		c.SetLazy(after)
	}
}

// rotate computes any shift or rotate of a zero-extended value by 1 to 31 and
// sets its flags. OF of multi-bit shifts is undefined; it comes out as the last
// single-bit step would leave it, which is what processors do.
func rotate(c *cpu.CPU, op ir.Op, v uint64, n uint32, w uint8) uint64 {
	width := uint32(8) << w
	mask := uint64(1)<<width - 1
	sign := uint64(1) << (width - 1)
	flag := func(cf bool, r uint64, of bool) {
		f := uint64(0)
		if cf {
			f |= x86.CF
		}
		if of {
			f |= x86.OF
		}
		c.SetArith(x86.CF|x86.OF, f)
	}
	switch op {
	case ir.Shl:
		last := v << (n - 1)
		r := last << 1 & mask
		c.CCOp, c.CCRes, c.CCSrc = cpu.CCShl|uint32(w), r, last&mask
		return r
	case ir.Shr:
		last := v >> (n - 1)
		c.CCOp, c.CCRes, c.CCSrc = cpu.CCShr|uint32(w), last>>1, last
		return last >> 1
	case ir.Sar:
		x := int64(v<<(64-width)) >> (64 - width)
		last := x >> (n - 1)
		r := uint64(last>>1) & mask
		c.CCOp, c.CCRes, c.CCSrc = cpu.CCShr|uint32(w), r, uint64(last)&mask
		return r
	case ir.Rol:
		m := n % width
		r := (v<<m | v>>(width-m)) & mask
		flag(r&1 != 0, r, (r&sign != 0) != (r&1 != 0))
		return r
	case ir.Ror:
		m := n % width
		r := (v>>m | v<<(width-m)) & mask
		flag(r&sign != 0, r, (r&sign != 0) != (r&(sign>>1) != 0))
		return r
	case ir.Rcl:
		m := n % (width + 1)
		if m == 0 {
			// The count is a multiple of width+1: nothing moves, CF stays.
			cf := c.Carry()
			flag(cf, v, (v&sign != 0) != cf)
			return v
		}
		x := c.CarryBit()<<width | v
		x = (x<<m | x>>(width+1-m)) & (mask<<1 | 1)
		r, cf := x&mask, x>>width&1 != 0
		flag(cf, r, (r&sign != 0) != cf)
		return r
	default: // Rcr
		m := n % (width + 1)
		x := c.CarryBit()<<width | v
		if m != 0 {
			x = (x>>m | x<<(width+1-m)) & (mask<<1 | 1)
		}
		r, cf := x&mask, x>>width&1 != 0
		flag(cf, r, (r&sign != 0) != (r&(sign>>1) != 0))
		return r
	}
}

// zeroExtend is what is left of an operation on a register that does nothing: a
// dword's upper half is cleared (SDM 1 3.4.1.1).
func zeroExtend(d *uint64, w uint8) fn {
	if w != 2 {
		return nil
	}
	return func(*cpu.CPU) { *d &= 0xffffffff }
}

// double makes SHLD and SHRD.
func (k *Backend) double(u *ir.Uop) fn {
	r, w, left := k.regs(u), u.W, u.Op == ir.ShlD
	cx := &k.c.R[x86.CX]
	imm, byCL := uint32(u.Imm&31), u.Aux.Kind == ir.Reg
	s0, d := r.s0, r.d
	if u.D.Kind != ir.Mem && w == 2 && !byCL {
		if imm == 0 {
			return zeroExtend(d, w)
		}
		n, flags := imm, u.Live != 0
		if left {
			return func(c *cpu.CPU) {
				v, src := uint32(*d), uint32(*s0)
				last := v<<((n-1)&31) | uint32(uint64(src)>>((33-n)&63))
				x := uint64(v<<(n&31) | src>>((32-n)&31))
				*d = x
				if flags {
					c.CCOp, c.CCRes, c.CCSrc = cpu.CCShl|2, x, uint64(last)
				}
			}
		}
		return func(c *cpu.CPU) {
			pair := *s0<<32 | *d&0xffffffff
			last := uint32(pair >> ((n - 1) & 63))
			x := uint64(uint32(pair >> (n & 63)))
			*d = x
			if flags {
				c.CCOp, c.CCRes, c.CCSrc = cpu.CCShr|2, x, uint64(last)
			}
		}
	}
	compute := func(c *cpu.CPU, v uint64, n uint32) (x uint64, op uint32, last uint64) {
		width := uint32(8) << w
		mask := uint64(1)<<width - 1
		src := *s0 & mask
		if w == 1 && n > 16 {
			// Undefined by the manual; the processors shift the pair again.
			if left {
				t := v<<48 | src<<32 | v<<16
				return t << n >> 48, cpu.CCShl | 1, t << (n - 1) >> 48
			}
			t := v<<32 | src<<16 | v
			return t >> n & mask, cpu.CCShr | 1, t >> (n - 1) & mask
		}
		if left {
			t := v<<width | src
			return t << n >> width & mask, cpu.CCShl | uint32(w), t << (n - 1) >> width & mask
		}
		t := src<<width | v
		return t >> n & mask, cpu.CCShr | uint32(w), t >> (n - 1) & mask
	}
	if u.D.Kind != ir.Mem {
		return func(c *cpu.CPU) {
			n := imm
			if byCL {
				n = uint32(*cx) & 31
			}
			if n == 0 {
				if w == 2 {
					*d &= 0xffffffff
				}
				return
			}
			x, op, last := compute(c, get(d, 0, w), n)
			set(d, 0, w, x)
			c.CCOp, c.CCRes, c.CCSrc = op, x, last
		}
	}
	m, s, size := k.address(u), k.site(u), 1<<w
	return func(c *cpu.CPU) {
		n := imm
		if byCL {
			n = uint32(*cx) & 31
		}
		va := m.where(c, size, true)
		v := modifySlow(c, va, size, s)
		if n == 0 {
			return
		}
		x, op, last := compute(c, v, n)
		storeSlow(c, va, size, x, s)
		c.CCOp, c.CCRes, c.CCSrc = op, x, last
	}
}
