package vga

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
)

// rig is a VGA seen as a processor sees it: by port numbers and addresses.
type rig struct {
	*VGA
	t     *testing.T
	clock *bus.Clock
	ports *bus.Ports
}

func newRig(t *testing.T) *rig {
	clock := bus.NewClock()
	v := New(clock)
	ports := bus.NewPorts()
	require.NoError(t, ports.Map("vga", PortsBase, PortsSize, 2, v.Ports()))
	return &rig{v, t, clock, ports}
}

func textRig(t *testing.T) *rig {
	r := newRig(t)
	r.SetTextMode()
	return r
}

func (r *rig) out(port uint16, v uint32)  { r.ports.Out(port, 1, uint64(v)) }
func (r *rig) outw(port uint16, v uint32) { r.ports.Out(port, 2, uint64(v)) }
func (r *rig) in(port uint16) uint32      { return uint32(r.ports.In(port, 1)) }

func (r *rig) peek(address uint64) byte {
	return byte(r.Memory().Read(address-MemoryBase, 1))
}

func (r *rig) poke(address uint64, size int, value uint64) {
	r.Memory().Write(address-MemoryBase, size, value)
}

func (r *rig) print(row, column int, text string) {
	for i := range len(text) {
		r.poke(0xb8000+uint64(row*80+column+i)*2, 2, 0x0700|uint64(text[i]))
	}
}

func TestResetIsUnprogrammed(t *testing.T) {
	r := newRig(t)
	require.EqualValues(t, 0xff, r.peek(0xb8000), "memory is off")
	require.EqualValues(t, 0xff, r.in(0x3d4), "CRTC at the monochrome address")
	require.EqualValues(t, 0, r.in(0x3b4))
	require.True(t, r.Screen().Blank)
	r.SetTextMode()
	r.Reset()
	require.Equal(t, New(bus.NewClock()).Save(), r.Save())
}

func TestPortReadBack(t *testing.T) {
	rows := []struct {
		name        string
		index, data uint16
		register    uint32
		write, want uint32
	}{
		{"sequencer reset", 0x3c4, 0x3c5, 0, 0xff, 0x03},
		{"sequencer clocking", 0x3c4, 0x3c5, 1, 0xff, 0x3d},
		{"sequencer map mask", 0x3c4, 0x3c5, 2, 0xff, 0x0f},
		{"sequencer memory mode", 0x3c4, 0x3c5, 4, 0xff, 0x0e},
		{"sequencer past the end", 0x3c4, 0x3c5, 5, 0x12, 0xff},
		{"CRTC start address", 0x3d4, 0x3d5, 0x0c, 0x5a, 0x5a},
		{"CRTC line compare", 0x3d4, 0x3d5, 0x18, 0x77, 0x77},
		{"CRTC past the end", 0x3d4, 0x3d5, 0x19, 0x77, 0xff},
		{"graphics set/reset", 0x3ce, 0x3cf, 0, 0xff, 0x0f},
		{"graphics mode", 0x3ce, 0x3cf, 5, 0xff, 0x7b},
		{"graphics bit mask", 0x3ce, 0x3cf, 8, 0xa5, 0xa5},
		{"graphics past the end", 0x3ce, 0x3cf, 9, 0xa5, 0xff},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := textRig(t)
			r.ports.Out(row.index, 2, uint64(row.write<<8|row.register))
			require.EqualValues(t, row.register, r.in(row.index))
			require.EqualValues(t, row.want, r.in(row.data))
		})
	}
}

func TestMiscOutputMovesCRTC(t *testing.T) {
	r := textRig(t)
	r.out(0x3c2, r.in(0x3cc)&^1)
	r.outw(0x3b4, 0x120e)
	require.EqualValues(t, 0x12, r.in(0x3b5))
	require.EqualValues(t, 0xff, r.in(0x3d5))
	require.EqualValues(t, 0xff, r.in(0x3da))
	r.outw(0x3d4, 0x340e)
	r.out(0x3c2, 0x67)
	require.EqualValues(t, 0x12, r.in(0x3d5), "a write to the other address is lost")
}

