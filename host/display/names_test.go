package display

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPress(t *testing.T) {
	for _, r := range []struct {
		name string
		want []uint16 // that go down, in order
	}{
		{"enter", []uint16{0x1c}},
		{"Enter", []uint16{0x1c}},
		{"a", []uint16{0x1e}},
		{"A", []uint16{0x2a, 0x1e}},
		{"ctrl-c", []uint16{0x1d, 0x2e}},
		{"ctrl-alt-del", []uint16{0x1d, 0x38, 0xe053}},
		{"alt-ctrl-delete", []uint16{0x1d, 0x38, 0xe053}},
		{"shift-f12", []uint16{0x2a, 0x58}},
		{"ctrl--", []uint16{0x1d, 0x0c}},
		{"-", []uint16{0x0c}},
		{"_", []uint16{0x2a, 0x0c}},
		{"ctrl", []uint16{0x1d}},
		{"kp-enter", []uint16{0xe01c}},
		{"pause", []uint16{0xe11d}},
		{"ctrl-pause", []uint16{0x1d, 0xe11d}},
	} {
		t.Run(r.name, func(t *testing.T) {
			events, err := Press(r.name)
			require.NoError(t, err)
			require.Len(t, events, 2*len(r.want))
			for i, code := range r.want {
				require.Equal(t, KeyEvent{code, true}, events[i])
				require.Equal(t, KeyEvent{code, false}, events[len(events)-1-i], "let go in reverse")
			}
		})
	}
	for _, name := range []string{"", "nonsense", "ctrl-", "hyper-a", "é", "ctrl-ab", " "} {
		_, err := Press(name)
		require.ErrorContains(t, err, "is no key", "%q", name)
	}
}

func TestType(t *testing.T) {
	events, err := Type("l!\n\x03")
	require.NoError(t, err)
	require.Equal(t, []KeyEvent{
		{0x26, true}, {0x26, false},
		{0x2a, true}, {0x02, true}, {0x02, false}, {0x2a, false},
		{0x1c, true}, {0x1c, false},
		{0x1d, true}, {0x2e, true}, {0x2e, false}, {0x1d, false},
	}, events)
	_, err = Type("naïve")
	require.ErrorContains(t, err, "'ï'")
}
