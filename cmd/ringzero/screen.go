package main

import (
	"fmt"

	"ringzero/devices/vga"
	"ringzero/host/display"
	"ringzero/host/terminal"
)

// stale tells whether the terminal shows an old screen.
func (c *console) stale() bool { return c.fresh || c.m.ScreenChanges() != c.drawn }

// draw shows the guest's screen, where it changed, some thirty times a second.
func (c *console) draw() error {
	if c.screen == nil || c.helping {
		return nil
	}
	now := c.clock()
	if !c.fresh && now-c.drawnAt < redrawEvery {
		return nil
	}
	if columns, rows, ok := terminal.Size(c.out); ok && (columns != c.columns || rows != c.rows) {
		c.columns, c.rows = columns, rows
		c.screen.SetSize(columns, rows)
		c.fresh = true
	}
	if !c.stale() {
		return nil
	}
	c.fresh, c.drawn, c.drawnAt = false, c.m.ScreenChanges(), now
	if err := c.screen.Draw(frame(c.m.Text())); err != nil {
		return fmt.Errorf("--display terminal: %w", err)
	}
	return nil
}

// frame is the adapter's screen for a display.
func frame(t vga.Text) display.Frame {
	f := display.Frame{
		Columns: t.Columns, Rows: t.Rows, Blink: t.Blink, Blank: t.Blank, Graphics: t.Graphics,
		Cells: make([]display.Cell, len(t.Cells)),
		Cursor: display.Cursor{
			Column: t.Cursor.Column, Row: t.Cursor.Row, Visible: t.Cursor.Visible,
			Block: 2*(t.Cursor.End-t.Cursor.Start+1) > t.CellHeight,
		},
	}
	for i, cell := range t.Cells {
		f.Cells[i] = display.Cell{Rune: vga.CP437[cell.Char], Attr: cell.Attr}
	}
	return f
}
