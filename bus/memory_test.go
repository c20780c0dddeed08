package bus

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func newMemory(t testing.TB, size uint64) *Memory {
	m, err := NewMemory(size)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

func TestMemorySize(t *testing.T) {
	for _, size := range []uint64{0, 1, 1<<20 + 4096, 1<<20 - 1} {
		_, err := NewMemory(size)
		require.Error(t, err, "%d", size)
	}
	_, err := NewMemory(1 << 62)
	require.ErrorContains(t, err, "memory", "more than the host has")
}

// TestMemoryAboveTheHole has more than fits below 4 GiB; the host gives only
// what is touched.
func TestMemoryAboveTheHole(t *testing.T) {
	const size = 5 << 30
	m, err := NewMemory(size)
	if err != nil {
		t.Skip(err) // a 32-bit host, or one without overcommitment
	}
	defer m.Close()
	require.Equal(t, uint64(HoleBase), m.LowRAM())
	require.Equal(t, uint64(size-HoleBase), m.HighRAM())
	high := uint64(1<<32 + size - HoleBase)
	for i, at := range []uint64{HoleBase - 4, 1 << 32, high - 4} {
		m.Store(at, 4, uint64(0x1000+i))
		require.Equal(t, uint64(0x1000+i), m.Load(at, 4))
	}
	require.Equal(t, uint32(0x1001), Load32(m.At(HoleBase)), "the part above follows in the reservation")
	for _, at := range []uint64{HoleBase, 1<<32 - 4, high, 1 << 40} {
		m.Store(at, 4, 1)
		require.Equal(t, uint64(0xffffffff), m.Load(at, 4), "%x is nothing", at)
		_, read, write := m.Page(at)
		require.False(t, read || write)
	}
	// Bus masters go over all seams.
	p := make([]byte, 8)
	m.Write(HoleBase-2, []byte{1, 2, 3, 4})
	m.Read(HoleBase-2, p[:4])
	require.Equal(t, []byte{1, 2, 0xff, 0xff}, p[:4])
	m.Write(1<<32-2, []byte{5, 6, 7, 8})
	m.Read(1<<32-2, p[:4])
	require.Equal(t, []byte{0xff, 0xff, 7, 8}, p[:4])
}

func TestROM(t *testing.T) {
	m := newMemory(t, 2<<20)
	for _, n := range []int{0, 100, 257 << 10} {
		require.Error(t, m.SetROM(make([]byte, n)))
	}
	rom := make([]byte, 64<<10)
	for i := range rom {
		rom[i] = byte(i >> 8)
	}
	require.NoError(t, m.SetROM(rom))
	require.Equal(t, uint64(0x12), m.Load(0xf1234, 1))
	require.Equal(t, uint64(0x12), m.Load(0xffff1234, 1), "the alias below 4 GiB")
	require.Equal(t, ^uint64(0)>>32, m.Load(0xfffe1234, 4), "no more than the image")
	for _, at := range []uint64{0xf1234, 0xffff1234} {
		m.Store(at, 1, 0x99)
		m.Write(at, []byte{0x98})
		require.Equal(t, uint64(0x12), m.Load(at, 1), "read-only")
	}
	m.Store(0xeffff, 1, 0x55)
	require.Equal(t, uint64(0x55), m.Load(0xeffff, 1), "RAM below it")

	// Shadowing: reads from ROM's place while writes reach RAM, and so on.
	m.Shadow(0xf0000, 0x1000, false, true)
	m.Store(0xf0000, 1, 0x77)
	require.Equal(t, uint64(0xff), m.Load(0xf0000, 1))
	m.Shadow(0xf0000, 0x1000, true, false)
	m.Store(0xf0000, 1, 0x78)
	require.Equal(t, uint64(0x77), m.Load(0xf0000, 1))
	m.Shadow(0xff000, 0x5000, true, true) // not beyond 1 MiB
	m.Store(0xff000, 1, 0x79)
	require.Equal(t, uint64(0x79), m.Load(0xff000, 1))
}

func TestMMIO(t *testing.T) {
	m := newMemory(t, 2<<20)
	vga, card, low := &recorder{}, &recorder{}, &recorder{}
	require.NoError(t, m.MapMMIO("vga", 0xa0000, 0x20000, 1, vga))
	require.NoError(t, m.MapMMIO("card", 0xe0000000, 0x2000, 4, card))
	require.NoError(t, m.MapMMIO("low", 0x80000000, 0x1000, 8, low))
	for _, r := range []struct {
		name       string
		base, size uint64
		want       string
	}{
		{"overlap", 0xe0001000, 0x1000, "card at"},
		{"around", 0x90000, 0x40000, "vga at"},
		{"no page", 0xe0002000, 0x800, "whole pages"},
		{"unaligned", 0xe0002800, 0x1000, "whole pages"},
		{"empty", 0xe0002000, 0, "whole pages"},
		{"wraps", ^uint64(0xfff), 0x2000, "whole pages"},
	} {
		err := m.MapMMIO("new", r.base, r.size, 4, card)
		require.ErrorContains(t, err, r.want, r.name)
		require.ErrorContains(t, err, "new", r.name)
	}
	require.NoError(t, m.MapMMIO("beside", 0xe0002000, 0x1000, 4, card))

	require.Equal(t, uint64(0x0605), m.Load(0xa0005, 2))
	require.Equal(t, []string{"r1@5", "r1@6"}, vga.take(), "split by width")
	require.Equal(t, uint64(0x0706050403020100), m.Load(0xe0000000, 8))
	require.Equal(t, []string{"r4@0", "r4@4"}, card.take())
	require.Equal(t, uint64(0x03020100), m.Load(0x80000000, 4), "no more than asked for")
	m.Store(0xe0000008, 8, 0x1122334455667788)
	require.Equal(t, []string{"w4@8=55667788", "w4@c=11223344"}, card.take())
	m.Store(0x80000ff8, 8, 0x1122334455667788)
	require.Equal(t, []string{"r4@0", "w8@ff8=1122334455667788"}, low.take())

	// Bus masters do not reach devices, nor the RAM behind.
	p := []byte{0, 0}
	m.Write(0xa0000, []byte{1, 2})
	m.Read(0xa0000, p)
	require.Equal(t, []byte{0xff, 0xff}, p)
	require.Empty(t, vga.take())
	require.Zero(t, Load8(m.At(0xa0000)))
}

// TestMemoryPieces: every size at every place in a page, little-endian.
func TestMemoryPieces(t *testing.T) {
	m := newMemory(t, 1<<20)
	const v = 0x8877665544332211
	for _, size := range []int{1, 2, 4, 8} {
		for off := range uint64(9) {
			at := 0x5000 + off
			m.Write(0x5000, make([]byte, 32))
			m.Store(at, size, v)
			require.Equal(t, uint64(v)&(^uint64(0)>>(64-8*size)), m.Load(at, size))
			for i := range uint64(32) {
				want := byte(0)
				if i >= off && i < off+uint64(size) {
					want = byte((i - off + 1) * 0x11)
				}
				require.Equal(t, want, Load8(m.At(0x5000+i)), "size %d at %d, byte %d", size, off, i)
			}
		}
	}
	Store64(m.At(0x6001), v)
	require.Equal(t, uint64(v), Load64(m.At(0x6001)))
	require.Equal(t, uint32(0x55443322), Load32(m.At(0x6002)))
	require.Equal(t, uint16(0x8877), Load16(m.At(0x6007)))
	Store16(m.At(0x6001), 0xaabb)
	Store8(m.At(0x6003), 0xcc)
	Store32(m.At(0x6005), 0xdeadbeef)
	p := make([]byte, 8)
	m.Read(0x6001, p)
	require.Equal(t, []byte{0xbb, 0xaa, 0xcc, 0x44, 0xef, 0xbe, 0xad, 0xde}, p)
}

type call struct{ page, off, n int }

func TestMarks(t *testing.T) {
	m := newMemory(t, 1<<20)
	var code, table []call
	keep := true
	m.Own(Code, func(page uint64, off, n int) bool { code = append(code, call{int(page), off, n}); return keep })
	m.Own(Table, func(page uint64, off, n int) bool {
		require.Equal(t, uint8(7), Load8(m.At(page<<PageShift+uint64(off))), "told after the bytes changed")
		table = append(table, call{int(page), off, n})
		return true
	})
	var marked []uint64
	m.OnMark(func(page uint64) { marked = append(marked, page) })
	m.OnMark(func(page uint64) { marked = append(marked, page+1000) })
	m.SetMark(5, Code)
	m.SetMark(5, Code)
	m.SetMark(5, Table)
	m.SetMark(6, Code)
	require.Equal(t, []uint64{5, 1005, 5, 1005, 6, 1006}, marked, "once for each further mark")
	require.Equal(t, Code|Table, m.Marks(5))

	m.RAM.Write(0x5ffe, []byte{7, 7, 7})
	require.Equal(t, []call{{5, 0xffe, 2}, {6, 0, 1}}, code)
	require.Equal(t, []call{{5, 0xffe, 2}}, table)
	m.Store(0x5010, 4, 7)
	m.Write(0x4fff, []byte{1, 7})
	require.Equal(t, []call{{5, 0xffe, 2}, {6, 0, 1}, {5, 0x10, 4}, {5, 0, 1}}, code)

	keep = false
	m.Store(0x5020, 1, 7)
	require.Equal(t, Table, m.Marks(5), "an owner gave up")
	require.Equal(t, Code, m.Marks(6))
	code = nil
	m.Store(0x5020, 1, 7)
	require.Empty(t, code)
	m.ClearMark(5, Table)
	require.Zero(t, m.Marks(5))

	m.SetMark(7, Shared) // nobody owns it
	m.Store(0x7000, 1, 1)
	require.Zero(t, m.Marks(7))
}

func TestRAMBounds(t *testing.T) {
	m := newMemory(t, 1<<20)
	require.Equal(t, uint64(1<<20), m.Size())
	m.RAM.Write(1<<20-2, []byte{1, 2, 3, 4})
	p := make([]byte, 4)
	m.RAM.Read(1<<20-2, p)
	require.Equal(t, []byte{1, 2, 0xff, 0xff}, p)
	m.RAM.Write(1<<30, p)
	m.RAM.Read(1<<30, p)
	require.Equal(t, []byte{0xff, 0xff, 0xff, 0xff}, p)
}

func BenchmarkPort(b *testing.B) {
	p := NewPorts()
	_ = p.Map("chip", 0x100, 8, 4, nothing{})
	for b.Loop() {
		p.Out(0x100, 4, p.In(0x104, 4))
	}
}

func BenchmarkMMIO(b *testing.B) {
	m := newMemory(b, 1<<20)
	_ = m.MapMMIO("chip", 0xe0000000, 0x1000, 4, nothing{})
	for b.Loop() {
		m.Store(0xe0000000, 4, m.Load(0xe0000004, 4))
	}
}

type nothing struct{}

func (nothing) Read(uint64, int) uint64   { return 0 }
func (nothing) Write(uint64, int, uint64) {}
