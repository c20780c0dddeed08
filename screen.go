package ringzero

// Screen is the text screen in Unicode, a line each row, without the blanks at
// its end; nil in a graphics mode. See Text for colours and cursor.
func (m *Machine) Screen() []string {
	t := m.vga.Screen()
	if t.Graphics {
		return nil
	}
	lines := make([]string, t.Rows)
	for n := range lines {
		lines[n] = t.Line(n)
	}
	return lines
}

// Text is what the screen shows, with colours and cursor. It takes a while: a
// display asks only where ScreenChanges has changed.
func (m *Machine) Text() Text { return m.vga.Screen() }

// ScreenChanges is a number that differs whenever the screen may show something
// else.
func (m *Machine) ScreenChanges() uint64 { return m.vga.Generation() }
