package ringzero_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"ringzero"
)

// TestRunEndsWithItsContext: whatever the guest does, also one that waits for
// ever. The test hangs where it does not.
func TestRunEndsWithItsContext(t *testing.T) {
	in, _ := io.Pipe()
	for _, real := range []bool{false, true} {
		for _, r := range append(guests, struct{ name, code string }{"waits for a key", waits}) {
			t.Run(r.name, func(t *testing.T) {
				m := boot(t, r.code, ringzero.Config{Real: real, MaxInstructions: 1 << 60, SerialInput: in})
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
				defer cancel()
				why, err := m.Run(ctx)
				if err == nil {
					require.NotEqual(t, ringzero.Going, why)
					require.NotEqual(t, ringzero.Idle, why)
					return
				}
				require.Equal(t, ringzero.Going, why)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				at := m.Steps()
				_, err = m.Run(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, at, m.Steps(), "nothing runs once it is over")
			})
		}
	}
}

// waits can only be woken by a key: counter 0 counts once, other lines are masked.
const waits = "fa b0fde621 b0ffe6a1 b030e643 b001e640 b000e640 fb f4 ebfd"

func TestRunIdles(t *testing.T) {
	for _, input := range []io.Reader{nil, strings.NewReader("nobody reads this")} {
		m := boot(t, waits, ringzero.Config{SerialInput: input})
		why, err := m.Run(context.Background())
		require.NoError(t, err)
		require.Equal(t, ringzero.Idle, why)
		require.NoError(t, m.Press("a"))
		at := m.Steps()
		why, err = m.Run(context.Background())
		require.NoError(t, err)
		require.Equal(t, ringzero.Idle, why, "input is left that nobody reads")
		require.Greater(t, m.Steps(), at, "the key woke it")
	}
}

func TestRunTo(t *testing.T) {
	m := boot(t, "fb 40 f4 ebfc", ringzero.Config{})
	for _, step := range []uint64{1, 2, 1000, 123_457, 123_457, 1_000_001} {
		why, err := m.RunTo(context.Background(), step)
		require.NoError(t, err)
		require.Equal(t, ringzero.Going, why)
		require.Equal(t, step, m.Steps())
	}
	why, err := m.RunTo(context.Background(), 1<<40)
	require.NoError(t, err)
	require.Equal(t, ringzero.Limit, why)
}

// TestRunUntilIsRepeatable: what a script does comes at the same step however
// quick the host is.
func TestRunUntilIsRepeatable(t *testing.T) {
	const echoes = "31c0 cd16 b40e cd10 ebf6" // by the BIOS, what is typed
	ends := map[string]bool{}
	for _, slice := range []uint64{50_000, 1001, 3} {
		m := boot(t, echoes, ringzero.Config{MaxInstructions: 3_000_000})
		shows := func(text string) func() bool {
			return func() bool { return strings.Contains(strings.Join(m.Screen(), "\n"), text) }
		}
		for _, text := range []string{"ringzero", "one", "two and three"} {
			m.SetSlice(slice)
			why, err := m.RunUntil(context.Background(), shows(text))
			require.NoError(t, err)
			require.Equal(t, ringzero.Requested, why)
			require.NoError(t, m.Type(map[string]string{"ringzero": "one", "one": " two and three\n", "two and three": "."}[text]))
		}
		why, err := m.Run(context.Background())
		require.NoError(t, err)
		require.Equal(t, ringzero.Limit, why)
		ends[m.StateHash()] = true
	}
	require.Len(t, ends, 1)
}

// TestReplay: what came in at any time comes in again at its steps.
func TestReplay(t *testing.T) {
	// echoes COM1 in its interrupt: [30h] = 0:7c21h; MCR = 8, IER = 1; open IRQ 0, 1 and 4; l: sti; hlt; inc [600h]; jmp l
	// 7c21h: push ax; push dx; mov dx, 3f8h; in al, dx; out dx, al; mov al, 20h; out 20h, al; pop dx; pop ax; iret
	const code = "fa 31c08ed8 c7063000217c 8c0e3200 bafc03b008ee baf903b001ee b0ece621 eb0e 50 52 baf803 ec ee b020e620 5a58 cf fb f4 ff060006 ebf8"
	r := rand.New(rand.NewPCG(3, 4))
	conf := ringzero.Config{MaxInstructions: 2_000_000}
	m := boot(t, code, conf)
	why := ringzero.Going
	for why == ringzero.Going {
		m.SetSlice(1 + r.Uint64()%100_000)
		if why = m.Step(); r.IntN(2) == 0 {
			m.SerialIn([]byte("some text"))
			require.NoError(t, m.Type("Key"))
		}
	}
	require.Equal(t, ringzero.Limit, why)
	require.Greater(t, len(m.Inputs()), 100)
	require.NotZero(t, m.Inputs()[0].Step)
	again := boot(t, code, conf)
	why, err := again.Replay(context.Background(), m.Inputs())
	require.NoError(t, err)
	require.Equal(t, ringzero.Limit, why)
	require.Equal(t, m.Inputs(), again.Inputs())
	require.Equal(t, m.StateHash(), again.StateHash())
}

func TestRunFailsWithItsInput(t *testing.T) {
	broken := errors.New("line is dead")
	m := boot(t, waits, ringzero.Config{SerialInput: iotest.ErrReader(broken)})
	_, err := m.Run(context.Background())
	require.ErrorIs(t, err, broken)
}

func TestRunFailsWithItsOutput(t *testing.T) {
	m := boot(t, sends, ringzero.Config{Serial: &broken{}})
	_, err := m.Run(context.Background())
	require.ErrorContains(t, err, "serial port: no space left")
}

// TestRunAtPaceReal: a guest that sleeps takes the host's time.
func TestRunAtPaceReal(t *testing.T) {
	// Three interrupts of the timer, 55 ms apart; then power off.
	m := boot(t, "fb f4f4f4 ba0406 b80020 ef f4", ringzero.Config{Real: true})
	begin := time.Now()
	why, err := m.Run(context.Background())
	require.NoError(t, err)
	require.Equal(t, ringzero.PoweredOff, why)
	require.GreaterOrEqual(t, time.Since(begin), 100*time.Millisecond, "at least, on any host")
}

func TestTypeRefuses(t *testing.T) {
	m := boot(t, waits, ringzero.Config{})
	require.ErrorContains(t, m.Type("na\u00efve"), "can't be typed")
	require.ErrorContains(t, m.Press("ctrl-nothing"), "is no key")
	require.Zero(t, m.Pending())
}
