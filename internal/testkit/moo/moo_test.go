package moo

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// pack makes a chunk.
func pack(tag string, parts ...[]byte) []byte {
	data := bytes.Join(parts, nil)
	out := append([]byte(tag), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(data)))
	return append(out, data...)
}

func le16(v ...uint16) (out []byte) {
	for _, x := range v {
		out = binary.LittleEndian.AppendUint16(out, x)
	}
	return out
}

func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

func packRAM(cells ...Byte) []byte {
	out := le32(uint32(len(cells)))
	for _, b := range cells {
		out = append(append(out, le32(b.Addr)...), b.Value)
	}
	return pack("RAM ", out)
}

// sampleRegs are AX to FLAGS of the sample's first state.
var sampleRegs = []uint16{1, 2, 3, 4, 0x1000, 6, 7, 8, 9, 10, 11, 12, 0x20, 0xf002}

// sampleINIT, sampleFINA are the states of: INC AX; HLT at 1000:0020.
func sampleINIT() []byte {
	return pack("INIT", pack("REGS", le16(0x3fff), le16(sampleRegs...)), packRAM(Byte{0x10020, 0x40}, Byte{0x10021, 0xf4}))
}

func sampleFINA() []byte {
	return pack("FINA", pack("REGS", le16(1<<AX|1<<IP), le16(2, 0x22)), packRAM())
}

func sampleTest(parts ...[]byte) []byte {
	return bytes.Join([][]byte{pack("MOO ", make([]byte, 12)), pack("META"), pack("TEST", le32(7), bytes.Join(parts, nil))}, nil)
}

var sampleBYTS = pack("BYTS", le32(2), []byte{0x40, 0xf4})

func collect(data []byte) (tests []Test, err error) {
	for test, e := range Parse(data) {
		if e != nil {
			return tests, e
		}
		tests = append(tests, test)
	}
	return tests, nil
}

func TestParse(t *testing.T) {
	data := sampleTest(sampleBYTS, pack("NAME", []byte("inc ax")), sampleINIT(), sampleFINA(),
		pack("EXCP", []byte{6, 0x78, 0x56, 0x34, 0x12}))
	tests, err := collect(data)
	require.NoError(t, err)
	require.Len(t, tests, 1)
	test := tests[0]
	require.Equal(t, uint32(7), test.Index)
	require.Equal(t, []byte{0x40, 0xf4}, test.Bytes)
	require.Equal(t, sampleRegs, test.Init.Regs[:])
	require.Equal(t, []Byte{{0x10020, 0x40}, {0x10021, 0xf4}}, test.Init.RAM)
	require.Equal(t, uint16(2), test.Final.Regs[AX])
	require.Equal(t, uint16(0x22), test.Final.Regs[IP])
	require.Equal(t, uint16(2), test.Final.Regs[BX], "unlisted registers keep their value")
	require.Equal(t, &Exception{6, 0x12345678}, test.Exception)
}

