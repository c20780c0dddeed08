package bios

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// scan passes scan codes to the handler of IRQ 1 and answers what it wants to
// be called.
func (k *kit) scan(codes ...uint8) []uint8 {
	var calls []uint8
	for _, c := range codes {
		if ah := k.call(vecKeyboardIRQ, frame{ax: reg(c)}).ax.h(); ah != 0 {
			calls = append(calls, ah)
		}
	}
	return calls
}

func (k *kit) key(ah uint8) (uint16, bool) {
	f := k.call(vecKeyboard, frame{ax: reg(ah+1) << 8})
	if f.zf() {
		return 0, false
	}
	f = k.call(vecKeyboard, frame{ax: reg(ah) << 8})
	return f.ax.x(), f.status == statusDone
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		name     string
		codes    []uint8
		old, ext uint16 // by AH=00h (zero: none) and by AH=10h
	}{
		{"a letter", []uint8{0x1e, 0x9e}, 0x1e61, 0x1e61},
		{"Shift", []uint8{0x2a, 0x1e}, 0x1e41, 0x1e41},
		{"right Shift released", []uint8{0x36, 0xb6, 0x1e}, 0x1e61, 0x1e61},
		{"Caps Lock", []uint8{0x3a, 0xba, 0x1e}, 0x1e41, 0x1e41},
		{"Caps Lock with Shift", []uint8{0x3a, 0xba, 0x2a, 0x1e}, 0x1e61, 0x1e61},
		{"Caps Lock does not shift digits", []uint8{0x3a, 0xba, 0x02}, 0x0231, 0x0231},
		{"a held Caps Lock toggles once", []uint8{0x3a, 0x3a, 0x3a, 0xba, 0x1e}, 0x1e41, 0x1e41},
		{"Ctrl-C", []uint8{0x1d, 0x2e}, 0x2e03, 0x2e03},
		{"Alt-F1", []uint8{0x38, 0x3b}, 0x6800, 0x6800},
		{"right Ctrl", []uint8{0xe0, 0x1d, 0x2e}, 0x2e03, 0x2e03},
		{"a digit", []uint8{0x02}, 0x0231, 0x0231},
		{"an exclamation mark", []uint8{0x2a, 0x02}, 0x0221, 0x0221},
		{"Enter", []uint8{0x1c}, 0x1c0d, 0x1c0d},
		{"the keypad's Enter", []uint8{0xe0, 0x1c}, 0x1c0d, 0xe00d},
		{"the keypad's slash", []uint8{0xe0, 0x35}, 0x352f, 0xe02f},
		{"cursor up", []uint8{0xe0, 0x48}, 0x4800, 0x48e0},
		{"cursor up wrapped in Shift", []uint8{0xe0, 0x2a, 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0xaa}, 0x4800, 0x48e0},
		{"keypad 8", []uint8{0x48}, 0x4800, 0x4800},
		{"keypad 8 with Num Lock", []uint8{0x45, 0xc5, 0x48}, 0x4838, 0x4838},
		{"keypad minus", []uint8{0x4a}, 0x4a2d, 0x4a2d},
		{"Ctrl-Home", []uint8{0x1d, 0x47}, 0x7700, 0x7700},
		{"F12", []uint8{0x58}, 0, 0x8600},
		{"Alt-6-5 on the keypad", []uint8{0x38, 0x4d, 0xcd, 0x4c, 0xcc, 0xb8}, 0x0041, 0x0041},
		{"Pause", []uint8{0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5}, 0, 0},
		{"an acknowledge", []uint8{0xfa}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for ah, want := range map[uint8]uint16{0x00: c.old, 0x10: c.ext} {
				k := newKit(t, nil)
				require.Empty(t, k.scan(c.codes...))
				got, ok := k.key(ah)
				require.Equal(t, want, got, "AH=%02xh", ah)
				require.Equal(t, want != 0, ok)
				_, more := k.key(ah)
				require.False(t, more, "one key only")
			}
		})
	}
}

func TestKeysThatCallInterrupts(t *testing.T) {
	k := newKit(t, nil)
	k.scan(0x1e)
	require.Equal(t, []uint8{keyBreak}, k.scan(0x1d, 0xe0, 0x46))
	require.Equal(t, byte(0x80), k.b.bdaByte(bdaBreak))
	got, ok := k.key(0x00)
	require.True(t, ok)
	require.Zero(t, got, "Break empties the buffer and puts a zero")
	k.scan(0x9d)
	require.Equal(t, []uint8{keyPrint}, k.scan(0xe0, 0x2a, 0xe0, 0x37))
	require.Equal(t, []uint8{keySysRq, keySysRqOff}, k.scan(0x54, 0x54, 0xd4))
}

func TestKeyboardWaitsAndFills(t *testing.T) {
	k := newKit(t, nil)
	require.Equal(t, uint16(statusWait), k.call(vecKeyboard, frame{}).status)
	for range 20 {
		k.scan(0x1e)
	}
	n := 0
	for {
		if _, ok := k.key(0x10); !ok {
			break
		}
		n++
	}
	require.Equal(t, 15, n, "the buffer holds one less than its 16 places")
	require.Zero(t, k.call(vecKeyboard, frame{ax: 0x0500, cx: 0x1234}).ax.l())
	got, _ := k.key(0x00)
	require.Equal(t, uint16(0x1234), got)
}

func TestShiftState(t *testing.T) {
	k := newKit(t, nil)
	k.scan(0x2a, 0xe0, 0x38, 0x45)
	require.Equal(t, byte(shiftLeft|shiftAlt|lockNum), k.call(vecKeyboard, frame{ax: 0x0200}).ax.l())
	require.Equal(t, byte(kbdRightAlt|lockNum), k.call(vecKeyboard, frame{ax: 0x1200}).ax.h())
}

func TestMousePackets(t *testing.T) {
	k := newKit(t, nil)
	require.True(t, k.call(vecSystem, frame{ax: 0xc200, bx: 0x0100}).cf(), "no handler yet")
	require.False(t, k.call(vecSystem, frame{ax: 0xc207, bx: 0x5678, es: 0x1234}).cf())
	require.False(t, k.call(vecSystem, frame{ax: 0xc200, bx: 0x0100}).cf())
	require.Contains(t, k.ports.log, portWrite{portKbdData, 0xf4})
	send := func(v uint8) frame {
		k.ports.queue[portKbd] = []uint8{kbdOBF | kbdAux}
		k.ports.queue[portKbdData] = []uint8{v}
		return k.call(vecMouseIRQ, frame{})
	}
	require.Zero(t, send(0xfa).ax.h(), "the acknowledge")
	require.Zero(t, send(0x09).ax.h())
	require.Zero(t, send(5).ax.h())
	f := send(0xfa)
	require.Equal(t, byte(1), f.ax.h())
	require.Equal(t, []uint16{0x09, 5, 0xfa, 0x1234, 0x5678}, []uint16{f.bx.x(), f.cx.x(), f.dx.x(), f.ds, f.si.x()})
}
