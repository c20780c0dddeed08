package debugger

import (
	"fmt"
	"strconv"
	"strings"

	"ringzero"
	"ringzero/debugger/explain"
	"ringzero/decoder"
	"ringzero/x86"
)

var lookCommands = []*command{
	{name: "info registers", aliases: []string{"registers", "regs", "info r"}, args: "[NAME...]", group: "look", short: "show general, segment and control registers, or those that are named",
		run: func(s *Session, args string) error { return s.registers(args) }},
	{name: "info all-registers", group: "look", short: "show every register: hidden parts, debug, MSRs, x87 and MMX, too", run: func(s *Session, _ string) error {
		if err := s.registers(""); err != nil {
			return err
		}
		s.moreRegisters()
		return nil
	}},
	{name: "x", args: "[/NFU] [ADDR]", group: "look", short: "show memory", repeats: true, complete: symbolNames,
		long: "N is how many, F the format: x hexadecimal, d and u decimal, c characters, s strings, i instructions, a addresses;\nU the size: b, h (2 bytes), w (4), g (8). ADDR is linear, or p:ADDR a physical one. Without ADDR it goes on.",
		run:  func(s *Session, args string) error { return s.examine(args) }},
	{name: "disassemble", aliases: []string{"disas"}, args: "[ADDR [END]]", group: "look", short: "list instructions from an address on, here by default", complete: symbolNames,
		run: func(s *Session, args string) error { return s.disassemble(args) }},
	{name: "print", aliases: []string{"p"}, args: "[/F] EXPR", group: "look", short: "compute an expression", complete: symbolNames,
		long: "Numbers, $registers, symbols, byte[E], word[E], dword[E], qword[E], *E, SEG:OFF, and C's operators.",
		run: func(s *Session, args string) error {
			f, text := format(args)
			if text == "" {
				return errUsage
			}
			v, err := s.eval(text)
			if err != nil {
				return err
			}
			switch f.letter {
			case 'd':
				s.printf("%d\n", int64(v))
			case 'u':
				s.printf("%d\n", v)
			case 't':
				s.printf("%b\n", v)
			case 0:
				s.printf("%d = %#x%s\n", v, v, s.d.where(v))
			default:
				s.printf("%#x\n", v)
			}
			return nil
		}},
	{name: "backtrace", aliases: []string{"bt", "where"}, args: "[N]", group: "look", short: "show who called, by frame pointers", run: func(s *Session, args string) error {
		n := uint64(32)
		if args != "" {
			var err error
			if n, err = s.eval(args); err != nil {
				return err
			}
		}
		s.backtrace(int(min(n, 1000)))
		return nil
	}},
	{name: "info status", aliases: []string{"status"}, group: "look", short: "say where the machine stands, and why", run: func(s *Session, _ string) error {
		if text := s.d.last.String(); text != "" {
			s.printf("%s\n", text)
		}
		s.place()
		s.printf("%d ns of virtual time\n", s.d.m.Now())
		return nil
	}},
	{name: "info report", aliases: []string{"explain"}, args: "[json]", group: "look", short: "explain the last faults, with registers and the last instructions", run: func(s *Session, args string) error {
		r := explain.Of(s.d.m, s.d.names, s.d.last.Why)
		if args == "json" {
			s.printf("%s\n", r.JSON())
		} else {
			s.printf("%s", r.Text())
		}
		return nil
	}},
	{name: "info state-hash", aliases: []string{"state-hash"}, group: "look", short: "SHA-256 of the machine's state, as --state-hash prints it", run: func(s *Session, _ string) error {
		s.printf("state-hash %s\n", s.d.m.StateHash())
		return nil
	}},
}

// registers prints what most people want.
func (s *Session) registers(args string) error {
	st := s.d.m.State()
	if args != "" {
		for _, name := range strings.Fields(args) {
			v, err := s.d.register(strings.TrimPrefix(name, "$"))
			if err != nil {
				return err
			}
			s.printf("%-8s %#x  %d%s\n", name, v, v, s.d.where(v))
		}
		return nil
	}
	for i, name := range explain.Names32 {
		end := "  "
		if i%4 == 3 {
			end = "\n"
		}
		s.printf("%s %08x%s", name, st.R[i], end)
	}
	s.printf("eip %08x  eflags %08x %s  cpl %d\n", st.EIP, st.Flags, explain.FlagNames(st.Flags), st.CPL)
	for i, name := range explain.Segments {
		g := &st.Seg[i]
		s.printf("%-4s %04x  base %08x limit %08x %s\n", name, g.Sel, g.Base, g.Limit, attributes(g))
	}
	s.printf("gdtr %08x limit %04x  idtr %08x limit %04x\n", st.GDTR.Base, st.GDTR.Limit, st.IDTR.Base, st.IDTR.Limit)
	s.printf("cr0 %08x %s\ncr2 %08x  cr3 %08x  cr4 %08x %s  efer %x\n", st.CR0, bitNames(st.CR0, cr0Bits), st.CR2, st.CR3, st.CR4, bitNames(st.CR4, cr4Bits), st.EFER)
	return nil
}

