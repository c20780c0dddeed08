package machine

import (
	"os"
	"testing"
)

// PressKeys types text on the PS/2 keyboard: ASCII without control characters but
// tab and newline. The machine goes on before each key, for the keyboard's own
// buffer is small.
func (s *Session) PressKeys(text string) {
	s.t.Helper()
	for _, c := range text {
		s.Run(perKey)
		if err := s.Machine.Type(string(c)); err != nil {
			s.t.Fatalf("machine: %v", err)
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

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("machine: %v", err)
	}
	return data
}
