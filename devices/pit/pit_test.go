package pit

import (
	"fmt"
	"math/big"
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

type board struct {
	*PIT
	t     *testing.T
	clock *bus.Clock
	out0  bool
	edges []string // "+tick" and "-tick"
}

func newBoard(t *testing.T) *board {
	b := &board{t: t, clock: bus.NewClock()}
	b.PIT = New(b.clock, bus.LineFunc(func(l bool) {
		if l != b.out0 {
			b.edges = append(b.edges, fmt.Sprintf("%c%d", map[bool]rune{true: '+', false: '-'}[l], ticks(b.clock.Now())))
		}
		b.out0 = l
	}))
	return b
}

// at steps the clock to the first nanosecond of a tick.
func (b *board) at(tick uint64) { b.clock.Advance(timeOf(tick) - b.clock.Now()) }

func (b *board) control(v uint64) { b.Write(3, 1, v) }

// program writes a control word and a count of two bytes.
func (b *board) program(n, mode, count uint64) {
	b.control(n<<6 | 0x30 | mode<<1)
	b.Write(n, 1, count&0xff)
	b.Write(n, 1, count>>8)
}

// count reads a counter by a latch command.
func (b *board) count(n uint64) uint64 {
	b.control(n << 6)
	v := b.Read(n, 1)
	return v | b.Read(n, 1)<<8
}

// status reads OUT and null count of a counter.
func (b *board) status(n uint64) (out, null bool) {
	b.control(0xe0 | 2<<n)
	v := b.Read(n, 1)
	return v&0x80 != 0, v&0x40 != 0
}

func (b *board) gate2(high bool) {
	v := b.Port61().Read(0, 1) &^ 1
	if high {
		v |= 1
	}
	b.Port61().Write(0, 1, v)
}

func TestTicksAreExact(t *testing.T) {
	for _, now := range []uint64{0, 1, 837, 838, 839, 999_999_999, second, 1e15, 1<<63 + 12345, 1<<64 - 1} {
		want := new(big.Int).SetUint64(now)
		want.Div(want.Mul(want, big.NewInt(Frequency)), big.NewInt(second))
		require.Equal(t, want.Uint64(), ticks(now), "%d ns", now)
	}
	for _, tick := range []uint64{1, 2, 3, 65535, Frequency, 1<<40 + 7} {
		require.Equal(t, tick, ticks(timeOf(tick)))
		require.Equal(t, tick-1, ticks(timeOf(tick)-1))
	}
	require.Equal(t, bus.Never, timeOf(never))
}

func TestOneSecondOfTheTimerInterrupt(t *testing.T) {
	b := newBoard(t)
	b.program(0, mode2, 11932)
	b.edges = nil
	b.clock.Advance(10 * second)
	require.Len(t, b.edges, 2*(10*Frequency/11932))
}

func TestOut0Edges(t *testing.T) {
	for _, c := range []struct {
		name  string
		mode  uint64
		count uint64
		until uint64
		want  []string
	}{
		{"mode 0: high N+1 pulses after the write", mode0, 4, 200000, []string{"+105"}},
		{"mode 0: the largest count", mode0, 0, 200000, []string{"+65637"}},
		{"mode 1: no trigger on a tied gate", mode1, 4, 200000, []string{"+100"}},
		{"mode 2: low for one pulse in N", mode2, 4, 113, []string{"+100", "-104", "+105", "-108", "+109", "-112", "+113"}},
		{"mode 2: count 1 makes no edge", mode2, 1, 1000, []string{"+100", "-101"}},
		{"mode 3: even", mode3, 4, 109, []string{"+100", "-103", "+105", "-107", "+109"}},
		{"mode 3: odd", mode3, 5, 111, []string{"+100", "-104", "+106", "-109", "+111"}},
		{"mode 3: count 1 makes no edge", mode3, 1, 1000, []string{"+100"}},
		{"mode 4: one strobe N+1 pulses after the write", mode4, 4, 200000, []string{"+100", "-105", "+106"}},
		{"mode 5: no trigger on a tied gate", mode5, 4, 200000, []string{"+100"}},
		{"mode 6 is mode 2", 6, 3, 105, []string{"+100", "-103", "+104"}},
		{"mode 7 is mode 3", 7, 2, 103, []string{"+100", "-102", "+103"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard(t)
			b.at(100)
			b.program(0, c.mode, c.count)
			b.at(c.until)
			require.Equal(t, c.want, b.edges)
		})
	}
}

func TestEdgesDoNotDependOnTheStep(t *testing.T) {
	for _, mode := range []uint64{mode0, mode2, mode3, mode4} {
		one, many := newBoard(t), newBoard(t)
		for _, b := range []*board{one, many} {
			b.at(10)
			b.program(0, mode, 37)
		}
		for i := uint64(11); i < 500; i++ {
			many.at(i)
			many.count(0)
		}
		one.at(499)
		require.Equal(t, one.edges, many.edges)
		require.Equal(t, one.count(0), many.count(0))
	}
	late := newBoard(t)
	late.program(0, mode2, 37)
	late.clock.Set(timeOf(500)) // without firing
	late.Read(0, 1)
	require.Len(t, late.edges, 1+2*(500/37), "an access catches up with every edge")
}

// TestALongTime: a jump of 100 years is a bounded number of edges, and the
// counter stands where it would if it had been looked at all the time.
func TestALongTime(t *testing.T) {
	const years = 100 * 365 * 86400 * uint64(1e9)
	for mode := range uint64(6) {
		for _, count := range []uint64{2, 3, 4, 0x1234, 0} {
			b, o := newBoard(t), newBoard(t)
			b.program(0, mode, count)
			o.program(0, mode, count)
			b.clock.Set(years)
			b.clock.Fire()
			require.Less(t, len(b.edges), 100)
			// By short ways to a multiple of the period, and the last bit.
			n := count
			if n == 0 {
				n = 0x10000
			}
			left := (ticks(years)-1)%n + 4*n + 1
			for at := uint64(0); at < left; at += min(n, left-at) {
				o.at(at)
			}
			o.at(left)
			if mode == 2 || mode == 3 {
				require.Equal(t, o.count(0), b.count(0), "mode %d, count %x", mode, count)
				require.Equal(t, o.counters[0].Out, b.counters[0].Out)
			}
		}
	}
}

func TestCounts(t *testing.T) {
	for _, c := range []struct {
		name  string
		mode  uint64
		count uint64
		want  []uint64 // at ticks 101, 102, ... after the write at tick 100
	}{
		{"mode 0 wraps and goes on", mode0, 3, []uint64{3, 2, 1, 0, 0xffff, 0xfffe}},
		{"mode 2 reloads", mode2, 3, []uint64{3, 2, 1, 3, 2, 1, 3}},
		{"mode 3 even", mode3, 6, []uint64{6, 4, 2, 6, 4, 2, 6}},
		{"mode 3 odd", mode3, 5, []uint64{4, 2, 0, 4, 2, 4, 2, 0}},
		{"mode 3 largest", mode3, 0, []uint64{0, 0xfffe, 0xfffc}},
		{"mode 4 wraps and goes on", mode4, 1, []uint64{1, 0, 0xffff}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard(t)
			b.at(100)
			b.program(0, c.mode, c.count)
			for i, want := range c.want {
				b.at(101 + uint64(i))
				require.Equal(t, want, b.count(0), "tick %d", 101+i)
			}
		})
	}
}

