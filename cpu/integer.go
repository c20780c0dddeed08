package cpu

import (
	"math/bits"

	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/x86"
)

// mul is the unsigned multiplication into rDX:rAX.
func mul(c *CPU, s *Site) *x86.Exception {
	v, exc := c.Operand(s.Inst, s.lastArg())
	if exc != nil {
		return exc
	}
	switch size := s.Inst.Args[s.lastArg()].Size; size {
	case 1:
		r := c.R[x86.AX] & 0xff * v
		c.R[x86.AX] = c.R[x86.AX]&^0xffff | r
		c.CCOp, c.CCRes, c.CCSrc = CCMul, r&0xff, r>>8
	case 2:
		r := c.R[x86.AX] & 0xffff * v
		c.R[x86.AX] = c.R[x86.AX]&^0xffff | r&0xffff
		c.R[x86.DX] = c.R[x86.DX]&^0xffff | r>>16
		c.CCOp, c.CCRes, c.CCSrc = CCMul|1, r&0xffff, r>>16
	case 4:
		r := c.R[x86.AX] & 0xffffffff * v
		c.R[x86.AX], c.R[x86.DX] = r&0xffffffff, r>>32
		c.CCOp, c.CCRes, c.CCSrc = CCMul|2, r&0xffffffff, r>>32
	default:
		high, low := bits.Mul64(c.R[x86.AX], v)
		c.R[x86.AX], c.R[x86.DX] = low, high
		c.CCOp, c.CCRes, c.CCSrc = CCMul|3, low, high
	}
	return nil
}

func (s *Site) lastArg() int { return int(s.Inst.N) - 1 }

// imul1 is the one-operand signed multiplication.
func imul1(c *CPU, s *Site) *x86.Exception {
	v, exc := c.Operand(s.Inst, s.lastArg())
	if exc != nil {
		return exc
	}
	over := func(r, low int64) uint64 {
		if r != low {
			return 1
		}
		return 0
	}
	switch size := s.Inst.Args[s.lastArg()].Size; size {
	case 1:
		r := int64(int8(c.R[x86.AX])) * int64(int8(v))
		c.R[x86.AX] = c.R[x86.AX]&^0xffff | uint64(uint16(r))
		c.CCOp, c.CCRes, c.CCSrc = CCMul, uint64(uint8(r)), over(r, int64(int8(r)))
	case 2:
		r := int64(int16(c.R[x86.AX])) * int64(int16(v))
		c.R[x86.AX] = c.R[x86.AX]&^0xffff | uint64(uint16(r))
		c.R[x86.DX] = c.R[x86.DX]&^0xffff | uint64(uint16(r>>16))
		c.CCOp, c.CCRes, c.CCSrc = CCMul|1, uint64(uint16(r)), over(r, int64(int16(r)))
	case 4:
		r := int64(int32(c.R[x86.AX])) * int64(int32(v))
		c.R[x86.AX], c.R[x86.DX] = uint64(uint32(r)), uint64(uint32(r>>32))
		c.CCOp, c.CCRes, c.CCSrc = CCMul|2, uint64(uint32(r)), over(r, int64(int32(r)))
	default:
		a := c.R[x86.AX]
		high, low := bits.Mul64(a, v)
		high -= uint64(int64(a)>>63)&v + uint64(int64(v)>>63)&a
		c.R[x86.AX], c.R[x86.DX] = low, high
		c.CCOp, c.CCRes, c.CCSrc = CCMul|3, low, over(int64(high), int64(low)>>63)
	}
	return nil
}

// div raises #DE where the quotient does not fit.
func div(c *CPU, s *Site) *x86.Exception {
	v, exc := c.Operand(s.Inst, s.lastArg())
	if exc != nil {
		return exc
	}
	if v == 0 {
		return c.fault(x86.VecDE, 0)
	}
	switch size := s.Inst.Args[s.lastArg()].Size; size {
	case 1:
		a := c.R[x86.AX] & 0xffff
		q, r := a/v, a%v
		if q > 0xff {
			return c.fault(x86.VecDE, 0)
		}
		c.R[x86.AX] = c.R[x86.AX]&^0xffff | r<<8 | q
	case 2:
		a := c.R[x86.DX]&0xffff<<16 | c.R[x86.AX]&0xffff
		q, r := a/v, a%v
		if q > 0xffff {
			return c.fault(x86.VecDE, 0)
		}
		c.R[x86.AX] = c.R[x86.AX]&^0xffff | q
		c.R[x86.DX] = c.R[x86.DX]&^0xffff | r
	case 4:
		a := c.R[x86.DX]<<32 | c.R[x86.AX]&0xffffffff
		q, r := a/v, a%v
		if q > 0xffffffff {
			return c.fault(x86.VecDE, 0)
		}
		c.R[x86.AX], c.R[x86.DX] = q, r
	default:
		if c.R[x86.DX] >= v {
			return c.fault(x86.VecDE, 0)
		}
		c.R[x86.AX], c.R[x86.DX] = bits.Div64(c.R[x86.DX], c.R[x86.AX], v)
	}
	return nil
}

