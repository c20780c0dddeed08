package vga

import "ringzero/bus"

// PortsBase and PortsSize say where Ports belongs in a PC: 3B0h-3DFh.
const (
	PortsBase = 0x3b0
	PortsSize = 0x30
)

// Register offsets from 3B0h ([PS/2] "Video Subsystem Registers").
const (
	portMonoCRTCIndex   = 0x04 // 3B4h
	portMonoCRTCData    = 0x05 // 3B5h
	portMonoStatus1     = 0x0a // 3BAh
	portAttribute       = 0x10 // 3C0h
	portAttributeRead   = 0x11 // 3C1h
	portMiscWrite       = 0x12 // 3C2h; reads input status 0
	portEnable          = 0x13 // 3C3h
	portSequencerIndex  = 0x14 // 3C4h
	portSequencerData   = 0x15 // 3C5h
	portPELMask         = 0x16 // 3C6h
	portDACReadIndex    = 0x17 // 3C7h; reads the DAC state
	portDACWriteIndex   = 0x18 // 3C8h
	portDACData         = 0x19 // 3C9h
	portFeatureRead     = 0x1a // 3CAh
	portMiscRead        = 0x1c // 3CCh
	portGraphicsIndex   = 0x1e // 3CEh
	portGraphicsData    = 0x1f // 3CFh
	portColourCRTCIndex = 0x24 // 3D4h
	portColourCRTCData  = 0x25 // 3D5h
	portColourStatus1   = 0x2a // 3DAh
)

// Bits and indices of the registers.
const (
	miscColour    = 1 << 0 // CRTC at 3Dxh rather than 3Bxh
	miscEnableRAM = 1 << 1

	seqClockingMode = 1
	seqMapMask      = 2
	seqMemoryMode   = 4

	clockDots8       = 1 << 0
	clockHalf        = 1 << 3
	clockScreenOff   = 1 << 5
	memorySequential = 1 << 2 // the inverse of odd/even
	memoryChain4     = 1 << 3

	crtcHorizontalTotal      = 0x00
	crtcHorizontalDisplayEnd = 0x01
	crtcVerticalTotal        = 0x06
	crtcOverflow             = 0x07
	crtcMaximumScanLine      = 0x09
	crtcCursorStart          = 0x0a
	crtcCursorEnd            = 0x0b
	crtcStartAddressHigh     = 0x0c
	crtcStartAddressLow      = 0x0d
	crtcCursorLocationHigh   = 0x0e
	crtcCursorLocationLow    = 0x0f
	crtcVerticalRetraceStart = 0x10
	crtcVerticalRetraceEnd   = 0x11
	crtcVerticalDisplayEnd   = 0x12
	crtcOffset               = 0x13
	crtcUnderlineLocation    = 0x14
	crtcModeControl          = 0x17
	crtcLineCompare          = 0x18

	overflowLineCompare    = 1 << 4
	scanLineDouble         = 1 << 7
	cursorOff              = 1 << 5
	retraceEndProtect      = 1 << 7
	underlineDoubleWord    = 1 << 6
	modeControlByte        = 1 << 6
	modeControlAddressWrap = 1 << 5

	gcSetReset       = 0
	gcEnableSetReset = 1
	gcColourCompare  = 2
	gcDataRotate     = 3
	gcReadMapSelect  = 4
	gcMode           = 5
	gcMiscellaneous  = 6
	gcColourDontCare = 7
	gcBitMask        = 8

	gcWriteMode    = 3
	gcReadCompare  = 1 << 3
	gcReadOddEven  = 1 << 4
	gcGraphics     = 1 << 0
	gcChainOddEven = 1 << 1

	attrModeControl          = 0x10
	attrGraphics             = 1 << 0
	attrBlink                = 1 << 3
	attrPaletteAddressSource = 1 << 5

	statusDisplayDisabled        = 1 << 0
	statusVerticalRetrace        = 1 << 3
	inputStatus0SwitchSense      = 1 << 4
	dacStateReading              = 3
	floating                byte = 0xff
)

// The bits that exist in each register; the others read as zero.
var (
	sequencerBits = [5]uint8{0x03, 0x3d, 0x0f, 0x3f, 0x0e}
	graphicsBits  = [9]uint8{0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff}
	attributeBits = [21]uint8{
		0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
		0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
		0xef, 0xff, 0x3f, 0x0f, 0x0f,
	}
)

type portWindow VGA

// Ports is the register window, PortsSize bytes that belong at PortsBase. The
// miscellaneous output register decides whether the CRTC answers at 3B4h or at
// 3D4h; wider accesses act as successive bytes, the lowest first.
func (v *VGA) Ports() bus.Device { return (*portWindow)(v) }

func (w *portWindow) Read(offset uint64, size int) uint64 {
	var value uint64
	for i := range size {
		value |= uint64((*VGA)(w).readPort(offset+uint64(i))) << (8 * i)
	}
	return value
}

func (w *portWindow) Write(offset uint64, size int, value uint64) {
	for i := range size {
		(*VGA)(w).writePort(offset+uint64(i), byte(value>>(8*i)))
	}
}

