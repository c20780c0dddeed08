package i8042

import (
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

type board struct {
	*Controller
	t           *testing.T
	clock       *bus.Clock
	irq1, irq12 bool
	rises       int // of both interrupts
	log         []string
}

func newBoard(t *testing.T) *board {
	b := &board{t: t, clock: bus.NewClock()}
	irq := func(level *bool) bus.Line {
		return bus.LineFunc(func(l bool) {
			if l && !*level {
				b.rises++
			}
			*level = l
		})
	}
	note := func(name string) bus.Line {
		return bus.LineFunc(func(l bool) { b.log = append(b.log, map[bool]string{true: "+", false: "-"}[l]+name) })
	}
	b.Controller = New(b.clock, irq(&b.irq1), irq(&b.irq12), bus.NewGate(note("a20")), note("reset"))
	b.a20.Set(true)
	b.log = nil
	return b
}

func (b *board) status() uint64   { return b.Command().Read(0, 1) }
func (b *board) command(v uint64) { b.Command().Write(0, 1, v) }
func (b *board) write(v uint64)   { b.Data().Write(0, 1, v) }

// mouse sends a byte to the mouse.
func (b *board) mouse(v uint64) {
	b.command(0xd4)
	b.write(v)
}

// ctr sets the command byte.
func (b *board) ctr(v uint64) {
	b.command(0x60)
	b.write(v)
}

// read waits for up to 10 ms for a byte; -1 if none comes. 0x100 marks the
// mouse's.
func (b *board) read() int {
	for range 200 {
		if s := b.status(); s&1 != 0 {
			return int(b.Data().Read(0, 1)) | int(s>>5&1)<<8
		}
		b.clock.Advance(50_000)
	}
	return -1
}

// all reads until nothing comes.
func (b *board) all() []int {
	got := []int{}
	for v := b.read(); v >= 0; v = b.read() {
		got = append(got, v)
	}
	return got
}

func (b *board) wants(want ...int) {
	b.t.Helper()
	if want == nil {
		want = []int{}
	}
	require.Equal(b.t, want, b.all())
}

// TestLinuxProbe goes through i8042.c: flush, test, command byte, the AUX loop
// and its interrupt.
func TestLinuxProbe(t *testing.T) {
	b := newBoard(t)
	require.Zero(t, b.status()&1, "flushed")
	b.command(0xaa)
	b.wants(0x55)
	b.command(0x20)
	b.wants(0x65)
	b.ctr(0x74 &^ 0x01)
	require.NotZero(t, b.status()&0x10, "the lock is open")

	b.command(0xd3)
	b.write(0x5a)
	b.wants(0x15a)
	b.command(0xa7)
	b.command(0x20)
	b.wants(0x74)
	b.command(0xa8)
	b.command(0x20)
	b.wants(0x54)
	for _, v := range []int{0xf0, 0x56, 0xa4} {
		b.command(0xd3)
		b.write(uint64(v))
		b.wants(0x100 | v) // an echo: no multiplexer
	}
	b.command(0xa9)
	b.wants(0)
	b.command(0xab)
	b.wants(0)

	b.ctr(0x56) // mouse interrupt
	b.command(0xd3)
	b.write(0xa5)
	require.True(t, b.irq12)
	require.False(t, b.irq1)
	b.wants(0x1a5)
	require.False(t, b.irq12)
}

func TestKeyboardCommands(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes []uint64
		want  []int
	}{
		{"identify", []uint64{0xf2}, []int{0xfa, 0xab, 0x83}},
		{"reset", []uint64{0xff}, []int{0xfa, 0xaa}},
		{"echo", []uint64{0xee}, []int{0xee}},
		{"lamps", []uint64{0xed, 0x07}, []int{0xfa, 0xfa}},
		{"a command in place of a parameter", []uint64{0xed, 0xf4}, []int{0xfa, 0xfa}},
		{"rate", []uint64{0xf3, 0x00}, []int{0xfa, 0xfa}},
		{"tell the set", []uint64{0xf0, 0x00}, []int{0xfa, 0xfa, 0x02}},
		{"set 3", []uint64{0xf0, 0x03, 0xf0, 0x00}, []int{0xfa, 0xfa, 0xfa, 0xfa, 0x03}},
		{"a set that is none", []uint64{0xf0, 0x04}, []int{0xfa, 0xfe}},
		{"defaults", []uint64{0xf6, 0xf5, 0xf4}, []int{0xfa, 0xfa, 0xfa}},
		{"key types", []uint64{0xfa, 0xfc, 0x1c, 0x1d, 0xf4}, []int{0xfa, 0xfa, 0xfa, 0xfa, 0xfa}},
		{"unknown", []uint64{0x00, 0xef}, []int{0xfe, 0xfe}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard(t)
			b.ctr(0x01)
			for _, v := range c.bytes {
				b.write(v)
			}
			b.wants(c.want...)
		})
	}
	b := newBoard(t)
	b.write(0xf2)
	b.wants(0xfa, 0xab, 0x41) // translated
	b.write(0xfe)
	b.wants(0x41)
	b.write(0xed)
	b.write(0x02)
	require.EqualValues(t, 2, b.LEDs())
}

