package ringzero_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
)

// sends is a loop that sends 'A' to COM1 and 'B' to port E9h.
const sends = "b041 baf803 ee b042 e6e9 ebf4"

type broken struct{ calls int }

func (b *broken) Write([]byte) (int, error) {
	b.calls++
	return 0, errors.New("no space left")
}

// TestOutput: what a Step sent is written when it comes back, in order, and the
// first error is kept.
func TestOutput(t *testing.T) {
	var serial bytes.Buffer
	broken := &broken{}
	m := boot(t, sends, ringzero.Config{Serial: &serial, Debug: broken})
	require.Equal(t, ringzero.Limit, run(m))
	require.Greater(t, serial.Len(), 100_000)
	require.Zero(t, len(bytes.Trim(serial.Bytes(), "A")))
	require.ErrorContains(t, m.Err(), "debug port: no space left")
	require.Equal(t, 1, broken.calls, "nothing is written behind an error")
}

// TestEachByte: the byte comes at its instruction, and so does the answer.
func TestEachByte(t *testing.T) {
	var m *ringzero.Machine
	n := 0
	m = boot(t, sends, ringzero.Config{Serial: ringzero.EachByte(func(b byte) {
		require.Equal(t, byte('A'), b)
		if n++; n == 3 {
			m.Stop(ringzero.Requested)
		}
	})})
	require.Equal(t, ringzero.Requested, run(m))
	require.Equal(t, 3, n)
	at := m.Steps()
	require.Equal(t, ringzero.Limit, run(m))
	require.Less(t, at, uint64(20_000))
}
