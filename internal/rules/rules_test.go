package rules

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/internal/testkit/repo"
)

// sources reads every Go file of the module, by folder.
func sources(t *testing.T) map[string][]Source {
	t.Helper()
	root := repo.Root(t)
	all := make(map[string][]Source)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != root && (base == "testdata" || strings.HasPrefix(base, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		all[path.Dir(rel)] = append(all[path.Dir(rel)], Source{Path: rel, Text: text})
		return nil
	})
	require.NoError(t, err)
	require.Contains(t, all, "x86")
	return all
}

func TestImports(t *testing.T) {
	set := token.NewFileSet()
	for dir, files := range sources(t) {
		for _, f := range files {
			file, err := parser.ParseFile(set, f.Path, f.Text, parser.ImportsOnly)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, spec := range file.Imports {
				name, err := strconv.Unquote(spec.Path.Value)
				require.NoError(t, err)
				if text := Import(dir, path.Base(f.Path), name); text != "" {
					t.Errorf("%s imports %s: %s", f.Path, name, text)
				}
			}
		}
	}
}

func TestPurity(t *testing.T) {
	for dir, files := range sources(t) {
		if !Pure(dir) {
			continue
		}
		// The driver of programs lives by the host's time, as cmd's does.
		files = slices.DeleteFunc(files, func(f Source) bool { return f.Path == "drive.go" })
		found, err := Purity(files)
		if err != nil {
			t.Error(err)
		}
		for _, line := range found {
			t.Error(line)
		}
	}
}

func TestImport(t *testing.T) {
	for _, row := range []struct{ dir, file, path, want string }{
		{"x86", "x86.go", "fmt", ""},
		{"x86", "x86.go", "ringzero/bus", "x86 may not import bus"},
		{"decoder", "decode.go", "ringzero/x86", ""},
		{"decoder", "text.go", "golang.org/x/arch/x86/x86asm", "decoder may not import this module"},
		{"mmu", "walk.go", "ringzero/cpu", "mmu may not import cpu"},
		{"cpu", "x87.go", "ringzero/cpu/softfloat", ""},
		{"cpu/softfloat", "add.go", "math/bits", ""},
		{"cpu/softfloat", "add.go", "ringzero/x86", "packages below cpu import the standard library only"},
		{"cpu/softfloat", "add.go", "ringzero/cpu", "packages below cpu import the standard library only"},
		{"cpu/softfloat", "add_test.go", "ringzero/cpu/softfloat", ""},
		{"translator/closure", "a.go", "ringzero/translator", ""},
		{"translator/closure", "a.go", "ringzero/cpu/softfloat", ""},
		{"translator", "a.go", "ringzero", "translator may not import ."},
		{"devices/pit", "pit.go", "ringzero/bus", ""},
		{"devices/pit", "pit.go", "ringzero/devices/pic", "packages of devices don't import each other"},
		{"devices/pit", "pit_test.go", "ringzero/devices/pic", "packages of devices don't import each other"},
		{"devices/pit", "pit.go", "ringzero/cpu", "devices may not import cpu"},
		{"devices/pit", "pit_test.go", "ringzero/internal/testkit/repo", ""},
		{"devices/pit", "pit.go", "ringzero/internal/testkit/repo", "internal/testkit is for tests only"},
		{"devices/pit", "pit_test.go", "github.com/stretchr/testify/require", ""},
		{"devices/pit", "pit.go", "github.com/stretchr/testify/require", "testify is for tests only"},
		{"bios", "bios.go", "ringzero/decoder", "bios may not import decoder"},
		{"host/disk", "lock.go", "golang.org/x/sys/unix", ""},
		{"host/disk", "lock.go", "ringzero/host/term", ""},
		{"bus", "map.go", "golang.org/x/sys/unix", "bus may not import this module"},
		{"cpu", "a.go", "golang.org/x/sys/unix", "cpu may not import this module"},
		{".", "machine.go", "ringzero/devices/pit", ""},
		{".", "machine.go", "ringzero/lab", ". may not import lab"},
		{".", "machine.go", "github.com/urfave/cli/v2", ". may not import this module"},
		{"lab", "lab.go", "ringzero", ""},
		{"lab", "lab.go", "ringzero/cpu", "lab may not import cpu"},
		{"cmd/ringzero", "main.go", "ringzero/lab/guest", ""},
		{"cmd/ringzero", "main.go", "github.com/urfave/cli/v2", ""},
		{"cmd/ringzero", "main.go", "github.com/urfave/cli", "cmd may not import this module"},
		{"internal/gen/docs", "main.go", "ringzero/decoder", ""},
		{"decoder", "table.go", "ringzero/internal/gen/docs", "internal/gen is for tests only"},
		{"internal/testkit/moo", "run.go", "ringzero/internal/testkit/repo", ""},
		{"tests/system", "gate_test.go", "ringzero/internal/testkit/machine", ""},
		{"elsewhere", "a.go", "fmt", "the table of packages has no row for this folder"},
		{"cmd/ringzero", "main.go", "ringzero/elsewhere", "the table of packages has no row for what is imported"},
		{"bus", "ram.go", "unsafe", "unsafe belongs in files named *_unsafe.go"},
		{"bus", "ram_unsafe.go", "unsafe", ""},
		{"bus", "ram_unsafe_linux.go", "unsafe", ""},
		{"bus", "unsafe.go", "unsafe", "unsafe belongs in files named *_unsafe.go"},
	} {
		t.Run(row.dir+"/"+row.file+" "+row.path, func(t *testing.T) {
			require.Equal(t, row.want, Import(row.dir, row.file, row.path))
		})
	}
}

