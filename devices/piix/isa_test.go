package piix

import (
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

// wires records levels and edges of the lines that a bridge drives.
type wires struct {
	level [16]bool
	edges int
	hard  []bool
	soft  []bool
}

func (w *wires) irq(n int) bus.Line {
	return bus.LineFunc(func(level bool) {
		w.level[n] = level
		w.edges++
	})
}

func (w *wires) high() []int {
	var out []int
	for n, l := range w.level {
		if l {
			out = append(out, n)
		}
	}
	return out
}

func newISA() (*ISA, *wires) {
	w := &wires{}
	hard := bus.LineFunc(func(level bool) { w.hard = append(w.hard, level) })
	soft := bus.LineFunc(func(level bool) { w.soft = append(w.soft, level) })
	return NewISA(w.irq, hard, soft), w
}

func TestISAIdentity(t *testing.T) {
	p, _ := newISA()
	require.Equal(t, uint32(0x7000_8086), p.ReadConfig(0, 4))
	require.Equal(t, uint32(0x0601_0000), p.ReadConfig(8, 4))
	require.Equal(t, uint32(0x80), p.ReadConfig(0x0e, 1), "multi-function")
	require.Equal(t, uint32(0x8080_8080), p.ReadConfig(0x60, 4))
}

func TestPIRQRouting(t *testing.T) {
	p, w := newISA()
	a, b := p.PIRQ(0), p.PIRQ(1)
	a.Set(true)
	require.Empty(t, w.high(), "not routed after reset")
	p.WriteConfig(0x60, 1, 10)
	require.Equal(t, []int{10}, w.high(), "an asserted input shows when it is routed")
	p.WriteConfig(0x61, 1, 10)
	b.Set(true)
	require.Equal(t, 1, w.edges, "ORed")
	a.Set(false)
	require.Equal(t, []int{10}, w.high())
	p.WriteConfig(0x61, 1, 11)
	require.Equal(t, []int{11}, w.high(), "moved")
	p.WriteConfig(0x61, 1, 0x8b)
	require.Empty(t, w.high(), "disabled")
	for _, n := range []uint32{0, 1, 2, 8, 13} {
		p.WriteConfig(0x61, 1, n)
		require.Empty(t, w.high(), "reserved %d", n)
	}
	p.WriteConfig(0x61, 1, 5)
	require.Equal(t, []int{5}, w.high())
	p.Reset()
	require.Empty(t, w.high())
	p.WriteConfig(0x61, 1, 5)
	require.Equal(t, []int{5}, w.high(), "the input is still held by its driver")
}

func TestResetControl(t *testing.T) {
	pulse := []bool{true, false}
	for _, row := range []struct {
		name       string
		writes     []uint64
		hard, soft []bool
		reads      uint64
	}{
		{"type alone does nothing", []uint64{2}, nil, nil, 2},
		{"hard", []uint64{2, 6}, pulse, nil, 2},
		{"soft", []uint64{0, 4}, nil, pulse, 0},
		{"soft twice", []uint64{4, 4}, nil, []bool{true, false, true, false}, 0},
		{"Linux's sequence", []uint64{0x02, 0x0e}, pulse, nil, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, w := newISA()
			ports := bus.NewPorts()
			require.NoError(t, ports.Map("rcr", 0xcf9, 1, 1, p.ResetControl()))
			for _, v := range row.writes {
				ports.Out(0xcf9, 1, v)
			}
			require.Equal(t, row.hard, w.hard)
			require.Equal(t, row.soft, w.soft)
			require.Equal(t, row.reads, ports.In(0xcf9, 1))
		})
	}
}

func TestISASaveLoad(t *testing.T) {
	a, _ := newISA()
	a.WriteConfig(0x60, 4, 0x0b0a_0b0a)
	a.PIRQ(2).Set(true)
	a.ResetControl().Write(0, 1, 2)
	saved := a.Save()
	b, w := newISA()
	require.NoError(t, b.Load(saved))
	require.Equal(t, saved, b.Save())
	require.Zero(t, w.edges, "no edge on load")
	b.PIRQ(0).Set(true)
	require.Zero(t, w.edges, "interrupt 10 is already high")
	b.PIRQ(0).Set(false)
	b.PIRQ(2).Set(false)
	require.Equal(t, 1, w.edges)
	require.Error(t, b.Load(saved[1:]))
	before := b.Save()
	for name, damage := range map[string]func(s *ISAState){
		"RCPU": func(s *ISAState) { s.RCR = rcrReset }, "a fifth PIRQ": func(s *ISAState) { s.PIRQ = 0x10 },
		"a fixed register": func(s *ISAState) { s.Config[0]++ },
	} {
		s := a.State()
		damage(&s)
		require.Error(t, b.Load(bus.Marshal(isaKind, isaVersion, &s)), name)
	}
	require.Equal(t, before, b.Save())
}

func FuzzISA(f *testing.F) {
	f.Add([]byte{0x60, 0, 10, 0, 4, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, _ := newISA()
		for ; len(data) >= 3; data = data[3:] {
			size := 1 << (data[1] % 3)
			offset := data[0] &^ uint8(size-1)
			p.WriteConfig(offset, size, uint32(data[2])*0x01010101)
			p.ReadConfig(offset, size)
			p.PIRQ(int(data[1] >> 2 & 3)).Set(data[1]>>4&1 != 0)
			p.ResetControl().Write(0, 1, uint64(data[2]))
		}
		saved := p.Save()
		q, _ := newISA()
		require.NoError(t, q.Load(saved))
		require.Equal(t, saved, q.Save())
		require.Equal(t, p.driven, q.driven)
	})
}