func TestBCD(t *testing.T) {
	b := newBoard(t)
	b.control(0x31)
	b.Write(0, 1, 0x00)
	b.Write(0, 1, 0x20)
	b.at(2)
	require.EqualValues(t, 0x1999, b.count(0))
	b.at(2001)
	require.EqualValues(t, 0, b.count(0))
	require.True(t, b.out0)
	b.at(2002)
	require.EqualValues(t, 0x9999, b.count(0))
	b.control(0x35)
	b.Write(0, 1, 0)
	b.Write(0, 1, 0)
	b.at(2004)
	require.EqualValues(t, 0x9999, b.count(0), "0 stands for 10000")
}

func TestAccessModes(t *testing.T) {
	b := newBoard(t)
	b.control(0x10) // LSB only
	b.Write(0, 1, 0x20)
	b.at(1)
	require.EqualValues(t, 0x20, b.Read(0, 1))
	require.EqualValues(t, 0x20, b.Read(0, 1))
	b.control(0x20) // MSB only
	b.Write(0, 1, 0x20)
	b.at(2)
	require.EqualValues(t, 0x20, b.Read(0, 1))
	b.at(3)
	require.EqualValues(t, 0x1f, b.Read(0, 1))
	b.control(0x30)
	b.Write(0, 1, 0x34)
	b.at(50)
	require.False(t, func() bool { _, null := b.status(0); return !null }(), "half a count is none")
	b.Write(0, 1, 0x12)
	b.at(51)
	require.EqualValues(t, 0x34, b.Read(0, 1))
	require.EqualValues(t, 0x12, b.Read(0, 1))
	require.EqualValues(t, 0xff, b.Read(3, 1))
}

func TestLatch(t *testing.T) {
	b := newBoard(t)
	b.program(0, mode0, 0x1234)
	b.at(1)
	b.control(0)
	b.at(0x300)
	b.control(0) // ignored: the first isn't read yet
	require.EqualValues(t, 0x34, b.Read(0, 1))
	require.EqualValues(t, 0x12, b.Read(0, 1))
	require.EqualValues(t, 0x35, b.Read(0, 1), "then the count as it runs")
	require.EqualValues(t, 0x0f, b.Read(0, 1))
	b.control(0)
	b.program(0, mode0, 0x55)
	b.at(0x301)
	require.EqualValues(t, 0x55, b.Read(0, 1), "programming drops a latch")
}