// idiv likewise; the most negative quotient is allowed since the 80286.
func idiv(c *CPU, s *Site) *x86.Exception {
	raw, exc := c.Operand(s.Inst, s.lastArg())
	if exc != nil {
		return exc
	}
	if raw == 0 {
		return c.fault(x86.VecDE, 0)
	}
	switch size := s.Inst.Args[s.lastArg()].Size; size {
	case 1:
		a, v := int64(int16(c.R[x86.AX])), int64(int8(raw))
		q, r := a/v, a%v
		if q != int64(int8(q)) {
			return c.fault(x86.VecDE, 0)
		}
		c.R[x86.AX] = c.R[x86.AX]&^0xffff | uint64(uint8(r))<<8 | uint64(uint8(q))
	case 2:
		a, v := int64(int32(c.R[x86.DX]<<16|c.R[x86.AX]&0xffff)), int64(int16(raw))
		q, r := a/v, a%v
		if q != int64(int16(q)) {
			return c.fault(x86.VecDE, 0)
		}
		c.R[x86.AX] = c.R[x86.AX]&^0xffff | uint64(uint16(q))
		c.R[x86.DX] = c.R[x86.DX]&^0xffff | uint64(uint16(r))
	case 8:
		q, r, ok := divide128(c.R[x86.DX], c.R[x86.AX], raw)
		if !ok {
			return c.fault(x86.VecDE, 0)
		}
		c.R[x86.AX], c.R[x86.DX] = q, r
	default:
		a, v := int64(c.R[x86.DX]<<32|c.R[x86.AX]&0xffffffff), int64(int32(raw))
		if v == -1 && a == -1<<63 {
			return c.fault(x86.VecDE, 0)
		}
		q, r := a/v, a%v
		if q != int64(int32(q)) {
			return c.fault(x86.VecDE, 0)
		}
		c.R[x86.AX], c.R[x86.DX] = uint64(uint32(q)), uint64(uint32(r))
	}
	return nil
}

// divide128 is the signed division of high:low by v, which is not 0; ok is false
// where the quotient does not fit.
func divide128(high, low, v uint64) (q, r uint64, ok bool) {
	minus, negative := int64(high) < 0, int64(v) < 0
	if minus {
		var borrow uint64
		low, borrow = bits.Sub64(0, low, 0)
		high, _ = bits.Sub64(0, high, borrow)
	}
	if negative {
		v = -v
	}
	if high >= v {
		return 0, 0, false
	}
	q, r = bits.Div64(high, low, v)
	most := uint64(1)<<63 - 1
	if minus != negative {
		if q > most+1 {
			return 0, 0, false
		}
		q = -q
	} else if q > most {
		return 0, 0, false
	}
	if minus {
		r = -r
	}
	return q, r, true
}

// decimal is the flags after DAA, DAS, AAA, AAS, AAM and AAD: SF, ZF, PF of AL
// with the given carries; OF is undefined and comes out clear.
func (c *CPU) decimal(al uint64, cf, af bool) {
	f := uint64(0)
	if al == 0 {
		f |= x86.ZF
	}
	if al&0x80 != 0 {
		f |= x86.SF
	}
	if bits.OnesCount8(uint8(al))&1 == 0 {
		f |= x86.PF
	}
	if cf {
		f |= x86.CF
	}
	if af {
		f |= x86.AF
	}
	c.SetArith(x86.Arith, f)
}

func (c *CPU) setAL(v uint64) { c.R[x86.AX] = c.R[x86.AX]&^0xff | v&0xff }
func (c *CPU) setAX(v uint64) { c.R[x86.AX] = c.R[x86.AX]&^0xffff | v&0xffff }

