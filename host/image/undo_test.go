package image

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
)

func TestUndo(t *testing.T) {
	under := Memory(bytes.Repeat([]byte{1}, 4*bus.SectorSize))
	u := NewUndo(under)
	sector := func(b byte) []byte { return bytes.Repeat([]byte{b}, bus.SectorSize) }
	read := func(d bus.Disk, n int64) byte {
		var p [bus.SectorSize]byte
		require.NoError(t, d.ReadAt(p[:], n*bus.SectorSize))
		return p[0]
	}
	require.NoError(t, u.WriteAt(append(sector(2), sector(3)...), bus.SectorSize))
	require.Equal(t, byte(1), read(under, 1), "nothing reaches the disk below")
	require.Equal(t, []byte{1, 2, 3, 1}, []byte{read(u, 0), read(u, 1), read(u, 2), read(u, 3)})
	first := u.Changed()
	require.Len(t, first, 2)
	require.NoError(t, u.WriteAt(sector(4), bus.SectorSize))
	require.Equal(t, byte(2), first[1][0], "what was given away stays")
	require.Len(t, u.Changed(), 1)
	u.Put(map[int64][]byte{1: first[1], 2: nil})
	require.Equal(t, []byte{2, 1}, []byte{read(u, 1), read(u, 2)})
	require.Equal(t, int64(bus.SectorSize), u.Pending())
	require.NoError(t, u.Commit())
	require.Equal(t, byte(2), read(under, 1))
	require.Zero(t, u.Pending())
	require.ErrorContains(t, u.WriteAt(sector(0), 4*bus.SectorSize), "does not fit")
	require.ErrorContains(t, u.WriteAt(sector(0), 1), "does not fit")
}
