package bios

// Bits of bdaShift (40:17h) and bdaShift+1 (40:18h).
const (
	shiftRight  = 1 << 0
	shiftLeft   = 1 << 1
	shiftCtrl   = 1 << 2
	shiftAlt    = 1 << 3
	lockScroll  = 1 << 4
	lockNum     = 1 << 5
	lockCaps    = 1 << 6
	stateInsert = 1 << 7

	heldLeftCtrl = 1 << 0
	heldLeftAlt  = 1 << 1
	heldSysRq    = 1 << 2
)

// Bits of bdaKbdMode (40:96h).
const (
	kbdLastE1   = 1 << 0
	kbdLastE0   = 1 << 1
	kbdRightCtl = 1 << 2
	kbdRightAlt = 1 << 3
	kbd101      = 1 << 4
)

// What keyboardIRQ answers in AH for the ROM to call.
const (
	keyNothing  = 0
	keyBreak    = 1 // INT 1Bh
	keyPrint    = 2 // INT 05h
	keySysRq    = 3 // INT 15h, AX=8500h
	keySysRqOff = 4 // INT 15h, AX=8501h
)

// keyboardIRQ is the part of IRQ 1 that is not hardware: AL is a scan code of
// set 1, which goes to the shift state or, as a key, to the buffer.
func (b *BIOS) keyboardIRQ(f *frame) {
	code := f.ax.l()
	f.ax.setH(keyNothing)
	mode := b.bdaByte(bdaKbdMode)
	switch {
	case code == 0xe0:
		b.setBDAByte(bdaKbdMode, mode|kbdLastE0)
		return
	case code == 0xe1:
		b.setBDAByte(bdaKbdMode, mode|kbdLastE1)
		return
	case mode&kbdLastE1 != 0:
		// Pause: E1 1D 45 and E1 9D C5. It does nothing here.
		if code&0x7f == 0x45 {
			b.setBDAByte(bdaKbdMode, mode&^kbdLastE1)
		}
		return
	case code == 0xfa || code == 0xfe || code == 0xff || code == 0x00:
		return // answers to commands, overrun
	}
	grey := mode&kbdLastE0 != 0
	b.setBDAByte(bdaKbdMode, mode&^kbdLastE0)
	scan, down := code&0x7f, code&0x80 == 0
	if b.modifier(scan, down, grey) {
		return
	}
	if answer := b.specialKey(scan, down, grey); answer != keyNothing {
		f.ax.setH(answer)
		return
	}
	if down {
		b.keyDown(scan, grey)
	}
}

// change sets or clears bits of a BDA byte.
func (b *BIOS) change(off uint32, bits uint8, on bool) {
	v := b.bdaByte(off) &^ bits
	if on {
		v |= bits
	}
	b.setBDAByte(off, v)
}

// modifier follows the shift and lock keys; true where scan is one.
func (b *BIOS) modifier(scan uint8, down, grey bool) bool {
	switch scan {
	case 0x2a, 0x36:
		bit := uint8(shiftLeft)
		if scan == 0x36 {
			bit = shiftRight
		}
		if !grey { // E0 2A and E0 36 wrap cursor keys: no key of their own
			b.change(bdaShift, bit, down)
		}
	case 0x1d:
		if grey {
			b.change(bdaKbdMode, kbdRightCtl, down)
		} else {
			b.change(bdaShift+1, heldLeftCtrl, down)
		}
		b.change(bdaShift, shiftCtrl, b.bdaByte(bdaShift+1)&heldLeftCtrl != 0 || b.bdaByte(bdaKbdMode)&kbdRightCtl != 0)
	case 0x38:
		if grey {
			b.change(bdaKbdMode, kbdRightAlt, down)
		} else {
			b.change(bdaShift+1, heldLeftAlt, down)
		}
		b.change(bdaShift, shiftAlt, b.bdaByte(bdaShift+1)&heldLeftAlt != 0 || b.bdaByte(bdaKbdMode)&kbdRightAlt != 0)
		if !down {
			b.altNumber()
		}
	case 0x3a:
		b.lock(lockCaps, down)
	case 0x45:
		b.lock(lockNum, down)
	case 0x46:
		if grey || b.bdaByte(bdaShift)&shiftCtrl != 0 {
			return false // Break
		}
		b.lock(lockScroll, down)
	default:
		return false
	}
	return true
}

// lock toggles a lock at the press; 40:18h has the same bit while it is held,
// so that the keyboard's repetition does not toggle again.
func (b *BIOS) lock(bit uint8, down bool) {
	held := b.bdaByte(bdaShift+1)&bit != 0
	if down && !held {
		b.setBDAByte(bdaShift, b.bdaByte(bdaShift)^bit)
		b.change(bdaKbdLEDs, 7, false)
		b.change(bdaKbdLEDs, b.bdaByte(bdaShift)>>4&7, true)
	}
	b.change(bdaShift+1, bit, down)
}

// altNumber ends Alt with digits of the keypad: the number is a character.
func (b *BIOS) altNumber() {
	if n := b.bdaByte(bdaAltPad); n != 0 {
		b.setBDAByte(bdaAltPad, 0)
		b.putKey(uint16(n))
	}
}

// specialKey finds the keys that call an interrupt.
func (b *BIOS) specialKey(scan uint8, down, grey bool) uint8 {
	shift := b.bdaByte(bdaShift)
	switch {
	case scan == 0x46 && down:
		b.setBDAByte(bdaBreak, b.bdaByte(bdaBreak)|0x80)
		b.setBDAWord(bdaKbdHead, b.bdaWord(bdaKbdStart))
		b.setBDAWord(bdaKbdTail, b.bdaWord(bdaKbdStart))
		b.putKey(0)
		return keyBreak
	case scan == 0x37 && grey && down && shift&(shiftCtrl|shiftAlt) == 0:
		return keyPrint
	case scan == 0x54:
		was := b.bdaByte(bdaShift+1)&heldSysRq != 0
		b.change(bdaShift+1, heldSysRq, down)
		if down && !was {
			return keySysRq
		}
		if !down {
			return keySysRqOff
		}
	}
	return keyNothing
}

// keyDown translates a key and puts it in the buffer. One that does not fit is
// lost.
func (b *BIOS) keyDown(scan uint8, grey bool) {
	shift := b.bdaByte(bdaShift)
	if scan == 0x52 && shift&(shiftCtrl|shiftAlt) == 0 && (grey || shift&lockNum == 0) {
		b.setBDAByte(bdaShift, shift^stateInsert)
	}
	if n, ok := padDigit(scan); ok && !grey && shift&shiftAlt != 0 && shift&shiftCtrl == 0 {
		b.setBDAByte(bdaAltPad, b.bdaByte(bdaAltPad)*10+n)
		return
	}
	key := translate(scan, shift, grey)
	if key != 0 {
		b.putKey(key)
	}
}
