package mmu

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/x86"
)

// space makes an address space: a directory at dir whose first entry leads to
// the table, and switches to it.
func space(m *MMU, dir, table uint64) {
	m.Mem.Store(dir, 4, table|p|w|u)
	m.Mode = Mode{CR0: x86.CR0_PG, CR3: dir}
	m.Switch()
}

func reads(t *testing.T, m *MMU, va, want uint64) {
	t.Helper()
	m0 := m.Stats.Walks
	e := m.Context.User.At(va)
	if e.Read == va&^0xfff {
		require.Equal(t, want, m.Mem.Host.Off(va+e.Addend), "kept in the array")
		return
	}
	to, exc := m.Translate(va, Read, true)
	require.Nil(t, exc)
	require.Equal(t, want, to.Phys)
	require.Equal(t, m0+1, m.Stats.Walks)
}

func held(m *MMU, va uint64) bool { return m.Context.User.At(va).Read == va&^0xfff }

// TestCoherence: each way to write to tables in use drops what came from them,
// and nothing else.
func TestCoherence(t *testing.T) {
	for _, r := range []struct {
		name   string
		write  func(m *MMU)
		first  bool   // the first page is dropped
		second bool   // so is the second
		leads  uint64 // where the first is then
	}{
		{"table entry by a store", func(m *MMU) { m.Mem.Store(tableAt, 4, 0x50000|p|w|u) }, true, false, 0x50000},
		{"one byte of it", func(m *MMU) { m.Mem.Store(tableAt+2, 1, 5) }, true, false, 0x50000},
		{"table entry by a bus master", func(m *MMU) { m.Mem.Write(tableAt-2, []byte{0, 0, p | w | u, 0, 5, 0}) }, true, false, 0x50000},
		{"the other entry", func(m *MMU) { m.Mem.Store(tableAt+4, 4, 0) }, false, true, target},
		{"both", func(m *MMU) { m.Mem.Store(tableAt+2, 4, 0x1000_0005) }, true, true, 0x50000},
		{"the directory entry", func(m *MMU) { m.Mem.Store(dirAt, 4, 0x60000|p|w|u) }, true, true, 0x70000},
		{"another directory entry", func(m *MMU) { m.Mem.Store(dirAt+4, 4, 0x60000|p|w|u) }, false, false, target},
		{"an entry not in use", func(m *MMU) { m.Mem.Store(tableAt+8, 4, 0x50000|p) }, false, false, target},
		{"beyond the end", func(m *MMU) { m.Mem.Store(tableAt+0x1000, 4, 0x50000|p) }, false, false, target},
	} {
		t.Run(r.name, func(t *testing.T) {
			m := newMMU(t)
			m.Mem.Store(tableAt, 4, target|p|w|u)
			m.Mem.Store(tableAt+4, 4, target+0x1000|p|w|u)
			m.Mem.Store(0x60000, 4, 0x70000|p|w|u)
			space(m, dirAt, tableAt)
			reads(t, m, 0x123, target+0x123)
			reads(t, m, 0x1123, target+0x1123)
			require.Equal(t, bus.Table, m.Mem.Marks(tableAt>>12))
			require.Equal(t, bus.Table, m.Mem.Marks(dirAt>>12))
			r.write(m)
			require.Equal(t, !r.first, held(m, 0))
			require.Equal(t, !r.second, held(m, 0x1000))
			reads(t, m, 0x123, r.leads+0x123)
		})
	}
}

