package bios

// keyboard is INT 16h. AH=00h and 01h hide what old programs don't know; 10h
// and 11h tell all.
func (b *BIOS) keyboard(f *frame) {
	switch f.ax.h() {
	case 0x00, 0x10:
		key, ok := b.nextKey(f.ax.h() == 0x10)
		if !ok {
			f.status = statusWait
			return
		}
		b.dropKey()
		f.ax.setX(key)
	case 0x01, 0x11:
		key, ok := b.nextKey(f.ax.h() == 0x11)
		f.zero(!ok)
		if ok {
			f.ax.setX(key)
		}
	case 0x02:
		f.ax.setL(b.bdaByte(bdaShift))
	case 0x03:
		// Typematic rate: the keyboard keeps its own.
	case 0x05:
		f.ax.setL(0)
		if !b.putKey(f.cx.x()) {
			f.ax.setL(1)
		}
	case 0x09:
		f.ax.setL(0x20) // 10h, 11h and 12h
	case 0x0a:
		f.bx.setX(0x41ab) // a translated 101-key keyboard
	case 0x12:
		f.ax.setL(b.bdaByte(bdaShift))
		f.ax.setH(b.extendedShift())
	}
}

// extendedShift is AH of AH=12h: both sides of Ctrl and Alt, and the locks that
// are held.
func (b *BIOS) extendedShift() uint8 {
	held, mode := b.bdaByte(bdaShift+1), b.bdaByte(bdaKbdMode)
	return held&0x73 | held&4<<5 | mode&0x0c
}

// The buffer's bounds are in the BDA, so they are the guest's: they are used
// only where they make sense.
func (b *BIOS) keyBuffer() (start, end, head, tail uint16, ok bool) {
	start, end = b.bdaWord(bdaKbdStart), b.bdaWord(bdaKbdEnd)
	head, tail = b.bdaWord(bdaKbdHead), b.bdaWord(bdaKbdTail)
	in := func(p uint16) bool { return p >= start && p < end }
	return start, end, head, tail, start < end && in(head) && in(tail)
}

func (b *BIOS) advanceKey(p, start, end uint16) uint16 {
	if p += 2; p >= end {
		return start
	}
	return p
}

// putKey appends a key (scan code high, character low); false where full.
func (b *BIOS) putKey(key uint16) bool {
	start, end, head, tail, ok := b.keyBuffer()
	next := b.advanceKey(tail, start, end)
	if !ok || next == head {
		return false
	}
	b.setBDAWord(uint32(tail), key)
	b.setBDAWord(bdaKbdTail, next)
	return true
}

// nextKey is the oldest key. Without extended, keys that only 10h tells are
// dropped, and those with a plain twin become it.
func (b *BIOS) nextKey(extended bool) (key uint16, ok bool) {
	for range 1 << 15 { // a spoilt buffer could turn for ever
		_, _, head, tail, ok := b.keyBuffer()
		if !ok || head == tail {
			return 0, false
		}
		key = b.bdaWord(uint32(head))
		if extended {
			return key, true
		}
		if key, ok = plainKey(key); ok {
			return key, true
		}
		b.dropKey()
	}
	return 0, false
}

func (b *BIOS) dropKey() {
	start, end, head, _, ok := b.keyBuffer()
	if ok {
		b.setBDAWord(bdaKbdHead, b.advanceKey(head, start, end))
	}
}

// plainKey is what the keyboard of 84 keys would have sent; false for none.
func plainKey(key uint16) (uint16, bool) {
	scan, char := key>>8, key&0xff
	switch {
	case scan == 0xe0 && char == '/':
		return 0x3500 | char, true
	case scan == 0xe0:
		return 0x1c00 | char, true // the keypad's Enter
	case char == 0xe0 && scan != 0:
		return scan << 8, true // grey cursor keys
	case char == 0xf0 && scan != 0:
		return 0, false
	case char == 0 && scan > 0x84:
		return 0, false // F11, F12 and combinations
	}
	return key, true
}
