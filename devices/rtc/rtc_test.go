package rtc

import (
	"fmt"
	"testing"
	"time"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

const ms = 1_000_000

type board struct {
	*RTC
	clock *bus.Clock
	irq   bool
	rises []uint64 // times in nanoseconds
}

func unix(s string) int64 {
	t, err := time.Parse(time.DateTime, s)
	if err != nil {
		panic(err)
	}
	return t.Unix()
}

func newBoard(start string) *board {
	b := &board{clock: bus.NewClock()}
	b.RTC = New(b.clock, bus.LineFunc(func(l bool) {
		if l && !b.irq {
			b.rises = append(b.rises, b.clock.Now())
		}
		b.irq = l
	}), unix(start))
	return b
}

func (b *board) in(index uint64) uint8 {
	b.Write(0, 1, index)
	return uint8(b.Read(1, 1))
}

func (b *board) out(index uint64, v uint8) {
	b.Write(0, 1, index)
	b.Write(1, 1, uint64(v))
}

// shows reads date, time and day of the week as raw bytes.
func (b *board) shows() string {
	return fmt.Sprintf("%02x%02x-%02x-%02x %02x:%02x:%02x %x", b.in(0x32), b.in(9), b.in(8), b.in(7),
		b.in(4), b.in(2), b.in(0), b.in(6))
}

func TestTimeGoesOn(t *testing.T) {
	for _, c := range []struct {
		name, start string
		seconds     uint64
		want        string
	}{
		{"at power-on", "2024-02-28 23:59:58", 0, "2024-02-28 23:59:58 4"},
		{"a second", "2024-02-28 23:59:58", 1, "2024-02-28 23:59:59 4"},
		{"into the leap day", "2024-02-28 23:59:58", 2, "2024-02-29 00:00:00 5"},
		{"no leap day", "2023-02-28 23:59:58", 2, "2023-03-01 00:00:00 4"},
		{"new century", "1999-12-31 23:59:59", 1, "2000-01-01 00:00:00 7"},
		{"a year at once", "2001-01-01 00:00:00", 365 * 86400, "2002-01-01 00:00:00 3"},
		{"before 1970", "1969-12-31 23:59:59", 1, "1970-01-01 00:00:00 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard(c.start)
			b.clock.Advance(c.seconds * second)
			require.Equal(t, c.want, b.shows())
		})
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		name      string
		b         uint8
		hour      uint64
		raw, next uint8
	}{
		{"BCD, 24 hours", 0x02, 22, 0x22, 0x23},
		{"binary, 24 hours", 0x06, 22, 22, 23},
		{"BCD, 12 hours, midnight", 0x00, 0, 0x12, 0x01},
		{"BCD, 12 hours, before noon", 0x00, 11, 0x11, 0x92},
		{"BCD, 12 hours, noon", 0x00, 12, 0x92, 0x81},
		{"binary, 12 hours, evening", 0x04, 23, 0x8b, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard("2024-05-06 00:59:59")
			b.out(0x0b, 0x80|c.b)
			b.out(4, c.raw)
			if c.b&4 != 0 {
				b.out(0, 59)
				b.out(2, 59)
			}
			b.out(0x0b, c.b)
			require.Equal(t, c.raw, b.in(4))
			b.clock.Advance(second)
			require.Equal(t, c.next, b.in(4))
		})
	}
}

// TestSetTime follows Linux's mc146818_set_time: SET, divider reset, bytes,
// and half a second to the first update.
func TestSetTime(t *testing.T) {
	b := newBoard("2024-05-06 10:00:00")
	b.clock.Advance(700 * ms)
	b.out(0x0b, 0x82)
	b.out(0x0a, 0x76)
	for i, v := range []uint8{0x30, 0, 0x31, 0, 0x29} { // 29 is no hour yet
		b.out(uint64(i), v)
	}
	b.clock.Advance(5 * second)
	require.EqualValues(t, 0x29, b.in(4), "written bytes stand while SET")
	b.out(4, 0x12)
	b.out(7, 0x31)
	b.out(8, 0x12)
	b.out(9, 0x31)
	b.out(6, 0x01)
	b.out(0x0a, 0x26)
	b.out(0x0b, 0x02)
	require.Equal(t, "2031-12-31 12:31:30 1", b.shows())
	b.clock.Advance(501 * ms)
	require.Equal(t, "2031-12-31 12:31:30 1", b.shows())
	b.clock.Advance(1 * ms)
	require.Equal(t, "2031-12-31 12:31:31 1", b.shows())
	b.clock.Advance(86400 * second)
	require.Equal(t, "2032-01-01 12:31:31 2", b.shows(), "the set time sticks")
}

