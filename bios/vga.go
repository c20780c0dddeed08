package bios

// VGA ports (IBM VGA technical reference).
const (
	portAttr     = 0x3c0
	portAttrRead = 0x3c1
	portMisc     = 0x3c2
	portEnable   = 0x3c3
	portSeq      = 0x3c4
	portDACMask  = 0x3c6
	portDACRead  = 0x3c7
	portDACWrite = 0x3c8
	portDACData  = 0x3c9
	portGC       = 0x3ce
	portStatus   = 0x3da // 3BAh in monochrome modes
)

// videoMode is what the chip wants for a mode of INT 10h, AH=00h.
type videoMode struct {
	number   uint8
	graphics bool
	columns  uint8
	rows     uint8
	height   uint8  // of a character
	pageSize uint16 // as the BDA has it
	misc     uint8
	seq      [4]uint8 // SR1 to SR4
	crtc     [25]uint8
	attr     [21]uint8
	gc       [9]uint8
}

var (
	attrColour = [21]uint8{0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0, 0x0f, 8, 0}
	attrMono   = [21]uint8{0, 8, 8, 8, 8, 8, 8, 8, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x0e, 0, 0x0f, 8, 0}
	attrEGA    = [21]uint8{0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 1, 0, 0x0f, 0, 0}
	attrLow    = [21]uint8{0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 0x0f, 0, 0}
	attrCGA    = [21]uint8{0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 3, 0, 0}
	attrMono6  = [21]uint8{0, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 1, 0, 1, 0, 0}
	attr256    = [21]uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 0x0f, 0, 0}

	gcText = [9]uint8{0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff}
	gcMono = [9]uint8{0, 0, 0, 0, 0, 0x10, 0x0a, 0, 0xff}
	gcEGA  = [9]uint8{0, 0, 0, 0, 0, 0, 0x05, 0x0f, 0xff}
	gcCGA  = [9]uint8{0, 0, 0, 0, 0, 0x30, 0x0f, 0, 0xff}
	gcCGA6 = [9]uint8{0, 0, 0, 0, 0, 0, 0x0d, 0, 0xff}
	gc256  = [9]uint8{0, 0, 0, 0, 0, 0x40, 0x05, 0x0f, 0xff}

	crtc40 = [25]uint8{0x2d, 0x27, 0x28, 0x90, 0x2b, 0xa0, 0xbf, 0x1f, 0, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x14, 0x1f, 0x96, 0xb9, 0xa3, 0xff}
	crtc80 = [25]uint8{0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff}
	crtc4  = [25]uint8{0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0, 0xc1, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x14, 0, 0x96, 0xb9, 0xa2, 0xff}
	crtc6  = [25]uint8{0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, 0xc1, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0, 0x96, 0xb9, 0xc2, 0xff}
	crtc0D = [25]uint8{0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x14, 0, 0x96, 0xb9, 0xe3, 0xff}
	crtc0E = [25]uint8{0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0, 0x96, 0xb9, 0xe3, 0xff}
	crtc10 = [25]uint8{0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, 0x40, 0, 0, 0, 0, 0, 0, 0x83, 0x85, 0x5d, 0x28, 0x0f, 0x63, 0xba, 0xe3, 0xff}
	crtc12 = [25]uint8{0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0, 0x40, 0, 0, 0, 0, 0, 0, 0xea, 0x8c, 0xdf, 0x28, 0, 0xe7, 0x04, 0xe3, 0xff}
	crtc13 = [25]uint8{0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, 0x41, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3, 0xff}
)

