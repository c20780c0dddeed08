package uart

import "ringzero/bus"

func (s *State) fifos() bool { return s.FCR&fcrEnable != 0 }

// capacity is the number of words that the receiver holds before one is lost.
func (s *State) capacity() uint8 {
	if s.fifos() {
		return fifoSize
	}
	return 1
}

// dataReady tells whether the receiver asks for service: at the trigger level,
// or with its one word.
func (s *State) dataReady() bool {
	if !s.fifos() {
		return s.Length > 0
	}
	return s.Length >= triggerLevels[s.FCR>>6]
}

// errorsBehind tells whether a word in the FIFO came with an error.
func (s *State) errorsBehind() bool {
	for i := range s.Length {
		if s.Errors[(s.First+i)%fifoSize] != 0 {
			return true
		}
	}
	return false
}

// Ready tells whether a byte from outside would be read: there is room, the
// receiver is not looped back, and the guest listens.
func (u *UART) Ready() bool {
	s := &u.state
	return s.MCR&mcrLoop == 0 && s.Length < s.capacity() && s.listens()
}

// Receive takes a byte from outside. Without room it is lost and an overrun is
// noted; in loopback the input is disconnected.
func (u *UART) Receive(b byte) {
	if u.state.MCR&mcrLoop != 0 {
		return
	}
	u.take(b, 0)
	u.update()
}

// take puts a word with its error bits into the receiver.
func (u *UART) take(b, errors uint8) {
	s := &u.state
	if s.Length == s.capacity() {
		s.LSR |= lsrOE
		if !s.fifos() { // RBR is overwritten; a FIFO keeps what it has (DS, 8.6)
			s.Data[s.First], s.Errors[s.First] = b, errors
			u.reveal()
		}
		return
	}
	i := (s.First + s.Length) % fifoSize
	s.Data[i], s.Errors[i] = b, errors
	if s.Length++; s.Length == 1 {
		u.reveal()
	}
	u.armTimeout()
}

// reveal shows the word at the top: its errors appear in LSR.
func (u *UART) reveal() {
	s := &u.state
	s.LSR |= lsrDR | s.Errors[s.First]
	s.Errors[s.First] = 0
}

// readRBR takes the word at the top. An empty receiver gives its last word.
func (u *UART) readRBR() uint8 {
	s := &u.state
	if s.Length == 0 {
		return s.Last
	}
	s.Last = s.Data[s.First]
	s.First = (s.First + 1) % fifoSize
	s.Length--
	s.Timeout = false
	if s.Length == 0 {
		s.LSR &^= lsrDR
	} else {
		u.reveal()
	}
	u.armTimeout()
	return s.Last
}

func (u *UART) clearReceiver() {
	s := &u.state
	s.First, s.Length = 0, 0
	s.Data, s.Errors = [fifoSize]uint8{}, [fifoSize]uint8{}
	s.LSR &^= lsrDR
	s.Timeout = false
	u.armTimeout()
	u.opened()
}

// wordTimes is the length of n words on the line in nanoseconds.
func (s *State) wordTimes(n uint64) uint64 {
	halfBits := uint64(2*(1+5+s.LCR&3) + 2)
	if s.LCR&lcrPEN != 0 {
		halfBits += 2
	}
	switch {
	case s.LCR&lcrSTB == 0:
	case s.LCR&3 == 0: // 1.5 stop bits
		halfBits++
	default:
		halfBits += 2
	}
	divisor := uint64(s.Divisor)
	if divisor == 0 {
		divisor = 1 << 16
	}
	return n * halfBits * divisor * 8 * second / inputClock
}

// armTimeout starts the wait for a timeout anew: four words without one
// received or read, while the FIFO holds some (DS, 8.5, "FIFO interrupt mode
// operation").
func (u *UART) armTimeout() {
	s := &u.state
	at := bus.Never
	if s.fifos() && s.Length > 0 {
		at = u.clock.Now() + s.wordTimes(4)
	}
	if at != s.TimeoutAt {
		s.TimeoutAt = at
		u.timeout.Set(at)
	}
}

func (u *UART) charTimeout() {
	u.state.TimeoutAt = bus.Never
	u.state.Timeout = true
	u.update()
}
