package symbols

import "bytes"

// Linear is a kernel's linear memory: Read fills p from an address on and answers
// how many bytes it got; it ends at the first page that isn't mapped.
type Linear interface {
	Read(p []byte, va uint64) int
}

// Lookup finds the address of a kernel's symbol. Table.Address is one.
type Lookup func(name string) (uint64, bool)

// words reads a kernel's memory in words of 32 or 64 bits.
type words struct {
	mem  Linear
	bits int
}

func (w words) size() uint64 { return uint64(w.bits / 8) }

// bytes reads n bytes; false where not all are there.
func (w words) bytes(va, n uint64) ([]byte, bool) {
	p := make([]byte, n)
	return p, w.mem.Read(p, va) == len(p)
}

// number reads a little-endian number of up to 8 bytes.
func (w words) number(va, size uint64) (uint64, bool) {
	p, ok := w.bytes(va, size)
	if !ok {
		return 0, false
	}
	c := cursor{p: p}
	return c.word(int(size)), true
}

func (w words) word(va uint64) (uint64, bool) { return w.number(va, w.size()) }

// isPointer tells whether a word can be an address in the kernel.
func (w words) isPointer(v uint64) bool { return kernelHalf(w.bits, v) && v&3 == 0 }

// text is a string up to its zero; false where it isn't printable.
func text(p []byte) (string, bool) {
	i := bytes.IndexByte(p, 0)
	if i <= 0 {
		return "", false
	}
	for _, c := range p[:i] {
		if c < ' ' || c == 0x7f {
			return "", false
		}
	}
	return string(p[:i]), true
}

func checkBits(bits int) bool { return bits == 32 || bits == 64 }
