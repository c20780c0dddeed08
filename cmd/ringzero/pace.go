package main

import "time"

const (
	// paceWindow is how often the rate is looked at, in time spent in the guest.
	paceWindow = 100 * time.Millisecond
	// paceAhead is how far virtual time may run ahead of the host's.
	paceAhead = 2 * time.Millisecond
	// paceForgiven is a lag that is not made up for: the host was stopped or
	// asleep.
	paceForgiven = 2 * time.Second
	// rateUnit is the denominator of rates, in steps.
	rateUnit = 1000
	// The bounds of a rate, in nanoseconds for rateUnit steps: nominal to a
	// thousandth of it.
	minRate, maxRate = rateUnit, rateUnit * 1000
)

// pacer keeps virtual time with the host's. A guest that is faster is made to
// wait; of one that is slower each step takes longer.
type pacer struct {
	now   func() time.Duration // the host's, monotonic
	base  time.Duration        // host time at virtual time 0
	rate  float64              // nanoseconds for rateUnit steps
	busy  time.Duration        // in this window
	steps uint64
}

func newPacer(now func() time.Duration) *pacer {
	return &pacer{now: now, base: now(), rate: rateUnit}
}

// target is what virtual time should be, in nanoseconds.
func (p *pacer) target() uint64 { return uint64(max(0, p.now()-p.base)) }

// ran takes account of steps that took a while, at virtual time ns, and gives
// the new rate where it changed.
func (p *pacer) ran(took time.Duration, steps, ns uint64) (rate uint32, changed bool) {
	p.busy, p.steps = p.busy+took, p.steps+steps
	if p.busy < paceWindow || p.steps == 0 {
		return 0, false
	}
	lag := p.lag(ns)
	measured := float64(p.busy) / float64(p.steps) * rateUnit
	p.busy, p.steps = 0, 0
	// What is missing is spread over the next second.
	measured *= 1 + min(1, max(-0.5, lag.Seconds()))
	measured = min(maxRate, max(minRate, measured))
	next := p.rate + (measured-p.rate)/2
	if d := next/p.rate - 1; d < 0.02 && d > -0.02 {
		return 0, false
	}
	p.rate = next
	return uint32(next), true
}

// lag is how far virtual time is behind; where it is too much to make up for,
// the rest is forgotten.
func (p *pacer) lag(ns uint64) time.Duration {
	lag := p.now() - p.base - time.Duration(ns)
	if lag > paceForgiven {
		p.base += lag - paceForgiven
		lag = paceForgiven
	}
	return lag
}

// wait is how long the host shall sleep before virtual time ns.
func (p *pacer) wait(ns uint64) time.Duration {
	return p.base + time.Duration(min(ns, 1<<62)) - p.now()
}
