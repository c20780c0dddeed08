package mmu

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/x86"
)

// machine is an MMU with memory of its own, used as a processor uses it.
type machine struct {
	name string
	*MMU
}

// access goes by the tags where they allow it, like translated code, else by
// Translate; a write leaves one byte. The answer is what the guest sees.
func (m *machine) access(va uint64, acc Access, user bool, v byte) string {
	t := m.Context.Super
	if user {
		t = m.Context.User
	}
	e := t.At(va)
	off := m.Mem.Host.Off(va + e.Addend)
	if tag := [3]uint64{e.Read, e.Write, e.Exec}[acc]; tag == va&^0xfff {
		if acc == Write {
			bus.Store8(m.Mem.At(off), v) // no owner is told: no mark may be there
		}
		return fmt.Sprintf("%x: %02x", off, bus.Load8(m.Mem.At(off)))
	}
	if page := off >> bus.PageShift; acc == Write && e.Write == va&^0xfff|Marked {
		if m.Mem.Marks(page) == 0 {
			m.Unmark(e, va, user)
		}
		bus.Store8(m.Mem.At(off), v)
		m.Mem.Written(page, int(off&0xfff), 1)
		return fmt.Sprintf("%x: %02x", off, bus.Load8(m.Mem.At(off)))
	}
	to, exc := m.Translate(va, acc, user)
	if exc != nil {
		return exc.Error()
	}
	phys := to.Phys
	if acc == Write {
		m.Mem.Store(phys, 1, uint64(v))
	}
	off, ok, _ := m.Mem.Page(phys)
	if !ok {
		return fmt.Sprintf("phys %x", phys)
	}
	off |= phys & 0xfff
	return fmt.Sprintf("%x: %02x", off, bus.Load8(m.Mem.At(off)))
}

const (
	smallMem = 1 << 20
	pages    = 24 // the pages at pool that are tables, directories and data at once
	pool     = 0x40000
)

// TestShadowsAreInvisible makes random edits of page tables, by the processor
// and by bus masters, and random accesses, in MMUs of different sizes, one of
// them flushed at random, and by a walker that keeps nothing. Results, faults
// and memory, A and D bits included, must be the same.
func TestShadowsAreInvisible(t *testing.T) {
	runs := uint64(100)
	if testing.Short() {
		runs = 20
	}
	var faults, hits [5]int // by paging mode
	for seed := range runs {
		f, h := invisible(t, seed)
		faults[seed%5] += f
		hits[seed%5] += h
	}
	t.Logf("%d faults, %d other accesses", faults, hits)
	for i := range faults {
		require.Greater(t, hits[i], int(runs), "mode %d", i)
		require.Greater(t, faults[i], int(runs), "mode %d", i)
	}
}

