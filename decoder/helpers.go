package decoder

import "fmt"

// String gives the mnemonic in capitals; ops that share one in the manual keep
// their own name here (MOVSEG, JMPF), so that reports tell them apart.
func (op Op) String() string {
	if int(op) < len(opNames) {
		return opNames[op]
	}
	return fmt.Sprintf("Op(%d)", uint16(op))
}

// String gives the SDM's name of the feature.
func (f Feature) String() string {
	if int(f) < len(featureNames) {
		return featureNames[f]
	}
	return fmt.Sprintf("Feature(%d)", uint8(f))
}

// sections holds the manual's heading where it is not the Op's name.
var sections = map[Op]string{}

// section names where the manual defines op, such as "SDM 2A ADD".
func section(op Op) string {
	return op.String()
}
