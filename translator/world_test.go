package translator_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/translator"
	"ringzero/x86"
)

// worldSize is the memory of a world; all of it is compared.
const worldSize = 1 << 20

// prober is a chip whose reads tell when they were made: what they answer
// depends on the exact step, and on the accesses before.
type prober struct {
	c   *cpu.CPU
	ctr uint64
}

func (p *prober) Read(off uint64, size int) uint64 {
	p.ctr++
	return (p.ctr*0x9e3779b97f4a7c15 + p.c.Steps()*0x94d049bb133111eb + off) >> 7
}

// Write raises INTR now and then, within the instruction.
func (p *prober) Write(off uint64, size int, v uint64) {
	p.ctr = p.ctr*5 + v + off + p.c.Steps()
	if v&3 == 0 {
		p.c.SetIRQ(true)
	}
}

// world is a processor with memory, ports and a chip, run like the machine runs
// it.
type world struct {
	name   string
	cpu    *cpu.CPU
	mem    *bus.Memory
	engine *translator.Engine
	chip   *prober
	chunk  func() int64 // the next budget
	wrong  string       // what no processor may do, whatever the others do
}

func newWorld(t testing.TB, name string, conf translator.Config) *world {
	model, err := cpu.ModelByName("max")
	require.NoError(t, err)
	mem, err := bus.NewMemory(worldSize)
	require.NoError(t, err)
	t.Cleanup(mem.Close)
	ports := bus.NewPorts()
	w := &world{name: name, mem: mem, cpu: cpu.New(model, mem, ports), chip: &prober{}}
	w.chip.c = w.cpu
	require.NoError(t, mem.MapMMIO("prober", window+deviceAt, 0x1000, 4, w.chip))
	require.NoError(t, ports.Map("prober", 0x80, 16, 4, w.chip))
	if conf.CacheBytes == 0 {
		conf.CacheBytes = 1 << 20
	}
	w.engine = translator.New(w.cpu, conf)
	w.cpu.Acknowledge = func() uint8 { w.cpu.IRQ = false; return 0x30 }
	w.chunk = func() int64 { return 1 << 40 }
	return w
}

// scene is what a run starts from.
type scene struct {
	kind   kind
	memory []byte
	irqs   []uint64 // steps at which INTR rises
	steps  uint64
	// where the program is, for messages
	start uint32
	code  []byte
}

// load puts memory and processor into the scene's start. What the engine kept
// of the memory before is left to it.
func (w *world) load(s *scene) {
	c := w.cpu
	for at := 0; at < worldSize; at += bus.PageSize {
		if page := s.memory[at : at+bus.PageSize]; !bytes.Equal(page, c.Host.Bytes(uint64(at), bus.PageSize)) {
			w.mem.RAM.Write(uint64(at), page)
		}
	}
	c.Grant(0, 0)
	c.Rem, c.IRQ, c.NMI = 0, false, false
	c.Faults.N = 0
	w.wrong = ""
	c.Random = 0
	w.chip.ctr = 0
	c.Reset()
	// Real mode from segment 0; the stub goes on from there.
	seg, ip := uint16(0), uint64(0x2800)
	if s.kind.real {
		seg, ip = window>>4, uint64(s.start)
		for i := range 8 {
			c.R[i] = uint64(binary.LittleEndian.Uint32(s.memory[0x2740+4*(7-i):]))
		}
		c.Flags = uint64(binary.LittleEndian.Uint32(s.memory[0x2768:])) & 0xfd5
	}
	for _, r := range []int{x86.CS, x86.DS, x86.ES, x86.SS} {
		if exc := c.LoadData(r, seg); exc != nil {
			panic(exc)
		}
	}
	c.EIP = ip
	c.FlushTLB()
}

