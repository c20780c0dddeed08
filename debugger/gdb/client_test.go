package gdb

import (
	"context"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// start serves a fake on a free port.
func start(t *testing.T, bits int, options ...Option) (*fake, *Server) {
	t.Helper()
	f := newFake(bits)
	l, err := Listen("0")
	require.NoError(t, err)
	s := Serve(l, f, func(line string) { t.Log(line) }, options...)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		f.close()
	})
	return f, s
}

func port(s *Server) string {
	_, p, _ := net.SplitHostPort(s.Addr().String())
	return p
}

// client runs a debugger with commands and gives all that it printed.
func client(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("there is no %s here", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	t.Logf("%s %q (%v):\n%s", name, args, err, out)
	require.NoError(t, ctx.Err())
	return string(out)
}

// gdb runs the real one, connected.
func gdb(t *testing.T, s *Server, commands ...string) string {
	t.Helper()
	args := []string{"-nx", "-batch", "-ex", "set confirm off", "-ex", "set width 0", "-ex", "target remote :" + port(s)}
	for _, c := range commands {
		args = append(args, "-ex", c)
	}
	return client(t, "gdb", args...)
}

func requireAll(t *testing.T, out, want string) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSpace(want), "\n") {
		line = strings.TrimSpace(line)
		require.Contains(t, strings.Join(strings.Fields(out), " "), strings.Join(strings.Fields(line), " "), "%s", out)
	}
}

func TestGdb32(t *testing.T) {
	_, s := start(t, 32)
	out := gdb(t, s, "info registers", "p $cr0", "p $xmm3", "x/4i $pc", "stepi", "break *0x1008", "continue", "p $eax",
		"watch *(char*)0x2000", "continue", "set $eax = 7", "info registers eax", "info mem", "monitor hello", "monitor bad",
		"reverse-stepi", "delete", "reverse-continue", "p $st0", "info threads", "detach")
	_ = out
}
