package closure

import (
	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator/cache"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// Backend makes closures for one processor.
type Backend struct {
	// Count, where set, counts the pairs that run, and makes none.
	Count *Pairs

	c    *cpu.CPU
	zero uint64 // what an absent base or index points to
	b    *Block // under way
	x    args   // of the micro-op at hand
	// addresses is what is left of an allocation for several: closures run more
	// closely together when what they seldom look at does not lie between them.
	addresses []address
}

// New makes a backend for a processor.
func New(c *cpu.CPU) *Backend { return &Backend{c: c} }

func (k *Backend) reg(a ir.Arg) (*uint64, uint8) {
	if a.Kind == ir.High {
		return &k.c.R[a.Reg&3], 8
	}
	return &k.c.R[a.Reg&15], 0
}

func (k *Backend) regs(u *ir.Uop) regs {
	r := regs{d: &k.zero, s0: &k.zero, aux: &k.zero, sp: &k.c.R[x86.SP]}
	if u.D.Kind == ir.Reg || u.D.Kind == ir.High {
		r.d, r.dh = k.reg(u.D)
	}
	if u.S.Kind == ir.Reg || u.S.Kind == ir.High {
		r.s0, r.s0h = k.reg(u.S)
	}
	if u.Aux.Kind == ir.Reg || u.Aux.Kind == ir.High {
		r.aux, r.auxh = k.reg(u.Aux)
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
	*a = address{base: &k.zero, index: &k.zero, scale: m.Scale, disp: displacement(m), mask: 0xffffffff,
		seg: &k.c.Seg[m.Seg&7], num: m.Seg & 7, align: k.b.mode&cpu.ModeAlign != 0, site: k.site(u)}
	if m.Size == 2 {
		a.mask = 0xffff
	}
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

// Compile makes the code of a block whose first byte stands at an offset in its page,
// from its micro-ops. The last one is a terminator.
func (k *Backend) Compile(of *cache.Block, entry uint32, code *ir.Code) *Block {
	uops := code.Uops
	n := len(uops) - 1
	b := &Block{Of: of, Steps: int64(code.Steps), Entry: entry, mode: of.Mode, at: k.c.Host.At(of.Off), Sites: make([]cpu.Site, len(of.Insts)),
		to: [2]uint32{uint32(uops[n].Next), uint32(uops[n].Target)}, mask: uops[n].Mask}
	k.b = b
	at := entry
	for i := range of.Insts {
		in := &of.Insts[i]
		b.Sites[i] = cpu.Site{Inst: in, Off: at, Rem: int32(len(of.Insts) - i), Mid: i < len(of.Insts)-1}
		at += uint32(in.Len)
	}
	var fns []fn
	last := n
	if t := k.fuse(uops); t != nil {
		b.term = t
		last--
	} else {
		b.term = k.term(&uops[n])
	}
	for i := 0; i < last; i++ {
		if i+1 < last {
			if f := k.pair(&uops[i], &uops[i+1]); f != nil {
				fns = append(fns, f)
				i++
				continue
			}
		}
		if f := k.fn(&uops[i]); f != nil {
			fns = append(fns, f)
		}
	}
	b.Uops, b.Calls = int32(len(uops)), int32(len(fns)+1)
	copy(b.fns[:], fns)
	if len(fns) > inline {
		b.more = fns[inline:]
	}
	b.run = runs[min(len(fns), inline+1)]
	k.b = nil
	return b
}

// site is the place of a micro-op's instruction in the block under way.
func (k *Backend) site(u *ir.Uop) *cpu.Site { return &k.b.Sites[u.Inst] }

// fuse makes one terminator of an operation that sets the flags and the branch
// that reads them.
func (k *Backend) fuse(uops []ir.Uop) term {
	if len(uops) < 2 {
		return nil
	}
	j, u := &uops[len(uops)-1], &uops[len(uops)-2]
	if j.Op != ir.Jcc || j.Mask != ^uint32(0) || k.b.mode&cpu.ModeFlatCS == 0 {
		return nil
	}
	return k.fused(u, j.Cond)
}

// fused makes the terminator of an operation and a branch, nil where there is none.
func (k *Backend) fused(u *ir.Uop, cond uint8) term {
	if u.Op > ir.Test || u.D.Kind == ir.High || u.S.Kind == ir.High {
		return nil
	}
	x := k.args(u)
	switch {
	case u.S.Kind == ir.Mem:
		x.s = x.d
		return makeFusedM(u, cond, x, k.b)
	case u.D.Kind == ir.Mem:
		x.immediate(u)
		return makeFusedM(u, cond, x, k.b)
	case u.S.Kind == ir.Imm:
		return makeFusedR[n1](u, cond, x, k.b)
	}
	return makeFusedR[n0](u, cond, x, k.b)
}

// fn makes the closure of a micro-op that is no terminator, nil for one that
// does nothing.
func (k *Backend) fn(u *ir.Uop) fn {
	switch u.Op {
	case ir.Add, ir.Or, ir.Adc, ir.Sbb, ir.And, ir.Sub, ir.Xor, ir.Cmp, ir.Test:
		return k.alu(u)
	case ir.Inc, ir.Dec, ir.Neg, ir.Not:
		return k.unary(u)
	case ir.Mov:
		return k.mov(u)
	case ir.MovZX, ir.MovSX:
		return k.extension(u)
	case ir.Lea:
		return k.lea(u)
	case ir.Rol, ir.Ror, ir.Rcl, ir.Rcr, ir.Shl, ir.Shr, ir.Sar:
		return k.shift(u)
	case ir.ShlD, ir.ShrD:
		return k.double(u)
	case ir.Mul:
		if u.S.Kind != ir.Reg || u.W != 2 {
			return k.callOut(u)
		}
		return k.mul(u)
	case ir.IMul:
		return k.imul(u)
	case ir.Push:
		return k.push(u)
	case ir.Pop:
		return k.pop(u)
	case ir.Leave:
		return k.leave(u)
	case ir.Xchg:
		if u.D.Kind == ir.Mem || u.S.Kind == ir.Mem {
			return k.xchgMem(u)
		}
		r, w := k.regs(u), u.W
		if w == 2 {
			d, s := r.d, r.s0
			return func(c *cpu.CPU) { *d, *s = *s, *d }
		}
		return func(c *cpu.CPU) {
			a, b := get(r.d, r.dh, w), get(r.s0, r.s0h, w)
			set(r.d, r.dh, w, b)
			set(r.s0, r.s0h, w, a)
		}
	case ir.Bswap:
		return k.bswap(u)
	case ir.SetCC:
		return k.setcc(u)
	case ir.CMov:
		return k.cmov(u)
	case ir.Widen:
		ax := &k.c.R[x86.AX]
		if u.W == 1 {
			return func(c *cpu.CPU) { *ax = *ax&^0xffff | uint64(uint16(int8(*ax))) }
		}
		return func(c *cpu.CPU) { *ax = uint64(uint32(int16(*ax))) }
	case ir.SignDX:
		ax, dx := &k.c.R[x86.AX], &k.c.R[x86.DX]
		if u.W == 1 {
			return func(c *cpu.CPU) { *dx = *dx&^0xffff | uint64(uint16(int16(*ax)>>15)) }
		}
		return func(c *cpu.CPU) { *dx = uint64(uint32(int32(*ax) >> 31)) }
	case ir.Nop:
		return nil
	case ir.Cld:
		return func(c *cpu.CPU) { c.Flags &^= x86.DF }
	case ir.Std:
		return func(c *cpu.CPU) { c.Flags |= x86.DF }
	case ir.Clc:
		return func(c *cpu.CPU) { c.SetArith(x86.CF, 0) }
	case ir.Stc:
		return func(c *cpu.CPU) { c.SetArith(x86.CF, x86.CF) }
	}
	if u.Call == 0 {
		panic("BUG: closure: no code for micro-op")
	}
	return k.callOut(u)
}

// callOut wraps a handler of package cpu.
func (k *Backend) callOut(u *ir.Uop) fn {
	do, s := cpu.Calls[u.Call&(cpu.MostCalls-1)].Do, k.site(u)
	if u.Counts {
		op := s.Inst.Op & (cpu.MostCalls - 1)
		return func(c *cpu.CPU) {
			c.Traps[op]++
			c.Enter(s)
			if exc := do(c, s); exc != nil {
				c.Unwind(s, exc)
			}
			c.Exit()
		}
	}
	return func(c *cpu.CPU) {
		c.Enter(s)
		if exc := do(c, s); exc != nil {
			c.Unwind(s, exc)
		}
		c.Exit()
	}
}

// xchgMem is XCHG with memory: the store is certain before the register changes.
func (k *Backend) xchgMem(u *ir.Uop) fn {
	m, flat, w, a := k.address(u), u.Addr.Flat, u.W, u.S
	if a.Kind == ir.Mem {
		a = u.D
	}
	size := 1 << w
	p, shift := k.reg(a)
	return func(c *cpu.CPU) {
		va := linear(c, m, flat, size, m.site)
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

// get and set access a register of any width up to 32 bits.
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

// operand reads any source operand.
func (k *Backend) operand(a ir.Arg, u *ir.Uop, w uint8) func(c *cpu.CPU) uint64 {
	switch a.Kind {
	case ir.Imm:
		v := u.Imm
		return func(c *cpu.CPU) uint64 { return v }
	case ir.Mem:
		m, s, size := k.address(u), k.site(u), 1<<w
		if u.Addr.Flat {
			return func(c *cpu.CPU) uint64 { return load(c, m.offset(), size, s) }
		}
		return func(c *cpu.CPU) uint64 { return load(c, m.readable(c, size), size, s) }
	}
	p, shift := k.reg(a)
	return func(c *cpu.CPU) uint64 { return get(p, shift, w) }
}

// load is a read of any size with the probe.
func load(c *cpu.CPU, va uint64, size int, s *cpu.Site) uint64 {
	if e := c.TLB.At(va); e.Read == (va+uint64(size)-1)&^0xfff {
		switch off := va + e.Addend; size {
		case 1:
			return uint64(bus.Load8(off))
		case 2:
			return uint64(bus.Load16(off))
		case 4:
			return uint64(bus.Load32(off))
		}
	}
	return loadSlow(c, va, size, s)
}

func store(c *cpu.CPU, va uint64, size int, v uint64, s *cpu.Site) {
	if e := c.TLB.At(va); e.Write == (va+uint64(size)-1)&^0xfff {
		switch off := va + e.Addend; size {
		case 1:
			bus.Store8(off, uint8(v))
			return
		case 2:
			bus.Store16(off, uint16(v))
			return
		case 4:
			bus.Store32(off, uint32(v))
			return
		}
	}
	storeSlow(c, va, size, v, s)
}

// linear gives the linear address of the memory operand, checked for a write.
func linear(c *cpu.CPU, m *address, flat bool, size int, s *cpu.Site) uint64 {
	if flat {
		return m.offset()
	}
	return m.writable(c, size)
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

// cond gives a test of the flags, specialised where the block shows which
// operation set them.
func cond(cc uint8, known uint32) func(c *cpu.CPU) bool {
	if known != 0 {
		switch cc {
		case 4:
			return func(c *cpu.CPU) bool { return c.CCRes == 0 }
		case 5:
			return func(c *cpu.CPU) bool { return c.CCRes != 0 }
		}
		if known == cpu.CCSub|2 {
			switch cc {
			case 2:
				return func(c *cpu.CPU) bool { return uint32(c.CCRes+c.CCSrc) < uint32(c.CCSrc) }
			case 3:
				return func(c *cpu.CPU) bool { return uint32(c.CCRes+c.CCSrc) >= uint32(c.CCSrc) }
			case 6:
				return func(c *cpu.CPU) bool { return uint32(c.CCRes+c.CCSrc) <= uint32(c.CCSrc) }
			case 7:
				return func(c *cpu.CPU) bool { return uint32(c.CCRes+c.CCSrc) > uint32(c.CCSrc) }
			case 12:
				return func(c *cpu.CPU) bool { return int32(c.CCRes+c.CCSrc) < int32(c.CCSrc) }
			case 13:
				return func(c *cpu.CPU) bool { return int32(c.CCRes+c.CCSrc) >= int32(c.CCSrc) }
			case 14:
				return func(c *cpu.CPU) bool { return int32(c.CCRes+c.CCSrc) <= int32(c.CCSrc) }
			case 15:
				return func(c *cpu.CPU) bool { return int32(c.CCRes+c.CCSrc) > int32(c.CCSrc) }
			}
		}
	}
	return func(c *cpu.CPU) bool { return c.Cond(cc) }
}

func (k *Backend) setcc(u *ir.Uop) fn {
	test := cond(u.Cond, u.CC)
	if u.D.Kind == ir.Mem {
		m, flat, s := k.address(u), u.Addr.Flat, k.site(u)
		return func(c *cpu.CPU) {
			v := uint64(0)
			if test(c) {
				v = 1
			}
			store(c, linear(c, m, flat, 1, s), 1, v, s)
		}
	}
	r := k.regs(u)
	d, dh := r.d, r.dh
	if cc := u.Cond; u.CC == 0 {
		return func(c *cpu.CPU) {
			v := uint64(0)
			if c.Cond(cc) {
				v = 1
			}
			*d = *d&^(0xff<<(dh&8)) | v<<(dh&8)
		}
	}
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
