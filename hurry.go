package ringzero

import "time"

const (
	// A piece is what runs between two looks at the host's clock: so many steps
	// that looking costs nothing, so few that no change of what the guest does
	// makes one long.
	minPiece = 1000
	maxPiece = 16_000
	// shortOf is how much before its end a piece may be over, so that no
	// instruction runs alone there: more than any block has.
	shortOf = 200
	// parts is how many pieces of equal cost a Step in a hurry should consist of.
	parts = 8
)

// hurry cuts a Step short where it takes long on this host.
type hurry struct {
	clock func() time.Duration // nil: nobody is in a hurry
	most  time.Duration

	begin, last time.Duration
	piece       uint64
	next        uint64 // the step at which to look
	now         bool   // look behind the present instruction
}

// Hurry has Step come back once it has taken about so much of the host's time,
// told by clock, whatever the guest does; the next Step goes on at that place.
// A driver that answers to people wants this. Without it each Step has a fixed
// length, so that what a driver does in between comes at the same steps on every
// host. No length ever shows: at the end of a Step nothing happens to the guest.
func (m *Machine) Hurry(clock func() time.Duration, most time.Duration) {
	m.hurry = hurry{clock: clock, most: most, piece: minPiece}
}

// start begins a Step.
func (h *hurry) start(step uint64) {
	if h.clock == nil {
		return
	}
	h.begin = h.clock()
	h.last, h.next, h.now = h.begin, step+h.piece, false
}

// over tells whether the Step has taken its time.
func (h *hurry) over(step uint64) bool {
	if h.clock == nil || step+shortOf < h.next && !h.now {
		return false
	}
	t := h.clock()
	whole := step+shortOf >= h.next
	switch took := t - h.last; {
	case took > h.most/parts:
		h.piece = max(minPiece, h.piece/2)
	case whole && took < h.most/(4*parts):
		h.piece = min(maxPiece, h.piece*2)
	}
	h.last, h.next, h.now = t, step+h.piece, false
	return t-h.begin >= h.most
}

// budget bounds what may run until the next look; soft tells that the look is all
// that the bound is for.
func (h *hurry) budget(step, n uint64) (budget uint64, soft bool) {
	if h.clock == nil || n <= h.next-step {
		return n, false
	}
	return h.next - step, true
}
