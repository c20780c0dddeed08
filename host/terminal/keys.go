package terminal

import (
	"fmt"
	"strings"
)

// Escape is the byte that makes the next key a command to the emulator, or
// NoEscape. The zero value is NUL, Ctrl-@.
type Escape int

// CtrlA is the usual escape, NoEscape lets every byte through to the guest.
const (
	CtrlA    Escape = 0x01
	NoEscape Escape = -1
)

// ParseEscape reads "none", a letter or ^ and a character for that key with
// Ctrl, or any other character for itself. The error is one line that says what
// is allowed.
func ParseEscape(s string) (Escape, error) {
	letter := len(s) == 1 && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z')
	switch {
	case s == "none":
		return NoEscape, nil
	case letter:
		return Escape(s[0] & 0x1f), nil
	case len(s) == 2 && s[0] == '^' && s[1]|0x20 >= 'a' && s[1]|0x20 <= 'z', len(s) == 2 && s[0] == '^' && s[1] >= 0x5b && s[1] <= 0x5f:
		return Escape(s[1] & 0x1f), nil
	case len(s) == 1 && s[0] > ' ' && s[0] < 0x7f && (s[0] < '0' || s[0] > '9'):
		return Escape(s[0]), nil
	}
	return NoEscape, fmt.Errorf("%q is no escape; write a letter for Ctrl and that letter, ^] for Ctrl and another key, a sign such as ~, or none", s)
}

// String is how the key is called: "Ctrl-A", "~" or "none".
func (e Escape) String() string {
	switch {
	case e < 0:
		return "none"
	case e < 0x20:
		return fmt.Sprintf("Ctrl-%c", e+0x40)
	}
	return fmt.Sprintf("%c", rune(e))
}

// Action is what a key after the escape asks for.
type Action int

// The actions. NoAction is the zero value.
const (
	NoAction    Action = iota
	Quit               // end the run
	Help               // print HelpText
	PowerButton        // press the power button
	Reset              // press the reset button
)

// keys is the table of commands. It is in the order of the help text.
var keys = []struct {
	key    byte
	action Action
	help   string
}{
	{'h', Help, "this list"},
	{'x', Quit, "quit"},
	{'p', PowerButton, "press the power button"},
	{'r', Reset, "press the reset button"},
	{'a', NoAction, "send a %s to the guest"},
}

// HelpText lists the keys, one a line.
func HelpText(e Escape) string {
	var b strings.Builder
	for _, k := range keys {
		help := k.help
		if k.action == NoAction {
			help = fmt.Sprintf(help, e)
		}
		fmt.Fprintf(&b, "%s %c  %s\n", e, k.key-'a'+'A', help)
	}
	return b.String()
}

// Filter takes the commands out of what was typed. Its escape is set
// before the first byte.
type Filter struct {
	Escape  Escape
	escaped bool
}

// Next takes one byte. ok says that guest is a byte for the guest; action is
// NoAction or a command. Never both. The escape with a key that means nothing is
// swallowed, key and all; a second escape is sent, as the escape with A is.
func (f *Filter) Next(b byte) (guest byte, ok bool, action Action) {
	if !f.escaped {
		f.escaped = Escape(b) == f.Escape
		return b, !f.escaped, NoAction
	}
	f.escaped = false
	if Escape(b) == f.Escape {
		return b, true, NoAction
	}
	for _, k := range keys {
		if b|0x20 != k.key {
			continue
		}
		if k.action == NoAction {
			return byte(f.Escape), true, NoAction
		}
		return 0, false, k.action
	}
	return 0, false, NoAction
}

// Split is Next over a chunk: the bytes for the guest, and the actions in the
// order in which they were asked for.
func (f *Filter) Split(in []byte) (guest []byte, actions []Action) {
	for _, b := range in {
		g, ok, action := f.Next(b)
		if ok {
			guest = append(guest, g)
		}
		if action != NoAction {
			actions = append(actions, action)
		}
	}
	return guest, actions
}