func TestKeys(t *testing.T) {
	type event struct {
		key  uint16
		down bool
	}
	stroke := func(keys ...uint16) (e []event) {
		for _, k := range keys {
			e = append(e, event{k, true})
		}
		for i := range keys {
			e = append(e, event{keys[len(keys)-1-i], false})
		}
		return e
	}
	for _, c := range []struct {
		name   string
		ctr    uint64
		set    uint64
		events []event
		want   []int
	}{
		{"A, translated", 0x41, 2, stroke(0x1e), []int{0x1e, 0x9e}},
		{"A, set 2", 0x01, 2, stroke(0x1e), []int{0x1c, 0xf0, 0x1c}},
		{"A, set 1", 0x01, 1, stroke(0x1e), []int{0x1e, 0x9e}},
		{"A, set 3", 0x01, 3, stroke(0x1e), []int{0x1c, 0xf0, 0x1c}},
		{"F7, translated", 0x41, 2, stroke(0x41), []int{0x41, 0xc1}},
		{"F7, set 2", 0x01, 2, stroke(0x41), []int{0x83, 0xf0, 0x83}},
		{"up, translated", 0x41, 2, stroke(0xe048), []int{0xe0, 0x48, 0xe0, 0xc8}},
		{"up, set 2", 0x01, 2, stroke(0xe048), []int{0xe0, 0x75, 0xe0, 0xf0, 0x75}},
		{"up, set 3", 0x01, 3, stroke(0xe048), []int{0x63, 0xf0, 0x63}},
		{"left Ctrl, set 3", 0x01, 3, stroke(0x1d), []int{0x11, 0xf0, 0x11}},
		{"Pause, translated", 0x41, 2, stroke(KeyPause), []int{0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5}},
		{"Pause, set 2", 0x01, 2, stroke(KeyPause), []int{0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77}},
		{"Break", 0x41, 2, stroke(0x1d, KeyPause), []int{0x1d, 0xe0, 0x46, 0xe0, 0xc6, 0x9d}},
		{"Print", 0x41, 2, stroke(KeyPrint), []int{0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa}},
		{"Print with Shift", 0x41, 2, stroke(0x36, KeyPrint), []int{0x36, 0xe0, 0x37, 0xe0, 0xb7, 0xb6}},
		{"SysRq", 0x41, 2, stroke(0x38, KeyPrint), []int{0x38, 0x54, 0xd4, 0xb8}},
		{"down twice", 0x41, 2, []event{{2, true}, {2, true}, {2, false}, {2, false}}, []int{0x02, 0x82}},
		{"no keys", 0x41, 2, append(stroke(0), stroke(0x80, 0xe080, 0x1234, 0xe0ff)...), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard(t)
			b.ctr(c.ctr)
			b.write(0xf0)
			b.write(c.set)
			b.wants(0xfa, 0xfa)
			for _, e := range c.events {
				b.Key(e.key, e.down)
			}
			b.wants(c.want...)
		})
	}
}