func daa(c *CPU, s *Site) *x86.Exception {
	al, cf, af := c.R[x86.AX]&0xff, c.Carry(), c.auxiliary()
	old := al
	if al&15 > 9 || af {
		al, af = al+6, true
	}
	if old > 0x99 || cf {
		al, cf = al+0x60, true
	}
	c.setAL(al)
	c.decimal(al&0xff, cf, af)
	return nil
}

func das(c *CPU, s *Site) *x86.Exception {
	al, cf, af := c.R[x86.AX]&0xff, c.Carry(), c.auxiliary()
	old, oldCF := al, cf
	if al&15 > 9 || af {
		cf = oldCF || al < 6
		al, af = al-6, true
	}
	if old > 0x99 || oldCF {
		al, cf = al-0x60, true
	}
	c.setAL(al)
	c.decimal(al&0xff, cf, af)
	return nil
}

func aaa(c *CPU, s *Site) *x86.Exception {
	ax, adjust := c.R[x86.AX]&0xffff, c.R[x86.AX]&15 > 9 || c.auxiliary()
	if adjust {
		ax += 0x106
	}
	c.setAX(ax & 0xff0f)
	c.decimal(ax&15, adjust, adjust)
	return nil
}

func aas(c *CPU, s *Site) *x86.Exception {
	ax, adjust := c.R[x86.AX]&0xffff, c.R[x86.AX]&15 > 9 || c.auxiliary()
	if adjust {
		ax = ax - 6 - 0x100
	}
	c.setAX(ax & 0xff0f)
	c.decimal(ax&15, adjust, adjust)
	return nil
}

func aam(c *CPU, s *Site) *x86.Exception {
	base := s.Inst.Imm & 0xff
	if base == 0 {
		return c.fault(x86.VecDE, 0)
	}
	al := c.R[x86.AX] & 0xff
	c.setAX(al/base<<8 | al%base)
	c.decimal(al%base, false, false)
	return nil
}

func aad(c *CPU, s *Site) *x86.Exception {
	ax := c.R[x86.AX]
	al := (ax + ax>>8*(s.Inst.Imm&0xff)) & 0xff
	c.setAX(al)
	c.decimal(al, false, false)
	return nil
}

func bound(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	size := int(in.OpSize)
	lo, hi, exc := c.loadPair(in, size, size)
	if exc != nil {
		return exc
	}
	v := c.Reg(&in.Args[0])
	i, l, h := int64(int32(v)), int64(int32(lo)), int64(int32(hi))
	if size == 2 {
		i, l, h = int64(int16(v)), int64(int16(lo)), int64(int16(hi))
	}
	if i < l || i > h {
		return c.fault(x86.VecBR, 0)
	}
	return nil
}

func xlat(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	off := c.R[x86.BX] + c.R[x86.AX]&0xff
	off &= ^uint64(0) >> (64 - 8*in.AddrSize)
	v, exc := c.LoadSeg(in.Seg, off, 1)
	if exc == nil {
		c.setAL(v)
	}
	return exc
}

func salc(c *CPU, s *Site) *x86.Exception {
	c.setAL(-c.CarryBit())
	return nil
}

// pusha writes all eight registers or nothing.
func pusha(c *CPU, s *Site) *x86.Exception {
	size := int(s.Inst.OpSize)
	st := c.stackNow()
	var v [8]uint64
	for i := range v {
		v[i] = c.R[i]
	}
	if exc := c.pushFrame(&st, size, v[:], 0); exc != nil {
		return exc
	}
	c.SetSP(st.sp)
	return nil
}

func popa(c *CPU, s *Site) *x86.Exception {
	size := int(s.Inst.OpSize)
	var v [8]uint64
	for i := range v {
		w, exc := c.Peek(uint64(i*size), size)
		if exc != nil {
			return exc
		}
		v[7-i] = w
	}
	sp := c.R[x86.SP] + uint64(8*size)
	for i := range v {
		if i != x86.SP {
			c.SetReg(&decoder.Operand{Kind: decoder.KindReg, Reg: uint8(i), Size: uint8(size)}, v[i])
		}
	}
	c.SetSP(sp)
	return nil
}

// popMem is POP to memory: the address is computed with the stack pointer
// already moved (SDM 2B POP).
func popMem(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	size := int(in.OpSize)
	v, exc := c.Peek(0, size)
	if exc != nil {
		return exc
	}
	old := c.R[x86.SP]
	c.SetSP(old + uint64(size))
	to := c.EA(in)
	c.R[x86.SP] = old
	if exc := c.StoreSeg(in.Seg, to, size, v); exc != nil {
		return exc
	}
	c.SetSP(old + uint64(size))
	return nil
}

