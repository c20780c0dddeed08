package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/internal/testkit/need"
	"ringzero/internal/testkit/repo"
	"ringzero/internal/testkit/session"
)

// TestSessionIsTheSameOnEveryProcessor runs the embedded guest's session by
// binaries for other processors, one of them big-endian, and wants each byte of
// output and the state hash that this processor gives.
func TestSessionIsTheSameOnEveryProcessor(t *testing.T) {
	if testing.Short() {
		t.Skip("builds for three other processors are not for -short")
	}
	r, err := session.Embedded(ringzero.Config{})
	require.NoError(t, err)
	want := fmt.Sprintf("%d %s\n%s", r.Steps, r.Hash, r.Output)
	for _, row := range []struct{ arch, emulator string }{
		{"amd64", "qemu-x86_64"},
		{"arm64", "qemu-aarch64"},
		{"riscv64", "qemu-riscv64"},
		{"s390x", "qemu-s390x"},
	} {
		t.Run(row.arch, func(t *testing.T) {
			emulator := need.Tool(t, row.emulator)
			binary := filepath.Join(t.TempDir(), "session")
			build := exec.Command("go", "build", "-o", binary, "./internal/testkit/session/run")
			build.Dir = repo.Root(t)
			build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+row.arch)
			said, err := build.CombinedOutput()
			require.NoError(t, err, string(said))
			out, err := exec.Command(emulator, binary).Output()
			require.NoError(t, err)
			require.Equal(t, want, string(out))
		})
	}
}
