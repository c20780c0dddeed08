package ringzero_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/bus"
	"ringzero/host/image"
)

// boot makes a machine that boots a sector with the given code.
func boot(t *testing.T, code string, conf ringzero.Config) *ringzero.Machine {
	raw, err := hex.DecodeString(strip(code))
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

// TestResetOfTheProcessor: software for the 286 leaves protected mode by a reset of
// the processor, which the chips once did not survive. cli; IMR = 0aah; CMOS 0fh =
// 0ah; [467h] = what follows the reset: in al,21h; port 501h = al.
func TestResetOfTheProcessor(t *testing.T) {
	for _, how := range []string{
		"b0fe e664",           // mov al,0feh; out 64h,al
		"e492 0c01 e692",      // in al,92h; or al,1; out 92h,al
		"baf90c b004 ee",      // mov dx,0cf9h; mov al,4; out dx,al
		"e492 24fd 0c01 e692", // with line 20 masked
	} {
		t.Run(how, func(t *testing.T) {
			next := fmt.Sprintf("%02x7c", 30+len(strings.ReplaceAll(how, " ", ""))/2)
			m := boot(t, "fa 31c0 8ed8 b0aa e621 b08f e670 b00a e671 c7066704"+next+" c70669040000"+how+"f4 e421 30e4 ba0105 ef",
				ringzero.Config{NoReboot: true})
			require.Equal(t, ringzero.DebugExit, run(m))
			v, _ := m.ExitValue()
			require.EqualValues(t, 0xaa, v)
			require.Zero(t, m.CMOS(0x0f))
		})
	}
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
		{"half a MiB", ringzero.Config{Memory: 1 << 19}, "Memory: it must be whole MiB, from 2M to 64G"},
		{"more than a host has", ringzero.Config{Memory: 1 << 60}, "Memory: it must be whole MiB"},
		{"unknown processor", ringzero.Config{CPU: "z80"}, "CPU: it is one of 486, max, pentium, pentiumpro"},
		{"five disks", ringzero.Config{Disks: make([]ringzero.Disk, 5)}, "Disks: 5 are too many"},
		{"two firmwares", ringzero.Config{Kernel: &ringzero.Kernel{}, BIOS: make([]byte, 4096)}, "BIOS: a kernel is started"},
		{"a ROM of an odd size", ringzero.Config{BIOS: make([]byte, 1000)}, "multiple of 4096"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := ringzero.New(row.conf)
			require.ErrorContains(t, err, row.want)
		})
	}
}

// TestCMOS: what the setup bytes say of drives and memory, with their checksum.
func TestCMOS(t *testing.T) {
	for _, r := range []struct {
		name   string
		memory uint64
		floppy int
		disks  int
		want   map[uint8]uint8
	}{
		{"the least", 2 << 20, 0, 0, map[uint8]uint8{0x10: 0, 0x12: 0, 0x14: 0x0e, 0x15: 0x80, 0x16: 2, 0x17: 0, 0x18: 4, 0x34: 0, 0x35: 0}},
		{"a small floppy", 3 << 20, 368640, 0, map[uint8]uint8{0x10: 0x10, 0x14: 0x0f, 0x17: 0, 0x18: 8, 0x30: 0, 0x31: 8}},
		{"a large one, disks", 64 << 20, 1474560, 3, map[uint8]uint8{0x10: 0x40, 0x12: 0xff, 0x19: 47, 0x1a: 47, 0x17: 0, 0x18: 0xfc, 0x34: 0, 0x35: 3}},
	} {
		t.Run(r.name, func(t *testing.T) {
			conf := ringzero.Config{Memory: r.memory}
			if r.floppy != 0 {
				conf.Floppy = image.Memory(make([]byte, r.floppy))
			}
			for range r.disks {
				conf.Disks = append(conf.Disks, image.Memory(make([]byte, 1<<20)))
			}
			m, err := ringzero.New(conf)
			require.NoError(t, err)
			t.Cleanup(m.Close)
			for m.Steps() < 10_000 { // through POST, which leaves them alone
				if m.Step() != ringzero.Going {
					break
				}
			}
			sum := 0
			for i := uint8(0x10); i <= 0x2d; i++ {
				sum += int(m.CMOS(i))
			}
			require.Equal(t, sum, int(m.CMOS(0x2e))<<8|int(m.CMOS(0x2f)))
			for at, v := range r.want {
				require.Equal(t, v, m.CMOS(at), "CMOS %x", at)
			}
		})
	}
}

