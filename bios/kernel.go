package bios

import (
	"encoding/binary"
	"errors"
	"fmt"

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

// HeadSize is how much of an image Detect looks at.
const HeadSize = mbSearch

// Detect tells what this BIOS would make of a file of size bytes that begins with
// head. What is no kernel may have a format of another program for all it knows.
func Detect(head []byte, size int64) Kind {
	_, floppy := FloppyGeometry(size)
	switch k := kernelKind(head); {
	case k != KindUnknown:
		return k
	case floppy:
		return KindFloppy
	case bootable(head):
		return KindDisk
	}
	return KindUnknown
}

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
	head := k.Image[:min(len(k.Image), HeadSize)]
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
