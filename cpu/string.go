package cpu

import (
	"math/bits"

	"ringzero/bus"
	"ringzero/decoder"
	"ringzero/x86"
)

// stringOp is a string instruction without a repeat prefix. INS and OUTS may change
// what the machine's loop looks at, and so end their block.
func stringOp(c *CPU, s *Site) *x86.Exception { return c.stringOnce(s.Inst) }

// addrMask is the part of a register that an address size uses.
func addrMask(in *decoder.Inst) uint64 { return ^uint64(0) >> (64 - 8*in.AddrSize) }

func (c *CPU) advance(r int, mask, by uint64) {
	c.R[r] = c.R[r]&^mask | (c.R[r]+by)&mask
	if mask == 0xffffffff {
		c.R[r] &= mask
	}
}

// stringSize is the element size in bytes.
func stringSize(in *decoder.Inst) int {
	for i := range in.Args[:in.N] {
		if k := in.Args[i].Kind; k == decoder.KindSrc || k == decoder.KindDst {
			return int(in.Args[i].Size)
		}
	}
	return 1
}

// stringOnce is one iteration.
func (c *CPU) stringOnce(in *decoder.Inst) *x86.Exception {
	size := stringSize(in)
	mask := addrMask(in)
	step := uint64(size)
	if c.Flags&x86.DF != 0 {
		step = -step
	}
	si, di := c.R[x86.SI]&mask, c.R[x86.DI]&mask
	switch in.Op {
	case decoder.MOVS:
		v, exc := c.LoadSeg(in.Seg, si, size)
		if exc != nil {
			return exc
		}
		if exc := c.StoreSeg(x86.ES, di, size, v); exc != nil {
			return exc
		}
		c.advance(x86.SI, mask, step)
		c.advance(x86.DI, mask, step)
	case decoder.STOS:
		if exc := c.StoreSeg(x86.ES, di, size, c.R[x86.AX]); exc != nil {
			return exc
		}
		c.advance(x86.DI, mask, step)
	case decoder.LODS:
		v, exc := c.LoadSeg(in.Seg, si, size)
		if exc != nil {
			return exc
		}
		c.SetReg(&decoder.Operand{Kind: decoder.KindReg, Reg: x86.AX, Size: uint8(size)}, v)
		c.advance(x86.SI, mask, step)
	case decoder.CMPS:
		a, exc := c.LoadSeg(in.Seg, si, size)
		if exc != nil {
			return exc
		}
		b, exc := c.LoadSeg(x86.ES, di, size)
		if exc != nil {
			return exc
		}
		c.compare(a, b, size)
		c.advance(x86.SI, mask, step)
		c.advance(x86.DI, mask, step)
	case decoder.SCAS:
		b, exc := c.LoadSeg(x86.ES, di, size)
		if exc != nil {
			return exc
		}
		c.compare(c.R[x86.AX]&(^uint64(0)>>(64-8*size)), b, size)
		c.advance(x86.DI, mask, step)
	case decoder.INS:
		port := uint16(c.R[x86.DX])
		if exc := c.portAllowed(port, size); exc != nil {
			return exc
		}
		// The port is read only once the store can't fault any more.
		if exc := c.ProbeSeg(x86.ES, di, size); exc != nil {
			return exc
		}
		if exc := c.StoreSeg(x86.ES, di, size, c.in(port, size)); exc != nil {
			return exc
		}
		c.advance(x86.DI, mask, step)
	case decoder.OUTS:
		port := uint16(c.R[x86.DX])
		if exc := c.portAllowed(port, size); exc != nil {
			return exc
		}
		v, exc := c.LoadSeg(in.Seg, si, size)
		if exc != nil {
			return exc
		}
		c.out(port, size, v)
		c.advance(x86.SI, mask, step)
	}
	return nil
}

func (c *CPU) compare(a, b uint64, size int) {
	w := uint32(bits.TrailingZeros8(uint8(size)))
	c.CCOp, c.CCRes, c.CCSrc = CCSub|w, (a-b)&maskOf(w), b
}

