package decoder

import (
	"fmt"

	"ringzero/x86"
)

// condReads is the flags that each of the sixteen conditions reads, by its low
// opcode bits (SDM 1 appendix B, table B-1).
var condReads = [16]uint32{
	x86.OF, x86.OF,
	x86.CF, x86.CF,
	x86.ZF, x86.ZF,
	x86.CF | x86.ZF, x86.CF | x86.ZF,
	x86.SF, x86.SF,
	x86.PF, x86.PF,
	x86.SF | x86.OF, x86.SF | x86.OF,
	x86.ZF | x86.SF | x86.OF, x86.ZF | x86.SF | x86.OF,
}

// condNames is the conditions' usual suffixes.
var condNames = [16]string{"o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"}

// conditions makes the sixteen forms of a conditional instruction; enc holds
// a verb for the opcode, the first of which is base.
func conditions(f form, base int) []form {
	fs := make([]form, 16)
	for i := range fs {
		fs[i] = f
		fs[i].enc = fmt.Sprintf(f.enc, base+i)
		fs[i].fl.r |= condReads[i]
	}
	return fs
}

// join concatenates parts of a table.
func join(parts ...[]form) (fs []form) {
	for _, p := range parts {
		fs = append(fs, p...)
	}
	return fs
}
