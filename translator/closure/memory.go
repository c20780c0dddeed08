package closure

import (
	"ringzero/bus"
	"ringzero/cpu"
)

// load is a read of any size with the probe.
func load(c *cpu.CPU, va uint64, size int, s *cpu.Site) uint64 {
	if e := c.TLB.At(va); e.Read == (va+uint64(size)-1)&^0xfff {
		return bus.Load(va+e.Addend, size)
	}
	return loadSlow(c, va, size, s)
}

// store is a write of any size with the probe.
// store is a write of any size with the probe.
func store(c *cpu.CPU, va uint64, size int, v uint64, s *cpu.Site) {
	if e := c.TLB.At(va); e.Write == (va+uint64(size)-1)&^0xfff {
		bus.Store(va+e.Addend, size, v)
		return
	}
	storeSlow(c, va, size, v, s)
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
