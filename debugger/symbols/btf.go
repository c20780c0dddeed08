package symbols

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Bounds of type information: that of Debian's kernel has 4 MiB.
const (
	mostBTF      = 64 << 20
	mostVisits   = 1 << 16 // of members, for one question
	mostNesting  = 8       // of structures without a name
	btfHeader    = 24
	btfMagic     = 0xeb9f
	btfStruct    = 4
	btfUnion     = 5
	btfKindCount = 20
)

// BTF is a kernel's own description of its types
// (Documentation/bpf/btf.rst in Linux's source).
type BTF struct {
	types   []uint32 // where each type is in data; number 0 is void
	data    []byte
	strings []byte
	structs map[string]uint32
}

// btfMore is how many bytes follow a type of each kind: a fixed number, and one
// for each of its members.
var btfMore = [btfKindCount]struct{ fixed, each uint32 }{
	1: {4, 0}, 3: {12, 0}, btfStruct: {0, 12}, btfUnion: {0, 12}, 6: {0, 8}, 13: {0, 8},
	14: {4, 0}, 15: {0, 12}, 17: {4, 0}, 19: {0, 12},
}

// ReadBTF reads type information: what is in a kernel's memory between
// __start_BTF and __stop_BTF, or /sys/kernel/btf/vmlinux. Bytes behind it don't
// matter. An error where it is none or is broken.
func ReadBTF(data []byte) (*BTF, error) {
	bad := errors.New("symbols: not sound BTF: give that of the running kernel (/sys/kernel/btf/vmlinux)")
	if len(data) < btfHeader || len(data) > mostBTF || binary.LittleEndian.Uint16(data) != btfMagic || data[2] != 1 {
		return nil, bad
	}
	field := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(data[4*i:])) }
	head, size := field(1), uint64(len(data))
	types, typesLen, strings, stringsLen := head+field(2), field(3), head+field(4), field(5)
	if types+typesLen > size || strings+stringsLen > size || stringsLen == 0 {
		return nil, bad
	}
	b := &BTF{types: []uint32{0}, data: data[types : types+typesLen],
		strings: data[strings : strings+stringsLen], structs: map[string]uint32{}}
	for at := uint64(0); at < typesLen; {
		if at+12 > typesLen {
			return nil, bad
		}
		b.types = append(b.types, uint32(at))
		t := b.at(uint32(len(b.types) - 1))
		if t.kind >= btfKindCount {
			return nil, bad
		}
		if name := b.name(t.name); t.kind == btfStruct && name != "" {
			if _, ok := b.structs[name]; !ok {
				b.structs[name] = uint32(len(b.types) - 1)
			}
		}
		more := btfMore[t.kind]
		at += 12 + uint64(more.fixed) + uint64(t.members)*uint64(more.each)
		if at > typesLen {
			return nil, bad
		}
	}
	return b, nil
}

// btfType is the part that all types have.
type btfType struct {
	name, kind, members, size uint32
	bitfields                 bool // offsets of members are told in another way
	more                      []byte
}

// at is a type by its number, the empty one where there is none.
func (b *BTF) at(id uint32) btfType {
	if id == 0 || id >= uint32(len(b.types)) {
		return btfType{}
	}
	p := b.data[b.types[id]:]
	info := binary.LittleEndian.Uint32(p[4:])
	return btfType{name: binary.LittleEndian.Uint32(p), kind: info >> 24 & 0x1f, members: info & 0xffff,
		size: binary.LittleEndian.Uint32(p[8:]), bitfields: info>>31 != 0, more: p[12:]}
}

func (b *BTF) name(at uint32) string {
	if at >= uint32(len(b.strings)) {
		return ""
	}
	p := b.strings[at:]
	i := bytes.IndexByte(p, 0)
	if i < 0 {
		return ""
	}
	return string(p[:i])
}

// Size is that of a structure in bytes.
func (b *BTF) Size(structure string) (uint64, bool) {
	id, ok := b.structs[structure]
	return uint64(b.at(id).size), ok
}

// Member is where a member of a structure is, in bytes from its start; one of a
// structure or union without a name within counts, too.
func (b *BTF) Member(structure, member string) (offset uint64, ok bool) {
	id, ok := b.structs[structure]
	if !ok {
		return 0, false
	}
	visits := mostVisits
	bit, ok := b.member(id, member, mostNesting, &visits)
	return bit / 8, ok
}

func (b *BTF) member(id uint32, member string, depth int, visits *int) (bit uint64, ok bool) {
	t := b.at(id)
	for i := range t.members {
		if *visits--; *visits < 0 || depth == 0 {
			return 0, false
		}
		m := t.more[12*i:]
		name, kind, off := binary.LittleEndian.Uint32(m), binary.LittleEndian.Uint32(m[4:]), binary.LittleEndian.Uint32(m[8:])
		if t.bitfields {
			off &= 0xffffff
		}
		if name != 0 {
			if b.name(name) == member {
				return uint64(off), true
			}
			continue
		}
		if k := b.at(kind).kind; k != btfStruct && k != btfUnion {
			continue
		}
		if in, ok := b.member(kind, member, depth-1, visits); ok {
			return uint64(off) + in, true
		}
	}
	return 0, false
}

// KernelBTF reads the running kernel's type information from its memory. An error
// where it has none: Debian's kernels for x86-64 have it, those for i386 don't.
func KernelBTF(lookup Lookup, mem Linear) (*BTF, error) {
	from, ok := lookup("__start_BTF")
	to, ok2 := lookup("__stop_BTF")
	if !ok || !ok2 || to-from > mostBTF {
		return nil, errors.New("symbols: no type information in the kernel (symbols __start_BTF and __stop_BTF): " +
			"one with CONFIG_DEBUG_INFO_BTF is needed")
	}
	data := make([]byte, to-from)
	if n := mem.Read(data, from); n != len(data) {
		return nil, fmt.Errorf("symbols: only %d of %d bytes of the kernel's type information are in memory", max(n, 0), len(data))
	}
	return ReadBTF(data)
}
