package x86

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRegSet(t *testing.T) {
	require.Equal(t, RegSet(1<<AX|1<<DI|1<<15), Regs(AX, DI, 15))
	require.Equal(t, "cx,sp,r9", Regs(CX, SP, 9).String())
	require.Equal(t, "", RegSet(0).String())
	require.Equal(t, "all", AllRegs.String())
}
