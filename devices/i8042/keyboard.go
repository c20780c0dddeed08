package i8042

import "ringzero/bus"

// Commands to the keyboard and its replies (TR, "Keyboard commands").
const (
	kbdSetLEDs       = 0xed
	kbdEcho          = 0xee
	kbdScanSet       = 0xf0
	kbdReadID        = 0xf2
	kbdTypematic     = 0xf3
	kbdEnable        = 0xf4
	kbdDisable       = 0xf5
	kbdDefaults      = 0xf6
	kbdAllTypematic  = 0xf7 // these six change key types of set 3
	kbdAllMakeBreak  = 0xf8
	kbdAllMake       = 0xf9
	kbdAllEverything = 0xfa
	kbdKeyTypematic  = 0xfb
	kbdKeyMakeBreak  = 0xfc
	kbdKeyMake       = 0xfd
	cmdResend        = 0xfe // the mouse's too
	cmdReset         = 0xff

	replyACK    = 0xfa
	replyBAT    = 0xaa
	replyResend = 0xfe

	kbdID1, kbdID2 = 0xab, 0x83

	overrunSet1 = 0xff
	overrun     = 0x00 // sets 2 and 3

	typematicDefault = 0x2b // 500 ms, 10.9 a second
	lastSet3Code     = 0x8f
)

// KeyboardState is what the keyboard holds.
type KeyboardState struct {
	Out       OutQueue
	Expect    uint8 // the command whose parameter is next
	Scanning  bool
	Set       uint8 // scan set 1 to 3
	LEDs      uint8 // bit 0 scroll, 1 number, 2 capitals
	Typematic uint8
	Held      [32]uint8 // keys that are down, by keyIndex
	NoRepeat  [32]uint8 // set 3: keys that don't repeat, by code
	NoBreak   [32]uint8 // set 3: keys without a break code
	Repeating uint16    // the key that repeats, 0 for none
	RepeatAt  uint64    // nanoseconds, bus.Never where none is due
}

func (k *KeyboardState) power() {
	*k = KeyboardState{Held: k.Held}
	k.defaults()
	k.Scanning = true
}

// defaults leaves the keys that are held and the lamps.
func (k *KeyboardState) defaults() {
	k.Out.clearData()
	k.Expect = 0
	k.Set = 2
	k.Typematic = typematicDefault
	k.NoRepeat, k.NoBreak = [32]uint8{}, [32]uint8{}
	k.Repeating, k.RepeatAt = 0, bus.Never
}

func (k *KeyboardState) held(key uint16) bool {
	i, ok := keyIndex(key)
	return ok && bit(k.Held[:], i)
}

// delay and period of the typematic repeat in nanoseconds (TR, "Set typematic
// rate/delay").
func (k *KeyboardState) delay() uint64 { return uint64(k.Typematic>>5&3+1) * 250_000_000 }

func (k *KeyboardState) period() uint64 {
	return (8 + uint64(k.Typematic&7)) << (k.Typematic >> 3 & 3) * 1_000_000_000 / 240
}

// LEDs are the keyboard's lamps: bit 0 scroll lock, 1 number lock, 2 capitals
// lock.
func (c *Controller) LEDs() uint8 { return c.state.Keyboard.LEDs }

// Key presses or lets go a key, named by its make code of scan set 1, E0xxh for
// keys with that prefix, KeyPause for Pause. A key that is down already, up
// already or that no keyboard has does nothing; the keyboard repeats a key that
// is held by itself.
func (c *Controller) Key(scancode uint16, down bool) {
	k := &c.state.Keyboard
	i, ok := keyIndex(scancode)
	if !ok || bit(k.Held[:], i) == down {
		return
	}
	seq := k.sequence(scancode, down)
	setBit(k.Held[:], i, down)
	if !k.Scanning {
		return
	}
	k.send(seq)
	switch {
	case down && scancode != KeyPause && !k.fixed(scancode):
		k.Repeating, k.RepeatAt = scancode, c.clock.Now()+k.delay()
	case down || scancode == k.Repeating:
		k.Repeating, k.RepeatAt = 0, bus.Never
	}
	c.repeatTimer.Set(k.RepeatAt)
	c.settle()
}

// Takes tells whether Key would lose nothing of a key now: its codes fit into the
// keyboard's buffer, or it sends none.
func (c *Controller) Takes(scancode uint16, down bool) bool {
	k := &c.state.Keyboard
	i, ok := keyIndex(scancode)
	return !ok || bit(k.Held[:], i) == down || !k.Scanning || k.Out.fits(len(k.sequence(scancode, down))+1)
}

