package ringzero

// Jump lets time pass between two steps.
func (m *Machine) Jump(ns uint64) { m.spend(ns) }

// StepOf runs one slice of at most n steps.
func (m *Machine) StepOf(n uint64) Stop {
	m.slice = n
	return m.Step()
}

// Reach runs to a step, or a little further.
func (m *Machine) Reach(step uint64) {
	for m.Steps() < step {
		m.StepOf(step - m.Steps())
	}
}

// SetSlice has a Step take at most n steps.
func (m *Machine) SetSlice(n uint64) { m.slice = n }

// CMOS is what stands at a place of the RTC's memory.
func (m *Machine) CMOS(at uint8) uint8 { return m.rtc.CMOS(at) }

// Fired is how many timers came due.
func (m *Machine) Fired() uint64 { return m.events.Fired() }
