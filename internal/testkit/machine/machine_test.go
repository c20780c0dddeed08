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

func TestKeys(t *testing.T) {
	for _, row := range []struct {
		char  rune
		code  uint16
		shift bool
	}{
		{'1', 0x02, false}, {'=', 0x0d, false}, {'+', 0x0d, true}, {'\t', 0x0f, false}, {'q', 0x10, false},
		{']', 0x1b, false}, {'\n', 0x1c, false}, {'a', 0x1e, false}, {'`', 0x29, false}, {'\\', 0x2b, false},
		{'Z', 0x2c, true}, {'/', 0x35, false}, {' ', 0x39, false},
	} {
		code, shift, ok := find(row.char)
		require.True(t, ok, "%q", row.char)
		require.Equal(t, row.code, code, "%q", row.char)
		require.Equal(t, row.shift, shift, "%q", row.char)
	}
	_, _, ok := find('é')
	require.False(t, ok)
}
