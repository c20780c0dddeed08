package decoder

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"ringzero/x86"

	"github.com/stretchr/testify/require"
)

func TestEveryOpHasANameAndARow(t *testing.T) {
	has := make([]bool, NumOps)
	for _, r := range Rows() {
		has[r.Op] = true
	}
	seen := map[string]Op{}
	for op := INVALID; int(op) < NumOps; op++ {
		name := op.String()
		require.NotEmpty(t, name, "Op %d: names.go has no name", op)
		if other, ok := seen[name]; ok {
			t.Errorf("%d and %d are both called %s", op, other, name)
		}
		seen[name] = op
		if op != INVALID && !has[op] {
			t.Errorf("%s has no row", name)
		}
	}
	names := constants(t, "op.go")
	names = names[:len(names)-1] // NumOps
	require.Len(t, names, NumOps, "names.go is behind op.go")
	for i, name := range names {
		if name != "PCLMUL" {
			require.Equal(t, name, Op(i).String())
		}
	}
}

// constants lists the constants that a file of this package declares.
func constants(t *testing.T, file string) (names []string) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			names = append(names, s.(*ast.ValueSpec).Names[0].Name)
		}
	}
	return names
}

func TestEveryFeatureHasANameAndARow(t *testing.T) {
	require.Len(t, constants(t, "feature.go"), NumFeatures, "names.go is behind feature.go")
	has := make([]bool, NumFeatures)
	for _, r := range Rows() {
		has[r.Feature] = true
	}
	for f := range Feature(NumFeatures) {
		require.NotEmpty(t, f.String(), "Feature %d", f)
		require.True(t, has[f], "%v has no row", f)
	}
}

func TestRows(t *testing.T) {
	for _, r := range Rows() {
		name := fmt.Sprintf("%s %v %s", r.Encoding(), r.Op, r.Args)
		require.NotEmpty(t, r.Section, name)
		require.NotEmpty(t, r.Encoding(), name)
		require.NotZero(t, r.Modes, name)
		require.Zero(t, r.Write&r.Undef, "%s: flags both written and undefined", name)
		if r.Privileged() {
			require.True(t, r.Sensitive(), "%s: privileged, not sensitive", name)
		}
		if r.Map == MapVEX0F38 || r.Map == MapVEX0F3A {
			require.Zero(t, r.Modes&(InReal|InVM86), "%s: VEX in real mode", name)
		}
		require.LessOrEqual(t, strings.Count(r.Args, ","), 3, name)
	}
}

func TestRowsIsACopy(t *testing.T) {
	Rows()[0] = nil
	require.NotNil(t, Rows()[0])
	require.True(t, slices.Equal(Rows(), Rows()))
}

// TestNoTwoRowsShareAnEncoding asks for every opcode, prefix class and ModRM
// byte in either mode that one row is the most special.
func TestNoTwoRowsShareAnEncoding(t *testing.T) {
	var entries []*entry
	for _, table := range [][]form{formsOne, forms0F, forms0F38, forms0F3A, formsX87, formsVEX} {
		for i := range table {
			entries = append(entries, table[i].expand())
		}
	}
	for _, mode := range []Modes{InReal, InVM86, InProtected, In64} {
		var lists [numMaps][256][]*entry
		for _, e := range entries {
			// CMPXCHG16B and XCHG r8 stand beside others on purpose: REX selects.
			if e.row.Modes&mode == 0 || e.row.RexW || e.row.Op == XCHG && e.plus {
				continue
			}
			for i := range 8 {
				if i == 0 || e.plus {
					l := &lists[e.row.Map][int(e.row.Opcode)+i]
					*l = append(*l, e)
				}
			}
		}
		for m := range lists {
			for op, l := range lists[m] {
				unique(t, l, fmt.Sprintf("mode %d map %d opcode %02X", mode, m, op))
			}
		}
	}
}

func unique(t *testing.T, l []*entry, where string) {
	t.Helper()
	if len(l) < 2 {
		return
	}
	for class := range prefixClasses {
		for modrm := range 256 {
			best, n := -1, 0
			for _, e := range l {
				switch s, ok := match(e.row, class, modrm); {
				case !ok || s < best:
				case s == best:
					n++
				default:
					best, n = s, 1
				}
			}
			require.LessOrEqual(t, n, 1, "%s prefix class %d ModRM %02X", where, class, modrm)
		}
	}
}

