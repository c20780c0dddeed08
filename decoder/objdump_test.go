package decoder

import (
	"bufio"
	"bytes"
	"debug/elf"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"testing"
	"unicode/utf8"

	"ringzero/internal/testkit/need"
	"ringzero/x86"

	"github.com/stretchr/testify/require"
)

// The reference for instruction lengths is binutils' objdump. At every address
// at which objdump prints an instruction we decode the bytes there and compare
// lengths; nothing may differ but for the exclusions below.

// objdumpBudget is how many bytes of program text the test reads by default,
// chosen so that it takes some ten seconds.
const objdumpBudget = 24 << 20

// exclusion is a reason why objdump and Decode may differ on an instruction.
type exclusion struct {
	name   string
	reason string
	match  func(text []byte, code []byte, mode CodeSize) bool
}

// prefixWords are what objdump prints before a mnemonic for its prefixes.
const prefixWords = `(?:rep[nz]*|bnd|notrack|data16|data32|addr32|addr16|lock|[c-gs]s|rex(?:\.[WRXB]+)?|xacquire|xrelease|\{vex\})`

// mnemonics matches instructions by objdump's mnemonic.
func mnemonics(pattern string) func(text, code []byte, mode CodeSize) bool {
	re := regexp.MustCompile(`^(?:` + prefixWords + ` +)*(?:` + pattern + `)(?:[ ,]|$)`)
	return func(text, code []byte, mode CodeSize) bool { return re.Match(text) }
}

// opcodeAt skips the prefixes of an instruction.
func opcodeAt(code []byte, mode CodeSize) []byte {
	for len(code) > 0 {
		k := prefixKind[code[0]]
		if k == pfxNone || k == pfxRex && mode != Code64 {
			return code
		}
		code = code[1:]
	}
	return nil
}

// isVEX tells whether an instruction has a VEX, EVEX or XOP prefix.
func isVEX(code []byte, mode CodeSize) bool {
	c := opcodeAt(code, mode)
	if len(c) < 2 {
		return false
	}
	switch c[0] {
	case 0xc4, 0xc5, 0x62:
		return mode == Code64 || c[1] >= 0xc0
	case 0x8f:
		return c[1]&0x1f >= 8
	}
	return false
}

var bmi = mnemonics("andn|bextr|blsi|blsmsk|blsr|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx")

