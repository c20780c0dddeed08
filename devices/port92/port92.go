// Package port92 is system control port A: the fast A20 gate and the fast reset
// of the processor.
//
// Source: Intel 82371SB (PIIX3) data sheet 290550, section 2.5.5.
package port92

import "ringzero/bus"

const (
	kind    = "port92"
	version = 1

	fastInit = 0x01 // a rising bit resets the processor
	fastA20  = 0x02
)

// State is what the port holds.
type State struct {
	Value uint8
}

// Port is the register: 1 port, 92h in a PC.
type Port struct {
	state State
	a20   bus.Line
	init  bus.Line
}

// New makes a port that drives a20 (high lets address bit 20 through; boards OR
// it with the keyboard controller's) and pulses init, which resets the
// processor alone. No line is driven before Reset or a write.
func New(a20, init bus.Line) *Port { return &Port{a20: a20, init: init} }

// Reset clears the register and drives A20 low.
func (p *Port) Reset() {
	p.state = State{}
	p.a20.Set(false)
}

// Read answers with the register.
func (p *Port) Read(uint64, int) uint64 { return uint64(p.state.Value) }

// Write sets A20 and, where bit 0 rises, resets the processor. Other bits are
// reserved and read as zero.
func (p *Port) Write(_ uint64, _ int, value uint64) {
	was := p.state.Value
	now := uint8(value) & (fastInit | fastA20)
	p.state.Value = now
	if (was^now)&fastA20 != 0 {
		p.a20.Set(now&fastA20 != 0)
	}
	if now&^was&fastInit != 0 {
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

// Load takes back what Save made, without an edge on a line.
func (p *Port) Load(data []byte) error {
	var s State
	if err := bus.Unmarshal(data, kind, version, &s); err != nil {
		return err
	}
	s.Value &= fastInit | fastA20
	p.state = s
	return nil
}
