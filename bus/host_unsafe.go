package bus

import (
	"encoding/binary"
	"unsafe"
)

// Host is the start of the reservation that holds RAM, ROM and video memory.
// All typed access to guest memory goes through its methods: little-endian on
// every host. Offsets are not checked; only a TLB entry or Memory makes them.
type Host struct{ base unsafe.Pointer }

func hostOf(p []byte) Host { return Host{unsafe.Pointer(unsafe.SliceData(p))} }

// little tells a little-endian host that takes unaligned accesses; on others
// memory is read byte-wise through encoding/binary.
const little = hostLittle

func (h Host) Load8(off uint64) uint8 { return *(*uint8)(unsafe.Add(h.base, off)) }

func (h Host) Load16(off uint64) uint16 {
	p := unsafe.Add(h.base, off)
	if little {
		return *(*uint16)(p)
	}
	return binary.LittleEndian.Uint16((*[2]byte)(p)[:])
}

func (h Host) Load32(off uint64) uint32 {
	p := unsafe.Add(h.base, off)
	if little {
		return *(*uint32)(p)
	}
	return binary.LittleEndian.Uint32((*[4]byte)(p)[:])
}

func (h Host) Load64(off uint64) uint64 {
	p := unsafe.Add(h.base, off)
	if little {
		return *(*uint64)(p)
	}
	return binary.LittleEndian.Uint64((*[8]byte)(p)[:])
}

func (h Host) Store8(off uint64, v uint8) { *(*uint8)(unsafe.Add(h.base, off)) = v }

func (h Host) Store16(off uint64, v uint16) {
	p := unsafe.Add(h.base, off)
	if little {
		*(*uint16)(p) = v
		return
	}
	binary.LittleEndian.PutUint16((*[2]byte)(p)[:], v)
}

func (h Host) Store32(off uint64, v uint32) {
	p := unsafe.Add(h.base, off)
	if little {
		*(*uint32)(p) = v
		return
	}
	binary.LittleEndian.PutUint32((*[4]byte)(p)[:], v)
}

func (h Host) Store64(off uint64, v uint64) {
	p := unsafe.Add(h.base, off)
	if little {
		*(*uint64)(p) = v
		return
	}
	binary.LittleEndian.PutUint64((*[8]byte)(p)[:], v)
}

// Bytes is n bytes at off, for bulk copies; it never leaves this module's hands.
func (h Host) Bytes(off uint64, n int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(h.base, off)), n)
}
