package ide

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

func TestAttach(t *testing.T) {
	r := newRig(t, newDisk(1))
	require.ErrorContains(t, r.Attach(0, 0, newDisk(1)), "taken")
	require.ErrorContains(t, r.Attach(2, 0, newDisk(1)), "no drive")
	require.ErrorContains(t, r.Attach(0, 1, newDisk(0)), "no sector")
}

func TestPresence(t *testing.T) {
	for _, row := range []struct {
		name   string
		disks  []*memDisk
		device uint8
		status uint8
	}{
		{"master", []*memDisk{newDisk(1)}, 0xa0, 0x50},
		{"absent slave", []*memDisk{newDisk(1)}, 0xb0, 0x00},
		{"slave", []*memDisk{newDisk(1), newDisk(1)}, 0xb0, 0x50},
		{"absent master", []*memDisk{nil, newDisk(1)}, 0xa0, 0x00},
		{"empty cable, DD7 pulled down", nil, 0xa0, 0x7f},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t, row.disks...)
			r.out(0x1f6, row.device)
			require.Equal(t, row.status, r.in(0x1f7))
			require.Equal(t, row.status, r.in(0x3f6))
			r.out(0x1f7, 0xec)
			r.clock.Advance(commandDelay)
			require.Equal(t, row.status == 0x50, r.irq[0], "absent drives execute nothing")
		})
	}
}

// words gives IDENTIFY DEVICE of the selected drive.
func (r *rig) identify() (w [256]uint16) {
	require.Equal(r.t, uint8(0x58), r.exec(0xec))
	p := r.readBlock(512, 2)
	require.Equal(r.t, uint8(0x50), r.in(0x1f7))
	var sum byte
	for i, b := range p {
		sum += b
		if i&1 == 1 {
			w[i/2] = binary.LittleEndian.Uint16(p[i-1:])
		}
	}
	require.Zero(r.t, sum, "checksum")
	return w
}

func atatext(w []uint16) string {
	var b []byte
	for _, v := range w {
		b = append(b, byte(v>>8), byte(v))
	}
	return strings.TrimRight(string(b), " ")
}

func TestIdentify(t *testing.T) {
	r := newRig(t, newDisk(100_000), newDisk(3))
	r.out(0x1f6, 0xa0)
	w := r.identify()
	require.Equal(t, "RINGZERO HARDDISK", atatext(w[27:47]))
	require.Equal(t, "RZ00001", atatext(w[10:20]))
	require.Equal(t, []uint16{99, 16, 63}, []uint16{w[1], w[3], w[6]})
	require.Equal(t, []uint16{99, 16, 63}, w[54:57])
	require.Equal(t, uint32(99*16*63), uint32(w[57])|uint32(w[58])<<16)
	require.Equal(t, uint32(100_000), uint32(w[60])|uint32(w[61])<<16)
	require.Equal(t, []uint16{0x86a0, 1, 0, 0}, w[100:104])
	require.Equal(t, uint16(1<<10), w[83]&w[86]&(1<<10), "48-bit addresses")
	require.Equal(t, uint16(0x300), w[49]&0x300, "LBA and DMA")
	require.Equal(t, uint16(7), w[63]&7)
	require.Equal(t, uint16(7), w[88]&0xff)

	r.out(0x1f6, 0xb0)
	w = r.identify()
	require.Equal(t, "RZ00002", atatext(w[10:20]))
	require.Equal(t, uint16(3), w[60])
	require.Equal(t, uint16(1), w[1])
}

