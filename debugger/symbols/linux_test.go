package symbols

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// kernelMemory is a test's linear memory from base on.
type kernelMemory struct {
	base uint64
	data []byte
	bits int
}

func newKernelMemory(bits int) *kernelMemory {
	return &kernelMemory{linkBase(bits), make([]byte, 256<<10), bits}
}

func (m *kernelMemory) Read(p []byte, va uint64) int {
	if va < m.base || va-m.base >= uint64(len(m.data)) {
		return 0
	}
	return copy(p, m.data[va-m.base:])
}

// put writes a number of some bytes at an offset.
func (m *kernelMemory) put(at uint64, size int, v uint64) {
	for i := range size {
		m.data[at+uint64(i)] = byte(v >> (8 * i))
	}
}

func (m *kernelMemory) word(at, v uint64) { m.put(at, m.bits/8, v) }

// names makes a Lookup of offsets.
func (m *kernelMemory) names(at map[string]uint64) Lookup {
	return func(name string) (uint64, bool) {
		off, ok := at[name]
		return m.base + off, ok
	}
}

// newLog lays a ring of 8 records and 256 bytes of text, whose record 0 has left
// and whose last one starts at the ring's start again. Offsets: prb 0, the ring
// 0x100, descriptors 0x1000, infos 0x2000, text 0x3000.
func newLog(bits, descWords int) *kernelMemory {
	m := newKernelMemory(bits)
	w := uint64(bits / 8)
	mask := uint64(1)<<(bits-2) - 1
	first := mask - 7 // numbers that soon overflow, as the kernel has them
	m.word(0, m.base+0x100)
	for i, v := range []uint64{3, m.base + 0x1000, m.base + 0x2000, (first + 4) & mask, first + 1} {
		m.word(0x100+uint64(i)*w, v)
	}
	ring := 0x100 + uint64(descWords)*w
	m.put(ring, 4, 8)
	m.word(ring+w, m.base+0x3000)
	record := func(id, kind, begin, next, ns uint64, text string) {
		i := id % 8
		m.word(0x1000+i*3*w, id&mask|kind<<(bits-2))
		m.word(0x1000+i*3*w+w, begin)
		m.word(0x1000+i*3*w+2*w, next)
		m.put(0x2000+i*infoSize, 8, id%8)
		m.put(0x2000+i*infoSize+8, 8, ns)
		m.put(0x2000+i*infoSize+16, 2, uint64(len(text)))
		at := begin % 256
		if begin/256 != (next-1)/256 {
			at = 0
		}
		copy(m.data[0x3000+at+w:], text)
	}
	record(first, 3, 0, 0, 0, "")
	record(first+1, descFinalized, 64, 96, 123456789, "Linux version")
	record(first+2, descFinalized, 96, 128, 1_000_000_000, "two\nlines")
	record(first+3, descReservedForTest, 128, 144, 2e9, "not yet")
	record(first+4, descCommitted, 232, 296, 12_000_001_000, "round\x1b the end")
	return m
}

const descReservedForTest = 0

func TestDmesg(t *testing.T) {
	for _, bits := range []int{32, 64} {
		for _, descWords := range []int{5, 6} {
			m := newLog(bits, descWords)
			lines, err := Dmesg(m.names(map[string]uint64{"prb": 0}), m, bits)
			require.NoError(t, err)
			require.Equal(t, []string{
				"[    0.123456] Linux version",
				"[    1.000000] two", "[    1.000000] lines",
				"[   12.000001] round? the end",
			}, lines)
		}
	}
}

func TestDmesgOld(t *testing.T) {
	for _, bits := range []int{32, 64} {
		m := newKernelMemory(bits)
		m.word(0, m.base+0x1000)
		m.put(8, 4, 256)
		m.put(12, 4, 200)
		m.put(16, 4, 32)
		record := func(at, ns uint64, text string) {
			m.put(0x1000+at, 8, ns)
			m.put(0x1000+at+8, 2, (16+uint64(len(text))+7)&^7)
			m.put(0x1000+at+10, 2, uint64(len(text)))
			copy(m.data[0x1000+at+16:], text)
		}
		record(200, 1e9, "old")
		record(0, 2e9, "newer one")
		lines, err := Dmesg(m.names(map[string]uint64{"log_buf": 0, "log_buf_len": 8, "log_first_idx": 12, "log_next_idx": 16}), m, bits)
		require.NoError(t, err)
		require.Equal(t, []string{"[    1.000000] old", "[    2.000000] newer one"}, lines)
	}
}