// TestCodeMoved: the processor hears of a write to the entries that the code
// under way is translated by, whether or not the arrays still have its page.
func TestCodeMoved(t *testing.T) {
	for _, limit := range []int{0, 1} {
		m := newMMU(t)
		m.Limit(limit)
		n := 0
		m.CodeMoved = func() { n++ }
		m.Running = func() uint64 { return 0x123 }
		m.Mem.Store(tableAt, 4, target|p|w|u)
		m.Mem.Store(tableAt+4, 4, target|p|w|u)
		space(m, dirAt, tableAt)
		for _, va := range []uint64{0, 0x1000} {
			_, exc := m.Translate(va, Exec, true)
			require.Nil(t, exc)
		}
		require.Equal(t, limit == 0, held(m, 0))
		m.Mem.Store(tableAt+4, 4, 0)
		require.Zero(t, n)
		m.Mem.Store(tableAt+2, 4, 0)
		require.Equal(t, 1, n)
		m.Mem.Store(dirAt+4, 4, 0)
		require.Equal(t, 1, n)
		m.Mem.Store(dirAt, 1, 0)
		require.Equal(t, 2, n)
	}
}

// TestMaps: which writes change where code at an address is fetched from.
func TestMaps(t *testing.T) {
	m := newMMU(t)
	m.Mem.Store(tableAt+8, 4, target|p|w|u)
	space(m, dirAt, tableAt)
	_, exc := m.Translate(0x2345, Exec, true)
	require.Nil(t, exc)
	for _, r := range []struct {
		at, n uint64
		want  bool
	}{{tableAt + 8, 4, true}, {tableAt + 11, 1, true}, {tableAt + 12, 4, false}, {tableAt + 4, 4, false}, {tableAt + 6, 4, true},
		{dirAt, 4, true}, {dirAt + 4, 4, false}, {target + 8, 4, false}} {
		require.Equal(t, r.want, m.Maps(r.at>>12, int(r.at&0xfff), int(r.n), 0x2345), "%x", r.at)
	}
}

// TestTablePageReused: a table that becomes data is not followed any more.
func TestTablePageReused(t *testing.T) {
	m := newMMU(t)
	m.Mem.Store(tableAt, 4, target|p|w|u)
	space(m, dirAt, tableAt)
	reads(t, m, 0, target)
	m.Mem.Store(dirAt, 4, 0)
	require.NotZero(t, m.Mem.Marks(tableAt>>12)&bus.Table, "found out at the next write")
	m.Mem.Store(tableAt, 4, 0x1234)
	require.Zero(t, m.Mem.Marks(tableAt>>12)&bus.Table)
	require.Empty(t, m.uses[tableAt>>12])
	// And as a table again, of another directory entry.
	m.Mem.Store(tableAt, 4, target|p|w|u)
	m.Mem.Store(dirAt+4, 4, tableAt|p|w|u)
	reads(t, m, 0x400000, target)
	m.Mem.Store(tableAt, 4, 0x50000|p|w|u)
	reads(t, m, 0x400000, 0x50000)
}

func TestContextsAreKept(t *testing.T) {
	m := newMMU(t)
	m.Mem.Store(tableAt, 4, target|p|w|u)
	space(m, dirAt, tableAt)
	reads(t, m, 0, target)
	space(m, 0x20000, tableAt)
	require.False(t, held(m, 0))
	reads(t, m, 0, target)
	misses := m.Stats.ShadowMisses
	m.Mode.CR3 = dirAt
	m.Switch()
	require.True(t, held(m, 0), "the way back finds it")
	require.Equal(t, misses, m.Stats.ShadowMisses)
	m.Mem.Store(tableAt, 4, 0x50000|p|w|u)
	m.Mode.CR3 = 0x20000
	m.Switch()
	require.False(t, held(m, 0), "a write while it was idle")
	reads(t, m, 0, 0x50000)
}

// TestMarkWhileIdle: a page that gets a mark while a context is idle has no
// write tag when that comes back.
func TestMarkWhileIdle(t *testing.T) {
	m := newMMU(t)
	m.Mem.Store(tableAt, 4, target|p|w|u)
	space(m, dirAt, tableAt)
	_, exc := m.Translate(0, Write, true)
	require.Nil(t, exc)
	require.Equal(t, uint64(0), m.Context.User.At(0).Write)
	space(m, 0x20000, tableAt)
	m.Mem.SetMark(target>>12, bus.Watched)
	m.Mode.CR3 = dirAt
	m.Switch()
	require.True(t, held(m, 0))
	require.Equal(t, uint64(Marked), m.Context.User.At(0).Write)
}

