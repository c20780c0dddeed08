package pace

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// host is a host of a given speed under a pacer, without a clock of its own.
type host struct {
	now     time.Duration
	p       *Pacer
	virtual float64 // nanoseconds
	rate    float64 // nanoseconds a step
}

func newHost() *host {
	h := &host{rate: 1}
	h.p = New(func() time.Duration { return h.now }, 0)
	return h
}

// run is a slice of the guest at a speed in million instructions a second.
func (h *host) run(mips float64) {
	const steps = 500_000
	took := time.Duration(steps / mips * 1e3)
	h.now += took
	h.virtual += steps * h.rate
	if rate, changed := h.p.Ran(took, steps, uint64(h.virtual)); changed {
		h.rate = float64(rate) / Unit
	}
	if ahead := h.p.Wait(uint64(h.virtual)); ahead > Ahead {
		h.now += ahead
	}
}

func (h *host) lag() time.Duration { return h.now - h.p.base - time.Duration(h.virtual) }

func TestPacerKeepsUpOnASlowHost(t *testing.T) {
	h := newHost()
	for _, mips := range []float64{200, 50, 400, 1500} {
		for end := h.now + 20*time.Second; h.now < end; {
			h.run(mips)
		}
		require.InDelta(t, 0, h.lag().Seconds(), 0.05, "at %v MIPS", mips)
		require.InDelta(t, max(1, 1000/mips), h.rate, 0.06*max(1, 1000/mips), "at %v MIPS", mips)
	}
}

func TestPacerForgivesALongStop(t *testing.T) {
	h := newHost()
	for range 1000 {
		h.run(200)
	}
	h.now += time.Hour
	before := h.virtual
	for end := h.now + 10*time.Second; h.now < end; {
		h.run(200)
	}
	require.Less(t, (h.virtual-before)/1e9, 13.0, "an hour is not made up for")
	require.Less(t, h.lag().Seconds(), 0.1)
}

func TestPacerWaits(t *testing.T) {
	h := newHost()
	h.now = 3 * time.Second
	require.Equal(t, uint64(3e9), h.p.Target())
	require.Equal(t, 2*time.Second, h.p.Wait(5e9))
	require.Negative(t, h.p.Wait(1e9))
	require.Positive(t, h.p.Wait(^uint64(0)))
}
