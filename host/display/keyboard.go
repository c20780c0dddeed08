package display

// KeyEvent is a key going down or up. Code is its make code in scan code set 1;
// E0xxh stands for a key with the prefix E0h.
type KeyEvent struct {
	Code uint16
	Down bool
}

// Make codes of set 1 that are named here.
const (
	keyEscape      = 0x01
	keyBackspace   = 0x0e
	keyTab         = 0x0f
	keyEnter       = 0x1c
	keyLeftControl = 0x1d
	keyLeftShift   = 0x2a
	keyLeftAlt     = 0x38
	keySpace       = 0x39
	keyKeypad5     = 0x4c
	keyKeypadEnter = 0xe01c
	keyHome        = 0xe047
	keyUp          = 0xe048
	keyPageUp      = 0xe049
	keyLeft        = 0xe04b
	keyRight       = 0xe04d
	keyEnd         = 0xe04f
	keyDown        = 0xe050
	keyPageDown    = 0xe051
	keyInsert      = 0xe052
	keyDelete      = 0xe053
)

// functionKeys is F1 to F12.
var functionKeys = [12]uint16{0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x44, 0x57, 0x58}

// modifiers are the keys held while another is struck, with the bits of xterm's
// modifier parameter less one.
type modifiers uint8

const (
	shift   modifiers = 1 << 0
	alt     modifiers = 1 << 1
	control modifiers = 1 << 2
)

var modifierKeys = []struct {
	bit  modifiers
	code uint16
}{{control, keyLeftControl}, {alt, keyLeftAlt}, {shift, keyLeftShift}}

// stroke is a key struck with modifiers; code 0 is no key.
type stroke struct {
	code uint16
	with modifiers
}

// asciiKeys is the US layout: where each ASCII code is.
var asciiKeys = layout()

