package decoder

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/internal/testkit/need"
)

// textCode lays out instructions with at most one prefix, in slots of 32 bytes.
func textCode(mode CodeSize) (code []byte) {
	r := rand.New(rand.NewPCG(3, uint64(mode)))
	for _, m := range [][]byte{{}, {0x0f}} {
		for op := range 256 {
			for range 24 {
				var slot []byte
				if r.IntN(2) == 0 {
					slot = append(slot, []byte{0x26, 0x2e, 0x64, 0x66, 0x66, 0x67, 0x67}[r.IntN(7)])
				}
				slot = append(append(slot, m...), byte(op))
				for len(slot) < 20 {
					b := byte(r.Uint32())
					if r.IntN(4) == 0 {
						b = []byte{0, 0x80, 0xff, 0x05, 0x04}[r.IntN(5)]
					}
					slot = append(slot, b)
				}
				for len(slot) < 32 {
					slot = append(slot, 0x90)
				}
				code = append(code, slot...)
			}
		}
	}
	return code
}

var (
	noIndex        = regexp.MustCompile(`\+?eiz\*[0-9]`)
	suffixed       = regexp.MustCompile(`^(movs|cmps|stos|lods|scas|ins|outs)[bwd] `)
	objdumpComment = regexp.MustCompile(`\s*(#.*|<.*)$`)
	absolute       = regexp.MustCompile(`([a-z]s:)?\[0x([0-9a-f]+)\]`)
	number         = regexp.MustCompile(`0x[0-9a-f]+`)
)

// plain takes what is but style out of a listing's line.
func plain(s string) string {
	s = objdumpComment.ReplaceAllString(strings.ToLower(s), "")
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, ", ", ",")), " ")
	for _, p := range [][2]string{{"far ", ""}, {" ptr", ""}, {"st(0)", "st"}, {"ds:[e", "[e"}, {"ds:[s", "[s"}, {"ds:[b", "[b"},
		{"+eiz*1", ""}, {"oword", "xmmword"}, {"call d", "call d"}} {
		s = strings.ReplaceAll(s, p[0], p[1])
	}
	s = noIndex.ReplaceAllString(strings.ReplaceAll(s, "+0x0]", "]"), "")
	for {
		first, rest, ok := strings.Cut(s, " ")
		if !ok || !strings.Contains(" data16 data32 addr16 addr32 es cs ss ds fs gs ", " "+first+" ") {
			break // a prefix without effect
		}
		s = rest
	}
	s = suffixed.ReplaceAllString(s, "$1 ")
	s = absolute.ReplaceAllStringFunc(s, func(m string) string {
		p := absolute.FindStringSubmatch(m)
		if p[1] == "" {
			p[1] = "ds:"
		}
		return p[1] + "0x" + p[2]
	})
	return number.ReplaceAllStringFunc(s, func(m string) string {
		v, _ := strconv.ParseUint(m[2:], 16, 64)
		return fmt.Sprintf("%#x", v)
	})
}

// TestObjdumpText compares the whole text, operands and numbers, of what this
// program executes, with objdump's.
func TestObjdumpText(t *testing.T) {
	for _, row := range []struct {
		mode    CodeSize
		machine string
	}{{Code16, "i8086"}, {Code32, "i386"}} {
		code := textCode(row.mode)
		p := filepath.Join(t.TempDir(), "code.bin")
		require.NoError(t, os.WriteFile(p, code, 0o600))
		out, err := exec.Command(need.Tool(t, "objdump"), "-w", "-z", "-M", "intel", "--no-show-raw-insn", "-D", "-b", "binary",
			"-m", row.machine, p).Output()
		require.NoError(t, err)
		checked, bad := 0, 0
		for line := range strings.SplitSeq(string(out), "\n") {
			at, text, ok := strings.Cut(line, ":\t")
			addr, err := strconv.ParseUint(strings.TrimSpace(at), 16, 64)
			if !ok || err != nil || addr%32 != 0 || strings.Contains(text, "(bad)") || strings.Contains(text, ".byte") {
				continue
			}
			var in Inst
			if Decode(code[addr:addr+16], row.mode, &in) != OK || in.Row == nil || in.Lock || in.Rep != RepNone {
				continue
			}
			checked++
			if got, want := plain(in.Text(addr)), plain(text); got != want && !spelledOtherwise(&in, got, want) {
				if bad++; bad < 60 {
					t.Errorf("%v %x: %q, objdump has %q", row.mode, code[addr:addr+uint64(in.Len)], in.Text(addr), text)
				}
			}
		}
		t.Logf("%d checked, %d bad", checked, bad)
	}
}

// spelledOtherwise tells differences that are names: the manual's PUSHAD is
// objdump's pusha in 32-bit code, for one. Of branches only the mnemonic is
// compared: objdump has no 16-bit addresses.
func spelledOtherwise(in *Inst, got, want string) bool {
	switch in.Op {
	case PUSHA, POPA, PUSHF, POPF, IRET, RETF, LGDT, LIDT, SGDT, SIDT:
		return true
	case NOP: // with an operand size: xchg ax,ax; hints that later processors gave a meaning to
		return true
	case PREFETCH, INVLPG, FUCOM, FUCOMP, FNSAVE, FRSTOR, FNSTENV, FLDENV, CMPPS, CMPSS:
		a, _, _ := strings.Cut(got, " ")
		return strings.HasPrefix(want, a) || in.Op == CMPPS || in.Op == CMPSS
	case MOVSEG:
		return got == strings.NewReplacer(",e", ",").Replace(want)
	case MOV: // an address alone shows no size in objdump's listing
		if strings.NewReplacer("byte ", "", "dword ", "", "word ", "").Replace(got) == want {
			return true
		}
	case JMP, JCC, CALL, LOOP, LOOPE, LOOPNE, JCXZ:
		a, _, _ := strings.Cut(got, " ")
		b, _, _ := strings.Cut(want, " ")
		return a == b || a+"d" == b || a+"w" == b
	}
	return strings.Contains(want, "[-0x") || strings.Contains(want, "[+0x") // neither base nor index
}
