package bios

import (
	"encoding/binary"

	"ringzero/x86"
)

// reg is a 32-bit register in a frame.
type reg uint32

func (r reg) l() uint8  { return uint8(r) }
func (r reg) h() uint8  { return uint8(r >> 8) }
func (r reg) x() uint16 { return uint16(r) }

func (r *reg) setL(v uint8)  { *r = *r&^0xff | reg(v) }
func (r *reg) setH(v uint8)  { *r = *r&^0xff00 | reg(v)<<8 }
func (r *reg) setX(v uint16) { *r = *r&^0xffff | reg(v) }

// frame is what the ROM's stubs push, from the lowest address up; rom.asm has
// the same offsets.
type frame struct {
	gs, fs, es, ds uint16
	di, si, bp, sp reg // PUSHAD; sp is ignored on the way back
	bx, dx, cx, ax reg
	scratch        uint32 // zero at the first call; kept while the status is wait or poll
	status         uint16
	vector         uint16
	ip, cs, flags  uint16

	at uint32 // linear address of the frame, not part of it
}

// frameSize is the bytes of a frame.
const frameSize = 54

// Values of frame.status.
const (
	statusDone      = 0
	statusWait      = 1 // ask again after an interrupt
	statusPoll      = 2 // ask again at once
	statusEnter     = 3 // continue with the frame at SS:SP = scratch
	statusProtected = 4 // jump to flat 32-bit code at scratch
	statusStop      = 5 // halt for good, interrupts off
)

func (f *frame) decode(p []byte) {
	le := binary.LittleEndian
	f.gs, f.fs, f.es, f.ds = le.Uint16(p), le.Uint16(p[2:]), le.Uint16(p[4:]), le.Uint16(p[6:])
	for i, r := range []*reg{&f.di, &f.si, &f.bp, &f.sp, &f.bx, &f.dx, &f.cx, &f.ax} {
		*r = reg(le.Uint32(p[8+4*i:]))
	}
	f.scratch = le.Uint32(p[40:])
	f.status, f.vector = le.Uint16(p[44:]), le.Uint16(p[46:])
	f.ip, f.cs, f.flags = le.Uint16(p[48:]), le.Uint16(p[50:]), le.Uint16(p[52:])
}

func (f *frame) encode(p []byte) {
	le := binary.LittleEndian
	for i, v := range []uint16{f.gs, f.fs, f.es, f.ds} {
		le.PutUint16(p[2*i:], v)
	}
	for i, r := range []reg{f.di, f.si, f.bp, f.sp, f.bx, f.dx, f.cx, f.ax} {
		le.PutUint32(p[8+4*i:], uint32(r))
	}
	le.PutUint32(p[40:], f.scratch)
	for i, v := range []uint16{f.status, f.vector, f.ip, f.cs, f.flags} {
		le.PutUint16(p[44+2*i:], v)
	}
}

// carry sets or clears the CF that the caller sees.
func (f *frame) carry(on bool) { f.setFlag(x86.CF, on) }

// zero sets or clears the ZF that the caller sees.
func (f *frame) zero(on bool) { f.setFlag(x86.ZF, on) }

func (f *frame) setFlag(bit uint16, on bool) {
	f.flags &^= bit
	if on {
		f.flags |= bit
	}
}

// fail answers an error: CF set, AH the code.
func (f *frame) fail(ah uint8) {
	f.ax.setH(ah)
	f.carry(true)
}

// ok answers success: CF clear, AH zero.
func (f *frame) ok() {
	f.ax.setH(0)
	f.carry(false)
}
