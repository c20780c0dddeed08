package translator

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/translator/cache"
	"ringzero/translator/closure"
	"ringzero/translator/ir"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	flat32 = cpu.ModeCode32 | cpu.ModeStack32 | cpu.ModePE | cpu.ModeFlatCS | cpu.ModeFlatDS | cpu.ModeFlatES | cpu.ModeFlatSS
	seg32  = cpu.ModeCode32 | cpu.ModeStack32 | cpu.ModePE
	real16 = 0
)

func newEngine(t testing.TB) *Engine {
	model, err := cpu.ModelByName("max")
	require.NoError(t, err)
	mem, err := bus.NewMemory(1 << 20)
	require.NoError(t, err)
	t.Cleanup(mem.Close)
	return New(cpu.New(model, mem, bus.NewPorts()), Config{})
}

// lower makes a block of the given instructions: its micro-ops after the
// analysis, and the block as the backend made it.
func lower(t testing.TB, e *Engine, mode uint32, code string) (ir.Code, *cache.Block) {
	raw, err := hex.DecodeString(strings.ReplaceAll(code, " ", ""))
	require.NoError(t, err)
	b := &cache.Block{Key: cache.Key{Mode: mode}}
	bits := decoder.Code16
	if mode&cpu.ModeCode32 != 0 {
		bits = decoder.Code32
	}
	for len(raw) > 0 {
		var in decoder.Inst
		require.Equal(t, decoder.OK, decoder.Decode(raw, bits, &in), "%s at %x", code, raw)
		b.Insts = append(b.Insts, in)
		raw = raw[in.Len:]
	}
	l := *e.lowerAll(b, 0)
	l.Uops, l.Exits = slices.Clone(l.Uops), slices.Clone(l.Exits)
	e.compile(b, 0)
	return l, b
}

// TestLowering pins the micro-ops of each sequence of testdata/lowering.txt and
// the closures that they became. `go test ./translator -run Lowering -update`
// writes it anew from the lines that begin with a mode.
func TestLowering(t *testing.T) {
	const file = "testdata/lowering.txt"
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	modes := map[string]uint32{"flat32": flat32, "seg32": seg32, "real16": real16}
	e := newEngine(t)
	var out strings.Builder
	n := 0
	for line := range strings.SplitSeq(string(want), "\n") {
		if strings.HasPrefix(line, "#") {
			fmt.Fprintln(&out, line)
			continue
		}
		name, code, ok := strings.Cut(line, " ")
		mode, known := modes[name]
		if !ok || !known {
			continue
		}
		n++
		fmt.Fprintf(&out, "%s %s\n", name, code)
		l, b := lower(t, e, mode, code)
		uops := l.Uops
		made := b.Code.(*closure.Block)
		sites := made.Sites
		for i := range uops {
			u := &uops[i]
			if i == 0 || u.Inst != uops[i-1].Inst {
				fmt.Fprintf(&out, "    %s\n", b.Insts[u.Inst].Text(uint64(sites[u.Inst].Off)))
			}
			fmt.Fprintf(&out, "        %s\n", u)
		}
		fmt.Fprintf(&out, "    exits: %s\n", strings.Trim(fmt.Sprint(l.Exits), "[]"))
		fmt.Fprintf(&out, "    %d instructions, %d micro-ops, %d closures\n", len(b.Insts), made.Uops, made.Calls)
	}
	var all Stats
	for _, code := range kernelLike {
		_, b := lower(t, e, flat32, code)
		all.Instructions += uint64(len(b.Insts))
		all.Uops += uint64(b.Code.(*closure.Block).Uops)
		all.Calls += uint64(b.Code.(*closure.Block).Calls)
	}
	fmt.Fprintf(&out, "code as compilers make it (kernelLike): %d instructions, %d micro-ops, %d closures\n", all.Instructions, all.Uops, all.Calls)
	require.GreaterOrEqual(t, n, 80)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(out.String()), 0o644))
		return
	}
	require.Equal(t, string(want), out.String(), "run with -update if the change is meant")
}

