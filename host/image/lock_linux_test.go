package image

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"ringzero/internal/testkit/need"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// hold takes the locks on the bytes as another program would.
func hold(t *testing.T, path string, bytes ...int64) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	require.NoError(t, shareBytes(f, 0, bytes))
}

// TestLocksOfQEMU holds what QEMU holds for its kinds of use.
func TestLocksOfQEMU(t *testing.T) {
	for _, row := range []struct {
		name          string
		bytes         []int64
		writer, reads bool // what is let in beside it
	}{
		{"nobody", nil, true, true},
		{"a disk", []int64{100, 101, 201, 203}, false, false},
		{"a read-only disk", []int64{100, 201, 203}, false, true},
		{"a disk that others may write", []int64{100, 101}, false, false},
		{"a read-only disk that others may write", []int64{100}, true, true},
		{"who lets nobody read", []int64{200}, false, false},
		{"who resizes", []int64{103}, false, false},
		{"who writes what is there already", []int64{102}, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := file(t, 1)
			hold(t, path, row.bytes...)
			for _, opts := range []Options{{}, {ReadOnly: true}, {Snapshot: true}} {
				im, err := Open(path, opts)
				if want := row.reads && (row.writer || opts != Options{}); !want {
					require.ErrorIs(t, err, ErrInUse, "%+v", opts)
					continue
				}
				require.NoError(t, err, "%+v", opts)
				require.NoError(t, im.Close())
			}
		})
	}
}

func TestLocksThatOthersSee(t *testing.T) {
	for _, row := range []struct {
		name string
		opts Options
		want []int64
	}{
		{"writer", Options{}, []int64{100, 101, 201, 203}},
		{"reader", Options{ReadOnly: true}, []int64{100, 201, 203}},
		{"snapshot", Options{Snapshot: true}, []int64{100, 201, 203}},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := file(t, 1)
			open(t, path, row.opts)
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			require.NoError(t, err)
			defer f.Close()
			var held []int64
			for b := range int64(512) {
				ask := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: b, Len: 1}
				require.NoError(t, byteLock(f, unix.F_OFD_GETLK, &ask))
				if ask.Type != unix.F_UNLCK {
					held = append(held, b)
				}
			}
			require.Equal(t, row.want, held)
		})
	}
}

// TestLocksAgainstQEMU asks the real one, where it is installed.
func TestLocksAgainstQEMU(t *testing.T) {
	qemu, err := exec.LookPath("qemu-system-i386")
	if err != nil {
		need.Missing(t, "qemu-system", "the program qemu-system-i386 is not installed on this host")
	}
	start := func(path, more string) (answer string, stop func()) {
		c := exec.Command(qemu, "-machine", "pc,accel=tcg", "-m", "16", "-S", "-display", "none", "-nodefaults", "-qmp", "stdio",
			"-drive", "if=ide,format=raw,file="+path+more)
		in, err := c.StdinPipe()
		require.NoError(t, err)
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		var errs strings.Builder
		c.Stderr = &errs
		require.NoError(t, c.Start())
		// It answers a command once the machine stands.
		_, _ = io.WriteString(in, `{"execute": "qmp_capabilities"}`+"\n")
		r := bufio.NewReader(out)
		_, _ = r.ReadString('\n')
		line, _ := r.ReadString('\n')
		if line == "" {
			_ = c.Wait()
			return errs.String(), func() {}
		}
		return line, func() {
			_ = in.Close()
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	for _, row := range []struct {
		name, more string
		opts       Options
		both       bool
	}{
		{"two writers", "", Options{}, false},
		{"QEMU writes and we read", "", Options{ReadOnly: true}, false},
		{"QEMU reads and we write", ",snapshot=on", Options{}, false},
		{"both read", ",snapshot=on", Options{Snapshot: true}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := file(t, 64)
			answer, stop := start(path, row.more)
			defer stop()
			require.Contains(t, answer, "return")
			im, err := Open(path, row.opts)
			if row.both {
				require.NoError(t, err)
				require.NoError(t, im.Close())
			} else {
				require.ErrorIs(t, err, ErrInUse)
			}
			stop()

			open(t, path, row.opts)
			answer, stop = start(path, row.more)
			defer stop()
			if row.both {
				require.Contains(t, answer, "return")
			} else {
				require.Contains(t, answer, "lock")
			}
		})
	}
}
