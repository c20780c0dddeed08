package machine

import "strings"

// perLook is the steps between two looks at the screen.
const perLook = 1_000_000

// WaitScreen runs the machine until the text screen shows text, and returns the
// screen. Its first line has a newline before it too. The test fails where that
// takes more steps than given, or where the machine stops before.
func (s *Session) WaitScreen(text string, steps uint64) string {
	s.t.Helper()
	for end := s.Steps() + steps; ; s.Run(perLook) {
		if screen := s.Screen(); strings.Contains("\n"+screen, text) {
			return screen
		}
		if s.Steps() >= end {
			s.fail("it waits for %q on the screen, until step %d", text, s.Steps())
		}
	}
}

// Screen is the text on the screen, without the blank lines at its end.
func (s *Session) Screen() string {
	return strings.TrimRight(s.Text().String(), "\n")
}
