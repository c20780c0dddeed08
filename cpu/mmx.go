package cpu

import (
	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/x86"
)

// mmxReady is what an MMX instruction checks first (SDM 3A 12.1, table 12-1;
// SDM 2B, exceptions of each instruction). The forms on XMM registers share the
// mnemonics and are a gap.
func (c *CPU) mmxReady(s *Site) *x86.Exception {
	switch {
	case s.Inst.Row.Feature != decoder.MMX:
		return gap(c, s)
	case c.CR0&x86.CR0_EM != 0:
		return c.ud()
	case c.CR0&x86.CR0_TS != 0:
		return c.fault(x86.VecNM, 0)
	}
	return c.fpuPending()
}

// useMMX is what any MMX instruction but EMMS does to the x87: TOP is 0 and no
// register is empty (SDM 3A 12.2, table 12-2).
func (f *FPU) useMMX() { f.Top, f.Tags = 0, 0xff }

// setMMX writes register n: the fraction of physical register n, whose exponent
// and sign become ones.
func (f *FPU) setMMX(n uint8, v uint64) {
	f.useMMX()
	f.ST[n&7] = softfloat.F80{Mant: v, SE: 0xffff}
}

// mmxOperand reads an MMX register, a general register, memory or an immediate.
func (c *CPU) mmxOperand(in *decoder.Inst, i int) (uint64, *x86.Exception) {
	if o := &in.Args[i]; o.Kind == decoder.KindMMX {
		return c.FPU.ST[o.Reg&7].Mant, nil
	}
	return c.Operand(in, i)
}

// mmxOp makes the handler of an instruction that works on its first operand, a
// register, with the second.
func mmxOp(op func(a, b uint64) uint64) Handler {
	return func(c *CPU, s *Site) *x86.Exception {
		if exc := c.mmxReady(s); exc != nil {
			return exc
		}
		b, exc := c.mmxOperand(s.Inst, 1)
		if exc != nil {
			return exc
		}
		n := s.Inst.Args[0].Reg & 7
		c.FPU.setMMX(n, op(c.FPU.ST[n].Mant, b))
		return nil
	}
}

// mmxMove is MOVD and MOVQ in every direction.
func mmxMove(c *CPU, s *Site) *x86.Exception {
	if exc := c.mmxReady(s); exc != nil {
		return exc
	}
	in := s.Inst
	v, exc := c.mmxOperand(in, 1)
	if exc != nil {
		return exc
	}
	if in.Args[0].Kind == decoder.KindMMX {
		c.FPU.setMMX(in.Args[0].Reg, v)
		return nil
	}
	if exc := c.SetOperand(in, 0, v&(^uint64(0)>>(64-8*in.Args[0].Size))); exc != nil {
		return exc
	}
	c.FPU.useMMX()
	return nil
}

// emms empties all registers.
func emms(c *CPU, s *Site) *x86.Exception {
	if exc := c.mmxReady(s); exc != nil {
		return exc
	}
	c.FPU.Top, c.FPU.Tags = 0, 0
	return nil
}

// lanes applies op to each lane of the given width, sign-extended; what it gives
// is cut to the width.
func lanes(width uint, op func(a, b int64) int64) func(a, b uint64) uint64 {
	mask := ^uint64(0) >> (64 - width)
	return func(a, b uint64) (r uint64) {
		for at := uint(0); at < 64; at += width {
			r |= uint64(op(lane(a, at, width), lane(b, at, width))) & mask << at
		}
		return r
	}
}

// unsignedLanes does so with lanes zero-extended.
func unsignedLanes(width uint, op func(a, b int64) int64) func(a, b uint64) uint64 {
	mask := ^uint64(0) >> (64 - width)
	return func(a, b uint64) (r uint64) {
		for at := uint(0); at < 64; at += width {
			r |= uint64(op(int64(a>>at&mask), int64(b>>at&mask))) & mask << at
		}
		return r
	}
}

// lane is the lane of width bits at bit at, sign-extended.
func lane(v uint64, at, width uint) int64 { return int64(v<<(64-width-at)) >> (64 - width) }

// clamp saturates v to lo..hi.
func clamp(v, lo, hi int64) int64 { return min(max(v, lo), hi) }

func plus(a, b int64) int64  { return a + b }
func minus(a, b int64) int64 { return a - b }

// signedSat and unsignedSat saturate op's result to width bits.
func signedSat(width uint, op func(a, b int64) int64) func(a, b uint64) uint64 {
	hi := int64(1)<<(width-1) - 1
	return lanes(width, func(a, b int64) int64 { return clamp(op(a, b), -hi-1, hi) })
}

func unsignedSat(width uint, op func(a, b int64) int64) func(a, b uint64) uint64 {
	hi := int64(1)<<width - 1
	return unsignedLanes(width, func(a, b int64) int64 { return clamp(op(a, b), 0, hi) })
}

// all is a lane of ones where ok, else zero.
func all(ok bool) int64 {
	if ok {
		return -1
	}
	return 0
}

func equal(a, b int64) int64   { return all(a == b) }
func greater(a, b int64) int64 { return all(a > b) }

// unpack interleaves the lanes of the low halves of a and b.
func unpack(width uint) func(a, b uint64) uint64 {
	mask := ^uint64(0) >> (64 - width)
	return func(a, b uint64) (r uint64) {
		for at := uint(0); at < 32; at += width {
			r |= a >> at & mask << (2 * at)
			r |= b >> at & mask << (2*at + width)
		}
		return r
	}
}

