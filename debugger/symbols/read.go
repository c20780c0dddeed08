package symbols

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Read reads a file of symbols of any kind, which its content tells: an ELF file
// or a listing of nm. name is kept as the source's, size is the file's in bytes.
// r must stay readable as long as the source is used.
func Read(name string, r io.ReaderAt, size int64) (*Source, error) {
	head := make([]byte, 1024)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("symbols: %s can't be read: %w", name, err)
	}
	src, err := read(head[:n], r, size)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, name)
	}
	src.Name = name
	return src, nil
}

func read(head []byte, r io.ReaderAt, size int64) (*Source, error) {
	switch {
	case len(head) == 0:
		return nil, errors.New("symbols: empty file: give an ELF file or a System.map")
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return ELF(r)
	case len(head) >= 0x206 && string(head[0x202:0x206]) == "HdrS":
		return nil, errors.New("symbols: compressed kernel image: give its vmlinux or System.map, " +
			"or read the names from the running kernel's memory")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")), bytes.HasPrefix(head, []byte("\xfd7zXZ")):
		return nil, errors.New("symbols: compressed file: unpack it first")
	case bytes.IndexByte(head, 0) >= 0:
		return nil, errors.New("symbols: unknown kind of file: give an ELF file or a System.map")
	}
	return NM(io.NewSectionReader(r, 0, size))
}
