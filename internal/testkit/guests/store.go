package guests

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ringzero/internal/testkit/need"
)

// A store is a folder with one folder per package: root/ holds the package's
// files, SHA256SUMS their checksums.
type store struct {
	dir string
	mu  sync.Mutex
	// checked has the packages that were found whole by this process.
	checked map[string]bool
	apt     *apt
	// failed is why the first fetch failed: further ones would wait for the same
	// network.
	failed error
}

const (
	sumsName = "SHA256SUMS"
	rootName = "root"
)

// shared is the store of this process, in the user's cache folder.
var shared = sync.OnceValues(func() (*store, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "ringzero", "guests", suite+"-"+arch)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &store{dir: dir, checked: make(map[string]bool)}, nil
})

// folder is the root folder of a package's files; it ends the test by
// need.Missing where the package can't be had.
func folder(t testing.TB, name string) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		need.Missing(t, need.Guests, "guests are not available: "+err.Error())
	}
	root, err := s.get(name)
	if err != nil {
		need.Missing(t, need.Guests, "guests are not available: "+err.Error())
	}
	return root
}

// get returns the root folder of a package's files, fetched where it is not there
// or not whole.
func (s *store) get(name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir := filepath.Join(s.dir, name)
	root := filepath.Join(dir, rootName)
	if s.checked[name] {
		return root, nil
	}
	unlock, err := lock(filepath.Join(s.dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if verify(dir) != nil {
		if s.failed == nil {
			s.failed = s.fetch(name, dir)
		}
		if s.failed != nil {
			return "", fmt.Errorf("package %s: %w", name, s.failed)
		}
	}
	s.checked[name] = true
	return root, nil
}

// fetch puts a package into dir, whole or not at all.
func (s *store) fetch(name, dir string) (err error) {
	if s.apt == nil {
		if s.apt, err = newAPT(filepath.Join(s.dir, "apt")); err != nil {
			return err
		}
	}
	deb, err := s.apt.download(name)
	if err != nil {
		return err
	}
	defer os.Remove(deb)
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := unpack(deb, filepath.Join(fresh, rootName)); err != nil {
		return err
	}
	if err := writeSums(fresh); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

// unpack writes the wanted files of a .deb below root.
func unpack(deb, root string) (err error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	below, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer below.Close()
	cmd := exec.Command("dpkg-deb", "--fsys-tarfile", deb)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = untar(out, below)
	// What is left is read, so that the program ends by itself.
	_, drain := io.Copy(io.Discard, out)
	return errors.Join(err, drain, cmd.Wait())
}

func untar(r io.Reader, root *os.Root) error {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(h.Name)
		if !wanted(name) {
			continue
		}
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeReg:
			err = writeFile(root, name, h, archive)
		case tar.TypeSymlink:
			err = root.Symlink(h.Linkname, name)
		case tar.TypeLink:
			err = root.Link(path.Clean(h.Linkname), name)
		}
		if err != nil {
			return err
		}
	}
}

func writeFile(root *os.Root, name string, h *tar.Header, r io.Reader) error {
	mode := fs.FileMode(0o644)
	if h.Mode&0o111 != 0 {
		mode = 0o755
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// keptModules are the folders of kernel modules that a machine like ours may
// want; the others would make the cache ten times as large.
var keptModules = []string{
	"arch", "block", "crypto", "fs", "lib", "drivers/acpi", "drivers/ata", "drivers/block", "drivers/cdrom",
	"drivers/char", "drivers/input", "drivers/rtc", "drivers/scsi", "drivers/tty",
}

// wanted tells which files of a package are kept.
func wanted(name string) bool {
	if strings.HasPrefix(name, "usr/share/") || strings.HasPrefix(name, "boot/System.map") || strings.Contains(name, "/gconv/") {
		return false
	}
	_, module, ok := strings.Cut(name, "/kernel/")
	if !ok || !strings.HasPrefix(name, "lib/modules/") {
		return true
	}
	return slices.ContainsFunc(keptModules, func(dir string) bool { return strings.HasPrefix(module, dir+"/") })
}

// sums has the checksum of every file below dir/root, by path; a link's is that
// of its target's name.
func sums(dir string) (map[string]string, error) {
	root := filepath.Join(dir, rootName)
	out := make(map[string]string)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		out[filepath.ToSlash(rel)], err = sum(name, d)
		return err
	})
	return out, err
}

func sum(name string, d fs.DirEntry) (string, error) {
	hash := sha256.New()
	if d.Type()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(name)
		if err != nil {
			return "", err
		}
		hash.Write([]byte("link to " + target))
		return hex.EncodeToString(hash.Sum(nil)), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// writeSums writes dir/SHA256SUMS, in the form that sha256sum -c reads.
func writeSums(dir string) error {
	all, err := sums(dir)
	if err != nil {
		return err
	}
	lines := make([]string, 0, len(all))
	for name, sum := range all {
		lines = append(lines, sum+"  "+name+"\n")
	}
	slices.Sort(lines)
	return os.WriteFile(filepath.Join(dir, sumsName), []byte(strings.Join(lines, "")), 0o644)
}

// verify compares dir/SHA256SUMS with what is below dir/root.
func verify(dir string) error {
	f, err := os.Open(filepath.Join(dir, sumsName))
	if err != nil {
		return err
	}
	defer f.Close()
	have, err := sums(dir)
	if err != nil {
		return err
	}
	count := 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		want, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok || have[name] != want {
			return fmt.Errorf("%s: %q does not match", dir, name)
		}
		count++
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if count == 0 || count != len(have) {
		return fmt.Errorf("%s: %d files, %d checksums", dir, len(have), count)
	}
	return nil
}