// run goes on to the scene's last step, or until the processor stops for good.
func (w *world) run(s *scene, until uint64) {
	c := w.cpu
	next := 0
	for {
		step := c.Steps()
		for next < len(s.irqs) && s.irqs[next] <= step {
			c.SetIRQ(true)
			next++
		}
		if c.Shutdown || step >= until {
			return
		}
		switch {
		case c.PendingDB != 0:
			w.checkTrap(step)
			c.Grant(step+1, 0)
			c.DebugTrap()
			continue
		case c.InterruptReady():
			c.Halted = false
			c.Grant(step+1, 0)
			c.External(x86.Vector(c.Acknowledge()))
			continue
		case c.Halted:
			if c.Flags&x86.IF == 0 || next == len(s.irqs) {
				return
			}
			c.SetIRQ(true)
			next++
			continue
		}
		budget := min(until-step, uint64(w.chunk()))
		if next < len(s.irqs) {
			budget = min(budget, s.irqs[next]-step)
		}
		if c.Shadowed() && c.IRQ {
			budget = 1
		}
		c.Grant(step, budget)
		w.engine.Run()
	}
}

// checkTrap looks at a debug trap that is pending: where the step before was a
// fault's delivery, it can't be a data breakpoint's but of what the delivery
// wrote, as these are traps of instructions that ended (SDM 3B 17.3.1.2).
func (w *world) checkTrap(step uint64) {
	c := w.cpu
	if c.Faults.N == 0 || c.PendingDB&0xf == 0 {
		return
	}
	frame := c.Seg[x86.SS].Base + c.R[x86.SP]&c.StackMask()
	for n := range 4 {
		at := c.DR[n]
		if c.PendingDB>>n&1 != 0 && (at < 0x3000 || at+8 > frame && at < frame+64) {
			return
		}
	}
	last := &c.Faults.Last[(c.Faults.N-1)%len(c.Faults.Last)]
	if last.Steps == step && last.Exc.Vector != x86.VecDB {
		w.wrong = fmt.Sprintf("a data breakpoint's trap behind %v at step %d", last.Exc, last.Steps)
	}
}

// outcome is all that a guest or its owner could see.
type outcome struct {
	state cpu.State
	steps uint64
	chip  uint64
	irq   bool
}

func (w *world) outcome() outcome {
	return outcome{w.cpu.Canonical(), w.cpu.Steps(), w.chip.ctr, w.cpu.IRQ}
}

// differs compares two worlds and says in what, "" if in nothing.
func (w *world) differs(o *world) string {
	var out []string
	a, b := w.outcome(), o.outcome()
	if w.wrong != "" {
		return w.wrong
	}
	if err := w.engine.CheckInvariants(); err != nil {
		return err.Error()
	}
	if a != b {
		out = append(out, fmt.Sprintf("steps %d, %d; EIP %x, %x; CR2 %x, %x; chip %x, %x; irq %v, %v", a.steps, b.steps,
			a.state.EIP, b.state.EIP, a.state.CR2, b.state.CR2, a.chip, b.chip, a.irq, b.irq))
		for i := range 8 {
			if a.state.R[i] != b.state.R[i] {
				out = append(out, fmt.Sprintf("register %d: %x, %x", i, a.state.R[i], b.state.R[i]))
			}
			if a.state.Seg[i] != b.state.Seg[i] {
				out = append(out, fmt.Sprintf("segment %d: %x, %x", i, a.state.Seg[i], b.state.Seg[i]))
			}
		}
		if a.state.Flags != b.state.Flags {
			out = append(out, fmt.Sprintf("flags %x, %x", a.state.Flags, b.state.Flags))
		}
		if a.state.FPU != b.state.FPU {
			out = append(out, "FPU")
		}
		if len(out) == 1 {
			out = append(out, fmt.Sprintf("%+v\n%+v", a.state, b.state))
		}
	}
	p, q := w.cpu.Host.Bytes(0, worldSize), o.cpu.Host.Bytes(0, worldSize)
	if !bytes.Equal(p, q) {
		for i, n := 0, 0; i < worldSize && n < 12; i++ {
			if p[i] != q[i] {
				out = append(out, fmt.Sprintf("byte %x: %02x, %02x", i, p[i], q[i]))
				n++
			}
		}
	}
	return strings.Join(out, "\n")
}

