package translator

import "ringzero/bus"

// pageOffsets is a set of offsets in a page.
type pageOffsets [bus.PageSize / 64]uint64

// SetBreaks has a block begin at each of the linear addresses, by their offsets in the
// page: whatever leads there by then, so that they may be set before the code is there,
// or mapped. No link leads to such a block; who is interested is asked by Pause.
func (e *Engine) SetBreaks(at []uint64) {
	if e.breaks == nil && len(at) == 0 {
		return
	}
	e.breaks = nil
	if len(at) > 0 {
		e.breaks = new(pageOffsets)
		for _, va := range at {
			e.breaks[va%bus.PageSize/64] |= 1 << (va % 64)
		}
	}
	e.Flush()
}

// cuts tells whether a block has to begin at an address, or at an offset in the
// reservation.
func (e *Engine) cuts(at uint64) bool {
	return e.breaks != nil && e.breaks[at%bus.PageSize/64]>>(at%64)&1 != 0
}

// stands tells whether the processor is to stand still where it is.
func (e *Engine) stands() bool {
	if e.Pause == nil || !e.Pause() {
		return false
	}
	e.CPU.EndSlice()
	return true
}
