package bios

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The parts of an ELF file that a loader needs (System V ABI, chapters 4, 5).
const (
	elfMagic    = "\x7fELF"
	elfClass32  = 1
	elfClass64  = 2
	elfData2LSB = 1
	elfEM386    = 3
	elfPTLoad   = 1
	elfHeader   = 52
	elfProgram  = 32
)

func isELF(head []byte) bool { return len(head) >= 4 && string(head[:4]) == elfMagic }

// elfSegment is a PT_LOAD program header.
type elfSegment struct {
	data         []byte
	vaddr, paddr uint64
	memsz        uint64
	headers      bool // it begins with the file's own
}

// elfFile is a 32-bit executable for the 386.
type elfFile struct {
	entry    uint32
	segments []elfSegment
}

func parseELF(image []byte) (*elfFile, error) {
	if len(image) < elfHeader {
		return nil, errors.New("the ELF kernel is truncated within its header")
	}
	le := binary.LittleEndian
	switch {
	case image[4] == elfClass64:
		return nil, errors.New("the ELF kernel is a 64-bit one: use its bzImage")
	case image[4] != elfClass32 || image[5] != elfData2LSB || le.Uint16(image[18:]) != elfEM386:
		return nil, errors.New("the ELF file is not for the 386")
	}
	f := &elfFile{entry: le.Uint32(image[24:])}
	off, size, n := uint64(le.Uint32(image[28:])), uint64(le.Uint16(image[42:])), uint64(le.Uint16(image[44:]))
	if size < elfProgram && n > 0 || off+size*n > uint64(len(image)) {
		return nil, errors.New("the ELF kernel's program headers lie outside of the file")
	}
	for i := range n {
		h := image[off+i*size:]
		if le.Uint32(h) != elfPTLoad || le.Uint32(h[20:]) == 0 {
			continue
		}
		from, filesz := uint64(le.Uint32(h[4:])), uint64(le.Uint32(h[16:]))
		memsz := uint64(le.Uint32(h[20:]))
		if from+filesz > uint64(len(image)) || filesz > memsz {
			return nil, fmt.Errorf("the ELF kernel is truncated: segment %d ends beyond the file", i)
		}
		f.segments = append(f.segments, elfSegment{
			data: image[from : from+filesz], vaddr: uint64(le.Uint32(h[8:])), paddr: uint64(le.Uint32(h[12:])), memsz: memsz,
			headers: from == 0})
	}
	if len(f.segments) == 0 {
		return nil, errors.New("the ELF kernel has nothing to load")
	}
	return f, nil
}

// physicalEntry is the entry point as a physical address. Kernels that run high
// and are loaded low often name a virtual one.
func (f *elfFile) physicalEntry() uint32 {
	entry := uint64(f.entry)
	for _, s := range f.segments {
		if entry-s.paddr < s.memsz && entry >= s.paddr {
			return f.entry
		}
	}
	for _, s := range f.segments {
		if entry >= s.vaddr && entry-s.vaddr < s.memsz {
			return uint32(entry - s.vaddr + s.paddr)
		}
	}
	return f.entry
}

// Where a kernel may be loaded in the first megabyte: after the boot sector's
// place and the stack that enters it, before what the loader leaves for it.
const (
	lowFree    = 0x8000
	lowFreeEnd = 0x80000
)

// place adds the segments to a plan and answers the end of the highest.
func (f *elfFile) place(p *Plan, memory []MemRange) (end uint64, err error) {
	for _, s := range f.segments {
		if s = s.withoutHeaders(mainRAM(memory).Base, uint64(f.physicalEntry())); s.memsz == 0 {
			continue
		}
		if err := loadable(s.paddr, s.memsz, memory); err != nil {
			return 0, err
		}
		p.add(s.paddr, s.data, s.memsz-uint64(len(s.data)))
		end = max(end, s.paddr+s.memsz)
	}
	return end, nil
}

// elfPage is what ld rounds segments down to, on the 386.
const elfPage = 0x1000

// withoutHeaders leaves out the page of a segment that lies just below base: a
// plain `ld -Ttext 0x100000` puts the file's headers there, in the ROM, and
// nobody misses them.
func (s elfSegment) withoutHeaders(base, entry uint64) elfSegment {
	if !s.headers || s.paddr >= base || s.paddr < base-elfPage || entry >= s.paddr && entry < base {
		return s
	}
	cut := min(base-s.paddr, s.memsz)
	s.data = s.data[min(cut, uint64(len(s.data))):]
	s.paddr, s.vaddr, s.memsz = s.paddr+cut, s.vaddr+cut, s.memsz-cut
	return s
}

// loadable checks that a range is memory that a kernel may have.
func loadable(at, size uint64, memory []MemRange) error {
	ram := mainRAM(memory)
	end := at + size
	switch {
	case at >= lowFree && end <= lowFreeEnd:
		return nil
	case at >= ram.Base && end <= ram.End():
		return nil
	case at >= ram.Base:
		return fmt.Errorf("the kernel wants memory at %#x to %#x, the machine has %s below 4 GiB", at, end, mib(ram.End()))
	}
	return fmt.Errorf("the kernel wants to be loaded at %#x to %#x, which is not free: %#x to %#x is, and from 1 MiB up",
		at, end, lowFree, lowFreeEnd)
}

// planELF lays out a plain ELF kernel: segments at their physical addresses,
// entered in protected mode with EAX zero.
func planELF(k Kernel, memory []MemRange) (*Plan, error) {
	f, err := parseELF(k.Image)
	if err != nil {
		return nil, err
	}
	if len(k.Initrd) > 0 {
		return nil, errors.New("a plain ELF kernel takes no initrd")
	}
	p := &Plan{Kind: KindELF}
	if _, err := f.place(p, memory); err != nil {
		return nil, err
	}
	p.Entry = Entry{Protected: true, EIP: f.physicalEntry()}
	return p, nil
}
