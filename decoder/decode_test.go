package decoder

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"ringzero/x86"

	"github.com/stretchr/testify/require"
)

// bin reads "66 0f 38 f6 c1".
func bin(t testing.TB, s string) []byte {
	t.Helper()
	code, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return code
}

func decodeHex(t testing.TB, mode CodeSize, s string) (in Inst, st Status) {
	t.Helper()
	st = Decode(bin(t, s), mode, &in)
	return in, st
}

// TestText decodes and prints: opcode, operands, sizes and immediates in one.
func TestText(t *testing.T) {
	for _, row := range []struct {
		name string
		mode CodeSize
		code string
		want string
	}{
		// Operand sizes and immediates.
		{"byte registers", Code32, "88 c4", "mov ah, al"},
		{"imm16 is zero-extended", Code16, "b8 ff ff", "mov ax, 0xffff"},
		{"sign-extended imm8 at 32 bits", Code32, "83 c0 ff", "add eax, 0xffffffff"},
		{"sign-extended imm8 at 16 bits", Code32, "66 83 c0 ff", "add ax, 0xffff"},
		{"sign-extended imm8 at 64 bits", Code64, "48 83 c0 ff", "add rax, 0xffffffffffffffff"},
		{"imm32 at 64 bits is sign-extended", Code64, "48 c7 c0 00 00 00 80", "mov rax, 0xffffffff80000000"},
		{"imm64", Code64, "48 b8 88 77 66 55 44 33 22 11", "mov rax, 0x1122334455667788"},
		{"REX.W before 66", Code64, "66 48 05 ff ff ff ff", "add rax, 0xffffffffffffffff"},
		{"REX that is not last is ignored", Code64, "48 66 05 ff ff", "add ax, 0xffff"},
		{"imm8 alone is zero-extended", Code32, "c0 e0 ff", "shl al, 0xff"},
		{"PUSH imm8 at 64 bits", Code64, "6a 80", "push 0xffffffffffffff80"},
		{"PUSH imm at 16 bits in 64-bit mode", Code64, "66 68 34 12", "push 0x1234"},
		{"ENTER has two", Code32, "c8 34 12 05", "enter 0x1234, 0x5"},
		{"far pointer 16:16", Code16, "9a 34 12 78 56", "call far 0x5678:0x1234"},
		{"far pointer 16:32", Code32, "ea 78 56 34 12 08 00", "jmp far 0x8:0x12345678"},
		{"moffs32", Code32, "a1 f0 ff ff ff", "mov eax, dword ptr [0xfffffff0]"},
		{"moffs with 16-bit address", Code32, "67 a1 f0 ff", "mov eax, dword ptr [0xfff0]"},
		{"moffs64", Code64, "48 a3 88 77 66 55 44 33 22 f1", "mov qword ptr [0xf122334455667788], rax"},
		// Registers under REX.
		{"SPL under REX", Code64, "40 88 e0", "mov al, spl"},
		{"AH without REX", Code64, "88 e0", "mov al, ah"},
		{"REX.R and REX.B", Code64, "4d 89 c8", "mov r8, r9"},
		{"r8b in the opcode", Code64, "41 b4 01", "mov r12b, 0x1"},
		{"XCHG r8", Code64, "49 90", "xchg r8, rax"},
		{"NOP", Code64, "48 90", "nop"},
		{"PAUSE", Code64, "f3 90", "pause"},
		{"BSWAP", Code64, "41 0f cf", "bswap r15d"},
		// Addressing.
		{"bp+si", Code16, "8b 42 fe", "mov ax, word ptr [bp+si-0x2]"},
		{"disp16", Code16, "8b 06 fe ff", "mov ax, word ptr [0xfffe]"},
		{"32-bit address in 16-bit code", Code16, "67 8b 04 24", "mov ax, word ptr [esp]"},
		{"16-bit address in 32-bit code", Code32, "67 8b 07", "mov eax, dword ptr [bx]"},
		{"no index", Code32, "8b 44 a4 04", "mov eax, dword ptr [esp+0x4]"},
		{"scaled index, no base", Code32, "8b 04 8d 00 10 00 00", "mov eax, dword ptr [ecx*4+0x1000]"},
		{"r12 as index", Code64, "42 8b 04 20", "mov eax, dword ptr [rax+r12*1]"},
		{"r13 without displacement does not exist", Code64, "41 8b 04 25 00 10 00 00", "mov eax, dword ptr [0x1000]"},
		{"RIP-relative", Code64, "8b 05 f8 ff ff ff", "mov eax, dword ptr [rip-0x8]"},
		{"EIP-relative", Code64, "67 8b 05 f8 ff ff ff", "mov eax, dword ptr [eip-0x8]"},
		{"disp32 in 32-bit mode", Code32, "8b 05 f8 ff ff ff", "mov eax, dword ptr [0xfffffff8]"},
		{"last segment override", Code32, "26 64 8b 00", "mov eax, dword ptr fs:[eax]"},
		{"DS is no override in 64-bit mode", Code64, "64 3e 8b 00", "mov eax, dword ptr fs:[rax]"},
		// Branches.
		{"short", Code32, "eb fe", "jmp 0x1000"},
		{"near at 16 bits wraps", Code16, "e9 fd df", "jmp 0xf000"},
		{"66 cuts the target to 16 bits", Code32, "66 0f 84 00 f0", "je 0x5"},
		{"66 does nothing to a near branch in 64-bit mode", Code64, "66 e8 00 00 00 00", "call 0x1006"},
		{"indirect branch is 64 bits wide", Code64, "ff 20", "jmp qword ptr [rax]"},
		{"far indirect is not", Code64, "ff 28", "jmp far fword ptr [rax]"},
		{"far indirect with REX.W", Code64, "48 ff 28", "jmp far tbyte ptr [rax]"},
		{"JECXZ", Code64, "67 e3 00", "jecxz 0x1003"},
		// Stack operands at 64 bits.
		{"PUSH r64", Code64, "41 57", "push r15"},
		{"PUSH r16", Code64, "66 57", "push di"},
		{"POP m64", Code64, "8f 00", "pop qword ptr [rax]"},
		{"PUSHF", Code64, "9c", "pushfq"},
		{"PUSH FS", Code64, "0f a0", "push fs"},
		// System.
		{"MOV to CR0 ignores mod", Code32, "0f 22 04", "mov cr0, esp"},
		{"MOV from CR8", Code64, "44 0f 20 c0", "mov rax, cr8"},
		{"MOV DR7 at 16 bits is 32 bits wide", Code16, "0f 21 f8", "mov eax, dr7"},
		{"LGDT", Code32, "0f 01 10", "lgdt fword ptr [eax]"},
		{"LGDT 64", Code64, "0f 01 10", "lgdt tbyte ptr [rax]"},
		{"STR register", Code32, "0f 00 c8", "str eax"},
		{"STR memory", Code32, "0f 00 08", "str word ptr [eax]"},
		{"MOV segment to memory", Code32, "8c 18", "mov word ptr [eax], ds"},
		{"MOV segment to register", Code32, "8c d8", "mov eax, ds"},
		{"LOCK CMPXCHG8B", Code32, "f0 0f c7 08", "lock cmpxchg8b qword ptr [eax]"},
		{"CMPXCHG16B", Code64, "48 0f c7 08", "cmpxchg16b xmmword ptr [rax]"},
		// Strings.
		{"REP MOVS", Code32, "f3 66 a5", "rep movsw word ptr es:[edi], word ptr ds:[esi]"},
		{"CMPS with override", Code16, "f2 64 a6", "repne cmpsb byte ptr fs:[si], byte ptr es:[di]"},
		{"OUTS is at most 32 bits", Code64, "48 6f", "outsd dx, dword ptr ds:[rsi]"},
		{"STOS 64", Code64, "67 48 ab", "stosq qword ptr es:[edi], rax"},
		{"IN", Code32, "66 ed", "in ax, dx"},
		// Mandatory prefixes.
		{"BSF", Code32, "0f bc c1", "bsf eax, ecx"},
		{"BSF with F2 is BSF", Code32, "f2 0f bc c1", "repne bsf eax, ecx"},
		{"TZCNT", Code32, "f3 0f bc c1", "tzcnt eax, ecx"},
		{"TZCNT 16", Code32, "66 f3 0f bc c1", "tzcnt ax, cx"},
		{"MOVBE 16", Code32, "66 0f 38 f0 00", "movbe ax, word ptr [eax]"},
		{"CRC32 16", Code32, "66 f2 0f 38 f1 c1", "crc32 eax, cx"},
		{"CRC32 byte", Code64, "f2 48 0f 38 f0 c1", "crc32 rax, cl"},
		{"ADCX", Code64, "66 48 0f 38 f6 c1", "adcx rax, rcx"},
		{"F3 goes before 66", Code32, "66 f3 0f 10 c1", "movss xmm0, xmm1"},
		{"MOVQ by REX.W", Code64, "66 48 0f 6e c1", "movq xmm0, rcx"},
		{"PINSRB", Code32, "66 0f 3a 20 00 05", "pinsrb xmm0, byte ptr [eax], 0x5"},
		{"PMOVZXBQ", Code32, "66 0f 38 32 00", "pmovzxbq xmm0, word ptr [eax]"},
		{"BLENDVPS has xmm0", Code32, "66 0f 38 14 ca", "blendvps xmm1, xmm2, xmm0"},
		{"ENDBR64", Code32, "f3 0f 1e fa", "endbr"},
		{"hint NOP", Code32, "0f 1e fa", "nop edx"},
		// VEX.
		{"ANDN", Code64, "c4 e2 f0 f2 c2", "andn rax, rcx, rdx"},
		{"ANDN ignores W in 32-bit mode", Code32, "c4 e2 f0 f2 c2", "andn eax, ecx, edx"},
		{"VEX.R, X and B", Code64, "c4 02 70 f2 04 0a", "andn r8d, ecx, dword ptr [r10+r9*1]"},
		{"RORX", Code64, "c4 e3 fb f0 c1 11", "rorx rax, rcx, 0x11"},
		{"LES where mod is not 3", Code32, "c4 00", "les eax, fword ptr [eax]"},
		{"LDS", Code16, "c5 07", "lds ax, dword ptr [bx]"},
		// x87.
		{"FADD m32", Code32, "d8 00", "fadd dword ptr [eax]"},
		{"FSUBR st(i), st(0)", Code32, "dc e1", "fsubr st(1), st(0)"},
		{"FLD m80", Code32, "db 28", "fld tbyte ptr [eax]"},
		{"FILD m64", Code32, "df 28", "fild qword ptr [eax]"},
		{"FNSTSW AX", Code32, "df e0", "fnstsw ax"},
		{"FCOM2 alias", Code32, "dc d3", "fcom st(0), st(3)"},
		// Aliases and undocumented forms.
		{"82 is 80", Code32, "82 c0 ff", "add al, 0xff"},
		{"TEST by F6 /1", Code32, "f6 c9 01", "test cl, 0x1"},
		{"SHL by /6", Code32, "d1 f0", "shl eax, 1"},
		{"SALC", Code32, "d6", "salc"},
		{"INT1", Code32, "f1", "int1"},
		{"AAM base", Code16, "d4 0a", "aam 0xa"},
	} {
		t.Run(row.name, func(t *testing.T) {
			in, st := decodeHex(t, row.mode, row.code)
			require.Equal(t, OK, st)
			require.Equal(t, len(bin(t, row.code)), int(in.Len))
			require.Equal(t, row.want, in.Text(0x1000))
		})
	}
}

