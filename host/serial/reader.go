package serial

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
)

// maxEmptyReads in a row are taken as the end of the input.
const maxEmptyReads = 100

// Reader reads input in a goroutine of its own, which blocks in the host's read
// and never polls.
type Reader struct {
	chunks chan []byte
	stop   chan struct{}
	once   sync.Once
	err    error
}

// Read starts to read in.
func Read(in io.Reader) *Reader {
	r := &Reader{chunks: make(chan []byte, 16), stop: make(chan struct{})}
	go r.run(in)
	return r
}

// Chunks gives what was read, as it arrives: one terminal key is one chunk as a
// rule. The channel is closed at the end of the input; a loop that selects on
// it must then set its variable to nil, lest it spin.
func (r *Reader) Chunks() <-chan []byte { return r.chunks }

// Err is why the input ended, nil for its end proper. It may be asked once
// Chunks is closed.
func (r *Reader) Err() error { return r.err }

// Stop lets go of the input: nothing more is sent. A read that hangs in the
// host stays there, with its goroutine, until it returns or the process ends.
func (r *Reader) Stop() { r.once.Do(func() { close(r.stop) }) }

func (r *Reader) run(in io.Reader) {
	defer close(r.chunks)
	buffer := make([]byte, 4096)
	for empty := 0; empty < maxEmptyReads; {
		n, err := in.Read(buffer)
		empty++
		if n > 0 {
			empty = 0
			select {
			case r.chunks <- bytes.Clone(buffer[:n]):
			case <-r.stop:
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				r.err = fmt.Errorf("serial: reading input: %w", err)
			}
			return
		}
	}
	r.err = fmt.Errorf("serial: reading input: %w", io.ErrNoProgress)
}
