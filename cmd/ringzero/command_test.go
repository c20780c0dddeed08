package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asCommand makes the test's own program the command, so that tests run the
// real thing in a process of its own without building it.
const asCommand = "RINGZERO_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// limit bounds one run of the command.
const limit = 2 * time.Minute

// invoke prepares a run of the command in dir.
func invoke(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, self, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), asCommand+"=1")
	return c
}

// result is what a run left.
type result struct {
	status   int
	out, err string
}

func do(t *testing.T, dir, in string, args ...string) result {
	t.Helper()
	c := invoke(t, dir, args...)
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(in), &out, &errs
	return result{exit(t, c.Run()), out.String(), errs.String()}
}

// exit is the exit status that a run ended with.
func exit(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var e *exec.ExitError
	require.True(t, errors.As(err, &e), "%v", err)
	require.True(t, e.Exited(), "%v", e)
	return e.ExitCode()
}

// Boot sectors, as hexadecimal would hide what they do.
var (
	halts = []byte{0xfa, 0xf4}             // cli; hlt
	idles = []byte{0xfb, 0xf4, 0xeb, 0xfd} // sti; hlt; jmp $-1
	// cli; lines but the keyboard's masked; counter 0 in mode 0, once; sti; hlt; jmp $-1
	waits = []byte{0xfa, 0xb0, 0xfd, 0xe6, 0x21, 0xb0, 0xff, 0xe6, 0xa1, 0xb0, 0x30, 0xe6, 0x43, 0xb0, 1, 0xe6, 0x40, 0xb0, 0, 0xe6, 0x40,
		0xfb, 0xf4, 0xeb, 0xfd}
	loops     = []byte{0xeb, 0xfe}                         // jmp $
	tells     = []byte{0xb0, 'A', 0xe6, 0xe9, 0xeb, 0xfe}  // mov al, 'A'; out 0e9h, al; jmp $
	resets    = []byte{0xb0, 0xfe, 0xe6, 0x64, 0xeb, 0xfe} // mov al, 0feh; out 64h, al; jmp $
	jumps     = []byte{0xea, 0xf0, 0xff, 0x00, 0xf0}       // jmp 0f000h:0fff0h
	jumpsFFFF = []byte{0xfb, 0xea, 0, 0, 0xff, 0xff}       // sti; jmp 0ffffh:0
	// xor ax, ax; mov ds, ax; CMOS 0fh = 0ah; [467h] = 0:7c1dh; jmp 0f000h:0fff0h; 7c1dh: as exits5
	shutdown = append([]byte{0x31, 0xc0, 0x8e, 0xd8, 0xb0, 0x8f, 0xe6, 0x70, 0xb0, 0x0a, 0xe6, 0x71,
		0xc7, 0x06, 0x67, 0x04, 0x1d, 0x7c, 0xc7, 0x06, 0x69, 0x04, 0, 0, 0xea, 0xf0, 0xff, 0x00, 0xf0}, exits5...)
	echoes   = []byte{0xba, 0xfd, 3, 0xec, 0xa8, 1, 0x74, 0xfb, 0xba, 0xf8, 3, 0xec, 0xee, 0xeb, 0xf1} // mov dx, 3fdh; in al, dx; test al, 1; jz $-3; mov dx, 3f8h; in al, dx; out dx, al; jmp 0
	exits5   = []byte{0xba, 0x01, 0x05, 0xb8, 5, 0, 0xef}                                              // mov dx, 501h; mov ax, 5; out dx, ax
	exits100 = []byte{0xba, 0x01, 0x05, 0xb8, 100, 0, 0xef}                                            // 201 = 73 once cut to seven bits
	debugs   = []byte{0xb0, 'A', 0xe6, 0xe9, 0xba, 1, 5, 0xef}                                         // mov al, 'A'; out 0e9h, al; mov dx, 501h; out dx, ax
	triple   = []byte{0xfa, 0x0f, 1, 0x1e, 16, 0x7c, 0x0f, 0x20, 0xc0, 0x0c, 1,                        // cli; lidt [7c10h]; mov eax, cr0; or al, 1
		0x0f, 0x22, 0xc0, 0xcc} // mov cr0, eax; int3
)

