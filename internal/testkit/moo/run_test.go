package moo

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func sample(t *testing.T) *Test {
	t.Helper()
	tests, err := collect(sampleTest(sampleBYTS, sampleINIT(), sampleFINA()))
	require.NoError(t, err)
	return &tests[0]
}

// right is a processor that runs the sample as it should.
func right(init State) (State, error) {
	out := State{Regs: init.Regs}
	out.Regs[AX], out.Regs[IP] = 2, 0x22
	return out, nil
}

func TestCheck(t *testing.T) {
	for _, row := range []struct {
		name   string
		mask   uint16
		change func(*Test)
		exec   Exec
		want   string
	}{
		{"agrees", AllFlags, nil, right, ""},
		{"error", AllFlags, nil, func(State) (State, error) { return State{}, errors.New("no HLT") }, "no HLT"},
		{"register", AllFlags, nil, func(s State) (State, error) {
			s, _ = right(s)
			s.Regs[DI] = 5
			return s, nil
		}, "DI is 0005, want 000c"},
		{"flag", AllFlags, nil, func(s State) (State, error) {
			s, _ = right(s)
			s.Regs[Flags] |= 0x10
			return s, nil
		}, "FLAGS is 0012, want 0002"},
		{"undefined flag", AllFlags &^ 0x10, nil, func(s State) (State, error) {
			s, _ = right(s)
			s.Regs[Flags] |= 0x10
			return s, nil
		}, ""},
		{"stray write", AllFlags, nil, func(s State) (State, error) {
			s, _ = right(s)
			s.RAM = []Byte{{0x500, 9}}
			return s, nil
		}, "byte 000500 is 09, want 00"},
		{"code overwritten", AllFlags, nil, func(s State) (State, error) {
			s, _ = right(s)
			s.RAM = []Byte{{0x10020, 0x41}}
			return s, nil
		}, "byte 010020 is 41, want 40"},
		{"write missing", AllFlags, func(test *Test) { test.Final.RAM = []Byte{{0x600, 7}} }, right, "byte 000600 is 00, want 07"},
		{"pushed flags are masked, low and high", AllFlags &^ 0x810, func(test *Test) {
			test.Exception = &Exception{0, 0x700}
			test.Final.RAM = []Byte{{0x700, 0x12}, {0x701, 0xf8}}
		}, func(s State) (State, error) {
			s, _ = right(s)
			s.RAM = []Byte{{0x700, 0x02}}
			return s, nil
		}, ""},
		{"bits 12 to 15 start at zero", AllFlags, nil, func(s State) (State, error) {
			if s.Regs[Flags] != 2 {
				return s, errors.New("IOPL and NT are set")
			}
			return right(s)
		}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			test := sample(t)
			if row.change != nil {
				row.change(test)
			}
			require.Equal(t, row.want, Check(row.exec, "40", row.mask, test))
		})
	}
}

func TestUndefinedByCount(t *testing.T) {
	for _, row := range []struct {
		name, form string
		bytes      []byte
		want       uint16
	}{
		{"count 1 defines OF", "C0.2", []byte{0xc0, 0xd0, 1, 0xf4}, realModeFlags},
		{"count 2 does not", "C0.2", []byte{0xc0, 0xd0, 2, 0xf4}, realModeFlags &^ flagsOF},
		{"five bits of the count are taken", "C1.3", []byte{0xc1, 0xd8, 0x21, 0xf4}, realModeFlags},
		{"other forms go by the metadata", "80.2", []byte{0x80, 0xd0, 2, 0xf4}, realModeFlags},
		{"no room for a count", "C0.2", []byte{0xf4}, realModeFlags},
	} {
		t.Run(row.name, func(t *testing.T) {
			test := &Test{Bytes: row.bytes}
			require.Equal(t, row.want, test.flagsMask(row.form, AllFlags))
		})
	}
}

func TestTableRow(t *testing.T) {
	table := Table{
		{Form: "C0.2", Match: func(t *Test) bool { return t.Index == 9 }, Reason: "a"},
		{Form: "40", Reason: "b"},
		{Form: "*", Match: func(t *Test) bool { return t.Bytes[0] == 0xf0 }, Reason: "c"},
	}
	plain := &Test{Bytes: []byte{0x40}}
	require.Equal(t, -1, table.row("C0.2", plain))
	require.Equal(t, 0, table.row("C0.2", &Test{Index: 9}))
	require.Equal(t, 1, table.row("40", plain))
	require.Equal(t, 2, table.row("41", &Test{Bytes: []byte{0xf0}}))
}

// TestRunnerCounts has one test excluded rightly and one that passes all the same.
func TestRunnerCounts(t *testing.T) {
	r := &runner{exec: right, table: Table{{Form: "bad", Reason: "x"}, {Form: "fine", Reason: "y"}}, rows: make([]rowCount, 2)}
	broken := sample(t)
	broken.Final.Regs[AX] = 3
	require.Contains(t, r.one("40", AllFlags, broken), "AX is 0002, want 0003")
	require.Empty(t, r.one("bad", AllFlags, broken))
	require.Empty(t, r.one("fine", AllFlags, sample(t)))
	require.Equal(t, []rowCount{{1, 1}, {1, 0}}, r.rows)
	require.Equal(t, 3, r.total)
	require.Equal(t, 2, r.excuse)
	require.Equal(t, 1, r.passed)
}
