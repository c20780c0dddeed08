package ringzero

import (
	"ringzero/bus"
	"ringzero/host/display"
)

// inputs is what came from outside and was not let in yet, by kind: a chip
// without room keeps no other from its own.
type inputs [bus.InputRate + 1][]uint64

func (in *inputs) any() bool {
	for _, queue := range in {
		if len(queue) != 0 {
			return true
		}
	}
	return false
}

// post queues input, to be let in between the present instruction and the next.
func (m *Machine) post(kind bus.InputKind, value uint64) {
	m.pending[kind] = append(m.pending[kind], value)
	m.cpu.EndSlice()
}

// SerialIn sends bytes to COM1. They wait until the guest reads the port and has
// room for them, see Pending.
func (m *Machine) SerialIn(p []byte) {
	for _, b := range p {
		m.post(bus.InputSerial, uint64(b))
	}
}

// Key presses or releases a key by its set-1 make code, E0xxh for extended ones.
// It waits until the keyboard has room for its codes, see Pending.
func (m *Machine) Key(code uint16, down bool) {
	v := uint64(code)
	if !down {
		v |= 1 << 16
	}
	m.post(bus.InputKey, v)
}

// Type types a text on the keyboard, of a US layout. A newline is Enter; a
// character beyond ASCII is an error, and nothing is typed then. The strokes wait
// for room in the keyboard, see Pending; a guest that reads them slower than a
// person types loses what its own buffer can't hold, as on a PC.
func (m *Machine) Type(text string) error {
	events, err := display.Type(text)
	m.strike(events)
	return err
}

// Press strikes a key by name, with others held: "enter", "f1", "ctrl-c",
// "ctrl-alt-del".
func (m *Machine) Press(name string) error {
	events, err := display.Press(name)
	m.strike(events)
	return err
}

func (m *Machine) strike(events []display.KeyEvent) {
	for _, e := range events {
		m.Key(e.Code, e.Down)
	}
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
func (m *Machine) Pending() (n int) {
	for _, queue := range m.pending {
		n += len(queue)
	}
	return n
}

// Takes tells whether input waits that the chips have room for now: the next
// Step lets some of it in.
func (m *Machine) Takes() bool {
	for kind, queue := range m.pending {
		if len(queue) != 0 && m.takes(bus.InputKind(kind), queue[0]) {
			return true
		}
	}
	return false
}

// takes tells whether there is room for an input.
func (m *Machine) takes(kind bus.InputKind, value uint64) bool {
	switch kind {
	case bus.InputSerial:
		return m.com1.Ready()
	case bus.InputKey:
		return m.keys.Takes(key(value))
	}
	return true
}

// letIn gives queued input to the chips, as far as they have room, and logs it.
func (m *Machine) letIn(step, now uint64) {
	for i := range m.pending {
		kind := bus.InputKind(i)
		for len(m.pending[i]) != 0 && m.takes(kind, m.pending[i][0]) {
			value := m.pending[i][0]
			m.pending[i] = m.pending[i][1:]
			m.apply(bus.Input{Step: step, NS: now, Kind: kind, Value: value})
		}
	}
}

// key takes the value of an InputKey apart.
func key(value uint64) (code uint16, down bool) { return uint16(value), value>>16&1 == 0 }

// Inputs is all input that was let in so far, in order. It belongs to the machine.
func (m *Machine) Inputs() []Input { return m.log.Entries }

// apply lets one input in now.
func (m *Machine) apply(in Input) {
	m.log.Add(in)
	value := in.Value
	switch in.Kind {
	case bus.InputSerial:
		m.com1.Receive(byte(value))
	case bus.InputKey:
		m.keys.Key(key(value))
	case bus.InputPower:
		m.power.PowerButton()
	case bus.InputReset:
		m.reset = true
	case bus.InputRate:
		if num, den := value>>32, value&0xffffffff; checkRate(uint32(num), uint32(den)) == nil {
			m.clock.setRate(m.cpu.Steps(), num, den)
		}
	}
}
