package gdb

import (
	"bytes"
	"context"
	"net"
	"os"
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
	out := gdb(t, s, "info registers eip eflags", "p $cr0", "p $xmm3.v16_int8", "x/4i $pc", "stepi", "break *0x1002",
		"continue", "delete", "watch *(char*)0x2000", "continue", "delete", "hbreak *0x1009", "continue", "info mem",
		"set $eax = 7", "p $eax", "set var *(int*)0x3000 = 0x12345678", "x/wx 0x3000", "x/wx 0x200000", "monitor hello",
		"monitor bad", "reverse-stepi", "delete", "reverse-continue", "info threads", "nexti", "set $tr = 1", "detach")
	requireAll(t, out, `
		0x00001000 in ?? ()
		eip 0x1000 0x1000 eflags 0x202 [ IF ]
		$1 = [ PE ET ]
		$2 = {0 <repeats 15 times>, 3}
		=> 0x1000: nop 0x1001: nop 0x1002: inc %eax 0x1003: mov %eax,0x2000
		0x00001001 in ?? ()
		Breakpoint 1, 0x00001002 in ?? ()
		Old value = 0 '\000' New value = 1 '\001' 0x00001008 in ?? ()
		Breakpoint 3, 0x00001009 in ?? ()
		0x000f0000 0x000f1000 ro
		$3 = 7
		0x3000: 0x12345678
		Cannot access memory at address 0x200000
		hello, #$}* 32
		"bad" is no command
		No more reverse-execution history.
		* 1 Thread 1 (CPU 0) 0x00001000 in ?? ()
		Could not write register "tr"; remote failure reply 'E.tr can't be set'
		[Inferior 1 (Remote target) detached]`)
	require.NotContains(t, out, "too long")
}

func TestGdb64(t *testing.T) {
	_, s := start(t, 64)
	out := gdb(t, s, "show architecture", "info registers rip", "p $xmm15.v16_int8", "p/x $rbx", "set $rax = 0x1122334455667788",
		"p/x $eax", "p/x $fs_base", "p $efer", "break *0x1002", "continue", "stepi", "detach")
	requireAll(t, out, `
		(currently "i386:x86-64")
		rip 0x1000
		$1 = {0 <repeats 15 times>, 15}
		$2 = 0x1111111100000003
		$3 = 0x55667788
		$4 = 0x0
		$5 = [ ]
		Breakpoint 1, 0x0000000000001002 in ?? ()
		0x0000000000001003 in ?? ()
		detached]`)
}

func TestGdb16(t *testing.T) {
	_, s := start(t, 16)
	out := gdb(t, s, "show architecture", "p $eip", "p/x $cs_base", "break *0x1002", "continue", "monitor gdb pc linear",
		"maintenance flush register-cache", "x/2i $pc", "continue", "set architecture i386", "x/i $pc", "p $eip", "detach")
	requireAll(t, out, `
		(currently "i8086")
		$1 = (void (*)()) 0xc00
		$2 = 0x400
		Program received signal SIGTRAP, Trace/breakpoint trap. 0x00000c02 in ?? ()
		=> 0x1002: inc %ax 0x1003: mov %ax,0x2000
		Breakpoint 1, 0x00001002 in ?? ()
		=> 0x1002: inc %eax
		detached]`)
}

func TestGdbWhenTheModeChanges(t *testing.T) {
	for _, from := range []int{16, 32, 64} {
		for _, to := range []int{16, 32, 64} {
			f := newFake(from)
			l, err := Listen("0")
			require.NoError(t, err)
			s := Serve(l, f, nil)
			require.NoError(t, f.Do(func(Machine) { f.later, f.regs["cs_base"], f.regs["rip"] = to, 0, 0x1000 }))
			out := gdb(t, s, "stepi", "info registers", "stepi", "p $xmm0", "detach")
			require.NotContains(t, out, "packet")
			require.Contains(t, out, "1002 in ?? ()")
			require.Equal(t, from != to, strings.Contains(out, "gdb: the code is "), out)
			require.NoError(t, s.Close())
			f.close()
		}
	}
}

