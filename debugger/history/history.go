// Package history makes a machine's past reachable: snapshots in memory, each of what
// was written since the one before, and the log of the inputs, which replays from the
// nearest. Snapshots thin out with age; the power-on state is never dropped, so every
// step since then can be reached.
package history

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"ringzero"
)

const (
	// defaultEvery is the steps between two snapshots: a fraction of a second.
	defaultEvery = 50_000_000
	// most bounds their number.
	most = 256
	// overhead is what a snapshot takes beside pages and sectors, in bytes, by
	// estimate.
	overhead = 512 << 10
)

// History is the past of a machine.
type History struct {
	m     *ringzero.Machine
	limit int64
	snaps []*snap
	// lost are the pages and sectors of snapshots that were dropped from the end.
	lost *written
	// at is the snapshot that the machine was at last, when it was taken or restored.
	at    int
	every uint64 // steps between two
	next  uint64 // the step of the next one
	// log are the inputs up to end, the last step that was reached.
	log []ringzero.Input
	end uint64
}

// snap is a snapshot and what it takes.
type snap struct {
	*ringzero.Snapshot
	bytes int64
}

// written are the places that a snapshot holds.
type written struct {
	pages   map[uint64]bool
	sectors []map[int64]bool
}

// New begins the history of a machine that was just made. limit bounds what the
// snapshots take, in bytes. The error is that of a disk whose writes can't be taken
// back.
func New(m *ringzero.Machine, limit int64) (*History, error) {
	if m.Steps() != 0 {
		return nil, errors.New("a history begins at power-on")
	}
	if err := m.Track(); err != nil {
		return nil, err
	}
	h := &History{m: m, limit: limit, every: defaultEvery}
	h.take()
	return h, nil
}

// Every sets the steps between two snapshots.
func (h *History) Every(steps uint64) { h.every, h.next = steps, h.m.Steps()+steps }

// take makes a snapshot.
func (h *History) take() {
	s := &snap{Snapshot: h.m.Snapshot()}
	s.bytes = size(s.Snapshot)
	h.snaps = append(h.snaps, s)
	h.at, h.next = len(h.snaps)-1, s.Step+h.every
}

func size(s *ringzero.Snapshot) int64 {
	n := int64(overhead)
	for _, p := range s.Pages {
		n += int64(len(p)) + 48
	}
	for _, d := range s.Disks {
		n += int64(len(d)) * 600
	}
	return n
}

// Note is called between two Steps of a machine that runs: it takes a snapshot where one
// is due.
func (h *History) Note() {
	now := h.m.Steps()
	if h.Past() {
		return
	}
	h.end = now
	h.log = append(h.log[:0], h.m.Inputs()...)
	if now >= h.next {
		h.take()
		h.thin()
	}
}

// Past tells whether the machine stands before the last step that was reached: it goes on
// as it did.
func (h *History) Past() bool { return h.m.Steps() < h.end }

// End is the last step that was reached.
func (h *History) End() uint64 { return max(h.end, h.m.Steps()) }

// Log are the inputs of the whole run.
func (h *History) Log() []ringzero.Input {
	if !h.Past() {
		h.Note()
	}
	return h.log
}

// Forget cuts the future off, as the machine is about to go another way: its state was
// changed.
func (h *History) Forget() {
	now := h.m.Steps()
	h.end = now
	h.log = append([]ringzero.Input(nil), h.m.Inputs()...)
	for n := len(h.snaps) - 1; n > h.at; n-- {
		h.drop()
	}
	h.take() // a replay from before would not come here
}

// drop drops the last snapshot.
func (h *History) drop() {
	last := h.snaps[len(h.snaps)-1]
	h.snaps = h.snaps[:len(h.snaps)-1]
	if h.lost == nil {
		h.lost = &written{pages: map[uint64]bool{}}
	}
	h.lost.add(last.Snapshot)
}

func (w *written) add(s *ringzero.Snapshot) {
	for p := range s.Pages {
		w.pages[p] = true
	}
	for i, d := range s.Disks {
		for len(w.sectors) <= i {
			w.sectors = append(w.sectors, map[int64]bool{})
		}
		for n := range d {
			w.sectors[i][n] = true
		}
	}
}

// Used is what the snapshots take, in bytes, and how many there are.
func (h *History) Used() (bytes int64, n int) {
	for _, s := range h.snaps {
		bytes += s.bytes
	}
	return bytes, len(h.snaps)
}

// thin merges snapshots until they fit: the pair first whose distance is least for its
// age. Where the last one is all that could go, it goes.
func (h *History) thin() {
	for {
		bytes, n := h.Used()
		if n <= 1 || bytes <= h.limit && n <= most {
			return
		}
		if n == 2 {
			h.drop()
			h.at = 0
			return
		}
		now := h.snaps[n-1].Step
		best, least := 1, 0.0
		for i := 1; i < n-1; i++ {
			gap := float64(h.snaps[i+1].Step-h.snaps[i-1].Step) / float64(now-h.snaps[i].Step+h.every)
			if i == 1 || gap < least {
				best, least = i, gap
			}
		}
		h.merge(best)
	}
}

// merge drops a snapshot that is not the last: the next one takes over what it holds.
func (h *History) merge(i int) {
	from, to := h.snaps[i], h.snaps[i+1]
	for p, data := range from.Pages {
		if _, ok := to.Pages[p]; !ok {
			to.Pages[p] = data
		}
	}
	for d := range from.Disks {
		for n, data := range from.Disks[d] {
			if _, ok := to.Disks[d][n]; !ok {
				if to.Disks[d] == nil {
					to.Disks[d] = ringzero.Sectors{}
				}
				to.Disks[d][n] = data
			}
		}
	}
	to.bytes = size(to.Snapshot)
	h.snaps = append(h.snaps[:i], h.snaps[i+1:]...)
	if h.at >= i {
		h.at--
	}
}

