package uart

import (
	"errors"

	"ringzero/bus"
)

const (
	kind    = "uart"
	version = 2
)

// State is what the chip holds.
type State struct {
	IER, FCR, LCR, MCR, LSR, MSR, SCR uint8
	Divisor                           uint16

	Data   [fifoSize]uint8 // the receiver: a ring
	Errors [fifoSize]uint8 // LSR bits of words that aren't at the top yet
	First  uint8
	Length uint8
	Last   uint8 // the word that RBR gave last

	THREPending bool
	Timeout     bool
	TimeoutAt   uint64 // nanoseconds, bus.Never where none is due
	INTR        bool

	Listening bool   // the guest reads by interrupt
	ListenAt  uint64 // when it will have shown so, in nanoseconds; bus.Never where it does not
	Polls     uint8  // how far it looks as if it read by LSR
}

// State is a copy of the present state.
func (u *UART) State() State { return u.state }

// Save encodes the present state.
func (u *UART) Save() []byte {
	s := u.state
	return bus.Marshal(kind, version, &s)
}

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing.
func (u *UART) Load(data []byte) error {
	var s State
	if err := bus.Unmarshal(data, kind, version, &s); err != nil {
		return err
	}
	if s.First >= fifoSize || s.Length > s.capacity() || s.Polls > pollsMean {
		return errors.New("uart: saved state is out of range")
	}
	u.state = s
	u.timeout.Set(s.TimeoutAt)
	u.listen.Set(s.ListenAt)
	return nil
}
