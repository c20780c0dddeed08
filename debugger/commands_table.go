package debugger

import (
	"fmt"
	"strings"

	"ringzero"
	"ringzero/debugger/explain"
	"ringzero/x86"
)

var tableCommands = []*command{
	{name: "info gdt", args: "[FIRST [LAST]]", group: "look", short: "decode the global descriptor table, by index", run: func(s *Session, args string) error {
		st := s.d.m.State()
		return s.descriptors(args, "gdt", st.GDTR.Base, uint64(st.GDTR.Limit))
	}},
	{name: "info ldt", args: "[FIRST [LAST]]", group: "look", short: "decode the local descriptor table", run: func(s *Session, args string) error {
		st := s.d.m.State()
		g := &st.Seg[x86.LDTR]
		if g.Sel&^3 == 0 {
			return fmt.Errorf("LDTR is null: there is no LDT")
		}
		return s.descriptors(args, "ldt", g.Base, uint64(g.Limit))
	}},
	{name: "info idt", args: "[FIRST [LAST]]", group: "look", short: "decode the interrupt descriptor table, or the vectors of real mode", run: func(s *Session, args string) error {
		st := s.d.m.State()
		if st.CR0&x86.CR0_PE == 0 {
			return s.vectors(args, &st)
		}
		return s.descriptors(args, "idt", st.IDTR.Base, uint64(st.IDTR.Limit))
	}},
	{name: "info tss", group: "look", short: "decode the task state segment", run: func(s *Session, _ string) error { return s.tss() }},
	{name: "walk", args: "ADDR [r|w|x][u]", group: "look", short: "translate a linear address, step by step, and say why it would fault", complete: symbolNames,
		long: "r, w or x: to read, write or execute; with u as a user, else as the supervisor. By default to read, at the present level.",
		run:  func(s *Session, args string) error { return s.walk(args) }},
	{name: "info mem", aliases: []string{"info tlb"}, group: "look", short: "list the ranges of linear memory that are mapped, with their rights", run: func(s *Session, _ string) error { return s.ranges() }},
	{name: "info irq", aliases: []string{"info pic"}, group: "look", short: "show the interrupt controllers", run: func(s *Session, _ string) error { return s.devices("pic") }},
	{name: "info devices", aliases: []string{"info device"}, args: "[NAME]", group: "look", short: "show the devices' states", run: func(s *Session, args string) error { return s.devices(args) }},
	{name: "info faults", group: "look", short: "list the last exceptions, interrupts and far transfers", run: func(s *Session, _ string) error { return s.faults() }},
}

// window reads which entries of a table are wanted.
func (s *Session) window(args string, last uint64) (lo, hi uint64, err error) {
	words := strings.Fields(args)
	hi = last
	switch {
	case len(words) > 2:
		return 0, 0, errUsage
	case len(words) > 0:
		if lo, err = s.eval(words[0]); err != nil {
			return 0, 0, err
		}
		hi = lo
		if len(words) == 2 {
			hi, err = s.eval(words[1])
		}
	}
	return lo, min(hi, last), err
}

// descriptors lists a table: those that are not all zero.
func (s *Session) descriptors(args, name string, base, limit uint64) error {
	lo, hi, err := s.window(args, (limit+1)/8-1)
	if err != nil {
		return err
	}
	if limit < 7 {
		return fmt.Errorf("the table is empty: its limit is %#x", limit)
	}
	s.printf("%s at %08x, limit %04x\n", name, base, limit)
	for i := lo; i <= hi && i < 8192; i++ {
		v, err := s.d.load(base+8*i, 8, false)
		if err != nil {
			return err
		}
		if v == 0 && lo != hi {
			continue
		}
		d := x86.Descriptor(v)
		where := ""
		if name == "idt" {
			where = s.d.where(uint64(d.GateOffset()))
		}
		s.printf("%4x  %016x  %s%s\n", i, v, explain.Describe(d), where)
	}
	return nil
}

// vectors lists those of real mode.
func (s *Session) vectors(args string, st *ringzero.State) error {
	lo, hi, err := s.window(args, 255)
	if err != nil {
		return err
	}
	for i := lo; i <= hi; i++ {
		v, err := s.d.load(st.IDTR.Base+4*i, 4, false)
		if err != nil {
			return err
		}
		s.printf("%4x  %04x:%04x\n", i, v>>16, v&0xffff)
	}
	return nil
}

// tssFields are those of a 32-bit TSS (SDM 3A 8.2.1, figure 8-2).
var tssFields = []struct {
	name string
	at   uint64
	size int
}{
	{"link", 0, 2}, {"esp0", 4, 4}, {"ss0", 8, 2}, {"esp1", 12, 4}, {"ss1", 16, 2}, {"esp2", 20, 4}, {"ss2", 24, 2}, {"cr3", 28, 4},
	{"eip", 32, 4}, {"eflags", 36, 4}, {"ldt", 96, 2}, {"iobase", 102, 2},
}

