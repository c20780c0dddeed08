package bios

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/x86"
)

// bzImage is a small kernel of boot protocol 2.15.
func bzImage(kernel int) []byte {
	p := make([]byte, 5*512+kernel)
	le := binary.LittleEndian
	p[hdrSetupSects] = 4
	p[510], p[511] = 0x55, 0xaa
	p[0x200], p[0x201] = 0xeb, 0x6a
	copy(p[0x202:], "HdrS")
	le.PutUint16(p[hdrVersion:], 0x20f)
	p[hdrLoadFlags] = loadedHigh
	le.PutUint32(p[hdrCode32Start:], linuxKernel)
	le.PutUint32(p[hdrInitrdMax:], 0x7fffffff)
	le.PutUint32(p[hdrCmdlineSize:], 2047)
	le.PutUint64(p[hdrPrefAddress:], linuxKernel)
	le.PutUint32(p[hdrInitSize:], 1<<20)
	for i := 5 * 512; i < len(p); i++ {
		p[i] = byte(i)
	}
	return p
}

var smallMap = memoryMap(16<<20, 0)

func readAll(mem *bus.Memory, at uint64, n int) []byte {
	p := make([]byte, n)
	mem.Read(at, p)
	return p
}

func TestLinuxIsLaidOut(t *testing.T) {
	k := newKit(t, nil)
	image, initrd := bzImage(10000), bytes.Repeat([]byte("initrd"), 1000)
	e, err := LoadKernel(k.mem, Kernel{Image: image, Initrd: initrd, Cmdline: "console=ttyS0 vga=ask"}, smallMap)
	require.NoError(t, err)
	require.Equal(t, Entry{CS: 0x9020, SS: 0x9000, SP: 0xe000, Data: 0x9000, Flags: x86.F1}, e)
	setup := readAll(k.mem, linuxBase, 5*512)
	le := binary.LittleEndian
	require.Equal(t, byte(0xff), setup[hdrTypeOfLoader])
	require.Equal(t, byte(loadedHigh|canUseHeap), setup[hdrLoadFlags])
	require.Equal(t, uint16(0xde00), le.Uint16(setup[hdrHeapEnd:]))
	require.Equal(t, uint16(0xfffd), le.Uint16(setup[hdrVidMode:]))
	require.Equal(t, "console=ttyS0 vga=ask\x00", string(readAll(k.mem, uint64(le.Uint32(setup[hdrCmdlinePtr:])), 22)))
	at := uint64(le.Uint32(setup[hdrRamdiskImage:]))
	require.Equal(t, uint64(16<<20-0x10000-0x2000), at, "as high as memory goes, in whole pages")
	require.Equal(t, initrd, readAll(k.mem, at, int(le.Uint32(setup[hdrRamdiskSize:]))))
	require.Equal(t, image[5*512:], readAll(k.mem, linuxKernel, 10000))
	require.Equal(t, byte(0), image[hdrTypeOfLoader], "the caller's image is not changed")
}

func TestInitrdHeedsLimits(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(p []byte)
		cmdline string
		top     uint64
	}{
		{"initrd_addr_max", func(p []byte) { binary.LittleEndian.PutUint32(p[hdrInitrdMax:], 0x7fffff) }, "", 8 << 20},
		{"mem=", func(p []byte) {}, "quiet mem=4M", 4 << 20},
		{"RAM", func(p []byte) {}, "mem=", 16<<20 - 0x10000},
	} {
		t.Run(c.name, func(t *testing.T) {
			image := bzImage(1000)
			c.change(image)
			p, err := PlanKernel(Kernel{Image: image, Initrd: make([]byte, 4096), Cmdline: c.cmdline}, smallMap)
			require.NoError(t, err)
			found := false
			for _, q := range p.pieces {
				found = found || q.end() == c.top
			}
			require.True(t, found)
		})
	}
}

