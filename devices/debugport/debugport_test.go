package debugport

import (
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

type sink []byte

func (s *sink) Send(b byte) { *s = append(*s, b) }

func TestConsole(t *testing.T) {
	var out sink
	ports := bus.NewPorts()
	require.NoError(t, ports.Map("debug console", 0xe9, 1, 1, New(&out)))
	require.EqualValues(t, 0xe9, ports.In(0xe9, 1))
	for _, c := range "ok" {
		ports.Out(0xe9, 1, 0xff00|uint64(c))
	}
	require.Equal(t, "ok", string(out))
	New(nil).Write(0, 1, 'x')
}

func TestExit(t *testing.T) {
	for _, c := range []struct {
		name  string
		port  uint16
		size  int
		value uint64
		want  uint32
	}{
		{"byte", 0xf4, 1, 0x1ff, 0xff},
		{"word", 0xf4, 2, 0x10000, 0},
		{"dword", 0xf4, 4, 0xdeadbeef, 0xdeadbeef},
		{"second port", 0xf5, 1, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := []uint32{}
			ports := bus.NewPorts()
			require.NoError(t, ports.Map("exit", 0xf4, 4, 4, NewExit(func(v uint32) { got = append(got, v) })))
			ports.Out(c.port, c.size, c.value)
			require.Equal(t, []uint32{c.want}, got)
			require.Zero(t, ports.In(0xf4, 1))
		})
	}
}

func FuzzRegisters(f *testing.F) {
	f.Add(uint64(0), uint8(2), uint64(1<<40))
	f.Fuzz(func(t *testing.T, offset uint64, shift uint8, value uint64) {
		size := 1 << (shift % 4)
		var out sink
		New(&out).Write(offset, size, value)
		require.Len(t, out, 1)
		NewExit(func(v uint32) { require.Equal(t, value&(1<<(8*min(size, 4))-1), uint64(v)) }).Write(offset, size, value)
	})
}
