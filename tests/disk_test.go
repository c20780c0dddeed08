package tests

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/bus"
	"ringzero/host/image"
	"ringzero/internal/testkit/guests"
	"ringzero/internal/testkit/machine"
	"ringzero/internal/testkit/need"
)

const (
	diskSize = 192 << 20
	// firstSector is where the guest is told to put its partition.
	firstSector = 2048
)

// diskScript makes a partition and a file system, copies a tree into it and leaves
// the checksums of the tree on the console, between lines of its own.
// The drivers are loaded anew first, to have the second drive without DMA.
const diskScript = `
set -e
rmmod ata_piix
rmmod libata
insmod /lib/modules/libata.ko force=1.01:pio4
insmod /lib/modules/ata_piix.ko
tries=0
until [ -b /dev/sda ] && [ -b /dev/sdb ]; do
	tries=$((tries+1)); [ $tries -lt 20 ]; sleep 1
done
printf 'label: dos\nstart=2048, type=83\n' | /sbin/sfdisk -q /dev/sda
until [ -b /dev/sda1 ]; do sleep 1; done
/sbin/mke2fs -q -t ext4 /dev/sda1
mount -t ext4 /dev/sda1 /mnt
mkdir /mnt/tree
cp -a /bin /sbin /lib /usr /etc /init /mnt/tree/
mkdir -p /mnt/tree/deep/er/still
for i in 0 1 2 3 4 5 6 7 8 9; do
	for j in 0 1 2 3 4 5 6 7 8 9; do
		echo "file $i $j" >/mnt/tree/deep/er/$i$j
	done
done
dd if=/dev/urandom of=/mnt/tree/deep/random bs=65536 count=100 2>/dev/null
ln -s ../er /mnt/tree/deep/er/still/link
rm -r /mnt/tree/deep/er/5*
cd /mnt
echo @@SUMS
find tree -type f | sort | xargs sha256sum
echo @@SUMS END
sync
cd /
umount /mnt

# Back from the disk, not from memory.
echo 3 >/proc/sys/vm/drop_caches
mount -t ext4 -o ro /dev/sda1 /mnt
(cd /mnt; find tree -type f | sort | xargs sha256sum) | sha256sum >/tmp/again
umount /mnt
echo "@@AGAIN $(cat /tmp/again)"

# The other drive of the channel: what the host put there, and a copy of it.
echo "@@SDB $(dd if=/dev/sdb bs=64k count=64 2>/dev/null | sha256sum)"
dd if=/dev/sdb of=/dev/sdb bs=64k count=64 seek=64 conv=fsync 2>/dev/null
echo "@@STAT $(cat /sys/block/sda/size) $(cat /sys/class/ata_device/dev1.0/xfer_mode /sys/class/ata_device/dev1.1/xfer_mode | xargs) $(grep -c ata_piix /proc/interrupts)"
`

// TestDiskWithDebiansModules has the guest partition, format and fill a disk by
// Debian's own drivers and programs, and checks on the host what came of it.
func TestDiskWithDebiansModules(t *testing.T) {
	if testing.Short() {
		t.Skip("another boot is too much for -short")
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "disk.img")
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	require.NoError(t, os.Truncate(path, diskSize))
	disk, err := image.Open(path, image.Options{})
	require.NoError(t, err)
	defer disk.Close()
	const half = 4 << 20
	pattern := make([]byte, 2*half)
	for i := range half {
		pattern[i] = byte(i*i>>7 ^ i)
	}
	second := image.Memory(pattern)

	s := machine.New(t, ringzero.Config{
		Memory: 256 << 20,
		Disks:  []bus.Disk{disk, second},
		Kernel: machine.Kernel(t, guests.Kernel(t, "686"), guests.Initrd(t, guests.Options{
			Flavour:  "686",
			Modules:  []string{"ata_piix", "sd_mod", "ext4", "button"},
			Programs: []string{"sfdisk", "mke2fs"},
			Run:      diskScript,
			NoShell:  true,
		}), "console=ttyS0"),
	})
	s.Wait("@@SUMS\r\n", toBoot+2*aWhile)
	sums := s.Wait("@@SUMS END\r\n", 4*aWhile)
	sums = strings.ReplaceAll(strings.TrimSuffix(sums, "@@SUMS END\r\n"), "\r", "")
	s.Wait("@@AGAIN ", 4*aWhile)
	again := s.Wait("\n", wait)
	s.Wait("@@SDB ", aWhile)
	sdb := s.Wait("\n", wait)
	s.Wait("@@STAT ", aWhile)
	stat := s.Wait("\n", wait)
	s.Wait("@@RINGZERO RAN 0", aWhile)
	s.End(ringzero.PoweredOff, aWhile)
	require.NoError(t, disk.Close())

	require.Contains(t, again, digest([]byte(sums)), "the guest reads back what it wrote")
	require.Contains(t, sdb, digest(pattern[:half]))
	copied := make([]byte, half)
	require.NoError(t, second.ReadAt(copied, half))
	require.Equal(t, digest(pattern[:half]), digest(copied), "the guest copied within the second drive")
	// Linux drives a PIIX3 by multiword DMA at most. The channels have interrupts of their own.
	require.Equal(t, fmt.Sprint(diskSize/bus.SectorSize, " XFER_MW_DMA_2 XFER_PIO_4 2"), strings.TrimSpace(strings.ReplaceAll(stat, "\r", "")))
	ataLog(t, s.Output())
	checkOnHost(t, path, sums)
}

