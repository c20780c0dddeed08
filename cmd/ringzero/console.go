package main

import (
	"fmt"
	"os/signal"
	"time"

	"ringzero"
	"ringzero/bus"
	"ringzero/debugger"
	"ringzero/debugger/gdb"
	"ringzero/host/display"
	"ringzero/host/pace"
	"ringzero/host/serial"
	"ringzero/host/terminal"
)

const (
	// inputRoom is how much input waits in the machine before no more is read.
	inputRoom = 4096
	// typedRoom is how much that was typed or pasted waits; the rest is dropped.
	typedRoom = 64 * inputRoom
	// longStep is what a Step may take before the next look at what came in.
	longStep = 3 * time.Millisecond
	// redrawEvery bounds how often the screen is drawn.
	redrawEvery = 33 * time.Millisecond
)

// outcome is how a run ended: for a reason of the machine's, with a status of
// ours, or by an error.
type outcome struct {
	why    ringzero.Stop
	status int
	says   string // what ended it, where that is not the guest
	err    error
}

// console joins a machine to the terminal, the signals and the host's time. One
// goroutine runs it and the machine.
type console struct {
	*session
	m     *ringzero.Machine
	sink  serial.Sink
	sent  counted // in front of sink, for the guest
	debug serial.Sink
	ended *outcome // while a write hung
	raw   *terminal.Raw
	// failure is why nothing could be booted.
	failure error
	clock   func() time.Duration // the host's, since the start
	took    time.Duration

	pace   *pace.Pacer // nil: as fast as can be
	filter terminal.Filter
	chunks <-chan []byte // nil at the end of the input
	// The debugger, nil for none, what its front ends ask, gdb's, and how the prompt
	// ended.
	dbg      *debugger.Debugger
	requests <-chan func()
	stub     *gdb.Server
	prompted chan outcome
	timer    *time.Timer

	screen   *display.Screen
	keyboard display.Keyboard
	drawn    uint64 // generation of the screen
	drawnAt  time.Duration
	fresh    bool // nothing was drawn yet
	columns  int
	rows     int
	helping  bool // the screen shows the keys of the emulator
}

// loop runs the machine to its end.
func (c *console) loop() outcome {
	// A further signal, while the disks are flushed, ends the process by force.
	defer signal.Reset(endSignals...)
	c.timer = time.NewTimer(time.Hour)
	defer c.timer.Stop()
	c.fresh = true
	c.m.Hurry(c.clock, longStep)
	if c.conf.Real {
		c.pace = pace.New(c.clock, c.m.Now())
	}
	for {
		if end := c.look(); end != nil {
			return *end
		}
		if c.dbg != nil {
			if end, again := c.turn(); end != nil {
				return *end
			} else if again {
				continue
			}
		}
		why, stands := c.run()
		err := c.sink.Flush()
		if c.debug != nil {
			_ = c.debug.Flush()
		}
		if err == nil {
			err = c.draw()
		}
		switch {
		case c.ended != nil:
			return *c.ended
		case err != nil:
			return outcome{err: err}
		}
		if stands {
			continue
		}
		if why != ringzero.Going && why != ringzero.Idle {
			return outcome{why: why}
		}
		if end := c.rest(why); end != nil {
			return *end
		}
	}
}

// run runs the machine for a slice; stands tells that the debugger holds it.
func (c *console) run() (why ringzero.Stop, stands bool) {
	if c.dbg == nil {
		return c.step(), false
	}
	why, runs := c.dbg.Turn(c.step)
	over := why != ringzero.Going && why != ringzero.Idle
	return why, !runs && (!over || c.session.debugging.prompt)
}

// step runs the machine for a slice and keeps its pace.
func (c *console) step() ringzero.Stop {
	begin, steps := c.clock(), c.m.Steps()
	why := c.m.Step()
	took := c.clock() - begin
	if c.pace == nil {
		return why
	}
	if rate, changed := c.pace.Ran(took, c.m.Steps()-steps, c.m.Now()); changed {
		_ = c.m.SetRate(rate, pace.Unit) // within its bounds
	}
	return why
}