// TestNoMaster: a nil among the disks is a place without a drive.
func TestNoMaster(t *testing.T) {
	m, err := ringzero.New(ringzero.Config{Memory: 2 << 20, Disks: []ringzero.Disk{nil, image.Memory(make([]byte, 1<<20))}})
	require.NoError(t, err)
	t.Cleanup(m.Close)
	for m.Steps() < 10_000 && m.Step() == ringzero.Going {
	}
	require.Equal(t, uint8(0x0f), m.CMOS(0x12))
	m.StateHash()
}

// TestHashSeesDisks: a sector that was written is part of the state, of the
// floppy and of each disk, and where it lies matters.
func TestHashSeesDisks(t *testing.T) {
	blank := func() *image.Image { return image.Memory(make([]byte, 1474560)) }
	floppy, disk := blank(), blank()
	m, err := ringzero.New(ringzero.Config{Memory: 2 << 20, Floppy: floppy, Disks: []bus.Disk{disk}})
	require.NoError(t, err)
	t.Cleanup(m.Close)
	seen := map[string]bool{m.StateHash(): true}
	for _, d := range []*image.Image{floppy, disk} {
		for n := range int64(2) {
			require.NoError(t, d.WriteAt(make([]byte, bus.SectorSize), (5+n)*bus.SectorSize))
			hash := m.StateHash()
			require.False(t, seen[hash])
			seen[hash] = true
		}
	}
}

// TestKeyboardAfterPOST: a system that disables interrupts before anything comes
// from the keyboard, and reads nothing, gets the first key's interrupt.
func TestKeyboardAfterPOST(t *testing.T) {
	// cli; mov cx,2000; l: in al,64; test al,1; jnz e; loop l; mov al,0a; out 20,al; in al,20; e: mov dx,501; out dx,eax; hlt
	m := boot(t, "6631c0 fa b9d007 e464 a801 750a e2f8 b00a e620 e420 2402 ba0105 66ef f4", ringzero.Config{})
	require.Equal(t, ringzero.DebugExit, run(m))
	v, _ := m.ExitValue()
	require.Zero(t, v, "neither a byte nor a request")
}

// protected enters flat protected mode without an IDT: selectors 8 and 10 are
// code and data, 18 is data that is not present, 20 has 4 KiB at 70000.
const protected = "fa31c08ed80f0116177c0f20c00c010f22c0ea457c080027001d7c0000" +
	"0000000000000000 ffff0000009acf00 ffff00000092cf00 ffff00000012cf00 ff0f000700924000" +
	"66b810008ed88ed0bc00700000"

// TestBIOS32: 32-bit code finds the service directory and calls the PCI BIOS, with
// a stack above 64 KiB: the IDE function's identity and place.
func TestBIOS32(t *testing.T) {
	const find = "bc00001800" + // mov esp,180000
		"be00000f00813e5f33325f740583c610ebf38b4604a3007f000066c705047f00000800b82450434931dbff1d007f000084c0754801d3891d007f0000b80ab10000bb0900000031ffff1d007f0000722c80fc007527b803b10000890d107f0000b98001010031f6ff1d007f0000720d6683fb097507a1107f0000eb0231c066ba0105eff4"
	m := boot(t, protected+find, ringzero.Config{})
	require.Equal(t, ringzero.DebugExit, run(m))
	v, _ := m.ExitValue()
	require.EqualValues(t, 0x70108086, v)
}
