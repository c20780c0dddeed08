package bus

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigSpace(t *testing.T) {
	c := NewConfigSpace(0x8086, 0x7010, 3, 0x01_01_80)
	require.Equal(t, uint32(0x7010_8086), c.Read(0, 4))
	require.Equal(t, uint32(0x01_01_80_03), c.Read(8, 4))

	c.Default(0x40, 2, 0x1234)
	c.Writable(0x40, 2, 0x0ff0)
	c.ClearOnOne(0x40, 2, 0x0004)
	c.Write(0x40, 4, 0xffff_ffff)
	require.Equal(t, uint32(0x1ff0), c.Read(0x40, 4), "fixed, writable and cleared bits")
	c.Write(0x41, 1, 0)
	require.Equal(t, uint16(0x10f0), c.Word(0x40), "one byte alone")
	c.Set(0x40, 1, 0x0f)
	require.Equal(t, uint8(0x0f), c.Byte(0x40), "the chip ignores masks")
	saved, damaged := c.Data(), c.Data()
	damaged[0]++
	require.ErrorContains(t, c.Restore(damaged), "register 00h is 87h")
	require.Equal(t, saved, c.Data())
	c.Reset()
	require.Equal(t, uint32(0x1234), c.Dword(0x40))
	require.Error(t, c.Restore(saved), "what the chip set against its masks")
	saved[0x40] = 0x34
	require.NoError(t, c.Restore(saved))
	require.Equal(t, uint16(0x1034), c.Word(0x40))
	c.Reset()

	c.Write(0xff, 4, 0xffff_ffff)
	require.Equal(t, uint32(0xffff_ff00), c.Read(0xff, 4), "past the end")
}
