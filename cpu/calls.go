package cpu

import (
	"ringzero/decoder"
	"ringzero/x86"
)

// Flow says how a call-out stands to its block.
type Flow uint8

const (
	// FlowOn: the block goes on behind it.
	FlowOn Flow = iota
	// FlowEnd: it may change mode, IF or device state, so it is the last of its
	// block; execution falls through.
	FlowEnd
	// FlowAway: it may change what linear addresses lead to, those of the code
	// that runs among them: execution falls through, and the next block is
	// looked up by them.
	FlowAway
	// FlowJump: a control transfer; the handler sets EIP.
	FlowJump
)

// Call is a call-out: what the translator needs to know of a handler. In and Out
// are the general registers that it uses and sets beside those of its operands.
type Call struct {
	Do      Handler
	Flow    Flow
	In, Out x86.RegSet
}

// Numbers of call-outs behind those of the instructions.
const (
	CallGap    = uint16(decoder.NumOps) + iota // not executed: #UD, counted
	CallRepeat                                 // a string instruction with REP
	callFast                                   // x87 forms made for speed
)

// MostCalls is more than the number of call-outs: a power of two, so that a mask
// spares the check of an index.
const MostCalls = 1024

// CallOf is the number of an instruction's call-out.
func CallOf(in *decoder.Inst) uint16 {
	if in.Rep != decoder.RepNone && isString(in.Op) {
		return CallRepeat
	}
	if n := fastFPU(in); n != 0 {
		return n
	}
	if Calls[in.Op].Do == nil {
		return CallGap
	}
	return uint16(in.Op)
}

func isString(op decoder.Op) bool {
	switch op {
	case decoder.MOVS, decoder.STOS, decoder.LODS, decoder.CMPS, decoder.SCAS, decoder.INS, decoder.OUTS:
		return true
	}
	return false
}

// Calls are the call-outs: by Op the handlers of the instructions that are no
// micro-op, or are one in some forms only, and behind them those that have a number
// of their own. An Op that neither stands here nor is lowered by the translator is
// a gap.
var Calls = func() (t [MostCalls]Call) {
	on := func(h Handler, ops ...decoder.Op) {
		for _, op := range ops {
			t[op] = Call{Do: h, Flow: FlowOn}
		}
	}
	end := func(h Handler, ops ...decoder.Op) {
		for _, op := range ops {
			t[op] = Call{Do: h, Flow: FlowEnd}
		}
	}
	away := func(h Handler, ops ...decoder.Op) {
		for _, op := range ops {
			t[op] = Call{Do: h, Flow: FlowAway}
		}
	}
	jump := func(h Handler, ops ...decoder.Op) {
		for _, op := range ops {
			t[op] = Call{Do: h, Flow: FlowJump}
		}
	}
	on(MUL, decoder.MUL)
	on(DIV, decoder.DIV)
	on(IDIV, decoder.IDIV)
	on(DAA, decoder.DAA)
	on(DAS, decoder.DAS)
	on(AAA, decoder.AAA)
	on(AAS, decoder.AAS)
	on(AAM, decoder.AAM)
	on(AAD, decoder.AAD)
	on(BOUND, decoder.BOUND)
	on(XLAT, decoder.XLAT)
	on(SALC, decoder.SALC)
	on(SAHF, decoder.SAHF)
	on(LAHF, decoder.LAHF)
	on(CLC, decoder.CLC)
	on(STC, decoder.STC)
	on(CMC, decoder.CMC)
	on(CLD, decoder.CLD)
	on(STD, decoder.STD)
	on(PUSHA, decoder.PUSHA)
	on(POPA, decoder.POPA)
	on(ENTER, decoder.ENTER)
	on(CMPXCHG, decoder.CMPXCHG)
	on(CMPXCHG8B, decoder.CMPXCHG8B)
	on(XADD, decoder.XADD)
	on(BitTest, decoder.BT, decoder.BTS, decoder.BTR, decoder.BTC)
	on(BitScan, decoder.BSF, decoder.BSR)
	on(String, decoder.MOVS, decoder.STOS, decoder.LODS, decoder.CMPS, decoder.SCAS)
	end(String, decoder.INS, decoder.OUTS)
	end(IN, decoder.IN)
	end(OUT, decoder.OUT)

	on(PUSHF, decoder.PUSHF)
	end(POPF, decoder.POPF)
	on(CLI, decoder.CLI)
	end(STI, decoder.STI)
	end(HLT, decoder.HLT)
	on(SGDT, decoder.SGDT)
	on(SIDT, decoder.SIDT)
	end(LGDT, decoder.LGDT)
	end(LIDT, decoder.LIDT)
	on(SLDT, decoder.SLDT)
	on(STR, decoder.STR)
	end(LLDT, decoder.LLDT)
	end(LTR, decoder.LTR)
	on(SMSW, decoder.SMSW)
	away(notedMode(LMSW), decoder.LMSW)
	on(LAR, decoder.LAR)
	on(LSL, decoder.LSL)
	on(VERR, decoder.VERR)
	on(VERW, decoder.VERW)
	on(ARPL, decoder.ARPL)
	end(MOVSeg, decoder.MOVSEG)
	on(PUSHSeg, decoder.PUSHSEG)
	end(POPSeg, decoder.POPSEG)
	end(LoadFar, decoder.LDS, decoder.LES, decoder.LSS, decoder.LFS, decoder.LGS)
	away(notedMode(MOVCR), decoder.MOVCR)
	end(MOVDR, decoder.MOVDR)
	end(CLTS, decoder.CLTS)
	away(INVLPG, decoder.INVLPG)
	end(Cache, decoder.INVD, decoder.WBINVD)
	end(PAUSE, decoder.PAUSE)
	on(RDTSC, decoder.RDTSC)
	on(RDPMC, decoder.RDPMC)
	on(CPUID, decoder.CPUID)
	on(RDRAND, decoder.RDRAND)
	end(RDMSR, decoder.RDMSR)
	away(WRMSR, decoder.WRMSR)

	jump(noted("jmp far", JMPFar), decoder.JMPF)
	jump(noted("call far", CALLFar), decoder.CALLF)
	jump(noted("retf", RETFar), decoder.RETF)
	jump(noted("iret", IRET), decoder.IRET)
	jump(SoftInt, decoder.INT, decoder.INT3, decoder.INT1, decoder.INTO)
	jump(noted("sysenter", SYSENTER), decoder.SYSENTER)
	jump(noted("sysexit", SYSEXIT), decoder.SYSEXIT)
	jump(Undefined, decoder.UD0, decoder.UD1, decoder.UD2)

	fpuCalls(on)
	mmxCalls(on)

	on(IMUL1, decoder.IMUL)
	on(PopMem, decoder.POP)
	on(XchgMem, decoder.XCHG)
	on(LEAVE, decoder.LEAVE)
	jump(Gap, decoder.Op(CallGap))
	jump(Repeat, decoder.Op(CallRepeat))
	for i, h := range fastHandlers {
		on(h, decoder.Op(callFast)+decoder.Op(i))
	}
	for op := range t {
		t[op].In, t[op].Out = implicit(decoder.Op(op))
	}
	return t
}()

