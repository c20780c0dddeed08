package debugger

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for _, r := range []struct {
		text string
		want uint64
	}{
		{"1+2*3", 7}, {"(1+2)*3", 9}, {"10 - 2 - 3", 5}, {"0x1f", 31}, {"1fh", 31}, {"0b101", 5}, {"010", 10}, {"-1", ^uint64(0)}, {"~0 & 0xff", 255},
		{"1 << 4 | 1", 17}, {"7 % 4", 3}, {"1 == 1 && 2 > 1", 1}, {"1 || 1/0", 1}, {"0 && 1/0", 0}, {"3 >= 4", 0}, {"5 != 5", 0}, {"!3", 0}, {"1<2", 1}, {"6&3", 2}, {"6^3", 5},
		{"1 << 70", 0},
	} {
		e, err := Parse(r.text)
		require.NoError(t, err, r.text)
		v, err := e.Eval(nil)
		require.NoError(t, err, r.text)
		require.Equal(t, r.want, v, r.text)
	}
	for text, want := range map[string]string{
		"":                         "is missing",
		"1 +":                      "is missing",
		"(1":                       "a ) is missing",
		"1 2":                      `ends before "2"`,
		"0xg":                      "no number",
		"12z":                      "no number",
		"byte[1":                   "a ] is missing",
		"$":                        "name of a register",
		strings.Repeat("(", 10000): "nested too deeply",
		strings.Repeat("-", 10000): "nested too deeply",
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
	}
	e, err := Parse("1 % 0")
	require.NoError(t, err)
	_, err = e.Eval(nil)
	require.ErrorContains(t, err, "division by zero")
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1+2", "$eax&&byte[p:5]", "0x8:5", "*(a)", "((((", "1fh>>2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { _, _ = Parse(text) })
}