func Test64BitKernelWantsLongMode(t *testing.T) {
	for _, c := range []struct {
		name    string
		version uint16
		flags   byte
		cpu     bool
		ok      bool
	}{
		{"64 bits on a 32-bit processor", 0x20f, 0x3f, false, false},
		{"64 bits on a 64-bit processor", 0x20f, 0x3f, true, true},
		{"32 bits, above 4 GiB", 0x20f, 0x02, false, true},
		{"before there were these flags", 0x20b, 0x3f, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			image := bzImage(1000)
			binary.LittleEndian.PutUint16(image[hdrVersion:], c.version)
			image[hdrXLoadFlags] = c.flags
			k := newKit(t, nil)
			_, err := New(Config{Regs: k, Memory: k.mem, Ports: k.ports, LowRAM: 16 << 20, LongMode: c.cpu, Kernel: &Kernel{Image: image}})
			if c.ok {
				require.NoError(t, err)
				return
			}
			var wrong *KernelError
			require.ErrorAs(t, err, &wrong)
			require.EqualError(t, err, "the Linux kernel is a 64-bit one, and the processor has no long mode: take a 32-bit kernel (i386, 686)")
		})
	}
}

func TestLinuxErrors(t *testing.T) {
	put32at := func(at int, v uint32) func([]byte) []byte {
		return func(p []byte) []byte { binary.LittleEndian.PutUint32(p[at:], v); return p }
	}
	for _, c := range []struct {
		name   string
		change func(p []byte) []byte
		k      Kernel
		want   string
	}{
		{"truncated header", func(p []byte) []byte { return p[:0x220] }, Kernel{}, "truncated"},
		{"truncated setup", func(p []byte) []byte { return p[:1500] }, Kernel{}, "truncated"},
		{"version 3", func(p []byte) []byte { p[hdrVersion+1] = 3; return p }, Kernel{}, "protocol 3.15"},
		{"a short header", func(p []byte) []byte { p[0x201] = 0x10; return p }, Kernel{}, "shorter"},
		{"too large for memory", put32at(hdrInitSize, 64<<20), Kernel{}, "the machine has"},
		{"an overflow", func(p []byte) []byte {
			binary.LittleEndian.PutUint64(p[hdrPrefAddress:], 1<<64-1)
			return p
		}, Kernel{}, "beyond memory"},
		{"a long command line", nil, Kernel{Cmdline: strings.Repeat("x", 2048)}, "2048 bytes, this kernel takes 2047"},
		{"a zero in the command line", nil, Kernel{Cmdline: "a\x00b"}, "zero byte"},
		{"a large initrd", nil, Kernel{Initrd: make([]byte, 20<<20)}, "the initrd has 20.0 MiB"},
		{"no room below initrd_addr_max", put32at(hdrInitrdMax, 0xfffff), Kernel{Initrd: []byte{1}}, "the initrd has"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.k.Image = bzImage(1000)
			if c.change != nil {
				c.k.Image = c.change(c.k.Image)
			}
			_, err := PlanKernel(c.k, smallMap)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestOldProtocols(t *testing.T) {
	k := newKit(t, nil)
	le := binary.LittleEndian
	image := bzImage(1000)
	le.PutUint16(image[hdrVersion:], 0x200)
	image[hdrLoadFlags] = 0
	e, err := LoadKernel(k.mem, Kernel{Image: image, Cmdline: "root=/dev/hda"}, smallMap)
	require.NoError(t, err)
	require.Equal(t, uint16(linuxOldHeap), e.SP)
	require.Equal(t, image[5*512:], readAll(k.mem, linuxLow, 1000), "a zImage is loaded low")
	setup := readAll(k.mem, linuxBase, 0x300)
	require.Equal(t, uint16(0xa33f), le.Uint16(setup[oldCmdlineMagic:]))
	require.Equal(t, "root=/dev/hda\x00", string(readAll(k.mem, linuxBase+uint64(le.Uint16(setup[oldCmdlineOffset:])), 14)))
	_, err = PlanKernel(Kernel{Image: append(image, make([]byte, 0x90000)...)}, smallMap)
	require.ErrorContains(t, err, "does not fit below 90000h")
}

// elf32 is an executable of one segment.
func elf32(paddr, vaddr, entry uint32, data []byte, memsz uint32) []byte {
	p := make([]byte, elfHeader+elfProgram+len(data))
	le := binary.LittleEndian
	copy(p, "\x7fELF\x01\x01\x01")
	le.PutUint16(p[16:], 2)
	le.PutUint16(p[18:], elfEM386)
	le.PutUint32(p[24:], entry)
	le.PutUint32(p[28:], elfHeader)
	le.PutUint16(p[42:], elfProgram)
	le.PutUint16(p[44:], 1)
	h := p[elfHeader:]
	for i, v := range []uint32{elfPTLoad, elfHeader + elfProgram, vaddr, paddr, uint32(len(data)), memsz, 7, 4} {
		le.PutUint32(h[4*i:], v)
	}
	copy(p[elfHeader+elfProgram:], data)
	return p
}

func TestELF(t *testing.T) {
	k := newKit(t, nil)
	k.mem.Write(0x100004, bytes.Repeat([]byte{0xff}, 16))
	e, err := LoadKernel(k.mem, Kernel{Image: elf32(0x100000, 0xc0100000, 0xc0100002, []byte("code"), 12)}, smallMap)
	require.NoError(t, err)
	require.Equal(t, Entry{Protected: true, EIP: 0x100002}, e, "a virtual entry is made physical")
	require.Equal(t, "code\x00\x00\x00\x00\x00\x00\x00\x00\xff", string(readAll(k.mem, 0x100000, 13)))
}

// ld -Ttext 0x100000 makes a segment of the file's headers at 0xff000, alone or
// with the code behind them.
func TestELFWithHeadersBelowItsText(t *testing.T) {
	file := func(segments ...[4]uint32) []byte { // offset, address, bytes in the file, in memory
		p := make([]byte, 0x1004)
		le := binary.LittleEndian
		copy(p, "\x7fELF\x01\x01\x01")
		le.PutUint16(p[18:], elfEM386)
		le.PutUint32(p[24:], 0x100000)
		le.PutUint32(p[28:], elfHeader)
		le.PutUint16(p[42:], elfProgram)
		le.PutUint16(p[44:], uint16(len(segments)))
		for i, s := range segments {
			h := p[elfHeader+i*elfProgram:]
			for j, v := range []uint32{elfPTLoad, s[0], s[1], s[1], s[2], s[3], 7, 0x1000} {
				le.PutUint32(h[4*j:], v)
			}
		}
		copy(p[0x1000:], "code")
		return p
	}
	for _, c := range []struct {
		name, err string
		image     []byte
	}{
		{"alone", "", file([4]uint32{0, 0xff000, 0x94, 0x94}, [4]uint32{0x1000, 0x100000, 4, 12})},
		{"with the code", "", file([4]uint32{0, 0xff000, 0x1004, 0x100c})},
		{"no headers", "not free", file([4]uint32{4, 0xff000, 0x94, 0x94}, [4]uint32{0x1000, 0x100000, 4, 12})},
		{"more than a page below", "not free", file([4]uint32{0, 0xfe000, 0x94, 0x94}, [4]uint32{0x1000, 0x100000, 4, 12})},
		{"entered there", "not free", func() []byte {
			p := file([4]uint32{0, 0xff000, 0x1004, 0x100c})
			binary.LittleEndian.PutUint32(p[24:], 0xff800)
			return p
		}()},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t, nil)
			e, err := LoadKernel(k.mem, Kernel{Image: c.image}, smallMap)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.EqualValues(t, 0x100000, e.EIP)
			require.Equal(t, "code\x00\x00", string(readAll(k.mem, 0x100000, 6)))
			require.Equal(t, make([]byte, 4), readAll(k.mem, 0xff000, 4), "the ROM is left alone")
		})
	}
}

