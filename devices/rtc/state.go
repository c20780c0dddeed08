package rtc

import (
	"errors"

	"ringzero/bus"
)

const (
	kind    = "rtc"
	version = 1
)

// State is what the chip holds. Times are in nanoseconds of virtual time.
type State struct {
	Index      uint8      // as written: bit 7 masks NMI
	Regs       [128]uint8 // A without UIP, C without IRQF
	NextUpdate uint64     // end of the next update cycle, bus.Never while the divider is reset
	ChainBase  uint64     // when the divider chain stood at zero
	Seen       uint64     // cycles of the crystal of which the periodic flag has told
	IRQ        bool
}

// State is a copy of the state at the present time. It doesn't depend on when
// the clock was looked at before.
func (r *RTC) State() State {
	s := r.state
	s.sync(min(r.clock.Now(), r.timer.Deadline()-1)) // an interrupt that is due stays due
	return s
}

// Save encodes the present state.
func (r *RTC) Save() []byte {
	s := r.State()
	return bus.Marshal(kind, version, &s)
}

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing. The clock must stand at the time of the Save or later.
func (r *RTC) Load(data []byte) error {
	var s State
	if err := bus.Unmarshal(data, kind, version, &s); err != nil {
		return err
	}
	now := r.clock.Now()
	// Cycles come at less than one in 2^14 nanoseconds.
	if s.ChainBase > now || s.Seen > (now-s.ChainBase)>>14 ||
		s.runs() != (s.NextUpdate != bus.Never) || s.Regs[regD] != dVRT {
		return errors.New("rtc: saved state is out of range")
	}
	r.state = s
	r.timer.Set(s.deadline())
	return nil
}
