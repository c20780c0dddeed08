package port92

import (
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

func newPort() (*Port, *[]string) {
	var log []string
	line := func(name string) bus.Line {
		return bus.LineFunc(func(l bool) {
			log = append(log, map[bool]string{true: "+", false: "-"}[l]+name)
		})
	}
	return New(bus.NewGate(line("a20")), line("init")), &log
}

func TestWrites(t *testing.T) {
	for _, c := range []struct {
		name   string
		writes []uint64
		value  uint64
		want   []string
	}{
		{"A20 on", []uint64{0x02}, 0x02, []string{"+a20"}},
		{"A20 on twice", []uint64{0x02, 0x02}, 0x02, []string{"+a20"}},
		{"A20 on and off", []uint64{0x02, 0x00}, 0x00, []string{"+a20", "-a20"}},
		{"reset", []uint64{0x01}, 0x01, []string{"+init", "-init"}},
		{"reset is an edge", []uint64{0x01, 0x01}, 0x01, []string{"+init", "-init"}},
		{"reset twice", []uint64{0x01, 0x00, 0x01}, 0x01, []string{"+init", "-init", "+init", "-init"}},
		{"both", []uint64{0xff}, 0x03, []string{"+a20", "+init", "-init"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, log := newPort()
			for _, w := range c.writes {
				p.Write(0, 1, w)
			}
			require.Equal(t, c.value, p.Read(0, 1))
			require.Equal(t, c.want, *log)
		})
	}
}

// TestResetFromWithin wires the pulse to a reset of the whole machine.
func TestResetFromWithin(t *testing.T) {
	var p *Port
	p = New(bus.NewGate(bus.NoLine), bus.LineFunc(func(l bool) {
		if l {
			p.Reset()
		}
	}))
	p.Write(0, 1, 3)
	require.EqualValues(t, fastA20, p.Read(0, 1))
}

// TestTheOtherWay: what somebody else did to the gate is seen and undone.
func TestTheOtherWay(t *testing.T) {
	g := bus.NewGate(bus.NoLine)
	p := New(g, bus.NoLine)
	g.Set(true)
	require.EqualValues(t, fastA20, p.Read(0, 1))
	p.Write(0, 1, 0)
	require.False(t, g.Level())
	p.Write(0, 1, 2)
	g.Set(false)
	require.Zero(t, p.Read(0, 1))
	p.Write(0, 1, 2)
	require.True(t, g.Level())
}

func TestSaveLoadSave(t *testing.T) {
	p, _ := newPort()
	p.Write(0, 1, 3)
	q, log := newPort()
	require.NoError(t, q.Load(p.Save()))
	require.Empty(t, *log, "restoring makes no edge")
	require.Equal(t, p.Save(), q.Save())
	require.Equal(t, State{true}, q.State())
	require.Error(t, q.Load(nil))
	require.Error(t, q.Load(bus.Marshal(kind, version+1, &State{})))
	q.Reset()
	require.Zero(t, q.Read(0, 1))
}

func FuzzRegisters(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0})
	f.Fuzz(func(t *testing.T, writes []byte) {
		p, _ := newPort()
		for _, w := range writes {
			p.Write(uint64(w), 1, uint64(w))
			require.EqualValues(t, w&3, p.Read(0, 1))
		}
		saved := p.Save()
		require.NoError(t, p.Load(saved))
		require.Equal(t, saved, p.Save())
	})
}
