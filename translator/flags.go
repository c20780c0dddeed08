package translator

import (
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/translator/ir"
	"ringzero/x86"
)

const arith = uint32(x86.Arith)

// reads are the flags that a condition looks at, by the upper three bits of its
// number (SDM 2A appendix B table B-10).
var reads = [8]uint32{x86.OF, x86.CF, x86.ZF, x86.CF | x86.ZF, x86.SF, x86.PF, x86.SF | x86.OF, x86.SF | x86.OF | x86.ZF}

// flags fills in what the instruction's row says of the status flags. A micro-op
// kills those before it where its lazy result stands for all of them; INC and DEC
// keep CF beside it. One that sets some flags only, or sets none when its count is
// 0, works on all of them.
func flags(u *ir.Uop, in *decoder.Inst) {
	row := in.Row
	u.Reads, u.Writes = row.Read&arith, (row.Write|row.Undef)&arith
	switch u.Op {
	case ir.Jcc, ir.SetCC, ir.CMov:
		u.Reads = reads[in.Cond>>1&7]
	case ir.Div, ir.SDiv:
		u.Writes = 0 // undefined: they stay
	case ir.Bsf, ir.Bsr:
		u.Reads = arith // of which but ZF is undefined, and stays
	case ir.Rol, ir.Ror, ir.Rcl, ir.Rcr:
		u.Reads = arith
	default:
		switch {
		case u.Writes&^x86.CF != arith&^x86.CF:
			if u.Writes != 0 {
				u.Reads = arith
			}
		case row.MayKeepFlags() && (in.Imm&31 == 0 || in.Args[in.N-1].Kind != decoder.KindImm):
			u.Reads = arith
		default:
			u.Kills = u.Writes
		}
	}
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
		if u.MayLeave {
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
		// A call-out sets its flags whether somebody looks or not.
		if u.Writes == 0 || u.Live == 0 && u.Call == 0 {
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

// registers fills in the general registers that a micro-op uses and sets.
func registers(u *ir.Uop, in *decoder.Inst) {
	for i := range in.Args[:in.N] { // those of a call-out's operands: any may be set
		if o := &in.Args[i]; o.Kind == decoder.KindReg || o.Kind == decoder.KindHigh {
			u.In |= x86.Regs(o.Reg)
			u.Out |= x86.Regs(o.Reg)
		}
	}
	u.In |= addressRegs(in)
	if u.Op == ir.CallOut || u.Op >= ir.CallEnd {
		c := &cpu.Calls[u.Call]
		u.In |= c.In
		u.Out |= c.Out
		return
	}
	d, s := reg(u.D), reg(u.S)
	u.Out &^= reg(u.Aux)
	sp, ax, dx, cx := x86.Regs(x86.SP), x86.Regs(x86.AX), x86.Regs(x86.DX), x86.Regs(x86.CX)
	si, di := x86.Regs(x86.SI), x86.Regs(x86.DI)
	use := func(in, out x86.RegSet) { u.In, u.Out = u.In|in, u.Out|out }
	switch u.Op {
	case ir.Xchg, ir.Xadd:
	case ir.CmpXchg:
		u.Out = d
		use(ax, ax)
	case ir.Cmp, ir.Test, ir.Bt:
		u.Out = 0
	case ir.Mov, ir.MovZX, ir.MovSX, ir.Lea, ir.IMul:
		u.Out = d
		if u.W >= 2 && (u.Op != ir.IMul || u.Aux.Kind != ir.None) {
			u.In &^= d
			u.In |= s | reg(u.Aux) | addressRegs(in)
		}
	case ir.Push, ir.PushF, ir.Call, ir.CallInd, ir.Ret:
		u.Out = 0
		use(sp, sp)
	case ir.Pop:
		if u.W >= 2 {
			u.In = 0
		}
		use(sp, sp)
	case ir.Leave:
		use(x86.Regs(x86.BP), sp|x86.Regs(x86.BP))
	case ir.Mul, ir.SMul, ir.Div, ir.SDiv:
		u.Out = 0
		use(ax, ax)
		switch {
		case u.W == 0:
		case u.W == 1 || u.Op == ir.Div || u.Op == ir.SDiv:
			use(dx, dx)
		default:
			use(0, dx)
		}
	case ir.Widen, ir.Lahf:
		use(ax, ax)
	case ir.Sahf:
		use(ax, 0)
	case ir.SignDX:
		use(ax|dx, dx)
	case ir.Loop:
		use(cx, cx)
	case ir.Movs, ir.Cmps:
		use(si|di, si|di)
	case ir.Stos, ir.Scas:
		u.Out = 0
		use(ax|di, di)
	case ir.Lods:
		use(ax|si, ax|si)
	case ir.JmpInd:
		u.Out = 0
	default:
		u.Out = d
	}
}

func reg(a ir.Arg) x86.RegSet {
	switch a.Kind {
	case ir.Reg, ir.High:
		return x86.Regs(a.Reg)
	}
	return 0
}

// addressRegs are the registers of a memory operand's address.
func addressRegs(in *decoder.Inst) (s x86.RegSet) {
	for i := range in.Args[:in.N] {
		if in.Args[i].Kind != decoder.KindMem {
			continue
		}
		for _, n := range []uint8{in.Base, in.Index} {
			if n < 16 {
				s |= x86.Regs(n)
			}
		}
	}
	return s
}