func TestReadSectors(t *testing.T) {
	for _, row := range []struct {
		name       string
		op         uint8
		setup      func(r *rig)
		lba, count int
		block      int // sectors an interrupt
		width      int
	}{
		{"LBA28", 0x20, func(r *rig) { r.lba28(5, 3) }, 5, 3, 1, 2},
		{"LBA28 by dwords", 0x21, func(r *rig) { r.lba28(5, 1) }, 5, 1, 1, 4},
		{"count 0 is 256", 0x20, func(r *rig) { r.lba28(1000, 0) }, 1000, 256, 1, 2},
		{"CHS", 0x20, func(r *rig) { r.taskfile(2, 63, 1, 0, 0xa2) }, (1*16+2)*63 + 62, 2, 1, 2},
		{"LBA48", 0x24, func(r *rig) { r.lba48(700, 2) }, 700, 2, 1, 2},
		{"LBA48 of more than 256", 0x24, func(r *rig) { r.lba48(7, 257) }, 7, 257, 1, 4},
		{"multiple", 0xc4, func(r *rig) { r.lba28(9, 20) }, 9, 20, 8, 2},
		{"multiple, 48 bits", 0x29, func(r *rig) { r.lba48(9, 16) }, 9, 16, 8, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			disk := newDisk(4000)
			r := newRig(t, disk)
			r.taskfile(8, 0, 0, 0, 0xa0)
			require.Equal(t, uint8(0x50), r.exec(0xc6))
			row.setup(r)
			r.out(0x1f7, row.op)
			var got []byte
			for left := row.count; left > 0; left -= row.block {
				require.Equal(t, uint8(0x58), r.settle())
				require.True(t, r.irq[0])
				r.in(0x1f7)
				got = append(got, r.readBlock(min(left, row.block)*512, row.width)...)
			}
			require.Equal(t, uint8(0x50), r.in(0x3f6))
			require.False(t, r.irq[0], "the last block ends quietly")
			require.True(t, bytes.Equal(disk.sectors(row.lba, row.count), got))
			require.Equal(t, uint64(0xffff), r.ports.In(0x1f0, 2), "nothing more")
			require.Equal(t, uint64(bus.Never), r.clock.Next())
		})
	}
}

func TestWriteSectors(t *testing.T) {
	for _, row := range []struct {
		name       string
		op         uint8
		setup      func(r *rig)
		lba, count int
		block      int
		width      int
	}{
		{"LBA28", 0x30, func(r *rig) { r.lba28(5, 3) }, 5, 3, 1, 2},
		{"CHS by dwords", 0x31, func(r *rig) { r.taskfile(1, 1, 0, 0, 0xa1) }, 63, 1, 1, 4},
		{"LBA48", 0x34, func(r *rig) { r.lba48(700, 2) }, 700, 2, 1, 2},
		{"multiple", 0xc5, func(r *rig) { r.lba28(9, 20) }, 9, 20, 16, 2},
		{"multiple, 48 bits", 0x39, func(r *rig) { r.lba48(9, 33) }, 9, 33, 16, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			disk := newDisk(4000)
			r := newRig(t, disk)
			r.taskfile(16, 0, 0, 0, 0xa0)
			r.exec(0xc6)
			want := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 64*row.count)
			before := disk.sectors(0, 4000)
			row.setup(r)
			r.out(0x1f7, row.op)
			for done := 0; done < row.count; done += row.block {
				require.Equal(t, uint8(0x58), r.settle())
				require.Equal(t, done > 0, r.irq[0], "the first block is asked for quietly")
				r.in(0x1f7)
				end := min(done+row.block, row.count)
				r.writeBlock(want[done*512:end*512], row.width)
			}
			require.Equal(t, uint8(0x50), r.settle())
			require.True(t, r.irq[0])
			copy(before[row.lba*512:], want)
			require.True(t, bytes.Equal(before, disk.data))
		})
	}
}