func TestELFErrors(t *testing.T) {
	good := func() []byte { return elf32(0x100000, 0x100000, 0x100000, []byte("code"), 4) }
	for _, c := range []struct {
		name  string
		image []byte
		want  string
	}{
		{"truncated", good()[:40], "truncated"},
		{"64 bits", func() []byte { p := good(); p[4] = elfClass64; return p }(), "64-bit"},
		{"another machine", func() []byte { p := good(); p[18] = 40; return p }(), "not for the 386"},
		{"headers outside", func() []byte { p := good(); p[29] = 0xff; return p }(), "outside"},
		{"a segment outside", func() []byte { p := good(); p[elfHeader+17] = 0xff; return p }(), "truncated"},
		{"nothing to load", func() []byte { p := good(); p[elfHeader] = 4; return p }(), "nothing to load"},
		{"over the BDA", elf32(0x400, 0x400, 0x400, []byte("code"), 4), "not free"},
		{"over the ROM", elf32(0xf0000, 0, 0, []byte("code"), 4), "not free"},
		{"beyond memory", elf32(0x100000, 0, 0, []byte("code"), 0xff00000), "the machine has"},
		{"around the end of the address space", elf32(0xfffffff0, 0, 0, []byte("code"), 0xffffffff), "the machine has"},
		{"an initrd", good(), "takes no initrd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := Kernel{Image: c.image}
			if c.name == "an initrd" {
				k.Initrd = []byte{1}
			}
			_, err := PlanKernel(k, smallMap)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// multiboot puts a header into a file at an offset.
func multiboot(image []byte, at int, flags uint32, fields ...uint32) []byte {
	le := binary.LittleEndian
	for i, v := range append([]uint32{mbMagic, flags, -(mbMagic + flags)}, fields...) {
		le.PutUint32(image[at+4*i:], v)
	}
	return image
}

func TestMultibootELF(t *testing.T) {
	k := newKit(t, nil)
	code := make([]byte, 100)
	image := multiboot(elf32(0x100000, 0x100000, 0x100040, code, 8000), elfHeader+elfProgram, mbPageAlign|mbMemoryInfo)
	e, err := LoadKernel(k.mem, Kernel{Image: image, Name: "kernel", Cmdline: "x", Initrd: []byte("module 0"), InitrdName: "dir/m0",
		Modules: []Module{{Data: []byte("module 1"), Cmdline: "m1 y"}}}, smallMap)
	require.NoError(t, err)
	require.True(t, e.Protected)
	require.Equal(t, uint32(0x100040), e.EIP)
	require.Equal(t, uint32(mbBootMagic), e.Regs[x86.AX])
	le := binary.LittleEndian
	info := readAll(k.mem, uint64(e.Regs[x86.BX]), mbInfoSize)
	text := func(at uint32) string {
		s, _, _ := strings.Cut(string(readAll(k.mem, uint64(at), 80)), "\x00")
		return s
	}
	require.Equal(t, uint32(639), le.Uint32(info[4:]))
	require.Equal(t, uint32(15<<10-64), le.Uint32(info[8:]))
	require.Equal(t, "kernel x", text(le.Uint32(info[16:])))
	require.Equal(t, uint32(2), le.Uint32(info[20:]))
	mods := readAll(k.mem, uint64(le.Uint32(info[24:])), 32)
	require.Equal(t, []uint32{0x102000, 0x102008}, []uint32{le.Uint32(mods), le.Uint32(mods[4:])})
	require.Equal(t, "module 1", text(le.Uint32(mods[16:])))
	require.Equal(t, "dir/m0", text(le.Uint32(mods[8:])))
	require.Equal(t, "m1 y", text(le.Uint32(mods[24:])))
	require.Equal(t, uint32(24*len(smallMap)), le.Uint32(info[44:]))
	first := readAll(k.mem, uint64(le.Uint32(info[48:])), 24)
	require.Equal(t, []uint32{20, 0, 0, ebdaBase, 0, 1}, []uint32{le.Uint32(first), le.Uint32(first[4:]), le.Uint32(first[8:]), le.Uint32(first[12:]), le.Uint32(first[16:]), le.Uint32(first[20:])})
}

func TestMultibootFlat(t *testing.T) {
	k := newKit(t, nil)
	image := bytes.Repeat([]byte{0x90}, 300)
	multiboot(image, 64, mbAddresses, 0x200040, 0x200010, 0x200100, 0x200200, 0x200020)
	e, err := LoadKernel(k.mem, Kernel{Image: image}, smallMap)
	require.NoError(t, err)
	require.Equal(t, uint32(0x200020), e.EIP)
	require.Equal(t, image[16:16+0xf0], readAll(k.mem, 0x200010, 0xf0), "load_addr is 48 bytes before the header")
	require.Equal(t, make([]byte, 0x100), readAll(k.mem, 0x200100, 0x100))
}

func TestMultibootErrors(t *testing.T) {
	blank := func() []byte { return make([]byte, 300) }
	for _, c := range []struct {
		name  string
		image []byte
		mods  []Module
		want  string
	}{
		{"unknown features", multiboot(blank(), 0, 1<<4), nil, "features 0x10"},
		{"graphics", multiboot(blank(), 0, mbVideo), nil, "graphics"},
		{"neither ELF nor addresses", multiboot(blank(), 0, 0), nil, "not for the 386"},
		{"contradiction", multiboot(blank(), 8, mbAddresses, 0x100000, 0x200000, 0, 0, 0), nil, "contradict"},
		{"a load_addr before the file", multiboot(blank(), 8, mbAddresses, 0x100100, 0x100000, 0, 0, 0), nil, "contradict"},
		{"truncated", multiboot(blank(), 0, mbAddresses, 0x100000, 0x100000, 0x110000, 0, 0), nil, "truncated"},
		{"a module that does not fit", multiboot(blank(), 0, mbAddresses, 0x100000, 0x100000, 0, 0, 0),
			[]Module{{Data: make([]byte, 16<<20)}}, "module 0 has 16.0 MiB"},
		{"a long command line", multiboot(blank(), 0, mbAddresses, 0x100000, 0x100000, 0, 0, 0),
			[]Module{{Cmdline: strings.Repeat("x", mbInfoRoom)}}, "below 640 KiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := PlanKernel(Kernel{Image: c.image, Modules: c.mods}, smallMap)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestDetect(t *testing.T) {
	signed := func(n int) []byte { p := make([]byte, n); p[510], p[511] = 0x55, 0xaa; return p }
	for _, c := range []struct {
		name string
		data []byte
		kind Kind
	}{
		{"floppy", make([]byte, 1474560), KindFloppy},
		{"small floppy", make([]byte, 368640), KindFloppy},
		{"disk", signed(1 << 20), KindDisk},
		{"boot sector", signed(512), KindDisk},
		{"Linux", bzImage(100), KindLinux},
		{"Multiboot", multiboot(make([]byte, 300), 64, mbAddresses), KindMultiboot},
		{"Multiboot in ELF", multiboot(elf32(0, 0, 0, make([]byte, 100), 100), 84, 0), KindMultiboot},
		{"ELF", elf32(0, 0, 0, []byte("x"), 1), KindELF},
		{"a disk that holds a Multiboot header", multiboot(signed(1<<20), 4096, 0), KindDisk},
		{"empty", nil, KindUnknown},
		{"text", []byte("hello\n"), KindUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.kind, Detect(c.data[:min(len(c.data), HeadSize)], int64(len(c.data))))
		})
	}
}

func TestKernelIsEnteredByINT19(t *testing.T) {
	k := newKit(t, func(c *Config) { c.Kernel = &Kernel{Image: bzImage(100)} })
	f := k.call(vecBoot, frame{})
	require.Equal(t, uint16(statusEnter), f.status)
	require.Equal(t, uint32(0x9000)<<16|linuxHeap-frameSize, f.scratch)
	var to frame
	to.decode(k.bytes(linuxBase+linuxHeap-frameSize, frameSize))
	require.Equal(t, []uint16{0x9020, 0, 0x9000, 0x9000, x86.F1}, []uint16{to.cs, to.ip, to.ds, to.gs, to.flags})

	k = newKit(t, func(c *Config) { c.Kernel = &Kernel{Image: elf32(0x100000, 0, 0x100000, []byte("x"), 1)} })
	f = k.call(vecBoot, frame{ax: 0xffffffff})
	require.Equal(t, uint16(statusProtected), f.status)
	require.Equal(t, uint32(0x100000), f.scratch)
	require.Zero(t, f.ax)
}

func TestNewRefusesWhatCantBeLoaded(t *testing.T) {
	k := newKit(t, nil)
	_, err := New(Config{Regs: k, Memory: k.mem, Ports: k.ports, LowRAM: 16 << 20, Kernel: &Kernel{Image: []byte("junk")}})
	require.ErrorContains(t, err, "no Linux bzImage, Multiboot or ELF")
}

// A kernel that lost its tail booted into nothing once.
func TestTruncatedKernelIsRefused(t *testing.T) {
	image := bzImage(0x10000)
	image[0x206], image[0x207] = 0x0f, 2 // protocol 2.15
	binary.LittleEndian.PutUint32(image[0x1f4:], 0x10000/16)
	_, err := parseLinux(image)
	require.NoError(t, err)
	_, err = parseLinux(image[:len(image)-100])
	require.ErrorContains(t, err, "truncated")
}
