package symbols

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ram is guest memory of a test.
type ram []byte

func (m ram) Size() uint64 { return uint64(len(m)) }

func (m ram) ReadAt(p []byte, phys uint64) int {
	if phys >= uint64(len(m)) {
		return 0
	}
	return copy(p, m[phys:])
}

// imageKind is how a test's kernel stores its names.
type imageKind struct {
	bits          int
	seqs          bool // the order of names, 6.2
	addressesLast bool // 6.4
	whole         bool // addresses instead of offsets
	percpu        bool // CONFIG_KALLSYMS_ABSOLUTE_PERCPU
	longMarkers   bool // words as markers and number, before 4.20
}

// kernelNames are the symbols of a test's kernel from base on, with a type letter
// in front of the name. The first few lie in the per-cpu area if there is one.
func kernelNames(kind imageKind, base uint64, n int) (names []string, addrs []uint64) {
	if kind.percpu {
		for i := range 5 {
			names, addrs = append(names, fmt.Sprintf("Dpercpu_%d", i)), append(addrs, uint64(i*64))
		}
	}
	names, addrs = append(names, "T_text", "T_stext"), append(addrs, base, base)
	for i := len(names); i < n-1; i++ {
		names = append(names, fmt.Sprintf("%c%s_%d", "tTdDbW"[i%6], []string{"sys_init", "kernel_probe", "quirk"}[i%3], i))
		addrs = append(addrs, base+uint64(i)*48)
	}
	if kind.seqs {
		names[n/2] = "t" + strings.Repeat("long~name{}", 20) // longer than 127 pieces
	}
	return append(names, "tlast_one"), append(addrs, base+uint64(n)*48)
}

// kernelImage encodes the names as Linux's scripts/kallsyms does, at an odd place.
func kernelImage(kind imageKind, names []string, addrs []uint64) []byte {
	var out []byte
	word := kind.bits / 8
	u := func(size int, v uint64) {
		for range size {
			out = append(out, byte(v))
			v >>= 8
		}
	}
	label := func() {
		for len(out)%word != 0 {
			out = append(out, 0)
		}
	}
	longs := 4
	if kind.longMarkers {
		longs = word
	}
	pieces := map[string]byte{}
	table := make([]string, 256)
	for c := range 256 {
		table[c] = fmt.Sprintf("unused%d", c)
	}
	for _, c := range "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.~{}" {
		table[c] = string(c)
	}
	for i, piece := range []string{"sys_", "init_", "kernel_", "probe", "quirk_"} {
		table[128+i], pieces[piece] = piece, byte(128+i)
	}
	pack := func(name string) (p []byte) {
	next:
		for name != "" {
			for piece, code := range pieces {
				if strings.HasPrefix(name, piece) {
					p, name = append(p, code), name[len(piece):]
					continue next
				}
			}
			p, name = append(p, name[0]), name[1:]
		}
		return p
	}
	base := addrs[len(addrs)-1]
	for _, a := range addrs {
		if a > 1<<20 {
			base = min(base, a)
		}
	}
	places := func() {
		label()
		for _, a := range addrs {
			switch {
			case kind.whole:
				u(word, a)
			case !kind.percpu:
				u(4, a-base)
			case a < base:
				u(4, a)
			default:
				u(4, base-a-1)
			}
		}
		label()
		if !kind.whole {
			u(word, base)
		}
	}
	out = append(out, []byte("some read-only data")...)
	if !kind.addressesLast {
		places()
	}
	label()
	u(longs, uint64(len(names)))
	label()
	start := len(out)
	var markers []int
	for i, name := range names {
		if i%256 == 0 {
			markers = append(markers, len(out)-start)
		}
		p := pack(name)
		if len(p) > 127 {
			out = append(out, byte(len(p)&0x7f|0x80), byte(len(p)>>7))
		} else {
			out = append(out, byte(len(p)))
		}
		out = append(out, p...)
	}
	label()
	for _, m := range markers {
		u(longs, uint64(m))
	}
	if kind.seqs {
		label()
		for i := range names {
			out = append(out, 0, byte(i>>8), byte(i))
		}
	}
	label()
	start = len(out)
	var index []int
	for _, piece := range table {
		index = append(index, len(out)-start)
		out = append(append(out, piece...), 0)
	}
	label()
	for _, i := range index {
		u(2, uint64(i))
	}
	if kind.addressesLast {
		places()
	}
	return append(out, []byte("what follows")...)
}

var imageKinds = map[string]imageKind{
	"4.6 i386":            {bits: 32},
	"4.6 i386 whole":      {bits: 32, whole: true},
	"4.6 amd64":           {bits: 64, percpu: true, longMarkers: true},
	"4.6 amd64 whole":     {bits: 64, whole: true, longMarkers: true},
	"5.10 amd64":          {bits: 64, percpu: true},
	"5.10 amd64 no SMP":   {bits: 64},
	"6.2 i386":            {bits: 32, seqs: true},
	"6.2 amd64":           {bits: 64, seqs: true, percpu: true},
	"6.4 i386":            {bits: 32, addressesLast: true},
	"6.4 i386 whole":      {bits: 32, addressesLast: true, whole: true},
	"6.4 amd64":           {bits: 64, addressesLast: true, percpu: true},
	"6.4 amd64 no percpu": {bits: 64, addressesLast: true},
}