// rest sleeps while there is nothing to do: the guest is idle, or ahead of the
// host's time.
func (c *console) rest(why ringzero.Stop) *outcome {
	if why == ringzero.Going {
		if c.pace != nil {
			if ahead := c.pace.Wait(c.m.Now()); ahead > pace.Ahead {
				return c.wait(ahead)
			}
		}
		return nil
	}
	next := c.m.IdleUntil()
	switch {
	case c.m.Takes():
	case next == bus.Never && c.chunks == nil && c.dbg != nil && c.session.debugging.prompt:
		c.dbg.Stopped("the guest waits for input: send \"TEXT\" gives it some")
	case next == bus.Never && c.chunks == nil:
		return &outcome{why: ringzero.HaltedForGood, says: "the guest waits for input, and none will come"}
	case c.pace == nil || next == bus.Never:
		// Only input can go on.
		if end := c.wait(time.Hour); end != nil {
			return end
		}
	default:
		c.pace.Lag(c.m.Now())
		if end := c.wait(c.pace.Wait(next)); end != nil {
			return end
		}
	}
	if c.pace != nil {
		c.m.Advance(c.pace.Target())
	}
	return nil
}

// wait sleeps for d, or until something comes in.
func (c *console) wait(d time.Duration) *outcome {
	if c.screen != nil && c.stale() {
		d = min(d, c.drawnAt+redrawEvery-c.clock())
	}
	if d <= 0 {
		return nil
	}
	c.timer.Reset(d)
	select {
	case <-c.timer.C:
		return nil
	case chunk, ok := <-c.input():
		return c.receive(chunk, ok)
	case f := <-c.requests:
		f()
		return nil
	case sig := <-c.signals:
		return c.interrupted(sig)
	case <-c.late:
		return limited()
	}
}

// look takes what came in, without waiting.
func (c *console) look() *outcome {
	for {
		select {
		case sig := <-c.signals:
			if end := c.interrupted(sig); end != nil {
				return end
			}
		case <-c.late:
			return limited()
		case chunk, ok := <-c.input():
			if end := c.receive(chunk, ok); end != nil {
				return end
			}
		default:
			return nil
		}
	}
}

// input is where to read from: nowhere while the guest lags behind. A terminal
// is read nevertheless, as the escape may come.
func (c *console) input() <-chan []byte {
	if c.raw.IsTerminal() || c.m.Pending() <= inputRoom {
		return c.chunks
	}
	return nil
}

// receive takes what was typed.
func (c *console) receive(chunk []byte, ok bool) *outcome {
	if !ok {
		c.chunks = nil
		return nil
	}
	guest, actions := c.filter.Split(chunk)
	if c.helping && len(chunk) > 0 {
		c.helping = false
		c.screen.Redraw()
		c.fresh = true
	}
	for _, a := range actions {
		switch a {
		case terminal.Quit:
			if c.screen == nil && terminal.IsTerminal(c.in) {
				fmt.Fprintln(c.errs) // the shell's prompt wants a line of its own
			}
			return &outcome{why: ringzero.Requested}
		case terminal.Help:
			c.help()
		case terminal.PowerButton:
			c.m.PowerButton()
			c.pressed("power button was pressed; a guest without ACPI does not look at it")
		case terminal.Reset:
			c.m.ResetButton()
			c.pressed("reset button was pressed")
		}
	}
	if c.raw.IsTerminal() {
		guest = guest[:min(len(guest), max(0, typedRoom-c.m.Pending()))]
	}
	if c.screen != nil {
		for _, k := range c.keyboard.Feed(guest) {
			c.m.Key(k.Code, k.Down)
		}
	} else {
		c.m.SerialIn(guest)
	}
	return nil
}

// pressed tells that the emulator took a key, where the guest may not show it:
// by a line, or by the bell where the terminal shows the guest's screen.
func (c *console) pressed(what string) {
	if c.screen != nil {
		fmt.Fprint(c.out, "\a")
		return
	}
	fmt.Fprintf(c.errs, "\nringzero: the %s\n", what)
}

// help lists the emulator's own keys.
func (c *console) help() {
	if c.screen == nil {
		fmt.Fprintf(c.errs, "\n%s", terminal.HelpText(c.escape))
		return
	}
	c.helping = true
	// ECMA-48: erase the page, cursor home.
	fmt.Fprintf(c.out, "\x1b[0m\x1b[2J\x1b[H%sAny key goes back to the guest.\n", terminal.HelpText(c.escape))
}
