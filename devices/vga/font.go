package vga

import "encoding/hex"

// The fonts of the built-in BIOS, in code page 437: 256 glyphs, one byte a row,
// the leftmost dot in bit 7. They are drawn for this program; read only.
var (
	Font8x16 = drawFont()
	Font8x14 = shrink14(&Font8x16)
	Font8x8  = shrink8(&Font8x16)
)

func drawFont() [4096]byte {
	var f [4096]byte
	for _, g := range glyphs {
		rows, err := hex.DecodeString(g.rows)
		if err != nil {
			panic("BUG: vga: font: " + err.Error())
		}
		copy(f[int(g.code)*16+g.top:], rows)
	}
	for _, a := range accented {
		drawAccented(&f, a.code, a.base, a.accent)
	}
	for i, arms := range boxArms {
		drawBox(glyph(&f, 0xb3+byte(i)), arms)
	}
	drawBlocks(&f)
	for row := range 16 {
		f[0x08*16+row] = ^f[0x07*16+row]
		f[0x0a*16+row] = ^f[0x09*16+row]
	}
	return f
}

func glyph(f *[4096]byte, code byte) *[16]byte {
	return (*[16]byte)(f[int(code)*16:])
}

// Two rows that go over a letter, the cedilla under it.
var (
	acute      = [2]byte{0x08, 0x10}
	grave      = [2]byte{0x10, 0x08}
	circumflex = [2]byte{0x18, 0x24}
	diaeresis  = [2]byte{0x24, 0x00}
	ring       = [2]byte{0x18, 0x18}
	tilde      = [2]byte{0x32, 0x4c}
	cedilla    = [2]byte{0x08, 0x18}
)

var accented = []struct {
	code, base byte
	accent     [2]byte
}{
	{0x80, 'C', cedilla}, {0x81, 'u', diaeresis}, {0x82, 'e', acute}, {0x83, 'a', circumflex},
	{0x84, 'a', diaeresis}, {0x85, 'a', grave}, {0x86, 'a', ring}, {0x87, 'c', cedilla},
	{0x88, 'e', circumflex}, {0x89, 'e', diaeresis}, {0x8a, 'e', grave}, {0x8b, 'i', diaeresis},
	{0x8c, 'i', circumflex}, {0x8d, 'i', grave}, {0x8e, 'A', diaeresis}, {0x8f, 'A', ring},
	{0x90, 'E', acute}, {0x93, 'o', circumflex}, {0x94, 'o', diaeresis}, {0x95, 'o', grave},
	{0x96, 'u', circumflex}, {0x97, 'u', grave}, {0x98, 'y', diaeresis}, {0x99, 'O', diaeresis},
	{0x9a, 'U', diaeresis}, {0xa0, 'a', acute}, {0xa1, 'i', acute}, {0xa2, 'o', acute},
	{0xa3, 'u', acute}, {0xa4, 'n', tilde}, {0xa5, 'N', tilde},
}

func drawAccented(f *[4096]byte, code, base byte, accent [2]byte) {
	g := glyph(f, code)
	*g = *glyph(f, base)
	top := 2 // over a small letter, in place of the dot of an i
	switch {
	case accent == cedilla:
		top = 12
	case base < 'a':
		top = 0
	}
	copy(g[top:], accent[:])
}

// arms is the weight of each arm of a box-drawing character: 0 none, 1 single,
// 2 double.
type arms struct{ left, right, up, down int }