// disk writes a disk image of 64 sectors with a boot sector.
func disk(t *testing.T, dir, name string, code []byte) {
	t.Helper()
	image := make([]byte, 64*512)
	copy(image, code)
	image[510], image[511] = 0x55, 0xaa
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), image, 0o600))
}

// bzImage64 is a Linux kernel of protocol 2.15 that holds no code.
func bzImage64() []byte {
	p := make([]byte, 6*512)
	p[0x1f1], p[510], p[511] = 4, 0x55, 0xaa
	copy(p[0x200:], "\xeb\x6aHdrS\x0f\x02")
	p[0x211], p[0x236] = 1, 0x3f // loaded high; xloadflags
	p[0x216], p[0x25a], p[0x262] = 0x10, 0x10, 0x10
	return p
}

// files makes a folder with everything that the tables below name.
func files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	write("empty", nil)
	write("text", bytes.Repeat([]byte("words\n\n"), 100))
	write("script", append([]byte("#!/bin/sh\n"), make([]byte, 1014)...))
	write("rom", make([]byte, 300<<10))
	write("noise", bytes.Repeat([]byte("noise"), 140))
	write("zeros", make([]byte, 1<<20))
	write("big", make([]byte, 3<<20))
	write("qcow2", append([]byte("QFI\xfb"), make([]byte, 4092)...))
	write("gzip", append([]byte("\x1f\x8b"), make([]byte, 510)...))
	write("floppy", make([]byte, 1474560))
	write("bzImage64", bzImage64())
	write("halfelf", []byte("\x7fELF\x01\x01\x01"))
	odd := make([]byte, 1000)
	odd[510], odd[511] = 0x55, 0xaa
	write("odd", odd)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	for name, code := range map[string][]byte{
		"halts": halts, "idles": idles, "loops": loops, "resets": resets, "tells": tells, "exits5": exits5, "exits100": exits100,
		"debugs": debugs, "echoes": echoes, "triple": triple, "jumps": jumps, "waits": waits, "jumpsFFFF": jumpsFFFF, "shutdown": shutdown,
	} {
		disk(t, dir, name, code)
	}
	return dir
}