// TestEveryKeyTranslatesBack types each key: set 2 through the controller's
// table must give the set 1 code that names the key.
func TestEveryKeyTranslatesBack(t *testing.T) {
	b := newBoard(t)
	for key := 1; key < 0x80; key++ {
		for _, prefix := range []uint16{0, 0xe000} {
			if prefix|uint16(key) == KeyPrint {
				continue
			}
			b.Key(prefix|uint16(key), true)
			b.Key(prefix|uint16(key), false)
			want := []int{key, key | 0x80}
			if prefix != 0 {
				want = []int{0xe0, key, 0xe0, key | 0x80}
			}
			b.wants(want...)
		}
	}
}

func TestTypematic(t *testing.T) {
	b := newBoard(t)
	b.write(0xf3)
	b.write(0x20) // 500 ms, 30 a second
	b.wants(0xfa, 0xfa)
	start := b.clock.Now()
	b.Key(0x1e, true)
	b.clock.Advance(1_000_000)
	require.True(t, b.irq1)
	b.Data().Read(0, 1)
	b.clock.Advance(start + 500_000_000 + byteTime - 1 - b.clock.Now())
	require.Zero(t, b.status()&1)
	n := 0
	for end := start + 1_490_000_000; b.clock.Now() < end; {
		b.clock.Advance(1_000_000)
		if b.status()&1 != 0 {
			require.EqualValues(t, 0x1e, b.Data().Read(0, 1))
			n++
		}
	}
	require.Equal(t, 30, n)
	b.Key(0x1e, false)
	b.wants(0x9e)
	b.clock.Advance(5_000_000_000)
	b.wants()
}

func TestKeyTypesOfSet3(t *testing.T) {
	b := newBoard(t)
	b.ctr(0x01)
	for _, v := range []uint64{0xf0, 3, 0xfa, 0xfd, 0x1c, 0xfb, 0x32, 0xf4} {
		b.write(v)
	}
	b.all()
	b.Key(0x1e, true) // A makes only
	b.clock.Advance(3_000_000_000)
	b.Key(0x1e, false)
	b.wants(0x1c)
	b.Key(0x30, true) // B repeats without a break
	b.Key(0x30, false)
	b.wants(0x32)
}

func TestOverrun(t *testing.T) {
	b := newBoard(t)
	b.ctr(0x11) // the port is closed
	for key := uint16(2); key < 12; key++ {
		b.Key(key, true)
		b.Key(key, false)
	}
	b.clock.Advance(1_000_000)
	require.Zero(t, b.status()&1)
	b.ctr(0x01)
	got := b.all()
	require.Len(t, got, 16)
	require.Equal(t, []int{0x16, 0xf0, 0x16}, got[:3])
	require.Zero(t, got[15])
}

func TestTakes(t *testing.T) {
	b := newBoard(t)
	b.Reset()
	n, ready := 0, 0
	b.OnReady(func() { ready++ })
	for b.Takes(0x1e+uint16(n), true) {
		b.Key(0x1e+uint16(n), true)
		n++
	}
	require.Equal(t, 15, n, "one place is for the overrun code")
	require.True(t, b.Takes(0x1e, true), "is down already")
	require.True(t, b.Takes(0x99, true), "no key")
	require.False(t, b.Takes(0x1e, false))
	require.Zero(t, ready)
	b.write(0xf4) // empties the buffer
	require.Equal(t, 1, ready)
	require.True(t, b.Takes(KeyPause, true))
	require.NotContains(t, b.all(), 0xff)
}

func TestScanningDisabled(t *testing.T) {
	b := newBoard(t)
	b.write(0xf5)
	b.wants(0xfa)
	b.Key(0x1e, true)
	b.wants()
	b.write(0xf4)
	b.wants(0xfa)
	b.Key(0x1e, false)
	b.wants(0x9e)
}

