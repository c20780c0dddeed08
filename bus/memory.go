package bus

import (
	"encoding/binary"
	"fmt"
	"sort"
)

// Memory is the physical address space: RAM below and above the PCI hole, ROM,
// and device windows. Reads of nothing give ones, writes to nothing vanish.
type Memory struct {
	*RAM
	low     uint64 // RAM below 4 GiB ends here
	high    uint64 // bytes of RAM above 4 GiB
	first   [256]pageKind
	windows []*window // sorted by base
	romTop  uint64    // bytes of the alias of the first megabyte's end below 4 GiB
}

// pageKind says for a page of the first megabyte which accesses reach RAM's
// bytes. The others vanish (ROM) or go to a device window.
type pageKind uint8

const (
	direct pageKind = 0
	noRead pageKind = 1 << iota
	noWrite
)

// Physical address map constants.
const (
	fourGiB = 1 << 32
	// HoleBase is where RAM below 4 GiB ends at the latest: the PCI hole.
	HoleBase = 0xc0000000
)

// NewMemory makes an address space with size bytes of RAM, a multiple of 1 MiB:
// at most HoleBase bytes below 4 GiB, the rest from 4 GiB on.
func NewMemory(size uint64) (*Memory, error) {
	if size == 0 || size%(1<<20) != 0 {
		return nil, fmt.Errorf("bus: memory of %d bytes is not a whole number of MiB", size)
	}
	r, err := NewRAM(size)
	if err != nil {
		return nil, err
	}
	low := min(size, HoleBase)
	return &Memory{RAM: r, low: low, high: size - low}, nil
}

// LowRAM is the end of RAM below 4 GiB, HighRAM the number of bytes above.
func (m *Memory) LowRAM() uint64  { return m.low }
func (m *Memory) HighRAM() uint64 { return m.high }

// Physical is the physical address of an offset in RAM.
func (m *Memory) Physical(off uint64) uint64 {
	if off < m.low {
		return off
	}
	return off - m.low + fourGiB
}

// SetROM puts image so that it ends at 1 MiB and, aliased, at 4 GiB: read-only.
func (m *Memory) SetROM(image []byte) error {
	n := uint64(len(image))
	if n == 0 || n > 256<<10 || n%PageSize != 0 {
		return fmt.Errorf("bus: a ROM of %d bytes: it must be a multiple of 4096, at most 256 KiB", n)
	}
	m.RAM.Write(1<<20-n, image)
	for a := 1<<20 - n; a < 1<<20; a += PageSize {
		m.first[a>>PageShift] = noWrite
	}
	m.romTop = n
	return nil
}

// Shadow sets which accesses to a range of the first megabyte reach RAM (the
// host bridge's PAM registers).
func (m *Memory) Shadow(base, size uint64, read, write bool) {
	for a := base; a < base+size && a < 1<<20; a += PageSize {
		k := direct
		if !read {
			k |= noRead
		}
		if !write {
			k |= noWrite
		}
		m.first[a>>PageShift] = k
	}
}

// MapMMIO puts a device at size bytes from base, both page-aligned. Overlap
// with another window is an error; a window over RAM hides it.
func (m *Memory) MapMMIO(name string, base, size uint64, width int, dev Device) error {
	w := &window{name: name, base: base, size: size, width: width, dev: dev}
	if size == 0 || (base|size)%PageSize != 0 || base+size < base {
		return fmt.Errorf("bus: %v is not made of whole pages", w)
	}
	for _, o := range m.windows {
		if base < o.base+o.size && o.base < base+size {
			return fmt.Errorf("bus: %v overlaps %v", w, o)
		}
	}
	m.windows = append(m.windows, w)
	sort.Slice(m.windows, func(i, j int) bool { return m.windows[i].base < m.windows[j].base })
	return nil
}

func (m *Memory) window(phys uint64) *window {
	for _, w := range m.windows {
		if phys-w.base < w.size {
			return w
		}
	}
	return nil
}

// Page tells where the page of phys lives: its offset in RAM, and whether reads
// and writes may go straight there. Where either is false the access goes
// through Load and Store. An access that is direct never reaches a device.
func (m *Memory) Page(phys uint64) (off uint64, read, write bool) {
	phys &^= PageSize - 1
	switch {
	case phys >= fourGiB:
		if phys-fourGiB < m.high {
			return phys - fourGiB + m.low, true, true
		}
		return 0, false, false
	case phys >= fourGiB-m.romTop:
		return phys - fourGiB + 1<<20, true, false
	case phys >= m.low || m.window(phys) != nil:
		return 0, false, false
	case phys < 1<<20:
		k := m.first[phys>>PageShift]
		return phys, k&noRead == 0, k&noWrite == 0
	}
	return phys, true, true
}

// Load reads 1, 2, 4 or 8 bytes that stay in one page, devices included.
func (m *Memory) Load(phys uint64, size int) uint64 {
	off, read, _ := m.Page(phys)
	if read {
		return Load(m.At(off+phys&(PageSize-1)), size)
	}
	if w := m.window(phys); w != nil {
		return w.read(phys-w.base, size) & (^uint64(0) >> (64 - 8*size))
	}
	return ^uint64(0) >> (64 - 8*size)
}

// Store writes 1, 2, 4 or 8 bytes that stay in one page, devices included; it
// tells the owners of a marked page.
func (m *Memory) Store(phys uint64, size int, v uint64) {
	off, _, write := m.Page(phys)
	if write {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], v)
		m.RAM.Write(off+phys&(PageSize-1), b[:size])
		return
	}
	if w := m.window(phys); w != nil {
		w.write(phys-w.base, size, v)
	}
}

// Read copies len(p) bytes from physical memory: RAM and ROM; devices are not
// reached by bus masters and read as ones.
func (m *Memory) Read(phys uint64, p []byte) {
	for len(p) > 0 {
		n := min(PageSize-int(phys&(PageSize-1)), len(p))
		if off, read, _ := m.Page(phys); read {
			m.RAM.Read(off+phys&(PageSize-1), p[:n])
		} else {
			for i := range n {
				p[i] = 0xff
			}
		}
		p, phys = p[n:], phys+uint64(n)
	}
}

// Write copies p to physical memory: RAM only.
func (m *Memory) Write(phys uint64, p []byte) {
	for len(p) > 0 {
		n := min(PageSize-int(phys&(PageSize-1)), len(p))
		if off, _, write := m.Page(phys); write {
			m.RAM.Write(off+phys&(PageSize-1), p[:n])
		}
		p, phys = p[n:], phys+uint64(n)
	}
}
