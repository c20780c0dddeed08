package decoder

import "strings"

// headings are the entries of the SDM's volume 2 that define several
// instructions; a slash parts their names.
var headings = []string{
	"BT", "CALL", "CBW/CWDE/CDQE", "CMPXCHG8B/CMPXCHG16B", "CWD/CDQ/CQO", "INT n/INTO/INT3/INT1",
	"IRET/IRETD/IRETQ", "LDS/LES/LFS/LGS/LSS", "LGDT/LIDT", "LOOP/LOOPcc", "POPA/POPAD", "POPF/POPFD/POPFQ",
	"PUSHA/PUSHAD", "PUSHF/PUSHFD/PUSHFQ", "RCL/RCR/ROL/ROR", "SAL/SAR/SHL/SHR", "VERR/VERW",
	"MOVD/MOVQ", "MOVSX/MOVSXD", "RDFSBASE/RDGSBASE", "WRFSBASE/WRGSBASE", "ADCX", "ADOX",
	"F2XM1", "FADD/FADDP/FIADD", "FBLD", "FBSTP", "FCLEX/FNCLEX", "FCOM/FCOMP/FCOMPP", "FCOMI/FCOMIP/FUCOMI/FUCOMIP",
	"FDIV/FDIVP/FIDIV", "FDIVR/FDIVRP/FIDIVR", "FICOM/FICOMP", "FINIT/FNINIT", "FIST/FISTP",
	"FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ", "FMUL/FMULP/FIMUL", "FSAVE/FNSAVE", "FST/FSTP",
	"FSTCW/FNSTCW", "FSTENV/FNSTENV", "FSTSW/FNSTSW", "FSUB/FSUBP/FISUB", "FSUBR/FSUBRP/FISUBR", "FUCOM/FUCOMP/FUCOMPP",
	"WAIT/FWAIT",
	"MOVDQU", "PABSB/PABSW/PABSD", "PACKSSWB/PACKSSDW", "PADDB/PADDW/PADDD/PADDQ", "PADDSB/PADDSW", "PADDUSB/PADDUSW",
	"PAVGB/PAVGW", "PCMPEQB/PCMPEQW/PCMPEQD", "PCMPGTB/PCMPGTW/PCMPGTD", "PEXTRB/PEXTRD/PEXTRQ", "PHADDW/PHADDD",
	"PHSUBW/PHSUBD", "PINSRB/PINSRD/PINSRQ", "PMAXSB/PMAXSW/PMAXSD/PMAXSQ", "PMAXUB/PMAXUW", "PMAXUD/PMAXUQ",
	"PMINSB/PMINSW", "PMINSD/PMINSQ", "PMINUB/PMINUW", "PMINUD/PMINUQ", "PSIGNB/PSIGNW/PSIGND",
	"PSLLW/PSLLD/PSLLQ", "PSRAW/PSRAD/PSRAQ", "PSRLW/PSRLD/PSRLQ", "PSUBB/PSUBW/PSUBD", "PSUBSB/PSUBSW", "PSUBUSB/PSUBUSW",
	"PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ", "PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ",
	"VMLAUNCH/VMRESUME", "VMPTRLD", "VMXON",
}

// entries are the headings of Ops whose name is not the manual's. The volume
// stands first where the name does not tell it.
var entries = map[Op]string{
	JCC: "Jcc", SETCC: "SETcc", CMOVCC: "CMOVcc", JMPI: "JMP", JMPF: "JMP", CALLI: "CALL", CALLF: "CALL", RETF: "RET",
	JCXZ: "Jcc", LOOPE: "LOOP/LOOPcc", LOOPNE: "LOOP/LOOPcc", INT: "INT n/INTO/INT3/INT1",
	MOVSEG: "MOV", MOVCR: "MOV (control registers)", MOVDR: "MOV (debug registers)", PUSHSEG: "PUSH", POPSEG: "POP",
	MOVTR: "i486 PRM 26 MOV (test registers)", SALC: "undocumented: SETALC of the opcode maps of other makers",
	UD0: "UD", UD1: "UD", UD2: "UD", ENDBR: "ENDBR32/ENDBR64", PREFETCH: "PREFETCHh, PREFETCHW", XLAT: "XLAT/XLATB",
	FCMOVB: "FCMOVcc", FCMOVE: "FCMOVcc", FCMOVBE: "FCMOVcc", FCMOVU: "FCMOVcc",
	FCMOVNB: "FCMOVcc", FCMOVNE: "FCMOVcc", FCMOVNBE: "FCMOVcc", FCMOVNU: "FCMOVcc",
	FNENI: "8087 FENI", FNDISI: "8087 FDISI", FNSETPM: "80287 FSETPM",
	FSTPNCE: "FST/FSTP", FFREEP: "undocumented: FFREE and pop (AMD 22007, 80387 on)", CLGI: "AMD 3 CLGI",
	VMRUN: "AMD 3 VMRUN", VMMCALL: "AMD 3 VMMCALL", VMLOAD: "AMD 3 VMLOAD", VMSAVE: "AMD 3 VMSAVE", STGI: "AMD 3 STGI",
	SKINIT: "AMD 3 SKINIT", INVLPGA: "AMD 3 INVLPGA", INVEPT: "SDM 3C INVEPT", INVVPID: "SDM 3C INVVPID",
	FILD: "FILD", FNOP: "FNOP", MOVS: "MOVS/MOVSB/MOVSW/MOVSD/MOVSQ", CMPS: "CMPS/CMPSB/CMPSW/CMPSD/CMPSQ",
	STOS: "STOS/STOSB/STOSW/STOSD/STOSQ", LODS: "LODS/LODSB/LODSW/LODSD/LODSQ", SCAS: "SCAS/SCASB/SCASW/SCASD",
	INS: "INS/INSB/INSW/INSD", OUTS: "OUTS/OUTSB/OUTSW/OUTSD",
}

// section names where the manual defines op, such as "SDM 2A ADD".
func section(op Op) string {
	name := op.String()
	head, ok := entries[op]
	if !ok {
		head = name
		for _, h := range headings {
			for part := range strings.SplitSeq(h, "/") {
				if part == name {
					head = h
				}
			}
		}
	}
	for _, p := range []string{"SDM ", "AMD ", "i486 ", "8087 ", "80287 ", "undocumented"} {
		if strings.HasPrefix(head, p) {
			return head
		}
	}
	return "SDM " + volume(name) + " " + head
}

// volume is the part of the SDM with an entry: 2A has A to L, 2B M to U, 2C V,
// 2D W to Z, and 3C those of VMX.
func volume(name string) string {
	switch c := name[0]; {
	case strings.HasPrefix(name, "VM"):
		return "3C"
	case name == "FWAIT":
		return "2D"
	case c <= 'L':
		return "2A"
	case c <= 'U':
		return "2B"
	case c == 'V':
		return "2C"
	}
	return "2D"
}
