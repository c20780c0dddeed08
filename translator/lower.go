package translator

import (
	"ringzero/bus"
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

// lowered is how instructions of an Op become micro-ops. with fills one in, or
// answers false for a form that is called out.
type lowered struct {
	op   ir.Op
	with func(l *lowering, u *ir.Uop, in *decoder.Inst) bool
	ends bool
}

// table has a row for each Op of which some form is lowered; the others are called
// out.
var table = func() (t [decoder.NumOps]lowered) {
	rows := func(with func(*lowering, *ir.Uop, *decoder.Inst) bool, ops map[decoder.Op]ir.Op) {
		for op, to := range ops {
			t[op] = lowered{op: to, with: with}
		}
	}
	rows(operands, map[decoder.Op]ir.Op{
		decoder.ADD: ir.Add, decoder.OR: ir.Or, decoder.ADC: ir.Adc, decoder.SBB: ir.Sbb, decoder.AND: ir.And,
		decoder.SUB: ir.Sub, decoder.XOR: ir.Xor, decoder.CMP: ir.Cmp, decoder.TEST: ir.Test,
		decoder.INC: ir.Inc, decoder.DEC: ir.Dec, decoder.NEG: ir.Neg, decoder.NOT: ir.Not, decoder.MOV: ir.Mov,
		decoder.ROL: ir.Rol, decoder.ROR: ir.Ror, decoder.RCL: ir.Rcl, decoder.RCR: ir.Rcr, decoder.SHL: ir.Shl,
		decoder.SHR: ir.Shr, decoder.SAR: ir.Sar, decoder.SHLD: ir.ShlD, decoder.SHRD: ir.ShrD, decoder.BSWAP: ir.Bswap,
		decoder.BSF: ir.Bsf, decoder.BSR: ir.Bsr, decoder.SETCC: ir.SetCC, decoder.CMOVCC: ir.CMov,
		decoder.XADD: ir.Xadd, decoder.CMPXCHG: ir.CmpXchg, decoder.XCHG: ir.Xchg,
	})
	rows(plain, map[decoder.Op]ir.Op{
		decoder.NOP: ir.Nop, decoder.PREFETCH: ir.Nop, decoder.ENDBR: ir.Nop,
		decoder.CBW: ir.Widen, decoder.CWD: ir.SignDX, decoder.LAHF: ir.Lahf, decoder.SAHF: ir.Sahf, decoder.CLC: ir.Clc,
		decoder.STC: ir.Stc, decoder.CMC: ir.Cmc, decoder.CLD: ir.Cld, decoder.STD: ir.Std,
	})
	rows(stack, map[decoder.Op]ir.Op{decoder.PUSHF: ir.PushF, decoder.LEAVE: ir.Leave})
	rows(product, map[decoder.Op]ir.Op{decoder.MUL: ir.Mul, decoder.DIV: ir.Div, decoder.IDIV: ir.SDiv})
	rows(bit, map[decoder.Op]ir.Op{decoder.BT: ir.Bt, decoder.BTS: ir.Bts, decoder.BTR: ir.Btr, decoder.BTC: ir.Btc})
	rows(iteration, map[decoder.Op]ir.Op{decoder.MOVS: ir.Movs, decoder.STOS: ir.Stos, decoder.LODS: ir.Lods,
		decoder.CMPS: ir.Cmps, decoder.SCAS: ir.Scas})
	rows(extension, map[decoder.Op]ir.Op{decoder.MOVZX: ir.MovZX, decoder.MOVSX: ir.MovSX})
	rows(lea, map[decoder.Op]ir.Op{decoder.LEA: ir.Lea})
	rows(imul, map[decoder.Op]ir.Op{decoder.IMUL: ir.IMul})
	rows(push, map[decoder.Op]ir.Op{decoder.PUSH: ir.Push})
	rows(pop, map[decoder.Op]ir.Op{decoder.POP: ir.Pop})
	for op, to := range map[decoder.Op]ir.Op{decoder.JMP: ir.Jmp, decoder.JCC: ir.Jcc, decoder.CALL: ir.Call, decoder.JMPI: ir.JmpInd,
		decoder.CALLI: ir.CallInd, decoder.RET: ir.Ret, decoder.LOOP: ir.Loop, decoder.LOOPE: ir.Loop, decoder.LOOPNE: ir.Loop,
		decoder.JCXZ: ir.Loop} {
		t[op] = lowered{op: to, with: branch, ends: true}
	}
	return t
}()

// Executes tells whether instructions of an Op are implemented: lowered to
// micro-ops or called out. The others raise #UD and stand in
// docs/KNOWN_GAPS.md.
func Executes(op decoder.Op) bool { return table[op].with != nil || cpu.Calls[op].Do != nil }

// how tells what becomes of an instruction: the row that lowers it, nil where it is
// called out in any case, and the number of its call-out. That is a gap where the
// processor's model does not recognise it in the block's mode; before it is one, an F3
// or F2 may be nothing but a prefix that is ignored (TZCNT, LZCNT, PAUSE).
func (l *lowering) how(in *decoder.Inst) (row *lowered, call uint16) {
	if !l.exists(in) && !(in.DropPrefix() && l.exists(in)) {
		return nil, cpu.CallGap
	}
	call = cpu.CallOf(in)
	if row = &table[in.Op]; row.with == nil || call == cpu.CallRepeat {
		row = nil
	}
	return row, call
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

// flow says how an instruction stands to its block: the one place that knows what
// ends one.
func (l *lowering) flow(in *decoder.Inst) cpu.Flow {
	switch row, call := l.how(in); {
	case row == nil:
		return cpu.Calls[call].Flow
	case row.ends:
		return cpu.FlowJump
	}
	return cpu.FlowOn
}

// lower appends the micro-op of one instruction.
func (l *lowering) lower(in *decoder.Inst) {
	row, call := l.how(in)
	u := ir.Uop{Inst: l.n, Next: l.next, Mask: ^uint32(0), W: width(in), Cond: in.Cond,
		Stack32: l.mode&cpu.ModeStack32 != 0, FlatStack: l.mode&cpu.ModeFlatSS != 0, Counts: in.Row.Sensitive()}
	lowers := row != nil
	if lowers {
		u.Op = row.op
		if call < uint16(decoder.NumOps) {
			u.Call = call
		}
		flags(&u, in)
		lowers = row.with(l, &u, in)
	}
	if !lowers {
		u = ir.Uop{Op: ir.CallOut, Inst: l.n, Call: call, Next: l.next, Mask: ^uint32(0), MayLeave: true,
			Reads: arith, Writes: arith, Counts: u.Counts}
		switch cpu.Calls[call].Flow {
		case cpu.FlowEnd:
			u.Op = ir.CallEnd
		case cpu.FlowAway:
			u.Op = ir.CallAway
		case cpu.FlowJump:
			u.Op = ir.CallJump
		}
	}
	registers(&u, in)
	l.uops = append(l.uops, u)
}

// fall ends a block that no instruction ends.
func (l *lowering) fall() {
	l.uops = append(l.uops, ir.Uop{Op: ir.Fall, Inst: l.n, Next: l.next, Mask: ^uint32(0)})
}

// width is that of an instruction's first operand, or the operand size.
func width(in *decoder.Inst) uint8 {
	if in.N > 0 && in.Args[0].Size > 0 && in.Args[0].Size <= 8 {
		return log2(in.Args[0].Size)
	}
	return log2(in.OpSize)
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
		u.Imm = in.Imm & (^uint64(0) >> (64 - 8<<u.W))
		return ir.Arg{Kind: ir.Imm}
	case decoder.KindOne:
		u.Imm = 1
		return ir.Arg{Kind: ir.Imm}
	case decoder.KindMem:
		u.Addr = l.address(in)
		u.MayLeave = true
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

// operands takes up to three as they come.
func operands(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	for i, to := range []*ir.Arg{&u.D, &u.S, &u.Aux}[:in.N] {
		*to = l.arg(u, in, i)
	}
	return true
}

func plain(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	u.W = log2(in.OpSize)
	return true
}

func stack(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	u.W, u.MayLeave = log2(in.OpSize), true
	return true
}

func lea(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	operands(l, u, in)
	u.MayLeave = false
	return true
}

func extension(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	u.SW = log2(in.Args[1].Size)
	return operands(l, u, in)
}

// product is MUL, DIV and IDIV, whose other operands are implicit.
func product(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	last := int(in.N) - 1
	u.W = log2(in.Args[last].Size)
	u.S = l.arg(u, in, last)
	if u.Op == ir.Div || u.Op == ir.SDiv {
		u.MayLeave = true // #DE
	}
	return true
}

// imul is the product of AX with one operand, or that of two or three.
func imul(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	if in.N == 1 || in.Args[0].Kind == decoder.KindMem || in.Args[0].Size == 1 {
		u.Op = ir.SMul
		return product(l, u, in)
	}
	u.Call = 0 // which is that of one operand
	return operands(l, u, in)
}

// bit is BT to BTC: the number of the bit is Aux.
func bit(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	u.D, u.Aux = l.arg(u, in, 0), l.arg(u, in, 1)
	return true
}

func iteration(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	u.MayLeave = true
	return true
}

func push(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	u.W, u.MayLeave = log2(in.OpSize), true
	u.S = l.arg(u, in, 0)
	return true
}

func pop(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	if in.Args[0].Kind == decoder.KindMem {
		return false
	}
	u.W, u.MayLeave, u.Call = log2(in.OpSize), true, 0
	u.D = l.arg(u, in, 0)
	return true
}

// branch lowers a near control transfer.
func branch(l *lowering, u *ir.Uop, in *decoder.Inst) bool {
	u.W, u.Call = log2(in.OpSize), 0
	if in.OpSize == 2 {
		u.Mask = 0xffff
	}
	u.Target = u.Next + in.Imm
	switch u.Op {
	case ir.Call:
		u.MayLeave = true
	case ir.JmpInd:
		u.S = l.arg(u, in, 0)
	case ir.CallInd:
		u.S, u.MayLeave = l.arg(u, in, 0), true
	case ir.Ret:
		u.Imm, u.MayLeave = 0, true
		if in.N > 0 {
			u.Imm = in.Imm & 0xffff
		}
	case ir.Loop:
		u.SW = log2(in.AddrSize)
		switch in.Op {
		case decoder.LOOPNE:
			u.Cond = ir.LoopNotZero
		case decoder.LOOPE:
			u.Cond = ir.LoopZero
		case decoder.JCXZ:
			u.Cond = ir.JumpIfNone
		default:
			u.Cond = ir.LoopAlways
		}
	}
	return true
}

// exits adds the ways out of a block to a list, in the order in which they come.
func exits(list []ir.Exit, uops []ir.Uop) []ir.Exit {
	list = append(list, ir.Exit{Kind: ir.ExitBudget})
	last := &uops[len(uops)-1]
	for i := range uops {
		if u := &uops[i]; u.MayLeave && u.Op != ir.CallJump {
			list = append(list, ir.Exit{Kind: ir.ExitFault, Inst: u.Inst})
		}
	}
	add := func(kind ir.ExitKind, to uint64, linked bool) {
		list = append(list, ir.Exit{Kind: kind, Inst: last.Inst, To: to, Near: linked && to < bus.PageSize})
	}
	switch last.Op {
	case ir.Fall, ir.CallEnd:
		add(ir.ExitFall, last.Next, true)
	case ir.Jmp, ir.Call:
		add(ir.ExitTaken, last.Target, last.Mask == ^uint32(0))
	case ir.Jcc, ir.Loop:
		add(ir.ExitFall, last.Next, true)
		add(ir.ExitTaken, last.Target, last.Mask == ^uint32(0))
	default:
		list = append(list, ir.Exit{Kind: ir.ExitIndirect, Inst: last.Inst})
	}
	return list
}
