package bios

import "encoding/binary"

// Registers of the MC146818 and the bits that are used here.
const (
	rtcSeconds      = 0x00
	rtcAlarmSeconds = 0x01
	rtcMinutes      = 0x02
	rtcAlarmMinutes = 0x03
	rtcHours        = 0x04
	rtcAlarmHours   = 0x05
	rtcDay          = 0x07
	rtcMonth        = 0x08
	rtcYear         = 0x09
	rtcA            = 0x0a
	rtcB            = 0x0b
	rtcC            = 0x0c
	rtcD            = 0x0d
	rtcCentury      = 0x32

	rtcUIP    = 1 << 7 // in A
	rtcSet    = 1 << 7 // in B
	rtcPIE    = 1 << 6
	rtcAIE    = 1 << 5
	rtcBinary = 1 << 2
	rtc24h    = 1 << 1
	rtcDST    = 1 << 0
	rtcPF     = 1 << 6 // in C
	rtcAF     = 1 << 5
)

// ticksPerDay is how many ticks of 65536/1193182 s the BIOS counts a day.
const ticksPerDay = 0x1800b0

// rtcValue reads a time register as a number, in whichever mode the chip is.
func (b *BIOS) rtcValue(reg uint8) uint8 {
	v := b.cmos(reg)
	if b.cmos(rtcB)&rtcBinary != 0 {
		return v
	}
	return v>>4*10 + v&15
}

// time is INT 1Ah: ticks, clock chip, PCI.
func (b *BIOS) time(f *frame) {
	switch f.ax.h() {
	case 0x00:
		ticks := b.bdaDword(bdaTicks)
		f.cx.setX(uint16(ticks >> 16))
		f.dx.setX(uint16(ticks))
		f.ax.setL(b.bdaByte(bdaMidnight))
		b.setBDAByte(bdaMidnight, 0)
		f.ok()
	case 0x01:
		b.setBDADword(bdaTicks, uint32(f.cx.x())<<16|uint32(f.dx.x()))
		b.setBDAByte(bdaMidnight, 0)
		f.ok()
	case 0x02:
		if !b.rtcSteady(f) {
			return
		}
		f.cx.setH(b.cmos(rtcHours))
		f.cx.setL(b.cmos(rtcMinutes))
		f.dx.setH(b.cmos(rtcSeconds))
		f.dx.setL(b.cmos(rtcB) & rtcDST)
		f.ok()
		f.ax.setL(f.cx.h())
	case 0x03:
		b.rtcStore(b.cmos(rtcB)&^rtcDST|f.dx.l()&rtcDST|rtc24h,
			rtcHours, f.cx.h(), rtcMinutes, f.cx.l(), rtcSeconds, f.dx.h())
		f.ok()
	case 0x04:
		if !b.rtcSteady(f) {
			return
		}
		f.cx.setH(b.cmos(rtcCentury))
		f.cx.setL(b.cmos(rtcYear))
		f.dx.setH(b.cmos(rtcMonth))
		f.dx.setL(b.cmos(rtcDay))
		f.ok()
		f.ax.setL(f.cx.h())
	case 0x05:
		b.rtcStore(b.cmos(rtcB), rtcCentury, f.cx.h(), rtcYear, f.cx.l(), rtcMonth, f.dx.h(), rtcDay, f.dx.l())
		f.ok()
	case 0x06:
		b.setAlarm(f)
	case 0x07:
		b.setCMOS(rtcB, b.cmos(rtcB)&^rtcAIE)
		f.ok()
	case 0xb1:
		b.pciBIOS(f)
	default:
		f.fail(0x86)
	}
}

// rtcSteady answers "poll" while the chip updates its time. The scratch field
// counts, so that a chip that is not there ends in an error.
func (b *BIOS) rtcSteady(f *frame) bool {
	if b.cmos(rtcA)&rtcUIP == 0 {
		return true
	}
	if f.scratch++; f.scratch > 1<<20 {
		f.carry(true)
		return false
	}
	f.status = statusPoll
	return false
}

// rtcStore writes pairs of register and value with the update stopped, then
// register B.
func (b *BIOS) rtcStore(regB uint8, pairs ...uint8) {
	b.setCMOS(rtcB, regB|rtcSet)
	for i := 0; i < len(pairs); i += 2 {
		b.setCMOS(pairs[i], pairs[i+1])
	}
	b.setCMOS(rtcB, regB&^rtcSet)
}

func (b *BIOS) setAlarm(f *frame) {
	if b.cmos(rtcB)&rtcAIE != 0 {
		f.carry(true) // one is set already
		return
	}
	b.setCMOS(rtcAlarmHours, f.cx.h())
	b.setCMOS(rtcAlarmMinutes, f.cx.l())
	b.setCMOS(rtcAlarmSeconds, f.dx.h())
	b.setCMOS(rtcB, b.cmos(rtcB)|rtcAIE)
	b.unmaskIRQ(8)
	f.ok()
}