func TestSetHoldsUpdates(t *testing.T) {
	b := newBoard("2024-05-06 10:00:00")
	b.out(0x0b, 0x92)
	require.EqualValues(t, 0x82, b.in(0x0b), "SET clears UIE")
	b.clock.Advance(3*second + second/2)
	require.Zero(t, b.in(0x0c)&0x10)
	b.out(0x0b, 0x02)
	b.clock.Advance(second)
	require.EqualValues(t, 0x01, b.in(0))
	require.EqualValues(t, 0x50, b.in(0x0c))
	require.Zero(t, b.in(0x0c), "reading clears")
}

func TestUIP(t *testing.T) {
	b := newBoard("2024-05-06 10:00:00")
	b.clock.Advance(second - 2_228_001)
	require.Zero(t, b.in(0x0a)&0x80)
	b.clock.Advance(1)
	require.EqualValues(t, 0xa6, b.in(0x0a))
	b.clock.Advance(2_227_999)
	require.NotZero(t, b.in(0x0a)&0x80)
	require.EqualValues(t, 0, b.in(0))
	b.clock.Advance(1)
	require.Zero(t, b.in(0x0a)&0x80)
	require.EqualValues(t, 1, b.in(0))
	b.clock.Advance(second - 1)
	require.NotZero(t, b.in(0x0a)&0x80)
	b.out(0x0b, 0x82)
	require.Zero(t, b.in(0x0a)&0x80, "SET clears UIP")
}

func TestPeriodicInterrupt(t *testing.T) {
	for _, c := range []struct {
		rate  uint8
		count int // a second
	}{{0, 0}, {1, 256}, {2, 128}, {3, 8192}, {6, 1024}, {10, 64}, {15, 2}} {
		t.Run(fmt.Sprint(c.rate), func(t *testing.T) {
			b := newBoard("2024-05-06 10:00:00")
			b.out(0x0a, 0x20|c.rate)
			b.out(0x0b, 0x42)
			n := 0
			for b.clock.Next() <= second {
				b.clock.Advance(b.clock.Next() - b.clock.Now())
				require.True(t, b.irq)
				require.EqualValues(t, 0xc0, b.in(0x0c)&0xc0)
				require.False(t, b.irq)
				n++
			}
			require.Equal(t, c.count, n)
		})
	}
}

func TestPeriodicFlagWithoutInterrupt(t *testing.T) {
	b := newBoard("2024-05-06 10:00:00")
	require.Equal(t, bus.Never, b.clock.Next(), "nothing enabled, no event")
	b.clock.Advance(976_562)
	require.Zero(t, b.in(0x0c))
	b.clock.Advance(1)
	require.EqualValues(t, 0x40, b.in(0x0c))
	b.clock.Advance(10 * ms)
	b.out(0x0b, 0x42)
	require.True(t, b.irq, "enabling a flag that is set asks")
	require.Equal(t, bus.Never, b.clock.Next(), "nothing more to tell")
	require.EqualValues(t, 0xc0, b.in(0x0c))
	require.NotEqual(t, bus.Never, b.clock.Next())
}

func TestUpdateInterrupt(t *testing.T) {
	b := newBoard("2024-05-06 10:00:00")
	b.clock.Advance(second / 4)
	b.out(0x0b, 0x12)
	b.clock.Advance(second)
	require.Equal(t, []uint64{second}, b.rises)
	require.EqualValues(t, 0xd0, b.in(0x0c))
	require.EqualValues(t, 1, b.in(0), "the new time is there")
	b.clock.Advance(second)
	require.Equal(t, []uint64{second, 2 * second}, b.rises)
}

