// Package pci is PCI configuration mechanism 1 and bus 0 behind it (PCI 2.1,
// section 3.7.4.1): a guest writes bus, device, function and register to
// CONFIG_ADDRESS and finds the register in CONFIG_DATA.
package pci

import (
	"fmt"

	"ringzero/bus"
)

// Ports is the number of ports of the window, 0CF8h to 0CFFh in a PC.
const Ports = 8

// Offsets in the window.
const (
	configAddress = 0
	resetControl  = 1 // a byte access here is not ours: the PIIX's RCR
	configData    = 4
)

// CONFIG_ADDRESS: bits 30-24 and 1-0 are reserved and read as zero.
const (
	addressEnable = 1 << 31
	addressMask   = 0x80ff_fffc
)

// State is what a Bus remembers; its functions save their own.
type State struct {
	Address uint32
}

const (
	kind    = "pci"
	version = 1
)

// Bus is PCI bus 0 with its configuration ports. It is a bus.Device of Ports
// ports and width 4.
type Bus struct {
	state     State
	functions [256]bus.PCIFunction // by device<<3 | function
	reset     bus.Device
}

// New makes an empty bus.
func New() *Bus { return &Bus{} }

// Attach puts a function at device 0-31, function 0-7. A place out of range or
// taken is an error.
func (b *Bus) Attach(device, function int, f bus.PCIFunction) error {
	if device < 0 || device > 31 || function < 0 || function > 7 {
		return fmt.Errorf("pci: there is no place 00:%02x.%x", device, function)
	}
	at := device<<3 | function
	if b.functions[at] != nil {
		return fmt.Errorf("pci: 00:%02x.%x is taken", device, function)
	}
	b.functions[at] = f
	return nil
}

// AttachResetControl hands byte accesses of port 0CF9h, which lies inside
// CONFIG_ADDRESS (a register of dword accesses only), to d at its offset 0.
func (b *Bus) AttachResetControl(d bus.Device) { b.reset = d }

// PIRQ tells which of the chipset's four interrupt inputs a device's pin (1 is
// INTA#) drives: boards rotate them by device number. This is the rotation of
// the usual i440FX board, in which device 1 (the PIIX) has INTA# at PIRQA.
func PIRQ(device, pin int) int { return (device - 1 + pin - 1) & 3 }

// Reset is the chipset's: CONFIG_ADDRESS becomes zero.
func (b *Bus) Reset() { b.state = State{} }

// ReadConfig reads size bytes (1, 2 or 4) at offset of a function of bus 0; all
// ones where there is none. An access that leaves its dword is split.
func (b *Bus) ReadConfig(device, function int, offset uint8, size int) uint32 {
	f := b.function(device, function)
	if f == nil {
		return ^uint32(0) >> (32 - 8*size)
	}
	if int(offset&3)+size <= 4 {
		return f.ReadConfig(offset, size) & (^uint32(0) >> (32 - 8*size))
	}
	var v uint32
	for i := range size {
		v |= f.ReadConfig(offset+uint8(i), 1) & 0xff << (8 * i)
	}
	return v
}

// WriteConfig writes size bytes (1, 2 or 4) at offset of a function of bus 0;
// where there is none nothing happens. An access that leaves its dword is
// split.
func (b *Bus) WriteConfig(device, function int, offset uint8, size int, value uint32) {
	f := b.function(device, function)
	if f == nil {
		return
	}
	if int(offset&3)+size <= 4 {
		f.WriteConfig(offset, size, value&(^uint32(0)>>(32-8*size)))
		return
	}
	for i := range size {
		f.WriteConfig(offset+uint8(i), 1, value>>(8*i)&0xff)
	}
}

func (b *Bus) function(device, function int) bus.PCIFunction {
	if device < 0 || device > 31 || function < 0 || function > 7 {
		return nil
	}
	return b.functions[device<<3|function]
}

// Read is a bus.Device's. Bytes and words of CONFIG_ADDRESS are ordinary I/O
// that nobody answers, but for port 0CF9h.
func (b *Bus) Read(offset uint64, size int) uint64 {
	switch {
	case offset == configAddress && size == 4:
		return uint64(b.state.Address)
	case offset == resetControl && size == 1 && b.reset != nil:
		return b.reset.Read(0, 1)
	case offset < configData && offset+uint64(size) > configData:
		return b.readBytes(offset, size)
	case offset < configData:
		return ^uint64(0)
	}
	device, function, register, ok := b.target(offset)
	if !ok {
		return ^uint64(0)
	}
	return uint64(b.ReadConfig(device, function, register, size))
}

func (b *Bus) readBytes(offset uint64, size int) uint64 {
	var v uint64
	for i := range size {
		v |= b.Read(offset+uint64(i), 1) & 0xff << (8 * i)
	}
	return v
}

// Write is a bus.Device's.
func (b *Bus) Write(offset uint64, size int, value uint64) {
	switch {
	case offset == configAddress && size == 4:
		b.state.Address = uint32(value) & addressMask
		return
	case offset == resetControl && size == 1 && b.reset != nil:
		b.reset.Write(0, 1, value)
		return
	case offset < configData && offset+uint64(size) > configData:
		for i := range size {
			b.Write(offset+uint64(i), 1, value>>(8*i)&0xff)
		}
		return
	case offset < configData:
		return
	}
	device, function, register, ok := b.target(offset)
	if !ok {
		return
	}
	b.WriteConfig(device, function, register, size, uint32(value))
}

// target decodes CONFIG_ADDRESS; buses other than 0 do not exist.
func (b *Bus) target(offset uint64) (device, function int, register uint8, ok bool) {
	a := b.state.Address
	if a&addressEnable == 0 || a>>16&0xff != 0 {
		return 0, 0, 0, false
	}
	return int(a >> 11 & 31), int(a >> 8 & 7), uint8(a&0xfc) + uint8(offset&3), true
}

// State is a copy of the present state.
func (b *Bus) State() State { return b.state }

// Save encodes the present state.
func (b *Bus) Save() []byte {
	s := b.state
	return bus.Marshal(kind, version, &s)
}

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing.
func (b *Bus) Load(data []byte) error {
	var s State
	if err := bus.Unmarshal(data, kind, version, &s); err != nil {
		return err
	}
	if s.Address&^addressMask != 0 {
		return fmt.Errorf("pci: saved state has address %#x", s.Address)
	}
	b.state = s
	return nil
}
