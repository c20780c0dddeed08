package bus

import (
	"encoding/binary"
	"fmt"
)

// ConfigSpace is the 256-byte configuration header of one PCI function (PCI
// 2.1, chapter 6), with what a write may change: each bit is fixed, writable,
// or cleared by writing a one. Functions embed or hold it and add their side
// effects after Write.
type ConfigSpace struct {
	data     [256]byte
	reset    [256]byte
	writable [256]byte
	clear    [256]byte
}

// Offsets of the header's common registers.
const (
	PCIVendorID      = 0x00
	PCIDeviceID      = 0x02
	PCICommand       = 0x04
	PCIStatus        = 0x06
	PCIRevisionID    = 0x08
	PCIClass         = 0x09 // three bytes: programming interface, subclass, base class
	PCILatencyTimer  = 0x0d
	PCIHeaderType    = 0x0e
	PCIBaseAddress0  = 0x10 // six dwords
	PCIInterruptLine = 0x3c
	PCIInterruptPin  = 0x3d
)

// Bits of the command register and of the header type.
const (
	PCICommandIO       = 1 << 0
	PCICommandMemory   = 1 << 1
	PCICommandMaster   = 1 << 2
	PCIHeaderMultifunc = 1 << 7
)

// NewConfigSpace makes a header in which all is fixed. class holds base class,
// subclass and programming interface in bits 23 to 0.
func NewConfigSpace(vendor, device uint16, revision uint8, class uint32) *ConfigSpace {
	c := &ConfigSpace{}
	c.Default(PCIVendorID, 2, uint32(vendor))
	c.Default(PCIDeviceID, 2, uint32(device))
	c.Default(PCIRevisionID, 1, uint32(revision))
	c.Default(PCIClass, 3, class)
	return c
}

func put(b *[256]byte, offset uint8, size int, v uint32) {
	for i := 0; i < size && int(offset)+i < len(b); i++ {
		b[int(offset)+i] = byte(v >> (8 * i))
	}
}

// Default sets the value that size bytes at offset have now and after Reset.
func (c *ConfigSpace) Default(offset uint8, size int, value uint32) {
	put(&c.reset, offset, size, value)
	put(&c.data, offset, size, value)
}

// Writable sets which bits of size bytes at offset the guest can change.
func (c *ConfigSpace) Writable(offset uint8, size int, mask uint32) {
	put(&c.writable, offset, size, mask)
}

// ClearOnOne sets which bits of size bytes at offset the guest clears by
// writing ones.
func (c *ConfigSpace) ClearOnOne(offset uint8, size int, mask uint32) {
	put(&c.clear, offset, size, mask)
}

// Reset gives every register its default.
func (c *ConfigSpace) Reset() { c.data = c.reset }

// Read returns size bytes from offset; bytes past the end read as ones.
func (c *ConfigSpace) Read(offset uint8, size int) uint32 {
	var v uint32
	for i := range size {
		b := byte(0xff)
		if int(offset)+i < len(c.data) {
			b = c.data[int(offset)+i]
		}
		v |= uint32(b) << (8 * i)
	}
	return v
}

// Write is the guest's: it changes writable bits and clears those that are
// cleared by a one.
func (c *ConfigSpace) Write(offset uint8, size int, value uint32) {
	for i := 0; i < size && int(offset)+i < len(c.data); i++ {
		at, b := int(offset)+i, byte(value>>(8*i))
		c.data[at] = c.data[at]&^c.writable[at] | b&c.writable[at]
		c.data[at] &^= b & c.clear[at]
	}
}

// Set is the chip's own: it stores whatever the masks are.
func (c *ConfigSpace) Set(offset uint8, size int, value uint32) {
	put(&c.data, offset, size, value)
}

// Byte reads one register for the chip's own use.
func (c *ConfigSpace) Byte(offset uint8) uint8 { return c.data[offset] }

// Word reads two bytes.
func (c *ConfigSpace) Word(offset uint8) uint16 {
	return binary.LittleEndian.Uint16(c.data[offset:])
}

// Dword reads four bytes.
func (c *ConfigSpace) Dword(offset uint8) uint32 {
	return binary.LittleEndian.Uint32(c.data[offset:])
}

// Data is a copy of all registers, for a function's State.
func (c *ConfigSpace) Data() [256]byte { return c.data }

// Restore puts saved registers back. Those that differ where neither guest nor chip
// can change them are an error and change nothing.
func (c *ConfigSpace) Restore(data [256]byte) error {
	for i, v := range data {
		if fixed := ^(c.writable[i] | c.clear[i]); (v^c.reset[i])&fixed != 0 {
			return fmt.Errorf("bus: saved configuration register %02xh is %02xh, of whose bits %02xh are fixed", i, v, fixed)
		}
	}
	c.data = data
	return nil
}

// PortMapper is the I/O space in which a function moves its windows; *Ports is
// one.
type PortMapper interface {
	MapPCI(name string, base uint16, n, width int, dev Device) error
	Unmap(base uint16, dev Device)
}

// PortWindow is a range of ports whose base the guest chooses (a base address
// register of I/O type). Where the guest puts it on another chip's ports it
// stays unmapped until it is placed again: on a real bus both would answer.
type PortWindow struct {
	name   string
	n      int
	dev    Device
	ports  PortMapper
	base   uint16
	mapped bool
	err    error
}

// NewPortWindow makes an unmapped window of n ports and a width of 4 bytes.
func NewPortWindow(name string, n int, dev Device, ports PortMapper) *PortWindow {
	return &PortWindow{name: name, n: n, dev: dev, ports: ports}
}

// Place moves the window to base, or takes it away. Placing it where it is
// does nothing.
func (w *PortWindow) Place(base uint16, enabled bool) {
	if w.mapped && enabled && base == w.base {
		return
	}
	if w.mapped {
		w.ports.Unmap(w.base, w.dev)
	}
	w.base, w.mapped, w.err = base, false, nil
	if !enabled {
		return
	}
	w.err = w.ports.MapPCI(w.name, base, w.n, 4, w.dev)
	w.mapped = w.err == nil
}

// Err tells why a window that was placed is not mapped, nil if all is well.
func (w *PortWindow) Err() error { return w.err }