// handlers is what faults and interrupts of protected-mode programs run, at
// 0x3000: 49 entries of 16 bytes, and at 0x3400 a common part. It logs vector,
// error code, EIP, CS, EFLAGS and CR2 in a ring at 0x4800. A page that is not
// present becomes so, and the access is tried again; after other faults the
// program goes on at the next address of the list at 0x4040, with EBX, ESI,
// EDI, EBP and an outer ESP set anew from 0x4010.
var handlers = unhex(`601e06b8100000008ed88ec0fc8b3d004000008d742428b905000000f3a50f20
d0ab81ff004f00007205bf00480000893d004000008b4c242883f90e751ef644
242c0175260f20d0c1e80c3d000400007319800c8500b0010001eb6583f92073
60b8e17f03000fa3c873568b0d044000004183e10f890d044000008b048d4040
000089442430a11040000089442408a1144000008944240ca118400000894424
10a11c40000089442418f644243a027507f6442434037409a120400000894424
3c071f6183c408cf`)

// realHandler is the like for real mode, at window+0xc000, for every vector: the
// program goes on at the next address of the list at 0xc120.
var realHandler = unhex(`2eff0600c12e8b1e00c183e30fd1e32e8b8720c12ea302c1582e898740c1
585825d5fe509d2e8b2604c12e8b1e06c12e8b3608c12e8b3e0ac12e8b2e
0cc1b800108ed88ec08ed02eff2602c1`)

// stub, at 0x2800, enters a protected-mode program from real mode by what stands
// at 0x2700: descriptor tables, CR4, CR3, CR0, then the task register, data
// segments, POPAD, and an IRET on the stack at 0x2728.
var stub = unhex(`2e0f011600272e0f011e06272e66a110270f22e02e66a114270f22d82e66a118
270f22c066ea2c280000080066b810008ed88ed0bc4027000066b828000f00d8
8e05202700008e25222700008e2d24270000612e8e1d262700002e0fb2252827
0000cf`)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "\n", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func descriptor(base, limit uint32, access, flags uint64) uint64 {
	return uint64(limit&0xffff) | uint64(base&0xffffff)<<16 | access<<40 | uint64(limit>>16&15)<<48 | flags<<52 |
		uint64(base>>24)<<56
}