func TestDeliveryIsPaced(t *testing.T) {
	b := newBoard(t)
	b.Key(0x1e, true)
	b.Key(0x1e, false)
	require.Zero(t, b.status()&1)
	b.clock.Advance(byteTime)
	require.True(t, b.irq1)
	b.clock.Advance(10 * byteTime)
	require.EqualValues(t, 0x1e, b.Data().Read(0, 1))
	require.False(t, b.irq1)
	require.EqualValues(t, 0x1e, b.Data().Read(0, 1), "the buffer keeps its byte")
	b.clock.Advance(byteTime)
	require.True(t, b.irq1)
	require.Equal(t, 2, b.rises)
	b.command(0x20) // waits behind the key
	b.wants(0x9e, 0x61)
}

func TestOutputPort(t *testing.T) {
	b := newBoard(t)
	b.command(0xd0)
	b.wants(0xcf)
	b.command(0xd1)
	b.write(0xdd)
	b.command(0xdf)
	b.command(0xdd)
	require.Equal(t, []string{"-a20", "+a20", "-a20"}, b.log)
	b.command(0xd0)
	b.wants(0xcd)
	b.log = nil
	b.command(0xff)
	b.command(0xf1)
	require.Empty(t, b.log)
	b.command(0xfe)
	require.Equal(t, []string{"+reset", "-reset"}, b.log)
	b.command(0xd1)
	b.write(0x02)
	require.Equal(t, []string{"+reset", "-reset", "+a20", "+reset", "-reset"}, b.log)
}

func TestControllerCommands(t *testing.T) {
	b := newBoard(t)
	require.EqualValues(t, 0x18, b.status())
	b.command(0xaa)
	require.True(t, b.irq1)
	b.wants(0x55)
	require.EqualValues(t, 0x1c, b.status(), "the system flag")
	b.command(0xad)
	b.command(0x20)
	b.wants(0x75)
	b.write(0xee)
	b.wants(0xee) // writing opened the port
	b.command(0x20)
	b.wants(0x65)
	b.command(0xad)
	b.command(0xae)
	b.command(0xc0)
	b.wants(0xa0)
	b.command(0xe0)
	b.wants(0x03)
	b.command(0xa4)
	b.wants(0xf1)
	b.command(0x75)
	b.write(0x99)
	b.command(0x35)
	b.wants(0x99)
	b.command(0xd2)
	b.write(0x12)
	require.True(t, b.irq1)
	b.wants(0x12)
	require.Zero(t, b.status()&8, "the last write was data")
	for range 20 {
		b.command(0xab) // nobody reads
	}
	require.Len(t, b.all(), 9)
}

func TestMouseCommands(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes []uint64
		want  []int
	}{
		{"reset", []uint64{0xff}, []int{0xfa, 0xaa, 0x00}},
		{"identify", []uint64{0xf2}, []int{0xfa, 0x00}},
		{"wheel", []uint64{0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf2}, []int{0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0x03}},
		{"five buttons", []uint64{0xf3, 200, 0xf3, 200, 0xf3, 80, 0xf2}, []int{0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0x04}},
		{"status", []uint64{0xe9}, []int{0xfa, 0x00, 0x02, 100}},
		{"status after settings", []uint64{0xe7, 0xe8, 3, 0xf3, 40, 0xf0, 0xf4, 0xe9}, []int{0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0xfa, 0x70, 0x03, 40}},
		{"defaults", []uint64{0xe7, 0xf4, 0xf6, 0xe9}, []int{0xfa, 0xfa, 0xfa, 0xfa, 0x00, 0x02, 100}},
		{"a resolution that is none", []uint64{0xe8, 4}, []int{0xfa, 0xfe}},
		{"wrap", []uint64{0xee, 0x12, 0xf2, 0xec, 0xf2}, []int{0xfa, 0x12, 0xf2, 0xfa, 0xfa, 0x00}},
		{"resend", []uint64{0xee, 0x12}, []int{0xfa, 0x12}},
		{"unknown", []uint64{0x00}, []int{0xfe}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBoard(t)
			for i := range c.want {
				c.want[i] |= 0x100
			}
			for _, v := range c.bytes {
				b.mouse(v)
			}
			b.wants(c.want...)
		})
	}
}