func TestReadBack(t *testing.T) {
	b := newBoard(t)
	b.program(0, mode3, 1000)
	b.control(0x50) // counter 1, LSB, mode 0
	b.Write(1, 1, 9)
	b.at(1)
	b.control(0xc6) // count and status of counters 0 and 1
	b.at(4)
	require.EqualValues(t, 0xb6, b.Read(0, 1), "status first")
	require.EqualValues(t, 1000&0xff, b.Read(0, 1))
	require.EqualValues(t, 1000>>8, b.Read(0, 1))
	require.EqualValues(t, 0x10, b.Read(1, 1))
	require.EqualValues(t, 9, b.Read(1, 1))
	require.EqualValues(t, 6, b.Read(1, 1))
	b.Write(0, 1, 1)
	b.Write(0, 1, 1)
	_, null := b.status(0)
	require.True(t, null, "in mode 3 a new count waits for the end of the half")
	b.at(501)
	_, null = b.status(0)
	require.False(t, null)
}

func TestNewCountWhileCounting(t *testing.T) {
	for _, c := range []struct {
		name string
		mode uint64
		want []string
	}{
		{"mode 0: at once, and OUT falls", mode0, []string{"+11", "-20", "+26"}},
		{"mode 2: after the period", mode2, []string{"+0", "-10", "+11", "-20", "+21", "-25", "+26", "-30", "+31"}},
		{"mode 3: after the half", mode3, []string{"+0", "-6", "+11", "-16", "+21", "-24", "+26", "-29", "+31"}},
		{"mode 4: at once", mode4, []string{"+0", "-11", "+12", "-26", "+27"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard(t)
			b.program(0, c.mode, 10)
			b.at(20)
			b.Write(0, 1, 5)
			b.Write(0, 1, 0)
			b.at(31)
			require.Equal(t, c.want, b.edges)
		})
	}
}

func TestFirstByteStopsModeZero(t *testing.T) {
	b := newBoard(t)
	b.program(0, mode0, 10)
	b.at(4)
	b.Write(0, 1, 10)
	b.at(50)
	require.EqualValues(t, 7, b.count(0))
	require.False(t, b.out0)
}

func TestGate2(t *testing.T) {
	t.Run("mode 0 stops and goes on", func(t *testing.T) {
		b := newBoard(t)
		b.program(2, mode0, 100)
		b.at(10)
		require.EqualValues(t, 100, b.count(2), "a low gate lets it load, not count")
		b.gate2(true)
		b.at(40)
		require.EqualValues(t, 70, b.count(2))
		b.gate2(false)
		b.at(60)
		require.EqualValues(t, 70, b.count(2))
		b.gate2(true)
		b.at(129)
		require.Zero(t, b.Port61().Read(0, 1)&0x20)
		b.at(130)
		require.NotZero(t, b.Port61().Read(0, 1)&0x20)
	})
	t.Run("mode 1 is a one-shot that can be retriggered", func(t *testing.T) {
		b := newBoard(t)
		b.program(2, mode1, 10)
		b.at(5)
		b.gate2(true)
		out, _ := b.status(2)
		require.True(t, out)
		b.at(6)
		out, _ = b.status(2)
		require.False(t, out)
		b.gate2(false)
		b.at(10)
		b.gate2(true)
		b.at(20)
		out, _ = b.status(2)
		require.False(t, out)
		b.at(21)
		out, _ = b.status(2)
		require.True(t, out)
	})
	t.Run("mode 2 reloads on a trigger", func(t *testing.T) {
		b := newBoard(t)
		b.gate2(true)
		b.program(2, mode2, 10)
		b.at(10)
		out, _ := b.status(2)
		require.False(t, out)
		b.gate2(false)
		out, _ = b.status(2)
		require.True(t, out, "a low gate sets OUT high at once")
		b.at(20)
		b.gate2(true)
		b.at(21)
		require.EqualValues(t, 10, b.count(2))
		b.at(25)
		require.EqualValues(t, 6, b.count(2))
	})
	t.Run("mode 3 without a gate is high", func(t *testing.T) {
		b := newBoard(t)
		b.program(2, mode3, 10)
		b.at(500)
		out, null := b.status(2)
		require.True(t, out)
		require.False(t, null)
	})
	t.Run("mode 5 strobes after a trigger", func(t *testing.T) {
		b := newBoard(t)
		b.program(2, mode5, 10)
		b.at(30)
		b.gate2(true)
		for i, want := range map[uint64]bool{31: true, 40: true, 41: false, 42: true} {
			c := newBoard(t)
			c.clock.Advance(b.clock.Now())
			require.NoError(t, c.Load(b.Save()))
			c.at(i)
			out, _ := c.status(2)
			require.Equal(t, want, out, "tick %d", i)
		}
	})
}

