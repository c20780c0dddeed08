package tests

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/debugger"
	"ringzero/debugger/history"
	"ringzero/lab/guest"
)

var updateTranscripts = flag.Bool("update-transcripts", false, "write tests/testdata/debugger/*.txt anew")

// desk is a machine under the debugger, with its driver on a goroutine.
type desk struct {
	m   *ringzero.Machine
	h   *history.History
	d   *debugger.Debugger
	s   *debugger.Session
	out bytes.Buffer
}

func newDesk(t *testing.T) *desk {
	k := newDeskOf(t, ringzero.Config{Memory: 16 << 20, Floppy: ringzero.Undo(ringzero.MemoryImage(guest.Image())), Time: 1700000000, MaxInstructions: 3_000_000}, 64<<20)
	k.h.Every(100_000)
	return k
}

// newDeskOf is one of any machine, that keeps so much of its past.
func newDeskOf(t *testing.T, conf ringzero.Config, limit int64) *desk {
	m, err := ringzero.New(conf)
	require.NoError(t, err)
	h, err := history.New(m, limit)
	require.NoError(t, err)
	k := &desk{m: m, h: h, d: debugger.New(m, h)}
	k.s = debugger.NewSession(k.d, &k.out)
	done, ended := make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		for {
			if !k.d.Running() {
				select {
				case f := <-k.d.Requests():
					f()
				case <-done:
					return
				}
				continue
			}
			select {
			case <-done: // a client may have gone and left it running
				return
			default:
			}
			k.d.Poll()
			if k.d.Running() {
				if why, _ := k.d.Turn(m.Step); why == ringzero.Idle && !m.Takes() {
					k.d.Stopped("the guest waits for input")
				}
			}
		}
	}()
	t.Cleanup(func() { close(done); <-ended; m.Close() })
	return k
}

// run runs a line and gives what was printed, the error included.
func (k *desk) run(line string) string {
	k.out.Reset()
	if err := k.s.Run(line); err != nil {
		fmt.Fprintf(&k.out, "! %v\n", err)
	}
	return k.out.String()
}

const promptSign = "(ringzero) "

// TestTranscripts: every command does what a recorded session shows, and has one.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/debugger/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	tried := map[string]bool{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			got := replay(t, newDesk(t), want, tried)
			if *updateTranscripts {
				require.NoError(t, os.WriteFile(file, got, 0o644))
				return
			}
			require.Equal(t, string(want), string(got))
		})
	}
	for _, name := range debugger.CommandNames() {
		require.True(t, tried[name], "no transcript has %q", name)
	}
}

// replay runs the lines of a transcript behind a prompt; those behind "> " are further
// lines of a command.
func replay(t *testing.T, k *desk, transcript []byte, tried map[string]bool) []byte {
	var got bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(transcript))
	var all []string
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), promptSign) || strings.HasPrefix(lines.Text(), "> ") || strings.HasPrefix(lines.Text(), ";") {
			all = append(all, lines.Text())
		}
	}
	i := 0
	k.s.MoreLines(func() (string, bool) {
		if i >= len(all) || !strings.HasPrefix(all[i], "> ") {
			return "", false
		}
		i++
		return all[i-1][2:], true
	})
	for i < len(all) {
		line := all[i]
		i++
		from := i
		if strings.HasPrefix(line, ";") {
			fmt.Fprintln(&got, line)
			continue
		}
		text := strings.TrimPrefix(line, promptSign)
		tried[debugger.CommandName(text)] = true
		out := k.run(text)
		fmt.Fprintln(&got, line)
		for _, more := range all[from:i] {
			fmt.Fprintln(&got, more)
		}
		got.WriteString(out)
	}
	return got.Bytes()
}
