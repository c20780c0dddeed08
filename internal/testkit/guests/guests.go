package guests

import (
	"compress/gzip"
	_ "embed"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Marker is the line that the guest's /init prints on the console once it runs:
// the boot to PID 1 is done.
const Marker = "@@RINGZERO UP"

// initScript is PID 1 of the guests.
//
//go:embed init.sh
var initScript []byte

// Options says what goes into an initial RAM disk beside busybox and /init.
type Options struct {
	// Flavour is the kernel that the modules are for: "686" or "686-pae". It is
	// needed only with Modules.
	Flavour string
	// Modules are kernel modules that /init loads, in this order, with what they
	// depend on.
	Modules []string
	// Programs are Debian programs by name: any key of the table in programs.go.
	// The libraries that they need come with them. busybox's shell prefers its own
	// applets, so a script calls them by their whole path: /sbin/mke2fs.
	Programs []string
	// Run is a shell script that /init runs behind the marker and before the
	// shell, with the console as its standard streams.
	Run string
	// Files are further files, by absolute path. They are made executable.
	Files map[string][]byte
	// NoShell powers the guest off behind Run instead of giving a shell.
	NoShell bool
}

// Kernel is the path of Debian's own kernel (a bzImage), "686" or "686-pae".
func Kernel(t testing.TB, flavour string) string {
	t.Helper()
	images, _ := filepath.Glob(filepath.Join(folder(t, kernelPackage(flavour)), "boot", "vmlinuz-*"))
	if len(images) != 1 {
		t.Fatalf("guests: package %s holds %d kernels", kernelPackage(flavour), len(images))
	}
	return images[0]
}

func kernelPackage(flavour string) string { return "linux-image-" + flavour }

// Initrd builds an initial RAM disk and returns its path. The file goes when the
// test ends. The same options and packages make the same bytes.
func Initrd(t testing.TB, opts Options) string {
	t.Helper()
	files := base(t)
	for _, name := range opts.Programs {
		addProgram(t, files, name)
	}
	addModules(t, files, opts)
	for name, data := range opts.Files {
		files.file(name, 0o755, data)
	}
	if opts.Run != "" {
		files.file("/etc/ringzero/run", 0o755, []byte("#!/bin/sh\n"+strings.TrimSuffix(opts.Run, "\n")+"\n"))
	}
	if opts.NoShell {
		files.file("/etc/ringzero/noshell", 0o644, nil)
	}
	out := filepath.Join(t.TempDir(), "initrd.gz")
	if err := pack(out, files); err != nil {
		t.Fatalf("guests: %v", err)
	}
	return out
}

// base is what every guest has.
func base(t testing.TB) archive {
	files := make(archive)
	for _, dir := range []string{"/dev", "/proc", "/sys", "/tmp", "/mnt", "/root", "/sbin", "/usr/bin", "/usr/sbin"} {
		files.folder(dir)
	}
	// The kernel opens /dev/console for PID 1 before devtmpfs is mounted
	// (numbers: Linux, Documentation/admin-guide/devices.txt).
	files.device("/dev/console", 5, 1)
	files.device("/dev/null", 1, 3)
	files.file("/init", 0o755, initScript)
	files.file("/etc/passwd", 0o644, []byte("root::0:0:root:/root:/bin/sh\n"))
	files.file("/etc/group", 0o644, []byte("root:x:0:\n"))
	busybox := filepath.Join(folder(t, "busybox-static"), "bin", "busybox")
	data, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatalf("guests: %v", err)
	}
	files.file("/bin/busybox", 0o755, data)
	files.link("/bin/sh", "busybox")
	return files
}

func addModules(t testing.TB, files archive, opts Options) {
	if len(opts.Modules) == 0 {
		return
	}
	var order strings.Builder
	for _, m := range Modules(t, opts.Flavour, opts.Modules...) {
		data, err := os.ReadFile(m.Path)
		if err != nil {
			t.Fatalf("guests: %v", err)
		}
		name := path.Join("/lib/modules", m.Name+".ko")
		files.file(name, 0o644, data)
		order.WriteString(name + "\n")
	}
	files.file("/etc/ringzero/modules", 0o644, []byte(order.String()))
}

// pack writes the archive, compressed a little: the guest has to unpack it.
func pack(name string, files archive) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	return errors.Join(files.write(z), z.Close(), f.Close())
}