// TestRowsAreReached decodes an instruction made from each row's encoding and
// wants that row.
func TestRowsAreReached(t *testing.T) {
	for _, r := range Rows() {
		mode := Code32
		if r.Modes&InLegacy == 0 {
			mode = Code64
		}
		code := sample(r)
		var in Inst
		require.Equal(t, OK, Decode(code, mode, &in), "%s: % x", r.Encoding(), code)
		require.Equal(t, r.Encoding()+" "+r.Args, in.Row.Encoding()+" "+in.Row.Args, "% x", code)
		require.Same(t, r, in.Row)
		require.Equal(t, len(strings.FieldsFunc(r.Args, func(c rune) bool { return c == ',' })), int(in.N))
		for i := range int(in.N) {
			require.NotEqual(t, KindNone, in.Args[i].Kind, r.Encoding())
		}
	}
}

// sample makes an instruction of a row.
func sample(r *Row) (code []byte) {
	switch r.Prefix {
	case 0x66, RepE, RepNE:
		if r.Map < MapVEX0F38 {
			code = append(code, r.Prefix)
		}
	}
	if r.RexW {
		code = append(code, 0x48)
	}
	switch r.Map {
	case Map0F:
		code = append(code, 0x0f)
	case Map0F38:
		code = append(code, 0x0f, 0x38)
	case Map0F3A:
		code = append(code, 0x0f, 0x3a)
	case MapVEX0F38, MapVEX0F3A:
		pp := map[uint8]byte{0x66: 1, RepE: 2, RepNE: 3}[r.Prefix]
		code = append(code, 0xc4, 0xe2+byte(r.Map-MapVEX0F38), 0x78|pp)
	}
	modrm := byte(0) // [eax]; CR0, ES and so on
	if r.Mod == ModReg || strings.HasPrefix(r.Args, "Sw") {
		modrm = 0xc0
	}
	if r.Reg > 0 {
		modrm |= byte(r.Reg) << 3
	}
	if r.RM > 0 {
		modrm |= byte(r.RM)
	}
	opcode := r.Opcode
	if r.Op == XCHG && opcode == 0x90 {
		opcode++ // 90 itself is NOP
	}
	code = append(code, opcode, modrm)
	return append(code, make([]byte, 15-len(code))...)
}

// flagTable is the SDM's cross-reference of status flags (volume 1 appendix A,
// table A-2, and the instructions' own pages for what it leaves out), in the
// order OF SF ZF AF PF CF: t tested, m modified, x tested and modified, 0 and 1
// reset and set, - undefined, . not touched.
var flagTable = map[string]string{
	"ADD SUB CMP NEG XADD CMPXCHG CMPS SCAS": "mmmmmm",
	"ADC SBB":                                "mmmmmx",
	"AND OR XOR TEST":                        "0mm-m0",
	"INC DEC":                                "mmmmm.",
	"MUL IMUL":                               "m----m",
	"DIV IDIV":                               "------",
	"AAA AAS":                                "---x-m",
	"AAD AAM":                                "-mm-m-",
	"DAA DAS":                                "-mmxmx",
	"SHLD SHRD":                              "-mm-mm",
	"BSF BSR":                                "--m---",
	"TZCNT LZCNT":                            "--m--m",
	"POPCNT":                                 "00m000",
	"BT BTS BTR BTC":                         "--.--m",
	"ARPL LAR LSL VERR VERW CMPXCHG8B CMPXCHG16B": "..m...",
	"CLC STC":      ".....m",
	"CMC":          ".....x",
	"LAHF":         ".ttttt",
	"SAHF":         ".mmmmm",
	"LOOPE LOOPNE": "..t...",
	"SALC":         ".....t",
	"COMISS COMISD UCOMISS UCOMISD FCOMI FCOMIP FUCOMI FUCOMIP": "00m0mm",
	"FCMOVB FCMOVNB":        ".....t",
	"FCMOVE FCMOVNE":        "..t...",
	"FCMOVBE FCMOVNBE":      "..t..t",
	"FCMOVU FCMOVNU":        "....t.",
	"PTEST":                 "00m00m",
	"PCMPESTRI PCMPESTRM":   "mmm00m",
	"PCMPISTRI PCMPISTRM":   "mmm00m",
	"RDRAND RDSEED":         "00000m",
	"ADCX":                  ".....x",
	"ADOX":                  "x.....",
	"ANDN BLSR BLSI BLSMSK": "0mm--m",
	"BZHI":                  "0mm--m",
	"BEXTR":                 "0-m--0",
	"MOVCR MOVDR MOVTR":     "------",
	"VMREAD VMWRITE VMPTRLD VMPTRST VMCLEAR VMXON VMXOFF VMLAUNCH VMRESUME VMCALL INVEPT INVVPID": "mmmmmm",
	"MOV MOVSEG XCHG LEA PUSH POP PUSHSEG POPSEG CBW CWD NOT BSWAP MOVZX MOVSX JMP CALL RET ENTER LEAVE " +
		"IN OUT MOVS STOS LODS INS OUTS BOUND CPUID RDTSC CLTS LGDT LIDT LLDT LTR LMSW SMSW SGDT SIDT SLDT STR " +
		"CRC32 MOVBE MULX PDEP PEXT RORX SARX SHLX SHRX NOP HLT XLAT JCXZ LOOP CLI STI CLD STD": "......",
}

