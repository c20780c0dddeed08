package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"ringzero"
	"ringzero/bios"
	"ringzero/debugger/explain"
	"ringzero/host/display"
	"ringzero/host/serial"
	"ringzero/host/terminal"
)

// play makes the machine, runs it and says how it ended.
func (s *session) play() error {
	keepPipes()
	c := &console{session: s, filter: terminal.Filter{Escape: s.escape}}
	sink, err := s.serial.Open(newPatient(c, s.out))
	if err != nil {
		return err
	}
	c.sink = sink
	if s.until != "" {
		c.sink = serial.NewWatch(sink, s.until, func() { c.m.Stop(ringzero.Requested) })
	}
	c.sent.Sink = c.sink
	s.conf.Serial = ringzero.EachByte(c.sent.Send)
	if s.display == "none" {
		c.debug = serial.NewWriter(newPatient(c, s.errs))
		s.conf.Debug = ringzero.EachByte(c.debug.Send)
	}
	s.conf.OnBoot = func(reason string) {
		c.failure = fmt.Errorf("%s; give an image with a boot sector, or a kernel", s.driveNames(reason))
		c.m.Stop(ringzero.Requested)
	}
	s.undoable()
	if c.m, err = ringzero.New(s.conf); err != nil {
		c.sink.Close()
		return s.named(err)
	}
	defer c.m.Close()
	stop, err := s.startTrace(c.m)
	if err == nil {
		err = c.startDebugger()
	}
	if err != nil {
		c.sink.Close()
		return err
	}
	return s.conclude(c, c.play(), stop())
}

// play takes the terminal, runs, and gives it back on every way out.
func (c *console) play() (end outcome) {
	if (c.serial.Kind == serial.Stdio || c.display == "terminal") && !c.session.debugging.prompt {
		raw, err := terminal.MakeRaw(c.in)
		if err != nil {
			return outcome{err: err}
		}
		c.raw = raw
		defer c.raw.Restore()
		c.chunks = serial.Read(c.in).Chunks()
		if terminal.IsNull(c.in) {
			c.notes.tell("standard input is the null device: no input will come")
		}
	}
	if c.display == "terminal" {
		c.screen = display.New(c.out)
		c.raw.OnRestore(func() { _ = c.screen.Stop() })
		c.notes.held = true
		defer c.notes.release()
		if err := c.screen.Start(); err != nil {
			return outcome{err: fmt.Errorf("--display terminal: %w", err)}
		}
	}
	start := time.Now()
	c.clock = func() time.Duration { return time.Since(start) }
	if c.session.debugging.prompt {
		c.prompted = make(chan outcome, 1)
		go c.prompt()
	}
	end = c.loop()
	c.stopDebugger(&end)
	c.took = c.clock()
	if err := c.close(); err != nil && end.err == nil && !errors.Is(err, errEnded) {
		end.err = err
	}
	return end
}

// close flushes what the guest sent.
func (c *console) close() error {
	err := c.sink.Close()
	if c.debug != nil {
		_ = c.debug.Close() // standard error: nobody is left to tell
	}
	return err
}

// conclude prints what was asked for and gives the exit status.
func (s *session) conclude(c *console, end outcome, trace error) error {
	if s.hash {
		fmt.Fprintf(s.errs, "state-hash %s\n", c.m.StateHash())
	}
	if s.stats {
		printStats(s.errs, c.m, c.took)
	}
	if end.err == nil && c.failure == nil {
		s.tell(c, end)
	}
	switch {
	case end.err != nil:
		if status, is := pipeStatus(end.err); is {
			return exitWith(status)
		}
		return end.err
	case c.failure != nil:
		return c.failure
	case trace != nil:
		return trace
	case end.status != exitOK:
		return exitWith(end.status)
	}
	return exitWith(stopStatus(end.why, c.m))
}

// named puts the files in front of what is wrong with a kernel or its initrd.
func (s *session) named(err error) error {
	var k *bios.KernelError
	switch {
	case !errors.As(err, &k):
		return err
	case s.initrdFile != "":
		return fmt.Errorf("%s, %s: %w", s.kernelFile, s.initrdFile, err)
	}
	return fmt.Errorf("%s: %w", s.kernelFile, err)
}

// startTrace has the machine traced; the result ends it.
func (s *session) startTrace(m *ringzero.Machine) (stop func() error, err error) {
	if s.trace == "" {
		return func() error { return nil }, nil
	}
	file := s.errs
	if s.trace != "-" {
		if file, err = os.Create(s.trace); err != nil {
			return nil, fmt.Errorf("--trace: %w", pathError(s.trace, err))
		}
	}
	w := bufio.NewWriterSize(file, 1<<16)
	t := explain.NewTracer(m, io.Writer(w))
	return func() error {
		err := t.Stop()
		if e := w.Flush(); err == nil {
			err = e
		}
		if s.trace == "-" {
			return nil
		}
		if e := file.Close(); err == nil {
			err = e
		}
		if err != nil {
			return fmt.Errorf("--trace: %w", pathError(s.trace, err))
		}
		return nil
	}, nil
}