// decode moves the registers that have two addresses to their colour one;
// the address that is not selected does not answer.
func (v *VGA) decode(offset uint64) (uint64, bool) {
	colour := v.s.MiscOutput&miscColour != 0
	switch offset {
	case portMonoCRTCIndex, portMonoCRTCData, portMonoStatus1:
		return offset + 0x20, !colour
	case portColourCRTCIndex, portColourCRTCData, portColourStatus1:
		return offset, colour
	}
	return offset, true
}

func (v *VGA) readPort(offset uint64) byte {
	offset, ok := v.decode(offset)
	if !ok {
		return floating
	}
	s := &v.s
	switch offset {
	case portAttribute:
		return s.AttributeIndex
	case portAttributeRead:
		return register(s.Attribute[:], s.AttributeIndex&0x1f)
	case portMiscWrite:
		// No vertical interrupt is ever pending; the sense bit tells of a
		// colour monitor.
		return inputStatus0SwitchSense
	case portEnable:
		return s.Enable
	case portSequencerIndex:
		return s.SequencerIndex
	case portSequencerData:
		return register(s.Sequencer[:], s.SequencerIndex)
	case portPELMask:
		return s.PELMask
	case portDACReadIndex:
		if s.DACReading {
			return dacStateReading
		}
		return 0
	case portDACWriteIndex:
		return s.DACWriteIndex
	case portDACData:
		return v.readDAC()
	case portFeatureRead:
		return s.FeatureControl
	case portMiscRead:
		return s.MiscOutput
	case portGraphicsIndex:
		return s.GraphicsIndex
	case portGraphicsData:
		return register(s.Graphics[:], s.GraphicsIndex)
	case portColourCRTCIndex:
		return s.CRTCIndex
	case portColourCRTCData:
		return register(s.CRTC[:], s.CRTCIndex)
	case portColourStatus1:
		s.AttributeData = false
		return v.status1()
	}
	return floating
}

// register reads one of a group; an index past its end floats.
func register(group []uint8, index uint8) byte {
	if int(index) >= len(group) {
		return floating
	}
	return group[index]
}

func (v *VGA) writePort(offset uint64, value byte) {
	offset, ok := v.decode(offset)
	if !ok {
		return
	}
	s := &v.s
	switch offset {
	case portAttribute:
		v.writeAttribute(value)
	case portMiscWrite:
		s.MiscOutput = value
		v.derive()
	case portEnable:
		s.Enable = value & 1
	case portSequencerIndex:
		s.SequencerIndex = value & 0x07
	case portSequencerData:
		v.writeGroup(s.Sequencer[:], sequencerBits[:], s.SequencerIndex, value)
	case portPELMask:
		s.PELMask = value
	case portDACReadIndex:
		s.DACReadIndex, s.DACComponent, s.DACReading = value, 0, true
	case portDACWriteIndex:
		s.DACWriteIndex, s.DACComponent, s.DACReading = value, 0, false
	case portDACData:
		v.writeDAC(value)
	case portGraphicsIndex:
		s.GraphicsIndex = value & 0x0f
	case portGraphicsData:
		v.writeGroup(s.Graphics[:], graphicsBits[:], s.GraphicsIndex, value)
	case portColourCRTCIndex:
		s.CRTCIndex = value & 0x3f
	case portColourCRTCData:
		v.writeCRTC(value)
	case portColourStatus1:
		s.FeatureControl = value
	}
}

func (v *VGA) writeGroup(group, bits []uint8, index, value uint8) {
	if int(index) >= len(group) || group[index] == value&bits[index] {
		return
	}
	group[index] = value & bits[index]
	v.derive()
}

// writeAttribute serves 3C0h, which takes index and data by turns. The palette
// is loaded whatever the address source says, as later chips allow.
func (v *VGA) writeAttribute(value byte) {
	s := &v.s
	data := s.AttributeData
	s.AttributeData = !data
	if data {
		v.writeGroup(s.Attribute[:], attributeBits[:], s.AttributeIndex&0x1f, value)
		return
	}
	if (s.AttributeIndex^value)&attrPaletteAddressSource != 0 {
		v.generation++ // the screen goes on or off
	}
	s.AttributeIndex = value & 0x3f
}

// writeCRTC honours the protection of registers 0 to 7 by bit 7 of register
// 11h, which spares the line compare bit ([PS/2] "Vertical Retrace End").
func (v *VGA) writeCRTC(value byte) {
	c := &v.s.CRTC
	i := v.s.CRTCIndex
	if int(i) >= len(c) {
		return
	}
	if i <= crtcOverflow && c[crtcVerticalRetraceEnd]&retraceEndProtect != 0 {
		if i != crtcOverflow {
			return
		}
		value = c[i]&^overflowLineCompare | value&overflowLineCompare
	}
	if c[i] != value {
		c[i] = value
		v.generation++
	}
}

func (v *VGA) readDAC() byte {
	s := &v.s
	value := s.DAC[s.DACReadIndex][s.DACComponent]
	if s.DACComponent++; s.DACComponent == 3 {
		s.DACComponent = 0
		s.DACReadIndex++
	}
	return value
}

func (v *VGA) writeDAC(value byte) {
	s := &v.s
	s.DAC[s.DACWriteIndex][s.DACComponent] = value & 0x3f
	if s.DACComponent++; s.DACComponent == 3 {
		s.DACComponent = 0
		s.DACWriteIndex++
	}
}
