package vga

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScreenShowsText(t *testing.T) {
	r := textRig(t)
	r.print(0, 0, "hello")
	r.print(24, 77, "\xc9\xcd\xbb")
	r.poke(0xb8000+2*80, 2, 0x9f41)
	s := r.Screen()
	require.Equal(t, 80, s.Columns)
	require.Equal(t, 25, s.Rows)
	require.Equal(t, 16, s.CellHeight)
	require.False(t, s.Blank)
	require.False(t, s.Graphics)
	require.True(t, s.Blink)
	require.Equal(t, "hello", s.Line(0))
	require.Equal(t, strings.Repeat(" ", 77)+"╔═╗", s.Line(24))
	require.Equal(t, Cell{'A', 0x9f}, s.Cells[80])
	require.Equal(t, Cell{' ', 0x07}, s.Cells[81])
	require.Empty(t, s.Line(25))
	require.Empty(t, s.Line(-1))
	require.True(t, strings.HasPrefix(s.String(), "hello\nA\n\n"))
}

func TestCursor(t *testing.T) {
	rows := []struct {
		name string
		crtc []uint32
		want Cursor
	}{
		{"home", nil, Cursor{0, 0, true, 13, 14}},
		{"row 2 column 5", []uint32{0x000e, 0xa50f}, Cursor{5, 2, true, 13, 14}},
		{"block", []uint32{0x000a, 0x0f0b}, Cursor{0, 0, true, 0, 15}},
		{"off", []uint32{0x2d0a}, Cursor{0, 0, false, 13, 14}},
		{"start past end", []uint32{0x0e0a, 0x0d0b}, Cursor{0, 0, false, 14, 13}},
		{"past the screen", []uint32{0x070e, 0xd00f}, Cursor{0, 0, false, 13, 14}},
		{"last cell", []uint32{0x070e, 0xcf0f}, Cursor{79, 24, true, 13, 14}},
		{"below the cell", []uint32{0x1f0a, 0x1f0b}, Cursor{0, 0, false, 31, 31}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := textRig(t)
			for _, v := range row.crtc {
				r.outw(0x3d4, v)
			}
			require.Equal(t, row.want, r.Screen().Cursor)
		})
	}
}

func TestStartAddressScrolls(t *testing.T) {
	r := textRig(t)
	for row := range 30 {
		r.print(row, 0, string(rune('a'+row%26)))
	}
	r.outw(0x3d4, 0x000c)
	r.outw(0x3d4, 160<<8|0x0d) // two rows of 80
	s := r.Screen()
	require.Equal(t, "c", s.Line(0))
	require.Equal(t, "a", s.Line(24))
	require.False(t, s.Cursor.Visible, "the cursor stays where the address is")
}

func TestScreenWrapsIn16Bits(t *testing.T) {
	r := textRig(t)
	r.print(0, 0, "top")
	r.outw(0x3d4, 0xff0c)
	r.outw(0x3d4, 0xb00d) // FFB0h: one row before the end of the counter
	s := r.Screen()
	require.Equal(t, "top", s.Line(1))
	require.Equal(t, 1, s.Cursor.Row)
}

func TestGeometry(t *testing.T) {
	rows := []struct {
		name                   string
		crtc                   []uint32
		columns, lines, height int
	}{
		{"50 lines", []uint32{0x4709}, 80, 50, 8},
		{"28 lines", []uint32{0x4d09}, 80, 28, 14},
		{"double scan", []uint32{0xc709}, 80, 25, 8},
		{"40 columns", []uint32{0x0e11, 0x2701}, 40, 25, 16},
		{"one line a cell", []uint32{0x4009}, 80, 400, 1},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := textRig(t)
			for _, v := range row.crtc {
				r.outw(0x3d4, v)
			}
			s := r.Screen()
			require.Equal(t, []int{row.columns, row.lines, row.height}, []int{s.Columns, s.Rows, s.CellHeight})
			require.Len(t, s.Cells, s.Columns*s.Rows)
		})
	}
}

func TestPitchIsApartFromWidth(t *testing.T) {
	r := textRig(t)
	r.outw(0x3d4, 50<<8|0x13) // 100 cells a row
	r.poke(0xb8000+100*2, 2, 0x0758)
	require.Equal(t, "X", r.Screen().Line(1))
}

func TestSplitScreen(t *testing.T) {
	r := textRig(t)
	r.print(0, 0, "status")
	r.print(5, 0, "five")
	r.outw(0x3d4, 0x010c)
	r.outw(0x3d4, 0x900d) // row 5
	r.outw(0x3d4, 0x0009|0x0f00)
	r.outw(0x3d4, 0x0f07)            // line compare bit 8 off, by the unprotected bit
	r.outw(0x3d4, (10*16-1)<<8|0x18) // rows from 10 on show address 0
	s := r.Screen()
	require.Equal(t, "five", s.Line(0))
	require.Equal(t, "status", s.Line(10))
	require.Equal(t, "five", s.Line(15))
}

func TestGraphicsModeHasNoText(t *testing.T) {
	r := textRig(t)
	r.outw(0x3ce, 0x0506)
	s := r.Screen()
	require.True(t, s.Graphics)
	require.Zero(t, s.Rows)
	require.Empty(t, s.String())
}

func TestScreenOffBit(t *testing.T) {
	r := textRig(t)
	r.outw(0x3c4, 0x2001)
	require.True(t, r.Screen().Blank)
}

func TestProgramTextModeKeepsThePage(t *testing.T) {
	r := textRig(t)
	r.print(7, 0, "kept")
	r.ProgramTextMode()
	require.Equal(t, "kept", r.Screen().Line(7))
	r.SetTextMode()
	require.Empty(t, r.Screen().Line(7))
}