// TestManyMarksWhileIdle: more marks than are remembered for it turn all write
// tags of an idle context into Marked ones, and its next writes clear that.
func TestManyMarksWhileIdle(t *testing.T) {
	for _, n := range []uint64{ringSize - 3, ringSize + 3} {
		m := newMMU(t)
		m.Mem.Store(tableAt, 4, target|p|w|u)
		m.Mem.Store(tableAt+4, 4, (target+0x1000)|p|w|u)
		space(m, dirAt, tableAt)
		for _, va := range []uint64{0, 0x1000} {
			_, exc := m.Translate(va, Write, true)
			require.Nil(t, exc)
		}
		e := m.Context.User.At(0)
		m.Mode = Mode{}
		m.Switch()
		m.Mem.SetMark((target+0x1000)>>12, bus.Watched)
		for i := range n {
			_, exc := m.Translate(0x100000+i<<12, Write, false)
			require.Nil(t, exc)
			m.Mem.SetMark(0x100+i, bus.Watched)
		}
		m.Mode = Mode{CR0: x86.CR0_PG, CR3: dirAt}
		m.Switch()
		require.Equal(t, uint64(0x1000|Marked), m.Context.User.At(0x1000).Write)
		if n < ringSize {
			require.Zero(t, e.Write)
			continue
		}
		require.Equal(t, uint64(Marked), e.Write)
		m.Unmark(e, 0, true)
		require.Zero(t, e.Write)
		m.Mem.SetMark(target>>12, bus.Watched)
		require.Equal(t, uint64(Marked), e.Write)
	}
}

// TestIdleTablesForgotten: tables that are written again and again while their
// contexts are idle are data, and what came from them is dropped.
func TestIdleTablesForgotten(t *testing.T) {
	m := newMMU(t)
	m.Mem.Store(tableAt, 4, target|p|w|u)
	for _, dir := range []uint64{dirAt, 0x20000} {
		space(m, dir, tableAt)
		reads(t, m, 0, target)
	}
	space(m, 0x21000, 0x22000)
	require.Len(t, m.contexts, 4)
	for range idleWrites + 1 {
		m.Mem.Store(tableAt+8, 4, 0)
	}
	require.Zero(t, m.Mem.Marks(tableAt>>12)&bus.Table, "data by now")
	m.Mem.Store(tableAt, 4, 0x50000|p|w|u)
	for _, dir := range []uint64{dirAt, 0x20000} {
		m.Mode.CR3 = dir
		m.Switch()
		reads(t, m, 0, 0x50000)
	}
}

func TestMoreContextsThanFit(t *testing.T) {
	m := newMMU(t)
	const n = maxContexts + 5
	for i := range uint64(n) {
		table := 0x200000 + i<<12
		m.Mem.Store(table, 4, 0x300000+i<<12|p|w|u)
		space(m, 0x100000+i<<12, table)
		reads(t, m, 0, 0x300000+i<<12)
	}
	require.Len(t, m.contexts, maxContexts)
	require.Zero(t, m.Mem.Marks(0x200)&bus.Table, "the tables of the longest unused are data")
	misses := m.Stats.ShadowMisses
	for i := range uint64(n) {
		m.Mem.Store(0x200000+i<<12, 4, 0x80000|p|w|u)
	}
	for i := uint64(n - 1); i < n; i-- {
		m.Mode.CR3 = 0x100000 + i<<12
		m.Switch()
		reads(t, m, 0, 0x80000)
	}
	require.Greater(t, m.Stats.ShadowMisses, misses)
	for range 100 { // forgotten ones are used again
		m.Flush()
		reads(t, m, 0, 0x80000)
	}
	require.Len(t, m.contexts, 1)
}

