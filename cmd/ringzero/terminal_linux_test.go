package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// terminalRun drives the command on a pseudo-terminal.
type terminalRun struct {
	t      *testing.T
	c      *exec.Cmd
	master *os.File
	slave  *os.File
	before syscall.Termios

	mu   sync.Mutex
	out  []byte
	seen int
	errs bytes.Buffer
}

func onTerminal(t *testing.T, args ...string) *terminalRun {
	t.Helper()
	r := &terminalRun{t: t, c: invoke(t, t.TempDir(), args...)}
	r.master, r.slave = openPTY(t)
	r.before = settings(t, r.slave)
	r.c.Stdin, r.c.Stdout, r.c.Stderr = r.slave, r.slave, &r.errs
	require.NoError(t, r.c.Start())
	t.Cleanup(func() { _ = r.c.Process.Kill() })
	go func() {
		buffer := make([]byte, 65536)
		for {
			n, err := r.master.Read(buffer)
			if err != nil {
				return
			}
			r.mu.Lock()
			r.out = append(r.out, buffer[:n]...)
			r.mu.Unlock()
		}
	}()
	return r
}

// wait waits for text after what the last wait found.
func (r *terminalRun) wait(text string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		i := bytes.Index(r.out[r.seen:], []byte(text))
		if i >= 0 {
			r.seen += i + len(text)
		}
		return i >= 0
	}, limit, 5*time.Millisecond, "waiting for %q", text)
}

func (r *terminalRun) send(text string) {
	r.t.Helper()
	_, err := r.master.WriteString(text)
	require.NoError(r.t, err)
}

// end waits for the command and wants the terminal as it was.
func (r *terminalRun) end() (status int) {
	r.t.Helper()
	status = exit(r.t, r.c.Wait())
	require.Equal(r.t, r.before, settings(r.t, r.slave), "the terminal is not restored")
	return status
}

func TestSessionOnATerminal(t *testing.T) {
	r := onTerminal(t, "run", "--memory", "16M")
	r.wait("ringzero> ")
	require.NotEqual(t, r.before, settings(t, r.slave), "raw mode")
	r.send("cpu\r")
	r.wait("GenuineIntel")
	r.wait("ringzero> ")
	r.send("\x01h")
	r.send("\x01p")
	r.send("off\r")
	require.Equal(t, exitOK, r.end())
	require.Contains(t, r.errs.String(), "Ctrl-A X  quit")
	require.Contains(t, r.errs.String(), "\nringzero: the power button was pressed; ")
}

func TestWaysOutRestoreTheTerminal(t *testing.T) {
	rows := []struct {
		name   string
		args   string
		out    func(r *terminalRun)
		status int
	}{
		{"Ctrl-A X", "", func(r *terminalRun) { r.send("\x01x") }, exitOK},
		{"SIGINT", "", func(r *terminalRun) { r.signal(syscall.SIGINT) }, 130},
		{"SIGTERM", "", func(r *terminalRun) { r.signal(syscall.SIGTERM) }, 143},
		{"SIGHUP", "", func(r *terminalRun) { r.signal(syscall.SIGHUP) }, 129},
		{"SIGQUIT", "", func(r *terminalRun) { r.signal(syscall.SIGQUIT) }, 131},
		{"power-off", "", func(r *terminalRun) { r.send("off\r") }, exitOK},
		{"text", "--until-serial Mode", func(r *terminalRun) { r.send("cpu\r") }, exitOK},
		{"timeout", "--timeout 1s", func(*terminalRun) {}, exitLimit},
		{"instructions", "--max-instructions 100000 --pace fast", func(*terminalRun) {}, exitLimit},
		{"reset", "--no-reboot", func(r *terminalRun) { r.send("\x01r") }, exitReset},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := onTerminal(t, append([]string{"run", "--memory", "16M"}, strings.Fields(row.args)...)...)
			r.wait("ringzero> ")
			row.out(r)
			require.Equal(t, row.status, r.end(), r.errs.String())
		})
	}
}

func (r *terminalRun) signal(sig syscall.Signal) {
	r.t.Helper()
	require.NoError(r.t, r.c.Process.Signal(sig))
}

func TestDisplayOnATerminal(t *testing.T) {
	r := onTerminal(t, "run", "--memory", "16M", "--display", "terminal")
	r.wait("\x1b[?1049h")
	r.wait("ringzero>")
	r.send("cpu\r")
	r.wait("GenuineIntel")
	r.send("\x01h")
	r.wait("Ctrl-A X  quit")
	r.send("o") // back to the guest's screen, which is drawn anew
	r.wait("ringzero>")
	r.send("ff\r")
	require.Equal(t, exitOK, r.end())
	r.wait("\x1b[?1049l")
	require.Empty(t, r.errs.String())
}

