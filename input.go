package ringzero

import "ringzero/bus"

type input struct {
	kind  bus.InputKind
	value uint64
}

// post queues input, to be let in at the next slice.
func (m *Machine) post(kind bus.InputKind, value uint64) {
	m.pending = append(m.pending, input{kind, value})
}

// SerialIn sends bytes to COM1.
func (m *Machine) SerialIn(p []byte) {
	for _, b := range p {
		m.post(bus.InputSerial, uint64(b))
	}
}

// Key presses or releases a key by its set-1 make code, E0xxh for extended ones.
func (m *Machine) Key(code uint16, down bool) {
	v := uint64(code)
	if !down {
		v |= 1 << 16
	}
	m.post(bus.InputKey, v)
}

// PowerButton presses the power button.
func (m *Machine) PowerButton() { m.post(bus.InputPower, 0) }

// ResetButton resets the machine.
func (m *Machine) ResetButton() { m.post(bus.InputReset, 0) }

// SetRate sets the nanoseconds that a step takes to num/den, for pacing; a rate
// outside of 1/1000 to 1000000 is an error.
func (m *Machine) SetRate(num, den uint32) error {
	if err := checkRate(num, den); err != nil {
		return err
	}
	m.post(bus.InputRate, uint64(num)<<32|uint64(den))
	return nil
}

// Pending is the number of inputs that wait for room.
func (m *Machine) Pending() int { return len(m.pending) }

// Takes tells whether input waits that the chips have room for now: the next
// Step lets some of it in.
func (m *Machine) Takes() bool {
	for _, in := range m.pending {
		if in.kind != bus.InputSerial || m.COM1.Ready() {
			return true
		}
	}
	return false
}

// letIn gives queued input to the chips, as far as they have room, and logs it.
func (m *Machine) letIn(step, now uint64) {
	serial := false // the receiver is full: the bytes behind wait, other input goes on
	kept := m.pending[:0]
	for _, in := range m.pending {
		if in.kind == bus.InputSerial && (serial || !m.COM1.Ready()) {
			serial = true
			kept = append(kept, in)
			continue
		}
		m.Log.Add(bus.Input{Step: step, NS: now, Kind: in.kind, Value: in.value})
		m.Apply(in.kind, in.value)
	}
	m.pending = kept
}

// Apply lets one input in now; replaying a log does it at the logged steps.
func (m *Machine) Apply(kind bus.InputKind, value uint64) {
	switch kind {
	case bus.InputSerial:
		m.COM1.Receive(byte(value))
	case bus.InputKey:
		m.Keys.Key(uint16(value), value>>16&1 == 0)
	case bus.InputPower:
		m.Power.PowerButton()
	case bus.InputReset:
		m.reset = true
	case bus.InputRate:
		if num, den := value>>32, value&0xffffffff; checkRate(uint32(num), uint32(den)) == nil {
			m.clock.setRate(m.CPU.Steps(), num, den)
		}
	}
}
