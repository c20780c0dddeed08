package symbols

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
)

// Memory is a guest's physical memory: Size in bytes, and ReadAt that fills p
// from a physical address on and answers how many bytes it got; what it can't
// give (a hole) counts as zeros.
type Memory interface {
	Size() uint64
	ReadAt(p []byte, phys uint64) int
}

// Kernel is what a Linux kernel's own tables say. Symbols are in address order,
// of unknown size, at the addresses where the kernel runs; all data is among them
// only where the kernel was built with CONFIG_KALLSYMS_ALL, else that which is
// exported to modules or is in the note for crash dumps. Bits is 32 or 64. Phys is
// where the table of names' pieces was found.
type Kernel struct {
	Symbols []Symbol
	Bits    int
	Phys    uint64
	Layout  string // "4.6", "6.2" (6.1 of later stable releases, too) or "6.4": since when tables lie so
	Named   int    // how many of Symbols are from kallsyms

	// Offset is what to add to a physical address within the kernel's image for the
	// linear one, if OffsetKnown.
	Offset      uint64
	OffsetKnown bool

	// Slide is how far the kernel runs from the address that it was linked to,
	// if SlideKnown: from the kernel's own note for crash dumps ("KERNELOFFSET="),
	// else with _text and the usual link address.
	Slide      uint64
	SlideKnown bool
}

// Kallsyms gives the names of the Linux kernel (4.6 and later) that is in guest
// memory. See FindKernel.
func Kallsyms(mem Memory) ([]Symbol, error) {
	k, err := FindKernel(mem)
	if err != nil {
		return nil, err
	}
	return k.Symbols, nil
}

// mostCandidates bounds how many places that look like a table of names' pieces
// are looked at: a guest may lay as many as it likes.
const mostCandidates = 16

// scanStep is how much memory is searched at a time, scanOver what two steps have
// in common.
const (
	scanStep = 1 << 20
	scanOver = 64
)

// digits is how the table of names' pieces is found: its entries '0' to '9' are
// these characters themselves, each ended by a zero.
var digits = []byte("0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00")

// FindKernel searches guest memory, once from bottom to top, for the tables which
// a Linux kernel has for its own backtraces (kernel/kallsyms.c and
// scripts/kallsyms.c in Linux's source): 256 pieces of names, an index to these,
// the names in pieces, a marker at each 256th name, and addresses. Tables count
// only if all agree with each other and the addresses ascend.
//
// A kernel that moved itself (KASLR) comes out right, since it has relocated
// its tables: addresses are either words that it has moved, or offsets to one
// such word (kallsyms_relative_base). That word must lie in the kernel's half.
//
// An error where there is none: no Linux, one older than 4.6, one without
// CONFIG_KALLSYMS, or one that has not unpacked itself yet.
func FindKernel(mem Memory) (*Kernel, error) {
	size := mem.Size()
	buf := make([]byte, scanStep+scanOver)
	tried := 0
	for at := uint64(0); at < size && tried < mostCandidates; at += scanStep {
		n := min(uint64(len(buf)), size-at)
		part := buf[:max(0, min(int(n), mem.ReadAt(buf[:n], at)))]
		for from := 0; tried < mostCandidates; {
			i := bytes.Index(part[from:], digits)
			if i < 0 || from+i >= scanStep {
				break
			}
			tokens, ok := findTokens(mem, at+uint64(from+i))
			from += i + len(digits)
			if !ok {
				continue
			}
			tried++
			if k := decodeKernel(mem, tokens); k != nil {
				k.complete(mem)
				return k, nil
			}
		}
	}
	return nil, errors.New("symbols: no Linux kernel with kallsyms in memory (4.6 or later): " +
		"let it boot further, or give a file with symbols")
}

