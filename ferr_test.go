package ringzero_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
)

// TestFERRByTheBIOS divides by zero with ZE unmasked and CR0.NE clear and stores
// what stays in ST(0). The BIOS serves IRQ 13: it writes to port F0h and goes on to
// the handler of INT 2, which counts, looks at what was stored, and clears nothing.
// The store comes behind it, and the handler once.
func TestFERRByTheBIOS(t *testing.T) {
	const code = "31c08ed8c7060800477ca30a00e4a124dfe6a1e42124fbe621d92e597cd9eed9e8d8f1fbd91e607c90a05b7c66833e5c7c00750b66813e607c0000803f7402b055ba0105eeebfefe065b7c665066a1607c6609065c7c6658cf7b03000000000000000000"
	m := boot(t, code, ringzero.Config{})
	require.Equal(t, ringzero.DebugExit, run(m))
	v, ok := m.ExitValue()
	require.True(t, ok)
	require.EqualValues(t, 1, v, "handlers, or 55h")
}