func TestDmesgErrors(t *testing.T) {
	m := newKernelMemory(32)
	_, err := Dmesg(m.names(nil), m, 32)
	require.ErrorContains(t, err, "no symbol prb")
	_, err = Dmesg(m.names(map[string]uint64{"prb": 0}), m, 32)
	require.ErrorContains(t, err, "makes no sense")
	_, err = Dmesg(m.names(map[string]uint64{"prb": 0}), m, 16)
	require.ErrorContains(t, err, "say 32 or 64")
}

// newTasks lays an idle task, init and kthreadd with members at given places.
func newTasks(bits int) (*kernelMemory, Lookup, TaskLayout) {
	m := newKernelMemory(bits)
	w := uint64(bits / 8)
	l := TaskLayout{Tasks: 0x40, MM: 0x60, PID: 0x80, TGID: 0x84, Comm: 0x100}
	at := []uint64{0x1000, 0x3000, 0x5000}
	for i, a := range at {
		m.word(a+l.Tasks, m.base+at[(i+1)%3]+l.Tasks)
		m.word(a+l.Tasks+w, m.base+at[(i+2)%3]+l.Tasks)
		m.put(a+l.PID, 4, uint64(i))
		m.put(a+l.TGID, 4, uint64(i))
		copy(m.data[a+l.Comm:], []string{"swapper/0", "init", "kthreadd"}[i])
	}
	m.word(0x1000+l.MM+w, m.base+0x8000)
	m.word(0x3000+l.MM, m.base+0x9000)
	m.word(0x3000+l.MM+w, m.base+0x9000)
	m.word(0x7000, m.base+0x3000)
	return m, m.names(map[string]uint64{"init_task": 0x1000, "current_task": 0x6f00}), l
}

func TestTasks(t *testing.T) {
	for _, bits := range []int{32, 64} {
		m, lookup, layout := newTasks(bits)
		guess, err := GuessLayout(lookup, m, bits)
		require.NoError(t, err)
		require.Equal(t, layout, guess)
		tasks, err := Tasks(lookup, m, bits)
		require.NoError(t, err)
		require.Equal(t, []Task{
			{Addr: m.base + 0x1000, Comm: "swapper/0"},
			{Addr: m.base + 0x3000, PID: 1, TGID: 1, Comm: "init", MM: m.base + 0x9000},
			{Addr: m.base + 0x5000, PID: 2, TGID: 2, Comm: "kthreadd"},
		}, tasks)
		addr, err := Current(lookup, m, bits, 0x100)
		require.NoError(t, err)
		require.Equal(t, m.base+0x3000, addr)
		_, err = Current(lookup, m, bits, 0x200)
		require.ErrorContains(t, err, "per-cpu")
	}
}

// TestTasksLoop has a list that never comes back to its start.
func TestTasksLoop(t *testing.T) {
	m, lookup, layout := newTasks(32)
	m.word(0x5000+layout.Tasks, m.base+0x3000+layout.Tasks)
	_, err := TasksAt(lookup, m, 32, layout)
	require.ErrorContains(t, err, "more than")
	m.word(0x5000+layout.Tasks, 4)
	tasks, err := TasksAt(lookup, m, 32, layout)
	require.ErrorContains(t, err, "leads to")
	require.Len(t, tasks, 3)
}

// taskBTF is type information with a task_struct, a part of which has no name.
func taskBTF() []byte {
	strings := []byte{0}
	name := func(s string) uint32 {
		at := len(strings)
		strings = append(append(strings, s...), 0)
		return uint32(at)
	}
	var types []byte
	u := func(all ...uint32) {
		for _, v := range all {
			types = binary.LittleEndian.AppendUint32(types, v)
		}
	}
	u(name("int"), 1<<24, 4, 32)                                               // 1
	u(0, 3<<24, 0, 1, 1, 16)                                                   // 2, an array
	u(0, 4<<24|2, 8, name("pid"), 1, 0, name("tgid"), 1, 32)                   // 3, without a name
	u(name("task_struct"), 1<<31|4<<24|4, 64, name("tasks"), 1, 64, 0, 3, 128) // 4
	u(name("mm"), 1, 256, name("comm"), 2, 8<<24|384)                          // its other members
	head := []uint32{btfMagic | 1<<16, 24, 0, uint32(len(types)), uint32(len(types)), uint32(len(strings))}
	var all []byte
	for _, v := range head {
		all = binary.LittleEndian.AppendUint32(all, v)
	}
	return append(append(all, types...), strings...)
}

