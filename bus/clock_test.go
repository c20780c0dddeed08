package bus

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClockOrder(t *testing.T) {
	c := NewClock()
	var fired []string
	at := func(name string) *Timer {
		return c.NewTimer(name, func() { fired = append(fired, name) })
	}
	x, y, z := at("x"), at("y"), at("z")
	z.Set(10)
	y.Set(20)
	x.Set(20)
	require.Equal(t, uint64(10), c.Next())
	c.Advance(9)
	require.Empty(t, fired)
	c.Advance(1)
	require.Equal(t, []string{"z"}, fired, "at its time, not before")
	require.Equal(t, Never, z.Deadline(), "once for each Set")
	c.Advance(100)
	require.Equal(t, []string{"z", "x", "y"}, fired, "ties in order of creation")
	require.Equal(t, uint64(110), c.Now())
	require.Equal(t, Never, c.Next())

	y.Set(200)
	y.Set(150)
	x.Set(160)
	x.Stop()
	fired = nil
	c.Advance(100)
	require.Equal(t, []string{"y"}, fired, "replaced and stopped")
}

// TestClockFiresInTime: each timer sees its own deadline, and may set itself or
// another one.
func TestClockFiresInTime(t *testing.T) {
	c := NewClock()
	var seen []uint64
	var tick, other *Timer
	tick = c.NewTimer("tick", func() {
		seen = append(seen, c.Now())
		if c.Now() < 50 {
			tick.Set(c.Now() + 10)
		}
		if c.Now() == 20 {
			other.Set(20) // due at once, in the same Advance
		}
	})
	other = c.NewTimer("other", func() { seen = append(seen, 1000+c.Now()) })
	tick.Set(10)
	c.Advance(200)
	require.Equal(t, []uint64{10, 20, 1020, 30, 40, 50}, seen)

	seen = nil
	c.Set(300) // past a deadline, as a slice of instructions may go
	tick.Set(250)
	other.Set(240)
	require.Empty(t, seen, "nothing fires in Set")
	c.Fire()
	require.Equal(t, []uint64{1300, 300}, seen, "by deadline, late")
}

func TestClockChanged(t *testing.T) {
	c := NewClock()
	n := 0
	c.Changed = func() { n++ }
	a, b := c.NewTimer("a", func() {}), c.NewTimer("b", func() {})
	a.Set(100)
	require.Equal(t, 1, n)
	b.Set(200)
	a.Set(150)
	require.Equal(t, 1, n, "no deadline came nearer")
	b.Set(120)
	require.Equal(t, 2, n)
	b.Stop()
	require.Equal(t, 2, n)
}

func TestClockNeverBack(t *testing.T) {
	c := NewClock()
	c.Set(5)
	c.Set(5)
	require.PanicsWithValue(t, "BUG: bus: the clock would run backwards", func() { c.Set(4) })
	c.Restore(3)
	require.Equal(t, uint64(3), c.Now())
}