func (s *Session) tss() error {
	st := s.d.m.State()
	g := &st.Seg[x86.TR]
	if g.Sel == 0 {
		return fmt.Errorf("TR is null: LTR was not executed")
	}
	s.printf("tr %04x, tss at %08x, limit %08x\n", g.Sel, g.Base, g.Limit)
	for _, f := range tssFields {
		v, err := s.d.load(g.Base+f.at, f.size, false)
		if err != nil {
			return err
		}
		s.printf("%-7s %0*x%s\n", f.name, 2*f.size, v, s.d.where(v))
	}
	return nil
}

func (s *Session) walk(args string) error {
	words := strings.Fields(args)
	if len(words) == 0 || len(words) > 2 {
		return errUsage
	}
	at, err := s.address(words[0])
	if err != nil {
		return err
	}
	st := s.d.m.State()
	code := uint32(0)
	if st.CPL == 3 {
		code = x86.PFUser
	}
	if len(words) == 2 {
		code = 0
		for _, c := range words[1] {
			bit, ok := map[rune]uint32{'r': 0, 'w': x86.PFWrite, 'x': x86.PFFetch, 'u': x86.PFUser}[c]
			if !ok {
				return errUsage
			}
			code |= bit
		}
	}
	w := s.d.m.Walk(at, code)
	if !w.Paging {
		s.printf("paging is off: linear %08x is physical %08x\n", w.Linear, w.Physical)
		return nil
	}
	for _, e := range w.Entries {
		s.printf("%s\n", explain.EntryText(e))
	}
	if w.Fault == nil {
		s.printf("linear %08x is physical %09x\n", w.Linear, w.Physical)
		return nil
	}
	s.printf("it would fault: %s\n", w.Fault.Error())
	return nil
}

// ranges lists what is mapped, neighbours with the same rights as one.
func (s *Session) ranges() error {
	st := s.d.m.State()
	if st.CR0&x86.CR0_PG == 0 {
		return fmt.Errorf("paging is off: linear addresses are physical ones")
	}
	type run struct {
		lo, hi uint64
		rights string
	}
	var now *run
	flush := func() {
		if now != nil {
			s.printf("%08x-%08x %9x %s\n", now.lo, now.hi, now.hi-now.lo, now.rights)
		}
		now = nil
	}
	large := uint64(4 << 20)
	if st.CR4&x86.CR4_PAE != 0 {
		large = 2 << 20
	}
	for at := uint64(0); at < 1<<32; {
		w := s.d.m.Walk(at, 0)
		last := w.Entries[len(w.Entries)-1]
		step := uint64(4096)
		if last.Level > 1 {
			step = large
			if last.Register {
				step = 1 << 30
			}
		}
		if w.Fault != nil {
			flush()
			at += step - at%step
			continue
		}
		rights := rightsOf(w.Entries)
		if now == nil || now.rights != rights || now.hi != at {
			flush()
			now = &run{at, at, rights}
		}
		at += step - at%step
		now.hi = at
	}
	flush()
	return nil
}

// rightsOf is "urwx" for a walk.
func rightsOf(entries []ringzero.TableEntry) string {
	all, nx := ^uint64(0), uint64(0)
	for _, e := range entries {
		if !e.Register {
			all, nx = all&e.Entry, nx|e.Entry
		}
	}
	pick := func(on bool, c string) string {
		if on {
			return c
		}
		return "-"
	}
	return pick(all&x86.PTE_U != 0, "u") + "r" + pick(all&x86.PTE_W != 0, "w") + pick(nx&x86.PTE_NX == 0, "x")
}

func (s *Session) faults() error {
	all := func(name string, r *ringzero.HistoryRing) {
		for _, e := range r.All() {
			what := e.What
			if what == "vector" {
				what = fmt.Sprintf("vector %02x", uint8(e.Vector))
			}
			s.printf("%s: step %d: %s from %04x:%08x%s to %04x:%08x%s\n", name, e.Steps, what, e.From.CS, e.From.EIP, s.d.where(e.From.EIP), e.To.CS, e.To.EIP, s.d.where(e.To.EIP))
		}
	}
	log := s.d.m.Faults()
	for i := max(0, log.N-len(log.Last)); i < log.N; i++ {
		f := log.Last[i%len(log.Last)]
		s.printf("exception: step %d at %04x:%08x%s: %s\n", f.Steps, f.CS, f.EIP, s.d.where(f.EIP), f.Exc.Error())
	}
	all("transfer", &s.d.m.History().Transfers)
	all("interrupt", &s.d.m.History().Interrupts)
	return nil
}
