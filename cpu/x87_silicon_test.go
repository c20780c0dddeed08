package cpu

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/cpu/softfloat"
	"ringzero/x86"
)

// siliconRow is a line of testdata/x87_silicon.txt, whose head says what the
// fields are.
type siliconRow struct {
	code   []byte
	cw, sw uint16
	tags   uint8
	regs   [8]softfloat.F80
	mem    []byte
	flags  uint64
	want   string
}

func parseSilicon(t *testing.T, line string, palette map[string]softfloat.F80) siliconRow {
	left, want, ok := strings.Cut(line, " = ")
	require.True(t, ok, line)
	in := strings.Fields(left)
	require.Len(t, in, 7, line)
	number := func(s string) uint64 {
		v, err := strconv.ParseUint(s, 16, 64)
		require.NoError(t, err, line)
		return v
	}
	r := siliconRow{cw: uint16(number(in[1])), sw: uint16(number(in[2])), tags: uint8(number(in[3])),
		flags: number(in[6]), want: want}
	var err error
	r.code, err = hex.DecodeString(in[0])
	require.NoError(t, err, line)
	for i := range r.regs {
		r.regs[i] = palette[in[4][2*i:2*i+2]]
	}
	if in[5] != "-" {
		r.mem, err = hex.DecodeString(in[5])
		require.NoError(t, err, line)
	}
	return r
}

const siliconEAX = 0x12345678

// outcome runs a row and writes the outcome down as the file does.
func (r *siliconRow) outcome(b *fpuBench, names map[softfloat.F80]string) string {
	f := &b.FPU
	f.reset()
	f.setControl(r.cw)
	f.setStatus(r.sw)
	f.ST, f.Tags = r.regs, r.tags
	b.Flags, b.CCOp = x86.F1|r.flags, CCFlags
	b.R[x86.AX], b.R[x86.SI] = siliconEAX, fpuData
	var before, after [64]byte
	copy(before[:], r.mem)
	b.Mem.Write(fpuData, before[:])
	if exc := b.run(r.code...); exc != nil {
		return exc.Error()
	}
	var s strings.Builder
	if f.CW != r.cw {
		fmt.Fprintf(&s, "cw%04x ", f.CW)
	}
	fmt.Fprintf(&s, "%04x %04x", f.status(), f.tagWord())
	for i, v := range f.ST {
		if v == r.regs[i] {
			continue
		}
		name, ok := names[v]
		if !ok {
			name = fmt.Sprintf("%04x:%016x", v.SE, v.Mant)
		}
		fmt.Fprintf(&s, " r%d=%s", i, name)
	}
	b.Mem.Read(fpuData, after[:])
	if after != before {
		n := len(r.mem)
		for i := range after {
			if after[i] != before[i] {
				n = max(n, i+1)
			}
		}
		fmt.Fprintf(&s, " m=%x", after[:n])
	}
	if got := b.EFLAGS() & x86.Arith; got != r.flags {
		fmt.Fprintf(&s, " f=%03x", got)
	}
	if a := b.R[x86.AX]; a != siliconEAX {
		fmt.Fprintf(&s, " a=%08x", a)
	}
	return s.String()
}

// TestX87Silicon wants from each instruction what a real processor left: all
// registers, tags, status, flags and memory.
func TestX87Silicon(t *testing.T) {
	file, err := os.Open("testdata/x87_silicon.txt")
	require.NoError(t, err)
	defer file.Close()
	b := newFPUBench(t)
	palette := map[string]softfloat.F80{}
	names := map[softfloat.F80]string{}
	rows, failed := 0, 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "@") {
			var v softfloat.F80
			_, err := fmt.Sscanf(line[4:], "%04x:%016x", &v.SE, &v.Mant)
			require.NoError(t, err, line)
			palette[line[1:3]] = v
			if _, ok := names[v]; !ok {
				names[v] = line[:3]
			}
			continue
		}
		r := parseSilicon(t, line, palette)
		rows++
		if got := r.outcome(b, names); got != r.want {
			if failed++; failed <= 20 {
				t.Errorf("%s\n  got %s", line, got)
			}
		}
	}
	require.Greater(t, rows, 4000)
	require.Zero(t, failed, "of %d rows", rows)
}