// repeat is a string instruction with REP, REPE or REPNE. It is the last of its
// block; each iteration is a step, and when the budget ends it stays where it
// is, to go on after the interrupt.
func repeat(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	mask := addrMask(in)
	next := c.next(s)
	c.Repeating = false
	if in.Op == decoder.INS || in.Op == decoder.OUTS {
		// The port is checked before the count is looked at.
		if exc := c.portAllowed(uint16(c.R[x86.DX]), stringSize(in)); exc != nil {
			return exc
		}
	}
	if c.R[x86.CX]&mask == 0 {
		c.EIP = next
		return nil
	}
	compares := in.Op == decoder.CMPS || in.Op == decoder.SCAS
	for first := true; ; first = false {
		if !first {
			if c.Budget <= 0 || c.Mode&(ModeTF|ModeBreak) != 0 || c.PendingDB != 0 {
				c.EIP = c.ip(s)
				c.Repeating = true
				return nil
			}
			c.Budget--
		}
		if n := c.bulk(in, mask); n > 0 {
			c.Budget -= int64(n - 1)
			c.advance(x86.CX, mask, -n)
		} else {
			if exc := c.stringOnce(in); exc != nil {
				return exc
			}
			c.advance(x86.CX, mask, ^uint64(0))
		}
		if c.R[x86.CX]&mask == 0 || compares && c.Zero() != (in.Rep == decoder.RepE) {
			c.EIP = next
			return nil
		}
	}
}

// bulk does as many iterations of a forward MOVS or STOS at once as the pages,
// the segments and the budget allow; 0 where it can't.
func (c *CPU) bulk(in *decoder.Inst, mask uint64) (n uint64) {
	if in.Op != decoder.MOVS && in.Op != decoder.STOS || c.Flags&x86.DF != 0 ||
		c.Mode&(ModeAlign|ModeTF|ModeBreak) != 0 || c.Budget < 4 {
		return 0
	}
	size := uint64(stringSize(in))
	di := c.R[x86.DI] & mask
	n = min(c.R[x86.CX]&mask, uint64(c.Budget)+1)
	dst, n := c.reach(x86.ES, di, mask, size, n, true)
	if n < 2 {
		return 0
	}
	de := c.TLB.At(dst)
	if de.Write != dst&^0xfff {
		return 0
	}
	if in.Op == decoder.STOS {
		fill(dst+de.Addend, size, n, c.R[x86.AX])
		c.advance(x86.DI, mask, n*size)
		return n
	}
	si := c.R[x86.SI] & mask
	src, n := c.reach(int(in.Seg), si, mask, size, n, false)
	if n < 2 {
		return 0
	}
	se := c.TLB.At(src)
	if se.Read != src&^0xfff {
		return 0
	}
	from, to := src+se.Addend, dst+de.Addend
	if to-from < n*size && to != from { // a forward copy onto itself repeats a pattern
		if n = (to - from) / size; n < 2 {
			return 0
		}
	}
	copy(bus.Bytes(to, int(n*size)), bus.Bytes(from, int(n*size)))
	c.advance(x86.SI, mask, n*size)
	c.advance(x86.DI, mask, n*size)
	return n
}

// reach bounds n elements from segment:off to one page, to the segment and to
// what the address size reaches before it wraps, and gives the linear address.
func (c *CPU) reach(seg int, off, mask, size, n uint64, write bool) (va, m uint64) {
	s := &c.Seg[seg]
	lo, hi := s.ReadLo, s.ReadHi
	if write {
		lo, hi = s.WriteLo, s.WriteHi
	}
	if off < lo || off+size-1 > hi {
		return 0, 0
	}
	va = (s.Base + off) & c.AddrMask
	n = min(n, (bus.PageSize-va&0xfff)/size, (min(hi, mask)-off+1)/size)
	return va, n
}

func fill(to, size, n, v uint64) {
	p := bus.Bytes(to, int(n*size))
	v &= ^uint64(0) >> (64 - 8*size)
	b := byte(v)
	if v == uint64(b)*(0x0101010101010101>>(64-8*size)) {
		if b == 0 {
			clear(p)
			return
		}
		p[0] = b
		for i := 1; i < len(p); i *= 2 {
			copy(p[i:], p[:i])
		}
		return
	}
	for i := range size {
		p[i] = byte(v >> (8 * i))
	}
	for i := int(size); i < len(p); i *= 2 {
		copy(p[i:], p[:i])
	}
}
