package cpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/x86"
)

// bench is a processor in flat 32-bit protected mode that runs single handlers.
type fpuBench struct {
	*testing.T
	*CPU
}

// Linear addresses that the tests use. With paging, which maps the first 4 MiB
// onto themselves, the page behind dataEdge is not present.
const (
	fpuData  = 0x8000
	fpuEdge  = 0xa000
	fpuDir   = 0x1000
	fpuTable = 0x2000
)

func newFPUBench(t *testing.T) *fpuBench {
	t.Helper()
	mem, err := bus.NewMemory(1 << 20)
	require.NoError(t, err)
	t.Cleanup(mem.Close)
	model, err := ModelByName("max")
	require.NoError(t, err)
	c := New(model, mem, bus.NewPorts())
	c.CR0 = x86.CR0_PE | x86.CR0_NE
	for i := range c.Seg[:6] {
		c.Seg[i] = Segment{Sel: uint16(8 * (i + 1)), Limit: 0xffffffff, Attr: attrP | attrS | attrRW | attrA | attrDB | attrG}
		if i == x86.CS {
			c.Seg[i].Attr |= attrCode
		}
		c.Seg[i].derive()
	}
	c.PageBase = 0x1234
	c.addressSpace()
	c.FPU.reset()
	return &fpuBench{t, c}
}

// page switches paging on: all mapped, but for the page at fpuEdge.
func (b *fpuBench) page() {
	b.Helper()
	b.Mem.Store(fpuDir, 4, fpuTable|7)
	for i := uint64(0); i < 256; i++ {
		pte := i<<12 | 7
		if i == fpuEdge>>12 {
			pte = 0
		}
		b.Mem.Store(fpuTable+4*i, 4, pte)
	}
	b.CR3 = fpuDir
	b.CR0 |= x86.CR0_PG
	b.addressSpace()
}

// run executes one instruction by its generic handler and, where there is one,
// from the same state by its fast handler: both must leave the same.
func (b *fpuBench) run(code ...byte) *x86.Exception {
	b.Helper()
	in := new(decoder.Inst)
	mode := decoder.Code32
	if !b.Seg[x86.CS].Big() {
		mode = decoder.Code16
	}
	require.Equal(b, decoder.OK, decoder.Decode(code, mode, in), "%x", code)
	s := &Site{Inst: in, Rem: 1}
	before := b.State()
	var ram, after [0x3000]byte
	b.Mem.Read(fpuData, ram[:])
	require.NotNil(b, Calls[in.Op].Do, in.Op.String())
	exc := outcome(b.CPU, Calls[in.Op].Do, s)
	b.Mem.Read(fpuData, after[:])
	fast := Calls[fastFPU(in)].Do
	if fast == nil {
		return exc
	}
	slow := b.State()
	b.SetState(before)
	b.Mem.Write(fpuData, ram[:])
	fastExc := outcome(b.CPU, fast, s)
	require.Equal(b, exc, fastExc, "%x: fast handler's exception", code)
	require.Equal(b, slow, b.State(), "%x: fast handler's state", code)
	b.Mem.Read(fpuData, ram[:])
	require.Equal(b, after, ram, "%x: fast handler's memory", code)
	return exc
}

// alone is the outcome of an instruction that has to run alone.
var alone = &x86.Exception{Vector: 255}

// outcome runs a handler: nil, a copy of its exception, or alone.
func outcome(c *CPU, do Handler, s *Site) (exc *x86.Exception) {
	defer func() {
		if r := recover(); r == s {
			exc = alone
		} else if r != nil {
			panic(r)
		}
	}()
	c.site = s
	e := do(c, s)
	if e == nil {
		return nil
	}
	v := *e
	return &v
}

// do is run for instructions that must not fault.
func (b *fpuBench) do(code ...byte) {
	b.Helper()
	require.Nil(b, b.run(code...))
}

// at addresses fpuData through EBX: FLD m64 is b.do(0xdd, 0x03).
func (b *fpuBench) at(addr uint64) { b.R[x86.BX] = addr }

func (b *fpuBench) putDouble(v float64) {
	b.Mem.Store(fpuData, 8, math.Float64bits(v))
	b.at(fpuData)
}

// push puts a double on the register stack.
func (b *fpuBench) pushDouble(v float64) {
	b.Helper()
	b.putDouble(v)
	b.do(0xdd, 0x03)
}