func TestMistakesInTheCommandLine(t *testing.T) {
	dir := files(t)
	rows := []struct {
		name, args, says string
	}{
		{"unknown command", "boot", "no command"},
		{"unknown flag", "run --fast", "not defined"},
		{"flag without its value", "run --memory", "needs an argument: --memory"},
		{"alias without its value", "run -m", "needs an argument: -m"},
		{"no flag has one dash", "run -fast", "not defined: --fast"},
		{"no model", "run --cpu=", "486, max, pentium, pentiumpro"},
		{"too many instructions", "run --max-instructions 1e20", "1e6"},
		{"part of an instruction", "run --max-instructions 15e-1", "1e6"},
		{"part of a byte", "disasm halts --skip 1.5", "--skip"},
		{"negative count", "disasm halts --count -5", "--count"},
		{"two images", "run halts loops", "--disk loops"},
		{"no memory", "run --memory 0", "2M"},
		{"less memory than the BIOS needs", "run --memory 1M", "--memory: 1M: it must be whole MiB, from 2M to 64G"},
		{"less memory with a ROM", "run --memory 1M --bios halts", "--memory: 1M: it must be whole MiB, from 2M to 64G"},
		{"memory beyond 64 bits", "run --memory 999999999999G", "more than"},
		{"absurd memory", "run --memory 65G", "--memory: 65G: it must be whole MiB, from 2M to 64G"},
		{"part of a MiB", "run -m 2500K", "--memory: 2500K: it must be whole MiB, from 2M to 64G"},
		{"memory that is no number", "run --memory lots", "512M"},
		{"negative memory", "run --memory -5", "512M"},
		{"unknown model", "run --cpu z80", "486, max, pentium, pentiumpro"},
		{"date", "run --rtc 2000-13-01", "date"},
		{"date before the chip's time", "run --rtc 1960-01-01", "1970"},
		{"timeout", "run --timeout soon", "90s"},
		{"negative timeout", "run --timeout -1s", "90s"},
		{"serial", "run --serial tty", "file:PATH"},
		{"display", "run --display window", "terminal"},
		{"both want the terminal", "run --display terminal --serial stdio", "both"},
		{"pace", "run --pace slow", "fast"},
		{"escape", "run --escape Ctrl", "none"},
		{"empty escape", "run --escape=", "none"},
		{"profile", "run --profile heap", "cpu, mem or trace"},
		{"instructions", "run --max-instructions many", "max-instructions"},
		{"no instructions", "run --max-instructions 0", "at least 1"},
		{"seed", "run --seed -1", "seed"},
		{"empty text to wait for", "run --until-serial=", "empty"},
		{"initrd without a kernel", "run --initrd halts", "kernel"},
		{"append without a kernel", "run --append quiet", "kernel"},
		{"kernel and BIOS", "run --kernel a --bios b", "either"},
		{"five disks", "run --disk a --disk b --disk c --disk d --disk e", "four"},
		{"image and four disks", "run halts --disk idles --disk loops --disk resets --disk triple", "four"},
		{"disk twice", "run halts --disk halts", "halts: is given as two disks; give it once, or both times with ,ro or ,snapshot"},
		{"disk twice by two names", "run --disk ./halts --disk halts,ro", "halts and ./halts: are one file, which is given as two disks"},
		{"disk as floppy too", "run --disk floppy --floppy floppy", "floppy: is given as two disks"},
		{"two floppies", "run floppy --floppy floppy", "one drive"},
		{"disk without a name", "run --disk ,readonly", "FILE"},
		{"code size", "disasm halts --bits 8", "16, 32 or 64"},
		{"no file to list", "disasm", "FILE"},
		{"version of what", "version run", "no argument"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := do(t, dir, "", strings.Fields(row.args)...)
			require.Equal(t, exitUsage, r.status, r.err)
			require.Empty(t, r.out)
			oneLine(t, r.err, row.says)
		})
	}
}

// oneLine wants one line for the user that contains a text.
func oneLine(t *testing.T, err, says string) {
	t.Helper()
	require.Regexp(t, `\Aringzero: [^\n]+\n\z`, err)
	require.Contains(t, err, says)
}

