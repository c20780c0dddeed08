package mmu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/x86"
)

const (
	p, w, u  = x86.PTE_P, x86.PTE_W, x86.PTE_U
	a, d, ps = x86.PTE_A, x86.PTE_D, x86.PTE_PS
	nx       = uint64(x86.PTE_NX)

	dirAt, tableAt = 0x10000, 0x11000
	target         = 0x30000
)

func newMMU(t testing.TB) *MMU {
	mem, err := bus.NewMemory(4 << 20)
	require.NoError(t, err)
	t.Cleanup(mem.Close)
	return New(mem)
}

// TestWalk takes one walk each through a directory entry and a table entry.
func TestWalk(t *testing.T) {
	const pg, wp = x86.CR0_PG, x86.CR0_WP
	const pse, pae, smep = x86.CR4_PSE, x86.CR4_PAE, x86.CR4_SMEP
	const va = 0x00403123 // in either mode a second directory entry's page 3
	type row struct {
		name       string
		cr0, cr4   uint64
		nxe        bool
		pde, pte   uint64 // flags; the addresses are added
		acc        Access
		user       bool
		code       int // the page fault's error code, -1 for none
		wantD      uint64
		wantT      uint64 // flags afterwards
		wantOffset uint64 // of the result from target, where not va's low bits
	}
	none := -1
	rows := []row{
		{"read", pg, 0, false, p | w | u, p | w | u, Read, true, none, p | w | u | a, p | w | u | a, 0},
		{"write sets D in the last entry only", pg, 0, false, p | w | u, p | w | u, Write, true, none, p | w | u | a, p | w | u | a | d, 0},
		{"a read leaves D", pg, 0, false, p | w | u | a, p | w | u | d, Read, true, none, p | w | u | a, p | w | u | a | d, 0},
		{"execute", pg, 0, false, p | u, p | u, Exec, true, none, p | u | a, p | u | a, 0},
		{"directory not present", pg, 0, false, w | u, p | w | u, Read, true, 4, w | u, p | w | u, 0},
		{"table not present: no A in the directory", pg, 0, false, p | w | u, w | u, Write, true, 6, p | w | u, w | u, 0},
		{"supervisor, not present", pg, 0, false, p | w | u, 0, Write, false, 2, p | w | u, 0, 0},
		{"supervisor page, user", pg, 0, false, p | w | u, p | w, Read, true, 5, p | w | u, p | w, 0},
		{"supervisor directory, user", pg, 0, false, p | w, p | w | u, Read, true, 5, p | w, p | w | u, 0},
		{"read-only page, user write: no A, no D", pg, 0, false, p | w | u, p | u, Write, true, 7, p | w | u, p | u, 0},
		{"read-only directory, user write", pg, 0, false, p | u, p | w | u, Write, true, 7, p | u, p | w | u, 0},
		{"read-only page, supervisor write", pg, 0, false, p | w | u, p | u, Write, false, none, p | w | u | a, p | u | a | d, 0},
		{"read-only page, supervisor write, WP", pg | wp, 0, false, p | w | u, p | u, Write, false, 3, p | w | u, p | u, 0},
		{"read-only page, supervisor read, WP", pg | wp, 0, false, p | w | u, p | u, Read, false, none, p | w | u | a, p | u | a, 0},
		{"no fetch bit without NX or SMEP", pg, 0, false, p | w, p | w, Exec, true, 5, p | w, p | w, 0},
		{"SMEP: supervisor runs no user page", pg, smep, false, p | w | u, p | w | u, Exec, false, 0x11, p | w | u, p | w | u, 0},
		{"SMEP: a supervisor page runs", pg, smep, false, p | w | u, p | w, Exec, false, none, p | w | u | a, p | w | a, 0},
		{"PS without CR4.PSE is a table", pg, 0, false, p | w | u | ps, p | w | u, Read, true, none, p | w | u | ps | a, p | w | u | a, 0},
		{"PSE read", pg, pse, false, p | w | u | ps, 0, Read, true, none, p | w | u | ps | a, 0, 0x3123},
		{"PSE write", pg, pse, false, p | w | u | ps, 0, Write, true, none, p | w | u | ps | a | d, 0, 0x3123},
		{"PSE read-only", pg, pse, false, p | u | ps, 0, Write, true, 7, p | u | ps, 0, 0},
		{"PSE bit 21 is reserved", pg, pse, false, p | w | u | ps | 1<<21, 0, Read, true, 0xd, p | w | u | ps | 1<<21, 0, 0},
		{"PSE bit 17 is reserved", pg, pse, false, p | w | u | ps | 1<<17, 0, Read, true, 0xd, p | w | u | ps | 1<<17, 0, 0},
		{"no PSE-36: bit 13 is reserved", pg, pse, false, p | w | u | ps | 1<<13, 0, Write, false, 0xb, p | w | u | ps | 1<<13, 0, 0},
		{"PSE bit 12 is PAT", pg, pse, false, p | w | u | ps | 1<<12, 0, Read, true, none, p | w | u | ps | a | 1<<12, 0, 0x3123},
		{"PAE read", pg, pae, false, p | w | u, p | w | u, Read, true, none, p | w | u | a, p | w | u | a, 0},
		{"PAE write", pg, pae, false, p | w | u, p | w | u, Write, true, none, p | w | u | a, p | w | u | a | d, 0},
		{"PAE large write", pg, pae, false, p | w | u | ps, 0, Write, true, none, p | w | u | ps | a | d, 0, 0x3123},
		{"PAE large, bit 13 is reserved", pg, pae, false, p | w | u | ps | 1<<13, 0, Read, true, 0xd, p | w | u | ps | 1<<13, 0, 0},
		{"PAE large, bit 20 is reserved", pg, pae, false, p | w | u | ps | 1<<20, 0, Read, true, 0xd, p | w | u | ps | 1<<20, 0, 0},
		{"PAE address bit 36 in a table", pg, pae, false, p | w | u, p | w | u | 1<<36, Write, true, 0xf, p | w | u, p | w | u | 1<<36, 0},
		{"PAE address bit 62 in a directory", pg, pae, false, p | w | u | 1<<62, p | w | u, Read, false, 9, p | w | u | 1<<62, p | w | u, 0},
		{"PAE bit 63 without NXE", pg, pae, false, p | w | u, p | w | u | nx, Read, true, 0xd, p | w | u, p | w | u | nx, 0},
		{"reserved bits of an absent entry mean nothing", pg, pae, false, p | w | u, nx | 1<<40, Read, true, 4, p | w | u, nx | 1<<40, 0},
		{"NX page reads", pg, pae, true, p | w | u, p | w | u | nx, Read, true, none, p | w | u | a, p | w | u | nx | a, 0},
		{"NX page does not run", pg, pae, true, p | w | u, p | w | u | nx, Exec, true, 0x15, p | w | u, p | w | u | nx, 0},
		{"NX directory does not run", pg, pae, true, p | w | u | nx, p | w | u, Exec, false, 0x11, p | w | u | nx, p | w | u, 0},
		{"NX: fetch bit of an absent page", pg, pae, true, p | w | u, 0, Exec, false, 0x10, p | w | u, 0, 0},
		{"NXE without PAE means nothing", pg, 0, true, p | w | u, 0, Exec, false, 0, p | w | u, 0, 0},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			m := newMMU(t)
			m.Mode = Mode{CR0: r.cr0, CR3: dirAt, CR4: r.cr4}
			if r.nxe {
				m.Mode.EFER = x86.EFER_NXE
			}
			pdeAt, pteAt, size := uint64(dirAt+4), uint64(tableAt+3*4), 4
			frame := uint64(target)
			if r.cr4&pae != 0 {
				m.PDPTE[0] = dirAt | p
				pdeAt, pteAt, size = dirAt+2*8, tableAt+3*8, 8
			}
			pde := r.pde | tableAt
			if r.pde&ps != 0 && r.cr4 != 0 { // a large page at 0
				pde, frame = r.pde, 0
			}
			m.Mem.Store(pdeAt, size, pde)
			m.Mem.Store(pteAt, size, r.pte|target)
			m.Switch()
			for range 2 { // the second from what the first left
				to, exc := m.Translate(va, r.acc, r.user)
				if r.code >= 0 {
					require.Equal(t, &x86.Exception{Vector: x86.VecPF, Code: uint32(r.code), Address: va}, exc)
				} else {
					require.Nil(t, exc)
					want := frame | va&0xfff
					if r.wantOffset != 0 {
						want = frame + r.wantOffset
					}
					require.Equal(t, want, to.Phys)
				}
				require.Equal(t, r.wantD, m.Mem.Load(pdeAt, size)^pde^r.pde, "directory entry")
				require.Equal(t, r.wantT, m.Mem.Load(pteAt, size)^target, "table entry")
			}
		})
	}
}