func TestErrors(t *testing.T) {
	for _, row := range []struct {
		name          string
		op            uint8
		setup         func(r *rig, d *memDisk)
		status, error uint8
	}{
		{"past the end", 0x20, func(r *rig, _ *memDisk) { r.lba28(99, 2) }, 0x51, erIDNF},
		{"far past the end", 0x24, func(r *rig, _ *memDisk) { r.lba48(1<<48-1, 0) }, 0x51, erIDNF},
		{"write past the end", 0x30, func(r *rig, _ *memDisk) { r.lba28(100, 1) }, 0x51, erIDNF},
		{"DMA past the end", 0xc8, func(r *rig, _ *memDisk) { r.lba28(100, 1) }, 0x51, erIDNF},
		{"sector 0", 0x20, func(r *rig, _ *memDisk) { r.taskfile(1, 0, 0, 0, 0xa0) }, 0x51, erIDNF},
		{"sector 64", 0x20, func(r *rig, _ *memDisk) { r.taskfile(1, 64, 0, 0, 0xa0) }, 0x51, erIDNF},
		{"seek too far", 0x70, func(r *rig, _ *memDisk) { r.lba28(100, 0) }, 0x51, erIDNF},
		{"verify past the end", 0x40, func(r *rig, _ *memDisk) { r.lba28(99, 2) }, 0x51, erIDNF},
		{"bad sector", 0x20, func(r *rig, d *memDisk) { d.bad[7] = true; r.lba28(7, 1) }, 0x51, erUNC},
		{"verify a bad sector", 0x40, func(r *rig, d *memDisk) { d.bad[7] = true; r.lba28(1, 20) }, 0x51, erUNC},
		{"write to a read-only disk", 0x30, func(r *rig, d *memDisk) { d.readOnly = true; r.lba28(1, 1) }, 0x51, erABRT},
		{"DMA to a read-only disk", 0xca, func(r *rig, d *memDisk) { d.readOnly = true; r.lba28(1, 1) }, 0x51, erABRT},
		{"multiple without SET MULTIPLE", 0xc4, func(r *rig, _ *memDisk) { r.lba28(1, 1) }, 0x51, erABRT},
		{"multiple of 3", 0xc6, func(r *rig, _ *memDisk) { r.taskfile(3, 0, 0, 0, 0xa0) }, 0x51, erABRT},
		{"multiple of 32", 0xc6, func(r *rig, _ *memDisk) { r.taskfile(32, 0, 0, 0, 0xa0) }, 0x51, erABRT},
		{"flush fails", 0xe7, func(r *rig, d *memDisk) { d.flushErr = errors.New("full") }, 0x71, erABRT},
		{"IDENTIFY PACKET DEVICE", 0xa1, func(*rig, *memDisk) {}, 0x51, erABRT},
		{"DEVICE RESET", 0x08, func(*rig, *memDisk) {}, 0x51, erABRT},
		{"NOP", 0x00, func(*rig, *memDisk) {}, 0x51, erABRT},
		{"no such feature", 0xef, func(r *rig, _ *memDisk) { r.out(0x1f1, 0x99) }, 0x51, erABRT},
		{"no such mode", 0xef, func(r *rig, _ *memDisk) { r.out(0x1f1, 3); r.out(0x1f2, 0x43) }, 0x51, erABRT},
		{"geometry without sectors", 0x91, func(r *rig, _ *memDisk) { r.out(0x1f2, 0) }, 0x51, erABRT},
	} {
		t.Run(row.name, func(t *testing.T) {
			disk := newDisk(100)
			r := newRig(t, disk)
			row.setup(r, disk)
			before := disk.sectors(0, 100)
			require.Equal(t, row.status, r.exec(row.op))
			require.Equal(t, row.error, r.in(0x1f1))
			require.Equal(t, before, disk.data)
			r.lba28(0, 1)
			require.Equal(t, uint8(0x58), r.exec(0x20), "the next command works")
			require.Zero(t, r.in(0x1f1))
		})
	}
}

func TestErrorNamesTheSector(t *testing.T) {
	disk := newDisk(100)
	disk.bad[13] = true
	r := newRig(t, disk)
	r.taskfile(16, 0, 0, 0, 0xa0)
	r.exec(0xc6)
	r.lba28(10, 8)
	require.Equal(t, uint8(0x51), r.exec(0xc4))
	require.Equal(t, uint8(13), r.in(0x1f3))
	require.Equal(t, uint8(5), r.in(0x1f2), "sectors not done")
}

