//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package image

import "os"

// lock takes a lock of the whole file, see lockWhole.
func lock(f *os.File, exclusive bool) error { return lockWhole(f, exclusive) }
