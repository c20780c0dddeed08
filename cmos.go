package ringzero

import "ringzero/bios"

// cmosShutdown is the place of the code by which software that resets the
// processor tells firmware why.
const cmosShutdown = 0x0f

// resumes tells whether a shutdown code is of software that goes on behind the
// reset, having left protected mode (RBIL CMOS.LST, 0Fh).
func resumes(code uint8) bool { return code == 5 || code >= 9 && code <= 0x0c }

// fillCMOS writes what a PC's setup program has found (RBIL CMOS.LST, 10h to
// 5Dh): drives, equipment and memory. The BIOS, ours or another, reads it.
func (m *Machine) fillCMOS() {
	put := func(at uint8, size int, v uint64) {
		for i := range size {
			m.rtc.SetCMOS(at+uint8(i), uint8(v>>(8*i)))
		}
	}
	equipment := uint64(0x0e) // display, keyboard, coprocessor
	if m.conf.Floppy != nil {
		equipment |= 1
		put(0x10, 1, uint64(bios.FloppyType(m.conf.Floppy.Size()))<<4)
	}
	types := uint64(0) // of the first two hard disks: see 19h, 1Ah
	for i := range min(len(m.conf.Disks), 2) {
		if m.conf.Disks[i] == nil {
			continue
		}
		types |= 0xf0 >> (4 * i)
		put(0x19+uint8(i), 1, 47) // set by the user
	}
	put(0x12, 1, types)
	put(0x14, 1, equipment)
	low := m.memory.LowRAM()
	put(0x15, 2, 640)
	extended := min((low-1<<20)>>10, 0xffff)
	put(0x17, 2, extended)
	put(0x30, 2, extended)
	put(0x34, 2, (low-min(low, 16<<20))>>16)
	put(0x5b, 3, m.memory.HighRAM()>>16)
	sum := uint64(0)
	for i := uint8(0x10); i <= 0x2d; i++ {
		sum += uint64(m.rtc.CMOS(i))
	}
	put(0x2e, 1, sum>>8)
	put(0x2f, 1, sum)
}