// OnReady has f called after each command to the keyboard, as some empty its
// buffer: what waits outside then comes in at that instruction and not when
// somebody looks next. Otherwise room comes with an event of the clock.
func (c *Controller) OnReady(f func()) { c.ready = f }

// fixed tells whether a key has no repeat.
func (k *KeyboardState) fixed(key uint16) bool {
	return k.Set == 3 && bit(k.NoRepeat[:], set3Code(key))
}

// send queues the codes of a key. Those that don't fit are replaced by the
// overrun code in the last place, once.
func (k *KeyboardState) send(seq []uint8) {
	if k.Out.fits(len(seq) + 1) {
		k.Out.push(seq...)
		return
	}
	code := uint8(overrun)
	if k.Set == 1 {
		code = overrunSet1
	}
	if n := k.Out.DataLength; k.Out.fits(1) && (n == 0 || k.Out.Data[n-1] != code) {
		k.Out.push(code)
	}
}

// repeat is the timer of the typematic repeat. Repeats that don't fit are
// left out.
func (c *Controller) repeat() {
	k := &c.state.Keyboard
	seq := k.sequence(k.Repeating, true)
	if k.Scanning && k.Out.fits(len(seq)+1) {
		k.Out.push(seq...)
	}
	k.RepeatAt = c.clock.Now() + k.period()
	c.repeatTimer.Set(k.RepeatAt)
	c.settle()
}

// keyboardByte is a byte from the host to the keyboard.
func (c *Controller) keyboardByte(v uint8) {
	k := &c.state.Keyboard
	command := k.Expect
	k.Expect = 0
	if command == 0 || !k.parameter(command, v) {
		k.command(v)
	}
	if k.RepeatAt != c.repeatTimer.Deadline() {
		c.repeatTimer.Set(k.RepeatAt)
	}
}

// parameter takes the byte after a command; false if it is a new command.
func (k *KeyboardState) parameter(command, v uint8) bool {
	switch command {
	case kbdSetLEDs:
		if v >= 0x80 {
			return false
		}
		k.LEDs = v & 7
	case kbdTypematic:
		if v >= 0x80 {
			return false
		}
		k.Typematic = v
	case kbdScanSet:
		return k.scanSet(v)
	default: // a list of keys, ended by the next command
		if v > lastSet3Code {
			return false
		}
		k.keyType(command-kbdKeyTypematic+kbdAllTypematic, v)
		k.Expect = command
	}
	k.Out.reply(replyACK)
	return true
}

// scanSet chooses a scan set, or tells it for 0.
func (k *KeyboardState) scanSet(v uint8) bool {
	switch {
	case v == 0:
		k.Out.reply(replyACK, k.Set)
	case v <= 3:
		k.Out.clearData()
		k.Set = v
		k.Out.reply(replyACK)
	default:
		return false
	}
	return true
}

// keyType sets the type of a key of set 3 as the command for all keys does.
func (k *KeyboardState) keyType(all, code uint8) {
	setBit(k.NoRepeat[:], code, all == kbdAllMakeBreak || all == kbdAllMake)
	setBit(k.NoBreak[:], code, all == kbdAllTypematic || all == kbdAllMake)
}

func (k *KeyboardState) command(v uint8) {
	switch v {
	case kbdSetLEDs, kbdTypematic, kbdScanSet, kbdKeyTypematic, kbdKeyMakeBreak, kbdKeyMake:
		k.Expect = v
		k.Out.reply(replyACK)
	case kbdEcho:
		k.Out.reply(kbdEcho)
	case kbdReadID:
		k.Out.reply(replyACK, kbdID1, kbdID2)
	case kbdEnable:
		k.Out.clearData()
		k.Scanning = true
		k.Out.reply(replyACK)
	case kbdDisable, kbdDefaults:
		k.defaults()
		k.Scanning = k.Scanning && v == kbdDefaults
		k.Out.reply(replyACK)
	case kbdAllTypematic, kbdAllMakeBreak, kbdAllMake, kbdAllEverything:
		for code := range lastSet3Code + 1 {
			k.keyType(v, uint8(code))
		}
		k.Out.reply(replyACK)
	case cmdResend:
		k.Out.reply(k.Out.Last)
	case cmdReset:
		k.Out.clear()
		k.power()
		k.Out.reply(replyACK, replyBAT)
	default:
		k.Out.reply(replyResend)
	}
}
