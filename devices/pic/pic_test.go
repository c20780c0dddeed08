package pic

import (
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

// board is a pair with the INTR level and its changes.
type board struct {
	*Pair
	t       *testing.T
	intr    bool
	changes []bool
}

func newBoard(t *testing.T) *board {
	b := &board{t: t}
	b.Pair = New(bus.LineFunc(func(l bool) {
		b.intr = l
		b.changes = append(b.changes, l)
	}))
	b.Reset()
	return b
}

// ready is a board initialized as a PC's BIOS does it, icw4 for both chips.
func ready(t *testing.T, icw4 uint64) *board {
	b := newBoard(t)
	for i, d := range []bus.Device{b.Master(), b.Slave()} {
		d.Write(0, 1, 0x11)
		d.Write(1, 1, []uint64{0x08, 0x70}[i])
		d.Write(1, 1, []uint64{0x04, 0x02}[i])
		d.Write(1, 1, icw4)
	}
	return b
}

func (b *board) raise(irqs ...int) {
	for _, i := range irqs {
		b.Line(i).Set(true)
	}
}

func (b *board) lower(irqs ...int) {
	for _, i := range irqs {
		b.Line(i).Set(false)
	}
}

// registers reads IRR, ISR and IMR of a chip.
func registers(d bus.Device) [3]uint64 {
	d.Write(0, 1, 0x0a)
	irr := d.Read(0, 1)
	d.Write(0, 1, 0x0b)
	return [3]uint64{irr, d.Read(0, 1), d.Read(1, 1)}
}

func TestNothingBeforeInitialization(t *testing.T) {
	b := newBoard(t)
	b.raise(0, 1, 12)
	require.False(t, b.intr)
	require.Empty(t, b.changes)
	b.Master().Write(0, 1, 0x11)
	b.Master().Write(1, 1, 0x20)
	b.Master().Write(1, 1, 0x04)
	require.False(t, b.intr, "ICW4 is still to come")
	b.Master().Write(1, 1, 0x01)
	require.False(t, b.intr, "ICW1 forgets edges")
	b.lower(1)
	b.raise(1)
	require.True(t, b.intr)
	require.EqualValues(t, 0x21, b.Acknowledge())
}

func TestInitializationWordCount(t *testing.T) {
	for _, c := range []struct {
		name  string
		icw1  uint64
		words []uint64
	}{
		{"cascaded, ICW4", 0x11, []uint64{0x30, 0x04, 0x01}},
		{"cascaded, no ICW4", 0x10, []uint64{0x30, 0x04}},
		{"single, ICW4", 0x13, []uint64{0x30, 0x01}},
		{"single, no ICW4", 0x12, []uint64{0x30}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard(t)
			b.Master().Write(0, 1, c.icw1)
			for _, w := range c.words {
				b.Master().Write(1, 1, w)
			}
			b.Master().Write(1, 1, 0xa5) // must be OCW1
			require.EqualValues(t, 0xa5, b.Master().Read(1, 1))
			b.raise(4)
			require.EqualValues(t, 0x34, b.Acknowledge())
		})
	}
}

func TestPriorityAndNesting(t *testing.T) {
	b := ready(t, 1)
	b.raise(5, 3)
	require.EqualValues(t, 0x0b, b.Acknowledge())
	require.False(t, b.intr, "5 waits for 3")
	require.Equal(t, [3]uint64{0x20, 0x08, 0}, registers(b.Master()))
	b.raise(1)
	require.True(t, b.intr, "1 interrupts 3")
	require.EqualValues(t, 0x09, b.Acknowledge())
	b.Master().Write(0, 1, 0x20)
	require.False(t, b.intr)
	b.Master().Write(0, 1, 0x20)
	require.True(t, b.intr)
	require.EqualValues(t, 0x0d, b.Acknowledge())
	b.Master().Write(0, 1, 0x20)
	require.Equal(t, [3]uint64{0, 0, 0}, registers(b.Master()), "edges are used up though the pins are high")
}

func TestINTRChanges(t *testing.T) {
	b := ready(t, 1)
	b.raise(4)
	b.raise(4)
	b.Acknowledge()
	b.Master().Write(0, 1, 0x20)
	b.lower(4)
	require.Equal(t, []bool{true, false}, b.changes)
}

func TestCascade(t *testing.T) {
	b := ready(t, 1)
	b.raise(14, 8)
	require.EqualValues(t, 0x70, b.Acknowledge())
	require.Equal(t, [3]uint64{0x00, 0x04, 0}, registers(b.Master()))
	require.Equal(t, [3]uint64{0x40, 0x01, 0}, registers(b.Slave()))
	b.Slave().Write(0, 1, 0x20)
	require.False(t, b.intr, "the master still serves its IR2")
	b.Master().Write(0, 1, 0x20)
	require.True(t, b.intr)
	b.raise(1)
	require.EqualValues(t, 0x09, b.Acknowledge(), "IR1 goes before the cascade")
	b.Master().Write(0, 1, 0x20)
	require.EqualValues(t, 0x76, b.Acknowledge())
}

