package ir

import (
	"fmt"
	"strings"

	"ringzero/x86"
)

var opNames = [...]string{"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "test", "inc", "dec", "neg", "not", "mov",
	"movzx", "movsx", "lea", "rol", "ror", "rcl", "rcr", "shl", "shr", "sar", "shld", "shrd", "imul", "mul", "smul", "div", "sdiv",
	"bt", "bts", "btr", "btc", "bsf", "bsr", "xadd", "cmpxchg", "push", "pop", "pushf", "xchg", "bswap", "setcc", "cmov", "widen", "signdx",
	"leave", "lahf", "sahf", "clc", "stc", "cmc", "cld", "std", "movs", "stos", "lods", "cmps", "scas", "nop", "callout",
	"fall", "jmp", "jcc", "jmpind", "call", "callind", "ret", "loop", "callend", "callaway", "calljump"}

func (o Op) String() string { return opNames[o] }

var exitNames = [...]string{"budget", "fault", "fall", "taken", "indirect"}

// FlagText is a set of status flags by their letters.
func FlagText(f uint32) string {
	s := ""
	for i, bit := range []uint32{x86.OF, x86.SF, x86.ZF, x86.AF, x86.PF, x86.CF} {
		if f&bit != 0 {
			s += "OSZAPC"[i : i+1]
		}
	}
	if s == "" {
		return "-"
	}
	return s
}

func (u *Uop) argText(a Arg) string {
	switch a.Kind {
	case Reg:
		return x86.RegNames[a.Reg&15]
	case High:
		return x86.RegNames[a.Reg&3][:1] + "h"
	case Imm:
		return fmt.Sprintf("%#x", u.Imm)
	case Mem:
		m := &u.Addr
		s := "[" + [8]string{"es", "cs", "ss", "ds", "fs", "gs", "?", "?"}[m.Seg&7] + ":"
		if m.Flat {
			s = "[flat:"
		}
		if m.Base < 16 {
			s += x86.RegNames[m.Base] + "+"
		}
		if m.Index < 16 {
			s += fmt.Sprintf("%s*%d+", x86.RegNames[m.Index], 1<<m.Scale)
		}
		return s + fmt.Sprintf("%#x]%d", int64(m.Disp), m.Size*8)
	}
	return "?"
}

// String shows all that a backend gets to know of a micro-op.
func (u *Uop) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v.%d", u.Op, 8<<u.W)
	for _, a := range []Arg{u.D, u.S, u.Aux} {
		if a.Kind != None {
			b.WriteString(" " + u.argText(a))
		}
	}
	switch u.Op {
	case MovZX, MovSX:
		fmt.Fprintf(&b, " from %d", 8<<u.SW)
	case SetCC, CMov, Jcc, Loop:
		fmt.Fprintf(&b, " if %d", u.Cond)
	}
	if u.Op >= Fall {
		fmt.Fprintf(&b, " next %#x", u.Next)
		if u.Target != 0 {
			fmt.Fprintf(&b, " target %#x", u.Target)
		}
		if u.Mask != ^uint32(0) {
			fmt.Fprintf(&b, " mask %#x", u.Mask)
		}
	}
	if u.In != 0 {
		fmt.Fprintf(&b, " in %v", u.In)
	}
	if u.Out != 0 {
		fmt.Fprintf(&b, " out %v", u.Out)
	}
	if u.Reads != 0 {
		b.WriteString(" reads " + FlagText(u.Reads))
	}
	if u.Writes != 0 {
		b.WriteString(" live " + FlagText(u.Live))
	}
	if u.CC != 0 && (u.Op == Jcc || u.Op == SetCC || u.Op == CMov) {
		fmt.Fprintf(&b, " known %d", u.CC)
	}
	if u.Call != 0 {
		fmt.Fprintf(&b, " call %d", u.Call)
	}
	if u.MayLeave {
		b.WriteString(" may leave")
	}
	if u.Counts {
		b.WriteString(" counts")
	}
	return b.String()
}

// String shows an exit.
func (x Exit) String() string {
	switch x.Kind {
	case ExitFall, ExitTaken:
		if x.Near {
			return fmt.Sprintf("%s to %#x, near", exitNames[x.Kind], x.To)
		}
		return fmt.Sprintf("%s to %#x", exitNames[x.Kind], int64(x.To))
	case ExitFault:
		return fmt.Sprintf("fault at %d", x.Inst)
	}
	return exitNames[x.Kind]
}
