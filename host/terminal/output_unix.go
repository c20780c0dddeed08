//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package terminal

import "golang.org/x/sys/unix"

// keepOutputProcessing turns OPOST on again, which raw mode has turned off, so
// that messages of the host don't come out as stairs.
func keepOutputProcessing(fd int) error {
	t, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	t.Oflag |= unix.OPOST
	return unix.IoctlSetTermios(fd, setTermios, t)
}

func enableEscapes() (undo func()) { return func() {} }
