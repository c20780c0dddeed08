package bus

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorder notes the accesses it sees and answers with its bytes, which count
// up from the offset.
type recorder struct{ seen []string }

func (r *recorder) Read(off uint64, size int) uint64 {
	r.seen = append(r.seen, fmt.Sprintf("r%d@%x", size, off))
	v := uint64(0)
	for i := range 8 { // more than asked for: the rest is to be ignored
		v |= (off + uint64(i)) & 0xff << (8 * i)
	}
	return v
}

func (r *recorder) Write(off uint64, size int, v uint64) {
	r.seen = append(r.seen, fmt.Sprintf("w%d@%x=%x", size, off, v))
}

func (r *recorder) take() []string {
	s := r.seen
	r.seen = nil
	return s
}

func TestPortsMap(t *testing.T) {
	p := NewPorts()
	a, b := &recorder{}, &recorder{}
	require.NoError(t, p.Map("pic", 0x20, 2, 1, a))
	require.NoError(t, p.Map("pit", 0x22, 4, 1, b))
	err := p.Map("uart", 0x1e, 8, 1, a)
	require.ErrorContains(t, err, "uart")
	require.ErrorContains(t, err, "pic", "both are named")
	require.Equal(t, "", p.Name(0x1f), "nothing is left of the attempt")
	require.Equal(t, "pit", p.Name(0x25))
	require.NoError(t, p.Map("last", 0xffff, 1, 1, a))
	require.Error(t, p.Map("beyond", 0xffff, 2, 1, a))
	require.Error(t, p.Map("none", 0x100, 0, 1, a))

	p.Unmap(0x22, a)
	require.Equal(t, "pit", p.Name(0x22), "not that chip")
	p.Unmap(0x23, b)
	require.Equal(t, "pit", p.Name(0x22), "not its base")
	p.Unmap(0x22, b)
	require.Equal(t, "", p.Name(0x25))
	p.Unmap(0x22, b)
}

func TestPortsAccess(t *testing.T) {
	p := NewPorts()
	byteWide, wide := &recorder{}, &recorder{}
	require.NoError(t, p.Map("byte", 0x100, 4, 1, byteWide))
	require.NoError(t, p.Map("wide", 0x104, 8, 4, wide))
	for _, r := range []struct {
		name string
		do   func() uint64
		want uint64
		b, w []string
	}{
		{"byte", func() uint64 { return p.In(0x101, 1) }, 0x01, []string{"r1@1"}, nil},
		{"split by width", func() uint64 { return p.In(0x100, 4) }, 0x03020100, []string{"r1@0", "r1@1", "r1@2", "r1@3"}, nil},
		{"whole", func() uint64 { return p.In(0x104, 4) }, 0x03020100, nil, []string{"r4@0"}},
		{"unaligned in one chip", func() uint64 { return p.In(0x106, 2) }, 0x0302, nil, []string{"r2@2"}},
		{"over a seam: bytes", func() uint64 { return p.In(0x102, 4) }, 0x01000302, []string{"r1@2", "r1@3"}, []string{"r1@0", "r1@1"}},
		{"over the end: floats high", func() uint64 { return p.In(0x10b, 2) }, 0xff07, nil, []string{"r1@7"}},
		{"nothing", func() uint64 { return p.In(0x300, 2) }, 0xffff, nil, nil},
		{"nothing, dword", func() uint64 { return p.In(0x300, 4) }, 0xffffffff, nil, nil},
		{"wraps", func() uint64 { return p.In(0xffff, 4) }, 0xffffffff, nil, nil},
		{"write split", func() uint64 { p.Out(0x102, 2, 0xbeef); return 0 }, 0, []string{"w1@2=ef", "w1@3=be"}, nil},
		{"write whole", func() uint64 { p.Out(0x108, 4, 0xdeadbeef); return 0 }, 0, nil, []string{"w4@4=deadbeef"}},
		{"write over a seam", func() uint64 { p.Out(0x103, 4, 0xdeadbeef); return 0 }, 0, []string{"w1@3=ef"}, []string{"w1@0=be", "w1@1=ad", "w1@2=de"}},
		{"write to nothing", func() uint64 { p.Out(0xffff, 4, 1); return 0 }, 0, nil, nil},
	} {
		t.Run(r.name, func(t *testing.T) {
			require.Equal(t, r.want, r.do())
			require.Equal(t, r.b, byteWide.take())
			require.Equal(t, r.w, wide.take())
		})
	}
}

func TestGate(t *testing.T) {
	var edges []bool
	g := NewGate(LineFunc(func(l bool) { edges = append(edges, l) }))
	require.False(t, g.Level())
	g.Set(false)
	g.Set(true)
	g.Set(true)
	require.True(t, g.Level())
	g.Set(false)
	require.Equal(t, []bool{true, false}, edges)
	g.Restore(true)
	require.True(t, g.Level())
	g.Set(true)
	require.Len(t, edges, 2, "restoring makes no edge")
	NoLine.Set(true)
}

func TestMarshal(t *testing.T) {
	type state struct {
		A uint8
		B uint32
		C [3]uint16
		D bool
	}
	in := state{1, 0x02030405, [3]uint16{6, 7, 8}, true}
	data := Marshal("chip", 3, &in)
	require.Equal(t, "\x04chip\x03\x00\x01\x05\x04\x03\x02\x06\x00\x07\x00\x08\x00\x01", string(data))
	var out state
	require.NoError(t, Unmarshal(data, "chip", 3, &out))
	require.Equal(t, in, out)
	require.Equal(t, data, Marshal("chip", 3, &out), "save, load, save")
	for _, r := range []struct {
		name, want string
		data       []byte
		kind       string
		version    uint16
	}{
		{"another kind", "not that of a clip", data, "clip", 3},
		{"a longer kind", "not that of a chips", data, "chips", 3},
		{"another version", "version 3, this program knows 4", data, "chip", 4},
		{"cut in the head", "cut short", data[:6], "chip", 3},
		{"cut in the body", "bytes", data[:len(data)-1], "chip", 3},
		{"too long", "bytes", append(append([]byte(nil), data...), 0), "chip", 3},
		{"empty", "not that", nil, "chip", 3},
	} {
		t.Run(r.name, func(t *testing.T) {
			kept := state{A: 9}
			require.ErrorContains(t, Unmarshal(r.data, r.kind, r.version, &kept), r.want)
			require.Equal(t, state{A: 9}, kept, "unchanged")
		})
	}
	require.Panics(t, func() { Marshal("chip", 1, &struct{ S []int }{}) }, "our bug")
}

func TestInputLog(t *testing.T) {
	var l InputLog
	l.Add(Input{Step: 1, Kind: InputKey, Value: 0x1c})
	l.Add(Input{Step: 2, NS: 3, Kind: InputReset})
	require.Equal(t, []Input{{1, 0, InputKey, 0x1c}, {2, 3, InputReset, 0}}, l.Entries)
}
