package i8042

import (
	"errors"

	"ringzero/bus"
)

const (
	kind    = "i8042"
	version = 2
)

// State is what the controller and its devices hold. Times are in nanoseconds
// of virtual time.
type State struct {
	RAM         [32]uint8 // byte 0 is the command byte
	Output      uint8     // the output buffer
	OBF         bool
	FromMouse   bool  // the output buffer is the mouse's
	CommandLast bool  // the last write was to the command port
	Expect      uint8 // the command whose data byte is next
	BreakPrefix bool  // the translation has seen F0h
	IRQ1        bool
	IRQ12       bool
	Answers     AnswerQueue
	DeliverAt   uint64 // when a device's byte arrives, bus.Never for none
	Keyboard    KeyboardState
	Mouse       MouseState
}

// State is a copy of the present state.
func (c *Controller) State() State { return c.state }

// Save encodes the present state.
func (c *Controller) Save() []byte {
	s := c.state
	return bus.Marshal(kind, version, &s)
}

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing.
func (c *Controller) Load(data []byte) error {
	var s State
	if err := bus.Unmarshal(data, kind, version, &s); err != nil {
		return err
	}
	_, key := keyIndex(s.Keyboard.Repeating)
	if int(s.Answers.Length) > len(s.Answers.Bytes) || !s.Keyboard.Out.sane() || !s.Mouse.Out.sane() ||
		s.Keyboard.Set < 1 || s.Keyboard.Set > 3 || key != (s.Keyboard.RepeatAt != bus.Never) {
		return errors.New("i8042: saved state is out of range")
	}
	c.state = s
	c.armTimers()
	return nil
}

func (c *Controller) armTimers() {
	c.deliverTimer.Set(c.state.DeliverAt)
	c.repeatTimer.Set(c.state.Keyboard.RepeatAt)
	c.sampleTimer.Set(c.state.Mouse.SampleAt)
}
