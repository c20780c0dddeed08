package translator

import (
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/translator/ir"
	"ringzero/x86"
)

// lowering turns the instructions of one block into micro-ops.
type lowering struct {
	mode uint32
	cpu  *cpu.CPU
	uops []ir.Uop
	// n is the number of the instruction at hand, next the offset behind it from the
	// start of the block's page.
	n    uint8
	next uint64
}

const arith = uint32(x86.Arith)

var alu = map[decoder.Op]ir.Op{
	decoder.ADD: ir.Add, decoder.OR: ir.Or, decoder.ADC: ir.Adc, decoder.SBB: ir.Sbb, decoder.AND: ir.And,
	decoder.SUB: ir.Sub, decoder.XOR: ir.Xor, decoder.CMP: ir.Cmp, decoder.TEST: ir.Test,
	decoder.INC: ir.Inc, decoder.DEC: ir.Dec, decoder.NEG: ir.Neg, decoder.NOT: ir.Not, decoder.MOV: ir.Mov,
	decoder.ROL: ir.Rol, decoder.ROR: ir.Ror, decoder.RCL: ir.Rcl, decoder.RCR: ir.Rcr, decoder.SHL: ir.Shl,
	decoder.SHR: ir.Shr, decoder.SAR: ir.Sar,
}

func log2(size uint8) uint8 {
	switch size {
	case 2:
		return 1
	case 4:
		return 2
	case 8:
		return 3
	}
	return 0
}

// arg turns a decoded operand into a micro-op's.
func (l *lowering) arg(u *ir.Uop, in *decoder.Inst, i int) ir.Arg {
	o := &in.Args[i]
	switch o.Kind {
	case decoder.KindReg:
		return ir.Arg{Kind: ir.Reg, Reg: o.Reg}
	case decoder.KindHigh:
		return ir.Arg{Kind: ir.High, Reg: o.Reg}
	case decoder.KindImm, decoder.KindRel:
		u.Imm = in.Imm & 0xffffffff
		return ir.Arg{Kind: ir.Imm}
	case decoder.KindOne:
		u.Imm = 1
		return ir.Arg{Kind: ir.Imm}
	case decoder.KindMem:
		u.Addr = l.address(in)
		u.Exits = true
		return ir.Arg{Kind: ir.Mem}
	}
	return ir.Arg{}
}

func (l *lowering) address(in *decoder.Inst) ir.Address {
	flat := uint32(0)
	switch in.Seg {
	case x86.DS:
		flat = cpu.ModeFlatDS
	case x86.ES:
		flat = cpu.ModeFlatES
	case x86.SS:
		flat = cpu.ModeFlatSS
	}
	return ir.Address{Seg: in.Seg, Base: in.Base, Index: in.Index, Scale: in.Scale, Size: in.AddrSize,
		Disp: uint64(in.Disp), Flat: l.mode&flat != 0 && in.AddrSize == 4}
}

// exists tells whether the instruction is recognised in the block's mode on the
// processor's model.
func (l *lowering) exists(in *decoder.Inst) bool {
	now := decoder.InReal
	switch {
	case l.mode&cpu.ModeVM != 0:
		now = decoder.InVM86
	case l.mode&cpu.ModePE != 0:
		now = decoder.InProtected
	}
	return in.Row.Modes&now != 0 && l.cpu.Model.Has(in.Row.Feature)
}

