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
	on(mul, decoder.MUL)
	on(div, decoder.DIV)
	on(idiv, decoder.IDIV)
	on(daa, decoder.DAA)
	on(das, decoder.DAS)
	on(aaa, decoder.AAA)
	on(aas, decoder.AAS)
	on(aam, decoder.AAM)
	on(aad, decoder.AAD)
	on(bound, decoder.BOUND)
	on(xlat, decoder.XLAT)
	on(salc, decoder.SALC)
	on(sahf, decoder.SAHF)
	on(lahf, decoder.LAHF)
	on(clc, decoder.CLC)
	on(stc, decoder.STC)
	on(cmc, decoder.CMC)
	on(cld, decoder.CLD)
	on(std, decoder.STD)
	on(pusha, decoder.PUSHA)
	on(popa, decoder.POPA)
	on(enter, decoder.ENTER)
	on(cmpxchg, decoder.CMPXCHG)
	on(cmpxchg8b, decoder.CMPXCHG8B)
	on(xadd, decoder.XADD)
	on(bitTest, decoder.BT, decoder.BTS, decoder.BTR, decoder.BTC)
	on(bitScan, decoder.BSF, decoder.BSR)
	on(stringOp, decoder.MOVS, decoder.STOS, decoder.LODS, decoder.CMPS, decoder.SCAS)
	end(stringOp, decoder.INS, decoder.OUTS)
	end(inPort, decoder.IN)
	end(outPort, decoder.OUT)

	on(pushf, decoder.PUSHF)
	end(popf, decoder.POPF)
	on(cli, decoder.CLI)
	end(sti, decoder.STI)
	end(hlt, decoder.HLT)
	on(sgdt, decoder.SGDT)
	on(sidt, decoder.SIDT)
	end(lgdt, decoder.LGDT)
	end(lidt, decoder.LIDT)
	on(sldt, decoder.SLDT)
	on(str, decoder.STR)
	end(lldt, decoder.LLDT)
	end(ltr, decoder.LTR)
	on(smsw, decoder.SMSW)
	away(notedMode(lmsw), decoder.LMSW)
	on(lar, decoder.LAR)
	on(lsl, decoder.LSL)
	on(verr, decoder.VERR)
	on(verw, decoder.VERW)
	on(arpl, decoder.ARPL)
	end(movSeg, decoder.MOVSEG)
	on(pushSeg, decoder.PUSHSEG)
	end(popSeg, decoder.POPSEG)
	end(loadFar, decoder.LDS, decoder.LES, decoder.LSS, decoder.LFS, decoder.LGS)
	away(notedMode(movcr), decoder.MOVCR)
	end(movdr, decoder.MOVDR)
	end(clts, decoder.CLTS)
	away(invlpg, decoder.INVLPG)
	end(cacheOp, decoder.INVD, decoder.WBINVD)
	end(pause, decoder.PAUSE)
	on(rdtsc, decoder.RDTSC)
	on(rdpmc, decoder.RDPMC)
	on(cpuid, decoder.CPUID)
	on(rdrand, decoder.RDRAND)
	end(rdmsr, decoder.RDMSR)
	away(wrmsr, decoder.WRMSR)

	jump(noted("jmp far", jmpFar), decoder.JMPF)
	jump(noted("call far", callFar), decoder.CALLF)
	jump(noted("retf", retFar), decoder.RETF)
	jump(noted("iret", iret), decoder.IRET)
	jump(softInt, decoder.INT, decoder.INT3, decoder.INT1, decoder.INTO)
	jump(noted("sysenter", sysenter), decoder.SYSENTER)
	jump(noted("sysexit", sysexit), decoder.SYSEXIT)
	jump(undefined, decoder.UD0, decoder.UD1, decoder.UD2)

	fpuCalls(on)
	mmxCalls(on)

	on(imul1, decoder.IMUL)
	on(popMem, decoder.POP)
	on(xchgMem, decoder.XCHG)
	on(leave, decoder.LEAVE)
	jump(gap, decoder.Op(CallGap))
	jump(repeat, decoder.Op(CallRepeat))
	for i, h := range fastHandlers {
		on(h, decoder.Op(callFast)+decoder.Op(i))
	}
	for op := range t {
		t[op].Do = guard(decoder.Op(op), t[op].Do)
		t[op].In, t[op].Out = implicit(decoder.Op(op))
	}
	return t
}()

// implicit are the general registers that a call-out uses and sets beside those of
// its operands: all, where nobody has looked. What is a micro-op in every form is not
// asked for here; translator/flags.go has its registers.
func implicit(op decoder.Op) (in, out x86.RegSet) {
	ax, dx, sp := x86.Regs(x86.AX), x86.Regs(x86.DX), x86.Regs(x86.SP)
	switch op {
	case decoder.CLI, decoder.STI, decoder.HLT, decoder.SGDT, decoder.SIDT, decoder.LGDT, decoder.LIDT, decoder.SLDT, decoder.STR,
		decoder.LLDT, decoder.LTR, decoder.SMSW, decoder.LMSW, decoder.LAR, decoder.LSL, decoder.VERR, decoder.VERW, decoder.ARPL,
		decoder.MOVSEG, decoder.LDS, decoder.LES, decoder.LSS, decoder.LFS, decoder.LGS, decoder.MOVCR, decoder.MOVDR,
		decoder.CLTS, decoder.INVLPG, decoder.INVD, decoder.WBINVD, decoder.PAUSE, decoder.BOUND, decoder.RDRAND, decoder.IN, decoder.OUT:
		return 0, 0
	case decoder.DAA, decoder.DAS, decoder.AAA, decoder.AAS, decoder.AAM, decoder.AAD, decoder.SALC:
		return ax, ax
	case decoder.POPF, decoder.PUSHSEG, decoder.POPSEG, decoder.POP:
		return sp, sp
	case decoder.ENTER:
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

// undefined is the handler of UD0, UD1, UD2 and of what the model lacks.
func undefined(c *CPU, s *Site) *x86.Exception { return c.ud() }

// gap raises #UD for an instruction that the model or this program lacks, and
// counts it; docs/KNOWN_GAPS.md lists the latter.
func gap(c *CPU, s *Site) *x86.Exception {
	if s.Inst.Op != decoder.INVALID {
		c.Gaps[s.Inst.Op.String()]++
	}
	return c.ud()
}