func TestBadInput(t *testing.T) {
	dir := files(t)
	rows := []struct {
		name, args, says string
	}{
		{"missing image", "run nowhere", "nowhere: "},
		{"empty image", "run empty", "empty"},
		{"text file", "run text", "text: is 700 bytes, 188 more than whole sectors of 512: it is no disk image, or one that was cut short; get it again"},
		{"noise", "run noise", "whole sectors"},
		{"disk cut short", "run odd", "whole"},
		{"no boot sector", "run zeros", "--disk"},
		{"foreign image", "run qcow2", "qemu-img convert"},
		{"compressed image", "run gzip", "gunzip"},
		{"script", "run script", "script: is a script, not a raw disk image or a kernel; a disk without a boot sector goes to --disk"},
		{"script as a disk", "run --disk script", "disk 80h (script) has no boot signature"},
		{"directory", "run folder", "is a directory"},
		{"device", "run " + os.DevNull, "neither a file nor a disk"},
		{"floppy that boots nothing", "run floppy", "boot sector"},
		{"truncated kernel", "run halfelf", "halfelf: the ELF kernel is truncated"},
		{"kernel for another processor", "run bzImage64", "bzImage64: the Linux kernel is a 64-bit one, and the processor has no long mode: take a 32-bit kernel"},
		{"kernel that wants no initrd", "run --kernel halfelf --initrd zeros", "halfelf, zeros: "},
		{"disk that boots nothing", "run --disk zeros", "disk 80h (zeros) has no boot signature"},
		{"kernel larger than memory", "run --memory 2M --kernel big", "big: has 3 MiB; no kernel for this machine has more than 2 MiB"},
		{"initrd larger than memory", "run --memory 2M --kernel halfelf --initrd big", "big: has 3 MiB; no initrd"},
		{"BIOS larger than any ROM", "run --bios rom", "rom: has 300 KiB; a ROM has 256 KiB at most"},
		{"nothing left to list", "disasm zeros --skip 1e9", "zeros: nothing to list: it has 1048576 bytes"},
		{"missing disk", "run --disk nowhere", "nowhere: "},
		{"disk that is a directory", "run --disk folder", "directory"},
		{"foreign disk", "run --disk qcow2,snapshot", "qemu-img convert"},
		{"hard disk as floppy", "run --floppy zeros", "1474560"},
		{"missing kernel", "run --kernel nowhere", "nowhere: "},
		{"empty kernel", "run --kernel empty", "empty"},
		{"kernel that is a directory", "run --kernel folder", "directory"},
		{"kernel that is none", "run --kernel zeros", "zeros: the kernel file is no"},
		{"missing initrd", "run --kernel halfelf --initrd nowhere", "nowhere: "},
		{"missing BIOS", "run --bios nowhere", "nowhere: "},
		{"BIOS of a size that no ROM has", "run --bios noise", "noise: has 700 bytes; a ROM is a multiple of 4096"},
		{"serial file in no directory", "run --serial file:nowhere/log", "nowhere/log"},
		{"trace file in no directory", "run --trace nowhere/log", "nowhere/log"},
		{"missing code", "disasm nowhere", "nowhere: "},
		{"code that is a directory", "disasm folder", "directory"},
		{"empty code", "disasm empty", "empty"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := do(t, dir, "", strings.Fields(row.args)...)
			require.Equal(t, exitFailure, r.status, r.err)
			require.Empty(t, r.out)
			oneLine(t, r.err, row.says)
		})
	}
}

// TestUnsignedImageForOwnBIOS: what a disk must look like is the business of the
// ROM that was given.
func TestUnsignedImageForOwnBIOS(t *testing.T) {
	dir := files(t)
	rom := bytes.Repeat([]byte{0x90}, 4096)
	copy(rom[4096-16:], []byte{0xfa, 0xf4})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "halting"), rom, 0o600))
	r := do(t, dir, "", "run", "--bios", "halting", "zeros")
	require.Equal(t, exitHalted, r.status, r.err)
	r = do(t, dir, "", "run", "--bios", "halting", "qcow2")
	require.Equal(t, exitFailure, r.status, "what is no raw disk at all is refused as ever")
}

