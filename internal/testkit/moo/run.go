package moo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ringzero/internal/testkit/repo"
)

// FolderVariable is the environment variable that names the folder of the suite.
const FolderVariable = "SST286"

// Folder is the folder of the 80286 suite: FolderVariable where that is set,
// else the one beside the checkout. It skips the test where there is none; a
// FolderVariable that names no folder is an error.
func Folder(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv(FolderVariable); dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			t.Fatalf("moo: %s is %q, which is not a folder", FolderVariable, dir)
		}
		return dir
	}
	dir := filepath.Join(repo.Root(t), "..", "shared", "suites", "sst286")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the 80286 suite is not at %s; %s can name its folder", dir, FolderVariable)
	}
	return dir
}

// Exclusion is a set of tests that need not pass, and why.
type Exclusion struct {
	// Form is the opcode form, as in the file's name, or "*" for every form.
	Form string
	// Match picks tests of the form; nil takes them all.
	Match func(*Test) bool
	// Reason says what differs between the 80286 and the processor under test.
	Reason string
}

// Table is the list of exclusions of a Run.
type Table []Exclusion

// originalTests is how many tests the original set has without ENTER's (C8),
// whose file is not in every copy; the folder beside the checkout has a quarter.
const originalTests = 1_473_000

// MaxExcluded is the share of tests above which a table excludes too many.
const MaxExcluded = 0.02

// Exec runs the machine from init until it executes HLT (or for a bounded number
// of instructions; not getting there is an error) and returns its state with IP
// one past the HLT. Memory that init does not list is zero. The state's RAM must
// list every byte that the run changed; it may list others.
type Exec func(init State) (State, error)

// realModeFlags are the bits of FLAGS that the suite compares: in real mode an
// 80286 keeps bits 12 to 15 (IOPL, NT) at zero.
const realModeFlags uint16 = 0x0fff

// flagsOF is OF's place in FLAGS (SDM 1 3.4.3).
const flagsOF uint16 = 1 << 11

// undefinedByCount has the forms whose OF is undefined for counts above 1 (SDM
// 2B, RCL/RCR/ROL/ROR) although the metadata does not mask it.
var undefinedByCount = []string{"C0.2", "C0.3", "C1.2", "C1.3"}

// maxShown is how many failing tests of one form are described.
const maxShown = 5

