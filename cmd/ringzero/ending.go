package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"ringzero"
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
	switch {
	case s.report, end.why == ringzero.TripleFault, end.why == ringzero.HaltedForGood:
		if says != "" {
			fmt.Fprintf(s.errs, "ringzero: %s\n", says)
		}
		fmt.Fprint(s.errs, c.m.Report(end.why))
	case end.why == ringzero.Rebooted:
		fmt.Fprintf(s.errs, "ringzero: %s\n", says)
	case says != "":
		fmt.Fprint(s.errs, c.m.ShortReport("ringzero: "+says))
	}
	s.lastScreen(c)
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
