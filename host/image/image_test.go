package image

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

var _ bus.Disk = (*Image)(nil)

// file makes an image file of whole sectors, each filled with its number + 1.
func file(t testing.TB, sectors int) string {
	path := filepath.Join(t.TempDir(), "disk.img")
	require.NoError(t, os.WriteFile(path, pattern(sectors), 0o600))
	return path
}

func pattern(sectors int) []byte {
	var p []byte
	for i := range sectors {
		p = append(p, sector(byte(i+1))...)
	}
	return p
}

func sector(b byte) []byte { return bytes.Repeat([]byte{b}, bus.SectorSize) }

func open(t testing.TB, path string, opts Options) *Image {
	im, err := Open(path, opts)
	require.NoError(t, err)
	t.Cleanup(func() { im.Close() })
	return im
}

// delta collects numbers and first bytes.
func delta(t *testing.T, im *Image) (out [][2]int64) {
	for s, err := range im.Delta() {
		require.NoError(t, err)
		require.Len(t, s.Content, bus.SectorSize)
		out = append(out, [2]int64{s.Number, int64(s.Content[0])})
	}
	return out
}

func TestModes(t *testing.T) {
	for _, row := range []struct {
		name  string
		opts  Options
		wrote bool // the guest sees its writes
		kept  bool // the file changes
	}{
		{"read and write", Options{}, true, true},
		{"snapshot", Options{Snapshot: true}, true, false},
		{"read-only", Options{ReadOnly: true}, false, false},
		{"read-only snapshot", Options{ReadOnly: true, Snapshot: true}, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := file(t, 100)
			im := open(t, path, row.opts)
			require.Equal(t, int64(100*512), im.Size())
			require.Equal(t, row.opts.ReadOnly, im.ReadOnly())

			err := im.WriteAt(append(sector(0xaa), sector(0xbb)...), 70*512)
			require.Equal(t, row.wrote, err == nil)
			require.Equal(t, row.wrote, im.WriteAt(sector(0xcc), 3*512) == nil)
			want := pattern(100)
			if row.wrote {
				copy(want[70*512:], append(sector(0xaa), sector(0xbb)...))
				copy(want[3*512:], sector(0xcc))
				require.Equal(t, [][2]int64{{3, 0xcc}, {70, 0xaa}, {71, 0xbb}}, delta(t, im), "in order, the same in both modes")
			} else {
				require.Empty(t, delta(t, im))
			}
			got := make([]byte, len(want))
			require.NoError(t, im.ReadAt(got, 0))
			require.True(t, bytes.Equal(want, got))
			require.NoError(t, im.Flush())
			require.NoError(t, im.Close())
			require.NoError(t, im.Close(), "a second time")

			onDisk, err := os.ReadFile(path)
			require.NoError(t, err)
			if !row.kept {
				want = pattern(100)
			}
			require.True(t, bytes.Equal(want, onDisk))
		})
	}
}

func TestMemory(t *testing.T) {
	data := pattern(2)[:600]
	im := Memory(data)
	require.Equal(t, int64(1024), im.Size(), "whole sectors")
	require.NoError(t, im.WriteAt(sector(9), 0))
	got := make([]byte, 1024)
	require.NoError(t, im.ReadAt(got, 0))
	require.Equal(t, append(append(sector(9), bytes.Repeat([]byte{2}, 88)...), make([]byte, 424)...), got)
	require.Equal(t, byte(1), data[0], "the source is left alone")
	require.Equal(t, [][2]int64{{0, 9}}, delta(t, im))
	require.NoError(t, im.Close())
}

