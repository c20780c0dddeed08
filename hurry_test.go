package ringzero_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ringzero"
)

// guests do what takes long on a host, each in its way.
var guests = []struct{ name, code string }{
	{"jump to itself", "ebfe"},
	{"a halt that every timer ends", "fb f4 ebfd"},
	{"a halt that nothing will end", "b0fd e621 b0ff e6a1 fb f4 ebfd"}, // the keyboard's line alone
	{"port accesses", "e461 ebfc"},
	{"bus cycles that split", "bafe03 66ed ebf9"},
	{"resets by the 8042", "b0fe e664 f4"},
	{"resets by CF9h", "baf90c b006 ee f4"},
	{"resets by port 92h", "e492 0c01 e692 f4"},
	{"jumps to the reset vector", "ea f0ff 00f0"},
	{"shutdowns", "0f011e097c cc 0000 00000000"},
	{"REP", "fc 31ff b9ffff f3aa ebf7"},
	{"REP INS", "fc 31ff ba8000 b90002 f36c ebf6"},
	{"REP into the VGA's planes", "b800a08ec0 fc 31ff b9ffff f3aa ebf9"},
	{"#UD again and again", "31c08ed8bc007c c70618000e7c 8c0e1a00 0f0b"},
	{"#GP at each segment's end", "31c08ed8bc007c c7063400137c 8c0e3600 a1ffff"},
	{"BIOS: a mode set", "b80300 cd10 ebf9"},
	{"BIOS: sectors", "31c08ec0bb0080 b87f02 b90200 ba0000 cd13 ebf2"},
	{"code that is new each time", "40 89e0 fec0 a2107c ebf7"},
	{"PAM and A20", "e492 3402 e692 66b858000080baf80c66ef bafc0c b033 ee ebea"},
	{"a timer of 600 kHz", "fb b034e643 b002e640 b000e640 40 ebfd"},
}

// TestSlicesEnd: whatever the guest does, a slice ends soon.
func TestSlicesEnd(t *testing.T) {
	for _, r := range guests {
		t.Run(r.name, func(t *testing.T) {
			m := boot(t, r.code, ringzero.Config{})
			for range 100 {
				before := m.Steps()
				if m.StepOf(1000) != ringzero.Going {
					break
				}
				require.LessOrEqual(t, m.Steps()-before, uint64(1000+500))
			}
		})
	}
}

// TestHurry: a Step in a hurry looks at the clock every few thousand steps, and
// comes back where time is up, whatever the guest does. On a slow host it looks
// more often.
func TestHurry(t *testing.T) {
	for _, r := range guests {
		m := boot(t, r.code, ringzero.Config{})
		for _, host := range []struct {
			name string
			look time.Duration // what the host takes from one look to the next
			gap  uint64        // steps from one look to the next, at most
			step uint64        // steps of a Step, at most
		}{
			{"stopped for a while", time.Minute, 1000 + 500, 1000 + 500},
			{"slow", time.Millisecond, 1000 + 500, 5 * (1000 + 500)},
			{"quick", 0, 16_000 + 500, 50_000 + 500},
		} {
			t.Run(r.name+", "+host.name, func(t *testing.T) {
				now, asked := time.Duration(0), m.Steps()
				m.SetSlice(50_000)
				m.Hurry(func() time.Duration {
					require.LessOrEqual(t, m.Steps()-asked, host.gap)
					asked = m.Steps()
					now += host.look
					return now
				}, 5*time.Millisecond)
				why := ringzero.Going
				for end := m.Steps() + host.step; why == ringzero.Going && m.Steps() < end; {
					before := m.Steps()
					why = m.Step()
					require.LessOrEqual(t, m.Steps()-before, host.step)
				}
			})
		}
	}
}

// TestHurryAfterAService: what the BIOS does at once may take long, so it is
// looked up behind each of its services, where the guest is quick otherwise.
func TestHurryAfterAService(t *testing.T) {
	m := boot(t, "b80300 cd10 ebf9", ringzero.Config{})
	for m.Steps() < 100_000 {
		require.Equal(t, ringzero.Going, m.Step())
	}
	looks := 0
	m.Hurry(func() time.Duration { looks++; return 0 }, time.Second)
	before := m.Steps()
	for m.Steps() < before+20_000 {
		require.Equal(t, ringzero.Going, m.Step())
	}
	require.Greater(t, looks, 300, "a mode set is some 40 steps")
}

// TestHurryMakesNoBlocks: code is not translated anew where a piece ends, and the
// state is that of whole slices.
func TestHurryMakesNoBlocks(t *testing.T) {
	// sti; l: inc word [600h]; 400 * inc ax; jnz l; hlt; jmp l
	code := "fb ff060006" + strings.Repeat("40", 400) + "0f8568fe f4 e964fe"
	hash := ""
	var misses uint64
	for seed := range uint64(4) {
		m := boot(t, code, ringzero.Config{MaxInstructions: 3_000_000})
		if seed != 0 {
			r, now := rand.New(rand.NewPCG(seed, 1)), time.Duration(0)
			m.Hurry(func() time.Duration { now += time.Duration(r.IntN(1000)) * time.Microsecond; return now }, time.Millisecond)
		}
		require.Equal(t, ringzero.Limit, run(m))
		if seed == 0 {
			hash, misses = m.StateHash(), m.Stats().Engine.Misses
			continue
		}
		require.Equal(t, hash, m.StateHash())
		require.LessOrEqual(t, m.Stats().Engine.Misses, misses+30, "at the limit alone instructions run one by one")
	}
}
