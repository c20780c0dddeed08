package decoder

import (
	"strconv"
	"strings"

	"ringzero/x86"
)

// form is one line of a table file: what the manual prints for one form of an
// instruction. build.go expands it to a Row.
//
// The columns are: operation, encoding, operand codes, modes, CPUID feature,
// flags, attributes. The encoding is written as in the SDM (volume 2A, 3.1.1.1):
//
//	[NP|NR|66|F3|F2] [REX.W|VEX] [0F [38|3A]] opcode [/r | /0 .. /7 | modrm] [m|r]
//
// NP: exists only without 66, F3 and F2. NR: only without F3 and F2; 66 is the
// operand size. A hexadecimal byte after the opcode is a whole ModRM byte (mod
// 3), or with a plus sign the first of eight (D8 C0+). "40+" names eight opcodes
// with a register in the low bits. m and r restrict ModRM.mod.
type form struct {
	op    Op
	enc   string
	args  string
	modes Modes
	feat  Feature
	fl    fl
	at    at
}

// fl is the flags of a form: read, written, left undefined.
type fl struct{ r, w, u uint32 }

// at is a form's set of attributes, with the privilege check in bits 8 to 15.
type at uint32

const (
	lock   at = 1 << iota // LOCK is legal
	d64                   // operand size defaults to 64 bits in 64-bit mode
	f64                   // and no prefix changes it
	anymod                // ModRM.mod is ignored: always the register form
	ctl                   // control-sensitive
	beh                   // behaviour-sensitive

	cpl0 = at(PrivCPL0)<<8 | ctl // privileged, and so control-sensitive
	iopl = at(PrivIOPL)<<8 | ctl
	pio  = at(PrivIO)<<8 | ctl
	tsd  = at(PrivTSD) << 8
	pce  = at(PrivPCE) << 8
	umip = at(PrivUMIP) << 8
	vm86 = at(PrivVM86) << 8
)

// Short names for the columns of the tables.
const (
	all   = InAll
	leg   = InLegacy
	only  = In64
	prot  = InProtected
	pm    = InProtected | In64
	arith = uint32(x86.Arith)
)

// Sets of flags (SDM 1 appendix A, table A-2).
var (
	fNone   = fl{}
	fArith  = fl{w: arith}
	fCarry  = fl{r: x86.CF, w: arith}                               // ADC, SBB
	fLogic  = fl{w: arith &^ x86.AF, u: x86.AF}                     // AND, OR, XOR, TEST
	fInc    = fl{w: arith &^ x86.CF}                                // INC, DEC keep CF
	fMul    = fl{w: x86.CF | x86.OF, u: arith &^ (x86.CF | x86.OF)} // MUL, IMUL
	fDiv    = fl{u: arith}
	fShift1 = fl{w: arith &^ x86.AF, u: x86.AF}
	fShift  = fl{w: arith &^ (x86.AF | x86.OF), u: x86.AF | x86.OF}
	fRot1   = fl{w: x86.CF | x86.OF}
	fRot    = fl{w: x86.CF, u: x86.OF}
	fRotC1  = fl{r: x86.CF, w: x86.CF | x86.OF}
	fRotC   = fl{r: x86.CF, w: x86.CF, u: x86.OF}
	fBit    = fl{w: x86.CF, u: x86.OF | x86.SF | x86.AF | x86.PF}   // BT family; ZF stays
	fScan   = fl{w: x86.ZF, u: arith &^ x86.ZF}                     // BSF, BSR
	fCount  = fl{w: x86.CF | x86.ZF, u: arith &^ (x86.CF | x86.ZF)} // LZCNT, TZCNT
	fZF     = fl{w: x86.ZF}
	fDF     = fl{r: x86.DF}
	fCmpDF  = fl{r: x86.DF, w: arith} // CMPS, SCAS
)

// expand parses a form into its Row and what Decode needs beside it.
func (f *form) expand() *entry {
	r := &Row{
		Op: f.op, Reg: -1, RM: -1, Args: f.args, Modes: f.modes, Feature: f.feat,
		Priv: Priv(f.at >> 8), Sense: f.sense(),
		Read: f.fl.r, Write: f.fl.w, Undef: f.fl.u, Lock: f.at&lock != 0,
		Section: section(f.op), enc: f.enc,
	}
	e := &entry{row: r, d64: f.at&d64 != 0, f64: f.at&f64 != 0, anyMod: f.at&anymod != 0}
	f.encoding(e)
	e.parseArgs()
	return e
}

func (f *form) sense() (s Sense) {
	if f.at&ctl != 0 {
		s |= SenseControl
	}
	if f.at&beh != 0 {
		s |= SenseBehaviour
	}
	return s
}

// encoding parses the encoding column into the row.
func (f *form) encoding(e *entry) {
	r, vex, opcode := e.row, false, false
	for _, w := range strings.Fields(f.enc) {
		switch {
		case w == "NP":
			r.Prefix = PrefixNone
		case w == "NR":
			r.Prefix = PrefixNoRep
		case w == "REX.W":
			r.RexW = true
		case w == "VEX":
			vex = true
		case w == "/r":
			e.modrm = true
		case w[0] == '/':
			e.modrm, r.Reg = true, int8(w[1]-'0')
		case w == "m":
			e.modrm, r.Mod = true, ModMem
		case w == "r":
			e.modrm, r.Mod = true, ModReg
		case opcode:
			f.modrmByte(e, w)
		case (w == "66" || w == "F3" || w == "F2") && r.Map == MapOne && strings.Contains(f.enc, w+" "):
			r.Prefix = uint8(f.hex(w))
		case w == "0F" && r.Map == MapOne:
			r.Map = Map0F
		case w == "38" && r.Map == Map0F && strings.Contains(f.enc, "0F 38 "):
			r.Map = Map0F38
		case w == "3A" && r.Map == Map0F && strings.Contains(f.enc, "0F 3A "):
			r.Map = Map0F3A
		default:
			opcode = true
			e.plus = strings.HasSuffix(w, "+")
			r.Opcode = uint8(f.hex(strings.TrimSuffix(w, "+")))
		}
	}
	if r.Map == MapOne && r.Opcode&0xf8 == 0xd8 {
		r.Map = MapX87
	}
	if vex {
		r.Map += MapVEX0F38 - Map0F38
	}
	if !opcode {
		panic("BUG: no opcode in " + f.enc)
	}
}

// modrmByte reads a ModRM byte in the encoding: C1, or C0+ for eight.
func (f *form) modrmByte(e *entry, w string) {
	b := f.hex(strings.TrimSuffix(w, "+"))
	e.modrm, e.row.Mod, e.row.Reg = true, ModReg, int8(b>>3&7)
	if !strings.HasSuffix(w, "+") {
		e.row.RM = int8(b & 7)
	}
}

func (f *form) hex(s string) uint64 {
	v, err := strconv.ParseUint(s, 16, 8)
	if err != nil {
		panic("BUG: encoding " + f.enc + ": " + err.Error())
	}
	return v
}
