package symbols

import "encoding/binary"

// Bounds of what a kernel's tables hold: a large one has 250,000 names in 3 MiB.
const (
	mostKernelSymbols = 2 << 20
	mostNameBytes     = 32 << 20 // of names in pieces
	mostTextBytes     = 128 << 20
	mostSeqs          = 8 << 20  // of the order of names, 6.2 and 6.3, before the pieces
	mostSteps         = 16 << 20 // over names, in search of their start
	mostRuns          = 64       // of numbers that can be markers
	longestName       = 2048
)

// region is a part of physical memory in a buffer.
type region struct {
	buf  []byte
	from uint64
}

func (r *region) has(phys, n uint64) bool {
	return phys >= r.from && n <= uint64(len(r.buf)) && phys-r.from <= uint64(len(r.buf))-n
}

// word reads a little-endian number of 1, 4 or 8 bytes, which must be there.
func (r *region) word(phys, size uint64) uint64 {
	p := r.buf[phys-r.from:]
	switch size {
	case 1:
		return uint64(p[0])
	case 4:
		return uint64(binary.LittleEndian.Uint32(p))
	}
	return binary.LittleEndian.Uint64(p)
}

// tables is where the pieces of a kernel's kallsyms lie.
type tables struct {
	mem      Memory
	tokens   *tokenTable
	r        region // of all in front of the pieces
	markers  uint64
	unit     uint64 // bytes of a marker: 8 before 4.20 on 64 bits, else 4
	names    uint64
	namesEnd uint64
	num      uint64
	numAt    uint64
	steps    int // over names that may still be made
}

// decodeKernel finds the other tables around the pieces of names; nil where that
// gives no sound kernel.
func decodeKernel(mem Memory, tokens *tokenTable) *Kernel {
	const before = mostNameBytes + mostSeqs
	from := tokens.start - min(tokens.start, before)
	from &^= 7
	t := &tables{mem: mem, tokens: tokens, steps: mostSteps, r: region{readPart(mem, from, tokens.start-from), from}}
	if !t.findMarkers() {
		return nil
	}
	for _, bits := range []int{64, 32} {
		for _, layout := range t.layouts(bits) {
			addrs := t.addresses(layout)
			if addrs == nil {
				continue
			}
			k := &Kernel{Bits: bits, Phys: tokens.start, Layout: layout.name}
			if t.symbols(k, addrs) {
				return k
			}
		}
	}
	return nil
}

// findMarkers searches downward from the pieces for the markers, then for the
// names in front of them. In 6.2 and 6.3 the order of names is between.
func (t *tables) findMarkers() bool {
	low := t.r.from
	if t.tokens.start-low > mostSeqs {
		low = t.tokens.start - mostSeqs
	}
	tried := 0
	for at := (t.tokens.start - 8) &^ 3; at >= low+8 && at < t.tokens.start && tried < mostRuns; at -= 4 {
		if t.r.word(at, 4) != 0 {
			continue
		}
		for _, unit := range []uint64{4, 8} {
			run := t.markerRun(at, unit)
			if run < 2 {
				continue
			}
			tried++
			t.markers, t.unit = at, unit
			if t.findNames(run) {
				return true
			}
		}
	}
	return false
}

// markerRun counts the numbers from at on that can be markers: 256 names of 2 to
// 1000 bytes lie between two of them.
func (t *tables) markerRun(at, unit uint64) uint64 {
	if at%unit != 0 {
		return 0
	}
	run, last := uint64(1), uint64(0)
	for at += unit; t.r.has(at, unit); at += unit {
		v := t.r.word(at, unit)
		if v < last+2*256 || v > last+256*1000 || v > mostNameBytes {
			break
		}
		last = v
		run++
	}
	return run
}

// findNames searches for the start of the names: their number is in front, and
// walked over they meet every marker and end where the markers start. run is how
// many markers there are at most: what is behind may look like one or two more.
func (t *tables) findNames(run uint64) bool {
	for least := max(2, run-min(run, 2)); run >= least; run-- {
		last := t.r.word(t.markers+(run-1)*t.unit, t.unit)
		if last+2 > t.markers-t.r.from {
			continue
		}
		top := (t.markers - last - 2) &^ 3
		bottom := top - min(top-t.r.from, 256*1000)
		for at := top; at >= bottom+4 && at <= top; at -= 4 {
			if t.namesAt(at, run) {
				return true
			}
		}
	}
	return false
}

// namesAt tells whether the names start at an address.
func (t *tables) namesAt(at, markers uint64) bool {
	for _, back := range []uint64{4, 8} {
		if !t.r.has(at-back, 4) {
			return false
		}
		num := t.r.word(at-back, 4)
		if (num+255)/256 != markers || num > mostKernelSymbols || back == 8 && t.r.word(at-4, 4) != 0 {
			continue
		}
		if end, ok := t.walk(at, num); ok {
			t.names, t.namesEnd, t.num, t.numAt = at, end, num, at-back
			return true
		}
	}
	return false
}

// walk steps over all names and compares with the markers.
func (t *tables) walk(names, num uint64) (end uint64, ok bool) {
	at := names
	for i := range num {
		if i%256 == 0 && t.r.word(t.markers+i/256*t.unit, t.unit) != at-names {
			return 0, false
		}
		n, size := t.nameLen(at)
		t.steps--
		if n == 0 || t.steps < 0 || at+size+n > t.markers {
			return 0, false
		}
		at += size + n
	}
	return at, t.markers-at < 16
}

