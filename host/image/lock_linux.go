package image

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// QEMU's image locking, so that each keeps the other off (QEMU 7.2,
// block/file-posix.c, "raw_apply_lock_bytes", and docs/system/images.rst). A
// user of an image takes a shared lock on a byte for each thing it does and on
// a byte for each thing it does not let others do, then looks whether somebody
// else stands on an opposite byte. The locks are of the open file description,
// and nothing is stored at the bytes.
const (
	lockDoes    = 100 // plus the number of a permission
	lockForbids = 200
	// The permissions.
	permRead   = 0 // consistent reads
	permWrite  = 1
	permResize = 3
)

// lock takes the locks of a disk without waiting: a writer forbids other writers
// and is forbidden by everybody who counts on the content; a reader counts on
// it. They end with the descriptor, so a killed process leaves none. Where the
// file system has no such locks, the whole file is locked, see lockWhole.
func lock(f *os.File, exclusive bool) error {
	does := []int64{permRead}
	if exclusive {
		does = append(does, permWrite)
	}
	forbids := []int64{permWrite, permResize}
	err := shareBytes(f, lockDoes, does)
	if err == nil {
		err = shareBytes(f, lockForbids, forbids)
	}
	switch {
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EAGAIN):
		return ErrInUse // somebody holds a lock of his own kind
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.EOPNOTSUPP):
		return lockWhole(f, exclusive)
	case err != nil:
		return err
	}
	// Only now: of two that come at once each must see the other's.
	if err := nobodyOn(f, lockForbids, does); err != nil {
		return err
	}
	return nobodyOn(f, lockDoes, forbids)
}

func shareBytes(f *os.File, base int64, permissions []int64) error {
	for _, p := range permissions {
		if err := byteLock(f, unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_RDLCK, Whence: io.SeekStart, Start: base + p, Len: 1}); err != nil {
			return err
		}
	}
	return nil
}

// nobodyOn asks whether a writer's lock would be granted, which it is but for
// others' locks.
func nobodyOn(f *os.File, base int64, permissions []int64) error {
	for _, p := range permissions {
		ask := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: base + p, Len: 1}
		if err := byteLock(f, unix.F_OFD_GETLK, &ask); err != nil {
			return err
		}
		if ask.Type != unix.F_UNLCK {
			return ErrInUse
		}
	}
	return nil
}

func byteLock(f *os.File, how int, l *unix.Flock_t) error {
	for {
		if err := unix.FcntlFlock(f.Fd(), how, l); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
