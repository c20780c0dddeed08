package bios

// Ports of PCI configuration mechanism 1 (PCI 2.1, 3.7.4).
const (
	portPCIAddress = 0xcf8
	portPCIData    = 0xcfc
)

// Where POST puts base registers: as window in the tables.
const (
	pciIOBase  = 0xc000
	pciIOEnd   = 0x10000
	pciMemBase = 0xe0000000
	pciMemEnd  = 0xfec00000
)

// Configuration registers (PCI 2.1, chapter 6).
const (
	pciID         = 0x00
	pciCommand    = 0x04
	pciClass      = 0x08 // revision, interface, subclass, class
	pciHeaderType = 0x0e
	pciBAR0       = 0x10
	pciIntLine    = 0x3c
	pciIntPin     = 0x3d
)

// Functions that get more than base registers.
const (
	idPIIX3ISA = 0x70008086
	idPIIX3IDE = 0x70108086
	idPIIX4ISA = 0x71108086
	idPIIX4IDE = 0x71118086
	idPIIX4PM  = 0x71138086
)

// pirqRoute is the IRQ that POST routes each PIRQ to, A to D; the tables tell
// the same.
var pirqRoute = [4]uint8{10, 10, 11, 11}

// PIRQ is which of the PIIX3's four interrupt inputs (0 is PIRQA) the pin of a
// PCI slot is wired to; pin 0 is INTA. Slots rotate, as PCI 2.1, 2.2.6 suggests,
// so that slot 1, INTA is PIRQA. The wiring, the _PRT and $PIR agree on it.
func PIRQ(slot, pin int) int { return (slot + pin + 3) & 3 }

// pciAddr is a function's address in configuration mechanism 1.
func pciAddr(bus, devfn uint8) uint32 { return 1<<31 | uint32(bus)<<16 | uint32(devfn)<<8 }

// pciRead reads 1, 2 or 4 bytes; the access must not cross a dword.
func (b *BIOS) pciRead(fn uint32, reg uint8, size int) uint32 {
	b.ports.Out(portPCIAddress, 4, uint64(fn)|uint64(reg&^3))
	return uint32(b.ports.In(portPCIData+uint16(reg&3), size))
}

func (b *BIOS) pciWrite(fn uint32, reg uint8, size int, v uint32) {
	b.ports.Out(portPCIAddress, 4, uint64(fn)|uint64(reg&^3))
	b.ports.Out(portPCIData+uint16(reg&3), size, uint64(v))
}

// hasPCI tells whether mechanism 1 answers.
func (b *BIOS) hasPCI() bool {
	b.ports.Out(portPCIAddress, 4, 1<<31)
	return b.ports.In(portPCIAddress, 4) == 1<<31
}

// pciFunctions are the functions of bus 0 in order. There is no bridge to
// another bus in this machine.
func (b *BIOS) pciFunctions() []uint32 {
	if !b.hasPCI() {
		return nil
	}
	var all []uint32
	for slot := range uint8(32) {
		for fn := range uint8(8) {
			a := pciAddr(0, slot<<3|fn)
			if b.pciRead(a, pciID, 2) == 0xffff {
				if fn == 0 {
					break
				}
				continue
			}
			all = append(all, a)
			if fn == 0 && b.pciRead(a, pciHeaderType, 1)&0x80 == 0 {
				break
			}
		}
	}
	return all
}

// initPCI assigns base registers and interrupt lines, routes PIRQs, and sets up
// the PIIX functions.
func (b *BIOS) initPCI() {
	b.out(portELCR, 0)
	elcr := uint8(1 << (sciIRQ - 8))
	for _, irq := range pirqRoute {
		elcr |= 1 << (irq - 8)
	}
	b.out(portELCR+1, elcr)
	io, mem := uint32(pciIOBase), uint32(pciMemBase)
	for _, fn := range b.pciFunctions() {
		b.assignBARs(fn, &io, &mem)
		b.setInterruptLine(fn)
		switch b.pciRead(fn, pciID, 4) {
		case idPIIX3ISA, idPIIX4ISA:
			for i, irq := range pirqRoute {
				b.pciWrite(fn, uint8(0x60+i), 1, uint32(irq)) // PIRQRCA to PIRQRCD
			}
		case idPIIX3IDE, idPIIX4IDE:
			b.pciWrite(fn, 0x40, 2, 0x8000) // IDETIM: decode the primary channel
			b.pciWrite(fn, 0x42, 2, 0x8000) // and the secondary
		case idPIIX4PM:
			b.pciWrite(fn, 0x40, 4, pmBase|1) // PMBA
			b.pciWrite(fn, 0x80, 1, 1)        // PMREGMISC: decode it
			b.pciWrite(fn, pciIntLine, 1, sciIRQ)
		}
	}
}

// assignBARs sizes and places the base registers of a function and switches on
// what it decodes.
func (b *BIOS) assignBARs(fn uint32, io, mem *uint32) {
	class := b.pciRead(fn, pciClass, 4) >> 16
	command := b.pciRead(fn, pciCommand, 2)
	bars := 6
	if b.pciRead(fn, pciHeaderType, 1)&0x7f != 0 || class == 0x0600 {
		bars = 0 // bridges: no base registers of this layout
	}
	for i := 0; i < bars; i++ {
		reg := uint8(pciBAR0 + 4*i)
		b.pciWrite(fn, reg, 4, ^uint32(0))
		mask := b.pciRead(fn, reg, 4)
		if mask == 0 || mask == ^uint32(0) {
			continue
		}
		if mask&1 != 0 {
			size := -(mask&^3 | 0xffff0000)
			if at, ok := take(io, size, pciIOEnd); ok {
				b.pciWrite(fn, reg, 4, at)
				command |= 1
			} else {
				b.pciWrite(fn, reg, 4, 0)
			}
			continue
		}
		if at, ok := take(mem, -(mask &^ 15), pciMemEnd); ok {
			b.pciWrite(fn, reg, 4, at)
			command |= 2
		} else {
			b.pciWrite(fn, reg, 4, 0)
		}
		if mask>>1&3 == 2 { // 64 bits: the upper half
			i++
			b.pciWrite(fn, reg+4, 4, 0)
		}
	}
	switch class {
	case 0x0101: // IDE: legacy ports and bus master
		command |= 1 | 4
	case 0x0300: // VGA: legacy ports and memory
		command |= 1 | 2
	}
	b.pciWrite(fn, pciCommand, 2, command)
}

// take allots size bytes, a power of two, aligned to itself.
func take(next *uint32, size, end uint32) (at uint32, ok bool) {
	if size == 0 || size&(size-1) != 0 {
		return 0, false
	}
	start := (uint64(*next) + uint64(size) - 1) &^ (uint64(size) - 1)
	if start+uint64(size) > uint64(end) {
		return 0, false
	}
	*next = uint32(start) + size
	return uint32(start), true
}

func (b *BIOS) setInterruptLine(fn uint32) {
	pin := b.pciRead(fn, pciIntPin, 1)
	if pin < 1 || pin > 4 {
		return
	}
	slot := int(fn >> 11 & 31)
	b.pciWrite(fn, pciIntLine, 1, uint32(pirqRoute[PIRQ(slot, int(pin)-1)]))
}
