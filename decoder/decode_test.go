package decoder

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func dec(t *testing.T, mode Mode, s string) (Inst, Status) {
	t.Helper()
	code, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	var in Inst
	st := Decode(code, mode, &in)
	return in, st
}

func TestSmoke(t *testing.T) {
	for _, s := range []string{"90", "83c0ff", "b8ffffffff", "0f0100", "d8c1", "8d4424f0"} {
		in, st := dec(t, Mode32, s)
		t.Logf("%s %v %v len %d %+v", s, st, in.Op, in.Len, in)
		require.Equal(t, OK, st)
		require.Equal(t, len(s)/2, int(in.Len))
	}
}