func TestSlaveAutoEOIMakesAnEdgeForEachRequest(t *testing.T) {
	b := ready(t, 3)
	b.raise(9, 15)
	require.EqualValues(t, 0x71, b.Acknowledge())
	require.True(t, b.intr)
	require.EqualValues(t, 0x77, b.Acknowledge())
	require.False(t, b.intr)
	require.Zero(t, registers(b.Master())[1])
}

func TestSpurious(t *testing.T) {
	b := ready(t, 1)
	b.raise(3)
	b.lower(3)
	require.Equal(t, []bool{true, false}, b.changes, "a pin that falls takes its request back")
	require.EqualValues(t, 0x0f, b.Acknowledge())
	require.Equal(t, [3]uint64{0, 0, 0}, registers(b.Master()), "nothing is in service")
	b.raise(7)
	require.EqualValues(t, 0x0f, b.Acknowledge())
	require.Equal(t, [3]uint64{0, 0x80, 0}, registers(b.Master()), "a real level 7 is")
}

func TestSpuriousOfTheSlave(t *testing.T) {
	b := ready(t, 1)
	// IR2 asks, the slave's reason is gone: as after a slave that let go late.
	b.chips[0].input(cascade, true)
	require.EqualValues(t, 0x77, b.Acknowledge())
	require.Equal(t, [3]uint64{0, 0x04, 0}, registers(b.Master()))
	require.Equal(t, [3]uint64{0, 0, 0}, registers(b.Slave()))
}

func TestLevelTriggered(t *testing.T) {
	b := ready(t, 1)
	b.ELCR().Write(1, 1, 0xff)
	require.EqualValues(t, 0xde, b.ELCR().Read(1, 1))
	b.ELCR().Write(0, 1, 0xff)
	require.EqualValues(t, 0xf8, b.ELCR().Read(0, 1))
	b.raise(11)
	require.EqualValues(t, 0x73, b.Acknowledge())
	require.Equal(t, uint64(0x08), registers(b.Slave())[0], "IRR follows the pin")
	b.Slave().Write(0, 1, 0x20)
	b.Master().Write(0, 1, 0x20)
	require.True(t, b.intr, "a pin still high asks again")
	b.lower(11)
	require.False(t, b.intr)
}

func TestLTIM(t *testing.T) {
	b := newBoard(t)
	m := b.Master()
	for i, w := range []uint64{0x1b, 0x40, 0x01} {
		m.Write(uint64(min(i, 1)), 1, w)
	}
	b.raise(0)
	for range 2 {
		require.EqualValues(t, 0x40, b.Acknowledge())
		m.Write(0, 1, 0x20)
	}
}

func TestMask(t *testing.T) {
	b := ready(t, 1)
	b.Master().Write(1, 1, 0x10)
	b.raise(4)
	require.False(t, b.intr)
	require.Equal(t, [3]uint64{0x10, 0, 0x10}, registers(b.Master()), "a masked edge is latched")
	b.Master().Write(1, 1, 0)
	require.True(t, b.intr)
	b.Master().Write(1, 1, 0x10)
	require.False(t, b.intr)
}

func TestSpecialMaskMode(t *testing.T) {
	b := ready(t, 1)
	b.raise(3)
	b.Acknowledge()
	b.raise(6)
	require.False(t, b.intr)
	b.Master().Write(1, 1, 0x08)
	require.False(t, b.intr)
	b.Master().Write(0, 1, 0x68)
	require.True(t, b.intr, "a masked level in service holds nobody back")
	b.Acknowledge()
	require.Equal(t, uint64(0x48), registers(b.Master())[1])
	b.Master().Write(0, 1, 0x20)
	require.Equal(t, uint64(0x08), registers(b.Master())[1], "the EOI passes the masked level")
	b.Master().Write(0, 1, 0x20)
	require.Equal(t, uint64(0x08), registers(b.Master())[1])
	b.Master().Write(0, 1, 0x48)
	b.Master().Write(0, 1, 0x20)
	require.Equal(t, uint64(0x00), registers(b.Master())[1])
}

func TestSpecialFullyNested(t *testing.T) {
	for _, c := range []struct {
		name  string
		icw4  uint64
		comes bool
	}{{"fully nested", 0x01, false}, {"special fully nested", 0x11, true}} {
		t.Run(c.name, func(t *testing.T) {
			b := ready(t, c.icw4)
			b.raise(12)
			require.EqualValues(t, 0x74, b.Acknowledge())
			b.raise(8)
			require.Equal(t, c.comes, b.intr)
			b.lower(8)
			b.raise(3)
			require.False(t, b.intr, "a lower level of the master waits all the same")
		})
	}
}

