package decoder

// Feature is the CPUID bit (or the processor generation) that a row belongs to.
type Feature uint8

// Features by the SDM's names. Base is the 8086 to 80386 set.
const (
	Base Feature = iota
	I486         // BSWAP, CMPXCHG, XADD, INVLPG, INVD, WBINVD
	X87
	TSC
	MSR
	CX8
	CMOV
	SEP
	MMX
	FXSR
	CPUIDInst // CPUID itself, shown by EFLAGS.ID
	SSE
	SSE2
	SSE3
	SSSE3
	SSE41
	SSE42
	POPCNTInst
	AESNI
	PCLMULQDQ
	BMI1
	BMI2
	LZCNTInst
	MOVBEInst
	ADX
	RDRANDInst
	RDSEEDInst
	XSAVEInst
	CX16
	LM // 64-bit mode
	LAHF64
	SYSCALLInst
	RDTSCPInst
	FSGSBASE
	SMAP
	CLFSH
	CLFLUSHOPTInst
	CLWBInst
	MONITORInst
	INVPCIDInst
	RDPIDInst
	RDPMCInst
	NOPL // the 0F 1F hint NOPs (Pentium Pro)
	PREFETCHInst
	VMX
	SVM
	XSAVEOPTInst
	XSAVECInst
	XSAVESInst
)
