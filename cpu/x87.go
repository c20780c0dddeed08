package cpu

import (
	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/x86"
)

// Bits of the x87 status word beside the exception flags, which are softfloat's
// (SDM 1 8.1.3).
const (
	swSF  = 1 << 6 // stack fault
	swES  = 1 << 7 // an unmasked exception is pending
	swC0  = 1 << 8
	swC1  = 1 << 9
	swC2  = 1 << 10
	swC3  = 1 << 14
	swB   = 1 << 15 // mirrors ES since the 80387
	swCC  = swC0 | swC2 | swC3
	swTop = 7 << topShift

	topShift = 11
	// allFlags is the six exceptions, in the status word and as masks in the
	// control word.
	allFlags = softfloat.AllMasked
	// preComputation are the exceptions that, unmasked, keep an instruction from
	// touching its destination and the stack (SDM 1 8.5).
	preComputation = softfloat.IE | softfloat.DE | softfloat.ZE
)

// Bits of the control word (SDM 1 8.1.5): those that exist, infinity control
// included, and the one that always reads as one.
const (
	cwBits = 0x1f3f
	cwOne  = 0x40
)

// reset is FNINIT (SDM 2A FINIT).
func (f *FPU) reset() {
	f.CW, f.SW, f.Top, f.Tags = 0x37f, 0, 0, 0
	f.IP, f.DP, f.CS, f.DS, f.Op = 0, 0, 0, 0, 0
	f.Ignore = false
}

// env is what softfloat needs to know of the control word.
func (f *FPU) env() softfloat.Env {
	return softfloat.Env{RC: uint8(f.CW>>10) & 3, PC: uint8(f.CW>>8) & 3, Masks: uint8(f.CW) & allFlags}
}

// reg is the physical register of ST(i).
func (f *FPU) reg(i uint8) uint8 { return (f.Top + i) & 7 }

// empty tells whether a physical register is.
func (f *FPU) empty(r uint8) bool { return f.Tags>>(r&7)&1 == 0 }

// set writes a physical register and marks it not empty.
func (f *FPU) set(r uint8, v softfloat.F80) {
	f.ST[r&7] = v
	f.Tags |= 1 << (r & 7)
}

// pop empties ST(0) and moves the stack.
func (f *FPU) pop() {
	f.Tags &^= 1 << (f.Top & 7)
	f.Top = (f.Top + 1) & 7
}

// push puts v on the stack, whatever stood in its register.
func (f *FPU) push(v softfloat.F80) {
	f.Top = (f.Top - 1) & 7
	f.set(f.Top, v)
}

// status is the status word as a program reads it.
func (f *FPU) status() uint16 { return f.SW | uint16(f.Top&7)<<topShift }

// setStatus and setControl load the words; what is pending and unmasked then
// shows in ES and B.
func (f *FPU) setStatus(sw uint16) {
	f.Top = uint8(sw>>topShift) & 7
	f.SW = sw &^ swTop
	f.summarise()
}

func (f *FPU) setControl(cw uint16) {
	f.CW = cw&cwBits | cwOne
	f.summarise()
}

func (f *FPU) summarise() {
	f.SW &^= swES | swB
	if f.SW&allFlags&^f.CW != 0 {
		f.SW |= swES | swB
		return
	}
	f.Ignore = false
}

// report moves what an operation raised into the status word, C1 included, and
// tells whether to stop before the destination: e raised an unmasked exception
// of those in stop.
func (f *FPU) report(e *softfloat.Env, stop uint8) bool {
	c1 := uint16(0)
	if e.C1 {
		c1 = swC1
	}
	f.SW = f.SW&^swC1 | uint16(e.Flags) | c1
	unmasked := e.Flags &^ e.Masks
	if unmasked == 0 {
		return false
	}
	f.SW |= swES | swB
	return unmasked&stop != 0
}

// commit reports an operation and writes its result to a physical register,
// unless an unmasked exception forbids it. It tells whether the instruction
// goes on (and pops).
func (f *FPU) commit(e *softfloat.Env, r uint8, v softfloat.F80) bool {
	if f.report(e, preComputation) {
		return false
	}
	f.set(r, v)
	return true
}

