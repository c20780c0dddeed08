package piix

import (
	"math/big"
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

const base = 0xb000

// pmRig is a PM function with its window at base, as a BIOS sets it.
type pmRig struct {
	*PM
	clock *bus.Clock
	ports *bus.Ports
	sci   bool
	edges int
	off   int
}

func newRig(t testing.TB) *pmRig {
	r := &pmRig{clock: bus.NewClock(), ports: bus.NewPorts()}
	sci := bus.LineFunc(func(level bool) {
		r.sci = level
		r.edges++
	})
	r.PM = NewPM(r.clock, sci, func() { r.off++ }, r.ports)
	require.NoError(t, r.ports.Map("apm", 0xb2, 2, 1, r.APM()))
	return r
}

func newPMRig(t testing.TB) *pmRig {
	r := newRig(t)
	r.WriteConfig(0x40, 4, base|1)
	r.WriteConfig(0x80, 1, 1)
	return r
}

func (r *pmRig) in(offset uint16, size int) uint32     { return uint32(r.ports.In(base+offset, size)) }
func (r *pmRig) out(offset uint16, size int, v uint32) { r.ports.Out(base+offset, size, uint64(v)) }

func TestPMIdentity(t *testing.T) {
	r := newRig(t)
	require.Equal(t, uint32(0x7113_8086), r.ReadConfig(0, 4))
	require.Equal(t, uint32(0x0680_0003), r.ReadConfig(8, 4))
	require.Equal(t, uint32(1), r.ReadConfig(0x3d, 1))
	require.Equal(t, uint32(1), r.ReadConfig(0x40, 4), "an I/O base")
	r.WriteConfig(0x40, 4, 0xffff_ffff)
	require.Equal(t, uint32(0xffc1), r.ReadConfig(0x40, 4), "64 ports in 64 KiB")
}

func TestWindowMoves(t *testing.T) {
	r := newRig(t)
	r.WriteConfig(0x40, 4, base|1)
	require.Equal(t, "", r.ports.Name(base), "not enabled")
	r.WriteConfig(0x80, 1, 1)
	require.Equal(t, "PIIX4 power management", r.ports.Name(base+63))
	r.WriteConfig(0x40, 2, 0x4000)
	require.Equal(t, "", r.ports.Name(base))
	require.NotEqual(t, "", r.ports.Name(0x4000))
	r.WriteConfig(0x40, 2, 0x0080) // over the APM ports
	require.Equal(t, "", r.ports.Name(0x4000))
	require.ErrorContains(t, r.MapError(), "overlaps apm at 0xb2")
	r.WriteConfig(0x40, 2, 0x4000)
	require.NoError(t, r.MapError())
	require.NotEqual(t, "", r.ports.Name(0x4000))
	r.WriteConfig(0x80, 1, 0)
	require.Equal(t, "", r.ports.Name(0x4000))
	r.WriteConfig(0x80, 1, 1)
	r.Reset()
	require.Equal(t, "", r.ports.Name(0x4000))
}

func TestPMTimerIsExact(t *testing.T) {
	r := newPMRig(t)
	for _, ns := range []uint64{0, 279, 280, 558, 559, 1_000_000_000, 4_687_500_000, 86_400_000_000_000, 1 << 62} {
		r.clock.Set(ns)
		want := new(big.Int).Mul(new(big.Int).SetUint64(ns), big.NewInt(3_579_545))
		want.Div(want, big.NewInt(1_000_000_000)).And(want, big.NewInt(0xff_ffff))
		require.Equal(t, uint32(want.Uint64()), r.in(8, 4), "at %d ns", ns)
	}
	require.Equal(t, r.in(8, 4)>>8&0xffff, r.in(9, 2), "unaligned")
}

func TestTimerStatus(t *testing.T) {
	const half = 2_343_484_438 // ns; 2^23 ticks, rounded up
	r := newPMRig(t)
	r.clock.Advance(half - 1)
	require.Zero(t, r.in(0, 2)&1)
	require.Equal(t, uint32(0x7f_ffff), r.in(8, 4))
	r.clock.Advance(1)
	require.Equal(t, uint32(0x80_0000), r.in(8, 4))
	require.Equal(t, uint32(1), r.in(0, 2)&1)
	r.out(0, 2, 1)
	require.Zero(t, r.in(0, 2)&1, "cleared by a one")

	r.out(2, 2, 1)
	require.Equal(t, uint64(bus.Never), r.clock.Next(), "no event without SCI_EN")
	r.ports.Out(0xb2, 1, ACPIEnable)
	require.NotEqual(t, uint64(bus.Never), r.clock.Next())
	r.clock.Advance(half)
	require.True(t, r.sci)
	require.Zero(t, r.in(8, 4), "wrapped")
	r.out(0, 2, 1)
	require.False(t, r.sci)
	require.Equal(t, 2, r.edges)
	r.out(2, 2, 0)
	require.Equal(t, uint64(bus.Never), r.clock.Next())
}

func TestPowerButton(t *testing.T) {
	r := newPMRig(t)
	r.PowerButton()
	require.False(t, r.sci)
	require.Equal(t, uint32(1<<8), r.in(0, 2), "remembered")
	r.out(0, 2, 1<<8)

	r.out(3, 1, 1) // PWRBTN_EN by its byte
	r.PowerButton()
	require.False(t, r.sci, "ACPI is not enabled")
	r.ports.Out(0xb2, 1, ACPIEnable)
	require.Equal(t, uint32(1), r.in(4, 2))
	require.True(t, r.sci)
	r.out(1, 1, 1)
	require.False(t, r.sci)
	require.Equal(t, uint32(0x0100_0000), r.in(0, 4))
	r.PowerButton()
	require.True(t, r.sci)
	r.ports.Out(0xb2, 1, ACPIDisable)
	require.Zero(t, r.in(4, 2))
	require.False(t, r.sci)
	require.Zero(t, r.off)
}

func TestSoftOff(t *testing.T) {
	for _, row := range []struct {
		name  string
		size  int
		value uint32
		at    uint16
		off   int
	}{
		{"S5", 2, 1<<13 | 1, 4, 1},
		{"S5 by its byte", 1, 1 << 5, 5, 1},
		{"SLP_TYP alone", 2, 1, 4, 0},
		{"another sleep type", 2, 1<<13 | 1<<10, 4, 0},
		{"the low byte alone", 1, 0xff, 4, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newPMRig(t)
			r.out(row.at, row.size, row.value)
			require.Equal(t, row.off, r.off)
			require.Zero(t, r.in(4, 2)&(1<<13), "SLP_EN is write-only")
		})
	}
}

