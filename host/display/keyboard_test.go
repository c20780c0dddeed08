package display

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// strokes checks that keys go down and up in order and gives the struck ones.
func strokes(t *testing.T, events []KeyEvent) []stroke {
	var result []stroke
	var held []uint16
	bits := map[uint16]modifiers{keyLeftControl: control, keyLeftAlt: alt, keyLeftShift: shift}
	var with modifiers
	for _, e := range events {
		if !e.Down {
			require.NotEmpty(t, held)
			require.Equal(t, held[len(held)-1], e.Code, "the last key down goes up first")
			held = held[:len(held)-1]
			with &^= bits[e.Code]
			continue
		}
		require.NotContains(t, held, e.Code)
		held = append(held, e.Code)
		if bit, ok := bits[e.Code]; ok {
			with |= bit
			continue
		}
		result = append(result, stroke{e.Code, with})
	}
	require.Empty(t, held, "a key stays down")
	return result
}

func TestKeys(t *testing.T) {
	rows := []struct {
		name, in string
		want     []stroke
	}{
		{"letter", "a", []stroke{{0x1e, 0}}},
		{"capital", "A", []stroke{{0x1e, shift}}},
		{"digits", "10", []stroke{{0x02, 0}, {0x0b, 0}}},
		{"shifted digits", "!)", []stroke{{0x02, shift}, {0x0b, shift}}},
		{"punctuation", "-=[];'`\\,./", []stroke{{0x0c, 0}, {0x0d, 0}, {0x1a, 0}, {0x1b, 0}, {0x27, 0}, {0x28, 0}, {0x29, 0}, {0x2b, 0}, {0x33, 0}, {0x34, 0}, {0x35, 0}}},
		{"shifted punctuation", "_+{}:\"~|<>?", []stroke{{0x0c, shift}, {0x0d, shift}, {0x1a, shift}, {0x1b, shift}, {0x27, shift}, {0x28, shift}, {0x29, shift}, {0x2b, shift}, {0x33, shift}, {0x34, shift}, {0x35, shift}}},
		{"bottom row", "zm", []stroke{{0x2c, 0}, {0x32, 0}}},
		{"space, enter, tab", " \r\t", []stroke{{0x39, 0}, {0x1c, 0}, {0x0f, 0}}},
		{"newline of a pipe", "\n", []stroke{{0x1c, 0}}},
		{"backspace", "\x7f\x08", []stroke{{0x0e, 0}, {0x0e, 0}}},
		{"Ctrl-C, Ctrl-Z", "\x03\x1a", []stroke{{0x2e, control}, {0x2c, control}}},
		{"Ctrl-Space", "\x00", []stroke{{0x39, control}}},
		{"Ctrl-\\, Ctrl-]", "\x1c\x1d", []stroke{{0x2b, control}, {0x1b, control}}},
		{"Escape", "\x1b", []stroke{{0x01, 0}}},
		{"Escape twice", "\x1b\x1b", []stroke{{0x01, 0}, {0x01, 0}}},
		{"Alt-x", "\x1bx", []stroke{{0x2d, alt}}},
		{"Alt-X", "\x1bX", []stroke{{0x2d, alt | shift}}},
		{"Ctrl-Alt-c", "\x1b\x03", []stroke{{0x2e, control | alt}}},
		{"Alt-[", "\x1b[", []stroke{{0x1a, alt}}},
		{"Alt-O", "\x1bO", []stroke{{0x18, alt | shift}}},
		{"Alt-Backspace", "\x1b\x7f", []stroke{{0x0e, alt}}},
		{"arrows", "\x1b[A\x1b[B\x1b[C\x1b[D", []stroke{{0xe048, 0}, {0xe050, 0}, {0xe04d, 0}, {0xe04b, 0}}},
		{"application arrows", "\x1bOA\x1bOD", []stroke{{0xe048, 0}, {0xe04b, 0}}},
		{"Ctrl-Right, Shift-Up, Alt-Left", "\x1b[1;5C\x1b[1;2A\x1b[1;3D", []stroke{{0xe04d, control}, {0xe048, shift}, {0xe04b, alt}}},
		{"rxvt Alt-Up", "\x1b\x1b[A", []stroke{{0xe048, alt}}},
		{"Home and End", "\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~", []stroke{{0xe047, 0}, {0xe04f, 0}, {0xe047, 0}, {0xe04f, 0}, {0xe047, 0}, {0xe04f, 0}}},
		{"Ins Del PgUp PgDn", "\x1b[2~\x1b[3~\x1b[5~\x1b[6~", []stroke{{0xe052, 0}, {0xe053, 0}, {0xe049, 0}, {0xe051, 0}}},
		{"Shift-PgUp", "\x1b[5;2~", []stroke{{0xe049, shift}}},
		{"Shift-Tab", "\x1b[Z", []stroke{{0x0f, shift}}},
		{"F1-F4 xterm", "\x1bOP\x1bOQ\x1bOR\x1bOS", []stroke{{0x3b, 0}, {0x3c, 0}, {0x3d, 0}, {0x3e, 0}}},
		{"F1-F5 VT220", "\x1b[11~\x1b[12~\x1b[13~\x1b[14~\x1b[15~", []stroke{{0x3b, 0}, {0x3c, 0}, {0x3d, 0}, {0x3e, 0}, {0x3f, 0}}},
		{"F1-F5 Linux", "\x1b[[A\x1b[[E", []stroke{{0x3b, 0}, {0x3f, 0}}},
		{"F6-F10", "\x1b[17~\x1b[18~\x1b[19~\x1b[20~\x1b[21~", []stroke{{0x40, 0}, {0x41, 0}, {0x42, 0}, {0x43, 0}, {0x44, 0}}},
		{"F11 F12", "\x1b[23~\x1b[24~", []stroke{{0x57, 0}, {0x58, 0}}},
		{"Alt-F2, Ctrl-F5", "\x1b[1;3Q\x1b[15;5~", []stroke{{0x3c, alt}, {0x3f, control}}},
		{"keypad Enter", "\x1bOM", []stroke{{0xe01c, 0}}},
		{"unknown sequences", "a\x1b[200~\x1b[?1;2c\x1b[99;99yb", []stroke{{0x1e, 0}, {0x30, 0}}},
		{"broken sequence", "\x1b[1\rx", []stroke{{0x1c, 0}, {0x2d, 0}}},
		{"too many parameters", "\x1b[1;5;7;8Cx", []stroke{{0xe04d, control}, {0x2d, 0}}},
		{"not on a US keyboard", "é\xff", nil},
		{"text after an arrow", "\x1b[Ax", []stroke{{0xe048, 0}, {0x2d, 0}}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var k Keyboard
			require.Equal(t, row.want, strokes(t, k.Feed([]byte(row.in))))
		})
	}
}

