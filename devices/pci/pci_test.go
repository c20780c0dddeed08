package pci

import (
	"encoding/binary"
	"testing"

	"ringzero/bus"

	"github.com/stretchr/testify/require"
)

// register is a function whose bytes are all writable.
type register struct{ *bus.ConfigSpace }

func newRegister(id uint16) register {
	c := bus.NewConfigSpace(0x1af4, id, 0, 0)
	c.Writable(0x40, 4, 0xffff_ffff)
	return register{c}
}

func (r register) ReadConfig(offset uint8, size int) uint32     { return r.Read(offset, size) }
func (r register) WriteConfig(offset uint8, size int, v uint32) { r.Write(offset, size, v) }

// latch is a one-byte register.
type latch struct{ v uint64 }

func (l *latch) Read(uint64, int) uint64         { return l.v }
func (l *latch) Write(_ uint64, _ int, v uint64) { l.v = v & 0xff }

func newBus(t testing.TB) (*Bus, *bus.Ports, *latch) {
	b, ports, reset := New(), bus.NewPorts(), &latch{v: 0x5a}
	require.NoError(t, ports.Map("pci", 0xcf8, Ports, 4, b))
	b.AttachResetControl(reset)
	require.NoError(t, b.Attach(1, 0, newRegister(0x10)))
	require.NoError(t, b.Attach(1, 3, newRegister(0x13)))
	return b, ports, reset
}

func TestConfigurationMechanism1(t *testing.T) {
	for _, row := range []struct {
		name    string
		address uint64
		port    uint16
		size    int
		want    uint64
	}{
		{"vendor and device", 0x8000_0800, 0xcfc, 4, 0x0010_1af4},
		{"device as a word", 0x8000_0800, 0xcfe, 2, 0x0010},
		{"one byte", 0x8000_0800, 0xcfd, 1, 0x1a},
		{"low address bits are ignored", 0x8000_0803, 0xcfc, 4, 0x0010_1af4},
		{"function 3", 0x8000_0b00, 0xcfc, 4, 0x0013_1af4},
		{"no function 1", 0x8000_0900, 0xcfc, 4, 0xffff_ffff},
		{"no device 2", 0x8000_1000, 0xcfc, 2, 0xffff},
		{"no bus 1", 0x8001_0800, 0xcfc, 4, 0xffff_ffff},
		{"not enabled", 0x0000_0800, 0xcfc, 4, 0xffff_ffff},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, ports, _ := newBus(t)
			ports.Out(0xcf8, 4, row.address)
			require.Equal(t, row.want, ports.In(row.port, row.size))
		})
	}
}

func TestConfigWrites(t *testing.T) {
	_, ports, _ := newBus(t)
	ports.Out(0xcf8, 4, 0x8000_0840)
	ports.Out(0xcfc, 4, 0x1122_3344)
	ports.Out(0xcfd, 1, 0xaa)
	ports.Out(0xcfe, 2, 0xbbcc)
	require.Equal(t, uint64(0xbbcc_aa44), ports.In(0xcfc, 4))

	ports.Out(0xcf8, 4, 0x8000_0940) // nobody there
	ports.Out(0xcfc, 4, 0)
	ports.Out(0xcf8, 4, 0x8000_0840)
	require.Equal(t, uint64(0xbbcc_aa44), ports.In(0xcfc, 4))
}

func TestConfigAddressTakesDwordsOnly(t *testing.T) {
	_, ports, reset := newBus(t)
	ports.Out(0xcf8, 4, 0xffff_ffff)
	require.Equal(t, uint64(0x80ff_fffc), ports.In(0xcf8, 4), "reserved bits")
	ports.Out(0xcf8, 1, 0)
	ports.Out(0xcf8, 2, 0)
	ports.Out(0xcfa, 2, 0)
	require.Equal(t, uint64(0x80ff_fffc), ports.In(0xcf8, 4))
	require.Equal(t, uint64(0xffff), ports.In(0xcf8, 2))

	require.Equal(t, uint64(0x5a), ports.In(0xcf9, 1), "the reset control register")
	ports.Out(0xcf9, 1, 6)
	require.Equal(t, uint64(6), reset.v)
	require.Equal(t, uint64(0x80ff_fffc), ports.In(0xcf8, 4))
}

func TestAttach(t *testing.T) {
	b, _, _ := newBus(t)
	require.ErrorContains(t, b.Attach(1, 0, newRegister(0)), "00:01.0 is taken")
	require.ErrorContains(t, b.Attach(32, 0, newRegister(0)), "no place")
	require.ErrorContains(t, b.Attach(0, 8, newRegister(0)), "no place")
	require.Equal(t, uint32(0xffff), b.ReadConfig(77, 0, 0, 2))
	require.Equal(t, uint32(0x101a), b.ReadConfig(1, 0, 1, 2))
	require.Equal(t, uint32(0x0000_0010), b.ReadConfig(1, 0, 2, 4), "split across dwords")
}

func TestPIRQRotates(t *testing.T) {
	require.Equal(t, 0, PIRQ(1, 1))
	require.Equal(t, 3, PIRQ(1, 4))
	require.Equal(t, 2, PIRQ(3, 1))
	require.Equal(t, 3, PIRQ(0, 1))
}

func TestSaveLoad(t *testing.T) {
	a, ports, _ := newBus(t)
	ports.Out(0xcf8, 4, 0x8000_0b00)
	saved := a.Save()
	b, ports, _ := newBus(t)
	require.NoError(t, b.Load(saved))
	require.Equal(t, saved, b.Save())
	require.Equal(t, uint64(0x0013_1af4), ports.In(0xcfc, 4))
	require.Error(t, b.Load(saved[:len(saved)-1]))
	require.Error(t, b.Load(bus.Marshal(kind, version, &State{Address: 3})))
	b.Reset()
	require.Equal(t, uint64(0), ports.In(0xcf8, 4))
}

func FuzzRegisters(f *testing.F) {
	f.Add([]byte{0, 4, 0x40, 0x08, 0, 0x80, 4, 4, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, ports, _ := newBus(t)
		for ; len(data) >= 6; data = data[6:] {
			port, size := 0xcf8+uint16(data[0]&7), 1<<(data[1]%3)
			v := uint64(binary.LittleEndian.Uint32(data[2:]))
			ports.Out(port, size, v)
			ports.In(port, size)
		}
	})
}

func TestAccessAcrossAddressAndData(t *testing.T) {
	_, ports, _ := newBus(t)
	ports.Out(0xcf8, 4, 0x8000_0840)
	ports.Out(0xcfc, 4, 0x1122_3344)
	require.Equal(t, uint64(0x3344_ffff), ports.In(0xcfa, 4))
	ports.Out(0xcfa, 4, 0x5566_0000)
	require.Equal(t, uint64(0x1122_5566), ports.In(0xcfc, 4))
	require.Equal(t, uint64(0x8000_0840), ports.In(0xcf8, 4), "its bytes are not written")
	require.Equal(t, uint64(0xff11_2255), ports.In(0xcfd, 4), "past the window")
}

func TestConfigAPISplitsAtDwords(t *testing.T) {
	b, _, _ := newBus(t)
	b.WriteConfig(1, 0, 0x3e, 4, 0x7788_9999) // 3Eh and 3Fh are fixed
	require.Equal(t, uint32(0x7788), b.ReadConfig(1, 0, 0x40, 4))
	b.WriteConfig(2, 0, 0x40, 4, 1)
}
