package ringzero

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"ringzero/bus"
)

// StateHash is SHA-256, in hexadecimal, over the canonical little-endian state
// of CPU, clock and its rate, devices, RAM and the sectors that the guest wrote, of the floppy
// first. No cache or counter of the
// engine goes into it, so it is equal on every host and for every Config.Test.
func (m *Machine) StateHash() string {
	h := sha256.New()
	put := func(v any) {
		if err := binary.Write(h, binary.LittleEndian, v); err != nil {
			panic("BUG: state hash: " + err.Error())
		}
	}
	s := m.cpu.Canonical()
	put(&s)
	put(m.cpu.MMU.PDPTE)
	put(m.cpu.Steps())
	put(m.Now())
	put([3]uint64{m.clock.rest(m.Steps()), m.clock.num, m.clock.den})
	put(m.a20.Level())
	for _, c := range m.chips {
		h.Write([]byte(c.name))
		h.Write(c.Save())
	}
	m.hashRAM(put)
	for i, d := range append([]bus.Disk{m.conf.Floppy}, m.conf.Disks...) {
		if w, ok := d.(bus.Written); ok {
			for sector, err := range w.Delta() {
				put([2]int64{int64(i), sector.Number})
				put(sector.Content)
				put(err != nil)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hashRAM covers the pages that are not all zero, with their numbers.
func (m *Machine) hashRAM(put func(any)) {
	for page := range m.memory.Size() >> bus.PageShift {
		data := m.memory.Bytes(page<<bus.PageShift, bus.PageSize)
		if !zero(data) {
			put(page)
			put(data)
		}
	}
}

func zero(p []byte) bool {
	for len(p) >= 8 {
		if binary.LittleEndian.Uint64(p) != 0 {
			return false
		}
		p = p[8:]
	}
	return true
}
