package bios

// Registers of a UART, as offsets from its base (16550A data sheet).
const (
	uartData = 0
	uartIER  = 1
	uartLCR  = 3
	uartMCR  = 4
	uartLSR  = 5
	uartMSR  = 6

	lsrDR   = 1 << 0
	lsrTHRE = 1 << 5
	mcrDTR  = 1 << 0
	mcrRTS  = 1 << 1
)

// serialPolls is after how many looks at the line status a byte is given up:
// a time-out, reported as bit 7 of AH.
const serialPolls = 1 << 16

// serial is INT 14h.
func (b *BIOS) serial(f *frame) {
	port := uint16(0)
	if n := f.dx.x(); n < 4 {
		port = b.bdaWord(bdaCOM + 2*uint32(n))
	}
	if port == 0 {
		f.ax.setH(0x80)
		return
	}
	switch f.ax.h() {
	case 0x00:
		b.serialInit(f, port)
	case 0x01:
		if b.serialReady(f, port, lsrTHRE) {
			b.out(port+uartMCR, b.in(port+uartMCR)|mcrDTR|mcrRTS)
			b.out(port+uartData, f.ax.l())
			f.ax.setH(b.in(port+uartLSR) &^ 0x80)
		}
	case 0x02:
		if b.serialReady(f, port, lsrDR) {
			f.ax.setH(b.in(port+uartLSR) & 0x1e)
			f.ax.setL(b.in(port + uartData))
		}
	case 0x03:
		f.ax.setH(b.in(port + uartLSR))
		f.ax.setL(b.in(port + uartMSR))
	}
}

// serialReady tells whether a line status bit is set; if not, the ROM asks
// again, until the time-out.
func (b *BIOS) serialReady(f *frame, port uint16, bit uint8) bool {
	if b.in(port+uartLSR)&bit != 0 {
		return true
	}
	if f.scratch++; f.scratch >= serialPolls {
		f.ax.setH(b.in(port+uartLSR) | 0x80)
		return false
	}
	f.status = statusPoll
	return false
}

// serialInit is AH=00h: AL holds rate (bits 7-5), parity, stop bits, length.
func (b *BIOS) serialInit(f *frame, port uint16) {
	divisors := [8]uint16{1047, 768, 384, 192, 96, 48, 24, 12}
	d := divisors[f.ax.l()>>5]
	b.out(port+uartLCR, 0x80)
	b.out(port+uartData, uint8(d))
	b.out(port+uartIER, uint8(d>>8))
	b.out(port+uartLCR, f.ax.l()&0x1f)
	b.out(port+uartIER, 0)
	f.ax.setH(b.in(port + uartLSR))
	f.ax.setL(b.in(port + uartMSR))
}
