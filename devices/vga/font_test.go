package vga

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func picture(code byte) string {
	var b strings.Builder
	for _, row := range Font8x16[int(code)*16 : int(code)*16+16] {
		for bit := 7; bit >= 0; bit-- {
			b.WriteByte(".#"[row>>bit&1])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestGlyphsAreDistinct(t *testing.T) {
	seen := map[string]int{}
	for code := range 256 {
		p := picture(byte(code))
		switch code {
		case 0x00, 0x20, 0xff:
			require.NotContains(t, p, "#")
		default:
			require.Contains(t, p, "#", "%#x", code)
			require.NotContains(t, seen, p, "%#x looks like %#x", code, seen[p])
		}
		seen[p] = code
	}
}

func TestSmallFontsAreDistinct(t *testing.T) {
	seen := map[string]int{}
	for code := 0x21; code < 0x7f; code++ {
		p := string(Font8x8[code*8 : code*8+8])
		require.NotContains(t, seen, p, "%c", code)
		seen[p] = code
		require.Equal(t, Font8x16[code*16+1:code*16+15], Font8x14[code*14:code*14+14])
	}
}

func TestBoxDrawing(t *testing.T) {
	rows := []struct {
		name string
		code byte
		want [5]string // rows 5, 6, 8, 10, 11
	}{
		{"single cross", 0xc5, [5]string{"...##...", "...##...", "########", "...##...", "...##..."}},
		{"single corner", 0xda, [5]string{"........", "........", "...#####", "...##...", "...##..."}},
		{"double corner", 0xc9, [5]string{"........", "..######", "..#.....", "..#..###", "..#..#.."}},
		{"double cross", 0xce, [5]string{"..#..#..", "###..###", "........", "###..###", "..#..#.."}},
		{"double left", 0xb9, [5]string{"..#..#..", "###..#..", ".....#..", "###..#..", "..#..#.."}},
		{"double line", 0xcd, [5]string{"........", "########", "........", "########", "........"}},
		{"mixed", 0xd8, [5]string{"...##...", "########", "...##...", "########", "...##..."}},
	}
	for _, row := range rows {
		lines := strings.Split(picture(row.code), "\n")
		got := [5]string{lines[5], lines[6], lines[8], lines[10], lines[11]}
		require.Equal(t, row.want, got, row.name)
	}
}
