package softfloat

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Condition codes of the status word.
const (
	c0 = 0x100
	c1 = 0x200
	c2 = 0x400
	c3 = 0x4000
)

// row is a line of testdata/silicon.txt; its head says what the fields are.
type row struct {
	line string
	op   string
	env  Env
	args []F80
	mem  []byte
	want []string
	sw   uint16
}

func parseRow(t *testing.T, line string) row {
	left, right, ok := strings.Cut(line, " = ")
	require.True(t, ok, line)
	in, out := strings.Fields(left), strings.Fields(right)
	cw, err := strconv.ParseUint(in[1], 16, 16)
	require.NoError(t, err, line)
	sw, err := strconv.ParseUint(out[len(out)-1], 16, 16)
	require.NoError(t, err, line)
	r := row{line: line, op: in[0], want: out[:len(out)-1], sw: uint16(sw)}
	r.env = Env{RC: uint8(cw >> 10 & 3), PC: uint8(cw >> 8 & 3), Masks: uint8(cw & 63)}
	for _, s := range in[2:] {
		if s == "-" {
			continue
		}
		if !strings.Contains(s, ":") {
			r.mem, err = hex.DecodeString(s)
			require.NoError(t, err, line)
			continue
		}
		r.args = append(r.args, parseF80(t, s))
	}
	return r
}

func parseF80(t *testing.T, s string) F80 {
	var f F80
	_, err := fmt.Sscanf(s, "%04x:%016x", &f.SE, &f.Mant)
	require.NoError(t, err, s)
	return f
}

// answer is what an instruction leaves.
type answer struct {
	regs []F80
	mem  []byte
	cc   uint16
}

func regs(f ...F80) answer { return answer{regs: f} }

func stored(size int, v uint64) answer {
	return answer{mem: binary.LittleEndian.AppendUint64(nil, v)[:size]}
}

func compared(c int) answer {
	return answer{cc: map[int]uint16{-1: c0, 0: c3, 1: 0, Unordered: c0 | c2 | c3}[c]}
}

func remainder(r F80, q uint8, partial bool) answer {
	a := regs(r)
	a.cc = uint16(q>>2&1)*c0 | uint16(q>>1&1)*c3 | uint16(q&1)*c1
	if partial {
		a.cc |= c2
	}
	return a
}

func trig(out bool, f ...F80) answer {
	if out {
		return answer{cc: c2}
	}
	return regs(f...)
}

// execute runs a row's instruction as the cpu would.
func execute(e *Env, r row) answer {
	arg := func(i int) F80 { return r.args[i] }
	switch r.op {
	case "fadd":
		return regs(e.Add(arg(0), arg(1)))
	case "fsub":
		return regs(e.Sub(arg(0), arg(1)))
	case "fmul":
		return regs(e.Mul(arg(0), arg(1)))
	case "fdiv":
		return regs(e.Div(arg(0), arg(1)))
	case "fsqrt":
		return regs(e.Sqrt(arg(0)))
	case "frndint":
		return regs(e.RoundInt(arg(0)))
	case "fprem", "fprem1":
		return remainder(e.Rem(arg(0), arg(1), r.op == "fprem1"))
	case "fscale":
		return regs(e.Scale(arg(0), arg(1)))
	case "fxtract":
		exp, sig := e.Extract(arg(0))
		return regs(sig, exp)
	case "fcom", "fucom":
		return compared(e.Compare(arg(0), arg(1), r.op == "fucom"))
	case "fld32":
		return regs(e.FromF32(binary.LittleEndian.Uint32(r.mem)))
	case "fld64":
		return regs(e.FromF64(binary.LittleEndian.Uint64(r.mem)))
	case "fst32":
		return stored(4, uint64(e.ToF32(arg(0))))
	case "fst64":
		return stored(8, e.ToF64(arg(0)))
	case "fist16", "fistt16":
		return stored(2, uint64(e.ToInt(arg(0), 16, r.op == "fistt16")))
	case "fist32", "fistt32":
		return stored(4, uint64(e.ToInt(arg(0), 32, r.op == "fistt32")))
	case "fist64", "fistt64":
		return stored(8, uint64(e.ToInt(arg(0), 64, r.op == "fistt64")))
	case "fbld":
		return regs(e.FromBCD([10]byte(r.mem)))
	case "fbstp":
		b := e.ToBCD(arg(0))
		return answer{mem: b[:]}
	}
	return executeTranscendental(e, r)
}

