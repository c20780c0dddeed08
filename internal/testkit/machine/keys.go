package machine

import (
	"os"
	"strings"
	"testing"
)

// leftShift is the make code of the left shift key.
const leftShift = 0x2a

// rows are the keys of a US keyboard by ascending set-1 make code, without and
// with shift (IBM PS/2 Hardware Interface Technical Reference, "Keyboard").
var rows = []struct {
	first          uint16
	plain, shifted string
}{
	{0x02, "1234567890-=", "!@#$%^&*()_+"},
	{0x0f, "\tqwertyuiop[]\n", "\tQWERTYUIOP{}\n"},
	{0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~"},
	{0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?"},
	{0x39, " ", " "},
}

// PressKeys types text on the PS/2 keyboard: ASCII without control characters but
// tab and newline. The machine goes on before each key, for the keyboard's own
// buffer is small.
func (s *Session) PressKeys(text string) {
	s.t.Helper()
	for _, c := range text {
		s.Run(perKey)
		code, shift, ok := find(c)
		if !ok {
			s.t.Fatalf("machine: there is no key for %q", c)
		}
		if shift {
			s.Key(leftShift, true)
		}
		s.Press(code)
		if shift {
			s.Key(leftShift, false)
		}
	}
}

// perKey is the steps that a guest has for each key: a millisecond or more.
const perKey = 1_000_000

// Press presses a key by its set-1 make code and lets it go.
func (s *Session) Press(code uint16) {
	s.Key(code, true)
	s.Key(code, false)
}

func find(c rune) (code uint16, shift, ok bool) {
	for _, row := range rows {
		if i := strings.IndexRune(row.plain, c); i >= 0 {
			return row.first + uint16(i), false, true
		}
		if i := strings.IndexRune(row.shifted, c); i >= 0 {
			return row.first + uint16(i), true, true
		}
	}
	return 0, false, false
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("machine: %v", err)
	}
	return data
}