// effect spells a row's flags as in flagTable; written constants count as m.
func effect(r *Row) string {
	s := ""
	for _, f := range []uint32{x86.OF, x86.SF, x86.ZF, x86.AF, x86.PF, x86.CF} {
		switch {
		case r.Undef&f != 0:
			s += "-"
		case r.Read&r.Write&f != 0:
			s += "x"
		case r.Read&f != 0:
			s += "t"
		case r.Write&f != 0:
			s += "m"
		default:
			s += "."
		}
	}
	return s
}

func rowsOf(op string) (rs []*Row) {
	for _, r := range Rows() {
		if r.Op.String() == op {
			rs = append(rs, r)
		}
	}
	return rs
}

func TestFlags(t *testing.T) {
	for ops, want := range flagTable {
		want = strings.NewReplacer("0", "m", "1", "m").Replace(want)
		for _, op := range strings.Fields(ops) {
			rs := rowsOf(op)
			require.NotEmpty(t, rs, op)
			for _, r := range rs {
				require.Equal(t, want, effect(r), "%s %s", op, r.Encoding())
			}
		}
	}
}

// TestShiftFlags: a count of 1 in the opcode defines OF; others may not.
func TestShiftFlags(t *testing.T) {
	for _, row := range []struct{ op, one, more string }{
		{"ROL", "m....m", "-....m"}, {"ROR", "m....m", "-....m"},
		{"RCL", "m....x", "-....x"}, {"RCR", "m....x", "-....x"},
		{"SHL", "mmm-mm", "-mm-mm"}, {"SHR", "mmm-mm", "-mm-mm"}, {"SAR", "mmm-mm", "-mm-mm"},
	} {
		for _, r := range rowsOf(row.op) {
			want := row.more
			if strings.HasSuffix(r.Args, ",1") {
				want = row.one
			}
			require.Equal(t, want, effect(r), "%s %s", row.op, r.Encoding())
			require.Equal(t, want == row.more, r.MayKeepFlags(), "%s %s", row.op, r.Encoding())
		}
	}
}

func TestConditionFlags(t *testing.T) {
	for _, op := range []string{"JCC", "SETCC", "CMOVCC"} {
		for _, r := range rowsOf(op) {
			require.Equal(t, condReads[r.Opcode&15], r.Read, r.Encoding())
			require.Zero(t, r.Write|r.Undef, r.Encoding())
		}
	}
	require.Len(t, rowsOf("JCC"), 32)
	require.Len(t, rowsOf("SETCC"), 16)
	require.Len(t, rowsOf("CMOVCC"), 16)
}

// opsWhere lists the names of the Ops with a row that f chooses, sorted.
func opsWhere(f func(*Row) bool) (ops []string) {
	for _, r := range Rows() {
		if f(r) && !slices.Contains(ops, r.Op.String()) {
			ops = append(ops, r.Op.String())
		}
	}
	slices.Sort(ops)
	return ops
}

func sorted(s string) []string {
	ops := strings.Fields(s)
	slices.Sort(ops)
	return ops
}

