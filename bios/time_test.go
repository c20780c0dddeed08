package bios

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTicks(t *testing.T) {
	k := newKit(t, nil)
	k.b.setBDADword(bdaTicks, 0x00123456)
	k.b.setBDAByte(bdaMidnight, 1)
	f := k.call(vecTime, frame{})
	require.Equal(t, []uint16{0x12, 0x3456, 1}, []uint16{f.cx.x(), f.dx.x(), f.ax.x()})
	require.Equal(t, byte(0), k.call(vecTime, frame{}).ax.l(), "midnight is told once")
	k.call(vecTime, frame{ax: 0x0100, cx: 1, dx: 2})
	require.Equal(t, uint32(0x10002), k.b.bdaDword(bdaTicks))
}

func TestTicksStartAtTheTimeOfDay(t *testing.T) {
	k := newKit(t, nil)
	k.ports.cmos[rtcHours], k.ports.cmos[rtcMinutes], k.ports.cmos[rtcSeconds] = 0x12, 0x30, 0x15
	k.post()
	require.Equal(t, uint32((12*3600+30*60+15)*1193182/65536), k.b.bdaDword(bdaTicks))
}

func TestClock(t *testing.T) {
	k := newKit(t, nil)
	k.ports.cmos[rtcHours], k.ports.cmos[rtcMinutes], k.ports.cmos[rtcSeconds] = 0x23, 0x59, 0x58
	k.ports.cmos[rtcCentury], k.ports.cmos[rtcYear], k.ports.cmos[rtcMonth], k.ports.cmos[rtcDay] = 0x20, 0x26, 0x11, 0x21
	f := k.call(vecTime, frame{ax: 0x0200})
	require.Equal(t, []uint16{0x2359, 0x5800}, []uint16{f.cx.x(), f.dx.x()})
	f = k.call(vecTime, frame{ax: 0x0400})
	require.Equal(t, []uint16{0x2026, 0x1121}, []uint16{f.cx.x(), f.dx.x()})
	k.call(vecTime, frame{ax: 0x0300, cx: 0x0102, dx: 0x0300})
	require.Equal(t, []byte{3, 2, 1}, []byte{k.ports.cmos[rtcSeconds], k.ports.cmos[rtcMinutes], k.ports.cmos[rtcHours]})
	require.Zero(t, k.ports.cmos[rtcB]&rtcSet)
	k.ports.cmos[rtcA] |= rtcUIP
	require.Equal(t, uint16(statusPoll), k.once(vecTime, frame{ax: 0x0200}).status)
	require.True(t, k.once(vecTime, frame{ax: 0x0200, scratch: 1 << 20}).cf(), "a dead chip")
}

func TestAlarm(t *testing.T) {
	k := newKit(t, nil)
	require.False(t, k.call(vecTime, frame{ax: 0x0600, cx: 0x0607, dx: 0x0800}).cf())
	require.True(t, k.call(vecTime, frame{ax: 0x0600}).cf(), "one at a time")
	k.ports.cmos[rtcC] = rtcAF
	require.Equal(t, byte(1), k.call(vecClockIRQ, frame{}).ax.h())
	k.call(vecTime, frame{ax: 0x0700})
	require.Zero(t, k.call(vecClockIRQ, frame{}).ax.h())
}

// pciBoard is the machine's own: host bridge, PIIX3, IDE, power management,
// and a card with both kinds of base registers.
func pciBoard(p *fakePorts) (card *[256]uint8) {
	p.addPCI(0, 0, 0x12378086, 0x060000, false)
	p.addPCI(1, 0, idPIIX3ISA, 0x060100, true)
	p.addPCI(1, 1, idPIIX3IDE, 0x010180, false)
	p.addPCI(1, 3, idPIIX4PM, 0x068000, false)
	card = p.addPCI(3, 0, 0x56781234, 0x020000, false)
	for slot := range uint8(32) {
		for fn := range uint8(8) {
			a := pciAddr(0, slot<<3|fn)
			for r := uint32(pciBAR0); r < 0x28; r += 4 {
				p.sizes[a|r] = 0
			}
		}
	}
	ide := pciAddr(0, 1<<3|1)
	p.sizes[ide|0x20] = 0xfff0
	p.pci[ide][0x20] = 1
	a := pciAddr(0, 3<<3)
	p.sizes[a|0x10] = 0xfff00000
	p.sizes[a|0x14] = 0xffffffe0
	card[0x14] = 1
	card[pciIntPin] = 1
	return card
}