// moreRegisters prints the others.
func (s *Session) moreRegisters() {
	st := s.d.m.State()
	s.printf("dr0 %08x  dr1 %08x  dr2 %08x  dr3 %08x  dr6 %08x  dr7 %08x\n", st.DR[0], st.DR[1], st.DR[2], st.DR[3], st.DR[6], st.DR[7])
	s.printf("sysenter cs %04x esp %08x eip %08x  pat %016x\n", st.SysenterCS, st.SysenterESP, st.SysenterEIP, st.PAT)
	if st.CR4&x86.CR4_PAE != 0 {
		p := s.d.m.PDPTE()
		s.printf("pdpte %016x %016x %016x %016x\n", p[0], p[1], p[2], p[3])
	}
	f := &st.FPU
	s.printf("x87 control %04x  status %04x top %d  mxcsr %08x\n", f.CW, f.SW, f.Top, f.MXCSR)
	for i := range 8 {
		n := (int(f.Top) + i) & 7
		empty := ""
		if f.Tags>>n&1 == 0 {
			empty = "  empty"
		}
		s.printf("st%d %04x %016x%s   mm%d %016x\n", i, f.ST[n].SE, f.ST[n].Mant, empty, i, f.ST[i].Mant)
	}
	for i := range 8 {
		s.printf("xmm%d %016x%016x\n", i, f.XMM[i][1], f.XMM[i][0])
	}
}

func attributes(g *ringzero.Segment) string {
	size := "16-bit"
	if g.Big() {
		size = "32-bit"
	}
	return fmt.Sprintf("attr %04x %s", g.Attr, size)
}

type named struct {
	bit  uint64
	name string
}

var (
	cr0Bits = []named{{x86.CR0_PE, "PE"}, {x86.CR0_MP, "MP"}, {x86.CR0_EM, "EM"}, {x86.CR0_TS, "TS"}, {x86.CR0_ET, "ET"}, {x86.CR0_NE, "NE"},
		{x86.CR0_WP, "WP"}, {x86.CR0_AM, "AM"}, {x86.CR0_NW, "NW"}, {x86.CR0_CD, "CD"}, {x86.CR0_PG, "PG"}}
	cr4Bits = []named{{x86.CR4_VME, "VME"}, {x86.CR4_PVI, "PVI"}, {x86.CR4_TSD, "TSD"}, {x86.CR4_DE, "DE"}, {x86.CR4_PSE, "PSE"}, {x86.CR4_PAE, "PAE"},
		{x86.CR4_MCE, "MCE"}, {x86.CR4_PGE, "PGE"}, {x86.CR4_PCE, "PCE"}, {x86.CR4_OSFXSR, "OSFXSR"}, {x86.CR4_OSXMMEXCPT, "OSXMMEXCPT"}}
)

func bitNames(v uint64, bits []named) string {
	var on []string
	for _, b := range bits {
		if v&b.bit != 0 {
			on = append(on, b.name)
		}
	}
	return "[" + strings.Join(on, " ") + "]"
}

// shape is how memory is shown: gdb's /NFU.
type shape struct {
	count  uint64
	letter byte
	size   int
}

// format cuts /NFU off.
func format(args string) (f shape, rest string) {
	f.count = 1
	rest, ok := strings.CutPrefix(args, "/")
	if !ok {
		return f, args
	}
	word, rest, _ := strings.Cut(rest, " ")
	digits := 0
	for digits < len(word) && word[digits] >= '0' && word[digits] <= '9' {
		digits++
	}
	if n, err := strconv.ParseUint(word[:digits], 10, 64); err == nil {
		f.count = n
	}
	for _, c := range []byte(word[digits:]) {
		switch c {
		case 'b':
			f.size = 1
		case 'h':
			f.size = 2
		case 'w':
			f.size = 4
		case 'g':
			f.size = 8
		default:
			f.letter = c
		}
	}
	return f, strings.TrimSpace(rest)
}

// mostShown bounds what one command shows.
const mostShown = 1 << 16

