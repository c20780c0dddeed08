package ringzero

// StepOf runs one slice of at most n steps.
func (m *Machine) StepOf(n uint64) Stop {
	m.slice = n
	return m.step()
}
