package ide

import (
	"errors"
	"fmt"

	"ringzero/bus"
)

const (
	kind    = "piix3-ide"
	version = 1
)

// State is what a Controller remembers, without the disks' content.
type State struct {
	Config   [256]byte
	Channels [2]ChannelState
}

// State is a copy of the present state.
func (c *Controller) State() *State {
	s := &State{Config: c.config.Data()}
	for i, ch := range c.channels {
		s.Channels[i] = ch.s
		s.Channels[i].Deadline = ch.timer.Deadline()
	}
	return s
}

// Save encodes the present state.
func (c *Controller) Save() []byte { return bus.Marshal(kind, version, c.State()) }

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing. The same drives must be attached; BAR4 is mapped accordingly.
func (c *Controller) Load(data []byte) error {
	s := &State{}
	if err := bus.Unmarshal(data, kind, version, s); err != nil {
		return err
	}
	for i, ch := range c.channels {
		if err := ch.check(&s.Channels[i]); err != nil {
			return fmt.Errorf("ide: saved state of channel %d: %w", i, err)
		}
	}
	if err := c.config.Restore(s.Config); err != nil {
		return err
	}
	c.place()
	for i, ch := range c.channels {
		ch.load(&s.Channels[i])
	}
	return nil
}

// check refuses a saved state that would break an invariant of this code.
func (ch *channel) check(s *ChannelState) error {
	switch p := s.Phase; {
	case p >= phases:
		return errors.New("no such phase")
	case s.Active > 1 || p != phaseIdle && p != phaseReset && ch.drives[s.Active] == nil:
		return errors.New("a command of an absent drive")
	case s.Len > uint32(len(s.Buffer)) || s.Pos > s.Len || s.Pos&1 != 0 || s.Len&1 != 0:
		return errors.New("a position outside of the buffer")
	case (p == phaseDataIn || p == phaseDataOut) && s.Pos == s.Len:
		return errors.New("a data phase without data")
	case p == phaseBlock && commands[s.Command].multiple && s.Drives[s.Active].Multiple == 0:
		return errors.New("a block of no size")
	case p == phaseBlock && s.Left == 0 && commands[s.Command].protocol != pioOut:
		return errors.New("a block of no sectors")
	}
	for i := range s.Drives {
		if ds := &s.Drives[i]; ch.drives[i] != nil && (ds.Multiple > maxMultiple || ds.Heads == 0 || ds.Sectors == 0) {
			return errors.New("an impossible drive setting")
		}
	}
	return nil
}

func (ch *channel) load(s *ChannelState) {
	ch.s = *s
	ch.line = ch.level()
	ch.timer.Set(s.Deadline)
}