// top is ST(0) as a double.
func (b *fpuBench) topDouble() float64 {
	e := softfloat.Env{Masks: allFlags}
	return math.Float64frombits(e.ToF64(b.FPU.ST[b.FPU.Top]))
}

func TestX87Arithmetic(t *testing.T) {
	for _, tt := range []struct {
		name  string
		code  []byte
		want  float64
		depth int
	}{
		{"fadd m64", []byte{0xdc, 0x03}, 10, 2},
		{"fsub m64", []byte{0xdc, 0x23}, -6, 2},
		{"fsubr m64", []byte{0xdc, 0x2b}, 6, 2},
		{"fmul m64", []byte{0xdc, 0x0b}, 16, 2},
		{"fdiv m64", []byte{0xdc, 0x33}, 0.25, 2},
		{"fdivr m64", []byte{0xdc, 0x3b}, 4, 2},
		{"fadd st,st1", []byte{0xd8, 0xc1}, 5, 2},
		{"fsub st,st1", []byte{0xd8, 0xe1}, -1, 2},
		{"fsubr st,st1", []byte{0xd8, 0xe9}, 1, 2},
		{"fdiv st,st1", []byte{0xd8, 0xf1}, 2.0 / 3, 2},
		{"fsubp st1,st", []byte{0xde, 0xe9}, 1, 1},
		{"fsubrp st1,st", []byte{0xde, 0xe1}, -1, 1},
		{"fdivp st1,st", []byte{0xde, 0xf9}, 1.5, 1},
		{"fdivrp st1,st", []byte{0xde, 0xf1}, 2.0 / 3, 1},
		{"faddp st1,st", []byte{0xde, 0xc1}, 5, 1},
		{"fmulp st1,st", []byte{0xde, 0xc9}, 6, 1},
		{"fsqrt", []byte{0xd9, 0xfa}, math.Sqrt2, 2},
		{"fchs", []byte{0xd9, 0xe0}, -2, 2},
		{"fxch", []byte{0xd9, 0xc9}, 3, 2},
		{"fld1", []byte{0xd9, 0xe8}, 1, 3},
		{"fldpi", []byte{0xd9, 0xeb}, math.Pi, 3},
		{"fld st1", []byte{0xd9, 0xc1}, 3, 3},
		{"fscale", []byte{0xd9, 0xfd}, 16, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newFPUBench(t)
			b.pushDouble(3)
			b.pushDouble(2)
			b.putDouble(8)
			b.do(tt.code...)
			require.Equal(t, tt.want, b.topDouble())
			require.Equal(t, tt.depth, int(8-b.FPU.Top)&7)
		})
	}
}

func TestX87StoreReload(t *testing.T) {
	b := newFPUBench(t)
	b.pushDouble(-1234.5)
	b.do(0xdd, 0x1b) // FSTP m64
	require.Equal(t, math.Float64bits(-1234.5), b.Mem.Load(fpuData, 8))
	require.Zero(t, b.FPU.Tags)
	b.do(0xdd, 0x03) // FLD m64
	b.do(0xdb, 0x3b) // FSTP m80
	require.Equal(t, uint64(0x9a50000000000000), b.Mem.Load(fpuData, 8))
	require.Equal(t, uint64(0xc009), b.Mem.Load(fpuData+8, 2))
	b.do(0xdb, 0x2b) // FLD m80
	b.do(0xdb, 0x13) // FIST m32: -1234.5 to even
	require.Equal(t, uint64(uint32(0xfffffb2e)), b.Mem.Load(fpuData, 4))
	require.Equal(t, uint16(softfloat.PE), b.FPU.SW)
}

