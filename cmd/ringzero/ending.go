package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"

	"ringzero"
	"ringzero/debugger/explain"
	"ringzero/debugger/symbols"
	"ringzero/host/serial"
)

// limited is the end by --timeout.
func limited() *outcome {
	return &outcome{why: ringzero.Limit, status: exitLimit, says: "--timeout ran out"}
}

// signalled is the end by a signal.
func signalled(sig os.Signal) *outcome {
	n, _ := sig.(syscall.Signal)
	return &outcome{why: ringzero.Requested, status: exitSignal + int(n), says: fmt.Sprintf("ended by signal %d (%v)", int(n), sig)}
}

// tell says on standard error how a run ended: nothing where the guest or the
// user wanted the end, in short what it was at where a limit or a signal came,
// at length where the guest broke or --report asks.
func (s *session) tell(c *console, end outcome) {
	says := end.says
	switch end.why {
	case ringzero.Limit:
		if says == "" {
			says = "--max-instructions ran out"
		}
	case ringzero.Rebooted:
		says = "the guest reset the machine, which --no-reboot makes the end"
	}
	if s.explain == "json" {
		s.explainAt(c, end.why)
		return
	}
	switch {
	case s.report, end.why == ringzero.TripleFault, end.why == ringzero.HaltedForGood:
		if says != "" {
			fmt.Fprintf(s.errs, "ringzero: %s\n", says)
		}
		s.explainAt(c, end.why)
	case end.why == ringzero.Rebooted:
		fmt.Fprintf(s.errs, "ringzero: %s\n", says)
	case says != "":
		fmt.Fprint(s.errs, explain.Short(c.m, c.names(), "ringzero: "+says))
	}
	s.lastScreen(c)
}

// explainAt explains how the run ended.
func (s *session) explainAt(c *console, why ringzero.Stop) {
	r := explain.Of(c.m, c.names(), why)
	if s.explain == "json" {
		fmt.Fprintln(s.errs, r.JSON())
		return
	}
	fmt.Fprint(s.errs, r.Text())
}

// names are the symbols that are known: the debugger's, else the kernel's own.
func (c *console) names() *symbols.Table {
	if c.dbg != nil {
		return c.dbg.Names()
	}
	t := symbols.NewTable()
	if k := c.m.Kernel(); k != nil {
		if src, err := symbols.Read(c.kernelFile, bytes.NewReader(k.Image), int64(len(k.Image))); err == nil {
			t.Add(src)
		}
	}
	for _, path := range c.session.debugging.files {
		if src, err := readSymbols(path); err == nil {
			t.Add(src)
		}
	}
	return t
}

// counted is a sink that knows whether something was sent to it.
type counted struct {
	serial.Sink
	n uint64
}

// Send is a bus.CharSink's.
func (c *counted) Send(b byte) {
	c.n++
	c.Sink.Send(b)
}

// banner is all that the screen of a guest shows that wrote nothing.
const banner = "ringzero"

// lastScreen shows what the guest left on the text screen where nobody saw
// anything of it: nothing came by the serial port and no display was there.
func (s *session) lastScreen(c *console) {
	if s.display != "none" || s.serial.Kind != serial.None && c.sent.n > 0 {
		return
	}
	text := c.m.Text()
	lines := strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	if shown := strings.Join(lines, "\n"); shown != "" && shown != banner {
		fmt.Fprintf(s.errs, "ringzero: nothing came by the serial port; the screen shows:\n%s\n", shown)
	}
}
