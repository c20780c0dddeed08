package bios

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/x86"
)

// numbered is a disk whose sectors hold their number.
func numbered(sectors int) *memDisk {
	d := &memDisk{data: make([]byte, 512*sectors)}
	for i := range sectors {
		binary.LittleEndian.PutUint32(d.data[512*i:], uint32(i))
	}
	return d
}

func diskKit(t testing.TB) (k *kit, floppy, hard *memDisk) {
	floppy, hard = numbered(2880), numbered(40000)
	k = newKit(t, func(c *Config) {
		c.Drives = []Drive{{Disk: floppy}, {Disk: hard, Kind: Hard}}
	})
	return k, floppy, hard
}

func TestDiskReadsByCHS(t *testing.T) {
	k, _, _ := diskKit(t)
	for _, c := range []struct {
		name string
		cx   reg
		dx   reg
		want uint32
	}{
		{"floppy: the first sector", 0x0001, 0x0000, 0},
		{"floppy: the second head", 0x0001, 0x0100, 18},
		{"floppy: the last sector", 0x4f12, 0x0100, 2879},
		{"disk: cylinder 2, head 3, sector 4", 0x0204, 0x0380, (2*16+3)*63 + 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := k.call(vecDisk, frame{ax: 0x0201, cx: c.cx, dx: c.dx, es: 0x2000, bx: 0x10})
			require.False(t, f.cf())
			require.Equal(t, uint16(0x0001), f.ax.x())
			require.Equal(t, c.want, binary.LittleEndian.Uint32(k.bytes(0x20010, 4)))
		})
	}
}

func TestDiskErrors(t *testing.T) {
	k, floppy, hard := diskKit(t)
	floppy.readOnly = true
	for _, c := range []struct {
		name string
		f    frame
		code byte
	}{
		{"sector 0", frame{ax: 0x0201, cx: 0x0000}, diskNotFound},
		{"sector 19 of 18", frame{ax: 0x0201, cx: 0x0013}, diskNotFound},
		{"head 2 of 2", frame{ax: 0x0201, cx: 0x0001, dx: 0x0200}, diskNotFound},
		{"no sectors", frame{ax: 0x0200, cx: 0x0001}, diskBadCommand},
		{"a write to a write-protected floppy", frame{ax: 0x0301, cx: 0x0001}, diskWriteProtect},
		{"no second floppy", frame{ax: 0x0201, cx: 0x0001, dx: 0x0001}, diskTimeout},
		{"no second disk", frame{ax: 0x0201, cx: 0x0001, dx: 0x0081}, diskBadCommand},
		{"format", frame{ax: 0x0501, cx: 0x0001}, diskBadCommand},
		{"EDD beyond the end", frame{ax: 0x4200, dx: 0x0080, ds: 0x2000}, diskNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			packet := []byte{16, 0, 1, 0, 0, 0, 0, 0x30}
			packet = binary.LittleEndian.AppendUint64(packet, 40000)
			k.mem.Write(0x20000, packet)
			f := k.call(vecDisk, c.f)
			require.True(t, f.cf())
			require.Equal(t, c.code, f.ax.h())
			last := k.call(vecDisk, frame{ax: 0x0100, dx: c.f.dx})
			require.Equal(t, c.code, last.ax.h(), "AH=01h tells it again")
		})
	}
	hard.broken = true
	f := k.call(vecDisk, frame{ax: 0x0201, cx: 0x0001, dx: 0x0080, es: 0x2000})
	require.True(t, f.cf(), "host trouble")
	require.Equal(t, byte(diskController), f.ax.h())
}

func TestDiskReadStopsAtTheEnd(t *testing.T) {
	short := numbered(2870) // ten sectors less than its format
	k := newKit(t, func(c *Config) { c.Drives = []Drive{{Disk: short}} })
	f := k.call(vecDisk, frame{ax: 0x0212, cx: 0x4f01, dx: 0x0100, es: 0x2000})
	require.True(t, f.cf())
	require.Equal(t, byte(8), f.ax.l(), "sectors 2862 to 2869")
	require.Equal(t, uint32(2869), binary.LittleEndian.Uint32(k.bytes(0x20000+7*512, 4)))
}

