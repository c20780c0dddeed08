package cpu

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/x86"
)

// envBench has something in every field of the environment.
func envBench(t *testing.T) *fpuBench {
	b := newFPUBench(t)
	f := &b.FPU
	f.setControl(0x0a7f)
	f.setStatus(0x5a21)
	f.Tags = 0xf0
	f.ST = [8]softfloat.F80{4: softfloat.One, 5: softfloat.Zero, 6: softfloat.Inf, 7: {Mant: 5}, 3: {Mant: 7, SE: 9}}
	f.IP, f.CS, f.DP, f.DS, f.Op = 0x12345678, 0x23, 0x9abcdef0, 0x2b, 0x7a5
	return b
}

// mode makes the bench's processor run in a mode with 16- or 32-bit code.
func (b *fpuBench) mode(protected, big bool) {
	if !protected {
		b.CR0 &^= x86.CR0_PE
	}
	if !big {
		b.Seg[x86.CS].Attr &^= attrDB
	}
	b.addressSpace()
}

// TestX87Environment pins the four formats (SDM 1 figures 8-9 to 8-12).
func TestX87Environment(t *testing.T) {
	for _, tt := range []struct {
		name           string
		protected, big bool
		ip, dp         uint64
		cs, ds         uint16
		want           string
		backIP, backDP uint64
		backCS         uint16
	}{
		{"protected, 32 bits", true, true, 0x12345678, 0x9abcdef0, 0x23, 0x2b,
			"7f0affff 215affff ffa4ffff 78563412 2300a507 f0debc9a 2b00ffff", 0x12345678, 0x9abcdef0, 0x23},
		{"protected, 16 bits", true, false, 0x5678, 0xdef0, 0x23, 0x2b,
			"7f0a 215a ffa4 7856 2300 f0de 2b00", 0x5678, 0xdef0, 0x23},
		{"real, 32 bits", false, true, 0x5678, 0xdef0, 0xf123, 0x002b,
			"7f0affff 215affff ffa4ffff a868ffff a5f70000 a0e1ffff 00000000", 0xf68a8, 0xe1a0, 0},
		{"real, 16 bits", false, false, 0x5678, 0xdef0, 0xf123, 0x002b,
			"7f0a 215a ffa4 a868 a5f7 a0e1 0000", 0xf68a8, 0xe1a0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := envBench(t)
			b.mode(tt.protected, tt.big)
			b.FPU.IP, b.FPU.DP, b.FPU.CS, b.FPU.DS = tt.ip, tt.dp, tt.cs, tt.ds
			store, load := []byte{0xd9, 0x37}, []byte{0xd9, 0x27} // [BX] or [EDI]
			b.R[x86.BX], b.R[x86.DI] = fpuData, fpuData
			b.do(store...)
			want, err := hex.DecodeString(strings.ReplaceAll(tt.want, " ", ""))
			require.NoError(t, err)
			got := make([]byte, len(want)+1)
			b.Mem.Read(fpuData, got)
			require.Equal(t, append(want, 0), got)
			require.Equal(t, uint16(0x0a7f), b.FPU.CW)

			b.FPU.reset()
			b.do(load...)
			f := &b.FPU
			require.Equal(t, uint16(0x0a7f), f.CW)
			require.Equal(t, uint16(0x5a21), f.status())
			require.Equal(t, uint8(0xf0), f.Tags)
			require.Equal(t, []uint64{tt.backIP, tt.backDP}, []uint64{f.IP, f.DP})
			require.Equal(t, tt.backCS, f.CS)
			if tt.big || !tt.protected {
				require.Equal(t, uint16(0x7a5), f.Op)
			}
		})
	}
}

