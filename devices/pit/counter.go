package pit

// never is a tick that does not come.
const never = ^uint64(0)

// Counter modes (DS, "Mode definitions").
const (
	mode0 = iota // interrupt on terminal count
	mode1        // hardware retriggerable one-shot
	mode2        // rate generator
	mode3        // square wave
	mode4        // software triggered strobe
	mode5        // hardware triggered strobe
)

// CounterState is what one counter holds. Times are in CLK ticks since
// power-on, all ones for never.
type CounterState struct {
	Control uint8  // RW, mode and BCD as in the last control word
	Count   uint16 // CR, the count register, as written
	LSB     uint8  // first byte of a count of which the second is to come
	HaveLSB bool   // the next write is the second byte
	NextMSB bool   // the next read is the second byte
	Null    bool   // CR was not yet taken into the counting element
	Armed   bool   // a count was written since the control word
	Gate    bool
	Out     bool // counter 0: the level that its OUT was last driven to

	LatchedCount  bool
	Latch         uint16
	LatchedStatus bool
	Status        uint8

	Now     uint64 // the tick up to which the fields below hold
	LoadAt  uint64 // the tick at which the counting element takes CR
	Active  bool   // the element counts from a load; else it holds Held
	Stopped bool   // a low gate holds it: Elapsed stands for Now-Base
	Low     bool   // mode 3: the half with OUT low
	Held    uint32
	N       uint32 // the count that was loaded, 1 to 65536 or 10000
	Base    uint64 // the tick of the load
	Elapsed uint64
	Edge    uint64 // counter 0: the next tick at which OUT may change
}

func (c *CounterState) mode() int {
	m := int(c.Control >> 1 & 7)
	if m > mode5 {
		m &= 3 // M2 of modes 2 and 3 is "don't care"
	}
	return m
}

func (c *CounterState) bcd() bool { return c.Control&controlBCD != 0 }

// modulus is the number of values of the counting element.
func (c *CounterState) modulus() uint32 {
	if c.bcd() {
		return 10000
	}
	return 0x10000
}

// initial is the count in CR; 0 stands for the largest.
func (c *CounterState) initial() uint32 {
	n := uint32(c.Count)
	if c.bcd() {
		n = (n>>12*1000 + n>>8&15*100 + n>>4&15*10 + n&15) % 10000
	}
	if n == 0 {
		return c.modulus()
	}
	return n
}

// elapsed is the number of CLK pulses counted since the load.
func (c *CounterState) elapsed() uint64 {
	if c.Stopped {
		return c.Elapsed
	}
	return c.Now - c.Base
}

// half is the length of the present half of a square wave: an odd count has
// OUT high for one pulse more than low (DS, mode 3).
func (c *CounterState) half() uint64 {
	if c.Low {
		return uint64(c.N / 2)
	}
	return uint64(c.N+1) / 2
}

// sync brings the counter to a tick, not before the one it stands at.
func (c *CounterState) sync(to uint64) {
	for c.LoadAt <= to {
		c.run(c.LoadAt)
		c.load()
	}
	c.run(to)
}

// run counts to a tick without a load in between but the periodic ones.
func (c *CounterState) run(to uint64) {
	c.Now = to
	if !c.Active || c.Stopped {
		return
	}
	switch c.mode() {
	case mode2:
		c.runPeriods(uint64(c.N))
	case mode3:
		c.runHalves()
	}
}

func (c *CounterState) runPeriods(period uint64) {
	e := c.Now - c.Base
	if e < period {
		return
	}
	if c.Null {
		c.Base += period
		c.reload()
		period = uint64(c.N)
		e = c.Now - c.Base
	}
	c.Base += e / period * period
}

func (c *CounterState) runHalves() {
	if c.Null && c.Now-c.Base >= c.half() {
		c.endHalf()
		c.reload()
	}
	c.Base += (c.Now - c.Base) / uint64(c.N) * uint64(c.N)
	for c.Now-c.Base >= c.half() { // at most twice
		c.endHalf()
	}
}

func (c *CounterState) endHalf() {
	c.Base += c.half()
	c.Low = !c.Low
}

// reload takes CR into the counting element.
func (c *CounterState) reload() {
	c.N = c.initial()
	c.Null = false
}

// load is the CLK pulse after a write or a trigger.
func (c *CounterState) load() {
	c.reload()
	c.LoadAt = never
	c.Base = c.Now
	c.Low = false
	c.Active = true
	c.Stopped = false
	if c.Gate {
		return
	}
	switch c.mode() {
	case mode0, mode4:
		c.Stopped, c.Elapsed = true, 0
	case mode2, mode3:
		c.hold() // OUT is high and a trigger will load again
	}
}

// hold stops counting at the present value.
func (c *CounterState) hold() {
	c.Held = c.value()
	c.Active = false
}

// value is the counting element, as a number.
func (c *CounterState) value() uint32 {
	if !c.Active {
		return c.Held
	}
	e, m := c.elapsed(), c.modulus()
	switch c.mode() {
	case mode2:
		return (c.N - uint32(e)) % m
	case mode3:
		return (c.N&^1 - 2*uint32(e)) % m
	}
	return (c.N + m - uint32(e%uint64(m))) % m
}

