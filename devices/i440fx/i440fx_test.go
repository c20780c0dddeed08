package i440fx

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
)

// shadow records the attributes of the areas as the memory map would.
type shadow struct {
	read, write [Regions]bool
	calls       int
}

func (s *shadow) set(i int, read, write bool) {
	s.read[i], s.write[i] = read, write
	s.calls++
}

func newBridge() (*Bridge, *shadow) {
	s := &shadow{}
	return New(s.set), s
}

func TestIdentity(t *testing.T) {
	b, _ := newBridge()
	require.Equal(t, uint32(0x1237_8086), b.ReadConfig(0, 4))
	require.Equal(t, uint32(0x0600_0002), b.ReadConfig(8, 4))
	b.WriteConfig(0, 4, 0)
	require.Equal(t, uint32(0x1237_8086), b.ReadConfig(0, 4))
	b.WriteConfig(4, 2, 0xffff)
	require.Equal(t, uint32(0x0146), b.ReadConfig(4, 2))
}

func TestPAM(t *testing.T) {
	for _, row := range []struct {
		name     string
		register uint8
		value    uint32
		base     uint64
		r, w     bool
	}{
		{"F0000 for shadowing: reads from ROM", 0x59, 0x20, 0xf0000, false, true},
		{"F0000 shadowed and protected", 0x59, 0x10, 0xf0000, true, false},
		{"C0000", 0x5a, 0x03, 0xc0000, true, true},
		{"C4000", 0x5a, 0x10, 0xc4000, true, false},
		{"C8000", 0x5b, 0x02, 0xc8000, false, true},
		{"DC000", 0x5d, 0x30, 0xdc000, true, true},
		{"E0000", 0x5e, 0x01, 0xe0000, true, false},
		{"EC000", 0x5f, 0x30, 0xec000, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			b, s := newBridge()
			s.calls = 0
			b.WriteConfig(row.register, 1, row.value)
			require.Equal(t, 1, s.calls, "only what changed is mapped anew")
			for i := range Regions {
				base, _ := Region(i)
				here := base == row.base
				require.Equal(t, here && row.r, s.read[i], "read %#x", base)
				require.Equal(t, here && row.w, s.write[i], "write %#x", base)
			}
			b.WriteConfig(row.register, 1, row.value)
			require.Equal(t, 1, s.calls)
		})
	}
}

func TestRegionsCoverTheAdapterArea(t *testing.T) {
	next := uint64(0xc0000)
	for i := range Regions {
		base, size := Region(i)
		require.Equal(t, next, base)
		next += size
	}
	require.Equal(t, uint64(0x100000), next)
}

func TestAllPAMAtOnce(t *testing.T) {
	b, s := newBridge()
	b.WriteConfig(0x58, 4, 0xffff_ffff)
	b.WriteConfig(0x5c, 4, 0xffff_ffff)
	for i := range Regions {
		require.True(t, s.read[i] && s.write[i], "area %d", i)
	}
	require.Equal(t, uint32(0x3333_3333), b.ReadConfig(0x5c, 4), "reserved bits read zero")
	b.Reset()
	for i := range Regions {
		require.False(t, s.read[i] || s.write[i], "area %d", i)
	}
}

func TestSMRAMLock(t *testing.T) {
	b, _ := newBridge()
	require.Equal(t, uint32(0x02), b.ReadConfig(0x72, 1))
	b.WriteConfig(0x72, 1, 0xff)
	require.Equal(t, uint32(0x3a), b.ReadConfig(0x72, 1), "locking closes")
	b.WriteConfig(0x72, 1, 0x40)
	require.Equal(t, uint32(0x3a), b.ReadConfig(0x72, 1), "locked")
	b.Reset()
	require.Equal(t, uint32(0x02), b.ReadConfig(0x72, 1))
}

func TestSaveLoad(t *testing.T) {
	a, _ := newBridge()
	a.WriteConfig(0x59, 1, 0x30)
	a.WriteConfig(0x60, 4, 0x0807_0605)
	saved := a.Save()
	b, s := newBridge()
	require.NoError(t, b.Load(saved))
	require.Equal(t, saved, b.Save())
	require.True(t, s.read[12] && s.write[12], "the map follows")
	require.Error(t, b.Load(nil))
	for at, v := range map[uint8]uint8{0: 0x87, pam0: 0x0f, smram: smramLock | smramOpen | smramBaseSeg} {
		damaged := a.State()
		damaged.Config[at] = v
		require.Error(t, b.Load(bus.Marshal(kind, version, &damaged)), at)
	}
	require.Equal(t, saved, b.Save())
}

func FuzzRegisters(f *testing.F) {
	f.Add([]byte{0x59, 1, 0x30})
	f.Fuzz(func(t *testing.T, data []byte) {
		b, _ := newBridge()
		for ; len(data) >= 3; data = data[3:] {
			size := 1 << (data[1] % 3)
			offset := data[0] &^ uint8(size-1)
			b.WriteConfig(offset, size, uint32(data[2])*0x01010101)
			b.ReadConfig(offset, size)
		}
		saved := b.Save()
		c, _ := newBridge()
		require.NoError(t, c.Load(saved))
		require.Equal(t, saved, c.Save())
	})
}
