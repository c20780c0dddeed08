// Package ir is what the translator's front end hands to a backend: micro-ops
// with x86-shaped operands, and the blocks that hold what was made of them.
package ir

import (
	"ringzero/cpu"
	"ringzero/decoder"
)

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
	Mul  // EDX:EAX of EAX and S, unsigned
	Push
	Pop
	Xchg
	Bswap
	SetCC
	CMov
	Widen  // CBW, CWDE
	SignDX // CWD, CDQ
	Leave
	Nop
	CallOut // a named function of cpu

	// Terminators.
	Fall     // on to the next block
	Jmp      // relative
	Jcc      // relative, conditional
	JmpInd   // to the value of S
	Call     // relative
	CallInd  // to the value of S
	Ret      // drops Imm bytes more
	Loop     // LOOP, LOOPE, LOOPNE, JCXZ by Site.Inst.Op
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
	SW   uint8 // source width of MovZX and MovSX
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
	// Exits: it can fault or leave, so the flags before it must be right.
	Exits bool
	Inst  uint8 // the number of its instruction in the block
	Do    cpu.Handler
	// Count is the Op to count as a trap, 0 for none.
	Count decoder.Op
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