func TestExitStatus(t *testing.T) {
	dir := files(t)
	rows := []struct {
		name, args string
		status     int
		err        string
	}{
		{"triple fault", "run triple", exitTripleFault, "triple fault"},
		{"halted for good", "run halts", exitHalted, "halted for good"},
		{"waits for what will not come", "run waits", exitHalted, "ringzero: the guest waits for input, and none will come"},
		{"waits, at pace real", "run waits --pace real", exitHalted, "ringzero: the guest waits for input, and none will come"},
		{"instructions", "run loops --max-instructions 100000", exitLimit, "ringzero: --max-instructions ran out at 0000:00007c00"},
		{"instructions by power of ten", "run loops --max-instructions 1e5", exitLimit, " after 100000 steps"},
		{"timeout", "run loops --timeout 50ms", exitLimit, "ringzero: --timeout ran out at "},
		{"timeout while idle", "run idles --timeout 0.05 --pace real", exitLimit, "ringzero: --timeout ran out at "},
		{"reset ends it", "run resets --no-reboot", exitReset, "the guest reset the machine"},
		{"jump to the reset vector ends it", "run jumps --no-reboot", exitReset, "the guest reset the machine"},
		{"jump to its other name ends it", "run jumpsFFFF --no-reboot", exitReset, "the guest reset the machine"},
		{"jump to the reset vector goes on", "run jumps --max-instructions 1000", exitLimit, "ran out"},
		{"return from protected mode is no reset", "run shutdown --no-reboot", 11, ""},
		{"reset goes on", "run resets --max-instructions 1000", exitLimit, "ran out"},
		{"guest's status", "run exits5", 11, ""},
		{"guest's status is below 128", "run exits100", 73, ""},
		{"port E9h is standard error", "run debugs", 3, "A"},
		{"read-only disk boots", "run --disk halts,readonly", exitHalted, "halted"},
		{"snapshot boots", "run --disk halts,snapshot,readonly", exitHalted, "halted"},
		{"image with options", "run halts,readonly", exitHalted, "halted"},
		{"486", "run triple --cpu 486", exitTripleFault, "triple fault"},
		{"least memory", "run halts -m 2M", exitHalted, "halted"},
		{"disk twice and never written", "run --disk halts,ro --disk halts,snapshot", exitHalted, "halted"},
		{"options in QEMU's words", "run --disk halts,format=raw,readonly=on,snapshot=off", exitHalted, "halted"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := do(t, dir, "", strings.Fields(row.args)...)
			require.Equal(t, row.status, r.status, r.err)
			require.Empty(t, r.out)
			if row.err == "" {
				require.Empty(t, r.err)
			}
			require.Contains(t, r.err, row.err)
		})
	}
}

// A screen that nobody saw is shown at the end, whatever that is.
func TestLastScreen(t *testing.T) {
	dir := files(t)
	print := []byte{0xb8, 'A', 0x0e, 0xcd, 0x10}   // mov ax, 0e41h; int 10h
	send := []byte{0xb0, 'S', 0xba, 0xf8, 3, 0xee} // mov al, 'S'; mov dx, 3f8h; out dx, al
	disk(t, dir, "screen", append(print[:5:5], loops...))
	disk(t, dir, "both", append(append(print[:5:5], send...), loops...))
	disk(t, dir, "exits", append(print[:5:5], exits5...))
	const screen = "ringzero: nothing came by the serial port; the screen shows:\nringzero\n\nA\n"
	for _, row := range []struct {
		args  string
		shown bool
	}{
		{"run screen --max-instructions 1e5", true},
		{"run screen --timeout 200ms", true},
		{"run exits", true},
		{"run both --max-instructions 1e5", false},
		{"run both --max-instructions 1e5 --serial none", true},
		{"run both --max-instructions 1e5 --serial file:log", false},
		{"run loops --max-instructions 1e5", false}, // nothing but the BIOS's banner
	} {
		r := do(t, dir, "", strings.Fields(row.args)...)
		require.Equal(t, row.shown, strings.HasSuffix(r.err, screen), "%s: %s", row.args, r.err)
		require.Equal(t, row.shown, strings.Contains(r.err, "the screen shows"), row.args)
	}
}

func TestReportAtAnyEnd(t *testing.T) {
	dir := files(t)
	for args, says := range map[string]string{
		"run loops --max-instructions 1e5": "ringzero: --max-instructions ran out\n",
		"run loops --timeout 100ms":        "ringzero: --timeout ran out\n",
		"run resets --no-reboot":           "ringzero: the guest reset the machine",
		"run exits5":                       "",
	} {
		r := do(t, dir, "", strings.Fields(args+" --report")...)
		require.Contains(t, r.err, says)
		require.Contains(t, r.err, "the last 16 instructions")
		require.Contains(t, r.err, "eflags")
		r = do(t, dir, "", strings.Fields(args)...)
		require.NotContains(t, r.err, "the last 16 instructions", args)
	}
}

