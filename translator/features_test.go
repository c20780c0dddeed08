package translator_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/translator"
	"ringzero/x86"
)

// example makes an instruction of a row: operands at address 4000h or EAX, zero
// immediates.
func example(r *decoder.Row) []byte {
	var code []byte
	if r.Prefix > decoder.PrefixNoRep {
		code = append(code, r.Prefix)
	}
	switch r.Map {
	case decoder.Map0F:
		code = append(code, 0x0f)
	case decoder.Map0F38:
		code = append(code, 0x0f, 0x38)
	case decoder.Map0F3A:
		code = append(code, 0x0f, 0x3a)
	case decoder.MapVEX0F38, decoder.MapVEX0F3A:
		return nil
	}
	reg := byte(max(r.Reg, 0)) << 3
	modrm := []byte{0xc0 | reg | byte(max(r.RM, 0))}
	if r.Mod == decoder.ModMem || r.Mod == decoder.ModAny && r.RM < 0 {
		modrm = []byte{0x05 | reg, 0, 0x40, 0, 0}
	}
	code = append(append(code, r.Opcode), modrm...)
	return append(code, make([]byte, 8)...)
}

// TestModelsExecuteWhatTheyShow runs an instruction of every row on every model:
// it is #UD exactly where the model lacks the row's feature, and a CPUID bit
// that is shown has no row that is not implemented.
func TestModelsExecuteWhatTheyShow(t *testing.T) {
	for _, name := range cpu.ModelNames() {
		t.Run(name, func(t *testing.T) {
			model, err := cpu.ModelByName(name)
			require.NoError(t, err)
			mem, err := bus.NewMemory(1 << 20)
			require.NoError(t, err)
			t.Cleanup(mem.Close)
			c := cpu.New(model, mem, bus.NewPorts())
			e := translator.New(c, translator.Config{})
			shown := 0
			for _, row := range decoder.Rows() {
				code := example(row)
				var in decoder.Inst
				if decoder.Decode(code, decoder.Code32, &in) != decoder.OK || in.Row != row || row.Modes&decoder.InProtected == 0 {
					continue
				}
				ud := execute(c, e, code)
				what := fmt.Sprintf("%s %v, %v", row.Encoding(), row.Op, row.Feature)
				switch row.Op {
				case decoder.UD0, decoder.UD1, decoder.UD2,
					decoder.RSM,   // #UD outside of system management mode
					decoder.MOVTR: // the test registers went with the Pentium, and nobody misses a 486's
					require.True(t, ud, what)
					continue
				case decoder.LZCNT, decoder.TZCNT: // BSR and BSF where they are missing
					require.False(t, ud, what)
					continue
				}
				if row.Op == decoder.MOVCR && model.CR4 == 0 {
					continue // #UD depends on the register
				}
				if model.Has(row.Feature) {
					shown++
				}
				if model.Has(row.Feature) == ud {
					t.Errorf("%s: #UD is %v", what, ud)
				}
			}
			require.Greater(t, shown, 300)
		})
	}
}

// execute runs one instruction in ring 0 of flat protected mode and tells
// whether it was #UD.
func execute(c *cpu.CPU, e *translator.Engine, code []byte) bool {
	c.Reset()
	c.CR0 = x86.CR0_PE | x86.CR0_NE
	c.IDTR.Limit = 0
	for i := range 6 {
		c.Seg[i] = cpu.Segment{Sel: 8, Limit: 0xffffffff, Attr: 0xc093, ReadHi: 0xffffffff, WriteHi: 0xffffffff}
	}
	c.Seg[x86.CS].Attr, c.Seg[x86.CS].WriteLo, c.Seg[x86.CS].WriteHi = 0xc09b, 1, 0
	c.EIP, c.R[x86.SP] = 0x1000, 0x8000
	c.FlushTLB()
	c.Mem.Write(0x1000, code)
	c.Faults.N = 0
	c.Grant(0, 1)
	e.Run()
	return c.Faults.N > 0 && c.Faults.Last[0].Exc.Vector == x86.VecUD
}