func TestPure(t *testing.T) {
	for dir, want := range map[string]bool{
		"cpu": true, "cpu/softfloat": true, "devices/pit": true, "host": false, ".": true, "cmd/ringzero": false, "elsewhere": false,
	} {
		require.Equal(t, want, Pure(dir), dir)
	}
}

func TestPurityFinds(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"clock", "import \"time\"\nfunc f() int64 { return time.Now().Unix() }", "reads the host's clock: time.Now"},
		{"clock under another name", "import clock \"time\"\nfunc f() { clock.Sleep(1) }", "reads the host's clock: time.Sleep"},
		{"dates are no clock", "import \"time\"\nfunc f(t time.Time) int { return t.Year() }", ""},
		{"a field called time", "type s struct{ time t }\ntype t struct{ Now int }\nfunc f(x s) int { return x.time.Now }", ""},
		{"goroutine", "func f() { go f() }", "starts a goroutine"},
		{"chance", "import \"math/rand\"\nvar _ = rand.Int", "imports math/rand"},
		{"inexact", "import \"math\"\nfunc f() float64 { return math.Sin(1) }", "math.Sin may differ between hosts"},
		{"exact", "import \"math\"\nfunc f() float64 { return math.Sqrt(math.Float64frombits(math.MaxUint32)) }", ""},
		{"counter", "var n int\nfunc f() { n++ }", "f changes the package-level variable n"},
		{"assigned", "var n int\nfunc f() { n = 1 }", "f changes the package-level variable n"},
		{"element", "var m = map[int]int{}\nfunc f() { m[1] = 2 }", "f changes the package-level variable m"},
		{"field of an element", "var m [4]struct{ a int }\nfunc f() { m[1].a += 2 }", "f changes the package-level variable m"},
		{"through a pointer", "var p = new(int)\nfunc f() { *p = 2 }", "f changes the package-level variable p"},
		{"in a method's closure", "type s int\nvar n int\nfunc (s) g() func() { return func() { n = 2 } }", "g changes the package-level variable n"},
		{"deleted", "var m = map[int]int{}\nfunc f() { delete(m, 1) }", "f changes the package-level variable m"},
		{"slice copied to", "var m [4]byte\nfunc f(b []byte) { copy(m[:], b) }", "f changes the package-level variable m"},
		{"range", "var n int\nfunc f() { for n = range 4 {} }", "f changes the package-level variable n"},
		{"lock", "import \"sync\"\nvar mu sync.Mutex", "package-level variable mu is a sync.Mutex"},
		{"channel", "var c chan int", "package-level variable c holds a channel"},
		{"table", "var m = [4]int{1, 2}\nfunc f() int { return m[1] }", ""},
		{"table made by init", "var m [4]int\nfunc init() { m[1] = 2 }", ""},
		{"local of the same name", "var n int\nfunc f() { n := 1; n = 2; _ = n }", ""},
		{"field of the same name", "var n int\ntype s struct{ n int }\nfunc (x *s) f() { x.n = 2 }", ""},
		{"interface check", "type i interface{}\ntype s struct{}\nvar _ i = s{}", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			found, err := Purity([]Source{{Path: "p/a.go", Text: []byte("package p\n" + row.text)}, {Path: "p/a_test.go", Text: []byte("not Go")}})
			require.NoError(t, err)
			if row.want == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			require.Contains(t, found[0], row.want)
		})
	}
	t.Run("variable and change in two files", func(t *testing.T) {
		found, err := Purity([]Source{{"p/a.go", []byte("package p\nvar n int")}, {"p/b.go", []byte("package p\nfunc f() { n = 1 }")}})
		require.NoError(t, err)
		require.Equal(t, []string{"p/b.go:2: f changes the package-level variable n"}, found)
	})
}
