package serial

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func send(s Sink, text string) {
	for i := range len(text) {
		s.Send(text[i])
	}
}

func TestParse(t *testing.T) {
	rows := []struct {
		name, in string
		want     Spec
		err      string
	}{
		{"stdio", "stdio", Spec{Kind: Stdio}, ""},
		{"none", "none", Spec{Kind: None}, ""},
		{"file", "file:/tmp/a:b", Spec{File, "/tmp/a:b"}, ""},
		{"no path", "file:", Spec{}, "serial: file: needs a path after the colon"},
		{"unknown", "tcp:1", Spec{}, `serial: "tcp:1" is not known; use stdio, none or file:PATH`},
		{"empty", "", Spec{}, `serial: "" is not known; use stdio, none or file:PATH`},
		{"case matters", "STDIO", Spec{}, `serial: "STDIO" is not known; use stdio, none or file:PATH`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := Parse(row.in)
			if row.err != "" {
				require.EqualError(t, err, row.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.want, got)
			require.Equal(t, row.in, got.String())
		})
	}
}

func TestWriterFlushes(t *testing.T) {
	var out bytes.Buffer
	s, err := Spec{Kind: Stdio}.Open(&out)
	require.NoError(t, err)
	send(s, "login: ")
	require.Empty(t, out.String(), "kept until the loop flushes")
	require.NoError(t, s.Flush())
	require.Equal(t, "login: ", out.String())
	send(s, "root\r\nPass")
	require.Equal(t, "login: root\r\n", out.String(), "a line goes out at once")
	require.NoError(t, s.Close())
	require.Equal(t, "login: root\r\nPass", out.String())
}

func TestWriterBoundsItsBuffer(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	send(w, strings.Repeat("x", bufferSize+1))
	require.Equal(t, bufferSize, out.Len())
	require.Equal(t, bufferSize, cap(w.buffer))
}

// full fails from the n-th write on.
type full struct{ left int }

var errFull = errors.New("no space left on device")

func (f *full) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriterKeepsTheFirstError(t *testing.T) {
	w := NewWriter(&full{left: 1})
	send(w, "fits\nlost\nlost\n")
	require.ErrorIs(t, w.Flush(), errFull)
	send(w, "more")
	require.ErrorIs(t, w.Close(), errFull)
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	require.NoError(t, os.WriteFile(path, []byte("old and longer"), 0o600))
	s, err := Spec{File, path}.Open(nil)
	require.NoError(t, err)
	send(s, "new")
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", string(content))
}

func TestFileErrors(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "none", "log")} {
		_, err := Spec{File, path}.Open(nil)
		require.ErrorContains(t, err, path)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestNone(t *testing.T) {
	s, err := Spec{}.Open(nil)
	require.NoError(t, err)
	send(s, "x\n")
	require.NoError(t, s.Flush())
	require.NoError(t, s.Close())
}

func TestWatchFindsTheVeryByte(t *testing.T) {
	rows := []struct {
		name, text, sent string
		at               int // bytes sent when it is found, 0 for never
	}{
		{"plain", "login:", "debian login: ", 13},
		{"first byte", "d", "debian", 1},
		{"overlapping itself", "aab", "aaaab", 5},
		{"restart inside", "ababac", "abababac", 8},
		{"over a line's end", "a\r\nb", "a\r\nb", 4},
		{"never", "x", "abc", 0},
		{"half", "login:", "login", 0},
		{"empty", "", "abc", 0},
		{"not ASCII", "\xff\x00", "\xff\xff\x00", 3},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			sent, at, calls := 0, 0, 0
			w := NewWatch(NewWriter(&out), row.text, func() { at = sent; calls++ })
			for range 2 { // the second time nothing is reported
				for i := range len(row.sent) {
					sent++
					w.Send(row.sent[i])
				}
			}
			require.Equal(t, row.at, at)
			require.Equal(t, row.at != 0, w.Found())
			require.LessOrEqual(t, calls, 1)
			require.NoError(t, w.Flush())
			require.Equal(t, row.sent+row.sent, out.String())
		})
	}
}

func TestWatchAgainstStringsIndex(t *testing.T) {
	// Every text of up to 4 letters of {a, b} in every output of 8.
	for output := range 1 << 8 {
		var sent strings.Builder
		for i := range 8 {
			sent.WriteByte("ab"[output>>i&1])
		}
		for length := 1; length <= 4; length++ {
			for letters := range 1 << length {
				var text strings.Builder
				for i := range length {
					text.WriteByte("ab"[letters>>i&1])
				}
				want := strings.Index(sent.String(), text.String()) + length
				n, got := 0, length-1
				w := NewWatch(nowhere{}, text.String(), func() { got = n })
				for i := range sent.Len() {
					n++
					w.Send(sent.String()[i])
				}
				require.Equal(t, want, got, "%s in %s", text.String(), sent.String())
			}
		}
	}
}
