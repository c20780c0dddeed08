package bios

import "ringzero/x86"

// video is INT 10h.
func (b *BIOS) video(f *frame) {
	switch f.ax.h() {
	case 0x00:
		b.setModeService(f)
	case 0x01:
		b.setCursorShape(f.cx.x())
	case 0x02:
		b.setCursor(f.bx.h(), f.dx.h(), f.dx.l())
	case 0x03:
		f.dx.setX(b.bdaWord(bdaCursor + 2*uint32(f.bx.h()&7)))
		f.cx.setX(b.bdaWord(bdaCursorShape))
		f.ax.setX(0)
	case 0x04:
		f.ax.setH(0) // no light pen
	case 0x05:
		b.setPage(f.ax.l())
	case 0x06, 0x07:
		b.scroll(b.bdaByte(bdaPage), int(f.ax.l()), f.ax.h() == 0x06, f.bx.h(),
			int(f.cx.h()), int(f.cx.l()), int(f.dx.h()), int(f.dx.l()))
	case 0x08:
		f.ax.setX(uint16(b.mem.Load(b.cursorCell(f.bx.h()), 2)))
	case 0x09, 0x0a:
		b.writeChars(f)
	case 0x0b:
		b.setCGAColour(f)
	case 0x0e:
		b.teletype(b.bdaByte(bdaPage), f.ax.l())
	case 0x0f:
		f.ax.setL(b.bdaByte(bdaMode) | b.bdaByte(bdaVideoControl)&0x80)
		f.ax.setH(b.bdaByte(bdaColumns))
		f.bx.setH(b.bdaByte(bdaPage))
	case 0x10:
		b.palette(f)
	case 0x11:
		b.fonts(f)
	case 0x12:
		b.videoSelect(f)
	case 0x13:
		b.writeString(f)
	case 0x1a:
		b.displayCombination(f)
	case 0x1b:
		b.videoState(f)
	case 0x4f:
		f.ax.setX(0x0100) // VBE: AL is not 4Fh, so there is none
	}
}

func (b *BIOS) setModeService(f *frame) {
	mode := f.ax.l()
	b.setMode(mode&0x7f, mode&0x80 == 0)
	switch m := b.bdaByte(bdaMode) & 0x7f; {
	case m == 6:
		f.ax.setL(0x3f)
	case m > 7:
		f.ax.setL(0x20)
	default:
		f.ax.setL(0x30)
	}
}

// setMode programs a mode; one that does not exist changes nothing.
func (b *BIOS) setMode(n uint8, clear bool) {
	m := findMode(n)
	if m == nil {
		return
	}
	b.program(m)
	if !m.graphics {
		b.loadROMFont(0, int(m.height))
	}
	b.setBDAByte(bdaMode, m.number)
	b.setBDAWord(bdaColumns, uint16(m.columns))
	b.setBDAWord(bdaPageSize, m.pageSize)
	b.setBDAWord(bdaPageStart, 0)
	b.mem.Write(bdaBase+bdaCursor, make([]byte, 16))
	b.setBDAByte(bdaPage, 0)
	crtc := uint16(0x3d4)
	if m.misc&1 == 0 {
		crtc = 0x3b4
	}
	b.setBDAWord(bdaCRTC, crtc)
	b.setBDAByte(bdaModeReg, 0x29)
	b.setBDAByte(bdaPalette, 0x30)
	b.setBDAByte(bdaRows, m.rows-1)
	b.setBDAWord(bdaCharHeight, uint16(m.height))
	control := uint8(0x60)
	if !clear {
		control |= 0x80
	}
	b.setBDAByte(bdaVideoControl, control)
	b.setBDAByte(bdaVideoSwitches, 0xf9)
	b.setBDAByte(bdaVideoFlags, 0x11)
	b.setBDAByte(bdaVideoDCC, 0x08)
	b.setDwordAt(4*0x43, 0xf000<<16|uint32(b.romFont(int(m.height))))
	if clear {
		b.clearScreen(m)
	}
	if !m.graphics {
		b.setCursorShape(0x0607)
	}
	b.screenOn()
}

