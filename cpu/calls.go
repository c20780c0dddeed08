package cpu

import "ringzero/decoder"

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

// Call is a call-out: what the translator needs to know of a handler.
type Call struct {
	Do   Handler
	Flow Flow
}

// Calls gives the handler of each instruction that is no micro-op, by Op. An Op
// that neither stands here nor is lowered by the translator is a gap.
var Calls = func() (t [1024]Call) {
	on := func(h Handler, ops ...decoder.Op) {
		for _, op := range ops {
			t[op] = Call{h, FlowOn}
		}
	}
	end := func(h Handler, ops ...decoder.Op) {
		for _, op := range ops {
			t[op] = Call{h, FlowEnd}
		}
	}
	away := func(h Handler, ops ...decoder.Op) {
		for _, op := range ops {
			t[op] = Call{h, FlowAway}
		}
	}
	jump := func(h Handler, ops ...decoder.Op) {
		for _, op := range ops {
			t[op] = Call{h, FlowJump}
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
	return t
}()
