package bios

// Ports of the chips that POST programs.
const (
	portPIC1     = 0x20
	portPIC2     = 0xa0
	portPIT0     = 0x40
	portPITMode  = 0x43
	portKbdData  = 0x60
	portPortB    = 0x61
	portKbd      = 0x64
	portCMOS     = 0x70
	portCMOSData = 0x71
	portA20      = 0x92
	portELCR     = 0x4d0
	portCOM1     = 0x3f8
	portCOM2     = 0x2f8
)

// Bits of the 8042's status and of port 92h.
const (
	kbdSystem = 1 << 2
	fastReset = 1 << 0
)

// post brings the machine up: the work between the reset vector and INT 19h.
//
// A guest that wants to restart may jump to the vector, F000:FFF0 or FFFF:0,
// with its chips as they are. The 8042's system flag tells that POST ran since
// the last reset (IBM AT Technical Reference, "System flag"); the machine is
// then reset in earnest, which Config.NoReboot sees as any other reset.
func (b *BIOS) post() {
	if status := b.in(portKbd); status&kbdSystem != 0 && status != 0xff {
		b.out(portA20, b.in(portA20)&^fastReset)
		b.out(portA20, b.in(portA20)|fastReset)
		return // the reset comes before the next instruction
	}
	b.out(portA20, b.in(portA20)&^fastReset|2)
	b.clearLowMemory()
	b.vectors()
	b.initPIC()
	b.initPIT()
	b.initPCI()
	b.initBDA()
	b.initKeyboard()
	b.initRTC()
	b.initDisks()
	b.writeACPI()
	b.setMode(3, true)
	b.print(b.cfg.Banner)
}

// clearLowMemory zeroes the BDA and the EBDA; the IVT is written whole.
func (b *BIOS) clearLowMemory() {
	b.mem.Write(bdaBase, make([]byte, 0x100))
	b.mem.Write(ebdaBase, make([]byte, ebdaSize))
	b.setByteAt(ebdaBase+ebdaKiB, ebdaSize/1024)
}

// initPIC puts the interrupt controllers at vectors 08h and 70h (8259A data
// sheet: ICW1 to ICW4, then the mask as OCW1).
func (b *BIOS) initPIC() {
	for _, w := range []struct {
		port uint16
		v    uint8
	}{
		{portPIC1, 0x11}, {portPIC1 + 1, 0x08}, {portPIC1 + 1, 1 << 2}, {portPIC1 + 1, 0x01},
		{portPIC2, 0x11}, {portPIC2 + 1, 0x70}, {portPIC2 + 1, 2}, {portPIC2 + 1, 0x01},
		{portPIC1 + 1, 0xff &^ (1<<0 | 1<<1 | 1<<2 | 1<<6)},
		{portPIC2 + 1, 0xff &^ (1<<5 | 1<<6 | 1<<7)},
	} {
		b.out(w.port, w.v)
	}
}

// initPIT starts channel 0 at 1193182/65536 Hz in mode 3 and gives channels 1
// and 2 the modes that AT software expects (8254 data sheet).
func (b *BIOS) initPIT() {
	b.out(portPITMode, 0x36)
	b.out(portPIT0, 0)
	b.out(portPIT0, 0)
	b.out(portPITMode, 0x54)
	b.out(portPIT0+1, 18)
	b.out(portPITMode, 0xb6)
	b.out(portPIT0+2, 0)
	b.out(portPIT0+2, 0)
	b.out(portPortB, b.in(portPortB)&^3)
}

// initBDA fills what other parts of POST do not.
func (b *BIOS) initBDA() {
	b.setBDAWord(bdaEBDA, ebdaBase>>4)
	b.setBDAWord(bdaMemory, ebdaBase>>10)
	equipment := uint16(1<<1 | 2<<4) // coprocessor, 80x25 colour
	if n := len(b.floppy); n > 0 {
		equipment |= 1 | uint16(n-1)<<6
	}
	coms := uint16(0)
	for _, port := range []uint16{portCOM1, portCOM2} {
		if b.uartAt(port) {
			b.setBDAWord(bdaCOM+2*uint32(coms), port)
			b.setBDAByte(bdaCOMTimeout+uint32(coms), 1)
			coms++
		}
	}
	b.setBDAWord(bdaEquipment, equipment|coms<<9)
	b.mem.Write(bdaBase+bdaLPTTimeout, []byte{0x14, 0x14, 0x14, 0})
}

// uartAt tells whether a UART's scratch register keeps a value (16550A).
func (b *BIOS) uartAt(port uint16) bool {
	const scr = 7
	old := b.in(port + scr)
	b.out(port+scr, 0x5a)
	ok := b.in(port+scr) == 0x5a
	b.out(port+scr, old)
	return ok
}

// initKeyboard sets the 8042's command byte: interrupts of the keyboard on,
// mouse off, translation to scan code set 1. The keyboard scans after its
// self-test; nothing is sent to it whose answer would come later, as time stands
// while a service runs: a system that never reads port 60h before it waits for
// IRQ 1 finds an empty output buffer.
func (b *BIOS) initKeyboard() {
	b.setBDAWord(bdaKbdHead, bdaKbdBuffer)
	b.setBDAWord(bdaKbdTail, bdaKbdBuffer)
	b.setBDAWord(bdaKbdStart, bdaKbdBuffer)
	b.setBDAWord(bdaKbdEnd, bdaKbdBuffer+32)
	b.setBDAByte(bdaKbdMode, kbd101)
	b.drainKeyboard()
	b.out(portKbd, 0x60)
	b.out(portKbdData, 0x65)
	b.out(portKbd, 0xae)
	b.drainKeyboard()
}

// drainKeyboard empties the 8042's output buffer, with a bound in case that
// nothing is there and the port floats high.
func (b *BIOS) drainKeyboard() {
	for i := 0; i < 32 && b.in(portKbd)&1 != 0; i++ {
		b.in(portKbdData)
	}
}

func (b *BIOS) cmos(n uint8) uint8 {
	b.out(portCMOS, n)
	return b.in(portCMOSData)
}

func (b *BIOS) setCMOS(n, v uint8) {
	b.out(portCMOS, n)
	b.out(portCMOSData, v)
}

// initRTC sets the clock chip's usual rates without touching the time, and the
// tick count from the time of day.
func (b *BIOS) initRTC() {
	b.setCMOS(rtcA, 0x26)
	b.setCMOS(rtcB, b.cmos(rtcB)&(rtcBinary|rtcDST)|rtc24h)
	b.cmos(rtcC)
	b.cmos(rtcD)
	seconds := uint64(b.rtcValue(rtcHours))*3600 + uint64(b.rtcValue(rtcMinutes))*60 + uint64(b.rtcValue(rtcSeconds))
	b.setBDADword(bdaTicks, uint32(seconds*1193182/65536)%ticksPerDay)
}