// unpackHigh interleaves those of the high halves.
func unpackHigh(width uint) func(a, b uint64) uint64 {
	low := unpack(width)
	return func(a, b uint64) uint64 { return low(a>>32, b>>32) }
}

// pack narrows the signed lanes of a, then those of b, to half the width with
// saturation to lo..hi.
func pack(width uint, lo, hi int64) func(a, b uint64) uint64 {
	half := width / 2
	mask := ^uint64(0) >> (64 - half)
	return func(a, b uint64) (r uint64) {
		for at := uint(0); at < 64; at += width {
			r |= uint64(clamp(lane(a, at, width), lo, hi)) & mask << (at / 2)
			r |= uint64(clamp(lane(b, at, width), lo, hi)) & mask << (at/2 + 32)
		}
		return r
	}
}

// pmaddwd multiplies words and adds neighbouring products.
func pmaddwd(a, b uint64) (r uint64) {
	for at := uint(0); at < 64; at += 32 {
		sum := lane(a, at, 16)*lane(b, at, 16) + lane(a, at+16, 16)*lane(b, at+16, 16)
		r |= uint64(uint32(sum)) << at
	}
	return r
}

// shift moves each lane by the whole of the second operand; a count of the width
// or more moves everything out, or leaves the sign for an arithmetic shift.
func shift(width uint, op func(v int64, n uint64) int64, arithmetic bool) func(a, b uint64) uint64 {
	mask := ^uint64(0) >> (64 - width)
	return func(a, n uint64) (r uint64) {
		if n >= uint64(width) {
			if !arithmetic {
				return 0
			}
			n = uint64(width) - 1
		}
		for at := uint(0); at < 64; at += width {
			v := int64(a >> at & mask)
			if arithmetic {
				v = lane(a, at, width)
			}
			r |= uint64(op(v, n)) & mask << at
		}
		return r
	}
}

func leftBy(v int64, n uint64) int64  { return v << n }
func rightBy(v int64, n uint64) int64 { return int64(uint64(v) >> n) }
func signedBy(v int64, n uint64) int64 {
	return v >> n
}

// mmxCalls registers the handlers of the MMX instructions.
func mmxCalls(set func(h Handler, ops ...decoder.Op)) {
	set(mmxMove, decoder.MOVD, decoder.MOVQ)
	set(emms, decoder.EMMS)
	for _, row := range []struct {
		op decoder.Op
		do func(a, b uint64) uint64
	}{
		{decoder.PAND, func(a, b uint64) uint64 { return a & b }},
		{decoder.PANDN, func(a, b uint64) uint64 { return ^a & b }},
		{decoder.POR, func(a, b uint64) uint64 { return a | b }},
		{decoder.PXOR, func(a, b uint64) uint64 { return a ^ b }},
		{decoder.PADDB, lanes(8, plus)},
		{decoder.PADDW, lanes(16, plus)},
		{decoder.PADDD, lanes(32, plus)},
		{decoder.PSUBB, lanes(8, minus)},
		{decoder.PSUBW, lanes(16, minus)},
		{decoder.PSUBD, lanes(32, minus)},
		{decoder.PADDSB, signedSat(8, plus)},
		{decoder.PADDSW, signedSat(16, plus)},
		{decoder.PSUBSB, signedSat(8, minus)},
		{decoder.PSUBSW, signedSat(16, minus)},
		{decoder.PADDUSB, unsignedSat(8, plus)},
		{decoder.PADDUSW, unsignedSat(16, plus)},
		{decoder.PSUBUSB, unsignedSat(8, minus)},
		{decoder.PSUBUSW, unsignedSat(16, minus)},
		{decoder.PCMPEQB, lanes(8, equal)},
		{decoder.PCMPEQW, lanes(16, equal)},
		{decoder.PCMPEQD, lanes(32, equal)},
		{decoder.PCMPGTB, lanes(8, greater)},
		{decoder.PCMPGTW, lanes(16, greater)},
		{decoder.PCMPGTD, lanes(32, greater)},
		{decoder.PMULLW, lanes(16, func(a, b int64) int64 { return a * b })},
		{decoder.PMULHW, lanes(16, func(a, b int64) int64 { return a * b >> 16 })},
		{decoder.PMADDWD, pmaddwd},
		{decoder.PUNPCKLBW, unpack(8)},
		{decoder.PUNPCKLWD, unpack(16)},
		{decoder.PUNPCKLDQ, unpack(32)},
		{decoder.PUNPCKHBW, unpackHigh(8)},
		{decoder.PUNPCKHWD, unpackHigh(16)},
		{decoder.PUNPCKHDQ, unpackHigh(32)},
		{decoder.PACKSSWB, pack(16, -0x80, 0x7f)},
		{decoder.PACKUSWB, pack(16, 0, 0xff)},
		{decoder.PACKSSDW, pack(32, -0x8000, 0x7fff)},
		{decoder.PSLLW, shift(16, leftBy, false)},
		{decoder.PSLLD, shift(32, leftBy, false)},
		{decoder.PSLLQ, shift(64, leftBy, false)},
		{decoder.PSRLW, shift(16, rightBy, false)},
		{decoder.PSRLD, shift(32, rightBy, false)},
		{decoder.PSRLQ, shift(64, rightBy, false)},
		{decoder.PSRAW, shift(16, signedBy, true)},
		{decoder.PSRAD, shift(32, signedBy, true)},
	} {
		set(mmxOp(row.do), row.op)
	}
}
