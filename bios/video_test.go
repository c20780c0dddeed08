package bios

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// say writes text by AH=0Eh.
func (k *kit) say(s string) {
	for _, c := range []byte(s) {
		k.call(vecVideo, frame{ax: 0x0e00 | reg(c)})
	}
}

func TestTeletype(t *testing.T) {
	k := newKit(t, nil)
	k.say("one\r\ntwo\bO\r\n\athree")
	require.Equal(t, []string{"one", "twO", "three"}, []string{k.line(0), k.line(1), k.line(2)})
	f := k.call(vecVideo, frame{ax: 0x0300})
	require.Equal(t, uint16(0x0205), f.dx.x())
	require.Equal(t, uint16(0x0607), f.cx.x())
}

func TestTeletypeWrapsAndScrolls(t *testing.T) {
	k := newKit(t, nil)
	for range 80 {
		k.say("x")
	}
	k.say("y")
	require.Len(t, k.line(0), 80)
	require.Equal(t, "y", k.line(1))
	for range 24 {
		k.say("\n")
	}
	k.say("z")
	require.Equal(t, " z", k.line(24))
	require.Equal(t, "y", k.line(0), "the first line is gone")
}

func TestBannerIsShown(t *testing.T) {
	k := newKit(t, func(c *Config) { c.Banner = "ringzero BIOS" })
	require.Equal(t, "ringzero BIOS", k.line(0))
	require.Equal(t, "", k.line(1))
}

func TestScrollWindow(t *testing.T) {
	k := newKit(t, nil)
	k.say("aaaa\r\nbbbb\r\ncccc\r\ndddd")
	k.call(vecVideo, frame{ax: 0x0601, bx: 0x1f00, cx: 0x0001, dx: 0x0202})
	require.Equal(t, []string{"abba", "bccb", "c  c", "dddd"}, []string{k.line(0), k.line(1), k.line(2), k.line(3)})
	require.Equal(t, byte(0x1f), k.bytes(0xb8000+2*160+2+1, 1)[0], "the blanks have the attribute")
	k.call(vecVideo, frame{ax: 0x0701, bx: 0x0700, cx: 0x0000, dx: 0x0303})
	require.Equal(t, []string{"", "abba", "bccb", "c  c"}, []string{k.line(0), k.line(1), k.line(2), k.line(3)})
	k.call(vecVideo, frame{ax: 0x0600, cx: 0x0000, dx: 0x184f})
	require.Equal(t, "", k.line(1))
}

func TestCharactersAtTheCursor(t *testing.T) {
	k := newKit(t, nil)
	k.call(vecVideo, frame{ax: 0x0200, dx: 0x0510})
	k.call(vecVideo, frame{ax: 0x0941, bx: 0x004e, cx: 3})
	require.Equal(t, "                AAA", k.line(5))
	f := k.call(vecVideo, frame{ax: 0x0800})
	require.Equal(t, uint16(0x4e41), f.ax.x())
	k.call(vecVideo, frame{ax: 0x0a42, bx: 0x0012, cx: 1})
	require.Equal(t, uint16(0x4e42), k.call(vecVideo, frame{ax: 0x0800}).ax.x(), "AH=0Ah keeps the attribute")
}

func TestWriteStringInPieces(t *testing.T) {
	k := newKit(t, nil)
	text := make([]byte, 300)
	for i := range text {
		text[i] = 'a' + byte(i%26)
	}
	k.mem.Write(0x20000, text)
	k.call(vecVideo, frame{ax: 0x0200, dx: 0x0101})
	k.call(vecVideo, frame{ax: 0x1300, bx: 0x0017, cx: 300, dx: 0x0300, es: 0x2000})
	require.Equal(t, string(text[:80]), k.line(3))
	require.Equal(t, string(text[240:]), k.line(6))
	require.Equal(t, uint16(0x0101), k.call(vecVideo, frame{ax: 0x0300}).dx.x(), "mode 0 leaves the cursor")
	k.mem.Write(0x20000, []byte{'x', 0x70, 'y', 0x07})
	k.call(vecVideo, frame{ax: 0x1303, cx: 2, dx: 0x0a00, es: 0x2000})
	require.Equal(t, []byte{'x', 0x70, 'y', 0x07}, k.bytes(0xb8000+1600, 4))
	require.Equal(t, uint16(0x0a02), k.call(vecVideo, frame{ax: 0x0300}).dx.x())
}

