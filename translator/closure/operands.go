package closure

import (
	"ringzero/cpu"
	"ringzero/translator/ir"
	"ringzero/x86"
)

func (k *Backend) reg(a ir.Arg) (*uint64, uint8) {
	if a.Kind == ir.High {
		return &k.c.R[a.Reg&3], 8
	}
	return &k.c.R[a.Reg&15], 0
}

func (k *Backend) regs(u *ir.Uop) regs {
	r := regs{d: &k.zero, s0: &k.zero, sp: &k.c.R[x86.SP]}
	if u.D.Kind == ir.Reg || u.D.Kind == ir.High {
		r.d, r.dh = k.reg(u.D)
	}
	if u.S.Kind == ir.Reg || u.S.Kind == ir.High {
		r.s0, r.s0h = k.reg(u.S)
	}
	return r
}

func (k *Backend) address(u *ir.Uop) *address {
	m := &u.Addr
	if len(k.addresses) == 0 {
		k.addresses = make([]address, addressesAtOnce)
	}
	a := &k.addresses[0]
	k.addresses = k.addresses[1:]
	*a = address{base: &k.zero, index: &k.zero, scale: m.Scale, disp: displacement(m), mask: ^uint64(0) >> (64 - 8*m.Size),
		seg: &k.c.Seg[m.Seg&7], num: m.Seg & 7, flat: m.Flat, align: k.b.mode&cpu.ModeAlign != 0, site: k.site(u)}
	if m.Base < 16 {
		a.base = &k.c.R[m.Base]
	}
	if m.Index < 16 {
		a.index = &k.c.R[m.Index]
	}
	return a
}

const addressesAtOnce = 16

// displacement is what is added to a wide base. A sum that leaves 4 GiB equals no
// tag, and the slow path wraps it: that must be rare. So with registers a small
// negative displacement is one, and without them the address is as it stands. Forms
// with an index are masked: loops that count up to 0 are not rare (the kernel's
// big numbers).
func displacement(m *ir.Address) uint64 {
	if m.Size == 8 || int64(m.Disp) > -1<<28 && (m.Base < 16 || m.Index < 16) {
		return m.Disp
	}
	return m.Disp & 0xffffffff
}

// get reads a register of a width, set writes it; a dword clears the upper half.
func get(p *uint64, shift, w uint8) uint64 {
	switch w {
	case 0:
		return *p >> (shift & 8) & 0xff
	case 1:
		return *p & 0xffff
	case 2:
		return *p & 0xffffffff
	}
	return *p
}

func set(p *uint64, shift, w uint8, v uint64) {
	switch w {
	case 0:
		*p = *p&^(0xff<<(shift&8)) | v&0xff<<(shift&8)
	case 1:
		*p = *p&^0xffff | v&0xffff
	case 2:
		*p = v & 0xffffffff
	default:
		*p = v
	}
}

// operand reads any source operand.
func (k *Backend) operand(a ir.Arg, u *ir.Uop, w uint8) func(c *cpu.CPU) uint64 {
	switch a.Kind {
	case ir.Imm:
		v := u.Imm
		return func(c *cpu.CPU) uint64 { return v }
	case ir.Mem:
		m, s, size := k.address(u), k.site(u), 1<<w
		return func(c *cpu.CPU) uint64 { return load(c, m.where(c, size, false), size, s) }
	}
	p, shift := k.reg(a)
	return func(c *cpu.CPU) uint64 { return get(p, shift, w) }
}

// regs are register operands: pointers into the processor's state, and for
// bytes the shift (0, or 8 for AH and kin).
type regs struct {
	d, s0   *uint64
	sp      *uint64 // ESP
	dh, s0h uint8
}

// address is a memory operand. An absent base or index points to a zero.
type address struct {
	base, index *uint64
	scale       uint8
	disp, mask  uint64
	seg         *cpu.Segment
	num         uint8
	site        *cpu.Site
	flat, align bool
}

// offset is the effective address within the segment.
func (a *address) offset() uint64 {
	return (*a.base + *a.index<<(a.scale&3) + a.disp) & a.mask
}

// where gives the linear address of an access, after the checks that the segment asks
// for.
func (a *address) where(c *cpu.CPU, size int, write bool) uint64 {
	switch {
	case a.flat:
		return a.offset()
	case write:
		return a.writable(c, size)
	}
	return a.readable(c, size)
}

// readable gives the linear address of a read through a segment that is not
// flat, after its checks.
func (a *address) readable(c *cpu.CPU, size int) uint64 {
	off := a.offset()
	if off < a.seg.ReadLo || off+uint64(size)-1 > a.seg.ReadHi || a.align {
		return a.check(c, off, size, false)
	}
	return (a.seg.Base + off) & c.AddrMask
}

func (a *address) writable(c *cpu.CPU, size int) uint64 {
	off := a.offset()
	if off < a.seg.WriteLo || off+uint64(size)-1 > a.seg.WriteHi || a.align {
		return a.check(c, off, size, true)
	}
	return (a.seg.Base + off) & c.AddrMask
}

func (a *address) check(c *cpu.CPU, off uint64, size int, write bool) uint64 {
	c.Enter(a.site)
	va, exc := c.Linear(a.num, off, size, write)
	if exc != nil {
		c.Unwind(a.site, exc)
	}
	c.Exit()
	return va
}