func invisible(t *testing.T, seed uint64) (faults, hits int) {
	r := rand.New(rand.NewPCG(seed, 2))
	memory := func() *bus.Memory {
		mem, err := bus.NewMemory(smallMem)
		require.NoError(t, err)
		return mem
	}
	var ms []*machine
	for _, limit := range []int{0, 1, 3, -1} {
		m := &machine{fmt.Sprint("limit ", limit), New(memory())}
		if limit > 0 {
			m.Limit(limit)
		}
		ms = append(ms, m)
	}
	o := &oracle{mem: memory(), a20: ^uint64(0)}
	defer func() {
		o.mem.Close()
		for _, m := range ms {
			m.Mem.Close()
		}
	}()
	var log []string
	note := func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }
	fail := func(format string, args ...any) {
		if len(log) > 40 {
			log = log[len(log)-40:]
		}
		for _, l := range log {
			t.Log(l)
		}
		t.Fatalf("seed %d: %s", seed, fmt.Sprintf(format, args...))
	}
	write := func(at uint64, b []byte) {
		o.mem.Write(at, b)
		for _, m := range ms {
			m.Mem.Write(at, b)
		}
	}
	pae, levels := seed%5 < 3, [5]int{2, 4, 5, 2, 2}[seed%5]
	size := 4
	if pae {
		size = 8
	}
	// Entries in use lie at few indices, so that accesses find them.
	indices := []uint64{0, 1, 2, 3, 4, 5}
	if levels > 2 {
		indices = []uint64{0, 1, 2, 300, 510, 511}
	}
	page := func() uint64 { return pool + uint64(r.IntN(pages))<<12 }
	entry := func() uint64 {
		e := page() | r.Uint64()&0x7f | uint64(r.IntN(20)/19)<<7
		switch r.IntN(6 * levels) {
		case 0:
			e &^= p
		case 1:
			e |= 1 << (12 + r.IntN(10))
		case 2:
			if pae {
				e |= 1 << (30 + r.IntN(34))
			}
		case 3, 4:
			e |= nx // bit 63 is cut off without PAE
		default:
			e |= p | w | u
		}
		return e
	}
	put := func(at uint64, v uint64) {
		var b [8]byte
		for i := range size {
			b[i] = byte(v >> (8 * i))
		}
		write(at, b[:size])
	}
	index := func() uint64 { return indices[r.IntN(6)] * uint64(size) }
	va := func() uint64 {
		v := uint64(r.IntN(6))<<12 | uint64(r.IntN(6))<<22 | uint64(r.IntN(4096))
		switch {
		case levels > 2:
			v &= 0xfff
			for i := range levels {
				v |= indices[r.IntN(6)] << (12 + 9*i)
			}
			sign := 64 - 12 - 9*levels
			v = uint64(int64(v<<sign) >> sign)
		case pae:
			v = uint64(r.IntN(6))<<12 | uint64(r.IntN(6))<<21 | uint64(r.IntN(2))<<30 | uint64(r.IntN(4096))
		}
		return v
	}
	for i := uint64(0); i < pages; i++ {
		for _, j := range indices {
			put(pool+i<<12+j*uint64(size), entry())
		}
	}
	mode := Mode{CR0: x86.CR0_PG}
	if pae {
		mode.CR4 |= x86.CR4_PAE
	}
	if levels > 2 {
		mode.EFER |= x86.EFER_LMA
	}
	if levels > 4 {
		mode.CR4 |= x86.CR4_LA57
	}
	cr3s := []uint64{page(), page(), page()}
	if pae && levels == 2 {
		for i := range cr3s {
			cr3s[i] = pool - 0x1000 + uint64(i)*32
			for j := range uint64(4) {
				put(cr3s[i]+8*j, page()|p)
			}
		}
	}
	enter := func() {
		mode.CR3 = cr3s[r.IntN(len(cr3s))]
		for _, m := range ms {
			m.Mode = mode
			if pae && levels == 2 && !m.LoadPDPTEs(mode.CR3) {
				fail("PDPTEs")
			}
			m.Switch()
		}
		o.mode = mode
		o.pdpte = ms[0].PDPTE
	}
	enter()
	for step := range 1500 {
		switch n := r.IntN(100); {
		case n < 60:
			at, acc, user, v := va(), Access(r.IntN(3)), r.IntN(2) == 0, byte(r.Uint32())
			want := ""
			if phys, fault, code := o.translate(at, acc, user); fault {
				want = (&x86.Exception{Vector: x86.VecPF, Code: code, Address: at}).Error()
				faults++
			} else {
				hits++
				if acc == Write {
					o.mem.Store(phys, 1, uint64(v))
				}
				if phys < smallMem {
					want = fmt.Sprintf("%x: %02x", phys, bus.Load8(o.mem.At(phys)))
				} else {
					want = fmt.Sprintf("phys %x", phys)
				}
			}
			note("%d: access %x %d user %v: %s", step, at, acc, user, want)
			for _, m := range ms {
				if got := m.access(at, acc, user, v); got != want {
					fail("%s: access to %x, kind %d, user %v: %s, want %s", m.name, at, acc, user, got, want)
				}
			}
		case n < 76:
			at, e := page()+index(), entry()
			note("%d: entry %x = %x", step, at, e)
			put(at, e)
		case n < 80: // one bit, as kernels clear A and D
			at := page() + index()
			b := []byte{bus.Load8(o.mem.At(at)) ^ 1<<r.IntN(8)}
			note("%d: byte %x = %x", step, at, b)
			write(at, b)
		case n < 82: // a bus master over a page's end
			at := page() + 0xff0
			b := make([]byte, 0x40)
			for i := range b {
				b[i] = byte(r.Uint32()) &^ 0x81
			}
			note("%d: DMA %x", step, at)
			write(at, b)
		case n < 92:
			if r.IntN(10) == 0 {
				mode.CR0 ^= x86.CR0_WP
			}
			if r.IntN(12) == 0 && !pae {
				mode.CR4 ^= x86.CR4_PSE
			}
			if r.IntN(10) == 0 {
				mode.CR4 ^= x86.CR4_SMEP
			}
			if r.IntN(6) == 0 {
				mode.EFER ^= x86.EFER_NXE
			}
			enter()
			note("%d: mode %x", step, mode)
		case n < 94: // an idle address space's tables become data
			at := page()
			note("%d: 40 writes to %x", step, at)
			for range 40 {
				put(at+index(), entry())
			}
		case n < 96:
			at := va()
			for _, m := range ms {
				m.Invalidate(at)
			}
		case n < 97:
			open := o.a20 != ^uint64(0)
			note("%d: A20 %v", step, open)
			o.a20 = ^uint64(0)
			if !open {
				o.a20 &^= 1 << 20
			}
			for _, m := range ms {
				m.SetA20(open)
			}
		default:
			at := page() >> 12
			for _, m := range ms {
				if n == 97 {
					m.Mem.SetMark(at, bus.Watched)
				} else {
					m.Mem.ClearMark(at, bus.Watched)
				}
			}
		}
		if r.IntN(10) == 0 {
			ms[3].Flush()
		}
		if step%50 == 0 {
			for _, m := range ms {
				same(fail, m, o)
			}
		}
	}
	return faults, hits
}

// same compares memory, and looks for write tags of marked pages.
func same(fail func(string, ...any), m *machine, o *oracle) {
	got, want := m.Mem.Bytes(0, smallMem), o.mem.Bytes(0, smallMem)
	if !bytes.Equal(got, want) {
		for i := range got {
			if got[i] != want[i] {
				fail("%s: byte %x is %02x, want %02x", m.name, i, got[i], want[i])
			}
		}
	}
	for _, t := range []*TLB{m.Context.User, m.Context.Super} {
		for i := range t {
			if e := &t[i]; e.Write&(Invalid|Marked) == 0 && m.Mem.Marks(m.Mem.Host.Off(e.Addend+e.Write)>>bus.PageShift) != 0 {
				fail("%s: a write tag for the marked page %x", m.name, m.Mem.Host.Off(e.Addend+e.Write)>>bus.PageShift)
			}
		}
	}
}