func TestX87NotAvailable(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cr0   uint64
		sw    uint16
		code  []byte
		want  x86.Vector
		fault bool
	}{
		{"EM", x86.CR0_EM, 0, []byte{0xd9, 0xe8}, x86.VecNM, true},
		{"TS", x86.CR0_TS, 0, []byte{0xd9, 0xe8}, x86.VecNM, true},
		{"TS before pending", x86.CR0_TS | x86.CR0_NE, 0x81, []byte{0xd9, 0xe8}, x86.VecNM, true},
		{"pending", x86.CR0_NE, 0x81, []byte{0xd9, 0xe8}, x86.VecMF, true},
		{"pending, FNSTSW", x86.CR0_NE, 0x81, []byte{0xdf, 0xe0}, 0, false},
		{"pending, FNCLEX", x86.CR0_NE, 0x81, []byte{0xdb, 0xe2}, 0, false},
		{"pending, FNOP", x86.CR0_NE, 0x81, []byte{0xd9, 0xd0}, x86.VecMF, true},
		{"FNINIT with TS", x86.CR0_TS, 0, []byte{0xdb, 0xe3}, x86.VecNM, true},
		{"FWAIT pending", x86.CR0_NE, 0x81, []byte{0x9b}, x86.VecMF, true},
		{"FWAIT TS", x86.CR0_TS, 0, []byte{0x9b}, 0, false},
		{"FWAIT TS MP", x86.CR0_TS | x86.CR0_MP, 0, []byte{0x9b}, x86.VecNM, true},
		{"FWAIT EM", x86.CR0_EM, 0, []byte{0x9b}, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newFPUBench(t)
			b.CR0, b.FPU.SW = x86.CR0_PE|tt.cr0, tt.sw
			before := b.FPU
			exc := b.run(tt.code...)
			if !tt.fault {
				require.Nil(t, exc)
				return
			}
			require.NotNil(t, exc)
			require.Equal(t, tt.want, exc.Vector)
			require.Equal(t, before, b.FPU)
		})
	}
}

// TestX87FERR is of CR0.NE clear: a waiting instruction freezes the processor
// where it stands until an interrupt comes, and again behind its handler, unless
// that clears the exception or asserts IGNNE#.
func TestX87FERR(t *testing.T) {
	b := newFPUBench(t)
	b.CR0 &^= x86.CR0_NE
	raised := 0
	b.FERR = bus.LineFunc(func(level bool) {
		require.True(t, level)
		raised++
	})
	b.FPU.CW = 0x340 // everything unmasked
	b.do(0xd9, 0xee) // FLDZ
	b.do(0xd9, 0xe8) // FLD1
	b.do(0xd8, 0xf1) // FDIV ST, ST(1): #Z
	require.Equal(t, uint16(swB|swES|softfloat.ZE), b.FPU.SW)
	require.Zero(t, raised)
	in := new(decoder.Inst)
	require.Equal(t, decoder.OK, decoder.Decode([]byte{0xd9, 0xd0}, decoder.Code32, in))
	b.Mid = true
	require.Same(t, alone, outcome(b.CPU, fnop, &Site{Inst: in, Mid: true}))
	require.Zero(t, raised)
	b.Mid = false

	b.R[x86.SI] = fpuData
	store := []byte{0xdd, 0x1e} // FSTP m64
	before := b.FPU
	for n := 1; n <= 2; n++ {
		exc := b.run(store...)
		require.NotNil(t, exc)
		require.Equal(t, *Freeze, *exc)
		b.Raise(*exc)
		require.True(t, b.Halted)
		require.Zero(t, b.Faults.N)
		require.Equal(t, before, b.FPU)
		require.Zero(t, b.Mem.Load(fpuData, 8), "it stored before the interrupt was taken")
		require.NotZero(t, raised)
		b.Halted = false
	}
	b.do(0xdf, 0xe0) // FNSTSW AX does not wait

	b.IgnoreErrors()
	b.do(store...)
	require.Equal(t, math.Float64bits(1), b.Mem.Load(fpuData, 8))
	b.do(0xd9, 0xe8)
	b.do(0xdb, 0xe2) // FNCLEX, behind which IGNNE# is inactive
	b.do(0xd8, 0xf1)
	exc := b.run(store...)
	require.NotNil(t, exc)
	require.Equal(t, *Freeze, *exc)
	b.CR0 |= x86.CR0_NE
	b.IgnoreErrors()
	require.Equal(t, x86.VecMF, b.run(store...).Vector, "IGNNE# means nothing with NE")
}

// x87Forms are all forms of D8 to DF, memory ones at [EBX].
func x87Forms() (forms [][]byte) {
	for op := 0xd8; op <= 0xdf; op++ {
		for modrm := 0; modrm < 256; modrm++ {
			if modrm < 0xc0 && modrm&0xc7 != 3 {
				continue
			}
			var in decoder.Inst
			code := []byte{byte(op), byte(modrm)}
			if decoder.Decode(code, decoder.Code32, &in) == decoder.OK && in.Row.Feature != decoder.SSE3 {
				forms = append(forms, code)
			}
		}
	}
	return forms
}

