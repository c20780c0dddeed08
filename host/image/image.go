// Package image is raw disk images on the host: files with an advisory lock,
// overlays that throw the guest's writes away, and images in memory. An Image
// is a bus.Disk, and knows which sectors the guest wrote.
package image

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sync/atomic"

	"ringzero/bus"
)

// Options tell how an image may be changed. With neither set the file is opened
// for reading and writing.
type Options struct {
	// ReadOnly shows the guest a write-protected disk.
	ReadOnly bool
	// Snapshot keeps the guest's writes in memory; the file is never changed.
	Snapshot bool
}

// ErrInUse is wrapped where another process, or another disk of this one, has
// the image open in a way that excludes this use.
var ErrInUse = errors.New("image is in use by another process")

// storage is where sectors are kept when not in the overlay.
type storage interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
	Close() error
}

// Image is an open disk image. Like a device it belongs to one goroutine, but
// for Close, which a second call or another goroutine may repeat.
type Image struct {
	name     string
	store    storage
	size     int64
	readOnly bool
	overlay  bool
	written  written
	closed   atomic.Bool
	onError  func(error) // nil: nobody is to be told, or somebody was
}

// Open opens the raw image at path. Errors are one line that starts with the
// path and says what to do. Writers exclude everybody else, readers exclude
// writers (on hosts with file locks).
func Open(path string, opts Options) (*Image, error) {
	// Opening a pipe would wait for its other end, so look first.
	info, err := os.Stat(path)
	if err != nil {
		return nil, openError(path, err)
	}
	if err := checkKind(path, info); err != nil {
		return nil, err
	}
	writes := !opts.ReadOnly && !opts.Snapshot
	flag := os.O_RDONLY
	if writes {
		flag = os.O_RDWR
	}
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		if writes && errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("%s: may not be written; give it as %s,ro or %s,snapshot: %w", path, path, path, cause(err))
		}
		return nil, openError(path, err)
	}
	size, err := prepare(path, f, writes)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Image{name: path, store: f, size: size, readOnly: opts.ReadOnly, overlay: opts.Snapshot}, nil
}

// Memory is a writable image over data, of which it takes a copy on the first
// write to each sector: data itself never changes. A length that is not a
// multiple of bus.SectorSize is filled up with zeros.
func Memory(data []byte) *Image {
	size := (int64(len(data)) + bus.SectorSize - 1) / bus.SectorSize * bus.SectorSize
	return &Image{name: "memory", store: memory(data), size: size, overlay: true}
}

// prepare locks an open file and tells its size.
func prepare(path string, f *os.File, writes bool) (int64, error) {
	switch err := lock(f, writes); {
	case errors.Is(err, ErrInUse):
		return 0, fmt.Errorf("%s: %w; stop the other run, or give it as %s,snapshot once it is not being written", path, ErrInUse, path)
	case err != nil:
		return 0, fmt.Errorf("%s: can't lock the image: %w", path, cause(err))
	}
	size, err := f.Seek(0, io.SeekEnd) // of a block device Stat says 0
	if err != nil {
		return 0, openError(path, err)
	}
	return size, checkContent(path, f, size)
}

// Size is a bus.Disk's: the capacity in bytes.
func (im *Image) Size() int64 { return im.size }

// ReadOnly is a bus.Disk's.
func (im *Image) ReadOnly() bool { return im.readOnly }

// Name is the path that the image was opened by.
func (im *Image) Name() string { return im.name }

// OnError has f told, once, of the first error of the host's that a guest sees
// of the image: to the guest it is an I/O error like any other. f is called by who
// reads, writes or flushes.
func (im *Image) OnError(f func(error)) { im.onError = f }

// trouble tells an error of the host's.
func (im *Image) trouble(err error) error {
	if f := im.onError; f != nil && err != nil {
		im.onError = nil
		f(err)
	}
	return err
}

