// Package decoder turns bytes into instructions. The instruction set is a table
// of rows (row.go, one table_*.go per opcode map); Decode finds the row, reads
// prefixes, ModRM, SIB, displacement and immediates, and holds no machine state.
//
// The rows reach to SSE4.2, AES, PCLMUL, BMI1 and BMI2, and to the mnemonics of
// VMX and SVM. AVX and later vector sets, 3DNow!, SSE4a, SHA, CET's shadow
// stacks, TSX and SMX have none: their encodings are Invalid.
package decoder

// CodeSize is the code size that CS, or long mode, gives.
type CodeSize uint8

// The three code sizes.
const (
	Code16 CodeSize = 16
	Code32 CodeSize = 32
	Code64 CodeSize = 64
)

// MaxLen is the longest legal instruction in bytes (SDM 2A 2.3.11).
const MaxLen = 15

// Status is the outcome of Decode.
type Status uint8

const (
	// OK: Inst is complete.
	OK Status = iota
	// Truncated: the bytes end before the instruction does. The caller fetches
	// more, or lets the fetch fault.
	Truncated
	// TooLong: more than MaxLen bytes; the processor raises #GP(0).
	TooLong
	// Invalid: no such instruction, or an illegal LOCK or operand form; the
	// processor raises #UD. Inst.Len counts what was read.
	Invalid
)

// OperandKind tells where an operand lives.
type OperandKind uint8

const (
	KindNone OperandKind = iota
	KindReg              // general register Reg, low Size bytes
	KindHigh             // AH, CH, DH, BH: bits 8 to 15 of general register Reg (0 to 3)
	KindMem              // Inst's Seg, Base, Index, Scale, Disp; Size bytes
	KindImm              // Inst.Imm, already extended to the operation's size
	KindImm2             // Inst.Imm2 (ENTER's level, EXTRQ)
	KindOne              // the constant 1 of D0 and D1
	KindRel              // branch displacement in Inst.Imm, sign-extended
	KindFar              // far pointer: offset in Inst.Imm, selector in Inst.Imm2
	KindSeg              // segment register Reg (x86.ES ...)
	KindCR               // control register Reg
	KindDR               // debug register Reg
	KindST               // x87 register ST(Reg)
	KindMMX              // MMX register Reg
	KindXMM              // XMM register Reg
	KindSrc              // string source: Seg:rSI, Size bytes
	KindDst              // string destination: ES:rDI, Size bytes
	KindTR               // test register Reg of the 386 and 486
)

// Operand is one explicit or implied operand.
type Operand struct {
	Kind OperandKind
	Reg  uint8
	// Size in bytes; 0 where it has none (LEA's memory, INVLPG), 10 for an
	// 80-bit real, 6 or 10 for a descriptor-table or far pointer operand.
	Size uint8
}

// NoReg stands for an absent base or index; RIP as Base is RIP-relative.
const (
	NoReg uint8 = 0xff
	RIP   uint8 = 0xfe
)

// Repeat prefixes.
const (
	RepNone uint8 = 0
	RepNE   uint8 = 0xf2
	RepE    uint8 = 0xf3 // also plain REP
)

// Inst is one decoded instruction. It is a value without pointers but Row's,
// which is shared and constant.
type Inst struct {
	Row *Row
	Op  Op
	// Len is the number of bytes, prefixes included.
	Len uint8
	// OpSize is the effective operand size in bytes: 2, 4 or 8 (byte forms show
	// in their Operand's Size). In 64-bit mode it is 8 where the form defaults
	// to 64 bits.
	OpSize uint8
	// AddrSize is the effective address size in bytes: 2, 4 or 8.
	AddrSize uint8
	CodeSize CodeSize
	// Seg is the effective segment of the memory operand or string source:
	// override, else SS for rSP and rBP bases, else DS.
	Seg         uint8
	SegOverride bool
	Lock        bool
	Rep         uint8 // last of F2 and F3, where it is no mandatory prefix
	Rex         uint8
	// Cond is the low four bits of the opcode of JCC, SETCC and CMOVCC.
	Cond  uint8
	Base  uint8 // register number, NoReg or RIP
	Index uint8 // register number or NoReg
	Scale uint8 // as a shift: 0 to 3
	N     uint8 // operands in Args
	Args  [4]Operand
	Disp  int64 // sign-extended; moffs is Base NoReg with the whole address here
	Imm   uint64
	Imm2  uint64
	// ModRM is the raw byte, for forms that read a register field as data.
	ModRM uint8
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
	if in.CodeSize == Code64 {
		wide = 1
	}
	e := cells[wide][r.Map][r.Opcode].entry(classNone, in.ModRM)
	if e == nil || e.row.Args != r.Args {
		return false
	}
	in.Row, in.Op, in.Rep = e.row, e.row.Op, r.Prefix
	return true
}