func TestBTF(t *testing.T) {
	b, err := ReadBTF(taskBTF())
	require.NoError(t, err)
	l, err := b.Layout()
	require.NoError(t, err)
	require.Equal(t, TaskLayout{Tasks: 8, PID: 16, TGID: 20, MM: 32, Comm: 48}, l)
	size, ok := b.Size("task_struct")
	require.True(t, ok)
	require.Equal(t, uint64(64), size)
	_, ok = b.Member("task_struct", "none")
	require.False(t, ok)
	_, err = ReadBTF([]byte("none"))
	require.Error(t, err)
	for n := range len(taskBTF()) - 1 {
		_, err = ReadBTF(taskBTF()[:n])
		require.Error(t, err, "cut at %d", n)
	}
	m := newKernelMemory(64)
	copy(m.data[0x100:], taskBTF())
	_, err = KernelBTF(m.names(map[string]uint64{"__start_BTF": 0x100, "__stop_BTF": 0x100 + uint64(len(taskBTF()))}), m)
	require.NoError(t, err)
	_, err = KernelBTF(m.names(nil), m)
	require.ErrorContains(t, err, "CONFIG_DEBUG_INFO_BTF")
}

func TestExports(t *testing.T) {
	for _, bits := range []int{32, 64} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			kind := imageKind{bits: bits}
			base := linkBase(bits)
			names, addrs := kernelNames(kind, base, 600)
			image := kernelImage(kind, names, addrs)
			const phys, table, text = 1 << 20, 3 << 20, 3<<20 + 0x10000 // of the kernel, its exports, their names
			offset := base - phys
			if bits == 32 {
				offset = 0xc0000000
				names, addrs = kernelNames(kind, offset+phys, 600)
				image = kernelImage(kind, names, addrs)
			}
			m := make(ram, 4<<20)
			copy(m[2<<20:], image)
			at := uint64(text + 1)
			entry := func(i uint64, name string, addr uint64) {
				field := table + 12*i
				value, to := addr-offset-field, at-(field+4)
				if bits == 32 {
					value, to = addr, at+offset
				}
				binary.LittleEndian.PutUint32(m[field:], uint32(value))
				binary.LittleEndian.PutUint32(m[field+4:], uint32(to))
				copy(m[at:], name)
				at += uint64(len(name)) + 1
			}
			n := uint64(0)
			for i, name := range names {
				if name[0] == 'T' && i > 1 && n < 40 {
					entry(n, name[1:], addrs[i])
					n++
				}
			}
			entry(n, "init_task", offset+0x345000)
			copy(m[0x8000:], "OSRELEASE=6.1\nPAGESIZE=4096\nSYMBOL(_stext)="+fmt.Sprintf("%x", addrs[0])+
				"\nSYMBOL(prb)=c5001230\nKERNELOFFSET=5000\n")
			k, err := FindKernel(m)
			require.NoError(t, err)
			require.True(t, k.OffsetKnown)
			require.Equal(t, offset, k.Offset)
			require.Equal(t, 600, k.Named)
			require.Equal(t, uint64(0x5000), k.Slide)
			lookup := NewTable(k.Source()).Address
			addr, ok := lookup("init_task")
			require.True(t, ok)
			require.Equal(t, offset+0x345000, addr)
			addr, ok = lookup("prb")
			require.True(t, ok)
			require.Equal(t, uint64(0xc5001230), addr)
		})
	}
}

func FuzzBTF(f *testing.F) {
	f.Add(taskBTF())
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ReadBTF(data)
		if err != nil {
			return
		}
		_, _ = b.Layout()
		b.Size("task_struct")
	})
}

// FuzzDmesg also walks tasks: all of them follow a guest's pointers.
func FuzzDmesg(f *testing.F) {
	f.Add(newLog(32, 6).data[:0x3200], false)
	f.Add(newLog(64, 5).data[:0x3200], true)
	for _, bits := range []int{32, 64} {
		m, _, _ := newTasks(bits)
		f.Add(m.data[:0x7100], bits == 64)
	}
	f.Fuzz(func(t *testing.T, data []byte, long bool) {
		bits := 32
		if long {
			bits = 64
		}
		m := &kernelMemory{linkBase(bits), data, bits}
		_, _ = Dmesg(m.names(map[string]uint64{"prb": 0}), m, bits)
		_, _ = Dmesg(m.names(map[string]uint64{"log_buf": 0, "log_buf_len": 8, "log_first_idx": 12, "log_next_idx": 16}), m, bits)
		_, _ = Tasks(m.names(map[string]uint64{"init_task": 0x1000, "__start_BTF": 0, "__stop_BTF": 0x1000}), m, bits)
		_, _ = Current(m.names(map[string]uint64{"current_task": 0x7000}), m, bits, 0)
	})
}
