package bios

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"ringzero/bus"
)

// Kind is what an image file holds.
type Kind int

// Kinds of images.
const (
	KindUnknown Kind = iota
	KindFloppy
	KindDisk
	KindLinux
	KindMultiboot
	KindELF
)

var kindNames = [...]string{"unknown", "floppy image", "disk image", "Linux kernel", "Multiboot kernel", "ELF kernel"}

// String names the kind.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return kindNames[0]
	}
	return kindNames[k]
}

// Kernel tells whether the image is started without a disk.
func (k Kind) Kernel() bool { return k >= KindLinux }

// headSize is how much of an image tells its kind: a Multiboot header is in the
// first 8 KiB, an ISO 9660 descriptor at 32 KiB.
const headSize = 0x8006

// DetectImage tells what a file of size bytes holds. The error names what is
// wrong: empty, unreadable, a format of another program, or nothing that boots.
func DetectImage(r io.ReaderAt, size int64) (Kind, error) {
	if size <= 0 {
		return KindUnknown, errors.New("the image is empty")
	}
	head := make([]byte, min(size, headSize))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return KindUnknown, fmt.Errorf("the image can't be read: %w", err)
	}
	if k := kernelKind(head); k != KindUnknown {
		return k, nil
	}
	if name := foreign(head, r, size); name != "" {
		return KindUnknown, errors.New("the image is " + name + ", not a raw disk image or a kernel")
	}
	_, floppy := FloppyGeometry(size)
	signed := bootable(head)
	switch {
	case floppy:
		return KindFloppy, nil
	case signed && size%bus.SectorSize == 0:
		return KindDisk, nil
	case signed:
		return KindUnknown, fmt.Errorf("the disk image has %d bytes, not a whole number of sectors: is it truncated?", size)
	}
	return KindUnknown, ErrUnsigned
}

// ErrUnsigned is of an image of whole sectors that this BIOS would not start.
var ErrUnsigned = errors.New("the image has no boot signature (55 AA) and is no kernel that can be started: Linux, Multiboot or ELF")

// bootable tells whether a boot sector's signature is there.
func bootable(head []byte) bool {
	return len(head) >= bus.SectorSize && binary.LittleEndian.Uint16(head[510:]) == bootSignature
}

// kernelKind recognises kernels.
func kernelKind(head []byte) Kind {
	switch {
	case bootable(head) && len(head) >= 0x206 && string(head[0x202:0x206]) == "HdrS":
		return KindLinux
	case findMultiboot(head) >= 0 && (isELF(head) || !bootable(head)):
		return KindMultiboot
	case isELF(head):
		return KindELF
	}
	return KindUnknown
}

// magics are formats that get mistaken for disk images or kernels.
var magics = [...]struct {
	at    int
	magic string
	name  string
}{
	{0, "QFI\xfb", "a qcow2 image"},
	{0, "KDMV", "a VMDK image"},
	{0, "# Disk DescriptorFile", "a VMDK descriptor"},
	{0, "conectix", "a VHD image"},
	{0, "vhdxfile", "a VHDX image"},
	{0x40, "\x7f\x10\xda\xbe", "a VDI image"},
	{0, "\x1f\x8b", "compressed with gzip"},
	{0, "\xfd7zXZ\x00", "compressed with xz"},
	{0, "\x28\xb5\x2f\xfd", "compressed with zstd"},
	{0, "BZh", "compressed with bzip2"},
	{0, "PK\x03\x04", "a zip archive"},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{0, "hsqs", "a squashfs file system"},
	{0, "!<arch>\n", "a static library or package"},
	{0, "070701", "a cpio archive (an initrd?)"},
	{0, "#!", "a script"},
	{0, "\xfe\xed\xfa", "a Mach-O program"},
	{0, "\xcf\xfa\xed\xfe", "a Mach-O program"},
}

// foreign names a format that this machine does not read, "" for none.
func foreign(head []byte, r io.ReaderAt, size int64) string {
	for _, m := range magics {
		if len(head) >= m.at+len(m.magic) && string(head[m.at:m.at+len(m.magic)]) == m.magic {
			return m.name
		}
	}
	if len(head) > 0x40 && string(head[:2]) == "MZ" {
		at := int(binary.LittleEndian.Uint32(head[0x3c:]))
		if at >= 0 && at+4 <= len(head) && string(head[at:at+4]) == "PE\x00\x00" {
			return "a Windows or EFI program"
		}
	}
	if len(head) >= headSize && string(head[0x8001:0x8006]) == "CD001" && !bootable(head) {
		return "a CD image that is no hybrid"
	}
	var tail [8]byte
	if size > bus.SectorSize {
		if n, _ := r.ReadAt(tail[:], size-bus.SectorSize); n == len(tail) && string(tail[:]) == "conectix" {
			return "a VHD image"
		}
	}
	return ""
}

// Plan is a kernel laid out for a machine: what goes where, and its entry. It
// refers to the bytes of the Kernel it was made from.
type Plan struct {
	Kind     Kind
	Entry    Entry
	LongMode bool // it is a 64-bit kernel, though entered in 16 or 32 bits
	pieces   []piece
}

// piece is data at a physical address, followed by zeros.
type piece struct {
	at    uint64
	data  []byte
	zeros uint64
}

func (p piece) end() uint64 { return p.at + uint64(len(p.data)) + p.zeros }

func (p *Plan) add(at uint64, data []byte, zeros uint64) {
	p.pieces = append(p.pieces, piece{at, data, zeros})
}

// PlanKernel recognises a kernel by its content and lays it out. Nothing is
// written: an error, one line for the user, comes before the machine starts.
func PlanKernel(k Kernel, memory []MemRange) (*Plan, error) {
	head := k.Image[:min(len(k.Image), headSize)]
	switch kernelKind(head) {
	case KindLinux:
		return planLinux(k, memory)
	case KindMultiboot:
		return planMultiboot(k, memory)
	case KindELF:
		return planELF(k, memory)
	}
	if len(k.Image) == 0 {
		return nil, errors.New("the kernel file is empty")
	}
	return nil, errors.New("the kernel file is no Linux bzImage, Multiboot or ELF kernel")
}

// Load writes the plan to memory and tells how to enter.
func (p *Plan) Load(mem bus.DMA) Entry {
	var zero [4096]byte
	for _, q := range p.pieces {
		mem.Write(q.at, q.data)
		at := q.at + uint64(len(q.data))
		for left := q.zeros; left > 0; {
			n := min(left, uint64(len(zero)))
			mem.Write(at, zero[:n])
			at, left = at+n, left-n
		}
	}
	return p.Entry
}

// LoadKernel is PlanKernel and Load.
func LoadKernel(mem bus.DMA, k Kernel, memory []MemRange) (Entry, error) {
	p, err := PlanKernel(k, memory)
	if err != nil {
		return Entry{}, err
	}
	return p.Load(mem), nil
}

// mib shows a number of bytes for an error.
func mib(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
