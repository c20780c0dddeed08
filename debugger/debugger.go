// Package debugger stops a machine anywhere, shows what is in it, and goes backwards.
//
// One goroutine owns a machine: its driver, which calls Turn between two Steps. Front
// ends, a prompt or gdb, live on goroutines of their own: they look with Do and let
// the machine go with Resume. Several may work on one machine.
package debugger

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"ringzero"
	"ringzero/debugger/history"
	"ringzero/debugger/symbols"
)

// ErrGone says that the machine is no more.
var ErrGone = errors.New("the machine is gone")

// ErrRunning refuses what only works while the machine stands still.
var ErrRunning = errors.New("the machine runs; stop it first (Ctrl-C)")

// Debugger is a machine under a debugger.
type Debugger struct {
	m     Target
	hist  *history.History // nil: there is none
	names *symbols.Table

	requests chan func()
	gone     chan struct{}

	// What follows belongs to the machine's goroutine.
	running bool
	plan    plan
	last    Stop
	points  points
	ended   ringzero.Stop // of a run that is over, Going before

	mu        sync.Mutex
	told      map[int]func(Stop)
	next      int
	interrupt context.CancelFunc // of what goes on now
	ctx       context.Context
}

// New puts a machine under a debugger, where it stands still. hist is nil where nothing
// is kept of the past.
func New(m Target, hist *history.History) *Debugger {
	d := &Debugger{m: m, hist: hist, names: symbols.NewTable(), requests: make(chan func()), gone: make(chan struct{}),
		told: map[int]func(Stop){}}
	d.points.d = d
	d.last = Stop{Kind: StopStart, Step: m.Steps()}
	d.context()
	return d
}

// context makes the one that Interrupt ends.
func (d *Debugger) context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ctx, d.interrupt = context.WithCancel(context.Background())
	return d.ctx
}

// Names are the symbols that are known.
func (d *Debugger) Names() *symbols.Table { return d.names }

// Do runs f on the machine's goroutine, between two instructions, and waits for it. The
// machine goes on behind it where it ran.
func (d *Debugger) Do(f func()) error {
	done := make(chan struct{})
	select {
	case d.requests <- func() { defer close(done); f() }:
		<-done
		return nil
	case <-d.gone:
		return ErrGone
	}
}

// Requests is what a driver waits on while the machine stands still, beside its own
// affairs: it calls what comes.
func (d *Debugger) Requests() <-chan func() { return d.requests }

// Running tells, on the machine's goroutine, whether the machine is to run.
func (d *Debugger) Running() bool { return d.running }

// Poll serves the front ends that wait, and comes back at once.
func (d *Debugger) Poll() {
	for {
		select {
		case f := <-d.requests:
			f()
		default:
			return
		}
	}
}

// Close tells the front ends that the machine is gone, with the status of its end.
func (d *Debugger) Close(status int) {
	d.tell(Stop{Kind: StopExited, Status: status, Step: d.m.Steps()})
	close(d.gone)
}

// Interrupt stops a machine that runs.
func (d *Debugger) Interrupt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.interrupt()
}

// Subscribe has every stop told, from the machine's goroutine.
func (d *Debugger) Subscribe(told func(Stop)) (cancel func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.next
	d.next++
	d.told[n] = told
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.told, n)
	}
}

func (d *Debugger) tell(s Stop) {
	d.last = s
	d.mu.Lock()
	all := make([]func(Stop), 0, len(d.told))
	for _, f := range d.told {
		all = append(all, f)
	}
	d.mu.Unlock()
	for _, f := range all {
		f(s)
	}
}

// StopKind is a reason to stand still.
type StopKind uint8

// The reasons.
const (
	StopStart       StopKind = iota // nothing has run yet
	StopPoint                       // a breakpoint, watchpoint or catchpoint
	StopStepped                     // what was asked for is done
	StopInterrupted                 // somebody wanted it
	StopBegin                       // the past begins here
	StopMachine                     // the run is over, see Why
	StopExited                      // the machine is gone
)

// Stop is why a machine stands still.
type Stop struct {
	Kind   StopKind
	Step   uint64
	Points []*Point // what was met
	Hit    ringzero.Hit
	Why    ringzero.Stop
	Status int
	Note   string
}

// String is a line for people, without the place.
func (s Stop) String() string {
	switch s.Kind {
	case StopStart:
		return "the machine is switched on"
	case StopPoint:
		text := ""
		for i, p := range s.Points {
			if i > 0 {
				text += ", "
			}
			text += p.met(s)
		}
		return text
	case StopInterrupted:
		if s.Note != "" {
			return s.Note
		}
		return "interrupted"
	case StopBegin:
		return "no more history: the machine was switched on here"
	case StopMachine:
		return fmt.Sprintf("the run is over: %v", s.Why)
	case StopExited:
		return "the machine is gone"
	}
	return s.Note
}
