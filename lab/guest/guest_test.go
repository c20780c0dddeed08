package guest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/internal/testkit/need"
)

func TestImageIsABootableFloppy(t *testing.T) {
	image := Image()
	require.Len(t, image, 1474560)
	require.Equal(t, []byte{0x55, 0xaa}, image[510:512], "the boot signature")
	require.Contains(t, string(image), Prompt)
	require.Zero(t, len(monitor)%512, "whole sectors")
	require.Less(t, len(monitor), 0x10000-0x7c00, "loaded in one piece below 64 KiB")
}

func TestImageIsAFreshSlice(t *testing.T) {
	Image()[0] ^= 0xff
	require.Equal(t, monitor[0], Image()[0])
}

// TestImageIsBuiltFromTheSources assembles the sources and wants the committed
// bytes. Refresh them with:
//
//	cd lab/guest && nasm -f bin -o monitor.img monitor.asm
func TestImageIsBuiltFromTheSources(t *testing.T) {
	nasm := need.Tool(t, "nasm")
	out := filepath.Join(t.TempDir(), "monitor.img")
	said, err := exec.Command(nasm, "-f", "bin", "-o", out, "monitor.asm").CombinedOutput()
	require.NoError(t, err, string(said))
	require.Empty(t, string(said), "nasm warns")
	built, err := os.ReadFile(out)
	require.NoError(t, err)
	require.True(t, string(built) == monitor, "monitor.img is stale: build it anew")
}
