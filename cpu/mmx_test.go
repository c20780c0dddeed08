package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/x86"
)

func TestMMXNotAvailable(t *testing.T) {
	for _, tt := range []struct {
		name string
		cr0  uint64
		sw   uint16
		want x86.Vector
	}{
		{"EM", x86.CR0_EM, 0, x86.VecUD},
		{"EM before TS and pending", x86.CR0_EM | x86.CR0_TS | x86.CR0_NE, swES | 1, x86.VecUD},
		{"TS", x86.CR0_TS | x86.CR0_NE, swES | 1, x86.VecNM},
		{"pending", x86.CR0_NE, swES | 1, x86.VecMF},
	} {
		for _, code := range [][]byte{{0x0f, 0x77}, {0x0f, 0xfc, 0xc1}, {0x0f, 0x6e, 0xc0}, {0x0f, 0x7f, 0x03}} {
			t.Run(tt.name, func(t *testing.T) {
				b := newFPUBench(t)
				b.CR0, b.FPU.SW = x86.CR0_PE|tt.cr0, tt.sw
				b.at(0xfffffffe) // the check goes before the operand's faults
				before := b.State()
				exc := b.run(code...)
				require.NotNil(t, exc)
				require.Equal(t, tt.want, exc.Vector)
				require.Equal(t, before, b.State())
			})
		}
	}
}

// TestMMXAndX87 shows what each leaves to the other (SDM 3A 12.2).
func TestMMXAndX87(t *testing.T) {
	b := newFPUBench(t)
	b.pushDouble(1) // register 7
	b.R[x86.AX] = 0xdeadbeef
	last := b.FPU.IP
	b.PageBase = 0x7777
	b.do(0x0f, 0x6e, 0xc8) // MOVD mm1, eax
	f := &b.FPU
	require.Equal(t, softfloat.F80{Mant: 0xdeadbeef, SE: 0xffff}, f.ST[1])
	require.Equal(t, softfloat.One, f.ST[7], "the others stay")
	require.Equal(t, uint8(0xff), f.Tags)
	require.Zero(t, f.Top)
	require.Equal(t, last, f.IP, "the last instruction stays")
	f.Top = 3
	b.do(0x0f, 0x7e, 0xfa) // MOVD edx, mm7
	require.Zero(t, f.Top)
	require.Equal(t, softfloat.One, f.ST[7], "a read leaves the exponent")
	require.Zero(t, b.R[x86.DX])
	f.Top = 3
	b.do(0x0f, 0x77) // EMMS
	require.Zero(t, f.Tags)
	require.Zero(t, f.Top)
	require.Equal(t, softfloat.F80{Mant: 0xdeadbeef, SE: 0xffff}, f.ST[1])
}

// TestMMXOnXMM wants the forms on XMM registers to be gaps, which share Ops with
// those of MMX.
func TestMMXOnXMM(t *testing.T) {
	b := newFPUBench(t)
	before := b.State()
	for _, code := range [][]byte{{0x66, 0x0f, 0xfc, 0xc1}, {0x66, 0x0f, 0x6e, 0xc0}, {0xf3, 0x0f, 0x7e, 0xc0}} {
		require.Equal(t, x86.VecUD, b.run(code...).Vector)
	}
	require.Equal(t, before, b.State())
}

// TestFPUEveryRow wants a handler for each row of the features that CPUID shows
// through this file's code.
func TestFPUEveryRow(t *testing.T) {
	n := 0
	for _, r := range decoder.Rows() {
		fcmov := r.Map == decoder.MapX87 && r.Feature == decoder.CMOV
		if r.Feature != decoder.X87 && r.Feature != decoder.MMX && r.Feature != decoder.FXSR && !fcmov {
			continue
		}
		n++
		require.NotNil(t, Calls[r.Op].Do, r.Op.String())
		require.Equal(t, FlowOn, Calls[r.Op].Flow, r.Op.String())
	}
	require.Greater(t, n, 200)
}

// TestFPUAllocatesNothing runs hot and odd instructions.
func TestFPUAllocatesNothing(t *testing.T) {
	b := newFPUBench(t)
	b.pushDouble(1.5)
	b.pushDouble(2.5)
	for _, code := range [][]byte{{0xdc, 0x03}, {0xd8, 0xc9}, {0xdd, 0x13}, {0xdb, 0xf1}, {0xd9, 0xfa}, {0xd9, 0xff},
		{0xdb, 0x13}, {0xd9, 0x33}, {0xd8, 0x0b}, {0x0f, 0xae, 0x03}, {0x0f, 0xfd, 0xc1}} {
		in := new(decoder.Inst)
		require.Equal(t, decoder.OK, decoder.Decode(code, decoder.Code32, in))
		s := &Site{Inst: in}
		for _, h := range []Handler{Calls[in.Op].Do, Calls[fastFPU(in)].Do} {
			if h != nil {
				require.Zero(t, testing.AllocsPerRun(10, func() { h(b.CPU, s) }), "%x %v", code, in.Op)
			}
		}
	}
}
