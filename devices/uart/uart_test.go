package uart

import (
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

const (
	rbr = 0
	ier = 1
	iir = 2
	fcr = 2
	lcr = 3
	mcr = 4
	lsr = 5
	msr = 6
	scr = 7
)

type board struct {
	*UART
	clock *bus.Clock
	irq   bool
	rises int
	sent  []byte
}

func (b *board) Send(c byte) { b.sent = append(b.sent, c) }

func newBoard() *board {
	b := &board{clock: bus.NewClock()}
	b.UART = New(b.clock, bus.LineFunc(func(l bool) {
		if l && !b.irq {
			b.rises++
		}
		b.irq = l
	}), b)
	return b
}

// open is a board at 115200 8N1 with FIFOs and a trigger level.
func open(trigger uint64) *board {
	b := newBoard()
	b.out(lcr, 0x83)
	b.out(0, 1)
	b.out(1, 0)
	b.out(lcr, 0x03)
	b.out(fcr, trigger<<6|0x07)
	return b
}

func (b *board) in(reg uint64) uint64 { return b.Read(reg, 1) }
func (b *board) out(reg, v uint64)    { b.Write(reg, 1, v) }

func (b *board) feed(s string) {
	for i := range len(s) {
		b.Receive(s[i])
	}
}

func (b *board) readAll() (got string) {
	for b.in(lsr)&1 != 0 {
		got += string(rune(b.in(rbr)))
	}
	return got
}

// TestLinuxAutoconfig repeats what Linux's 8250 driver does to tell the type.
func TestLinuxAutoconfig(t *testing.T) {
	b := newBoard()
	b.out(ier, 0)
	require.Zero(t, b.in(ier)&0x0f)
	b.out(ier, 0x0f)
	require.EqualValues(t, 0x0f, b.in(ier))
	b.out(ier, 0)

	b.out(mcr, 0x1a)
	require.EqualValues(t, 0x90, b.in(msr)&0xf0, "loopback")
	b.out(mcr, 0)

	b.out(lcr, 0xbf)
	b.out(2, 0)
	b.out(lcr, 0)
	b.out(fcr, 1)
	require.EqualValues(t, 3, b.in(iir)>>6, "a 16550A")
	b.out(lcr, 0x80)
	require.NotZero(t, b.in(2), "no EFR: not a 16650")
	b.out(lcr, 0)
	b.out(fcr, 0x21)
	status1 := b.in(iir) >> 5
	b.out(lcr, 0x80)
	b.out(fcr, 0x21)
	require.EqualValues(t, 6, b.in(iir)>>5)
	require.EqualValues(t, 6, status1, "not a 16750")
	b.out(lcr, 0)
	b.out(fcr, 1)
	b.out(ier, 0x40)
	require.Zero(t, b.in(ier), "not an XScale port")
	b.out(lcr, 0xe0)
	require.Zero(t, b.in(2)&0x10, "not a NS16550A with EXCR1")
	b.out(scr, 0xa5)
	require.EqualValues(t, 0xa5, b.in(scr))
}

func TestDivisor(t *testing.T) {
	b := newBoard()
	b.out(lcr, 0x80)
	b.out(0, 0x34)
	b.out(1, 0x12)
	require.EqualValues(t, 0x34, b.in(0))
	require.EqualValues(t, 0x12, b.in(1))
	b.out(lcr, 0x03)
	require.Zero(t, b.in(1))
	b.out(0, 'x')
	require.Equal(t, "x", string(b.sent))
}

func TestTransmit(t *testing.T) {
	b := open(0)
	require.EqualValues(t, 0x60, b.in(lsr))
	b.out(ier, 2)
	require.True(t, b.irq, "enabling THRE with an empty THR asks")
	require.EqualValues(t, 0xc2, b.in(iir))
	require.False(t, b.irq, "reading IIR answers")
	require.EqualValues(t, 0xc1, b.in(iir))
	rises := b.rises
	for _, c := range "hello" {
		b.out(rbr, uint64(c))
	}
	require.Equal(t, "hello", string(b.sent))
	require.EqualValues(t, 0x60, b.in(lsr))
	require.True(t, b.irq)
	require.Equal(t, rises+5, b.rises, "each write makes an edge")
	b.out(ier, 0)
	require.False(t, b.irq)
	b.out(ier, 2)
	require.True(t, b.irq)
	b.out(ier, 2)
	b.in(iir)
	b.out(ier, 2)
	require.False(t, b.irq, "only the change of the bit asks")
}

func TestReceiverWithoutFIFO(t *testing.T) {
	b := newBoard()
	b.out(ier, 5)
	b.settle()
	require.True(t, b.Ready())
	b.feed("a")
	require.False(t, b.Ready())
	require.EqualValues(t, 0x04, b.in(iir))
	b.feed("b")
	require.EqualValues(t, 0x06, b.in(iir), "overrun goes first")
	require.EqualValues(t, 0x63, b.in(lsr))
	require.EqualValues(t, 0x61, b.in(lsr), "reading LSR clears it")
	require.EqualValues(t, 0x04, b.in(iir))
	require.Equal(t, "b", b.readAll(), "RBR was overwritten")
	require.False(t, b.irq)
	require.EqualValues(t, 'b', b.in(rbr))
}

func TestTriggerLevels(t *testing.T) {
	for level, bytes := range []int{1, 4, 8, 14} {
		b := open(uint64(level))
		b.out(ier, 1)
		b.settle()
		for i := 1; i <= 16; i++ {
			require.True(t, b.Ready())
			b.feed("x")
			require.Equal(t, i >= bytes, b.irq, "level %d, byte %d", bytes, i)
		}
		require.False(t, b.Ready())
		require.EqualValues(t, 0xc4, b.in(iir))
		for i := 15; i >= 0; i-- {
			b.in(rbr)
			require.Equal(t, i >= bytes, b.irq, "level %d, %d left", bytes, i)
		}
	}
}

func TestOverrunOfTheFIFO(t *testing.T) {
	b := open(3)
	b.feed("0123456789abcdefgh")
	require.EqualValues(t, 0x63, b.in(lsr))
	require.Equal(t, "0123456789abcdef", b.readAll())
}

func TestCharacterTimeout(t *testing.T) {
	b := open(2)
	b.out(ier, 1)
	// 10 bits at 115200 are 86,805 ns; four of them 347,222.
	b.feed("ab")
	b.clock.Advance(200_000)
	b.feed("c")
	b.clock.Advance(347_221)
	require.False(t, b.irq)
	b.clock.Advance(2)
	require.True(t, b.irq)
	require.EqualValues(t, 0xcc, b.in(iir))
	require.EqualValues(t, 0xcc, b.in(iir), "only reading RBR answers")
	b.in(rbr)
	require.False(t, b.irq)
	b.clock.Advance(400_000)
	require.True(t, b.irq, "the rest times out again")
	require.Equal(t, "bc", b.readAll())
	b.clock.Advance(1_000_000)
	require.False(t, b.irq, "an empty FIFO does not")
}

func TestTimeoutFollowsFormatAndDivisor(t *testing.T) {
	for _, c := range []struct {
		name         string
		lcr, divisor uint64
		halfBits     uint64
	}{
		{"5N1", 0x00, 1, 14}, {"8N1", 0x03, 1, 20}, {"8E2", 0x1f, 12, 24}, {"5N1.5", 0x04, 3, 15}, {"divisor 0", 0x03, 0, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(3)
			b.out(lcr, 0x80|c.lcr)
			b.out(0, c.divisor)
			b.out(lcr, c.lcr)
			b.out(ier, 1)
			b.feed("x")
			if c.divisor == 0 {
				c.divisor = 65536
			}
			want := 4 * c.halfBits * c.divisor * 8 * 1_000_000_000 / 1_843_200
			b.clock.Advance(want - 1)
			require.False(t, b.irq)
			b.clock.Advance(1)
			require.True(t, b.irq)
		})
	}
}