func TestX87SaveRestore(t *testing.T) {
	for _, tt := range []struct {
		name string
		pre  []byte
		size int
	}{{"32 bits", nil, 108}, {"16 bits", []byte{0x66}, 94}} {
		t.Run(tt.name, func(t *testing.T) {
			b := envBench(t)
			b.FPU.IP, b.FPU.DP = 0x5678, 0xdef0
			b.at(fpuData)
			b.Mem.Write(fpuData+uint64(tt.size), []byte{0xcc})
			before := b.FPU
			b.do(append(tt.pre, 0xdd, 0x33)...) // FNSAVE [EBX]
			require.Equal(t, uint64(0xcc), b.Mem.Load(fpuData+uint64(tt.size), 1))
			require.Equal(t, uint16(0x37f), b.FPU.CW)
			require.Zero(t, b.FPU.Tags)
			require.Equal(t, softfloat.F80{Mant: 7, SE: 9}, before.ST[3], "ST(0) is register 3")
			require.Equal(t, uint64(7), b.Mem.Load(fpuData+uint64(tt.size)-80, 8))
			b.FPU.ST = [8]softfloat.F80{}
			b.do(append(tt.pre, 0xdd, 0x23)...) // FRSTOR [EBX]
			if tt.pre != nil {
				before.Op = 0 // the format has no place for it
			}
			require.Equal(t, before, b.FPU)
		})
	}
}

func TestX87StoreEnvironmentMasks(t *testing.T) {
	b := newFPUBench(t)
	b.FPU.setControl(0x340)
	b.FPU.setStatus(softfloat.ZE)
	require.Equal(t, uint16(swES|swB|softfloat.ZE), b.FPU.SW)
	b.at(fpuData)
	b.do(0xd9, 0x33)
	require.Equal(t, uint64(0xffff8084), b.Mem.Load(fpuData+4, 4))
	require.Equal(t, uint16(0x37f), b.FPU.CW)
	require.Equal(t, uint16(softfloat.ZE), b.FPU.SW)
	b.do(0xd9, 0x23) // FLDENV: pending again
	require.Equal(t, uint16(swES|swB|softfloat.ZE), b.FPU.SW)
	require.Equal(t, x86.VecMF, b.run(0xd9, 0xe8).Vector)
}

// TestX87LastInstruction wants FOP, FIP and FDP after instructions that are no
// control instructions, and only then.
func TestX87LastInstruction(t *testing.T) {
	b := newFPUBench(t)
	b.putDouble(1)
	b.R[x86.BX] = fpuData - 4
	b.PageBase = 0x4000
	b.do(0xdd, 0x43, 0x04) // FLD m64 [EBX+4]
	want := b.FPU
	require.Equal(t, []any{uint16(0x543), uint64(0x4000), uint64(fpuData), b.Seg[x86.CS].Sel, b.Seg[x86.DS].Sel},
		[]any{want.Op, want.IP, want.DP, want.CS, want.DS})
	b.PageBase = 0x5000
	for _, code := range [][]byte{{0xd9, 0x6b, 4}, {0xd9, 0x7b, 4}, {0xdf, 0xe0}, {0xdb, 0xe2}, {0x9b}, {0xd9, 0xd0}} {
		b.do(code...)
		require.Equal(t, want.Op, b.FPU.Op, "%x", code)
		require.Equal(t, want.IP, b.FPU.IP, "%x", code)
	}
	b.do(0x26, 0xd8, 0xc0) // FADD ST,ST with a prefix: no operand pointer
	require.Equal(t, []any{uint16(0x0c0), uint64(0x5000), uint64(fpuData)}, []any{b.FPU.Op, b.FPU.IP, b.FPU.DP})
}

// memoryForms are all x87, MMX and FXSAVE forms with a memory operand at [EBX].
func memoryForms(t *testing.T) (forms [][]byte) {
	try := func(code ...byte) {
		var in decoder.Inst
		if decoder.Decode(code, decoder.Code32, &in) == decoder.OK && Calls[in.Op].Do != nil &&
			in.Op != decoder.EMMS && (in.Row.Feature == decoder.X87 || in.Row.Feature == decoder.MMX || in.Row.Feature == decoder.FXSR) {
			forms = append(forms, code)
		}
	}
	for reg := byte(0); reg < 8; reg++ {
		for op := byte(0xd8); op >= 0xd8 && op <= 0xdf; op++ {
			try(op, reg<<3|3)
			if op == 0xd9 || op == 0xdd {
				try(0x66, op, reg<<3|3)
			}
		}
		try(0x0f, 0xae, reg<<3|3)
	}
	for op := 0x60; op < 0x100; op++ {
		if op != 0xae {
			try(0x0f, byte(op), 3)
		}
	}
	require.Greater(t, len(forms), 110)
	return forms
}

