package cpu

import "testing"

// BenchmarkSwap is what a change of processor would cost one CPU that runs them in
// turn: its state out, and another's in.
func BenchmarkSwap(b *testing.B) {
	s := newScene(b, "max")
	out, in := s.State(), s.State()
	for b.Loop() {
		out = s.State()
		s.SetState(in)
	}
	_ = out
}
