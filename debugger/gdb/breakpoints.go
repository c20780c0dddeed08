package gdb

import "strings"

// breakpoint is what Z sets and z takes away.
type breakpoint struct {
	kind         BreakKind
	addr, length uint64
}

// maxBreaks is how many of them a client may have.
const maxBreaks = 4096

// parseBreak reads TYPE,ADDR,KIND. Conditions, which this stub never offers,
// can't be parsed.
func parseBreak(args string) (breakpoint, bool) {
	kind, where, _ := strings.Cut(args, ",")
	if len(kind) != 1 || kind[0] < '0' || kind[0] > '4' {
		return breakpoint{}, false
	}
	addr, length, err := parsePair(where)
	b := breakpoint{BreakKind(kind[0] - '0'), addr, length}
	if err != nil || length == 0 && b.kind >= WatchWrite {
		return breakpoint{}, false
	}
	return b, true
}

// insert is done once for the same breakpoint, as the manual wants it.
func (s *session) insert(args string) reply {
	if len(args) > 0 && !strings.ContainsAny(args[:1], "01234") {
		return "" // no such type
	}
	b, good := parseBreak(args)
	if !good {
		return badArgs
	}
	if _, there := s.breaks[b]; there {
		return ok
	}
	if len(s.breaks) == maxBreaks {
		return s.fail("too many breakpoints")
	}
	return s.do(func(m Machine) reply {
		if err := m.Insert(b.kind, b.addr, b.length); err != nil {
			return s.fail(err.Error())
		}
		s.breaks[b] = struct{}{}
		return ok
	})
}

func (s *session) remove(args string) reply {
	b, good := parseBreak(args)
	if !good {
		return badArgs
	}
	if _, there := s.breaks[b]; !there {
		return ok
	}
	return s.do(func(m Machine) reply {
		delete(s.breaks, b)
		if err := m.Remove(b.kind, b.addr, b.length); err != nil {
			return s.fail(err.Error())
		}
		return ok
	})
}

// removeAll takes away what the client set. A machine that is gone has none.
func (s *session) removeAll() {
	if len(s.breaks) == 0 {
		return
	}
	_ = s.target.Do(func(m Machine) {
		for b := range s.breaks {
			_ = m.Remove(b.kind, b.addr, b.length)
		}
	})
	clear(s.breaks)
}
