// Package vga is IBM's Video Graphics Array as far as text needs it: the
// registers of sequencer, CRT controller, graphics controller, attribute
// controller and DAC, and 256 KiB of memory in four planes with all read and
// write modes, so that fonts can be loaded into plane 2 as BIOSes and Linux do.
// Pixels are not drawn: a display asks for the text page with Screen.
//
// Source: IBM Personal System/2 Hardware Interface Technical Reference (1988),
// "Video Subsystem", cited below as [PS/2].
package vga

import (
	"fmt"

	"ringzero/bus"
)

const (
	kind    = "vga"
	version = 1

	// planeSize is the number of bytes in each of the four planes.
	planeSize = 1 << 16
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

// VGA is the adapter. Its register window comes from Ports, its memory window
// from Memory.
type VGA struct {
	s     State
	clock *bus.Clock

	// What follows is worked out from the registers by derive.

	mapBase uint32 // the part of the 128 KiB window that is decoded
	mapSize uint32
	plain   bool // a write stores the processor's byte: mode 0 with nothing on

	generation uint64 // counts changes of what Screen shows
}

// New makes a VGA in its reset state. The clock times the retrace bits.
func New(clock *bus.Clock) *VGA {
	v := &VGA{clock: clock}
	v.Reset()
	return v
}

// Reset gives an unprogrammed adapter: all registers zero, which leaves the
// screen off and the memory window closed until a BIOS sets a mode. Memory is
// cleared too, so that runs repeat exactly.
func (v *VGA) Reset() {
	v.s = State{}
	v.derive()
}

// Generation changes whenever Screen may have changed. It says nothing across
// runs.
func (v *VGA) Generation() uint64 { return v.generation }

// Save encodes the State, registers and memory.
func (v *VGA) Save() []byte { return bus.Marshal(kind, version, &v.s) }

// Load takes back what Save gave. Data of another kind or version, or which no
// VGA can have saved, is an error and changes nothing.
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

// derive follows a change of any register that matters for memory or Screen.
func (v *VGA) derive() {
	v.generation++
	v.mapBase, v.mapSize = 0, 0
	if v.s.MiscOutput&miscEnableRAM != 0 {
		r := memoryMaps[v.s.Graphics[gcMiscellaneous]>>2&3]
		v.mapBase, v.mapSize = r[0], r[1]
	}
	g := &v.s.Graphics
	v.plain = g[gcMode]&gcWriteMode == 0 && g[gcEnableSetReset] == 0 &&
		g[gcDataRotate] == 0 && g[gcBitMask] == 0xff
}