func (b *BIOS) clearScreen(m *videoMode) {
	base, size, fill := uint64(0xb8000), uint64(0x8000), uint64(0x0720072007200720)
	switch {
	case m.number == 7:
		base = 0xb0000
	case m.number > 7:
		base, size, fill = 0xa0000, 0x10000, 0
	case m.graphics:
		fill = 0
	}
	for at := base; at < base+size; at += 2 {
		b.mem.Store(at, 2, fill&0xffff)
	}
}

func (b *BIOS) crtc(i, v uint8) { b.indexed(b.bdaWord(bdaCRTC), i, v) }

// text tells whether the mode in the BDA is a text mode.
func (b *BIOS) text() bool {
	m := b.bdaByte(bdaMode) & 0x7f
	return m <= 3 || m == 7
}

// size is the text screen's; the BDA is the guest's to spoil, so it is kept to
// what the video window holds.
func (b *BIOS) size() (rows, columns int) {
	columns = min(max(int(b.bdaByte(bdaColumns)), 1), 160)
	rows = min(int(b.bdaByte(bdaRows))+1, 100)
	return rows, columns
}

// cell is the address of a character in the video window.
func (b *BIOS) cell(page uint8, row, column int) uint64 {
	base := uint64(0xb8000)
	if b.bdaByte(bdaMode)&0x7f == 7 {
		base = 0xb0000
	}
	_, columns := b.size()
	off := uint64(b.bdaWord(bdaPageSize))*uint64(page&7) + 2*uint64(row*columns+column)
	return base + off&0x7ffe
}

func (b *BIOS) cursor(page uint8) (row, column int) {
	p := b.bdaWord(bdaCursor + 2*uint32(page&7))
	return int(p >> 8), int(p & 0xff)
}

func (b *BIOS) cursorCell(page uint8) uint64 {
	row, column := b.cursor(page)
	return b.cell(page, row, column)
}

func (b *BIOS) setCursor(page, row, column uint8) {
	page &= 7
	b.setBDAWord(bdaCursor+2*uint32(page), uint16(row)<<8|uint16(column))
	if page != b.bdaByte(bdaPage) {
		return
	}
	_, columns := b.size()
	at := b.bdaWord(bdaPageStart)/2 + uint16(int(row)*columns+int(column))
	b.crtc(0x0e, uint8(at>>8))
	b.crtc(0x0f, uint8(at))
}

// setCursorShape takes start (CH) and end (CL) line. Programs give them for
// characters of eight lines; unless cursor emulation is off (bit 0 of the BDA's
// video control byte), an underline moves to the foot of a higher character,
// one line up as IBM's VGA has it, and a block grows with it.
func (b *BIOS) setCursorShape(cx uint16) {
	b.setBDAWord(bdaCursorShape, cx)
	start, end := int(cx>>8&0x3f), int(cx&0x1f)
	height := int(b.bdaByte(bdaCharHeight))
	if b.bdaByte(bdaVideoControl)&1 == 0 && height > 8 && height <= 32 && start < 8 && end < 8 {
		if start >= 5 && start <= end {
			start, end = start+height-9, end+height-9
		} else {
			start, end = start*height/8, (end+1)*height/8-1
		}
	}
	b.crtc(0x0a, uint8(start))
	b.crtc(0x0b, uint8(end))
}

func (b *BIOS) setPage(page uint8) {
	page &= 7
	start := b.bdaWord(bdaPageSize) * uint16(page)
	b.setBDAByte(bdaPage, page)
	b.setBDAWord(bdaPageStart, start)
	b.crtc(0x0c, uint8(start/2>>8))
	b.crtc(0x0d, uint8(start/2))
	row, column := b.cursor(page)
	b.setCursor(page, uint8(row), uint8(column))
}

// scroll moves a window up or down by n lines and fills with blanks; n of zero,
// or as many lines as the window has, clears it.
func (b *BIOS) scroll(page uint8, n int, up bool, attr uint8, top, left, bottom, right int) {
	rows, columns := b.size()
	bottom, right = min(bottom, rows-1), min(right, columns-1)
	if !b.text() || top > bottom || left > right {
		return
	}
	height := bottom - top + 1
	if n == 0 || n > height {
		n = height
	}
	for i := range height {
		to, from := top+i, top+i+n
		if !up {
			to, from = bottom-i, bottom-i-n
		}
		for c := left; c <= right; c++ {
			v := uint64(attr)<<8 | ' '
			if i < height-n {
				v = b.mem.Load(b.cell(page, from, c), 2)
			}
			b.mem.Store(b.cell(page, to, c), 2, v)
		}
	}
}

