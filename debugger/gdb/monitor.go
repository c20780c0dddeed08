package gdb

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// maxOutput is how much of a command's output a client gets, in bytes.
const maxOutput = 1 << 20

// output keeps what a command prints: the machine's goroutine never waits for
// the client.
type output struct {
	text []byte
	cut  bool
}

func (o *output) Write(p []byte) (int, error) {
	n := min(len(p), maxOutput-len(o.text))
	o.text = append(o.text, p[:n]...)
	o.cut = o.cut || n < len(p)
	return len(p), nil
}

// monitor is qRcmd,DIGITS: a line for the debugger, or for this stub if it starts
// with gdb. An error is told as a line of the output, for gdb shows no other.
func (s *session) monitor(args string) reply {
	raw, err := hex.DecodeString(args)
	if err != nil {
		return badArgs
	}
	line := strings.TrimSpace(string(raw))
	var out output
	if word := strings.Fields(line); len(word) > 0 && word[0] == "gdb" {
		err = s.own(word[1:], &out)
	} else {
		gone := s.target.Do(func(m Machine) { err = m.Command(line, &out) })
		err = errors.Join(gone, err)
	}
	if out.cut {
		out.text = append(out.text, "\n... the rest is left out\n"...)
	}
	if err != nil {
		out.text = fmt.Appendf(out.text, "%v\n", err)
	}
	s.print(string(out.text))
	return ok
}

// own runs a command of the stub itself.
func (s *session) own(word []string, out *output) error {
	switch strings.Join(word, " ") {
	case "registers 16", "registers 32", "registers 64", "registers auto":
		bits := 0
		_, _ = fmt.Sscan(word[1], &bits)
		s.server.setWantedBits(bits)
		_, _ = fmt.Fprintln(out, "from the next connection on: \"disconnect\" and connect again")
	case "memory linear", "memory physical":
		s.physical = word[1] == "physical"
	case "pc linear", "pc offset":
		s.linearPC = word[1] == "linear"
	default:
		return errors.New("gdb: use gdb registers 16|32|64|auto, gdb memory linear|physical or gdb pc linear|offset")
	}
	return nil
}
