package vga

import "strings"

// Cell is one character of the text page.
type Cell struct {
	Char byte // code page 437
	// Attr is foreground in bits 0-3 and background in bits 4-6; bit 7 blinks,
	// or brightens the background where Text.Blink is false.
	Attr byte
}

// Cursor is the hardware cursor.
type Cursor struct {
	Column, Row int
	// Visible is false when the cursor is off, outside of the screen or has
	// no lines.
	Visible bool
	// Start and End are its first and last scan line within a cell.
	Start, End int
}

// Text is a snapshot of the text page.
type Text struct {
	Columns, Rows int
	Cells         []Cell // Rows times Columns, row by row
	Cursor        Cursor
	CellHeight    int  // scan lines
	Blink         bool // bit 7 of attributes blinks
	Blank         bool // the screen is switched off; the cells stand for later
	Graphics      bool // a graphics mode: no rows, no columns
}

// Screen is what the adapter shows now. It allocates: a display asks only when
// Generation has changed.
func (v *VGA) Screen() Text {
	s := &v.s
	t := Text{
		Blink:    s.Attribute[attrModeControl]&attrBlink != 0,
		Blank:    s.Sequencer[seqClockingMode]&clockScreenOff != 0 || s.AttributeIndex&attrPaletteAddressSource == 0,
		Graphics: s.Graphics[gcMiscellaneous]&gcGraphics != 0 || s.Attribute[attrModeControl]&attrGraphics != 0,
	}
	if t.Graphics {
		return t
	}
	t.CellHeight = int(s.CRTC[crtcMaximumScanLine]&0x1f) + 1
	lines := t.CellHeight
	if s.CRTC[crtcMaximumScanLine]&scanLineDouble != 0 {
		lines *= 2
	}
	t.Columns = int(s.CRTC[crtcHorizontalDisplayEnd]) + 1
	t.Rows = (int(v.verticalDisplayEnd()) + 1) / lines
	t.Cells = make([]Cell, t.Columns*t.Rows)
	t.Cursor = v.cursor(t.CellHeight)

	location := v.crtcPair(crtcCursorLocationHigh)
	found := false
	for row := range t.Rows {
		start := v.rowAddress(row, lines)
		for column := range t.Columns {
			address := start + uint16(column)
			word := s.Memory[v.displayOffset(address)]
			t.Cells[row*t.Columns+column] = Cell{byte(word), byte(word >> 8)}
			if address == location && !found {
				t.Cursor.Column, t.Cursor.Row, found = column, row, true
			}
		}
	}
	t.Cursor.Visible = t.Cursor.Visible && found
	return t
}

// cursor is the shape alone. A start below the end shows nothing on a VGA.
func (v *VGA) cursor(height int) Cursor {
	start := v.s.CRTC[crtcCursorStart]
	c := Cursor{Start: int(start & 0x1f), End: int(v.s.CRTC[crtcCursorEnd] & 0x1f)}
	c.Visible = start&cursorOff == 0 && c.Start <= c.End && c.Start < height
	return c
}

func (v *VGA) crtcPair(high int) uint16 {
	return uint16(v.s.CRTC[high])<<8 | uint16(v.s.CRTC[high+1])
}

// rowAddress is the CRTC's address of a row's first cell. Past the line of the
// line compare register the address starts again from zero (split screen).
func (v *VGA) rowAddress(row, lines int) uint16 {
	c := &v.s.CRTC
	pitch := uint16(c[crtcOffset]) * 2
	compare := int(c[crtcLineCompare]) | int(c[crtcOverflow])>>4&1<<8 | int(c[crtcMaximumScanLine])>>6&1<<9
	if split := compare + 1; row*lines >= split {
		return pitch * uint16(row-(split+lines-1)/lines)
	}
	return v.crtcPair(crtcStartAddressHigh) + pitch*uint16(row)
}

// displayOffset turns the CRTC's address counter into an offset in the planes:
// unchanged in byte mode, rotated by one in word mode and by two in double word
// mode ([PS/2] "CRT Mode Control Register").
func (v *VGA) displayOffset(address uint16) uint16 {
	mode := v.s.CRTC[crtcModeControl]
	switch {
	case v.s.CRTC[crtcUnderlineLocation]&underlineDoubleWord != 0:
		return address<<2 | address>>14
	case mode&modeControlByte != 0:
		return address
	case mode&modeControlAddressWrap != 0:
		return address<<1 | address>>15
	}
	return address<<1 | address>>13&1
}

// Line is row n in Unicode, without the blanks at its end; a row that is not
// there is empty.
func (t Text) Line(n int) string {
	if n < 0 || n >= t.Rows {
		return ""
	}
	var b strings.Builder
	for _, c := range t.Cells[n*t.Columns : (n+1)*t.Columns] {
		b.WriteRune(CP437[c.Char])
	}
	return strings.TrimRight(b.String(), " ")
}

// String is all rows, each with a newline.
func (t Text) String() string {
	var b strings.Builder
	for n := range t.Rows {
		b.WriteString(t.Line(n))
		b.WriteByte('\n')
	}
	return b.String()
}

// CP437 is the Unicode character for each code of the PC's character set, the
// pictures for the control codes included. NUL and FFh are shown as blanks.
var CP437 = [256]rune([]rune(" ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼" +
	" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_" +
	"`abcdefghijklmnopqrstuvwxyz{|}~⌂" +
	"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»" +
	"░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
	"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ "))