// Run runs every test of the suite on exec, one subtest per form. A test passes
// when registers, defined flags and memory agree. Tests that table excludes are
// run as well: a row whose tests all pass is stale and fails, as do rows without
// a reason and a table that excludes more than MaxExcluded of the tests. With the
// original set a row that matches none is stale, too. In short mode every tenth
// test is run.
func Run(t *testing.T, exec Exec, table Table) {
	t.Helper()
	folder := Folder(t)
	meta, err := ReadMetadata(filepath.Join(folder, "metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.MOO*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("moo: no tests in %s (%v)", folder, err)
	}
	r := &runner{exec: exec, meta: meta, rows: make([]rowCount, len(table)), table: table, step: 1}
	if testing.Short() {
		r.step = 10
	}
	for _, file := range files {
		t.Run(Form(file), func(t *testing.T) { r.file(t, file) })
	}
	t.Run("exclusions", r.exclusions)
}

// rowCount is what a Run saw of one row of its table.
type rowCount struct{ matched, failed int }

type runner struct {
	exec  Exec
	meta  *Metadata
	table Table
	step  int

	rows                  []rowCount
	total, passed, excuse int
}

func (r *runner) file(t *testing.T, path string) {
	form := Form(path)
	mask, ok := r.meta.FlagsMask(form)
	if !ok {
		t.Fatalf("metadata.json does not know %s", form)
	}
	failed, seen := 0, 0
	for test, err := range Open(path) {
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if (seen-1)%r.step != 0 {
			continue
		}
		if text := r.one(form, mask, &test); text != "" {
			failed++
			if failed <= maxShown {
				t.Errorf("test %d, bytes % x: %s", test.Index, test.Bytes, text)
			}
		}
	}
	if seen == 0 {
		t.Errorf("%s holds no test", path)
	}
	if failed > maxShown {
		t.Errorf("%d tests of %d failed, %d are shown", failed, seen, maxShown)
	}
}

// one runs one test and says how it failed; an excluded one never does.
func (r *runner) one(form string, mask uint16, test *Test) string {
	r.total++
	row := r.table.row(form, test)
	if row >= 0 {
		r.excuse++
		r.rows[row].matched++
	}
	text := Check(r.exec, form, mask, test)
	switch {
	case text == "":
		r.passed++
	case row >= 0:
		r.rows[row].failed++
	default:
		return text
	}
	return ""
}

func (r *runner) exclusions(t *testing.T) {
	share := float64(r.excuse) / float64(max(r.total, 1))
	t.Logf("%d tests, %d passed, %d excluded (%.3f %%)", r.total, r.passed, r.excuse, 100*share)
	if share > MaxExcluded {
		t.Errorf("%.2f %% of the tests are excluded, more than %.0f %%", 100*share, 100*MaxExcluded)
	}
	// Another selection of tests need not show every difference.
	original := r.total >= originalTests
	whole := original || r.step == 1 && os.Getenv(FolderVariable) == ""
	for i, row := range r.table {
		count := r.rows[i]
		t.Logf("%-5s %6d excluded, %6d of them fail: %s", row.Form, count.matched, count.failed, row.Reason)
		if row.Reason == "" {
			t.Errorf("row %d (%s) excludes tests and gives no reason", i, row.Form)
		}
		if whole && count.failed == 0 && (original || count.matched > 0) {
			t.Errorf("row %d (%s) is stale: the %d tests it excludes all pass", i, row.Form, count.matched)
		}
	}
}

// row is the index of the first row that excludes a test, or -1.
func (t Table) row(form string, test *Test) int {
	return slices.IndexFunc(t, func(e Exclusion) bool {
		return (e.Form == form || e.Form == "*") && (e.Match == nil || e.Match(test))
	})
}

// Check runs one test of a form, whose defined flags are mask, and returns what
// differs, or "" where all agrees.
func Check(exec Exec, form string, mask uint16, test *Test) string {
	init := State{Regs: test.Init.Regs, RAM: test.Init.RAM}
	init.Regs[Flags] &= realModeFlags
	got, err := exec(init)
	if err != nil {
		return err.Error()
	}
	mask = test.flagsMask(form, mask)
	var diffs []string
	for i, want := range test.Final.Regs {
		have := got.Regs[i]
		if i == Flags {
			have, want = have&mask, want&mask
		}
		if have != want {
			diffs = append(diffs, fmt.Sprintf("%s is %04x, want %04x", RegNames[i], have, want))
		}
	}
	diffs = append(diffs, test.diffRAM(got.RAM, mask)...)
	return strings.Join(diffs, "; ")
}

// flagsMask narrows a form's mask of defined flags to this test.
func (test *Test) flagsMask(form string, mask uint16) uint16 {
	mask &= realModeFlags
	if slices.Contains(undefinedByCount, form) && test.shiftCount() > 1 {
		mask &^= flagsOF
	}
	return mask
}

// shiftCount is the count of a shift by an immediate byte: the last byte before
// the HLT, of which the processor takes five bits (SDM 2B, SAL/SAR/SHL/SHR).
func (test *Test) shiftCount() uint8 {
	if len(test.Bytes) < 2 {
		return 0
	}
	return test.Bytes[len(test.Bytes)-2] & 31
}

func (test *Test) diffRAM(ram []Byte, mask uint16) []string {
	want := make(map[uint32]uint8, len(test.Init.RAM)+len(test.Final.RAM))
	have := make(map[uint32]uint8, len(test.Init.RAM)+len(ram))
	for _, b := range test.Init.RAM {
		want[b.Addr], have[b.Addr] = b.Value, b.Value
	}
	for _, b := range test.Final.RAM {
		want[b.Addr] = b.Value
	}
	for _, b := range ram {
		have[b.Addr] = b.Value
	}
	var addrs []uint32
	for addr := range want {
		addrs = append(addrs, addr)
	}
	for addr := range have {
		if _, ok := want[addr]; !ok {
			addrs = append(addrs, addr)
		}
	}
	slices.Sort(addrs)
	var diffs []string
	for _, addr := range addrs {
		bits := test.memoryMask(addr, mask)
		if h, w := have[addr]&bits, want[addr]&bits; h != w {
			diffs = append(diffs, fmt.Sprintf("byte %06x is %02x, want %02x", addr, h, w))
		}
	}
	return diffs
}

// memoryMask has the bits of a byte of memory that are compared: all, but for the
// FLAGS word that an exception pushed.
func (test *Test) memoryMask(addr uint32, flags uint16) uint8 {
	if test.Exception == nil {
		return 0xff
	}
	switch at := test.FlagsAddr(); addr {
	case at:
		return uint8(flags)
	case at + 1:
		return uint8(flags >> 8)
	}
	return 0xff
}

// FlagsAddr is where an exception pushed FLAGS: two words above the final SP.
// On an odd stack the suite's own address is that of the bus cycle, one less.
func (test *Test) FlagsAddr() uint32 {
	r := &test.Final.Regs
	if at := uint32(r[SS])<<4 + uint32(r[SP]+4); at == test.Exception.FlagsAddr+1 {
		return at
	}
	return test.Exception.FlagsAddr
}
