package debugger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"ringzero/debugger/symbols"
	"ringzero/x86"
)

var changeCommands = []*command{
	{name: "set", args: "$REG = EXPR | SIZE[ADDR] = EXPR", group: "change", short: "change a register, or memory: SIZE is byte, word, dword or qword",
		long: "Memory is linear, or physical with SIZE[p:ADDR]. What was recorded behind the present step is forgotten.",
		run:  func(s *Session, args string) error { return s.set(args) }},
	{name: "send", args: "\"TEXT\"", group: "change", short: "send a text to COM1; \\n, \\r and \\x03 as in C",
		run: func(s *Session, args string) error {
			text, err := unquote(args)
			if err == nil {
				s.d.m.SerialIn([]byte(text))
			}
			return err
		}},
	{name: "type", args: "\"TEXT\"", group: "change", short: "type a text on the keyboard", run: func(s *Session, args string) error {
		text, err := unquote(args)
		if err != nil {
			return err
		}
		return s.d.m.Type(text)
	}},
	{name: "press", aliases: []string{"sendkey"}, args: "KEY", group: "change", short: "strike a key, such as ctrl-alt-del or f1", run: func(s *Session, args string) error { return s.d.m.Press(args) }},
}

func unquote(text string) (string, error) {
	if !strings.HasPrefix(text, `"`) {
		return text, nil
	}
	u, err := strconv.Unquote(text)
	if err != nil {
		return "", fmt.Errorf("%s is no text in quotes", text)
	}
	return u, nil
}

func (s *Session) set(args string) error {
	left, right, ok := strings.Cut(args, "=")
	if !ok {
		return errUsage
	}
	v, err := s.eval(strings.TrimSpace(right))
	if err != nil {
		return err
	}
	left = strings.TrimSpace(left)
	if name, ok := strings.CutPrefix(left, "$"); ok {
		return s.d.setRegister(strings.ToLower(name), v)
	}
	size, at, ok := strings.Cut(strings.TrimSuffix(left, "]"), "[")
	n := sizes[strings.TrimSpace(size)]
	if !ok || n == 0 {
		return errUsage
	}
	to, physical, err := s.place2(at)
	if err != nil {
		return err
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	if s.d.write(to, b[:n], physical) < n {
		return fmt.Errorf("there is no memory at %#x", to)
	}
	return nil
}

// write changes memory; what was recorded behind the present step is forgotten.
func (d *Debugger) write(at uint64, p []byte, physical bool) (n int) {
	if physical {
		n = d.m.WritePhysical(at, p)
	} else {
		n = d.m.WriteLinear(at, p)
	}
	if n > 0 && d.hist != nil {
		d.hist.Forget()
	}
	return n
}

var nameCommands = []*command{
	{name: "symbols", args: "[FILE [SLIDE]] | kernel | -o FILE", group: "names", short: "read symbols from a file, or from a running Linux; write all for gdb; list the sources",
		long: "FILE is an ELF file (with lines, where it has DWARF), System.map, or what nm prints. kernel finds the tables that a running Linux keeps in memory.\n-o FILE writes an ELF file that gdb's symbol-file reads.",
		run:  func(s *Session, args string) error { return s.symbols(args) }},
	{name: "info symbol", args: "ADDR", group: "names", short: "name an address", complete: symbolNames, run: func(s *Session, args string) error {
		at, err := s.address(args)
		if err != nil {
			return err
		}
		w := s.d.where(at)
		if w == "" {
			return fmt.Errorf("no symbol covers %#x", at)
		}
		s.printf("%08x%s\n", at, w)
		return nil
	}},
	{name: "info address", args: "NAME", group: "names", short: "tell where a symbol is", complete: symbolNames, run: func(s *Session, args string) error {
		all := s.d.names.Lookup(strings.TrimSpace(args))
		for _, sym := range all {
			s.printf("%08x  %s, %d bytes\n", sym.Addr, sym.Name, sym.Size)
		}
		if len(all) == 0 {
			return fmt.Errorf("there is no symbol %q", strings.TrimSpace(args))
		}
		return nil
	}},
	{name: "tasks", group: "names", short: "list the tasks of a running Linux, the current one marked", run: func(s *Session, _ string) error { return s.tasks() }},
	{name: "dmesg", group: "names", short: "show the log of a running Linux", run: func(s *Session, _ string) error {
		lines, err := symbols.Dmesg(s.d.names.Address, linear{s.d.m}, 32)
		for _, l := range lines {
			s.printf("%s\n", l)
		}
		return err
	}},
}

// tasks lists Linux's; the current one is known where the kernel's own FS is in force.
func (s *Session) tasks() error {
	d := s.d
	all, err := symbols.Tasks(d.names.Address, linear{d.m}, 32)
	if err != nil {
		return err
	}
	st := d.m.State()
	now, _ := symbols.Current(d.names.Address, linear{d.m}, 32, st.Seg[x86.FS].Base)
	for _, t := range all {
		mark := " "
		if t.Addr == now {
			mark = "*"
		}
		s.printf("%s %5d  %-16s task %08x  mm %08x\n", mark, t.PID, t.Comm, t.Addr, t.MM)
	}
	return nil
}

// linear reads linear memory for the packages of symbols; physical likewise.
type linear struct{ m Target }

func (l linear) Read(p []byte, va uint64) int { return l.m.ReadLinear(va, p) }

type physical struct{ m Target }

func (p physical) Size() uint64 {
	below, above := p.m.MemorySize()
	if above > 0 {
		return 4<<30 + above
	}
	return below
}

// ReadAt reads zeros where there is no memory, as between 640 KiB and 1 MiB.
func (p physical) ReadAt(b []byte, phys uint64) int {
	clear(b)
	for n := 0; n < len(b); {
		n += p.m.ReadPhysical(phys+uint64(n), b[n:])
		n += 4096 - int((phys+uint64(n))%4096)
	}
	return len(b)
}

func (s *Session) symbols(args string) error {
	words := strings.Fields(args)
	switch {
	case len(words) == 0:
		for _, src := range s.d.names.Sources() {
			s.printf("%s: %d symbols from %s, slide %#x\n", src.Name, len(src.Symbols), src.Kind, src.Slide)
		}
		return nil
	case words[0] == "-o" && len(words) == 2:
		return s.export(words[1])
	case words[0] == "kernel" && len(words) == 1:
		k, err := symbols.FindKernel(physical{s.d.m})
		if err != nil {
			return err
		}
		src := k.Source()
		s.d.names.Remove(src.Name)
		s.d.names.Add(src)
		s.printf("%d symbols of the running kernel\n", len(k.Symbols))
		return nil
	case len(words) > 2:
		return errUsage
	}
	f, err := os.Open(words[0])
	if err != nil {
		return openError(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return openError(err)
	}
	src, err := symbols.Read(words[0], f, info.Size())
	if err != nil {
		return err
	}
	if len(words) == 2 {
		if src.Slide, err = s.eval(words[1]); err != nil {
			return err
		}
	}
	s.d.names.Add(src)
	s.printf("%d symbols from %s\n", len(src.Symbols), words[0])
	return nil
}

func openError(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Path, p.Err)
	}
	return err
}

// export writes the symbols for gdb.
func (s *Session) export(path string) error {
	all := s.d.names.All()
	if len(all) == 0 {
		return errors.New("there are no symbols to write; symbols kernel or symbols FILE reads some")
	}
	f, err := os.Create(path)
	if err != nil {
		return openError(err)
	}
	err = symbols.WriteELF(f, 32, all)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		s.printf("%d symbols are in %s\n", len(all), path)
	}
	return err
}
