package symbols

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds of the kernel's log: Debian's has 2^13 records and 128 KiB of text.
const (
	mostRecordBits = 18
	mostRingBits   = 26
	mostLogText    = 32 << 20
)

var errLog = errors.New("symbols: the kernel's log makes no sense (not set up yet, or of an unknown layout)")

// Dmesg reads the log of a kernel as dmesg prints it: "[    0.123456] text", a
// line each, oldest first. It knows the ring of records of Linux 5.10 and later
// (symbol prb, kernel/printk/printk_ringbuffer.h) and the plain buffer of 3.5 to
// 5.9 (symbols log_buf, log_buf_len, log_first_idx, log_next_idx). bits is 32 or
// 64. An error where symbols are missing or the log makes no sense; records that
// are just written are left out.
func Dmesg(lookup Lookup, mem Linear, bits int) ([]string, error) {
	if !checkBits(bits) {
		return nil, fmt.Errorf("symbols: kernel of %d bits: say 32 or 64", bits)
	}
	w := words{mem, bits}
	if at, ok := lookup("prb"); ok {
		at, ok = w.word(at)
		if !ok {
			return nil, errLog
		}
		return w.ring(at)
	}
	if _, ok := lookup("log_buf"); ok {
		return w.oldLog(lookup)
	}
	return nil, errors.New("symbols: no symbol prb or log_buf: load the kernel's symbols " +
		"(System.map has them; kallsyms with CONFIG_KALLSYMS_ALL only)")
}

// ringBuffer is struct printk_ringbuffer.
type ringBuffer struct {
	w          words
	count      uint64 // of records
	descs      uint64
	infos      uint64
	head, tail uint64 // numbers of records
	size       uint64 // of the text
	data       uint64
}

// ring reads all records. Since 5.11 struct prb_desc_ring has a word more.
func (w words) ring(at uint64) ([]string, error) {
	for _, n := range []uint64{6, 5} {
		if r, ok := w.openRing(at, n); ok {
			return r.read()
		}
	}
	return nil, errLog
}

// openRing reads the structure, whose first part has n words, and tells whether it
// makes sense.
func (w words) openRing(at, n uint64) (r ringBuffer, ok bool) {
	word := w.size()
	p, ok := w.bytes(at, (n+4)*word)
	if !ok {
		return r, false
	}
	field := func(i uint64) uint64 {
		c := cursor{p: p[i*word:]}
		return c.word(int(word))
	}
	countBits, sizeBits := field(0)&0xffffffff, field(n)&0xffffffff
	if countBits < 1 || countBits > mostRecordBits || sizeBits < 4 || sizeBits > mostRingBits {
		return r, false
	}
	r = ringBuffer{w: w, count: 1 << countBits, descs: field(1), infos: field(2),
		head: field(3), tail: field(4), size: 1 << sizeBits, data: field(n + 1)}
	return r, w.isPointer(r.descs) && w.isPointer(r.infos) && w.isPointer(r.data)
}

// What a record's descriptor says in its two top bits.
const (
	descCommitted = 1
	descFinalized = 2
)

// infoSize is that of struct printk_info.
const infoSize = 88

// read gives the lines of the records from tail to head.
func (r *ringBuffer) read() ([]string, error) {
	mask := uint64(1)<<(r.w.bits-2) - 1
	n := (r.head-r.tail)&mask + 1
	if n > r.count {
		return nil, errLog
	}
	var lines []string
	total, wrong := 0, 0
	for i := uint64(0); i < n && total < mostLogText; i++ {
		id := (r.tail + i) & mask
		desc, ok := r.w.bytes(r.descs+id%r.count*3*r.w.size(), 3*r.w.size())
		if !ok {
			return lines, errLog
		}
		c := cursor{p: desc}
		state, begin, next := c.word(int(r.w.size())), c.word(int(r.w.size())), c.word(int(r.w.size()))
		if kind := state >> (r.w.bits - 2); state&mask != id || kind != descCommitted && kind != descFinalized {
			continue
		}
		info, ok := r.w.bytes(r.infos+id%r.count*infoSize, 24)
		if !ok {
			return lines, errLog
		}
		c = cursor{p: info}
		seq, ns, length := c.word(8), c.word(8), c.word(2)
		if seq%r.count != id%r.count {
			if wrong++; wrong > 16 {
				return nil, errLog
			}
			continue
		}
		text := r.text(begin, next, length)
		total += len(text)
		lines = appendLog(lines, ns, text)
	}
	return lines, nil
}

// text is a record's text: a word with its number lies in front. It starts at the
// ring's start again where it would go over its end.
func (r *ringBuffer) text(begin, next, length uint64) []byte {
	if begin&1 != 0 { // no text: NO_LPOS, FAILED_LPOS
		return nil
	}
	at := begin % r.size
	if begin/r.size != (next-1)/r.size {
		at = 0
	}
	at += r.w.size()
	if at >= r.size {
		return nil
	}
	p, _ := r.w.bytes(r.data+at, min(length, r.size-at))
	return p
}

// appendLog adds a record's lines with its time, in nanoseconds.
func appendLog(lines []string, ns uint64, text []byte) []string {
	clean := strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return '?'
		}
		return c
	}, strings.ToValidUTF8(string(text), "?"))
	for line := range strings.SplitSeq(strings.TrimSuffix(clean, "\n"), "\n") {
		lines = append(lines, fmt.Sprintf("[%5d.%06d] %s", ns/1e9, ns%1e9/1000, line))
	}
	return lines
}

// oldLog reads the buffer of 3.5 to 5.9: records of time, length, length of text
// and of keys behind it; one of length 0 stands for the start of the buffer.
func (w words) oldLog(lookup Lookup) ([]string, error) {
	value := func(name string, size uint64) uint64 {
		at, ok := lookup(name)
		if !ok {
			return 0
		}
		v, _ := w.number(at, size)
		return v
	}
	buf, size := value("log_buf", w.size()), value("log_buf_len", 4)
	at, end := value("log_first_idx", 4), value("log_next_idx", 4)
	if !w.isPointer(buf) || size == 0 || size > 1<<mostRingBits || at >= size || end > size {
		return nil, errLog
	}
	p, ok := w.bytes(buf, size)
	if !ok {
		return nil, errLog
	}
	var lines []string
	wrapped := at < end // only one more way around
	for at != end {
		if at+16 > size || p[at+8] == 0 && p[at+9] == 0 {
			if wrapped {
				return lines, errLog
			}
			at, wrapped = 0, true
			continue
		}
		c := cursor{p: p[at:]}
		ns, length, textLen, keys := c.word(8), c.word(2), c.word(2), c.word(2)
		head := uint64(16)
		for _, h := range []uint64{16, 20, 24} { // CONFIG_PRINTK_CALLER
			if alignUp(h+textLen+keys, 4) == length || alignUp(h+textLen+keys, 8) == length {
				head = h
				break
			}
		}
		if length < head || at+length > size || head+textLen > length {
			return lines, errLog
		}
		lines = appendLog(lines, ns, p[at+head:at+head+textLen])
		at += length
	}
	return lines, nil
}
