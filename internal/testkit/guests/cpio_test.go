package guests

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

type read struct {
	name string
	mode uint64
	data string
	dev  [2]uint64
}

// unpackCPIO reads an archive back, by the kernel's description of the format.
func unpackCPIO(t *testing.T, data []byte) (all []read) {
	t.Helper()
	for {
		require.GreaterOrEqual(t, len(data), 110)
		require.Equal(t, "070701", string(data[:6]))
		var field [13]uint64
		for i := range field {
			v, err := strconv.ParseUint(string(data[6+8*i:14+8*i]), 16, 32)
			require.NoError(t, err)
			field[i] = v
		}
		const mode, fileSize, major, minor, nameSize = 1, 6, 9, 10, 11
		name := string(data[110 : 110+field[nameSize]-1])
		require.Zero(t, data[110+field[nameSize]-1])
		body := (110 + field[nameSize] + 3) &^ 3
		end := body + field[fileSize]
		r := read{name, field[mode], string(data[body:end]), [2]uint64{field[major], field[minor]}}
		data = data[(end+3)&^3:]
		if r.name == "TRAILER!!!" {
			require.Empty(t, data)
			return all
		}
		all = append(all, r)
	}
}

func TestArchive(t *testing.T) {
	files := make(archive)
	files.file("/usr/bin/tool", 0o755, []byte("abcde"))
	files.link("/bin/sh", "busybox")
	files.device("/dev/console", 5, 1)
	files.folder("/proc/")
	var b bytes.Buffer
	require.NoError(t, files.write(&b))
	require.Equal(t, []read{
		{"bin", 0o40755, "", [2]uint64{}},
		{"bin/sh", 0o120777, "busybox", [2]uint64{}},
		{"dev", 0o40755, "", [2]uint64{}},
		{"dev/console", 0o20600, "", [2]uint64{5, 1}},
		{"proc", 0o40755, "", [2]uint64{}},
		{"usr", 0o40755, "", [2]uint64{}},
		{"usr/bin", 0o40755, "", [2]uint64{}},
		{"usr/bin/tool", 0o100755, "abcde", [2]uint64{}},
	}, unpackCPIO(t, b.Bytes()))
	var again bytes.Buffer
	require.NoError(t, files.write(&again))
	require.Equal(t, b.Bytes(), again.Bytes())
}
