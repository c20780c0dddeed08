package symbols

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// guestImage lays a Debian kernel's segments in memory as its loader would, before
// it relocates itself. It needs the xz tool.
func guestImage(t *testing.T, name string) ram {
	dir := os.Getenv("RINGZERO_GUEST_DIR")
	if dir == "" {
		t.Skip("RINGZERO_GUEST_DIR isn't set")
	}
	zImage, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Skip(err)
	}
	off, n := binary.LittleEndian.Uint32(zImage[0x248:]), binary.LittleEndian.Uint32(zImage[0x24c:])
	payload := zImage[(int(zImage[0x1f1])+1)*512+int(off):][:n-4]
	xz := exec.Command("xz", "-dc")
	xz.Stdin = bytes.NewReader(payload)
	image, err := xz.Output()
	require.NoError(t, err)
	f, err := elf.NewFile(bytes.NewReader(image))
	require.NoError(t, err)
	m := make(ram, 128<<20)
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Filesz > 0 {
			_, err := p.ReadAt(m[p.Paddr:p.Paddr+p.Filesz], 0)
			require.NoError(t, err)
		}
	}
	return m
}

func TestDebianKernels(t *testing.T) {
	for name, want := range map[string]struct{ bits, atLeast int }{
		"vmlinuz-686": {32, 40000}, "vmlinuz-pae": {32, 40000}, "vmlinuz-amd64": {64, 60000},
	} {
		t.Run(name, func(t *testing.T) {
			m := guestImage(t, name)
			start := time.Now()
			k, err := FindKernel(m)
			require.NoError(t, err)
			t.Logf("%d symbols in %v, layout %s, slide %#x %v", len(k.Symbols), time.Since(start), k.Layout, k.Slide, k.SlideKnown)
			require.Equal(t, want.bits, k.Bits)
			require.Greater(t, len(k.Symbols), want.atLeast)
			s, ok := NewTable(k.Source()).Find("start_kernel")
			require.True(t, ok)
			t.Logf("start_kernel %#x", s.Addr)
			require.True(t, s.Func)
		})
	}
}