// TestCriticalInstructions pins the instructions that are sensitive and do not
// trap: Robin and Irvine's list (USENIX Security 2000, section 3.3).
func TestCriticalInstructions(t *testing.T) {
	want := "SGDT SIDT SLDT SMSW PUSHF POPF LAR LSL VERR VERW POPSEG PUSHSEG CALLF JMPF INT RETF STR MOVSEG"
	require.Equal(t, sorted(want), opsWhere((*Row).Critical))
}

func TestPrivilegedInstructions(t *testing.T) {
	for _, row := range []struct {
		name string
		priv Priv
		ops  string
	}{
		{"CPL 0", PrivCPL0, "CLTS HLT INVD WBINVD INVLPG LGDT LIDT LLDT LMSW LTR MOVCR MOVDR MOVTR RDMSR WRMSR SYSEXIT SYSRET SWAPGS " +
			"MONITOR MWAIT CLAC STAC XSETBV INVPCID XSAVES XRSTORS " +
			"VMLAUNCH VMRESUME VMXOFF VMREAD VMWRITE VMPTRLD VMPTRST VMCLEAR VMXON INVEPT INVVPID " +
			"VMRUN VMLOAD VMSAVE STGI CLGI SKINIT INVLPGA"},
		{"IOPL", PrivIOPL, "CLI STI"},
		{"I/O", PrivIO, "IN OUT INS OUTS"},
		{"TSD", PrivTSD, "RDTSC RDTSCP"},
		{"PCE", PrivPCE, "RDPMC"},
		{"UMIP", PrivUMIP, "SGDT SIDT SLDT SMSW STR"},
		{"V86 IOPL", PrivVM86, "INT IRET PUSHF POPF"},
	} {
		t.Run(row.name, func(t *testing.T) {
			require.Equal(t, sorted(row.ops), opsWhere(func(r *Row) bool { return r.Priv == row.priv }))
		})
	}
}

// TestLockable pins SDM 2A's list at LOCK.
func TestLockable(t *testing.T) {
	want := "ADD ADC AND BTC BTR BTS CMPXCHG CMPXCHG8B CMPXCHG16B DEC INC NEG NOT OR SBB SUB XOR XADD XCHG"
	require.Equal(t, sorted(want), opsWhere(func(r *Row) bool { return r.Lock }))
}

func TestModes(t *testing.T) {
	for _, row := range []struct {
		name string
		in   Modes
		out  Modes
		ops  string
	}{
		{"protected mode only", pm, InReal | InVM86, "LAR LSL VERR VERW LLDT SLDT LTR STR VMXON VMRUN ANDN RORX"},
		{"ARPL", InProtected, InReal | InVM86 | In64, "ARPL"},
		{"not in 64-bit mode", InLegacy, In64, "AAA AAS AAD AAM DAA DAS BOUND INTO PUSHA POPA LES LDS SALC"},
		{"only in 64-bit mode", In64, InLegacy, "SYSCALL SYSRET SWAPGS MOVSXD CMPXCHG16B RDFSBASE WRGSBASE"},
		{"everywhere", InAll, 0, "SGDT SIDT LGDT LIDT SMSW LMSW MOVCR MOVDR CLTS RDMSR CPUID LSS MOV LEA HLT"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, op := range strings.Fields(row.ops) {
				rs := rowsOf(op)
				require.NotEmpty(t, rs, op)
				for _, r := range rs {
					require.Equal(t, row.in, r.Modes&row.in, op)
					require.Zero(t, r.Modes&row.out, op)
				}
			}
		})
	}
}

func TestSections(t *testing.T) {
	for op, want := range map[Op]string{
		ADD: "SDM 2A ADD", POPF: "SDM 2B POPF/POPFD/POPFQ", JCC: "SDM 2A Jcc", XLAT: "SDM 2D XLAT/XLATB",
		VERR: "SDM 2C VERR/VERW", VMXON: "SDM 3C VMXON", VMRUN: "AMD 3 VMRUN", FWAIT: "SDM 2D WAIT/FWAIT",
		PADDW: "SDM 2B PADDB/PADDW/PADDD/PADDQ", MOVCR: "SDM 2B MOV (control registers)", PUSHSEG: "SDM 2B PUSH",
	} {
		require.Equal(t, want, section(op))
	}
}
