package ide

import (
	"bytes"
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

func TestConfig(t *testing.T) {
	r := newRig(t)
	require.Equal(t, uint32(0x7010_8086), r.ReadConfig(0, 4))
	require.Equal(t, uint32(0x0101_8000), r.ReadConfig(8, 4))
	r.WriteConfig(0x40, 4, 0xa307_8000)
	require.Equal(t, uint32(0xa307_8000), r.ReadConfig(0x40, 4))
	r.WriteConfig(0x10, 4, 0xffff_ffff)
	require.Zero(t, r.ReadConfig(0x10, 4), "legacy ports are not relocatable")
	r.WriteConfig(0x20, 4, 0xffff_ffff)
	require.Equal(t, uint32(0xffff_fff1), r.ReadConfig(0x20, 4), "16 ports")
}

func TestBAR4Moves(t *testing.T) {
	r := newRig(t)
	require.Equal(t, "IDE bus master", r.ports.Name(bmBase+15))
	r.WriteConfig(4, 2, 0)
	require.Equal(t, "", r.ports.Name(bmBase))
	r.WriteConfig(0x20, 4, 0x1f1)
	r.WriteConfig(4, 2, 1)
	require.ErrorContains(t, r.MapError(), "overlaps ide")
	r.WriteConfig(0x20, 4, 0xd001)
	require.NoError(t, r.MapError())
	require.Equal(t, "IDE bus master", r.ports.Name(0xd000))
	r.Reset()
	require.Equal(t, "", r.ports.Name(0xd000))
}

func TestDMA(t *testing.T) {
	whole := [][2]uint32{{0x2000, 0x1000}}
	for _, row := range []struct {
		name   string
		op     uint8
		table  [][2]uint32
		first  bool  // the engine is started before the command
		status uint8 // of the bus master at the interrupt
	}{
		{"READ DMA", 0xc8, whole, false, bmInterrupt},
		{"READ DMA, engine first", 0xc8, whole, true, bmInterrupt},
		{"READ DMA EXT", 0x25, whole, false, bmInterrupt},
		{"READ DMA in odd pieces", 0xc8, [][2]uint32{{0x9000, 2}, {0x8000, 0x7fe}, {0x2802, 0x800}}, false, bmInterrupt},
		{"READ DMA, table too long", 0xc8, [][2]uint32{{0x2000, 0x2000}}, false, bmInterrupt | bmActive},
		{"READ DMA, 64 KiB region", 0xc8, [][2]uint32{{0x10000, 0}}, false, bmInterrupt | bmActive},
		{"WRITE DMA", 0xca, whole, false, bmInterrupt},
		{"WRITE DMA in odd pieces", 0xcb, [][2]uint32{{0x9000, 2}, {0x8000, 0x7fe}, {0x2802, 0x800}}, true, bmInterrupt},
		{"WRITE DMA EXT", 0x35, whole, false, bmInterrupt},
	} {
		t.Run(row.name, func(t *testing.T) {
			disk := newDisk(100)
			r := newRig(t, disk)
			write := commands[row.op].protocol == dmaOut
			for i := range r.mem[0x2000:0x20000] {
				r.mem[0x2000+i] = byte(i*13 + i>>8)
			}
			r.prd(row.table...)
			gather := func() (p []byte) {
				for _, e := range row.table {
					n := (e[1]-1)&0xffff + 1
					p = append(p, r.mem[e[0]:e[0]+n]...)
				}
				return p[:0x1000]
			}
			ram := bytes.Clone(gather())
			r.lba48(20, 8)
			start := func() { r.out(bmBase, bmStart|bmRead) }
			if row.first {
				start()
			}
			r.out(0x1f7, row.op)
			if !row.first {
				r.clock.Advance(commandDelay * 10)
				require.Equal(t, uint8(0x58), r.in(0x3f6), "the drive waits for the engine")
				require.False(t, r.irq[0])
				start()
			}
			require.Equal(t, uint8(bmActive), r.bmStatus()&bmActive)
			require.Equal(t, uint8(0x50), r.settle())
			require.True(t, r.irq[0])
			require.Equal(t, row.status, r.bmStatus())
			if write {
				require.True(t, bytes.Equal(ram, disk.sectors(20, 8)))
			} else {
				require.True(t, bytes.Equal(disk.sectors(20, 8), gather()))
			}
			r.out(bmBase, 0)
			r.out(bmBase+2, bmInterrupt|bmCapable0)
			require.Equal(t, uint8(bmCapable0), r.bmStatus())
			require.True(t, r.irq[0], "the drive's own interrupt stays")
			require.Equal(t, uint8(0x50), r.in(0x1f7))
			require.False(t, r.irq[0])
			require.Equal(t, 1, r.edges[0])
		})
	}
}

func TestDMATableTooShort(t *testing.T) {
	disk := newDisk(100)
	r := newRig(t, disk)
	r.prd([2]uint32{0x2000, 0x600})
	r.lba28(10, 8)
	r.out(0x1f7, 0xc8)
	r.out(bmBase, bmStart|bmRead)
	require.Equal(t, uint8(0x58), r.settle(), "the drive still asks for data")
	require.False(t, r.irq[0])
	require.Zero(t, r.bmStatus())
	require.Equal(t, disk.sectors(10, 3), []byte(r.mem[0x2000:0x2600]))

	r.prd([2]uint32{0x3000, 0xa00})
	r.out(bmBase, 0)
	r.out(bmBase, bmStart|bmRead)
	require.Equal(t, uint8(0x50), r.settle())
	require.True(t, r.irq[0])
	require.Equal(t, disk.sectors(13, 5), []byte(r.mem[0x3000:0x3a00]))
}

func TestDMAWriteTooShort(t *testing.T) {
	disk := newDisk(100)
	r := newRig(t, disk)
	want := disk.sectors(0, 100)
	r.prd([2]uint32{0x2000, 0x300})
	r.lba28(10, 2)
	r.out(0x1f7, 0xca)
	r.out(bmBase, bmStart)
	require.Equal(t, uint8(0x58), r.settle())
	copy(want[10*512:], r.mem[0x2000:0x2200])
	require.Equal(t, want, disk.data, "no part of a sector is written")
	r.out(0x3f6, ctlSRST)
	r.out(0x3f6, 0)
	require.Equal(t, uint8(0x50), r.settle())
}

func TestDMAEndlessTable(t *testing.T) {
	r := newRig(t, newDisk(70_000))
	for i := range r.mem { // two bytes at 0, never the end
		r.mem[i] = 0
	}
	for i := 4; i < len(r.mem); i += 8 {
		r.mem[i] = 2
	}
	r.ports.Out(bmBase+4, 4, 0x10000)
	r.lba48(0, 0)
	r.out(0x1f7, 0x35)
	r.out(bmBase, bmStart)
	require.Equal(t, uint8(0x58), r.settle())
	require.Equal(t, uint8(bmError), r.bmStatus())
	require.False(t, r.irq[0])
}

func TestDMAErrors(t *testing.T) {
	for _, row := range []struct {
		name          string
		op            uint8
		status, error uint8
	}{
		{"read", 0xc8, 0x51, erUNC},
		{"write", 0xca, 0x71, erABRT},
	} {
		t.Run(row.name, func(t *testing.T) {
			disk := newDisk(100)
			disk.bad[12] = true
			r := newRig(t, disk)
			copy(r.mem[0x2000:], bytes.Repeat([]byte{0xee}, 0x800))
			r.prd([2]uint32{0x2000, 0x800})
			r.lba28(10, 4)
			r.out(0x1f7, row.op)
			r.out(bmBase, bmStart)
			require.Equal(t, row.status, r.settle())
			require.True(t, r.irq[0])
			require.Equal(t, row.error, r.in(0x1f1))
			require.Equal(t, uint8(12), r.in(0x1f3))
			require.Equal(t, uint8(2), r.in(0x1f2))
			require.Equal(t, uint8(bmInterrupt|bmActive), r.bmStatus(), "the table is not used up")
			require.Equal(t, disk.sectors(10, 2), []byte(r.mem[0x2000:0x2400]), "two good sectors")
		})
	}
}

func TestDMAStopAndMasterEnable(t *testing.T) {
	disk := newDisk(100)
	r := newRig(t, disk)
	r.prd([2]uint32{0x2000, 0x200})
	r.lba28(1, 1)
	r.out(0x1f7, 0xc8)
	r.clock.Advance(commandDelay)
	r.out(bmBase, bmStart|bmRead)
	r.out(bmBase, 0)
	r.clock.Advance(commandDelay * 2)
	require.False(t, r.irq[0], "stopped in time")
	require.Equal(t, uint8(0x58), r.in(0x3f6))

	r.WriteConfig(4, 2, 1)
	r.out(bmBase, bmStart|bmRead)
	r.clock.Advance(commandDelay * 2)
	require.False(t, r.irq[0], "not a bus master")
	r.WriteConfig(4, 2, 5)
	r.clock.Advance(commandDelay)
	require.True(t, r.irq[0])
	require.Equal(t, disk.sectors(1, 1), []byte(r.mem[0x2000:0x2200]))
}

func TestBusMasterRegisters(t *testing.T) {
	r := newRig(t)
	r.ports.Out(bmBase+4, 4, 0x1234_5677)
	require.Equal(t, uint64(0x1234_5674), r.ports.In(bmBase+4, 4))
	r.ports.Out(bmBase+13, 2, 0xabcd)
	require.Equal(t, uint64(0x00ab_cd00), r.ports.In(bmBase+12, 4))
	r.out(bmBase+2, 0xff)
	require.Equal(t, uint8(0x60), r.bmStatus())
	require.Zero(t, r.in(bmBase+1))
}

func TestHugeTransferIsWhole(t *testing.T) {
	disk := newDisk(65_536)
	r := newRig(t, disk)
	rows := make([][2]uint32, 512)
	for i := range rows {
		rows[i] = [2]uint32{0x40000, 0}
	}
	r.prd(rows...)
	r.lba48(0, 0)
	r.out(0x1f7, 0x25)
	r.out(bmBase, bmStart|bmRead)
	require.Equal(t, uint8(0x50), r.settle())
	require.Equal(t, uint8(bmInterrupt), r.bmStatus())
	require.Equal(t, uint8(0xff), r.in(0x1f3))
}

func TestSaveLoad(t *testing.T) {
	steps := []struct {
		name string
		do   func(r *rig)
	}{
		{"reset", func(*rig) {}},
		{"busy", func(r *rig) { r.lba28(3, 2); r.out(0x1f7, 0x20) }},
		{"data phase", func(r *rig) { r.clock.Advance(commandDelay); r.readBlock(100, 2) }},
		{"between blocks", func(r *rig) { r.readBlock(412, 2) }},
		{"waiting for the engine", func(r *rig) {
			r.out(0x3f6, ctlSRST)
			r.out(0x3f6, 0)
			r.clock.Advance(resetDelay)
			r.prd([2]uint32{0x2000, 0x200})
			r.lba28(7, 1)
			r.out(0x1f7, 0xc8)
			r.clock.Advance(commandDelay)
		}},
		{"engine running", func(r *rig) { r.out(bmBase, bmStart|bmRead); r.clock.Advance(100) }},
		{"interrupt pending", func(r *rig) { r.clock.Advance(commandDelay) }},
		{"held in reset", func(r *rig) { r.out(0x3f6, ctlSRST) }},
	}
	a := newRig(t, newDisk(100), newDisk(50))
	for _, step := range steps {
		step.do(a)
		saved := a.Save()
		b := newRig(t, newDisk(100), newDisk(50))
		b.clock.Restore(a.clock.Now())
		copy(b.mem, a.mem)
		require.NoError(t, b.Load(saved), step.name)
		require.Equal(t, saved, b.Save(), step.name)
		require.Zero(t, b.edges[0], step.name)
		require.Equal(t, a.clock.Next(), b.clock.Next(), step.name)

		// Both go on alike.
		c := newRig(t, newDisk(100), newDisk(50))
		c.clock.Restore(a.clock.Now())
		copy(c.mem, a.mem)
		require.NoError(t, c.Load(saved))
		b.clock.Advance(commandDelay)
		c.clock.Advance(commandDelay)
		require.Equal(t, b.Save(), c.Save(), step.name)
	}
	saved := a.Save()
	require.Error(t, a.Load(saved[:100]))
	require.Error(t, a.Load(nil))
	require.Equal(t, saved, a.Save())
}

func TestLoadRefusesTheImpossible(t *testing.T) {
	r := newRig(t, newDisk(100))
	for _, row := range []struct {
		name string
		bend func(s *ChannelState)
	}{
		{"phase", func(s *ChannelState) { s.Phase = phases }},
		{"absent drive", func(s *ChannelState) { s.Phase, s.Active = phaseBegin, 1 }},
		{"position", func(s *ChannelState) { s.Phase, s.Pos, s.Len = phaseDataIn, 9000, 9002 }},
		{"no data", func(s *ChannelState) { s.Phase = phaseDataOut }},
		{"geometry", func(s *ChannelState) { s.Drives[0].Sectors = 0 }},
	} {
		t.Run(row.name, func(t *testing.T) {
			var s State
			require.NoError(t, bus.Unmarshal(r.Save(), kind, version, &s))
			row.bend(&s.Channels[0])
			require.Error(t, r.Load(bus.Marshal(kind, version, &s)))
		})
	}
}

// FuzzRegisters writes arbitrary registers, lets time pass and wants neither a
// panic nor a state that does not survive saving.
func FuzzRegisters(f *testing.F) {
	f.Add([]byte{0, 2, 1, 0, 3, 0, 0, 6, 0xe0, 0, 7, 0x20, 4, 0, 0, 1, 0, 0})
	f.Add([]byte{0, 2, 1, 0, 6, 0xe0, 0, 7, 0xca, 3, 0, 1, 4, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRig(t, newDisk(64), newDisk(3), newDisk(1))
		for i := range r.mem[:0x10000] {
			r.mem[i] = byte(i * 31)
		}
		for n := 0; len(data) >= 3 && n < 4000; data, n = data[3:], n+1 {
			kind, at, v := data[0], uint16(data[1]), uint64(data[2])
			size := 1 << ((kind >> 4) % 3)
			base := []uint16{0x1f0, 0x170}[kind>>3&1]
			switch kind & 7 {
			case 0:
				r.ports.Out(base+(at&7), 1, v)
			case 1:
				r.ports.In(base+(at&7), size)
			case 2:
				for range v { // whole blocks
					r.ports.Out(base, 4, v*0x01010101)
					r.ports.In(base, 4)
				}
			case 3:
				r.ports.Out(bmBase+(at&15), size, v*0x01010101)
			case 4:
				r.clock.Advance(v * 1000)
			case 5:
				r.out(base+0x206, uint8(v))
			case 6:
				r.ports.Out(bmBase+4, 4, uint64(at)<<8|v)
			case 7:
				r.WriteConfig(uint8(at), 1, uint32(v))
			}
		}
		saved := r.Save()
		q := newRig(t, newDisk(64), newDisk(3), newDisk(1))
		q.clock.Restore(r.clock.Now())
		require.NoError(t, q.Load(saved))
		require.Equal(t, saved, q.Save())
	})
}

func BenchmarkDataPort(b *testing.B) {
	r := newRig(b, newDisk(256))
	for b.Loop() {
		r.lba28(0, 1)
		r.out(0x1f7, 0x20)
		r.clock.Advance(commandDelay)
		for range 256 {
			r.ports.In(0x1f0, 2)
		}
	}
}

// TestBAR4IsSizedAsIO: writing ones gives what a window of 16 bytes gives, and a
// base beyond the I/O space maps nothing.
func TestBAR4IsSizedAsIO(t *testing.T) {
	r := newRig(t)
	r.WriteConfig(0x20, 4, 0xffff_ffff)
	v := r.ReadConfig(0x20, 4)
	require.Equal(t, uint32(1), v&3)
	require.Equal(t, uint32(16), -(v &^ 3))
	r.WriteConfig(0x20, 4, 0x1_d001)
	require.Equal(t, "", r.ports.Name(0xd000))
	require.NoError(t, r.MapError())
}
