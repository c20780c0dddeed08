package guests

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKernel(t *testing.T) {
	for _, flavour := range []string{"686", "686-pae"} {
		t.Run(flavour, func(t *testing.T) {
			f, err := os.Open(Kernel(t, flavour))
			require.NoError(t, err)
			defer f.Close()
			magic := make([]byte, 4)
			_, err = f.ReadAt(magic, 0x202) // Linux boot protocol, "header"
			require.NoError(t, err)
			require.Equal(t, "HdrS", string(magic))
		})
	}
}

func TestModules(t *testing.T) {
	index := func(all []Module, name string) int {
		return slices.IndexFunc(all, func(m Module) bool { return m.Name == name })
	}
	all := Modules(t, "686", "ata-piix", "sd_mod", "ext4", "button", "rtc_cmos", "atkbd")
	for _, row := range []struct{ first, then, why string }{
		{"libata", "ata_piix", "a dependency"},
		{"scsi_mod", "libata", "a dependency of a dependency"},
		{"jbd2", "ext4", "a dependency"},
		{"crc32c_generic", "ext4", "a softdep, by its alias, in its generic form"},
		{"scsi_mod", "sd_mod", "shared by two"},
	} {
		a, b := index(all, row.first), index(all, row.then)
		require.True(t, a >= 0 && a < b, "%s (%d) before %s (%d): %s", row.first, a, row.then, b, row.why)
	}
	require.Negative(t, index(all, "rtc_cmos"), "built into the kernel")
	seen := make(map[string]bool)
	for _, m := range all {
		require.False(t, seen[m.Name], "%s twice", m.Name)
		seen[m.Name] = true
	}
	set, err := loadModules(folder(t, kernelPackage("686")))
	require.NoError(t, err)
	require.ErrorContains(t, set.add("no_such", nil), "there is no module no_such")
}

func TestInitrd(t *testing.T) {
	opts := Options{
		Flavour: "686", Modules: []string{"ata_piix"}, Programs: []string{"mke2fs", "hwclock"}, Run: "echo hi", NoShell: true,
		Files: map[string][]byte{"/bin/mine": []byte("x")},
	}
	unpacked := func() []byte {
		f, err := os.Open(Initrd(t, opts))
		require.NoError(t, err)
		defer f.Close()
		z, err := gzip.NewReader(f)
		require.NoError(t, err)
		data, err := io.ReadAll(z)
		require.NoError(t, err)
		return data
	}
	data := unpacked()
	require.True(t, bytes.Equal(data, unpacked()), "the same options make the same bytes")
	names := make(map[string]read)
	for _, r := range unpackCPIO(t, data) {
		names[r.name] = r
	}
	for _, name := range []string{
		"init", "bin/busybox", "bin/sh", "dev/console", "sbin/mke2fs", "sbin/mkfs.ext4", "etc/mke2fs.conf", "sbin/hwclock",
		"lib/ld-linux.so.2", "lib/i386-linux-gnu/libc.so.6", "lib/modules/libata.ko", "bin/mine", "etc/ringzero/noshell",
	} {
		require.Contains(t, names, name)
	}
	require.Equal(t, "#!/bin/sh\necho hi\n", names["etc/ringzero/run"].data)
	require.Contains(t, names["etc/ringzero/modules"].data, "/lib/modules/libata.ko\n/lib/modules/ata_piix.ko\n")
	require.Contains(t, names["init"].data, Marker)
}

// TestPrograms checks that the table names every package that a program needs.
func TestPrograms(t *testing.T) {
	for name := range programs {
		t.Run(name, func(t *testing.T) {
			files := make(archive)
			addProgram(t, files, name)
			require.Contains(t, files, programs[name].paths[0])
			require.Contains(t, files, "/lib/ld-linux.so.2")
		})
	}
}
