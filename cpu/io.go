package cpu

import (
	"ringzero/decoder"
	"ringzero/x86"
)

// portAllowed checks IOPL and the I/O permission bitmap (SDM 1 19.5).
func (c *CPU) portAllowed(port uint16, size int) *x86.Exception {
	if c.real() || !c.v86() && c.CPL <= c.iopl() {
		return nil
	}
	tr := &c.Seg[x86.TR]
	if tr.Attr&8 == 0 || tr.Attr&attrP == 0 || tr.Limit < x86.TSS32_Size-1 {
		return c.gp0()
	}
	base, exc := c.loadSystem(tr.Base+x86.TSS32_IOMap, 2)
	if exc != nil {
		return exc
	}
	at := uint32(base) + uint32(port)/8
	if at+1 > tr.Limit {
		return c.gp0()
	}
	bits, exc := c.loadSystem(tr.Base+uint64(at), 2)
	if exc != nil {
		return exc
	}
	if bits>>(port&7)&(1<<size-1) != 0 {
		return c.gp0()
	}
	return nil
}

// in and out are bus cycles. They take their time behind the access: the device
// is seen at the beginning of the instruction.
func (c *CPU) in(port uint16, size int) uint64 {
	c.SyncClock()
	c.watchPort(port, size)
	v := c.Port.In(port, size)
	c.Spend(c.Port.Time(port, size))
	return v
}

func (c *CPU) out(port uint16, size int, v uint64) {
	c.SyncClock()
	c.watchPort(port, size)
	c.Port.Out(port, size, v)
	c.Spend(c.Port.Time(port, size))
}

// pauseTime is what PAUSE takes, in nanoseconds: some 40 cycles before Skylake.
const pauseTime = 40

// pause gives the other thread of its core time; alone it is a short wait.
func pause(c *CPU, s *Site) *x86.Exception {
	c.Spend(pauseTime)
	return nil
}

// portOf is the port operand of IN and OUT.
func (c *CPU) portOf(in *decoder.Inst, i int) uint16 {
	if in.Args[i].Kind == decoder.KindImm {
		return uint16(in.Imm & 0xff)
	}
	return uint16(c.R[x86.DX])
}

func inPort(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	c.SetReg(&in.Args[0], c.in(c.portOf(in, 1), int(in.Args[0].Size)))
	return nil
}

func outPort(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	c.out(c.portOf(in, 0), int(in.Args[1].Size), c.Reg(&in.Args[1]))
	return nil
}
