package tests

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
)

// sector is a machine with a boot sector of some code, in hexadecimal.
func sector(t *testing.T, code string, conf ringzero.Config) *ringzero.Machine {
	raw, err := hex.DecodeString(strings.ReplaceAll(code, " ", ""))
	require.NoError(t, err)
	floppy := make([]byte, 1474560)
	copy(floppy, raw)
	floppy[510], floppy[511] = 0x55, 0xaa
	conf.Memory, conf.Floppy = 2<<20, ringzero.MemoryImage(floppy)
	if conf.MaxInstructions == 0 {
		conf.MaxInstructions = 5_000_000
	}
	m, err := ringzero.New(conf)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

// runOut runs a machine to its end.
func runOut(m *ringzero.Machine) (why ringzero.Stop) {
	for why = m.Step(); why == ringzero.Going; why = m.Step() {
	}
	return why
}
