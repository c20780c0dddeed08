package cpu

import "ringzero/x86"

// rdmsr and WRMSR know the registers of SDM 4 that a processor of these models
// must have; any other number is #GP(0).
func rdmsr(c *CPU, s *Site) *x86.Exception {
	v, ok := c.msr(uint32(c.R[x86.CX]))
	if !ok {
		return c.gp0()
	}
	c.R[x86.AX], c.R[x86.DX] = v&0xffffffff, v>>32
	return nil
}

func (c *CPU) msr(n uint32) (uint64, bool) {
	switch n {
	case x86.MSR_TSC:
		return c.TSC(), true
	case x86.MSR_PLATFORM_ID:
		return 0, c.Model.P6
	case x86.MSR_BIOS_SIGN_ID:
		return c.BIOSSign, c.Model.P6
	case x86.MSR_APIC_BASE:
		return 0xfee00100, c.Model.P6 // boot processor, APIC disabled
	case x86.MSR_MISC_ENABLE:
		return c.MiscEnable, c.Model.P6
	case x86.MSR_PAT:
		return c.PAT, c.Model.P6
	}
	if c.Model.has(featSEP) {
		switch n {
		case x86.MSR_SYSENTER_CS:
			return c.SysenterCS, true
		case x86.MSR_SYSENTER_ESP:
			return c.SysenterESP, true
		case x86.MSR_SYSENTER_EIP:
			return c.SysenterEIP, true
		}
	}
	if n == x86.MSR_EFER && c.Model.NX {
		return c.EFER, true
	}
	return 0, false
}

func wrmsr(c *CPU, s *Site) *x86.Exception {
	v := c.R[x86.AX]&0xffffffff | c.R[x86.DX]<<32
	if !c.setMSR(uint32(c.R[x86.CX]), v) {
		return c.gp0()
	}
	return nil
}

func (c *CPU) setMSR(n uint32, v uint64) bool {
	if n == x86.MSR_TSC {
		c.TSCOffset = v - c.Time(c.Steps())
		return true
	}
	if c.Model.P6 {
		switch n {
		case x86.MSR_BIOS_SIGN_ID:
			c.BIOSSign = v
			return true
		case x86.MSR_MISC_ENABLE:
			c.MiscEnable = v
			return true
		case x86.MSR_PAT:
			for i := range 8 {
				if t := v >> (8 * i) & 0xff; t > 7 || t == 2 || t == 3 {
					return false
				}
			}
			c.PAT = v
			return true
		}
	}
	if c.Model.has(featSEP) {
		switch n {
		case x86.MSR_SYSENTER_CS:
			c.SysenterCS = v
			return true
		case x86.MSR_SYSENTER_ESP:
			c.SysenterESP = v
			return true
		case x86.MSR_SYSENTER_EIP:
			c.SysenterEIP = v
			return true
		}
	}
	if n == x86.MSR_EFER && c.Model.NX {
		if v&^x86.EFER_NXE != 0 {
			return false
		}
		c.EFER = v
		c.addressSpace()
		return true
	}
	return false
}
