package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	testify "github.com/stretchr/testify/require"

	"ringzero/x86"
)

// userBase is where the window of a native case stands in userBench, whose
// addresses agree with the host's in the low 16 bits.
const userBase = 0x40000

// userBench is a fpuBench at CPL 3 with alignment checking as EFLAGS.AC has it.
func userBench(t *testing.T, flags uint64) *fpuBench {
	b := newFPUBench(t)
	b.CPL = 3
	b.CR0 |= x86.CR0_AM
	b.CR4 |= x86.CR4_OSFXSR
	b.Flags = flags
	b.addressSpace()
	return b
}

// vectorOf runs an instruction and gives what it faulted with, or nativeNoTrap.
func (b *fpuBench) vectorOf(code ...byte) uint64 {
	if exc := b.run(code...); exc != nil {
		return uint64(exc.Vector)
	}
	return nativeNoTrap
}

// TestEnterNative compares ENTER of words on frames that overlap, with and
// without alignment checking, with the host's processor.
func TestEnterNative(t *testing.T) {
	count := min(nativeCount(t), 20000)
	r := rand.New(rand.NewPCG(8, 8))
	cases := make([]nativeRecord, count)
	for i := range cases {
		n := &cases[i]
		n.code(0x66, 0xc8, byte(r.IntN(6)), 0, byte(r.IntN(14)))
		for j := range n.Mem {
			n.Mem[j] = byte(r.Uint32())
		}
		for j := range n.R {
			n.R[j] = r.Uint64() & 0xffffffff
		}
		n.R[x86.SP] = nativeWindow + 160 + r.Uint64N(40)
		n.R[x86.BP] = n.R[x86.SP] - 20 + r.Uint64N(40)
		n.Flags = nativeFlags | uint64(r.IntN(2))*x86.AC
		n.Env = [7]uint32{0x37f, 0, 0xffff}
	}
	b := userBench(t, x86.F1)
	for i, want := range native(t, cases) {
		n := &cases[i]
		b.Flags = n.Flags
		b.updateMode()
		copy(b.R[:], n.R[:])
		b.R[x86.SP] -= nativeWindow - userBase
		b.R[x86.BP] -= nativeWindow - userBase
		b.Mem.Write(userBase, n.Mem[:])
		text := fmt.Sprintf("%x sp %x bp %x", n.Code[:5], n.R[x86.SP], n.R[x86.BP])
		testify.Equal(t, want.vector(), b.vectorOf(n.Code[:5]...), text)
		mem := n.Mem
		b.Mem.Read(userBase, mem[:])
		if want.vector() != nativeNoTrap {
			testify.Equal(t, n.Mem, mem, "%s: a fault leaves all as it was", text)
			continue
		}
		testify.Equal(t, want.Mem, mem, text)
		testify.Equal(t, want.R[x86.SP]-(nativeWindow-userBase), b.R[x86.SP], text)
		testify.Equal(t, want.R[x86.BP]-(nativeWindow-userBase), b.R[x86.BP], text)
	}
}

