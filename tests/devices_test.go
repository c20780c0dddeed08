package tests

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/internal/testkit/guests"
	"ringzero/internal/testkit/machine"
)

// Set-1 make codes of keys without a character.
const (
	keyUp   = 0xe048
	keyLeft = 0xe04b
	keyCtrl = 0x1d
	keyC    = 0x2e
)

// keyPause is the steps that the guest has for a key.
const keyPause = 1_000_000

// powerButtonScript has busybox's acpid end the guest when the power button's
// input event (its KEY_POWER) arrives.
const powerButtonScript = `mkdir -p /var/run /var/log && acpid -c /etc/acpi`

// TestKeyboardScreenClockAndPowerButton uses Debian's 686 kernel as one does who
// sits before the machine: console and shell are on the screen, keys come from the
// PS/2 keyboard; the clock is right; the power button ends it.
func TestKeyboardScreenClockAndPowerButton(t *testing.T) {
	if testing.Short() {
		t.Skip("another boot is too much for -short")
	}
	t.Parallel()
	date := time.Date(2031, time.February, 28, 23, 59, 30, 0, time.UTC)
	s := machine.New(t, ringzero.Config{
		Memory: 128 << 20,
		Time:   date.Unix(),
		Kernel: machine.Kernel(t, guests.Kernel(t, "686"), guests.Initrd(t, guests.Options{
			Flavour:  "686",
			Modules:  []string{"button", "evdev", "psmouse"},
			Programs: []string{"hwclock"},
			Run:      powerButtonScript,
			Files:    map[string][]byte{"/etc/acpi/PWRF/00000080": []byte("#!/bin/sh\npoweroff\n")},
		}), "console=ttyS0 console=tty0"),
	})
	s.WaitScreen(guests.Marker, toBoot)
	// Blanks at the end of a line don't show.
	ready := "\n" + strings.TrimSpace(prompt)
	s.WaitScreen(ready, aWhile)

	t.Log("typed text, shifted keys and all")
	s.PressKeys("clear; echo 'Hello, {World}' | tr a-z A-Z; echo ~@#%^*_+: \"<>?\"\n")
	screen := s.WaitScreen("<>?\n", wait)
	lines := strings.Split(screen, "\n")
	require.Equal(t, "HELLO, {WORLD}", lines[0])
	require.Equal(t, "~@#%^*_+: <>?", lines[1])

	t.Log("line editing by the arrow keys")
	s.WaitScreen(ready, wait)
	s.PressKeys("clear; echo one two\n")
	s.WaitScreen("\none two\n", wait)
	s.Press(keyUp)
	for range len("two") {
		s.Press(keyLeft)
		s.Run(keyPause)
	}
	s.PressKeys("and \n")
	s.WaitScreen("\none and two\n", wait)

	t.Log("Ctrl-C")
	s.PressKeys("clear; sleep 100000\n")
	s.Run(wait / 10)
	s.Key(keyCtrl, true)
	s.Press(keyC)
	s.Key(keyCtrl, false)
	s.Run(keyPause)
	s.PressKeys("echo status=$?\n")
	s.WaitScreen("\nstatus=130\n", wait)

	t.Log("the clock, by two programs")
	s.PressKeys("clear; cat /sys/class/rtc/rtc0/name; hwclock -u; /sbin/hwclock -r -u\n")
	screen = s.WaitScreen("+00:00\n", wait)
	require.Contains(t, screen, "rtc_cmos")
	now := date.Add(time.Duration(s.Now()))
	busybox, err := time.Parse("Mon Jan _2 15:04:05 2006", regexp.MustCompile(`\w{3} \w{3} [ \d]\d [\d:]+ \d{4}`).FindString(screen))
	require.NoError(t, err, screen)
	require.WithinDuration(t, now, busybox, 3*time.Second)
	debian, err := time.Parse("2006-01-02 15:04:05", regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`).FindString(screen))
	require.NoError(t, err, screen)
	require.WithinDuration(t, now, debian, 2*time.Second)
	require.Equal(t, time.March, debian.Month(), "past the end of February")

	t.Log("the clock is set, and its alarm wakes")
	s.PressKeys("clear; date -u -s '2035-12-31 10:20:30'; hwclock -w -u; hwclock -u\n")
	s.WaitScreen("2035  0.", wait)
	require.Contains(t, s.Screen(), "Dec 31 10:20:3")
	s.PressKeys("clear; cd /sys/class/rtc/rtc0; echo +5 >wakealarm; grep rtc0 /proc/interrupts; sleep 7; grep rtc0 /proc/interrupts; cat wakealarm; echo done\n")
	screen = s.WaitScreen("\ndone\n", wait)
	counts := regexp.MustCompile(`8: +(\d+)`).FindAllStringSubmatch(screen, -1)
	require.Len(t, counts, 2, screen)
	require.Greater(t, number(t, counts[1][1]), number(t, counts[0][1]), "the alarm's interrupt")

	noTrouble(t, s.Output())
	require.Regexp(t, `input: .*PS/2.* Mouse as `, s.Output())
	t.Log("the power button")
	s.PowerButton()
	s.End(ringzero.PoweredOff, aWhile)
}
