package bios

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/x86"
)

func TestFrameEncodesAsItDecodes(t *testing.T) {
	var p, q [frameSize]byte
	for i := range p {
		p[i] = byte(i*7 + 1)
	}
	var f frame
	f.decode(p[:])
	f.encode(q[:])
	require.Equal(t, p, q)
	require.Equal(t, binary.LittleEndian.Uint32(p[36:]), uint32(f.ax), "EAX is pushed first")
	require.Equal(t, binary.LittleEndian.Uint16(p[52:]), f.flags)
}

func TestPOSTFillsTheBDA(t *testing.T) {
	k := newKit(t, func(c *Config) {
		c.Drives = []Drive{{Disk: &memDisk{data: make([]byte, 1474560)}}, {Disk: &memDisk{data: make([]byte, 1<<20)}, Kind: Hard}}
	})
	require.Equal(t, uint16(639), k.call(vecMemory, frame{}).ax.x())
	eq := k.call(vecEquipment, frame{}).ax.x()
	require.Equal(t, uint16(0x23), eq&0x3f, "a floppy, a coprocessor, 80x25")
	require.Equal(t, uint16(2), eq>>9&7, "two serial ports, since the fake keeps what is written")
	require.Equal(t, byte(1), k.b.bdaByte(bdaDisks))
	require.Equal(t, uint16(ebdaBase>>4), k.b.bdaWord(bdaEBDA))
}

func TestMemoryMap(t *testing.T) {
	m := memoryMap(64<<20, 1<<30)
	var got []MemRange
	for _, r := range m {
		if r.Type == RangeRAM {
			got = append(got, r)
		}
	}
	require.Equal(t, []MemRange{
		{0, 0x9fc00, RangeRAM}, {1 << 20, 63<<20 - 0x10000, RangeRAM}, {1 << 32, 1 << 30, RangeRAM},
	}, got)
	for i := 1; i < len(m); i++ {
		if m[i].Base < 1<<32-romSize {
			require.LessOrEqual(t, m[i-1].End(), m[i].Base, "ranges overlap")
		}
	}
}

func TestE820WalksTheMap(t *testing.T) {
	k := newKit(t, nil)
	var got []MemRange
	f := frame{dx: smap, cx: 24, es: 0x2000}
	for {
		f.ax, f.cx = 0xe820, 24
		f = k.call(vecSystem, f)
		require.False(t, f.cf())
		require.Equal(t, reg(smap), f.ax)
		require.Equal(t, reg(20), f.cx)
		p := k.bytes(0x20000, 20)
		le := binary.LittleEndian
		got = append(got, MemRange{le.Uint64(p), le.Uint64(p[8:]), RangeType(le.Uint32(p[16:]))})
		if f.bx == 0 {
			break
		}
	}
	require.Equal(t, k.b.MemoryMap(), got)
	f = k.call(vecSystem, frame{ax: 0xe820, dx: smap, cx: 20, bx: 99, es: 0x2000})
	require.True(t, f.cf())
	f = k.call(vecSystem, frame{ax: 0xe820, dx: 0, cx: 20, es: 0x2000})
	require.True(t, f.cf(), "no signature")
}

func TestMemorySizes(t *testing.T) {
	k := newKit(t, nil)
	f := k.call(vecSystem, frame{ax: 0x8800})
	require.Equal(t, uint16(15<<10-64), f.ax.x())
	f = k.call(vecSystem, frame{ax: 0xe801})
	require.Equal(t, []reg{15<<10 - 64, 0, 15<<10 - 64, 0}, []reg{f.ax, f.bx, f.cx, f.dx})
}

func TestBlockMove(t *testing.T) {
	k := newKit(t, nil)
	k.mem.Write(0x200000, []byte("from above the first megabyte"))
	gdt := make([]byte, 48)
	binary.LittleEndian.PutUint64(gdt[0x10:], 0x000093200000ffff)
	binary.LittleEndian.PutUint64(gdt[0x18:], 0x000093010000ffff)
	k.mem.Write(0x20000, gdt)
	f := k.call(vecSystem, frame{ax: 0x8700, cx: 15, es: 0x2000})
	require.False(t, f.cf())
	require.Equal(t, "from above the first megabyte", string(k.bytes(0x10000, 29)))
	f = k.call(vecSystem, frame{ax: 0x8700, cx: 0x8001, es: 0x2000})
	require.True(t, f.cf(), "more than 64 KiB")
}