// before is the last snapshot at or before a step.
func (h *History) before(step uint64) int {
	return sort.Search(len(h.snaps), func(i int) bool { return h.snaps[i].Step > step }) - 1
}

// restore puts the machine to a snapshot.
func (h *History) restore(k int) error {
	if !h.Past() {
		h.Note()
	}
	touched := &written{pages: map[uint64]bool{}}
	for i := min(k, h.at) + 1; i <= max(k, h.at); i++ {
		touched.add(h.snaps[i].Snapshot)
	}
	if h.lost != nil {
		for p := range h.lost.pages {
			touched.pages[p] = true
		}
	}
	for _, p := range h.m.Dirty() {
		touched.pages[p] = true
	}
	pages := ringzero.Pages{}
	for p := range touched.pages {
		pages[p] = h.page(k, p)
	}
	h.at = k
	return h.m.Restore(h.snaps[k].Snapshot, pages, h.disks(k))
}

// page is what a page held at a snapshot.
func (h *History) page(k int, p uint64) []byte {
	for ; k >= 0; k-- {
		if data, ok := h.snaps[k].Pages[p]; ok {
			return data
		}
	}
	return nil
}

// disks are all sectors of all disks that were ever written, as they were at a snapshot.
func (h *History) disks(k int) []ringzero.Sectors {
	disks := make([]ringzero.Sectors, len(h.snaps[0].Disks))
	for i := range disks {
		disks[i] = ringzero.Sectors{}
		for j := len(h.snaps) - 1; j > k; j-- {
			for n := range h.snaps[j].Disks[i] {
				disks[i][n] = nil
			}
		}
		if h.lost != nil && i < len(h.lost.sectors) {
			for n := range h.lost.sectors[i] {
				disks[i][n] = nil
			}
		}
		for j := range k + 1 {
			for n, data := range h.snaps[j].Disks[i] {
				disks[i][n] = data
			}
		}
	}
	return disks
}

// Goto puts the machine to a step. Its error is one of the context's, or tells that the
// step was not reached.
func (h *History) Goto(ctx context.Context, step uint64) error {
	now := h.m.Steps()
	if !h.Past() {
		h.Note()
	}
	if step > h.end {
		return fmt.Errorf("step %d was not reached yet: the run ends at %d", step, h.end)
	}
	k := h.before(step)
	if step < now || h.snaps[k].Step > now {
		if err := h.restore(k); err != nil {
			return err
		}
	}
	return h.Replay(ctx, step)
}

// Replay runs the machine on as it ran before, to a step that was reached. What it
// stops at is in the machine's Stops; see ringzero.Stopped.
func (h *History) Replay(ctx context.Context, step uint64) error {
	why, err := h.run(ctx, step)
	switch {
	case err != nil:
		return err
	case h.m.Steps() < step && why != ringzero.Stopped:
		return fmt.Errorf("the machine is %v at step %d, on the way to %d", why, h.m.Steps(), step)
	}
	return nil
}

// Advance runs the machine on as it ran before, to a step at most, and says why it came
// back.
func (h *History) Advance(ctx context.Context, step uint64) (ringzero.Stop, error) {
	return h.run(ctx, min(step, h.end))
}

// Watch has look called before each instruction of the past from one step up to
// another; it leaves the machine anywhere in its past.
func (h *History) Watch(ctx context.Context, from, to uint64, look func()) error {
	if err := h.Goto(ctx, from); err != nil {
		return err
	}
	h.m.Observe(look)
	defer h.m.Observe(nil)
	_, err := h.run(ctx, to)
	return err
}

// run replays to a step and says why it came back.
func (h *History) run(ctx context.Context, step uint64) (ringzero.Stop, error) {
	h.m.Mute(true)
	defer h.m.Mute(false)
	first := min(len(h.m.Inputs()), len(h.log))
	last := first + sort.Search(len(h.log)-first, func(i int) bool { return h.log[first+i].Step > step })
	return h.m.ReplayTo(ctx, h.log[first:last], step)
}

// Search looks backward from the step at which the machine stands, down to another one,
// for the last hit of Stops; see ringzero.Machine.SetStops. ok tells that there is one.
// Hits for which want answers false don't count. It leaves the machine anywhere in its
// past, without Stops, for the caller to go where it wants.
func (h *History) Search(ctx context.Context, stops ringzero.Stops, want func(ringzero.Hit) bool, down uint64) (hit ringzero.Hit, ok bool, err error) {
	now := h.m.Steps()
	if !h.Past() {
		h.Note()
	}
	upper := now
	stops.Ask = func(found ringzero.Hit) bool {
		if found.Step < upper && found.Step >= down && (want == nil || want(found)) {
			hit, ok = found, true
		}
		return false
	}
	h.m.SetStops(&stops)
	defer h.m.SetStops(nil)
	for k := h.before(max(now, 1) - 1); k >= 0 && !ok && upper > down; k-- {
		if err := h.restore(k); err != nil {
			return hit, false, err
		}
		if _, err := h.run(ctx, upper); err != nil {
			return hit, false, err
		}
		upper = h.snaps[k].Step
	}
	return hit, ok, nil
}