// build makes the scene of a random program.
func build(seed uint64, k kind) *scene {
	g := &gen{r: rand.New(rand.NewPCG(seed, 1)), k: k, n: 12 + int(seed%48)}
	g.spaces = k.paging && g.chance(60)
	g.tables = g.spaces || k.paging && seed%3 == 0
	g.wide = !k.flat && !k.real && !k.v86 && g.chance(15)
	if k.flat {
		g.base = window
	}
	g.start = uint32(0xf00 + g.r.IntN(0x100))
	code, at := g.program()
	s := &scene{kind: k, memory: make([]byte, worldSize), steps: uint64(40 + g.r.IntN(500)), start: g.start, code: code}
	m := s.memory
	w32 := func(at int, v ...uint32) {
		for i, v := range v {
			binary.LittleEndian.PutUint32(m[at+4*i:], v)
		}
	}
	for i := range codeLen {
		m[window+codeAt+i] = 0xcc
	}
	copy(m[window+g.start:], code)
	for i := dataAt; i < deviceAt; i += 4 {
		w32(window+i, g.value())
	}
	for n := g.r.IntN(4); n > 0; n-- {
		s.irqs = append(s.irqs, uint64(30+g.r.IntN(400)))
	}
	for i := range s.irqs {
		for j := range i {
			if s.irqs[i] < s.irqs[j] {
				s.irqs[i], s.irqs[j] = s.irqs[j], s.irqs[i]
			}
		}
	}

	data := func() uint32 { return g.base + dataAt + uint32(g.r.IntN(dataLen-0x400)) + 0x200 }
	bx, si, di, bp := data(), data(), data(), g.base+stackTop-uint32(g.r.IntN(0x400))
	sp := g.base + stackTop - uint32(g.r.IntN(64))
	flags := uint32(g.r.Uint32()&(x86.Arith|x86.IF|x86.DF) | x86.F1)
	w32(0x2740, di, si, bp, 0, bx, g.value(), g.value(), g.value()) // POPAD's order
	recover := func(i int) uint32 { return g.start + at[g.r.IntN(len(at))] }
	if k.real {
		for v := range 256 {
			w32(4*v, window<<12|dirAt)
		}
		copy(m[window+dirAt:], realHandler)
		for i, v := range []uint32{sp, bx, si, di, bp} {
			binary.LittleEndian.PutUint16(m[window+dirAt+0x104+2*i:], uint16(v))
		}
		for i := range 16 {
			binary.LittleEndian.PutUint16(m[window+dirAt+0x120+2*i:], uint16(recover(i)))
		}
		w32(0x275c-12, sp) // ESP in POPAD's frame, which load takes by hand
		w32(0x274c, sp)
		w32(0x2768, flags)
		return s
	}

	g.kernel(m, recover, []uint32{di, si, bp, bx, sp})
	// The way in.
	cs, ss, ds, es, frame := uint32(0x30), uint32(0x40), uint32(0x38), uint32(0x48), 0x2760
	if k.flat {
		cs, ss, ds, es = 8, 0x10, 0x10, 0x10
		if k.user {
			cs, ss, ds, es = 0x18, 0x20, 0x20, 0x20
		}
	}
	if k.user {
		cs, ss, ds, es = cs|3, ss|3, ds|3, es|3
		if g.chance(70) || k.v86 {
			flags |= x86.IOPL
		}
	}
	if g.chance(8) {
		flags |= x86.AC
	}
	cr0 := uint32(x86.CR0_PE | x86.CR0_ET)
	if k.paging {
		cr0 |= x86.CR0_PG
	}
	if g.chance(50) {
		cr0 |= x86.CR0_WP
	}
	if g.chance(30) {
		cr0 |= x86.CR0_AM
	}
	w32(0x2710, uint32(g.r.IntN(2)*x86.CR4_PSE), window+dirAt, cr0)
	for i, sel := range []uint32{es, 0, 0, ds} {
		binary.LittleEndian.PutUint16(m[0x2720+2*i:], uint16(sel))
	}
	w32(0x2728, 0x2760, 0x10)
	if !k.user { // IRET to the same level stays on its stack
		frame = window + int(sp-g.base) - 12
		w32(0x2728, sp-12, ss)
	}
	eip := g.start
	if k.flat {
		eip += window
	}
	switch {
	case k.v86:
		seg := uint32(window >> 4)
		w32(frame, eip, seg, flags|x86.VM, sp, seg, seg, seg, seg, seg)
	case k.user:
		w32(frame, eip, cs, flags, sp, ss)
	default:
		w32(frame, eip, cs, flags)
	}
	return s
}

