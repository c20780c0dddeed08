package machine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/host/image"
	"ringzero/lab/guest"
)

func TestSessionWithTheEmbeddedGuest(t *testing.T) {
	s := New(t, ringzero.Config{Memory: 16 << 20, Floppy: image.Memory(guest.Image())})
	s.Wait(guest.Prompt, 50_000_000)
	s.Type("time\r")
	require.Contains(t, s.Wait(guest.Prompt, 50_000_000), "time")
	s.PressKeys("off\n")
	s.End(ringzero.PoweredOff, 50_000_000)
	require.Contains(t, s.Output(), guest.Prompt+"off")
}