func TestWaitEndsAfterItsTime(t *testing.T) {
	k := newKit(t, nil)
	f := k.once(vecSystem, frame{ax: 0x8600, dx: 3000})
	require.Equal(t, uint16(statusWait), f.status)
	require.NotZero(t, k.ports.cmos[rtcB]&rtcPIE, "the periodic interrupt is on")
	other := k.once(vecSystem, frame{ax: 0x8600, dx: 1})
	require.True(t, other.cf(), "one wait at a time")
	require.Equal(t, byte(0x83), other.ax.h())
	ticks := 0
	for ; f.status == statusWait; ticks++ {
		k.ports.cmos[rtcC] = rtcPF
		k.call(vecClockIRQ, frame{})
		f.status = 0
		f = k.once(vecSystem, f)
		require.Less(t, ticks, 10)
	}
	require.Equal(t, 4, ticks, "3000 us in periods of 976 us")
	require.False(t, f.cf())
	require.Zero(t, k.ports.cmos[rtcB]&rtcPIE)
}

func TestEventWaitSetsTheFlag(t *testing.T) {
	k := newKit(t, nil)
	k.mem.Write(0x30010, []byte{1})
	f := k.call(vecSystem, frame{ax: 0x8300, dx: 500, es: 0x3000, bx: 0x10})
	require.False(t, f.cf())
	k.ports.cmos[rtcC] = rtcPF
	k.call(vecClockIRQ, frame{})
	require.Equal(t, byte(0x81), k.bytes(0x30010, 1)[0])
}

func TestA20(t *testing.T) {
	k := newKit(t, nil)
	require.Equal(t, byte(1), k.call(vecSystem, frame{ax: 0x2402}).ax.l(), "on after POST")
	require.False(t, k.call(vecSystem, frame{ax: 0x2400}).cf())
	require.Equal(t, byte(0), k.call(vecSystem, frame{ax: 0x2402}).ax.l())
	require.False(t, k.call(vecSystem, frame{ax: 0x2401}).cf())
	require.Equal(t, byte(1), k.call(vecSystem, frame{ax: 0x2402}).ax.l())
	require.Zero(t, k.ports.last[portA20]&1, "bit 0 would reset the machine")
}

func TestUnknownSystemFunctions(t *testing.T) {
	k := newKit(t, nil)
	for _, ax := range []reg{0x5300, 0xe980, 0xe8ff, 0x2404, 0xff00} {
		f := k.call(vecSystem, frame{ax: ax})
		require.True(t, f.cf(), "%x", ax)
		require.Equal(t, byte(0x86), f.ax.h(), "%x", ax)
	}
}

func TestKeyboardInterceptKeepsCarryAndScanCode(t *testing.T) {
	k := newKit(t, nil)
	f := k.call(vecSystem, frame{ax: 0x4f1e, flags: x86.CF})
	require.True(t, f.cf())
	require.Equal(t, uint16(0x4f1e), f.ax.x())
}

func TestSerialSendsAndTimesOut(t *testing.T) {
	k := newKit(t, nil)
	k.ports.last[portCOM1+uartLSR] = lsrTHRE
	f := k.call(vecSerial, frame{ax: 0x0141})
	require.Zero(t, f.ax.h()&0x80)
	require.Contains(t, k.ports.log, portWrite{portCOM1, 'A'})
	f = k.once(vecSerial, frame{ax: 0x0200})
	require.Equal(t, uint16(statusPoll), f.status, "nothing was received yet")
	f.scratch, f.status = serialPolls, 0
	require.NotZero(t, k.once(vecSerial, f).ax.h()&0x80)
	require.NotZero(t, k.call(vecSerial, frame{ax: 0x0300, dx: 7}).ax.h()&0x80, "no such port")
}
