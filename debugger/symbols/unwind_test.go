package symbols

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnwind(t *testing.T) {
	table := NewTable(openELF(t, "args32"))
	m := newKernelMemory(32)
	stack := m.base + 0x1000
	m.word(0x1000, 0x100099) // the return address
	regs := map[int]uint64{4: stack, 5: 0x77, 3: 0x33}
	pc, caller, ok := table.Unwind(0x100000, regs, m) // at add's first instruction
	require.True(t, ok)
	require.Equal(t, uint64(0x100099), pc)
	require.Equal(t, stack+4, caller[StackRegister(32)])
	require.Equal(t, uint64(0x77), caller[5])

	m.word(0xffc, 0x77) // EBP, pushed
	regs = map[int]uint64{4: stack - 0x40, 5: stack - 4}
	pc, caller, ok = table.Unwind(0x100010, regs, m)
	require.True(t, ok)
	require.Equal(t, uint64(0x100099), pc)
	require.Equal(t, stack+4, caller[4])
	require.Equal(t, uint64(0x77), caller[5])

	_, _, ok = table.Unwind(0x200000, regs, m)
	require.False(t, ok)
	_, _, ok = table.Unwind(0x100010, map[int]uint64{5: 4}, m)
	require.False(t, ok, "no stack there")
}

func TestUnwind64(t *testing.T) {
	table := NewTable(openELF(t, "args64"))
	m := newKernelMemory(64)
	stack := m.base + 0x1000
	m.word(0x1000, 0x123456)
	m.word(0xff8, 0x33) // RBX, pushed
	pc, caller, ok := table.Unwind(0x100040, map[int]uint64{7: stack - 24, 3: 1}, m)
	require.True(t, ok)
	require.Equal(t, uint64(0x123456), pc)
	require.Equal(t, uint64(0x33), caller[3])
	require.Equal(t, stack+8, caller[7])
}