func TestFields(t *testing.T) {
	t.Run("stack segment by base", func(t *testing.T) {
		for code, want := range map[string]uint8{
			"8b 45 00": x86.SS, "8b 04 24": x86.SS, "8b 04 28": x86.DS, "8b 05 00 00 00 00": x86.DS,
			"8b 04 2d 00 00 00 00": x86.DS, "8b 44 05 00": x86.SS, "67 8b 46 00": x86.SS, "3e 8b 45 00": x86.DS,
		} {
			in, st := decodeHex(t, Code32, code)
			require.Equal(t, OK, st)
			require.Equal(t, want, in.Seg, code)
		}
	})
	t.Run("r13 is no stack base", func(t *testing.T) {
		in, _ := decodeHex(t, Code64, "41 8b 45 00")
		require.Equal(t, uint8(x86.DS), in.Seg)
	})
	t.Run("string source", func(t *testing.T) {
		in, _ := decodeHex(t, Code32, "64 a5")
		require.Equal(t, uint8(x86.FS), in.Seg)
		require.True(t, in.SegOverride)
	})
	t.Run("condition", func(t *testing.T) {
		in, _ := decodeHex(t, Code32, "0f 4e c1")
		require.Equal(t, CMOVCC, in.Op)
		require.Equal(t, uint8(0xe), in.Cond)
		require.Equal(t, uint32(x86.ZF|x86.SF|x86.OF), in.Row.Read)
	})
	t.Run("mandatory prefix is no repetition", func(t *testing.T) {
		in, _ := decodeHex(t, Code32, "f3 0f bc c1")
		require.Equal(t, RepNone, in.Rep)
		in, _ = decodeHex(t, Code32, "f3 c3")
		require.Equal(t, RepE, in.Rep)
	})
	t.Run("last of F2 and F3", func(t *testing.T) {
		in, _ := decodeHex(t, Code32, "f2 f3 a6")
		require.Equal(t, RepE, in.Rep)
	})
	t.Run("far displacement is extended", func(t *testing.T) {
		in, _ := decodeHex(t, Code32, "e8 f0 ff ff ff")
		require.Equal(t, ^uint64(15), in.Imm)
	})
	t.Run("everything is overwritten", func(t *testing.T) {
		var dirty Inst
		require.Equal(t, OK, Decode(bin(t, "f0 64 67 66 81 84 24 01 02 03 04 05 06"), Code64, &dirty))
		require.Equal(t, OK, Decode([]byte{0x90}, Code32, &dirty))
		clean, _ := decodeHex(t, Code32, "90")
		require.Equal(t, clean, dirty)
	})
}

