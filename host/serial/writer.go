package serial

import (
	"fmt"
	"io"
)

// bufferSize bounds what waits for a Flush.
const bufferSize = 4096

// Writer is a sink that buffers: what it holds goes out at a line's end, when
// the buffer is full, and at Flush. It is used by one goroutine.
type Writer struct {
	w      io.Writer
	closer io.Closer // nil: Close leaves w open
	buffer []byte
	err    error
}

// NewWriter makes a sink that writes to w and does not close it.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: w, buffer: make([]byte, 0, bufferSize)}
}

// Send adds a byte.
func (w *Writer) Send(b byte) {
	w.buffer = append(w.buffer, b)
	if b == '\n' || len(w.buffer) == bufferSize {
		w.write()
	}
}

// write empties the buffer; after the first error everything is dropped.
func (w *Writer) write() {
	if len(w.buffer) > 0 && w.err == nil {
		if _, err := w.w.Write(w.buffer); err != nil {
			w.err = fmt.Errorf("serial: writing the guest's output: %w", err)
		}
	}
	w.buffer = w.buffer[:0]
}

// Flush writes what is buffered and returns the first error so far.
func (w *Writer) Flush() error {
	w.write()
	return w.err
}

// Close flushes and, for a file, closes it.
func (w *Writer) Close() error {
	w.write()
	if w.closer == nil {
		return w.err
	}
	err := w.closer.Close()
	w.closer = nil
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("serial: closing: %w", err)
	}
	return w.err
}