// writeChars is AH=09h (with attribute) and 0Ah (without); the cursor stays.
func (b *BIOS) writeChars(f *frame) {
	if !b.text() {
		return
	}
	page := f.bx.h()
	row, column := b.cursor(page)
	for i := range int(f.cx.x()) {
		at := b.cell(page, row, column+i)
		b.mem.Store(at, 1, uint64(f.ax.l()))
		if f.ax.h() == 0x09 {
			b.mem.Store(at+1, 1, uint64(f.bx.l()))
		}
	}
}

// teletype writes a character at the cursor and moves it; BEL, BS, LF and CR
// act.
func (b *BIOS) teletype(page, char uint8) {
	row, column := b.cursor(page)
	switch char {
	case 7:
		return
	case 8:
		column = max(column-1, 0)
	case '\n':
		row++
	case '\r':
		column = 0
	default:
		if b.text() {
			b.mem.Store(b.cell(page, row, column), 1, uint64(char))
		}
		column++
	}
	b.advance(page, row, column)
}

// advance puts the cursor somewhere, wrapping and scrolling where it left the
// screen.
func (b *BIOS) advance(page uint8, row, column int) {
	rows, columns := b.size()
	if column >= columns {
		row, column = row+1, 0
	}
	if row >= rows {
		row = rows - 1
		attr := uint8(b.mem.Load(b.cell(page, row, 0)+1, 1))
		b.scroll(page, 1, true, attr, 0, 0, rows-1, columns-1)
	}
	b.setCursor(page, uint8(row), uint8(column))
}

// print writes a line of the BIOS's own.
func (b *BIOS) print(s string) {
	if s == "" {
		return
	}
	for _, c := range []byte(s + "\r\n") {
		b.teletype(b.bdaByte(bdaPage), c)
	}
}

// A string is written a piece at a time, so that no call takes long: the
// scratch field counts the characters in its low half and keeps the cursor to
// go back to in its high half.
const stringPiece = 64

// writeString is AH=13h. AL bit 0: move the cursor; bit 1: the string holds
// attributes.
func (b *BIOS) writeString(f *frame) {
	page := f.bx.h() & 7
	done := int(f.scratch & 0xffff)
	if done == 0 {
		f.scratch = uint32(b.bdaWord(bdaCursor+2*uint32(page))) << 16
		b.setCursor(page, f.dx.h(), f.dx.l())
	}
	end := min(done+stringPiece, int(f.cx.x()))
	for ; done < end; done++ {
		b.stringChar(f, page, done)
	}
	f.scratch = f.scratch&^0xffff | uint32(done)
	if done < int(f.cx.x()) {
		f.status = statusPoll
		return
	}
	if f.ax.l()&1 == 0 {
		b.setCursor(page, uint8(f.scratch>>24), uint8(f.scratch>>16))
	}
}

func (b *BIOS) stringChar(f *frame, page uint8, i int) {
	var p [2]byte
	p[1] = f.bx.l()
	step := uint16(1)
	if f.ax.l()&2 != 0 {
		step = 2
	}
	b.readLinear(segment(f.es, f.bp.x()+uint16(i)*step), p[:step])
	switch p[0] {
	case 7, 8, '\n', '\r':
	default:
		if b.text() {
			b.mem.Store(b.cursorCell(page)+1, 1, uint64(p[1]))
		}
	}
	b.teletype(page, p[0])
}

// setCGAColour is AH=0Bh: border or background, and CGA palette.
func (b *BIOS) setCGAColour(f *frame) {
	if f.bx.h() == 0 {
		b.setAttr(0x11, f.bx.l()&0x1f)
	}
}

// displayCombination is AH=1Ah: a VGA with a colour display, and nothing else.
func (b *BIOS) displayCombination(f *frame) {
	switch f.ax.l() {
	case 0:
		f.bx.setX(uint16(b.bdaByte(bdaVideoDCC)))
	case 1:
		b.setBDAByte(bdaVideoDCC, f.bx.l())
	default:
		return
	}
	f.ax.setL(0x1a)
}

