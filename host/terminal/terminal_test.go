package terminal

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIsNull(t *testing.T) {
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	if runtime.GOOS != "windows" && runtime.GOOS != "js" {
		require.True(t, IsNull(null))
	}
	for _, name := range []string{"/dev/zero", t.TempDir()} {
		f, err := os.Open(name)
		if err != nil {
			continue // this host has none
		}
		require.False(t, IsNull(f), name)
		f.Close()
	}
}

func TestRawOnAFileDoesNothing(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "in"))
	require.NoError(t, err)
	defer f.Close()
	require.False(t, IsTerminal(f))
	_, _, ok := Size(f)
	require.False(t, ok)
	r, err := MakeRaw(f)
	require.NoError(t, err)
	var order bytes.Buffer
	r.OnRestore(func() { order.WriteString("first added;") })
	r.OnRestore(func() { order.WriteString("last added;") })
	r.Restore()
	r.Restore()
	require.Equal(t, "last added;first added;", order.String())
	(*Raw)(nil).Restore()
}
