package tests

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/debugger/explain"
)

// TestShortReport: what a run that was ended by its limit was doing.
func TestShortReport(t *testing.T) {
	for _, r := range []struct {
		name, code string
		want       []string
	}{
		{"a jump to itself", "ebfe", []string{"limit at 0000:00007c00 after 300000 steps", "real mode", "a loop: nothing but 1 instructions at linear 00007c00 to 00007c01", "jmp"}},
		{"a loop of three", "40 4b 90 ebfb", []string{"a loop: nothing but 4 instructions at linear 00007c00 to 00007c04"}},
		{"no loop to speak of", "31c9 90 e2fd e9 f8ff", []string{"limit at 0000:"}},
		// ivt[6] = a handler that returns to the same UD2
		{"one fault again and again", "31c08ed8 c7061800107c 8c0e1a00 0f0b cf", []string{"#UD", "the last 32 of", "alike", "exceptions in all"}},
		{"halted", "b0fd e621 b0ff e6a1 fb f4 ebfd", []string{"halted until an interrupt"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			m := sector(t, r.code, ringzero.Config{MaxInstructions: 300_000})
			require.Equal(t, ringzero.Limit, runOut(m))
			before := m.StateHash()
			got := explain.Short(m, nil, "limit")
			for _, want := range r.want {
				require.Contains(t, got, want)
			}
			require.Equal(t, before, m.StateHash())
		})
	}
}