// ReadAt is a bus.Disk's: it fills p from offset, both multiples of
// bus.SectorSize.
func (im *Image) ReadAt(p []byte, offset int64) error {
	if err := im.bounds("read", p, offset); err != nil {
		return err
	}
	if !im.overlay {
		return im.fromStore(p, offset)
	}
	first := offset / bus.SectorSize
	n := int64(len(p)) / bus.SectorSize
	for i := int64(0); i < n; {
		run, kept := im.written.run(first+i, n-i)
		part := p[i*bus.SectorSize : (i+run)*bus.SectorSize]
		if kept {
			im.written.copyOut(part, first+i)
		} else if err := im.fromStore(part, offset+i*bus.SectorSize); err != nil {
			return err
		}
		i += run
	}
	return nil
}

func (im *Image) fromStore(p []byte, offset int64) error {
	if len(p) == 0 {
		return nil
	}
	n, err := im.store.ReadAt(p, offset)
	if n == len(p) {
		return nil
	}
	if err == io.EOF {
		err = errors.New("the file has become shorter")
	}
	return im.trouble(fmt.Errorf("%s: read of %d bytes at %d: %w", im.name, len(p), offset, cause(err)))
}

// WriteAt is a bus.Disk's: it stores p at offset, both multiples of
// bus.SectorSize. An error of the host (a full disk) is returned wrapped; what
// was written and flushed before stays.
func (im *Image) WriteAt(p []byte, offset int64) error {
	if im.readOnly {
		return fmt.Errorf("%s: write to a read-only image", im.name)
	}
	if err := im.bounds("write", p, offset); err != nil {
		return err
	}
	first := offset / bus.SectorSize
	if im.overlay {
		im.written.copyIn(p, first)
		return nil
	}
	// Of a write that fails an unknown part is done, so all of it counts.
	im.written.mark(first, int64(len(p))/bus.SectorSize)
	if _, err := im.store.WriteAt(p, offset); err != nil {
		return im.trouble(fmt.Errorf("%s: write of %d bytes at %d: %w", im.name, len(p), offset, cause(err)))
	}
	return nil
}

func (im *Image) bounds(what string, p []byte, offset int64) error {
	n := int64(len(p))
	if im.closed.Load() {
		return fmt.Errorf("%s: %s of a closed image", im.name, what)
	}
	if offset%bus.SectorSize != 0 || n%bus.SectorSize != 0 {
		return fmt.Errorf("%s: %s of %d bytes at %d is not of whole sectors", im.name, what, n, offset)
	}
	if offset < 0 || offset > im.size || n > im.size-offset {
		return fmt.Errorf("%s: %s of %d bytes at %d is outside of the image of %d bytes", im.name, what, n, offset, im.size)
	}
	return nil
}

// Flush is a bus.Disk's: it returns when the host says that all writes are on
// its storage. An overlay has nothing to flush.
func (im *Image) Flush() error { return im.trouble(im.flush()) }

func (im *Image) flush() error {
	if im.readOnly || im.overlay || im.closed.Load() {
		return nil
	}
	if err := im.store.Sync(); err != nil {
		return fmt.Errorf("%s: flush: %w", im.name, cause(err))
	}
	return nil
}

// Close flushes and closes the file and gives up its lock. A second Close does
// nothing.
func (im *Image) Close() error {
	err := im.flush()
	if im.closed.Swap(true) {
		return nil
	}
	if closeErr := im.store.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("%s: close: %w", im.name, cause(closeErr))
	}
	return err
}

// Delta is bus.Written's, since Open. It is the same whether the writes went to
// the file or to an overlay.
func (im *Image) Delta() iter.Seq2[bus.Sector, error] {
	return func(yield func(bus.Sector, error) bool) {
		var content [bus.SectorSize]byte
		for _, n := range im.written.sectors() {
			err := im.ReadAt(content[:], n*bus.SectorSize)
			if !yield(bus.Sector{Number: n, Content: content[:]}, err) || err != nil {
				return
			}
		}
	}
}

// cause takes the path out of an os error, as ours begin with it.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
