package ringzero

import (
	"fmt"
	"math/bits"

	"ringzero/bus"
)

// timebase tells virtual time from steps. Bus cycles and idleness move it by
// themselves; how steps are cut into slices never does.
type timebase struct {
	step, ns uint64 // at this step the clock stood at ns
	num, den uint64 // each further step takes num/den nanoseconds
}

// The bounds of a rate, in nanoseconds a step.
const (
	minRate = 1.0 / 1000
	maxRate = 1000 * 1000
)

// endOfTime is the last time that the clock shows, after 584 years.
const endOfTime = bus.Never - 1

// at is the time after so many steps.
func (t *timebase) at(step uint64) uint64 {
	d := step - t.step
	if t.num != t.den {
		hi, lo := bits.Mul64(d, t.num)
		if hi >= t.den {
			return endOfTime
		}
		d, _ = bits.Div64(hi, lo, t.den)
	}
	return t.after(d)
}

// rest is what the time after so many steps lacks in whole nanoseconds, in parts
// of 1/den.
func (t *timebase) rest(step uint64) uint64 {
	_, lo := bits.Mul64((step-t.step)%t.den, t.num%t.den)
	return lo % t.den // both are below 2^32
}

func (t *timebase) after(d uint64) uint64 {
	if d > endOfTime-t.ns {
		return endOfTime
	}
	return t.ns + d
}

// until is the number of steps from step on after which the clock reads at least
// ns, bus.Never for more than can be counted.
func (t *timebase) until(step, ns uint64) uint64 {
	if ns <= t.at(step) {
		return 0
	}
	d := ns - t.ns
	if t.num != t.den {
		hi, lo := bits.Mul64(d, t.den)
		if hi >= t.num {
			return bus.Never
		}
		var r uint64
		if d, r = bits.Div64(hi, lo, t.num); r != 0 {
			d++
		}
	}
	return d - (step - t.step)
}

// move makes the time at a step ns.
func (t *timebase) move(step, ns uint64) { t.step, t.ns = step, ns }

// spend lets ns pass within a step: the fraction of a nanosecond that the steps
// before left is kept.
func (t *timebase) spend(ns uint64) { t.ns = t.after(ns) }

// setRate makes each step from the given one on take num/den nanoseconds.
func (t *timebase) setRate(step, num, den uint64) {
	t.move(step, t.at(step))
	t.num, t.den = num, den
}

// checkRate refuses what no clock can count with.
func checkRate(num, den uint32) error {
	if r := float64(num) / float64(den); num == 0 || den == 0 || r < minRate || r > maxRate {
		return fmt.Errorf("a rate of %d/%d nanoseconds a step: it must be from 1/1000 to %d", num, den, maxRate)
	}
	return nil
}
