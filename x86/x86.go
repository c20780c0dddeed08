// Package x86 names what the architecture fixes: registers, flag bits, control
// registers, MSRs, vectors, exceptions, and typed views of the structures that
// software lays out in memory (descriptors, page entries, TSS). It is a leaf:
// it holds no state and imports nothing.
//
// Sources are sections of the Intel SDM; docs/REFERENCES.md pins the revision.
package x86

// General registers, in encoding order (SDM 2A 2.1.5, table 2-2).
const (
	AX = iota
	CX
	DX
	BX
	SP
	BP
	SI
	DI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
)

// Segment registers, in encoding order (SDM 2D B.1.4.8).
const (
	ES = iota
	CS
	SS
	DS
	FS
	GS
	// LDTR and TR are not encodable as segment registers; they share the
	// cached-descriptor form of one and so get the next numbers.
	LDTR
	TR
)

// EFLAGS bits (SDM 1 3.4.3).
const (
	CF   = 1 << 0
	F1   = 1 << 1 // always one
	PF   = 1 << 2
	AF   = 1 << 4
	ZF   = 1 << 6
	SF   = 1 << 7
	TF   = 1 << 8
	IF   = 1 << 9
	DF   = 1 << 10
	OF   = 1 << 11
	IOPL = 3 << 12
	NT   = 1 << 14
	RF   = 1 << 16
	VM   = 1 << 17
	AC   = 1 << 18
	VIF  = 1 << 19
	VIP  = 1 << 20
	ID   = 1 << 21

	// Arith is the six status flags.
	Arith = CF | PF | AF | ZF | SF | OF
)

// IOPLShift moves the IOPL field to bit 0.
const IOPLShift = 12

// CR0 bits (SDM 3A 2.5).
const (
	CR0_PE = 1 << 0
	CR0_MP = 1 << 1
	CR0_EM = 1 << 2
	CR0_TS = 1 << 3
	CR0_ET = 1 << 4
	CR0_NE = 1 << 5
	CR0_WP = 1 << 16
	CR0_AM = 1 << 18
	CR0_NW = 1 << 29
	CR0_CD = 1 << 30
	CR0_PG = 1 << 31
)

// CR4 bits (SDM 3A 2.5).
const (
	CR4_VME        = 1 << 0
	CR4_PVI        = 1 << 1
	CR4_TSD        = 1 << 2
	CR4_DE         = 1 << 3
	CR4_PSE        = 1 << 4
	CR4_PAE        = 1 << 5
	CR4_MCE        = 1 << 6
	CR4_PGE        = 1 << 7
	CR4_PCE        = 1 << 8
	CR4_LA57       = 1 << 12
	CR4_OSFXSR     = 1 << 9
	CR4_OSXMMEXCPT = 1 << 10
	CR4_UMIP       = 1 << 11
	CR4_OSXSAVE    = 1 << 18
	CR4_SMEP       = 1 << 20
	CR4_SMAP       = 1 << 21
)

// EFER bits (SDM 3A 2.2.1).
const (
	EFER_SCE = 1 << 0
	EFER_LME = 1 << 8
	EFER_LMA = 1 << 10
	EFER_NXE = 1 << 11
)

// Debug register bits (SDM 3B 17.2).
const (
	DR6_B0   = 1 << 0
	DR6_BD   = 1 << 13
	DR6_BS   = 1 << 14
	DR6_BT   = 1 << 15
	DR6_Init = 0xffff0ff0
	DR7_LE   = 1 << 8
	DR7_GE   = 1 << 9
	DR7_GD   = 1 << 13
	DR7_Init = 0x400
)

// MSR numbers (SDM 4 2.1).
const (
	MSR_TSC            = 0x10
	MSR_PLATFORM_ID    = 0x17
	MSR_APIC_BASE      = 0x1b
	MSR_BIOS_UPDT_TRIG = 0x79
	MSR_BIOS_SIGN_ID   = 0x8b
	MSR_MTRRCAP        = 0xfe
	MSR_SYSENTER_CS    = 0x174
	MSR_SYSENTER_ESP   = 0x175
	MSR_SYSENTER_EIP   = 0x176
	MSR_MCG_CAP        = 0x179
	MSR_MCG_STATUS     = 0x17a
	MSR_MISC_ENABLE    = 0x1a0
	MSR_PAT            = 0x277
	MSR_EFER           = 0xc0000080
	MSR_STAR           = 0xc0000081
	MSR_LSTAR          = 0xc0000082
	MSR_CSTAR          = 0xc0000083
	MSR_SFMASK         = 0xc0000084
	MSR_FS_BASE        = 0xc0000100
	MSR_GS_BASE        = 0xc0000101
	MSR_KERNEL_GS_BASE = 0xc0000102
	MSR_TSC_AUX        = 0xc0000103
)
