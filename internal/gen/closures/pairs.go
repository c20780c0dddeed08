package main

import (
	"bytes"
	"fmt"
	"strings"
)

// kinds are the dword micro-ops that are fused pairwise, chosen by how often
// they run in a Debian boot and in the benchmark's jobs. In the snippets $ stands
// for the prefix of the first or the second of a pair.
var kinds = []struct{ name, setup, body string }{
	{"MovRR", "$d, $s0 := $.r.d, $.r.s0", "*$d = uint64(uint32(*$s0))"},
	{"MovRI", "$d, $v := $.r.d, uint64($.imm)", "*$d = $v"},
	{"MovRB", "$d, $b, $o, $s := $.r.d, $.a.base, $.a.disp, $.s", "va := uint64(uint32(*$b) + $o)\n" + pairLoad("$", 2) + "\n*$d = uint64(v)"},
	{"MovRX", "$d, $b, $i, $c, $o, $s := $.r.d, $.a.base, $.a.index, $.a.scale, $.a.disp, $.s", "va := uint64(uint32(*$b) + uint32(*$i)<<($c&3) + $o)\n" + pairLoad("$", 2) + "\n*$d = uint64(v)"},
	{"MovBR", "$s0, $b, $o, $s := $.r.s0, $.a.base, $.a.disp, $.s", "v, va := uint32(*$s0), uint64(uint32(*$b) + $o)\n" + pairStore("$")},
	{"ZX8B", "$d, $b, $o, $s := $.r.d, $.a.base, $.a.disp, $.s", "va := uint64(uint32(*$b) + $o)\n" + pairLoad("$", 0) + "\n*$d = uint64(v)"},
	{"ZX8R", "$d, $s0, $h := $.r.d, $.r.s0, $.r.s0h", "*$d = *$s0 >> ($h & 8) & 0xff"},
	{"LeaB", "$d, $b, $o := $.r.d, $.a.base, $.a.disp", "*$d = uint64(uint32(*$b) + $o)"},
	{"LeaX", "$d, $b, $i, $c, $o := $.r.d, $.a.base, $.a.index, $.a.scale, $.a.disp", "*$d = uint64(uint32(*$b) + uint32(*$i)<<($c&3) + $o)"},
	{"AddRR", "$d, $s0 := $.r.d, $.r.s0", "*$d = uint64(uint32(*$d) + uint32(*$s0))"},
	{"AddRI", "$d, $v := $.r.d, $.imm", "*$d = uint64(uint32(*$d) + $v)"},
	{"SubRR", "$d, $s0 := $.r.d, $.r.s0", "*$d = uint64(uint32(*$d) - uint32(*$s0))"},
	{"AndRI", "$d, $v := $.r.d, $.imm", "*$d = uint64(uint32(*$d) & $v)"},
	{"XorRR", "$d, $s0 := $.r.d, $.r.s0", "*$d = uint64(uint32(*$d) ^ uint32(*$s0))"},
	{"OrRR", "$d, $s0 := $.r.d, $.r.s0", "*$d = uint64(uint32(*$d) | uint32(*$s0))"},
	{"ShlRI", "$d, $v := $.r.d, $.imm", "*$d = uint64(uint32(*$d) << ($v & 31))"},
	{"ShrRI", "$d, $v := $.r.d, $.imm", "*$d = uint64(uint32(*$d) >> ($v & 31))"},
	{"SarRI", "$d, $v := $.r.d, $.imm", "*$d = uint64(uint32(int32(*$d) >> ($v & 31)))"},
	{"RolRI", "$d, $v := $.r.d, $.imm", "*$d = uint64(bits.RotateLeft32(uint32(*$d), int($v&31)))"},
	{"IMulRR", "$d, $s0 := $.r.d, $.r.s0", "*$d = uint64(uint32(*$d) * uint32(*$s0))"},
	{"AddRRF", "$d, $s0 := $.r.d, $.r.s0", "b := uint32(*$s0)\nr := uint32(*$d) + b\n*$d = uint64(r)\nc.CCOp, c.CCRes, c.CCSrc = cpu.CCAdd|2, uint64(r), uint64(b)"},
	{"AddRIF", "$d, $v := $.r.d, $.imm", "r := uint32(*$d) + $v\n*$d = uint64(r)\nc.CCOp, c.CCRes, c.CCSrc = cpu.CCAdd|2, uint64(r), uint64($v)"},
	{"SubRRF", "$d, $s0 := $.r.d, $.r.s0", "b := uint32(*$s0)\nr := uint32(*$d) - b\n*$d = uint64(r)\nc.CCOp, c.CCRes, c.CCSrc = cpu.CCSub|2, uint64(r), uint64(b)"},
	{"PushR", "$s0, $p, $s := $.r.s0, $.r.sp, $.s", "v, va := uint32(*$s0), uint64(uint32(*$p)-4)\n" + pairStore("$") + "\n*$p = va"},
	{"PopR", "$d, $p, $s := $.r.d, $.r.sp, $.s", "va := *$p\n" + pairLoad("$", 2) + "\n*$p = uint64(uint32(va) + 4)\n*$d = uint64(v)"},
}

func pairLoad(p string, w int) string {
	return strings.ReplaceAll(load("v", w), ", s))", ", "+p+"s))")
}

func pairStore(p string) string {
	return strings.ReplaceAll(store("v", 2), "uint64(v), s)", "uint64(v), "+p+"s)")
}

func pairsFile() {
	var b bytes.Buffer
	b.WriteString(header + "import (\n\"math/bits\"\n\n\"ringzero/cpu\"\n\"ringzero/translator/ir\"\n)\n\n")
	b.WriteString("// The kinds of micro-ops that are fused, by index.\nconst (\n")
	for i, k := range kinds {
		if i == 0 {
			fmt.Fprintf(&b, "kind%s = iota\n", k.name)
		} else {
			fmt.Fprintf(&b, "kind%s\n", k.name)
		}
	}
	b.WriteString("numKinds\n)\n\n")
	put := func(s, p string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "$.", p+"."), "$", p) }
	for _, first := range kinds {
		for _, second := range kinds {
			fmt.Fprintf(&b, "func pair%s%s(p, q *packed) ir.Fn {\n%s\n%s\nreturn func(c *cpu.CPU) {\n{\n%s\n}\n{\n%s\n}\n}\n}\n\n",
				first.name, second.name, put(first.setup, "p"), put(second.setup, "q"), put(first.body, "p"), put(second.body, "q"))
		}
	}
	b.WriteString("var pairs = [numKinds][numKinds]func(p, q *packed) ir.Fn{\n")
	for _, first := range kinds {
		b.WriteString("{")
		for _, second := range kinds {
			fmt.Fprintf(&b, "pair%s%s,", first.name, second.name)
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
	write("zz_pairs.go", &b)
}
