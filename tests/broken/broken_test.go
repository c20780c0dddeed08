package broken

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/bios"
	"ringzero/debugger/explain"
	"ringzero/internal/testkit/need"
)

// Kernel is one kernel and what its head says of it; see the package's comment.
type Kernel struct {
	Name    string
	Ends    string // "triple fault", "limit" or "halted"
	Cause   string
	At      string // a symbol, or an address as 0x41414141
	Culprit string // a symbol; At where the head has none
	Vector  int
	Fault   int    // Vector where the head has none
	Image   []byte // the ELF file
}

// stops is what a run of a kernel comes back with.
var stops = map[string]ringzero.Stop{
	"triple fault": ringzero.TripleFault,
	"limit":        ringzero.Limit,
	"halted":       ringzero.HaltedForGood,
}

const (
	memory = 16 << 20
	// maxSteps bounds a kernel; the longest that ends by itself takes 2 million.
	maxSteps = 4_000_000
	folder   = "kernels"
	// shared is what the kernels in C are linked with; it is no kernel.
	shared = "boot"
)

// Kernels builds all kernels, in the order of their names.
func Kernels(t *testing.T) []Kernel {
	t.Helper()
	b := newBuilder(t)
	var kernels []Kernel
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		name, ext, _ := strings.Cut(e.Name(), ".")
		if name == shared || ext != "asm" && ext != "c" {
			continue
		}
		source, err := os.ReadFile(filepath.Join(folder, e.Name()))
		require.NoError(t, err)
		k, err := parseHead(string(source))
		require.NoError(t, err, e.Name())
		require.Equal(t, name, k.Name)
		k.Image = b.build(t, e.Name())
		kernels = append(kernels, k)
	}
	require.NotEmpty(t, kernels)
	return kernels
}

// parseHead reads the lines "key: value" in the comments that a source begins with.
func parseHead(source string) (k Kernel, err error) {
	k.Vector, k.Fault = -1, -1
	seen := map[string]bool{}
	for line := range strings.Lines(source) {
		text, ok := strings.CutPrefix(line, "; ")
		if !ok {
			text, ok = strings.CutPrefix(line, "// ")
		}
		if !ok {
			break
		}
		key, value, ok := strings.Cut(strings.TrimSpace(text), ": ")
		if !ok || seen[key] && key != "note" {
			return k, fmt.Errorf("no line for a head, or a second of its key: %q", line)
		}
		seen[key] = true
		switch key {
		case "broken":
			k.Name = value
		case "boot":
			if value != "kernel" {
				err = fmt.Errorf("boot: %q", value)
			}
		case "ends":
			if k.Ends = value; stops[value] == ringzero.Going {
				err = fmt.Errorf("ends: %q", value)
			}
		case "cause":
			k.Cause = value
		case "at":
			k.At = value
		case "culprit":
			k.Culprit = value
		case "vector":
			k.Vector, err = strconv.Atoi(value)
		case "fault":
			k.Fault, err = strconv.Atoi(value)
		case "qemu", "note":
		default:
			err = fmt.Errorf("unknown key %q", key)
		}
		if err != nil {
			return k, err
		}
	}
	for _, key := range []string{"broken", "boot", "ends", "cause", "at", "vector"} {
		if !seen[key] {
			return k, fmt.Errorf("no line %q", key)
		}
	}
	if k.Culprit == "" {
		k.Culprit = k.At
	}
	if k.Fault < 0 {
		k.Fault = k.Vector
	}
	return k, nil
}

// builder makes ELF files of the sources.
type builder struct {
	dir           string
	nasm, gcc, ld string
}

// newBuilder ends the test where the host can't build for 32 bits.
func newBuilder(t *testing.T) *builder {
	t.Helper()
	b := &builder{dir: t.TempDir(), nasm: need.Tool(t, "nasm"), gcc: need.Tool(t, "gcc"), ld: need.Tool(t, "ld")}
	if err := exec.Command(b.gcc, "-m32", "-ffreestanding", "-x", "c", "-c", "-o", filepath.Join(b.dir, "probe.o"), os.DevNull).Run(); err != nil {
		need.Missing(t, "gcc", "the compiler of this host can't compile with -m32")
	}
	if out, err := exec.Command(b.ld, "-V").CombinedOutput(); err != nil || !bytes.Contains(out, []byte("elf_i386")) {
		need.Missing(t, "ld", "the linker of this host does not know elf_i386")
	}
	b.do(t, b.nasm, "-f", "elf32", "-o", b.object(shared), shared+".asm")
	return b
}

