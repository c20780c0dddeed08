package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"ringzero/bus"
)

// Format is what a file holds that someone may take for a raw image.
type Format struct {
	Name string
	// Remedy tells how to make a raw image of it. It is "" where that may be what
	// somebody wants to give to a guest as it is.
	Remedy string
}

// formats are known by a mark at a place.
var formats = []struct {
	at    int
	magic string
	Format
}{
	{0, "QFI\xfb", Format{"qcow2 image", convert}},
	{0, "KDMV", Format{"VMDK image", convert}},
	{0, "COWD", Format{"VMDK image", convert}},
	{0, "# Disk DescriptorFile", Format{"VMDK descriptor", convert}},
	{0, "vhdxfile", Format{"VHDX image", convert}},
	{0, "conectix", Format{"VHD image", convert}},
	{0x40, "\x7f\x10\xda\xbe", Format{"VDI image", convert}},
	{0, "\x1f\x8b", Format{"gzip file", "unpack it with gunzip"}},
	{0, "BZh", Format{"bzip2 file", "unpack it with bunzip2"}},
	{0, "\xfd7zXZ\x00", Format{"xz file", "unpack it with unxz"}},
	{0, "\x28\xb5\x2f\xfd", Format{"zstd file", "unpack it with unzstd"}},
	{0, "PK\x03\x04", Format{"zip file", "unpack it with unzip"}},
	{0, "7z\xbc\xaf\x27\x1c", Format{Name: "7z archive"}},
	{0, "hsqs", Format{Name: "squashfs file system"}},
	{0, "!<arch>\n", Format{Name: "static library or package"}},
	{0, "070701", Format{Name: "cpio archive (an initrd?)"}},
	{0, "#!", Format{Name: "script"}},
	{0, "\xfe\xed\xfa", Format{Name: "Mach-O program"}},
	{0, "\xcf\xfa\xed\xfe", Format{Name: "Mach-O program"}},
}

const convert = "convert it with qemu-img convert -O raw"

// headSize is how much of a file is looked at: an ISO 9660 descriptor begins at
// 32 KiB.
const headSize = 0x8006

// Detect tells which format of another program a file of size bytes has, nil for
// none that is known. The error is the host's.
func Detect(r io.ReaderAt, size int64) (*Format, error) {
	head := make([]byte, min(size, headSize))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	is := func(at int, magic string) bool {
		return at >= 0 && at <= len(head) && bytes.HasPrefix(head[at:], []byte(magic))
	}
	for i, f := range formats {
		if is(f.at, f.magic) {
			return &formats[i].Format, nil
		}
	}
	if len(head) >= 0x40 && is(0, "MZ") && is(int(int32(binary.LittleEndian.Uint32(head[0x3c:]))), "PE\x00\x00") {
		return &Format{Name: "Windows or EFI program"}, nil
	}
	if is(0x8001, "CD001") && !is(510, "\x55\xaa") {
		return &Format{Name: "CD image that is no hybrid"}, nil
	}
	// A VHD of fixed size is a raw image with a sector behind it.
	var tail [8]byte
	if _, err := r.ReadAt(tail[:], max(0, size-bus.SectorSize)); err != nil && err != io.EOF {
		return nil, err
	}
	if string(tail[:]) == "conectix" {
		return &Format{Name: "VHD image"}, nil
	}
	return nil, nil
}

// checkKind refuses what is not a file or block device.
func checkKind(path string, info fs.FileInfo) error {
	mode := info.Mode()
	switch {
	case mode.IsDir():
		return fmt.Errorf("%s: is a directory, not a disk image", path)
	case mode.IsRegular() && info.Size() == 0:
		return fmt.Errorf("%s: the disk image is empty; make one with truncate -s 1G %s", path, path)
	case mode.IsRegular(), mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0:
		return nil
	}
	return fmt.Errorf("%s: is neither a file nor a block device", path)
}

// checkContent refuses formats and sizes that can't be a raw image.
func checkContent(path string, r io.ReaderAt, size int64) error {
	switch f, err := Detect(r, size); {
	case err != nil:
		return openError(path, err)
	case f != nil && f.Remedy != "":
		return fmt.Errorf("%s: is a %s, not a raw disk image; %s", path, f.Name, f.Remedy)
	}
	if size == 0 {
		return fmt.Errorf("%s: the disk image is empty", path)
	}
	if rest := size % bus.SectorSize; rest != 0 {
		return fmt.Errorf("%s: is %d bytes, %d more than whole sectors of %d: it is no disk image, or one that was cut short; get it again",
			path, size, rest, bus.SectorSize)
	}
	return nil
}

// openError says in one line why a file can't be used.
func openError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such disk image: %w", path, cause(err))
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s: may not be read: %w", path, cause(err))
	}
	return fmt.Errorf("%s: can't open the disk image: %w", path, cause(err))
}
