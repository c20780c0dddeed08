package symbols

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAt(t *testing.T) {
	table := NewTable(NewSource("a", "nm", 64, []Symbol{
		{Name: "sized", Addr: 0x1000, Size: 0x20, Func: true},
		{Name: "label", Addr: 0x1010, Local: true},
		{Name: "alias", Addr: 0x1000},
		{Name: "open", Addr: 0x2000},
		{Name: "next", Addr: 0x3000},
		{Name: "outer", Addr: 0x40000, Size: 0x1000},
		{Name: "inner", Addr: 0x40100, Size: 0x10},
		{Name: "last", Addr: 1<<64 - 16, Size: 16},
	}))
	for addr, want := range map[uint64]string{
		0xfff: "", 0x1000: "sized", 0x1010: "label", 0x1011: "sized", 0x2fff: "open", 0x3000: "next",
		0x12fff: "next", 0x13000: "", 0x40105: "inner", 0x40110: "outer", 0x40fff: "outer", 0x41000: "",
		1<<64 - 1: "last",
	} {
		s, off, ok := table.At(addr)
		require.Equal(t, want, s.Name, "%#x", addr)
		require.Equal(t, want != "", ok)
		if ok {
			require.Equal(t, addr, s.Addr+off)
		}
	}
	_, _, ok := (&Table{}).At(0)
	require.False(t, ok)
}

func TestTableMerges(t *testing.T) {
	table := NewTable(
		NewSource("a", "nm", 32, []Symbol{{Name: "init", Addr: 0x10, Local: true}, {Name: "main", Addr: 0x20}}),
		NewSource("b", "nm", 32, []Symbol{{Name: "init", Addr: 0x30}, {Name: "main", Addr: 0x20, Size: 4}, {Name: "map", Addr: 0x40}}))
	require.Equal(t, 4, table.Len())
	all := table.Lookup("init")
	require.Len(t, all, 2)
	require.Equal(t, uint64(0x30), all[0].Addr, "global before local")
	require.Equal(t, uint64(4), table.Lookup("main")[0].Size, "the one with a size stays")
	require.Equal(t, []string{"main", "map"}, table.Complete("ma", 10))
	require.Equal(t, []string{"init"}, table.Complete("", 1))
	require.Empty(t, table.Complete("x", 10))
	require.True(t, table.Slide("b", 0xfffffff0))
	s, ok := table.Find("map")
	require.True(t, ok)
	require.Equal(t, uint64(0x30), s.Addr, "addresses of 32 bits wrap")
	require.True(t, table.Remove("b"))
	require.False(t, table.Remove("b"))
	require.Equal(t, 2, table.Len())
	require.Empty(t, table.Lookup("map"))
}

func TestNM(t *testing.T) {
	src, err := NM(strings.NewReader("c0100000 T _stext\r\nc0100010 00000020 t local\n" +
		"         U puts\n00000001 A CONST\n         w weak\nc0200000 D data\nc0300000 t helper\t[mod]\n"))
	require.NoError(t, err)
	require.Equal(t, []Symbol{
		{Name: "_stext", Addr: 0xc0100000, Func: true},
		{Name: "local", Addr: 0xc0100010, Size: 0x20, Func: true, Local: true},
		{Name: "data", Addr: 0xc0200000},
		{Name: "helper", Addr: 0xc0300000, Func: true, Local: true},
	}, src.Symbols)
}

func TestReadErrors(t *testing.T) {
	for name, row := range map[string]struct{ data, want string }{
		"stub":         {"ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n", "dbg"},
		"text":         {"hello\n", "line 1"},
		"address":      {"c010000x T a\n", "bad address"},
		"hidden":       {"0000000000000000 T a\n0000000000000000 T b\n", "kptr_restrict"},
		"empty":        {"", "empty"},
		"only unknown": {"  U a\n", "no names"},
		"binary":       {"\x01\x00\x02", "unknown kind"},
		"gzip":         {"\x1f\x8b\x08", "unpack"},
		"broken elf":   {"\x7fELF\x01\x01", "ELF"},
		"kernel image": {strings.Repeat("\x90", 0x202) + "HdrS", "vmlinux"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read("file", strings.NewReader(row.data), int64(len(row.data)))
			require.ErrorContains(t, err, row.want)
			require.ErrorContains(t, err, "file")
		})
	}
}

func TestWriteELF(t *testing.T) {
	for _, bits := range []int{32, 64} {
		all := []Symbol{
			{Name: "start_kernel", Addr: 0xc1d869c1, Func: true},
			{Name: "helper", Addr: 0xc1000000, Size: 16, Func: true, Local: true},
			{Name: "jiffies", Addr: 0xc2000000},
		}
		var b bytes.Buffer
		require.NoError(t, WriteELF(&b, bits, all))
		src, err := ELF(bytes.NewReader(b.Bytes()))
		require.NoError(t, err)
		require.Equal(t, bits, src.Bits)
		sortByAddress(all)
		require.Equal(t, all, src.Symbols)
	}
	require.ErrorContains(t, WriteELF(nil, 32, []Symbol{{Name: "a", Addr: 1 << 40}}), "beyond 32 bits")
	require.ErrorContains(t, WriteELF(nil, 16, []Symbol{{Name: "a"}}), "say 32 or 64")
	require.ErrorContains(t, WriteELF(nil, 32, nil), "no symbols")
}

func FuzzNM(f *testing.F) {
	f.Add("c0100000 T _stext\nc0100010 00000020 t local\n         U puts\n")
	f.Add("c0300000 t helper\t[mod]\n\nfile.o:\n1 2 T x y z\n")
	f.Fuzz(func(t *testing.T, data string) {
		src, err := NM(strings.NewReader(data))
		if err == nil {
			NewTable(src).At(0xc0100008)
		}
	})
}
