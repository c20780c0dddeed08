package bus

// InputKind tells what came from outside.
type InputKind uint8

// The kinds of input.
const (
	InputSerial InputKind = iota // a byte for COM1
	InputKey                     // a keystroke: set-1 code, bit 16 for released
	InputMouse
	InputPower // the power button
	InputReset
	InputRate // nanoseconds a step: numerator in the upper half, denominator in the lower
)

// Input is one entry of the log: what came, and when it was let in.
type Input struct {
	Step, NS uint64
	Kind     InputKind
	Value    uint64
}

// InputLog is all input of a run in order. With it and the configuration a run
// can be repeated exactly.
type InputLog struct{ Entries []Input }

// Add appends an entry.
func (l *InputLog) Add(e Input) { l.Entries = append(l.Entries, e) }
