package bios

import "encoding/binary"

// smbiosBuilder collects the structures of SMBIOS 2.4 (DMTF DSP0134).
type smbiosBuilder struct {
	table []byte
	count int
	max   int
}

// add appends a structure: type, formatted bytes from offset 4 on, strings.
func (s *smbiosBuilder) add(kind byte, body []byte, strings ...string) {
	start := len(s.table)
	handle := uint16(s.count)
	s.table = append(s.table, kind, byte(4+len(body)), byte(handle), byte(handle>>8))
	s.table = append(s.table, body...)
	for _, str := range strings {
		s.table = append(append(s.table, str...), 0)
	}
	if len(strings) == 0 {
		s.table = append(s.table, 0)
	}
	s.table = append(s.table, 0)
	s.count++
	s.max = max(s.max, len(s.table)-start)
}

// smbiosTables is the entry point, to be put at physical address at, and the
// structures behind it.
func smbiosTables(cfg Config, at uint32) []byte {
	const entrySize = 32 // 31 bytes, padded
	s := smbiosStructures(cfg)
	e := make([]byte, entrySize)
	copy(e, "_SM_")
	e[5] = 31
	e[6], e[7] = 2, 4
	put16(e[8:], s.max)
	copy(e[16:], "_DMI_")
	put16(e[22:], len(s.table))
	put32(e[24:], at+entrySize)
	put16(e[28:], s.count)
	e[30] = 0x24
	e[21] = checksum(e[16:31])
	e[4] = checksum(e[:31])
	return append(e, s.table...)
}

func smbiosStructures(cfg Config) *smbiosBuilder {
	s := &smbiosBuilder{}
	le := binary.LittleEndian

	// Type 0, BIOS information: PCI, boot from disk, EDD, INT 5, 9, 14h, 17h, 10h.
	bios := []byte{1, 2, 0, 0xf0, 3, 0}
	bios = le.AppendUint64(bios, 1<<7|1<<15|1<<19|1<<27|1<<28|1<<30)
	bios = append(bios, 1, 0, 0xff, 0xff, 0xff, 0xff) // ACPI
	s.add(0, bios, "ringzero", "1", "07/01/2026")

	// Type 1, system: no UUID, woken by the power switch.
	system := []byte{1, 2, 3, 0}
	system = append(system, make([]byte, 16)...)
	system = append(system, 6, 0, 0)
	s.add(1, system, "ringzero", "440FX PC", "1")

	// Type 3, enclosure: a desktop.
	s.add(3, []byte{1, 3, 0, 0, 0, 3, 3, 3, 2, 0, 0, 0, 0, 0, 1, 0, 0}, "ringzero")

	// Type 4, processor: central, other family, enabled, upgrade none.
	cpu := make([]byte, 31)
	cpu[0], cpu[1], cpu[2], cpu[3] = 1, 3, 1, 2
	put16(cpu[16:], min(max(cfg.CPUMHz, 0), 0xffff))
	put16(cpu[18:], min(max(cfg.CPUMHz, 0), 0xffff))
	cpu[20], cpu[21] = 0x41, 6
	put16(cpu[22:], 0xffff)
	put16(cpu[24:], 0xffff)
	put16(cpu[26:], 0xffff)
	s.add(4, cpu, "CPU 0", "ringzero")

	memoryStructures(s, cfg)

	s.add(32, []byte{0, 0, 0, 0, 0, 0, 0}) // no boot error
	s.add(127, nil)
	return s
}

// memoryStructures adds types 16 (array), 17 (one device) and 19 (address
// ranges).
func memoryStructures(s *smbiosBuilder, cfg Config) {
	le := binary.LittleEndian
	total := cfg.LowRAM + cfg.HighRAM
	array := s.count
	body := []byte{3, 3, 3} // on the board, system memory, no error correction
	body = le.AppendUint32(body, uint32(min(total>>10, 0x80000000)))
	body = le.AppendUint16(body, 0xfffe)
	body = le.AppendUint16(body, 1)
	s.add(16, body)

	dev := make([]byte, 23)
	put16(dev[0:], array)
	put16(dev[2:], 0xfffe)
	put16(dev[4:], 64)
	put16(dev[6:], 64)
	put16(dev[8:], int(min(total>>20, 0x7ffe)))
	dev[10], dev[12], dev[14] = 9, 1, 7 // DIMM, its locator, RAM
	put16(dev[15:], 1<<2)               // unknown details
	s.add(17, dev, "DIMM 0")

	mapped := func(from, to uint64) {
		m := le.AppendUint32(nil, uint32(from>>10))
		m = le.AppendUint32(m, uint32(to>>10-1))
		m = le.AppendUint16(m, uint16(array))
		s.add(19, append(m, 1))
	}
	mapped(0, cfg.LowRAM)
	if cfg.HighRAM > 0 {
		mapped(1<<32, 1<<32+cfg.HighRAM)
	}
}