// ataLog looks for what the drivers say on drives that work by bus-master DMA,
// and for what they say when something is wrong.
func ataLog(t *testing.T, log string) {
	t.Helper()
	for _, want := range []string{
		`scsi host1: ata_piix`,
		`ata1: PATA max \S+ cmd 0x1f0 ctl 0x3f6 bmdma 0x[0-9a-f]+ irq 14`,
		`ata2: PATA max \S+ cmd 0x170 ctl 0x376 bmdma 0x[0-9a-f]+ irq 15`,
		`ata1\.00: ATA-\d: `,
		`ata1\.01: ATA-\d: `,
		`sd 0:0:0:0: \[sda\] 393216 512-byte logical blocks`,
		`sda: sda1`,
		`EXT4-fs \(sda1\): mounted filesystem`,
	} {
		if !regexp.MustCompile(want).MatchString(log) {
			t.Errorf("the kernel's log has no line with %s", want)
		}
	}
	noTrouble(t, log, `ata\d.*(exception|failed|lost|error|timeout|limiting)`, `I/O error`, `EXT4-fs (error|warning)`)
}

// checkOnHost takes the partition out of the image, has e2fsprogs check it, and
// compares each file with the guest's checksum.
func checkOnHost(t *testing.T, path, sums string) {
	t.Helper()
	partition := filepath.Join(t.TempDir(), "partition.img")
	in, err := os.Open(path)
	require.NoError(t, err)
	defer in.Close()
	table := make([]byte, bus.SectorSize)
	_, err = in.ReadAt(table, 0)
	require.NoError(t, err)
	require.Equal(t, []byte{0x55, 0xaa}, table[510:], "an MBR")
	require.Equal(t, byte(0x83), table[446+4], "a Linux partition")
	out, err := os.Create(partition)
	require.NoError(t, err)
	defer out.Close()
	_, err = io.Copy(out, io.NewSectionReader(in, firstSector*bus.SectorSize, diskSize))
	require.NoError(t, err)

	said, err := exec.Command(hostTool(t, "e2fsck"), "-f", "-n", partition).CombinedOutput()
	require.NoError(t, err, string(said))
	dir := t.TempDir()
	said, err = exec.Command(hostTool(t, "debugfs"), "-R", "rdump /tree "+dir, partition).CombinedOutput()
	require.NoError(t, err, string(said))
	files := 0
	for line := range strings.Lines(sums) {
		want, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		require.True(t, ok, line)
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, want, digest(data), name)
		files++
	}
	require.Greater(t, files, 100)
	require.NoFileExists(t, filepath.Join(dir, "tree/deep/er/55"))
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// hostTool finds a program of e2fsprogs, which users that are not root don't have
// in their path.
func hostTool(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, filepath.Join("/usr/sbin", name), filepath.Join("/sbin", name)} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	need.Missing(t, need.Guests, "this host has no "+name+" (package e2fsprogs)")
	return ""
}