// lower appends the micro-ops of one instruction and tells whether the block
// ends with it.
func (l *lowering) lower(in *decoder.Inst) (ends bool) {
	if !l.exists(in) && !(in.Row.Prefix != 0 && in.DropPrefix() && l.exists(in)) {
		l.callOut(in, cpu.Gap, cpu.FlowJump)
		return true
	}
	u := ir.Uop{Inst: l.n, Next: l.next, Mask: ^uint32(0), W: log2(in.OpSize), Cond: in.Cond,
		Stack32: l.mode&cpu.ModeStack32 != 0, FlatStack: l.mode&cpu.ModeFlatSS != 0}
	if in.N > 0 && in.Args[0].Size > 0 && in.Args[0].Size <= 4 {
		u.W = log2(in.Args[0].Size)
	}
	if op, ok := alu[in.Op]; ok {
		l.arithmetic(op, &u, in)
		return false
	}
	switch in.Op {
	case decoder.NOP, decoder.PREFETCH, decoder.ENDBR:
		u.Op = ir.Nop
	case decoder.LEA:
		u.Op = ir.Lea
		u.D, u.S = l.arg(&u, in, 0), l.arg(&u, in, 1)
		u.Exits = false
	case decoder.MOVZX, decoder.MOVSX:
		u.Op, u.SW = ir.MovZX, log2(in.Args[1].Size)
		if in.Op == decoder.MOVSX {
			u.Op = ir.MovSX
		}
		u.D, u.S = l.arg(&u, in, 0), l.arg(&u, in, 1)
	case decoder.SHLD, decoder.SHRD:
		u.Op = ir.ShlD
		if in.Op == decoder.SHRD {
			u.Op = ir.ShrD
		}
		u.D, u.S, u.Aux = l.arg(&u, in, 0), l.arg(&u, in, 1), l.arg(&u, in, 2)
		u.Writes, u.Reads = arith, arith
	case decoder.IMUL:
		if in.N == 1 || in.Args[0].Kind == decoder.KindMem || in.Args[0].Size == 1 {
			l.callOut(in, cpu.IMUL1, cpu.FlowOn)
			return false
		}
		u.Op, u.Writes, u.Kills = ir.IMul, arith, arith
		u.D, u.S = l.arg(&u, in, 0), l.arg(&u, in, 1)
		if in.N == 3 {
			u.Aux = l.arg(&u, in, 2)
		}
	case decoder.MUL:
		if o := &in.Args[in.N-1]; o.Kind != decoder.KindReg || o.Size != 4 {
			l.callOut(in, cpu.MUL, cpu.FlowOn)
			return false
		}
		u.Op, u.Writes, u.Kills, u.S = ir.Mul, arith, arith, l.arg(&u, in, int(in.N)-1)
	case decoder.PUSH:
		u.Op, u.W, u.Exits = ir.Push, log2(in.OpSize), true
		u.S = l.arg(&u, in, 0)
	case decoder.POP:
		if in.Args[0].Kind == decoder.KindMem {
			l.callOut(in, cpu.PopMem, cpu.FlowOn)
			return false
		}
		u.Op, u.W, u.Exits = ir.Pop, log2(in.OpSize), true
		u.D = l.arg(&u, in, 0)
	case decoder.LEAVE:
		u.Op, u.W, u.Exits = ir.Leave, log2(in.OpSize), true
	case decoder.XCHG:
		if in.Args[0].Kind == decoder.KindMem || in.Args[1].Kind == decoder.KindMem {
			l.callOut(in, cpu.XchgMem, cpu.FlowOn)
			return false
		}
		u.Op = ir.Xchg
		u.D, u.S = l.arg(&u, in, 0), l.arg(&u, in, 1)
	case decoder.BSWAP:
		u.Op = ir.Bswap
		u.D = l.arg(&u, in, 0)
	case decoder.SETCC:
		u.Op, u.Reads = ir.SetCC, arith
		u.D = l.arg(&u, in, 0)
	case decoder.CMOVCC:
		u.Op, u.Reads = ir.CMov, arith
		u.D, u.S = l.arg(&u, in, 0), l.arg(&u, in, 1)
	case decoder.CBW:
		u.Op, u.W = ir.Widen, log2(in.OpSize)
	case decoder.CWD:
		u.Op, u.W = ir.SignDX, log2(in.OpSize)
	case decoder.JMP, decoder.JCC, decoder.CALL, decoder.JMPI, decoder.CALLI, decoder.RET,
		decoder.LOOP, decoder.LOOPE, decoder.LOOPNE, decoder.JCXZ:
		l.branch(&u, in)
		return true
	case decoder.MOVS, decoder.STOS, decoder.LODS, decoder.CMPS, decoder.SCAS, decoder.INS, decoder.OUTS:
		if in.Rep != decoder.RepNone {
			l.callOut(in, cpu.Repeat, cpu.FlowJump)
			return true
		}
		return l.call(in)
	default:
		return l.call(in)
	}
	l.uops = append(l.uops, u)
	return false
}

// arithmetic lowers the two-operand and one-operand integer operations.
func (l *lowering) arithmetic(op ir.Op, u *ir.Uop, in *decoder.Inst) {
	u.Op = op
	u.D = l.arg(u, in, 0)
	if in.N > 1 {
		u.S = l.arg(u, in, 1)
	}
	if u.S.Kind == ir.Imm && u.W < 2 {
		u.Imm &= 1<<(8<<u.W) - 1
	}
	switch op {
	case ir.Mov, ir.Not:
	case ir.Rol, ir.Ror:
		u.Writes, u.Reads = x86.CF|x86.OF, arith
	case ir.Rcl, ir.Rcr:
		u.Writes, u.Reads = x86.CF|x86.OF, arith
	case ir.Shl, ir.Shr, ir.Sar:
		u.Writes = arith
		if u.S.Kind == ir.Imm && u.Imm&31 != 0 {
			u.Kills = arith
		} else {
			u.Reads = arith
		}
	case ir.Inc, ir.Dec:
		u.Writes, u.Reads, u.Kills = arith&^x86.CF, 0, arith&^x86.CF
	case ir.Adc, ir.Sbb:
		u.Writes, u.Reads, u.Kills = arith, x86.CF, arith
	default:
		u.Writes, u.Kills = arith, arith
	}
	l.uops = append(l.uops, *u)
}

