// Package ir is what the translator's front end hands to a backend: micro-ops with
// x86-shaped operands, the registers and flags that each uses and sets, and the exits
// of their block. It knows neither the processor's state nor what is made of it.
package ir

import "ringzero/x86"

// Op is the operation of a micro-op.
type Op uint8

// Arithmetic comes first, in the order of the encoding (SDM 2D table A-2).
const (
	Add Op = iota
	Or
	Adc
	Sbb
	And
	Sub
	Xor
	Cmp
	Test
	Inc
	Dec
	Neg
	Not
	Mov
	MovZX // Src has width SW
	MovSX
	Lea
	Rol
	Ror
	Rcl
	Rcr
	Shl
	Shr
	Sar
	ShlD // Aux is the count operand
	ShrD
	IMul // D = S * Aux, or D * S where Aux is absent
	Mul  // AX, or rDX:rAX, of rAX and S, unsigned
	SMul // the same, signed
	Div
	SDiv
	Bt // bit Aux of D into CF; a register as Aux reaches beyond memory
	Bts
	Btr
	Btc
	Bsf
	Bsr
	Xadd
	CmpXchg
	Push
	Pop
	PushF
	Xchg
	Bswap
	SetCC
	CMov
	Widen  // CBW, CWDE
	SignDX // CWD, CDQ
	Leave
	Lahf
	Sahf
	Clc
	Stc
	Cmc
	Cld
	Std
	Movs // one iteration of a string instruction
	Stos
	Lods
	Cmps
	Scas
	Nop
	CallOut // a function of the processor's, by number

	// Terminators.
	Fall     // on to the next block
	Jmp      // relative
	Jcc      // relative, conditional
	JmpInd   // to the value of S
	Call     // relative
	CallInd  // to the value of S
	Ret      // drops Imm bytes more
	Loop     // counts in rCX of width SW; Cond is one of LoopAlways to LoopZero
	CallEnd  // call-out, then on to the next block
	CallAway // the same, but the next block is looked up
	CallJump // call-out that sets EIP
)

// ArgKind tells where an operand lives.
type ArgKind uint8

const (
	None ArgKind = iota
	Reg
	High // bits 8 to 15 of a register
	Imm
	Mem
)

// Arg is an operand; memory and immediate are the micro-op's own.
type Arg struct {
	Kind ArgKind
	Reg  uint8
}

// Address is a memory operand.
type Address struct {
	Seg         uint8
	Base, Index uint8 // decoder.NoReg where absent
	Scale       uint8
	Size        uint8  // address size in bytes
	Disp        uint64 // sign-extended
	// Flat: the segment adds and checks nothing, the address has 32 bits.
	Flat bool
}

// Uop is one micro-op.
type Uop struct {
	Op   Op
	W    uint8 // width as a logarithm: 0 bytes to 3 quadwords
	SW   uint8 // width of the source of MovZX and MovSX, of the count of Loop
	Cond uint8
	D, S Arg
	Aux  Arg
	Addr Address
	Imm  uint64
	// Live are the status flags that must be right after it.
	Live uint32
	// Writes, Reads and Kills are status flags: Kills those that it certainly
	// replaces.
	Writes, Reads, Kills uint32
	// In and Out are the registers that it uses and sets, implicit ones too; one of
	// which a part is set is used as well.
	In, Out x86.RegSet
	// MayLeave: it can fault or leave, so the flags before it must be right.
	MayLeave bool
	Inst     uint8 // the number of its instruction in the block
	// Call is the number of the call-out that does the same, 0 for none: a backend
	// that has no code for the micro-op makes that.
	Call uint16
	// Counts: it is counted as a trap.
	Counts bool
	// Next is the offset behind the instruction from the start of the block's page,
	// Target that of a relative branch; Mask is 0xffff where EIP is cut to 16 bits.
	Next, Target uint64
	Mask         uint32
	// Stack32 and FlatStack describe SS for Push, Pop, Call and Ret.
	Stack32, FlatStack bool
	// CC is the lazy-flag operation known to be in force before a Jcc, SetCC or
	// CMov, 0 if it is not known.
	CC uint32
}

// Values of Cond for Loop: while the count is not 0, and not ZF or ZF; and a jump
// where the count is 0 (JCXZ).
const (
	LoopAlways = iota
	LoopNotZero
	LoopZero
	JumpIfNone
)

// Code is a block as a backend gets it.
type Code struct {
	Uops []Uop
	// Steps is the number of instructions.
	Steps int
	Exits []Exit
}

// ExitKind tells why a block is left.
type ExitKind uint8

const (
	// ExitBudget: the budget is short of the block, which is not begun.
	ExitBudget ExitKind = iota
	// ExitFault: the instruction faulted, or must run alone.
	ExitFault
	// ExitFall and ExitTaken lead on to the next instruction and to the target of a
	// branch; they are the ones that can be linked.
	ExitFall
	ExitTaken
	// ExitIndirect leads to where EIP says.
	ExitIndirect
)

// Exit is a way out of a block.
type Exit struct {
	Kind ExitKind
	Inst uint8 // the instruction that leaves
	// To is the target's offset from the start of the block's page; Near tells that
	// it lies in it, so that a link needs no look.
	To   uint64
	Near bool
}
