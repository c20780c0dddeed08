package display

import (
	"fmt"
	"strings"
)

// keyNames are the keys by name, beside the characters that they type.
var keyNames = map[string]uint16{
	"esc": keyEscape, "escape": keyEscape, "backspace": keyBackspace, "tab": keyTab, "enter": keyEnter, "return": keyEnter,
	"space": keySpace, "minus": 0x0c, "home": keyHome, "end": keyEnd, "pgup": keyPageUp, "pageup": keyPageUp,
	"pgdn": keyPageDown, "pagedown": keyPageDown, "up": keyUp, "down": keyDown, "left": keyLeft, "right": keyRight,
	"ins": keyInsert, "insert": keyInsert, "del": keyDelete, "delete": keyDelete,
	"f1": 0x3b, "f2": 0x3c, "f3": 0x3d, "f4": 0x3e, "f5": 0x3f, "f6": 0x40, "f7": 0x41, "f8": 0x42, "f9": 0x43, "f10": 0x44,
	"f11": 0x57, "f12": 0x58,
	"capslock": 0x3a, "numlock": 0x45, "scrolllock": 0x46, "print": 0xe037, "pause": 0xe11d, "menu": 0xe05d,
	"kp-enter": keyKeypadEnter, "ctrl": keyLeftControl, "alt": keyLeftAlt, "shift": keyLeftShift, "win": 0xe05b,
	"rctrl": 0xe01d, "ralt": 0xe038, "altgr": 0xe038, "rshift": 0x36,
}

var modifierNames = map[string]modifiers{"ctrl": control, "alt": alt, "shift": shift}

// Press gives the events of a stroke by name: the keys that are held, ctrl, alt
// and shift, and the one that is struck, with hyphens between, such as "enter",
// "f1", "ctrl-c", "ctrl-alt-del". A character stands for its key on a US keyboard,
// with shift where it wants that.
func Press(name string) ([]KeyEvent, error) {
	var with modifiers
	key := name
	for {
		before, after, ok := strings.Cut(key, "-")
		m, held := modifierNames[strings.ToLower(before)]
		if !ok || !held || after == "" {
			break
		}
		with |= m
		key = after
	}
	if code, ok := keyNames[strings.ToLower(key)]; ok {
		return strike(nil, stroke{code, with}), nil
	}
	if len(key) == 1 && key[0] > ' ' && key[0] < 0x7f {
		s := asciiKeys[key[0]]
		s.with |= with
		return strike(nil, s), nil
	}
	return nil, fmt.Errorf("%q is no key; it is a character or a name such as enter, esc, f1, up, del, with ctrl-, alt- or shift- before it", name)
}

// Type gives the events of a text, as somebody types it on a US keyboard. A
// newline is Enter; other control characters are Tab, Backspace, Escape and Ctrl
// with a letter. Characters beyond ASCII are an error.
func Type(text string) ([]KeyEvent, error) {
	var events []KeyEvent
	for _, r := range text {
		if r >= 0x80 {
			return nil, fmt.Errorf("%q can't be typed on a US keyboard", r)
		}
		events = strike(events, asciiKeys[r])
	}
	return events, nil
}
