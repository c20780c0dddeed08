package bios

// The $PIR table, for systems without ACPI (Microsoft's PCI IRQ Routing Table
// Specification 1.0).
const (
	pirHeaderSize = 32
	pirSlotSize   = 16
	pirSlots      = 6
)

// pirqChoices are the IRQs that a PIRQ may be routed to, pirMask the same as
// bits, pirExclusive those that POST uses and that ISA leaves free.
var pirqChoices = []uint32{5, 10, 11}

const (
	pirMask      = 1<<5 | 1<<10 | 1<<11
	pirExclusive = 1<<10 | 1<<11
)

func pirTable() []byte {
	t := make([]byte, pirHeaderSize, pirHeaderSize+pirSlots*pirSlotSize)
	copy(t, "$PIR")
	put16(t[4:], 0x0100)
	put16(t[6:], cap(t))
	t[9] = ideSlot << 3 // the router: the PIIX3's function 0
	put16(t[10:], pirExclusive)
	put32(t[12:], idPIIX3ISA)
	for slot := 1; slot <= pirSlots; slot++ {
		s := make([]byte, pirSlotSize)
		s[1] = byte(slot << 3)
		for pin := range 4 {
			s[2+3*pin] = byte(0x60 + PIRQ(slot, pin)) // PIRQRCx as link value
			put16(s[3+3*pin:], pirMask)
		}
		if slot != ideSlot {
			s[14] = byte(slot)
		}
		t = append(t, s...)
	}
	t[31] = checksum(t)
	return t
}
