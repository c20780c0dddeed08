package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/peterh/liner"
	"github.com/urfave/cli/v2"

	"ringzero"
	"ringzero/debugger"
	"ringzero/debugger/gdb"
	"ringzero/debugger/history"
	"ringzero/debugger/symbols"
)

// remoteFlags are the debugger's on run as well.
func remoteFlags(history string) []cli.Flag {
	text := ""
	if history != "" {
		text = history
	}
	return []cli.Flag{
		&cli.StringFlag{Name: "gdb", Usage: "let gdb or lldb in at `ADDR`, [HOST:]PORT; on this host alone where no HOST is named"},
		&cli.BoolFlag{Name: "wait", Usage: "with --gdb, hold the first instruction until somebody lets the machine go"},
		&cli.StringFlag{Name: "history", Usage: "keep the past, to go back in, in `SIZE` of memory; writes to disks reach the file at the end only", DefaultText: text},
		&cli.StringSliceFlag{Name: "symbols", Usage: "read names from `FILE`: ELF, System.map, or what nm prints; up to several times"},
	}
}

func debugFlags() []cli.Flag {
	return append(append(runFlags(), remoteFlags(defaultHistory)...),
		&cli.StringSliceFlag{Name: "x", Usage: "run the debugger's commands in `FILE` first"},
		&cli.BoolFlag{Name: "batch", Usage: "end behind them, with the guest's exit status where its run is over"})
}

// defaultHistory is what debug and --gdb keep.
const defaultHistory = "512M"

// debugging is what the flags ask of the debugger.
type debugging struct {
	prompt  bool // the debug command
	gdb     string
	wait    bool
	history int64 // bytes, 0 for none
	files   []string
	scripts []string
	batch   bool
	undo    []*ringzero.UndoDisk
}

// debuggerFlags reads the debugger's flags.
func (s *session) debuggerFlags(c *cli.Context, prompt bool) error {
	g := &s.debugging
	g.prompt, g.gdb, g.wait = prompt, c.String("gdb"), c.Bool("wait")
	g.files, g.scripts, g.batch = c.StringSlice("symbols"), c.StringSlice("x"), c.Bool("batch")
	size := c.String("history")
	if size == "" && !c.IsSet("history") && (prompt || g.gdb != "") {
		size = defaultHistory
	}
	if size != "" && size != "0" {
		n, err := parseSize(size)
		if err != nil {
			return usagef("--history: %w", err)
		}
		g.history = int64(min(n, 1<<62))
	}
	switch {
	case c.IsSet("gdb") && g.gdb == "":
		return usagef("--gdb needs an address, [HOST:]PORT")
	case g.wait && g.gdb == "":
		return usagef("--wait is for --gdb")
	case g.batch && len(g.scripts) == 0:
		return usagef("--batch needs commands, -x FILE")
	case prompt && c.IsSet("trace"):
		return usagef("--trace is for run")
	}
	if prompt && !c.IsSet("pace") {
		s.conf.Real = false
	}
	return nil
}

// wanted tells whether there is a debugger.
func (g *debugging) wanted() bool { return g.prompt || g.gdb != "" || g.history != 0 }

// undoable puts disks that can be taken back over those of the configuration.
func (s *session) undoable() {
	if s.debugging.history == 0 {
		return
	}
	over := func(d ringzero.Disk) ringzero.Disk {
		if d == nil {
			return nil
		}
		u := ringzero.Undo(d)
		s.debugging.undo = append(s.debugging.undo, u)
		return u
	}
	s.conf.Floppy = over(s.conf.Floppy)
	for i, d := range s.conf.Disks {
		s.conf.Disks[i] = over(d)
	}
}

// startDebugger puts the machine under the debugger, and lets its front ends in.
func (c *console) startDebugger() error {
	g := &c.session.debugging
	if !g.wanted() {
		return nil
	}
	var h *history.History
	if g.history != 0 {
		var err error
		if h, err = history.New(c.m, g.history); err != nil {
			return err
		}
	}
	c.dbg = debugger.New(c.m, h)
	c.requests = c.dbg.Requests()
	if k := c.m.Kernel(); k != nil {
		if src, err := symbols.Read(c.kernelFile, bytes.NewReader(k.Image), int64(len(k.Image))); err == nil {
			c.dbg.Names().Add(src)
		}
	}
	for _, path := range g.files {
		src, err := readSymbols(path)
		if err != nil {
			return err
		}
		c.dbg.Names().Add(src)
	}
	if g.gdb != "" {
		l, err := gdb.Listen(g.gdb)
		if err != nil {
			return fmt.Errorf("--gdb: %w", err)
		}
		c.stub = gdb.Serve(l, c.dbg.Remote(), c.notes.tell)
		c.notes.tell(fmt.Sprintf("gdb: target remote %s", c.stub.Addr()))
	}
	if !g.prompt && !g.wait {
		return c.dbg.Begin()
	}
	return nil
}

