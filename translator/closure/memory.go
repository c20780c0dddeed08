// Package closure is the portable backend: each micro-op becomes a Go closure
// over its operands, a block the run of its closures. It implements micro-ops,
// never instructions; what is rare calls out to package cpu.
//
// A fault in mid-block unwinds by panic with the instruction's Site, inside this
// package and the engine that runs it only.
package closure

import (
	"ringzero/cpu"
)

// regs are register operands: pointers into the processor's state, and for
// bytes the shift (0, or 8 for AH and kin).
type regs struct {
	d, s0, aux    *uint64
	sp            *uint64 // ESP
	dh, s0h, auxh uint8
}

// address is a memory operand. An absent base or index points to a zero.
type address struct {
	base, index *uint64
	scale       uint8
	disp, mask  uint64
	seg         *cpu.Segment
	num         uint8
	site        *cpu.Site
	align       bool
}

// offset is the effective address within the segment.
func (a *address) offset() uint64 {
	return (*a.base + *a.index<<(a.scale&3) + a.disp) & a.mask
}

// readable gives the linear address of a read through a segment that is not
// flat, after its checks.
func (a *address) readable(c *cpu.CPU, size int) uint64 {
	off := a.offset()
	if off < a.seg.ReadLo || off+uint64(size)-1 > a.seg.ReadHi || a.align {
		return a.check(c, off, size, false)
	}
	return (a.seg.Base + off) & 0xffffffff
}

func (a *address) writable(c *cpu.CPU, size int) uint64 {
	off := a.offset()
	if off < a.seg.WriteLo || off+uint64(size)-1 > a.seg.WriteHi || a.align {
		return a.check(c, off, size, true)
	}
	return (a.seg.Base + off) & 0xffffffff
}

func (a *address) check(c *cpu.CPU, off uint64, size int, write bool) uint64 {
	c.Enter(a.site)
	va, exc := c.Linear(a.num, off, size, write)
	if exc != nil {
		c.Unwind(a.site, exc)
	}
	c.Exit()
	return va
}

func loadSlow(c *cpu.CPU, va uint64, size int, s *cpu.Site) uint64 {
	c.Enter(s)
	v, exc := c.Load(va, size)
	if exc != nil {
		c.Unwind(s, exc)
	}
	c.Exit()
	return v
}

func storeSlow(c *cpu.CPU, va uint64, size int, v uint64, s *cpu.Site) {
	c.Enter(s)
	if exc := c.Store(va, size, v); exc != nil {
		c.Unwind(s, exc)
	}
	c.Exit()
}

// modifySlow reads what a store will replace, once the store can't fault.
func modifySlow(c *cpu.CPU, va uint64, size int, s *cpu.Site) uint64 {
	c.Enter(s)
	v, exc := c.LoadModify(va, size)
	if exc != nil {
		c.Unwind(s, exc)
	}
	c.Exit()
	return v
}
