package debugger

import (
	"ringzero"
	"ringzero/debugger/explain"
)

// Target is what the debugger needs of a machine; *ringzero.Machine is one.
type Target interface {
	explain.Machine
	StateHash() string
	Change(f func(s *ringzero.State))
	WriteLinear(va uint64, p []byte) int
	ReadPhysical(phys uint64, p []byte) int
	WritePhysical(phys uint64, p []byte) int
	MemorySize() (below, above uint64)
	PDPTE() [4]uint64
	SetStops(s *ringzero.Stops)
	RunAtMost(step uint64)
	SerialIn(p []byte)
	Type(text string) error
	Press(name string) error
}