func TestParseBadData(t *testing.T) {
	for _, row := range []struct {
		name, want string
		data       []byte
	}{
		{"empty", "it is empty", nil},
		{"another format", "does not begin with a MOO chunk", pack("RIFF")},
		{"cut header", "header at offset 0x8 is cut off", append(pack("MOO "), 'T', 'E')},
		{"length beyond the file", "says 4294967295 bytes", append(pack("MOO "), "TEST\xff\xff\xff\xff"...)},
		{"no index", "no index", append(pack("MOO "), pack("TEST")...)},
		{"no states", "lacks one of", sampleTest(sampleBYTS)},
		{"FINA first", "before INIT", sampleTest(sampleBYTS, sampleFINA(), sampleINIT())},
		{"byte count", "count 3, 2 bytes", sampleTest(pack("BYTS", le32(3), []byte{0x40, 0xf4}))},
		{"first state incomplete", "lacks registers", sampleTest(pack("INIT", pack("REGS", le16(1, 5))))},
		{"unknown register", "a register that is not there", sampleTest(pack("INIT", pack("REGS", le16(0x8000, 5))))},
		{"no value", "no value for BX", sampleTest(pack("INIT", pack("REGS", le16(3, 5))))},
		{"too many values", "2 bytes too many", sampleTest(pack("INIT", pack("REGS", le16(1, 5, 6))))},
		{"memory count", "count 4294967295, 0 bytes", sampleTest(pack("INIT", pack("RAM ", le32(0xffffffff))))},
		{"exception", "3 bytes instead of 5", sampleTest(pack("EXCP", []byte{1, 2, 3}))},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := collect(row.data)
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestParseTruncated(t *testing.T) {
	whole := sampleTest(sampleBYTS, sampleINIT(), sampleFINA())
	head := len(pack("MOO ", make([]byte, 12))) // a file may end after any whole chunk
	for n := range whole {
		tests, err := collect(whole[:n])
		if n == head || n == head+headerSize {
			require.NoError(t, err)
			require.Empty(t, tests)
			continue
		}
		require.Error(t, err, "cut to %d bytes", n)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	plain := sampleTest(sampleBYTS, sampleINIT(), sampleFINA())
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(plain)
	require.NoError(t, z.Close())
	for _, row := range []struct {
		name  string
		data  []byte
		tests int
		err   string
	}{
		{"40.MOO", plain, 1, ""},
		{"40.MOO.gz", zipped.Bytes(), 1, ""},
		{"41.MOO.gz", plain, 0, "invalid header"},
		{"42.MOO.gz", zipped.Bytes()[:zipped.Len()-9], 0, "unexpected EOF"},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(dir, row.name)
			require.NoError(t, os.WriteFile(path, row.data, 0o600))
			count := 0
			var err error
			for _, e := range Open(path) {
				if err = e; err == nil {
					count++
				}
			}
			require.Equal(t, row.tests, count)
			if row.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, row.err)
		})
	}
}

func TestForm(t *testing.T) {
	require.Equal(t, "F6.4", Form("/x/F6.4.MOO.gz"))
	require.Equal(t, "00", Form("00.MOO"))
}

func TestMetadata(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metadata.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"cpu":"286","opcodes":{
		"00":{"status":"normal"}, "08":{"flags-mask":65519},
		"C0":{"reg":{"0":{"status":"normal"},"4":{"flags-mask":63471}}}}}`), 0o600))
	m, err := ReadMetadata(path)
	require.NoError(t, err)
	for _, row := range []struct {
		form string
		mask uint16
		ok   bool
	}{
		{"00", 0xffff, true}, {"08", 0xffef, true}, {"C0.0", 0xffff, true}, {"C0.4", 0xf7ef, true},
		{"C0.5", 0, false}, {"C1.0", 0, false}, {"99", 0, false},
	} {
		mask, ok := m.FlagsMask(row.form)
		require.Equal(t, row.ok, ok, row.form)
		require.Equal(t, row.mask, mask, row.form)
	}
	require.NoError(t, os.WriteFile(path, []byte(`{"opcodes":{}}`), 0o600))
	_, err = ReadMetadata(path)
	require.ErrorContains(t, err, "lists no opcodes")
}

// TestSuite reads a spread of the real files.
func TestSuite(t *testing.T) {
	folder := Folder(t)
	meta, err := ReadMetadata(filepath.Join(folder, "metadata.json"))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(folder, "*.MOO.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for i := 0; i < len(files); i += 16 {
		_, ok := meta.FlagsMask(Form(files[i]))
		require.True(t, ok, files[i])
		for test, err := range Open(files[i]) {
			require.NoError(t, err)
			require.Equal(t, byte(0xf4), test.Bytes[len(test.Bytes)-1], "%s test %d", files[i], test.Index)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sampleTest(sampleBYTS, sampleINIT(), sampleFINA(), pack("EXCP", make([]byte, 5))))
	f.Add([]byte("MOO \x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for test, err := range Parse(data) {
			if err == nil && test.Bytes == nil {
				t.Fatal("a test without bytes")
			}
		}
	})
}