func TestNoInputWillCome(t *testing.T) {
	dir := files(t)
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	for args, times := range map[string]int{"": 1, "--serial none": 0, "--serial file:log": 0, "--pace real --timeout 200ms": 1} {
		c := invoke(t, dir, append([]string{"run", "echoes", "--max-instructions", "1e6"}, strings.Fields(args)...)...)
		var errs bytes.Buffer
		c.Stdin, c.Stderr = null, &errs
		require.Equal(t, exitLimit, exit(t, c.Run()))
		require.Equal(t, times, strings.Count(errs.String(), "ringzero: standard input is the null device: no input will come\n"), errs.String())
	}
	require.NotContains(t, do(t, dir, "", "run", "echoes", "--max-instructions", "1e6").err, "no input")
}

func TestEmbeddedGuestOnPipes(t *testing.T) {
	r := do(t, t.TempDir(), "cpu\roff\r", "run", "--memory", "16M", "--rtc", "2000-01-01")
	require.Equal(t, exitOK, r.status, r.err)
	require.Empty(t, r.err)
	require.Contains(t, r.out, "ringzero> cpu")
	require.Contains(t, r.out, "GenuineIntel")
}

func TestUntilSerialAndStateHash(t *testing.T) {
	args := []string{"run", "--memory", "16M", "--rtc", "2000-01-01", "--until-serial", "ringzero> ", "--state-hash"}
	first := do(t, t.TempDir(), "", args...)
	require.Equal(t, exitOK, first.status, first.err)
	require.True(t, strings.HasSuffix(first.out, "ringzero> "), "%q", first.out)
	require.Regexp(t, `\Astate-hash [0-9a-f]{64}\n\z`, first.err)

	traced := do(t, t.TempDir(), "", append(args, "--trace", "trace.txt", "--seed", "0")...)
	require.Equal(t, first, traced, "a trace changes nothing")
	fast := do(t, t.TempDir(), "", append(args, "--pace", "real")...)
	require.Equal(t, first.out, fast.out)
	other := do(t, t.TempDir(), "", append(args, "--rtc", "2001-01-01")...)
	require.NotEqual(t, first.err, other.err)
}

func TestTrace(t *testing.T) {
	dir := files(t)
	r := do(t, dir, "", "run", "triple", "--trace", "-")
	require.Equal(t, exitTripleFault, r.status)
	lines := strings.Split(r.err, "\n")
	require.Regexp(t, `^0 f000:0000fff0 ea\w+ +jmp`, lines[0])
	require.Contains(t, r.err, "0000:00007c09 0c01                   or al, 0x1 ; eax=60000011")
	require.Contains(t, r.err, "0000:00007c0e -- #GP(001a)")

	r = do(t, dir, "", "run", "triple", "--trace", "file")
	require.Equal(t, exitTripleFault, r.status)
	trace, err := os.ReadFile(filepath.Join(dir, "file"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(trace), lines[0]))
	require.NotContains(t, r.err, lines[0])
}

func TestStats(t *testing.T) {
	dir := files(t)
	r := do(t, dir, "", "run", "loops", "--max-instructions", "1000000", "--stats")
	require.Equal(t, exitLimit, r.status)
	for _, name := range []string{"instructions     1000000\n", "MIPS", "micro-ops", "closure calls", "TLB misses", "shadow misses", "invalidations", "GC share", "trap OUT"} {
		require.Contains(t, r.err, name)
	}
}

func TestSerialFile(t *testing.T) {
	dir := t.TempDir()
	r := do(t, dir, "ignored", "run", "--memory", "16M", "--serial", "file:log", "--until-serial", "ringzero> ")
	require.Equal(t, exitOK, r.status, r.err)
	require.Empty(t, r.out)
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	require.NoError(t, err)
	require.Contains(t, string(log), "Type help for the commands.")
}

