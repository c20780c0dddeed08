package debugger

import (
	"fmt"
	"strings"

	"ringzero/decoder"
)

// address reads a linear address: an expression, *EXPR as gdb writes it, FILE:LINE, or
// SEG:OFF.
func (s *Session) address(text string) (uint64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, errUsage
	}
	if file, line, ok := strings.Cut(text, ":"); ok && strings.Contains(file, ".") {
		var n int
		if _, err := fmt.Sscanf(line, "%d", &n); err != nil {
			return 0, fmt.Errorf("%q: behind the file stands the number of a line", text)
		}
		if all := s.d.names.Addresses(file, n); len(all) > 0 {
			return all[0], nil
		}
		return 0, fmt.Errorf("no code is known of %s line %d; symbols FILE reads line numbers of an ELF file with DWARF", file, n)
	}
	return s.eval(strings.TrimPrefix(text, "*"))
}

// place2 reads a linear address, or p:ADDR, a physical one.
func (s *Session) place2(text string) (at uint64, physical bool, err error) {
	if p, ok := strings.CutPrefix(text, "p:"); ok {
		at, err = s.eval(p)
		return at, true, err
	}
	at, err = s.address(text)
	return at, false, err
}

// condition cuts "if EXPR" off.
func condition(args string) (rest string, cond *Expr, text string, err error) {
	rest, text, found := strings.Cut(" "+args+" ", " if ")
	if !found {
		return args, nil, "", nil
	}
	text = strings.TrimSpace(text)
	cond, err = Parse(text)
	return strings.TrimSpace(rest), cond, text, err
}

// point adds a point that the caller has begun.
func (s *Session) point(p *Point, args string, fill func(p *Point, args string) error) error {
	args, cond, text, err := condition(args)
	if err != nil {
		return err
	}
	p.Cond, p.CondText, p.What = cond, text, args
	if err := fill(p, args); err != nil {
		return err
	}
	s.d.points.add(p)
	s.printf("%s %d: %s\n", p.Name(), p.ID, s.pointText(p))
	return nil
}

func (s *Session) pointText(p *Point) string {
	text := p.What
	switch p.Kind {
	case Break:
		text = fmt.Sprintf("%08x%s", p.Lo, s.d.where(p.Lo))
	case Watch, WatchRead, WatchAccess:
		kind := ""
		if p.Physical {
			kind = "physical "
		}
		text = fmt.Sprintf("%s%08x, %d bytes%s", kind, p.Lo, p.Hi-p.Lo+1, s.d.where(p.Lo))
	}
	if p.CondText != "" {
		text += " if " + p.CondText
	}
	return strings.TrimSpace(text)
}

func breaking(once bool) func(s *Session, args string) error {
	return func(s *Session, args string) error {
		return s.point(&Point{Kind: Break, Once: once}, args, func(p *Point, args string) (err error) {
			if args == "" {
				p.Lo = s.d.pc()
				return nil
			}
			p.Lo, err = s.address(args)
			return err
		})
	}
}

// watching makes a watchpoint on memory, or on an expression.
func watching(kind PointKind) func(s *Session, args string) error {
	return func(s *Session, args string) error {
		return s.point(&Point{Kind: kind}, args, func(p *Point, args string) error {
			if strings.HasPrefix(args, "$") {
				e, err := Parse(args)
				if err == nil {
					_, err = e.Eval(s.d)
				}
				p.Kind, p.expr = WatchExpr, e
				return err
			}
			where, length, given := strings.Cut(args, " ")
			n := uint64(4)
			if sym, ok := s.d.symbol(where); ok && sym.Size > 0 && sym.Size <= 8 {
				n = sym.Size
			}
			at, physical, err := s.place2(where)
			if err == nil && given {
				n, err = s.eval(length)
			}
			switch {
			case err != nil:
				return err
			case n == 0 || at+n-1 < at:
				return fmt.Errorf("a range of %d bytes at %#x can't be watched", n, at)
			}
			p.Lo, p.Hi, p.Physical = at, at+n-1, physical
			return nil
		})
	}
}

