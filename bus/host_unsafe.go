package bus

import (
	"encoding/binary"
	"unsafe"
)

// All typed access to guest memory goes through the functions here: little-endian on
// every host, by an address in the host's memory. Addresses are not checked; only a TLB
// entry and Host.At make them, inside of the reservation, which the collector neither
// moves nor frees while its Memory lives.

// little tells a little-endian host that takes unaligned accesses; on others
// memory is read byte-wise through encoding/binary.
const little = hostLittle

func pointer(at uint64) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(nil), at) }

// Load8, Load16, Load32 and Load64 read a little-endian value at an address of the host.
func Load8(at uint64) uint8 { return *(*uint8)(pointer(at)) }

func Load16(at uint64) uint16 {
	if little {
		return *(*uint16)(pointer(at))
	}
	return binary.LittleEndian.Uint16((*[2]byte)(pointer(at))[:])
}

func Load32(at uint64) uint32 {
	if little {
		return *(*uint32)(pointer(at))
	}
	return binary.LittleEndian.Uint32((*[4]byte)(pointer(at))[:])
}

func Load64(at uint64) uint64 {
	if little {
		return *(*uint64)(pointer(at))
	}
	return binary.LittleEndian.Uint64((*[8]byte)(pointer(at))[:])
}

// Store8, Store16, Store32 and Store64 write one.
func Store8(at uint64, v uint8) { *(*uint8)(pointer(at)) = v }

func Store16(at uint64, v uint16) {
	if little {
		*(*uint16)(pointer(at)) = v
		return
	}
	binary.LittleEndian.PutUint16((*[2]byte)(pointer(at))[:], v)
}

func Store32(at uint64, v uint32) {
	if little {
		*(*uint32)(pointer(at)) = v
		return
	}
	binary.LittleEndian.PutUint32((*[4]byte)(pointer(at))[:], v)
}

func Store64(at uint64, v uint64) {
	if little {
		*(*uint64)(pointer(at)) = v
		return
	}
	binary.LittleEndian.PutUint64((*[8]byte)(pointer(at))[:], v)
}

// Load reads 1, 2, 4 or 8 bytes.
func Load(at uint64, size int) uint64 {
	switch size {
	case 1:
		return uint64(Load8(at))
	case 2:
		return uint64(Load16(at))
	case 4:
		return uint64(Load32(at))
	}
	return Load64(at)
}

// Store writes 1, 2, 4 or 8 bytes.
func Store(at uint64, size int, v uint64) {
	switch size {
	case 1:
		Store8(at, uint8(v))
	case 2:
		Store16(at, uint16(v))
	case 4:
		Store32(at, uint32(v))
	default:
		Store64(at, v)
	}
}

// Bytes is n bytes, for bulk copies; it never leaves this module's hands.
func Bytes(at uint64, n int) []byte { return unsafe.Slice((*byte)(pointer(at)), n) }

// Host is the start of the reservation that holds RAM, ROM and video memory.
type Host struct{ base unsafe.Pointer }

func hostOf(p []byte) Host { return Host{unsafe.Pointer(unsafe.SliceData(p))} }

// At is the address of an offset in the reservation, Off the offset of an address.
func (h Host) At(off uint64) uint64 { return uint64(uintptr(h.base)) + off }
func (h Host) Off(at uint64) uint64 { return at - uint64(uintptr(h.base)) }

// Bytes is n bytes at an offset.
func (h Host) Bytes(off uint64, n int) []byte { return Bytes(h.At(off), n) }