// nameLen reads the length of a name in pieces: one byte, or two since 6.1 where
// the first has bit 7 set. size is the length's own.
func (t *tables) nameLen(at uint64) (n, size uint64) {
	if !t.r.has(at, 2) {
		return 0, 1
	}
	n = t.r.word(at, 1)
	if n&0x80 == 0 {
		return n, 1
	}
	return n&0x7f | t.r.word(at+1, 1)<<7, 2
}

// layout is one way in which the addresses can be stored.
type layout struct {
	name string
	bits int
	at   uint64 // of the offsets or addresses, physical
	base uint64 // of the word that the offsets count from, 0 where there is none
}

// layouts gives the ways that come into question for a size of words. From 4.6
// on: offsets, base, number, names, markers, pieces (6.2 and 6.3 with the order
// of names before these); from 6.4 on: number, names, markers, pieces, their
// index, offsets, base. Without CONFIG_KALLSYMS_BASE_RELATIVE there are whole
// addresses instead of the offsets and the base.
func (t *tables) layouts(bits int) []layout {
	word := uint64(bits / 8)
	behind := alignUp(t.tokens.behind, word)
	var all []layout
	// Whole addresses come first: taken for offsets they may ascend, too, but never
	// the other way round.
	if t.numAt > t.num*word {
		all = append(all, layout{t.oldName(), bits, t.numAt - t.num*word, 0})
	}
	all = append(all, layout{"6.4", bits, behind, 0})
	if back := alignUp(4*t.num, word) + word; t.numAt > back && t.numAt%word == 0 {
		base := t.numAt - word
		all = append(all, layout{t.oldName(), bits, base - alignUp(4*t.num, word), base})
	}
	return append(all, layout{"6.4", bits, behind, alignUp(behind+4*t.num, word)})
}

// oldName tells 6.2 and 6.3 from what was before: there is something between the
// markers and the pieces.
func (t *tables) oldName() string {
	if t.tokens.start-(t.markers+(t.num+255)/256*t.unit) > t.num {
		return "6.2"
	}
	return "4.6"
}

// addresses decodes the addresses of all symbols; nil where they make no sense.
func (t *tables) addresses(l layout) []uint64 {
	word := uint64(l.bits / 8)
	if l.base == 0 {
		r := region{readPart(t.mem, l.at, t.num*word), l.at}
		if !r.has(l.at, t.num*word) {
			return nil
		}
		return t.ascending(l.bits, func(i uint64) uint64 { return r.word(l.at+i*word, word) })
	}
	r := region{readPart(t.mem, l.at, l.base+word-l.at), l.at}
	if !r.has(l.base, word) {
		return nil
	}
	base := r.word(l.base, word)
	if !kernelHalf(l.bits, base) {
		return nil
	}
	offset := func(i uint64) uint32 { return uint32(r.word(l.at+4*i, 4)) }
	wrap := uint64(1<<32 - 1)
	if l.bits == 64 {
		wrap = 1<<64 - 1
	}
	// Plain offsets from the base; or with CONFIG_KALLSYMS_ABSOLUTE_PERCPU negative
	// ones to the base less one, and positive ones that are addresses; or signed
	// ones to the base.
	for _, decode := range []func(i uint64) uint64{
		func(i uint64) uint64 { return (base + uint64(offset(i))) & wrap },
		func(i uint64) uint64 {
			if int32(offset(i)) >= 0 {
				return uint64(offset(i))
			}
			return (base - 1 - uint64(int64(int32(offset(i))))) & wrap
		},
		func(i uint64) uint64 { return (base + uint64(int64(int32(offset(i))))) & wrap },
	} {
		if addrs := t.ascending(l.bits, decode); addrs != nil {
			return addrs
		}
	}
	return nil
}

// kernelHalf tells whether an address can be the kernel's: of 32 bits from 1 GiB
// up (CONFIG_VMSPLIT_1G), of 64 the upper half.
func kernelHalf(bits int, addr uint64) bool {
	if bits == 32 {
		return addr >= 0x4000_0000 && addr < 1<<32
	}
	return addr >= 0xffff_8000_0000_0000
}

// ascending decodes all addresses and checks that they ascend, but for one in a
// thousand, that most are the kernel's, and that they aren't all the same.
func (t *tables) ascending(bits int, decode func(i uint64) uint64) []uint64 {
	addrs := make([]uint64, t.num)
	wrong, kernel := uint64(0), uint64(0)
	for i := range t.num {
		addrs[i] = decode(i)
		if kernelHalf(bits, addrs[i]) {
			kernel++
		}
		if i > 0 && addrs[i] < addrs[i-1] {
			wrong++
			if wrong > t.num/1000 {
				return nil
			}
		}
	}
	if kernel < t.num/2 || addrs[0] == addrs[t.num-1] {
		return nil
	}
	return addrs
}

// symbols decodes all names; false where a type letter is none or they are too
// long.
func (t *tables) symbols(k *Kernel, addrs []uint64) bool {
	type name struct {
		from, to int
		kind     byte
	}
	names := make([]name, 0, t.num)
	var text []byte
	at := t.names
	for range t.num {
		n, size := t.nameLen(at)
		at += size
		from := len(text)
		for i := range n {
			text = append(text, t.tokens.pieces[t.r.word(at+i, 1)]...)
			if len(text)-from > longestName {
				return false
			}
		}
		at += n
		if len(text)-from < 2 || !isLetter(text[from]) || len(text) > mostTextBytes {
			return false
		}
		names = append(names, name{from + 1, len(text), text[from]})
	}
	all := string(text)
	k.Symbols = make([]Symbol, t.num)
	for i, n := range names {
		isFunc, local := ofLetter(n.kind)
		k.Symbols[i] = Symbol{Name: all[n.from:n.to], Addr: addrs[i], Func: isFunc, Local: local}
	}
	return true
}
