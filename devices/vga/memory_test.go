package vga

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// planar makes plain 64 KiB planar addressing at A0000h.
func planar(t *testing.T) *rig {
	r := textRig(t)
	for _, v := range []uint32{0x0604} {
		r.outw(0x3c4, v)
	}
	for _, v := range []uint32{0x0005, 0x0406} {
		r.outw(0x3ce, v)
	}
	return r
}

// setPlanes writes one byte to each plane at an address.
func (r *rig) setPlanes(address uint64, values [4]byte) {
	for plane, value := range values {
		r.outw(0x3c4, 1<<plane<<8|2)
		r.poke(address, 1, uint64(value))
	}
	r.outw(0x3c4, 0x0f02)
}

func (r *rig) getPlanes(address uint64) [4]byte {
	var values [4]byte
	for plane := range values {
		r.outw(0x3ce, uint32(plane)<<8|4)
		values[plane] = r.peek(address)
	}
	return values
}

func TestMemoryMapSelect(t *testing.T) {
	rows := []struct {
		name     string
		select_  uint32
		in, out  []uint64
		disabled bool
	}{
		{"128 KiB", 0, []uint64{0xa0000, 0xb0000, 0xbffff}, nil, false},
		{"64 KiB", 1, []uint64{0xa0000, 0xaffff}, []uint64{0xb0000, 0xb8000}, false},
		{"32 KiB mono", 2, []uint64{0xb0000, 0xb7fff}, []uint64{0xa0000, 0xaffff, 0xb8000}, false},
		{"32 KiB colour", 3, []uint64{0xb8000, 0xbffff}, []uint64{0xa0000, 0xb7fff}, false},
		{"memory off", 0, nil, []uint64{0xa0000, 0xbffff}, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := planar(t)
			r.outw(0x3ce, row.select_<<10|6)
			if row.disabled {
				r.out(0x3c2, r.in(0x3cc)&^2)
			}
			for i, a := range row.in {
				r.poke(a, 1, uint64(0x40+i))
				require.EqualValues(t, 0x40+i, r.peek(a), "%#x", a)
			}
			before := r.Save()
			for _, a := range row.out {
				r.poke(a, 1, 0x12)
				require.EqualValues(t, 0xff, r.peek(a), "%#x", a)
			}
			require.Equal(t, before, r.Save())
		})
	}
}

func TestWriteModes(t *testing.T) {
	latches := [4]byte{0x0f, 0xf0, 0x33, 0x55}
	rows := []struct {
		name     string
		graphics []uint32 // index and value pairs as words
		data     uint64
		want     [4]byte
	}{
		{"0 plain", nil, 0xa5, [4]byte{0xa5, 0xa5, 0xa5, 0xa5}},
		{"0 rotated", []uint32{0x0403}, 0x1e, [4]byte{0xe1, 0xe1, 0xe1, 0xe1}},
		{"0 bit mask", []uint32{0xf008}, 0xff, [4]byte{0xff, 0xf0, 0xf3, 0xf5}},
		{"0 and", []uint32{0x0803}, 0x3c, [4]byte{0x0c, 0x30, 0x30, 0x14}},
		{"0 or", []uint32{0x1003}, 0x3c, [4]byte{0x3f, 0xfc, 0x3f, 0x7d}},
		{"0 xor", []uint32{0x1803}, 0x3c, [4]byte{0x33, 0xcc, 0x0f, 0x69}},
		{"0 set/reset", []uint32{0x0500, 0x0301}, 0x3c, [4]byte{0xff, 0x00, 0x3c, 0x3c}},
		{"1 latches", []uint32{0x0105}, 0x3c, latches},
		{"2 colour", []uint32{0x0205, 0x0f08}, 0x06, [4]byte{0x00, 0xff, 0x3f, 0x50}},
		{"3 mask", []uint32{0x0305, 0x0a00, 0xfc08}, 0x3f, [4]byte{0x03, 0xfc, 0x03, 0x7d}},
		{"3 rotated", []uint32{0x0305, 0x0f00, 0x0403}, 0xf0, [4]byte{0x0f, 0xff, 0x3f, 0x5f}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := planar(t)
			r.setPlanes(0xa1234, latches)
			r.peek(0xa1234)
			for _, v := range row.graphics {
				r.outw(0x3ce, v)
			}
			r.poke(0xa4321, 1, row.data)
			r.outw(0x3ce, 0x0005)
			require.Equal(t, row.want, r.getPlanes(0xa4321))
			require.Equal(t, latches, r.getPlanes(0xa1234))
		})
	}
}

func TestMapMask(t *testing.T) {
	r := planar(t)
	r.setPlanes(0xa0010, [4]byte{1, 2, 3, 4})
	r.outw(0x3c4, 0x0a02)
	r.poke(0xa0010, 1, 0xee)
	require.Equal(t, [4]byte{1, 0xee, 3, 0xee}, r.getPlanes(0xa0010))
}

