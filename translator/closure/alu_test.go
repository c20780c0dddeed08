package closure

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/translator/cache"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// want computes an operation by the manual (SDM 2A, 2B): the result, and the
// six status flags from those before.
func want(op ir.Op, w uint8, a, b, flags uint64) (r, f uint64) {
	width := uint(8) << w
	mask, sign := uint64(1)<<width-1, uint64(1)<<(width-1)
	a, b = a&mask, b&mask
	carry := flags & x86.CF
	sum := func(a, b, c uint64) uint64 {
		r, f = (a+b+c)&mask, 0
		if hi, carry := bits.Add64(a, b, c); width == 64 && carry != 0 || width < 64 && hi>>width != 0 {
			f |= x86.CF
		}
		if a&15+b&15+c > 15 {
			f |= x86.AF
		}
		if ^(a^b)&(a^r)&sign != 0 {
			f |= x86.OF
		}
		return f
	}
	difference := func(a, b, c uint64) uint64 {
		r, f = (a-b-c)&mask, 0
		if a < b || a-b < c {
			f |= x86.CF
		}
		if a&15 < b&15+c {
			f |= x86.AF
		}
		if (a^b)&(a^r)&sign != 0 {
			f |= x86.OF
		}
		return f
	}
	switch op {
	case ir.Add:
		sum(a, b, 0)
	case ir.Adc:
		sum(a, b, carry)
	case ir.Sub, ir.Cmp:
		difference(a, b, 0)
	case ir.Sbb:
		difference(a, b, carry)
	case ir.And, ir.Test:
		r = a & b
	case ir.Or:
		r = a | b
	case ir.Xor:
		r = a ^ b
	case ir.Inc:
		f = sum(a, 1, 0)&^x86.CF | carry
	case ir.Dec:
		f = difference(a, 1, 0)&^x86.CF | carry
	case ir.Neg:
		difference(0, a, 0)
	case ir.Not:
		return ^a & mask, flags & x86.Arith
	}
	if r == 0 {
		f |= x86.ZF
	}
	if r&sign != 0 {
		f |= x86.SF
	}
	if bits.OnesCount8(uint8(r))&1 == 0 {
		f |= x86.PF
	}
	if op == ir.Cmp || op == ir.Test {
		r = a
	}
	return r, f
}

const at = 0x8000 // where memory operands lie

// newCPU is a processor whose flat segments reach its memory, without paging.
func newCPU(t testing.TB) *cpu.CPU {
	model, err := cpu.ModelByName("max")
	require.NoError(t, err)
	mem, err := bus.NewMemory(1 << 20)
	require.NoError(t, err)
	t.Cleanup(mem.Close)
	c := cpu.New(model, mem, bus.NewPorts())
	for i := range c.Seg {
		s := &c.Seg[i]
		s.ReadLo, s.ReadHi, s.WriteLo, s.WriteHi, s.Base, s.Limit = 0, 0xffffffff, 0, 0xffffffff, 0, 0xffffffff
	}
	return c
}