// branch lowers a near control transfer.
func (l *lowering) branch(u *ir.Uop, in *decoder.Inst) {
	u.W = log2(in.OpSize)
	if in.OpSize == 2 {
		u.Mask = 0xffff
	}
	u.Target = u.Next + in.Imm
	switch in.Op {
	case decoder.JMP:
		u.Op = ir.Jmp
	case decoder.JCC:
		u.Op, u.Reads = ir.Jcc, arith
	case decoder.CALL:
		u.Op, u.Exits = ir.Call, true
	case decoder.JMPI, decoder.CALLI:
		u.Op = ir.JmpInd
		if in.Op == decoder.CALLI {
			u.Op, u.Exits = ir.CallInd, true
		}
		u.S = l.arg(u, in, 0)
	case decoder.RET:
		u.Op, u.Exits = ir.Ret, true
		u.Imm = 0
		if in.N > 0 {
			u.Imm = in.Imm & 0xffff
		}
	default:
		u.Op, u.Reads = ir.Loop, arith
	}
	l.uops = append(l.uops, *u)
}

// call lowers an instruction to its call-out.
func (l *lowering) call(in *decoder.Inst) (ends bool) {
	if h := cpu.FastFPU(in); h != nil {
		l.callOut(in, h, cpu.FlowOn)
		return false
	}
	call := cpu.Calls[in.Op]
	if call.Do == nil {
		l.callOut(in, cpu.Gap, cpu.FlowJump)
		return true
	}
	l.callOut(in, call.Do, call.Flow)
	return call.Flow != cpu.FlowOn
}

func (l *lowering) callOut(in *decoder.Inst, do cpu.Handler, flow cpu.Flow) {
	u := ir.Uop{Op: ir.CallOut, Inst: l.n, Do: do, Next: l.next, Mask: ^uint32(0),
		Exits: true, Reads: arith, Writes: arith}
	switch flow {
	case cpu.FlowEnd:
		u.Op = ir.CallEnd
	case cpu.FlowAway:
		u.Op = ir.CallAway
	case cpu.FlowJump:
		u.Op = ir.CallJump
	}
	if in.Row != nil && in.Row.Sensitive() {
		u.Count = in.Op
	}
	l.uops = append(l.uops, u)
}

// fall ends a block that no instruction ends.
func (l *lowering) fall() {
	l.uops = append(l.uops, ir.Uop{Op: ir.Fall, Inst: l.n, Next: l.next, Mask: ^uint32(0)})
}

// liveness computes which status flags each micro-op must leave right: those
// that a later one reads, or that are visible where a later one can leave the
// block before they are replaced. At the end of the block all are.
func liveness(uops []ir.Uop) {
	live := arith
	for i := len(uops) - 1; i >= 0; i-- {
		u := &uops[i]
		u.Live = u.Writes & live
		if i == len(uops)-1 && u.Op >= ir.Fall {
			live |= u.Reads
			continue
		}
		live = live&^u.Kills | u.Reads
		if u.Exits {
			live = arith
		}
		// A lazy result stands for all flags at once: what is not replaced here
		// must be materialised from before, so it counts as read.
		if u.Live != 0 && u.Kills != arith {
			live |= arith &^ u.Kills
		}
	}
}

// known notes, for each reader of the flags, the lazy operation that is in
// force where the block itself shows it.
func known(uops []ir.Uop) {
	cc := uint32(0)
	for i := range uops {
		u := &uops[i]
		u.CC = cc
		if u.Writes == 0 || u.Live == 0 && u.Op != ir.CallOut {
			continue
		}
		switch u.Op {
		case ir.Add:
			cc = cpu.CCAdd | uint32(u.W)
		case ir.Sub, ir.Cmp, ir.Neg:
			cc = cpu.CCSub | uint32(u.W)
		case ir.And, ir.Or, ir.Xor, ir.Test:
			cc = cpu.CCLogic | uint32(u.W)
		case ir.Inc:
			cc = cpu.CCInc | uint32(u.W)
		case ir.Dec:
			cc = cpu.CCDec | uint32(u.W)
		default:
			cc = 0
		}
	}
}

// Executes tells whether instructions of an Op are implemented: lowered to
// micro-ops or called out. The others raise #UD and stand in
// docs/KNOWN_GAPS.md.
func Executes(op decoder.Op) bool {
	if _, ok := alu[op]; ok || cpu.Calls[op].Do != nil {
		return true
	}
	switch op {
	case decoder.NOP, decoder.PREFETCH, decoder.ENDBR, decoder.LEA, decoder.MOVZX, decoder.MOVSX,
		decoder.SHLD, decoder.SHRD, decoder.IMUL, decoder.PUSH, decoder.POP, decoder.LEAVE, decoder.XCHG, decoder.BSWAP,
		decoder.SETCC, decoder.CMOVCC, decoder.CBW, decoder.CWD, decoder.JMP, decoder.JCC, decoder.CALL, decoder.JMPI,
		decoder.CALLI, decoder.RET, decoder.LOOP, decoder.LOOPE, decoder.LOOPNE, decoder.JCXZ:
		return true
	}
	return false
}