func executeTranscendental(e *Env, r row) answer {
	switch r.op {
	case "f2xm1":
		return regs(e.F2XM1(r.args[0]))
	case "fyl2x":
		return regs(e.FYL2X(r.args[0], r.args[1]))
	case "fyl2xp1":
		return regs(e.FYL2XP1(r.args[0], r.args[1]))
	case "fpatan":
		return regs(e.FPATAN(r.args[1], r.args[0]))
	case "fsin":
		f, out := e.FSIN(r.args[0])
		return trig(out, f)
	case "fcos":
		f, out := e.FCOS(r.args[0])
		return trig(out, f)
	case "fptan":
		f, out := e.FPTAN(r.args[0])
		top := One
		if f.IsNaN() {
			top = f
		}
		return trig(out, top, f)
	case "fsincos":
		sin, cos, out := e.FSINCOS(r.args[0])
		return trig(out, cos, sin)
	case "fldl2t":
		return regs(e.ConstL2T())
	case "fldl2e":
		return regs(e.ConstL2E())
	case "fldpi":
		return regs(e.ConstPI())
	case "fldlg2":
		return regs(e.ConstLG2())
	case "fldln2":
		return regs(e.ConstLN2())
	}
	panic("BUG: no such row: " + r.op)
}

// approximate are the operations whose last bit is the maker's.
var approximate = map[string]bool{
	"f2xm1": true, "fyl2x": true, "fyl2xp1": true, "fpatan": true,
	"fsin": true, "fcos": true, "fptan": true, "fsincos": true,
}

// ulps is how many numbers of the format b is away from a, both of one sign.
func ulps(a, b F80) uint64 {
	// With the integer bit dropped, exponent and fraction count up together.
	index := func(f F80) (hi, lo uint64) {
		f = f.canonical()
		return uint64(f.SE & expMask), f.Mant &^ intBit
	}
	ah, al := index(a)
	bh, bl := index(b)
	if ah > bh || ah == bh && al > bl {
		ah, al, bh, bl = bh, bl, ah, al
	}
	switch bh - ah {
	case 0:
		return bl - al
	case 1:
		return bl + intBit - al
	}
	return ^uint64(0)
}

func TestAgainstSilicon(t *testing.T) {
	f, err := os.Open("testdata/silicon.txt")
	require.NoError(t, err)
	defer f.Close()
	rows := map[string][]row{}
	var order []string
	for s := bufio.NewScanner(f); s.Scan(); {
		if s.Text() == "" || s.Text()[0] == '#' {
			continue
		}
		r := parseRow(t, s.Text())
		if rows[r.op] == nil {
			order = append(order, r.op)
		}
		rows[r.op] = append(rows[r.op], r)
	}
	require.Len(t, order, 37)
	for _, op := range order {
		t.Run(op, func(t *testing.T) {
			for _, r := range rows[op] {
				checkRow(t, r)
			}
		})
	}
}

func checkRow(t *testing.T, r row) {
	e := r.env
	got := execute(&e, r)
	sw := uint16(e.Flags) | got.cc
	if e.C1 && !approximate[r.op] {
		sw |= c1
	}
	require.Equal(t, r.sw, sw, "%s: got status %04x", r.line, sw)
	if r.want[0] == "-" {
		return
	}
	if got.mem != nil {
		require.Equal(t, r.want[0], hex.EncodeToString(got.mem), r.line)
		return
	}
	require.Len(t, got.regs, len(r.want), r.line)
	for i, w := range r.want {
		want := parseF80(t, w)
		if !approximate[r.op] || want.IsNaN() {
			require.Equal(t, want, got.regs[i], "%s: got %04x:%016x", r.line, got.regs[i].SE, got.regs[i].Mant)
			continue
		}
		require.Equal(t, want.Sign(), got.regs[i].Sign(), r.line)
		require.LessOrEqual(t, ulps(want, got.regs[i]), uint64(1), "%s: got %04x:%016x", r.line, got.regs[i].SE, got.regs[i].Mant)
	}
}
