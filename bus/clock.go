package bus

// Never is a deadline that does not come.
const Never = ^uint64(0)

// Clock is virtual time, in nanoseconds since power-on, and the queue of what
// is due. It moves only when its owner (the machine's loop) moves it: no
// device, and nothing here, reads the host's time.
type Clock struct {
	now    uint64
	timers []*Timer // in order of creation: ties fire in this order
	next   uint64   // least deadline, or Never
	fired  uint64

	// Changed, where set, is called when the least deadline became nearer, so
	// that a running processor can be stopped in time.
	Changed func()
}

// NewClock makes a clock that stands at zero.
func NewClock() *Clock { return &Clock{next: Never} }

// Now is the virtual time in nanoseconds.
func (c *Clock) Now() uint64 { return c.now }

// Timer is one possible event of a device. A device makes its timers once, in
// New; the order of creation decides ties, so that runs repeat exactly.
type Timer struct {
	clock *Clock
	name  string
	at    uint64
	fire  func()
}

// NewTimer makes a stopped timer that calls fire, at most once for each Set.
// The clock reads the deadline (or later, never earlier) while fire runs.
func (c *Clock) NewTimer(name string, fire func()) *Timer {
	t := &Timer{clock: c, name: name, at: Never, fire: fire}
	c.timers = append(c.timers, t)
	return t
}

// Set arms the timer for the absolute time at; a time in the past fires at the
// next step. It replaces an earlier deadline. Set(Never) is Stop.
func (t *Timer) Set(at uint64) {
	t.at = at
	c := t.clock
	old := c.next
	c.find()
	if c.next < old && c.Changed != nil {
		c.Changed()
	}
}

// Stop disarms the timer.
func (t *Timer) Stop() { t.Set(Never) }

// Deadline is the absolute time at which the timer fires, Never if stopped.
func (t *Timer) Deadline() uint64 { return t.at }

func (c *Clock) find() {
	c.next = Never
	for _, t := range c.timers {
		c.next = min(c.next, t.at)
	}
}

// Next is the least deadline, Never where nothing is due.
func (c *Clock) Next() uint64 { return c.next }

// Set moves time to now (never back) without firing anything: the processor
// brings the clock up to date before it lets a device see it.
func (c *Clock) Set(now uint64) {
	if now < c.now {
		panic("BUG: bus: the clock would run backwards")
	}
	c.now = now
}

// Fire runs every timer that is due at the present time, in order of deadline
// and then of creation.
func (c *Clock) Fire() {
	for c.next <= c.now {
		var due *Timer
		for _, t := range c.timers {
			if t.at <= c.now && (due == nil || t.at < due.at) {
				due = t
			}
		}
		due.at = Never
		c.find()
		c.fired++
		due.fire()
	}
}

// Fired counts the timers that came due, for statistics.
func (c *Clock) Fired() uint64 { return c.fired }

// Advance moves time by d nanoseconds and fires what comes due, each at its own
// time. Device tests step the clock with it.
func (c *Clock) Advance(d uint64) {
	end := c.now + d
	for c.next <= end {
		c.now = max(c.now, c.next)
		c.Fire()
	}
	c.now = end
}

// Restore puts the clock of a saved machine back; timers are restored by their
// devices.
func (c *Clock) Restore(now uint64) { c.now = now }
