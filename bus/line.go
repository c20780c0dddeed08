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

// Gate is a wire that several chips set and read back, with no gates between:
// the last of them decides.
type Gate struct {
	out  Line
	high bool
}

// NewGate makes a gate that drives out, low at first.
func NewGate(out Line) *Gate { return &Gate{out: out} }

// Set drives the wire where the level is another.
func (g *Gate) Set(level bool) {
	if g.high != level {
		g.high = level
		g.out.Set(level)
	}
}

// Level is what the gate drives now.
func (g *Gate) Level() bool { return g.high }

// Restore puts the level of a snapshot back without an edge on the output: what
// hangs there restores itself.
func (g *Gate) Restore(level bool) { g.high = level }
