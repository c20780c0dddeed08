package ringzero_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/host/image"
)

// boot makes a machine that boots a sector with the given code.
func boot(t *testing.T, code string, conf ringzero.Config) *ringzero.Machine {
	raw, err := hex.DecodeString(code)
	require.NoError(t, err)
	floppy := make([]byte, 1474560)
	copy(floppy, raw)
	floppy[510], floppy[511] = 0x55, 0xaa
	conf.Memory, conf.Floppy = 2<<20, image.Memory(floppy)
	if conf.MaxInstructions == 0 {
		conf.MaxInstructions = 5_000_000
	}
	m, err := ringzero.New(conf)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

func run(m *ringzero.Machine) (why ringzero.Stop) {
	for why = m.Step(); why == ringzero.Going; why = m.Step() {
	}
	return why
}

// The boot sector opens PAM0, overwrites the reset vector and resets by the
// 8042; a byte in CMOS tells it the second time, and it writes 7 to port 501h.
// The RAM behind the ROM shares its bytes, so the ROM was gone once.
func TestResetBringsTheROMBack(t *testing.T) {
	const code = "fab040e670e4713c5a742bb040e670b05ae67166b858000080baf80c66efbafd0cb030eeb800f08ec026c706f0fffaf4b0fee664ebfeba010566b80700000066efebfe"
	m := boot(t, code, ringzero.Config{})
	require.Equal(t, ringzero.DebugExit, run(m))
	v, ok := m.ExitValue()
	require.True(t, ok)
	require.EqualValues(t, 7, v)

	require.Equal(t, ringzero.Rebooted, run(boot(t, code, ringzero.Config{NoReboot: true})))
}

func TestLimitIsExact(t *testing.T) {
	m := boot(t, "ebfe", ringzero.Config{}) // jmp $
	require.Equal(t, ringzero.Limit, run(m))
	require.EqualValues(t, 5_000_000, m.Steps())
}

func TestValidate(t *testing.T) {
	for _, row := range []struct {
		name string
		conf ringzero.Config
		want string
	}{
		{"half a MiB", ringzero.Config{Memory: 1 << 19}, "whole MiB"},
		{"more than a host has", ringzero.Config{Memory: 1 << 60}, "whole MiB"},
		{"unknown processor", ringzero.Config{CPU: "z80"}, "486, max, pentium, pentiumpro"},
		{"a ROM of an odd size", ringzero.Config{BIOS: make([]byte, 1000)}, "multiple of 4096"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := ringzero.New(row.conf)
			require.ErrorContains(t, err, row.want)
		})
	}
}
