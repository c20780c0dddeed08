package i8042

// Scan codes are those of TR, "101- and 102-key keyboards". A key is named by
// its make code of set 1, with the prefix E0h in the upper byte where it has
// one.
const (
	extended    = 0xe0
	breakPrefix = 0xf0 // sets 2 and 3
	breakBit    = 0x80 // set 1

	// KeyPrint and KeyPause send more than their code.
	KeyPrint = 0xe037
	KeyPause = 0xe11d

	keyCtrl       = 0x1d
	keyRightCtrl  = 0xe01d
	keyShift      = 0x2a
	keyRightShift = 0x36
	keyAlt        = 0x38
	keyRightAlt   = 0xe038
)

// set2to1 is the table in the controller's ROM for codes below 80h.
var set2to1 = [128]uint8{
	0x00: 0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
	0x10: 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
	0x20: 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
	0x30: 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
	0x40: 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
	0x50: 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
	0x60: 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
	0x70: 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
}

// Two codes above the table: F7, and Print with Alt.
const (
	set2F7    = 0x83
	set2SysRq = 0x84
)

// translation is what the controller makes of a byte of set 2.
func translation(v uint8) uint8 {
	switch {
	case v < 0x80:
		return set2to1[v]
	case v == set2F7:
		return 0x41
	case v == set2SysRq:
		return 0x54
	}
	return v
}

// set1to2 is the inverse for make codes below 80h; where two codes of set 2
// lead to one, a real keyboard sends that above the table.
var set1to2 = func() (t [128]uint8) {
	for v := 1; v < len(set2to1); v++ {
		t[set2to1[v]] = uint8(v)
	}
	t[0x41], t[0x54] = set2F7, set2SysRq
	return t
}()

// set3Differs holds the codes of set 3 that differ from those of set 2, for keys
// without a prefix in set 1.
var set3Differs = [128]uint8{
	0x01: 0x08, 0x1d: 0x11, 0x38: 0x19, 0x3a: 0x14, 0x2b: 0x5c, 0x56: 0x13, 0x45: 0x76, 0x46: 0x5f,
	0x3b: 0x07, 0x3c: 0x0f, 0x3d: 0x17, 0x3e: 0x1f, 0x3f: 0x27, 0x40: 0x2f, 0x41: 0x37, 0x42: 0x3f,
	0x43: 0x47, 0x44: 0x4f, 0x57: 0x56, 0x58: 0x5e, 0x37: 0x7e, 0x4a: 0x84, 0x4e: 0x7c, 0x54: 0x57,
}

// set3Extended holds the codes of set 3 for keys with the prefix.
var set3Extended = [128]uint8{
	0x1c: 0x79, 0x1d: 0x58, 0x35: 0x77, 0x37: 0x57, 0x38: 0x39, 0x47: 0x6e, 0x48: 0x63, 0x49: 0x6f,
	0x4b: 0x61, 0x4d: 0x6a, 0x4f: 0x65, 0x50: 0x60, 0x51: 0x6d, 0x52: 0x67, 0x53: 0x64, 0x5b: 0x8b,
	0x5c: 0x8c, 0x5d: 0x8d,
}

const set3Pause = 0x62

// set3Code is the code of a key in set 3, 0 for none.
func set3Code(key uint16) uint8 {
	low := uint8(key) & 0x7f
	if key == KeyPause {
		return set3Pause
	}
	if key>>8 == extended {
		return set3Extended[low]
	}
	if v := set3Differs[low]; v != 0 {
		return v
	}
	return set1to2[low]
}

// keyIndex numbers the keys: 0 to 127 without prefix, 128 to 255 with. false
// for what is no key.
func keyIndex(key uint16) (uint8, bool) {
	low := uint8(key)
	switch {
	case key == KeyPause:
		return 0, true
	case low == 0 || low >= 0x80 || set1to2[low] == 0:
		return 0, false
	case key>>8 == extended:
		return low | 0x80, true
	}
	return low, key>>8 == 0
}

// sequence is what the keyboard sends for a key in a scan set.
func (k *KeyboardState) sequence(key uint16, down bool) []uint8 {
	if k.Set == 3 {
		return k.sequence3(key, down)
	}
	switch key {
	case KeyPause:
		return k.pause(down)
	case KeyPrint:
		return k.print(down)
	}
	return k.code(key, down)
}

// code is a key by itself in set 1 or 2.
func (k *KeyboardState) code(key uint16, down bool) (out []uint8) {
	if key>>8 == extended {
		out = append(out, extended)
	}
	low := uint8(key)
	switch {
	case k.Set == 1 && down:
		return append(out, low)
	case k.Set == 1:
		return append(out, low|breakBit)
	case down:
		return append(out, set1to2[low])
	}
	return append(out, breakPrefix, set1to2[low])
}

// print is Print Screen: SysRq with Alt, else with a Shift of its own unless
// one is held.
func (k *KeyboardState) print(down bool) []uint8 {
	const sysRq, fakeShift = 0x54, extended<<8 | keyShift
	switch {
	case k.held(keyAlt) || k.held(keyRightAlt):
		return k.code(sysRq, down)
	case k.held(keyShift) || k.held(keyRightShift) || k.held(keyCtrl) || k.held(keyRightCtrl):
		return k.code(KeyPrint, down)
	case down:
		return append(k.code(fakeShift, true), k.code(KeyPrint, true)...)
	}
	return append(k.code(KeyPrint, false), k.code(fakeShift, false)...)
}

// pause sends make and break at once when it goes down; with Ctrl it is Break.
func (k *KeyboardState) pause(down bool) []uint8 {
	const prefix, numLock, brk = 0xe1, 0x45, extended<<8 | 0x46
	if !down {
		return nil
	}
	if k.held(keyCtrl) || k.held(keyRightCtrl) {
		return append(k.code(brk, true), k.code(brk, false)...)
	}
	out := append([]uint8{prefix}, k.code(keyCtrl, true)...)
	out = append(append(out, k.code(numLock, true)...), prefix)
	out = append(out, k.code(keyCtrl, false)...)
	return append(out, k.code(numLock, false)...)
}

func (k *KeyboardState) sequence3(key uint16, down bool) []uint8 {
	v := set3Code(key)
	switch {
	case v == 0 || !down && bit(k.NoBreak[:], v):
		return nil
	case down:
		return []uint8{v}
	}
	return []uint8{breakPrefix, v}
}

func bit(set []uint8, i uint8) bool { return set[i>>3]&(1<<(i&7)) != 0 }

func setBit(set []uint8, i uint8, on bool) {
	if on {
		set[i>>3] |= 1 << (i & 7)
	} else {
		set[i>>3] &^= 1 << (i & 7)
	}
}
