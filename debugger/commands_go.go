package debugger

import (
	"context"
	"fmt"
	"strings"

	"ringzero"
	"ringzero/decoder"
)

// counted reads how often, 1 where nothing is said.
func (s *Session) counted(args string) (uint64, error) {
	if args == "" {
		return 1, nil
	}
	n, err := s.eval(args)
	if err == nil && n == 0 {
		err = fmt.Errorf("0 times is not at all")
	}
	return n, err
}

// eval computes an expression.
func (s *Session) eval(text string) (uint64, error) {
	e, err := Parse(text)
	if err != nil {
		return 0, err
	}
	return e.Eval(s.d)
}

func going(w Way) func(s *Session, args string) (Action, error) {
	return func(s *Session, args string) (Action, error) {
		n, err := s.counted(args)
		return Action{Way: w, Count: n}, err
	}
}

func plainly(w Way) func(s *Session, args string) (Action, error) {
	return func(s *Session, args string) (Action, error) {
		if args != "" {
			return Action{}, errUsage
		}
		return Action{Way: w}, nil
	}
}

var goCommands = []*command{
	{name: "continue", aliases: []string{"c"}, group: "go", short: "let the machine go on", repeats: true, goes: plainly(Continue),
		long: "In the past it goes on as it went, and behind what was reached it is live again."},
	{name: "stepi", aliases: []string{"si", "step", "s"}, args: "[N]", group: "go", short: "take a step, or N", repeats: true, goes: going(Step),
		long: "A step is an instruction, an iteration of REP, or the delivery of an interrupt or exception."},
	{name: "nexti", aliases: []string{"ni", "next", "n"}, args: "[N]", group: "go", repeats: true, goes: going(Next),
		short: "go to the instruction behind this one, over calls, REP and interrupts"},
	{name: "finish", group: "go", short: "run until the present function has returned", goes: plainly(Finish)},
	{name: "until", aliases: []string{"u"}, args: "ADDR", group: "go", short: "run to an address, at most until the present function has returned",
		complete: symbolNames, goes: func(s *Session, args string) (Action, error) {
			at, err := s.address(args)
			return Action{Way: Until, At: at}, err
		}},
	{name: "advance", args: "STEP", group: "go", short: "run to a step, counted from power-on; +N counts from here",
		goes: func(s *Session, args string) (Action, error) {
			to, err := s.step(args)
			now := s.d.m.Steps()
			if err == nil && to <= now {
				err = fmt.Errorf("step %d is not ahead, the machine stands at %d; goto goes back", to, now)
			}
			return Action{Way: Step, Count: to - now}, err
		}},
}

// step reads the number of a step.
func (s *Session) step(args string) (uint64, error) {
	if args == "" {
		return 0, errUsage
	}
	now := s.d.m.Steps()
	if more, ok := strings.CutPrefix(args, "+"); ok {
		n, err := s.eval(more)
		return now + n, err
	}
	return s.eval(args)
}

var backCommands = []*command{
	{name: "reverse-continue", aliases: []string{"rc"}, group: "back", short: "go back to the last thing that would have stopped the machine", repeats: true,
		goes: plainly(ReverseContinue)},
	{name: "reverse-stepi", aliases: []string{"rsi", "reverse-step", "rs"}, args: "[N]", group: "back", short: "go a step back, or N", repeats: true, goes: going(ReverseStep)},
	{name: "reverse-nexti", aliases: []string{"rni", "reverse-next", "rn"}, group: "back", short: "go back to the instruction before, over what it called", repeats: true,
		goes: plainly(ReverseNext)},
	{name: "reverse-finish", group: "back", short: "go back to the call of the present function", goes: plainly(ReverseFinish)},
	{name: "goto", args: "STEP", group: "back", short: "go to a step that was reached, back or forth",
		goes: func(s *Session, args string) (Action, error) {
			to, err := s.step(args)
			return Action{Way: Goto, At: to}, err
		}},
	{name: "info history", group: "back", short: "what is kept of the past", run: func(s *Session, _ string) error {
		h := s.d.hist
		if h == nil {
			return fmt.Errorf("no history is kept; run with --history SIZE, or use ringzero debug")
		}
		bytes, n := h.Used()
		s.printf("the machine stands at step %d of %d; %d snapshots take %d MiB, %d inputs are known\n", s.d.m.Steps(), h.End(), n, bytes>>20, len(h.Log()))
		return nil
	}},
	{name: "who wrote", args: "ADDR [LENGTH]", group: "back", short: "find the instruction that wrote memory last, by going back", complete: symbolNames,
		long: "ADDR is a linear address, or p:ADDR a physical one. The answer has the instruction, its step and who called.\nThe machine stands where it stood.",
		run:  func(s *Session, args string) error { return s.whoWrote(args) }},
	{name: "who changed", args: "cr0|cr3|cr4|gdtr|idtr|ldtr|tr|msr:N", group: "back", short: "find the instruction that set a register last, by going back",
		run: func(s *Session, args string) error { return s.whoChanged(args) }},
}

