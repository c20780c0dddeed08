package cpu

import (
	"math/bits"

	"ringzero/x86"
)

// Seed sets where the processor's random numbers start: they are a pure
// function of the seed, so that runs repeat.
func (c *CPU) Seed(seed uint64) { c.Random = seed }

// random is the next 64 bits of SplitMix64 (Steele, Lea, Flood: Fast splittable
// pseudorandom number generators, OOPSLA 2014).
func (s *System) random() uint64 {
	s.Random += 0x9e3779b97f4a7c15
	z := s.Random
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// rdrand always has a number ready: CF is set, the other status flags are clear
// (SDM 2B RDRAND).
func rdrand(c *CPU, s *Site) *x86.Exception {
	c.SetReg(&s.Inst.Args[0], bits.ReverseBytes64(c.random()))
	c.SetArith(x86.Arith, x86.CF)
	return nil
}