func TestGdbOfASixtyFourBitProgramAtReset(t *testing.T) {
	_, s := start(t, 16, Registers(64))
	out := client(t, "gdb", "-nx", "-batch", "-ex", "set architecture i386:x86-64", "-ex", "target remote :"+port(s),
		"-ex", "info registers rip", "-ex", "stepi", "-ex", "detach")
	requireAll(t, out, `
		rip 0xc00
		0x0000000000000c01
		detached]`)
	require.NotContains(t, out, "not compatible")
}

func TestGdbSecond(t *testing.T) {
	_, s := start(t, 32)
	r := ready(t, s)
	out := gdb(t, s, "p $eip")
	requireAll(t, out, "Remote replied unexpectedly to 'vMustReplyEmpty': E.another debugger is connected")
	require.NoError(t, r.conn.Close())
	requireAll(t, gdb(t, s, "p $eip", "disconnect"), "0x00001000 in ?? ()")
}

func TestGdbExtended(t *testing.T) {
	f, s := start(t, 32)
	out := client(t, "gdb", "-nx", "-batch", "-ex", "target extended-remote :"+port(s), "-ex", "stepi", "-ex", "detach",
		"-ex", "attach 1", "-ex", "p $eip", "-ex", "kill")
	requireAll(t, out, `
		0x00001001 in ?? ()
		detached]
		$1 = (void (*)()) 0x
		killed]`)
	require.True(t, f.runs())
}

func TestGdbExitAndFault(t *testing.T) {
	f, s := start(t, 32)
	require.NoError(t, f.Do(func(Machine) { f.memory[0x1001], f.memory[0x1002] = 0xcc, 0xf4 }))
	out := gdb(t, s, "continue", "set $eip = 0x1002", "continue", "info registers")
	requireAll(t, out, `
		triple fault Program received signal SIGSEGV, Segmentation fault. 0x00001001 in ?? ()
		halted for good [Inferior 1 (Remote target) exited with code 03]`)
}

func TestGdbInterrupt(t *testing.T) {
	path, err := exec.LookPath("gdb")
	if err != nil {
		t.Skip("there is no gdb here")
	}
	f, s := start(t, 32)
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, "-nx", "-batch", "-ex", "target remote :"+port(s), "-ex", "continue",
		"-ex", "p $ecx", "-ex", "detach")
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	wait(t, "runs", f.runs)
	time.Sleep(100 * time.Millisecond) // gdb goes to wait
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Wait())
	requireAll(t, out.String(), "Program received signal SIGINT, Interrupt.\n$1 = 1")
}

func TestLLDB(t *testing.T) {
	for _, bits := range []int{32, 64} {
		_, s := start(t, bits)
		out := client(t, "lldb", "-X", "-b", "-o", "gdb-remote "+port(s), "-o", "register read cr0 xmm1", "-o", "stepi",
			"-o", "breakpoint set -a 0x1002", "-o", "continue", "-o", "breakpoint delete 1", "-o",
			"watchpoint set expression -s 1 -- 0x2000", "-o", "continue", "-o", "register write eflags 0x203", "-o",
			"register read eflags", "-o", "memory write 0x1800 1 2 3", "-o", "memory read -c 4 -f x -s 1 0x1800", "-o",
			"thread list", "-o", "expression *(int*)0x2000 = 5", "-o", "process plugin packet monitor hello", "-o", "detach")
		requireAll(t, out, `
			stop reason = signal SIGTRAP
			cr0 = 0x00000011
			stop reason = instruction step into
			stop reason = breakpoint 1.1
			Watchpoint 1 hit: old value: 0 new value: 1
			eflags = 0x00000203
			0x00001800: 0x01 0x02 0x03 0x00
			* thread #1: tid = 0x0001
			(int) $1 = 5
			hello, #$}*
			Process 1 detached`)
	}
}