// stackFault raises #IS: C1 is one for an overflow, zero for an underflow (SDM 1
// 8.5.1.1). It tells whether it is masked, so that the instruction goes on with
// its masked response.
func (f *FPU) stackFault(overflow bool) bool {
	f.SW = f.SW&^swC1 | softfloat.IE | swSF
	if overflow {
		f.SW |= swC1
	}
	if f.CW&softfloat.IE != 0 {
		return true
	}
	f.SW |= swES | swB
	return false
}

// underflow is an empty source: masked, the destination gets the indefinite.
func (f *FPU) underflow(r uint8) bool {
	if !f.stackFault(false) {
		return false
	}
	f.set(r, softfloat.Indefinite)
	return true
}

// pushChecked pushes v, or raises a stack overflow.
func (f *FPU) pushChecked(v softfloat.F80) {
	if !f.empty(f.reg(7)) {
		if f.stackFault(true) {
			f.push(softfloat.Indefinite)
		}
		return
	}
	f.SW &^= swC1
	f.push(v)
}

// fpuBusy is the bits of CR0 that make an x87 instruction fault.
const fpuBusy = x86.CR0_EM | x86.CR0_TS

// fpuReady is what a waiting instruction checks before anything else.
func (c *CPU) fpuReady() *x86.Exception {
	if c.CR0&fpuBusy|uint64(c.FPU.SW&swES) == 0 {
		return nil
	}
	return c.fpuNotReady()
}

func (c *CPU) fpuNotReady() *x86.Exception {
	if c.CR0&fpuBusy != 0 {
		return c.fault(x86.VecNM, 0)
	}
	return c.fpuPending()
}

// fpuPending reports a pending unmasked exception: #MF or, with CR0.NE clear,
// the FERR# pin, and the processor freezes before the instruction until an
// interrupt comes (SDM 3A 2.5, NE; SDM 1 D.2.1). The PC's port F0h lowers the pin
// again and asserts IGNNE#, with which the instruction executes.
func (c *CPU) fpuPending() *x86.Exception {
	switch {
	case c.FPU.SW&swES == 0:
		return nil
	case c.CR0&x86.CR0_NE != 0:
		return c.fault(x86.VecMF, 0)
	case c.FPU.Ignore:
		return nil
	case c.Mid:
		c.alone() // the interrupt belongs before this very instruction
	}
	c.SyncClock()
	c.FERR.Set(true)
	return Freeze
}

// IgnoreErrors asserts the IGNNE# pin for the exceptions that are pending: until
// they are cleared they hold no instruction up (SDM 1 D.2.1.2).
func (c *CPU) IgnoreErrors() { c.FPU.Ignore = c.FPU.SW&swES != 0 }

// fpuUsable is what an instruction that does not wait checks.
func (c *CPU) fpuUsable() *x86.Exception {
	if c.CR0&fpuBusy != 0 {
		return c.fault(x86.VecNM, 0)
	}
	return nil
}

// note records the last instruction that is no control instruction (SDM 1 8.1.8,
// 8.1.9).
func (c *CPU) note(s *Site) {
	f := &c.FPU
	f.IP, f.CS = c.ip(s), c.Seg[x86.CS].Sel
	f.Op = uint16(s.Inst.Row.Opcode&7)<<8 | uint16(s.Inst.ModRM)
}

// noteMem records it with its memory operand.
func (c *CPU) noteMem(s *Site, off uint64) {
	c.note(s)
	c.FPU.DP, c.FPU.DS = off, c.Seg[s.Inst.Seg].Sel
}

// begin starts a waiting instruction on registers: behind it nothing faults.
func (c *CPU) begin(s *Site) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	c.note(s)
	return nil
}

// isMem tells whether the instruction has a memory operand.
func isMem(in *decoder.Inst) bool { return in.ModRM < 0xc0 }

// fpuCalls registers the handlers of the x87 instructions, FXSAVE and FXRSTOR.
func fpuCalls(set func(h Handler, ops ...decoder.Op)) {
	arithCalls(set)
	fpuMoveCalls(set)
	fpuControlCalls(set)
	set(fxsave, decoder.FXSAVE)
	set(fxrstor, decoder.FXRSTOR)
}
