package serial

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

func collect(t *testing.T, r *Reader) string {
	var all []byte
	late := time.After(10 * time.Second)
	for {
		select {
		case chunk, ok := <-r.Chunks():
			if !ok {
				return string(all)
			}
			all = append(all, chunk...)
		case <-late:
			require.Fail(t, "the reader does not end")
		}
	}
}

// nothing is a reader that returns neither bytes nor an error.
type nothing struct{ calls int }

func (n *nothing) Read([]byte) (int, error) { n.calls++; return 0, nil }

func TestReader(t *testing.T) {
	long := strings.Repeat("0123456789", 5000)
	broken := errors.New("broken")
	rows := []struct {
		name string
		in   io.Reader
		want string
		err  error
	}{
		{"end at once", strings.NewReader(""), "", nil},
		{"long", strings.NewReader(long), long, nil},
		{"byte by byte", iotest.OneByteReader(strings.NewReader("abc")), "abc", nil},
		{"data with the end", iotest.DataErrReader(strings.NewReader("abc")), "abc", nil},
		{"error", io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(broken)), "ab", broken},
		{"nothing for ever", &nothing{}, "", io.ErrNoProgress},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := Read(row.in)
			require.Equal(t, row.want, collect(t, r))
			require.ErrorIs(t, r.Err(), row.err)
		})
	}
}

func TestReaderOnDevNull(t *testing.T) {
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer f.Close()
	r := Read(f)
	require.Empty(t, collect(t, r))
	require.NoError(t, r.Err())
}

func TestReaderChunksAreOwned(t *testing.T) {
	in, out := io.Pipe()
	r := Read(in)
	_, err := out.Write([]byte("first"))
	require.NoError(t, err)
	first := <-r.Chunks()
	_, err = out.Write([]byte("other"))
	require.NoError(t, err)
	<-r.Chunks()
	require.Equal(t, "first", string(first))
	require.NoError(t, out.Close())
}

func TestReaderStop(t *testing.T) {
	r := Read(strings.NewReader(strings.Repeat("x", 1<<20)))
	r.Stop()
	r.Stop()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case _, ok := <-r.Chunks():
			if !ok {
				return
			}
		case <-deadline:
			require.Fail(t, "stopped reader goes on")
		}
	}
}
