package terminal

import (
	"fmt"
	"strings"
)

// EscapeByte is Ctrl-A, which makes the next key a command to the emulator.
const EscapeByte = 0x01

// Action is what a key after Ctrl-A asks for.
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
	{'a', NoAction, "send a Ctrl-A to the guest"},
}

// HelpText lists the keys, one a line.
func HelpText() string {
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "Ctrl-A %c  %s\n", k.key-'a'+'A', k.help)
	}
	return b.String()
}

// Filter takes the commands out of what was typed. The zero value is ready.
type Filter struct {
	escaped bool
}

// Next takes one byte. ok says that guest is a byte for the guest; action is
// NoAction or a command. Never both. Ctrl-A with a key that means nothing is
// swallowed, key and all; a second Ctrl-A is sent, as Ctrl-A A is.
func (f *Filter) Next(b byte) (guest byte, ok bool, action Action) {
	if !f.escaped {
		f.escaped = b == EscapeByte
		return b, !f.escaped, NoAction
	}
	f.escaped = false
	if b == EscapeByte {
		return EscapeByte, true, NoAction
	}
	for _, k := range keys {
		if b|0x20 != k.key {
			continue
		}
		if k.action == NoAction {
			return EscapeByte, true, NoAction
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
