package ringzero_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
)

// TestNothingCanWake: a halt that no interrupt can end is for good.
func TestNothingCanWake(t *testing.T) {
	for _, r := range []struct {
		name, code string
		want       ringzero.Stop
	}{
		{"IF clear", "fa f4", ringzero.HaltedForGood},
		{"all lines masked", "b0ff e621 e6a1 fb f4", ringzero.HaltedForGood},
		{"a line of the slave behind a masked cascade", "b0ff e621 b000 e6a1 fb f4", ringzero.HaltedForGood},
		// The handler of the timer halts in itself: nothing has a higher priority.
		{"in the timer's handler", "31c08ed8 c7062000147c 8c0e2200 fb f4 ebfd 90 fb f4 ebfd", ringzero.HaltedForGood},
		{"a line of the slave", "b0fb e621 b0fe e6a1 fb f4 ebfd", ringzero.Limit},
		{"the timer", "fb f4 ebfd", ringzero.Limit},
	} {
		t.Run(r.name, func(t *testing.T) {
			m := boot(t, r.code, ringzero.Config{})
			require.Equal(t, r.want, run(m))
		})
	}
}

func strip(s string) string {
	b := []byte(nil)
	for _, c := range []byte(s) {
		if c != ' ' {
			b = append(b, c)
		}
	}
	return string(b)
}

// TestSlicesDoNotShow: the state after so many steps is the same for slices of
// any length, with interrupts, halts and accesses that take time of their own.
func TestSlicesDoNotShow(t *testing.T) {
	for _, code := range []string{
		"fb f4 ff060006 ebf9",                   // sti; l: hlt; inc word [600]; jmp l
		"fb e461 ff060006 f390 ebf7",            // l: in al,61; inc; pause; jmp l
		"fb b034e643 b010e640 b000e640 40 ebfd", // a timer of 75 kHz
	} {
		want := ""
		for seed := range uint64(4) {
			r := rand.New(rand.NewPCG(seed, 1))
			m := boot(t, code, ringzero.Config{MaxInstructions: 300_000})
			for m.StepOf(1+r.Uint64()%(1<<(5*seed))) == ringzero.Going {
			}
			if got := m.StateHash(); want == "" {
				want = got
			} else {
				require.Equal(t, want, got, "slices up to %d", 1<<(5*seed))
			}
		}
	}
}

// TestDeviceTime: bus cycles and PAUSE take virtual time, and no steps.
func TestDeviceTime(t *testing.T) {
	for _, r := range []struct {
		name, code string
		want       uint32
	}{
		{"nothing", "90", 0},
		{"a port of the ISA bus", "e461", 1000},
		{"a port without a device", "e480", 1000},
		{"two bytes of it", "e521", 2000},
		{"a PCI function", "baf001 ec", 200 + 1},
		{"PAUSE", "f390", 40},
	} {
		t.Run(r.name, func(t *testing.T) {
			// cli; rdtsc; mov ecx,eax; ...; rdtsc; sub eax,ecx; mov dx,501; out dx,eax
			m := boot(t, "fa 0f31 6689c1"+r.code+"0f31 6629c8 ba0105 66ef", ringzero.Config{})
			require.Equal(t, ringzero.DebugExit, run(m))
			v, _ := m.ExitValue()
			require.Equal(t, r.want+3, v, "besides three instructions")
		})
	}
}

func TestRates(t *testing.T) {
	m := boot(t, "ebfe", ringzero.Config{})
	require.ErrorContains(t, m.SetRate(1<<31, 1), "from 1/1000 to 1000000")
	require.NoError(t, m.SetRate(1000_000, 1))
	require.Equal(t, ringzero.Limit, run(m))
	require.Greater(t, m.Now(), uint64(4e12))
}

// TestAHundredYears: a jump of time is a bounded number of events in any device,
// each set to make as many as it can.
func TestAHundredYears(t *testing.T) {
	const century = 100 * 365 * 86400 * uint64(1e9)
	for _, r := range []struct{ name, code string }{
		{"8254, rate generator", "b034e643 b002e640 b000e640"},
		{"8254, square wave", "b036e643 b002e640 b000e640"},
		{"RTC, periodic, alarm and update", "b00be670 b072e671 b00ae670 b023e671"},
		{"keyboard with a key held, mouse streaming", "b0d4e664 b0f4e660 b0aee664"},
		{"PM timer", "ba0206 b80100 ef ba0406 b80100 ef"},
		{"COM1", "b003 bafb03 ee b00f bafc03 ee b00f baf903 ee baf803 ee"},
	} {
		t.Run(r.name, func(t *testing.T) {
			// cli; ...; sti; l: hlt; jmp l
			m := boot(t, "fa"+r.code+"b000 e621 e6a1 fb f4 ebfd", ringzero.Config{})
			m.Key(0x1e, true)
			for m.Steps() < 10_000 && m.StepOf(1000) == ringzero.Going {
			}
			fired, turns := m.Fired(), m.Steps()
			m.Jump(century)
			require.Equal(t, ringzero.Going, m.StepOf(1))
			require.GreaterOrEqual(t, m.Now(), century)
			require.Less(t, m.Fired()-fired, uint64(2000))
			require.Less(t, m.Steps()-turns, uint64(2000))
			require.NotEqual(t, ringzero.HaltedForGood, m.StepOf(1000))
		})
	}
}

// TestJumpToTheResetVector: who jumps there without a reset gets one.
func TestJumpToTheResetVector(t *testing.T) {
	for _, code := range []string{"ea f0ff 00f0", "ea 0000 ffff", "fa b0fe e664 f4", "ea 5be0 00f0"} {
		require.Equal(t, ringzero.Rebooted, run(boot(t, code, ringzero.Config{NoReboot: true})), code)
	}
	// A byte in CMOS tells the second time.
	const code = "fab040e670e4713c5a7410b040e670b05ae671 ea0000ffff 9090909090 90 9090 ba0105b80700 66ef"
	m := boot(t, code, ringzero.Config{})
	require.Equal(t, ringzero.DebugExit, run(m))
}
