package bios

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"ringzero/x86"
)

// Multiboot 0.6.96: header (3.1), machine state (3.2), information (3.3).
const (
	mbMagic      = 0x1badb002
	mbBootMagic  = 0x2badb002
	mbSearch     = 8192
	mbPageAlign  = 1 << 0
	mbMemoryInfo = 1 << 1
	mbVideo      = 1 << 2
	mbAddresses  = 1 << 16
	mbMandatory  = 0xffff

	mbInfoSize    = 116
	mbFlagMemory  = 1 << 0
	mbFlagCmdline = 1 << 2
	mbFlagModules = 1 << 3
	mbFlagMap     = 1 << 6
	mbFlagName    = 1 << 9
)

// mbInfo is where the information goes: conventional memory that kernels are
// not loaded to.
const (
	mbInfo     = lowFreeEnd
	mbInfoRoom = ebdaBase - mbInfo
)

// findMultiboot is the offset of a valid header, -1 for none.
func findMultiboot(head []byte) int {
	le := binary.LittleEndian
	for i := 0; i+12 <= min(len(head), mbSearch); i += 4 {
		if le.Uint32(head[i:]) == mbMagic && mbMagic+le.Uint32(head[i+4:])+le.Uint32(head[i+8:]) == 0 {
			return i
		}
	}
	return -1
}

func planMultiboot(k Kernel, memory []MemRange) (*Plan, error) {
	at := findMultiboot(k.Image)
	header := k.Image[at:]
	flags := binary.LittleEndian.Uint32(header[4:])
	if unknown := flags & mbMandatory &^ (mbPageAlign | mbMemoryInfo | mbVideo); unknown != 0 {
		return nil, fmt.Errorf("the Multiboot kernel needs features %#x, which are unknown here", unknown)
	}
	if flags&mbVideo != 0 && (len(header) < 48 || binary.LittleEndian.Uint32(header[32:]) != 1) {
		return nil, errors.New("the Multiboot kernel needs a graphics mode, which this BIOS can't set")
	}
	p := &Plan{Kind: KindMultiboot, Entry: Entry{Protected: true}}
	var end uint64
	var err error
	if flags&mbAddresses != 0 {
		end, err = p.placeFlat(k.Image, at, memory)
	} else {
		end, err = p.placeELF(k.Image, memory)
	}
	if err != nil {
		return nil, err
	}
	p.Entry.Regs[x86.AX] = mbBootMagic
	p.Entry.Regs[x86.BX] = mbInfo
	modules := k.Modules
	if len(k.Initrd) > 0 {
		modules = append([]Module{{Data: k.Initrd, Cmdline: k.InitrdName}}, modules...)
	}
	return p, p.multibootInfo(strings.TrimSpace(k.Name+" "+k.Cmdline), modules, end, memory)
}

func (p *Plan) placeELF(image []byte, memory []MemRange) (end uint64, err error) {
	f, err := parseELF(image)
	if err != nil {
		return 0, err
	}
	p.Entry.EIP = f.physicalEntry()
	return f.place(p, memory)
}

// placeFlat loads by the addresses in the header (3.1.3): the file from the
// place that header_addr and load_addr imply, up to load_end_addr, then zeros
// up to bss_end_addr.
func (p *Plan) placeFlat(image []byte, at int, memory []MemRange) (end uint64, err error) {
	h := image[at:]
	if len(h) < 32 {
		return 0, errors.New("the Multiboot kernel is truncated within its header")
	}
	field := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(h[i:])) }
	headerAddr, load, loadEnd, bssEnd := field(12), field(16), field(20), field(24)
	if load > headerAddr || headerAddr-load > uint64(at) {
		return 0, errors.New("the Multiboot kernel's header names addresses that contradict the file")
	}
	data := image[uint64(at)-(headerAddr-load):]
	if loadEnd != 0 {
		if loadEnd < load || loadEnd-load > uint64(len(data)) {
			return 0, errors.New("the Multiboot kernel is truncated: the file ends before its load_end_addr")
		}
		data = data[:loadEnd-load]
	}
	end = load + uint64(len(data))
	size := max(bssEnd, end) - load
	if err := loadable(load, size, memory); err != nil {
		return 0, err
	}
	p.add(load, data, size-uint64(len(data)))
	p.Entry.EIP = uint32(field(28))
	return load + size, nil
}

// multibootInfo builds the information structure, then strings and the memory
// map behind it, and puts modules after the kernel.
func (p *Plan) multibootInfo(cmdline string, modules []Module, end uint64, memory []MemRange) error {
	le := binary.LittleEndian
	ram := mainRAM(memory)
	info := make([]byte, mbInfoSize)
	put := func(data []byte) uint32 {
		at := uint32(mbInfo + len(info))
		info = append(info, data...)
		for len(info)%8 != 0 {
			info = append(info, 0)
		}
		return at
	}
	text := func(s string) uint32 { return put(append([]byte(s), 0)) }
	le.PutUint32(info[4:], ebdaBase>>10)
	le.PutUint32(info[8:], uint32(ram.Size>>10))
	line := text(cmdline)
	name := text("ringzero")
	table := []byte{}
	next := max(end, ram.Base)
	for i, m := range modules {
		next = (next + 0xfff) &^ 0xfff
		if next > ram.End() || uint64(len(m.Data)) > ram.End()-next {
			return fmt.Errorf("module %d has %s, but only %s are free after the kernel: give the machine more memory",
				i, mib(uint64(len(m.Data))), mib(ram.End()-min(next, ram.End())))
		}
		p.add(next, m.Data, 0)
		table = le.AppendUint32(table, uint32(next))
		next += uint64(len(m.Data))
		table = le.AppendUint32(table, uint32(next))
		table = le.AppendUint32(table, text(m.Cmdline))
		table = le.AppendUint32(table, 0)
	}
	mods := put(table)
	var mmap []byte
	for _, r := range memory {
		mmap = le.AppendUint32(mmap, 20)
		mmap = le.AppendUint64(mmap, r.Base)
		mmap = le.AppendUint64(mmap, r.Size)
		mmap = le.AppendUint32(mmap, uint32(r.Type))
	}
	at := put(mmap)
	if len(info) > mbInfoRoom {
		return fmt.Errorf("the command lines have %d bytes, more than fit below 640 KiB", len(info))
	}
	le.PutUint32(info[0:], mbFlagMemory|mbFlagCmdline|mbFlagModules|mbFlagMap|mbFlagName)
	le.PutUint32(info[16:], line)
	le.PutUint32(info[20:], uint32(len(modules)))
	le.PutUint32(info[24:], mods)
	le.PutUint32(info[44:], uint32(len(mmap)))
	le.PutUint32(info[48:], at)
	le.PutUint32(info[64:], name)
	p.add(mbInfo, info, 0)
	return nil
}