// formBench has a processor with numbers everywhere, for any form to succeed.
func formBench(t *testing.T, code []byte) (b *fpuBench, in decoder.Inst) {
	b = newFPUBench(t)
	f := &b.FPU
	f.setStatus(3 << topShift)
	f.Tags = 0xfb // ST(7) is free
	for i := range f.ST {
		f.ST[i] = softfloat.F80{Mant: 0xc000000000000000, SE: bias80 + uint16(i)}
	}
	b.page()
	require.Equal(t, decoder.OK, decoder.Decode(code, decoder.Code32, &in))
	return b, in
}

// edge is the last place in the page before fpuEdge where an operand reaches
// into the next.
func edge(in *decoder.Inst) uint64 {
	if in.Row.Feature == decoder.FXSR {
		return fpuEdge - 16
	}
	return fpuEdge - 1
}

func TestX87PageFaultChangesNothing(t *testing.T) {
	for _, code := range memoryForms(t) {
		b, in := formBench(t, code)
		b.at(edge(&in))
		var ram, after [0x1000]byte
		for i := range ram {
			ram[i] = 0x5a
		}
		b.Mem.Write(fpuEdge-0x1000, ram[:])
		before := b.State()
		exc := b.run(code...)
		require.NotNil(t, exc, "%x %v", code, in.Op)
		require.Equal(t, x86.VecPF, exc.Vector, "%x %v", code, in.Op)
		require.Equal(t, uint64(fpuEdge), exc.Address&^0xfff, "%x %v", code, in.Op)
		require.Equal(t, before, b.State(), "%x %v", code, in.Op)
		b.Mem.Read(fpuEdge-0x1000, after[:])
		require.Equal(t, ram, after, "%x %v", code, in.Op)

		b.at(fpuData) // and where there is memory it works
		b.Mem.Write(fpuData, make([]byte, 512))
		b.do(code...)
	}
}

func TestX87SegmentLimit(t *testing.T) {
	for _, code := range memoryForms(t) {
		b, in := formBench(t, code)
		b.Seg[x86.DS].Limit = uint32(edge(&in))
		b.Seg[x86.DS].derive()
		b.addressSpace()
		b.at(edge(&in))
		before := b.State()
		exc := b.run(code...)
		require.NotNil(t, exc, "%x %v", code, in.Op)
		require.Equal(t, x86.Exception{Vector: x86.VecGP}, *exc, "%x %v", code, in.Op)
		require.Equal(t, before, b.State(), "%x %v", code, in.Op)
	}
}

// TestX87Alone wants the state unchanged where an access in mid-block must be
// taken alone: a store into translated code, and any access to a device.
func TestX87Alone(t *testing.T) {
	const hole = 0xfffff000 // no RAM
	stores := 0
	for _, code := range memoryForms(t) {
		b, in := formBench(t, code)
		b.CR0 &^= x86.CR0_PG
		b.addressSpace()
		b.Mid = true
		b.at(hole)
		before := b.State()
		require.Same(t, alone, b.run(code...), "%x %v", code, in.Op)
		require.Equal(t, before, b.State(), "%x %v", code, in.Op)

		b.Mem.RAM.Own(bus.Code, func(uint64, int, int) bool { return true })
		b.Mem.SetMark(fpuData>>bus.PageShift, bus.Code)
		b.at(fpuData)
		before = b.State()
		if b.run(code...) == alone {
			stores++
			require.Equal(t, before, b.State(), "%x %v", code, in.Op)
		}
	}
	require.Equal(t, 26, stores)
}
