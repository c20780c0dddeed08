package i8042

import "ringzero/bus"

// Commands to the mouse (TR, "Auxiliary device commands").
const (
	mouseScale1     = 0xe6
	mouseScale2     = 0xe7
	mouseResolution = 0xe8
	mouseStatus     = 0xe9
	mouseStream     = 0xea
	mouseRead       = 0xeb
	mouseUnwrap     = 0xec
	mouseWrap       = 0xee
	mouseRemote     = 0xf0
	mouseReadID     = 0xf2
	mouseRate       = 0xf3
	mouseEnable     = 0xf4
	mouseDisable    = 0xf5
	mouseDefaults   = 0xf6
)

// Device IDs: the standard mouse, and what the two sequences of sample rates
// make of it.
const (
	idStandard = 0
	idWheel    = 3 // 200, 100, 80: IntelliMouse
	idButtons  = 4 // 200, 200, 80: IntelliMouse Explorer, five buttons
)

const (
	defaultRate       = 100 // reports a second
	defaultResolution = 2   // 4 counts a millimetre

	// maxCount bounds the movement that waits to be reported.
	maxCount = 1 << 16
)

// Buttons of Move, as in the first byte of a report.
const (
	ButtonLeft   = 0x01
	ButtonRight  = 0x02
	ButtonMiddle = 0x04
	ButtonFourth = 0x08
	ButtonFifth  = 0x10
)

// MouseState is what the mouse holds.
type MouseState struct {
	Out        OutQueue
	Expect     uint8 // the command whose parameter is next
	Wrap       bool
	Remote     bool
	Enabled    bool
	Scale2     bool
	Resolution uint8
	Rate       uint8
	ID         uint8
	Rates      [2]uint8 // the two rates set before the present one

	X, Y, Z  int32 // movement not yet reported
	Buttons  uint8
	Reported uint8  // the buttons of the last report
	SampleAt uint64 // when the next report may go, bus.Never for at once
}

func (m *MouseState) power() {
	*m = MouseState{Buttons: m.Buttons}
	m.defaults()
}

// defaults is "set default": the ID stays.
func (m *MouseState) defaults() {
	m.Wrap, m.Remote, m.Enabled, m.Scale2 = false, false, false, false
	m.Resolution, m.Rate = defaultResolution, defaultRate
	m.SampleAt = bus.Never
	m.forget()
}

func (m *MouseState) forget() { m.X, m.Y, m.Z = 0, 0, 0 }

func (m *MouseState) streams() bool { return m.Enabled && !m.Remote && !m.Wrap }

// changed tells whether there is anything to report.
func (m *MouseState) changed() bool {
	return m.X|m.Y != 0 || m.Z != 0 && m.ID != idStandard || m.Buttons != m.Reported
}

// period is the time between two reports in nanoseconds.
func (m *MouseState) period() uint64 {
	return 1_000_000_000 / uint64(max(m.Rate, 1))
}

// Move moves the mouse by dx counts to the right and dy away from the user (up
// on a screen), turns its wheel by dz towards the user, and sets the buttons
// that are down. Movement faster than the mouse can report is reported later.
func (c *Controller) Move(dx, dy, dz int, buttons uint8) {
	m := &c.state.Mouse
	if buttons != m.Buttons && m.Buttons != m.Reported && m.streams() {
		m.queueReport() // or a short click would get lost
	}
	m.Buttons = buttons
	add(&m.X, dx)
	add(&m.Y, dy)
	add(&m.Z, dz)
	if m.SampleAt == bus.Never {
		c.sample()
	}
}

func add(sum *int32, d int) {
	*sum = int32(max(-maxCount, min(maxCount, int(*sum)+max(-maxCount, min(maxCount, d)))))
}

// sample is the timer of the sample rate: it reports what has changed.
func (c *Controller) sample() {
	m := &c.state.Mouse
	m.SampleAt = bus.Never
	if m.streams() && m.changed() {
		m.queueReport()
		m.SampleAt = c.clock.Now() + m.period()
	}
	if m.SampleAt != c.sampleTimer.Deadline() {
		c.sampleTimer.Set(m.SampleAt)
	}
	c.settle()
}

// queueReport queues a report where it fits; else the movement waits.
func (m *MouseState) queueReport() {
	if m.Out.fits(4) {
		m.Out.push(m.report(m.Scale2)...)
	}
}

