package cpu

import (
	"encoding/binary"

	"ringzero/decoder"
	"ringzero/mmu"
	"ringzero/x86"
)

// Layout of the FXSAVE image (SDM 1 10.5.1, table 10-2).
const (
	fxSize      = 512
	fxWritten   = 288 // beyond, the processor leaves the image alone outside of 64-bit mode
	fxMXCSR     = 24
	fxST        = 32
	fxXMM       = 160
	fxRegisters = 8
	fxSlot      = 16

	// mxcsrMask are the bits of MXCSR that exist where the image's MXCSR_MASK is
	// zero (SDM 1 11.6.6).
	mxcsrMask = 0xffbf
)

// fxOperand checks the image's place, all of it: segment limits, then 16-byte
// alignment (#GP; SDM 2A FXSAVE), then pages. Where alignment is checked a place
// that is not that of a dword is #AC, as on AMD's silicon.
func (c *CPU) fxOperand(in *decoder.Inst, acc mmu.Access) (va uint64, exc *x86.Exception) {
	off, write := c.EA(in), acc == mmu.Write
	if va, exc = c.Linear(in.Seg, off, 1, write); exc != nil {
		return 0, exc
	}
	if _, exc = c.Linear(in.Seg, off+fxSize-1, 1, write); exc != nil {
		return 0, exc
	}
	switch {
	case c.Mode&ModeAlign != 0 && va&3 != 0:
		return 0, c.fault(x86.VecAC, 0)
	case va&15 != 0:
		return 0, c.gp0()
	}
	return va, c.probe(va, fxSize, acc, c.CPL == 3)
}

// fxsave stores x87 and MMX state, and MXCSR and XMM registers where CR4.OSFXSR
// says that the system knows them. It reports no pending exception.
func fxsave(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuUsable(); exc != nil {
		return exc
	}
	va, exc := c.fxOperand(s.Inst, mmu.Write)
	if exc != nil {
		return exc
	}
	f := &c.FPU
	var p [fxWritten]byte
	binary.LittleEndian.PutUint16(p[0:], f.CW)
	binary.LittleEndian.PutUint16(p[2:], f.status())
	p[4] = f.Tags
	binary.LittleEndian.PutUint16(p[6:], f.Op)
	binary.LittleEndian.PutUint32(p[8:], uint32(f.IP))
	binary.LittleEndian.PutUint16(p[12:], f.CS)
	binary.LittleEndian.PutUint32(p[16:], uint32(f.DP))
	binary.LittleEndian.PutUint16(p[20:], f.DS)
	for i := range uint8(fxRegisters) {
		putF80(p[fxST+fxSlot*int(i):], f.ST[f.reg(i)])
	}
	if c.CR4&x86.CR4_OSFXSR == 0 {
		return c.fxPartly(va, p[:])
	}
	binary.LittleEndian.PutUint32(p[fxMXCSR:], f.MXCSR)
	for i := range fxRegisters {
		binary.LittleEndian.PutUint64(p[fxXMM+fxSlot*i:], f.XMM[i][0])
		binary.LittleEndian.PutUint64(p[fxXMM+fxSlot*i+8:], f.XMM[i][1])
	}
	return c.writeImage(va, p[:])
}

// fxPartly writes the image without MXCSR and XMM registers.
func (c *CPU) fxPartly(va uint64, p []byte) *x86.Exception {
	if exc := c.writeImage(va, p[:fxMXCSR]); exc != nil {
		return exc
	}
	return c.writeImage(va+fxST, p[fxST:fxXMM])
}

// fxrstor loads what fxsave stores. Exceptions that are pending in the image are
// reported by the next waiting instruction.
func fxrstor(c *CPU, s *Site) *x86.Exception {
	if exc := c.fpuUsable(); exc != nil {
		return exc
	}
	va, exc := c.fxOperand(s.Inst, mmu.Read)
	if exc != nil {
		return exc
	}
	var p [fxWritten]byte
	if exc := c.readImage(va, p[:]); exc != nil {
		return exc
	}
	f := &c.FPU
	mxcsr := binary.LittleEndian.Uint32(p[fxMXCSR:])
	sse := c.CR4&x86.CR4_OSFXSR != 0
	if sse && mxcsr&^mxcsrMask != 0 {
		return c.gp0()
	}
	f.CW = binary.LittleEndian.Uint16(p[0:])&cwBits | cwOne
	f.setStatus(binary.LittleEndian.Uint16(p[2:]))
	f.Tags = p[4]
	f.Op = binary.LittleEndian.Uint16(p[6:]) & 0x7ff
	f.IP = uint64(binary.LittleEndian.Uint32(p[8:]))
	f.CS = binary.LittleEndian.Uint16(p[12:])
	f.DP = uint64(binary.LittleEndian.Uint32(p[16:]))
	f.DS = binary.LittleEndian.Uint16(p[20:])
	for i := range uint8(fxRegisters) {
		f.ST[f.reg(i)] = f80Of(p[fxST+fxSlot*int(i):])
	}
	if !sse {
		return nil
	}
	f.MXCSR = mxcsr
	for i := range fxRegisters {
		f.XMM[i][0] = binary.LittleEndian.Uint64(p[fxXMM+fxSlot*i:])
		f.XMM[i][1] = binary.LittleEndian.Uint64(p[fxXMM+fxSlot*i+8:])
	}
	return nil
}
