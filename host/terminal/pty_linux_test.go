package terminal

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"ringzero/host/serial"
)

// openPTY gives both ends of a new pseudo-terminal.
func openPTY(t *testing.T) (master, slave *os.File) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

func TestRawModeOnATerminal(t *testing.T) {
	master, slave := openPTY(t)
	fd := int(slave.Fd())
	require.True(t, IsTerminal(slave))
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100}))
	columns, rows, ok := Size(slave)
	require.Equal(t, []any{100, 30, true}, []any{columns, rows, ok})

	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	require.NoError(t, err)
	r, err := MakeRaw(slave)
	require.NoError(t, err)
	raw, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	require.NoError(t, err)
	require.Zero(t, raw.Lflag&(unix.ICANON|unix.ECHO|unix.ISIG))
	require.Zero(t, raw.Iflag&(unix.ICRNL|unix.IXON))
	require.NotZero(t, raw.Oflag&unix.OPOST)

	reader := serial.Read(slave)
	_, err = master.Write([]byte("\x03\r\x13"))
	require.NoError(t, err)
	require.Equal(t, "\x03\r\x13", string(<-reader.Chunks()))
	reader.Stop()

	r.Restore()
	after, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoError(t, unix.IoctlSetTermios(fd, unix.TCSETS, raw))
	r.Restore() // must not act again
	again, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	require.NoError(t, err)
	require.Equal(t, raw, again)
}