func TestInterruptPriority(t *testing.T) {
	b := open(0)
	b.out(mcr, 0x10)
	b.out(ier, 0x0f)
	b.in(msr)
	b.out(rbr, 'x') // comes back
	b.out(mcr, 0x12)
	for i := 0; i < 16; i++ {
		b.out(rbr, 'y')
	}
	require.EqualValues(t, 0xc6, b.in(iir))
	b.in(lsr)
	require.EqualValues(t, 0xc4, b.in(iir))
	b.readAll()
	require.EqualValues(t, 0xc2, b.in(iir))
	require.EqualValues(t, 0xc0, b.in(iir))
	require.EqualValues(t, 0x11, b.in(msr))
	require.EqualValues(t, 0xc1, b.in(iir))
	require.False(t, b.irq)
}

func TestLoopback(t *testing.T) {
	b := open(0)
	require.EqualValues(t, 0xb0, b.in(msr))
	b.out(mcr, 0x10)
	require.EqualValues(t, 0x0b, b.in(msr), "the lines went away")
	require.False(t, b.Ready())
	b.feed("lost")
	require.Zero(t, b.in(lsr)&1)
	b.out(rbr, 'z')
	require.Equal(t, "z", b.readAll())
	require.Empty(t, b.sent)
	for _, c := range []struct{ mcr, msr uint64 }{
		{0x11, 0x22}, {0x12, 0x13}, {0x14, 0x41}, {0x18, 0x8c}, {0x10, 0x08},
	} {
		b.out(mcr, c.mcr)
		require.Equal(t, c.msr, b.in(msr), "MCR %#x", c.mcr)
		require.Equal(t, c.msr&0xf0, b.in(msr))
	}
	b.out(lcr, 0x43)
	require.EqualValues(t, 0x71, b.in(lsr), "a break comes back")
	require.Equal(t, "\x00", b.readAll())
}