func TestInvalidate(t *testing.T) {
	m := newMMU(t)
	m.Mode = Mode{CR0: x86.CR0_PG, CR3: dirAt, CR4: x86.CR4_PSE}
	m.Mem.Store(dirAt, 4, p|w|u|ps)
	m.Switch()
	reads(t, m, 0x1000, 0x1000)
	reads(t, m, 0x2000, 0x2000)
	m.Invalidate(0x1fff)
	require.False(t, held(m, 0x1000))
	require.True(t, held(m, 0x2000))
	m.Mem.Store(dirAt, 4, 0)
	require.False(t, held(m, 0x2000), "a large page goes by its directory entry")
}

// TestRecursiveDirectory: a directory that is its own last table, as many
// kernels map it.
func TestRecursiveDirectory(t *testing.T) {
	m := newMMU(t)
	m.Mem.Store(tableAt, 4, target|p|w|u)
	m.Mem.Store(dirAt+4*1023, 4, dirAt|p|w|u)
	space(m, dirAt, tableAt)
	reads(t, m, 0, target)
	reads(t, m, 0xffc00000, tableAt)
	reads(t, m, 0xfffff000, dirAt)
	m.Mem.Store(dirAt, 4, 0x50000|p|w|u) // entry 0: as directory for 0, as table for ffc00000
	require.False(t, held(m, 0))
	reads(t, m, 0xffc00000, 0x50000)
	m.Mem.Store(dirAt+4*1023, 4, 0)
	require.False(t, held(m, 0xfffff000))
}

func TestLimit(t *testing.T) {
	m := newMMU(t)
	m.Limit(2)
	for _, va := range []uint64{0x1000, 0x2000, 0x3000} {
		_, exc := m.Translate(va, Read, false)
		require.Nil(t, exc)
	}
	n := 0
	for i := range m.Context.Super {
		if m.Context.Super[i].Read != Invalid {
			n++
		}
	}
	require.Equal(t, 2, n)
}

func BenchmarkWalk(b *testing.B) {
	m := newMMU(b)
	m.Mem.Store(tableAt, 4, target|p|w|u|a|d)
	space(m, dirAt, tableAt)
	for b.Loop() {
		_, _ = m.Translate(0x10, Write, true)
	}
}

// BenchmarkA20 opens and closes line 20, with an access between.
func BenchmarkA20(b *testing.B) {
	m := newMMU(b)
	for open := false; b.Loop(); open = !open {
		m.SetA20(open)
		_, _ = m.Translate(0x1000, Read, false)
	}
}

// BenchmarkSetMark marks a page that has a write tag, and gives the tag back.
func BenchmarkSetMark(b *testing.B) {
	m := newMMU(b)
	_, _ = m.Translate(target, Write, false)
	e := m.Context.Super.At(target)
	for b.Loop() {
		m.Mem.SetMark(target>>12, bus.Code)
		m.Mem.ClearMark(target>>12, bus.Code)
		m.Unmark(e, target, false)
	}
}

// BenchmarkManySpaces goes round more address spaces than contexts are kept, each
// with 32 tables.
func BenchmarkManySpaces(b *testing.B) {
	for _, n := range []uint64{20, maxContexts + 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := newMMU(b)
			for i := range n {
				for t := range uint64(32) {
					m.Mem.Store(0x100000+i<<12+4*t, 4, (0x200000+t<<12)|p|w|u)
					m.Mem.Store(0x200000+t<<12, 4, target|p|w|u)
				}
			}
			m.Mode = Mode{CR0: x86.CR0_PG}
			for i := uint64(0); b.Loop(); i++ {
				m.Mode.CR3 = 0x100000 + i%n<<12
				m.Switch()
				for t := range uint64(32) {
					if va := t << 22; m.Context.User.At(va).Read != va {
						_, _ = m.Translate(va, Read, true)
					}
				}
			}
		})
	}
}

func BenchmarkSwitch(b *testing.B) {
	m := newMMU(b)
	m.Mem.Store(tableAt, 4, target|p|w|u)
	space(m, 0x20000, tableAt)
	space(m, dirAt, tableAt)
	for b.Loop() {
		m.Mode.CR3 ^= 0x20000 ^ dirAt
		m.Switch()
	}
}
