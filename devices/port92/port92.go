// Package port92 is system control port A: the fast A20 gate and the fast reset
// of the processor.
//
// Source: Intel 82371SB (PIIX3) data sheet 290550, section 2.5.5.
package port92

import "ringzero/bus"

const (
	kind    = "port92"
	version = 2

	fastInit = 0x01 // a rising bit resets the processor
	fastA20  = 0x02
)

// State is what the port holds; A20 is the gate's.
type State struct {
	Init bool
}

// Port is the register: 1 port, 92h in a PC.
type Port struct {
	state State
	a20   *bus.Gate
	init  bus.Line
}

// New makes a port that drives a20 (high lets address bit 20 through) and pulses
// init, which resets the processor alone. The keyboard controller drives the
// same gate: the last write to either decides and both show it, so that a guest
// that knows one way can close what another one opened, as with the OR of a
// PIIX3's board it could not. No line is driven before a write.
func New(a20 *bus.Gate, init bus.Line) *Port { return &Port{a20: a20, init: init} }

// Reset clears the register; A20 is as the keyboard controller resets it.
func (p *Port) Reset() { p.state = State{} }

// Read answers with the register.
func (p *Port) Read(uint64, int) (v uint64) {
	if p.state.Init {
		v |= fastInit
	}
	if p.a20.Level() {
		v |= fastA20
	}
	return v
}

// Write sets A20 and, where bit 0 rises, resets the processor. Other bits are
// reserved and read as zero.
func (p *Port) Write(_ uint64, _ int, value uint64) {
	was := p.state.Init
	p.state.Init = value&fastInit != 0
	p.a20.Set(value&fastA20 != 0)
	if p.state.Init && !was {
		// Last: a reset of the whole machine may come of it.
		p.init.Set(true)
		p.init.Set(false)
	}
}

// State is a copy of the present state.
func (p *Port) State() State { return p.state }

// Save encodes the present state.
func (p *Port) Save() []byte {
	s := p.state
	return bus.Marshal(kind, version, &s)
}

// Load takes back what Save made, without an edge on any line. Data of another
// kind or version, or that no chip can have saved, is an error and changes
// nothing.
func (p *Port) Load(data []byte) error {
	var s State
	if err := bus.Unmarshal(data, kind, version, &s); err != nil {
		return err
	}
	p.state = s
	return nil
}
