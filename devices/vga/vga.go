// Package vga is IBM's Video Graphics Array as far as text needs it: the
// registers of sequencer, CRT controller, graphics controller, attribute
// controller and DAC, and 256 KiB of memory in four planes with all read and
// write modes, so that fonts can be loaded into plane 2 as BIOSes and Linux do.
// Pixels are not drawn: a display asks for the text page with Screen.
//
// Source: IBM Personal System/2 Hardware Interface Technical Reference (1988),
// "Video Subsystem", cited below as [PS/2].
package vga

import "ringzero/bus"

// planeSize is the number of bytes in each of the four planes.
const planeSize = 1 << 16

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