func TestA20(t *testing.T) {
	m := newMMU(t)
	m.SetA20(false)
	to, exc := m.Translate(0x123456, Read, false)
	require.Nil(t, exc)
	require.Equal(t, uint64(0x023456), to.Phys, "without paging")

	m.Mode = Mode{CR0: x86.CR0_PG, CR3: 0x100000 | dirAt}
	m.Switch()
	m.Mem.Store(dirAt, 4, 0x100000|tableAt|p|w) // all three addresses have bit 20
	m.Mem.Store(tableAt+4, 4, 0x100000|target|p|w)
	to, exc = m.Translate(0x1004, Write, false)
	require.Nil(t, exc)
	require.Equal(t, uint64(target+4), to.Phys, "tables and page behind the mask")
	m.SetA20(true)
	_, exc = m.Translate(0x1004, Write, false)
	require.NotNil(t, exc, "what was kept is gone with the mask")
}

func TestLoadPDPTEs(t *testing.T) {
	m := newMMU(t)
	for i := range uint64(4) {
		m.Mem.Store(dirAt+0x20+8*i, 8, 0x40000+i<<12|p)
	}
	require.True(t, m.LoadPDPTEs(dirAt+0x20|0x1f), "bits 0 to 4 of CR3 are ignored")
	want := [4]uint64{0x40001, 0x41001, 0x42001, 0x43001}
	require.Equal(t, want, m.PDPTE)
	for _, bit := range []uint64{1, 2, 5, 6, 7, 8, 36, 52, 63} {
		m.Mem.Store(dirAt+0x28, 8, 0x50000|p|1<<bit)
		require.False(t, m.LoadPDPTEs(dirAt+0x20), "bit %d of a present entry is reserved", bit)
		require.Equal(t, want, m.PDPTE, "unchanged")
		m.Mem.Store(dirAt+0x28, 8, 1<<bit)
		require.True(t, m.LoadPDPTEs(dirAt+0x20), "bit %d of an absent one is not", bit)
		m.PDPTE = want
	}
	for _, bit := range []uint64{3, 4, 9, 10, 11, 12, 35} {
		m.Mem.Store(dirAt+0x28, 8, 0x50000|p|1<<bit)
		require.True(t, m.LoadPDPTEs(dirAt+0x20), "bit %d is free", bit)
	}
	// Registers: what memory holds later does not count.
	m.Mode = Mode{CR0: x86.CR0_PG, CR4: x86.CR4_PAE, CR3: dirAt + 0x20}
	m.PDPTE = want
	m.Switch()
	m.Mem.Store(0x40000, 8, target|p|w|u)
	m.Mem.Store(target, 8, 0x60000|p|w|u)
	m.Mem.Write(dirAt+0x20, make([]byte, 32))
	to, exc := m.Translate(5, Read, true)
	require.Nil(t, exc)
	require.Equal(t, uint64(0x60005), to.Phys)
}

