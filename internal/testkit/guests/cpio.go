package guests

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// archive collects the files of an initial RAM disk by their absolute path.
// Folders above them come by themselves. The same entries always make the same
// bytes: a guest's memory is part of a machine's state hash.
type archive map[string]entry

// entry is a file, link, folder or device of an archive.
type entry struct {
	// mode is as in stat(2): type and permission bits.
	mode uint32
	data []byte
	// major, minor number a device.
	major, minor uint32
}

// File types of stat(2), as cpio has them.
const (
	typeFolder    = 0o040000
	typeCharacter = 0o020000
	typeFile      = 0o100000
	typeLink      = 0o120000
)

func (a archive) folder(name string) { a[path.Clean(name)] = entry{mode: typeFolder | 0o755} }

func (a archive) file(name string, mode fs.FileMode, data []byte) {
	a[path.Clean(name)] = entry{mode: typeFile | uint32(mode.Perm()), data: data}
}

func (a archive) link(name, target string) {
	a[path.Clean(name)] = entry{mode: typeLink | 0o777, data: []byte(target)}
}

func (a archive) device(name string, major, minor uint32) {
	a[path.Clean(name)] = entry{mode: typeCharacter | 0o600, major: major, minor: minor}
}

// write writes the archive in the "newc" format, which the kernel unpacks
// (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
func (a archive) write(w io.Writer) error {
	all := maps.Clone(a)
	for name := range a {
		for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
			if _, ok := all[dir]; !ok {
				all.folder(dir)
			}
		}
	}
	// A folder sorts before what is in it.
	names := slices.Sorted(maps.Keys(all))
	for i, name := range names {
		if err := writeEntry(w, uint32(i+1), strings.TrimPrefix(name, "/"), all[name]); err != nil {
			return err
		}
	}
	return writeEntry(w, 0, "TRAILER!!!", entry{})
}

func writeEntry(w io.Writer, inode uint32, name string, e entry) error {
	links := uint32(1)
	if e.mode&typeFolder != 0 && e.mode&typeFile == 0 {
		links = 2
	}
	var b strings.Builder
	b.WriteString("070701")
	for _, field := range []uint32{
		inode, e.mode, 0, 0, links, 0, uint32(len(e.data)), 0, 0, e.major, e.minor, uint32(len(name) + 1), 0,
	} {
		fmt.Fprintf(&b, "%08X", field)
	}
	b.WriteString(name)
	b.WriteByte(0)
	pad(&b, b.Len())
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	if _, err := w.Write(e.data); err != nil {
		return err
	}
	var tail strings.Builder
	pad(&tail, len(e.data))
	_, err := io.WriteString(w, tail.String())
	return err
}

// pad fills up to a multiple of four bytes.
func pad(b *strings.Builder, size int) {
	for ; size%4 != 0; size++ {
		b.WriteByte(0)
	}
}