// TestALU runs each operation in each width and shape, with its flags wanted
// and not, against the manual.
func TestALU(t *testing.T) {
	c := newCPU(t)
	k := New(c)
	r := rand.New(rand.NewPCG(1, 1))
	operand := func() uint64 {
		if r.IntN(2) == 0 {
			return []uint64{0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
				1<<63 - 1, 1 << 63, ^uint64(0)}[r.IntN(14)]
		}
		return r.Uint64()
	}
	memory := func(shape byte) ir.Address {
		a := ir.Address{Seg: x86.DS, Base: x86.SI, Index: decoder.NoReg, Size: 4, Disp: 0x10, Flat: shape != 'G'}
		if shape != 'B' {
			a.Index, a.Scale = x86.DI, 2
		}
		return a
	}
	for op := ir.Add; op <= ir.Mov; op++ {
		shapes := []string{"RR", "RI", "RB", "RX", "RG", "BR", "XR", "GR", "BI", "XI", "GI", "HR", "RH", "HH", "HB", "BH"}
		if op >= ir.Inc && op <= ir.Not {
			shapes = []string{"R", "B", "X", "G", "H"}
		}
		for w := range uint8(4) {
			for _, shape := range shapes {
				high := shape[0] == 'H' || len(shape) > 1 && shape[1] == 'H'
				if high && w != 0 {
					continue
				}
				t.Run(fmt.Sprintf("%d.%d %s", op, 8<<w, shape), func(t *testing.T) {
					for range 60 {
						a, b, imm := operand(), operand(), operand()
						flags := uint64(r.Uint32()) & x86.Arith
						live := uint32(r.IntN(2)) * x86.Arith
						u := ir.Uop{Op: op, W: w, Imm: imm & (1<<(8<<w) - 1), Live: live, Mask: ^uint32(0)}
						k.b = &Block{Sites: []cpu.Site{{Inst: &decoder.Inst{Len: 2}, Rem: 2, Mid: true}}}
						c.R[x86.SI], c.R[x86.DI] = at, uint64(r.IntN(16))
						c.R[x86.CX], c.R[x86.DX] = uint64(r.Uint32()), uint64(r.Uint32())
						c.Flags, c.CCOp = c.Flags&^x86.Arith|flags, cpu.CCFlags
						where := func(kind byte, reg uint8, v uint64) ir.Arg {
							switch kind {
							case 'R':
								c.R[reg] = v
								return ir.Arg{Kind: ir.Reg, Reg: reg}
							case 'H':
								c.R[reg] = c.R[reg]&^0xff00 | v&0xff<<8
								return ir.Arg{Kind: ir.High, Reg: reg}
							case 'I':
								return ir.Arg{Kind: ir.Imm}
							}
							u.Addr, u.MayLeave = memory(kind), true
							va := at + 0x10
							if u.Addr.Index < 16 {
								va += int(c.R[x86.DI]) << 2
							}
							bus.Store64(c.Host.At(uint64(va)), v)
							return ir.Arg{Kind: ir.Mem}
						}
						u.D = where(shape[0], x86.CX, a)
						if len(shape) > 1 {
							u.S = where(shape[1], x86.DX, b)
							if shape[1] == 'I' {
								b = u.Imm
							}
						}
						before := c.R
						if f := k.fn(&u); f != nil {
							f(c)
						} else { // a comparison that nobody looks at
							require.True(t, (op == ir.Cmp || op == ir.Test) && live == 0)
						}
						wr, wf := want(op, w, a, b, flags)
						if op == ir.Mov {
							wr, wf = b&(1<<(8<<w)-1), flags
						}
						got := uint64(0)
						switch shape[0] {
						case 'R':
							got = get(&c.R[x86.CX], 0, w)
							rest := ^(uint64(1)<<(8<<w) - 1)
							if w < 2 || compares(op) {
								require.Equal(t, before[x86.CX]&rest, c.R[x86.CX]&rest, "the rest of the register")
							} else {
								require.Zero(t, c.R[x86.CX]&rest)
							}
						case 'H':
							got = get(&c.R[x86.CX], 8, w)
							require.Equal(t, before[x86.CX]&^0xff00, c.R[x86.CX]&^0xff00, "the rest of the register")
						default:
							va := uint64(at + 0x10)
							if u.Addr.Index < 16 {
								va += c.R[x86.DI] << 2
							}
							got = bus.Load64(c.Host.At(va)) & (1<<(8<<w) - 1)
							require.Equal(t, a>>(8<<w), bus.Load64(c.Host.At(va))>>(8<<w), "memory beside")
						}
						require.Equal(t, wr, got, "result of %x, %x", a, b)
						if live != 0 || op == ir.Mov || op == ir.Not {
							require.Equal(t, wf, c.EFLAGS()&x86.Arith, "flags of %x, %x after %x", a, b, flags)
						}
						before[x86.CX], c.R[x86.CX] = 0, 0
						require.Equal(t, before, c.R, "other registers")
					}
				})
			}
		}
	}
}

