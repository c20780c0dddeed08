package image

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"ringzero/bus"
)

// Undo is a disk whose writes can be taken back: they stay in memory until Commit. It
// is a bus.Disk and a ringzero.Undoable.
type Undo struct {
	under   bus.Disk
	sectors map[int64][]byte
	changed map[int64]bool
}

// NewUndo puts an Undo over a disk that nobody else writes.
func NewUndo(under bus.Disk) *Undo {
	return &Undo{under: under, sectors: map[int64][]byte{}, changed: map[int64]bool{}}
}

// Size and ReadOnly are those of the disk below.
func (u *Undo) Size() int64    { return u.under.Size() }
func (u *Undo) ReadOnly() bool { return u.under.ReadOnly() }

// Flush has nothing to do before Commit.
func (u *Undo) Flush() error { return nil }

// ReadAt is a bus.Disk's.
func (u *Undo) ReadAt(p []byte, offset int64) error {
	if err := u.under.ReadAt(p, offset); err != nil {
		return err
	}
	for at := int64(0); at < int64(len(p)); at += bus.SectorSize {
		if s, ok := u.sectors[(offset+at)/bus.SectorSize]; ok {
			copy(p[at:], s)
		}
	}
	return nil
}

// WriteAt is a bus.Disk's. The bounds are those of Image.
func (u *Undo) WriteAt(p []byte, offset int64) error {
	switch n := int64(len(p)); {
	case u.ReadOnly():
		return errors.New("write to a read-only disk")
	case offset%bus.SectorSize != 0 || n%bus.SectorSize != 0 || offset < 0 || offset > u.Size() || n > u.Size()-offset:
		return fmt.Errorf("write of %d bytes at %d does not fit the disk of %d bytes", n, offset, u.Size())
	}
	for at := int64(0); at < int64(len(p)); at += bus.SectorSize {
		n := (offset + at) / bus.SectorSize
		u.sectors[n] = append([]byte(nil), p[at:at+bus.SectorSize]...) // who has the old one keeps it
		u.changed[n] = true
	}
	return nil
}

// Changed gives the sectors that were written since it was asked last.
func (u *Undo) Changed() map[int64][]byte {
	got := map[int64][]byte{}
	for n := range u.changed {
		got[n] = u.sectors[n]
	}
	clear(u.changed)
	return got
}

// Put replaces sectors by what they held once, nil for what the disk below holds.
func (u *Undo) Put(sectors map[int64][]byte) {
	for n, s := range sectors {
		if s == nil {
			delete(u.sectors, n)
		} else {
			u.sectors[n] = s
		}
	}
}

// Delta is bus.Written's.
func (u *Undo) Delta() iter.Seq2[bus.Sector, error] {
	return func(yield func(bus.Sector, error) bool) {
		for _, n := range slices.Sorted(maps.Keys(u.sectors)) {
			if !yield(bus.Sector{Number: n, Content: u.sectors[n]}, nil) {
				return
			}
		}
	}
}

// Pending is the number of bytes that Commit would write.
func (u *Undo) Pending() int64 { return int64(len(u.sectors)) * bus.SectorSize }

// Commit writes everything to the disk below and flushes it. After an error a further
// Commit begins anew.
func (u *Undo) Commit() error {
	for _, n := range slices.Sorted(maps.Keys(u.sectors)) {
		if err := u.under.WriteAt(u.sectors[n], n*bus.SectorSize); err != nil {
			return err
		}
	}
	if err := u.under.Flush(); err != nil {
		return err
	}
	clear(u.sectors)
	clear(u.changed)
	return nil
}