// complete adds what other tables of the kernel say.
func (k *Kernel) complete(mem Memory) {
	k.Named = len(k.Symbols)
	text, hasText := uint64(0), false
	for _, s := range k.Symbols {
		if s.Name == "_text" || s.Name == "_stext" {
			text, hasText = s.Addr, true
			break
		}
	}
	k.addExports(mem)
	info, err := FindVMCoreInfo(mem)
	start, ok := info.Hex("SYMBOL(_stext)")
	if err == nil && hasText && ok && start-text < 1<<20 { // of this kernel, not one before it
		k.Slide, k.SlideKnown = info.Hex("KERNELOFFSET")
		k.Symbols = append(k.Symbols, info.Symbols()...)
		if at, ok := info.Hex("SYMBOL(kallsyms_token_table)"); ok && !k.OffsetKnown {
			k.Offset, k.OffsetKnown = at-k.Phys, true
		}
	}
	k.sort()
	if k.SlideKnown || !hasText {
		return
	}
	// CONFIG_PHYSICAL_START is 16 MiB in nearly all configurations.
	linked := uint64(0xffffffff81000000)
	if k.Bits == 32 {
		linked = 0xc1000000
	}
	k.Slide, k.SlideKnown = text-linked, true
}

// Source makes a source for a Table of the kernel.
func (k *Kernel) Source() *Source { return NewSource("kernel", "kallsyms", k.Bits, k.Symbols) }

// tokenTable is the 256 pieces of names.
type tokenTable struct {
	start, end uint64 // of the pieces, physical
	behind     uint64 // the end of the index, physical
	pieces     [256]string
}

// mostToken is how long all 256 pieces are together at most; in real kernels they
// are about 1 KiB.
const mostToken = 16 << 10

// findTokens reads the table around its digits. The index behind it tells where
// it starts, and must agree with every piece.
func findTokens(mem Memory, digitsAt uint64) (*tokenTable, bool) {
	from := digitsAt - min(digitsAt, mostToken)
	buf := readPart(mem, from, 2*mostToken)
	at := int(digitsAt - from)
	end, ok := skipStrings(buf, at, 256-'0')
	if !ok {
		return nil, false
	}
	for _, align := range []uint64{4, 8} {
		index := int(alignUp(from+uint64(end), align) - from)
		if index+512 > len(buf) {
			return nil, false
		}
		if t := checkTokens(buf, index, at, end); t != nil {
			t.start, t.end = t.start+from, uint64(end)+from
			t.behind = from + uint64(index) + 512
			return t, true
		}
	}
	return nil, false
}

// checkTokens compares the index with the pieces, whose entry '0' is at zero and
// whose end is at end.
func checkTokens(buf []byte, index, zero, end int) *tokenTable {
	entry := func(i int) int { return int(binary.LittleEndian.Uint16(buf[index+2*i:])) }
	start := zero - entry('0')
	if start < 0 || entry(0) != 0 {
		return nil
	}
	t := &tokenTable{start: uint64(start)}
	at := start
	for i := range t.pieces {
		if at-start != entry(i) {
			return nil
		}
		n := bytes.IndexByte(buf[at:end], 0)
		if n < 0 {
			return nil
		}
		piece := buf[at : at+n]
		if bytes.ContainsFunc(piece, func(r rune) bool { return r < ' ' }) {
			return nil
		}
		t.pieces[i] = string(piece)
		at += n + 1
	}
	if at != end {
		return nil
	}
	return t
}

// skipStrings gives the end of n strings from at.
func skipStrings(buf []byte, at, n int) (int, bool) {
	for range n {
		i := bytes.IndexByte(buf[at:], 0)
		if i < 0 {
			return 0, false
		}
		at += i + 1
	}
	return at, true
}

// readPart reads n bytes from phys; what memory can't give is zeros, and what is
// behind its end is cut off.
func readPart(mem Memory, phys, n uint64) []byte {
	size := mem.Size()
	if phys >= size {
		return nil
	}
	buf := make([]byte, min(n, size-phys))
	got := mem.ReadAt(buf, phys)
	clear(buf[max(0, min(got, len(buf))):])
	return buf
}

func alignUp[T uint64 | int](v, align T) T { return (v + align - 1) / align * align }

// sort brings a kernel's symbols in order; they nearly are.
func (k *Kernel) sort() {
	sorted := true
	for i := 1; i < len(k.Symbols) && sorted; i++ {
		sorted = cmp.Compare(k.Symbols[i-1].Addr, k.Symbols[i].Addr) <= 0
	}
	if !sorted {
		sortByAddress(k.Symbols)
	}
}