// readSymbols reads a file of --symbols.
func readSymbols(path string) (*symbols.Source, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--symbols: %w", pathError(path, err))
	}
	src, err := symbols.Read(path, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("--symbols: %w", err)
	}
	return src, nil
}

// turn serves the debugger's front ends; again tells that the machine stands still.
func (c *console) turn() (end *outcome, again bool) {
	if c.dbg.Running() {
		c.dbg.Poll()
		return nil, !c.dbg.Running()
	}
	if err := c.sink.Flush(); err != nil {
		return &outcome{err: err}, true
	}
	select {
	case f := <-c.requests:
		f()
	case end := <-c.prompted:
		return &end, true
	case sig := <-c.signals:
		if sig == os.Interrupt && c.session.debugging.prompt && !c.session.debugging.batch {
			break // nothing runs that it could stop
		}
		return signalled(sig), true
	case <-c.late:
		return limited(), true
	}
	return nil, true
}

// interrupted takes a signal while the machine runs: at a prompt Ctrl-C stops it.
func (c *console) interrupted(sig os.Signal) *outcome {
	if c.dbg != nil && sig == syscall.SIGINT && c.session.debugging.prompt && !c.session.debugging.batch {
		c.dbg.Interrupt()
		return nil
	}
	return signalled(sig)
}

// stopDebugger lets the front ends know that the machine is gone, and writes the disks.
func (c *console) stopDebugger(end *outcome) {
	if c.dbg == nil {
		return
	}
	if c.stub != nil {
		c.dbg.Close(end.status)
		_ = c.stub.Close()
	}
	for _, u := range c.session.debugging.undo {
		if err := u.Commit(); err != nil && end.err == nil {
			end.err = err
		}
	}
}

// prompt runs the scripts and then what people type, on a goroutine of its own, and
// tells how it ended.
func (c *console) prompt() {
	g := &c.session.debugging
	s := debugger.NewSession(c.dbg, c.out)
	end := outcome{why: ringzero.Requested}
	for _, path := range g.scripts {
		if err := script(s, path); err != nil {
			if g.batch {
				c.prompted <- outcome{err: err}
				return
			}
			fmt.Fprintf(c.errs, "ringzero: %v\n", err)
		}
		if s.Quit() {
			break
		}
	}
	if !g.batch && !s.Quit() {
		end.err = c.converse(s)
	}
	if why := c.dbg.Ended(); why != ringzero.Going {
		end.why = why
	}
	c.prompted <- end
}

// script runs the commands in a file, up to the first error.
func script(s *debugger.Session, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("-x: %w", pathError(path, err))
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	n := 0
	read := func() (string, bool) {
		ok := lines.Scan()
		n++
		return lines.Text(), ok
	}
	s.MoreLines(read)
	for {
		line, ok := read()
		if !ok {
			return lines.Err()
		}
		if strings.TrimSpace(line) == "" {
			continue // repeats nothing here
		}
		if err := s.Run(line); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if s.Quit() {
			return nil
		}
	}
}

// historyFile is where the prompt keeps what was typed.
func historyFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "ringzero", "debug-history")
}

// converse reads commands from the terminal, or from a pipe, until quit.
func (c *console) converse(s *debugger.Session) error {
	line := liner.NewLiner()
	defer line.Close()
	line.SetCtrlCAborts(true)
	line.SetCompleter(s.Complete)
	path := historyFile()
	if f, err := os.Open(path); err == nil {
		_, _ = line.ReadHistory(f)
		f.Close()
	}
	read := func() (string, bool) {
		text, err := line.Prompt("> ")
		return text, err == nil
	}
	s.MoreLines(read)
	if err := s.Run("status"); err != nil {
		return err
	}
	for !s.Quit() {
		text, err := line.Prompt("(ringzero) ")
		switch {
		case errors.Is(err, liner.ErrPromptAborted):
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the prompt: %w", err)
		}
		if strings.TrimSpace(text) != "" {
			line.AppendHistory(text)
		}
		if err := s.Run(text); err != nil {
			fmt.Fprintf(c.out, "%v\n", err)
		}
	}
	if path != "" && os.MkdirAll(filepath.Dir(path), 0o700) == nil {
		if f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err == nil {
			_, _ = line.WriteHistory(f)
			f.Close()
		}
	}
	return nil
}
