package cpu

import (
	"encoding/binary"

	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/x86"
)

// Tags of the full tag word (SDM 1 8.1.7).
const (
	tagValid   = 0
	tagZero    = 1
	tagSpecial = 2
	tagEmpty   = 3
)

// tagWord computes the tags from the registers, two bits each.
func (f *FPU) tagWord() uint16 {
	w := uint16(0)
	for r := range f.ST {
		w |= f.tag(uint8(r)) << (2 * r)
	}
	return w
}

func (f *FPU) tag(r uint8) uint16 {
	if f.empty(r) {
		return tagEmpty
	}
	switch f.ST[r&7].Class() {
	case softfloat.ClassZero:
		return tagZero
	case softfloat.ClassNormal:
		return tagValid
	}
	return tagSpecial
}

// setTagWord loads a tag word, of which only the empty ones count.
func (f *FPU) setTagWord(w uint16) {
	f.Tags = 0
	for r := range f.ST {
		if w>>(2*r)&3 != tagEmpty {
			f.Tags |= 1 << r
		}
	}
}

// envSize and stateSize are the sizes of the images of FNSTENV and FNSAVE (SDM 1
// 8.1.10, figures 8-9 to 8-12).
func envSize(in *decoder.Inst) int {
	if in.OpSize == 2 {
		return 14
	}
	return 28
}

func stateSize(in *decoder.Inst) int { return envSize(in) + 80 }

// putEnv writes the environment in the format of operand size and mode.
func (c *CPU) putEnv(in *decoder.Inst, p []byte) {
	f := &c.FPU
	words := [7]uint32{uint32(f.CW), uint32(f.status()), uint32(f.tagWord())}
	if c.protected() {
		words[3], words[5] = uint32(f.IP), uint32(f.DP)
		words[4], words[6] = uint32(f.CS), uint32(f.DS)
		if in.OpSize != 2 {
			words[4] |= uint32(f.Op) << 16
		}
	} else {
		// Linear addresses: the low word, and the rest from bit 12 of the next.
		ip, dp := uint32(f.CS)<<4+uint32(f.IP), uint32(f.DS)<<4+uint32(f.DP)
		words[3], words[5] = ip&0xffff, dp&0xffff
		words[4], words[6] = ip>>16<<12|uint32(f.Op), dp>>16<<12
	}
	if in.OpSize == 2 {
		for i, w := range words {
			binary.LittleEndian.PutUint16(p[2*i:], uint16(w))
		}
		return
	}
	// The reserved halves read as ones.
	reserved := [4]int{0, 1, 2, 6}
	if !c.protected() {
		reserved[3] = 5
		words[3] |= 0xffff0000
	}
	for _, i := range reserved {
		words[i] |= 0xffff0000
	}
	for i, w := range words {
		binary.LittleEndian.PutUint32(p[4*i:], w)
	}
}

// takeEnv loads it.
func (c *CPU) takeEnv(in *decoder.Inst, p []byte) {
	f := &c.FPU
	var words [7]uint32
	for i := range words {
		if in.OpSize == 2 {
			words[i] = uint32(binary.LittleEndian.Uint16(p[2*i:]))
		} else {
			words[i] = binary.LittleEndian.Uint32(p[4*i:])
		}
	}
	f.CW = uint16(words[0])&cwBits | cwOne
	f.setTagWord(uint16(words[2]))
	if c.protected() {
		f.IP, f.DP = uint64(words[3]), uint64(words[5])
		f.CS, f.DS = uint16(words[4]), uint16(words[6])
		if in.OpSize != 2 {
			f.Op = uint16(words[4]>>16) & 0x7ff
		}
	} else {
		f.IP = uint64(words[3]&0xffff | words[4]&0xffff000>>12<<16)
		f.DP = uint64(words[5]&0xffff | words[6]&0xffff000>>12<<16)
		f.CS, f.DS = 0, 0
		f.Op = uint16(words[4]) & 0x7ff
	}
	f.setStatus(uint16(words[1]))
}

// fnstenv stores the environment and then masks all exceptions.
func fnstenv(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuUsable(); exc != nil {
		return exc
	}
	var image [28]byte
	p := image[:envSize(s.Inst)]
	_, va, exc := c.operandAddr(s.Inst, len(p), true)
	if exc != nil {
		return exc
	}
	c.putEnv(s.Inst, p)
	if exc := c.writeImage(va, p); exc != nil {
		return exc
	}
	c.FPU.setControl(c.FPU.CW | allFlags)
	return nil
}