func (s *Session) examine(args string) error {
	f, rest := format(args)
	if args == "" && s.shape.count > 0 {
		f = s.shape
	}
	s.shape = f
	at, physical := s.at, false
	if rest != "" {
		var err error
		if at, physical, err = s.place2(rest); err != nil {
			return err
		}
	}
	if f.count == 0 || f.count > mostShown {
		return fmt.Errorf("%d units: 1 to %d can be shown", f.count, mostShown)
	}
	defer func() { s.at = at }()
	switch f.letter {
	case 'i':
		for range f.count {
			n, ok := s.instruction(at)
			if at += uint64(n); !ok {
				break
			}
		}
		return nil
	case 's':
		for range f.count {
			text, n := s.text(at, physical)
			s.printf("%08x%s  %q\n", at, s.d.where(at), text)
			at += uint64(n)
		}
		return nil
	case 0, 'x', 'd', 'u', 'c', 'a', 't':
	default:
		return fmt.Errorf("the format %q is none of x, d, u, t, c, a, s, i", f.letter)
	}
	size := f.size
	switch {
	case f.letter == 'c':
		size = 1
	case f.letter == 'a':
		size = s.d.word()
	case size == 0:
		size = 4
	}
	row := 16 / size
	for i := uint64(0); i < f.count; i++ {
		v, err := s.d.load(at, size, physical)
		if err != nil {
			if i%uint64(row) != 0 {
				s.printf("\n")
			}
			return err
		}
		if i%uint64(row) == 0 {
			s.printf("%08x%s:", at, s.d.where(at))
		}
		s.printf(" %s", f.unit(v, size, s.d))
		if i%uint64(row) == uint64(row)-1 || i == f.count-1 {
			s.printf("\n")
		}
		at += uint64(size)
	}
	return nil
}

// unit spells a value.
func (f shape) unit(v uint64, size int, d *Debugger) string {
	switch f.letter {
	case 'd':
		shift := 64 - 8*size
		return strconv.FormatInt(int64(v<<shift)>>shift, 10)
	case 'u':
		return strconv.FormatUint(v, 10)
	case 't':
		return fmt.Sprintf("%0*b", 8*size, v)
	case 'c':
		return strconv.QuoteRuneToASCII(rune(v))
	case 'a':
		return fmt.Sprintf("%08x%s", v, d.where(v))
	}
	return fmt.Sprintf("%0*x", 2*size, v)
}

// text reads a string up to a NUL.
func (s *Session) text(at uint64, physical bool) (string, int) {
	var b []byte
	for len(b) < 4096 {
		v, err := s.d.load(at+uint64(len(b)), 1, physical)
		if err != nil || v == 0 {
			break
		}
		b = append(b, byte(v))
	}
	return string(b), len(b) + 1
}

// instruction lists one; ok is false where there is no code.
func (s *Session) instruction(at uint64) (n int, ok bool) {
	code := s.d.code(at)
	if len(code) == 0 {
		s.printf("%08x  there is no memory\n", at)
		return 0, false
	}
	mark := "  "
	if at == s.d.pc() {
		mark = "=>"
	}
	n, text := explain.Listing(code, s.d.m.CodeSize(), at)
	s.printf("%s %08x%s  %-22x %s%s\n", mark, at, s.d.where(at), code[:min(n, len(code))], text, s.towards(at))
	return n, true
}

// towards names where a near branch leads.
func (s *Session) towards(at uint64) string {
	in, ok := s.d.inst(at)
	if !ok || in.N == 0 || in.Args[0].Kind != decoder.KindRel {
		return ""
	}
	return s.d.where(in.Target(at))
}

func (s *Session) disassemble(args string) error {
	at, end := s.d.pc(), never
	if args != "" {
		from, to, ranged := strings.Cut(args, " ")
		var err error
		if at, err = s.address(from); err == nil && ranged {
			end, err = s.eval(to)
		}
		if err != nil {
			return err
		}
	}
	sym, off, ok := s.d.names.At(at)
	most := 16
	if end == never && ok && sym.Size > 0 && args != "" {
		at, end, most = at-off, at-off+sym.Size, mostShown
	}
	if end != never {
		most = mostShown
	}
	for i := 0; i < most && at < end; i++ {
		n, ok := s.instruction(at)
		if !ok {
			break
		}
		at += uint64(n)
	}
	s.at = at
	return nil
}

func (s *Session) backtrace(n int) {
	for i, f := range s.d.frames(n) {
		line := ""
		at := f.pc
		if i > 0 {
			at--
		}
		if file, n, ok := s.d.names.Line(at); ok {
			line = fmt.Sprintf(" at %s:%d", file, n)
		}
		s.printf("#%d  %08x%s%s\n", i, f.pc, s.d.where(f.pc), line)
	}
}
