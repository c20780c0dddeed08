package ringzero

import (
	"context"
	"time"

	"ringzero/host/pace"
	"ringzero/host/serial"
)

const (
	// longStep is what a Step may take of the host's time between two looks at
	// the context and the input.
	longStep = 3 * time.Millisecond
	// inputRoom is how much input waits in the machine before no more is read.
	inputRoom = 4096
	// askEvery is the steps between two questions of RunUntil. Scripts depend on
	// it: it never changes.
	askEvery = 50_000
)

// Run runs the machine until it stops, and says why, as Step does. Idle says that
// the guest waits for what only the caller can give: nothing is due, and there is
// no SerialInput, or no more of it. After Idle and Requested, and after the
// context's end, Run may be called again.
//
// The context is looked at every few milliseconds whatever the guest does; at its
// end Run answers Going and the context's error. Other errors are those of
// Config's readers and writers.
func (m *Machine) Run(ctx context.Context) (Stop, error) { return m.drive(ctx, Never, nil) }

// RunTo runs the machine as Run does, to a step; it answers Going there.
func (m *Machine) RunTo(ctx context.Context, step uint64) (Stop, error) {
	return m.drive(ctx, step, nil)
}

// RunUntil runs the machine as Run does, until done answers true; it answers
// Requested then. done is asked each 200,000 steps of the guest, at the same steps
// on every host, and where the guest is idle, so that what a script does on an
// answer can be repeated at pace fast.
func (m *Machine) RunUntil(ctx context.Context, done func() bool) (Stop, error) {
	for {
		if done() {
			return Requested, nil
		}
		why, err := m.drive(ctx, (m.Steps()/askEvery+1)*askEvery, done)
		if why != Going || err != nil {
			return why, err
		}
	}
}

// Replay repeats a run: the machine is new and of the same Config, without
// SerialInput, log is that of the other. It lets each input in at its step and time,
// as fast as can be, and goes on as Run does.
func (m *Machine) Replay(ctx context.Context, log []Input) (Stop, error) {
	if len(log) > 0 {
		if why, err := m.ReplayTo(ctx, log, log[len(log)-1].Step); why != Going || err != nil {
			return why, err
		}
	}
	return m.Run(ctx)
}

// ReplayTo repeats a run to a step: log are the inputs that came behind the step at which
// the machine stands, those that came at the last step included. It looks at nothing
// that is posted, nor at Config.SerialInput. At its end it answers Going, at the
// context's the context's error, else what Step does.
func (m *Machine) ReplayTo(ctx context.Context, log []Input, to uint64) (Stop, error) {
	pending, before := m.pending, m.to
	m.pending = inputs{}
	defer func() { m.pending, m.to = pending, before }()
	for {
		for len(log) > 0 && m.comes(log[0]) {
			m.apply(log[0])
			log = log[1:]
		}
		until := to
		if len(log) > 0 {
			until = min(until, log[0].Step)
		}
		switch {
		case ctx.Err() != nil:
			return Going, ctx.Err()
		case m.Steps() < until:
			m.to = until
			if why := m.Step(); why != Going && (why != Idle || !m.rest(log)) {
				return why, nil
			}
		case len(log) > 0 && log[0].Step == m.Steps():
			m.rest(log) // the input came while the processor slept
		default:
			return Going, nil
		}
	}
}

// comes tells whether an input comes now.
func (m *Machine) comes(in Input) bool {
	return in.Step < m.Steps() || in.Step == m.Steps() && (in.NS <= m.Now() || !m.cpu.Halted || m.IdleUntil() == Never && !m.conf.Real)
}

// rest passes over the time to the next event or the next input of a replay while the
// processor sleeps, as the host did when it was recorded. False: neither comes.
func (m *Machine) rest(log []Input) bool {
	to := m.IdleUntil()
	if len(log) > 0 && log[0].Step == m.Steps() {
		to = min(to, log[0].NS)
	}
	if to == Never {
		return false
	}
	m.Advance(to)
	m.settle()
	return true
}

// driver is a run with the host's time and input.
type driver struct {
	m    *Machine
	ctx  context.Context
	pace *pace.Pacer // nil: as fast as can be
}

// drive runs to a step.
func (m *Machine) drive(ctx context.Context, to uint64, done func() bool) (Stop, error) {
	if m.conf.SerialInput != nil && m.input == nil {
		m.input = serial.Read(m.conf.SerialInput)
		m.chunks = m.input.Chunks()
	}
	start := time.Now()
	clock := func() time.Duration { return time.Since(start) }
	defer func(before hurry, to uint64) { m.hurry, m.to = before, to }(m.hurry, m.to)
	m.Hurry(clock, longStep)
	m.to = min(m.to, to)
	d := &driver{m: m, ctx: ctx}
	if m.conf.Real {
		d.pace = pace.New(clock, m.Now())
	}
	for {
		if err := d.look(); err != nil {
			return Going, err
		}
		if m.Steps() >= to {
			return Going, nil
		}
		begin, steps := clock(), m.Steps()
		why := m.Step()
		if err := m.Err(); err != nil {
			return why, err
		}
		switch {
		case why != Going && why != Idle:
			return why, nil
		case d.pace != nil:
			if rate, changed := d.pace.Ran(clock()-begin, m.Steps()-steps, m.Now()); changed {
				_ = m.SetRate(rate, pace.Unit) // within its bounds
			}
			if why == Going {
				if ahead := d.pace.Wait(m.Now()); ahead > pace.Ahead {
					d.sleep(ahead)
				}
			}
		}
		if why == Idle && !m.Takes() {
			if done != nil && done() {
				return Requested, nil
			}
			if !d.idle() {
				return Idle, nil
			}
		}
		if why == Idle && d.pace != nil {
			m.Advance(d.pace.Target())
		}
	}
}

// look takes what came in, without waiting, as far as the guest takes it.
func (d *driver) look() error {
	for {
		chunks := d.m.chunks
		if d.m.Pending() > inputRoom {
			chunks = nil
		}
		select {
		case <-d.ctx.Done():
			return d.ctx.Err()
		case chunk, ok := <-chunks:
			if !ok {
				d.m.chunks = nil
				if err := d.m.input.Err(); err != nil {
					return err
				}
				continue
			}
			d.m.SerialIn(chunk)
		default:
			return nil
		}
	}
}

// idle waits for the next event or for input; false where neither will come.
func (d *driver) idle() bool {
	next := d.m.IdleUntil()
	switch {
	case next != Never && d.pace != nil:
		d.pace.Lag(d.m.Now())
		d.sleep(d.pace.Wait(next))
		return true
	case d.m.chunks == nil || d.m.Pending() > 0:
		return false
	}
	d.sleep(time.Hour)
	return true
}

// sleep waits for so long, for input that there is room for, or for the end of
// the context; look takes what came.
func (d *driver) sleep(long time.Duration) {
	if long <= 0 {
		return
	}
	timer := time.NewTimer(long)
	defer timer.Stop()
	chunks := d.m.chunks
	if d.m.Pending() > inputRoom {
		chunks = nil
	}
	select {
	case <-d.ctx.Done():
	case <-timer.C:
	case chunk := <-chunks: // nothing at its end, which look finds
		d.m.SerialIn(chunk)
	}
}