// noWait are the instructions that execute while an exception is pending.
var noWait = map[decoder.Op]bool{decoder.FNCLEX: true, decoder.FNINIT: true, decoder.FNSTCW: true, decoder.FNSTSW: true,
	decoder.FNSTENV: true, decoder.FNSAVE: true, decoder.FNENI: true, decoder.FNDISI: true, decoder.FNSETPM: true}

// TestX87ChecksFirst wants #NM from every form with TS, and #MF with a pending
// exception from every form that waits, before a fault of the operand.
func TestX87ChecksFirst(t *testing.T) {
	forms := x87Forms()
	require.Greater(t, len(forms), 450)
	b := newFPUBench(t)
	for _, code := range forms {
		var in decoder.Inst
		decoder.Decode(code, decoder.Code32, &in)
		b.at(0xfffffffe)
		b.FPU.setControl(0x340)
		b.FPU.setStatus(softfloat.ZE)
		b.CR0 |= x86.CR0_TS
		before := b.State()
		exc := b.run(code...)
		require.NotNil(t, exc, "%x %v", code, in.Op)
		require.Equal(t, x86.VecNM, exc.Vector, "%x %v", code, in.Op)
		require.Equal(t, before, b.State(), "%x %v", code, in.Op)

		b.CR0 &^= x86.CR0_TS
		before = b.State()
		exc = b.run(code...)
		if noWait[in.Op] {
			require.True(t, exc == nil || exc.Vector == x86.VecGP, "%x %v", code, in.Op)
			continue
		}
		require.NotNil(t, exc, "%x %v", code, in.Op)
		require.Equal(t, x86.VecMF, exc.Vector, "%x %v", code, in.Op)
		require.Equal(t, before, b.State(), "%x %v", code, in.Op)
	}
}

// TestX87CompareIntoFlags pins that C1 stays, as on AMD's silicon, and OF, SF
// and AF are cleared.
func TestX87CompareIntoFlags(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b float64
		want uint64
	}{
		{"below", 1, 2, x86.CF},
		{"equal", 2, 2, x86.ZF},
		{"above", 2, 1, 0},
		{"unordered", math.NaN(), 1, x86.ZF | x86.PF | x86.CF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newFPUBench(t)
			b.pushDouble(tt.b)
			b.pushDouble(tt.a)
			b.FPU.SW |= swC1
			b.Flags |= x86.Arith
			b.do(0xdb, 0xe9) // FUCOMI ST, ST(1)
			require.Equal(t, tt.want, b.EFLAGS()&x86.Arith)
			require.Equal(t, uint16(swC1), b.FPU.SW)
		})
	}
	t.Run("empty", func(t *testing.T) {
		b := newFPUBench(t)
		b.FPU.SW |= swC1
		b.do(0xdb, 0xe9)
		require.Equal(t, uint16(softfloat.IE|swSF), b.FPU.SW)
	})
}

// TestX87LoadDenormalUnmasked wants a denormal real in memory loaded although DE
// is unmasked, as on AMD's silicon; a signalling NaN with IE unmasked is not.
func TestX87LoadDenormalUnmasked(t *testing.T) {
	for _, tt := range []struct {
		name string
		code byte
		mem  uint64
		want softfloat.F80
		sw   uint16
	}{
		{"single", 0xd9, 0x10, softfloat.F80{Mant: 1 << 63, SE: 0x3f6e}, 0xb882},
		{"double", 0xdd, 0x10, softfloat.F80{Mant: 1 << 63, SE: 0x3bd1}, 0xb882},
		{"signalling single", 0xd9, 0x7f800010, softfloat.F80{}, 0x8081},
		{"signalling double", 0xdd, 0x7ff0000000000010, softfloat.F80{}, 0x8081},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newFPUBench(t)
			b.FPU.CW = 0x37c
			b.R[x86.SI] = fpuData
			b.Mem.Store(fpuData, 8, tt.mem)
			b.do(tt.code, 0x06)
			require.Equal(t, tt.want, b.FPU.ST[7])
			require.Equal(t, tt.sw, b.FPU.status())
		})
	}
}
