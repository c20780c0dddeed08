package guests

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func tarOf(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		text := h.Uname // carries a file's contents
		h.Uname, h.Size = "", int64(len(text))
		require.NoError(t, w.WriteHeader(&h))
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return &b
}

// samplePackage is a store's folder with one package of three files.
func samplePackage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, rootName), 0o755))
	root, err := os.OpenRoot(filepath.Join(dir, rootName))
	require.NoError(t, err)
	defer root.Close()
	require.NoError(t, untar(tarOf(t,
		tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755},
		tar.Header{Name: "./bin/tool", Typeflag: tar.TypeReg, Mode: 0o4755, Uname: "program"},
		tar.Header{Name: "./etc/tool.conf", Typeflag: tar.TypeReg, Mode: 0o644, Uname: "x=1"},
		tar.Header{Name: "./bin/alias", Typeflag: tar.TypeSymlink, Linkname: "tool"},
		tar.Header{Name: "./usr/share/doc/tool/copyright", Typeflag: tar.TypeReg, Mode: 0o644, Uname: "text"},
	), root))
	require.NoError(t, writeSums(dir))
	return dir
}

func TestUntar(t *testing.T) {
	root := filepath.Join(samplePackage(t), rootName)
	info, err := os.Stat(filepath.Join(root, "bin/tool"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode(), "executable, and no set-user-ID bit")
	text, err := os.ReadFile(filepath.Join(root, "bin/alias"))
	require.NoError(t, err)
	require.Equal(t, "program", string(text))
	require.NoFileExists(t, filepath.Join(root, "usr/share/doc/tool/copyright"))
}

func TestUntarStaysBelowRoot(t *testing.T) {
	for _, row := range []struct {
		name    string
		headers []tar.Header
	}{
		{"parent", []tar.Header{{Name: "../evil", Typeflag: tar.TypeReg, Uname: "x"}}},
		{"absolute", []tar.Header{{Name: "/evil", Typeflag: tar.TypeReg, Uname: "x"}}},
		{"through a link", []tar.Header{
			{Name: "out", Typeflag: tar.TypeSymlink, Linkname: ".."},
			{Name: "out/evil", Typeflag: tar.TypeReg, Uname: "x"},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(dir, "in"), 0o755))
			root, err := os.OpenRoot(filepath.Join(dir, "in"))
			require.NoError(t, err)
			defer root.Close()
			require.Error(t, untar(tarOf(t, row.headers...), root))
			require.NoFileExists(t, filepath.Join(dir, "evil"))
		})
	}
}

func TestWanted(t *testing.T) {
	for _, row := range []struct {
		name string
		want bool
	}{
		{"boot/vmlinuz-6.1.0-50-686", true},
		{"boot/System.map-6.1.0-50-686", false},
		{"lib/modules/6.1.0-50-686/modules.builtin", true},
		{"lib/modules/6.1.0-50-686/kernel/fs/ext4/ext4.ko", true},
		{"lib/modules/6.1.0-50-686/kernel/drivers/ata/ata_piix.ko", true},
		{"lib/modules/6.1.0-50-686/kernel/drivers/gpu/drm/drm.ko", false},
		{"lib/modules/6.1.0-50-686/kernel/sound/soundcore.ko", false},
		{"usr/lib/i386-linux-gnu/gconv/EUC-KR.so", false},
		{"usr/share/doc/x", false},
		{"lib/i386-linux-gnu/libc.so.6", true},
	} {
		require.Equal(t, row.want, wanted(row.name), row.name)
	}
}

func TestVerify(t *testing.T) {
	for _, row := range []struct {
		name, want string
		change     func(t *testing.T, dir string)
	}{
		{"whole", "", func(*testing.T, string) {}},
		{"changed file", "does not match", func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "root/etc/tool.conf"), []byte("x=2"), 0o644))
		}},
		{"changed link", "does not match", func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "root/bin/alias")))
			require.NoError(t, os.Symlink("other", filepath.Join(dir, "root/bin/alias")))
		}},
		{"missing file", "does not match", func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "root/bin/tool")))
		}},
		{"further file", "4 files, 3 checksums", func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "root/bin/new"), nil, 0o644))
		}},
		{"no checksums", "no such file", func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, sumsName)))
		}},
		{"empty checksums", "3 files, 0 checksums", func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, sumsName), 0))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := samplePackage(t)
			row.change(t, dir)
			err := verify(dir)
			if row.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestMirror(t *testing.T) {
	for _, row := range []struct{ name, targets, want string }{
		{"nothing", "", ""},
		{"plain suite before its updates and others", `bookworm-security main http://sec/
bookworm-updates main http://upd/
cloud-sdk-bookworm main http://cloud/
stable main http://stable/
bookworm main http://deb/
bookworm contrib http://contrib/
`, "http://deb/"},
		{"a later release's mirror has the suite too", "trixie main http://deb/\ntrixie-updates main http://upd/\n", "http://deb/"},
		{"no Debian", "jammy main http://ubuntu/\n", ""},
	} {
		t.Run(row.name, func(t *testing.T) { require.Equal(t, row.want, mirror(row.targets)) })
	}
}

func TestKernelMetapackage(t *testing.T) {
	text := "Package: linux-image-686\nDepends: linux-image-6.1.0-50-686 (= 6.1.176-1), other\nSuggests: linux-image-7\n"
	require.Equal(t, "linux-image-6.1.0-50-686", dependsOnImage.FindStringSubmatch(text)[1])
	require.Nil(t, dependsOnImage.FindStringSubmatch("Suggests: linux-image-7-686\n"))
}
