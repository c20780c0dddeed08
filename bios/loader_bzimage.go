package bios

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ringzero/bus"
	"ringzero/x86"
)

// Fields of Linux's setup header, as offsets in the image
// (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header").
const (
	hdrSysSize      = 0x1f4
	hdrSetupSects   = 0x1f1
	hdrVidMode      = 0x1fa
	hdrJump         = 0x200
	hdrVersion      = 0x206
	hdrTypeOfLoader = 0x210
	hdrLoadFlags    = 0x211
	hdrSetupMove    = 0x212
	hdrCode32Start  = 0x214
	hdrRamdiskImage = 0x218
	hdrRamdiskSize  = 0x21c
	hdrHeapEnd      = 0x224
	hdrCmdlinePtr   = 0x228
	hdrInitrdMax    = 0x22c
	hdrXLoadFlags   = 0x236
	hdrCmdlineSize  = 0x238
	hdrPrefAddress  = 0x258
	hdrInitSize     = 0x260
	hdrMinimum      = 0x268

	loadedHigh = 1 << 0
	canUseHeap = 1 << 7
	kernel64   = 1 << 0 // of xloadflags, since 2.12: it needs long mode

	// For protocols before 2.02: the command line's place, in the boot sector.
	oldCmdlineMagic  = 0x20
	oldCmdlineOffset = 0x22
)

// Where the real-mode part goes: setup, heap and stack in one segment, then the
// command line up to the EBDA.
const (
	linuxSeg     = 0x9000
	linuxBase    = linuxSeg << 4
	linuxHeap    = 0xe000
	linuxOldHeap = 0x9800
	linuxOldRoom = 0x800
	linuxEntry   = 0x20 // segments after linuxSeg
	linuxKernel  = 1 << 20
	linuxLow     = 0x10000
)

// linuxImage is a bzImage or zImage that was looked at.
type linuxImage struct {
	setup   []byte // a copy, to be filled in
	kernel  []byte
	version int
	high    bool
}

func (l *linuxImage) u32(at int) uint32 { return binary.LittleEndian.Uint32(l.setup[at:]) }

// parseLinux splits an image. The header is at least as long as its version
// promises, and the file holds the setup sectors that it claims.
func parseLinux(image []byte) (*linuxImage, error) {
	if len(image) < hdrMinimum {
		return nil, errors.New("the Linux kernel is truncated within its header")
	}
	sects := int(image[hdrSetupSects])
	if sects == 0 {
		sects = 4
	}
	size := (sects + 1) * bus.SectorSize
	if size >= len(image) {
		return nil, fmt.Errorf("the Linux kernel is truncated: %d bytes, of which %d are its setup", len(image), size)
	}
	l := &linuxImage{setup: append([]byte(nil), image[:size]...), kernel: image[size:]}
	l.version = int(binary.LittleEndian.Uint16(image[hdrVersion:]))
	if l.version < 0x200 || l.version >= 0x300 {
		return nil, fmt.Errorf("the Linux kernel wants boot protocol %d.%02d; known are 2.00 to 2.15", l.version>>8, l.version&0xff)
	}
	// syssize counts the protected-mode code in paragraphs; since 2.04 all of
	// its four bytes mean something (boot.rst, "syssize").
	if want := int64(l.u32(hdrSysSize)) * 16; l.version >= 0x204 && want > int64(len(l.kernel))+15 {
		return nil, fmt.Errorf("the Linux kernel is truncated: %d bytes of %d; copy it again", len(image), int64(size)+want)
	}
	l.high = image[hdrLoadFlags]&loadedHigh != 0
	// The header says with a jump where it ends; what lies behind is code.
	if end := 0x202 + int(image[hdrJump+1]); l.version >= 0x20a && end < hdrInitSize+4 {
		return nil, errors.New("the Linux kernel's header is shorter than its version needs")
	}
	return l, nil
}

func planLinux(k Kernel, memory []MemRange) (*Plan, error) {
	l, err := parseLinux(k.Image)
	if err != nil {
		return nil, err
	}
	p := &Plan{Kind: KindLinux, LongMode: l.version >= 0x20c && l.setup[hdrXLoadFlags]&kernel64 != 0}
	heap := linuxHeap
	if l.version < 0x202 || !l.high {
		heap = linuxOldHeap
	}
	if len(l.setup) > heap-0x200 {
		return nil, errors.New("the Linux kernel's setup is larger than its segment")
	}
	low, err := l.place(p, memory)
	if err != nil {
		return nil, err
	}
	if err := l.commandLine(p, k.Cmdline, heap); err != nil {
		return nil, err
	}
	if err := l.initrd(p, k, low, memory); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	l.setup[hdrTypeOfLoader] = 0xff // no number was assigned to us
	if l.version >= 0x201 {
		le.PutUint16(l.setup[hdrHeapEnd:], uint16(heap-0x200))
		l.setup[hdrLoadFlags] |= canUseHeap
	}
	le.PutUint16(l.setup[hdrVidMode:], videoModeOf(k.Cmdline))
	p.add(linuxBase, l.setup, 0)
	p.Entry = Entry{CS: linuxSeg + linuxEntry, SS: linuxSeg, SP: uint16(heap), Data: linuxSeg, Flags: x86.F1}
	return p, nil
}