func TestSequenceOverTwoChunks(t *testing.T) {
	var k Keyboard
	require.Empty(t, k.Feed([]byte("\x1b[1;")))
	require.Equal(t, []stroke{{keyRight, control}, {0x1e, 0}}, strokes(t, k.Feed([]byte("5Ca"))))
	require.Empty(t, k.Feed([]byte("\x1b[[")))
	require.Equal(t, []stroke{{0x3c, 0}}, strokes(t, k.Feed([]byte("B"))))
}

func TestEndlessSequenceIsDropped(t *testing.T) {
	var k Keyboard
	for range 100 {
		k.Feed([]byte("\x1b[1;1;1;1;1;1"))
		require.Less(t, len(k.pending), maxSequence)
	}
}

func TestOrderOfModifiers(t *testing.T) {
	var k Keyboard
	require.Equal(t, []KeyEvent{{0x38, true}, {0x2a, true}, {0x1e, true}, {0x1e, false}, {0x2a, false}, {0x38, false}}, k.Feed([]byte("\x1bA")))
	require.Equal(t, []KeyEvent{{0x1d, true}, {0x38, true}, {0xe053, true}, {0xe053, false}, {0x38, false}, {0x1d, false}}, CtrlAltDelete())
}

func TestEveryPrintableHasAKey(t *testing.T) {
	seen := map[stroke]byte{}
	for b := byte(' '); b < 0x7f; b++ {
		s := ascii(b)
		require.NotZero(t, s.code, "%q", b)
		require.NotContains(t, seen, s, "%q is where %q is", b, seen[s])
		seen[s] = b
	}
}

func FuzzKeyboard(f *testing.F) {
	f.Add([]byte("\x1b[1;5C\x1bOPx\x1b\x1b[[A"), uint8(3))
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		var k Keyboard
		n := min(int(cut), len(in))
		strokes(t, k.Feed(in[:n]))
		strokes(t, k.Feed(in[n:]))
		require.Less(t, len(k.pending), maxSequence)
	})
}
