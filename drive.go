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

// Replay repeats a run at pace fast: the machine is new and of the same Config,
// without SerialInput, inputs are those of the other. It lets each in at its step
// and goes on as Run does.
func (m *Machine) Replay(ctx context.Context, inputs []Input) (Stop, error) {
	for _, in := range inputs {
		if why, err := m.RunTo(ctx, in.Step); why != Going || err != nil {
			return why, err
		}
		m.apply(in)
	}
	return m.Run(ctx)
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