func TestCRTCProtect(t *testing.T) {
	r := textRig(t)
	r.outw(0x3d4, 0x1100) // register 0, protected by bit 7 of register 11h
	require.EqualValues(t, 0x5f, r.in(0x3d5))
	r.outw(0x3d4, 0x0007) // only the line compare bit of register 7 changes
	require.EqualValues(t, 0x0f, r.in(0x3d5))
	r.outw(0x3d4, 0x0e11)
	r.outw(0x3d4, 0x1100)
	require.EqualValues(t, 0x11, r.in(0x3d5))
}

func TestAttributeFlipFlop(t *testing.T) {
	r := textRig(t)
	r.in(0x3da)
	r.out(0x3c0, 0x13)
	require.EqualValues(t, 0x13, r.in(0x3c0))
	require.EqualValues(t, 0x08, r.in(0x3c1))
	require.True(t, r.Screen().Blank, "index without the palette source blanks the screen")
	r.out(0x3c0, 0x05)
	require.EqualValues(t, 0x05, r.in(0x3c1))
	r.out(0x3c0, 0x30) // index again
	r.in(0x3da)        // and data never comes
	r.out(0x3c0, 0x31)
	require.EqualValues(t, 0x31, r.in(0x3c0))
	require.False(t, r.Screen().Blank)
	r.in(0x3da)
	r.out(0x3c0, 0x35)
	require.EqualValues(t, 0xff, r.in(0x3c1), "no such register")
	r.out(0x3c0, 0x12)
}

func TestDAC(t *testing.T) {
	r := textRig(t)
	r.out(0x3c8, 0xff)
	for _, v := range []uint32{1, 2, 0xff, 4, 5, 6} { // wraps from 255 to 0
		r.out(0x3c9, v)
	}
	require.EqualValues(t, 0, r.in(0x3c7))
	require.EqualValues(t, 1, r.in(0x3c8))
	r.out(0x3c7, 0xff)
	require.EqualValues(t, 3, r.in(0x3c7))
	for _, want := range []uint32{1, 2, 0x3f, 4, 5, 6, 0, 0, 0x2a} {
		require.Equal(t, want, r.in(0x3c9))
	}
	r.out(0x3c6, 0x0f)
	require.EqualValues(t, 0x0f, r.in(0x3c6))
}

func TestDefaultPalette(t *testing.T) {
	r := textRig(t)
	rows := []struct {
		name    string
		index   uint32
		r, g, b uint32
	}{
		{"black", 0x00, 0, 0, 0},
		{"blue", 0x01, 0, 0, 42},
		{"brown", 0x14, 42, 21, 0},
		{"grey", 0x07, 42, 42, 42},
		{"dark grey", 0x38, 21, 21, 21},
		{"white", 0x3f, 63, 63, 63},
	}
	for _, row := range rows {
		r.out(0x3c7, row.index)
		require.Equal(t, []uint32{row.r, row.g, row.b}, []uint32{r.in(0x3c9), r.in(0x3c9), r.in(0x3c9)}, row.name)
	}
}

func TestRetraceFollowsTheClock(t *testing.T) {
	r := textRig(t)
	// 449 lines of 900 dots at 28.322 MHz: 70.09 frames a second.
	const step = 1000
	var retraces, displayed, samples int
	last := uint32(0)
	for r.clock.Now() < 1_000_000_000 {
		status := r.in(0x3da)
		if status&8 != 0 && last&8 == 0 {
			retraces++
		}
		if status&1 == 0 {
			require.Zero(t, status&8)
			displayed++
		}
		samples++
		last = status
		r.clock.Advance(step)
	}
	require.Equal(t, 70, retraces)
	require.InDelta(t, 80.0*400/(100*449), float64(displayed)/float64(samples), 0.01)
}

func TestGenerationFollowsChanges(t *testing.T) {
	r := textRig(t)
	g := r.Generation()
	changed := func() bool {
		old := g
		g = r.Generation()
		return g != old
	}
	r.in(0x3da)
	r.peek(0xb8000)
	r.print(0, 0, " ")
	require.False(t, changed(), "same character again")
	r.print(0, 0, "x")
	require.True(t, changed())
	r.outw(0x3d4, 0x010f)
	require.True(t, changed(), "cursor moved")
	r.outw(0x3d4, 0x010f)
	require.False(t, changed())
	r.out(0x3c0, 0x00)
	require.True(t, changed(), "screen off")
}