func TestWriteFault(t *testing.T) {
	disk := newDisk(100)
	disk.bad[11] = true
	r := newRig(t, disk)
	r.lba28(10, 2)
	r.out(0x1f7, 0x30)
	r.settle()
	r.writeBlock(make([]byte, 512), 2)
	require.Equal(t, uint8(0x58), r.settle())
	r.writeBlock(make([]byte, 512), 2)
	require.Equal(t, uint8(0x71), r.settle())
	require.True(t, r.irq[0])
	require.Equal(t, make([]byte, 512), disk.sectors(10, 1), "what came before stays")
	require.Equal(t, uint8(11), r.in(0x1f3))
}

func TestInterruptMask(t *testing.T) {
	r := newRig(t, newDisk(100), newDisk(100))
	r.out(0x3f6, ctlNIEN)
	r.lba28(0, 1)
	r.out(0x1f7, 0x20)
	require.Equal(t, uint8(0x58), r.settle())
	require.False(t, r.irq[0])
	r.out(0x3f6, 0)
	require.True(t, r.irq[0], "still pending")
	r.out(0x1f6, 0xb0)
	require.False(t, r.irq[0], "the other drive has none")
	r.out(0x1f6, 0xa0)
	require.True(t, r.irq[0])
	r.in(0x3f6)
	require.True(t, r.irq[0], "the alternate status leaves it")
	r.out(0x1f7, 0xec)
	require.False(t, r.irq[0], "a command takes it back")
}

func TestSoftReset(t *testing.T) {
	r := newRig(t, newDisk(100), newDisk(100))
	r.taskfile(8, 0, 0, 0, 0xa0)
	r.exec(0xc6)
	r.lba28(0, 1)
	r.exec(0x20) // left in its data phase
	r.out(0x3f6, ctlSRST)
	r.clock.Advance(1_000_000)
	require.Equal(t, uint8(stBSY), r.in(0x3f6), "held")
	r.out(0x3f6, 0)
	require.Equal(t, uint8(0x50), r.settle())
	require.False(t, r.irq[0], "a reset does not interrupt")
	require.Equal(t, []uint8{1, 1, 1, 0, 0}, []uint8{r.in(0x1f1), r.in(0x1f2), r.in(0x1f3), r.in(0x1f4), r.in(0x1f5)})
	r.out(0x1f6, 0xb0)
	require.Equal(t, uint8(0x50), r.in(0x1f7))
	r.lba28(0, 8)
	require.Equal(t, uint8(0x58), r.exec(0xc4), "SET MULTIPLE survived")
	require.Len(t, r.readBlock(8*512, 4), 4096)
	require.Equal(t, uint8(0x50), r.in(0x3f6))
}

func TestDiagnostic(t *testing.T) {
	r := newRig(t, newDisk(100), newDisk(100))
	r.out(0x1f6, 0xb0)
	r.taskfile(9, 9, 9, 9, 0xb0)
	r.out(0x1f7, 0x90)
	require.Equal(t, uint8(stBSY), r.in(0x3f6))
	r.clock.Advance(commandDelay)
	require.True(t, r.irq[0])
	require.Equal(t, uint8(0xa0), r.in(0x1f6), "the master is selected")
	require.Equal(t, uint8(1), r.in(0x1f1))
	require.Equal(t, uint8(0), r.in(0x1f4))
	require.Equal(t, uint8(0x50), r.in(0x1f7))
}

func TestHOB(t *testing.T) {
	r := newRig(t, newDisk(100))
	r.out(0x1f3, 0x11)
	r.out(0x1f3, 0x22)
	require.Equal(t, uint8(0x22), r.in(0x1f3))
	r.out(0x3f6, ctlHOB)
	require.Equal(t, uint8(0x11), r.in(0x1f3))
	r.out(0x1f2, 1)
	require.Equal(t, uint8(0x22), r.in(0x1f3), "a write clears HOB")
}