func TestErrorWaitsForItsWord(t *testing.T) {
	b := open(0)
	b.out(mcr, 0x10)
	b.out(rbr, 'a')
	b.out(lcr, 0x43)
	require.EqualValues(t, 0xe1, b.in(lsr), "an error further down in the FIFO")
	b.in(rbr)
	require.EqualValues(t, 0x71, b.in(lsr))
}

func TestFIFOControl(t *testing.T) {
	b := open(0)
	b.feed("abc")
	b.out(fcr, 0x01)
	require.EqualValues(t, 1, b.in(lsr)&1)
	b.out(fcr, 0x03)
	require.Zero(t, b.in(lsr)&1)
	b.feed("abc")
	b.out(fcr, 0x00)
	require.Zero(t, b.in(lsr)&1, "switching the FIFOs empties them")
	require.EqualValues(t, 1, b.in(iir))
}

func TestReset(t *testing.T) {
	b := open(3)
	b.out(ier, 3)
	b.feed("x")
	b.Reset()
	require.False(t, b.irq)
	b.clock.Advance(1e9)
	require.False(t, b.irq)
	require.EqualValues(t, 1, b.in(iir))
	require.EqualValues(t, 0x60, b.in(lsr))
}

func TestSaveLoadSave(t *testing.T) {
	b := open(3)
	b.out(ier, 0x0f)
	b.in(iir)
	b.feed("abc")
	b.clock.Advance(100_000)
	saved := b.Save()

	c := newBoard()
	c.clock.Advance(100_000)
	require.NoError(t, c.Load(saved))
	require.Zero(t, c.rises, "restoring makes no edge")
	require.Equal(t, saved, c.Save())
	for _, x := range []*board{b, c} {
		x.clock.Advance(300_000)
		require.True(t, x.irq)
		require.EqualValues(t, 0xcc, x.in(iir))
		require.Equal(t, "abc", x.readAll())
	}
	require.Equal(t, b.Save(), c.Save())

	bad := b.State()
	bad.Length = 17
	before := c.Save()
	require.Error(t, c.Load(bus.Marshal(kind, version, &bad)))
	require.Error(t, c.Load(nil))
	require.Equal(t, before, c.Save())
}

// maxFuzzBytes keeps one run short: what the devices do in it is bounded.
const maxFuzzBytes = 1024

func FuzzRegisters(f *testing.F) {
	f.Add([]byte{3, 0x83, 0, 1, 1, 0, 3, 3, 2, 0xc7, 1, 0x0f, 9, 'a', 10, 200, 8, 2, 8, 5, 8, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		clock := bus.NewClock()
		level := false
		u := New(clock, bus.LineFunc(func(l bool) {
			require.NotEqual(t, level, l)
			level = l
		}), nil)
		for ops = ops[:min(len(ops), maxFuzzBytes)]; len(ops) >= 2; ops = ops[2:] {
			switch op := ops[0] & 15; op {
			default:
				u.Write(uint64(op), 1, uint64(ops[1]))
			case 8:
				u.Read(uint64(ops[1]), 1)
			case 9:
				ready, before := u.Ready(), u.state.Length
				u.Receive(ops[1])
				if ready {
					require.Equal(t, before+1, u.state.Length)
				}
			case 10:
				clock.Advance(uint64(ops[1]) * 10_000)
			case 11:
				saved := u.Save()
				require.NoError(t, u.Load(saved))
				require.Equal(t, saved, u.Save())
			}
		}
	})
}