// The guest's clock goes with the host's.
func TestRealPace(t *testing.T) {
	r := onTerminal(t, "run", "--memory", "16M", "--stats")
	r.wait("ringzero> ")
	time.Sleep(500 * time.Millisecond)
	r.send("\x01x")
	require.Equal(t, exitOK, r.end())
	var host, virtual float64
	for line := range strings.Lines(r.errs.String()) {
		if rest, ok := strings.CutPrefix(line, "host time"); ok {
			host = seconds(t, rest)
		}
		if rest, ok := strings.CutPrefix(line, "virtual time"); ok {
			virtual = seconds(t, rest)
		}
	}
	require.Greater(t, host, 0.5)
	require.InDelta(t, host, virtual, 0.25)
}

func seconds(t *testing.T, text string) float64 {
	t.Helper()
	d, err := time.ParseDuration(strings.ReplaceAll(strings.TrimSpace(text), " ", ""))
	require.NoError(t, err)
	return d.Seconds()
}

// running starts a run that goes on for ever, and comes back once its guest runs.
func running(t *testing.T, dir string, args ...string) (c *exec.Cmd, stderr io.Reader) {
	t.Helper()
	c = invoke(t, dir, append([]string{"run", "tells"}, args...)...)
	c.Stdin = strings.NewReader("")
	errs, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill() })
	told := make([]byte, 1)
	_, err = errs.Read(told)
	require.NoError(t, err)
	require.Equal(t, "A", string(told))
	return c, errs
}

// A guest that reads nothing is no reason not to obey.
func TestEscapeBehindAPasteThatNobodyReads(t *testing.T) {
	dir := files(t)
	r := onTerminal(t, "run", filepath.Join(dir, "tells"))
	require.Eventually(t, func() bool { return settings(t, r.slave) != r.before }, limit, 5*time.Millisecond)
	for range 4 {
		r.send(strings.Repeat("x", 4000))
	}
	r.send("\x01x")
	require.Equal(t, exitOK, r.end())
}

func TestSignalsWithoutATerminal(t *testing.T) {
	dir := files(t)
	for sig, status := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		c, errs := running(t, dir)
		require.NoError(t, c.Process.Signal(sig))
		said, err := io.ReadAll(errs)
		require.NoError(t, err)
		require.Equal(t, status, exit(t, c.Wait()))
		require.Regexp(t, `\Aringzero: ended by signal [0-9]+ \([a-z]+\) at 0000:00007c0.* real mode`, string(said))
	}
}

func TestLockedDisk(t *testing.T) {
	dir := files(t)
	first, _ := running(t, dir)
	for _, args := range []string{"run tells", "run --disk tells", "run --disk tells,readonly"} {
		r := do(t, dir, "", append(strings.Fields(args), "--max-instructions", "10")...)
		require.Equal(t, exitFailure, r.status, args)
		oneLine(t, r.err, "in use")
	}
	require.NoError(t, first.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 143, exit(t, first.Wait()))
	require.Equal(t, exitLimit, do(t, dir, "", "run", "tells", "--max-instructions", "10").status)
}

// The guest sends for ever: one whose output fitted into the pipe before its
// reader was gone would never hear of that.
func TestOutputThatNobodyReads(t *testing.T) {
	dir := t.TempDir()
	disk(t, dir, "sends", []byte{0xba, 0xf8, 3, 0xee, 0xeb, 0xfd}) // mov dx, 3f8h; out dx, al; jmp $-1
	c := invoke(t, dir, "run", "sends")
	c.Stdin = strings.NewReader("")
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	var errs bytes.Buffer
	c.Stderr = &errs
	require.NoError(t, c.Start())
	_, err = out.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, out.Close())
	require.Equal(t, 141, exit(t, c.Wait()))
	require.Empty(t, errs.String())
}

func TestHelpAndVersionOnAFullDevice(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full here: %v", err)
	}
	defer full.Close()
	dir := files(t)
	for _, args := range []string{"", "--help", "run --help", "version", "--version", "disasm halts"} {
		c := invoke(t, dir, strings.Fields(args)...)
		var errs bytes.Buffer
		c.Stdout, c.Stderr = full, &errs
		require.Equal(t, exitFailure, exit(t, c.Run()), args)
		oneLine(t, errs.String(), "standard output: no space left")
	}
}

