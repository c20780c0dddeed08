package debugger

import (
	"context"
	"errors"
	"fmt"

	"ringzero"
)

// Way is a way to go on.
type Way uint8

// The ways.
const (
	Continue Way = iota
	Step         // Count steps
	Next         // over what is called, repeated and interrupts
	Finish       // until the present function has returned
	Until        // until the linear address At, or the caller
	ReverseContinue
	ReverseStep
	ReverseNext
	ReverseFinish
	Goto // the step At
	Range
)

// Action is how a machine is to go on.
type Action struct {
	Way   Way
	Count uint64 // of Step and ReverseStep; 0 is 1
	At    uint64
	// Lo and Hi bound a Range: it steps until the instruction is outside.
	Lo, Hi uint64
}

// plan is what is wanted of a machine that runs.
type plan struct {
	Action
	// to is the step to stand still at, ^0 for none; temp are addresses to stand still
	// at where the stack pointer is at least sp.
	to      uint64
	temp    []uint64
	sp      uint64
	deliver int // interrupts that were delivered before (Next)
	from    uint64
	hit     *Stop
}

const never = ^uint64(0)

// Resume lets the machine go on; the stop is told. It is called on any goroutine but the
// machine's.
func (d *Debugger) Resume(a Action) (err error) {
	if e := d.Do(func() { err = d.start(a) }); e != nil {
		return e
	}
	return err
}

// Begin lets a machine run from the start, where no front end does; it is called by the
// driver before its first Turn.
func (d *Debugger) Begin() error { return d.start(Action{Way: Continue}) }

// Ended is why the machine's run is over, Going where it is not. It may be called on any
// goroutine.
func (d *Debugger) Ended() (why ringzero.Stop) {
	_ = d.Do(func() { why = d.ended })
	return why
}

// start lets the machine go.
func (d *Debugger) start(a Action) error {
	reverse := a.Way >= ReverseContinue && a.Way <= Goto
	switch {
	case d.running:
		return ErrRunning
	case reverse && d.hist == nil:
		return errors.New("there is no history to go back in; run with --history SIZE, or use ringzero debug")
	case d.ended != ringzero.Going && !reverse && (d.hist == nil || !d.hist.Past()):
		return fmt.Errorf("the run is over (%v); only the past can be gone to", d.ended)
	case a.Way == Goto && a.At > d.hist.End():
		return fmt.Errorf("step %d was not reached yet; the run ends at %d (advance goes on)", a.At, d.hist.End())
	}
	a.Count = max(a.Count, 1)
	d.plan = plan{Action: a, to: never, from: d.m.Steps()}
	if !reverse {
		if err := d.prepare(); err != nil {
			return err
		}
		d.arm()
	}
	d.context()
	d.running = true
	return nil
}

// prepare says where an action forward ends.
func (d *Debugger) prepare() error {
	p := &d.plan
	now := d.m.Steps()
	switch p.Way {
	case Step:
		p.to = now + min(p.Count, never-1-now)
	case Range:
		p.to = now + 1
	case Next:
		d.next1()
	case Finish:
		back, sp, err := d.returnsTo()
		if err != nil {
			return err
		}
		p.temp, p.sp = []uint64{back}, sp
	case Until:
		p.temp, p.sp = []uint64{p.At}, 0
		if back, _, err := d.returnsTo(); err == nil {
			p.temp = append(p.temp, back)
		}
	}
	return nil
}

// next1 begins a Next: over a call, a repetition and what they lead to, else one step.
func (d *Debugger) next1() {
	p := &d.plan
	s := d.m.State()
	p.deliver = d.m.History().Interrupts.N
	p.to, p.temp = d.m.Steps()+1, nil
	if in, ok := d.inst(d.pc()); ok && over(&in) {
		p.to, p.temp, p.sp = never, []uint64{d.pc() + uint64(in.Len)}, d.stack(&s)
	}
}

// Turn lets the machine run for a while: step is the driver's own Step, which is used
// where the machine does what it has not done before. It answers false where the machine
// stands still now.
func (d *Debugger) Turn(step func() ringzero.Stop) (why ringzero.Stop, runs bool) {
	p := &d.plan
	if p.Way >= ReverseContinue && p.Way <= Goto {
		d.stop(d.back(d.ctx))
		return ringzero.Going, false
	}
	if d.ctx.Err() != nil {
		d.stop(Stop{Kind: StopInterrupted})
		return ringzero.Going, false
	}
	why = d.advance(step)
	switch {
	case why == ringzero.Stopped:
		if d.held() {
			return ringzero.Going, false
		}
		return ringzero.Going, true
	case why == ringzero.Requested:
		d.stop(Stop{Kind: StopInterrupted, Note: "the run was to end here"})
		return why, false
	case why != ringzero.Going && why != ringzero.Idle:
		d.ended = why
		d.stop(Stop{Kind: StopMachine, Why: why})
		return why, false
	case d.m.Steps() >= p.to:
		if d.goesOn() {
			d.arm()
			return ringzero.Going, true
		}
		d.stop(Stop{Kind: StopStepped})
		return ringzero.Going, false
	}
	return why, true
}

// slice is the steps of a Turn through the past.
const slice = 20_000_000