func TestBounds(t *testing.T) {
	im := open(t, file(t, 4), Options{})
	for _, row := range []struct {
		name   string
		n      int
		offset int64
		want   string
	}{
		{"past the end", 1024, 3 * 512, "outside of the image of 2048 bytes"},
		{"far past the end", 512, 1 << 62, "outside"},
		{"before the start", 512, -512, "outside"},
		{"part of a sector", 100, 0, "not of whole sectors"},
		{"odd offset", 512, 10, "not of whole sectors"},
	} {
		t.Run(row.name, func(t *testing.T) {
			require.ErrorContains(t, im.ReadAt(make([]byte, row.n), row.offset), row.want)
			require.ErrorContains(t, im.WriteAt(make([]byte, row.n), row.offset), row.want)
		})
	}
	require.Empty(t, delta(t, im))
	require.NoError(t, im.ReadAt(nil, 4*512))
	require.NoError(t, im.Close())
	require.ErrorContains(t, im.ReadAt(make([]byte, 512), 0), "closed")
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	whole := func(head string) []byte { return append([]byte(head), make([]byte, 1024-len(head))...) }
	for _, row := range []struct {
		name, path, want string
	}{
		{"missing", filepath.Join(dir, "none"), "there is no such disk image"},
		{"directory", dir, "is a directory"},
		{"empty", put("empty", nil), "is empty; make one with"},
		{"truncated", put("cut", make([]byte, 1000)), "is 1000 bytes, 488 more than whole sectors of 512: it is no disk image, or one that was cut short"},
		{"less than a sector", put("tiny", make([]byte, 5)), "is 5 bytes, 5 more"},
		{"qcow2", put("q", whole("QFI\xfb\x00\x00\x00\x03")), "is a qcow2 image, not a raw disk image; convert it with qemu-img convert -O raw"},
		{"VMDK", put("v", whole("KDMV")), "is a VMDK image"},
		{"gzip, not of whole sectors", put("z", []byte("\x1f\x8b\x08abc")), "is a gzip file, not a raw disk image; unpack it with gunzip"},
		{"path through a file", filepath.Join(put("f", whole("")), "x"), "can't open the disk image"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.name == "path through a file" && runtime.GOOS == "windows" {
				t.Skip("skipped: Windows calls this a missing file")
			}
			for _, opts := range []Options{{}, {ReadOnly: true}, {Snapshot: true}} {
				im, err := Open(row.path, opts)
				require.Nil(t, im)
				require.ErrorContains(t, err, row.want)
				require.True(t, strings.HasPrefix(err.Error(), row.path+": "), err.Error())
				require.NotContains(t, err.Error(), "\n")
				require.Equal(t, 1, strings.Count(err.Error(), row.path+":"), "the path is told once")
			}
		})
	}
}

func TestDetect(t *testing.T) {
	with := func(n int, at int, s string) []byte { p := make([]byte, n); copy(p[at:], s); return p }
	for _, row := range []struct {
		data []byte
		want string
		raw  bool // a guest may be given it all the same
	}{
		{with(4096, 0, "QFI\xfb"), "qcow2 image", false},
		{with(4096, 0, "\x1f\x8b"), "gzip file", false},
		{with(4096, 0x40, "\x7f\x10\xda\xbe"), "VDI image", false},
		{with(4096, 4096-512, "conectix"), "VHD image", true},
		{with(4096, 0, "hsqs"), "squashfs file system", true},
		{append(append(with(0x3c, 0, "MZ"), 0x40, 0, 0, 0), with(448, 0, "PE\x00\x00")...), "Windows or EFI program", true},
		{with(0x9000, 0x8001, "CD001"), "CD image that is no hybrid", true},
		{append(with(510, 0, "\xeb"), append([]byte("\x55\xaa"), with(0x8e00, 0x7e01, "CD001")...)...), "", true},
		{with(512, 0, "MZ"), "", true},
		{[]byte("hello\n"), "", false},
	} {
		f, err := Detect(bytes.NewReader(row.data), int64(len(row.data)))
		require.NoError(t, err)
		if row.want == "" {
			require.Nil(t, f)
		} else {
			require.Equal(t, row.want, f.Name)
		}
		path := filepath.Join(t.TempDir(), "x")
		require.NoError(t, os.WriteFile(path, row.data, 0o600))
		im, err := Open(path, Options{ReadOnly: true})
		require.Equal(t, row.raw, err == nil, row.want)
		if err == nil {
			require.NoError(t, im.Close())
		}
	}
	_, err := Detect(failing{err: fs.ErrPermission}, 512)
	require.ErrorIs(t, err, fs.ErrPermission)
}

func TestCharacterDeviceIsRefused(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip("skipped: this host has no /dev/zero")
	}
	_, err := Open("/dev/zero", Options{ReadOnly: true})
	require.ErrorContains(t, err, "neither a file nor a block device")
}

func TestPermission(t *testing.T) {
	err := openError("x", &fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES})
	require.ErrorContains(t, err, "x: may not be read")
	require.ErrorIs(t, err, os.ErrPermission)
	if os.Geteuid() <= 0 {
		t.Skip("skipped: root may write to everything")
	}
	path := file(t, 1)
	require.NoError(t, os.Chmod(path, 0o400))
	_, err = Open(path, Options{})
	require.ErrorContains(t, err, "give it as "+path+",ro")
	open(t, path, Options{ReadOnly: true})
}

