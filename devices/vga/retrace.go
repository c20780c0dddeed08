package vga

// The two crystals of a VGA, in kHz, picked by bits 2 and 3 of the
// miscellaneous output register; the external clocks are not connected and
// count as the first.
var dotClocks = [4]uint64{25175, 28322, 25175, 25175}

// status1 is input status 1: bit 0 outside the displayed part of a line or
// frame, bit 3 during the vertical retrace. Both follow from the virtual time
// and the CRTC's registers alone.
func (v *VGA) status1() byte {
	line, character := v.beam()
	var value byte
	if character > uint64(v.s.CRTC[crtcHorizontalDisplayEnd]) || line > v.verticalDisplayEnd() {
		value |= statusDisplayDisabled
	}
	if v.inRetrace(line) {
		value |= statusVerticalRetrace | statusDisplayDisabled
	}
	return value
}

// beam is where the electron beam stands: the scan line and the character in
// it, both counted from the first displayed one.
func (v *VGA) beam() (line, character uint64) {
	c := &v.s.CRTC
	dots := uint64(9)
	if v.s.Sequencer[seqClockingMode]&clockDots8 != 0 {
		dots = 8
	}
	if v.s.Sequencer[seqClockingMode]&clockHalf != 0 {
		dots *= 2
	}
	perLine := (uint64(c[crtcHorizontalTotal]) + 5) * dots
	lines := v.overflowed(c[crtcVerticalTotal], 0, 5) + 2
	kHz := dotClocks[v.s.MiscOutput>>2&3]
	frame := perLine * lines * 1_000_000 / kHz // ns
	dot := v.clock.Now() % frame * kHz / 1_000_000
	return dot / perLine, dot % perLine / dots
}

// inRetrace compares as the hardware does: the retrace starts at a line and
// ends where the low four bits of the line counter equal the end register.
func (v *VGA) inRetrace(line uint64) bool {
	start := v.overflowed(v.s.CRTC[crtcVerticalRetraceStart], 2, 7)
	if line < start {
		return false
	}
	length := (uint64(v.s.CRTC[crtcVerticalRetraceEnd])-start-1)&0x0f + 1
	return line-start < length
}

// verticalDisplayEnd is the number of the last displayed scan line.
func (v *VGA) verticalDisplayEnd() uint64 {
	return v.overflowed(v.s.CRTC[crtcVerticalDisplayEnd], 1, 6)
}

// overflowed adds bits 8 and 9, which stand in the overflow register.
func (v *VGA) overflowed(low uint8, bit8, bit9 int) uint64 {
	o := uint64(v.s.CRTC[crtcOverflow])
	return uint64(low) | o>>bit8&1<<8 | o>>bit9&1<<9
}
