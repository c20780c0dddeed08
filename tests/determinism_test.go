package tests

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/internal/testkit/guests"
	"ringzero/internal/testkit/machine"
)

// early is a step at which Debian's kernel has been unpacked and has begun to
// start; the marker comes near step 6.6e9.
const early = 2_300_000_000

// TestBootHasOneStateHash boots Debian's 686 kernel to PID 1 and then, with other
// settings of the engine, to the same step: registers, memory, time and chips are
// the same there. The short variant stops where the kernel has just begun, and
// tries fewer settings.
func TestBootHasOneStateHash(t *testing.T) {
	if testing.Short() {
		t.Skip("some boots are too much for -short")
	}
	t.Parallel()
	conf := func(t *testing.T) ringzero.Config {
		return ringzero.Config{
			Memory: 128 << 20,
			Kernel: machine.Kernel(t, guests.Kernel(t, "686"), guests.Initrd(t, guests.Options{}), "console=ttyS0"),
		}
	}
	first := conf(t)
	if !full(t) {
		first.MaxInstructions = early
	}
	s := machine.New(t, first)
	if full(t) {
		s.Wait(guests.Marker, toBoot)
	} else {
		s.End(ringzero.Limit, early+1)
	}
	steps, want := s.Steps(), s.StateHash()
	for _, row := range engines {
		if !row.boot || !full(t) && !row.short {
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := conf(t)
			c.Test.Engine, c.Test.TLBEntries, c.MaxInstructions = row.engine(), row.tlb, steps
			s := machine.New(t, c)
			s.End(ringzero.Limit, steps+1)
			require.Equal(t, steps, s.Steps())
			require.Equal(t, want, s.StateHash())
		})
	}
}
