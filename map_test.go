package ringzero

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPortTable: ARCHITECTURE's table of ports has each base of the address map.
func TestPortTable(t *testing.T) {
	text, err := os.ReadFile("docs/ARCHITECTURE.md")
	require.NoError(t, err)
	for _, p := range portMap {
		at := regexp.MustCompile(fmt.Sprintf(`(?m)^\|.*\b0?%Xh\b`, p.base))
		require.True(t, at.Match(text), "%s at %Xh is in no table", p.name, p.base)
	}
}
