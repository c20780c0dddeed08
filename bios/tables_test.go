package bios

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestACPITablesAreLinked follows the pointers as an operating system does.
func TestACPITablesAreLinked(t *testing.T) {
	k := newKit(t, nil)
	le := binary.LittleEndian
	seg := k.bytes(romBase, romSize)
	var root []byte
	for at := 0; at < romSize && root == nil; at += 16 {
		if string(seg[at:at+8]) == "RSD PTR " {
			root = seg[at : at+20]
		}
	}
	require.NotNil(t, root)
	require.Zero(t, checksum(root))
	table := func(at uint32, signature string) []byte {
		head := k.bytes(uint64(at), 36)
		require.Equal(t, signature, string(head[:4]))
		p := k.bytes(uint64(at), int(le.Uint32(head[4:])))
		require.Zero(t, checksum(p), signature)
		require.Equal(t, RangeACPI, typeAt(k.b.MemoryMap(), uint64(at)))
		return p
	}
	rsdt := table(le.Uint32(root[16:]), "RSDT")
	fadt := table(le.Uint32(rsdt[36:]), "FACP")
	table(le.Uint32(fadt[40:]), "DSDT")
	facs := le.Uint32(fadt[36:])
	require.Equal(t, "FACS", string(k.bytes(uint64(facs), 4)))
	require.Equal(t, RangeNVS, typeAt(k.b.MemoryMap(), uint64(facs)))
}

func typeAt(m []MemRange, at uint64) RangeType {
	for _, r := range m {
		if at >= r.Base && at < r.End() {
			return r.Type
		}
	}
	return 0
}

// TestDSDTWithIASL lets ACPICA disassemble and recompile the byte code.
func TestDSDTWithIASL(t *testing.T) {
	iasl, err := exec.LookPath("iasl")
	if err != nil {
		t.Skip("iasl (acpica-tools) is not installed")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "dsdt.dat")
	require.NoError(t, os.WriteFile(file, sdt("DSDT", 1, dsdt()), 0o644))
	out, err := exec.Command(iasl, "-d", file).CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.Command(iasl, filepath.Join(dir, "dsdt.dsl")).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "0 Errors")
	text, err := os.ReadFile(filepath.Join(dir, "dsdt.dsl"))
	require.NoError(t, err)
	for _, want := range []string{`EisaId ("PNP0A03")`, `EisaId ("PNP0C0F")`, `OperationRegion (PIRQ, PCI_Config, 0x60, 0x04)`, "_PRT"} {
		require.Contains(t, string(text), want)
	}
}

func TestAMLLengths(t *testing.T) {
	for _, n := range []int{0, 1, 62, 63, 64, 4093, 4094, 70000} {
		p := amlPkg([]byte{0x10}, make([]byte, n))
		extra := int(p[1] >> 6)
		got := int(p[1] & 0x3f)
		if extra > 0 {
			got = int(p[1]&15) | int(p[2])<<4
		}
		if extra > 1 {
			got |= int(p[3]) << 12
		}
		require.Equal(t, len(p)-1, got, "%d bytes", n)
	}
	require.Equal(t, []byte{0x0c, 0x41, 0xd0, 0x0a, 0x03}, amlEISA("PNP0A03"))
}

func TestPIRTable(t *testing.T) {
	p := pirTable()
	require.Zero(t, checksum(p))
	require.Equal(t, len(p), int(binary.LittleEndian.Uint16(p[6:])))
}

func TestSMBIOS(t *testing.T) {
	p := smbiosTables(Config{LowRAM: 3 << 30, HighRAM: 1 << 30, CPUMHz: 1000}, 0xf1000)
	le := binary.LittleEndian
	require.Zero(t, checksum(p[:31]))
	require.Zero(t, checksum(p[16:31]))
	require.Equal(t, uint32(0xf1020), le.Uint32(p[24:]))
	table := p[32:]
	require.Len(t, table, int(le.Uint16(p[22:])))
	var types []byte
	for len(table) > 0 {
		types = append(types, table[0])
		end := int(table[1])
		for table[end] != 0 || table[end+1] != 0 {
			end++
		}
		table = table[end+2:]
	}
	require.Equal(t, []byte{0, 1, 3, 4, 16, 17, 19, 19, 32, 127}, types)
	require.Len(t, types, int(le.Uint16(p[28:])))
}

// TestSMBIOSWithDmidecode lets dmidecode read the tables.
func TestSMBIOSWithDmidecode(t *testing.T) {
	dmidecode, err := exec.LookPath("dmidecode")
	if err != nil {
		t.Skip("dmidecode is not installed")
	}
	file := filepath.Join(t.TempDir(), "smbios.bin")
	require.NoError(t, os.WriteFile(file, smbiosTables(Config{LowRAM: 512 << 20}, 0), 0o644))
	out, err := exec.Command(dmidecode, "--from-dump", file).CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotContains(t, string(out), "BAD")
	require.NotContains(t, string(out), "TRUNCATED")
	require.NotContains(t, string(out), "OUT OF SPEC")
	require.Contains(t, string(out), "Size: 512 MB")
}