func fldenv(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	var image [28]byte
	p := image[:envSize(s.Inst)]
	_, va, exc := c.operandAddr(s.Inst, len(p), false)
	if exc != nil {
		return exc
	}
	if exc := c.readImage(va, p); exc != nil {
		return exc
	}
	c.takeEnv(s.Inst, p)
	return nil
}

// fnsave stores environment and registers, ST(0) first, and resets.
func fnsave(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuUsable(); exc != nil {
		return exc
	}
	var image [108]byte
	p := image[:stateSize(s.Inst)]
	_, va, exc := c.operandAddr(s.Inst, len(p), true)
	if exc != nil {
		return exc
	}
	c.putEnv(s.Inst, p)
	for i := range uint8(8) {
		putF80(p[envSize(s.Inst)+10*int(i):], c.FPU.ST[c.FPU.reg(i)])
	}
	if exc := c.writeImage(va, p); exc != nil {
		return exc
	}
	c.FPU.reset()
	return nil
}

func frstor(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	var image [108]byte
	p := image[:stateSize(s.Inst)]
	_, va, exc := c.operandAddr(s.Inst, len(p), false)
	if exc != nil {
		return exc
	}
	if exc := c.readImage(va, p); exc != nil {
		return exc
	}
	c.takeEnv(s.Inst, p)
	for i := range uint8(8) {
		c.FPU.ST[c.FPU.reg(i)] = f80Of(p[envSize(s.Inst)+10*int(i):])
	}
	return nil
}

func fldcw(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuReady(); exc != nil {
		return exc
	}
	v, exc := c.Operand(s.Inst, 0)
	if exc != nil {
		return exc
	}
	c.FPU.setControl(uint16(v))
	return nil
}

func fnstcw(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuUsable(); exc != nil {
		return exc
	}
	return c.SetOperand(s.Inst, 0, uint64(c.FPU.CW))
}

func fnstsw(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuUsable(); exc != nil {
		return exc
	}
	return c.SetOperand(s.Inst, 0, uint64(c.FPU.status()))
}

func fnclex(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuUsable(); exc != nil {
		return exc
	}
	c.FPU.SW &^= allFlags | swSF
	c.FPU.summarise()
	return nil
}

func fninit(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuUsable(); exc != nil {
		return exc
	}
	c.FPU.reset()
	return nil
}

// fnIgnored is FNENI, FNDISI and FNSETPM, which do nothing since the 80387.
func fnIgnored(c *CPU, s *Site) *x86.Exception { return c.fpuUsable() }

func fnop(c *CPU, s *Site) *x86.Exception { return c.fpuReady() }

// fwait reports what is pending. It heeds TS only together with MP, and not EM
// (SDM 3A 2.5, table 2-2).
func fwait(c *CPU, s *Site) *x86.Exception {
	if c.CR0&(x86.CR0_MP|x86.CR0_TS) == x86.CR0_MP|x86.CR0_TS {
		return c.fault(x86.VecNM, 0)
	}
	return c.fpuPending()
}

// turn is FINCSTP and FDECSTP, which move TOP and touch no register.
func turn(by uint8) Handler {
	return func(c *CPU, s *Site) *x86.Exception {
		if exc := c.begin(s); exc != nil {
			return exc
		}
		f := &c.FPU
		f.Top = f.reg(by)
		f.SW &^= swC1
		return nil
	}
}

// ffree empties ST(i); FFREEP pops as well.
func ffree(c *CPU, s *Site) *x86.Exception {
	if exc := c.begin(s); exc != nil {
		return exc
	}
	f := &c.FPU
	f.Tags &^= 1 << f.reg(s.Inst.Args[0].Reg)
	f.SW &^= swC1
	if s.Inst.Op == decoder.FFREEP {
		f.pop()
	}
	return nil
}

func fpuControlCalls(set func(h Handler, ops ...decoder.Op)) {
	set(fnstenv, decoder.FNSTENV)
	set(fldenv, decoder.FLDENV)
	set(fnsave, decoder.FNSAVE)
	set(frstor, decoder.FRSTOR)
	set(fldcw, decoder.FLDCW)
	set(fnstcw, decoder.FNSTCW)
	set(fnstsw, decoder.FNSTSW)
	set(fnclex, decoder.FNCLEX)
	set(fninit, decoder.FNINIT)
	set(fnIgnored, decoder.FNENI, decoder.FNDISI, decoder.FNSETPM)
	set(fnop, decoder.FNOP)
	set(fwait, decoder.FWAIT)
	set(turn(1), decoder.FINCSTP)
	set(turn(7), decoder.FDECSTP)
	set(ffree, decoder.FFREE, decoder.FFREEP)
}
