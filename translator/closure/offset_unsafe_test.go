package closure

import (
	"testing"
	"unsafe"

	"ringzero/cpu"
)

// BenchmarkOperands is the cost of an operand that a closure finds by a pointer, as
// here, and by an offset in the processor that it is given, which would let processors
// share blocks (docs/RATIONALE.md): ADD r32, r32 without flags, sixteen times.
func BenchmarkOperands(b *testing.B) {
	c := &cpu.CPU{}
	reg := func(i int) *uint64 { return &c.R[i&7] }
	var pointers, offsets []fn
	for i := range 16 {
		d, s := reg(i), reg(i*3+1)
		pointers = append(pointers, func(c *cpu.CPU) { *d = uint64(uint32(*d) + uint32(*s)) })
		dOff, sOff := uintptr(unsafe.Pointer(d))-uintptr(unsafe.Pointer(c)), uintptr(unsafe.Pointer(s))-uintptr(unsafe.Pointer(c))
		offsets = append(offsets, func(c *cpu.CPU) {
			d, s := (*uint64)(unsafe.Add(unsafe.Pointer(c), dOff)), (*uint64)(unsafe.Add(unsafe.Pointer(c), sOff))
			*d = uint64(uint32(*d) + uint32(*s))
		})
	}
	for _, k := range []struct {
		name string
		fns  []fn
	}{{"pointers", pointers}, {"offsets", offsets}} {
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				for _, f := range k.fns {
					f(c)
				}
			}
		})
	}
}
