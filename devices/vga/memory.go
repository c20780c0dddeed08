package vga

import "ringzero/bus"

// MemoryBase and MemorySize say where Memory belongs in a PC: A0000h-BFFFFh.
const (
	MemoryBase = 0xa0000
	MemorySize = 0x20000
)

// memoryMaps is base and size within the window for each memory map select
// value ([PS/2] graphics controller, "Miscellaneous Register").
var memoryMaps = [4][2]uint32{
	{0x00000, 0x20000},
	{0x00000, 0x10000},
	{0x10000, 0x08000},
	{0x18000, 0x08000},
}

// planes spreads four bits to four bytes of ones or zeros.
var planes = [16]uint32{
	0x00000000, 0x000000ff, 0x0000ff00, 0x0000ffff,
	0x00ff0000, 0x00ff00ff, 0x00ffff00, 0x00ffffff,
	0xff000000, 0xff0000ff, 0xff00ff00, 0xff00ffff,
	0xffff0000, 0xffff00ff, 0xffffff00, 0xffffffff,
}

type memoryWindow VGA

// Memory is the memory window, MemorySize bytes that belong at MemoryBase. The
// part that the memory map select does not cover floats high, all of it while
// the miscellaneous output register has the memory off.
func (v *VGA) Memory() bus.Device { return (*memoryWindow)(v) }

func (w *memoryWindow) Read(offset uint64, size int) uint64 {
	var value uint64
	for i := range size {
		value |= uint64((*VGA)(w).readByte(uint32(offset)+uint32(i))) << (8 * i)
	}
	return value
}

func (w *memoryWindow) Write(offset uint64, size int, value uint64) {
	for i := range size {
		(*VGA)(w).writeByte(uint32(offset)+uint32(i), byte(value>>(8*i)))
	}
}

// planeOffset turns an address within the mapped part into an offset in the
// planes. Chaining odd and even takes A0 away to select a plane and puts A16 in
// its place, zero in all maps but that of 128 KiB.
func (v *VGA) planeOffset(a uint32) uint32 {
	if v.s.Sequencer[seqMemoryMode]&memoryChain4 != 0 {
		return a & 0xfffc
	}
	if v.s.Graphics[gcMiscellaneous]&gcChainOddEven != 0 {
		return a&0xfffe | a>>16&1
	}
	return a & 0xffff
}

func (v *VGA) readByte(a uint32) byte {
	a -= v.mapBase
	if a >= v.mapSize {
		return floating
	}
	g := &v.s.Graphics
	latch := v.s.Memory[v.planeOffset(a)]
	v.s.Latch = latch
	if g[gcMode]&gcReadCompare != 0 {
		return compare(latch, planes[g[gcColourCompare]], planes[g[gcColourDontCare]])
	}
	plane := uint32(g[gcReadMapSelect])
	switch {
	case v.s.Sequencer[seqMemoryMode]&memoryChain4 != 0:
		plane = a & 3
	case g[gcMode]&gcReadOddEven != 0:
		plane = plane&2 | a&1
	}
	return byte(latch >> (8 * plane))
}

// compare is read mode 1: a one for each pixel whose colour equals the wanted
// one in the planes that care.
func compare(latch, colour, care uint32) byte {
	differ := (latch ^ colour) & care
	differ |= differ >> 16
	differ |= differ >> 8
	return ^byte(differ)
}

func (v *VGA) writeByte(a uint32, value byte) {
	a -= v.mapBase
	if a >= v.mapSize {
		return
	}
	enabled := v.s.Sequencer[seqMapMask]
	switch mode := v.s.Sequencer[seqMemoryMode]; {
	case mode&memoryChain4 != 0:
		enabled &= 1 << (a & 3)
	case mode&memorySequential == 0:
		enabled &= 5 << (a & 1) // even planes at even addresses
	}
	data := uint32(value) * 0x01010101
	if !v.plain {
		data = v.combine(value)
	}
	cell := &v.s.Memory[v.planeOffset(a)]
	mask := planes[enabled&0x0f]
	if merged := *cell&^mask | data&mask; merged != *cell {
		*cell = merged
		v.generation++
	}
}

// combine makes the four bytes that go to the planes in the four write modes
// ([PS/2] graphics controller, "Graphics Mode Register").
func (v *VGA) combine(value byte) uint32 {
	g := &v.s.Graphics
	rotate := g[gcDataRotate] & 7
	rotated := value>>rotate | value<<(8-rotate)
	bits := uint32(g[gcBitMask]) * 0x01010101
	switch g[gcMode] & gcWriteMode {
	case 0:
		set := planes[g[gcEnableSetReset]]
		data := uint32(rotated)*0x01010101&^set | planes[g[gcSetReset]]&set
		return v.operate(data, bits)
	case 1:
		return v.s.Latch
	case 2:
		return v.operate(planes[value&0x0f], bits)
	}
	bits &= uint32(rotated) * 0x01010101
	return planes[g[gcSetReset]]&bits | v.s.Latch&^bits
}

// operate applies the logical function of the data rotate register to data and
// latches, where the bit mask has ones; elsewhere the latches stay.
func (v *VGA) operate(data, bits uint32) uint32 {
	latch := v.s.Latch
	switch v.s.Graphics[gcDataRotate] >> 3 & 3 {
	case 1:
		data &= latch
	case 2:
		data |= latch
	case 3:
		data ^= latch
	}
	return data&bits | latch&^bits
}