// TestLiveness says by name what may be dropped and what not. live are the
// flags that the first micro-op must leave right.
func TestLiveness(t *testing.T) {
	const all, none, notC = "OSZAPC", "-", "OSZAP"
	e := newEngine(t)
	for _, r := range []struct{ name, code, live string }{
		{"killed by the next", "01c8 01d3", none},
		{"at the end of the block", "01c8", all},
		{"before a load that can fault", "01c8 8b03 01d3", all},
		{"before a store that can fault", "01c8 8903 01d3", all},
		{"before a push that can fault", "01c8 50 01d3", all},
		{"the killer is itself a load", "01c8 0303", all},
		{"MOV, LEA and NOT keep flags and fault not", "01c8 89c8 8d4104 f7d0 01d3", none},
		{"before a call-out", "01c8 0fa2 01d3", all},
		{"read by ADC: all its flags in one lazy result", "01c8 11d3", "C"},
		{"INC keeps CF", "01c8 40", "C"},
		{"INC then a killer", "01c8 40 01d3", none},
		{"DEC keeps CF for ADC", "01c8 48 11d3", "C"},
		{"before a shift by CL, which may do nothing", "01c8 d3e0", all},
		{"before a shift by CL whose own flags are dead", "01c8 d3e0 01d3", all},
		{"before a shift by an immediate", "01c8 c1e004", none},
		{"before a shift by zero", "01c8 c1e000", all},
		{"ROL writes CF and OF only", "01c8 c1c004", all},
		{"read by SETcc", "01c8 0f94c0 01d3", "Z"},
		{"read by CMOVcc", "01c8 0f4cc1 01d3", "OS"},
		{"read by Jcc", "01c8 7400", all},
		{"cmp and Jcc", "39c8 7400", all},
		{"before a jump", "01c8 eb00", all},
		{"IMUL kills", "01c8 0fafc1", none},
		{"SHLD by zero keeps", "01c8 0fa4c800", all},
	} {
		t.Run(r.name, func(t *testing.T) {
			l, _ := lower(t, e, flat32, r.code)
			require.Equal(t, r.live, ir.FlagText(l.Uops[0].Live))
		})
	}
	l, _ := lower(t, e, flat32, "40 01d3")
	require.Equal(t, none, ir.FlagText(l.Uops[0].Live), "INC, killed")
	l, _ = lower(t, e, flat32, "40")
	require.Equal(t, notC, ir.FlagText(l.Uops[0].Live), "INC has no CF of its own")
}

// kernelLike is what compilers make of C: prologues, list walks, flag tests,
// copies, calls, bit fields, all from code of the usual shapes.
var kernelLike = []string{
	"55 89e5 57 56 53 83ec1c 8b5d08 85db 7405",
	"8b4310 8b5314 39d0 7302",
	"8b03 8b5304 894204 8910 c70300010000 c7430400020000",
	"83c41c 5b 5e 5f 5d c3",
	"0fb606 46 3c20 74f8",
	"0fb64303 83e00f 83f804 7702",
	"8b4508 c1e80c 25ff030000 8d0485000000c0 8b00 a801 7403",
	"89d8 e800000000",
	"6a01 6800100000 ff7508 e800000000",
	"31c0 83c410 5b c3",
	"8b0c90 01c8 42 39f2 7cf6",
	"f6430801 7404",
	"8d4420 01 c1e202 29d0 890424 e800000000",
	"66 8b4702 0fb7c0 3dff7f0000 7f02",
	"807b1c00 7502",
	"8b7b04 8b4b0c 01cf 894b10 897b14 eb00",
	"89c1 83e11f ba01000000 d3e2 095304 c3",
	"ff4304 8b4304 3b4308 7202",
	"8b542404 8b4c2408 8a01 8802 41 42 84c0 75f6",
	"8b4608 83c0ff 894608 7500",
	"50 51 52 b801000000 5a 59 58 c3",
	"85c0 0f95c0 0fb6c0 c3",
	"39c8 0f4cc1 c3",
}

// TestCost bounds what an instruction of such code costs: micro-ops, and
// closure calls.
func TestCost(t *testing.T) {
	e := newEngine(t)
	var s Stats
	for _, code := range kernelLike {
		_, b := lower(t, e, flat32, strings.ReplaceAll(code, "8d4420 01", "8d442001"))
		s.Instructions += uint64(len(b.Insts))
		s.Uops += uint64(b.Code.(*closure.Block).Uops)
		s.Calls += uint64(b.Code.(*closure.Block).Calls)
	}
	uops, calls := float64(s.Uops)/float64(s.Instructions), float64(s.Calls)/float64(s.Instructions)
	t.Logf("%d instructions: %.2f micro-ops, %.2f closures each", s.Instructions, uops, calls)
	require.Less(t, uops, 1.2)
	require.Less(t, calls, 0.9)
}

func BenchmarkTranslate(b *testing.B) {
	e := newEngine(b)
	blocks := 0
	for b.Loop() {
		for _, code := range kernelLike[:8] {
			raw, _ := hex.DecodeString(strings.ReplaceAll(code, " ", ""))
			blk := &cache.Block{Key: cache.Key{Mode: flat32}}
			for len(raw) > 0 {
				var in decoder.Inst
				decoder.Decode(raw, decoder.Code32, &in)
				blk.Insts = append(blk.Insts, in)
				raw = raw[in.Len:]
			}
			e.compile(blk, 0)
			blocks++
		}
	}
	b.ReportMetric(float64(blocks)/b.Elapsed().Seconds(), "blocks/s")
}