// whoWrote searches the past for the last write.
func (s *Session) whoWrote(args string) error {
	words := strings.Fields(args)
	if len(words) == 0 || len(words) > 2 {
		return errUsage
	}
	at, physical, err := s.place2(words[0])
	length := uint64(s.d.word())
	if err == nil && len(words) == 2 {
		length, err = s.eval(words[1])
	}
	if err != nil {
		return err
	}
	if !physical { // the page may have been mapped elsewhere before
		w := s.d.m.Walk(at, 0)
		if w.Fault != nil {
			return fmt.Errorf("linear address %#x is not mapped now; give a physical one, p:ADDR", at)
		}
		at = w.Physical
	}
	return s.who(fmt.Sprintf("wrote physical %#x", at), ringzero.Stops{Watches: []ringzero.Watch{{Base: at, Last: at + max(length, 1) - 1, Physical: true, Write: true}}}, nil)
}

// changers are the instructions that may set a register.
var changers = map[string][]decoder.Op{
	"cr0": {decoder.MOVCR, decoder.LMSW, decoder.CLTS}, "cr4": {decoder.MOVCR}, "gdtr": {decoder.LGDT}, "idtr": {decoder.LIDT},
	"ldtr": {decoder.LLDT}, "tr": {decoder.LTR},
}

func (s *Session) whoChanged(args string) error {
	name := strings.ToLower(strings.TrimSpace(args))
	if name == "cr3" {
		return s.who("changed cr3", ringzero.Stops{CR3: true}, nil)
	}
	if n, ok := strings.CutPrefix(name, "msr:"); ok {
		v, err := s.eval(n)
		if err != nil {
			return err
		}
		return s.who("wrote MSR "+n, ringzero.Stops{Ops: []decoder.Op{decoder.WRMSR}}, func(hit ringzero.Hit) bool {
			st := s.d.m.State()
			return st.R[1]&0xffffffff == v
		})
	}
	ops := changers[name]
	if ops == nil {
		return errUsage
	}
	return s.who("set "+name, ringzero.Stops{Ops: ops}, func(hit ringzero.Hit) bool {
		in := hit.Inst
		if in.Op != decoder.MOVCR {
			return true
		}
		return in.Args[0].Kind == decoder.KindCR && fmt.Sprintf("cr%d", in.Args[0].Reg) == name
	})
}

// who tells of the last hit in the past, and has the machine stand where it stood.
func (s *Session) who(what string, stops ringzero.Stops, want func(ringzero.Hit) bool) (err error) {
	d := s.d
	switch {
	case d.hist == nil:
		return fmt.Errorf("no history is kept; run with --history SIZE, or use ringzero debug")
	case d.running:
		return ErrRunning
	}
	now := d.m.Steps()
	ctx := d.context()
	defer func() {
		if e := d.hist.Goto(context.Background(), now); err == nil {
			err = e
		}
	}()
	hit, ok, err := d.hist.Search(ctx, stops, want, 0)
	switch {
	case err != nil:
		return err
	case !ok:
		s.printf("since power-on nobody did: %s\n", what)
		return nil
	}
	at := hit.Step
	if hit.Kind != ringzero.HitOp {
		at-- // they are told of behind the instruction
	}
	if hit.Access.Device {
		s.printf("a device, or the processor's own walk, %s at step %d\n", what, hit.Step)
		return nil
	}
	if err := d.hist.Goto(ctx, at); err != nil {
		return err
	}
	s.printf("%s:\n", what)
	s.place()
	s.backtrace(8)
	return nil
}