// layout lists the keys in the order of their make codes, row by row: plain
// above, shifted below.
func layout() (keys [128]stroke) {
	for _, row := range []struct {
		first          uint16
		plain, shifted string
	}{
		{0x02, "1234567890-=", "!@#$%^&*()_+"},
		{0x10, "qwertyuiop[]", "QWERTYUIOP{}"},
		{0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~"},
		{0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?"},
	} {
		for i := range len(row.plain) {
			code := row.first + uint16(i)
			keys[row.plain[i]] = stroke{code, 0}
			keys[row.shifted[i]] = stroke{code, shift}
		}
	}
	for letter := byte('a'); letter <= 'z'; letter++ {
		keys[letter-'a'+1] = stroke{keys[letter].code, control}
	}
	keys[' '] = stroke{keySpace, 0}
	keys[0x00] = stroke{keySpace, control}
	keys[0x1c] = stroke{keys['\\'].code, control}
	keys[0x1d] = stroke{keys[']'].code, control}
	keys[0x1e] = stroke{keys['6'].code, control | shift}
	keys[0x1f] = stroke{keys['-'].code, control | shift}
	// Keys of their own win over the letters that send the same codes.
	keys['\b'] = stroke{keyBackspace, 0}
	keys[0x7f] = stroke{keyBackspace, 0}
	keys['\t'] = stroke{keyTab, 0}
	keys['\r'] = stroke{keyEnter, 0}
	keys['\n'] = stroke{keyEnter, 0}
	keys[0x1b] = stroke{keyEscape, 0}
	return keys
}

// CtrlAltDelete is the one combination that no terminal sends.
func CtrlAltDelete() []KeyEvent {
	return strike(nil, stroke{keyDelete, control | alt})
}

func strike(events []KeyEvent, s stroke) []KeyEvent {
	for _, m := range modifierKeys {
		if s.with&m.bit != 0 {
			events = append(events, KeyEvent{m.code, true})
		}
	}
	events = append(events, KeyEvent{s.code, true}, KeyEvent{s.code, false})
	for i := len(modifierKeys) - 1; i >= 0; i-- {
		if m := modifierKeys[i]; s.with&m.bit != 0 {
			events = append(events, KeyEvent{m.code, false})
		}
	}
	return events
}

// maxSequence bounds a control sequence; longer ones are dropped.
const maxSequence = 32

// Keyboard turns what a terminal sends into strokes on a US keyboard. The zero
// value is ready.
type Keyboard struct {
	pending []byte // a control sequence whose end is still to come
}

// Feed takes what was read from the terminal in one go. The end of a chunk
// stands in for a timeout: a terminal sends the bytes of one key together, so
// ESC as the last byte is the Escape key, and ESC [ and ESC O as the last two
// are Alt with that key. Otherwise ESC starts a control sequence, or stands for
// Alt with the character after it. Each stroke gives the modifiers down, key
// down, key up, modifiers up. What is no key of a US keyboard is left out.
func (k *Keyboard) Feed(chunk []byte) []KeyEvent {
	var events []KeyEvent
	in := append(k.pending, chunk...)
	k.pending = nil
	for len(in) > 0 {
		s, n := next(in)
		if n == 0 { // incomplete
			if len(in) < maxSequence {
				k.pending = append([]byte(nil), in...)
			}
			break
		}
		if s.code != 0 {
			events = strike(events, s)
		}
		in = in[n:]
	}
	return events
}

// next takes one key from the start of in, n bytes long; 0 asks for more.
func next(in []byte) (s stroke, n int) {
	if in[0] != 0x1b {
		return ascii(in[0]), 1
	}
	if len(in) == 1 {
		return stroke{keyEscape, 0}, 1
	}
	switch {
	case in[1] == 0x1b:
		return afterEscapes(in)
	case in[1] == '[' && len(in) > 2:
		return csi(in)
	case in[1] == 'O' && len(in) > 2:
		if code := letterKey(in[2]); code != 0 {
			return stroke{code, 0}, 3
		}
	}
	s = ascii(in[1])
	s.with |= alt
	return s, 2
}

// afterEscapes serves ESC ESC: Alt with a key that sends a sequence of its own
// (rxvt), or else the Escape key, and the second ESC starts anew.
func afterEscapes(in []byte) (s stroke, n int) {
	if len(in) > 3 && (in[2] == '[' || in[2] == 'O') {
		s, n = next(in[1:])
		if n == 0 {
			return s, 0
		}
		s.with |= alt
		return s, n + 1
	}
	return stroke{keyEscape, 0}, 1
}

func ascii(b byte) stroke {
	if b >= 0x80 {
		return stroke{}
	}
	return asciiKeys[b]
}

// csi takes ESC [ parameters final (ECMA-48, 5.4), at least three bytes.
func csi(in []byte) (s stroke, n int) {
	if in[2] == '[' { // the Linux console's F1-F5: ESC [ [ A-E
		if len(in) == 3 {
			return stroke{}, 0
		}
		if in[3] >= 'A' && in[3] <= 'E' {
			return stroke{functionKeys[in[3]-'A'], 0}, 4
		}
		return stroke{}, 4
	}
	var parameters [2]int
	count := 0
	for i, b := range in[2:] {
		switch {
		case b >= '0' && b <= '9':
			if count < len(parameters) {
				parameters[count] = min(parameters[count]*10+int(b-'0'), 999)
			}
		case b == ';':
			count++
		case b >= 0x40 && b <= 0x7e:
			return csiKey(b, parameters), i + 3
		case b < 0x20 || b > 0x7e: // not a sequence after all
			return stroke{}, i + 2
		}
	}
	return stroke{}, 0
}

// csiKey is xterm's and VT220's meaning of a sequence; the second parameter is
// one more than the modifiers.
func csiKey(final byte, parameters [2]int) (s stroke) {
	if m := parameters[1] - 1; m > 0 {
		s.with = modifiers(m) & (shift | alt | control)
	}
	switch final {
	case '~':
		s.code = tildeKey(parameters[0])
	case 'Z':
		s.code = keyTab
		s.with |= shift
	default:
		s.code = letterKey(final)
	}
	return s
}

func letterKey(final byte) uint16 {
	switch final {
	case 'A':
		return keyUp
	case 'B':
		return keyDown
	case 'C':
		return keyRight
	case 'D':
		return keyLeft
	case 'E':
		return keyKeypad5
	case 'F':
		return keyEnd
	case 'H':
		return keyHome
	case 'M':
		return keyKeypadEnter
	case 'P', 'Q', 'R', 'S':
		return functionKeys[final-'P']
	}
	return 0
}

// tildeKey is ESC [ n ~.
func tildeKey(n int) uint16 {
	switch {
	case n == 1 || n == 7:
		return keyHome
	case n == 2:
		return keyInsert
	case n == 3:
		return keyDelete
	case n == 4 || n == 8:
		return keyEnd
	case n == 5:
		return keyPageUp
	case n == 6:
		return keyPageDown
	case n >= 11 && n <= 15:
		return functionKeys[n-11]
	case n >= 17 && n <= 21:
		return functionKeys[n-17+5]
	case n == 23 || n == 24:
		return functionKeys[n-23+10]
	}
	return 0
}
