package cpu

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/internal/testkit/need"
	"ringzero/x86"
)

// nativeVariable asks for comparisons with the host's own processor, and says
// over how many cases.
const nativeVariable = "RINGZERO_NATIVE"

// nativeRecord is a case as testdata/native.asm takes and answers it.
type nativeRecord struct {
	Code  [32]byte // out: vector, error code, CR2
	R     [8]uint64
	Flags uint64
	Env   [7]uint32
	ST    [8][10]byte
	_     [4]byte
	Mem   [256]byte
	_     [40]byte
}

// nativeWindow is where a record's memory stands in the host's process, and
// nativeFlags what EFLAGS always holds there.
const (
	nativeWindow = 0x600000
	nativeFlags  = x86.F1 | x86.IF
	nativeNoTrap = ^uint64(0)
)

// vector is what an answer faulted with, or nativeNoTrap.
func (r *nativeRecord) vector() uint64 { return binary.LittleEndian.Uint64(r.Code[:]) }

// code sets the instructions of a case, filled with NOPs.
func (r *nativeRecord) code(b ...byte) {
	for i := range r.Code {
		r.Code[i] = 0x90
	}
	copy(r.Code[:], b)
}

// nativeCount is how many cases to compare; it ends the test where nobody asked.
func nativeCount(t *testing.T) int {
	t.Helper()
	text := os.Getenv(nativeVariable)
	if text == "" {
		need.Missing(t, "native", nativeVariable+" does not ask for a comparison with the host's processor")
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, nativeVariable)
	return n
}

// native runs cases on the host's processor, one of AMD's: others have last bits
// of their own, and clear C1 where these do not.
func native(t *testing.T, cases []nativeRecord) []nativeRecord {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		need.Missing(t, "native", "the host is not amd64 Linux")
	}
	if info, _ := os.ReadFile("/proc/cpuinfo"); !strings.Contains(string(info), "AuthenticAMD") {
		need.Missing(t, "native", "the host's processor is not one of AMD's")
	}
	program := filepath.Join(t.TempDir(), "native")
	out, err := exec.Command(need.Tool(t, "nasm"), "-f", "bin", "-o", program, "testdata/native.asm").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.Chmod(program, 0o700))
	var in strings.Builder
	require.NoError(t, binary.Write(&in, binary.LittleEndian, cases))
	cmd := exec.Command(program)
	cmd.Stdin = strings.NewReader(in.String())
	answer, err := cmd.Output()
	require.NoError(t, err)
	require.Len(t, answer, len(cases)*binary.Size(nativeRecord{}))
	got := make([]nativeRecord, len(cases))
	require.NoError(t, binary.Read(strings.NewReader(string(answer)), binary.LittleEndian, got))
	return got
}
