package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ringzero/cpu/softfloat"
	"ringzero/decoder"
	"ringzero/x86"
)

// x87Cases makes random x87 instructions on random states.
type x87Cases struct{ *rand.Rand }

// special are the encodings at the edges of the classes.
var special = [...]softfloat.F80{
	{}, {SE: 0x8000}, {Mant: 1 << 63, SE: 0x3fff}, {Mant: 1 << 63, SE: 0xbfff}, {Mant: 1 << 63, SE: 0x7fff}, {Mant: 1 << 63, SE: 0xffff},
	{Mant: 3 << 62, SE: 0xffff}, {Mant: 3 << 62, SE: 0x7fff}, {Mant: 1<<63 | 1, SE: 0x7fff}, {Mant: ^uint64(0) >> 1, SE: 0x7fff},
	{Mant: 1 << 62, SE: 0x7fff}, {Mant: 0, SE: 0x7fff}, {Mant: 0, SE: 0xffff}, {Mant: 1, SE: 0}, {Mant: 1 << 63, SE: 0},
	{Mant: 1 << 63, SE: 0x8000}, {Mant: ^uint64(0), SE: 0}, {Mant: ^uint64(0) >> 1, SE: 0x8000}, {Mant: 0, SE: 0x3fff},
	{Mant: 1 << 62, SE: 0x3fff}, {Mant: 1, SE: 1}, {Mant: 1 << 63, SE: 1}, {Mant: ^uint64(0), SE: 0x7ffe},
	{Mant: 0xc90fdaa22168c235, SE: 0x4000}, {Mant: 0xc90fdaa22168c234, SE: 0x3ffe}, {Mant: 0xb504f333f9de6485, SE: 0x3fff},
}

// number is a value of any kind.
func (r x87Cases) number() softfloat.F80 {
	m, sign := r.Uint64(), uint16(r.Uint32())&0x8000
	switch r.IntN(12) {
	case 0:
		return special[r.IntN(len(special))]
	case 1:
		return softfloat.F80{Mant: m, SE: uint16(r.Uint32())}
	case 2: // a denormal or pseudo-denormal
		return softfloat.F80{Mant: m>>r.IntN(64) | m&1<<63, SE: sign}
	case 3: // of any exponent
		return softfloat.F80{Mant: m | 1<<63, SE: uint16(r.Uint32())}
	case 4: // a small integer
		e := softfloat.Env{}
		return e.FromInt64(r.Int64N(200) - 100)
	case 5: // an integer
		e := softfloat.Env{}
		return e.FromInt64(int64(m) >> r.IntN(64))
	case 6: // unsupported
		return softfloat.F80{Mant: m &^ (1 << 63), SE: sign | uint16(1+r.IntN(0x7fff))}
	case 7: // near the ends of the exponent
		return softfloat.F80{Mant: m | 1<<63, SE: sign | uint16(1+r.IntN(70))}
	case 8:
		return softfloat.F80{Mant: m | 1<<63, SE: sign | uint16(0x7ffe-r.IntN(70))}
	case 9: // few bits
		return softfloat.F80{Mant: m&(7<<60) | 1<<63, SE: sign | uint16(0x3ff0+r.IntN(32))}
	}
	return softfloat.F80{Mant: m | 1<<63, SE: sign | uint16(0x3fff-40+r.IntN(80))}
}