// What has no end is read to a bound, and what gives nothing is waited for as
// long as --timeout and the signals allow.
func TestEndlessFiles(t *testing.T) {
	dir := files(t)
	fifo := filepath.Join(dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	for _, row := range []struct {
		args, says string
		status     int
	}{
		{"run --kernel /dev/zero", "/dev/zero: is a device", exitFailure},
		{"run --kernel halfelf --initrd /dev/zero", "/dev/zero: is a device", exitFailure},
		{"run --bios /dev/zero", "/dev/zero: is a device", exitFailure},
		{"run --disk /dev/zero", "/dev/zero: is neither a file", exitFailure},
		{"run /dev/zero", "/dev/zero: is neither a file", exitFailure},
		{"run fifo", "fifo: is neither a file", exitFailure},
		{"run --floppy fifo", "fifo: is neither a file", exitFailure},
		{"disasm /dev/zero", "/dev/zero: has more than 64 MiB of code; list a part of it", exitFailure},
		{"disasm /dev/zero --skip 8 --count 1e9", "/dev/zero: has more than 64 MiB", exitFailure},
		{"run --kernel fifo --timeout 100ms", "fifo: --timeout ran out while the kernel was read", exitLimit},
		{"run --kernel halfelf --initrd fifo --timeout 100ms", "fifo: --timeout ran out while the initrd was read", exitLimit},
		{"run --bios fifo --timeout 100ms", "fifo: --timeout ran out while the BIOS was read", exitLimit},
	} {
		r := do(t, dir, "", strings.Fields(row.args)...)
		require.Equal(t, row.status, r.status, row.args)
		oneLine(t, r.err, row.says)
	}
	r := do(t, dir, "", "disasm", "/dev/zero", "--skip", "8", "--count", "2")
	require.Equal(t, "00000000  0000                   add byte ptr [eax], al\n", r.out)
}

// A pipe is read to the bound of what the machine has room for.
func TestEndlessPipe(t *testing.T) {
	dir := files(t)
	for _, row := range []struct{ args, says string }{
		{"run --memory 2M --kernel /dev/stdin", "/dev/stdin: does not end within 2 MiB; no kernel"},
		{"run --bios /dev/stdin", "/dev/stdin: does not end within 256 KiB; a ROM"},
	} {
		r := do(t, dir, strings.Repeat("\x00", 3<<20), strings.Fields(row.args)...)
		require.Equal(t, exitFailure, r.status)
		oneLine(t, r.err, row.says)
	}
}

func TestSignalWhileAPipeGivesNothing(t *testing.T) {
	dir := files(t)
	fifo := filepath.Join(dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	for _, args := range []string{"run --kernel fifo", "disasm fifo"} {
		c := invoke(t, dir, strings.Fields(args)...)
		require.NoError(t, c.Start())
		// It has come to the file when it can be opened for writing.
		var writer *os.File
		require.Eventually(t, func() bool {
			var err error
			writer, err = os.OpenFile(fifo, os.O_WRONLY|syscall.O_NONBLOCK, 0)
			return err == nil
		}, limit, 5*time.Millisecond)
		require.NoError(t, c.Process.Signal(syscall.SIGTERM))
		var e *exec.ExitError
		require.ErrorAs(t, c.Wait(), &e)
		if e.Exited() {
			require.Equal(t, 143, e.ExitCode())
		}
		require.NoError(t, writer.Close())
	}
}

func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full here: %v", err)
	}
	defer full.Close()
	c := invoke(t, t.TempDir(), "run", "--memory", "16M")
	var errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(""), full, &errs
	require.Equal(t, exitFailure, exit(t, c.Run()))
	oneLine(t, errs.String(), "no space left")
}

// TestNobodyReadsTheOutput: a pipe that is full and not read holds up neither
// --timeout nor a signal. Each row hangs where it does.
func TestNobodyReadsTheOutput(t *testing.T) {
	dir := t.TempDir()
	disk(t, dir, "floods", []byte{0xba, 0xf8, 3, 0xb0, '\n', 0xee, 0xe6, 0xe9, 0xeb, 0xfb}) // mov dx, 3f8h; mov al, 10; out dx, al; out 0e9h, al; jmp $-3
	for _, row := range []struct {
		name, args string
		status     int
	}{
		{"timeout", "--timeout 1s", exitLimit},
		{"SIGTERM", "", 143},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := invoke(t, dir, append([]string{"run", "floods"}, strings.Fields(row.args)...)...)
			read, write, err := os.Pipe()
			require.NoError(t, err)
			defer read.Close()
			c.Stdout = write
			require.NoError(t, c.Start())
			write.Close()
			if row.status > exitSignal {
				time.Sleep(500 * time.Millisecond) // the pipe is full by now; if not, the signal finds the run
				require.NoError(t, c.Process.Signal(syscall.SIGTERM))
			}
			require.Equal(t, row.status, exit(t, c.Wait()))
		})
	}
}