func TestAPMPorts(t *testing.T) {
	r := newPMRig(t)
	r.ports.Out(0xb2, 2, 0x34f1)
	require.Equal(t, uint64(0x34f1), r.ports.In(0xb2, 2))
	require.Equal(t, uint64(0x34), r.ports.In(0xb3, 1))
	require.Equal(t, uint32(1), r.in(4, 2))
}

func TestGlobalRelease(t *testing.T) {
	r := newPMRig(t)
	r.out(2, 2, 1<<5)
	r.ports.Out(0xb2, 1, ACPIEnable)
	r.out(0x28, 4, 2)
	require.True(t, r.sci)
	require.Equal(t, uint32(1<<5), r.in(0, 2))
}

func TestGeneralRegisters(t *testing.T) {
	r := newPMRig(t)
	require.Equal(t, uint32(0x7fffbfff), r.in(0x34, 4))
	r.out(0x34, 1, 0)
	require.Equal(t, uint32(0x7fffbf00), r.in(0x34, 4))
	r.out(0x0c, 4, 0xffff_ffff)
	require.Equal(t, uint32(0x0f01_0000), r.in(0x0c, 4), "no general-purpose event")
	r.out(0x06, 4, 0) // across two dwords, of reserved bytes
	require.Zero(t, r.in(0x06, 2))
}

func TestSMBusFindsNobody(t *testing.T) {
	r := newRig(t)
	r.WriteConfig(0x90, 4, 0xb101)
	require.Equal(t, "", r.ports.Name(0xb100))
	r.WriteConfig(0xd2, 1, 1)
	r.ports.Out(0xb104, 1, 0xa1)
	r.ports.Out(0xb102, 1, 0x48)
	require.Equal(t, uint64(0x04), r.ports.In(0xb100, 1), "device error")
	require.Equal(t, uint64(0x08), r.ports.In(0xb102, 1))
	r.ports.Out(0xb100, 1, 0xff)
	require.Zero(t, r.ports.In(0xb100, 1))
}

func TestPMSaveLoad(t *testing.T) {
	a := newPMRig(t)
	a.ports.Out(0xb2, 2, 0x12f1)
	a.out(2, 2, 0x0101)
	a.clock.Advance(1_234_567_890)
	a.PowerButton()
	saved := a.Save()

	b := newRig(t)
	b.clock.Restore(a.clock.Now())
	require.NoError(t, b.Load(saved))
	require.Equal(t, saved, b.Save())
	require.Zero(t, b.edges, "no edge on load")
	require.Equal(t, a.in(0, 4), b.in(0, 4), "the window is mapped")
	require.Equal(t, a.in(8, 4), b.in(8, 4))
	require.Equal(t, a.clock.Next(), b.clock.Next())
	b.out(0, 2, 1<<8)
	require.Equal(t, 1, b.edges)
	require.False(t, b.sci)
	require.Error(t, b.Load(saved[:9]))
	before := b.Save()
	for name, damage := range map[string]func(s *PMState){
		"status": func(s *PMState) { s.Status = 1 << 15 }, "enable": func(s *PMState) { s.Enable = 2 },
		"sleeping": func(s *PMState) { s.Control |= slpEn }, "time to come": func(s *PMState) { s.HalfTurns++ },
		"a fixed register": func(s *PMState) { s.Config[0]++ },
	} {
		s := a.State()
		damage(&s)
		require.Error(t, b.Load(bus.Marshal(pmKind, pmVersion, &s)), name)
	}
	require.Equal(t, before, b.Save())
}

func FuzzPM(f *testing.F) {
	f.Add([]byte{0x40, 2, 0, 0xb0, 0x80, 0, 1, 0, 0x84, 1, 0, 0x20})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newPMRig(t)
		for ; len(data) >= 4; data = data[4:] {
			size := 1 << (data[1] % 3)
			v := uint32(data[2])<<8 | uint32(data[3]) | uint32(data[2])<<24
			switch data[1] >> 2 & 3 {
			case 0:
				r.WriteConfig(data[0]&^uint8(size-1), size, v)
			case 1:
				r.out(uint16(data[0]), size, v)
				r.in(uint16(data[0]), size)
			case 2:
				r.ports.Out(0xb0+uint16(data[0]&7), size, uint64(v))
			case 3:
				r.clock.Advance(uint64(v))
			}
		}
		saved := r.Save()
		q := newRig(t)
		q.clock.Restore(r.clock.Now())
		require.NoError(t, q.Load(saved))
		require.Equal(t, saved, q.Save())
	})
}
