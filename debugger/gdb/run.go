package gdb

import (
	"fmt"
	"strings"
)

// whyStopped is the first question of a client: the machine stands from here on.
func (s *session) whyStopped(string) reply {
	return s.standing(func() reply { return s.stopReply(Stop{Kind: Stepped}) })
}

func (s *session) attach(string) reply {
	s.file = nil // the client reads the description again
	return s.whyStopped("")
}

// resumeThreads is vCont: the first action that is for our thread.
func (s *session) resumeThreads(args string) reply {
	for one := range strings.SplitSeq(args, ";") {
		action, thread, named := strings.Cut(one, ":")
		if named && !isOurs(thread) {
			continue
		}
		if action == "t" {
			return s.stopThread()
		}
		a, err := parseAction(action)
		if err != nil {
			return badArgs
		}
		return s.resume(a)
	}
	return badArgs
}

func parseAction(action string) (Action, error) {
	bad := fmt.Errorf("%q is no action", action)
	if action == "" {
		return Action{}, bad
	}
	switch action[0] {
	case 'c', 'C':
		return Action{Kind: Continue}, nil
	case 's', 'S':
		return Action{Kind: Step}, nil
	case 'r':
		lo, hi, err := parsePair(action[1:])
		if err != nil {
			return Action{}, bad
		}
		return Action{RangeStep, lo, hi}, nil
	}
	return Action{}, bad
}

func (s *session) stopThread() reply {
	return s.standing(func() reply { return s.stopReply(Stop{Kind: Interrupted}) })
}

// afterSignal drops the signal of C and S: a machine takes none.
func afterSignal(args string) string {
	_, addr, _ := strings.Cut(args, ";")
	return addr
}

func (s *session) continueAt(addr string) reply { return s.resumeAt(addr, Continue) }
func (s *session) stepAt(addr string) reply     { return s.resumeAt(addr, Step) }

func (s *session) resumeAt(addr string, k ActionKind) reply {
	if addr != "" {
		pc, err := parseHex(addr)
		if err != nil {
			return badArgs
		}
		if r := s.do(func(m Machine) reply { return s.setPC(m, pc) }); r != ok {
			return r
		}
	}
	return s.resume(Action{Kind: k})
}

// backwards is bc and bs.
func (s *session) backwards(args string) reply {
	switch args {
	case "c":
		return s.resume(Action{Kind: ReverseContinue})
	case "s":
		return s.resume(Action{Kind: ReverseStep})
	}
	return ""
}

func (s *session) resume(a Action) reply {
	if s.exited != nil {
		return s.stopReply(*s.exited)
	}
	if s.waiting {
		return s.fail("the machine runs already")
	}
	s.forget() // what others did with the machine while the client looked at it
	err := s.target.Resume(a)
	if err == nil {
		s.waiting = true
		return later
	}
	if a.Kind == Continue && s.isRunning() { // another front end was first
		s.waiting = true
		return later
	}
	return s.fail(err.Error())
}

func (s *session) isRunning() bool {
	running := false
	err := s.target.Do(func(m Machine) { running = m.Running() })
	return err == nil && running
}

// stopped tells a client that waits for a stop.
func (s *session) stopped(st Stop) {
	if st.Kind == Exited {
		s.exited = &st
	}
	if f := s.parked; f != nil {
		s.parked = nil
		s.send(f())
		return
	}
	if !s.waiting || st.Kind != Exited && s.isRunning() { // another front end let it go on
		return
	}
	s.waiting = false
	r := s.stopReply(st)
	if st.Text != "" {
		s.print(st.Text + "\n")
	}
	s.print(s.note)
	s.note = ""
	s.send(r)
}

// stopReply is a stop as in "Stop Reply Packets".
func (s *session) stopReply(st Stop) reply {
	if s.exited != nil {
		return reply(fmt.Sprintf("W%02x", byte(s.exited.Status)))
	}
	signal := 5 // SIGTRAP
	switch st.Kind {
	case Interrupted:
		signal = 2 // SIGINT
	case Fault:
		signal = 11 // SIGSEGV
	}
	head := fmt.Sprintf("T%02x", signal)
	err := s.target.Do(func(m Machine) {
		s.tellMode(m)
		head += s.reason(m, st) + s.expedited(m)
	})
	if err != nil { // it ended after this stop
		head = fmt.Sprintf("T%02x", signal)
	}
	return reply(head + "thread:1;")
}

func (s *session) reason(m Machine, st Stop) string {
	switch st.Kind {
	case Breakpoint:
		return s.breakReason(m, st.Watch)
	case Watch:
		name := map[BreakKind]string{WatchRead: "rwatch", WatchAccess: "awatch"}[st.Watch]
		if name == "" {
			name = "watch"
		}
		return fmt.Sprintf("%s:%x;", name, st.Addr)
	case HistoryBegin:
		return "replaylog:begin;"
	case HistoryEnd:
		return "replaylog:end;"
	}
	return ""
}

// breakReason says which kind of breakpoint was hit. If gdb knows of none at the
// address that it is shown, because another front end has set it or the code
// segment has a base, it would go on without a word: then it is told a signal.
func (s *session) breakReason(m Machine, k BreakKind) string {
	f := s.registers(m)
	pc, _ := s.value(m, f.all[f.pc])
	here := func(b breakpoint) bool { return b.kind == k && b.addr == little(pc) }
	for b := range s.breaks {
		switch {
		case !here(b):
		case k == Hardware && s.hwbreak:
			return "hwbreak:;"
		case k == Software && s.swbreak:
			return "swbreak:;"
		}
	}
	return ""
}

// detach lets the machine go on without this client.
func (s *session) detach(string) reply {
	s.leave()
	if !s.extended {
		s.send(ok)
		s.end = "detached"
		return later
	}
	return ok
}

// leave removes the client's breakpoints and lets the machine go on. Where
// another has done so already that is no error.
func (s *session) leave() {
	s.removeAll()
	s.waiting, s.parked = false, nil
	if s.exited == nil {
		_ = s.target.Resume(Action{Kind: Continue})
	}
}

// kill is k, which has no answer.
func (s *session) kill(string) reply {
	s.killed()
	if !s.extended {
		s.end = "killed"
	}
	return later
}

func (s *session) killProcess(string) reply {
	s.killed()
	return ok
}

// killed is what the server's owner wants it to be, else a detach.
func (s *session) killed() {
	if s.server.kill == nil {
		s.leave()
	} else {
		go s.server.kill()
	}
}