func TestWatch(t *testing.T) {
	m := newMMU(t)
	m.Watch([]Range{{0x5ffe, 0x6001}})
	for _, va := range []uint64{0x4000, 0x5000, 0x6000, 0x7000} {
		_, exc := m.Translate(va, Write, false)
		require.Nil(t, exc)
		require.Equal(t, va == 0x4000 || va == 0x7000, m.Context.Super.At(va).Write == va, "%x", va)
	}
	m.Watch(nil)
	_, _ = m.Translate(0x5000, Write, false)
	require.Equal(t, uint64(0x5000), m.Context.Super.At(0x5000).Write)
}

// TestTags: when an access may go straight to memory.
func TestTags(t *testing.T) {
	m := newMMU(t)
	rom := make([]byte, 4096)
	require.NoError(t, m.Mem.SetROM(rom))
	m.Mode = Mode{CR0: x86.CR0_PG, CR3: dirAt}
	m.Mem.Store(dirAt, 4, tableAt|p|w|u)
	m.Switch()
	entry := func(page, pte uint64) { m.Mem.Store(tableAt+4*page, 4, pte) }
	entry(1, target|p|w|u)
	entry(2, 0xff000|p|w|u) // ROM
	entry(3, 0xf0000000|p|w|u)
	entry(4, target|p|u)

	slot := func(page uint64, acc Access, user bool) Entry {
		_, exc := m.Translate(page<<12, acc, user)
		require.Nil(t, exc)
		if user {
			return *m.Context.User.At(page << 12)
		}
		return *m.Context.Super.At(page << 12)
	}
	addend := func(phys, va uint64) uint64 { return m.Mem.At(phys) - va }
	require.Equal(t, Entry{0x1000, Invalid, 0x1000, addend(target, 0x1000)}, slot(1, Read, true), "not dirty yet")
	require.Equal(t, Entry{0x1000, 0x1000, 0x1000, addend(target, 0x1000)}, slot(1, Write, true))
	require.Equal(t, Entry{0x1000, 0x1000, 0x1000, addend(target, 0x1000)}, slot(1, Read, false), "dirty by now")
	require.Equal(t, uint64(Invalid), slot(2, Write, true).Write, "a write to ROM is lost on the slow path")
	require.Equal(t, uint64(0x2000), slot(2, Write, true).Read)
	require.Equal(t, *m.Context.User.At(0x9000), slot(3, Read, true), "nothing there")
	require.Equal(t, uint64(Invalid), slot(4, Read, true).Write, "read-only for users")
	require.Equal(t, uint64(0x4000), slot(4, Write, false).Write, "not for the supervisor without WP")

	m.Mem.SetMark(target>>12, bus.Watched)
	require.Equal(t, uint64(0x1000|Marked), m.Context.User.At(0x1000).Write, "a mark shows in the write tags")
	require.Equal(t, uint64(0x1000), m.Context.User.At(0x1000).Read)
	require.Equal(t, uint64(0x1000|Marked), slot(1, Write, true).Write, "and in new ones")
	m.Mem.ClearMark(target>>12, bus.Watched)
	require.Equal(t, uint64(0x1000), slot(1, Write, true).Write)
}