// stream is a board whose mouse reports.
func stream(t *testing.T, id int) *board {
	b := newBoard(t)
	b.ctr(0x43)
	if id != 0 {
		for _, rate := range []uint64{200, map[int]uint64{3: 100, 4: 200}[id], 80, 100} {
			b.mouse(0xf3)
			b.mouse(rate)
		}
	}
	b.mouse(0xf4)
	b.all()
	return b
}

func TestMouseReports(t *testing.T) {
	for _, c := range []struct {
		name       string
		id         int
		setup      []uint64
		dx, dy, dz int
		buttons    uint8
		want       []int
	}{
		{"right and up", 0, nil, 5, 3, 9, 0, []int{0x08, 5, 3}},
		{"left and down, buttons", 0, nil, -1, -2, 0, 7, []int{0x3f, 0xff, 0xfe}},
		{"button", 0, nil, 0, 0, 0, ButtonRight, []int{0x0a, 0, 0}},
		{"wheel", 3, nil, 0, 0, 1, 0, []int{0x08, 0, 0, 1}},
		{"wheel away", 3, nil, 0, 0, -1, 0, []int{0x08, 0, 0, 0xff}},
		{"fourth and fifth", 4, nil, 0, 0, -1, ButtonFourth | ButtonFifth, []int{0x08, 0, 0, 0x3f}},
		{"far", 0, nil, 300, -256, 0, 0, []int{0x28, 255, 1, 0x28, 45, 0xff}},
		{"scaled", 0, []uint64{0xe7}, 4, -10, 0, 0, []int{0x28, 6, 0xec}},
		{"nothing", 3, nil, 0, 0, 0, 0, nil},
		{"the wheel of a mouse without", 0, nil, 0, 0, 3, 0, nil},
		{"disabled", 0, []uint64{0xf5}, 5, 5, 0, 1, nil},
		{"remote", 0, []uint64{0xf0}, 5, 5, 0, 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := stream(t, c.id)
			for _, v := range c.setup {
				b.mouse(v)
			}
			b.all()
			b.Move(c.dx, c.dy, c.dz, c.buttons)
			for i := range c.want {
				c.want[i] |= 0x100
			}
			b.wants(c.want...)
		})
	}
}

func TestMouseRemote(t *testing.T) {
	b := stream(t, 0)
	b.mouse(0xf0)
	b.wants(0x1fa)
	b.Move(1, 2, 0, ButtonLeft)
	b.Move(1, 2, 0, ButtonLeft)
	b.mouse(0xeb)
	b.wants(0x1fa, 0x109, 0x102, 0x104)
	b.mouse(0xeb)
	b.wants(0x1fa, 0x109, 0x100, 0x100)
}

func TestMouseSampleRate(t *testing.T) {
	b := stream(t, 0)
	b.mouse(0xf3)
	b.mouse(20)
	b.all()
	reports := 0
	for i := 0; i < 1000; i++ {
		b.Move(1, 0, 0, 0)
		b.clock.Advance(1_000_000)
		if b.status()&1 != 0 {
			b.Data().Read(0, 1)
			reports++
		}
	}
	require.InDelta(t, 60, reports, 3, "20 reports of 3 bytes")
}

func TestMouseShortClickIsNotLost(t *testing.T) {
	b := stream(t, 0)
	b.Move(1, 0, 0, 0)
	b.Move(0, 0, 0, ButtonLeft)
	b.Move(0, 0, 0, 0)
	b.wants(0x108, 0x101, 0x100, 0x109, 0x100, 0x100, 0x108, 0x100, 0x100)
}

func TestMouseCommandDropsTheReport(t *testing.T) {
	b := stream(t, 0)
	b.Move(1, 1, 0, 0)
	b.clock.Advance(byteTime)
	require.True(t, b.irq12)
	b.mouse(0xf5)
	b.wants(0x108, 0x1fa)
}

