package main

import "ringzero/x86"

// word is a feature word of CPUID.
type word struct {
	leaf     uint32
	register int
	names    [32]string
}

// words are the feature words and the names of their bits (SDM 2A CPUID, tables
// 3-8, 3-10 and 3-11; 80000001H as AMD 3 appendix E has it).
var words = []word{
	{1, x86.DX, [32]string{
		0: "FPU", 1: "VME", 2: "DE", 3: "PSE", 4: "TSC", 5: "MSR", 6: "PAE", 7: "MCE", 8: "CX8", 9: "APIC", 11: "SEP", 12: "MTRR",
		13: "PGE", 14: "MCA", 15: "CMOV", 16: "PAT", 17: "PSE-36", 18: "PSN", 19: "CLFSH", 21: "DS", 22: "ACPI", 23: "MMX",
		24: "FXSR", 25: "SSE", 26: "SSE2", 27: "SS", 28: "HTT", 29: "TM", 31: "PBE",
	}},
	{1, x86.CX, [32]string{
		0: "SSE3", 1: "PCLMULQDQ", 2: "DTES64", 3: "MONITOR", 4: "DS-CPL", 5: "VMX", 6: "SMX", 7: "EIST", 8: "TM2", 9: "SSSE3",
		10: "CNXT-ID", 11: "SDBG", 12: "FMA", 13: "CMPXCHG16B", 14: "xTPR", 15: "PDCM", 17: "PCID", 18: "DCA", 19: "SSE4_1",
		20: "SSE4_2", 21: "x2APIC", 22: "MOVBE", 23: "POPCNT", 24: "TSC-Deadline", 25: "AESNI", 26: "XSAVE", 27: "OSXSAVE",
		28: "AVX", 29: "F16C", 30: "RDRAND", 31: "hypervisor",
	}},
	{7, x86.BX, [32]string{
		0: "FSGSBASE", 1: "TSC_ADJUST", 3: "BMI1", 4: "HLE", 5: "AVX2", 7: "SMEP", 8: "BMI2", 9: "ERMS", 10: "INVPCID", 11: "RTM",
		18: "RDSEED", 19: "ADX", 20: "SMAP", 23: "CLFLUSHOPT", 24: "CLWB", 29: "SHA",
	}},
	{0x80000001, x86.DX, [32]string{11: "SYSCALL", 20: "NX", 26: "Page1GB", 27: "RDTSCP", 29: "LM", 30: "3DNowExt", 31: "3DNow"}},
	{0x80000001, x86.CX, [32]string{0: "LahfSahf", 2: "SVM", 5: "ABM", 6: "SSE4A", 8: "PREFETCHW"}},
}
