// Package bus is what joins processor, memory and chips: physical memory with
// its page marks, port and MMIO ranges, interrupt lines, the virtual clock with
// its event queue, the input log, and the interfaces that PCI functions, disks
// and character back ends satisfy. It knows no chip and no processor.
package bus

// Line is a wire that a chip drives: an interrupt request, a reset, a gate.
// Set with an unchanged level does nothing.
type Line interface {
	Set(level bool)
}

// LineFunc makes a function a Line. It is called at each Set, changed or not.
type LineFunc func(level bool)

// Set calls the function.
func (f LineFunc) Set(level bool) { f(level) }

// NoLine is a wire that ends nowhere.
var NoLine Line = LineFunc(func(bool) {})

// Or joins several sources into one line: it is high while any source is
// (shared PCI interrupts).
type Or struct {
	out  Line
	high uint64
	n    int
}

// NewOr makes an OR gate of at most 64 inputs that drives out.
func NewOr(out Line) *Or { return &Or{out: out} }

// Input makes a further input, low at first.
func (o *Or) Input() Line {
	bit := uint64(1) << o.n
	if o.n++; o.n > 64 {
		panic("BUG: bus: an OR gate of more than 64 inputs")
	}
	return LineFunc(func(level bool) {
		was := o.high != 0
		if level {
			o.high |= bit
		} else {
			o.high &^= bit
		}
		if now := o.high != 0; now != was {
			o.out.Set(now)
		}
	})
}

// Level is what Or drives now.
func (o *Or) Level() bool { return o.high != 0 }

// State is the levels of the inputs, in order of their making from bit 0, for a
// snapshot.
func (o *Or) State() uint64 { return o.high }

// Restore puts the levels of a snapshot back without an edge on the output:
// what hangs there restores itself. Inputs that do not exist are low.
func (o *Or) Restore(state uint64) { o.high = state & (1<<o.n - 1) }