// clockIRQ is IRQ 8: the periodic interrupt counts the waits of INT 15h, the
// alarm wants INT 4Ah, which the ROM calls where AH is 1.
func (b *BIOS) clockIRQ(f *frame) {
	cause := b.cmos(rtcC) & b.cmos(rtcB)
	f.ax.setH(0)
	if cause&rtcPF != 0 {
		b.countWait()
	}
	if cause&rtcAF != 0 {
		f.ax.setH(1)
	}
	b.endIRQ(8)
}

// Return codes of the PCI BIOS (PCI BIOS 2.1, appendix A).
const (
	pciOK          = 0x00
	pciUnsupported = 0x81
	pciBadVendor   = 0x83
	pciNotFound    = 0x86
	pciBadRegister = 0x87
	pciBufferSmall = 0x89
)

// pciBIOS is INT 1Ah, AH=B1h (PCI BIOS 2.1).
func (b *BIOS) pciBIOS(f *frame) {
	result := func(code uint8) {
		f.ax.setH(code)
		f.carry(code != pciOK)
	}
	if !b.hasPCI() {
		result(pciUnsupported)
		return
	}
	fn := pciAddr(f.bx.h(), f.bx.l())
	register := f.di.x()
	switch al := f.ax.l(); al {
	case 0x01: // present: "PCI ", version 2.1, mechanism 1, last bus 0
		f.dx = 0x20494350
		f.ax.setL(1)
		f.bx.setX(0x0210)
		f.cx.setL(0)
		result(pciOK)
	case 0x02:
		if f.dx.x() == 0xffff {
			result(pciBadVendor)
			return
		}
		id := uint32(f.cx.x())<<16 | uint32(f.dx.x())
		result(b.pciFind(f, func(a uint32) bool { return b.pciRead(a, pciID, 4) == id }))
	case 0x03:
		class := uint32(f.cx) & 0xffffff
		result(b.pciFind(f, func(a uint32) bool { return b.pciRead(a, pciClass, 4)>>8 == class }))
	case 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d:
		size := 1 << ((al - 0x08) % 3)
		if register > 0xff || int(register)%size != 0 {
			result(pciBadRegister)
			return
		}
		b.pciAccess(f, fn, uint8(register), size, al >= 0x0b)
		result(pciOK)
	case 0x0e:
		result(b.pciRouting(f))
	default:
		result(pciUnsupported)
	}
}

// pciFind puts function number SI of those that match in BX.
func (b *BIOS) pciFind(f *frame, match func(fn uint32) bool) uint8 {
	n := f.si.x()
	for _, a := range b.pciFunctions() {
		if !match(a) {
			continue
		}
		if n == 0 {
			f.bx.setX(uint16(a >> 8))
			return pciOK
		}
		n--
	}
	return pciNotFound
}

func (b *BIOS) pciAccess(f *frame, fn uint32, register uint8, size int, write bool) {
	if write {
		b.pciWrite(fn, register, size, uint32(f.cx))
		return
	}
	switch v := b.pciRead(fn, register, size); size {
	case 1:
		f.cx.setL(uint8(v))
	case 2:
		f.cx.setX(uint16(v))
	default:
		f.cx = reg(v)
	}
}

// pciRouting copies the slots of the $PIR to the caller's buffer. ES:DI points
// at its length and far address (PCI BIOS 2.1, 4.1.1).
// pciBIOS32 is the same for 32-bit code, whose pointers are no far ones: what
// takes one is not there.
func (b *BIOS) pciBIOS32(f *frame) {
	if f.ax.h() != 0xb1 || f.ax.l() == 0x0e {
		f.ax.setH(pciUnsupported)
		f.carry(true)
		return
	}
	b.pciBIOS(f)
}

// bios32 is the header of the service directory, found by its mark at a multiple
// of 16 in the ROM.
func bios32(entry uint16) []byte {
	p := append([]byte("_32_"), make([]byte, 12)...)
	binary.LittleEndian.PutUint32(p[4:], romBase+uint32(entry))
	p[9] = 1 // paragraphs
	for _, v := range p {
		p[10] -= v
	}
	return p
}

func (b *BIOS) pciRouting(f *frame) uint8 {
	var p [6]byte
	at := segment(f.es, f.di.x())
	b.readLinear(at, p[:])
	slots := pirTable()[pirHeaderSize:]
	room := int(p[0]) | int(p[1])<<8
	b.writeLinear(at, []byte{byte(len(slots)), byte(len(slots) >> 8)})
	if room < len(slots) {
		return pciBufferSmall
	}
	to := segment(uint16(p[4])|uint16(p[5])<<8, uint16(p[2])|uint16(p[3])<<8)
	b.writeLinear(to, slots)
	f.bx.setX(pirExclusive)
	return pciOK
}
