package pit

import (
	"fmt"

	"ringzero/bus"
)

const (
	kind    = "pit"
	version = 1
)

// State is what the chip holds.
type State struct {
	Counters [3]CounterState
	Port61   uint8
}

// State is a copy of the state at the present time. It doesn't depend on when
// the counters were looked at before.
func (p *PIT) State() State {
	s := State{p.counters, p.port61}
	now := ticks(p.clock.Now())
	for i := range s.Counters {
		c := &s.Counters[i]
		c.sync(min(now, c.Edge-1)) // an edge that is due stays due
	}
	return s
}

// Save encodes the present state.
func (p *PIT) Save() []byte {
	s := p.State()
	return bus.Marshal(kind, version, &s)
}

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing. The clock must stand at the time of the Save or later.
func (p *PIT) Load(data []byte) error {
	var s State
	if err := bus.Unmarshal(data, kind, version, &s); err != nil {
		return err
	}
	now := ticks(p.clock.Now())
	for i := range s.Counters {
		if !s.Counters[i].sane(now) {
			return fmt.Errorf("pit: saved state of counter %d is out of range", i)
		}
	}
	p.counters, p.port61 = s.Counters, s.Port61
	p.timer.Set(timeOf(p.counters[0].Edge))
	return nil
}

// sane tells whether a state can have come from a counter at this tick.
func (c *CounterState) sane(now uint64) bool {
	m := c.modulus()
	return c.Now <= now && c.Control <= 0x3f && c.Base <= c.Now && c.Held < m &&
		(!c.Active || c.N >= 1 && c.N <= m) && (!c.Stopped || c.Elapsed <= c.Now) &&
		c.LoadAt > c.Now && c.Edge > c.Now
}
