package debugger

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ringzero/debugger/explain"
)

// Session is a front end for people: it runs commands, one a line, and prints to a
// writer. It is used on one goroutine, which is not the machine's.
type Session struct {
	d     *Debugger
	w     io.Writer
	stops chan Stop
	last  string // what an empty line repeats
	at    uint64 // where a listing goes on
	shape shape  // in which x shows
	quit  bool
	// lines gives further lines of a command.
	lines func() (string, bool)
}

// NewSession makes a front end that prints to w.
func NewSession(d *Debugger, w io.Writer) *Session {
	s := &Session{d: d, w: w, stops: make(chan Stop, 16)}
	d.Subscribe(func(stop Stop) {
		select {
		case s.stops <- stop:
		default: // nobody waits for the others
		}
	})
	return s
}

// Quit tells whether a command asked for the end.
func (s *Session) Quit() bool { return s.quit }

// MoreLines gives commands that take further lines a place to read them: the commands of
// a breakpoint, up to "end". ok is false at its end.
func (s *Session) MoreLines(next func() (line string, ok bool)) { s.lines = next }

// errUsage has the usage of a command shown.
var errUsage = errors.New("usage")

// Run runs a line. An empty one repeats the last where that makes sense. The error is one
// line for people.
func (s *Session) Run(line string) error {
	line = strings.TrimSpace(line)
	if line == "" {
		line = s.last
	}
	if line == "" || strings.HasPrefix(line, "#") {
		return nil
	}
	c, args, err := find(line)
	if err != nil {
		return err
	}
	s.last = ""
	if c.repeats {
		s.last = line
		if c.name == "x" { // goes on where it ended
			s.last = "x"
		}
	}
	if c.goes != nil {
		err = s.resume(c, args)
	} else if c.free != nil {
		err = c.free(s, args)
	} else {
		var failed error
		err = s.d.Do(func() { failed = c.run(s, args) })
		if err == nil {
			err = failed
		}
	}
	if errors.Is(err, errUsage) {
		return fmt.Errorf("usage: %s", c.usage())
	}
	return err
}

// Within runs a line on the machine's goroutine, for gdb's monitor: what lets the machine
// go is refused.
func (s *Session) Within(line string) error {
	c, args, err := find(strings.TrimSpace(line))
	switch {
	case err != nil:
		return err
	case c.run == nil:
		return fmt.Errorf("%s does not work here; use gdb's own commands to let the machine go", c.name)
	}
	if err = c.run(s, args); errors.Is(err, errUsage) {
		return fmt.Errorf("usage: %s", c.usage())
	}
	return err
}

// resume lets the machine go and waits until it stands still.
func (s *Session) resume(c *command, args string) error {
	var a Action
	var failed error
	if err := s.d.Do(func() { a, failed = c.goes(s, args) }); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	for len(s.stops) > 0 {
		<-s.stops
	}
	if err := s.d.Resume(a); err != nil {
		return err
	}
	return s.show(<-s.stops)
}

// show tells of a stop, and runs the commands of what was met.
func (s *Session) show(stop Stop) error {
	if stop.Kind == StopExited {
		s.quit = true
		s.printf("%s\n", stop)
		return nil
	}
	err := s.d.Do(func() {
		if text := stop.String(); text != "" {
			s.printf("%s\n", text)
		}
		s.place()
		s.d.points.refresh()
	})
	for _, p := range stop.Points {
		for _, line := range slices.Clone(p.Commands) {
			if e := s.Run(line); e != nil {
				return fmt.Errorf("in the commands of point %d: %w", p.ID, e)
			}
		}
	}
	return err
}

func (s *Session) printf(format string, args ...any) { fmt.Fprintf(s.w, format, args...) }

// place prints where the machine stands: the step, the address and the instruction.
func (s *Session) place() {
	d := s.d
	st := d.m.State()
	at := d.linear(&st, st.EIP)
	line := ""
	if file, n, ok := d.names.Line(at); ok {
		line = fmt.Sprintf(" at %s:%d", file, n)
	}
	text := "(no code)"
	if code := d.code(at); len(code) > 0 {
		_, text = explain.Listing(code, d.m.CodeSize(), at)
	}
	s.printf("step %d  %04x:%08x%s%s\n=> %08x  %s\n", d.m.Steps(), st.Seg[1].Sel, st.EIP, d.where(at), line, at, text)
	s.at = at
}
