package symbols

import (
	"bytes"
	"debug/elf"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// openELF reads one of the small programs of testdata, of which args.c is the
// source.
func openELF(t testing.TB, name string) *Source {
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	src, err := Read(name, bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	return src
}

func TestELFSymbols(t *testing.T) {
	src := openELF(t, "args32")
	require.Equal(t, 32, src.Bits)
	table := NewTable(src)
	s, off, ok := table.At(0x10002a)
	require.True(t, ok)
	require.Equal(t, Symbol{Name: "wide", Addr: 0x100028, Size: 0x35, Func: true}, s)
	require.Equal(t, uint64(2), off)
	s, ok = table.Find("counter")
	require.True(t, ok)
	require.False(t, s.Func)
}

func TestLines(t *testing.T) {
	for _, name := range []string{"args32", "args64"} {
		src := openELF(t, name)
		require.True(t, src.HasLines())
		require.NoError(t, src.DWARFError())
		table := NewTable(src)
		sym, ok := table.Find("kept")
		require.True(t, ok)
		file, line, ok := table.Line(sym.Addr)
		require.True(t, ok)
		require.Contains(t, file, "args.c")
		require.Equal(t, 24, line)
		_, _, ok = table.Line(0x200000)
		require.False(t, ok)
		require.Equal(t, []uint64{sym.Addr}, table.Addresses("args.c", 23), "the next line with code")
		require.Equal(t, []uint64{sym.Addr}, table.Addresses("args.c", 24))
		require.Empty(t, table.Addresses("gs.c", 24), "not on a path boundary")
		require.Empty(t, table.Addresses("args.c", 40))
	}
}

func TestLinesSlide(t *testing.T) {
	table := NewTable(openELF(t, "args32"))
	require.True(t, table.Slide("args32", 0xfff00000)) // down by 1 MiB, in 32 bits
	_, line, ok := table.Line(0x5d)
	require.True(t, ok)
	require.Equal(t, 24, line)
	require.Equal(t, []uint64{0x5d}, table.Addresses("args.c", 24))
	f, ok := table.Function(0x60)
	require.True(t, ok)
	require.Equal(t, uint64(0x5d), f.Low)
}

func TestArguments(t *testing.T) {
	table := NewTable(openELF(t, "args32"))
	f, ok := table.Function(0x100000)
	require.True(t, ok)
	require.Equal(t, Function{Name: "add", Low: 0x100000, High: 0x100028, Params: []Param{
		{Name: "a", Type: "int", Size: 4, Signed: true, Where: Location{Kind: AtFrame}},
		// The caller pushes 4 bytes, gcc keeps the char in the callee's frame.
		{Name: "b", Type: "unsigned char", Size: 1, Where: Location{Kind: AtFrame, Offset: -12}},
		{Name: "p", Type: "struct point *", Size: 4, Pointer: true, Where: Location{Kind: AtFrame, Offset: 8}},
	}}, f)
	f, ok = table.Function(0x100028)
	require.True(t, ok)
	require.Equal(t, 8, f.Params[0].Size)
	require.Equal(t, "port", f.Params[1].Type)
	require.Equal(t, 2, f.Params[1].Size)
	require.False(t, f.Params[1].Signed)
}

func TestArgumentsInRegisters(t *testing.T) {
	table := NewTable(openELF(t, "args64"))
	f, ok := table.Function(0x100000)
	require.True(t, ok)
	require.Equal(t, "rdi", RegisterName(64, f.Params[0].Where.Reg))
	require.Equal(t, Location{Kind: InRegister, Reg: 1}, f.Params[2].Where) // rdx
	for pc, want := range map[uint64]Location{                              // a list of locations
		0x100018: {Kind: InRegister, Reg: 5},
		0x100040: {Kind: InRegister, Reg: 3},
		0x100058: {},
	} {
		f, ok = table.Function(pc)
		require.True(t, ok)
		require.Equal(t, "kept", f.Name)
		require.Equal(t, want, f.Params[0].Where, "%#x", pc)
	}
}

func FuzzELF(f *testing.F) {
	for _, name := range []string{"args32", "args64"} {
		data, err := os.ReadFile("testdata/" + name)
		require.NoError(f, err)
		f.Add(data)
	}
	var b bytes.Buffer
	require.NoError(f, WriteELF(&b, 32, []Symbol{{Name: "main", Addr: 0x1000, Func: true}}))
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		src, err := Read("fuzz", bytes.NewReader(data), int64(len(data)))
		if err == nil {
			NewTable(src).At(0x100000)
		}
	})
}

func FuzzDWARF(f *testing.F) {
	for _, name := range []string{"args32", "args64"} {
		data, err := os.ReadFile("testdata/" + name)
		require.NoError(f, err)
		f.Add(data, uint64(0x100000), 12)
		f.Add(data, uint64(0x100020), 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, addr uint64, line int) {
		src, err := ELF(bytes.NewReader(data))
		if err != nil {
			return
		}
		src.Line(addr)
		src.Function(addr)
		src.Addresses("args.c", line)
		src.Unwind(addr, map[int]uint64{4: addr, 5: addr, 7: addr}, newKernelMemory(32))
	})
}

// TestLineHeaderCounts has a line table of 4 billion folders, for which
// debug/dwarf would make room.
func TestLineHeaderCounts(t *testing.T) {
	data, err := os.ReadFile("testdata/args64")
	require.NoError(t, err)
	f, err := elf.NewFile(bytes.NewReader(data))
	require.NoError(t, err)
	const dirs = 33 // behind a header of DWARF 5 with 13 opcodes
	at := f.Section(".debug_line").Offset
	require.Equal(t, []byte{5, 0}, data[at+4:at+6])
	copy(data[at+dirs:], "\xff\xff\xff\xff\x0f")
	src, err := ELF(bytes.NewReader(data))
	require.NoError(t, err)
	require.Empty(t, src.Addresses("args.c", 1))
	_, _, ok := src.Line(0x100000)
	require.False(t, ok)
	_, ok = src.Function(0x100000)
	require.True(t, ok, "functions need no lines")
}