// place puts the protected-mode part where it belongs and answers the first
// address that an initrd may take.
func (l *linuxImage) place(p *Plan, memory []MemRange) (free uint64, err error) {
	ram := mainRAM(memory)
	size := uint64(len(l.kernel))
	if !l.high {
		if linuxLow+size > linuxBase {
			return 0, fmt.Errorf("the zImage has %d bytes: it does not fit below 90000h", size)
		}
		p.add(linuxLow, l.kernel, 0)
		return ram.Base, nil
	}
	need := linuxKernel + size
	if l.version >= 0x20a {
		start := max(binary.LittleEndian.Uint64(l.setup[hdrPrefAddress:]), linuxKernel)
		end := start + uint64(l.u32(hdrInitSize))
		if end < start {
			return 0, errors.New("the Linux kernel's header names addresses beyond memory")
		}
		need = max(need, end)
	}
	if need > ram.End() {
		return 0, fmt.Errorf("the Linux kernel needs %s of memory to start, the machine has %s below 4 GiB", mib(need), mib(ram.End()))
	}
	p.add(linuxKernel, l.kernel, 0)
	return need, nil
}

func (l *linuxImage) commandLine(p *Plan, line string, heap int) error {
	if strings.IndexByte(line, 0) >= 0 {
		return errors.New("the kernel command line holds a zero byte")
	}
	limit := 255
	if l.version >= 0x206 {
		limit = int(min(l.u32(hdrCmdlineSize), ebdaBase-linuxBase-linuxHeap-1))
	}
	if heap == linuxOldHeap {
		limit = min(limit, linuxOldRoom-1)
	}
	if len(line) > limit {
		return fmt.Errorf("the command line has %d bytes, this kernel takes %d", len(line), limit)
	}
	p.add(uint64(linuxBase+heap), append([]byte(line), 0), 0)
	le := binary.LittleEndian
	if l.version >= 0x202 {
		le.PutUint32(l.setup[hdrCmdlinePtr:], uint32(linuxBase+heap))
		return nil
	}
	le.PutUint16(l.setup[oldCmdlineMagic:], 0xa33f)
	le.PutUint16(l.setup[oldCmdlineOffset:], uint16(heap))
	le.PutUint16(l.setup[hdrSetupMove:], uint16(heap+len(line)+1))
	return nil
}

// initrd goes as high as the kernel and memory allow.
func (l *linuxImage) initrd(p *Plan, k Kernel, free uint64, memory []MemRange) error {
	size := uint64(len(k.Initrd))
	if size == 0 {
		return nil
	}
	last := uint64(0x37ffffff)
	if l.version >= 0x203 {
		last = uint64(l.u32(hdrInitrdMax))
	}
	top := min(last+1, mainRAM(memory).End(), memoryOption(k.Cmdline)) &^ 0xfff
	free = (free + 0xfff) &^ 0xfff
	if top < free || top-free < size {
		room := uint64(0)
		if top > free {
			room = top - free
		}
		return fmt.Errorf("the initrd has %s, but only %s are free between the kernel and %s: give the machine more memory",
			mib(size), mib(room), mib(top))
	}
	at := (top - size) &^ 0xfff
	p.add(at, k.Initrd, 0)
	le := binary.LittleEndian
	le.PutUint32(l.setup[hdrRamdiskImage:], uint32(at))
	le.PutUint32(l.setup[hdrRamdiskSize:], uint32(size))
	return nil
}

// memoryOption is the end of memory that "mem=" gives, which a loader must heed.
func memoryOption(cmdline string) uint64 {
	end := uint64(1 << 32)
	for _, w := range strings.Fields(cmdline) {
		v, ok := strings.CutPrefix(w, "mem=")
		if !ok || v == "" {
			continue
		}
		shift := 0
		switch v[len(v)-1] {
		case 'k', 'K':
			shift = 10
		case 'm', 'M':
			shift = 20
		case 'g', 'G':
			shift = 30
		}
		if shift > 0 {
			v = v[:len(v)-1]
		}
		if n, err := strconv.ParseUint(v, 0, 32); err == nil && n > 0 {
			end = min(end, n<<shift)
		}
	}
	return end
}

// videoModeOf is what "vga=" asks for; the loader passes it in the header.
func videoModeOf(cmdline string) uint16 {
	mode := uint16(0xffff) // normal
	for _, w := range strings.Fields(cmdline) {
		v, ok := strings.CutPrefix(w, "vga=")
		if !ok {
			continue
		}
		switch v {
		case "normal":
			mode = 0xffff
		case "ext":
			mode = 0xfffe
		case "ask":
			mode = 0xfffd
		default:
			if n, err := strconv.ParseUint(v, 0, 16); err == nil {
				mode = uint16(n)
			}
		}
	}
	return mode
}
