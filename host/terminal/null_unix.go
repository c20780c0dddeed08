//go:build unix

package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

// IsNull tells whether f is the null device, from which nothing will ever come.
// In a container its file may be another than the one of that name there, so
// the device's number decides.
func IsNull(f *os.File) bool {
	var null, it unix.Stat_t
	if unix.Stat(os.DevNull, &null) != nil || unix.Fstat(int(f.Fd()), &it) != nil {
		return false
	}
	return it.Mode&unix.S_IFMT == unix.S_IFCHR && null.Mode&unix.S_IFMT == unix.S_IFCHR && it.Rdev == null.Rdev
}
