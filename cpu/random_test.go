package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/decoder"
	"ringzero/x86"
)

func TestRDRANDRepeatsForASeed(t *testing.T) {
	draw := func(seed uint64) (v [3]uint64) {
		model, err := ModelByName("max")
		require.NoError(t, err)
		mem, err := bus.NewMemory(1 << 20)
		require.NoError(t, err)
		defer mem.Close()
		c := New(model, mem, bus.NewPorts())
		c.Seed(seed)
		var in decoder.Inst
		require.Equal(t, decoder.OK, decoder.Decode([]byte{0x0f, 0xc7, 0xf3}, decoder.Code32, &in)) // rdrand ebx
		for i := range v {
			c.SetArith(x86.Arith, x86.ZF|x86.OF)
			require.Nil(t, Calls[in.Op].Do(c, &Site{Inst: &in}))
			require.EqualValues(t, x86.CF, c.Arith())
			v[i] = c.R[x86.BX]
			require.LessOrEqual(t, v[i], uint64(0xffffffff), "a dword register")
		}
		return v
	}
	require.Equal(t, draw(1), draw(1))
	require.NotEqual(t, draw(1), draw(2))
	v := draw(3)
	require.NotEqual(t, v[0], v[1])
}