func TestPort61(t *testing.T) {
	b := newBoard(t)
	b.Port61().Write(0, 1, 0xff)
	require.EqualValues(t, 0x0f, b.Port61().Read(0, 1)&0x8f)
	toggles, last := 0, b.Port61().Read(0, 1)&0x10
	for i := 0; i < 1000; i++ {
		b.clock.Advance(1000)
		if now := b.Port61().Read(0, 1) & 0x10; now != last {
			toggles, last = toggles+1, now
		}
	}
	require.InDelta(t, 66, toggles, 1, "once in 15.1 us")
	b.control(0xb0)
	require.False(t, b.Speaker())
	b.control(0xb6)
	require.True(t, b.Speaker())
	b.Port61().Write(0, 1, 1)
	require.False(t, b.Speaker())
}

func TestSaveLoadSave(t *testing.T) {
	b := newBoard(t)
	b.program(0, mode2, 1000)
	b.program(2, mode3, 77)
	b.gate2(true)
	b.at(1500)
	b.control(0x04 | 0xc0)
	b.Write(0, 1, 44)
	saved := b.Save()

	c := newBoard(t)
	c.clock.Advance(b.clock.Now())
	require.NoError(t, c.Load(saved))
	require.Empty(t, c.edges, "restoring makes no edge")
	require.Equal(t, saved, c.Save())
	c.out0, b.edges = b.out0, nil
	for _, x := range []*board{b, c} {
		x.Write(0, 1, 1)
		x.at(5000)
		x.Read(2, 1)
	}
	require.Equal(t, b.edges, c.edges)
	require.Equal(t, b.Save(), c.Save())

	before := c.Save()
	require.Error(t, c.Load(saved[1:]))
	bad := b.State()
	bad.Counters[1].LoadAt = 0
	require.Error(t, c.Load(bus.Marshal(kind, version, &bad)))
	require.Equal(t, before, c.Save())
	c.Reset()
	require.False(t, c.out0)
	c.edges = nil
	c.at(100000)
	require.Empty(t, c.edges)
}

func TestStateDoesNotDependOnLooks(t *testing.T) {
	looked, left := newBoard(t), newBoard(t)
	for _, b := range []*board{looked, left} {
		b.program(0, mode3, 1001)
		b.program(1, mode2, 18)
		b.gate2(true)
		b.program(2, mode3, 77)
	}
	for range 1000 {
		looked.clock.Advance(7_777)
		looked.Read(0, 1)
		looked.Read(0, 1)
		looked.Port61().Read(0, 1)
		looked.Speaker()
	}
	left.clock.Advance(7_777_000)
	require.Equal(t, left.State(), looked.State())
}

func TestSaveWithAnEdgeDue(t *testing.T) {
	b := newBoard(t)
	b.program(0, mode0, 10)
	b.clock.Set(timeOf(50)) // without firing
	saved := b.Save()
	c := newBoard(t)
	c.clock.Set(timeOf(50))
	require.NoError(t, c.Load(saved))
	require.False(t, c.out0)
	c.clock.Advance(0)
	require.True(t, c.out0)
}

// maxFuzzBytes keeps one run short: what the devices do in it is bounded.
const maxFuzzBytes = 1024

func FuzzRegisters(f *testing.F) {
	f.Add([]byte{3, 0x34, 0, 10, 0, 0, 5, 200, 0, 0})
	f.Add([]byte{3, 0xb6, 2, 3, 2, 0, 4, 1, 5, 200, 3, 0xe8, 2, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		clock := bus.NewClock()
		level := false
		p := New(clock, bus.LineFunc(func(l bool) {
			require.NotEqual(t, level, l)
			level = l
		}))
		for ops = ops[:min(len(ops), maxFuzzBytes)]; len(ops) >= 2; ops = ops[2:] {
			v := uint64(ops[1])
			switch ops[0] & 7 {
			case 0, 1, 2, 3:
				p.Write(uint64(ops[0]), 1, v)
			case 4:
				p.Port61().Write(0, 1, v)
			case 5:
				clock.Advance(v * v * 100)
			case 6:
				p.Read(v, 1)
				p.Port61().Read(0, 1)
			case 7:
				saved := p.Save()
				require.NoError(t, p.Load(saved))
				require.Equal(t, saved, p.Save())
			}
		}
	})
}

func BenchmarkFastestRate(b *testing.B) {
	clock := bus.NewClock()
	p := New(clock, bus.NoLine)
	p.Write(3, 1, 0x14)
	p.Write(0, 1, 2)
	for b.Loop() {
		clock.Advance(second / 1000)
	}
}
