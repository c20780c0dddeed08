package decoder

import "ringzero/x86"

// REX bits (SDM 2A 2.2.1.2, table 2-4).
const (
	rexB = 1 << 0
	rexX = 1 << 1
	rexR = 1 << 2
	rexW = 1 << 3
)

// Kinds of prefix byte.
const (
	pfxNone = iota
	pfxSeg  // ES, CS, SS, DS: ignored in 64-bit mode
	pfxFSGS
	pfxOp
	pfxAddr
	pfxLock
	pfxRep
	pfxRex // in 64-bit mode only
)

var prefixKind = [256]uint8{
	0x26: pfxSeg, 0x2e: pfxSeg, 0x36: pfxSeg, 0x3e: pfxSeg, 0x64: pfxFSGS, 0x65: pfxFSGS,
	0x66: pfxOp, 0x67: pfxAddr, 0xf0: pfxLock, 0xf2: pfxRep, 0xf3: pfxRep,
	0x40: pfxRex, 0x41: pfxRex, 0x42: pfxRex, 0x43: pfxRex, 0x44: pfxRex, 0x45: pfxRex, 0x46: pfxRex, 0x47: pfxRex,
	0x48: pfxRex, 0x49: pfxRex, 0x4a: pfxRex, 0x4b: pfxRex, 0x4c: pfxRex, 0x4d: pfxRex, 0x4e: pfxRex, 0x4f: pfxRex,
}

// segShift brings ES, CS, SS, DS out of the prefix bytes 26, 2E, 36, 3E.
const segShift = 3

// cursor reads the bytes of one instruction. Past its end it yields zeros and
// remembers; Decode looks once, at the end.
type cursor struct {
	code  []byte
	pos   int
	short bool
}

func (c *cursor) u8() uint8 {
	if c.pos >= len(c.code) {
		c.short = true
		return 0
	}
	b := c.code[c.pos]
	c.pos++
	return b
}

// uint reads n bytes, little-endian.
func (c *cursor) uint(n uint8) (v uint64) {
	end := c.pos + int(n)
	if end > len(c.code) {
		c.short = true
		return 0
	}
	b := c.code[c.pos:end]
	c.pos = end
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(b[0]) | uint64(b[1])<<8
	case 4:
		return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24
	}
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// int reads n bytes and sign-extends.
func (c *cursor) int(n uint8) int64 {
	s := 64 - 8*uint(n)
	return int64(c.uint(n)<<s) >> s
}

// Decode decodes the instruction at the start of code, in the given code size,
// into in, all of which it overwrites; where the outcome is not OK, Row is nil and
// Op is INVALID. More bytes than the instruction has do
// not matter; more than MaxLen are never looked at. It allocates nothing.
//
// The result depends on bytes and mode only: whether the processor has the
// feature, is in real or protected mode, or may execute the instruction is the
// caller's to check by Row. A row that is not in In64 is Invalid in Code64, one
// that is only in In64 is Invalid in the others.
//
// Sources: SDM 2A chapter 2 (prefixes, ModRM, SIB, REX, VEX), 2D appendix A.
func Decode(code []byte, mode CodeSize, in *Inst) Status {
	*in = Inst{CodeSize: mode, Base: NoReg, Index: NoReg, Seg: x86.DS}
	given := len(code)
	if given > MaxLen {
		code = code[:MaxLen]
	}
	c := cursor{code: code}
	st := decode(&c, mode, in)
	in.Len = uint8(c.pos)
	if c.short {
		st = Truncated
		if given >= MaxLen {
			st, in.Len = TooLong, MaxLen
		}
	}
	if st != OK {
		in.Row, in.Op, in.N = nil, INVALID, 0
	}
	return st
}

// decode does the work; the caller looks at c.short before the result.
func decode(c *cursor, mode CodeSize, in *Inst) Status {
	wide := 0
	if mode == Code64 {
		wide = 1
	}
	op66, addr67, b := c.prefixes(wide, in)
	if c.short {
		return Truncated
	}
	m := MapOne
	class := classNone
	if op66 {
		class = class66
	}
	switch in.Rep {
	case RepE:
		class = classF3
	case RepNE:
		class = classF2
	}
	vvvv := uint8(0)
	switch b {
	case 0x0f:
		b, m = c.escape()
	case 0xc4, 0xc5, 0x62:
		if wide != 0 || c.pos < len(c.code) && c.code[c.pos] >= 0xc0 {
			if b != 0xc4 || in.Rex != 0 || op66 || in.Rep != 0 || in.Lock {
				return Invalid // two-byte VEX and EVEX: AVX only, which has no rows
			}
			b, m, class, vvvv = c.vex(wide, in)
			op66 = false
		}
	}
	cl := &cells[wide][m][b]
	if cl.modrm {
		in.ModRM = c.u8()
	}
	if c.short {
		return Truncated
	}
	e := cl.entry(class, in.ModRM)
	if e == nil {
		return Invalid
	}
	if e.alt != nil && in.Rex&e.altRex != 0 {
		e = e.alt
	}
	in.Row, in.Op, in.N = e.row, e.row.Op, e.n
	in.Cond = b & 15
	in.sizes(e, op66, addr67)
	mem := e.modrm && in.ModRM < 0xc0 && !e.anyMod
	if mem {
		if in.AddrSize == 2 {
			c.mem16(in)
		} else {
			c.mem32(in)
		}
	}
	if in.Lock && (!mem || !e.row.Lock) {
		return Invalid
	}
	return c.operands(e, in, b, vvvv, mem)
}

