package piix

import "ringzero/bus"

// Mapper is the I/O space in which a function moves its windows; *bus.Ports is
// one.
type Mapper interface {
	Map(name string, base uint16, n, width int, dev bus.Device) error
	Unmap(base uint16, dev bus.Device)
}

// window is a range of ports whose base the guest chooses. Where the guest
// puts it on another chip's ports the window stays unmapped until it is moved
// again: on a real bus both would answer.
type window struct {
	name   string
	n      int
	dev    bus.Device
	mapper Mapper
	base   uint16
	mapped bool
	err    error
}

// place moves the window to base, or takes it away.
func (w *window) place(base uint16, enabled bool) {
	if w.mapped && enabled && base == w.base {
		return
	}
	if w.mapped {
		w.mapper.Unmap(w.base, w.dev)
	}
	w.base, w.mapped, w.err = base, false, nil
	if !enabled {
		return
	}
	w.err = w.mapper.Map(w.name, base, w.n, 4, w.dev)
	w.mapped = w.err == nil
}