func TestNativeMax(t *testing.T) {
	r := newRig(t, newDisk(100_000))
	r.out(0x1f6, 0xe0)
	require.Equal(t, uint8(0x50), r.exec(0xf8))
	require.Equal(t, []uint8{0x9f, 0x86, 0x01, 0xe0}, []uint8{r.in(0x1f3), r.in(0x1f4), r.in(0x1f5), r.in(0x1f6)})
	require.Equal(t, uint8(0x50), r.exec(0x27))
	require.Equal(t, []uint8{0x9f, 0x86, 0x01}, []uint8{r.in(0x1f3), r.in(0x1f4), r.in(0x1f5)})
}

func TestGeometryIsSet(t *testing.T) {
	disk := newDisk(10_000)
	r := newRig(t, disk)
	r.taskfile(17, 0, 0, 0, 0xa3) // 4 heads of 17 sectors
	require.Equal(t, uint8(0x50), r.exec(0x91))
	r.taskfile(1, 2, 5, 0, 0xa3)
	require.Equal(t, uint8(0x58), r.exec(0x20))
	require.Equal(t, disk.sectors((5*4+3)*17+1, 1), r.readBlock(512, 2))
	require.Equal(t, uint8(2), r.in(0x1f3))
	r.taskfile(1, 2, 5, 0, 0xa4)
	require.Equal(t, uint8(0x51), r.exec(0x20))
	w := r.identify()
	require.Equal(t, []uint16{147, 4, 17}, w[54:57])
}

func TestPower(t *testing.T) {
	r := newRig(t, newDisk(100))
	check := func(want uint8) {
		t.Helper()
		require.Equal(t, uint8(0x50), r.exec(0xe5))
		require.Equal(t, want, r.in(0x1f2))
	}
	check(0xff)
	r.exec(0xe0)
	check(0)
	r.lba28(0, 1)
	r.exec(0x40)
	check(0xff)
	r.exec(0xe2)
	check(0)
	r.exec(0xe1)
	check(0xff)
	r.exec(0xe6)
	r.out(0x1f7, 0xec)
	require.Equal(t, uint64(bus.Never), r.clock.Next(), "asleep")
	r.out(0x3f6, ctlSRST)
	r.out(0x3f6, 0)
	r.settle()
	check(0xff)
}

func TestWriteCache(t *testing.T) {
	disk := newDisk(100)
	r := newRig(t, disk)
	write := func() {
		r.lba28(0, 1)
		r.out(0x1f7, 0x30)
		r.settle()
		r.writeBlock(make([]byte, 512), 2)
		require.Equal(t, uint8(0x50), r.settle())
		r.in(0x1f7)
	}
	write()
	require.Zero(t, disk.flushes)
	r.exec(0xea)
	require.Equal(t, 1, disk.flushes)
	r.out(0x1f1, 0x82)
	require.Equal(t, uint8(0x50), r.exec(0xef))
	require.Equal(t, 2, disk.flushes)
	write()
	require.Equal(t, 3, disk.flushes, "without the cache a write is on the medium")
	w := r.identify()
	require.Zero(t, w[85]&0x20)
	r.out(0x1f1, 0x02)
	r.exec(0xef)
	w = r.identify()
	require.NotZero(t, w[85]&0x20)
}

func TestTransferMode(t *testing.T) {
	r := newRig(t, newDisk(100))
	for _, row := range []struct {
		mode        uint8
		mwdma, udma uint16
	}{{0x22, 0x0407, 0x0007}, {0x20, 0x0107, 0x0007}, {0x42, 0x0007, 0x0407}, {0x0c, 0x0007, 0x0407}} {
		r.out(0x1f1, 3)
		r.out(0x1f2, row.mode)
		require.Equal(t, uint8(0x50), r.exec(0xef))
		w := r.identify()
		require.Equal(t, row.mwdma, w[63], "mode %#x", row.mode)
		require.Equal(t, row.udma, w[88], "mode %#x", row.mode)
	}
}