func TestDiskWrites(t *testing.T) {
	k, _, hard := diskKit(t)
	k.mem.Write(0x20000, bytes.Repeat([]byte{0xab}, 1024))
	f := k.call(vecDisk, frame{ax: 0x0302, cx: 0x0002, dx: 0x0080, es: 0x2000})
	require.False(t, f.cf())
	require.Equal(t, byte(2), f.ax.l())
	require.Equal(t, bytes.Repeat([]byte{0xab}, 1024), hard.data[512:1536])
	require.Equal(t, byte(3), hard.data[1536])
}

func TestEDD(t *testing.T) {
	k, _, hard := diskKit(t)
	f := k.call(vecDisk, frame{ax: 0x4100, bx: 0x55aa, dx: 0x0080})
	require.False(t, f.cf())
	require.Equal(t, []uint16{0xaa55, 0x0005}, []uint16{f.bx.x(), f.cx.x()})
	require.Equal(t, byte(0x30), f.ax.h())
	require.True(t, k.call(vecDisk, frame{ax: 0x4100, bx: 0x55aa, dx: 0}).cf(), "no EDD on floppies")

	packet := []byte{16, 0, 200, 0, 0, 0, 0, 0x30}
	packet = binary.LittleEndian.AppendUint64(packet, 1000)
	k.mem.Write(0x20000, packet)
	f = k.call(vecDisk, frame{ax: 0x4200, dx: 0x0080, ds: 0x2000})
	require.False(t, f.cf())
	require.Equal(t, byte(200), k.bytes(0x20002, 1)[0])
	require.Equal(t, hard.data[1000*512:1200*512], k.bytes(0x30000, 200*512))

	k.mem.Write(0x20000, []byte{26, 0})
	require.False(t, k.call(vecDisk, frame{ax: 0x4800, dx: 0x0080, ds: 0x2000}).cf())
	require.Equal(t, uint64(40000), binary.LittleEndian.Uint64(k.bytes(0x20010, 8)))

	k.mem.Write(0x20000, []byte{74, 0})
	require.False(t, k.call(vecDisk, frame{ax: 0x4800, dx: 0x0080, ds: 0x2000}).cf())
	path := k.bytes(0x2001e, 44)
	require.Equal(t, uint16(0xbedd), binary.LittleEndian.Uint16(path))
	require.Zero(t, checksum(path))
	require.Zero(t, checksum(k.bytes(ebdaBase+ebdaDPTE, 16)))
}

func TestDiskParameters(t *testing.T) {
	k, _, _ := diskKit(t)
	f := k.call(vecDisk, frame{ax: 0x0800})
	require.Equal(t, []uint16{0x4f12, 0x0101, 0x0004}, []uint16{f.cx.x(), f.dx.x(), f.bx.x()})
	require.Equal(t, uint16(0xf000), f.es)
	f = k.call(vecDisk, frame{ax: 0x0800, dx: 0x0080})
	require.Equal(t, []uint16{38<<8 | 63, 0x0f01}, []uint16{f.cx.x(), f.dx.x()}, "39 cylinders, 16 heads, 63 sectors; one disk")
	f = k.call(vecDisk, frame{ax: 0x1500, dx: 0x0080})
	require.Equal(t, byte(3), f.ax.h())
	require.Equal(t, uint32(39*16*63), uint32(f.cx.x())<<16|uint32(f.dx.x()))
	require.Equal(t, byte(1), k.call(vecDisk, frame{ax: 0x1500}).ax.h())
	require.Equal(t, byte(0), k.call(vecDisk, frame{ax: 0x1500, dx: 1}).ax.h())
}

func TestDiskGeometry(t *testing.T) {
	for _, c := range []struct {
		name    string
		sectors int64
		want    Geometry
	}{
		{"tiny", 1, Geometry{1, 16, 63}},
		{"504 MiB", 1024 * 16 * 63, Geometry{1024, 16, 63}},
		{"one more", 1024*16*63 + 1, Geometry{512, 32, 63}},
		{"4 GiB", 8 << 20, Geometry{522, 255, 63}},
		{"64 GiB", 128 << 20, Geometry{1024, 255, 63}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, DiskGeometry(c.sectors*512)) })
	}
}