// implicit are the general registers that a call-out uses and sets beside those of
// its operands: all, where nobody has looked.
func implicit(op decoder.Op) (in, out x86.RegSet) {
	ax, dx, sp := x86.Regs(x86.AX), x86.Regs(x86.DX), x86.Regs(x86.SP)
	switch op {
	case decoder.CLI, decoder.STI, decoder.HLT, decoder.SGDT, decoder.SIDT, decoder.LGDT, decoder.LIDT, decoder.SLDT, decoder.STR,
		decoder.LLDT, decoder.LTR, decoder.SMSW, decoder.LMSW, decoder.LAR, decoder.LSL, decoder.VERR, decoder.VERW, decoder.ARPL,
		decoder.MOVSEG, decoder.LDS, decoder.LES, decoder.LSS, decoder.LFS, decoder.LGS, decoder.MOVCR, decoder.MOVDR,
		decoder.CLTS, decoder.INVLPG, decoder.INVD, decoder.WBINVD, decoder.PAUSE, decoder.BOUND, decoder.RDRAND, decoder.IN, decoder.OUT,
		decoder.CLC, decoder.STC, decoder.CMC, decoder.CLD, decoder.STD, decoder.BT, decoder.BTS, decoder.BTR, decoder.BTC,
		decoder.BSF, decoder.BSR, decoder.XADD, decoder.XCHG:
		return 0, 0
	case decoder.DAA, decoder.DAS, decoder.AAA, decoder.AAS, decoder.AAM, decoder.AAD, decoder.LAHF, decoder.SAHF, decoder.SALC, decoder.CMPXCHG:
		return ax, ax
	case decoder.MUL, decoder.IMUL, decoder.DIV, decoder.IDIV:
		return ax | dx, ax | dx
	case decoder.PUSHF, decoder.POPF, decoder.PUSHSEG, decoder.POPSEG, decoder.POP:
		return sp, sp
	case decoder.LEAVE, decoder.ENTER:
		return sp | x86.Regs(x86.BP), sp | x86.Regs(x86.BP)
	case decoder.XLAT:
		return ax | x86.Regs(x86.BX), ax
	case decoder.RDTSC:
		return 0, ax | dx
	case decoder.RDPMC, decoder.RDMSR:
		return x86.Regs(x86.CX), ax | dx
	case decoder.WRMSR:
		return x86.Regs(x86.AX, x86.CX, x86.DX), 0
	case decoder.CPUID:
		return x86.Regs(x86.AX, x86.CX), x86.Regs(x86.AX, x86.CX, x86.DX, x86.BX)
	case decoder.CMPXCHG8B:
		return x86.Regs(x86.AX, x86.CX, x86.DX, x86.BX), ax | dx
	}
	return x86.AllRegs, x86.AllRegs
}
