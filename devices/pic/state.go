package pic

import (
	"fmt"

	"ringzero/bus"
)

const (
	kind    = "pic"
	version = 1
)

// ChipState is what one 8259A holds.
type ChipState struct {
	Lines       uint8 // levels of the IR pins
	Edges       uint8 // rising edges that were not acknowledged
	ISR         uint8 // levels in service
	IMR         uint8 // OCW1
	ICW1        uint8
	ICW4        uint8
	Base        uint8 // ICW2: the vector of level 0
	Expect      uint8 // which word the data port takes next
	Lowest      uint8 // the level of lowest priority
	ELCR        uint8 // level triggered inputs
	SpecialMask bool
	RotateAEOI  bool
	ReadISR     bool
	Poll        bool
	INT         bool // level of the output
}

// State is what the pair holds: master, slave.
type State struct {
	Chips [2]ChipState
}

// State is a copy of the present state.
func (p *Pair) State() State {
	return State{[2]ChipState{p.chips[0].state, p.chips[1].state}}
}

// Save encodes the present state.
func (p *Pair) Save() []byte {
	s := p.State()
	return bus.Marshal(kind, version, &s)
}

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing.
func (p *Pair) Load(data []byte) error {
	var s State
	if err := bus.Unmarshal(data, kind, version, &s); err != nil {
		return err
	}
	for i, c := range s.Chips {
		if c.Lowest > 7 || c.Expect > expectOCW1 {
			return fmt.Errorf("pic: saved state of chip %d is out of range", i)
		}
	}
	for i := range p.chips {
		p.chips[i].state = s.Chips[i]
	}
	return nil
}
