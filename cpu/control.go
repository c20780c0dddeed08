package cpu

import (
	"ringzero/decoder"
	"ringzero/x86"
)

// hlt stops until an interrupt (SDM 2A HLT).
func hlt(c *CPU, s *Site) *x86.Exception {
	c.Halted = true
	c.EndSlice()
	return nil
}

func smsw(c *CPU, s *Site) *x86.Exception {
	return c.storeSelector(s.Inst, c.CR0)
}

// lmsw writes the low four bits of CR0; PE can't be cleared (SDM 2A LMSW).
func lmsw(c *CPU, s *Site) *x86.Exception {
	v, exc := c.Operand(s.Inst, 0)
	if exc != nil {
		return exc
	}
	return c.setCR0(c.CR0&^0xe | v&0xf)
}

// setCR0 checks and writes CR0 (SDM 3A 2.5).
func (c *CPU) setCR0(v uint64) *x86.Exception {
	const known = x86.CR0_PE | x86.CR0_MP | x86.CR0_EM | x86.CR0_TS | x86.CR0_ET | x86.CR0_NE | x86.CR0_WP |
		x86.CR0_AM | x86.CR0_NW | x86.CR0_CD | x86.CR0_PG
	v = v&known | x86.CR0_ET
	if v&x86.CR0_PG != 0 && v&x86.CR0_PE == 0 || v&x86.CR0_NW != 0 && v&x86.CR0_CD == 0 {
		return c.gp0()
	}
	changed := v ^ c.CR0
	if v&x86.CR0_PG != 0 && c.CR4&x86.CR4_PAE != 0 && changed&(x86.CR0_PG|x86.CR0_CD|x86.CR0_NW) != 0 {
		if !c.MMU.LoadPDPTEs(c.CR3) {
			return c.gp0()
		}
	}
	c.CR0 = v
	if changed&x86.CR0_PE != 0 && v&x86.CR0_PE == 0 {
		c.CPL = 0
	}
	if changed&(x86.CR0_PG|x86.CR0_WP) != 0 {
		c.addressSpace()
	} else {
		c.updateMode()
	}
	return nil
}

func (c *CPU) setCR3(v uint64) *x86.Exception {
	if c.CR0&x86.CR0_PG != 0 && c.CR4&x86.CR4_PAE != 0 && !c.MMU.LoadPDPTEs(v) {
		return c.gp0()
	}
	c.CR3 = v & 0xffffffff
	c.addressSpace()
	return nil
}

func (c *CPU) setCR4(v uint64) *x86.Exception {
	if v&^c.Model.CR4 != 0 {
		return c.gp0()
	}
	const paging = x86.CR4_PAE | x86.CR4_PSE | x86.CR4_PGE | x86.CR4_SMEP
	changed := v ^ c.CR4
	if c.CR0&x86.CR0_PG != 0 && v&x86.CR4_PAE != 0 && changed&paging != 0 && !c.MMU.LoadPDPTEs(c.CR3) {
		return c.gp0()
	}
	c.CR4 = v
	if changed&paging != 0 {
		c.addressSpace()
	}
	c.updateMode()
	c.updateDebug()
	return nil
}

// movcr is MOV to and from a control register (SDM 2B MOV).
func movcr(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	if in.Args[0].Kind == decoder.KindCR {
		v := c.Reg(&in.Args[1]) & 0xffffffff
		switch in.Args[0].Reg {
		case 0:
			return c.setCR0(v)
		case 2:
			c.CR2 = v
			return nil
		case 3:
			return c.setCR3(v)
		case 4:
			if c.Model.CR4 != 0 {
				return c.setCR4(v)
			}
		}
		return c.ud()
	}
	var v uint64
	switch in.Args[1].Reg {
	case 0:
		v = c.CR0
	case 2:
		v = c.CR2
	case 3:
		v = c.CR3
	case 4:
		if c.Model.CR4 == 0 {
			return c.ud()
		}
		v = c.CR4
	default:
		return c.ud()
	}
	c.SetReg(&in.Args[0], v)
	return nil
}

func clts(c *CPU, s *Site) *x86.Exception {
	c.CR0 &^= x86.CR0_TS
	c.updateMode()
	return nil
}

func invlpg(c *CPU, s *Site) *x86.Exception {
	in := s.Inst
	c.MMU.Invalidate((c.Seg[in.Seg].Base + c.EA(in)) & c.AddrMask)
	return nil
}

// cacheOp is INVD and WBINVD: there is no cache to write back.
func cacheOp(c *CPU, s *Site) *x86.Exception { return nil }

// TSC is the time-stamp counter: one tick a virtual nanosecond.
func (c *CPU) TSC() uint64 { return c.Time(c.Steps()) + c.TSCOffset }

func rdtsc(c *CPU, s *Site) *x86.Exception {
	t := c.TSC()
	c.R[x86.AX], c.R[x86.DX] = t&0xffffffff, t>>32
	return nil
}

// RDPMC: no performance counter exists, so every number is out of range.
func rdpmc(c *CPU, s *Site) *x86.Exception { return c.gp0() }
