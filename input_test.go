package ringzero_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
)

// Input that came before the guest read comes in at the instruction that shows
// that it does, whenever the host posted it and however long its slices are.
func TestInputThatWaitsComesAtOneStep(t *testing.T) {
	// mov ecx, 80000h; spin: mov dx, 3fah; mov al, 7; out dx, al; mov dx, 3f8h; in al, dx; a32 loop spin
	const deaf = "66b900000800 bafa03b007eebaf803ec67e2f3"
	// next: mov dx, 3fdh; wait: in al, dx; test al, 1; jz wait; mov dx, 3f8h; in al, dx; cmp al, 'q'; jne next
	// mov dx, 501h; mov ax, 1; out dx, ax
	const reads = "bafd03eca80174fbbaf803ec3c7175f0ba0105b80100ef"
	ends := map[uint64]bool{}
	for before, slice := range []uint64{50_000, 50_000, 7_001, 1_000, 501} {
		m := boot(t, deaf+reads, ringzero.Config{MaxInstructions: 50_000_000})
		for range before {
			require.Equal(t, ringzero.Going, m.StepOf(slice))
		}
		m.SerialIn([]byte("hello, and more than one FIFO holds: q"))
		require.NotZero(t, m.Pending())
		why := ringzero.Going
		for why == ringzero.Going {
			why = m.StepOf(slice)
		}
		require.Equal(t, ringzero.DebugExit, why)
		require.Zero(t, m.Pending())
		ends[m.Steps()] = true
	}
	require.Len(t, ends, 1)
}

// More keys than the keyboard can hold wait for room, and come in at the same
// steps whatever the slices are.
func TestKeysWaitForRoom(t *testing.T) {
	// cli; xor ebx, ebx; mov cx, 60; wait: in al, 64h; test al, 1; jz wait; in al, 60h; add bl, al; loop wait
	// mov dx, 501h; mov eax, ebx; out dx, eax
	const code = "fa 6631db b93c00 e464a80174fae46000c3e2f4 ba0105 6689d866ef"
	ends := map[uint64]bool{}
	for _, slice := range []uint64{50_000, 7_001, 501} {
		m := boot(t, code, ringzero.Config{})
		m.Reach(100_000) // behind POST
		for range 30 {
			m.Key(0x1e, true)
			m.Key(0x1e, false)
		}
		why := ringzero.Going
		for why == ringzero.Going {
			why = m.StepOf(slice)
		}
		require.Equal(t, ringzero.DebugExit, why)
		v, _ := m.ExitValue()
		require.Equal(t, uint32(30*(0x1e+0x9e)&0xff), v)
		ends[m.Steps()] = true
	}
	require.Len(t, ends, 1)
}
