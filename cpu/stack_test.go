package cpu

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/x86"
)

// TestEnterReadsWhatItPushed is ENTER of words whose outer frame, at BP, lies
// where it builds its own; what is wanted is what silicon left.
func TestEnterReadsWhatItPushed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		level  byte
		bp     uint64 // from SP
		want   string // from 12 below SP
		wantSP uint64
	}{
		{"the frame itself", 4, 0, "c7ce26002800280028002800", 0x1a},
		{"three below", 4, ^uint64(2), "c7ce2600dce3eaf1f8ff2500", 0x1a},
		{"a word above", 4, 2, "c7ce26001b222a001b222a00", 0x1a},
		{"a word below", 3, ^uint64(1), "c7ced5dc2600f1f8ff062600", 0x1c},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := userBench(t, x86.F1)
			var mem [64]byte
			for i := range mem {
				mem[i] = byte(7*i + 3)
			}
			b.Mem.Write(userBase, mem[:])
			b.R[x86.SP] = userBase + 0x28
			b.R[x86.BP] = b.R[x86.SP] + tt.bp
			b.do(0x66, 0xc8, 4, 0, tt.level)
			b.Mem.Read(userBase, mem[:])
			require.Equal(t, tt.want, hex.EncodeToString(mem[0x1c:0x28]))
			require.Equal(t, userBase+tt.wantSP, b.R[x86.SP])
			require.Equal(t, uint64(userBase+0x26), b.R[x86.BP])
		})
	}
	t.Run("in mid-block it runs alone", func(t *testing.T) {
		b := userBench(t, x86.F1)
		b.R[x86.SP], b.R[x86.BP] = userBase+0x28, userBase+0x28
		b.Mid = true
		require.Same(t, alone, b.run(0xc8, 0, 0, 2))
	})
}

// TestStackUnderAlignmentChecking is of the instructions that make several
// accesses to the stack of a program at CPL 3: one that is not aligned is #AC, and
// nothing has changed then. ENTER is as silicon has it; the others are as their
// pages of SDM 2 say.
func TestStackUnderAlignmentChecking(t *testing.T) {
	type exc = x86.Exception
	ac := exc{Vector: x86.VecAC}
	toUser := func(s *scene, v uint64) { s.put(sceneIDT+8*v+2, 2, code3) }
	for _, tt := range []struct {
		name    string
		sp, bp  uint64
		code    []byte
		prepare func(s *scene)
		want    exc
	}{
		{"pusha", 0, 0, []byte{0x60}, nil, none},
		{"pusha at an odd word", 2, 0, []byte{0x60}, nil, ac},
		{"pusha of words at an odd word", 2, 0, []byte{0x66, 0x60}, nil, none},
		{"pusha of words at an odd byte", 1, 0, []byte{0x66, 0x60}, nil, ac},
		{"popa", 0, 0, []byte{0x61}, nil, none},
		{"popa at an odd word", 2, 0, []byte{0x61}, nil, ac},
		{"enter", 0, 1, []byte{0xc8, 0, 0, 1}, nil, none},
		{"enter on an odd word", 2, 0, []byte{0xc8, 0, 0, 0}, nil, ac},
		{"enter with a frame at an odd word", 0, 2, []byte{0xc8, 0, 0, 2}, nil, ac},
		{"enter to an odd word", 0, 0, []byte{0xc8, 2, 0, 0}, nil, ac},
		{"enter of words", 2, 2, []byte{0x66, 0xc8, 2, 0, 3}, nil, none},
		{"enter of words to an odd byte", 0, 0, []byte{0x66, 0xc8, 1, 0, 3}, nil, ac},
		{"far call", 0, 0, bytes([]byte{0x9a}, uint32(sceneCode), uint16(code3)), nil, none},
		{"far call at an odd word", 2, 0, bytes([]byte{0x9a}, uint32(sceneCode), uint16(code3)), nil, ac},
		{"int to a handler at CPL 3", 2, 0, []byte{0xcd, 0x80}, func(s *scene) { toUser(s, 0x80) }, ac},
		{"int to a handler at CPL 0", 2, 0, []byte{0xcd, 0x80}, nil, none},
		{"sgdt, the base at a dword", 0, 0, []byte{0x0f, 0x01, 0x05, 2, 0, 4, 0}, nil, none},
		{"sgdt, the base at an odd word", 0, 0, []byte{0x0f, 0x01, 0x05, 0, 0, 4, 0}, nil, ac},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, "max")
			s.ring(3)
			s.CR0 |= x86.CR0_AM
			s.Flags |= x86.AC
			s.updateMode()
			if tt.prepare != nil {
				tt.prepare(s)
			}
			s.R[x86.SP], s.R[x86.BP] = sceneData+0x800+tt.sp, sceneData+0x900+tt.bp
			var before, after [0x1000]byte
			s.Mem.Read(sceneData, before[:])
			s.step(tt.code...)
			if tt.want == none {
				require.Zero(t, s.Faults.N, "%v", s.Faults.Last[0].Exc)
				return
			}
			require.Equal(t, tt.want, s.raised(0))
			s.Mem.Read(sceneData, after[:])
			require.Equal(t, before, after)
			require.Equal(t, uint64(sceneData+0x800+tt.sp), s.get(sceneRing0-8, 4), "ESP in the handler's frame")
		})
	}
	t.Run("an exception to a handler at CPL 3", func(t *testing.T) {
		s := newScene(t, "max")
		s.ring(3)
		s.CR0 |= x86.CR0_AM
		s.Flags |= x86.AC
		s.updateMode()
		toUser(s, 6)
		s.R[x86.SP] = sceneData + 0x802
		s.step(0x0f, 0x0b)
		require.Equal(t, exc{Vector: x86.VecUD}, s.raised(0))
		require.Equal(t, exc{Vector: x86.VecAC, Code: 1}, s.raised(1))
	})
}
