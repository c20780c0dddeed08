package piix

import (
	"errors"

	"ringzero/bus"
)

const (
	isaKind    = "piix3-isa"
	isaVersion = 1
	pmKind     = "piix4-pm"
	pmVersion  = 1
)

// ISAState is what an ISA bridge remembers.
type ISAState struct {
	Config [256]byte
	RCR    uint8
	PIRQ   uint8 // levels of the four inputs, PIRQA in bit 0
}

// State is a copy of the present state.
func (p *ISA) State() ISAState { return ISAState{p.config.Data(), p.rcr, p.pirq} }

// Save encodes the present state.
func (p *ISA) Save() []byte {
	s := p.State()
	return bus.Marshal(isaKind, isaVersion, &s)
}

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing.
func (p *ISA) Load(data []byte) error {
	var s ISAState
	if err := bus.Unmarshal(data, isaKind, isaVersion, &s); err != nil {
		return err
	}
	if s.RCR&^rcrHard != 0 || s.PIRQ > 0x0f {
		return errors.New("piix: saved state of the ISA bridge is out of range")
	}
	if err := p.config.Restore(s.Config); err != nil {
		return err
	}
	p.rcr, p.pirq = s.RCR, s.PIRQ
	p.driven = p.levels()
	return nil
}

// PMState is what a PM function remembers.
type PMState struct {
	Config    [256]byte
	Status    uint16 // PM1 status without TMR_STS that is not yet noticed
	Enable    uint16
	Control   uint16
	GPEnable  uint16
	PCntrl    uint32
	GlbEn     uint32
	GlbCtl    uint32
	DevCtl    uint32
	GPO       uint32
	HalfTurns uint64 // timer count >> 23 up to which TMR_STS is accounted for
	APMC      uint8
	APMS      uint8
	SMBus     [16]byte
}

// State is a copy of the present state.
func (p *PM) State() PMState {
	s := p.state
	s.Config = p.config.Data()
	return s
}

// Save encodes the present state.
func (p *PM) Save() []byte {
	s := p.State()
	return bus.Marshal(pmKind, pmVersion, &s)
}

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing. The clock must stand at the time of the Save or later; the windows are
// mapped accordingly.
func (p *PM) Load(data []byte) error {
	var s PMState
	if err := bus.Unmarshal(data, pmKind, pmVersion, &s); err != nil {
		return err
	}
	if (s.Status|s.Enable)&^pm1Events != 0 || s.Control&^cntrlRW != 0 || s.HalfTurns > p.halfTurns() {
		return errors.New("piix: saved state of power management is out of range")
	}
	if err := p.config.Restore(s.Config); err != nil {
		return err
	}
	s.Config = [256]byte{}
	p.state = s
	p.level = p.sciLevel()
	p.place()
	p.arm()
	return nil
}
