package closure

import (
	"ringzero/cpu"
	"ringzero/translator/ir"
)

// packed is what a fused micro-op captures.
type packed struct {
	r   *regs
	a   *address
	imm uint32
	s   *cpu.Site
}

// kindOf is the index of a micro-op among those that are fused pairwise, or -1.
func kindOf(u *ir.Uop) int {
	if u.Op == ir.MovZX && u.SW == 0 && u.W == 2 {
		switch form(u.S, &u.Addr) {
		case 'B':
			return kindZX8B
		case 'R':
			return kindZX8R
		}
		return -1
	}
	if u.W != 2 || u.D.Kind == ir.High || u.S.Kind == ir.High {
		return -1
	}
	d, s := form(u.D, &u.Addr), form(u.S, &u.Addr)
	shape := string([]byte{d, s})
	flags := u.Live != 0
	switch u.Op {
	case ir.Mov:
		switch shape {
		case "RR":
			return kindMovRR
		case "RI":
			return kindMovRI
		case "RB":
			return kindMovRB
		case "RX":
			return kindMovRX
		case "BR":
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
		case shape == "RR" && flags:
			return kindAddRRF
		case shape == "RI" && flags:
			return kindAddRIF
		case shape == "RR":
			return kindAddRR
		case shape == "RI":
			return kindAddRI
		}
	case ir.Sub:
		switch {
		case shape == "RR" && flags:
			return kindSubRRF
		case shape == "RR":
			return kindSubRR
		case shape == "RI" && !flags:
			return kindAddRI // of the negated immediate
		}
	case ir.And:
		if shape == "RI" && !flags {
			return kindAndRI
		}
	case ir.Xor:
		if shape == "RR" && !flags {
			return kindXorRR
		}
	case ir.Or:
		if shape == "RR" && !flags {
			return kindOrRR
		}
	case ir.Shl, ir.Shr, ir.Sar, ir.Rol, ir.Ror:
		if shape != "RI" || flags || u.Imm&31 == 0 {
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
		if shape == "RR" && !flags && u.Aux.Kind == ir.None {
			return kindIMulRR
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

func (k *Backend) pack(u *ir.Uop) *packed {
	p := &packed{k.regs(u), k.address(u), u.Imm, u.Site}
	switch u.Op {
	case ir.Sub:
		if u.S.Kind == ir.Imm {
			p.imm = -p.imm
		}
	case ir.Ror:
		p.imm = -p.imm & 31
	}
	return p
}

// pair fuses two neighbours into one closure, nil where they don't fit.
func (k *Backend) pair(u, v *ir.Uop) ir.Fn {
	i := kindOf(u)
	if i < 0 {
		return nil
	}
	j := kindOf(v)
	if j < 0 {
		return nil
	}
	return pairs[i][j](k.pack(u), k.pack(v))
}