func TestSaveLoadSave(t *testing.T) {
	r := textRig(t)
	r.print(3, 4, "saved")
	r.peek(0xb8001)
	r.out(0x3c8, 7)
	r.out(0x3c9, 1)
	r.out(0x3c0, 0x31)
	saved := r.Save()
	other := newRig(t)
	require.NoError(t, other.Load(saved))
	require.Equal(t, saved, other.Save())
	require.Equal(t, r.Screen(), other.Screen())
	other.out(0x3c9, 2)
	require.NotEqual(t, saved, other.Save())
}

func TestLoadRefuses(t *testing.T) {
	rows := []struct {
		name   string
		damage func(s *State)
	}{
		{"DAC component", func(s *State) { s.DACComponent = 3 }},
		{"colour compare", func(s *State) { s.Graphics[2] = 0x10 }},
		{"map mask", func(s *State) { s.Sequencer[2] = 0xff }},
		{"index", func(s *State) { s.CRTCIndex = 0x40 }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := textRig(t)
			before := r.Save()
			s := r.s
			row.damage(&s)
			require.Error(t, r.Load(bus.Marshal(kind, version, &s)))
			require.Equal(t, before, r.Save())
		})
	}
	r := textRig(t)
	require.Error(t, r.Load(bus.Marshal(kind, version+1, &r.s)))
	require.Error(t, r.Load(bus.Marshal("ega", version, &r.s)))
	require.Error(t, r.Load(nil))
}

// TestLoadedStateIsSafe loads states with any one register byte set to all
// ones: what is not refused must work.
func TestLoadedStateIsSafe(t *testing.T) {
	r := textRig(t)
	saved := r.Save()
	for i := range len(saved) - 4*planeSize {
		damaged := bytes.Clone(saved)
		damaged[i] = 0xff
		if r.Load(damaged) != nil {
			continue
		}
		for port := uint16(PortsBase); port < PortsBase+PortsSize; port++ {
			r.in(port)
		}
		for mode := range uint32(4) {
			r.outw(0x3ce, mode<<8|0x0805)
			r.peek(0xb8000)
			r.poke(0xb8000, 2, 0x1234)
		}
		r.Screen()
	}
}

func TestCP437(t *testing.T) {
	seen := map[rune]int{}
	for code, char := range CP437 {
		require.NotEqual(t, utf8.RuneError, char)
		if code >= 0x20 && code < 0x7f {
			require.EqualValues(t, code, char)
		}
		if char != ' ' {
			require.NotContains(t, seen, char, "%#x", code)
		}
		seen[char] = code
	}
	for code, want := range map[int]rune{0x1f: '▼', 0x7f: '⌂', 0x80: 'Ç', 0xb0: '░', 0xb3: '│', 0xda: '┌', 0xdf: '▀', 0xe0: 'α', 0xfe: '■'} {
		require.Equal(t, want, CP437[code])
	}
}

func FuzzRegistersAndMemory(f *testing.F) {
	f.Add([]byte{0x14, 2, 0x04, 0x0f, 0x80, 4, 1, 2}, true)
	f.Add([]byte{0x12, 1, 0xff, 0, 0x1e, 2, 0x05, 0x0b, 0xc0, 8, 0xff, 0x55}, false)
	f.Fuzz(func(t *testing.T, program []byte, save bool) {
		clock := bus.NewClock()
		v := New(clock)
		v.SetTextMode()
		for ; len(program) >= 4; program = program[4:] {
			op, size := program[0], 1<<(program[1]&3)
			value := uint64(program[2]) | uint64(program[3])<<8
			clock.Advance(uint64(program[1]) << 12)
			switch {
			case op < 0x40:
				v.Ports().Write(uint64(op), size, value)
				v.Ports().Read(uint64(op), size)
			case op < 0x80:
				v.Memory().Read(uint64(op)<<11|value, size)
			default:
				v.Memory().Write(uint64(op)<<10+value, size, value*0x10001)
			}
		}
		screen := v.Screen()
		require.Len(t, screen.Cells, screen.Columns*screen.Rows)
		_ = screen.String()
		if !save { // it takes a hundred times as long as the rest
			return
		}
		saved := v.Save()
		require.NoError(t, v.Load(saved))
		require.True(t, bytes.Equal(saved, v.Save()))
	})
}
