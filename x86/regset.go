package x86

import "strings"

// RegSet is a set of general registers, bit n for the register of that number.
type RegSet uint16

// AllRegs is the set of all sixteen.
const AllRegs = ^RegSet(0)

// Regs makes a set of registers.
func Regs(numbers ...uint8) (s RegSet) {
	for _, n := range numbers {
		s |= 1 << (n & 15)
	}
	return s
}

// RegNames are the names of the general registers without a width.
var RegNames = [16]string{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

// String lists the members by name, "all" for all.
func (s RegSet) String() string {
	if s == AllRegs {
		return "all"
	}
	var names []string
	for i, name := range RegNames {
		if s>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}
