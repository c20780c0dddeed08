package vga

// textMode is what a BIOS loads for mode 3: 80 by 25 cells of 9 by 16 dots in
// 16 colours at B8000h ([PS/2] "Video Subsystem", register values for mode 3+).
var textMode = struct {
	misc      uint8
	sequencer [5]uint8
	crtc      [25]uint8
	graphics  [9]uint8
	attribute [21]uint8
}{
	misc:      0x67,
	sequencer: [5]uint8{0x03, 0x00, 0x03, 0x00, 0x02},
	crtc: [25]uint8{
		0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f,
		0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00,
		0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
	},
	graphics: [9]uint8{0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff},
	attribute: [21]uint8{
		0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07,
		0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
		0x0c, 0x00, 0x0f, 0x08, 0x00,
	},
}

// SetTextMode is the BIOS's mode 3: registers, default palette, Font8x16 in
// font block 0, and an empty page of grey on black.
func (v *VGA) SetTextMode() {
	v.ProgramTextMode()
	for i := range uint16(0x4000) {
		cell := &v.s.Memory[v.displayOffset(i)]
		*cell = *cell&^0xffff | 0x0720
	}
	v.generation++
}

// ProgramTextMode is SetTextMode with the page left as it is (INT 10h with bit
// 7 of the mode set).
func (v *VGA) ProgramTextMode() {
	s := &v.s
	s.MiscOutput = textMode.misc
	s.Enable = 1
	s.Sequencer = textMode.sequencer
	s.CRTC = textMode.crtc
	s.Graphics = textMode.graphics
	s.Attribute = textMode.attribute
	s.AttributeIndex = attrPaletteAddressSource
	s.AttributeData = false
	s.PELMask = 0xff
	v.LoadPalette()
	v.LoadFont(0, 0, 16, Font8x16[:])
	v.derive()
}

// LoadPalette sets the first 64 DAC entries to the colours of an EGA monitor:
// bits 0-2 of the index are two thirds of blue, green and red, bits 3-5 a
// third.
func (v *VGA) LoadPalette() {
	for i := range 64 {
		for component := range 3 {
			major, minor := i>>(2-component)&1, i>>(5-component)&1
			v.s.DAC[i][component] = uint8(0x2a*major + 0x15*minor)
		}
	}
	v.generation++
}

// LoadFont writes glyphs of height bytes each into font block 0-7 of plane 2,
// from character first on. Glyphs past the last character are left out.
func (v *VGA) LoadFont(block, first, height int, glyphs []byte) {
	if height < 1 || height > 32 || block < 0 || block > 7 || first < 0 {
		panic("BUG: vga: no such font block, character or height")
	}
	// Blocks 4-7 lie between blocks 0-3 ([PS/2] "Character Map Select").
	base := block&3<<14 | block>>2<<13
	for i := range min(len(glyphs)/height, 256-first) {
		for line := range 32 {
			var bits uint32
			if line < height {
				bits = uint32(glyphs[i*height+line])
			}
			cell := &v.s.Memory[base+(first+i)*32+line]
			*cell = *cell&^0xff0000 | bits<<16
		}
	}
}