func TestCommandInDataPhaseReplaces(t *testing.T) {
	disk := newDisk(100)
	r := newRig(t, disk, newDisk(100))
	r.lba28(3, 1)
	r.exec(0x20)
	r.readBlock(100, 2)
	r.lba28(4, 1)
	require.Equal(t, uint8(0x58), r.exec(0x20))
	require.Equal(t, disk.sectors(4, 1), r.readBlock(512, 2))

	r.lba28(3, 1)
	r.exec(0x20)
	r.out(0x1f6, 0xb0)
	require.Equal(t, uint64(0xffff), r.ports.In(0x1f0, 2), "the other drive has no data")
	require.Equal(t, uint8(0x58), r.exec(0xec))
	r.out(0x1f6, 0xa0)
	require.Equal(t, uint8(0x50), r.in(0x1f7))
}

func TestCommandWhileBusyIsLost(t *testing.T) {
	disk := newDisk(100)
	r := newRig(t, disk)
	r.lba28(3, 1)
	r.out(0x1f7, 0x20)
	r.out(0x1f7, 0xe6)
	require.Equal(t, uint8(0x58), r.settle())
	require.Equal(t, disk.sectors(3, 1), r.readBlock(512, 2))
}

func TestOddAccesses(t *testing.T) {
	disk := newDisk(100)
	r := newRig(t, disk)
	r.ports.Out(0x1f2, 4, 0x0000_0701) // Count to LBA High at once
	r.out(0x1f6, 0xe0)
	require.Equal(t, uint64(0x0701), r.ports.In(0x1f2, 2))
	require.Equal(t, uint8(0x58), r.exec(0x20))
	want := disk.sectors(7, 1)
	require.Equal(t, uint64(want[0]), r.ports.In(0x1f0, 1), "a byte takes a word")
	require.Equal(t, uint64(want[2]), r.ports.In(0x1f0, 1))
}

func TestChannelsAreApart(t *testing.T) {
	b := newDisk(100)
	r := newRig(t, nil, nil, b)
	for i, v := range []uint8{1, 5, 0, 0, 0xe0, 0x20} {
		r.out(0x172+uint16(i), v)
	}
	r.clock.Advance(commandDelay)
	require.Equal(t, [2]bool{false, true}, r.irq)
	require.Equal(t, uint8(0x58), r.in(0x177))
	require.Equal(t, uint64(binary.LittleEndian.Uint16(b.data[5*512:])), r.ports.In(0x170, 2))
	require.Equal(t, uint8(0x7f), r.in(0x1f7))
}

// TestSoftResetIsQuick: a driver that selects a drive right after SRST and sends
// its command finds it ready.
func TestSoftResetIsQuick(t *testing.T) {
	r := newRig(t, newDisk(100))
	r.out(0x3f6, ctlSRST)
	require.Equal(t, uint8(0x80), r.in(0x3f6))
	r.out(0x3f6, 0)
	require.Equal(t, uint8(0x80), r.in(0x3f6))
	r.clock.Advance(2 * bus.CyclePCI)
	r.out(0x1f7, 0xec)
	r.settle()
	require.Equal(t, uint8(0x58), r.in(0x1f7))
}

// TestEmptyCableIsNotBusy: whatever is read there, BSY is clear.
func TestEmptyCableIsNotBusy(t *testing.T) {
	r := newRig(t)
	for _, port := range []uint16{0x1f1, 0x1f7, 0x3f6, 0x177} {
		require.Equal(t, uint8(0x7f), r.in(port))
	}
	require.Equal(t, uint64(0xff7f), r.ports.In(0x1f0, 2))
}