var exclusions = []exclusion{
	{"bad", "objdump itself calls it no instruction, or prints the bytes of one that a symbol cuts", func(text, code []byte, mode CodeSize) bool {
		return bytes.Contains(text, []byte("(bad)")) || bytes.HasPrefix(text, []byte(".byte"))
	}},
	{"data", "objdump dumps a data object between the functions as text", func(text, code []byte, mode CodeSize) bool {
		dump := bytes.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '.'
			}
			return r
		}, latin1(code))
		return bytes.Equal(bytes.TrimSpace(text), bytes.TrimSpace(dump))
	}},
	{"avx", "AVX, AVX-512 and XOP have no rows: they raise #UD", func(text, code []byte, mode CodeSize) bool {
		return isVEX(code, mode) && !bmi(text, code, mode)
	}},
	{"fwait", "objdump prints FWAIT and the x87 instruction after it as one; the processor executes two", func(text, code []byte, mode CodeSize) bool {
		op := opcodeAt(code, mode)
		return op != nil && op[0] == 0x9b
	}},
	{"lone prefixes", "objdump ends an instruction at a prefix that follows REX; the processor ignores that REX", func(text, code []byte, mode CodeSize) bool {
		return opcodeAt(code, mode) == nil
	}},
	{"lock", "LOCK where it is illegal: #UD, and without it the lengths agree", func(text, code []byte, mode CodeSize) bool {
		var in Inst
		op := opcodeAt(code, mode)
		prefixes := code[:len(code)-len(op)]
		if !bytes.Contains(prefixes, []byte{0xf0}) {
			return false
		}
		bare := append(bytes.ReplaceAll(prefixes, []byte{0xf0}, nil), op...)
		return Decode(bare, mode, &in) == OK && int(in.Len) == len(bare) &&
			!(in.Row.Lock && in.Args[0].Kind == KindMem)
	}},
	{"segment register", "MOV to CS, to or from segment register 6 or 7: #UD", func(text, code []byte, mode CodeSize) bool {
		op := opcodeAt(code, mode)
		return op[0] == 0x8e && op[1]>>3&7 == x86.CS || (op[0] == 0x8c || op[0] == 0x8e) && op[1]>>3&7 > x86.GS
	}},
	{"control register", "CR1, CR5 to CR7, CR9 on and DR8 on do not exist: #UD", mnemonics(`mov +(?:[er][a-z0-9]+,)?(cr([15679]|1[0-5])|dr([89]|1[0-5]))`)},
	{"prefix before VEX", "66, F2, F3, LOCK or REX before VEX: #UD (SDM 2A 2.3.2 to 2.3.4)", func(text, code []byte, mode CodeSize) bool {
		prefixes := code[:len(code)-len(opcodeAt(code, mode))]
		for _, p := range prefixes {
			switch prefixKind[p] {
			case pfxOp, pfxRep, pfxLock, pfxRex:
				return isVEX(code, mode)
			}
		}
		return false
	}},
	{"frstpm", "the 80287XL's; later processors have no such instruction", mnemonics(`frstpm\(287`)},
	{"syscall", "Intel's processors have SYSCALL and SYSRET in 64-bit mode only", func(text, code []byte, mode CodeSize) bool {
		return mode != Code64 && syscall(text, code, mode)
	}},
	{"fsgsbase", "RDFSBASE and its kin exist in 64-bit mode only", func(text, code []byte, mode CodeSize) bool {
		return mode != Code64 && fsgsbase(text, code, mode)
	}},
	{"3dnow", "AMD's 3DNow!, gone since 2010", func(text, code []byte, mode CodeSize) bool {
		op := opcodeAt(code, mode)
		return len(op) > 1 && op[0] == 0x0f && (op[1] == 0x0f || op[1] == 0x0e)
	}},
	{"sse4a", "AMD's SSE4a has no rows", mnemonics("extrq|insertq|movntsd|movntss")},
	{"padlock", "VIA's PadLock has no rows", mnemonics("xcrypt-.*|xstore-rng|xsha(1|256)|montmul")},
	{"smx", "GETSEC needs a TPM and chipset that we do not have", mnemonics("getsec")},
	{"cet", "shadow stacks have no rows", mnemonics("incssp[dq]|rdssp[dq]|wruss[dq]|wrss[dq]|rstorssp|saveprevssp|setssbsy|clrssbsy")},
	{"sha", "SHA extensions have no rows", mnemonics("sha(1|256).*")},
	{"gfni", "GFNI has no rows", mnemonics("gf2p8.*")},
	{"key locker", "Key Locker has no rows", mnemonics("aes(enc|dec)(wide)?(128|256)kl|encodekey(128|256)|loadiwkey")},
	{"tsx", "TSX has no rows", mnemonics("xbegin|xabort|xtest|xend|xsusldtrk|xresldtrk")},
	{"later Intel", "later than the set of the tables", mnemonics("movdiri|movdir64b|enqcmds?|aadd|aand|aor|axor|" +
		"serialize|hreset|tpause|umonitor|umwait|ptwrite|cldemote|wbnoinvd|enclv|encls|enclu|pconfig|senduipi|uiret|testui|clui|stui|" +
		"tdcall|seamcall|seamops|seamret|rdpkru|wrpkru|wrmsrns|rdmsrlist|wrmsrlist|prefetchit[01]|bnd.*")},
	{"later AMD", "later than the set of the tables", mnemonics("monitorx|mwaitx|clzero|rdpru|invlpgb|tlbsync|mcommit|psmash|pvalidate|rmpadjust|rmpupdate|rmpquery")},
	{"prefix", "66, F2, F3 (and LOCK) on a row that the manual marks NP, or on an opcode for which it lists other prefixes: #UD; without it the lengths agree", func(text, code []byte, mode CodeSize) bool {
		op := opcodeAt(code, mode)
		bare := append([]byte(nil), code[:len(code)-len(op)]...)
		for _, p := range []byte{0x66, 0xf2, 0xf3, 0xf0} {
			bare = bytes.ReplaceAll(bare, []byte{p}, nil)
		}
		bare = append(bare, op...)
		var in Inst
		return Decode(bare, mode, &in) == OK && int(in.Len) == len(bare) && in.Row.Map != MapOne
	}},
}

// latin1 gives each byte as a rune.
func latin1(code []byte) (s []byte) {
	for _, b := range code {
		s = utf8.AppendRune(s, rune(b))
	}
	return s
}

var fsgsbase = mnemonics("(rd|wr)[fg]sbase")

var syscall = mnemonics("syscall|sysret[dlq]?")

