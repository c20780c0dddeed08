package x86

import "fmt"

// Vector is an interrupt or exception vector (SDM 3A 6.3.1, table 6-1).
type Vector uint8

const (
	VecDE  Vector = 0  // divide error
	VecDB  Vector = 1  // debug
	VecNMI Vector = 2  // non-maskable interrupt
	VecBP  Vector = 3  // breakpoint (INT3)
	VecOF  Vector = 4  // overflow (INTO)
	VecBR  Vector = 5  // BOUND range exceeded
	VecUD  Vector = 6  // invalid opcode
	VecNM  Vector = 7  // device not available
	VecDF  Vector = 8  // double fault
	VecTS  Vector = 10 // invalid TSS
	VecNP  Vector = 11 // segment not present
	VecSS  Vector = 12 // stack fault
	VecGP  Vector = 13 // general protection
	VecPF  Vector = 14 // page fault
	VecMF  Vector = 16 // x87 floating-point error
	VecAC  Vector = 17 // alignment check
	VecMC  Vector = 18 // machine check
	VecXM  Vector = 19 // SIMD floating point
)

var vectorNames = [...]string{
	0: "#DE", 1: "#DB", 2: "NMI", 3: "#BP", 4: "#OF", 5: "#BR", 6: "#UD", 7: "#NM",
	8: "#DF", 10: "#TS", 11: "#NP", 12: "#SS", 13: "#GP", 14: "#PF", 16: "#MF",
	17: "#AC", 18: "#MC", 19: "#XM",
}

// String gives the SDM's mnemonic, such as "#GP".
func (v Vector) String() string {
	if int(v) < len(vectorNames) && vectorNames[v] != "" {
		return vectorNames[v]
	}
	return fmt.Sprintf("INT %02Xh", uint8(v))
}

// HasErrorCode tells whether delivery pushes an error code (SDM 3A 6.13).
func (v Vector) HasErrorCode() bool {
	switch v {
	case VecDF, VecTS, VecNP, VecSS, VecGP, VecPF, VecAC:
		return true
	}
	return false
}

// Page-fault error code bits (SDM 3A 4.7).
const (
	PFPresent = 1 << 0 // protection violation, not a missing page
	PFWrite   = 1 << 1
	PFUser    = 1 << 2
	PFRsvd    = 1 << 3
	PFFetch   = 1 << 4
)

// Exception is a fault or trap that the guest caused. It is a value: the state
// of the processor stands as before the instruction (faults) or after it
// (traps). Address is the linear address of a page fault, else zero.
type Exception struct {
	Vector  Vector
	Code    uint32
	Address uint64
}

// Error makes an Exception usable where the host expects an error, in reports.
func (e *Exception) Error() string {
	switch {
	case e.Vector == VecPF:
		return fmt.Sprintf("%v(%04x) at %08x", e.Vector, e.Code, e.Address)
	case e.Vector.HasErrorCode():
		return fmt.Sprintf("%v(%04x)", e.Vector, e.Code)
	}
	return e.Vector.String()
}
