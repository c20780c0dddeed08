// Package display shows a PC's text screen on the host's terminal with ANSI
// escape sequences (ECMA-48, and xterm's private modes), and turns what the
// terminal sends for keys back into scan codes of a PC keyboard.
package display

import (
	"fmt"
	"io"
	"strconv"
	"sync"
)

// Cell is one character of a Frame.
type Cell struct {
	Rune rune // one terminal column wide; control codes are shown as blanks
	// Attr is a text mode attribute: foreground in bits 0-3, background in bits
	// 4-6, blinking or bright background in bit 7.
	Attr byte
}

// Cursor is the text cursor.
type Cursor struct {
	Column, Row int
	Visible     bool
	Block       bool // fills its cell, rather than underlining it
}

// Frame is what a screen shows.
type Frame struct {
	Columns, Rows int
	Cells         []Cell // Rows times Columns, row by row
	Cursor        Cursor
	Blink         bool // bit 7 of attributes blinks
	Blank         bool // switched off
	Graphics      bool // there is no text; Columns and Rows are not looked at
}

const graphicsText = "The guest is in a graphics mode, which this display can't show."

const (
	enterSequence = "\x1b[?1049h\x1b[0m\x1b[2J\x1b[?25l"
	leaveSequence = "\x1b[0m\x1b[0 q\x1b[?25h\x1b[?1049l"
	clearSequence = "\x1b[0m\x1b[2J"
)

// unknown is an attribute or position that the terminal may or may not have.
const unknown = -1

// Screen draws Frames. Draw and SetSize belong to one goroutine; Stop may come
// from another, such as a signal handler's.
type Screen struct {
	mu      sync.Mutex
	w       io.Writer
	started bool
	stopped bool

	maxColumns, maxRows int // the terminal's size, 0 where not known

	shown         []Cell // what the terminal shows, columns times rows
	columns, rows int
	blink         bool
	cursor        Cursor

	out         []byte // of the Draw that is going on
	attr        int
	row, column int
}

// New makes a screen that draws to w, a terminal that understands ANSI
// sequences.
func New(w io.Writer) *Screen { return &Screen{w: w} }

// SetSize tells the terminal's size, at the start and whenever it changed; 0
// means that it is not known. A terminal smaller than the guest's screen shows
// the part from the left with the cursor in it. The next Draw draws everything.
func (s *Screen) SetSize(columns, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.maxColumns, s.maxRows = max(columns, 0), max(rows, 0)
	s.forget()
}

// Redraw makes the next Draw draw everything, after something else wrote to the
// terminal.
func (s *Screen) Redraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
}

func (s *Screen) forget() { s.shown = nil }

// Start switches to the alternate screen.
func (s *Screen) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.stopped {
		return nil
	}
	s.started = true
	s.forget()
	return s.write([]byte(enterSequence))
}

// Stop goes back to the ordinary screen with the cursor on. Only the first call
// acts; nothing is drawn after it.
func (s *Screen) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	s.stopped = true
	if !s.started {
		return nil
	}
	return s.write([]byte(leaveSequence))
}

func (s *Screen) write(p []byte) error {
	if _, err := s.w.Write(p); err != nil {
		return fmt.Errorf("display: %w", err)
	}
	return nil
}