func TestLocks(t *testing.T) {
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("skipped: this host has no file locks")
	}
	writer, reader, snapshot := Options{}, Options{ReadOnly: true}, Options{Snapshot: true}
	for _, row := range []struct {
		name          string
		first, second Options
		ok            bool
	}{
		{"two writers", writer, writer, false},
		{"reader beside a writer", writer, reader, false},
		{"snapshot beside a writer", writer, snapshot, false},
		{"writer beside a reader", reader, writer, false},
		{"writer beside a snapshot", snapshot, writer, false},
		{"two readers", reader, reader, true},
		{"two snapshots", snapshot, snapshot, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := file(t, 1)
			im := open(t, path, row.first)
			second, err := Open(path, row.second)
			if row.ok {
				require.NoError(t, err)
				require.NoError(t, second.Close())
				return
			}
			require.ErrorIs(t, err, ErrInUse)
			require.ErrorContains(t, err, "in use by another process")
			require.NoError(t, im.Close())
			open(t, path, row.second) // free again
		})
	}
}

// failing is a storage on a host with trouble.
type failing struct {
	memory
	err error
}

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	if f.memory == nil {
		return 0, f.err
	}
	return f.memory.ReadAt(p, at)
}
func (f failing) WriteAt([]byte, int64) (int, error) { return 0, f.err }
func (f failing) Sync() error                        { return f.err }

func TestHostDiskFull(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "d.img", Err: syscall.ENOSPC}
	im := &Image{name: "d.img", size: 2048, store: failing{memory(pattern(4)), full}}
	var told []error
	im.OnError(func(err error) { told = append(told, err) })
	require.Error(t, im.WriteAt(sector(7), 1<<20), "that is not the host's")
	require.Empty(t, told)
	err := im.WriteAt(sector(7), 512)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "d.img: write of 512 bytes at 512: ")
	require.ErrorIs(t, im.Flush(), syscall.ENOSPC)
	require.Equal(t, [][2]int64{{1, 2}}, delta(t, im), "what the disk holds now")
	require.ErrorIs(t, im.Close(), syscall.ENOSPC)
	require.Equal(t, []error{err}, told, "once")

	im = &Image{name: "d.img", size: 2048, store: failing{memory(pattern(4)), full}}
	im.OnError(func(error) { t.Error("of a Close its caller hears") })
	require.ErrorIs(t, im.Close(), syscall.ENOSPC)
}

func TestFileShrinks(t *testing.T) {
	path := file(t, 4)
	im := open(t, path, Options{})
	require.NoError(t, im.WriteAt(sector(7), 3*512))
	require.NoError(t, os.Truncate(path, 1024))
	require.ErrorContains(t, im.ReadAt(make([]byte, 1024), 512), "the file has become shorter")
	var failed error
	for _, err := range im.Delta() {
		failed = err
	}
	require.Error(t, failed)
	require.False(t, errors.Is(failed, os.ErrClosed))
}

// FuzzOverlay compares a snapshot, a file and a plain slice over arbitrary reads
// and writes.
func FuzzOverlay(f *testing.F) {
	f.Add([]byte{1, 3, 2, 0xaa, 0, 0, 9, 0, 1, 63, 2, 5})
	f.Fuzz(func(t *testing.T, ops []byte) {
		const sectors = 200
		path := file(t, sectors)
		snapshot := Memory(pattern(sectors))
		direct := open(t, path, Options{})
		model := pattern(sectors)
		for ; len(ops) >= 4; ops = ops[4:] {
			at, n := int(ops[1])%sectors, int(ops[2])
			n = min(n, sectors-at)
			p := bytes.Repeat([]byte{ops[3]}, n*bus.SectorSize)
			want := model[at*bus.SectorSize : (at+n)*bus.SectorSize]
			for _, im := range []*Image{snapshot, direct} {
				if ops[0]&1 != 0 {
					require.NoError(t, im.WriteAt(p, int64(at)*bus.SectorSize))
					copy(want, p)
					continue
				}
				require.NoError(t, im.ReadAt(p, int64(at)*bus.SectorSize))
				require.True(t, bytes.Equal(want, p))
			}
		}
		require.Equal(t, delta(t, direct), delta(t, snapshot))
	})
}

// FuzzOpen wants a file of any content to be taken or refused in one line.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("QFI\xfb"))
	f.Add(make([]byte, 512))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "x")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		im, err := Open(path, Options{Snapshot: true})
		if err != nil {
			require.NotContains(t, strings.TrimPrefix(err.Error(), path), "\n")
			return
		}
		require.Equal(t, int64(len(content)), im.Size())
		got := make([]byte, len(content))
		require.NoError(t, im.ReadAt(got, 0))
		require.True(t, bytes.Equal(content, got))
		require.NoError(t, im.Close())
	})
}
