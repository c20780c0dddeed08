package bios

// Status bits of the 8042 (port 64h).
const (
	kbdOBF = 1 << 0
	kbdAux = 1 << 5
)

// Bits of ebdaMouseSize.
const (
	mouseHandler = 1 << 7
	mouseStream  = 1 << 6
)

// mouseCommand sends a byte to the mouse (8042 command D4h). Its answer comes
// as an interrupt and is dropped there: services do not wait.
func (b *BIOS) mouseCommand(v uint8) {
	b.out(portKbd, 0xd4)
	b.out(portKbdData, v)
}

// pointing is INT 15h, AH=C2h, the PS/2 pointing device interface.
func (b *BIOS) pointing(f *frame) {
	al, bh := f.ax.l(), f.bx.h()
	f.ok()
	switch {
	case al == 0x00 && bh == 0:
		b.setStream(false)
	case al == 0x00 && bh == 1:
		if b.mouseByte(ebdaMouseSize)&mouseHandler == 0 {
			f.fail(0x05) // no handler yet
			return
		}
		b.setStream(true)
	case al == 0x01:
		b.setStream(false)
		b.mouseCommand(0xff)
		f.bx.setX(0x00aa)
	case al == 0x02 && bh <= 6:
		b.mouseCommand(0xf3)
		b.mouseCommand([...]uint8{10, 20, 40, 60, 80, 100, 200}[bh])
	case al == 0x03 && bh <= 3:
		b.mouseCommand(0xe8)
		b.mouseCommand(bh)
	case al == 0x04:
		f.bx.setH(0) // a mouse of three-byte packets
	case al == 0x05 && bh >= 1 && bh <= 8:
		b.setStream(false)
		size := b.mouseByte(ebdaMouseSize)&^7 | (bh - 1)
		b.setByteAt(ebdaBase+ebdaMouseSize, size)
		b.mouseCommand(0xf6)
	case al == 0x06 && bh == 0:
		f.bx.setL(b.mouseByte(ebdaMouseSize) & mouseStream >> 1)
		f.cx.setL(2)
		f.dx.setL(100)
	case al == 0x06 && bh <= 2:
		b.mouseCommand(0xe5 + bh)
	case al == 0x07:
		b.setHandler(f.es, f.bx.x())
	default:
		f.fail(0x01)
	}
}

func (b *BIOS) mouseByte(off uint32) uint8 { return b.byteAt(ebdaBase + off) }

// setStream starts or stops the packets. The 8042's command byte lets IRQ 12
// through meanwhile.
func (b *BIOS) setStream(on bool) {
	state := b.mouseByte(ebdaMouseSize) &^ mouseStream
	b.setByteAt(ebdaBase+ebdaMouseIndex, 0)
	command, mouse := uint8(0x65), uint8(0xf5)
	if on {
		state |= mouseStream
		command, mouse = 0x47, 0xf4
	}
	b.setByteAt(ebdaBase+ebdaMouseSize, state)
	if !on {
		b.mouseCommand(mouse)
	}
	b.out(portKbd, 0x60)
	b.out(portKbdData, command)
	if on {
		b.unmaskIRQ(12)
		b.mouseCommand(mouse)
	}
}

func (b *BIOS) setHandler(seg, off uint16) {
	b.setDwordAt(ebdaBase+ebdaMouseHandler, uint32(seg)<<16|uint32(off))
	state := b.mouseByte(ebdaMouseSize) &^ mouseHandler
	if seg|off != 0 {
		state |= mouseHandler
	}
	b.setByteAt(ebdaBase+ebdaMouseSize, state)
}

// mouseIRQ is IRQ 12: collects a packet of three bytes and hands it to the ROM,
// which calls the handler (AH=1). The acknowledge of the command that started
// the stream is FAh where a packet would begin; a real packet that begins so
// overflows in both directions.
func (b *BIOS) mouseIRQ(f *frame) {
	f.ax.setH(0)
	defer b.endIRQ(12)
	if b.in(portKbd)&(kbdOBF|kbdAux) != kbdOBF|kbdAux {
		return
	}
	v := b.in(portKbdData)
	state := b.mouseByte(ebdaMouseSize)
	i := b.mouseByte(ebdaMouseIndex)
	if state&(mouseStream|mouseHandler) != mouseStream|mouseHandler || i > 2 || i == 0 && v == 0xfa {
		return
	}
	b.setByteAt(ebdaBase+ebdaMousePacket+uint32(i), v)
	b.setByteAt(ebdaBase+ebdaMouseIndex, (i+1)%3)
	if i < 2 {
		return
	}
	var p [3]byte
	b.mem.Read(ebdaBase+ebdaMousePacket, p[:])
	at := b.dwordAt(ebdaBase + ebdaMouseHandler)
	f.bx.setX(uint16(p[0]))
	f.cx.setX(uint16(p[1]))
	f.dx.setX(uint16(p[2]))
	f.ds = uint16(at >> 16)
	f.si.setX(uint16(at))
	f.ax.setH(1)
}
