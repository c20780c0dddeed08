package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/cpu/softfloat"
	"ringzero/x86"
)

func TestFXSAVE(t *testing.T) {
	for _, tt := range []struct {
		name   string
		osfxsr bool
	}{{"OSFXSR", true}, {"without OSFXSR", false}} {
		t.Run(tt.name, func(t *testing.T) {
			b := envBench(t)
			if tt.osfxsr {
				b.CR4 |= x86.CR4_OSFXSR
			}
			f := &b.FPU
			f.XMM[7] = [8]uint64{1, 2}
			f.MXCSR = 0x1f80
			before := *f
			var image, empty [512]byte
			for i := range empty {
				empty[i] = 0x5a
			}
			b.Mem.Write(fpuData, empty[:])
			b.at(fpuData)
			b.do(0x0f, 0xae, 0x03)
			require.Equal(t, before, *f, "FXSAVE leaves the state alone")
			b.Mem.Read(fpuData, image[:])
			require.Equal(t, []byte{0x7f, 0x0a, 0x21, 0x5a, 0xf0, 0, 0xa5, 0x07, 0x78, 0x56, 0x34, 0x12, 0x23, 0, 0, 0,
				0xf0, 0xde, 0xbc, 0x9a, 0x2b, 0, 0, 0}, image[:24])
			require.Equal(t, []byte{7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0}, image[32:48], "ST(0) is register 3")
			if tt.osfxsr {
				require.Equal(t, []byte{0x80, 0x1f, 0, 0, 0, 0, 0, 0}, image[24:32])
				require.Equal(t, byte(2), image[160+7*16+8])
			} else {
				require.Equal(t, empty[:8], image[24:32])
				require.Equal(t, empty[160:], image[160:])
			}
			require.Equal(t, empty[288:], image[288:])

			f.reset()
			f.ST = [8]softfloat.F80{}
			if tt.osfxsr {
				f.XMM[7], f.MXCSR = [8]uint64{}, 0
			}
			b.do(0x0f, 0xae, 0x0b)
			require.Equal(t, before, *f)
		})
	}
}

func TestFXSAVEFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		addr uint64
		cr0  uint64
		want x86.Vector
	}{
		{"misaligned", fpuData + 8, 0, x86.VecGP},
		{"misaligned and not present", fpuEdge + 8, 0, x86.VecGP},
		{"not present", fpuEdge, 0, x86.VecPF},
		{"its tail not present", fpuEdge - 496, 0, x86.VecPF},
		{"TS", fpuData, x86.CR0_TS, x86.VecNM},
		{"EM", fpuData, x86.CR0_EM, x86.VecNM},
	} {
		for _, op := range []byte{0x03, 0x0b} {
			t.Run(tt.name, func(t *testing.T) {
				b := newFPUBench(t)
				b.page()
				b.CR0 |= tt.cr0
				b.at(tt.addr)
				before := b.State()
				exc := b.run(0x0f, 0xae, op)
				require.NotNil(t, exc)
				require.Equal(t, tt.want, exc.Vector)
				require.Equal(t, before, b.State())
			})
		}
	}
}

func TestFXRSTORReservedMXCSR(t *testing.T) {
	b := newFPUBench(t)
	b.CR4 |= x86.CR4_OSFXSR
	b.at(fpuData)
	b.do(0x0f, 0xae, 0x03)
	b.Mem.Store(fpuData+24, 4, 0x10000)
	before := b.State()
	require.Equal(t, x86.VecGP, b.run(0x0f, 0xae, 0x0b).Vector)
	require.Equal(t, before, b.State())
	b.CR4 &^= x86.CR4_OSFXSR // then the field does not count
	b.do(0x0f, 0xae, 0x0b)
}

// TestFXRSTORPending wants an exception that was pending in the image to be
// reported by the next waiting instruction, and by FXSAVE not at all.
func TestFXRSTORPending(t *testing.T) {
	b := newFPUBench(t)
	b.at(fpuData)
	b.do(0x0f, 0xae, 0x03)
	b.Mem.Store(fpuData, 4, 0x0001_0340)
	b.do(0x0f, 0xae, 0x0b)
	require.Equal(t, uint16(swES|swB|softfloat.IE), b.FPU.SW)
	b.do(0x0f, 0xae, 0x03)
	require.Equal(t, x86.VecMF, b.run(0xd9, 0xd0).Vector)
}