// report takes the movement into a report of 3 or 4 bytes (TR, "Data report").
// What doesn't fit into 9 bits stays for the next one.
func (m *MouseState) report(scale2 bool) []uint8 {
	limit := int32(255)
	if scale2 {
		limit /= 2
	}
	x, y := consume(&m.X, limit), consume(&m.Y, limit)
	if scale2 {
		x, y = scaled(x), scaled(y)
	}
	z := consume(&m.Z, 7)
	m.Reported = m.Buttons
	first := 0x08 | m.Buttons&7 | uint8(x>>8&1)<<4 | uint8(y>>8&1)<<5
	out := []uint8{first, uint8(x), uint8(y)}
	switch m.ID {
	case idWheel:
		out = append(out, uint8(z))
	case idButtons:
		out = append(out, uint8(z)&0x0f|m.Buttons<<1&0x30)
	}
	return out
}

func consume(sum *int32, limit int32) int32 {
	v := max(-limit, min(limit, *sum))
	*sum -= v
	return v
}

// scaled is scaling 2:1 (TR, "Set scaling 2:1").
func scaled(v int32) int32 {
	if v < 0 {
		return -scaled(-v)
	}
	if v < 6 {
		return [6]int32{0, 1, 1, 3, 6, 9}[v]
	}
	return 2 * v
}

// mouseByte is a byte from the host to the mouse. It drops what is left of a
// report.
func (c *Controller) mouseByte(v uint8) {
	m := &c.state.Mouse
	m.Out.clearData()
	command := m.Expect
	m.Expect = 0
	switch {
	case m.Wrap && v != cmdReset && v != mouseUnwrap:
		m.Out.reply(v)
	case command != 0:
		m.parameter(command, v)
	default:
		m.command(v)
	}
	if m.SampleAt != c.sampleTimer.Deadline() {
		c.sampleTimer.Set(m.SampleAt)
	}
}

func (m *MouseState) parameter(command, v uint8) {
	if command == mouseResolution && v > 3 {
		m.Out.reply(replyResend)
		return
	}
	if command == mouseResolution {
		m.Resolution = v
	} else {
		m.setRate(v)
	}
	m.Out.reply(replyACK)
}

// setRate sets the sample rate and watches for the two sequences.
func (m *MouseState) setRate(v uint8) {
	switch [3]uint8{m.Rates[0], m.Rates[1], v} {
	case [3]uint8{200, 100, 80}:
		m.ID = idWheel
	case [3]uint8{200, 200, 80}:
		m.ID = idButtons
	}
	m.Rates = [2]uint8{m.Rates[1], v}
	m.Rate = v
}

func (m *MouseState) command(v uint8) {
	switch v {
	case mouseResolution, mouseRate:
		m.Expect = v
	case mouseScale1, mouseScale2:
		m.Scale2 = v == mouseScale2
	case mouseStatus:
		m.Out.reply(replyACK, m.status(), m.Resolution, m.Rate)
		return
	case mouseStream, mouseRemote:
		m.Remote = v == mouseRemote
		m.forget()
	case mouseRead:
		m.Out.reply(replyACK)
		m.Out.reply(m.report(false)...)
		return
	case mouseWrap, mouseUnwrap:
		m.Wrap = v == mouseWrap
	case mouseReadID:
		m.Out.reply(replyACK, m.ID)
		return
	case mouseEnable, mouseDisable:
		m.Enabled = v == mouseEnable
		m.forget()
	case mouseDefaults:
		m.defaults()
	case cmdResend:
		m.Out.reply(m.Out.Last)
		return
	case cmdReset:
		m.Out.clear()
		m.power()
		m.Out.reply(replyACK, replyBAT, idStandard)
		return
	default:
		m.Out.reply(replyResend)
		return
	}
	m.Out.reply(replyACK)
}

// status is the first byte of the status report; it has the buttons in another
// order than the data report (TR, "Status request").
func (m *MouseState) status() (v uint8) {
	for _, p := range []struct {
		on  bool
		bit uint8
	}{
		{m.Remote, 0x40}, {m.Enabled, 0x20}, {m.Scale2, 0x10},
		{m.Buttons&ButtonLeft != 0, 0x04}, {m.Buttons&ButtonMiddle != 0, 0x02}, {m.Buttons&ButtonRight != 0, 0x01},
	} {
		if p.on {
			v |= p.bit
		}
	}
	return v
}
