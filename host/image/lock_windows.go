package image

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes a lock without waiting: exclusive for a writer, shared for a
// reader. Windows' locks bar others from the bytes themselves, so the lock is
// on one byte far past any image's end, where it is a sign only.
func lock(f *os.File, exclusive bool) error {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	at := &windows.Overlapped{OffsetHigh: 0x7fffffff}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrInUse
	}
	return err
}
