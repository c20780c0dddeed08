package decoder

// Op is an instruction by its SDM mnemonic. Forms that differ only in size share
// one Op (MOVS for MOVSB to MOVSQ; CBW for CWDE and CDQE; the sizes stand in
// Inst.OpSize and the operands); forms that differ in meaning have their own.
type Op uint16

const (
	INVALID Op = iota

	// Integer, one-byte map.
	ADD
	OR
	ADC
	SBB
	AND
	SUB
	XOR
	CMP
	TEST
	INC
	DEC
	NOT
	NEG
	MUL
	IMUL // all three forms: 1, 2 and 3 operands, told apart by Inst.N
	DIV
	IDIV
	ROL
	ROR
	RCL
	RCR
	SHL
	SHR
	SAR
	SHLD
	SHRD
	MOV
	MOVSEG // MOV to or from a segment register
	MOVCR
	MOVDR
	MOVTR // 386 and 486 test registers: a gap
	MOVZX
	MOVSX
	MOVSXD
	XCHG
	LEA
	PUSH // general operands and immediates
	POP
	PUSHSEG
	POPSEG
	PUSHA
	POPA
	PUSHF
	POPF
	DAA
	DAS
	AAA
	AAS
	AAM
	AAD
	CBW // CBW, CWDE, CDQE
	CWD // CWD, CDQ, CQO
	BOUND
	ARPL
	LES
	LDS
	LSS
	LFS
	LGS
	NOP
	PAUSE
	XLAT
	SALC
	SAHF
	LAHF
	CLC
	STC
	CMC
	CLD
	STD
	CLI
	STI
	HLT
	FWAIT
	JCC
	SETCC
	CMOVCC
	LOOPNE
	LOOPE
	LOOP
	JCXZ
	JMP   // near, relative
	JMPI  // near, through register or memory
	JMPF  // far: Ap or Mp
	CALL  // near, relative
	CALLI // near, through register or memory
	CALLF // far: Ap or Mp
	RET
	RETF
	IRET
	INT
	INT3
	INT1
	INTO
	ENTER
	LEAVE
	IN
	OUT
	MOVS
	CMPS
	STOS
	LODS
	SCAS
	INS
	OUTS

	// Integer and system, 0F maps.
	BT
	BTS
	BTR
	BTC
	BSF
	BSR
	TZCNT
	LZCNT
	POPCNT
	BSWAP
	XADD
	CMPXCHG
	CMPXCHG8B
	CMPXCHG16B
	SLDT
	STR
	LLDT
	LTR
	VERR
	VERW
	LAR
	LSL
	SGDT
	SIDT
	LGDT
	LIDT
	SMSW
	LMSW
	INVLPG
	CLTS
	INVD
	WBINVD
	RDTSC
	RDTSCP
	RDPMC
	RDMSR
	WRMSR
	CPUID
	RSM
	SYSENTER
	SYSEXIT
	SYSCALL
	SYSRET
	SWAPGS
	UD0
	UD1
	UD2
	ENDBR // ENDBR32 and ENDBR64, NOPs without CET
	MONITOR
	MWAIT
	XGETBV
	XSETBV
	CLAC
	STAC
	RDPID
	INVPCID
	PREFETCH // hints, 0F 18 and 0F 0D: NOPs
	MOVBE
	CRC32
	ADCX
	ADOX
	RDRAND
	RDSEED
	MOVNTI
	CLFLUSH
	CLFLUSHOPT
	CLWB
	LFENCE
	MFENCE
	SFENCE
	FXSAVE
	FXRSTOR
	LDMXCSR
	STMXCSR
	XSAVE
	XSAVEOPT
	XSAVEC
	XSAVES
	XRSTOR
	XRSTORS
	RDFSBASE
	RDGSBASE
	WRFSBASE
	WRGSBASE
)
