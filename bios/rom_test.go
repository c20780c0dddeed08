package bios

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	missing "ringzero/internal/testkit/need"
)

func TestROMIsBuiltFromItsSource(t *testing.T) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		missing.Missing(t, missing.NASM, "nasm is not installed")
	}
	out := filepath.Join(t.TempDir(), "rom.bin")
	msg, err := exec.Command(nasm, "-f", "bin", "-o", out, "rom.asm").CombinedOutput()
	require.NoError(t, err, string(msg))
	built, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, built, romImage, "rom.bin is stale: nasm -f bin -o rom.bin rom.asm")
}

func TestROMImage(t *testing.T) {
	b := newKit(t, nil).b
	rom := b.ROM()
	require.Len(t, rom, romSize)
	require.Equal(t, byte(0xea), rom[0xfff0], "a far jump at the reset vector")
	require.Equal(t, uint16(0xf000), binary.LittleEndian.Uint16(rom[0xfff3:]))
	require.Equal(t, byte(0xfc), rom[0xfffe], "the model byte of an AT")
	require.Equal(t, romImage[:romTables], rom[:romTables], "the code is as assembled")
}

func TestVectorsPointIntoTheROM(t *testing.T) {
	k := newKit(t, nil)
	for _, n := range []int{0x08, 0x09, 0x10, 0x13, 0x15, 0x16, 0x19, 0x1a, 0x70, 0x74, 0x76} {
		v := binary.LittleEndian.Uint32(k.bytes(uint64(4*n), 4))
		require.Equal(t, uint32(0xf000), v>>16, "vector %02x", n)
		require.Less(t, v&0xffff, uint32(romTables), "vector %02x", n)
	}
	nothing := binary.LittleEndian.Uint16(k.bytes(4*0x1c, 2))
	require.Equal(t, byte(0xcf), k.b.ROM()[nothing], "vectors without a handler lead to an IRET")
	require.Zero(t, binary.LittleEndian.Uint32(k.bytes(4*0x60, 4)), "60h is free for programs")
}

func TestAWrongWordCallsNothing(t *testing.T) {
	k := newKit(t, nil)
	k.mem.Write(kitStack, make([]byte, frameSize))
	f := frame{vector: vecMemory}
	var p [frameSize]byte
	f.encode(p[:])
	k.mem.Write(kitStack, p[:])
	k.b.Write(0, 2, 0x1234)
	k.b.Write(0, 1, ServiceMagic&0xff)
	k.b.Write(1, 2, ServiceMagic)
	require.Equal(t, p[:], k.bytes(kitStack, frameSize))
}
