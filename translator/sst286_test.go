package translator_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/internal/testkit/moo"
	"ringzero/translator"
	"ringzero/x86"
)

// board is a processor with memory and ports, without devices.
type board struct {
	cpu    *cpu.CPU
	mem    *bus.Memory
	engine *translator.Engine
	wrote  map[uint64]bool // offsets of written bytes
}

func newBoard(t testing.TB, conf translator.Config) *board {
	model, err := cpu.ModelByName("max")
	require.NoError(t, err)
	mem, err := bus.NewMemory(2 << 20)
	require.NoError(t, err)
	t.Cleanup(mem.Close)
	b := &board{mem: mem, cpu: cpu.New(model, mem, bus.NewPorts()), wrote: map[uint64]bool{}}
	b.engine = translator.New(b.cpu, conf)
	mem.Own(bus.Watched, func(page uint64, off, n int) bool {
		for i := range n {
			b.wrote[page<<bus.PageShift+uint64(off+i)] = true
		}
		return true
	})
	for page := range mem.Size() >> bus.PageShift {
		mem.SetMark(page, bus.Watched)
	}
	return b
}

// mooRegs is the order of the suite's registers.
var mooSegs = map[int]int{moo.CS: x86.CS, moo.SS: x86.SS, moo.DS: x86.DS, moo.ES: x86.ES}
var mooGPRs = map[int]int{moo.AX: x86.AX, moo.BX: x86.BX, moo.CX: x86.CX, moo.DX: x86.DX, moo.SP: x86.SP,
	moo.BP: x86.BP, moo.SI: x86.SI, moo.DI: x86.DI}

func (b *board) exec(init moo.State) (moo.State, error) {
	legal := init
	if unlock(&legal) {
		if out, _ := b.run(init, 1); b.cpu.Faults.N != 1 || b.cpu.Faults.Last[0].Exc.Vector != x86.VecUD {
			return out, errors.New("LOCK was not refused")
		}
	}
	out, err := b.run(legal, 140000)
	for i, m := range legal.RAM {
		for j := range out.RAM { // the replaced prefix itself
			if m != init.RAM[i] && out.RAM[j] == m {
				out.RAM[j] = init.RAM[i]
			}
		}
	}
	return out, err
}

// run executes at most steps steps, to the first HLT.
func (b *board) run(init moo.State, steps int64) (moo.State, error) {
	c := b.cpu
	for _, m := range init.RAM {
		b.mem.Write(uint64(m.Addr), []byte{m.Value})
	}
	c.Reset()
	c.Grant(0, 0)
	c.Rem = 0
	c.Faults.N = 0
	for from, to := range mooGPRs {
		c.R[to] = uint64(init.Regs[from])
	}
	for from, to := range mooSegs {
		if exc := c.LoadData(to, init.Regs[from]); exc != nil {
			return moo.State{}, exc
		}
	}
	c.EIP = uint64(init.Regs[moo.IP])
	c.Flags = uint64(init.Regs[moo.Flags])&0xfd5 | x86.F1
	c.CCOp = cpu.CCFlags
	c.ShadowStep = bus.Never
	for !c.Halted && !c.Shutdown && c.Steps() < uint64(steps) {
		c.Grant(c.Steps(), uint64(steps)-c.Steps()) // EndSlice may have taken it
		b.engine.Run()
		if c.PendingDB != 0 {
			c.Grant(c.Steps()+1, 0)
			c.DebugTrap()
		}
	}
	var out moo.State
	for from, to := range mooGPRs {
		out.Regs[from] = uint16(c.R[to])
	}
	for from, to := range mooSegs {
		out.Regs[from] = c.Seg[to].Sel
	}
	out.Regs[moo.IP] = uint16(c.EIP)
	out.Regs[moo.Flags] = uint16(c.EFLAGS())
	var err error
	if !c.Halted {
		err = errors.New("did not reach HLT")
	}
	for at := range b.wrote {
		out.RAM = append(out.RAM, moo.Byte{Addr: uint32(at), Value: bus.Load8(b.mem.At(at))})
	}
	for at := range b.wrote {
		b.mem.Write(at, []byte{0})
	}
	clear(b.wrote)
	return out, err
}

func TestSST286(t *testing.T) {
	b := newBoard(t, translator.Config{})
	moo.Run(t, b.exec, exclusions)
}