// linkBase is where a test's kernel runs: moved from where it was linked to.
func linkBase(bits int) uint64 {
	if bits == 32 {
		return 0xc5000000
	}
	return 0xffffffff8e000000
}

func TestKallsyms(t *testing.T) {
	for name, kind := range imageKinds {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{600, 512, 2999} {
				names, addrs := kernelNames(kind, linkBase(kind.bits), n)
				m := make(ram, 4<<20)
				// Across the steps of the search, too.
				image := kernelImage(kind, names, addrs)
				copy(m[(2<<20-len(image)+len(image)/8)&^7:], image)
				k, err := FindKernel(m)
				require.NoError(t, err)
				require.Equal(t, kind.bits, k.Bits)
				require.Len(t, k.Symbols, n)
				for i, s := range k.Symbols {
					require.Equal(t, names[i][1:], s.Name)
					require.Equal(t, addrs[i], s.Addr, s.Name)
				}
				require.True(t, k.SlideKnown)
				require.Equal(t, uint64(map[int]uint64{32: 0x4000000, 64: 0xd000000}[kind.bits]), k.Slide)
			}
		})
	}
}

func TestKallsymsAbsent(t *testing.T) {
	kind := imageKinds["5.10 amd64"]
	names, addrs := kernelNames(kind, linkBase(64), 600)
	image := kernelImage(kind, names, addrs)
	_, err := Kallsyms(make(ram, 1<<20))
	require.ErrorContains(t, err, "no Linux kernel")
	addrs[300] = 0xffffffff00000000
	for i := 310; i < 400; i++ {
		addrs[i] = addrs[i-1] - 16
	}
	_, err = Kallsyms(ram(kernelImage(kind, names, addrs)))
	require.Error(t, err, "addresses don't ascend")
	clear(image[len(image)-600:])
	_, err = Kallsyms(ram(image))
	require.Error(t, err, "no index")
}

// TestKallsymsCrowd has a guest lay tables of pieces everywhere: the search ends.
func TestKallsymsCrowd(t *testing.T) {
	kind := imageKinds["4.6 i386"]
	names, addrs := kernelNames(kind, linkBase(32), 600)
	image := kernelImage(kind, names, addrs)
	i := strings.Index(string(image), "unused0\x00")
	table := image[i : len(image)-12]
	m := make(ram, 16<<20)
	for at := 0; at+len(table) < len(m); at += (len(table) + 7) &^ 7 {
		copy(m[at:], table)
	}
	_, err := Kallsyms(m)
	require.Error(t, err)
}

func FuzzKallsyms(f *testing.F) {
	for _, kind := range imageKinds {
		names, addrs := kernelNames(kind, linkBase(kind.bits), 520)
		f.Add(kernelImage(kind, names, addrs), uint16(3), uint32(0))
		f.Add(kernelImage(kind, names, addrs), uint16(5000), uint32(0xffffffff))
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, v uint32) {
		if int(at)+4 <= len(data) {
			data = append([]byte(nil), data...)
			binary.LittleEndian.PutUint32(data[at:], binary.LittleEndian.Uint32(data[at:])^v)
		}
		if k, err := FindKernel(ram(data)); err == nil && len(k.Symbols) > len(data) {
			t.Fatal("more symbols than bytes")
		}
	})
}

// BenchmarkFindKernel searches memory without a kernel.
func BenchmarkFindKernel(b *testing.B) {
	m := make(ram, 256<<20)
	for i := range m[:128<<20] {
		m[i] = byte(i * i >> 7)
	}
	b.SetBytes(int64(len(m)))
	for b.Loop() {
		_, _ = FindKernel(m)
	}
}

// TestKallsymsTreadmill has a guest lay names that can start nearly anywhere and
// never end at the markers, many times: the steps over them are bounded.
func TestKallsymsTreadmill(t *testing.T) {
	kind := imageKinds["4.6 i386"]
	names, addrs := kernelNames(kind, linkBase(32), 600)
	image := kernelImage(kind, names, addrs)
	table := image[strings.Index(string(image), "unused0\x00") : len(image)-12]
	var part []byte
	for range 1 << 17 {
		part = append(part, 3, 0x00, 0x10, 0) // a name, and 0x1003 as their number
	}
	for range 64 {
		part = append(part, make([]byte, 32)...)
		for i := range uint32(17) {
			part = binary.LittleEndian.AppendUint32(part, i*1024)
		}
	}
	part = append(part, table...)
	part = append(part, make([]byte, -len(part)&7)...)
	var m ram
	for range mostCandidates {
		m = append(m, part...)
	}
	_, err := Kallsyms(m)
	require.Error(t, err)
}