// one is a case.
func (r x87Cases) one() (n nativeRecord) {
	for {
		op, modrm := byte(0xd8+r.IntN(8)), byte(r.IntN(64))
		if r.IntN(3) == 0 {
			op, modrm = 0xd9, byte(0x20+r.IntN(32)) // the functions
		}
		if r.IntN(4) == 0 {
			modrm = modrm&0x38 | 6 // [rSI]
			if env := modrm >> 3; op == 0xd9 && env != 7 && env >= 4 || op == 0xdd && (env == 4 || env >= 6) {
				continue // an environment holds addresses
			}
		} else {
			modrm |= 0xc0
		}
		var in decoder.Inst
		if decoder.Decode([]byte{op, modrm, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}, decoder.Code32, &in) != decoder.OK || Calls[in.Op].Do == nil {
			continue
		}
		n.code(op, modrm)
		break
	}
	for i := range n.R {
		n.R[i] = r.Uint64() & 0xffffffff
	}
	n.R[x86.SI] = nativeWindow
	n.Flags = nativeFlags | r.Uint64()&x86.Arith
	cw := uint32(0x7f)
	if r.IntN(3) == 0 {
		cw = r.Uint32() & 0x7f
	}
	if r.IntN(2) == 0 {
		cw |= r.Uint32() & 0x1f00
	} else {
		cw |= 0x300
	}
	sw := r.Uint32() & 0x7f00
	if r.IntN(3) == 0 {
		sw |= r.Uint32() & 0x7f
	}
	if r.IntN(20) != 0 { // seldom a pending exception
		sw &= cw&0x3f | 0x7f40
	}
	tags := uint32(0)
	if r.IntN(5) == 0 {
		tags = r.Uint32()
	}
	if r.IntN(2) == 0 {
		// Room for one more, so that pushes go on: the register below the top.
		tags |= 3 << (((sw>>11 + 7) & 7) * 2)
	}
	n.Env = [7]uint32{cw, sw, tags & 0xffff}
	for i := range n.ST {
		putF80(n.ST[i][:], r.number())
	}
	if r.IntN(4) == 0 { // exponents that are close
		a, b := f80Of(n.ST[0][:]), f80Of(n.ST[1][:])
		b.SE = b.SE&0x8000 | (a.SE+uint16(r.IntN(130)-65))&0x7fff
		putF80(n.ST[1][:], b)
	}
	for i := range 8 {
		n.Mem[i], n.Mem[i+8] = byte(r.Uint32()), byte(r.Uint32())
	}
	switch r.IntN(6) {
	case 0, 1:
		putF80(n.Mem[:], r.number())
	case 2: // a denormal, infinity or NaN of 4 or 8 bytes
		n.Mem[3] = n.Mem[3]&0x80 | byte(r.IntN(2))*0x7f
		n.Mem[2] = n.Mem[2]&0x7f | byte(r.IntN(2))*0x80
		n.Mem[7], n.Mem[6] = n.Mem[3], n.Mem[2]|byte(r.IntN(2))*0x70
	case 3: // a zero or nearly
		copy(n.Mem[:10], make([]byte, 9))
	}
	return n
}

// ours runs a case and gives the answer in the native form.
func (b *fpuBench) ours(n nativeRecord) nativeRecord {
	f := &b.FPU
	f.reset()
	f.CW = uint16(n.Env[0])&cwBits | cwOne
	f.setTagWord(uint16(n.Env[2]))
	f.setStatus(uint16(n.Env[1]))
	for i := range uint8(8) {
		f.ST[f.reg(i)] = f80Of(n.ST[i][:])
	}
	b.Flags, b.CCOp = n.Flags, CCFlags
	b.R = [16]uint64(append(n.R[:], make([]uint64, 16-len(n.R))...))
	b.R[x86.SI] = fpuData
	b.Mem.Write(fpuData, n.Mem[:])
	exc := b.run(n.Code[:2]...)
	vector := nativeNoTrap
	if exc != nil {
		vector = uint64(exc.Vector)
	}
	n.Env = [7]uint32{uint32(f.CW), uint32(f.status()), uint32(f.tagWord())}
	for i := range uint8(8) {
		putF80(n.ST[i][:], f.ST[f.reg(i)])
	}
	copy(n.R[:], b.R[:8])
	n.R[x86.SI] = nativeWindow
	n.Flags = b.EFLAGS()
	b.Mem.Read(fpuData, n.Mem[:])
	n.Code = [32]byte{}
	for i := range 8 {
		n.Code[i] = byte(vector >> (8 * i))
	}
	return n
}