func TestVideoProbes(t *testing.T) {
	k := newKit(t, nil)
	f := k.call(vecVideo, frame{ax: 0x0f00})
	require.Equal(t, uint16(0x5003), f.ax.x())
	f = k.call(vecVideo, frame{ax: 0x1a00})
	require.Equal(t, []uint16{0x1a1a & 0xff, 0x0008}, []uint16{f.ax.x() & 0xff, f.bx.x()})
	f = k.call(vecVideo, frame{ax: 0x1200, bx: 0x10})
	require.Equal(t, []uint16{0x0003, 0x0009}, []uint16{f.bx.x(), f.cx.x()})
	f = k.call(vecVideo, frame{ax: 0x4f00})
	require.NotEqual(t, byte(0x4f), f.ax.l(), "no VBE")
	f = k.call(vecVideo, frame{ax: 0x1130, bx: 0x0600})
	require.Equal(t, []uint16{16, 24}, []uint16{f.cx.x(), uint16(f.dx.l())})
	require.Equal(t, font(16)['A'*16:'B'*16], k.bytes(uint64(segment(f.es, f.bp.x()))+'A'*16, 16))
	f = k.call(vecVideo, frame{ax: 0x1b00, es: 0x2000})
	require.Equal(t, byte(0x1b), f.ax.l())
	require.Equal(t, byte(25), k.bytes(0x20022, 1)[0])
}

func TestModes(t *testing.T) {
	k := newKit(t, nil)
	k.say("gone")
	k.call(vecVideo, frame{ax: 0x0083})
	require.Equal(t, "gone", k.line(0), "bit 7 keeps the screen")
	k.call(vecVideo, frame{ax: 0x0001})
	require.Equal(t, byte(40), k.b.bdaByte(bdaColumns))
	k.call(vecVideo, frame{ax: 0x0055})
	require.Equal(t, byte(1), k.b.bdaByte(bdaMode), "an unknown mode changes nothing")
	k.call(vecVideo, frame{ax: 0x0003})
	require.Equal(t, "", k.line(0))
	k.call(vecVideo, frame{ax: 0x1112})
	require.Equal(t, byte(49), k.b.bdaByte(bdaRows), "50 lines of 8")
	for n := range videoModes {
		m := &videoModes[n]
		require.Equal(t, m.misc&1 == 0, m.number == 7, "mode %x", m.number)
		require.Equal(t, m.attr[0x10]&1 != 0, m.graphics, "mode %x", m.number)
		require.Equal(t, m.gc[6]&1 != 0, m.graphics, "mode %x", m.number)
	}
}

func TestPages(t *testing.T) {
	k := newKit(t, nil)
	k.call(vecVideo, frame{ax: 0x0502})
	k.say("p2")
	require.Equal(t, "", k.line(0))
	require.Equal(t, byte('p'), k.bytes(0xb8000+2*0x1000, 1)[0])
	require.Equal(t, byte(2), k.call(vecVideo, frame{ax: 0x0f00}).bx.h())
}

func TestFontsAreDrawn(t *testing.T) {
	for _, height := range []int{8, 14, 16} {
		f := font(height)
		require.Len(t, f, 256*height)
		seen := map[string]int{}
		for c := 0x21; c < 0x7f; c++ {
			g := string(f[c*height : (c+1)*height])
			require.NotContains(t, seen, g, "%c looks like %c at %d lines", c, seen[g], height)
			seen[g] = c
		}
		for y := range height {
			require.Equal(t, byte(0x18), f[0xb3*height+y], "a vertical line has no gap")
			require.Equal(t, byte(0xff), f[0xdb*height+y])
		}
	}
	require.Equal(t, byte(0xff), font(16)[0xc5*16+8], "the cross's bar")
}

func TestPalette256(t *testing.T) {
	for _, c := range []struct {
		name    string
		i       int
		r, g, b uint8
	}{
		{"black", 0, 0, 0, 0}, {"brown", 6, 0x2a, 0x15, 0}, {"white", 15, 0x3f, 0x3f, 0x3f},
		{"grey", 31, 63, 63, 63}, {"pure blue", 32, 0, 0, 0x3f}, {"pure red", 40, 0x3f, 0, 0},
		{"pure green", 48, 0, 0x3f, 0}, {"magenta", 36, 0x3f, 0, 0x3f}, {"end", 255, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, g, b := colour256(c.i)
			require.Equal(t, [3]uint8{c.r, c.g, c.b}, [3]uint8{r, g, b})
		})
	}
}
