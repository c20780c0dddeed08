package uart

import (
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

// settle lets the time pass that a guest must keep its receiver enabled.
func (b *board) settle() { b.clock.Advance(settled) }

func (b *board) poll(n int) {
	for range n {
		b.in(lsr)
	}
}

// print sends as a driver does that looks at LSR before each byte.
func (b *board) print(text string) {
	for _, c := range []byte(text) {
		b.in(lsr)
		b.out(rbr, uint64(c))
	}
}

func TestInputWaitsUntilTheGuestReads(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(b *board)
		want bool
	}{
		{"power-on", func(b *board) { b.settle() }, false},
		{"enabled just now", func(b *board) { b.out(ier, 1); b.clock.Advance(settled - 1) }, false},
		{"enabled for a while", func(b *board) { b.out(ier, 1); b.settle() }, true},
		{"without modem control", func(b *board) { b.out(mcr, 0); b.out(ier, 1); b.settle() }, true},
		{"other interrupts", func(b *board) { b.out(ier, 0x0e); b.settle() }, false},
		{"a probe", func(b *board) { b.out(ier, 0x0f); b.out(ier, 0); b.settle(); b.settle() }, false},
		{"disabled again", func(b *board) { b.out(ier, 1); b.settle(); b.out(ier, 0) }, false},
		{"masked to print", func(b *board) { b.out(ier, 5); b.settle(); b.out(ier, 0); b.print("hello"); b.out(ier, 5) }, true},
		{"masked to print when the wait ends", func(b *board) {
			b.out(ier, 5)
			b.out(ier, 0)
			b.settle()
			b.out(ier, 5)
			b.clock.Advance(settled - 1)
		}, false},
		{"masked to print all the time", func(b *board) {
			for range 100 {
				b.out(ier, 5)
				b.clock.Advance(settled / 50)
				b.out(ier, 0)
			}
			b.out(ier, 5)
		}, true},
		{"FIFO cleared", func(b *board) { b.out(ier, 1); b.settle(); b.out(fcr, 7); b.clock.Advance(settled - 1) }, false},
		{"FIFO cleared a while ago", func(b *board) { b.out(ier, 1); b.settle(); b.out(fcr, 7); b.settle() }, true},
		{"FIFO switched on", func(b *board) { b.out(fcr, 0); b.out(ier, 1); b.settle(); b.out(fcr, 1) }, false},
		{"trigger level", func(b *board) { b.out(ier, 1); b.settle(); b.out(fcr, 0xc1) }, true},
		{"hung up", func(b *board) { b.out(mcr, 3); b.out(ier, 1); b.settle(); b.out(mcr, 0) }, false},
		{"looped back", func(b *board) { b.out(ier, 1); b.settle(); b.out(mcr, 0x10) }, false},
		{"looped back before", func(b *board) { b.out(ier, 1); b.settle(); b.out(mcr, 0x10); b.out(mcr, 0); b.settle() }, true},
		{"reset", func(b *board) { b.out(ier, 1); b.settle(); b.Reset(); b.settle() }, false},
		{"polled", func(b *board) { b.poll(32) }, true},
		{"polled a little", func(b *board) { b.poll(31) }, false},
		{"prints", func(b *board) {
			for range 100 {
				b.print("a line of text\n")
				b.in(lsr) // Linux waits for an empty shift register after a message
			}
		}, false},
		{"prints and looks for a key", func(b *board) {
			for range 64 {
				b.in(lsr)
				b.print(".")
			}
			b.in(lsr)
			b.in(lsr)
		}, true},
		{"polls, prints, polls", func(b *board) { b.poll(100); b.print("prompt> "); b.poll(16) }, true},
		{"polled, then opened by a driver", func(b *board) { b.poll(100); b.out(fcr, 7) }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := open(0)
			row.do(b)
			require.Equal(t, row.want, b.Ready())
		})
	}
}

// TestLinuxOpensThePort repeats what Linux's 8250 driver does when the first
// program opens the tty: what came before would be lost.
func TestLinuxOpensThePort(t *testing.T) {
	b := newBoard()
	b.out(fcr, 1)
	b.out(fcr, 7)
	b.out(fcr, 0)
	for _, reg := range []uint64{lsr, rbr, iir, msr} {
		b.in(reg)
	}
	b.out(lcr, 3)
	b.out(mcr, 8)
	b.out(ier, 2) // is an interrupt for THRE lost?
	b.in(iir)
	b.out(ier, 0)
	require.False(t, b.Ready())
	b.out(ier, 5) // set_termios
	b.out(lcr, 0x83)
	b.out(0, 1)
	b.out(1, 0)
	b.out(lcr, 3)
	b.out(fcr, 1)
	b.out(fcr, 0x81)
	b.out(mcr, 0x0b)
	require.False(t, b.Ready())
	b.settle()
	require.True(t, b.Ready())
	for n := 0; n < fifoSize; n++ {
		require.True(t, b.Ready())
		b.feed("x")
	}
	require.False(t, b.Ready(), "one FIFO's load until it is read")
	b.in(rbr)
	require.True(t, b.Ready())
}

func TestSaveWhileTheWaitRuns(t *testing.T) {
	b := open(0)
	b.out(ier, 1)
	b.clock.Advance(settled / 2)
	c := newBoard()
	c.clock.Advance(settled / 2)
	require.NoError(t, c.Load(b.Save()))
	c.clock.Advance(settled / 2)
	require.True(t, c.Ready())

	bad := b.State()
	bad.Polls = pollsMean + 1
	require.Error(t, c.Load(bus.Marshal(kind, version, &bad)))
}

func TestOnReadyComesWithTheAccess(t *testing.T) {
	b := open(0)
	calls := 0
	b.OnReady(func() { calls++ })
	came := func(want bool, what string) {
		t.Helper()
		require.Equal(t, want, calls > 0, what)
		calls = 0
	}
	b.out(ier, 1)
	came(false, "enabled just now")
	b.settle()
	came(true, "the time has come")
	b.out(ier, 0)
	came(false, "masked")
	b.out(ier, 1)
	came(true, "unmasked")
	b.feed("0123456789abcdef")
	calls = 0
	b.in(lsr)
	came(false, "the FIFO is full")
	b.in(rbr)
	came(true, "room")
	b.out(ier, 0)
	b.readAll()
	calls = 0
	b.poll(30)
	came(false, "polled a little")
	b.poll(2)
	came(true, "polled")
}
