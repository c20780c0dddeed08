package tests

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/internal/testkit/need"
)

// full tells whether the long variant of a test is wanted.
func full(t *testing.T) bool {
	t.Helper()
	if testing.Short() {
		return false
	}
	required, err := need.Required(need.Guests)
	require.NoError(t, err)
	return required || os.Getenv("RINGZERO_FULL") != ""
}

func number(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err)
	return n
}