// enter builds a stack frame with up to 31 nested pointers. Each is read when
// those before it have been pushed, so that frames may overlap (SDM 2A ENTER;
// silicon does so). All accesses are checked, in their order, before the first.
func enter(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	size := int(in.OpSize)
	level := int(in.Imm2 & 31)
	if level > 1 && c.Mid {
		c.alone() // begun twice, it might read what it has pushed
	}
	mask := c.StackMask()
	top, bp := c.R[x86.SP], c.R[x86.BP]
	slot := func(base uint64, n int) uint64 { return (base - uint64(n*size)) & mask }
	pushes := 1
	if level > 0 {
		pushes = level + 1
	}
	for i := 1; i <= pushes; i++ {
		if i > 1 && i <= level {
			if exc := c.probeStack(slot(bp, i-1), size); exc != nil {
				return exc
			}
		}
		if exc := c.ProbeSeg(x86.SS, slot(top, i), size); exc != nil {
			return exc
		}
	}
	sp := (slot(top, pushes) - in.Imm&0xffff) & mask
	// The new top must be writable, although nothing is written there.
	if exc := c.ProbeSeg(x86.SS, sp, size); exc != nil {
		return exc
	}
	// The frame pointer is all of ESP after the first push, on a 16-bit stack too.
	frame := top&^mask | slot(top, 1)
	v := bp
	for i := 1; i <= pushes; i++ {
		switch {
		case i == 1:
		case i <= level:
			var exc *x86.Exception
			if v, exc = c.LoadSeg(x86.SS, slot(bp, i-1), size); exc != nil {
				return exc
			}
		default:
			v = frame
		}
		if exc := c.StoreSeg(x86.SS, slot(top, i), size, v); exc != nil {
			return exc
		}
	}
	c.SetReg(&decoder.Operand{Kind: decoder.KindReg, Reg: x86.BP, Size: uint8(size)}, frame)
	c.SetSP(sp)
	return nil
}

// probeStack checks that a read from the stack will succeed.
func (c *CPU) probeStack(off uint64, size int) *x86.Exception {
	va, exc := c.Linear(x86.SS, off, size, false)
	if exc != nil {
		return exc
	}
	return c.probe(va, size, mmu.Read, c.CPL == 3)
}

func leave(c *CPU, s *Site) *x86.Exception {
	size := int(s.Inst.OpSize)
	mask := c.StackMask()
	v, exc := c.LoadSeg(x86.SS, c.R[x86.BP]&mask, size)
	if exc != nil {
		return exc
	}
	c.SetSP(c.R[x86.BP] + uint64(size))
	c.SetReg(&decoder.Operand{Kind: decoder.KindReg, Reg: x86.BP, Size: uint8(size)}, v)
	return nil
}

// cmpxchg writes its destination in any case (SDM 2A CMPXCHG).
// modified reads the first operand, of which it is certain that it can be written.
func (c *CPU) modified(in *decoder.Inst) (v uint64, exc *x86.Exception) {
	if in.Args[0].Kind == decoder.KindMem {
		if exc := c.ProbeSeg(in.Seg, c.EA(in), int(in.Args[0].Size)); exc != nil {
			return 0, exc
		}
	}
	return c.Operand(in, 0)
}

func cmpxchg(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	size := in.Args[0].Size
	dst, exc := c.modified(in)
	if exc != nil {
		return exc
	}
	acc := c.R[x86.AX] & (^uint64(0) >> (64 - 8*size))
	v := dst
	if dst == acc {
		v = c.Reg(&in.Args[1])
	}
	if exc := c.SetOperand(in, 0, v); exc != nil {
		return exc
	}
	if dst != acc {
		c.SetReg(&decoder.Operand{Kind: decoder.KindReg, Reg: x86.AX, Size: size}, dst)
	}
	w := uint32(bits.TrailingZeros8(size))
	c.CCOp, c.CCRes, c.CCSrc = CCSub|w, (acc-dst)&maskOf(w), dst
	return nil
}

