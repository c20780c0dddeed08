// Package pace keeps a machine's virtual time with the host's.
package pace

import "time"

const (
	// window is how often the rate is looked at, in time spent in the guest.
	window = 100 * time.Millisecond
	// Ahead is how far virtual time may run ahead of the host's before a driver
	// shall sleep.
	Ahead = 2 * time.Millisecond
	// forgiven is a lag that is not made up for: the host was stopped or asleep.
	forgiven = 2 * time.Second
	// Unit is the denominator of rates, in steps.
	Unit = 1000
	// The bounds of a rate, in nanoseconds for Unit steps: nominal to a
	// thousandth of it.
	minRate, maxRate = Unit, Unit * 1000
)

// Pacer keeps virtual time with the host's. A guest that is faster is made to
// wait; of one that is slower each step takes longer.
type Pacer struct {
	now   func() time.Duration // the host's, monotonic
	base  time.Duration        // host time at virtual time 0
	rate  float64              // nanoseconds for Unit steps
	busy  time.Duration        // in this window
	steps uint64
}

// New makes a pacer for a machine that stands at virtual time ns, in
// nanoseconds. now is the host's time and may not run backwards.
func New(now func() time.Duration, ns uint64) *Pacer {
	return &Pacer{now: now, base: now() - time.Duration(ns), rate: Unit}
}

// Target is what virtual time should be, in nanoseconds.
func (p *Pacer) Target() uint64 { return uint64(max(0, p.now()-p.base)) }

// Ran takes account of steps that took a while, up to virtual time ns, and gives
// the new rate, in nanoseconds for Unit steps, where it changed.
func (p *Pacer) Ran(took time.Duration, steps, ns uint64) (rate uint32, changed bool) {
	p.busy, p.steps = p.busy+took, p.steps+steps
	if p.busy < window || p.steps == 0 {
		return 0, false
	}
	lag := p.Lag(ns)
	measured := float64(p.busy) / float64(p.steps) * Unit
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

// Lag is how far virtual time is behind; where it is too much to make up for,
// the rest is forgotten.
func (p *Pacer) Lag(ns uint64) time.Duration {
	lag := p.now() - p.base - time.Duration(ns)
	if lag > forgiven {
		p.base += lag - forgiven
		lag = forgiven
	}
	return lag
}

// Wait is how long the host shall sleep before virtual time ns.
func (p *Pacer) Wait(ns uint64) time.Duration {
	return p.base + time.Duration(min(ns, 1<<62)) - p.now()
}
