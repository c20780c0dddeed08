package cpu

import (
	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/x86"
)

// Breakpoint kinds of DR7's R/W fields (SDM 3B 17.2.4).
const (
	breakExec  = 0
	breakWrite = 1
	breakIO    = 2
	breakRW    = 3
)

// breakpoint is debug register n: its kind, address and length in bytes, and
// whether it is enabled.
func (c *CPU) breakpoint(n int) (kind int, addr, length uint64, on bool) {
	d7 := c.DR[7]
	kind = int(d7>>(16+4*n)) & 3
	length = [4]uint64{1, 2, 8, 4}[d7>>(18+4*n)&3]
	return kind, c.DR[n] &^ (length - 1), length, d7>>(2*n)&3 != 0
}

// updateDebug derives from the debug registers what must be looked at.
func (c *CPU) updateDebug() {
	c.checkBP = false
	var data []mmu.Range
	for n := range 4 {
		kind, addr, length, on := c.breakpoint(n)
		switch {
		case !on:
		case kind == breakExec:
			c.checkBP = true
		case kind == breakIO && c.CR4&x86.CR4_DE != 0:
		default:
			data = append(data, mmu.Range{Base: addr, Last: addr + length - 1})
		}
	}
	for _, w := range c.watches {
		if !w.Physical {
			data = append(data, mmu.Range{Base: w.Base, Last: w.Last})
		}
	}
	if len(data) != 0 || c.watching {
		c.MMU.Watch(data)
	}
	c.watching = len(data) != 0 || len(c.watches) != 0
	c.updateMode()
}

// watchBits are those of DR6 for the data breakpoints that an access meets.
func (c *CPU) watchBits(va uint64, size int, write bool) (bits uint64) {
	for n := range 4 {
		kind, addr, length, on := c.breakpoint(n)
		if !on || kind == breakExec || kind == breakIO || kind == breakWrite && !write {
			continue
		}
		if va < addr+length && addr < va+uint64(size) {
			bits |= 1 << n
		}
	}
	return bits
}

// watch notes the data breakpoints that an access hits, traps that are taken after the
// instruction, and what a debugger watches. In mid-block the instruction runs alone.
func (c *CPU) watch(va, phys uint64, size int, write bool) {
	bits := c.watchBits(va, size, write)
	if c.Mid {
		if _, ok := c.watched(va, phys, size, write); ok || bits != 0 {
			c.alone()
		}
	}
	if bits != 0 {
		c.PendingDB |= bits
		c.EndSlice()
	}
	c.noteAccess(va, phys, size, write)
}

// watchPort likewise for I/O breakpoints.
func (c *CPU) watchPort(port uint16, size int) {
	if c.CR4&x86.CR4_DE == 0 {
		return
	}
	for n := range 4 {
		kind, addr, length, on := c.breakpoint(n)
		if on && kind == breakIO && uint64(port) < addr+length && addr < uint64(port)+uint64(size) {
			c.PendingDB |= 1 << n
			c.EndSlice()
		}
	}
}

// CodeBreak gives the DR6 bits of the code breakpoints at the next instruction;
// RF suppresses them once, and the iterations of a REP are one instruction.
func (c *CPU) CodeBreak() (bits uint64) {
	if !c.checkBP || c.Repeating || c.Flags&x86.RF != 0 || c.ShadowDebug && c.ShadowStep == c.Steps() {
		return 0
	}
	va := (c.Seg[x86.CS].Base + c.EIP) & c.AddrMask
	for n := range 4 {
		kind, addr, _, on := c.breakpoint(n)
		if on && kind == breakExec && addr == va {
			bits |= 1 << n
		}
	}
	return bits
}

// debugStatus puts what a #DB met into DR6: B0 to B3 are its own, the others
// stay until software clears them (SDM 3B 17.2.3). GD goes.
func (c *CPU) debugStatus(bits uint64) {
	c.DR[6] = c.DR[6]&^0xf | bits
	c.DR[7] &^= x86.DR7_GD
}

// DebugFault raises #DB for code breakpoints, before the instruction.
func (c *CPU) DebugFault(bits uint64) {
	c.debugStatus(bits)
	c.raise(x86.Exception{Vector: x86.VecDB}, 0)
}

// DebugTrap raises #DB for what is pending after an instruction.
func (c *CPU) DebugTrap() {
	c.debugStatus(c.PendingDB)
	c.PendingDB = 0
	c.Halted = false // HLT under TF
	c.raise(x86.Exception{Vector: x86.VecDB}, 0)
	c.updateDebug()
}

// movdr is MOV to and from a debug register (SDM 2B MOV).
func movdr(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	to := in.Args[0].Kind == decoder.KindDR
	n, r := in.Args[1].Reg, &in.Args[0]
	if to {
		n, r = in.Args[0].Reg, &in.Args[1]
	}
	if n == 4 || n == 5 {
		if c.CR4&x86.CR4_DE != 0 {
			return c.ud()
		}
		n += 2
	}
	if n > 7 {
		return c.ud()
	}
	if c.DR[7]&x86.DR7_GD != 0 {
		c.debugStatus(x86.DR6_BD)
		return c.fault(x86.VecDB, 0)
	}
	if !to {
		c.SetReg(r, c.DR[n])
		return nil
	}
	v := c.Reg(r)
	switch n {
	case 6:
		v = v&0xe00f | x86.DR6_Init
	case 7:
		v = v&0xffff23ff | x86.DR7_Init // without RTM bit 11 is reserved
	}
	c.DR[n] = v
	c.updateDebug()
	return nil
}

// BeforeStep begins an instruction that runs alone: it answers the code
// breakpoints that hit, which RF suppresses once.
func (c *CPU) BeforeStep() (bits uint64) {
	bits = c.CodeBreak()
	if bits == 0 && c.Flags&x86.RF != 0 {
		c.Flags &^= x86.RF
		c.updateMode()
	}
	c.delivered = false
	return bits
}

// hold puts off the data breakpoints that a load of SS hit until the next
// instruction is through (SDM 3A 6.8.3).
func (c *CPU) hold() {
	if c.PendingDB != 0 {
		c.HeldDB, c.PendingDB = c.HeldDB|c.PendingDB, 0
		c.updateMode()
	}
}

// AfterStep notes the single-step trap of an instruction that began with TF set
// and retired without an interrupt (SDM 3B 17.3.1.4).
func (c *CPU) AfterStep(trap bool) {
	if trap && !c.delivered && !(c.ShadowDebug && c.ShadowStep == c.Steps()) {
		c.PendingDB |= x86.DR6_BS
	}
	if c.HeldDB != 0 && !(c.ShadowDebug && c.ShadowStep == c.Steps()) {
		c.PendingDB, c.HeldDB = c.PendingDB|c.HeldDB, 0
		c.updateMode()
	}
}
