package guests

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// program is a Debian program and the packages that it and its libraries are in.
// The first package has the program.
type program struct {
	paths    []string
	packages []string
}

// programs is what Options.Programs may name.
var programs = map[string]program{
	"mke2fs":  {[]string{"/sbin/mke2fs", "/sbin/mkfs.ext4", "/etc/mke2fs.conf"}, ext2Packages},
	"e2fsck":  {[]string{"/sbin/e2fsck"}, ext2Packages},
	"debugfs": {[]string{"/sbin/debugfs"}, ext2Packages},
	"sfdisk":  {[]string{"/sbin/sfdisk"}, fdiskPackages},
	"fdisk":   {[]string{"/sbin/fdisk"}, fdiskPackages},
	"hwclock": {[]string{"/sbin/hwclock"}, []string{"util-linux-extra", "libaudit1", "libcap-ng0", "libc6"}},
	"perl":    {[]string{"/usr/bin/perl"}, []string{"perl-base", "libcrypt1", "libc6"}},
	"xz":      {[]string{"/usr/bin/xz"}, []string{"xz-utils", "liblzma5", "libc6"}},
	"openssl": {[]string{"/usr/bin/openssl"}, []string{"openssl", "libssl3", "libc6"}},
	"sqlite3": {[]string{"/usr/bin/sqlite3"}, []string{"sqlite3", "libsqlite3-0", "libreadline8", "libtinfo6", "zlib1g", "libc6"}},
}

var (
	ext2Packages  = []string{"e2fsprogs", "libext2fs2", "libcom-err2", "libblkid1", "libuuid1", "libss2", "libc6"}
	fdiskPackages = []string{
		"fdisk", "libfdisk1", "libsmartcols1", "libmount1", "libblkid1", "libuuid1", "libselinux1", "libpcre2-8-0",
		"libreadline8", "libncursesw6", "libtinfo6", "libc6",
	}
)

// libraryFolders is where the loader looks, in its order (ld.so(8), Debian's
// multiarch folders).
var libraryFolders = []string{"/lib/i386-linux-gnu", "/usr/lib/i386-linux-gnu", "/lib", "/usr/lib"}

// addProgram puts a program and the libraries that it needs into the archive.
func addProgram(t testing.TB, files archive, name string) {
	t.Helper()
	p, ok := programs[name]
	if !ok {
		t.Fatalf("guests: there is no program %q; there are %v", name, slices.Sorted(maps.Keys(programs)))
	}
	roots := make([]string, len(p.packages))
	for i, name := range p.packages {
		roots[i] = folder(t, name)
	}
	for _, file := range p.paths {
		if err := addFile(files, roots, file); err != nil {
			t.Fatalf("guests: program %s: %v", name, err)
		}
	}
}

// addFile copies a file from the first root that has it, follows a link, and adds
// the loader and the libraries of an ELF file.
func addFile(files archive, roots []string, name string) error {
	if _, ok := files[name]; ok {
		return nil
	}
	host, info, err := find(roots, name)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(host)
		if err != nil {
			return err
		}
		files.link(name, target)
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(name), target)
		}
		return addFile(files, roots, target)
	}
	data, err := os.ReadFile(host)
	if err != nil {
		return err
	}
	files.file(name, info.Mode(), data)
	if !strings.HasPrefix(string(data), elf.ELFMAG) {
		return nil
	}
	return addNeeded(files, roots, host)
}

// find looks for a guest's path in the packages' folders.
func find(roots []string, name string) (string, fs.FileInfo, error) {
	for _, root := range roots {
		host := filepath.Join(root, filepath.FromSlash(name))
		if info, err := os.Lstat(host); err == nil && !info.IsDir() {
			return host, info, nil
		}
	}
	return "", nil, fmt.Errorf("none of the packages has %s", name)
}

// addNeeded adds what an ELF file names as its loader and its libraries.
func addNeeded(files archive, roots []string, host string) error {
	f, err := elf.Open(host)
	if err != nil {
		return fmt.Errorf("%s: %w", host, err)
	}
	defer f.Close()
	loader, err := interpreter(f)
	if err != nil {
		return fmt.Errorf("%s: %w", host, err)
	}
	if loader != "" {
		if err := addFile(files, roots, loader); err != nil {
			return err
		}
	}
	libraries, err := f.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", host, err)
	}
	for _, library := range libraries {
		if err := addLibrary(files, roots, library); err != nil {
			return fmt.Errorf("%s: %w", host, err)
		}
	}
	return nil
}

func addLibrary(files archive, roots []string, library string) error {
	for _, dir := range libraryFolders {
		name := path.Join(dir, library)
		if _, _, err := find(roots, name); err == nil {
			return addFile(files, roots, name)
		}
	}
	return fmt.Errorf("none of the packages has the library %s", library)
}

// interpreter is the path in an ELF file's PT_INTERP, or "".
func interpreter(f *elf.File) (string, error) {
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		text := make([]byte, p.Filesz)
		if _, err := p.ReadAt(text, 0); err != nil {
			return "", err
		}
		return strings.TrimRight(string(text), "\x00"), nil
	}
	return "", nil
}