func TestRotation(t *testing.T) {
	order := func(b *board) (got []uint8) {
		b.lower(0, 1, 3, 4, 5, 6, 7)
		b.raise(0, 1, 3, 4, 5, 6, 7)
		for b.intr {
			v := b.Acknowledge()
			got = append(got, v&7)
			b.Master().Write(0, 1, 0x60|uint64(v&7))
		}
		return got
	}
	for _, c := range []struct {
		name  string
		setup func(b *board)
		want  []uint8
	}{
		{"after ICW", func(b *board) {}, []uint8{0, 1, 3, 4, 5, 6, 7}},
		{"set priority 4", func(b *board) { b.Master().Write(0, 1, 0xc4) }, []uint8{5, 6, 7, 0, 1, 3, 4}},
		{"rotate on EOI", func(b *board) {
			b.raise(3)
			b.Acknowledge()
			b.Master().Write(0, 1, 0xa0)
		}, []uint8{4, 5, 6, 7, 0, 1, 3}},
		{"rotate on EOI without service", func(b *board) { b.Master().Write(0, 1, 0xa0) }, []uint8{0, 1, 3, 4, 5, 6, 7}},
		{"rotate on specific EOI", func(b *board) { b.Master().Write(0, 1, 0xe6) }, []uint8{7, 0, 1, 3, 4, 5, 6}},
		{"no operation", func(b *board) { b.Master().Write(0, 1, 0x43) }, []uint8{0, 1, 3, 4, 5, 6, 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := ready(t, 1)
			c.setup(b)
			require.Equal(t, c.want, order(b))
		})
	}
}

func TestRotateInAutoEOI(t *testing.T) {
	b := ready(t, 3)
	b.Master().Write(0, 1, 0x80)
	b.raise(1)
	require.EqualValues(t, 9, b.Acknowledge())
	b.lower(1)
	b.raise(1, 5)
	require.EqualValues(t, 0x0d, b.Acknowledge(), "1 became the lowest")
	b.Master().Write(0, 1, 0x00)
	require.EqualValues(t, 9, b.Acknowledge())
	b.lower(1, 5)
	b.raise(0, 6)
	require.EqualValues(t, 0x0e, b.Acknowledge(), "5 stayed the lowest")
}

func TestPoll(t *testing.T) {
	b := ready(t, 1)
	b.Master().Write(0, 1, 0x0c)
	require.EqualValues(t, 0, b.Master().Read(0, 1))
	b.raise(6)
	b.Master().Write(0, 1, 0x0c)
	require.True(t, b.intr)
	require.EqualValues(t, 0x86, b.Master().Read(0, 1))
	require.False(t, b.intr)
	require.Equal(t, [3]uint64{0, 0x40, 0}, registers(b.Master()))
}

func TestReset(t *testing.T) {
	b := ready(t, 1)
	b.raise(9)
	b.Reset()
	require.Equal(t, []bool{true, false}, b.changes)
	require.False(t, b.chips[0].state.Lines&4 != 0)
}

func TestSaveLoadSave(t *testing.T) {
	b := ready(t, 1)
	b.ELCR().Write(1, 1, 0x0c)
	b.raise(4, 11, 14)
	b.Acknowledge()
	saved := b.Save()

	c := newBoard(t)
	require.NoError(t, c.Load(saved))
	require.Empty(t, c.changes, "restoring makes no edge")
	require.Equal(t, saved, c.Save())
	b.Master().Write(0, 1, 0x20)
	c.Master().Write(0, 1, 0x20)
	require.Equal(t, b.Acknowledge(), c.Acknowledge())
	require.Equal(t, b.Save(), c.Save())

	require.Error(t, c.Load(saved[:len(saved)-1]))
	bad := b.State()
	bad.Chips[1].Lowest = 9
	before := c.Save()
	require.Error(t, c.Load(bus.Marshal(kind, version, &bad)))
	require.Error(t, c.Load(bus.Marshal(kind, version+1, &bad)))
	require.Equal(t, before, c.Save())
}

// maxFuzzBytes keeps one run short: what the devices do in it is bounded.
const maxFuzzBytes = 1024

func FuzzRegisters(f *testing.F) {
	f.Add([]byte{0x00, 0x11, 0x01, 0x20, 0x01, 0x04, 0x01, 0x01, 0x31, 0x01, 0x40, 0x00})
	f.Add([]byte{0x10, 0x11, 0x11, 0x70, 0x11, 0x02, 0x11, 0x03, 0x38, 0x01, 0x3f, 0x01, 0x40, 0x00})
	f.Fuzz(func(t *testing.T, ops []byte) {
		level := false
		p := New(bus.LineFunc(func(l bool) {
			require.NotEqual(t, level, l, "a change that is none")
			level = l
		}))
		windows := []bus.Device{p.Master(), p.Slave(), p.ELCR()}
		for ops = ops[:min(len(ops), maxFuzzBytes)]; len(ops) >= 2; ops = ops[2:] {
			switch w := ops[0] >> 4; {
			case w < 3:
				windows[w].Write(uint64(ops[0]&1), 1, uint64(ops[1]))
			case w == 3 && ops[0]&15 != cascade:
				p.Line(int(ops[0] & 15)).Set(ops[1]&1 != 0)
			case w == 4:
				p.Acknowledge()
			case w == 5:
				windows[int(ops[1])%3].Read(uint64(ops[0]), 1)
			}
		}
		saved := p.Save()
		require.NoError(t, p.Load(saved))
		require.Equal(t, saved, p.Save())
	})
}
