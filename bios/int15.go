package bios

import (
	"encoding/binary"

	"ringzero/x86"
)

// smap is "SMAP", the signature of E820.
const smap = 0x534d4150

// system is INT 15h.
func (b *BIOS) system(f *frame) {
	switch f.ax.h() {
	case 0x24:
		b.a20(f)
	case 0x4f:
		// Keyboard intercept: the scan code stays, and CF as the caller set it.
	case 0x80, 0x81, 0x82, 0x85, 0x90, 0x91:
		f.ok() // hooks of multitaskers
	case 0x83:
		b.eventWait(f)
	case 0x86:
		b.wait(f)
	case 0x87:
		b.blockMove(f)
	case 0x88:
		f.ok()
		f.ax.setX(uint16(min((mainRAM(b.memMap).Size)>>10, 63<<10)))
	case 0xc0:
		f.es = 0xf000
		f.bx.setX(romConfigTable)
		f.ok()
	case 0xc1:
		f.es = b.bdaWord(bdaEBDA)
		f.carry(false)
	case 0xc2:
		b.pointing(f)
	case 0xe8:
		b.bigMemory(f)
	default:
		f.fail(0x86)
	}
}

// a20 is AX=2400h to 2403h, through port 92h.
func (b *BIOS) a20(f *frame) {
	al := f.ax.l()
	f.ok()
	switch al {
	case 0x00:
		b.out(portA20, b.in(portA20)&^3)
	case 0x01:
		b.out(portA20, b.in(portA20)&^1|2)
	case 0x02:
		f.ax.setL(b.in(portA20) >> 1 & 1)
	case 0x03:
		f.bx.setX(3) // by the keyboard controller and by port 92h
	default:
		f.fail(0x86)
	}
}

// periodUS is the period of the clock chip's 1024 Hz interrupt, in
// microseconds; the AT counts waits in it.
const periodUS = 976

// Bits of bdaWaitActive.
const (
	waitActive  = 1 << 0
	waitElapsed = 1 << 7
)

// startWait makes IRQ 8 count microseconds down, and then set bit 7 of the byte
// at seg:off.
func (b *BIOS) startWait(seg, off uint16, us uint32) {
	b.setBDADword(bdaWaitFlag, uint32(seg)<<16|uint32(off))
	b.setBDADword(bdaWaitCount, us)
	b.setBDAByte(bdaWaitActive, waitActive)
	b.setCMOS(rtcA, b.cmos(rtcA)&0xf0|6) // 1024 Hz
	b.setCMOS(rtcB, b.cmos(rtcB)|rtcPIE)
	b.unmaskIRQ(8)
}

func (b *BIOS) stopWait() {
	b.setCMOS(rtcB, b.cmos(rtcB)&^rtcPIE)
	b.setBDAByte(bdaWaitActive, b.bdaByte(bdaWaitActive)&^waitActive)
}

// countWait is one periodic interrupt.
func (b *BIOS) countWait() {
	if b.bdaByte(bdaWaitActive)&waitActive == 0 {
		return
	}
	left := b.bdaDword(bdaWaitCount)
	if left > periodUS {
		b.setBDADword(bdaWaitCount, left-periodUS)
		return
	}
	b.setBDADword(bdaWaitCount, 0)
	b.stopWait()
	at := b.bdaDword(bdaWaitFlag)
	flag := segment(uint16(at>>16), uint16(at))
	var p [1]byte
	b.readLinear(flag, p[:])
	b.writeLinear(flag, []byte{p[0] | waitElapsed})
}

// eventWait is AH=83h: returns at once, a flag in the caller's memory is set
// later.
func (b *BIOS) eventWait(f *frame) {
	switch {
	case f.ax.l() == 1:
		b.stopWait()
		f.ok()
	case b.bdaByte(bdaWaitActive)&waitActive != 0:
		f.fail(0x83)
	default:
		b.startWait(f.es, f.bx.x(), uint32(f.cx.x())<<16|uint32(f.dx.x()))
		f.ok()
	}
}

// wait is AH=86h. The scratch field tells the calls after the first.
func (b *BIOS) wait(f *frame) {
	active := b.bdaByte(bdaWaitActive)
	switch {
	case f.scratch == 0 && active&waitActive != 0:
		f.fail(0x83)
	case f.scratch == 0:
		f.scratch = 1
		b.startWait(bdaBase>>4, bdaWaitActive, uint32(f.cx.x())<<16|uint32(f.dx.x()))
		f.status = statusWait
	case active&waitActive != 0:
		f.status = statusWait
	default:
		b.setBDAByte(bdaWaitActive, 0)
		f.carry(false)
	}
}

// blockMove is AH=87h: CX words between the segments of descriptors 2 and 3 of
// the table at ES:SI, which may lie anywhere below 4 GiB.
func (b *BIOS) blockMove(f *frame) {
	var gdt [0x30]byte
	b.readLinear(segment(f.es, f.si.x()), gdt[:])
	n := 2 * int(f.cx.x())
	if n > 0x10000 {
		f.fail(0x02)
		return
	}
	le := binary.LittleEndian
	from := x86.Descriptor(le.Uint64(gdt[0x10:])).Base()
	to := x86.Descriptor(le.Uint64(gdt[0x18:])).Base()
	p := make([]byte, n)
	pages(uint64(from), n, func(phys uint64, i, j int) { b.readPhysical(phys, p[i:j]) })
	pages(uint64(to), n, func(phys uint64, i, j int) { b.writePhysical(phys, p[i:j]) })
	f.ok()
	f.zero(true)
}

// pages calls do for the parts of n bytes from phys that stay in one page.
func pages(phys uint64, n int, do func(phys uint64, from, to int)) {
	for from := 0; from < n; {
		to := min(n, from+0x1000-int((phys+uint64(from))&0xfff))
		do(phys+uint64(from), from, to)
		from = to
	}
}

// bigMemory is AH=E8h: E801h, E820h and E881h.
func (b *BIOS) bigMemory(f *frame) {
	switch f.ax.l() {
	case 0x01, 0x81:
		size := mainRAM(b.memMap).Size
		below := min(size, 15<<20) >> 10
		above := uint64(0)
		if size > 15<<20 {
			above = (size - 15<<20) >> 16
		}
		f.ax, f.bx = reg(below), reg(above)
		f.cx, f.dx = f.ax, f.bx
		f.carry(false)
	case 0x20:
		b.e820(f)
	default:
		f.fail(0x86)
	}
}

// e820 gives entry EBX of the memory map (ACPI 2.0, 15.1).
func (b *BIOS) e820(f *frame) {
	i := int(uint32(f.bx))
	if f.dx != smap || f.cx < 20 || i < 0 || i >= len(b.memMap) {
		f.fail(0x86)
		return
	}
	r := b.memMap[i]
	le := binary.LittleEndian
	p := le.AppendUint64(nil, r.Base)
	p = le.AppendUint64(p, r.Size)
	p = le.AppendUint32(p, uint32(r.Type))
	b.writeLinear(segment(f.es, f.di.x()), p)
	f.bx = reg(i + 1)
	if i+1 == len(b.memMap) {
		f.bx = 0
	}
	f.ax, f.cx = smap, 20
	f.carry(false)
}
