// Package machine runs a whole machine under a script: wait for text on the
// serial port, send text, type keys, until it is switched off. A script is bounded
// by steps of the guest, never by the host's time, and everything it does happens
// at a step that the guest's own output decides. So the same script always makes
// the same run.
package machine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"ringzero"
	"ringzero/bios"
)

// Session is a machine with somebody at its serial port. It ends the test where
// the guest does not do what the script waits for.
type Session struct {
	*ringzero.Machine
	t testing.TB
	// all is what COM1 sent, seen how much of it the script has looked at.
	all  []byte
	seen int
	// wanted is what Wait waits for; nil where it does not.
	wanted   []byte
	commands int
}

// New makes the machine of a configuration, with the script at its serial port.
// It is closed when the test ends.
func New(t testing.TB, conf ringzero.Config) *Session {
	t.Helper()
	s := &Session{t: t}
	conf.Serial = ringzero.EachByte(s.send)
	var nothing string
	if conf.OnBoot == nil {
		conf.OnBoot = func(reason string) { nothing = reason }
	}
	m, err := ringzero.New(conf)
	if err != nil {
		t.Fatalf("machine: %v", err)
	}
	s.Machine = m
	t.Cleanup(func() {
		s.keepLog()
		if nothing != "" {
			t.Logf("machine: nothing was booted: %s", nothing)
		}
		m.Close()
	})
	return s
}

// LogVariable is the environment variable with the folder in which each session
// leaves what its serial port sent, by the name of the test.
const LogVariable = "RINGZERO_SERIAL_LOG"

func (s *Session) keepLog() {
	dir := os.Getenv(LogVariable)
	if dir == "" {
		return
	}
	name := strings.NewReplacer("/", "-", " ", "_").Replace(s.t.Name()) + ".log"
	if err := os.WriteFile(filepath.Join(dir, name), s.all, 0o644); err != nil {
		s.t.Errorf("machine: %v", err)
	}
}

// Kernel is a kernel from files, for Config.Kernel.
func Kernel(t testing.TB, image, initrd, cmdline string) *bios.Kernel {
	t.Helper()
	k := &bios.Kernel{Image: read(t, image), Cmdline: cmdline}
	if initrd != "" {
		k.Initrd = read(t, initrd)
	}
	return k
}

// send takes what the guest sends.
func (s *Session) send(b byte) {
	s.all = append(s.all, b)
	if s.wanted != nil && bytes.HasSuffix(s.all[s.seen:], s.wanted) {
		s.wanted = nil
		s.Machine.Stop(ringzero.Requested)
	}
}

// Output is all that COM1 has sent.
func (s *Session) Output() string { return string(s.all) }

// Type sends text to COM1 as if typed there.
func (s *Session) Type(text string) { s.SerialIn([]byte(text)) }

// Wait runs the machine until COM1 has sent text, behind what earlier calls saw,
// and returns what came up to its end. The machine then stands at the step that
// wrote the last byte. The test fails where that takes more steps than given, or
// where the machine stops before.
func (s *Session) Wait(text string, steps uint64) string {
	s.t.Helper()
	from := s.seen
	if i := bytes.Index(s.all[from:], []byte(text)); i >= 0 {
		s.seen = from + i + len(text)
		return string(s.all[from:s.seen])
	}
	s.wanted = []byte(text)
	if why := s.run(steps); why != ringzero.Requested {
		s.wanted = nil
		s.fail("it waits for %q: %v after %d steps", text, why, s.Steps())
	}
	s.seen = len(s.all)
	return string(s.all[from:])
}

// Command has a shell with a prompt run a line and returns what it printed and
// its exit status.
func (s *Session) Command(line string, steps uint64) (output string, status int) {
	s.t.Helper()
	s.commands++
	// The echo of the line itself must not look like its end.
	s.Type(fmt.Sprintf("%s\necho @@$((%d+1)):$?:\n", line, s.commands-1))
	mark := fmt.Sprintf("@@%d:", s.commands)
	output = s.Wait(mark, steps)
	text := s.Wait(":", 10_000_000)
	status, err := strconv.Atoi(strings.TrimSuffix(text, ":"))
	if err != nil {
		s.fail("the shell answers %q for an exit status", text)
	}
	s.Wait("\n", 10_000_000)
	return strings.TrimSuffix(output, mark), status
}

// Must is Command for a line that has to succeed.
func (s *Session) Must(line string, steps uint64) string {
	s.t.Helper()
	output, status := s.Command(line, steps)
	if status != 0 {
		s.fail("%q ends with status %d", line, status)
	}
	return output
}

// End runs the machine until it stops by itself, and fails where it does for
// another reason than the one wanted or takes more steps.
func (s *Session) End(want ringzero.Stop, steps uint64) {
	s.t.Helper()
	if why := s.run(steps); why != want {
		s.fail("it shall end with %q and ends with %q at step %d", want, why, s.Steps())
	}
}

// Run lets the machine go on for that many steps or a few more, whole slices,
// and fails where it stops before.
func (s *Session) Run(steps uint64) {
	s.t.Helper()
	if why := s.run(steps); why != ringzero.Going {
		s.fail("it shall go on and ends with %q at step %d", why, s.Steps())
	}
}

// run is Step until it answers something else than Going; Going where the steps
// were used up.
func (s *Session) run(steps uint64) ringzero.Stop {
	for end := s.Steps() + steps; s.Steps() < end; {
		if why := s.Step(); why != ringzero.Going {
			return why
		}
	}
	return ringzero.Going
}

// fail ends the test with the end of what the guest showed.
func (s *Session) fail(format string, args ...any) {
	s.t.Helper()
	const lines = 40
	out := strings.Split(strings.ReplaceAll(string(s.all), "\r", ""), "\n")
	tail := strings.Join(out[max(0, len(out)-lines):], "\n")
	s.t.Fatalf("machine: %s\nthe end of the serial output:\n%s\nthe screen:\n%s", fmt.Sprintf(format, args...), tail, s.Screen())
}