// prefixes reads up to the opcode byte, which it returns.
func (c *cursor) prefixes(wide int, in *Inst) (op66, addr67 bool, b uint8) {
	for {
		b = c.u8()
		switch prefixKind[b] {
		case pfxNone:
			return op66, addr67, b
		case pfxSeg:
			if wide == 0 {
				in.Seg, in.SegOverride = b>>segShift&3, true
			}
		case pfxFSGS:
			in.Seg, in.SegOverride = b-0x64+x86.FS, true
		case pfxOp:
			op66 = true
		case pfxAddr:
			addr67 = true
		case pfxLock:
			in.Lock = true
		case pfxRep:
			in.Rep = b
		case pfxRex:
			if wide == 0 {
				return op66, addr67, b
			}
			in.Rex = b
			continue
		}
		in.Rex = 0 // REX counts only right before the opcode
	}
}

// escape reads the opcode after 0F.
func (c *cursor) escape() (uint8, Map) {
	switch b := c.u8(); b {
	case 0x38:
		return c.u8(), Map0F38
	case 0x3a:
		return c.u8(), Map0F3A
	default:
		return b, Map0F
	}
}

// vex reads the rest of a three-byte VEX prefix and the opcode (SDM 2A 2.3.5).
// The rows are general-register forms with L 0; the others get an empty cell.
func (c *cursor) vex(wide int, in *Inst) (b uint8, m Map, class int, vvvv uint8) {
	b1, b2 := c.u8(), c.u8()
	b = c.u8()
	in.Rex = ^b1>>5&7 | 0x40
	vvvv = ^b2 >> 3 & 15
	if wide != 0 {
		in.Rex |= b2 >> 4 & rexW
	} else {
		in.Rex, vvvv = 0, vvvv&7
	}
	class = [4]int{classNone, class66, classF3, classF2}[b2&3]
	switch {
	case b2&4 != 0: // L
		m, b = MapVEX0F38, 0
	case b1&31 == 2:
		m = MapVEX0F38
	case b1&31 == 3:
		m = MapVEX0F3A
	default:
		m, b = MapVEX0F38, 0
	}
	return b, m, class, vvvv
}

// sizes sets the effective operand and address size (SDM 2A 2.1.1, 2.2.1.2, 2B
// table 3-4). A mandatory prefix is none of size or repetition.
func (in *Inst) sizes(e *entry, op66, addr67 bool) {
	switch e.row.Prefix {
	case 0x66:
		op66 = false
	case RepE, RepNE:
		in.Rep = RepNone
	}
	switch in.CodeSize {
	case Code64:
		in.OpSize, in.AddrSize = 4, 8
		if addr67 {
			in.AddrSize = 4
		}
		switch {
		case e.f64 || in.Rex&rexW != 0:
			in.OpSize = 8
		case op66:
			in.OpSize = 2
		case e.d64:
			in.OpSize = 8
		}
	case Code32:
		in.OpSize, in.AddrSize = 4, 4
		if op66 {
			in.OpSize = 2
		}
		if addr67 {
			in.AddrSize = 2
		}
	default:
		in.OpSize, in.AddrSize = 2, 2
		if op66 {
			in.OpSize = 4
		}
		if addr67 {
			in.AddrSize = 4
		}
	}
}

// base16 and index16 are the registers of 16-bit addressing (SDM 2A table 2-1).
var (
	base16  = [8]uint8{x86.BX, x86.BX, x86.BP, x86.BP, x86.SI, x86.DI, x86.BP, x86.BX}
	index16 = [8]uint8{x86.SI, x86.DI, x86.SI, x86.DI, NoReg, NoReg, NoReg, NoReg}
)

func (c *cursor) mem16(in *Inst) {
	mod, rm := in.ModRM>>6, in.ModRM&7
	if mod == 0 && rm == 6 {
		in.Disp = int64(c.uint(2))
		return
	}
	in.Base, in.Index = base16[rm], index16[rm]
	switch mod {
	case 1:
		in.Disp = c.int(1)
	case 2:
		in.Disp = c.int(2)
	}
	if in.Base == x86.BP && !in.SegOverride {
		in.Seg = x86.SS
	}
}

