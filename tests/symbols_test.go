package tests

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/bios"
	"ringzero/debugger/explain"
	"ringzero/debugger/symbols"
	"ringzero/internal/testkit/need"
)

const callingKernel = `bits 32
section .text
align 4
dd 0x1badb002, 0, -0x1badb002
global start:function, middle:function, inner:function
start:	mov esp, stack
	xor ebp, ebp
	call middle
	hlt
middle:	push ebp
	mov ebp, esp
	nop
	call inner
	hlt
inner:	push ebp
	mov ebp, esp
	ud2
section .bss
	resb 4096
stack:
`

// TestSymbolsAndFrames: a report has the names of the kernel's symbol table and
// the callers by frame pointers.
func TestSymbolsAndFrames(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(file("k.asm"), []byte(callingKernel), 0o600))
	for _, args := range [][]string{{"nasm", "-f", "elf32", "-o", file("k.o"), file("k.asm")},
		{"ld", "-m", "elf_i386", "-Ttext", "0x100000", "-e", "start", "-o", file("k"), file("k.o")}} {
		out, err := exec.Command(need.Tool(t, args[0]), args[1:]...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	image, err := os.ReadFile(file("k"))
	require.NoError(t, err)
	m, err := ringzero.New(ringzero.Config{Memory: 16 << 20, Kernel: &bios.Kernel{Image: image}})
	require.NoError(t, err)
	t.Cleanup(m.Close)
	require.Equal(t, ringzero.TripleFault, runOut(m))
	src, err := symbols.ELF(bytes.NewReader(image))
	require.NoError(t, err)
	names := symbols.NewTable(src)
	report := explain.Of(m, names, ringzero.TripleFault).Text()
	require.Contains(t, report, "<inner+0x3> after")
	require.Regexp(t, `called from, by frame pointers:\n  [0-9a-f]{8} <middle\+0x9>\n  [0-9a-f]{8} <start\+0xc>\n`, report)
	require.Contains(t, explain.Short(m, names, "limit"), "<inner+0x3>")
}
