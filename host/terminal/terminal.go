// Package terminal is the host's terminal as the guest's console: raw mode with
// a restore for every way out, a reader of standard input that works for pipes
// and files too, and the Ctrl-A keys that are meant for the emulator.
package terminal

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/term"
)

// Raw is a terminal in raw mode, or a stand-in for input that is no terminal.
type Raw struct {
	mu      sync.Mutex
	fd      int
	state   *term.State // nil: nothing to put back
	output  func()      // undoes what was done to the output console
	cleanup []func()
}

// MakeRaw takes in out of line editing, echo and signal keys: each key, Ctrl-C
// among them, then arrives as the bytes it sends. Line ends that the host
// prints still get their carriage return. For a file or pipe it does nothing
// and the result restores nothing. The caller must see to it that Restore runs
// on every way out.
func MakeRaw(in *os.File) (*Raw, error) {
	r := &Raw{fd: int(in.Fd()), output: func() {}}
	if !term.IsTerminal(r.fd) {
		return r, nil
	}
	state, err := term.MakeRaw(r.fd)
	if err != nil {
		return nil, fmt.Errorf("terminal: setting raw mode: %w", err)
	}
	r.state = state
	if err := keepOutputProcessing(r.fd); err != nil {
		r.Restore()
		return nil, fmt.Errorf("terminal: setting output mode: %w", err)
	}
	r.output = enableEscapes()
	return r, nil
}

// IsTerminal tells whether f is a terminal.
func IsTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Size is the number of columns and rows of the terminal that f is; ok is false
// where it is none.
func Size(f *os.File) (columns, rows int, ok bool) {
	columns, rows, err := term.GetSize(int(f.Fd()))
	return columns, rows, err == nil && columns > 0 && rows > 0
}

// IsTerminal tells whether the input is a terminal in raw mode; nil is none.
func (r *Raw) IsTerminal() bool { return r != nil && r.state != nil }

// OnRestore adds something that Restore does first, such as leaving the
// alternate screen. The last added runs first.
func (r *Raw) OnRestore(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanup = append(r.cleanup, f)
}

// Restore puts the terminal back as it was. Only the first call acts; it may be
// called from any goroutine, a signal handler's among them, and on nil.
func (r *Raw) Restore() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.cleanup) - 1; i >= 0; i-- {
		r.cleanup[i]()
	}
	r.cleanup = nil
	if r.state == nil {
		return
	}
	r.output()
	// There is nobody left to tell: the terminal may be gone (SIGHUP).
	_ = term.Restore(r.fd, r.state)
	r.state = nil
}
