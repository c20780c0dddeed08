// Command instdocs writes docs/instructions.md from the decoder's rows.
//
// Usage: instdocs [-check] [-o FILE]. With -check it writes nothing and exits
// with status 1 if FILE is not what it would write.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"ringzero/decoder"
	"ringzero/x86"
)

func main() {
	check := flag.Bool("check", false, "compare only; exit 1 if the file is stale")
	out := flag.String("o", "docs/instructions.md", "the file to write or compare")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "instdocs:", err)
		os.Exit(1)
	}
}

// run writes the page to path, or compares it with what is there.
func run(path string, check bool) error {
	page := Page(decoder.Rows())
	if !check {
		return os.WriteFile(path, page, 0o644)
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !bytes.Equal(old, page) {
		return fmt.Errorf("%s is stale: run go generate ./decoder", path)
	}
	return nil
}

const head = `<!-- Made by internal/gen/instdocs from the tables in decoder/. Do not edit. -->
# Instructions

Every form of an instruction that the decoder knows, from the rows of its tables (` + "`decoder/table_*.go`" + `). That a row stands here
does not mean that it executes: what does not is in KNOWN_GAPS.md.

- **Encoding** is written as in SDM 2A 3.1.1.1. NP: none of 66, F3, F2. NR: neither F3 nor F2 (66 is the operand size). m, r: ModRM.mod is not 3, is 3.
  A plus sign: the low three bits of the opcode or of ModRM name a register. VEX: the three-byte VEX prefix with L = 0 and the prefix and map that follow.
- **Operands** are the SDM's codes (2D A.2.1); Ibs is a byte that is sign-extended to the operand size, A/B is a memory A or a register B.
- **Modes**: R real-address, V virtual-8086, P protected and compatibility, 64 64-bit. Elsewhere the form is #UD.
- **Check**: what must hold before it executes, else #GP(0).
- **Class**: Popek and Goldberg's, C control-sensitive, B behaviour-sensitive; **critical** where the form is sensitive and not privileged.
- **Flags**: R read, W written, U left undefined. Of a shift or rotate by a count of 0 and of a REP CMPS or SCAS of none, W and U do not happen.
- **L**: LOCK is legal with a memory destination.
- **Defined in**: the entry of the Intel SDM (or another manual).

`

// Page makes the whole page.
func Page(rows []*decoder.Row) []byte {
	var b bytes.Buffer
	b.WriteString(head)
	summary(&b, rows)
	for m := decoder.MapOne; m <= decoder.MapVEX0F3A; m++ {
		var in []*decoder.Row
		for _, r := range rows {
			if r.Map == m {
				in = append(in, r)
			}
		}
		table(&b, mapTitles[m], in)
	}
	return b.Bytes()
}

var mapTitles = [...]string{
	decoder.MapOne:     "One-byte opcodes",
	decoder.Map0F:      "Two-byte opcodes: 0F",
	decoder.Map0F38:    "Three-byte opcodes: 0F 38",
	decoder.Map0F3A:    "Three-byte opcodes: 0F 3A",
	decoder.MapX87:     "x87: D8 to DF",
	decoder.MapVEX0F38: "VEX: 0F 38",
	decoder.MapVEX0F3A: "VEX: 0F 3A",
}

// summary counts the rows and lists the instructions of each privilege check
// and of the critical class.
func summary(b *bytes.Buffer, rows []*decoder.Row) {
	ops := names(rows, func(*decoder.Row) bool { return true })
	fmt.Fprintf(b, "%d forms of %d instructions.\n\n", len(rows), len(ops))
	fmt.Fprintf(b, "| | instructions |\n|---|---|\n")
	fmt.Fprintf(b, "| **critical** | %s |\n", strings.Join(names(rows, (*decoder.Row).Critical), " "))
	for p := decoder.PrivCPL0; p <= decoder.PrivVM86; p++ {
		in := names(rows, func(r *decoder.Row) bool { return r.Priv == p })
		fmt.Fprintf(b, "| needs %v | %s |\n", p, strings.Join(in, " "))
	}
	b.WriteByte('\n')
}

func names(rows []*decoder.Row, f func(*decoder.Row) bool) (ops []string) {
	for _, r := range rows {
		if f(r) && !slices.Contains(ops, r.Op.String()) {
			ops = append(ops, r.Op.String())
		}
	}
	slices.Sort(ops)
	return ops
}

func table(b *bytes.Buffer, title string, rows []*decoder.Row) {
	fmt.Fprintf(b, "## %s\n\n", title)
	b.WriteString("| Encoding | Instruction | Operands | Modes | Feature | Check | Class | Flags | L | Defined in |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		lock := ""
		if r.Lock {
			lock = "L"
		}
		fmt.Fprintf(b, "| %s | %v | %s | %s | %v | %v | %s | %s | %s | %s |\n",
			r.Encoding(), r.Op, r.Args, modes(r.Modes), r.Feature, r.Priv, class(r), flags(r), lock, r.Section)
	}
	b.WriteByte('\n')
}

func modes(m decoder.Modes) string {
	if m == decoder.InAll {
		return "all"
	}
	var s []string
	for _, x := range []struct {
		bit  decoder.Modes
		name string
	}{{decoder.InReal, "R"}, {decoder.InVM86, "V"}, {decoder.InProtected, "P"}, {decoder.In64, "64"}} {
		if m&x.bit != 0 {
			s = append(s, x.name)
		}
	}
	return strings.Join(s, " ")
}

func class(r *decoder.Row) string {
	var s []string
	if r.Sense&decoder.SenseControl != 0 {
		s = append(s, "C")
	}
	if r.Sense&decoder.SenseBehaviour != 0 {
		s = append(s, "B")
	}
	if r.Critical() {
		s = append(s, "**critical**")
	}
	return strings.Join(s, " ")
}

func flags(r *decoder.Row) string {
	var s []string
	for _, x := range []struct {
		name string
		mask uint32
	}{{"R", r.Read}, {"W", r.Write}, {"U", r.Undef}} {
		if x.mask != 0 {
			s = append(s, x.name+" "+mask(x.mask))
		}
	}
	return strings.Join(s, ", ")
}

// mask spells a set of flags, high bits first.
func mask(m uint32) string {
	if m == ^uint32(0) {
		return "all"
	}
	var s []string
	for _, f := range []struct {
		bit  uint32
		name string
	}{
		{x86.ID, "ID"}, {x86.VIP, "VIP"}, {x86.VIF, "VIF"}, {x86.AC, "AC"}, {x86.VM, "VM"}, {x86.RF, "RF"}, {x86.NT, "NT"},
		{x86.IOPL, "IOPL"}, {x86.OF, "OF"}, {x86.DF, "DF"}, {x86.IF, "IF"}, {x86.TF, "TF"}, {x86.SF, "SF"}, {x86.ZF, "ZF"},
		{x86.AF, "AF"}, {x86.PF, "PF"}, {x86.CF, "CF"},
	} {
		if m&f.bit != 0 {
			s = append(s, f.name)
		}
	}
	return strings.Join(s, " ")
}
