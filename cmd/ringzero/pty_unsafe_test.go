//go:build linux

package main

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func ioctl(t *testing.T, f *os.File, request uintptr, p unsafe.Pointer) {
	t.Helper()
	_, _, e := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(p))
	require.Zero(t, e, "ioctl %x: %v", request, e)
}

// openPTY gives both ends of a new pseudo-terminal of 100 columns and 30 rows.
func openPTY(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	var unlock, n int32
	ioctl(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	ioctl(t, master, syscall.TIOCGPTN, unsafe.Pointer(&n))
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { slave.Close() })
	size := [4]uint16{30, 100, 0, 0}
	ioctl(t, slave, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	return master, slave
}

// settings are a terminal's.
func settings(t *testing.T, f *os.File) (s syscall.Termios) {
	t.Helper()
	ioctl(t, f, syscall.TCGETS, unsafe.Pointer(&s))
	return s
}
