package bios

import (
	"encoding/binary"
	"strings"
)

// A small emitter of AML, ACPI's byte code (ACPI 1.0b, chapter 16; 2.0, 17).
// Each function gives the encoding of one term.

// amlPath encodes a name of four-character segments, such as \_SB_.PCI0.
func amlPath(path string) []byte {
	var out []byte
	if rest, ok := strings.CutPrefix(path, `\`); ok {
		out, path = append(out, '\\'), rest
	}
	segments := strings.Split(path, ".")
	switch len(segments) {
	case 1:
	case 2:
		out = append(out, 0x2e) // DualNamePrefix
	default:
		out = append(out, 0x2f, byte(len(segments))) // MultiNamePrefix
	}
	for _, s := range segments {
		if len(s) != 4 {
			panic("BUG: bios: AML name segment " + s)
		}
		out = append(out, s...)
	}
	return out
}

// amlPkg is op, the PkgLength of what follows (which counts itself), and that.
func amlPkg(op []byte, body ...[]byte) []byte {
	n := 0
	for _, p := range body {
		n += len(p)
	}
	out := append([]byte(nil), op...)
	switch {
	case n+1 <= 0x3f:
		out = append(out, byte(n+1))
	case n+2 <= 0xfff:
		n += 2
		out = append(out, 1<<6|byte(n&15), byte(n>>4))
	default:
		n += 3
		out = append(out, 2<<6|byte(n&15), byte(n>>4), byte(n>>12))
	}
	return append(out, amlJoin(body...)...)
}

func amlJoin(terms ...[]byte) []byte {
	var out []byte
	for _, t := range terms {
		out = append(out, t...)
	}
	return out
}

// amlInt is an integer in its shortest form.
func amlInt(v uint32) []byte {
	switch {
	case v <= 1:
		return []byte{byte(v)} // ZeroOp, OneOp
	case v <= 0xff:
		return []byte{0x0a, byte(v)}
	case v <= 0xffff:
		return []byte{0x0b, byte(v), byte(v >> 8)}
	}
	return binary.LittleEndian.AppendUint32([]byte{0x0c}, v)
}

// amlEISA is a compressed identifier such as PNP0A03 (ACPI 1.0b, 6.1.4): three
// letters of five bits and four hexadecimal digits, big-endian.
func amlEISA(id string) []byte {
	v := uint32(id[0]-'@')<<26 | uint32(id[1]-'@')<<21 | uint32(id[2]-'@')<<16
	for i, c := range []byte(id[3:]) {
		d := uint32(c - '0')
		if c >= 'A' {
			d = uint32(c-'A') + 10
		}
		v |= d << (12 - 4*i)
	}
	return binary.BigEndian.AppendUint32([]byte{0x0c}, v)
}

func amlName(name string, value []byte) []byte {
	return amlJoin([]byte{0x08}, amlPath(name), value)
}

func amlScope(name string, terms ...[]byte) []byte {
	return amlPkg([]byte{0x10}, append([][]byte{amlPath(name)}, terms...)...)
}

func amlDevice(name string, terms ...[]byte) []byte {
	return amlPkg([]byte{0x5b, 0x82}, append([][]byte{amlPath(name)}, terms...)...)
}

// amlMethod is a serialized method.
func amlMethod(name string, args int, terms ...[]byte) []byte {
	return amlPkg([]byte{0x14}, append([][]byte{amlPath(name), {byte(args) | 1<<3}}, terms...)...)
}

func amlBuffer(data []byte) []byte {
	return amlPkg([]byte{0x11}, amlInt(uint32(len(data))), data)
}

func amlPackage(elements ...[]byte) []byte {
	return amlPkg([]byte{0x12}, append([][]byte{{byte(len(elements))}}, elements...)...)
}

// amlProcessor is an ACPI 1.0 processor without a register block.
func amlProcessor(name string, id byte) []byte {
	return amlPkg([]byte{0x5b, 0x83}, amlPath(name), []byte{id, 0, 0, 0, 0, 0})
}

// amlRegion is an operation region; space 2 is PCI configuration space.
func amlRegion(name string, space byte, offset, length uint32) []byte {
	return amlJoin([]byte{0x5b, 0x80}, amlPath(name), []byte{space}, amlInt(offset), amlInt(length))
}

// amlByteFields names the bytes of a region.
func amlByteFields(region string, names ...string) []byte {
	const byteAccess = 1
	body := [][]byte{amlPath(region), {byteAccess}}
	for _, n := range names {
		body = append(body, []byte(n), []byte{8})
	}
	return amlPkg([]byte{0x5b, 0x81}, body...)
}

// Operators.
var (
	amlLocal0 = []byte{0x60}
	amlArg0   = []byte{0x68}
)

func amlStore(from, to []byte) []byte { return amlJoin([]byte{0x70}, from, to) }
func amlAnd(a, b, to []byte) []byte   { return amlJoin([]byte{0x7b}, a, b, to) }
func amlOr(a, b, to []byte) []byte    { return amlJoin([]byte{0x7d}, a, b, to) }
func amlReturn(v []byte) []byte       { return amlJoin([]byte{0xa4}, v) }
func amlIf(cond, then []byte) []byte  { return amlPkg([]byte{0xa0}, cond, then) }
func amlElse(then []byte) []byte      { return amlPkg([]byte{0xa1}, then) }
func amlLNot(v []byte) []byte         { return amlJoin([]byte{0x92}, v) }
func amlNowhere() []byte              { return []byte{0} }
func amlResources(r ...[]byte) []byte { return amlBuffer(append(amlJoin(r...), 0x79, 0)) }
func amlResIO(base, n uint16) []byte  { return amlResIOAt(base, base, n) }
func amlResIRQ(n int) []byte          { return []byte{0x22, byte(uint16(1) << n), byte(uint16(1) << n >> 8)} }
func amlDWordField(buf []byte, offset uint32, name string) []byte {
	return amlJoin([]byte{0x8a}, buf, amlInt(offset), amlPath(name))
}

func amlResIOAt(low, high, n uint16) []byte {
	return []byte{0x47, 1, byte(low), byte(low >> 8), byte(high), byte(high >> 8), 1, byte(n)}
}

// amlResIRQs is an extended interrupt descriptor: level, active low, shared.
func amlResIRQs(list ...uint32) []byte {
	out := []byte{0x89, byte(2 + 4*len(list)), 0, 0x0d, byte(len(list))}
	for _, n := range list {
		out = binary.LittleEndian.AppendUint32(out, n)
	}
	return out
}

// Address spaces of amlResWord and amlResDWord, with their specific flags.
const (
	amlSpaceMemory = 0 // read-write, not cacheable
	amlSpaceIO     = 1 // the entire range
	amlSpaceBus    = 2
)

// amlResWord is a window of 16 bits that a bridge passes on.
func amlResWord(space byte, low, high uint16) []byte {
	out := []byte{0x88, 13, 0, space, 0x0c, [...]byte{1, 3, 0}[space]}
	for _, v := range []uint16{0, low, high, 0, high - low + 1} {
		out = binary.LittleEndian.AppendUint16(out, v)
	}
	return out
}

// amlResDWord is a window of 32 bits.
func amlResDWord(space byte, low, high uint32) []byte {
	out := []byte{0x87, 23, 0, space, 0x0c, [...]byte{1, 3, 0}[space]}
	for _, v := range []uint32{0, low, high, 0, high - low + 1} {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	return out
}
