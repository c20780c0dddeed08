package system

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/internal/testkit/need"
)

// Runner boots an ELF kernel on a machine with a debug port at E9h and
// isa-debug-exit at 501h (4 bytes), and gives what was written to the port and
// the exit status: (value << 1) | 1 of the write to 501h, or whatever the
// machine ends with on a triple fault or a time limit.
type Runner func(t *testing.T, elf string) (output string, exit int)

// engine is a machine to test and what is known to be wrong with it.
type engine struct {
	name string
	run  Runner
	// flaws names checks that the engine is known to fail: test to rows. A row
	// that matches no failure is itself a failure, so that the list stays true.
	flaws map[string][]flaw
	// skips allows a test to skip what the engine's processor lacks.
	skips bool
	// shutdown is the exit status of a machine whose processor shut down.
	shutdown int
}

// flaw is one known failure. Check is a check's name, in which * stands for
// anything, or unfinished where the whole test does not come to its end.
type flaw struct{ check, reason string }

// hostClock is the reason of a row that fails or not by the host's timing; it
// need not match.
const hostClock = "the engine's timers follow the host's clock"

const unfinished = "(unfinished)"

// Exit statuses that a test ends with by port 501h.
const (
	exitPass = 0<<1 | 1
	exitFail = 1<<1 | 1
)

func TestSystem(t *testing.T) {
	nasm := need.Tool(t, "nasm")
	engines := ours()
	if os.Getenv("RINGZERO_SYSTEM") == "qemu" {
		engines = []engine{qemu}
	}
	sources, err := filepath.Glob("*.asm")
	require.NoError(t, err)
	require.NotEmpty(t, sources)
	for _, source := range sources {
		name := strings.TrimSuffix(source, ".asm")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			elf := assemble(t, nasm, source)
			for _, eng := range engines {
				t.Run(eng.name, func(t *testing.T) { check(t, name, elf, eng) })
			}
		})
	}
	for _, eng := range engines {
		for name := range eng.flaws {
			require.FileExists(t, name+".asm", "flaws of a test that does not exist")
		}
	}
}

func check(t *testing.T, name, elf string, eng engine) {
	output, exit := eng.run(t, elf)
	if dir := os.Getenv("RINGZERO_SYSTEM_LOG"); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+"-"+eng.name+".log"), []byte(output), 0o644))
	}
	for _, complaint := range judge(output, exit, name, eng) {
		t.Error(complaint)
	}
}

func assemble(t *testing.T, nasm, source string) string {
	t.Helper()
	elf := filepath.Join(t.TempDir(), "test.elf")
	said, err := exec.Command(nasm, "-f", "bin", "-o", elf, source).CombinedOutput()
	require.NoError(t, err, string(said))
	require.Empty(t, string(said), "nasm warns")
	return elf
}

// judge gives the complaints about a run: checks that failed and are no known
// flaw, flaws that no longer show, and a run that did not come to its end.
func judge(output string, exit int, name string, eng engine) []string {
	flaws := eng.flaws[name]
	var complaints []string
	seen := make([]bool, len(flaws))
	known := func(check string) bool {
		found := false
		for i, f := range flaws {
			if match(f.check, check) {
				seen[i], found = true, true
			}
		}
		return found
	}
	checks, failures, finished, shutdown := 0, 0, false, false
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		verdict, rest, _ := strings.Cut(line, " ")
		switch verdict {
		case "ok":
			checks++
		case "FAIL":
			checks++
			failures++
			check, _, _ := strings.Cut(rest, ": want ")
			if !known(check) {
				complaints = append(complaints, line)
			}
		case "skip":
			if !eng.skips {
				complaints = append(complaints, line)
			}
		case "DONE":
			finished = true
		case "SHUTDOWN":
			shutdown = true // the test says that its end is near
		}
	}
	want := exitPass
	if failures > 0 {
		want = exitFail
	}
	switch {
	case shutdown && (finished || exit != eng.shutdown):
		complaints = append(complaints, fmt.Sprintf("exit status %d, want the shutdown's %d", exit, eng.shutdown))
	case shutdown:
	case !finished:
		if !known(unfinished) {
			complaints = append(complaints, fmt.Sprintf("the test did not finish: exit status %d, last lines:\n%s", exit, tail(output)))
		}
	case exit != want:
		complaints = append(complaints, fmt.Sprintf("exit status %d, want %d", exit, want))
	case checks == 0:
		complaints = append(complaints, "the test checked nothing")
	}
	for i, f := range flaws {
		if !seen[i] && f.reason != hostClock {
			complaints = append(complaints, fmt.Sprintf("%q no longer fails (%s): take it from the list", f.check, f.reason))
		}
	}
	return complaints
}

// match tells whether text fits a pattern in which * stands for anything.
func match(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}

func tail(output string) string {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

func TestJudge(t *testing.T) {
	flaws := []flaw{{"a*c", "known"}}
	for _, row := range []struct {
		name, output string
		exit         int
		flaws        []flaw
		skips        bool
		want         int // complaints
	}{
		{"all good", "ok a\nok b\nDONE\n", 1, nil, false, 0},
		{"a failure", "ok a\nFAIL b: want 1 got 2\nDONE\n", 3, nil, false, 1},
		{"a known failure", "ok a\nFAIL abc: want 1 got 2\nDONE\n", 3, flaws, false, 0},
		{"a known failure is gone", "ok abc\nDONE\n", 1, flaws, false, 1},
		{"a flaw that shows sometimes", "ok abc\nDONE\n", 1, []flaw{{"a*c", hostClock}}, false, 0},
		{"wrong exit status", "ok a\nDONE\n", 3, nil, false, 1},
		{"not finished", "ok a\n", 6, nil, false, 1},
		{"known not to finish", "ok a\n", 6, []flaw{{unfinished, "known"}}, false, 0},
		{"nothing checked", "DONE\n", 1, nil, false, 1},
		{"a skip", "ok a\nskip b: no such processor\nDONE\n", 1, nil, false, 1},
		{"an allowed skip", "ok a\nskip b: no such processor\nDONE\n", 1, nil, true, 0},
		{"a shutdown", "ok a\nSHUTDOWN\n", 6, nil, false, 0},
		{"a shutdown that is none", "ok a\nSHUTDOWN\nDONE\n", 1, nil, false, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			eng := engine{flaws: map[string][]flaw{"test": row.flaws}, skips: row.skips, shutdown: 6}
			require.Len(t, judge(row.output, row.exit, "test", eng), row.want)
		})
	}
}

func TestMatch(t *testing.T) {
	for _, row := range []struct {
		pattern, text string
		want          bool
	}{
		{"abc", "abc", true},
		{"abc", "abcd", false},
		{"*", "anything", true},
		{"a*", "abc", true},
		{"a*", "bac", false},
		{"*c", "abc", true},
		{"a*b*c", "a-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"pop [esp+n]*", "pop [esp+n]: ESP", true},
	} {
		t.Run(row.pattern+" "+row.text, func(t *testing.T) {
			require.Equal(t, row.want, match(row.pattern, row.text))
		})
	}
}