// videoCapabilities is the static part of AH=1Bh: modes 0 to 7, 0Dh, 0Eh, 10h,
// 12h, 13h; 200, 350 and 400 lines; eight fonts of which two at a time.
var videoCapabilities = [16]byte{0xff, 0x60, 0x0d, 0, 0, 0, 0, 0x07, 2, 8, 0xfd, 0x08}

// videoState is AH=1Bh with BX=0: 64 bytes at ES:DI.
func (b *BIOS) videoState(f *frame) {
	if f.bx.x() != 0 {
		return
	}
	var p [64]byte
	at := b.layout.videoCap
	copy(p[:], []byte{byte(at), byte(at >> 8), 0x00, 0xf0})
	b.mem.Read(bdaBase+bdaMode, p[4:0x22])
	b.mem.Read(bdaBase+bdaRows, p[0x22:0x25])
	p[0x22]++ // the BDA has one less
	p[0x25] = b.bdaByte(bdaVideoDCC)
	p[0x27] = 16 // colours, as a word
	if m := findMode(b.bdaByte(bdaMode) & 0x7f); m != nil && m.number == 0x13 {
		p[0x27], p[0x28] = 0, 1
	}
	p[0x29] = 8 // pages
	p[0x2a] = 2 // 400 lines
	p[0x31] = 3 // 256 KiB
	b.writeLinear(segment(f.es, f.di.x()), p[:])
	f.ax.setL(0x1b)
}

// videoSelect is AH=12h.
func (b *BIOS) videoSelect(f *frame) {
	switch bl := f.bx.l(); {
	case bl == 0x10: // colour, 256 KiB, switches
		f.bx.setX(0x0003)
		f.cx.setX(uint16(b.bdaByte(bdaVideoSwitches) & 0x0f))
	case bl == 0x34: // cursor emulation
		b.setBDAByte(bdaVideoControl, b.bdaByte(bdaVideoControl)&^1|f.ax.l()&1)
		f.ax.setL(0x12)
	case bl >= 0x30 && bl <= 0x36:
		f.ax.setL(0x12)
	}
}

// palette is AH=10h: attribute controller and DAC.
func (b *BIOS) palette(f *frame) {
	first, count := int(f.bx.x()), int(f.cx.x())
	switch f.ax.l() {
	case 0x00:
		b.setAttr(f.bx.l()&0x1f, f.bx.h())
	case 0x01:
		b.setAttr(0x11, f.bx.h())
	case 0x02:
		var p [17]byte
		b.readLinear(segment(f.es, f.dx.x()), p[:])
		for i, v := range p[:16] {
			b.setAttr(uint8(i), v)
		}
		b.setAttr(0x11, p[16])
	case 0x03: // blink or bright background
		b.setAttr(0x10, b.attr(0x10)&^8|f.bx.l()&1<<3)
	case 0x07:
		f.bx.setH(b.attr(f.bx.l() & 0x1f))
	case 0x08:
		f.bx.setH(b.attr(0x11))
	case 0x09:
		var p [17]byte
		for i := range 16 {
			p[i] = b.attr(uint8(i))
		}
		p[16] = b.attr(0x11)
		b.writeLinear(segment(f.es, f.dx.x()), p[:])
	case 0x10:
		b.out(portDACWrite, f.bx.l())
		b.dacTriple(f.dx.h(), f.cx.h(), f.cx.l())
	case 0x12:
		p := make([]byte, 3*min(count, 256))
		b.readLinear(segment(f.es, f.dx.x()), p)
		b.out(portDACWrite, uint8(first))
		for _, v := range p {
			b.out(portDACData, v)
		}
	case 0x15:
		b.out(portDACRead, f.bx.l())
		f.dx.setH(b.in(portDACData))
		f.cx.setH(b.in(portDACData))
		f.cx.setL(b.in(portDACData))
	case 0x17:
		p := make([]byte, 3*min(count, 256))
		b.out(portDACRead, uint8(first))
		for i := range p {
			p[i] = b.in(portDACData)
		}
		b.writeLinear(segment(f.es, f.dx.x()), p)
	case 0x18:
		b.out(portDACMask, f.bx.l())
	case 0x19:
		f.bx.setL(b.in(portDACMask))
	}
}