// Bytes of a pipe are the guest's, unless --escape says otherwise.
func TestControlAOnAPipe(t *testing.T) {
	dir := files(t)
	for _, args := range []string{"--escape a", "--escape ^A"} {
		r := do(t, dir, "\x01h\x01x", append([]string{"run", "loops"}, strings.Fields(args)...)...)
		require.Equal(t, exitOK, r.status)
		require.Contains(t, r.err, "Ctrl-A X  quit")
	}
	r := do(t, dir, "\x01x~p~x", "run", "loops", "--escape", "~")
	require.Equal(t, exitOK, r.status)
	require.Contains(t, r.err, "ringzero: the power button was pressed")

	for _, args := range []string{"", "--escape none"} {
		r := do(t, dir, "\x01h\x01x\x01\x01!", append([]string{"run", "echoes", "--until-serial", "!"}, strings.Fields(args)...)...)
		require.Equal(t, exitOK, r.status)
		require.Equal(t, "\x01h\x01x\x01\x01!", r.out)
	}
}

// Input of a pipe waits for a guest that clears its receiver before it reads.
func TestInputOfAPipeWaitsForTheGuest(t *testing.T) {
	dir := t.TempDir()
	text := "uname -a; and more than one FIFO holds of text" // without a line's end
	// mov cx, 8000h; spin: mov dx, 3fah; mov al, 7; out dx, al; mov dx, 3f8h; in al, dx; loop spin
	deaf := []byte{0xb9, 0, 0x80, 0xba, 0xfa, 3, 0xb0, 7, 0xee, 0xba, 0xf8, 3, 0xec, 0xe2, 0xf4}
	disk(t, dir, "polls", append(deaf[:len(deaf):len(deaf)], echoes...))
	// mov dx, 3f9h; mov al, 1; out dx, al, and IIR is looked at instead of LSR:
	// again: mov dx, 3fah; in al, dx; test al, 4; jz again; mov dx, 3f8h; in al, dx; out dx, al; jmp again
	byIIR := []byte{0xba, 0xf9, 3, 0xb0, 1, 0xee, 0xba, 0xfa, 3, 0xec, 0xa8, 4, 0x74, 0xf8, 0xba, 0xf8, 3, 0xec, 0xee, 0xeb, 0xf1}
	disk(t, dir, "interrupts", append(deaf[:len(deaf):len(deaf)], byIIR...))
	for _, name := range []string{"polls", "interrupts"} {
		r := do(t, dir, text, "run", name, "--until-serial", "text", "--max-instructions", "1e9")
		require.Equal(t, exitOK, r.status, r.err)
		require.Equal(t, text, r.out, name)
	}
}

func TestProfile(t *testing.T) {
	dir := files(t)
	for kind, file := range map[string]string{"cpu": "cpu.pprof", "mem": "mem.pprof", "trace": "trace.out"} {
		r := do(t, dir, "", "run", "loops", "--max-instructions", "1000000", "--profile", kind)
		require.Equal(t, exitLimit, r.status, r.err)
		info, err := os.Stat(filepath.Join(dir, file))
		require.NoError(t, err)
		require.NotZero(t, info.Size())
	}
}

func TestHelp(t *testing.T) {
	dir := t.TempDir()
	for _, row := range []struct{ args, says string }{
		{"", "ringzero run disk.img"},
		{"--help", "ringzero run disk.img"},
		{"run --help", "--until-serial TEXT"},
		{"run disk.img -h", "Examples:"},
		{"disasm --help", "ringzero disasm boot.bin --bits 16"},
		{"version --help", "ringzero version"},
	} {
		r := do(t, dir, "", strings.Fields(row.args)...)
		require.Equal(t, exitOK, r.status, r.err)
		require.Empty(t, r.err)
		require.Contains(t, r.out, row.says, row.args)
		require.Contains(t, r.out, "Example", row.args)
	}
}

