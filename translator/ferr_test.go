package translator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/translator"
	"ringzero/x86"
)

// TestFERRIsTakenBeforeTheStore has a store in the middle of a block wait for
// interrupt 13 with CR0.NE clear: the handler runs once, before it.
func TestFERRIsTakenBeforeTheStore(t *testing.T) {
	const code, handler, data, vector = 0x1000, 0x2000, 0x3000, 0x75
	b := newBoard(t, translator.Config{})
	c := b.cpu
	require.Nil(t, c.LoadData(x86.DS, 0))
	c.Seg[x86.CS].Sel, c.Seg[x86.CS].Base = 0, 0
	c.EIP, c.R[x86.SP] = code, 0x8000
	c.Flags |= x86.IF
	c.ShadowStep = bus.Never
	b.mem.Write(data, []byte{0x7b, 0x03}) // ZE unmasked
	b.mem.Write(vector*4, []byte{handler & 0xff, handler >> 8, 0, 0})
	b.mem.Write(code, []byte{
		0xdb, 0xe3, // fninit
		0xd9, 0x2e, data & 0xff, data >> 8, // fldcw [data]
		0xd9, 0xee, // fldz
		0xd9, 0xe8, // fld1
		0xd8, 0xf1, // fdiv st, st1
		0xd9, 0x1e, (data + 4) & 0xff, data >> 8, // fstp dword [data+4]
		0x90, 0x90,
		0xf4, // hlt
	})
	b.mem.Write(handler, []byte{
		0x66, 0xa1, (data + 4) & 0xff, data >> 8, // mov eax, [data+4]
		0x43,       // inc bx
		0xdb, 0xe2, // fnclex
		0xcf, // iret
	})
	c.FERR = bus.LineFunc(func(level bool) { c.SetIRQ(level) })
	run := func() {
		for c.Halted = false; !c.Halted; {
			c.Grant(c.Steps(), 1000)
			b.engine.Run()
		}
	}
	run()
	require.Equal(t, uint64(code+12), c.EIP, "it stands before the store")
	require.Equal(t, uint64(0), b.mem.Load(data+4, 4))
	require.True(t, c.InterruptReady())
	require.Equal(t, uint64(6), c.Steps(), "the halt is a step")
	c.Grant(c.Steps()+1, 0)
	c.External(vector)
	c.SetIRQ(false)
	run()
	require.Zero(t, c.R[x86.AX], "what the handler saw")
	require.Equal(t, uint64(1), c.R[x86.BX], "handlers")
	require.Equal(t, uint64(0x3f800000), b.mem.Load(data+4, 4))
	require.Equal(t, uint64(code+19), c.EIP)
	require.Zero(t, c.Faults.N)
}