// exclusions are the tests in which an 80286 is not the processor we are.
var exclusions = moo.Table{
	{Form: "*", Match: stackOverrun,
		Reason: "a word beyond the limit of SS is interrupt 13 on an 80286, and #SS, 12, since the 80386 (SDM 3A 6.15)"},
	{Form: "*", Match: stringOverrun,
		Reason: "an 80286 has moved SI and DI, and counted CX, before a string access beyond the limit faults; since the 80386 faults restart (SDM 2B REP)"},
	{Form: "*", Match: func(t *moo.Test) bool { return t.Exception != nil && length(t) > 10 },
		Reason: "an 80286 raises 13 for an instruction of more than 10 bytes; the bound is 15 since the 80486 (SDM 2A 2.3.11)"},
	{Form: "8C", Match: noSegment, Reason: noFSGS},
	{Form: "8E", Match: noSegment, Reason: noFSGS},
	{Form: "D4", Match: divideError,
		Reason: "the flags that #DE pushes are those before the instruction, which is restartable since the 80386; an 80286 pushes what its divider left"},
	{Form: "*", Match: missedOverflow,
		Reason: "the divider of an 80286 misses some signed quotients that do not fit, which are #DE (SDM 2A IDIV)"},
	{Form: "*", Match: wrongFrame,
		Reason: "the frame that was captured holds SS where CS belongs: four of all the captures, which no state that they began with sets apart"},
	{Form: "D8", Match: beyondFirstWord,
		Reason: "the 80286 of the captures checks the first word of a coprocessor's operand and has no 80287 that would ask for the rest; since the 80486 the whole operand is checked, with #GP or #SS (SDM 3A 6.15, interrupt 9)"},
}

const noFSGS = "FS and GS exist since the 80386"

func noSegment(t *moo.Test) bool {
	in, st := decode(t)
	if st != decoder.OK || t.Exception == nil || t.Exception.Vector != 6 {
		return false
	}
	for _, o := range in.Args[:in.N] {
		if o.Kind == decoder.KindSeg && (o.Reg == x86.FS || o.Reg == x86.GS) {
			return true
		}
	}
	return false
}

func divideError(t *moo.Test) bool { return t.Exception != nil && t.Exception.Vector == 0 }

// missedOverflow computes the quotient of an IDIV for which the processor of
// the suite raised nothing.
func missedOverflow(t *moo.Test) bool {
	in, st := decode(t)
	if st != decoder.OK || in.Op != decoder.IDIV || t.Exception != nil {
		return false
	}
	v := operand(t, &in)
	if in.Args[in.N-1].Size == 1 {
		d, v := int64(int16(t.Init.Regs[moo.AX])), int64(int8(v))
		return v != 0 && d/v != int64(int8(d/v))
	}
	d := int64(int32(uint32(t.Init.Regs[moo.DX])<<16 | uint32(t.Init.Regs[moo.AX])))
	return int16(v) != 0 && d/int64(int16(v)) != int64(int16(d/int64(int16(v))))
}

// mooReg is a general register by its number, zero for none.
func mooReg(t *moo.Test, n uint8) uint16 {
	for from, to := range mooGPRs {
		if to == int(n) {
			return t.Init.Regs[from]
		}
	}
	return 0
}

// offset is that of an instruction's memory operand.
func offset(t *moo.Test, in *decoder.Inst) uint16 {
	return uint16(in.Disp) + mooReg(t, in.Base) + mooReg(t, in.Index)
}

// operand is the value of an instruction's last operand in real mode.
func operand(t *moo.Test, in *decoder.Inst) (v uint16) {
	switch o := in.Args[in.N-1]; o.Kind {
	case decoder.KindReg:
		return mooReg(t, o.Reg)
	case decoder.KindHigh:
		return mooReg(t, o.Reg&3) >> 8
	}
	off := offset(t, in)
	for from, to := range mooSegs {
		if to != int(in.Seg) {
			continue
		}
		at := uint32(t.Init.Regs[from])<<4 + uint32(off)
		for _, m := range t.Init.RAM {
			if m.Addr-at < 2 {
				v |= uint16(m.Value) << (8 * (m.Addr - at))
			}
		}
	}
	return v
}

// wrongFrame looks at the CS that an interrupt pushed.
func wrongFrame(t *moo.Test) bool {
	if t.Exception == nil {
		return false
	}
	at, cs := t.FlagsAddr()-2, uint16(0)
	for _, ram := range [][]moo.Byte{t.Init.RAM, t.Final.RAM} {
		for _, m := range ram {
			if d := m.Addr - at; d < 2 {
				cs = cs&^(0xff<<(8*d)) | uint16(m.Value)<<(8*d)
			}
		}
	}
	return cs != t.Init.Regs[moo.CS] && cs == t.Init.Regs[moo.SS]
}

