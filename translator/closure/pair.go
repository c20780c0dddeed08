package closure

import (
	"math/bits"

	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// The micro-ops that are made pairwise, all of dwords but for ZX8, with R a
// register, I an immediate, B memory by base and displacement, X with an index, F
// where the flags are needed.
const (
	kindMovRR = iota
	kindMovRI
	kindMovRB
	kindMovRX
	kindMovBR
	kindZX8B
	kindZX8R
	kindLeaB
	kindLeaX
	kindAddRR
	kindAddRI
	kindSubRR
	kindAndRI
	kindXorRR
	kindOrRR
	kindShlRI
	kindShrRI
	kindSarRI
	kindRolRI
	kindIMulRR
	kindAddRRF
	kindAddRIF
	kindSubRRF
	kindPushR
	kindPopR
	kindXorRI
	kindShldRI
	kindMulR
	kindIMulRI
	kindAdcRI
	numKinds
)

// Kinds are the names of the kinds.
var Kinds = [numKinds]string{"MovRR", "MovRI", "MovRB", "MovRX", "MovBR", "ZX8B", "ZX8R", "LeaB", "LeaX", "AddRR", "AddRI", "SubRR", "AndRI", "XorRR", "OrRR", "ShlRI", "ShrRI", "SarRI", "RolRI", "IMulRR", "AddRRF", "AddRIF", "SubRRF", "PushR", "PopR", "XorRI", "ShldRI", "MulR", "IMulRI", "AdcRI"}

// half is what one micro-op of a pair captures: x is its register, y the other one
// or the base of its address, v the immediate or the displacement.
type half struct {
	x, y *uint64
	v    uint64
	m    *address
}

type pairMaker func(p, q half) fn

// kindOf is the kind of a micro-op, -1 for what is never paired.
func kindOf(u *ir.Uop) int {
	if u.Op == ir.MovZX && u.SW == 0 && u.W == 2 {
		switch {
		case u.S.Kind == ir.Reg:
			return kindZX8R
		case u.S.Kind == ir.Mem && memForm(&u.Addr) == memBase:
			return kindZX8B
		}
		return -1
	}
	if u.W != 2 {
		return -1
	}
	flags := u.Live != 0
	rr := u.D.Kind == ir.Reg && u.S.Kind == ir.Reg
	ri := u.D.Kind == ir.Reg && u.S.Kind == ir.Imm
	switch u.Op {
	case ir.Mov:
		switch {
		case rr:
			return kindMovRR
		case ri:
			return kindMovRI
		case u.D.Kind == ir.Reg && memForm(&u.Addr) == memBase:
			return kindMovRB
		case u.D.Kind == ir.Reg && memForm(&u.Addr) == memIndex:
			return kindMovRX
		case u.S.Kind == ir.Reg && memForm(&u.Addr) == memBase:
			return kindMovBR
		}
	case ir.Lea:
		switch {
		case u.Addr.Size != 4:
		case u.Addr.Index < 16:
			return kindLeaX
		default:
			return kindLeaB
		}
	case ir.Add:
		switch {
		case rr && flags:
			return kindAddRRF
		case ri && flags:
			return kindAddRIF
		case rr:
			return kindAddRR
		case ri:
			return kindAddRI
		}
	case ir.Sub:
		switch {
		case rr && flags:
			return kindSubRRF
		case rr:
			return kindSubRR
		case ri && !flags:
			return kindAddRI // of the negated immediate
		}
	case ir.And:
		if ri && !flags {
			return kindAndRI
		}
	case ir.Xor:
		switch {
		case rr && !flags:
			return kindXorRR
		case ri && !flags:
			return kindXorRI
		}
	case ir.Or:
		if rr && !flags {
			return kindOrRR
		}
	case ir.Shl, ir.Shr, ir.Sar, ir.Rol, ir.Ror:
		if !ri || flags || u.Imm&31 == 0 {
			break
		}
		switch u.Op {
		case ir.Shl:
			return kindShlRI
		case ir.Shr:
			return kindShrRI
		case ir.Sar:
			return kindSarRI
		}
		return kindRolRI // ROR turns the other way
	case ir.IMul:
		switch {
		case rr && !flags && u.Aux.Kind == ir.None:
			return kindIMulRR
		case rr && u.Aux.Kind == ir.Imm:
			return kindIMulRI
		}
	case ir.Mul:
		if u.S.Kind == ir.Reg && !flags {
			return kindMulR
		}
	case ir.ShlD:
		if rr && !flags && u.Aux.Kind == ir.Imm && u.Imm&31 != 0 {
			return kindShldRI
		}
	case ir.Adc:
		if ri && !flags && u.CC == cpu.CCAdd|2 {
			return kindAdcRI
		}
	case ir.Push:
		if u.S.Kind == ir.Reg && flat32(u) {
			return kindPushR
		}
	case ir.Pop:
		if flat32(u) {
			return kindPopR
		}
	}
	return -1
}

// half prepares a micro-op of a kind.
func (k *Backend) half(u *ir.Uop, kind int) half {
	r := k.regs(u)
	h := half{x: r.d, y: r.s0, v: u.Imm}
	if kind == kindPushR || kind == kindPopR || u.Op == ir.Lea || u.S.Kind == ir.Mem || u.D.Kind == ir.Mem {
		h.m = k.address(u)
	}
	switch {
	case kind == kindMovBR:
		h.x, h.y, h.v = r.s0, h.m.base, h.m.disp
	case kind == kindPushR:
		h.x, h.y = r.s0, r.sp
	case kind == kindPopR:
		h.y = r.sp
	case kind == kindMulR:
		h.x = &k.c.R[x86.AX]
	case u.Op == ir.Lea || u.S.Kind == ir.Mem:
		h.y, h.v = h.m.base, h.m.disp
	case u.Op == ir.Sub && kind == kindAddRI:
		h.v = -u.Imm
	case u.Op == ir.Ror:
		h.v = -u.Imm & 31
	}
	return h
}

// Pairs counts the pairs of kinds that ran, by first and second: what the table is
// made from.
type Pairs [numKinds][numKinds]uint64

// pair makes two neighbours one closure, nil where the table has none for them.
func (k *Backend) pair(u, v *ir.Uop) fn {
	i := kindOf(u)
	if i < 0 {
		return nil
	}
	j := kindOf(v)
	if j < 0 {
		return nil
	}
	if k.Count != nil {
		n, first, second := &k.Count[i][j], k.fn(u), k.fn(v)
		return func(c *cpu.CPU) {
			*n++
			first(c)
			second(c)
		}
	}
	if pairs[i][j] == nil {
		return nil
	}
	return pairs[i][j](k.half(u, i), k.half(v, j))
}

// paired is the maker of all pairs, A the first kind, B the second.
//
//go:noinline
func paired[A, B num](p, q half) fn {
	var (
		a A
		b B
	)
	px, py, pv, pm := p.x, p.y, p.v, p.m
	qx, qy, qv, qm := q.x, q.y, q.v, q.m
	return func(c *cpu.CPU) {
		switch len(a) {
		case kindMovRB, kindMovRX, kindZX8B, kindPopR:
			va := *py
			switch len(a) {
			case kindMovRX:
				va = (va + pv + *pm.index<<(pm.scale&3)) & pm.mask
			case kindMovRB, kindZX8B:
				va += pv
			}
			var v uint64
			switch e := c.TLB.At(va); {
			case len(a) == kindZX8B && e.Read == va&^0xfff:
				v = uint64(bus.Load8(va + e.Addend))
			case len(a) == kindZX8B:
				v = loadSlow(c, va, 1, pm.site)
			case e.Read == (va+3)&^0xfff:
				v = uint64(bus.Load32(va + e.Addend))
			default:
				v = loadSlow(c, va, 4, pm.site)
			}
			if len(a) == kindPopR {
				*py = uint64(uint32(va) + 4)
			}
			*px = v
		case kindMovBR, kindPushR:
			va := *py + pv
			if len(a) == kindPushR {
				va = uint64(uint32(*py) - 4)
			}
			if e := c.TLB.At(va); e.Write == (va+3)&^0xfff {
				bus.Store32(va+e.Addend, uint32(*px))
			} else {
				storeSlow(c, va, 4, uint64(uint32(*px)), pm.site)
			}
			if len(a) == kindPushR {
				*py = va
			}
		case kindMovRR:
			*px = uint64(uint32(*py))
		case kindMovRI:
			*px = pv
		case kindZX8R:
			*px = *py & 0xff
		case kindLeaB:
			*px = uint64(uint32(*py) + uint32(pv))
		case kindLeaX:
			*px = uint64(uint32(*py) + uint32(*pm.index)<<(pm.scale&3) + uint32(pv))
		case kindAddRR:
			*px = uint64(uint32(*px) + uint32(*py))
		case kindAddRI:
			*px = uint64(uint32(*px) + uint32(pv))
		case kindSubRR:
			*px = uint64(uint32(*px) - uint32(*py))
		case kindAndRI:
			*px = uint64(uint32(*px) & uint32(pv))
		case kindXorRR:
			*px = uint64(uint32(*px) ^ uint32(*py))
		case kindOrRR:
			*px = uint64(uint32(*px) | uint32(*py))
		case kindShlRI:
			*px = uint64(uint32(*px) << (pv & 31))
		case kindShrRI:
			*px = uint64(uint32(*px) >> (pv & 31))
		case kindSarRI:
			*px = uint64(uint32(int32(*px) >> (pv & 31)))
		case kindRolRI:
			*px = uint64(bits.RotateLeft32(uint32(*px), int(pv&31)))
		case kindIMulRR:
			*px = uint64(uint32(*px) * uint32(*py))
		case kindXorRI:
			*px = uint64(uint32(*px) ^ uint32(pv))
		case kindShldRI:
			*px = uint64(uint32(*px)<<(pv&31) | uint32(*py)>>(-pv&31))
		case kindMulR:
			r := uint64(uint32(*px)) * uint64(uint32(*py))
			*px, c.R[x86.DX] = uint64(uint32(r)), r>>32
		case kindIMulRI:
			r := int64(int32(*py)) * int64(int32(pv))
			*px = uint64(uint32(r))
			mulFlags(c, r)
		case kindAdcRI:
			k := uint32(0)
			if uint32(c.CCRes) < uint32(c.CCSrc) {
				k = 1
			}
			*px = uint64(uint32(*px) + uint32(pv) + k)
		case kindAddRRF, kindAddRIF:
			s := uint32(pv)
			if len(a) == kindAddRRF {
				s = uint32(*py)
			}
			r := uint32(*px) + s
			*px = uint64(r)
			c.CCOp, c.CCRes, c.CCSrc = cpu.CCAdd|2, uint64(r), uint64(s)
		case kindSubRRF:
			s := uint32(*py)
			r := uint32(*px) - s
			*px = uint64(r)
			c.CCOp, c.CCRes, c.CCSrc = cpu.CCSub|2, uint64(r), uint64(s)
		}
		switch len(b) {
		case kindMovRB, kindMovRX, kindZX8B, kindPopR:
			va := *qy
			switch len(b) {
			case kindMovRX:
				va = (va + qv + *qm.index<<(qm.scale&3)) & qm.mask
			case kindMovRB, kindZX8B:
				va += qv
			}
			var v uint64
			switch e := c.TLB.At(va); {
			case len(b) == kindZX8B && e.Read == va&^0xfff:
				v = uint64(bus.Load8(va + e.Addend))
			case len(b) == kindZX8B:
				v = loadSlow(c, va, 1, qm.site)
			case e.Read == (va+3)&^0xfff:
				v = uint64(bus.Load32(va + e.Addend))
			default:
				v = loadSlow(c, va, 4, qm.site)
			}
			if len(b) == kindPopR {
				*qy = uint64(uint32(va) + 4)
			}
			*qx = v
		case kindMovBR, kindPushR:
			va := *qy + qv
			if len(b) == kindPushR {
				va = uint64(uint32(*qy) - 4)
			}
			if e := c.TLB.At(va); e.Write == (va+3)&^0xfff {
				bus.Store32(va+e.Addend, uint32(*qx))
			} else {
				storeSlow(c, va, 4, uint64(uint32(*qx)), qm.site)
			}
			if len(b) == kindPushR {
				*qy = va
			}
		case kindMovRR:
			*qx = uint64(uint32(*qy))
		case kindMovRI:
			*qx = qv
		case kindZX8R:
			*qx = *qy & 0xff
		case kindLeaB:
			*qx = uint64(uint32(*qy) + uint32(qv))
		case kindLeaX:
			*qx = uint64(uint32(*qy) + uint32(*qm.index)<<(qm.scale&3) + uint32(qv))
		case kindAddRR:
			*qx = uint64(uint32(*qx) + uint32(*qy))
		case kindAddRI:
			*qx = uint64(uint32(*qx) + uint32(qv))
		case kindSubRR:
			*qx = uint64(uint32(*qx) - uint32(*qy))
		case kindAndRI:
			*qx = uint64(uint32(*qx) & uint32(qv))
		case kindXorRR:
			*qx = uint64(uint32(*qx) ^ uint32(*qy))
		case kindOrRR:
			*qx = uint64(uint32(*qx) | uint32(*qy))
		case kindShlRI:
			*qx = uint64(uint32(*qx) << (qv & 31))
		case kindShrRI:
			*qx = uint64(uint32(*qx) >> (qv & 31))
		case kindSarRI:
			*qx = uint64(uint32(int32(*qx) >> (qv & 31)))
		case kindRolRI:
			*qx = uint64(bits.RotateLeft32(uint32(*qx), int(qv&31)))
		case kindIMulRR:
			*qx = uint64(uint32(*qx) * uint32(*qy))
		case kindXorRI:
			*qx = uint64(uint32(*qx) ^ uint32(qv))
		case kindShldRI:
			*qx = uint64(uint32(*qx)<<(qv&31) | uint32(*qy)>>(-qv&31))
		case kindMulR:
			r := uint64(uint32(*qx)) * uint64(uint32(*qy))
			*qx, c.R[x86.DX] = uint64(uint32(r)), r>>32
		case kindIMulRI:
			r := int64(int32(*qy)) * int64(int32(qv))
			*qx = uint64(uint32(r))
			mulFlags(c, r)
		case kindAdcRI:
			k := uint32(0)
			if uint32(c.CCRes) < uint32(c.CCSrc) {
				k = 1
			}
			*qx = uint64(uint32(*qx) + uint32(qv) + k)
		case kindAddRRF, kindAddRIF:
			s := uint32(qv)
			if len(b) == kindAddRRF {
				s = uint32(*qy)
			}
			r := uint32(*qx) + s
			*qx = uint64(r)
			c.CCOp, c.CCRes, c.CCSrc = cpu.CCAdd|2, uint64(r), uint64(s)
		case kindSubRRF:
			s := uint32(*qy)
			r := uint32(*qx) - s
			*qx = uint64(r)
			c.CCOp, c.CCRes, c.CCSrc = cpu.CCSub|2, uint64(r), uint64(s)
		}
	}
}