// fonts is AH=11h: load a font, and where fonts are.
func (b *BIOS) fonts(f *frame) {
	switch al := f.ax.l(); al {
	case 0x00, 0x10:
		height := int(f.bx.h())
		at := segment(f.es, f.bp.x())
		b.loadFont(f.bx.l(), int(f.dx.x()), min(int(f.cx.x()), 256), height, func(i int) []byte {
			p := make([]byte, height)
			b.readLinear(at+uint32(i*height), p)
			return p
		})
		if al == 0x10 {
			b.setCharHeight(height)
		}
	case 0x01, 0x11, 0x02, 0x12, 0x04, 0x14:
		height := [...]int{1: 14, 2: 8, 4: 16}[al&7]
		b.loadROMFont(f.bx.l(), height)
		if al&0x10 != 0 {
			b.setCharHeight(height)
		}
	case 0x03:
		b.indexed(portSeq, 3, f.bx.l())
	case 0x20:
		b.setDwordAt(4*0x1f, uint32(f.es)<<16|uint32(f.bp.x()))
	case 0x21:
		b.setDwordAt(4*0x43, uint32(f.es)<<16|uint32(f.bp.x()))
		b.setBDAWord(bdaCharHeight, f.cx.x())
	case 0x22, 0x23, 0x24:
		height := [...]int{14, 8, 16}[al-0x22]
		b.setDwordAt(4*0x43, 0xf000<<16|uint32(b.romFont(height)))
		b.setBDAWord(bdaCharHeight, uint16(height))
	case 0x30:
		b.fontInfo(f)
	}
}

// setCharHeight fits as many text rows of a font as 400 lines hold.
func (b *BIOS) setCharHeight(height int) {
	if !b.text() || height < 1 || height > 32 {
		return
	}
	rows := 400 / height
	crtc := b.bdaWord(bdaCRTC)
	b.indexed(crtc, 0x09, b.readIndexed(crtc, 0x09)&^0x1f|uint8(height-1))
	end := rows*height - 1 // vertical display end, bit 8 in the overflow register
	b.indexed(crtc, 0x12, uint8(end))
	b.indexed(crtc, 0x07, b.readIndexed(crtc, 0x07)&^0x02|uint8(end>>8&1)<<1)
	b.setBDAByte(bdaRows, uint8(rows-1))
	b.setBDAWord(bdaCharHeight, uint16(height))
	_, columns := b.size()
	b.setBDAWord(bdaPageSize, uint16((rows*columns*2+0xff)&^0xff))
	b.setCursorShape(0x0607)
}

// fontInfo is AX=1130h.
func (b *BIOS) fontInfo(f *frame) {
	at := uint32(0xf000) << 16
	switch f.bx.h() {
	case 0:
		at = b.dwordAt(4 * 0x1f)
	case 1:
		at = b.dwordAt(4 * 0x43)
	case 2, 5:
		at |= uint32(b.layout.font14)
	case 3:
		at |= uint32(b.layout.font8)
	case 4:
		at |= uint32(b.layout.font8) + 128*8
	default:
		at |= uint32(b.layout.font16)
	}
	f.es = uint16(at >> 16)
	f.bp.setX(uint16(at))
	f.cx.setX(b.bdaWord(bdaCharHeight))
	f.dx.setL(b.bdaByte(bdaRows))
	f.flags &^= x86.CF
}

// videoTable is the video parameter table of INT 1Dh, for the 6845: 40 columns,
// 80 columns, graphics, monochrome; then page sizes, columns and mode bytes.
var videoTable = [88]byte{
	0x38, 0x28, 0x2d, 0x0a, 0x1f, 6, 0x19, 0x1c, 2, 7, 6, 7, 0, 0, 0, 0,
	0x71, 0x50, 0x5a, 0x0a, 0x1f, 6, 0x19, 0x1c, 2, 7, 6, 7, 0, 0, 0, 0,
	0x38, 0x28, 0x2d, 0x0a, 0x7f, 6, 0x64, 0x70, 2, 1, 6, 7, 0, 0, 0, 0,
	0x61, 0x50, 0x52, 0x0f, 0x19, 6, 0x19, 0x19, 2, 0x0d, 0x0b, 0x0c, 0, 0, 0, 0,
	0, 8, 0, 0x10, 0, 0x40, 0, 0x40, 40, 40, 80, 80, 40, 40, 80, 80,
	0x2c, 0x28, 0x2d, 0x29, 0x2a, 0x2e, 0x1e, 0x29,
}
