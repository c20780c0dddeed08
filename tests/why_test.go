package tests

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/debugger/explain"
)

// protected enters flat protected mode without an IDT: selectors 8 and 10 are
// code and data, 18 is data that is not present, 20 has 4 KiB at 70000.
const protected = "fa31c08ed80f0116177c0f20c00c010f22c0ea457c080027001d7c0000" +
	"0000000000000000 ffff0000009acf00 ffff00000092cf00 ffff00000012cf00 ff0f000700924000" +
	"66b810008ed88ed0bc00700000"

// TestWhy: the report of a triple fault names the rule that was broken.
func TestWhy(t *testing.T) {
	for _, r := range []struct{ name, code, want string }{
		{"int 80", "cd80", "no LIDT was executed since the reset: the real mode's vectors are taken for gates"},
		{"int 20", "cd20", "no LIDT was executed since the reset: the real mode's vectors are taken for gates"},
		{"IRET to data", "9c 6a10 68007c0000 cf", "iretd to a data segment: CS takes code segments alone"},
		{"jump to data", "ea000000001000", "jmp far to a data segment: CS takes code segments alone"},
		{"an empty IDT", "0f011d007f0000 cc", "vector 03 lies beyond the IDT's limit, 0000"},
		{"EFER.LME", "b9800000c0 b800010000 31d2 0f30", "this processor has no EFER.LME (long mode)"},
		{"an unknown MSR", "b945230100 0f32", "MSR 00012345 does not exist on this processor"},
		{"not present", "66b81800 8ed8", "the descriptor of selector 0018 is not present"},
		{"beyond the limit", "66b82000 8ed8 a100200000", "offset 00002000 is beyond the limit of DS, 00000fff"},
		{"a null ES", "6631c0 8ec0 26a100000000", "ES is null"},
		{"beyond the GDT", "66b85000 8ed8", "selector 0050 lies beyond the GDT, which ends at 0027"},
		{"SS from code", "66b80800 8ed0", "SS takes writable data segments alone"},
		{"the error code", "66b85000 8ed8", "error code 0050: GDT, index 0a; by the program"},
	} {
		t.Run(r.name, func(t *testing.T) {
			m := sector(t, protected+r.code, ringzero.Config{})
			require.Equal(t, ringzero.TripleFault, runOut(m))
			before := m.StateHash()
			require.Contains(t, explain.Of(m, nil, ringzero.TripleFault).Text(), r.want)
			require.Equal(t, before, m.StateHash())
		})
	}
}

// TestWalkOfTheReport: it is the MMU's, reserved bits included, and sets nothing.
func TestWalkOfTheReport(t *testing.T) {
	// mov dword [9000],83; mov dword [9004],2083 (4 MiB, bit 13); mov eax,9000; mov cr3,eax;
	// mov eax,10; mov cr4,eax; mov eax,80000011; mov cr0,eax; mov eax,[400000]
	m := sector(t, protected+"c7050090000083000000 c7050490000083200000 b800900000 0f22d8 b810000000 0f22e0 b811000080 0f22c0 a100004000",
		ringzero.Config{})
	require.Equal(t, ringzero.TripleFault, runOut(m))
	before := m.StateHash()
	report := explain.Of(m, nil, ringzero.TripleFault).Text()
	require.Contains(t, report, "a reserved bit is set in the last entry")
	require.Contains(t, report, "PDE at 000009004: 0000000000002083")
	require.Equal(t, before, m.StateHash())
}

// TestHistoryOfTheReport: how a guest came to run zeros is told although 16
// instructions of them ran since.
func TestHistoryOfTheReport(t *testing.T) {
	m := sector(t, protected+"9c 6a08 6800007000 cf", ringzero.Config{}) // IRET into zeros, to their end
	for m.Step() == ringzero.Going {
	}
	report := explain.Of(m, nil, ringzero.TripleFault).Text()
	require.Contains(t, report, "cr0 from 0000:00007c0f to 0000:00007c12, from real mode to protected mode")
	require.Contains(t, report, "jmp far from 0000:00007c12 to 0008:00007c45")
	require.Contains(t, report, "iret from 0008:00007c5a to 0008:00700000")
}