// length is the number of bytes that an 80286 takes an instruction for, which
// reads the operands of C6 and C7 with a wrong ModRM.reg, too, before it refuses
// it.
func length(t *moo.Test) int {
	in, st := decode(t)
	if st == decoder.OK {
		return int(in.Len)
	}
	code := opening(&t.Init)
	n := 0
	for n < len(code)-1 && prefix(code[n]) {
		n++
	}
	if code[n]&0xfe != 0xc6 {
		return int(in.Len)
	}
	code[n+1] &^= 0x38
	decoder.Decode(code[:], decoder.Code16, &in)
	return int(in.Len)
}

// opening is what stands at CS:IP.
func opening(s *moo.State) (code [16]byte) {
	at := uint32(s.Regs[moo.CS])<<4 + uint32(s.Regs[moo.IP])
	for _, m := range s.RAM {
		if m.Addr-at < 16 {
			code[m.Addr-at] = m.Value
		}
	}
	return code
}

// beyondFirstWord tells a memory operand of which only the first word lies in
// its segment.
func beyondFirstWord(t *moo.Test) bool {
	in, st := decode(t)
	return st == decoder.OK && in.ModRM < 0xc0 && offset(t, &in) == 0xfffe
}

func decode(t *moo.Test) (in decoder.Inst, st decoder.Status) {
	code := append([]byte(nil), t.Bytes...)
	for i, b := range code {
		if b == 0xf0 {
			code[i] = 0x3e
		} else if !prefix(b) {
			break
		}
	}
	st = decoder.Decode(code, decoder.Code16, &in)
	return in, st
}

func prefix(b byte) bool {
	switch b {
	case 0x26, 0x2e, 0x36, 0x3e, 0xf0, 0xf2, 0xf3:
		return true
	}
	return false
}

// stackOverrun tells a fault of an access through SS: a stack operation, or a
// memory operand there.
func stackOverrun(t *moo.Test) bool {
	in, st := decode(t)
	if st != decoder.OK || t.Exception == nil || t.Exception.Vector != 13 {
		return false
	}
	for _, o := range in.Args[:in.N] {
		if (o.Kind == decoder.KindMem || o.Kind == decoder.KindSrc) && in.Seg == x86.SS {
			return true
		}
	}
	switch in.Op {
	case decoder.POP, decoder.POPSEG, decoder.POPA, decoder.POPF, decoder.RET, decoder.RETF, decoder.IRET, decoder.LEAVE,
		decoder.PUSH, decoder.PUSHSEG, decoder.PUSHA, decoder.PUSHF, decoder.ENTER, decoder.CALL, decoder.CALLI, decoder.CALLF:
		return true
	}
	return false
}

func stringOverrun(t *moo.Test) bool {
	in, st := decode(t)
	if st != decoder.OK || t.Exception == nil {
		return false
	}
	switch in.Op {
	case decoder.MOVS, decoder.CMPS, decoder.STOS, decoder.LODS, decoder.SCAS, decoder.INS, decoder.OUTS:
		return true
	}
	return false
}

// unlock looks at the instruction that a test begins with. An 80286 takes LOCK
// on any; since the 80386 all but a list of read-modify-write forms is #UD
// (SDM 2A LOCK). Where we must refuse it, the prefix is replaced by one without
// effect, and refused is set: the refusal is checked, and then the instruction.
func unlock(init *moo.State) (refused bool) {
	at := uint32(init.Regs[moo.CS])<<4 + uint32(init.Regs[moo.IP])
	var code [16]byte
	where := map[uint32]int{}
	for i, m := range init.RAM {
		if m.Addr-at < 16 {
			code[m.Addr-at] = m.Value
			where[m.Addr-at] = i
		}
	}
	var in decoder.Inst
	n := 0
	seg := byte(0)
	for ; n < 15 && prefix(code[n]); n++ {
		if code[n] != 0xf0 && code[n] < 0xf0 {
			seg = code[n]
		}
	}
	if decoder.Decode(code[:], decoder.Code16, &in) != decoder.Invalid {
		return false
	}
	for i := range n {
		if code[i] != 0xf0 {
			continue
		}
		// A repeat prefix means nothing but to string instructions; those take
		// their own segment override, or DS's, a second time.
		by := byte(0xf2)
		if op := code[n]; op >= 0x6c && op <= 0x6f || op >= 0xa4 && op <= 0xaf && op != 0xa8 && op != 0xa9 {
			by = 0x3e
			if seg != 0 {
				by = seg
			}
		}
		j, ok := where[uint32(i)]
		if !ok {
			return false
		}
		init.RAM = append([]moo.Byte(nil), init.RAM...)
		init.RAM[j].Value = by
		refused = true
	}
	return refused
}