// aligned are memory operands at [ESI] with the offsets from 0 to 15 at which
// the host's processor raises no #AC under alignment checking, as bits.
var aligned = []struct {
	name string
	code []byte
	at   uint16
}{
	{"bt", []byte{0x0f, 0xa3, 0x06}, 0x1111},
	{"bts word", []byte{0x66, 0x0f, 0xab, 0x06}, 0x5555},
	{"cmpxchg8b", []byte{0x0f, 0xc7, 0x0e}, 0x0101},
	{"smsw", []byte{0x0f, 0x01, 0x26}, 0x5555},
	{"str", []byte{0x0f, 0x00, 0x0e}, 0x5555},
	{"mov selector", []byte{0x8c, 0x1e}, 0x5555},
	{"lfs", []byte{0x0f, 0xb4, 0x26}, 0x1111},
	{"lfs of words", []byte{0x66, 0x0f, 0xb4, 0x26}, 0x5555},
	{"fadd single", []byte{0xd8, 0x06}, 0x1111},
	{"fadd double", []byte{0xdc, 0x06}, 0x0101},
	{"fiadd word", []byte{0xde, 0x06}, 0x5555},
	{"fld single", []byte{0xd9, 0x06}, 0x1111},
	{"fld extended", []byte{0xdb, 0x2e}, 0x0101},
	{"fstp extended", []byte{0xdb, 0x3e}, 0x0101},
	{"fild quad", []byte{0xdf, 0x2e}, 0x0101},
	{"fbld", []byte{0xdf, 0x26}, 0x0101},
	{"fbstp", []byte{0xdf, 0x36}, 0x0101},
	{"fldcw", []byte{0xd9, 0x2e}, 0x5555},
	{"fnstcw", []byte{0xd9, 0x3e}, 0x5555},
	{"fnstsw", []byte{0xdd, 0x3e}, 0x5555},
	{"fldenv", []byte{0xd9, 0x26}, 0x1111},
	{"fnstenv", []byte{0xd9, 0x36}, 0x1111},
	{"fldenv of words", []byte{0x66, 0xd9, 0x26}, 0x5555},
	{"fnstenv of words", []byte{0x66, 0xd9, 0x36}, 0x5555},
	{"frstor", []byte{0xdd, 0x26}, 0x1111},
	{"fnsave", []byte{0xdd, 0x36}, 0x1111},
	{"frstor of words", []byte{0x66, 0xdd, 0x26}, 0x5555},
	{"fnsave of words", []byte{0x66, 0xdd, 0x36}, 0x5555},
	{"fxsave, elsewhere #GP", []byte{0x0f, 0xae, 0x06}, 0x1111},
	{"fxrstor, elsewhere #GP", []byte{0x0f, 0xae, 0x0e}, 0x1111},
	{"movq", []byte{0x0f, 0x6f, 0x06}, 0x0101},
	{"movd", []byte{0x0f, 0x6e, 0x06}, 0x1111},
	{"paddb", []byte{0x0f, 0xfc, 0x06}, 0x0101},
	{"punpcklbw", []byte{0x0f, 0x60, 0x06}, 0x1111},
	{"punpckhbw", []byte{0x0f, 0x68, 0x06}, 0x0101},
}

func TestAlignmentChecked(t *testing.T) {
	b := userBench(t, x86.F1|x86.AC)
	start := b.State()
	for _, tt := range aligned {
		t.Run(tt.name, func(t *testing.T) {
			got := uint16(0)
			for off := range uint64(16) {
				b.T = t
				b.SetState(start)
				b.R[x86.SI], b.R[x86.SP] = userBase+off, userBase+0x800
				b.FPU.Tags, b.FPU.SW = 0x0f, 0
				if tt.code[0] == 0xdf && tt.code[1] == 0x36 || tt.code[1] == 0x3e {
					b.FPU.Tags = 0xff
				}
				if b.vectorOf(tt.code...) != uint64(x86.VecAC) {
					got |= 1 << off
				}
			}
			testify.Equal(t, tt.at, got, "%04x instead of %04x", got, tt.at)
		})
	}
}

// TestAlignmentNative takes the table from the host's processor.
func TestAlignmentNative(t *testing.T) {
	nativeCount(t)
	var cases []nativeRecord
	for _, tt := range aligned {
		for off := range uint64(16) {
			var n nativeRecord
			n.code(tt.code...)
			n.Flags = nativeFlags | x86.AC
			n.R[x86.SI], n.R[x86.SP], n.R[x86.BP] = nativeWindow+off, nativeWindow+128, nativeWindow+128
			n.Env = [7]uint32{0x37f, 0, 0xffff}
			cases = append(cases, n)
		}
	}
	answers := native(t, cases)
	for i, tt := range aligned {
		got := uint16(0)
		for off := range 16 {
			if answers[16*i+off].vector() != uint64(x86.VecAC) {
				got |= 1 << off
			}
		}
		testify.Equal(t, tt.at, got, "%s: %04x instead of %04x", tt.name, got, tt.at)
	}
}