// excluded gives the index of the exclusion that covers a difference, or -1.
func excluded(text, code []byte, mode CodeSize) int {
	for i := range exclusions {
		if exclusions[i].match(text, code, mode) {
			return i
		}
	}
	return -1
}

// comparison counts what a run over objdump's output found.
type comparison struct {
	compared int
	excluded map[string]int
	diffs    map[string]int
	examples map[string]string
}

func newComparison() *comparison {
	return &comparison{excluded: map[string]int{}, diffs: map[string]int{}, examples: map[string]string{}}
}

// check compares one instruction of n bytes by objdump's count.
func (c *comparison) check(where string, addr uint64, text, code []byte, n int, mode CodeSize) {
	var in Inst
	c.compared++
	st := Decode(code, mode, &in)
	if st == OK && int(in.Len) == n {
		return
	}
	if i := excluded(text, code[:min(n, len(code))], mode); i >= 0 {
		c.excluded[exclusions[i].name]++
		return
	}
	verb, _, _ := bytes.Cut(text, []byte(" "))
	key := fmt.Sprintf("%s st=%d", verb, st)
	c.diffs[key]++
	if c.diffs[key] == 1 {
		c.examples[key] = fmt.Sprintf("%s %#x: % x: objdump %d bytes %q, Decode status %d, %d bytes, %v",
			where, addr, code[:min(n, len(code))], n, text, st, in.Len, in.Op)
	}
}

// report fails the test with one example of each kind of difference.
func (c *comparison) report(t *testing.T) {
	t.Helper()
	t.Logf("%d instructions compared, excluded: %v", c.compared, c.excluded)
	require.NotZero(t, c.compared)
	keys := make([]string, 0, len(c.diffs))
	for k := range c.diffs {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return c.diffs[keys[i]] > c.diffs[keys[j]] })
	for i, k := range keys {
		if i == 60 {
			t.Errorf("and %d more kinds", len(keys)-i)
			break
		}
		t.Errorf("%d times: %s", c.diffs[k], c.examples[k])
	}
}

// region is a run of bytes with the address that objdump gives its first.
type region struct {
	addr uint64
	data []byte
}

// compare runs objdump and checks each line of its output against the regions.
func (c *comparison) compare(t *testing.T, where string, mode CodeSize, regions []region, args ...string) {
	t.Helper()
	args = append([]string{"-w", "-z", "-M", "intel,intel64", "--no-show-raw-insn"}, args...)
	cmd := exec.Command(need.Tool(t, "objdump"), args...)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = io.Discard
	require.NoError(t, cmd.Start())
	var (
		prev, prevEnd uint64
		text, code    []byte
		cur           *region
	)
	flush := func(next uint64) {
		if cur == nil {
			return
		}
		if next > prevEnd || next <= prev {
			next = prevEnd
		}
		c.check(where, prev, text, code, int(next-prev), mode)
	}
	sc := bufio.NewScanner(out)
	sc.Buffer(make([]byte, 1<<16), 1<<24)
	for sc.Scan() {
		addr, insn, ok := parseLine(sc.Bytes())
		if !ok {
			continue
		}
		flush(addr)
		if cur == nil || addr < cur.addr || addr >= cur.addr+uint64(len(cur.data)) {
			cur = nil
			for i := range regions {
				if r := &regions[i]; addr >= r.addr && addr < r.addr+uint64(len(r.data)) {
					cur = r
				}
			}
			if cur == nil {
				continue
			}
			prevEnd = cur.addr + uint64(len(cur.data))
		}
		prev, code = addr, cur.data[addr-cur.addr:]
		text = append(text[:0], insn...)
	}
	flush(prevEnd)
	require.NoError(t, sc.Err())
	require.NoError(t, cmd.Wait(), where)
}

// parseLine splits "  401000:\tpush   rbp".
func parseLine(line []byte) (addr uint64, insn []byte, ok bool) {
	a, rest, ok := bytes.Cut(line, []byte(":\t"))
	if !ok {
		return 0, nil, false
	}
	addr, err := strconv.ParseUint(string(bytes.TrimSpace(a)), 16, 64)
	return addr, rest, err == nil
}

// executable reads the executable sections of an ELF file of a machine.
func executable(path string, machine elf.Machine) (rs []region, size int) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, 0
	}
	defer f.Close()
	if f.Machine != machine || f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return nil, 0
	}
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_EXECINSTR == 0 || s.Type != elf.SHT_PROGBITS {
			continue
		}
		if data, err := s.Data(); err == nil && len(data) > 0 {
			rs = append(rs, region{s.Addr, data})
			size += len(data)
		}
	}
	return rs, size
}

