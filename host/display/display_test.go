package display

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// emulator is as much of a terminal as the package uses. What else it is sent
// fails the test.
type emulator struct {
	t             *testing.T
	columns, rows int
	cells         map[[2]int]string // "attributes rune" by row and column
	row, column   int
	sgr           string
	cursorOn      bool
	shape         string
	alternate     bool
	writes, bytes int
}

func newEmulator(t *testing.T, columns, rows int) *emulator {
	return &emulator{t: t, columns: columns, rows: rows, cells: map[[2]int]string{}, sgr: "0", cursorOn: true}
}

func (e *emulator) Write(p []byte) (int, error) {
	e.writes++
	e.bytes += len(p)
	for rest := p; len(rest) > 0; {
		if rest[0] == 0x1b {
			require.Greater(e.t, len(rest), 2)
			require.EqualValues(e.t, '[', rest[1])
			end := bytes.IndexFunc(rest[2:], func(r rune) bool { return r >= 0x40 && r <= 0x7e }) + 2
			require.Greater(e.t, end, 1)
			e.sequence(string(rest[2:end]), rest[end])
			rest = rest[end+1:]
			continue
		}
		r, n := utf8.DecodeRune(rest)
		require.False(e.t, r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError, "%q", rest)
		require.Less(e.t, e.row, e.rows)
		require.Less(e.t, e.column, e.columns)
		e.cells[[2]int{e.row, e.column}] = e.sgr + " " + string(r)
		e.column++
		rest = rest[n:]
	}
	return len(p), nil
}

func (e *emulator) sequence(parameters string, final byte) {
	switch s := parameters + string(final); {
	case final == 'H':
		_, err := fmt.Sscanf(parameters, "%d;%d", &e.row, &e.column)
		require.NoError(e.t, err)
		e.row--
		e.column--
	case final == 'm':
		e.sgr = parameters
	case s == "2J":
		clear(e.cells)
	case s == "?25h":
		e.cursorOn = true
	case s == "?25l":
		e.cursorOn = false
	case s == "?1049h":
		e.alternate = true
	case s == "?1049l":
		e.alternate = false
	case final == 'q':
		e.shape = parameters
	default:
		require.Fail(e.t, "unknown sequence", "%q", s)
	}
}

// line is the text of a row, blanks at its end cut.
func (e *emulator) line(row int) string {
	var b strings.Builder
	for column := range e.columns {
		cell := e.cells[[2]int{row, column}]
		b.WriteString(cell[strings.IndexByte(cell, ' ')+1:])
	}
	return strings.TrimRight(b.String(), " ")
}

func frame(columns, rows int, lines ...string) Frame {
	f := Frame{Columns: columns, Rows: rows, Cells: make([]Cell, columns*rows)}
	for i := range f.Cells {
		f.Cells[i] = Cell{' ', 0x07}
	}
	for row, line := range lines {
		for column, r := range []rune(line) {
			f.Cells[row*columns+column].Rune = r
		}
	}
	return f
}

func TestDrawsOnlyWhatChanged(t *testing.T) {
	var out bytes.Buffer
	s := New(&out)
	f := frame(4, 2, "ab", "░")
	require.NoError(t, s.Draw(f))
	require.Equal(t, enterSequence+clearSequence+"\x1b[1;1H\x1b[0;37;40mab  \x1b[2;1H░   \x1b[?25l", out.String())
	out.Reset()
	require.NoError(t, s.Draw(f))
	require.Empty(t, out.String())
	f.Cells[1].Rune = 'x'
	f.Cells[2].Rune = 'y'
	f.Cells[7] = Cell{'z', 0x1e}
	require.NoError(t, s.Draw(f))
	require.Equal(t, "\x1b[1;2H\x1b[0;37;40mxy\x1b[2;4H\x1b[0;93;44mz", out.String())
}

func TestAttributes(t *testing.T) {
	rows := []struct {
		name  string
		attr  byte
		blink bool
		want  string
	}{
		{"grey on black", 0x07, false, "\x1b[0;37;40m"},
		{"white on blue", 0x1f, false, "\x1b[0;97;44m"},
		{"red on cyan", 0x34, false, "\x1b[0;31;46m"},
		{"brown on green", 0x26, false, "\x1b[0;33;42m"},
		{"bright background", 0xc0, false, "\x1b[0;30;101m"},
		{"blinking", 0xc2, true, "\x1b[0;5;32;41m"},
	}
	for _, row := range rows {
		require.Equal(t, row.want, string(appendAttr(nil, row.attr, row.blink)), row.name)
	}
}

func TestCursor(t *testing.T) {
	var out bytes.Buffer
	s := New(&out)
	f := frame(4, 2)
	require.NoError(t, s.Draw(f))
	rows := []struct {
		name   string
		change func()
		want   string
	}{
		{"appears", func() { f.Cursor = Cursor{1, 1, true, false} }, "\x1b[2;2H\x1b[3 q\x1b[?25h"},
		{"stays", func() {}, ""},
		{"moves", func() { f.Cursor.Column = 3 }, "\x1b[2;4H\x1b[?25h"},
		{"becomes a block", func() { f.Cursor.Block = true }, "\x1b[2;4H\x1b[1 q\x1b[?25h"},
		{"returns after a change", func() { f.Cells[0].Rune = 'x' }, "\x1b[?25l\x1b[1;1H\x1b[0;37;40mx\x1b[2;4H\x1b[?25h"},
		{"outside", func() { f.Cursor.Column = 4 }, "\x1b[?25l"},
		{"still outside", func() { f.Cursor.Column = 5 }, ""},
	}
	for _, row := range rows {
		out.Reset()
		row.change()
		require.NoError(t, s.Draw(f))
		require.Equal(t, row.want, out.String(), row.name)
	}
}

