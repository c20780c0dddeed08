package cpu

import (
	"ringzero/decoder"
	"ringzero/x86"
)

// The privilege column of the decoder's rows executes here: a call-out whose row has
// a check makes it before anything else. What a check depends on beside CPL and mode
// is the handler's own: CLI and STI with VME and PVI, the IOPL checks of virtual-8086
// mode, and the ports of INS and OUTS, which are asked at each iteration, as the last one may
// have written to the bitmap.

// checks are the checks by the value of the column; nil for none to make here.
var checks = [...]func(c *CPU, s *Site) *x86.Exception{
	decoder.PrivCPL0: func(c *CPU, s *Site) *x86.Exception { return c.only(c.CPL == 0) },
	decoder.PrivTSD:  func(c *CPU, s *Site) *x86.Exception { return c.only(c.CPL == 0 || c.CR4&x86.CR4_TSD == 0) },
	decoder.PrivPCE:  func(c *CPU, s *Site) *x86.Exception { return c.only(c.CPL == 0 || c.CR4&x86.CR4_PCE != 0) },
	decoder.PrivUMIP: func(c *CPU, s *Site) *x86.Exception { return c.only(c.CPL == 0 || c.CR4&x86.CR4_UMIP == 0) },
	decoder.PrivIO: func(c *CPU, s *Site) *x86.Exception {
		in := s.Inst
		switch in.Op {
		case decoder.IN:
			return c.portAllowed(c.portOf(in, 1), int(in.Args[0].Size))
		case decoder.OUT:
			return c.portAllowed(c.portOf(in, 0), int(in.Args[1].Size))
		}
		return nil
	},
	decoder.PrivVM86: nil, // the last
}

// only answers #GP(0) where a condition does not hold.
func (c *CPU) only(ok bool) *x86.Exception {
	if ok {
		return nil
	}
	return c.gp0()
}

// guard puts the check of the Op's rows before a handler, and the question of who
// intercepts it behind that.
func guard(op decoder.Op, do Handler) Handler {
	check := checks[privilege[op&(MostCalls-1)]]
	if do == nil || check == nil && !sensitive[op&(MostCalls-1)] {
		return do
	}
	return func(c *CPU, s *Site) *x86.Exception {
		if check != nil {
			if exc := check(c, s); exc != nil {
				return exc
			}
		}
		if c.Intercepts.Has(s.Inst.Op) {
			if exc, done := c.intercept(s); done {
				return exc
			}
		}
		return do(c, s)
	}
}

// sensitive tells of an Op whether it can be intercepted: INS and OUTS with REP as well.
var sensitive = func() (t [MostCalls]bool) {
	t[CallRepeat] = true
	for _, row := range decoder.Rows() {
		t[row.Op] = t[row.Op] || row.Sensitive()
	}
	return t
}()

// privilege is the column by Op.
var privilege = func() (t [MostCalls]decoder.Priv) {
	for _, row := range decoder.Rows() {
		if old := t[row.Op]; old != decoder.PrivNone && old != row.Priv {
			panic("BUG: cpu: the rows of " + row.Op.String() + " differ in privilege")
		}
		t[row.Op] = row.Priv
	}
	return t
}()
