package tests

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/debugger/gdb"
	"ringzero/internal/testkit/guests"
	"ringzero/internal/testkit/machine"
	"ringzero/internal/testkit/need"
)

// debian is a configuration of Debian's 686 kernel that stops where the shell's prompt has
// come, or never.
func debian(t *testing.T, stop bool) (conf ringzero.Config, own func(m *ringzero.Machine)) {
	var m *ringzero.Machine
	seen := 0
	conf = ringzero.Config{Memory: 64 << 20, Time: 1700000000, Kernel: machine.Kernel(t, guests.Kernel(t, "686"), guests.Initrd(t, guests.Options{}), "console=ttyS0 quiet")}
	if stop {
		conf.Serial = ringzero.EachByte(func(b byte) {
			if b != prompt[seen] {
				seen = 0
			}
			if b == prompt[seen] {
				if seen++; seen == len(prompt) {
					seen = 0
					m.Stop(ringzero.Requested)
				}
			}
		})
	}
	return conf, func(x *ringzero.Machine) { m = x }
}

// TestDebianBackwards: from the shell's prompt back to start_kernel, and to random points,
// with the state that a run forward has there; and gdb and lldb on such a machine.
func TestDebianBackwards(t *testing.T) {
	t.Parallel()
	conf, own := debian(t, true)
	k := newDeskOf(t, conf, 512<<20)
	own(k.m)
	k.run("continue")
	at := k.m.Steps()
	require.Contains(t, k.run("symbols kernel"), "symbols of the running kernel")
	exported := filepath.Join(t.TempDir(), "vmlinux.sym")
	require.Contains(t, k.run("symbols -o "+exported), "symbols are in")
	require.Contains(t, k.run("break start_kernel"), "<start_kernel>")
	began := time.Now()
	require.Contains(t, k.run("reverse-continue"), "<start_kernel>")
	t.Logf("reverse-continue from step %d to %d took %v", at, k.m.Steps(), time.Since(began))
	begin, hash := k.m.Steps(), k.m.StateHash()
	require.Contains(t, k.run("backtrace"), "<start_kernel>")

	points := 20
	if full(t) {
		points = 100
	}
	dice := rand.New(rand.NewPCG(7, 8))
	steps := []uint64{begin}
	for range points {
		steps = append(steps, 1+dice.Uint64N(at-1))
	}
	slices.Sort(steps)
	// Forward, in a machine that nobody debugs.
	plain, _ := debian(t, false)
	m, err := ringzero.New(plain)
	require.NoError(t, err)
	defer m.Close()
	want := map[uint64]string{}
	for _, s := range steps {
		_, err := m.RunTo(context.Background(), s)
		require.NoError(t, err)
		want[s] = m.StateHash()
	}
	require.Equal(t, want[begin], hash, "start_kernel")
	dice.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, s := range steps {
		k.run(fmt.Sprintf("goto %d", s+1))
		require.Equal(t, s+1, k.m.Steps())
		k.run("reverse-stepi")
		require.Equal(t, s, k.m.Steps())
		require.Equal(t, want[s], k.m.StateHash(), "step %d", s)
	}
	bytes, _ := k.h.Used()
	require.LessOrEqual(t, bytes, int64(512<<20))
	require.NotContains(t, k.run(fmt.Sprintf("goto %d", at)), "!")
	writers(t, k)
	require.Regexp(t, `(?m)^  +1  (init|sh) `, k.run("tasks"))
	require.Contains(t, k.run("dmesg"), "Linux version 6.1")
	t.Run("gdb", func(t *testing.T) { underGDB(t, exported) })
	t.Run("lldb", underLLDB)
}

// writers asks who wrote a page-table entry, a gate and a variable of the running kernel.
func writers(t *testing.T, k *desk) {
	pte := regexp.MustCompile(`PTE at 0*([0-9a-f]+)`).FindStringSubmatch(k.run("walk linux_banner") + k.run("walk $esp"))
	require.NotNil(t, pte)
	entry := k.run("who wrote p:0x" + pte[1])
	require.Regexp(t, `(?s)wrote physical .*=> .*#0  [0-9a-f]+ <`, entry)
	gate := k.run("who wrote $idtr_base+8*0x80")
	require.Regexp(t, `(?s)wrote physical .*=> .*#0  [0-9a-f]+ <`, gate)
	require.Regexp(t, `(?s)wrote physical .*<(do_timer|tick_|timekeeping|update_)`, k.run("who wrote jiffies"))
}

// stub serves a new machine to gdb's protocol, standing at its first instruction.
func stub(t *testing.T) (k *desk, port int) {
	conf, _ := debian(t, false)
	k = newDeskOf(t, conf, 512<<20)
	l, err := gdb.Listen("0")
	require.NoError(t, err)
	s := gdb.Serve(l, k.d.Remote(), func(line string) { t.Log(line) })
	t.Cleanup(func() { s.Close() })
	return k, s.Addr().(*net.TCPAddr).Port
}

// client runs a debugger with commands.
func client(t *testing.T, name string, args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, need.Tool(t, name), args...).CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

func underGDB(t *testing.T, exported string) {
	_, port := stub(t)
	script := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(script, []byte(strings.Join([]string{
		"set pagination off", "set confirm off", "set architecture i386", "symbol-file " + exported, fmt.Sprintf("target remote :%d", port),
		"hbreak start_kernel", "continue", "echo BT\\n", "bt", "stepi", "stepi", "echo HERE\\n", "p/x $pc - (unsigned)&start_kernel",
		"watch *(unsigned int*)&jiffies", "continue", "echo JIFFIES\\n", "p $pc", "delete", "reverse-stepi", "p $pc",
		"hbreak start_kernel", "reverse-continue", "echo BACK\\n", "p $pc", "delete",
		"hbreak kernel_init", "continue", "echo INIT\\n", "p $pc", "delete", "monitor info history", "detach",
	}, "\n")), 0o600))
	out := client(t, need.GDB, "-q", "-batch", "-nx", "-x", script)
	for _, want := range []string{`BT\n#0 .* start_kernel \(\)`, `HERE\n\$\d+ = 0x[0-9a-f]+`, `JIFFIES\n.*do_timer`, `BACK\n.*<start_kernel>`, `INIT\n.*<kernel_init>`,
		`snapshots take`, `detached`, `Old value = `} {
		require.Regexp(t, want, out)
	}
	require.NotContains(t, out, "too long")
}

func underLLDB(t *testing.T) {
	_, port := stub(t)
	out := client(t, need.LLDB, "-b", "-o", "settings set target.default-arch i386", "-o", fmt.Sprintf("gdb-remote %d", port), "-o", "register read eip",
		"-o", "stepi", "-o", "breakpoint set -a 0x7c00", "-o", "register read esp", "-o", "detach")
	require.Contains(t, out, "eip = ")
	require.Contains(t, out, "esp = ")
	require.Contains(t, out, "Breakpoint 1")
}