func TestAlarm(t *testing.T) {
	for _, c := range []struct {
		name   string
		alarm  [3]uint8 // seconds, minutes, hours
		modes  uint8
		enable bool
		want   int // seconds after 2024-05-06 10:00:00, 0 for never
	}{
		{"exact", [3]uint8{0x05, 0x00, 0x10}, 0x02, true, 5},
		{"each minute", [3]uint8{0x30, 0xff, 0xc0}, 0x02, true, 30},
		{"each second", [3]uint8{0xff, 0xff, 0xff}, 0x02, true, 1},
		{"tomorrow", [3]uint8{0x00, 0x00, 0x09}, 0x02, true, 23 * 3600},
		{"impossible", [3]uint8{0x61, 0xff, 0xff}, 0x02, true, 0},
		{"12 hours", [3]uint8{0x00, 0x00, 0x81}, 0x00, true, 3 * 3600},
		{"flag alone", [3]uint8{0x00, 0x01, 0xff}, 0x02, false, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard("2024-05-06 10:00:00")
			for i, v := range c.alarm {
				b.out(uint64(2*i+1), v)
			}
			b.out(0x0b, c.modes)
			if c.modes == 0 {
				b.out(4, 0x10)
			}
			if c.enable {
				b.out(0x0b, c.modes|0x20)
			}
			if c.want == 0 {
				b.clock.Advance(2 * 86400 * second)
				require.Zero(t, b.in(0x0c)&0x20)
				return
			}
			b.clock.Advance(uint64(c.want)*second - 1)
			require.Zero(t, b.CMOS(0x0c)&0x20)
			b.clock.Advance(1)
			require.Equal(t, c.enable, b.irq)
			require.EqualValues(t, 0x20, b.in(0x0c)&0x20)
		})
	}
}

// TestAlarmFoundLate compares a look after a long time with one each second.
func TestAlarmFoundLate(t *testing.T) {
	for _, alarm := range [][3]uint8{{0x30, 0xff, 0xff}, {0x59, 0x59, 0xff}, {0xff, 0x00, 0x11}, {0x00, 0xff, 0x23}, {0x15, 0x15, 0x09}} {
		step := func() (*board, *State) {
			b := newBoard("2024-05-06 10:00:00")
			for i, v := range alarm {
				b.out(uint64(2*i+1), v)
			}
			return b, &b.state
		}
		b, s := step()
		comes := 0
		for comes = 1; comes <= day; comes++ {
			b.clock.Advance(second)
			if b.in(0x0c)&cAF != 0 {
				break
			}
		}
		start := s.time() - int64(comes)
		require.True(t, s.alarmBetween(start+int64(comes), uint64(comes)))
		require.True(t, s.alarmBetween(start+day, day))
		require.False(t, comes > 1 && s.alarmBetween(start+int64(comes)-1, uint64(comes)-1))
	}
}

func TestPorts(t *testing.T) {
	b := newBoard("2024-05-06 10:00:00")
	require.EqualValues(t, 0xff, b.Read(0, 1))
	require.False(t, b.NMIMasked())
	b.SetCMOS(0x2e, 0x5a)
	require.EqualValues(t, 0x5a, b.in(0x80|0x2e))
	require.True(t, b.NMIMasked())
	b.out(0x7f, 0x99)
	require.EqualValues(t, 0x99, b.CMOS(0x7f))
	b.out(0x0d, 0)
	require.EqualValues(t, 0x80, b.in(0x0d), "VRT is read-only")
	b.out(0x0c, 0xff)
	require.Zero(t, b.in(0x0c))
	b.out(0x0a, 0xff)
	require.EqualValues(t, 0x7f, b.in(0x0a))
	require.Panics(t, func() { b.SetCMOS(0x0b, 0) })
}