// videoModes are the modes that can be set. 0 to 3 and 7 are text.
var videoModes = [...]videoMode{
	{0x00, false, 40, 25, 16, 0x800, 0x67, [4]uint8{8, 3, 0, 2}, crtc40, attrColour, gcText},
	{0x01, false, 40, 25, 16, 0x800, 0x67, [4]uint8{8, 3, 0, 2}, crtc40, attrColour, gcText},
	{0x02, false, 80, 25, 16, 0x1000, 0x67, [4]uint8{0, 3, 0, 2}, crtc80, attrColour, gcText},
	{0x03, false, 80, 25, 16, 0x1000, 0x67, [4]uint8{0, 3, 0, 2}, crtc80, attrColour, gcText},
	{0x04, true, 40, 25, 8, 0x4000, 0x63, [4]uint8{9, 3, 0, 2}, crtc4, attrCGA, gcCGA},
	{0x05, true, 40, 25, 8, 0x4000, 0x63, [4]uint8{9, 3, 0, 2}, crtc4, attrCGA, gcCGA},
	{0x06, true, 80, 25, 8, 0x4000, 0x63, [4]uint8{1, 1, 0, 6}, crtc6, attrMono6, gcCGA6},
	{0x07, false, 80, 25, 16, 0x1000, 0x66, [4]uint8{0, 3, 0, 2}, crtc80, attrMono, gcMono},
	{0x0d, true, 40, 25, 8, 0x2000, 0x63, [4]uint8{9, 0xf, 0, 6}, crtc0D, attrLow, gcEGA},
	{0x0e, true, 80, 25, 8, 0x4000, 0x63, [4]uint8{1, 0xf, 0, 6}, crtc0E, attrLow, gcEGA},
	{0x10, true, 80, 25, 14, 0x8000, 0xa3, [4]uint8{1, 0xf, 0, 6}, crtc10, attrEGA, gcEGA},
	{0x12, true, 80, 30, 16, 0xa000, 0xe3, [4]uint8{1, 0xf, 0, 6}, crtc12, attrEGA, gcEGA},
	{0x13, true, 40, 25, 8, 0x2000, 0x63, [4]uint8{1, 0xf, 0, 0xe}, crtc13, attr256, gc256},
}

func findMode(n uint8) *videoMode {
	for i := range videoModes {
		if videoModes[i].number == n {
			return &videoModes[i]
		}
	}
	return nil
}

// indexed writes register i of a VGA part with an index and a data port.
func (b *BIOS) indexed(port uint16, i, v uint8) {
	b.out(port, i)
	b.out(port+1, v)
}

func (b *BIOS) readIndexed(port uint16, i uint8) uint8 {
	b.out(port, i)
	return b.in(port + 1)
}

// program writes a mode to the chip, screen off meanwhile.
func (b *BIOS) program(m *videoMode) {
	b.attrReset()
	b.out(portAttr, 0) // palette address source off: blank
	b.out(portEnable, 1)
	b.indexed(portSeq, 0, 1)
	b.out(portMisc, m.misc)
	for i, v := range m.seq {
		b.indexed(portSeq, uint8(i+1), v)
	}
	b.indexed(portSeq, 0, 3)
	crtc := uint16(0x3d4)
	if m.misc&1 == 0 {
		crtc = 0x3b4
	}
	b.indexed(crtc, 0x11, m.crtc[0x11]&^0x80) // unprotect 0 to 7
	for i, v := range m.crtc {
		b.indexed(crtc, uint8(i), v)
	}
	for i, v := range m.gc {
		b.indexed(portGC, uint8(i), v)
	}
	b.attrReset()
	for i, v := range m.attr {
		b.out(portAttr, uint8(i))
		b.out(portAttr, v)
	}
	b.loadDAC(m)
}

// screenOn ends the blanking of program.
func (b *BIOS) screenOn() {
	b.attrReset()
	b.out(portAttr, 0x20)
}

// attrReset makes the attribute controller expect an index. Both addresses of
// the status register are read: which one answers depends on the mode.
func (b *BIOS) attrReset() {
	b.in(portStatus)
	b.in(portStatus - 0x20)
}

// setAttr writes a register of the attribute controller and keeps the screen on.
func (b *BIOS) setAttr(i, v uint8) {
	b.attrReset()
	b.out(portAttr, i)
	b.out(portAttr, v)
	b.out(portAttr, 0x20)
	b.attrReset()
}

func (b *BIOS) attr(i uint8) uint8 {
	b.attrReset()
	b.out(portAttr, i)
	v := b.in(portAttrRead)
	b.screenOn()
	b.attrReset()
	return v
}