var stopCommands = []*command{
	{name: "break", aliases: []string{"b", "hbreak"}, args: "[ADDR|FILE:LINE] [if EXPR]", group: "stop", complete: symbolNames,
		short: "stop before the instruction at an address, here by default", run: breaking(false),
		long: "The code need not be there yet, nor be mapped. ADDR is linear: an expression, a symbol, or SEG:OFF."},
	{name: "tbreak", aliases: []string{"thbreak"}, args: "[ADDR|FILE:LINE] [if EXPR]", group: "stop", complete: symbolNames, short: "break, once", run: breaking(true)},
	{name: "watch", args: "ADDR|$REG [LENGTH] [if EXPR]", group: "stop", complete: symbolNames, short: "stop behind a write that changes memory, or before an instruction where a register has changed",
		run: watching(Watch), long: "p:ADDR is a physical address. LENGTH is in bytes, that of the symbol, or 4. A $register is looked at before each instruction: slow."},
	{name: "rwatch", args: "ADDR [LENGTH] [if EXPR]", group: "stop", complete: symbolNames, short: "stop behind a read of memory", run: watching(WatchRead)},
	{name: "awatch", args: "ADDR [LENGTH] [if EXPR]", group: "stop", complete: symbolNames, short: "stop behind any access of memory", run: watching(WatchAccess)},
	{name: "catch", args: "vector N [M] | port N [M] | msr N | op NAME | cr3 | cpl | mode [if EXPR]", group: "stop", run: catching,
		short: "stop at what the processor does",
		long:  "vector: behind the delivery of an interrupt or exception N to M. port, msr, op: before an instruction that accesses ports N to M or\nan MSR, or a sensitive one by name, such as popf. cr3, cpl, mode: behind a change of them."},
	{name: "delete", aliases: []string{"d"}, args: "[N...]", group: "stop", short: "take points away, all by default",
		run: func(s *Session, args string) error {
			return s.each(args, func(list map[int]bool) {
				s.d.points.remove(func(p *Point) bool { return p.ID != 0 && (len(list) == 0 || list[p.ID]) })
			})
		}},
	{name: "disable", args: "[N...]", group: "stop", short: "have points not stop the machine", run: switching(true)},
	{name: "enable", args: "[N...]", group: "stop", short: "have them stop it again", run: switching(false)},
	{name: "condition", args: "N [EXPR]", group: "stop", short: "have a point stop the machine only where an expression is not 0", run: func(s *Session, args string) error {
		n, text, _ := strings.Cut(args, " ")
		p, err := s.byNumber(n)
		if err != nil {
			return err
		}
		if text = strings.TrimSpace(text); text == "" {
			p.Cond, p.CondText = nil, ""
			return nil
		}
		e, err := Parse(text)
		if err == nil {
			p.Cond, p.CondText = e, text
		}
		return err
	}},
	{name: "ignore", args: "N COUNT", group: "stop", short: "have a point not stop the machine so many times", run: func(s *Session, args string) error {
		n, count, _ := strings.Cut(args, " ")
		p, err := s.byNumber(n)
		if err != nil {
			return err
		}
		p.Ignore, err = s.eval(count)
		return err
	}},
	{name: "commands", args: "N", group: "stop", short: "run commands where a point has stopped the machine; they follow, up to end",
		free: func(s *Session, args string) error {
			var list []string
			for s.lines != nil {
				line, ok := s.lines()
				if line = strings.TrimSpace(line); !ok || line == "end" {
					break
				}
				list = append(list, line)
			}
			var failed error
			if err := s.d.Do(func() {
				var p *Point
				if p, failed = s.byNumber(args); failed == nil {
					p.Commands = list
				}
			}); err != nil {
				return err
			}
			return failed
		}},
	{name: "info breakpoints", aliases: []string{"info b", "info watchpoints"}, group: "stop", short: "list the points", run: func(s *Session, _ string) error {
		for _, p := range s.d.points.all {
			state := ""
			if p.Off {
				state = ", off"
			}
			if p.Ignore > 0 {
				state += fmt.Sprintf(", ignored %d times more", p.Ignore)
			}
			s.printf("%3d  %-18s %s, met %d times%s\n", p.ID, p.Name(), s.pointText(p), p.Hits, state)
		}
		if len(s.d.points.all) == 0 {
			s.printf("there are none\n")
		}
		return nil
	}},
}

func switching(off bool) func(s *Session, args string) error {
	return func(s *Session, args string) error {
		return s.each(args, func(list map[int]bool) {
			for _, p := range s.d.points.all {
				if p.ID != 0 && (len(list) == 0 || list[p.ID]) {
					p.Off = off
				}
			}
			s.d.points.changed()
		})
	}
}

// each reads numbers of points.
func (s *Session) each(args string, do func(list map[int]bool)) error {
	list := map[int]bool{}
	for _, word := range strings.Fields(args) {
		p, err := s.byNumber(word)
		if err != nil {
			return err
		}
		list[p.ID] = true
	}
	do(list)
	return nil
}

func (s *Session) byNumber(text string) (*Point, error) {
	n, err := s.eval(strings.TrimSpace(text) + " ")
	if strings.TrimSpace(text) == "" {
		return nil, errUsage
	}
	if err != nil {
		return nil, err
	}
	for _, p := range s.d.points.all {
		if uint64(p.ID) == n && n != 0 {
			return p, nil
		}
	}
	return nil, fmt.Errorf("there is no point %d; info breakpoints lists them", n)
}

// catching makes a catchpoint.
func catching(s *Session, args string) error {
	return s.point(&Point{}, args, func(p *Point, args string) error {
		what, rest, _ := strings.Cut(args, " ")
		bounds := func(kind PointKind, most uint64) error {
			words := strings.Fields(rest)
			if len(words) < 1 || len(words) > 2 {
				return errUsage
			}
			var err error
			if p.Lo, err = s.eval(words[0]); err != nil {
				return err
			}
			p.Kind, p.Hi = kind, p.Lo
			if len(words) == 2 {
				p.Hi, err = s.eval(words[1])
			}
			if err == nil && (p.Lo > p.Hi || p.Hi > most) {
				err = fmt.Errorf("%s %#x to %#x: they go up to %#x", what, p.Lo, p.Hi, most)
			}
			return err
		}
		switch what {
		case "vector":
			return bounds(CatchVector, 255)
		case "port":
			return bounds(CatchPort, 0xffff)
		case "msr":
			return bounds(CatchMSR, 0xffffffff)
		case "op":
			op, ok := sensitive(strings.TrimSpace(rest))
			if !ok {
				return fmt.Errorf("%q is no sensitive instruction; such are cli, popf, mov cr, lgdt, in, hlt, iret", rest)
			}
			p.Kind, p.Op = CatchOp, op
		case "cr3":
			p.Kind = CatchCR3
		case "cpl":
			p.Kind = CatchCPL
		case "mode":
			p.Kind = CatchMode
		default:
			return errUsage
		}
		return nil
	})
}

// sensitive finds a sensitive instruction by name.
func sensitive(name string) (decoder.Op, bool) {
	name = strings.ReplaceAll(strings.ToLower(name), " ", "")
	for _, row := range decoder.Rows() {
		if row.Sensitive() && strings.EqualFold(row.Op.String(), name) {
			return row.Op, true
		}
	}
	return 0, false
}
