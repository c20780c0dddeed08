package cpu

import (
	"reflect"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHotOffsets: generated code finds what it touches at these distances from the
// start of a CPU. On hosts of 32 bits there is no such code.
func TestHotOffsets(t *testing.T) {
	if strconv.IntSize != 64 {
		t.Skip("no 64-bit host")
	}
	for name, want := range map[string]uintptr{"R": 0, "EIP": 128, "Flags": 136, "CCOp": 144, "CCRes": 152, "CCSrc": 160, "CCCF": 168,
		"PageBase": 176, "Budget": 184, "End": 192, "LeftBy": 200, "Mid": 204, "Rem": 208, "site": 216, "TLB": 224, "Mode": 232, "AddrMask": 240} {
		at, in := uintptr(0), reflect.TypeOf(CPU{})
		f, ok := in.FieldByName(name)
		require.True(t, ok, name)
		for _, i := range f.Index {
			at += in.Field(i).Offset
			in = in.Field(i).Type
		}
		require.Equal(t, want, at, name)
	}
}
