package tests

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/debugger/history"
	"ringzero/lab/guest"
)

// pastMachine is the embedded guest, that typed commands are waiting for.
func pastMachine(t *testing.T) *ringzero.Machine {
	m, err := ringzero.New(ringzero.Config{Memory: 16 << 20, Floppy: ringzero.Undo(ringzero.MemoryImage(guest.Image())), Time: 1700000000})
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

// forward runs to a step, with snapshots on the way, and notes the state hash at some
// steps.
func forward(t *testing.T, m *ringzero.Machine, h *history.History, steps []uint64) (hashes []string) {
	t.Helper()
	for _, s := range steps {
		why, err := m.RunTo(context.Background(), s)
		require.NoError(t, err)
		require.Contains(t, []ringzero.Stop{ringzero.Going, ringzero.Idle}, why)
		h.Note()
		hashes = append(hashes, m.StateHash())
	}
	return hashes
}

// TestGoto: every step of a run can be reached again, forward and backward, with the
// state that the run had there.
func TestGoto(t *testing.T) {
	m := pastMachine(t)
	h, err := history.New(m, 64<<20)
	require.NoError(t, err)
	h.Every(20_000)
	var steps []uint64
	for s := uint64(1000); s < 600_000; s += 7919 {
		steps = append(steps, s)
	}
	m.SerialIn([]byte("help\rsens\r"))
	hashes := forward(t, m, h, steps)
	dice := rand.New(rand.NewPCG(1, 2))
	ctx := context.Background()
	for range 60 {
		i := dice.IntN(len(steps))
		require.NoError(t, h.Goto(ctx, steps[i]))
		require.Equal(t, steps[i], m.Steps())
		require.Equal(t, hashes[i], m.StateHash(), "step %d", steps[i])
		require.NoError(t, h.Goto(ctx, steps[i]-1))
		require.NoError(t, h.Goto(ctx, steps[i]))
		require.Equal(t, hashes[i], m.StateHash(), "step %d, from the step before", steps[i])
	}
	require.ErrorContains(t, h.Goto(ctx, h.End()+1), "was not reached yet")
	// The run goes on as if nobody had looked.
	other := pastMachine(t)
	other.SerialIn([]byte("help\rsens\r"))
	require.NoError(t, h.Goto(ctx, h.End()))
	for _, x := range []*ringzero.Machine{m, other} {
		_, err := x.RunTo(ctx, 2_000_000)
		require.NoError(t, err)
	}
	require.Equal(t, other.StateHash(), m.StateHash())
}

// TestThin: snapshots stay within their limit, and every step stays reachable.
func TestThin(t *testing.T) {
	for _, limit := range []int64{1, 2 << 20, 4 << 20} {
		m := pastMachine(t)
		h, err := history.New(m, limit)
		require.NoError(t, err)
		h.Every(5_000)
		var steps []uint64
		for s := uint64(1000); s < 300_000; s += 4999 {
			steps = append(steps, s)
		}
		hashes := forward(t, m, h, steps)
		if bytes, n := h.Used(); n > 1 {
			require.LessOrEqual(t, bytes, limit)
		}
		for _, i := range []int{20, 3, 40, 0, len(steps) - 1} {
			require.NoError(t, h.Goto(context.Background(), steps[i]))
			require.Equal(t, hashes[i], m.StateHash())
		}
	}
}

// TestSearch: the last hit before the present step is found, whatever snapshot it lies
// behind.
func TestSearch(t *testing.T) {
	m := pastMachine(t)
	h, err := history.New(m, 64<<20)
	require.NoError(t, err)
	h.Every(20_000)
	forward(t, m, h, []uint64{50_000, 100_000, 200_000, 400_000})
	// Each timer interrupt enters its handler.
	var want []uint64
	stops := ringzero.Stops{Vectors: [4]uint64{0xff<<8 | 0xff<<0x20}}
	require.NoError(t, h.Goto(context.Background(), 0))
	stops.Ask = func(hit ringzero.Hit) bool { want = append(want, hit.Step); return false }
	m.SetStops(&stops)
	require.NoError(t, h.Replay(context.Background(), 400_000))
	m.SetStops(nil)
	require.NotEmpty(t, want)
	want = want[:min(len(want), 8)]
	require.NoError(t, h.Goto(context.Background(), want[len(want)-1]+1))
	for i := len(want) - 1; i >= 0; i-- {
		hit, ok, err := h.Search(context.Background(), ringzero.Stops{Vectors: stops.Vectors}, nil, 0)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, want[i], hit.Step)
		require.NoError(t, h.Goto(context.Background(), hit.Step))
	}
	_, ok, err := h.Search(context.Background(), ringzero.Stops{Vectors: stops.Vectors}, nil, 0)
	require.NoError(t, err)
	require.False(t, ok)
}
