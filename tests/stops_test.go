package tests

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero"
	"ringzero/decoder"
)

// TestStopsDoNotShow: a debugger that looks at everything, and lets it go on or holds it,
// changes nothing for the guest.
func TestStopsDoNotShow(t *testing.T) {
	const end = 400_000
	run := func(stops *ringzero.Stops, look func(m *ringzero.Machine)) string {
		m := pastMachine(t)
		m.SetStops(stops)
		m.SerialIn([]byte("cpu\r"))
		held := 0
		for {
			why, err := m.RunTo(context.Background(), end)
			require.NoError(t, err)
			if why != ringzero.Stopped {
				require.Equal(t, end, int(m.Steps()))
				break
			}
			if held++; look != nil && held < 20 {
				look(m)
			}
			m.Pass()
		}
		if stops != nil && stops.Ask == nil {
			require.NotZero(t, held)
		}
		return m.StateHash()
	}
	plain := run(nil, nil)
	var breaks []uint64
	for at := uint64(0x7c00); at < 0x9000; at++ {
		breaks = append(breaks, at)
	}
	never := func(ringzero.Hit) bool { return false }
	all := ringzero.Stops{Breaks: breaks, CR3: true, CPL: true, Mode: true, Vectors: [4]uint64{^uint64(0), 0, 0, 0},
		Ops:     []decoder.Op{decoder.CLI, decoder.IN, decoder.OUT, decoder.IRET, decoder.LIDT, decoder.MOVCR, decoder.POPF, decoder.PUSHF, decoder.INT},
		Watches: []ringzero.Watch{{Base: 0x10000, Last: 0x1ffff, Read: true, Write: true}, {Base: 0x19000, Last: 0x19fff, Physical: true, Write: true}}}
	for name, stops := range map[string]ringzero.Stops{
		"breakpoints": {Breaks: []uint64{0x7c00, 0x89f4, 0x854e}}, "vectors": {Vectors: [4]uint64{1 << 0x20}},
		"watchpoints":  {Watches: []ringzero.Watch{{Base: 0x104c4, Last: 0x104c7, Write: true}}},
		"physical":     {Watches: []ringzero.Watch{{Base: 0x104c4, Last: 0x104c7, Physical: true, Write: true}}},
		"instructions": {Ops: []decoder.Op{decoder.CLI, decoder.OUT}}, "mode": {Mode: true, CPL: true, CR3: true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, plain, run(&stops, nil), "held")
			require.Equal(t, plain, run(&stops, func(m *ringzero.Machine) { m.StateHash(); m.Walk(0x7c00, 0) }), "held and looked at")
		})
	}
	all.Ask = never
	require.Equal(t, plain, run(&all, nil), "everything, and nothing holds")
	each := ringzero.Stops{Each: func() bool { return false }, Ask: never}
	require.Equal(t, plain, run(&each, nil))
}

// TestBreaksAreExact: a breakpoint holds the machine each time that the instruction is
// about to run, and at no other.
func TestBreaksAreExact(t *testing.T) {
	const at, end = 0x89f4, 120_000
	var want []uint64
	m := pastMachine(t)
	m.Observe(func() {
		s := m.State()
		if s.EIP == at && s.CPL == 0 && s.Seg[1].Sel == 8 {
			want = append(want, m.Steps())
		}
	})
	_, err := m.RunTo(context.Background(), end)
	require.NoError(t, err)
	require.NotEmpty(t, want)
	m = pastMachine(t)
	m.SetStops(&ringzero.Stops{Breaks: []uint64{at}})
	var got []uint64
	for {
		why, err := m.RunTo(context.Background(), end)
		require.NoError(t, err)
		if why != ringzero.Stopped {
			break
		}
		require.Equal(t, ringzero.HitBreak, m.Hit().Kind)
		got = append(got, m.Steps())
		m.Pass()
	}
	require.Equal(t, want, got)
}