// loadDAC sets the colours: 64 of the EGA (bits 2-0 are R, G, B at two thirds,
// 5-3 at one third), or the 256 of mode 13h.
func (b *BIOS) loadDAC(m *videoMode) {
	b.out(portDACMask, 0xff)
	b.out(portDACWrite, 0)
	if m.number == 0x13 {
		for i := range 256 {
			r, g, bl := colour256(i)
			b.dacTriple(r, g, bl)
		}
		return
	}
	for i := range 64 {
		level := func(high, low uint) uint8 { return uint8(i>>high&1)*0x2a + uint8(i>>low&1)*0x15 }
		b.dacTriple(level(2, 5), level(1, 4), level(0, 3))
	}
}

func (b *BIOS) dacTriple(r, g, bl uint8) {
	b.out(portDACData, r)
	b.out(portDACData, g)
	b.out(portDACData, bl)
}

// colour256 is the default palette of mode 13h: the 16 colours, 16 greys, then
// three brightnesses of three saturations of 24 hues, then black.
func colour256(i int) (r, g, b uint8) {
	switch {
	case i < 16:
		bright := uint8(i >> 3 * 0x15)
		g = uint8(i>>1&1)*0x2a + bright
		if i == 6 {
			g = 0x15 // brown
		}
		return uint8(i>>2&1)*0x2a + bright, g, uint8(i&1)*0x2a + bright
	case i < 32:
		grey := [...]uint8{0, 5, 8, 11, 14, 17, 20, 24, 28, 32, 36, 40, 45, 50, 56, 63}[i-16]
		return grey, grey, grey
	case i >= 248:
		return 0, 0, 0
	}
	i -= 32
	top := [...]int{0x3f, 0x1c, 0x10}[i/72]
	low := top * [...]int{0, 31, 45}[i%72/24] / 63
	return hue(i%24+16, low, top), hue(i%24+8, low, top), hue(i%24, low, top)
}

// hue is one channel of a wheel of 24 steps: four up, eight high, four down,
// eight low, so that blue (step 0 of the palette) is high at step 0.
func hue(step, low, top int) uint8 {
	switch step %= 24; {
	case step <= 4 || step >= 20:
		return uint8(top)
	case step < 8:
		return uint8(top - (top-low)*(step-4)/4)
	case step <= 16:
		return uint8(low)
	}
	return uint8(low + (top-low)*(step-16)/4)
}

// loadFont copies count characters of height bytes to block of plane 2, from
// character first on; get gives a character's rows.
func (b *BIOS) loadFont(block uint8, first, count, height int, get func(i int) []byte) {
	seq2, seq4 := b.readIndexed(portSeq, 2), b.readIndexed(portSeq, 4)
	gc4, gc5, gc6 := b.readIndexed(portGC, 4), b.readIndexed(portGC, 5), b.readIndexed(portGC, 6)
	b.indexed(portSeq, 2, 4)
	b.indexed(portSeq, 4, 7)
	b.indexed(portGC, 4, 2)
	b.indexed(portGC, 5, 0)
	b.indexed(portGC, 6, 4)
	// Blocks 0 to 3 are 16 KiB apart, 4 to 7 lie between them.
	base := uint64(block&3)<<14 | uint64(block>>2&1)<<13
	for i := range count {
		at := videoBase + base + uint64((first+i)&0xff)<<5
		for row, v := range get(i) {
			if row < min(height, 32) {
				b.mem.Store(at+uint64(row), 1, uint64(v))
			}
		}
	}
	b.indexed(portSeq, 2, seq2)
	b.indexed(portSeq, 4, seq4)
	b.indexed(portGC, 4, gc4)
	b.indexed(portGC, 5, gc5)
	b.indexed(portGC, 6, gc6)
}

// loadROMFont loads one of the fonts in the ROM, of 8, 14 or 16 rows.
func (b *BIOS) loadROMFont(block uint8, height int) {
	at := int(b.romFont(height))
	b.loadFont(block, 0, 256, height, func(i int) []byte {
		return b.rom[at+i*height : at+(i+1)*height]
	})
}

func (b *BIOS) romFont(height int) uint16 {
	switch height {
	case 8:
		return b.layout.font8
	case 14:
		return b.layout.font14
	}
	return b.layout.font16
}
