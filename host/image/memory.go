package image

import "errors"

// memory is the storage of an image in memory: constant bytes, then zeros for
// the rest of the last sector.
type memory []byte

func (m memory) ReadAt(p []byte, offset int64) (int, error) {
	n := 0
	if offset < int64(len(m)) {
		n = copy(p, m[offset:])
	}
	clear(p[n:])
	return len(p), nil
}

// WriteAt is never called: writes go to the overlay.
func (m memory) WriteAt([]byte, int64) (int, error) {
	return 0, errors.New("constant memory")
}

func (m memory) Sync() error  { return nil }
func (m memory) Close() error { return nil }
