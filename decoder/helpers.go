package decoder

import "fmt"

// String gives the mnemonic in capitals. Ops that share a mnemonic in the manual
// keep a name of their own (MOVSEG, JMPF), so that reports tell them apart;
// Inst.Mnemonic gives what an assembler writes.
func (op Op) String() string {
	if int(op) < len(opNames) {
		return opNames[op]
	}
	return fmt.Sprintf("Op(%d)", uint16(op))
}

// NumOps is one more than the last Op: the size of a table by Op.
const NumOps = len(opNames)

// String gives the manual's name of the feature.
func (f Feature) String() string {
	if int(f) < len(featureNames) {
		return featureNames[f]
	}
	return fmt.Sprintf("Feature(%d)", uint8(f))
}

// NumFeatures is one more than the last Feature.
const NumFeatures = len(featureNames)

// String gives the check in the words of docs/instructions.md.
func (p Priv) String() string {
	switch p {
	case PrivCPL0:
		return "CPL 0"
	case PrivIOPL:
		return "IOPL"
	case PrivIO:
		return "IOPL or I/O bitmap"
	case PrivTSD:
		return "CR4.TSD"
	case PrivPCE:
		return "CR4.PCE"
	case PrivUMIP:
		return "CR4.UMIP"
	case PrivVM86:
		return "IOPL in V86"
	}
	return ""
}

// Encoding gives the row's encoding as the manual writes it: "66 0F 38 F6 /r".
// "NP" stands for none of 66, F3, F2 and "NR" for neither F3 nor F2; "m" and "r"
// restrict ModRM to memory or register forms; a plus sign after the opcode puts
// a register into its low three bits.
func (r *Row) Encoding() string { return r.enc }

// MayKeepFlags tells whether an execution of the row can leave the flags of
// Write and Undef as they were: shifts and rotates by a count that may be zero,
// and string compares under a REP with rSI, rDI and rCX that may be zero. Such a
// row does not kill an earlier flag result.
func (r *Row) MayKeepFlags() bool {
	switch r.Op {
	case ROL, ROR, RCL, RCR, SHL, SHR, SAR:
		return r.Opcode < 0xd0 || r.Opcode > 0xd1
	case SHLD, SHRD, CMPS, SCAS:
		return true
	}
	return false
}

// DropPrefix turns an instruction that a mandatory F3 or F2 selected into the
// one that its bytes are on a processor without the feature, which ignores the
// prefix: TZCNT becomes BSF, LZCNT becomes BSR, PAUSE becomes NOP. It answers
// false, and changes nothing, where there is no such instruction: then the
// processor raises #UD.
func (in *Inst) DropPrefix() bool {
	r := in.Row
	if r == nil || r.Prefix != RepE && r.Prefix != RepNE {
		return false
	}
	wide := 0
	if in.Mode == Mode64 {
		wide = 1
	}
	e := cells[wide][r.Map][r.Opcode].entry(classNone, in.ModRM)
	if e == nil || e.row.Args != r.Args {
		return false
	}
	in.Row, in.Op, in.Rep = e.row, e.row.Op, r.Prefix
	return true
}