// advance runs the machine for a while, through its past or on its own.
func (d *Debugger) advance(step func() ringzero.Stop) ringzero.Stop {
	if d.hist != nil && d.hist.Past() {
		why, err := d.hist.Advance(d.ctx, min(d.hist.End(), d.plan.to, d.m.Steps()+slice))
		if err != nil {
			return ringzero.Going // interrupted: the next Turn sees it
		}
		return why
	}
	d.m.RunAtMost(d.plan.to)
	why := step()
	d.m.RunAtMost(never)
	if d.hist != nil {
		d.hist.Note()
	}
	return why
}

// goesOn tells of a Next or a Range whose step is taken whether it goes on.
func (d *Debugger) goesOn() bool {
	p := &d.plan
	switch p.Way {
	case Range:
		if pc := d.pc(); pc >= p.Lo && pc < p.Hi {
			p.to = d.m.Steps() + 1
			return true
		}
	case Next:
		ring := &d.m.History().Interrupts
		if ring.N == p.deliver || p.temp != nil {
			break
		}
		// An interrupt came: its return is what is waited for.
		e := ring.Last[(ring.N-1)%len(ring.Last)]
		if e.What != "vector" || e.Steps+1 < d.m.Steps() {
			break
		}
		s := d.m.State()
		p.to, p.temp, p.sp = never, []uint64{d.linear(&s, e.From.EIP)}, 0
		return true
	}
	if p.Way == Next && p.Count > 1 {
		p.Count--
		d.next1()
		return true
	}
	return false
}

// held looks at what the machine stands at; false lets it go on.
func (d *Debugger) held() bool {
	p := &d.plan
	if p.hit == nil {
		return false
	}
	s := *p.hit
	p.hit = nil
	if s.Kind == StopStepped && p.Way == Next && p.Count > 1 {
		p.Count--
		d.next1()
		d.arm()
		return false
	}
	d.stop(s)
	return true
}

// stop has the machine stand still.
func (d *Debugger) stop(s Stop) {
	d.running = false
	s.Step = d.m.Steps()
	d.m.SetStops(nil)
	d.points.stopped(&s)
	d.tell(s)
}

// Stopped tells a debugger that the driver ended the machine's run: a limit, a signal.
func (d *Debugger) Stopped(note string) {
	if d.running {
		d.stop(Stop{Kind: StopInterrupted, Note: note})
	}
}

// arm gives the machine the stops of the points and of the plan.
func (d *Debugger) arm() {
	stops := d.points.stops()
	temp := map[uint64]bool{}
	for _, at := range d.plan.temp {
		stops.Breaks = append(stops.Breaks, at)
		temp[at] = true
	}
	stops.Ask = func(hit ringzero.Hit) bool {
		met := d.points.meet(hit)
		if len(met) > 0 {
			d.plan.hit = &Stop{Kind: StopPoint, Points: met, Hit: hit}
			return true
		}
		if hit.Kind == ringzero.HitBreak && temp[hit.Linear] {
			if s := d.m.State(); d.stack(&s) >= d.plan.sp {
				d.plan.hit = &Stop{Kind: StopStepped}
				return true
			}
		}
		return false
	}
	d.m.SetStops(&stops)
}

// back goes backwards, or to a step.
func (d *Debugger) back(ctx context.Context) Stop {
	now := d.m.Steps()
	d.ended = ringzero.Going
	to, stop, err := d.target(ctx, now)
	if err == nil {
		err = d.hist.Goto(ctx, to)
	}
	if err != nil {
		note := err.Error()
		if e := d.hist.Goto(context.Background(), now); e != nil {
			note += "; " + e.Error()
		}
		if ctx.Err() != nil {
			return Stop{Kind: StopInterrupted}
		}
		return Stop{Kind: StopStepped, Note: note}
	}
	return stop
}

// target is the step that a way back leads to, and what to say there.
func (d *Debugger) target(ctx context.Context, now uint64) (to uint64, s Stop, err error) {
	p := &d.plan
	begin := Stop{Kind: StopBegin}
	stepped := Stop{Kind: StopStepped}
	switch p.Way {
	case Goto:
		return p.At, stepped, nil
	case ReverseStep:
		if now < p.Count {
			return 0, begin, nil
		}
		return now - p.Count, stepped, nil
	case ReverseNext, ReverseFinish:
		st := d.m.State()
		at, ok, err := d.shallower(ctx, now, d.stack(&st), p.Way == ReverseFinish)
		if !ok {
			return 0, begin, err
		}
		return at, stepped, err
	}
	stops := d.points.stops()
	var met []*Point
	hit, ok, err := d.hist.Search(ctx, stops, func(hit ringzero.Hit) bool {
		if hit.Kind == ringzero.HitBreak && hit.Step == now {
			return false
		}
		m := d.points.meet(hit)
		if len(m) > 0 {
			met = m
		}
		return len(m) > 0
	}, 0)
	if !ok || err != nil {
		return 0, begin, err
	}
	return hit.Step, Stop{Kind: StopPoint, Points: met, Hit: hit}, nil
}

// shallower finds the last step before now at which the stack is as deep as here, or
// less deep: sp at least that. With less, it is less deep.
func (d *Debugger) shallower(ctx context.Context, now, sp uint64, less bool) (at uint64, ok bool, err error) {
	for window := uint64(1000); ; window *= 10 {
		from := uint64(0)
		if now > window {
			from = now - window
		}
		err := d.hist.Watch(ctx, from, now, func() {
			s := d.m.State()
			if have := d.stack(&s); d.m.Steps() < now && (have > sp || have == sp && !less) {
				at, ok = d.m.Steps(), true
			}
		})
		if ok || err != nil || from == 0 {
			return at, ok, err
		}
	}
}
