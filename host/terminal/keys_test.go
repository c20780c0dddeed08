package terminal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilter(t *testing.T) {
	rows := []struct {
		name    string
		in      string
		guest   string
		actions []Action
	}{
		{"plain", "ls -l\r", "ls -l\r", nil},
		{"quit", "\x01x", "", []Action{Quit}},
		{"upper case", "\x01X\x01H", "", []Action{Quit, Help}},
		{"power and reset", "a\x01pb\x01rc", "abc", []Action{PowerButton, Reset}},
		{"literal by A", "\x01a", "\x01", nil},
		{"literal by Ctrl-A", "\x01\x01x", "\x01x", nil},
		{"C is unused", "\x01cx", "x", nil},
		{"unknown key is swallowed", "\x01zq", "q", nil},
		{"control key is no letter", "\x01\x18y", "y", nil},
		{"Ctrl-C goes to the guest", "\x03", "\x03", nil},
		{"binary", "\x00\xff\x1b[A", "\x00\xff\x1b[A", nil},
		{"half an escape", "q\x01", "q", nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			whole := Filter{Escape: CtrlA}
			guest, actions := whole.Split([]byte(row.in))
			require.Equal(t, row.guest, string(guest))
			require.Equal(t, row.actions, actions)

			bytewise := Filter{Escape: CtrlA}
			guest, actions = nil, nil
			for _, b := range []byte(row.in) {
				g, a := bytewise.Split([]byte{b})
				guest, actions = append(guest, g...), append(actions, a...)
			}
			require.Equal(t, row.guest, string(guest))
			require.Equal(t, row.actions, actions)
		})
	}
}

func TestEscape(t *testing.T) {
	for _, row := range []struct {
		in   string
		want Escape
		name string
	}{
		{"a", CtrlA, "Ctrl-A"}, {"A", CtrlA, "Ctrl-A"}, {"^a", CtrlA, "Ctrl-A"}, {"^A", CtrlA, "Ctrl-A"}, {"]", ']', "]"},
		{"^]", 0x1d, "Ctrl-]"}, {"^", '^', "^"}, {"~", '~', "~"}, {"none", NoEscape, "none"}, {"t", 0x14, "Ctrl-T"},
	} {
		got, err := ParseEscape(row.in)
		require.NoError(t, err, row.in)
		require.Equal(t, row.want, got, row.in)
		require.Equal(t, row.name, got.String())
	}
	for _, in := range []string{"", " ", "1", "ab", "^1", "^^^", "\x01", "None", "\u00e4"} {
		_, err := ParseEscape(in)
		require.ErrorContains(t, err, "none", in)
	}
	for _, row := range []struct {
		escape    Escape
		in, guest string
		actions   []Action
	}{
		{NoEscape, "\x01x\xff\x00", "\x01x\xff\x00", nil},
		{'~', "a~xb\x01x~~~a", "ab\x01x~~", []Action{Quit}},
		{0x14, "\x14h\x14\x14", "\x14", []Action{Help}},
	} {
		f := Filter{Escape: row.escape}
		guest, actions := f.Split([]byte(row.in))
		require.Equal(t, row.guest, string(guest), row.escape)
		require.Equal(t, row.actions, actions, row.escape)
	}
}

func TestHelpTextListsEveryKey(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(HelpText(CtrlA), "\n"), "\n")
	require.Len(t, lines, len(keys))
	require.Contains(t, lines, "Ctrl-A X  quit")
	require.Contains(t, lines, "Ctrl-A A  send a Ctrl-A to the guest")
	require.Contains(t, HelpText('~'), "~ A  send a ~ to the guest\n")
	asked := map[Action]bool{}
	for _, k := range keys {
		asked[k.action] = true
	}
	for a := Quit; a <= Reset; a++ {
		require.True(t, asked[a], "no key for action %d", a)
	}
}
