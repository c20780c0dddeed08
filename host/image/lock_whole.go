//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package image

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockWhole takes an advisory lock of the whole file without waiting: exclusive
// for a writer, shared for a reader. It ends with the descriptor, so a killed
// process leaves none. Where the file system has no locks there is none.
func lockWhole(f *os.File, exclusive bool) error {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return ErrInUse
		case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOSYS):
			return nil
		}
		return err
	}
}
