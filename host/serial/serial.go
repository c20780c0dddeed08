// Package serial holds the host's ends of a serial or debug port: standard
// output, a file, nothing, and a watch for a text that the guest prints.
package serial

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"ringzero/bus"
)

// Sink takes a port's output. Send never fails: what can't be written is lost,
// and Flush tells of it.
type Sink interface {
	bus.CharSink
	// Flush writes what is buffered and returns the first error of this sink.
	// The run loop calls it regularly and before it waits.
	Flush() error
	// Close flushes and releases. Nothing may be sent afterwards.
	Close() error
}

// Kind is the sort of back end.
type Kind int

// The kinds. None is the zero value.
const (
	None Kind = iota
	Stdio
	File
)

// Spec is a parsed back end.
type Spec struct {
	Kind Kind
	Path string // of a File
}

// Parse reads "stdio", "none" or "file:PATH". The error is one line that says
// what is allowed.
func Parse(s string) (Spec, error) {
	switch s {
	case "stdio":
		return Spec{Kind: Stdio}, nil
	case "none":
		return Spec{Kind: None}, nil
	}
	path, isFile := strings.CutPrefix(s, "file:")
	if !isFile {
		return Spec{}, fmt.Errorf("serial: %q is not known; use stdio, none or file:PATH", s)
	}
	if path == "" {
		return Spec{}, errors.New("serial: file: needs a path after the colon")
	}
	return Spec{Kind: File, Path: path}, nil
}

// String is the form that Parse reads.
func (s Spec) String() string {
	switch s.Kind {
	case Stdio:
		return "stdio"
	case File:
		return "file:" + s.Path
	}
	return "none"
}

// Open makes the sink. A Stdio sink writes to stdout and leaves it open at the
// end; a file is created, or emptied where it exists.
func (s Spec) Open(stdout io.Writer) (Sink, error) {
	switch s.Kind {
	case Stdio:
		return NewWriter(stdout), nil
	case File:
		f, err := os.Create(s.Path)
		if err != nil {
			return nil, fmt.Errorf("serial: %w", err)
		}
		w := NewWriter(f)
		w.closer = f
		return w, nil
	}
	return nowhere{}, nil
}

type nowhere struct{}

func (nowhere) Send(byte)    {}
func (nowhere) Flush() error { return nil }
func (nowhere) Close() error { return nil }
