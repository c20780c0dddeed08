package bios

// RangeType is the type of a memory range as E820 and ACPI number it.
type RangeType uint32

// Types of ranges (ACPI 2.0, table 15-2).
const (
	RangeRAM      RangeType = 1
	RangeReserved RangeType = 2
	RangeACPI     RangeType = 3 // free once the tables were read
	RangeNVS      RangeType = 4
)

// MemRange is a range of physical addresses, in bytes.
type MemRange struct {
	Base, Size uint64
	Type       RangeType
}

// End is the first address after the range.
func (r MemRange) End() uint64 { return r.Base + r.Size }

// The end of low RAM: the tables, then the page of the FACS, which an operating
// system must keep.
const (
	acpiSize = 0xf000
	nvsSize  = 0x1000
)

func memoryMap(low, high uint64) []MemRange {
	nvs := low - nvsSize
	acpi := nvs - acpiSize
	m := []MemRange{
		{0, ebdaBase, RangeRAM},
		{ebdaBase, 0xa0000 - ebdaBase, RangeReserved},
		{0xf0000, 0x10000, RangeReserved},
		{1 << 20, acpi - 1<<20, RangeRAM},
		{acpi, acpiSize, RangeACPI},
		{nvs, nvsSize, RangeNVS},
		{1<<32 - romSize, romSize, RangeReserved},
	}
	if high > 0 {
		m = append(m, MemRange{1 << 32, high, RangeRAM})
	}
	return m
}

// mainRAM is the range from 1 MiB up, where kernels go.
func mainRAM(m []MemRange) MemRange {
	for _, r := range m {
		if r.Type == RangeRAM && r.Base == 1<<20 {
			return r
		}
	}
	return MemRange{Base: 1 << 20}
}