func TestStatus(t *testing.T) {
	all3 := []CodeSize{Code16, Code32, Code64}
	legacy, long := []CodeSize{Code16, Code32}, []CodeSize{Code64}
	for _, row := range []struct {
		name  string
		modes []CodeSize
		code  string
		want  Status
	}{
		{"nothing", all3, "", Truncated},
		{"prefixes only", all3, "66 67 f0", Truncated},
		{"immediate missing", all3, "b0", Truncated},
		{"ModRM missing", all3, "01", Truncated},
		{"SIB missing", []CodeSize{Code32, Code64}, "01 04", Truncated},
		{"displacement short", []CodeSize{Code32, Code64}, "01 80 00 00 00", Truncated},
		{"group needs ModRM", all3, "0f 01", Truncated},
		{"escape alone", all3, "0f", Truncated},
		{"VEX or LES is open", legacy, "c4", Truncated},
		{"14 prefixes and NOP", all3, strings.Repeat("66", 14) + "90", OK},
		{"15 prefixes", all3, strings.Repeat("66", 15), TooLong},
		{"15 prefixes and NOP", all3, strings.Repeat("66", 15) + "90", TooLong},
		{"16th byte in the immediate", []CodeSize{Code32}, strings.Repeat("3e", 11) + "05 00 00 00 00", TooLong},
		{"14 bytes of prefixes are not too long yet", all3, strings.Repeat("66", 14), Truncated},
		{"UD2 is an instruction", all3, "0f 0b", OK},
		{"UD1 takes ModRM", all3, "0f b9 c0", OK},
		{"UD0 takes ModRM", all3, "0f ff c0", OK},
		{"0F 04", all3, "0f 04", Invalid},
		{"LOCK on memory destination", all3, "f0 01 00", OK},
		{"LOCK on register", all3, "f0 01 c0", Invalid},
		{"LOCK on memory source", all3, "f0 03 00", Invalid},
		{"LOCK on CMP", all3, "f0 39 00", Invalid},
		{"LOCK on MOV", all3, "f0 89 00", Invalid},
		{"LOCK NOP", all3, "f0 90", Invalid},
		{"LOCK XCHG", all3, "f0 87 00", OK},
		{"LOCK BTS", all3, "f0 0f ab 00", OK},
		{"LOCK BT", all3, "f0 0f a3 00", Invalid},
		{"LOCK BT immediate", all3, "f0 0f ba 20 01", Invalid},
		{"LEA of a register", all3, "8d c0", Invalid},
		{"LSS of a register", all3, "0f b2 c0", Invalid},
		{"CALL far of a register", all3, "ff d8", Invalid},
		{"FE /2", all3, "fe d0", Invalid},
		{"FF /7", all3, "ff f8", Invalid},
		{"8F /1", all3, "8f c8", Invalid},
		{"C6 /1", all3, "c6 c8 00", Invalid},
		{"MOV to CS", all3, "8e c8", Invalid},
		{"MOV from CS", all3, "8c c8", OK},
		{"segment register 6", all3, "8c f0", Invalid},
		{"CR1", all3, "0f 20 c8", Invalid},
		{"CR5", all3, "0f 20 e8", Invalid},
		{"DR4", all3, "0f 21 e0", OK},
		{"DR8", long, "44 0f 21 c0", Invalid},
		{"LGDT of a register", all3, "0f 01 c0", Invalid},
		{"D9 D1", all3, "d9 d1", Invalid},
		{"MOVAPS with F3", all3, "f3 0f 28 c0", Invalid},
		{"RDRAND of memory is VMPTRLD", all3, "0f c7 30", OK},
		{"PUSH ES", legacy, "06", OK},
		{"PUSH ES", long, "06", Invalid},
		{"AAA", long, "37", Invalid},
		{"DAS", long, "2f", Invalid},
		{"PUSHA", long, "60", Invalid},
		{"BOUND is EVEX", long, "62 00", Invalid},
		{"BOUND of a register", legacy, "62 c0", Invalid},
		{"82", long, "82 c0 00", Invalid},
		{"far CALL", long, "9a 00 00 00 00 00 00", Invalid},
		{"AAM", long, "d4 0a", Invalid},
		{"SALC", long, "d6", Invalid},
		{"INTO", long, "ce", Invalid},
		{"far JMP", long, "ea 00 00 00 00 00 00", Invalid},
		{"SYSCALL", legacy, "0f 05", Invalid},
		{"SYSCALL", long, "0f 05", OK},
		{"SWAPGS", legacy, "0f 01 f8", Invalid},
		{"SWAPGS", long, "0f 01 f8", OK},
		{"MOVTR", legacy, "0f 24 d8", OK},
		{"MOVTR", long, "0f 24 d8", Invalid},
		{"AVX", all3, "c5 f8 58 c1", Invalid},
		{"VEX.L", all3, "c4 e2 74 f2 c2", Invalid},
		{"66 before VEX", all3, "66 c4 e2 70 f2 c2", Invalid},
		{"LOCK before VEX", all3, "f0 c4 e2 70 f2 c2", Invalid},
		{"REX before VEX", long, "48 c4 e2 70 f2 c2", Invalid},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, mode := range row.modes {
				in, st := decodeHex(t, mode, row.code)
				require.Equal(t, row.want, st, "%d-bit: %+v", mode, in)
				if st == TooLong {
					require.Equal(t, MaxLen, int(in.Len))
				}
			}
		})
	}
}

