package bus

import "fmt"

// Device is a chip seen from its register window. It never learns its address:
// offset counts from the start of the range it was mapped at. size is 1, 2, 4
// or 8 bytes and never exceeds the width it was mapped with. Bits of a read
// above size are ignored. What a guest writes can never panic.
type Device interface {
	Read(offset uint64, size int) uint64
	Write(offset uint64, size int, value uint64)
}

// Resetter is a chip with a hardware reset.
type Resetter interface {
	Reset()
}

// Saver is a chip whose state can be kept: Save gives a canonical
// little-endian encoding that starts with a kind and a version, and Load takes
// it back without making an edge on any line. Save, Load, Save gives the same
// bytes. Load of an unknown kind or version is an error and changes nothing.
type Saver interface {
	Save() []byte
	Load(data []byte) error
}

// Chip is what a machine does with each of its chips, beside wiring it.
type Chip interface {
	Resetter
	Saver
}

type window struct {
	name  string
	base  uint64
	size  uint64
	width int
	dev   Device
	cycle uint64 // nanoseconds that a bus cycle takes, of ports
}

func (w *window) String() string {
	return fmt.Sprintf("%s at %#x-%#x", w.name, w.base, w.base+w.size-1)
}

// read splits an access into what the device can take.
func (w *window) read(offset uint64, size int) uint64 {
	if size <= w.width {
		return w.dev.Read(offset, size)
	}
	var v uint64
	for i := 0; i < size; i += w.width {
		v |= w.dev.Read(offset+uint64(i), w.width) & (1<<(8*w.width) - 1) << (8 * i)
	}
	return v
}

func (w *window) write(offset uint64, size int, v uint64) {
	if size <= w.width {
		w.dev.Write(offset, size, v)
		return
	}
	for i := 0; i < size; i += w.width {
		w.dev.Write(offset+uint64(i), w.width, v>>(8*i)&(1<<(8*w.width)-1))
	}
}

// Ports is the 64 KiB I/O space. A read where nothing is mapped floats high.
type Ports struct {
	at [1 << 16]*window
}

// NewPorts makes an empty I/O space.
func NewPorts() *Ports { return &Ports{} }

// What a bus cycle takes, in nanoseconds. On ISA it is 8 clocks of 8.33 MHz for a
// byte (IEEE P996, an 8-bit slave's default cycle is 6 clocks, and the bridge's
// own); a target on PCI with some wait states and the host bridge's ways needs
// less.
const (
	CycleISA = 1000
	CyclePCI = 200
)

// Map puts a device of the ISA bus at n ports from base. Accesses wider than
// width bytes are split into accesses of width. An overlap is an error that
// names both.
func (p *Ports) Map(name string, base uint16, n, width int, dev Device) error {
	return p.put(&window{name, uint64(base), uint64(n), width, dev, CycleISA})
}

// MapPCI does so for a device of the PCI bus.
func (p *Ports) MapPCI(name string, base uint16, n, width int, dev Device) error {
	return p.put(&window{name, uint64(base), uint64(n), width, dev, CyclePCI})
}

func (p *Ports) put(w *window) error {
	base, n := w.base, w.size
	if n == 0 || n > 1<<16 || base+n > 1<<16 {
		return fmt.Errorf("bus: %v is outside of the I/O space", w)
	}
	for i := base; i < base+n; i++ {
		if p.at[i] != nil {
			return fmt.Errorf("bus: %v overlaps %v", w, p.at[i])
		}
	}
	for i := base; i < base+n; i++ {
		p.at[i] = w
	}
	return nil
}

// Unmap frees the ports of dev that start at base; it does nothing if dev is
// not there (a PCI base register that was moved).
func (p *Ports) Unmap(base uint16, dev Device) {
	w := p.at[base]
	if w == nil || w.dev != dev || w.base != uint64(base) {
		return
	}
	for i := w.base; i < w.base+w.size; i++ {
		p.at[i] = nil
	}
}

// In reads size bytes (1, 2 or 4) from a port. An access that leaves the
// device it starts in is split into bytes.
func (p *Ports) In(port uint16, size int) uint64 {
	w := p.at[port]
	if int(port)+size <= 1<<16 && w == p.at[int(port)+size-1] {
		if w == nil {
			return 1<<(8*size) - 1
		}
		return w.read(uint64(port)-w.base, size) & (1<<(8*size) - 1)
	}
	var v uint64
	for i := range size {
		v |= p.In(port+uint16(i), 1) << (8 * i)
	}
	return v
}

// Out writes the low size bytes (1, 2 or 4) of v to a port.
func (p *Ports) Out(port uint16, size int, v uint64) {
	w := p.at[port]
	if int(port)+size <= 1<<16 && w == p.at[int(port)+size-1] {
		if w != nil {
			w.write(uint64(port)-w.base, size, v)
		}
		return
	}
	for i := range size {
		p.Out(port+uint16(i), 1, v>>(8*i)&0xff)
	}
}

// Time is what an access of size bytes takes on its bus, in nanoseconds: a cycle
// for each part that it is split into. Nothing answers on the ISA bus, where
// cycles end that nobody claims.
func (p *Ports) Time(port uint16, size int) uint64 {
	w := p.at[port]
	switch {
	case int(port)+size > 1<<16 || w != p.at[int(port)+size-1]:
		ns := uint64(0)
		for i := range size {
			ns += p.Time(port+uint16(i), 1)
		}
		return ns
	case w == nil:
		return CycleISA
	case size > w.width:
		return w.cycle * uint64(size/w.width)
	}
	return w.cycle
}

// Name tells what is mapped at a port, "" for nothing.
func (p *Ports) Name(port uint16) string {
	if w := p.at[port]; w != nil {
		return w.name
	}
	return ""
}