func TestReset(t *testing.T) {
	b := stream(t, 3)
	b.command(0xdd)
	b.Key(0x1e, true)
	b.Move(1, 1, 1, 1)
	b.clock.Advance(byteTime)
	require.True(t, b.irq1)
	b.Reset()
	require.False(t, b.irq1)
	require.Equal(t, []string{"-a20", "+a20"}, b.log)
	b.clock.Advance(10_000_000_000)
	b.wants()
	b.Key(0x1e, true)
	require.Equal(t, 0x1e, b.read())
}

// TestResetFromWithin wires the pulse to a reset of the whole machine.
func TestResetFromWithin(t *testing.T) {
	var c *Controller
	c = New(bus.NewClock(), bus.NoLine, bus.NoLine, bus.NewGate(bus.NoLine), bus.LineFunc(func(l bool) {
		if l {
			c.Reset()
		}
	}))
	fresh := c.Save()
	c.Command().Write(0, 1, 0xdd)
	c.Command().Write(0, 1, 0xfe)
	require.Equal(t, fresh, c.Save())
}

func TestSaveLoadSave(t *testing.T) {
	b := stream(t, 3)
	b.Key(0xe048, true)
	b.clock.Advance(byteTime)
	b.Move(3, 4, 1, 1)
	b.Move(3, 4, 1, 0)
	b.command(0x20)
	b.command(0xd4)
	saved := b.Save()

	c := newBoard(t)
	c.clock.Advance(b.clock.Now())
	require.NoError(t, c.Load(saved))
	require.Zero(t, c.rises, "restoring makes no edge")
	require.Empty(t, c.log)
	require.Equal(t, saved, c.Save())
	c.irq1, c.irq12 = b.irq1, b.irq12
	for range 100 {
		require.Equal(t, b.read(), c.read())
	}
	require.Equal(t, b.Save(), c.Save())

	before := c.Save()
	for _, spoil := range []func(s *State){
		func(s *State) { s.Keyboard.Set = 0 },
		func(s *State) { s.Mouse.Out.DataLength = 17 },
		func(s *State) { s.Answers.Length = 9 },
		func(s *State) { s.Keyboard.RepeatAt = 5; s.Keyboard.Repeating = 0 },
	} {
		bad := b.State()
		spoil(&bad)
		require.Error(t, c.Load(bus.Marshal(kind, version, &bad)))
	}
	require.Error(t, c.Load(bus.Marshal(kind, version+1, &State{})))
	require.Equal(t, before, c.Save())
}

// maxFuzzBytes keeps one run short: what the devices do in it is bounded.
const maxFuzzBytes = 1024

func FuzzRegisters(f *testing.F) {
	f.Add([]byte{1, 0x60, 0, 0x43, 1, 0xd4, 0, 0xf4, 4, 9, 3, 50, 2, 0, 2, 0, 2, 0})
	f.Add([]byte{0, 0xf0, 0, 3, 0, 0xfb, 0, 0x1c, 5, 0x1e, 3, 255, 3, 255, 2, 0, 7, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		clock := bus.NewClock()
		line := func() bus.Line {
			level := false
			return bus.LineFunc(func(l bool) {
				require.NotEqual(t, level, l)
				level = l
			})
		}
		c := New(clock, line(), line(), bus.NewGate(bus.NoLine), line())
		for ops = ops[:min(len(ops), maxFuzzBytes)]; len(ops) >= 2; ops = ops[2:] {
			v := ops[1]
			switch ops[0] & 7 {
			case 0:
				c.Data().Write(0, 1, uint64(v))
			case 1:
				c.Command().Write(0, 1, uint64(v))
			case 2:
				c.Data().Read(0, 1)
			case 3:
				clock.Advance(uint64(v) * uint64(v) * 50_000)
			case 4:
				c.Move(int(int8(v))*5, int(v), int(int8(v)), v)
			case 5:
				c.Key(uint16(v&0x7f)|uint16(ops[0]>>4&1)*0xe000, v&0x80 == 0)
			case 6:
				c.Key(KeyPause-uint16(ops[0]>>7), v&1 != 0)
			case 7:
				saved := c.Save()
				require.NoError(t, c.Load(saved))
				require.Equal(t, saved, c.Save())
			}
			c.Command().Read(0, 1)
		}
	})
}