// Draw shows f by what differs from the last Draw, in one write; none at all
// where nothing differs. It starts the screen where Start was not called.
func (s *Screen) Draw(f Frame) error {
	if !f.Graphics && len(f.Cells) != f.Columns*f.Rows {
		panic(fmt.Sprintf("BUG: display: %d cells for %d columns and %d rows", len(f.Cells), f.Columns, f.Rows))
	}
	if err := s.Start(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	s.out = s.out[:0]
	s.attr, s.row, s.column = unknown, unknown, unknown
	if f.Graphics {
		f = message(graphicsText)
	}
	top := s.resize(f)
	changed := s.drawCells(f, top)
	s.drawCursor(f, top, changed)
	if len(s.out) == 0 {
		return nil
	}
	return s.write(s.out)
}

// message is a frame of one line.
func message(text string) Frame {
	f := Frame{Columns: len(text), Rows: 1}
	for _, r := range text {
		f.Cells = append(f.Cells, Cell{r, 0x07})
	}
	return f
}

// resize fits the frame into the terminal, clears where the size or the meaning
// of attributes changed, and returns the first row to be shown.
func (s *Screen) resize(f Frame) (top int) {
	columns, rows := f.Columns, f.Rows
	if s.maxColumns > 0 {
		columns = min(columns, s.maxColumns)
	}
	if s.maxRows > 0 && rows > s.maxRows {
		rows = s.maxRows
		if f.Cursor.Visible {
			top = min(max(f.Cursor.Row-rows+1, 0), f.Rows-rows)
		}
	}
	if s.shown != nil && columns == s.columns && rows == s.rows && f.Blink == s.blink {
		return top
	}
	s.columns, s.rows, s.blink = columns, rows, f.Blink
	s.shown = make([]Cell, columns*rows)
	for i := range s.shown {
		s.shown[i].Rune = unknown
	}
	s.cursor = Cursor{Row: unknown}
	s.out = append(s.out, clearSequence...)
	return top
}

func (s *Screen) drawCells(f Frame, top int) (changed bool) {
	for row := range s.rows {
		for column := range s.columns {
			cell := Cell{Rune: ' '}
			if !f.Blank {
				cell = printable(f.Cells[(top+row)*f.Columns+column])
			}
			if have := &s.shown[row*s.columns+column]; *have != cell {
				if !changed && s.cursor.Visible {
					s.out = append(s.out, "\x1b[?25l"...) // lest it run over the screen
				}
				*have = cell
				changed = true
				s.put(row, column, cell)
			}
		}
	}
	return changed
}

// printable keeps the guest from sending control codes to the terminal.
func printable(c Cell) Cell {
	if c.Rune < ' ' || c.Rune >= 0x7f && c.Rune < 0xa0 {
		c.Rune = ' '
	}
	return c
}

func (s *Screen) put(row, column int, c Cell) {
	if row != s.row || column != s.column {
		s.move(row, column)
	}
	if int(c.Attr) != s.attr {
		s.attr = int(c.Attr)
		s.out = appendAttr(s.out, c.Attr, s.blink)
	}
	s.out = append(s.out, string(c.Rune)...)
	s.row, s.column = row, column+1
}

func (s *Screen) move(row, column int) {
	s.out = append(s.out, "\x1b["...)
	s.out = strconv.AppendInt(s.out, int64(row+1), 10)
	s.out = append(s.out, ';')
	s.out = strconv.AppendInt(s.out, int64(column+1), 10)
	s.out = append(s.out, 'H')
}

// ansiColour orders the eight colours as ECMA-48 does: red is bit 0 there, and
// bit 2 on a PC.
var ansiColour = [8]byte{0, 4, 2, 6, 1, 5, 3, 7}

// appendAttr writes a whole attribute: SGR 30-37 and 40-47, 90-97 and 100-107
// for the bright ones, 5 for blinking.
func appendAttr(out []byte, attr byte, blink bool) []byte {
	foreground := 30 + int64(ansiColour[attr&7])
	if attr&8 != 0 {
		foreground += 60
	}
	background := 40 + int64(ansiColour[attr>>4&7])
	out = append(out, "\x1b[0;"...)
	if attr&0x80 != 0 {
		if blink {
			out = append(out, "5;"...)
		} else {
			background += 60
		}
	}
	out = strconv.AppendInt(out, foreground, 10)
	out = append(out, ';')
	out = strconv.AppendInt(out, background, 10)
	return append(out, 'm')
}

// drawCursor puts the cursor where it belongs, which is also needed after any
// drawing.
func (s *Screen) drawCursor(f Frame, top int, changed bool) {
	c := f.Cursor
	c.Row -= top
	c.Visible = c.Visible && !f.Blank && c.Row >= 0 && c.Row < s.rows && c.Column >= 0 && c.Column < s.columns
	if !c.Visible {
		c = Cursor{}
	}
	if c == s.cursor && !(changed && c.Visible) {
		return
	}
	old := s.cursor
	s.cursor = c
	if !c.Visible {
		s.out = append(s.out, "\x1b[?25l"...)
		return
	}
	s.move(c.Row, c.Column)
	if !old.Visible || old.Block != c.Block {
		shape := "\x1b[3 q" // blinking underline
		if c.Block {
			shape = "\x1b[1 q"
		}
		s.out = append(s.out, shape...)
	}
	s.out = append(s.out, "\x1b[?25h"...)
}
