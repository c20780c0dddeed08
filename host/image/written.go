package image

import (
	"math/bits"
	"slices"

	"ringzero/bus"
)

// groupSectors is how many sectors share an entry of written, and pageSectors
// how many are kept in one piece of memory.
const (
	groupSectors = 64
	pageSectors  = 8
)

// group is 64 sectors of which some were written; pages hold their content in
// an overlay.
type group struct {
	mask  uint64 // bit n: sector n was written
	pages [groupSectors / pageSectors]*[pageSectors * bus.SectorSize]byte
}

// written is the set of sectors that were written, sparse, with their content
// in an overlay. Its zero value is empty.
type written struct {
	groups map[int64]*group // by sector number / groupSectors
}

func (w *written) group(sector int64) *group {
	key := sector / groupSectors
	if g := w.groups[key]; g != nil {
		return g
	}
	if w.groups == nil {
		w.groups = map[int64]*group{}
	}
	g := &group{}
	w.groups[key] = g
	return g
}

// mark notes n sectors from first as written.
func (w *written) mark(first, n int64) {
	for i := first; i < first+n; i++ {
		w.group(i).mask |= 1 << (i % groupSectors)
	}
}

func (w *written) has(sector int64) bool {
	g := w.groups[sector/groupSectors]
	return g != nil && g.mask>>(sector%groupSectors)&1 != 0
}

// run tells how many of at most n sectors from first are alike, written or not.
func (w *written) run(first, n int64) (length int64, yes bool) {
	yes = w.has(first)
	for length = 1; length < n && w.has(first+length) == yes; length++ {
	}
	return length, yes
}

// slot is the memory of a sector in the overlay.
func (g *group) slot(sector int64) []byte {
	page, at := sector%groupSectors/pageSectors, sector%pageSectors*bus.SectorSize
	if g.pages[page] == nil {
		g.pages[page] = new([pageSectors * bus.SectorSize]byte)
	}
	return g.pages[page][at : at+bus.SectorSize]
}

// copyIn keeps whole sectors from first on.
func (w *written) copyIn(p []byte, first int64) {
	for i := first; len(p) > 0; i, p = i+1, p[bus.SectorSize:] {
		g := w.group(i)
		g.mask |= 1 << (i % groupSectors)
		copy(g.slot(i), p)
	}
}

// copyOut gives back sectors that were kept.
func (w *written) copyOut(p []byte, first int64) {
	for i := first; len(p) > 0; i, p = i+1, p[bus.SectorSize:] {
		copy(p, w.group(i).slot(i))
	}
}

// sectors lists all that were written, in order.
func (w *written) sectors() []int64 {
	keys := make([]int64, 0, len(w.groups))
	for k := range w.groups {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var out []int64
	for _, k := range keys {
		for m := w.groups[k].mask; m != 0; m &= m - 1 {
			out = append(out, k*groupSectors+int64(bits.TrailingZeros64(m)))
		}
	}
	return out
}
