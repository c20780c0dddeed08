package uart

import "ringzero/bus"

// What is sent to a port before a guest listens is lost: the firmware leaves it
// in the receiver, and a driver empties the FIFO when it opens the port. A person
// at a terminal waits for the prompt; a pipe does not. So input is held outside,
// see Ready, until the guest shows by one of two signs that it reads:
//
//   - the received data interrupt was enabled and is so still, settled later. A
//     probe of the chip enables it for microseconds, and a driver clears the
//     FIFO within the time too: that starts the wait anew, as DTR falling does.
//     A driver that masks the interrupt for a moment, as Linux does to print, is
//     waited for and no more.
//   - LSR was read again and again without data. Waiting for the transmitter is a
//     read for each byte, since it is always empty here, so a byte that is sent
//     takes back more than the one read that belongs to it.
//
// None of this is the chip's: it is the sender's good manners, which RTS and CTS
// give on a line with flow control.
const (
	settled    = 10_000_000 // nanoseconds
	pollWeight = 2          // of a read of LSR without data
	sendWeight = 3          // of a byte sent
	pollsMean  = 32 * pollWeight
)

// listens tells whether the guest reads what comes in.
func (s *State) listens() bool {
	return s.Listening && s.IER&ierERBFI != 0 || s.Polls >= pollsMean
}

// OnReady has f called after each access and each event that leaves the port
// Ready, so that what waits outside comes in at that instruction and not when
// somebody looks next.
func (u *UART) OnReady(f func()) { u.ready = f }

// enabled starts the wait where the interrupt was enabled just now.
func (u *UART) enabled() {
	s := &u.state
	if !s.Listening && s.ListenAt == bus.Never {
		u.listenAt(u.clock.Now() + settled)
	}
}

// opened starts anew after something that a driver does before it reads.
func (u *UART) opened() {
	s := &u.state
	s.Listening, s.Polls = false, 0
	at := bus.Never
	if s.IER&ierERBFI != 0 {
		at = u.clock.Now() + settled
	}
	u.listenAt(at)
}

func (u *UART) listenAt(at uint64) {
	if at != u.state.ListenAt {
		u.state.ListenAt = at
		u.listen.Set(at)
	}
}

func (u *UART) listened() {
	s := &u.state
	s.ListenAt = bus.Never
	s.Listening = s.IER&ierERBFI != 0
	u.update()
}

// polled counts a read of LSR.
func (s *State) polled() {
	if s.LSR&lsrDR == 0 {
		s.Polls = min(s.Polls+pollWeight, pollsMean)
	}
}
