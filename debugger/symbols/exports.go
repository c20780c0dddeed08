package symbols

import (
	"bytes"
	"encoding/binary"
)

// Bounds of the search for exported names.
const (
	exportWindow   = 24 << 20 // to each side of the pieces of names
	mostAnchors    = 8
	mostPointers   = 4 // to one anchor that are looked at
	mostExports    = 1 << 17
	leastExports   = 20
	longestExport  = 128
	anchorOfExport = "init_task" // every kernel since 2.6 exports it
)

// exports is the part of memory in which a kernel's own image lies and the form of
// its table of exported names (struct kernel_symbol in Linux's source): value,
// name and since 5.4 namespace. On x86-64 since 4.19 each counts from its own
// place (CONFIG_HAVE_ARCH_PREL32_RELOCATIONS); on i386 they are addresses.
type exports struct {
	r        region
	stride   uint64
	absolute bool
	base     uint64 // linear less physical, of absolute ones
}

// pageOffsets is where i386's kernels have physical address 0: CONFIG_VMSPLIT_*.
var pageOffsets = []uint64{0xc0000000, 0xb0000000, 0x80000000, 0x78000000, 0x40000000}

// addExports adds what the kernel exports to modules: these are data and per-cpu
// variables, too, which kallsyms lacks without CONFIG_KALLSYMS_ALL. It also tells
// Offset, from the functions that both know. Nothing happens where no table is
// found.
func (k *Kernel) addExports(mem Memory) {
	from := (k.Phys - min(k.Phys, exportWindow)) &^ 7
	r := region{readPart(mem, from, k.Phys-from+exportWindow), from}
	forms := []exports{{r: r, stride: 12}, {r: r, stride: 8}}
	if k.Bits == 32 {
		forms = nil
		for _, base := range pageOffsets {
			forms = append(forms, exports{r, 12, true, base}, exports{r, 8, true, base})
		}
		forms = append(forms, exports{r: r, stride: 12})
	}
	known := make(map[string]uint64, len(k.Symbols))
	for _, s := range k.Symbols {
		if !s.Local {
			known[s.Name] = s.Addr
		}
	}
	anchor := []byte("\x00" + anchorOfExport + "\x00")
	for at, tries := 0, 0; tries < mostAnchors; tries++ {
		i := bytes.Index(r.buf[at:], anchor)
		if i < 0 {
			return
		}
		at += i + 1
		for _, e := range forms {
			if e.search(k, known, uint64(at)) {
				return
			}
		}
	}
}

// search takes the first table with an entry whose name is at a place of the
// buffer.
func (e *exports) search(k *Kernel, known map[string]uint64, name uint64) bool {
	want, step := uint32(name), uint32(1)
	if e.absolute {
		want, step = uint32(e.r.from+name+e.base), 0
	}
	for at, n := 0, 0; at+4 <= len(e.r.buf) && n < mostPointers; at += 4 {
		if binary.LittleEndian.Uint32(e.r.buf[at:])+uint32(at)*step != want {
			continue
		}
		n++
		if e.take(k, known, uint64(at)) {
			return true
		}
	}
	return false
}

// take reads the whole table around one entry's name field.
func (e *exports) take(k *Kernel, known map[string]uint64, field uint64) bool {
	first := field
	for n := 0; first >= e.stride && n < mostExports && e.name(first-e.stride) != ""; n++ {
		first -= e.stride
	}
	var names []string
	for at := first; len(names) < mostExports; at += e.stride {
		name := e.name(at)
		if name == "" {
			break
		}
		names = append(names, name)
	}
	return first >= 4 && len(names) >= leastExports && e.add(k, known, first, names)
}

// value is where a field points to, as a physical address.
func (e *exports) value(field uint64) uint64 {
	v := binary.LittleEndian.Uint32(e.r.buf[field:])
	if e.absolute {
		return uint64(v - uint32(e.base))
	}
	return e.r.from + field + uint64(int64(int32(v)))
}

// name is the exported name that a field points to, "" where there is none.
func (e *exports) name(field uint64) string {
	if field+4 > uint64(len(e.r.buf)) {
		return ""
	}
	at := e.value(field) - e.r.from
	if at == 0 || at >= uint64(len(e.r.buf)) {
		return ""
	}
	p := e.r.buf[at:min(at+longestExport, uint64(len(e.r.buf)))]
	n := bytes.IndexByte(p, 0)
	if n <= 0 || bytes.ContainsFunc(p[:n], func(c rune) bool {
		return c != '_' && c != '.' && c != '$' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	}) {
		return ""
	}
	return string(p[:n])
}

// add finds the kernel's offset by its functions and adds the other names.
func (e *exports) add(k *Kernel, known map[string]uint64, first uint64, names []string) bool {
	wrap := uint64(1<<64 - 1)
	if k.Bits == 32 {
		wrap = 1<<32 - 1
	}
	value := func(i int) uint64 { return e.value(first - 4 + uint64(i)*e.stride) }
	votes := map[uint64]int{}
	for i, name := range names {
		if addr, ok := known[name]; ok {
			votes[(addr-value(i))&wrap]++
		}
	}
	offset, most, all := uint64(0), 0, 0
	for o, n := range votes {
		all += n
		if n > most {
			offset, most = o, n
		}
	}
	if most < leastExports || most < all*9/10 || e.absolute && offset != e.base {
		return false
	}
	k.Offset, k.OffsetKnown = offset, true
	for i, name := range names {
		if _, ok := known[name]; !ok {
			k.Symbols = append(k.Symbols, Symbol{Name: name, Addr: (value(i) + offset) & wrap})
		}
	}
	return true
}
