package decoder

import (
	"golang.org/x/arch/x86/x86asm"
)

// Listing gives the text of the instruction in that Decode made of code, in
// Intel syntax. pc is the address of its first byte; branch targets and
// RIP-relative addresses are printed in full. An instruction that Decode did not
// find OK is "(bad)".
//
// The text is x86asm's where it agrees with Decode on the length. It answers
// some instructions with no error, length 1 and no Op (ENDBR, STAC, and others),
// and takes no notice of the operand size in a branch: then, and where lengths
// differ, the text comes from our own tables.
func Listing(in *Inst, code []byte, pc uint64) string {
	if in.Row == nil || int(in.Len) > len(code) || in.ownText() {
		return in.Text(pc)
	}
	inst, err := x86asm.Decode(code[:in.Len], int(in.Mode))
	if err != nil || inst.Op == 0 || inst.Len != int(in.Len) {
		return in.Text(pc)
	}
	return x86asm.IntelSyntax(inst, pc, nil)
}

// ownText tells whether our text is the better one: conditions (x86asm follows
// XED's "jnbe"), branches, and what x86asm does not know as an instruction of
// its own.
func (in *Inst) ownText() bool {
	switch in.Op {
	case JCC, SETCC, CMOVCC, CALL, JMP, LOOP, LOOPE, LOOPNE, JCXZ:
		return true
	}
	return false
}
