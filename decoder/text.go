package decoder

import (
	"fmt"
	"strings"

	"ringzero/x86"
)

var (
	names8   = [16]string{"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"}
	namesHi  = [4]string{"ah", "ch", "dh", "bh"}
	names16  = [16]string{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"}
	names64  = [16]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"}
	segNames = [6]string{"es", "cs", "ss", "ds", "fs", "gs"}
)

// regName names a general register of size bytes.
func regName(reg, size uint8) string {
	reg &= 15
	if reg >= 8 {
		return fmt.Sprintf("r%d%s", reg, map[uint8]string{1: "b", 2: "w", 4: "d"}[size])
	}
	switch size {
	case 1:
		return names8[reg]
	case 2:
		return names16[reg]
	case 4:
		return "e" + names16[reg]
	}
	return names64[reg]
}

// mnemonics that the operand size changes: the ones for 2, 4 and 8 bytes.
var sizedNames = map[Op][3]string{
	CBW:   {"cbw", "cwde", "cdqe"},
	CWD:   {"cwd", "cdq", "cqo"},
	PUSHA: {"pusha", "pushad", ""},
	POPA:  {"popa", "popad", ""},
	PUSHF: {"pushf", "pushfd", "pushfq"},
	POPF:  {"popf", "popfd", "popfq"},
	IRET:  {"iret", "iretd", "iretq"},
	MOVD:  {"movd", "movd", "movq"},
}

// plainNames are the mnemonics of Ops that are spelled otherwise.
var plainNames = map[Op]string{
	MOVSEG: "mov", MOVCR: "mov", MOVDR: "mov", MOVTR: "mov", PUSHSEG: "push", POPSEG: "pop",
	JMPI: "jmp", JMPF: "jmp far", CALLI: "call", CALLF: "call far", PREFETCH: "prefetch",
	INT1: "int1", INT3: "int3", FSTPNCE: "fstp", LOOPNE: "loopne", LOOPE: "loope",
}

// Mnemonic gives the instruction's mnemonic in small letters, with size and
// condition: "movsd", "cwde", "jne".
func (in *Inst) Mnemonic() string {
	size := in.OpSize >> 2 & 3
	switch in.Op {
	case JCC:
		return "j" + condNames[in.Cond&15]
	case SETCC:
		return "set" + condNames[in.Cond&15]
	case CMOVCC:
		return "cmov" + condNames[in.Cond&15]
	case MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS:
		return strings.ToLower(in.Op.String()) + in.stringSuffix()
	case JCXZ:
		return [4]string{"jcxz", "jecxz", "jrcxz", ""}[in.AddrSize>>2&3]
	}
	if s, ok := sizedNames[in.Op]; ok {
		return s[min(size, 2)]
	}
	s, ok := plainNames[in.Op]
	if !ok {
		s = strings.ToLower(in.Op.String())
	}
	return s + in.sizeSuffix()
}

// sizeSuffix tells the operand size of an instruction that no operand shows it
// of, where it is not the code's: "pushw es", "retd".
func (in *Inst) sizeSuffix() string {
	if in.CodeSize == Code64 || int(in.OpSize) == int(in.CodeSize)/8 {
		return ""
	}
	switch in.Op {
	case PUSHSEG, POPSEG, CALL, RET, RETF, ENTER, LEAVE:
	case PUSH:
		if in.Args[0].Kind != KindImm {
			return ""
		}
	default:
		return ""
	}
	return map[uint8]string{2: "w", 4: "d"}[in.OpSize]
}

func (in *Inst) stringSuffix() string {
	for _, o := range in.Args[:in.N] {
		if o.Kind == KindSrc || o.Kind == KindDst {
			return map[uint8]string{1: "b", 2: "w", 4: "d", 8: "q"}[o.Size]
		}
	}
	return ""
}

// Text gives the instruction in Intel syntax from our own tables. pc is the
// address of its first byte.
func (in *Inst) Text(pc uint64) string {
	if in.Row == nil {
		return "(bad)"
	}
	var b strings.Builder
	if in.Lock {
		b.WriteString("lock ")
	}
	switch in.Rep {
	case RepNE:
		b.WriteString("repne ")
	case RepE:
		if in.Op == CMPS || in.Op == SCAS {
			b.WriteString("repe ")
		} else {
			b.WriteString("rep ")
		}
	}
	b.WriteString(in.Mnemonic())
	for i := range int(in.N) {
		if i == 0 {
			b.WriteByte(' ')
		} else {
			b.WriteString(", ")
		}
		b.WriteString(in.operandText(&in.Args[i], pc))
	}
	if in.Op == XLAT { // whose operand is its own, but for segment and address size
		fmt.Fprintf(&b, " byte ptr %s:[%s]", segNames[in.Seg%6], regName(x86.BX, in.AddrSize))
	}
	return b.String()
}

func (in *Inst) operandText(o *Operand, pc uint64) string {
	switch o.Kind {
	case KindReg:
		return regName(o.Reg, o.Size)
	case KindHigh:
		return namesHi[o.Reg&3]
	case KindMem:
		return ptrText(o.Size) + in.memText()
	case KindImm:
		return fmt.Sprintf("%#x", in.Imm)
	case KindImm2:
		return fmt.Sprintf("%#x", in.Imm2)
	case KindOne:
		return "1"
	case KindRel:
		return fmt.Sprintf("%#x", in.Target(pc))
	case KindFar:
		return fmt.Sprintf("%#x:%#x", in.Imm2, in.Imm)
	case KindSeg:
		return segNames[o.Reg%6]
	case KindCR:
		return fmt.Sprintf("cr%d", o.Reg)
	case KindDR:
		return fmt.Sprintf("dr%d", o.Reg)
	case KindTR:
		return fmt.Sprintf("tr%d", o.Reg)
	case KindST:
		return fmt.Sprintf("st(%d)", o.Reg)
	case KindMMX:
		return fmt.Sprintf("mm%d", o.Reg)
	case KindXMM:
		return fmt.Sprintf("xmm%d", o.Reg)
	case KindSrc:
		return fmt.Sprintf("%s%s:[%s]", ptrText(o.Size), segNames[in.Seg%6], regName(x86.SI, in.AddrSize))
	case KindDst:
		return fmt.Sprintf("%ses:[%s]", ptrText(o.Size), regName(x86.DI, in.AddrSize))
	}
	return "?"
}

func ptrText(size uint8) string {
	name := map[uint8]string{1: "byte", 2: "word", 4: "dword", 6: "fword", 8: "qword", 10: "tbyte", 16: "xmmword"}[size]
	if name == "" {
		return ""
	}
	return name + " ptr "
}

// memText is the memory operand: "gs:[ebx+esi*4-0x8]".
func (in *Inst) memText() string {
	var b strings.Builder
	if in.SegOverride {
		b.WriteString(segNames[in.Seg%6] + ":")
	}
	b.WriteByte('[')
	sep := ""
	if in.Base == RIP {
		b.WriteString(map[uint8]string{4: "eip", 8: "rip"}[in.AddrSize])
		sep = "+"
	} else if in.Base != NoReg {
		b.WriteString(regName(in.Base, in.AddrSize))
		sep = "+"
	}
	if in.Index != NoReg {
		b.WriteString(sep + regName(in.Index, in.AddrSize))
		if in.AddrSize != 2 {
			fmt.Fprintf(&b, "*%d", 1<<in.Scale)
		}
		sep = "+"
	}
	switch {
	case sep == "":
		fmt.Fprintf(&b, "%#x", uint64(in.Disp)&sizeMask[in.AddrSize>>2&3])
	case in.Disp < 0:
		fmt.Fprintf(&b, "-%#x", -in.Disp)
	case in.Disp > 0:
		fmt.Fprintf(&b, "+%#x", in.Disp)
	}
	b.WriteByte(']')
	return b.String()
}

// Target gives the address that a relative branch at pc goes to, cut to the
// operand size as the processor does (SDM 2A CALL, JMP, Jcc). It means nothing
// for other instructions.
func (in *Inst) Target(pc uint64) uint64 {
	return (pc + uint64(in.Len) + in.Imm) & sizeMask[in.OpSize>>2&3]
}