func (b *builder) object(name string) string { return filepath.Join(b.dir, name+".o") }

// do runs a tool among the sources; it may not warn.
func (b *builder) do(t *testing.T, tool string, args ...string) {
	t.Helper()
	cmd := exec.Command(tool, args...)
	cmd.Dir = folder
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, string(said))
	require.Empty(t, string(said), "%s warns", tool)
}

func (b *builder) build(t *testing.T, file string) []byte {
	t.Helper()
	name, ext, _ := strings.Cut(file, ".")
	objects := []string{b.object(name)}
	if ext == "c" {
		// A frame pointer and no protector, as the stack's layout is the point of some.
		b.do(t, b.gcc, "-m32", "-ffreestanding", "-nostdlib", "-static", "-fno-pie", "-g", "-O1", "-Wall",
			"-fno-omit-frame-pointer", "-fno-stack-protector", "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
			"-c", "-o", objects[0], file)
		objects = append(objects, b.object(shared))
	} else {
		b.do(t, b.nasm, "-f", "elf32", "-o", objects[0], file)
	}
	image := filepath.Join(b.dir, name+".elf")
	b.do(t, b.ld, append([]string{"-m", "elf_i386", "-z", "noexecstack", "-T", "link.ld", "-o", image}, objects...)...)
	data, err := os.ReadFile(image)
	require.NoError(t, err)
	return data
}

// Run boots a kernel and gives the machine as it ended, the reason, and what was
// printed to port E9h.
func (k *Kernel) Run(t *testing.T) (m *ringzero.Machine, why ringzero.Stop, output string) {
	t.Helper()
	var port strings.Builder
	m, err := ringzero.New(ringzero.Config{
		Memory:          memory,
		Kernel:          &bios.Kernel{Image: k.Image},
		Debug:           &port,
		NoReboot:        true,
		MaxInstructions: maxSteps,
		OnBoot:          func(reason string) { t.Error("nothing was booted:", reason) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	for why == ringzero.Going {
		why = m.Step()
	}
	return m, why, port.String()
}

func TestBroken(t *testing.T) {
	for _, k := range Kernels(t) {
		t.Run(k.Name, func(t *testing.T) {
			names := symbols(t, k.Image)
			for _, place := range []string{k.At, k.Culprit} {
				if !strings.HasPrefix(place, "0x") {
					require.Contains(t, names, place)
				}
			}
			m, why, output := k.Run(t)
			require.Equal(t, stops[k.Ends], why, explain.Of(m, nil, why).Text())
			require.NotEmpty(t, output, "the kernel says what it is about to do")
			if testing.Verbose() {
				t.Logf("%s\n%s", output, explain.Of(m, nil, why).Text())
			}
		})
	}
}

func symbols(t *testing.T, image []byte) map[string]bool {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(image))
	require.NoError(t, err)
	all, err := f.Symbols()
	require.NoError(t, err)
	names := map[string]bool{}
	for _, s := range all {
		names[s.Name] = true
	}
	return names
}

func TestParseHead(t *testing.T) {
	const whole = "; broken: a\n; boot: kernel\n; ends: limit\n; cause: b: c\n; at: d\n; vector: 13\n"
	want := Kernel{Name: "a", Ends: "limit", Cause: "b: c", At: "d", Culprit: "d", Vector: 13, Fault: 13}
	other := want
	other.Culprit, other.Fault = "e", 6
	for _, row := range []struct {
		name, source string
		want         Kernel
		err          string
	}{
		{"nasm", whole + "bits 32\n; no: more\n", want, ""},
		{"C", strings.ReplaceAll(whole, "; ", "// ") + "\n", want, ""},
		{"all keys", whole + "; culprit: e\n; fault: 6\n; qemu: f\n; note: g\n; note: h\n", other, ""},
		{"a key is missing", strings.Replace(whole, "; at: d\n", "", 1), want, `no line "at"`},
		{"an unknown key", whole + "; reason: x\n", want, `unknown key "reason"`},
		{"a key twice", whole + "; at: x\n", want, "second of its key"},
		{"an unknown end", strings.Replace(whole, "limit", "crash", 1), want, `ends: "crash"`},
		{"no number", strings.Replace(whole, "13", "GP", 1), want, "invalid syntax"},
		{"no head", "bits 32\n", want, `no line "broken"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := parseHead(row.source)
			if row.err != "" {
				require.ErrorContains(t, err, row.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.want, got)
		})
	}
}