func TestVersion(t *testing.T) {
	for _, args := range []string{"version", "--version", "-v"} {
		r := do(t, t.TempDir(), "", args)
		require.Equal(t, exitOK, r.status, args)
		require.Empty(t, r.err)
		require.Regexp(t, `\Aringzero \S+, commit .+, go\S+ \w+/\w+\n\z`, r.out, args)
	}
	built := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.time", Value: "2026-11-21T10:11:12Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	require.Contains(t, version(built), "ringzero v1.2.3, commit 0123456789ab of 2026-11-21 with changes, go")
	built.Settings = built.Settings[:2]
	require.Contains(t, version(built), "commit 0123456789ab of 2026-11-21, go")
	require.Contains(t, version(nil), "ringzero (devel), commit not recorded, go")
}

func TestRunHelpTellsEveryFlagOnce(t *testing.T) {
	r := do(t, t.TempDir(), "", "run", "--help")
	for _, f := range runFlags() {
		name := "\n   --" + strings.Join(f.Names(), ", -") + " "
		require.Equal(t, 1, strings.Count(r.out, name), name)
	}
	for line := range strings.Lines(r.out) {
		require.LessOrEqual(t, len(line), helpWidth+1, line)
	}
}

func TestDisasm(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "code"), []byte{0x90, 0xeb, 0xfe, 0x66, 0x0f, 0xff}, 0o600))
	rows := []struct {
		name, in, args, want string
	}{
		{"16 bits", "", "code --bits 16 --origin 0x7c00",
			"00007c00  90                     nop\n00007c01  ebfe                   jmp 0x7c01\n00007c03  66                     (bad)\n00007c04  0f                     (bad)\n00007c05  ff                     (bad)\n"},
		{"a part", "", "--bits 32 code --skip 1 --count 2", "00000000  ebfe                   jmp 0x0\n"},
		{"standard input in 64 bits", "\x48\x89\xd8", "- --bits 64", "0000000000000000  4889d8                 mov rax, rbx\n"},
		{"long instruction", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90", "-", "00000000  66666666666666666666+  nop\n"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := do(t, dir, row.in, append([]string{"disasm"}, strings.Fields(row.args)...)...)
			require.Equal(t, exitOK, r.status, r.err)
			require.Equal(t, row.want, r.out)
		})
	}
}

func TestReport(t *testing.T) {
	dir := files(t)
	// cli; mov eax, 9000h; mov cr3, eax; mov eax, cr0; or eax, 80000001h; mov cr0, eax
	disk(t, dir, "paging", []byte{0xfa, 0x66, 0xb8, 0, 0x90, 0, 0, 0x0f, 0x22, 0xd8, 0x0f, 0x20, 0xc0,
		0x66, 0x0d, 1, 0, 0, 0x80, 0x0f, 0x22, 0xc0})
	rows := []struct {
		image string
		says  []string
	}{
		{"triple", []string{
			"triple fault at 0000:00007c0e", "#GP(001a)", "IDT gate of vector 03 at 00000018: beyond the table's limit 0000",
			"#DF(0000)", "eax 60000011", "cr0 60000011", "int3",
		}},
		{"paging", []string{
			"32-bit paging", "#PF(0000) at 00007c16\n    supervisor read, not present\n    PDE at 000009000: 0000000000000000, not present\n",
			"#DF(0000)", "there is no code at 0000:00007c16",
		}},
		{"halts", []string{"halted for good at 0000:00007c02", "real mode", "no exception", "eip 00007c02"}},
	}
	for _, row := range rows {
		r := do(t, dir, "", "run", row.image)
		for _, text := range row.says {
			require.Contains(t, r.err, text, row.image)
		}
	}
}
