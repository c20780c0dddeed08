//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !dragonfly && !windows

package image

import "os"

// lock does nothing: this host has no file locks.
func lock(*os.File, bool) error { return nil }