func TestPCIIsSetUp(t *testing.T) {
	k := newKit(t, nil)
	card := pciBoard(k.ports)
	k.post()
	isa, ide, pm := k.ports.pci[pciAddr(0, 8)], k.ports.pci[pciAddr(0, 9)], k.ports.pci[pciAddr(0, 11)]
	require.Equal(t, []byte{10, 10, 11, 11}, isa[0x60:0x64])
	require.Equal(t, []byte{0x01, 0xc0}, ide[0x20:0x22], "bus master registers at C000h")
	require.Equal(t, byte(5), ide[pciCommand]&5)
	require.Equal(t, []byte{0, 0x80, 0, 0x80}, ide[0x40:0x44])
	require.Equal(t, []byte{0x01, 0x06}, pm[0x40:0x42])
	require.Equal(t, byte(1), pm[0x80])
	require.Equal(t, []byte{0, 0, 0, 0xe0}, card[0x10:0x14])
	require.Equal(t, []byte{0x21, 0xc0}, card[0x14:0x16], "aligned after the IDE's")
	require.Equal(t, byte(3), card[pciCommand])
	require.Equal(t, byte(11), card[pciIntLine], "slot 3, INTA is PIRQC")
	require.Equal(t, byte(0x0e), k.ports.last[portELCR+1])
}

func TestPCIBIOS(t *testing.T) {
	k := newKit(t, nil)
	pciBoard(k.ports)
	k.post()
	f := k.call(vecTime, frame{ax: 0xb101})
	require.Equal(t, []reg{0x20494350, 0x0210}, []reg{f.dx, f.bx})
	f = k.call(vecTime, frame{ax: 0xb102, cx: 0x7113, dx: 0x8086})
	require.False(t, f.cf())
	require.Equal(t, uint16(0x000b), f.bx.x())
	f = k.call(vecTime, frame{ax: 0xb103, cx: 0x010180})
	require.Equal(t, uint16(0x0009), f.bx.x())
	f = k.call(vecTime, frame{ax: 0xb103, cx: 0x010180, si: 1})
	require.Equal(t, byte(pciNotFound), f.ax.h())
	f = k.call(vecTime, frame{ax: 0xb109, bx: 0x0008, di: 2})
	require.Equal(t, uint16(0x7000), f.cx.x())
	f = k.call(vecTime, frame{ax: 0xb10a, bx: 0x0008, di: 2})
	require.Equal(t, byte(pciBadRegister), f.ax.h())
	k.call(vecTime, frame{ax: 0xb10b, bx: 0x0018, di: 0x3c, cx: 5})
	require.Equal(t, uint32(5), uint32(k.call(vecTime, frame{ax: 0xb108, bx: 0x0018, di: 0x3c}).cx.l()))
}

func TestPCIRoutingBuffer(t *testing.T) {
	k := newKit(t, nil)
	k.mem.Write(0x20000, []byte{0, 0, 0, 0, 0, 0x30})
	f := k.call(vecTime, frame{ax: 0xb10e, es: 0x2000})
	require.Equal(t, byte(pciBufferSmall), f.ax.h())
	require.Equal(t, byte(pirSlots*pirSlotSize), k.bytes(0x20000, 1)[0])
	f = k.call(vecTime, frame{ax: 0xb10e, es: 0x2000})
	require.False(t, f.cf())
	require.Equal(t, pirTable()[pirHeaderSize:], k.bytes(0x30000, pirSlots*pirSlotSize))
}

func TestPIRQ(t *testing.T) {
	for _, c := range []struct{ slot, pin, want int }{{1, 0, 0}, {1, 3, 3}, {2, 0, 1}, {3, 0, 2}, {4, 0, 3}, {5, 0, 0}, {0, 0, 3}} {
		require.Equal(t, c.want, PIRQ(c.slot, c.pin), "slot %d pin %d", c.slot, c.pin)
	}
}
