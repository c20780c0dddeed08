package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPageIsFresh(t *testing.T) {
	require.NoError(t, run("../../../docs/debugger.md", true))
}