// out is the level of OUT.
func (c *CounterState) out() bool {
	n := uint64(c.N)
	switch c.mode() {
	case mode0:
		return c.Active && c.elapsed() >= n
	case mode1:
		return !c.Active || c.elapsed() >= n
	case mode2:
		return !c.Active || c.elapsed() != n-1
	case mode3:
		return !c.Active || !c.Low
	}
	return !c.Active || c.Stopped || c.elapsed() != n
}

// nextEdge is the next tick after now, where the counter stands, at which OUT
// may change or a count is loaded.
func (c *CounterState) nextEdge(now uint64) uint64 {
	return min(c.LoadAt, c.nextChange(now))
}

func (c *CounterState) nextChange(now uint64) uint64 {
	if !c.Active || c.Stopped {
		return never
	}
	n, e := uint64(c.N), c.elapsed()
	switch m := c.mode(); {
	case (m == mode2 || m == mode3) && n == 1:
		// An illegal count: OUT stays as it is until another one is taken.
		if c.Null {
			return now + 1
		}
		return never
	case m == mode2 && e < n-1:
		return c.Base + n - 1
	case m == mode2:
		return c.Base + n
	case m == mode3:
		return c.Base + c.half()
	case e < n:
		return c.Base + n
	case (m == mode4 || m == mode5) && e == n:
		return c.Base + n + 1
	}
	return never
}

// program is a control word: it clears CR and both sequences, and OUT takes its
// first level at once.
func (c *CounterState) program(control uint8) {
	c.hold()
	c.Control = control
	c.Count, c.HaveLSB, c.NextMSB = 0, false, false
	c.Null, c.Armed = true, false
	c.LatchedCount, c.LatchedStatus = false, false
	c.LoadAt = never
	c.Low = false
	c.Held %= c.modulus()
}

// write takes a byte of a count.
func (c *CounterState) write(v uint8, now uint64) {
	switch c.Control & controlRW {
	case 0x10:
		c.setCount(uint16(v), now)
	case 0x20:
		c.setCount(uint16(v)<<8, now)
	default:
		if c.HaveLSB {
			c.HaveLSB = false
			c.setCount(uint16(v)<<8|uint16(c.LSB), now)
			return
		}
		c.LSB, c.HaveLSB = v, true
		if c.mode() == mode0 { // the first byte stops counting, OUT falls
			c.hold()
			c.LoadAt = never
		}
	}
}

func (c *CounterState) setCount(v uint16, now uint64) {
	first := !c.Armed
	c.Count, c.Null, c.Armed = v, true, true
	switch c.mode() {
	case mode0:
		c.hold()
		c.LoadAt = now + 1
	case mode4:
		c.LoadAt = now + 1
	case mode2, mode3:
		if first {
			c.LoadAt = now + 1
		}
	}
}

// setGate takes the level of the GATE pin (DS, figure 21).
func (c *CounterState) setGate(high bool, now uint64) {
	if high == c.Gate {
		return
	}
	c.Gate = high
	switch c.mode() {
	case mode0, mode4:
		c.setEnable(high)
	case mode1, mode5:
		if high && c.Armed {
			c.LoadAt = now + 1
		}
	case mode2, mode3:
		if !high {
			c.hold()
		} else if c.Armed {
			c.LoadAt = now + 1
		}
	}
}

// setEnable stops and continues counting without a load.
func (c *CounterState) setEnable(high bool) {
	switch {
	case !c.Active || c.Stopped == !high:
	case high:
		c.Base, c.Stopped = c.Now-c.Elapsed, false
	default:
		c.Elapsed, c.Stopped = c.elapsed(), true
	}
}

// element is the counting element as it is read.
func (c *CounterState) element() uint16 {
	v := c.value()
	if c.bcd() {
		v = v/1000<<12 | v/100%10<<8 | v/10%10<<4 | v%10
	}
	return uint16(v)
}

// latchCount keeps the count until it is read; a second latch before that does
// nothing.
func (c *CounterState) latchCount() {
	if !c.LatchedCount {
		c.Latch, c.LatchedCount = c.element(), true
	}
}

func (c *CounterState) latchStatus() {
	if c.LatchedStatus {
		return
	}
	c.Status = c.Control
	if c.out() {
		c.Status |= statusOut
	}
	if c.Null {
		c.Status |= statusNull
	}
	c.LatchedStatus = true
}

// read gives a latched status, then a latched count, else the count as it runs.
func (c *CounterState) read() uint8 {
	if c.LatchedStatus {
		c.LatchedStatus = false
		return c.Status
	}
	v := c.Latch
	if !c.LatchedCount {
		v = c.element()
	}
	high := false
	switch c.Control & controlRW {
	case 0x20:
		high = true
	case controlRW:
		high = c.NextMSB
		c.NextMSB = !c.NextMSB
	}
	if !c.NextMSB {
		c.LatchedCount = false // all bytes are read
	}
	if high {
		return uint8(v >> 8)
	}
	return uint8(v)
}