func TestStartAndStop(t *testing.T) {
	e := newEmulator(t, 10, 3)
	s := New(e)
	require.NoError(t, s.Start())
	require.NoError(t, s.Start())
	require.True(t, e.alternate)
	require.False(t, e.cursorOn)
	require.NoError(t, s.Draw(frame(10, 3, "x")))
	require.NoError(t, s.Stop())
	require.False(t, e.alternate)
	require.True(t, e.cursorOn)
	require.Equal(t, "0 ", e.shape)
	require.Equal(t, "0", e.sgr)
	writes := e.writes
	require.NoError(t, s.Stop())
	require.NoError(t, s.Draw(frame(10, 3, "y")))
	require.NoError(t, s.Start())
	require.Equal(t, writes, e.writes, "nothing after Stop")

	e = newEmulator(t, 10, 3)
	require.NoError(t, New(e).Stop())
	require.Zero(t, e.writes, "a screen that never started leaves the terminal alone")
}

func TestBlankAndGraphics(t *testing.T) {
	e := newEmulator(t, 80, 25)
	s := New(e)
	f := frame(80, 25, "hello")
	f.Cursor.Visible = true
	require.NoError(t, s.Draw(f))
	require.Equal(t, "hello", e.line(0))
	f.Blank = true
	require.NoError(t, s.Draw(f))
	require.Empty(t, e.line(0))
	require.False(t, e.cursorOn)
	require.NoError(t, s.Draw(Frame{Graphics: true}))
	require.Equal(t, graphicsText, e.line(0))
	f.Blank = false
	require.NoError(t, s.Draw(f))
	require.Equal(t, "hello", e.line(0))
	require.True(t, e.cursorOn)
}

func TestControlCodesDoNotReachTheTerminal(t *testing.T) {
	e := newEmulator(t, 10, 1)
	f := frame(10, 1)
	for i, r := range []rune{0, 7, 0x1b, 0x7f, 0x9b, -1, 'x'} {
		f.Cells[i].Rune = r
	}
	require.NoError(t, New(e).Draw(f))
	require.Equal(t, "      x", e.line(0))
}

func TestSmallTerminalShowsTheCursor(t *testing.T) {
	e := newEmulator(t, 5, 3)
	s := New(e)
	s.SetSize(5, 3)
	f := frame(8, 5, "row 0 long", "row 1", "row 2", "row 3", "row 4")
	f.Cells[7].Rune = ' '
	require.NoError(t, s.Draw(f))
	require.Equal(t, "row 0", e.line(0))
	require.Equal(t, "row 2", e.line(2))
	f.Cursor = Cursor{Column: 2, Row: 4, Visible: true}
	require.NoError(t, s.Draw(f))
	require.Equal(t, "row 2", e.line(0))
	require.Equal(t, "row 4", e.line(2))
	require.Equal(t, []int{2, 2}, []int{e.row, e.column})
	require.True(t, e.cursorOn)
	e.columns, e.rows = 8, 5
	s.SetSize(100, 40)
	require.NoError(t, s.Draw(f))
	require.Equal(t, "row 0", e.line(0)[:5])
	require.Equal(t, "row 4", e.line(4))
	require.Equal(t, 4, e.row)
}

func TestRedraw(t *testing.T) {
	e := newEmulator(t, 10, 2)
	s := New(e)
	f := frame(10, 2, "text")
	f.Cursor.Visible = true
	require.NoError(t, s.Draw(f))
	clear(e.cells)
	s.Redraw()
	require.NoError(t, s.Draw(f))
	require.Equal(t, "text", e.line(0))
	require.True(t, e.cursorOn)
}

func TestWriteErrorIsReported(t *testing.T) {
	gone := errors.New("gone")
	require.ErrorIs(t, New(failing{gone}).Draw(frame(1, 1)), gone)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestRandomFramesComeOutAsTheyAre draws many frames, each by its difference,
// and wants the terminal to show each of them whole.
func TestRandomFramesComeOutAsTheyAre(t *testing.T) {
	const columns, rows = 20, 6
	random := rand.New(rand.NewPCG(1, 2))
	e := newEmulator(t, columns, rows)
	s := New(e)
	f := frame(columns, rows)
	runes := []rune("ab ░║é")
	for range 500 {
		for range random.IntN(12) {
			f.Cells[random.IntN(len(f.Cells))] = Cell{runes[random.IntN(len(runes))], byte(random.Uint32())}
		}
		if random.IntN(20) == 0 {
			f.Blink = !f.Blink
		}
		f.Cursor = Cursor{random.IntN(columns + 1), random.IntN(rows), random.IntN(3) > 0, random.IntN(2) > 0}
		require.NoError(t, s.Draw(f))
		for i, c := range f.Cells {
			sgr := string(appendAttr(nil, c.Attr, f.Blink))
			want := strings.TrimSuffix(strings.TrimPrefix(sgr, "\x1b["), "m") + " " + string(c.Rune)
			require.Equal(t, want, e.cells[[2]int{i / columns, i % columns}])
		}
		visible := f.Cursor.Visible && f.Cursor.Column < columns
		require.Equal(t, visible, e.cursorOn)
		if visible {
			require.Equal(t, []int{f.Cursor.Row, f.Cursor.Column}, []int{e.row, e.column})
			require.Equal(t, map[bool]string{false: "3 ", true: "1 "}[f.Cursor.Block], e.shape)
		}
	}
}
