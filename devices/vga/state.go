package vga

import (
	"fmt"

	"ringzero/bus"
)

const (
	kind    = "vga"
	version = 1
)

// State is all that a VGA remembers, in the form in which it is saved.
type State struct {
	MiscOutput     uint8
	FeatureControl uint8
	Enable         uint8 // 3C3h, kept for reading back

	SequencerIndex uint8
	Sequencer      [5]uint8
	CRTCIndex      uint8
	CRTC           [25]uint8
	GraphicsIndex  uint8
	Graphics       [9]uint8

	AttributeIndex uint8 // with the palette address source in bit 5
	AttributeData  bool  // the flip-flop: the next write to 3C0h is data
	Attribute      [21]uint8

	PELMask       uint8
	DACReadIndex  uint8
	DACWriteIndex uint8
	DACComponent  uint8 // 0 red, 1 green, 2 blue: what 3C9h takes next
	DACReading    bool  // 3C7h was written last
	DAC           [256][3]uint8

	Latch uint32
	// Memory holds plane n in byte n of each word, so that the latches are
	// loaded by one read.
	Memory [planeSize]uint32
}

// Save encodes the present state.
func (v *VGA) Save() []byte { return bus.Marshal(kind, version, &v.s) }

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing.
func (v *VGA) Load(data []byte) error {
	s := new(State)
	if err := bus.Unmarshal(data, kind, version, s); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	v.s = *s
	v.derive()
	return nil
}

// check refuses values that no register can hold; the rest of the package
// indexes tables with them.
func (s *State) check() error {
	if s.DACComponent > 2 {
		return fmt.Errorf("vga: saved state has DAC component %d", s.DACComponent)
	}
	if s.AttributeIndex > 0x3f || s.SequencerIndex > 0x07 || s.GraphicsIndex > 0x0f || s.CRTCIndex > 0x3f {
		return fmt.Errorf("vga: saved state has an index register out of range")
	}
	for _, group := range []struct{ values, bits []uint8 }{
		{s.Sequencer[:], sequencerBits[:]},
		{s.Graphics[:], graphicsBits[:]},
		{s.Attribute[:], attributeBits[:]},
	} {
		for i, value := range group.values {
			if value&^group.bits[i] != 0 {
				return fmt.Errorf("vga: saved state has %#x in a register whose bits are %#x", value, group.bits[i])
			}
		}
	}
	return nil
}
