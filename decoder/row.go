package decoder

//go:generate go run ringzero/internal/gen/instdocs -o ../docs/instructions.md

// Map is an opcode map.
type Map uint8

// The opcode maps. x87 rows have the escape byte (D8 to DF) in Opcode.
const (
	MapOne     Map = iota // one-byte opcodes
	Map0F                 // 0F xx
	Map0F38               // 0F 38 xx
	Map0F3A               // 0F 3A xx
	MapX87                // D8 to DF, selected by ModRM
	MapVEX0F38            // VEX-encoded 0F 38 xx (BMI)
	MapVEX0F3A            // VEX-encoded 0F 3A xx (BMI)
)

// Priv is the privilege check that an instruction makes before it executes.
type Priv uint8

const (
	PrivNone Priv = iota
	PrivCPL0      // #GP(0) unless CPL is 0
	PrivIOPL      // #GP(0) if CPL > IOPL (in virtual-8086 mode: if IOPL < 3, but for VME)
	PrivIO        // as IOPL, but the I/O permission bitmap may allow it
	PrivTSD       // CR4.TSD set needs CPL 0
	PrivPCE       // CR4.PCE clear needs CPL 0
	PrivUMIP      // CR4.UMIP set needs CPL 0
	PrivVM86      // only the virtual-8086 IOPL check (INT n, PUSHF, POPF, IRET)
)

// Sense is a set of Popek and Goldberg's classes (CACM 17(7), 1974), as Robin
// and Irvine applied them to the Pentium (USENIX Security 2000).
type Sense uint8

const (
	// SenseControl: changes, or tries to change, processor mode or resources.
	SenseControl Sense = 1 << iota
	// SenseBehaviour: its effect depends on mode or on where memory really is.
	SenseBehaviour
)

// Row is one form of an instruction. The tables are the one source of what the
// decoder, the translator's dispatch, the privilege tests, the laboratory and
// docs/instructions.md know about it.
type Row struct {
	Op     Op
	Map    Map
	Opcode uint8
	// Reg is the ModRM reg field that selects the row (/0 to /7), -1 for any.
	Reg int8
	// Mod restricts ModRM.mod.
	Mod ModForm
	// RM is the ModRM rm field that selects the row (0F 01 C1, D9 E8), -1 for any.
	RM int8
	// Prefix is the mandatory prefix: 0, 0x66, 0xF3 or 0xF2 (PrefixNone where
	// the row exists only without one of the three).
	Prefix uint8
	// Args are the SDM's operand codes (SDM 2D A.2.1), comma-separated: "Eb,Gb".
	Args string
	// Modes in which the form exists.
	Modes   Modes
	Feature Feature
	Priv    Priv
	Sense   Sense
	// Flags read, written (defined results, constants included) and left
	// undefined, as x86 flag bits.
	Read, Write, Undef uint32
	// LOCK is legal with a memory destination.
	Lock bool
	// Section of the SDM's volume 2 (or AMD's volume 3) that defines it.
	Section string
	// RexW: the row needs REX.W and stands beside one that does not have it
	// (CMPXCHG16B).
	RexW bool

	enc string
}

// Values of Row.Prefix that are no prefix byte.
const (
	PrefixNone  uint8 = 1 // the row exists only without 66, F3 and F2 (SDM: NP)
	PrefixNoRep uint8 = 2 // only without F3 and F2; 66 is the operand size
)

// ModForm restricts ModRM.mod.
type ModForm uint8

const (
	ModAny ModForm = iota
	ModMem         // mod is not 3
	ModReg         // mod is 3
)

// Modes is a set of machine modes in which a form is recognised; elsewhere #UD.
type Modes uint8

const (
	InReal      Modes = 1 << iota // real-address mode
	InVM86                        // virtual-8086 mode
	InProtected                   // protected and compatibility mode
	In64                          // 64-bit mode

	InLegacy = InReal | InVM86 | InProtected
	InAll    = InLegacy | In64
)

// Sensitive tells whether the form is sensitive by any class.
func (r *Row) Sensitive() bool { return r.Sense != 0 }

// Privileged tells whether the form faults outside of CPL 0 (or IOPL).
func (r *Row) Privileged() bool { return r.Priv == PrivCPL0 || r.Priv == PrivIO || r.Priv == PrivIOPL }

// Critical tells whether the form is sensitive but not privileged: what breaks
// plain trap-and-emulate.
func (r *Row) Critical() bool { return r.Sensitive() && !r.Privileged() }

// Encoding gives the row's encoding as the manual writes it: "66 0F 38 F6 /r".
// "NP" stands for none of 66, F3, F2 and "NR" for neither F3 nor F2; "m" and "r"
// restrict ModRM to memory or register forms; a plus sign after the opcode puts
// a register into its low three bits.
func (r *Row) Encoding() string { return r.enc }

// MayKeepFlags tells whether an execution of the row can leave the flags of
// Write and Undef as they were: shifts and rotates by a count that may be zero,
// and string compares under a REP with rSI, rDI and rCX that may be zero. Such a
// row does not kill an earlier flag result.
func (r *Row) MayKeepFlags() bool {
	switch r.Op {
	case ROL, ROR, RCL, RCR, SHL, SHR, SAR:
		return r.Opcode < 0xd0 || r.Opcode > 0xd1
	case SHLD, SHRD, CMPS, SCAS:
		return true
	}
	return false
}