func (c *cursor) mem32(in *Inst) {
	mod, rm := in.ModRM>>6, in.ModRM&7
	if rm == 4 {
		sib := c.u8()
		in.Scale = sib >> 6
		if x := sib>>3&7 | in.Rex&rexX<<2; x != 4 {
			in.Index = x
		} else {
			in.Scale = 0
		}
		rm = sib & 7
		if mod == 0 && rm == 5 {
			in.Disp = c.int(4)
			return
		}
	} else if mod == 0 && rm == 5 {
		in.Disp = c.int(4)
		if in.CodeSize == Code64 {
			in.Base = RIP
		}
		return
	}
	in.Base = rm | in.Rex&rexB<<3
	switch mod {
	case 1:
		in.Disp = c.int(1)
	case 2:
		in.Disp = c.int(4)
	}
	if (in.Base == x86.SP || in.Base == x86.BP) && !in.SegOverride {
		in.Seg = x86.SS
	}
}

// gpr is a general register operand; number four to seven of a byte operand is
// AH to BH where there is no REX prefix.
func (o *Operand) gpr(reg, rex uint8) {
	o.Kind, o.Reg = KindReg, reg
	if o.Size == 1 && rex == 0 && reg >= 4 {
		o.Kind, o.Reg = KindHigh, reg-4
	}
}

// operands fills in.Args and reads moffs and immediates.
func (c *cursor) operands(e *entry, in *Inst, opcode, vvvv uint8, mem bool) Status {
	size := in.OpSize >> 2
	reg := in.ModRM>>3&7 | in.Rex&rexR<<1
	rm := in.ModRM&7 | in.Rex&rexB<<3
	for i := range int(e.n) {
		a, o := &e.args[i&3], &in.Args[i&3]
		o.Size = widths[a.width&15][size&3]
		switch a.class {
		case cE, cM, cR, cQ, cN, cW, cU:
			if mem {
				if a.class == cR || a.class == cN || a.class == cU {
					return Invalid
				}
				o.Kind, o.Size = KindMem, widths[a.mem&15][size&3]
				continue
			}
			switch a.class {
			case cE, cR:
				o.gpr(rm, in.Rex)
			case cQ, cN:
				o.Kind, o.Reg = KindMMX, rm&7
			case cW, cU:
				o.Kind, o.Reg = KindXMM, rm
			default:
				return Invalid
			}
		case cG:
			o.gpr(reg, in.Rex)
		case cImmB:
			o.Kind, in.Imm = KindImm, uint64(c.int(1))&sizeMask[size&3]
		case cImmZ:
			o.Kind, in.Imm = KindImm, uint64(c.int(widths[wZ][size&3]))&sizeMask[size&3]
		case cImm:
			o.Kind, in.Imm = KindImm, c.uint(o.Size)
		case cImm2:
			o.Kind, in.Imm2 = KindImm2, c.uint(o.Size)
		case cJ:
			o.Kind, in.Imm = KindRel, uint64(c.int(o.Size))
		case cO:
			o.Kind, in.Disp = KindMem, int64(c.uint(in.AddrSize))
		case cA:
			o.Kind, in.Imm = KindFar, c.uint(in.OpSize)
			in.Imm2 = c.uint(2)
		case cX:
			o.Kind, o.Reg = KindSrc, x86.SI
		case cY:
			o.Kind, o.Reg = KindDst, x86.DI
		case cZ:
			o.gpr(opcode&7|in.Rex&rexB<<3, in.Rex)
		case cFixed:
			o.Kind, o.Reg = KindReg, a.reg
		case cOne:
			o.Kind = KindOne
		default:
			if !o.special(a, in, reg, rm, vvvv) {
				return Invalid
			}
		}
	}
	return OK
}

// sizeMask masks a value to the operand size, by OpSize>>2.
var sizeMask = [4]uint64{0xffff, 0xffff_ffff, ^uint64(0), 0}

// special fills the rarer register operands and tells whether the register
// exists.
func (o *Operand) special(a *argSpec, in *Inst, reg, rm, vvvv uint8) bool {
	switch a.class {
	case cS:
		o.Kind, o.Reg = KindSeg, reg&7
		return o.Reg <= x86.GS
	case cSLoad:
		o.Kind, o.Reg = KindSeg, reg&7
		return o.Reg <= x86.GS && o.Reg != x86.CS
	case cSeg:
		o.Kind, o.Reg = KindSeg, a.reg
	case cC:
		o.Kind, o.Reg = KindCR, reg
		return reg <= 4 && reg != 1 || reg == 8
	case cD:
		o.Kind, o.Reg = KindDR, reg
		return reg < 8
	case cT:
		o.Kind, o.Reg = KindTR, reg
	case cP:
		o.Kind, o.Reg = KindMMX, reg&7
	case cV:
		o.Kind, o.Reg = KindXMM, reg
	case cXMM:
		o.Kind, o.Reg = KindXMM, a.reg
	case cB:
		o.Kind, o.Reg = KindReg, vvvv
	case cST0:
		o.Kind = KindST
	case cSTi:
		o.Kind, o.Reg = KindST, rm&7
	}
	return true
}
