package cpu

import (
	"ringzero/x86"
)

// StackMask is the part of rSP in use: SS.B.
func (c *CPU) StackMask() uint64 {
	if c.Seg[x86.SS].Big() {
		return 0xffffffff
	}
	return 0xffff
}

func (c *CPU) SetSP(sp uint64) {
	m := c.StackMask()
	c.R[x86.SP] = c.R[x86.SP]&^m | sp&m
}

// Push writes below the stack pointer and then moves it.
func (c *CPU) Push(size int, v uint64) *x86.Exception {
	sp := (c.R[x86.SP] - uint64(size)) & c.StackMask()
	if exc := c.StoreSeg(x86.SS, sp, size, v); exc != nil {
		return exc
	}
	c.SetSP(sp)
	return nil
}

// Peek reads at an offset above the stack pointer.
func (c *CPU) Peek(off uint64, size int) (uint64, *x86.Exception) {
	return c.LoadSeg(x86.SS, (c.R[x86.SP]+off)&c.StackMask(), size)
}
