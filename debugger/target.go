package debugger

import (
	"ringzero"
	"ringzero/decoder"
)

// Target is what the debugger needs of a machine; *ringzero.Machine is one.
type Target interface {
	Steps() uint64
	Now() uint64
	StateHash() string
	State() ringzero.State
	Change(f func(s *ringzero.State))
	CodeSize() decoder.CodeSize
	EA(in *decoder.Inst) uint64
	Walk(va uint64, code uint32) ringzero.Walk
	ReadLinear(va uint64, p []byte) int
	WriteLinear(va uint64, p []byte) int
	ReadPhysical(phys uint64, p []byte) int
	WritePhysical(phys uint64, p []byte) int
	MemorySize() (below, above uint64)
	Devices() []ringzero.DeviceState
	Port(port uint16) string
	Faults() *ringzero.FaultLog
	History() *ringzero.History
	PDPTE() [4]uint64
	SetStops(s *ringzero.Stops)
	RunAtMost(step uint64)
	Hit() ringzero.Hit
	Pass()
	SerialIn(p []byte)
	Type(text string) error
	Press(name string) error
	Report(why ringzero.Stop) string
}