func TestReadModeCompare(t *testing.T) {
	r := planar(t)
	r.setPlanes(0xa0000, [4]byte{0b11110000, 0b11001100, 0b10101010, 0b00000000})
	rows := []struct {
		name         string
		colour, care uint32
		want         byte
	}{
		{"black", 0x0, 0xf, 0b00000001},
		{"colour 7", 0x7, 0xf, 0b10000000},
		{"colour 5", 0x5, 0xf, 0b00100000},
		{"plane 0 alone", 0x1, 0x1, 0b11110000},
		{"nothing cares", 0x5, 0x0, 0xff},
	}
	for _, row := range rows {
		r.outw(0x3ce, 0x0805)
		r.outw(0x3ce, row.colour<<8|2)
		r.outw(0x3ce, row.care<<8|7)
		require.Equal(t, row.want, r.peek(0xa0000), row.name)
	}
}

func TestChain4(t *testing.T) {
	r := planar(t)
	r.outw(0x3c4, 0x0e04)
	r.outw(0x3c4, 0x0f02)
	r.poke(0xa0100, 8, 0x8877665544332211)
	require.Equal(t, uint64(0x8877665544332211), r.Memory().Read(0x100, 8))
	r.outw(0x3c4, 0x0604)
	require.Equal(t, [4]byte{0x11, 0x22, 0x33, 0x44}, r.getPlanes(0xa0100))
	require.Equal(t, [4]byte{0x55, 0x66, 0x77, 0x88}, r.getPlanes(0xa0104))
}

func TestOddEvenKeepsTextInTwoPlanes(t *testing.T) {
	r := textRig(t)
	r.poke(0xb8000, 8, 0x0844074306420541)
	require.EqualValues(t, 0x0844074306420541, r.Memory().Read(0x18000, 8))
	r.outw(0x3c4, 0x0604)
	r.outw(0x3ce, 0x0005)
	r.outw(0x3ce, 0x0406)
	require.Equal(t, []byte{'A', 5, 0}, func() []byte { p := r.getPlanes(0xa0000); return p[:3] }())
	require.Equal(t, []byte{'B', 6}, func() []byte { p := r.getPlanes(0xa0002); return p[:2] }())
}

// TestFontUpload does what Linux's vgacon does to load and read back a font.
func TestFontUpload(t *testing.T) {
	r := textRig(t)
	r.print(0, 0, "stays")
	into := func() {
		for _, v := range []uint32{0x0100, 0x0402, 0x0704, 0x0300} {
			r.outw(0x3c4, v)
		}
		for _, v := range []uint32{0x0204, 0x0005, 0x0006} {
			r.outw(0x3ce, v)
		}
	}
	out := func() {
		for _, v := range []uint32{0x0100, 0x0302, 0x0304, 0x0300} {
			r.outw(0x3c4, v)
		}
		for _, v := range []uint32{0x0004, 0x1005, 0x0e06} {
			r.outw(0x3ce, v)
		}
	}
	into()
	for i := range uint64(16) {
		require.Equal(t, Font8x16['A'*16+i], r.peek(0xa0000+'A'*32+i), "the BIOS's font")
	}
	for i := range uint64(8192) {
		r.poke(0xa4000+i, 1, i*7&0xff)
	}
	out()
	require.Equal(t, "stays", r.Screen().Line(0))
	r.print(1, 0, "more")
	into()
	for i := range uint64(8192) {
		require.EqualValues(t, i*7&0xff, r.peek(0xa4000+i))
	}
	out()
	require.Equal(t, "more", r.Screen().Line(1))
}

func TestLoadFontBlocks(t *testing.T) {
	bases := [8]uint64{0x0000, 0x4000, 0x8000, 0xc000, 0x2000, 0x6000, 0xa000, 0xe000}
	for block, base := range bases {
		r := textRig(t)
		r.LoadFont(block, 255, 8, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9})
		r.outw(0x3c4, 0x0604)
		r.outw(0x3ce, 0x0005)
		r.outw(0x3ce, 0x0406)
		r.outw(0x3ce, 0x0204)
		require.EqualValues(t, 0x08, r.peek(0xa0000+base+255*32+7))
		require.EqualValues(t, 0x00, r.peek(0xa0000+base+255*32+8))
	}
}

func TestTextWriteDoesNotAllocate(t *testing.T) {
	r := textRig(t)
	memory := r.Memory()
	var n uint64
	require.Zero(t, testing.AllocsPerRun(100, func() {
		n++
		memory.Write(0x18000+n*2, 2, 0x0700|n&0xff)
		memory.Read(0x18000, 4)
	}))
}

func BenchmarkTextWrite(b *testing.B) {
	v := New(nil)
	v.SetTextMode()
	memory := v.Memory()
	for i := range b.N {
		memory.Write(0x18000+uint64(i)&0xffe, 2, uint64(i)&0xffff)
	}
}