func xadd(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	dst, exc := c.modified(in)
	if exc != nil {
		return exc
	}
	src := c.Reg(&in.Args[1])
	w := uint32(bits.TrailingZeros8(in.Args[0].Size))
	sum := (dst + src) & maskOf(w)
	if in.Args[0].Kind == decoder.KindMem {
		if exc := c.SetOperand(in, 0, sum); exc != nil {
			return exc
		}
		c.SetReg(&in.Args[1], dst)
	} else {
		c.SetReg(&in.Args[1], dst)
		c.SetReg(&in.Args[0], sum)
	}
	c.CCOp, c.CCRes, c.CCSrc = CCAdd|w, sum, src
	return nil
}

func cmpxchg8b(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	va, exc := c.Linear(in.Seg, c.EA(in), 8, true)
	if exc != nil {
		return exc
	}
	if exc := c.probe(va, 8, mmu.Write, c.CPL == 3); exc != nil {
		return exc
	}
	old, exc := c.Load(va, 8)
	if exc != nil {
		return exc
	}
	want := c.R[x86.DX]<<32 | c.R[x86.AX]&0xffffffff
	v := old
	if old == want {
		v = c.R[x86.CX]<<32 | c.R[x86.BX]&0xffffffff
	}
	if exc := c.Store(va, 8, v); exc != nil {
		return exc
	}
	if old != want {
		c.R[x86.AX], c.R[x86.DX] = old&0xffffffff, old>>32
	}
	c.setZF(old == want)
	return nil
}

// xchgMem is XCHG with memory, which is locked with or without the prefix.
func xchgMem(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	m, r := 0, 1
	if in.Args[0].Kind != decoder.KindMem {
		m, r = 1, 0
	}
	size := int(in.Args[m].Size)
	va, exc := c.Linear(in.Seg, c.EA(in), size, true)
	if exc != nil {
		return exc
	}
	if exc := c.probe(va, size, mmu.Write, c.CPL == 3); exc != nil {
		return exc
	}
	old, exc := c.Load(va, size)
	if exc != nil {
		return exc
	}
	if exc := c.Store(va, size, c.Reg(&in.Args[r])); exc != nil {
		return exc
	}
	c.SetReg(&in.Args[r], old)
	return nil
}

// bitTest is BT, BTS, BTR and BTC: a register offset addresses beyond the
// operand (SDM 2A BT).
func bitTest(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	size := in.Args[0].Size
	n, exc := c.Operand(in, 1)
	if exc != nil {
		return exc
	}
	bit := uint64(1) << (n & uint64(8*size-1))
	var v, ea uint64
	mem := in.Args[0].Kind == decoder.KindMem
	if mem {
		ea = c.EA(in)
		if in.Args[1].Kind == decoder.KindReg {
			idx, shift := int64(int32(n)), 5
			switch size {
			case 2:
				idx, shift = int64(int16(n)), 4
			case 8:
				idx, shift = int64(n), 6
			}
			ea = (ea + uint64(idx>>shift*int64(size))) & (^uint64(0) >> (64 - 8*in.AddrSize))
		}
		if in.Op != decoder.BT {
			if exc := c.ProbeSeg(in.Seg, ea, int(size)); exc != nil {
				return exc
			}
		}
		if v, exc = c.LoadSeg(in.Seg, ea, int(size)); exc != nil {
			return exc
		}
	} else {
		v = c.Reg(&in.Args[0])
	}
	w := v
	switch in.Op {
	case decoder.BTS:
		w |= bit
	case decoder.BTR:
		w &^= bit
	case decoder.BTC:
		w ^= bit
	}
	if in.Op != decoder.BT {
		if mem {
			if exc := c.StoreSeg(in.Seg, ea, int(size), w); exc != nil {
				return exc
			}
		} else {
			c.SetReg(&in.Args[0], w)
		}
	}
	cf := uint64(0)
	if v&bit != 0 {
		cf = x86.CF
	}
	c.SetArith(x86.CF, cf)
	return nil
}

// bitScan is BSF and BSR: the destination keeps its value for a zero source, all
// 64 bits of it (AMD's silicon; Intel's leave the upper half open).
func bitScan(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	v, exc := c.Operand(in, 1)
	if exc != nil {
		return exc
	}
	if v != 0 {
		n := bits.TrailingZeros64(v)
		if in.Op == decoder.BSR {
			n = 63 - bits.LeadingZeros64(v)
		}
		c.SetReg(&in.Args[0], uint64(n))
	}
	c.setZF(v == 0)
	return nil
}
