package tests

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/internal/testkit/guests"
	"ringzero/internal/testkit/machine"
)

// Bounds in steps. They are far above what is needed: they end a test that hangs.
const (
	toBoot = 8_000_000_000
	aWhile = 1_000_000_000
	wait   = 200_000_000
)

const prompt = "/root # "

// TestDebianBoots boots Debian's kernels in each size of memory to a shell and
// uses it as one does: jobs, interrupts, line editing, and off.
func TestDebianBoots(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, flavour string
		mib           uint64
		runs          func(t *testing.T) bool
	}{
		{"686 64 MiB", "686", 64, always},
		{"686 512 MiB", "686", 512, full},
		{"686 3 GiB", "686", 3072, full},
		{"686-pae 512 MiB", "686-pae", 512, full},
		{"686-pae 3 GiB", "686-pae", 3072, notShort},
	} {
		t.Run(row.name, func(t *testing.T) {
			if !row.runs(t) {
				t.Skip("this boot is for RINGZERO_FULL=1 or without -short; see the package's documentation")
			}
			t.Parallel()
			s := machine.New(t, ringzero.Config{
				Memory: row.mib << 20,
				Kernel: machine.Kernel(t, guests.Kernel(t, row.flavour), guests.Initrd(t, guests.Options{}), "console=ttyS0"),
			})
			s.Wait(guests.Marker, toBoot)
			uname := s.Wait("\n", wait)
			require.Contains(t, uname, "-"+row.flavour+" i686")
			s.Wait(prompt, aWhile)
			kernelLog(t, s.Output(), row.mib)
			useShell(t, s)
			s.Type("poweroff\n")
			s.End(ringzero.PoweredOff, aWhile)
		})
	}
}

func always(*testing.T) bool { return true }

func notShort(*testing.T) bool { return !testing.Short() }

// kernelLog looks for the lines in which Linux says what it found.
func kernelLog(t *testing.T, log string, mib uint64) {
	t.Helper()
	for _, want := range []string{
		`ttyS0 at I/O 0x3f8 \(irq = 4, base_baud = 115200\) is a 16550A`,
		`serio: i8042 KBD port at 0x60,0x64 irq 1`,
		`serio: i8042 AUX port at 0x60,0x64 irq 12`,
		`rtc_cmos .*registered as rtc0`,
		`ACPI: PM-Timer IO Port: 0x`,
		`ACPI: Interpreter enabled`,
		`PCI: Using configuration type 1`,
		`Console: colour VGA\+ 80x25`,
	} {
		if !regexp.MustCompile(want).MatchString(log) {
			t.Errorf("the kernel's log has no line with %s", want)
		}
	}
	noTrouble(t, log)
	match := regexp.MustCompile(`Memory: \d+K/(\d+)K available`).FindStringSubmatch(log)
	require.NotNil(t, match, "Linux tells how much memory there is")
	have := number(t, match[1]) >> 10
	require.LessOrEqual(t, have, mib)
	require.Greater(t, have, mib-4)
}

// noTrouble looks for lines in which Linux complains, of the given patterns and
// those that are never wanted.
func noTrouble(t *testing.T, log string, further ...string) {
	t.Helper()
	for _, bad := range append(further,
		`nobody cared`, `ACPI.*[Ee]rror`, `ACPI BIOS.*[Bb]ug`, `ACPI Warning`, `BUG:`, `Oops`, `WARNING:`, `Call Trace`,
		`Kernel panic`, `soft lockup`, `invalid opcode`, `segfault`, `trap `, `Unable to handle`, `unstable`, `insmod .* failed`,
	) {
		for _, line := range regexp.MustCompile(".*"+bad+".*").FindAllString(log, -1) {
			t.Errorf("in the kernel's log (%s): %s", bad, line)
		}
	}
}

// useShell is what makes a shell usable: job control, Ctrl-C, Ctrl-Z, the arrows.
func useShell(t *testing.T, s *machine.Session) {
	t.Helper()
	// A job that is killed before it ran would still ignore SIGTERM, as its shell does.
	require.Contains(t, s.Must("sleep 1000 & sleep 1; jobs", wait), "Running")
	require.Contains(t, s.Must("kill %1; wait; jobs; echo gone", wait), "Terminated")
	require.NotContains(t, s.Must("jobs", wait), "sleep")

	// Ctrl-C ends what runs in the foreground, and not the shell.
	start(t, s, "sleep 100000")
	s.Type("\x03")
	s.Wait(prompt, wait)
	require.Contains(t, s.Must("echo status=$?", wait), "status=130")

	// Ctrl-Z stops it, fg goes on with it.
	start(t, s, "sleep 100000")
	s.Type("\x1a")
	s.Wait("Stopped", wait)
	s.Wait(prompt, wait)
	require.Contains(t, s.Must("jobs", wait), "Stopped")
	start(t, s, "fg")
	s.Type("\x03")
	s.Wait(prompt, wait)
	require.NotContains(t, s.Must("jobs", wait), "sleep")

	// The arrow keys: the line above, edited in its middle.
	s.Type("echo first-line | tr a-z A-Z\n")
	s.Wait("FIRST-LINE", wait)
	s.Wait(prompt, wait)
	s.Type("\x1b[A")
	s.Wait("a-z A-Z", wait)
	s.Type(strings.Repeat("\x1b[D", len(" | tr a-z A-Z")) + "-edited\n")
	s.Wait("FIRST-LINE-EDITED", wait)
	s.Wait(prompt, wait)
}

// start types a command that stays in the foreground, and gives it time to start.
func start(t *testing.T, s *machine.Session, line string) {
	t.Helper()
	s.Type(line + "\n")
	s.Wait(line, wait)
	s.Run(20_000_000)
}
