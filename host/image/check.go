package image

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"ringzero/bus"
)

// headSize is how much of a file is looked at to tell foreign formats.
const headSize = 512

// foreign are formats that someone may take for a raw image, by their first
// bytes.
var foreign = []struct {
	magic, name, remedy string
}{
	{"QFI\xfb", "qcow2 image", convert},
	{"KDMV", "VMDK image", convert},
	{"COWD", "VMDK image", convert},
	{"# Disk DescriptorFile", "VMDK descriptor", convert},
	{"vhdxfile", "VHDX image", convert},
	{"conectix", "VHD image", convert},
	{"<<< Oracle VM VirtualBox Disk Image >>>", "VDI image", convert},
	{"<<< Sun VirtualBox Disk Image >>>", "VDI image", convert},
	{"\x1f\x8b", "gzip file", "unpack it with gunzip"},
	{"BZh", "bzip2 file", "unpack it with bunzip2"},
	{"\xfd7zXZ\x00", "xz file", "unpack it with unxz"},
	{"\x28\xb5\x2f\xfd", "zstd file", "unpack it with unzstd"},
	{"PK\x03\x04", "zip file", "unpack it with unzip"},
}

const convert = "convert it with qemu-img convert -O raw"

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

// checkContent refuses sizes and formats that can't be a raw image.
func checkContent(path string, size int64, head []byte) error {
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return fmt.Errorf("%s: is a %s, not a raw disk image; %s", path, f.name, f.remedy)
		}
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