// differ says in words what two answers disagree in.
func differ(want, got *nativeRecord) (kinds []string) {
	add := func(is bool, kind string) {
		if is {
			kinds = append(kinds, kind)
		}
	}
	ws, gs := want.Env[1]&0xffff, got.Env[1]&0xffff
	add(want.vector() != got.vector(), "vector")
	add((want.Env[0]^got.Env[0])&0xffff != 0, "CW")
	for bit, name := range map[uint32]string{1: "IE", 2: "DE", 4: "ZE", 8: "OE", 16: "UE", 32: "PE", swSF: "SF", swES: "ES", swC0: "C0", swC1: "C1", swC2: "C2", swC3: "C3", swTop: "TOP"} {
		add((ws^gs)&bit != 0, name)
	}
	add((want.Env[2]^got.Env[2])&0xffff != 0, "tags")
	add(want.R != got.R, "registers")
	add((want.Flags^got.Flags)&x86.Arith != 0, "flags")
	add(want.Mem != got.Mem, "memory")
	for i := range want.ST {
		a, b := f80Of(want.ST[i][:]), f80Of(got.ST[i][:])
		switch {
		case a == b:
		case a.SE == b.SE && (a.Mant-b.Mant == 1 || b.Mant-a.Mant == 1), besides(a, b), besides(b, a):
			add(true, "last bit")
		default:
			add(true, fmt.Sprintf("ST(%d)", i))
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// besides tells whether b is the number below a, the least of its exponent.
func besides(a, b softfloat.F80) bool {
	return a.SE == b.SE+1 && a.Mant == 1<<63 && b.Mant == ^uint64(0)
}

// makersOwn are the operations of which the last bit, and C1 with it, is the
// maker's own.
var makersOwn = [...]decoder.Op{decoder.F2XM1, decoder.FYL2X, decoder.FYL2XP1, decoder.FPATAN, decoder.FSIN, decoder.FCOS, decoder.FPTAN, decoder.FSINCOS}

// TestX87Native compares with the host's processor, which is to be one of AMD's:
// results, status, tags, memory and faults. All must agree but the last bit of
// the transcendental functions; how often that differs is in the log.
func TestX87Native(t *testing.T) {
	count := nativeCount(t)
	r := x87Cases{rand.New(rand.NewPCG(87, 1))}
	cases := make([]nativeRecord, count)
	for i := range cases {
		cases[i] = r.one()
	}
	b := newFPUBench(t)
	of, seen := map[string]int{}, map[string]int{}
	wrong := 0
	for i, want := range native(t, cases) {
		var in decoder.Inst
		decoder.Decode(cases[i].Code[:], decoder.Code32, &in)
		of[in.Op.String()]++
		got := b.ours(cases[i])
		kinds := differ(&want, &got)
		if len(kinds) == 0 {
			continue
		}
		last := !slices.ContainsFunc(kinds, func(k string) bool { return k != "C1" && k != "last bit" })
		if last && slices.Contains(makersOwn[:], in.Op) {
			seen[in.Op.String()]++
			continue
		}
		if wrong++; wrong <= 20 {
			t.Errorf("%v: %s\n%s", in.Op, strings.Join(kinds, ", "), describe(&cases[i], &want, &got))
		}
	}
	for _, op := range makersOwn {
		t.Logf("%-8v %d of %d differ in the last bit or C1", op, seen[op.String()], of[op.String()])
	}
	t.Logf("%d of %d differ otherwise", wrong, count)
}

func describe(in, want, got *nativeRecord) string {
	var s strings.Builder
	fmt.Fprintf(&s, "    %x cw %04x", in.Code[:2], in.Env[0])
	for i, n := range []*nativeRecord{in, want, got} {
		fmt.Fprintf(&s, "\n      %s sw %04x tags %04x st", []string{"in  ", "want", "got "}[i], n.Env[1]&0xffff, n.Env[2]&0xffff)
		for j := range 3 {
			v := f80Of(n.ST[j][:])
			fmt.Fprintf(&s, " %04x:%016x", v.SE, v.Mant)
		}
		fmt.Fprintf(&s, " mem %x", n.Mem[:10])
		if i > 0 {
			fmt.Fprintf(&s, " trap %d", int64(n.vector()))
		}
	}
	return s.String()
}
