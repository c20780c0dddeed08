package bus

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Marshal encodes a device's state: kind, version, then the struct's fields in
// order, little-endian. state points to a struct of fixed-size fields (arrays,
// sized integers, bools); anything else is a bug.
func Marshal(kind string, version uint16, state any) []byte {
	out := append([]byte{byte(len(kind))}, kind...)
	out = binary.LittleEndian.AppendUint16(out, version)
	out, err := binary.Append(out, binary.LittleEndian, state)
	if err != nil {
		panic("BUG: bus: state of " + kind + ": " + err.Error())
	}
	return out
}

// Unmarshal decodes what Marshal made into state. A different kind, an unknown
// version or a wrong length is an error, and state is then unchanged.
func Unmarshal(data []byte, kind string, version uint16, state any) error {
	head := append([]byte{byte(len(kind))}, kind...)
	if !bytes.HasPrefix(data, head) {
		return fmt.Errorf("bus: saved state is not that of a %s", kind)
	}
	data = data[len(head):]
	if len(data) < 2 {
		return fmt.Errorf("bus: saved state of %s is cut short", kind)
	}
	if v := binary.LittleEndian.Uint16(data); v != version {
		return fmt.Errorf("bus: saved state of %s has version %d, this program knows %d", kind, v, version)
	}
	if data = data[2:]; len(data) != binary.Size(state) {
		return fmt.Errorf("bus: saved state of %s has %d bytes, not %d", kind, len(data), binary.Size(state))
	}
	if _, err := binary.Decode(data, binary.LittleEndian, state); err != nil {
		return fmt.Errorf("bus: saved state of %s: %w", kind, err)
	}
	return nil
}