// TestPhysWidth: an address bit that the processor does not have is reserved.
func TestPhysWidth(t *testing.T) {
	for width, code := range map[uint]int{36: 0xd, 40: 0xd, 41: -1, 46: -1} {
		m := newMMU(t)
		m.PhysWidth = width
		m.Mem.Store(dirAt, 8, tableAt|p|w|u)
		m.Mem.Store(tableAt, 8, 1<<40|target|p|w|u)
		m.Mode, m.PDPTE[0] = Mode{CR0: x86.CR0_PG, CR4: x86.CR4_PAE}, dirAt|p
		m.Switch()
		to, exc := m.Translate(0x123, Read, true)
		if code >= 0 {
			require.Equal(t, &x86.Exception{Vector: x86.VecPF, Code: uint32(code), Address: 0x123}, exc, "%d bits", width)
			continue
		}
		require.Nil(t, exc)
		require.Equal(t, Place{Phys: 1<<40 | target | 0x123, Off: to.Off}, to, "%d bits", width)
	}
}

// TestNothingBelowPageZero: an access whose last byte wraps to address 0 does not meet
// the entry of page 0.
func TestNothingBelowPageZero(t *testing.T) {
	for n := uint64(1); n < 16; n++ {
		require.NotEqual(t, slot(0), slot(-n))
	}
}
