package cpu

import (
	"testing"

	"ringzero/bus"
	"ringzero/decoder"
	"ringzero/mmu"
)

// BenchmarkFPU times the handlers of hot forms, generic and fast.
func BenchmarkFPU(b *testing.B) {
	for _, row := range []struct {
		name string
		code []byte
		keep bool // the stack's depth does not change
	}{
		{"fadd m64", []byte{0xdc, 0x03}, true},
		{"fmul m32", []byte{0xd8, 0x0b}, true},
		{"fadd st,st1", []byte{0xd8, 0xc1}, true},
		{"fmul st1,st", []byte{0xdc, 0xc9}, true},
		{"fdiv st,st1", []byte{0xd8, 0xf1}, true},
		{"fld m64", []byte{0xdd, 0x03}, false},
		{"fst m64", []byte{0xdd, 0x13}, true},
		{"fxch", []byte{0xd9, 0xc9}, true},
		{"fcomi", []byte{0xdb, 0xf1}, true},
		{"fsqrt", []byte{0xd9, 0xfa}, true},
		{"fist m32", []byte{0xdb, 0x13}, true},
	} {
		in := new(decoder.Inst)
		decoder.Decode(row.code, decoder.Code32, in)
		for _, kind := range []string{"generic", "fast"} {
			h := Calls[in.Op].Do
			if kind == "fast" {
				h = Calls[fastFPU(in)].Do
			}
			if h == nil {
				continue
			}
			b.Run(row.name+"/"+kind, func(b *testing.B) {
				mem, err := bus.NewMemory(1 << 20)
				if err != nil {
					b.Fatal(err)
				}
				defer mem.Close()
				model, _ := ModelByName("max")
				c := New(model, mem, bus.NewPorts())
				for i := range c.Seg[:6] {
					c.Seg[i].Limit = 0xffffffff
					c.Seg[i].derive()
				}
				c.FPU.reset()
				c.R[3] = fpuData // EBX
				for _, v := range []uint64{0x3ff123453f800000, 0x3ff0000000000001} {
					mem.Store(fpuData, 8, v)
					decoder.Decode([]byte{0xdd, 0x03}, decoder.Code32, in)
					if exc := fld(c, &Site{Inst: in}); exc != nil {
						b.Fatal(exc)
					}
				}
				decoder.Decode(row.code, decoder.Code32, in)
				mem.Store(fpuData, 8, 0x3ff000013f800001) // near one as a float and as a double
				c.MMU.Translate(fpuData, mmu.Read, false)
				c.MMU.Translate(fpuData, mmu.Write, false)
				s := &Site{Inst: in}
				f := c.FPU
				b.ReportAllocs()
				for b.Loop() {
					if exc := h(c, s); exc != nil {
						b.Fatal(exc)
					}
					if !row.keep {
						c.FPU.Top, c.FPU.Tags = f.Top, f.Tags
					}
				}
			})
		}
	}
}