func TestDropPrefix(t *testing.T) {
	for _, row := range []struct {
		name, code string
		ok         bool
		want       string
	}{
		{"TZCNT", "f3 0f bc c1", true, "rep bsf eax, ecx"},
		{"LZCNT 16", "66 f3 0f bd c1", true, "rep bsr ax, cx"},
		{"PAUSE", "f3 90", true, "rep nop"},
		{"POPCNT", "f3 0f b8 c1", false, "popcnt eax, ecx"},
		{"MOVSS", "f3 0f 10 c1", false, "movss xmm0, xmm1"},
		{"REP MOVS", "f3 a4", false, "rep movsb byte ptr es:[edi], byte ptr ds:[esi]"},
	} {
		t.Run(row.name, func(t *testing.T) {
			in, _ := decodeHex(t, Code32, row.code)
			require.Equal(t, row.ok, in.DropPrefix())
			require.Equal(t, row.want, in.Text(0))
			require.Equal(t, in.Row.Op, in.Op)
		})
	}
}

// TestListedText: what objdump's comparison leaves out, and what people met.
func TestListedText(t *testing.T) {
	for _, row := range []struct {
		mode       CodeSize
		code, want string
	}{
		{Code32, "8b 44 a4 04", "mov eax, dword ptr [esp+0x4]"},
		{Code32, "66 b8 00 8e", "mov ax, 0x8e00"},
		{Code16, "b8 00 8e", "mov ax, 0x8e00"},
		{Code16, "8b 00", "mov ax, word ptr [bx+si]"},
		{Code32, "a1 00 00 00 00", "mov eax, dword ptr [0x0]"},
		{Code32, "8b 05 00 00 00 00", "mov eax, dword ptr [0x0]"},
		{Code32, "8d 44 8b 10", "lea eax, [ebx+ecx*4+0x10]"},
		{Code32, "6a ff", "push 0xffffffff"},
		{Code32, "66 6a ff", "pushw 0xffff"},
		{Code32, "66 06", "pushw es"},
		{Code16, "66 c3", "retd"},
		{Code16, "2e d7", "xlat byte ptr cs:[bx]"},
		{Code64, "f3 0f 1e fa", "endbr"},
		{Code32, "0f 01 cb", "stac"},
		{Code16, "74 fe", "je 0x1000"},
		{Code32, "90 90", "nop"},
		{Code32, "0f 04", "(bad)"},
		{Code32, "0f", "(bad)"},
	} {
		t.Run(row.code, func(t *testing.T) {
			var in Inst
			Decode(bin(t, row.code), row.mode, &in)
			require.Equal(t, row.want, in.Text(0x1000))
		})
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	code := bin(t, "f0 64 67 66 81 84 24 01 02 03 04 05 06")
	var in Inst
	require.Zero(t, testing.AllocsPerRun(100, func() { Decode(code, Code32, &in) }))
}

// checkAny holds for every input: lengths are legal, later bytes do not matter,
// and an instruction that is cut short is Truncated.
func checkAny(t testing.TB, code []byte, mode CodeSize) {
	var in, again Inst
	st := Decode(code, mode, &in)
	require.LessOrEqual(t, int(in.Len), min(len(code), MaxLen))
	_ = in.Text(0xffff_fff0)
	if st == Truncated {
		require.Less(t, len(code), MaxLen)
		return
	}
	longer := append(bytes.Clone(code), 0xcc, 0x00, 0xff)
	require.Equal(t, st, Decode(longer, mode, &again), "with bytes after it")
	require.Equal(t, in, again, "with bytes after it")
	if st != OK {
		return
	}
	require.NotNil(t, in.Row)
	require.Equal(t, in.Row.Op, in.Op)
	require.Equal(t, mode == Code64, in.Row.Modes&In64 != 0 && (in.Row.Modes&InLegacy == 0 || mode == Code64))
	for n := range int(in.Len) {
		require.Equal(t, Truncated, Decode(code[:n], mode, &again), "first %d of % x", n, code[:in.Len])
	}
	require.Equal(t, OK, Decode(code[:in.Len], mode, &again))
	require.Equal(t, in, again, "alone")
}

// TestAnyOpcode runs the fuzz target's checks over the made-up instructions of
// the comparison with objdump.
func TestAnyOpcode(t *testing.T) {
	for _, mode := range []CodeSize{Code16, Code32, Code64} {
		code := randomCode(mode)
		for p := 0; p < len(code); p += 32 * 8 {
			checkAny(t, code[p:p+20], mode)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"90", "f0 64 67 66 81 84 24 01 02 03 04 05 06", "c4 e2 f0 f2 c2", "0f 01 c1", "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 66", "d9 fe", "9a 01 02 03 04 05 06"} {
		f.Add(bin(f, s))
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		for _, mode := range []CodeSize{Code16, Code32, Code64} {
			checkAny(t, code, mode)
		}
	})
}