// TestFusedConditions: each comparison that is fused with a branch goes where
// the flags of the manual say, and leaves them.
func TestFusedConditions(t *testing.T) {
	c := newCPU(t)
	k := New(c)
	r := rand.New(rand.NewPCG(2, 2))
	fused := 0
	for _, op := range []ir.Op{ir.Cmp, ir.Test, ir.Sub, ir.And, ir.Add, ir.Or, ir.Xor, ir.Inc, ir.Dec, ir.Neg} {
		for w := range uint8(4) {
			for cc := range uint8(16) {
				for _, shape := range []string{"RR", "RI"} {
					for range 12 {
						a, b := r.Uint64()&(1<<(8<<max(w, 2))-1), r.Uint64()&(1<<(8<<max(w, 2))-1)
						if r.IntN(3) == 0 {
							b = a
						}
						in := decoder.Inst{Len: 2}
						of := &cache.Block{Key: cache.Key{Mode: cpu.ModeFlatCS | cpu.ModeFlatSS | cpu.ModeCode32}, Insts: []decoder.Inst{in, in}}
						us := []ir.Uop{
							{Op: op, W: w, D: ir.Arg{Kind: ir.Reg, Reg: x86.CX}, S: ir.Arg{Kind: ir.Reg, Reg: x86.DX}, Imm: b & (1<<(8<<w) - 1),
								Live: x86.Arith, Mask: ^uint32(0)},
							{Op: ir.Jcc, Cond: cc, Next: 4, Target: 0x100, Mask: ^uint32(0), Inst: 1},
						}
						if shape == "RI" {
							us[0].S.Kind = ir.Imm
						}
						block := k.Compile(of, 0, &ir.Code{Uops: us, Steps: 2})
						if block.Calls == 1 {
							fused++
						}
						c.R[x86.CX], c.R[x86.DX], c.PageBase, c.CCOp = a, b, 0x1000, cpu.CCFlags
						c.Flags = c.Flags&^x86.Arith | uint64(r.Uint32())&x86.Arith
						wr, wf := want(op, w, a, b, c.Flags)
						require.Nil(t, block.Run(c))
						taken := c.EIP == 0x1100
						require.True(t, taken || c.EIP == 0x1004)
						require.Equal(t, wf, c.EFLAGS()&x86.Arith, "op %d, width %d, %x, %x", op, w, a, b)
						require.Equal(t, c.Cond(cc), taken, "op %d, width %d, condition %d, %x, %x", op, w, cc, a, b)
						require.Equal(t, wr, c.R[x86.CX]&(1<<(8<<w)-1))
					}
				}
			}
		}
	}
	require.Greater(t, fused, 1000, "most of them are fused")
}

// TestSumBelowZero: a displacement that leads below address 0 wraps at 4 GiB, also
// where the access ends in page 0, which the TLB has.
func TestSumBelowZero(t *testing.T) {
	c := newCPU(t)
	k := New(c)
	k.b = &Block{Sites: []cpu.Site{{Inst: &decoder.Inst{Len: 2}, Rem: 1}}}
	bus.Store64(c.Host.At(0), 0x8877665544332211)
	for _, w := range []uint8{1, 2} {
		for below := uint64(1); below < 1<<w; below++ {
			_, exc := c.Load(0, 4)
			require.Nil(t, exc)
			want, exc := c.Load(0x100000000-below, 1<<w)
			require.Nil(t, exc)
			u := ir.Uop{Op: ir.Mov, W: w, D: ir.Arg{Kind: ir.Reg, Reg: x86.CX}, S: ir.Arg{Kind: ir.Mem}, MayLeave: true,
				Addr: ir.Address{Base: x86.SI, Index: decoder.NoReg, Size: 4, Disp: -below, Flat: true}}
			c.R[x86.CX], c.R[x86.SI] = 0, 0
			k.fn(&u)(c)
			require.Equal(t, want, c.R[x86.CX], "%d bytes below 0, width %d", below, 8<<w)
		}
	}
}