// boxArms is codes B3h to DAh.
var boxArms = [40]arms{
	{0, 0, 1, 1}, {1, 0, 1, 1}, {2, 0, 1, 1}, {1, 0, 2, 2}, {1, 0, 0, 2}, // │┤╡╢╖
	{2, 0, 0, 1}, {2, 0, 2, 2}, {0, 0, 2, 2}, {2, 0, 0, 2}, {2, 0, 2, 0}, // ╕╣║╗╝
	{1, 0, 2, 0}, {2, 0, 1, 0}, {1, 0, 0, 1}, {0, 1, 1, 0}, {1, 1, 1, 0}, // ╜╛┐└┴
	{1, 1, 0, 1}, {0, 1, 1, 1}, {1, 1, 0, 0}, {1, 1, 1, 1}, {0, 2, 1, 1}, // ┬├─┼╞
	{0, 1, 2, 2}, {0, 2, 2, 0}, {0, 2, 0, 2}, {2, 2, 2, 0}, {2, 2, 0, 2}, // ╟╚╔╩╦
	{0, 2, 2, 2}, {2, 2, 0, 0}, {2, 2, 2, 2}, {2, 2, 1, 0}, {1, 1, 2, 0}, // ╠═╬╧╨
	{2, 2, 0, 1}, {1, 1, 0, 2}, {0, 1, 2, 0}, {0, 2, 1, 0}, {0, 2, 0, 1}, // ╤╥╙╘╒
	{0, 1, 0, 2}, {1, 1, 2, 2}, {2, 2, 1, 1}, {1, 0, 1, 0}, {0, 1, 0, 1}, // ╓╫╪┘┌
}

// drawBox draws arms that overlap in the middle and then opens the inside of
// corners and crossings of double lines. Lines are two dots in the middle
// columns and one in row 8 when single, columns 2 and 5, rows 6 and 10 when
// double.
func drawBox(g *[16]byte, a arms) {
	columns, toRight, toLeft := byte(0x18), byte(0xf8), byte(0x1f)
	if max(a.up, a.down) == 2 {
		columns, toRight, toLeft = 0x24, 0xfc, 0x3f
	}
	rows := []int{8}
	if max(a.left, a.right) == 2 {
		rows = []int{6, 10}
	}
	for _, row := range rows {
		if a.left > 0 {
			g[row] |= toRight
		}
		if a.right > 0 {
			g[row] |= toLeft
		}
	}
	for row := range 16 {
		if a.up > 0 && row <= rows[len(rows)-1] || a.down > 0 && row >= rows[0] {
			g[row] |= columns
		}
	}
	if a.up == 2 && len(rows) == 2 {
		g[6] &^= 0x18
	}
	if a.down == 2 && len(rows) == 2 {
		g[10] &^= 0x18
	}
	for row := 7; row <= 9 && len(rows) == 2 && columns == 0x24; row++ {
		if a.left == 2 {
			g[row] &^= 0x20
		}
		if a.right == 2 {
			g[row] &^= 0x04
		}
	}
}

// drawBlocks draws the shades B0h-B2h and the blocks DBh-DFh.
func drawBlocks(f *[4096]byte) {
	shades := [3][2]byte{{0x22, 0x88}, {0x55, 0xaa}, {0xdd, 0x77}}
	for row := range 16 {
		for i, s := range shades {
			f[(0xb0+i)*16+row] = s[row&1]
		}
		f[0xdb*16+row] = 0xff
		f[0xdd*16+row] = 0xf0
		f[0xde*16+row] = 0x0f
		if row < 8 {
			f[0xdf*16+row] = 0xff
		} else {
			f[0xdc*16+row] = 0xff
		}
	}
}

// shrink14 leaves out the first and the last row.
func shrink14(f *[4096]byte) [3584]byte {
	var out [3584]byte
	for c := range 256 {
		copy(out[c*14:(c+1)*14], f[c*16+1:])
	}
	return out
}

// shrink8 keeps the rows in which letters have their bars: top of capitals, top
// of small letters, middles, base line and one below it.
func shrink8(f *[4096]byte) [2048]byte {
	var out [2048]byte
	for c := range 256 {
		for i, row := range [8]int{2, 4, 5, 6, 8, 10, 11, 13} {
			out[c*8+i] = f[c*16+row]
		}
	}
	return out
}