func TestBadDrives(t *testing.T) {
	for name, d := range map[string]Drive{
		"no disk":        {},
		"empty":          {Disk: &memDisk{}},
		"half a sector":  {Disk: &memDisk{data: make([]byte, 700)}},
		"a large floppy": {Disk: &memDisk{data: make([]byte, 3<<20)}},
		"geometry":       {Disk: &memDisk{data: make([]byte, 1024)}, Kind: Hard, Geometry: Geometry{1, 1, 64}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, nil)
			_, err := New(Config{Regs: k, Memory: k.mem, Ports: k.ports, LowRAM: 16 << 20, Drives: []Drive{d}})
			require.ErrorContains(t, err, "bios: ")
		})
	}
}

func bootSector(d *memDisk, text string) {
	copy(d.data, text)
	d.data[510], d.data[511] = 0x55, 0xaa
}

func TestBoot(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(floppy, hard *memDisk)
		order []BootDevice
		dl    int // -1 for nothing
	}{
		{"the floppy first", func(f, h *memDisk) { copy(f.data, "FLOP"); bootSector(h, "HARD") }, nil, 0},
		{"an empty floppy is passed over", func(f, h *memDisk) { bootSector(h, "HARD") }, nil, 0x80},
		{"the disk where asked", func(f, h *memDisk) { copy(f.data, "FLOP"); bootSector(h, "HARD") }, []BootDevice{BootDisk}, 0x80},
		{"a disk without signature", func(f, h *memDisk) { copy(h.data, "HARD") }, nil, -1},
		{"a disk that fails", func(f, h *memDisk) { bootSector(h, "HARD"); h.broken = true }, nil, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			floppy, hard := numbered(2880), numbered(100)
			c.setup(floppy, hard)
			reason := ""
			k := newKit(t, func(cfg *Config) {
				cfg.Drives = []Drive{{Disk: floppy}, {Disk: hard, Kind: Hard}}
				cfg.Boot = c.order
				cfg.NoBoot = func(s string) { reason = s }
			})
			f := k.call(vecBoot, frame{})
			if c.dl < 0 {
				require.Equal(t, uint16(statusStop), f.status)
				require.Contains(t, reason, "Nothing to boot: ")
				return
			}
			require.Equal(t, uint16(statusEnter), f.status)
			var to frame
			at := uint64(segment(uint16(f.scratch>>16), uint16(f.scratch)))
			require.Equal(t, uint64(bootBase), at+frameSize, "the stack ends below the boot sector")
			to.decode(k.bytes(at, frameSize))
			require.Equal(t, []uint16{0, bootBase}, []uint16{to.cs, to.ip})
			require.Equal(t, byte(c.dl), to.dx.l())
			require.Equal(t, map[int]string{0: "FLOP", 0x80: "HARD"}[c.dl], string(k.bytes(bootBase, 4)))
		})
	}
}

func TestBootFromAStackWhereTheNewOneGoes(t *testing.T) {
	floppy := numbered(2880)
	copy(floppy.data, "FLOP")
	k := newKit(t, func(cfg *Config) { cfg.Drives = []Drive{{Disk: floppy}} })
	for _, sp := range []uint32{bootBase - frameSize, bootBase - frameSize - 20, bootBase - frameSize + 20} {
		f := frame{vector: vecBoot}
		var p [frameSize]byte
		f.encode(p[:])
		k.mem.Write(uint64(sp), p[:])
		k.regs[x86.SP] = sp
		k.b.Write(0, 2, ServiceMagic)
		f.decode(k.bytes(uint64(sp), frameSize))
		require.Equal(t, uint16(statusEnter), f.status, "SP %x", sp)
		var to frame
		to.decode(k.bytes(uint64(f.scratch), frameSize))
		require.Equal(t, []uint16{0, bootBase}, []uint16{to.cs, to.ip}, "SP %x", sp)
	}
}