// programs lists the regular files under the folders in an order that depends
// on their names alone and mixes them.
func programs(dirs ...string) (paths []string) {
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				paths = append(paths, p)
			}
			return nil
		})
	}
	key := func(p string) uint64 {
		h := fnv.New64a()
		h.Write([]byte(filepath.Base(p)))
		return h.Sum64()
	}
	sort.Slice(paths, func(i, j int) bool {
		if a, b := key(paths[i]), key(paths[j]); a != b {
			return a < b
		}
		return paths[i] < paths[j]
	})
	return paths
}

// TestObjdumpPrograms compares over the text of the programs and libraries of
// this host: a sample that depends on file names alone, or all of them where
// RINGZERO_OBJDUMP is "all", or those under the folders that it lists.
func TestObjdumpPrograms(t *testing.T) {
	need.Tool(t, "objdump")
	knob := os.Getenv("RINGZERO_OBJDUMP")
	if testing.Short() && knob == "" {
		t.Skip("reads programs for some seconds; not with -short")
	}
	for _, row := range []struct {
		name    string
		machine elf.Machine
		mode    CodeSize
		dirs    []string
	}{
		{"amd64", elf.EM_X86_64, Code64, []string{"/usr/bin", "/usr/lib"}},
		{"i386", elf.EM_386, Code32, []string{"/usr/lib32", "/usr/lib/i386-linux-gnu"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if knob != "" && knob != "all" {
				row.dirs = filepath.SplitList(knob)
			}
			c := newComparison()
			left, files := objdumpBudget, 0
			for _, p := range programs(row.dirs...) {
				regions, size := executable(p, row.machine)
				if size == 0 || knob == "" && size > left/4 {
					continue
				}
				left -= size
				files++
				c.compare(t, p, row.mode, regions, "-d", p)
			}
			if files == 0 {
				t.Skipf("this host has no %s programs under %v", row.name, row.dirs)
			}
			t.Logf("%d files, %d bytes", files, objdumpBudget-left)
			c.report(t)
		})
	}
}

// TestObjdumpRandom compares over made-up instructions in each code size: every
// opcode of every map, behind random prefixes, before random bytes.
func TestObjdumpRandom(t *testing.T) {
	used := map[string]int{}
	for _, row := range []struct {
		name    string
		mode    CodeSize
		machine string
	}{
		{"16-bit", Code16, "i8086"},
		{"32-bit", Code32, "i386"},
		{"64-bit", Code64, "i386:x86-64"},
	} {
		t.Run(row.name, func(t *testing.T) {
			code := randomCode(row.mode)
			p := filepath.Join(t.TempDir(), "code.bin")
			require.NoError(t, os.WriteFile(p, code, 0o600))
			c := newComparison()
			c.compare(t, row.name, row.mode, []region{{0, code}}, "-D", "-b", "binary", "-m", row.machine, p)
			c.report(t)
			for name, n := range c.excluded {
				used[name] += n
			}
		})
	}
	for _, e := range exclusions {
		if e.name == "data" { // in programs only
			continue
		}
		require.NotZerof(t, used[e.name], "exclusion %q covers nothing: take it out", e.name)
	}
}

// randomCode lays out instructions in slots of 32 bytes that end in NOPs, so
// that one that is no instruction disturbs no other.
func randomCode(mode CodeSize) (code []byte) {
	rnd := rand.New(rand.NewPCG(1, uint64(mode)))
	prefixes := []byte{0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x66, 0x67, 0x67, 0xf2, 0xf3, 0xf0}
	for _, m := range [][]byte{{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}, {0xc4, 0xe2, 0x78}, {0xc4, 0xe2, 0xfb}} {
		for i := range 256 * 48 {
			slot := make([]byte, 0, 32)
			for range rnd.IntN(4) {
				slot = append(slot, prefixes[rnd.IntN(len(prefixes))])
			}
			if mode == Code64 && rnd.IntN(2) == 0 {
				slot = append(slot, 0x40|byte(rnd.IntN(16)))
			}
			slot = append(append(slot, m...), byte(i))
			for len(slot) < 16 {
				slot = append(slot, byte(rnd.Uint32()))
			}
			code = append(append(code, slot...), bytes.Repeat([]byte{0x90}, 32-len(slot))...)
		}
	}
	return code
}