// kernel lays out tables, handlers and their data.
func (g *gen) kernel(m []byte, recover func(int) uint32, regs []uint32) {
	k := g.k
	w32 := func(at int, v uint32) { binary.LittleEndian.PutUint32(m[at:], v) }
	w64 := func(at int, v uint64) { binary.LittleEndian.PutUint64(m[at:], v) }
	dpl, big := uint64(0), uint64(0)
	if k.user {
		dpl = 3
	}
	if k.code32 {
		big = 4
	}
	codeLimit := uint32(codeLen - 1)
	if g.chance(20) { // the segment ends in the program
		codeLimit = g.start + uint32(g.r.IntN(200))
	}
	esAccess, esLimit := uint64(0x92), pick[uint32](g, 0xffff, 0xbfff, 0x7ffd)
	if g.chance(40) { // expand-down
		esAccess, esLimit = 0x96, pick[uint32](g, 0x3fff, 0x5001, 0x4ffe)
	}
	esBase := uint32(window)
	if g.wide {
		esBase, esAccess, esLimit = window+0x234, 0x92, 0x2ffff
	}
	for i, d := range []uint64{0,
		descriptor(0, 0xfffff, 0x9a, 0xc), descriptor(0, 0xfffff, 0x92, 0xc),
		descriptor(0, 0xfffff, 0xfa, 0xc), descriptor(0, 0xfffff, 0xf2, 0xc),
		descriptor(0x2000, 0x8f, 0x89, 0),
		descriptor(window, codeLimit, 0x9a|dpl<<5, big),
		descriptor(window, pick[uint32](g, 0xffff, 0xcfff, 0x6ffe, 0x5fff), 0x92|dpl<<5, big),
		descriptor(window, pick[uint32](g, 0xffff, 0x9fff, 0xa000), 0x92|dpl<<5, big),
		descriptor(esBase, esLimit, esAccess|dpl<<5, big),
		descriptor(window, 0xffff, 0x90|dpl<<5, big), // read-only
	} {
		w64(0x1000+8*i, d)
	}
	for v := range 49 {
		gate, access := uint64(0x3000+16*v), uint64(0x8e00)|uint64(g.r.IntN(2))<<8
		if v == 3 || v == 4 || v >= 0x20 {
			access |= 0x6000
		}
		w64(0x1800+8*v, gate&0xffff|8<<16|access<<32|gate>>16<<48)
		// PUSH 0 where the processor pushes no code, PUSH v, JMP 0x3400.
		var b []byte
		if !x86.Vector(v).HasErrorCode() || v > 31 {
			b = append(b, 0x6a, 0)
		}
		b = append(b, 0x6a, byte(v), 0xe9)
		b = binary.LittleEndian.AppendUint32(b, uint32(0x3400-(0x3000+16*v+len(b)+4)))
		copy(m[0x3000+16*v:], b)
	}
	copy(m[0x3400:], handlers)
	w32(0x2004, 0x6000) // TSS: ESP0, SS0, the I/O map's place
	w32(0x2008, 0x10)
	w32(0x2064, 0x68<<16)
	w32(0x4000, 0x4800)
	for i, v := range regs {
		w32(0x4010+4*i, v)
	}
	for i := range 16 {
		at := recover(i)
		if k.flat {
			at += window
		}
		w32(0x4040+4*i, at)
	}
	binary.LittleEndian.PutUint16(m[0x2700:], 0x57)
	w32(0x2702, 0x1000)
	binary.LittleEndian.PutUint16(m[0x2706:], 49*8-1)
	w32(0x2708, 0x1800)
	copy(m[0x2800:], stub)

	// Two mappings of everything; the first is of some pages late or narrow.
	w32(window+dirAt, window+tableAt|7)
	for i := range uint32(1024) {
		pte := i % 512 << 12
		switch at := int(pte) - window; {
		case at < 0 || at >= dirAt || at == tableAt && !g.tables:
			pte |= 3
		case at >= dataAt && at < stackAt+0x1000:
			pte |= pick[uint32](g, 7, 7, 7, 6, 5, 4, 0x67, 0x27, 3)
		case at == 0x1000 || at == 0x2000:
			pte |= pick[uint32](g, 7, 7, 6, 5)
		default:
			pte |= 7
		}
		w32(window+tableAt+int(4*i), pte)
	}
	if g.spaces {
		g.spaceTwo(m)
	}
}

// listing shows a scene's program.
func (s *scene) listing() string {
	var b strings.Builder
	mode := decoder.Code16
	if s.kind.code32 {
		mode = decoder.Code32
	}
	for at := 0; at < len(s.code); {
		var in decoder.Inst
		if decoder.Decode(s.code[at:], mode, &in) != decoder.OK {
			fmt.Fprintf(&b, "%4x: %x\n", int(s.start)+at, s.code[at])
			at++
			continue
		}
		fmt.Fprintf(&b, "%4x: %x  %s\n", int(s.start)+at, s.code[at:at+int(in.Len)], in.Text(uint64(int(s.start)+at)))
		at += int(in.Len)
	}
	return b.String()
}