func TestReset(t *testing.T) {
	b := newBoard("2024-05-06 10:00:00")
	b.out(0x0b, 0x7a)
	b.out(0x40, 0x77)
	b.clock.Advance(2 * second)
	require.True(t, b.irq)
	b.Reset()
	require.False(t, b.irq)
	require.EqualValues(t, 0x02, b.in(0x0b))
	require.Zero(t, b.in(0x0c))
	require.EqualValues(t, 0x77, b.in(0x40))
	require.Equal(t, "2024-05-06 10:00:02 2", b.shows())
}

func TestSaveLoadSave(t *testing.T) {
	b := newBoard("2024-05-06 10:00:00")
	b.out(0x0b, 0x52)
	b.clock.Advance(second / 3)
	b.in(0x0c)
	saved := b.Save()

	c := newBoard("1980-01-01 00:00:00")
	c.clock.Advance(b.clock.Now())
	require.NoError(t, c.Load(saved))
	require.Empty(t, c.rises, "restoring makes no edge")
	require.Equal(t, saved, c.Save())
	b.rises = nil
	for _, x := range []*board{b, c} {
		x.clock.Advance(5 * second)
	}
	require.NotEmpty(t, b.rises)
	require.Equal(t, b.rises, c.rises)
	require.Equal(t, b.shows(), c.shows())
	require.Equal(t, b.Save(), c.Save())

	bad := b.State()
	bad.ChainBase = bus.Never
	before := c.Save()
	require.Error(t, c.Load(bus.Marshal(kind, version, &bad)))
	require.Error(t, c.Load(saved[:10]))
	require.Equal(t, before, c.Save())
}

func TestStateDoesNotDependOnLooks(t *testing.T) {
	looked, left := newBoard("2023-12-30 10:00:00"), newBoard("2023-12-30 10:00:00")
	for _, b := range []*board{looked, left} {
		b.out(1, 0x11)
		b.Write(0, 1, 0)
	}
	for range 1000 {
		looked.clock.Advance(333_333_333_333)
		looked.Read(1, 1)
		looked.CMOS(0)
	}
	left.clock.Advance(333_333_333_333_000)
	require.Equal(t, left.State(), looked.State())
}

func TestSaveWithAnInterruptDue(t *testing.T) {
	b := newBoard("2024-05-06 10:00:00")
	b.out(0x0b, 0x12)
	b.clock.Set(second + 5) // without firing
	c := newBoard("2024-05-06 10:00:00")
	c.clock.Set(second + 5)
	require.NoError(t, c.Load(b.Save()))
	require.False(t, c.irq)
	c.clock.Advance(0)
	require.True(t, c.irq)
	require.EqualValues(t, 1, c.in(0))
}

// maxFuzzBytes keeps one run short: what the devices do in it is bounded.
const maxFuzzBytes = 1024

func FuzzRegisters(f *testing.F) {
	f.Add([]byte{0, 0x0b, 1, 0x72, 2, 200, 0, 0x0c, 3, 0, 0, 0x0a, 1, 0x23, 2, 100})
	f.Add([]byte{0, 9, 1, 0xff, 0, 0x32, 1, 0xff, 2, 255, 0, 7, 1, 0, 4, 255, 4, 255})
	f.Fuzz(func(t *testing.T, ops []byte) {
		clock := bus.NewClock()
		level := false
		r := New(clock, bus.LineFunc(func(l bool) {
			require.NotEqual(t, level, l)
			level = l
		}), 0)
		for ops = ops[:min(len(ops), maxFuzzBytes)]; len(ops) >= 2; ops = ops[2:] {
			v := uint64(ops[1])
			switch ops[0] % 6 {
			case 0, 1:
				r.Write(uint64(ops[0]%6), 1, v)
			case 2:
				clock.Advance(v * v * 100_000)
			case 3:
				r.Read(1, 1)
			case 4:
				clock.Set(clock.Now() + v*v*second) // without firing: days at once
			case 5:
				saved := r.Save()
				require.NoError(t, r.Load(saved))
				require.Equal(t, saved, r.Save())
			}
		}
	})
}
