package translator_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/cpu"
	"ringzero/translator"
	"ringzero/x86"
)

// script is a scene of one program at offset 0xf00 of the window, in a world
// without random holes: every page there, every segment wide.
func script(k kind, code []byte) *scene {
	s := build(3, k) // a seed whose page table may be written
	m := s.memory
	for i := range codeLen {
		m[window+i] = 0xcc
	}
	frame := int(binary.LittleEndian.Uint32(m[0x2728:]))
	if !k.user && !k.flat {
		frame += window
	}
	eip, base := uint32(0xf00), uint32(0)
	if k.flat {
		base = window
	}
	copy(m[window+eip:], code)
	if !k.real {
		binary.LittleEndian.PutUint32(m[frame:], eip+base)
		flags := binary.LittleEndian.Uint32(m[frame+8:])
		binary.LittleEndian.PutUint32(m[frame+8:], flags&^(x86.AC|x86.DF|x86.IF))
		for i := range uint32(1024) {
			binary.LittleEndian.PutUint32(m[window+tableAt+4*int(i):], i%512<<12|7)
		}
		for _, sel := range []int{0x30, 0x38, 0x40, 0x48} { // limits of 64 KiB, expansion up
			binary.LittleEndian.PutUint16(m[0x1000+sel:], 0xffff)
			m[0x1000+sel+5] &^= 4
		}
	}
	s.start, s.code, s.irqs = eip, code, nil
	return s
}

// ways are engines that differ in nothing visible. All but the first follow
// links.
var ways = []struct {
	conf  translator.Config
	limit int  // of the TLB
	trace bool // somebody looks at each instruction
}{{conf: translator.Config{MaxBlock: 1, NoLinks: true}}, {}, {conf: translator.Config{MaxBlock: 3}}, {conf: translator.Config{EvictEvery: 2}},
	{limit: 2}, {conf: translator.Config{MaxBlock: 3}, limit: 1}, {trace: true}}

// everyWay runs a script in engines that differ in nothing visible, wants the
// same of all and answers one. The program ends in HLT or a loop.
func everyWay(t *testing.T, s *scene, steps uint64) *world {
	t.Helper()
	var first *world
	for _, way := range ways {
		for _, chunk := range []int64{1 << 40, 1, 5} {
			w := newWorld(t, fmt.Sprintf("%+v by %d", way, chunk), way.conf)
			w.cpu.MMU.Limit(way.limit)
			if way.trace {
				w.engine.Before = func(*cpu.CPU) {}
			}
			w.chunk = func() int64 { return chunk }
			w.load(s)
			w.run(s, steps)
			if first == nil {
				first = w
				continue
			}
			require.Empty(t, w.differs(first), "%s against %s\n%s", w.name, first.name, s.listing())
		}
	}
	return first
}

const entrySteps = 24 // of the stub, at most

var flatPaging, flatUser, segmented = kinds[1], kinds[2], kinds[4]

// TestSelfModifyingCode: what a store writes is what runs next. The programs
// lie at 10f00 in a flat segment, EAX counts what was seen.
func TestSelfModifyingCode(t *testing.T) {
	for _, r := range []struct {
		name string
		code string
		ax   uint64
	}{
		// mov byte [next's immediate], 7; mov eax, 1; hlt
		{"the next instruction", "c605 080f0100 07 b8 01000000 f4", 7},
		// the same with three instructions in between
		{"later in the block", "c605 0b0f0100 07 90 90 90 b8 01000000 f4", 7},
		// mov byte [second mapping], 7
		{"by a second linear mapping", "c605 080f2100 07 b8 01000000 f4", 7},
		// or byte [..], 6 reads, changes and writes
		{"read-modify-write", "800d 080f0100 06 b8 01000000 f4", 7},
		// mov dword [the immediate's end], with the opcode behind it: inc eax
		{"two instructions at once", "c705 0d0f0100 000740f4 b8 01000000 90 90 90 f4", 0x07000002},
		// an earlier instruction: eax = 1, patched to 5 on the way back
		{"an earlier block, linked", "b8 01000000 83c303 85c0 c605 010f0100 05 3c05 75eb f4", 5},
		// xor eax,eax; mov ecx,3; l: add eax,1; inc byte [l+2]; loop l: adds 1, 2, 3
		{"itself in a loop", "31c0 b9 03000000 83c001 fe05 090f0100 e2f5 f4", 6},
		// call to the second page twice, patched in between: 11000 holds mov al,n; ret
		{"another page", "c705 00100100 b00190c3 b8 00000000 e8 ec000000 88c4 c605 01100100 02 e8 de000000 f4", 0x0102},
		// push over the next instruction: mov esp, next+4 (inc eax x4); push HLT
		{"by a push", "31c0 bc 110f0100 68 404040f4 40 40 40 40 40 40 f4", 4},
	} {
		t.Run(r.name, func(t *testing.T) {
			s := script(flatPaging, unhex(strip(r.code)))
			w := everyWay(t, s, 200)
			require.True(t, w.cpu.Halted, s.listing())
			require.Equal(t, fmt.Sprintf("%#x", r.ax), fmt.Sprintf("%#x", w.cpu.R[x86.AX]), s.listing())
			require.Zero(t, w.cpu.Faults.N)
		})
	}
}

func strip(s string) string {
	b := []byte(s)
	n := 0
	for _, c := range b {
		if c != ' ' {
			b[n], n = c, n+1
		}
	}
	return string(b[:n])
}

// TestREPOverItself: REP STOSB that runs into its own bytes is fetched anew
// after each iteration that changes them.
func TestREPOverItself(t *testing.T) {
	// mov edi, 10f0b; mov cl...; REP STOSB at 10f0c with AL = F4 (HLT).
	s := script(flatPaging, unhex(strip("fc bf 0c0f0100 b9 08000000 90 f3aa 90 90 90 90 f4")))
	binary.LittleEndian.PutUint32(s.memory[0x2740+28:], 0xf4)
	w := everyWay(t, s, 100)
	require.True(t, w.cpu.Halted)
	require.Equal(t, uint64(7), w.cpu.R[x86.CX], "one iteration wrote F4 over the prefix")
	require.Equal(t, uint64(window+0xf0d), w.cpu.EIP)
}

// TestOwnPageRemapped: a store to the page-table entry of the page that runs
// takes effect with the next instruction.
func TestOwnPageRemapped(t *testing.T) {
	// mov byte [pte of page 10 + 1], 0x20 | ...: linear page 10 leads to 12.
	s := script(flatPaging, unhex(strip("c605 41b00100 20 b8 01000000 f4")))
	copy(s.memory[0x12f07:], unhex(strip("b8 02000000 f4")))
	w := everyWay(t, s, 100)
	require.True(t, w.cpu.Halted)
	require.Equal(t, uint64(2), w.cpu.R[x86.AX])

	// and byte [pte], ~A; mov eax, [pte]: the fetch of the MOV has set A again.
	s = script(flatPaging, unhex(strip("8025 40b00100 df a1 40b00100 f4")))
	w = everyWay(t, s, 100)
	require.Equal(t, uint64(0x10027), w.cpu.R[x86.AX])
}

// TestStraddle: an instruction in two pages whose second page changes its
// place.
func TestStraddle(t *testing.T) {
	// jmp 10ffe: mov eax, imm32 with three bytes of the immediate in page 11;
	// there: cmp, a change of the entry, and back.
	s := script(flatPaging, unhex("e9f9000000"))
	copy(s.memory[0x10ffe:], unhex(strip("b8 01 020000 85db 7401 f4 43 c605 45b00100 20 ebec")))
	copy(s.memory[0x12000:], unhex(strip("030000 85db 7401 f4 43 c605 45b00100 20 ebec")))
	binary.LittleEndian.PutUint32(s.memory[0x2740+16:], 0) // EBX
	w := everyWay(t, s, 100)
	require.True(t, w.cpu.Halted, "%x", w.cpu.EIP)
	require.Equal(t, uint64(0x301), w.cpu.R[x86.AX])
}

// TestDMAOverCode: a bus master's write to code in use.
func TestDMAOverCode(t *testing.T) {
	s := script(flatPaging, unhex("40ebfd")) // l: inc eax; jmp l
	w := newWorld(t, "", translator.Config{})
	w.load(s)
	w.run(s, 200)
	require.NotZero(t, w.mem.Marks(window>>bus.PageShift)&bus.Code)
	at, cx := w.cpu.Steps(), w.cpu.R[x86.CX]
	w.mem.Write(window+0xf00, []byte{0x41}) // inc ecx
	w.run(s, at+100)
	require.Equal(t, cx+50, w.cpu.R[x86.CX]&0xffffffff)
}

// TestLinksAreCut: a block that died is reached by no link, near or far.
func TestLinksAreCut(t *testing.T) {
	// a loop over two pages: 10ff0: inc eax; jmp 11010; 11010: inc ecx; jmp 10ff0
	s := script(flatPaging, unhex("e9eb000000"))
	copy(s.memory[0x10ff0:], unhex("40eb1d"))
	copy(s.memory[0x11010:], unhex("41ebdd"))
	w := newWorld(t, "", translator.Config{})
	w.load(s)
	w.run(s, 1000)
	looked := w.engine.Stats().Lookups
	w.run(s, 2000)
	require.LessOrEqual(t, w.engine.Stats().Lookups, looked+4, "by links, but for the last steps of a budget")
	invalidated := w.engine.Stats().Invalidations
	w.mem.Write(0x11010, []byte{0x42}) // inc edx
	require.Greater(t, w.engine.Stats().Invalidations, invalidated)
	before := w.cpu.R
	w.run(s, 3000)
	require.Equal(t, before[x86.CX], w.cpu.R[x86.CX])
	require.Equal(t, uint32(before[x86.DX])+250, uint32(w.cpu.R[x86.DX]))
	w.mem.Write(0x11800, []byte{0x42}) // beside code: nothing dies
	n := w.engine.Stats().Invalidations
	w.mem.Write(0x11020, []byte{0x42}) // in the same 64 bytes, but no code
	require.Equal(t, n, w.engine.Stats().Invalidations)
}

// TestSameBytesOtherMode: the same bytes as 16-bit and as 32-bit code.
func TestSameBytesOtherMode(t *testing.T) {
	w := newWorld(t, "", translator.Config{})
	code := unhex(strip("b8 01000000 f4")) // mov ax,1; add [bx+si],al; hlt
	for range 3 {
		s := script(kinds[4], code)
		w.load(s)
		w.run(s, 100)
		require.Equal(t, uint64(1), w.cpu.R[x86.AX])
		steps32 := w.cpu.Steps()
		s = script(kinds[6], code)
		w.load(s)
		w.run(s, 100)
		require.True(t, w.cpu.Halted)
		require.Equal(t, uint16(1), uint16(w.cpu.R[x86.AX]))
		require.Equal(t, steps32+1, w.cpu.Steps(), "one instruction more")
	}
}

// TestCodeLimit: a block is entered only as far as the segment goes, and a
// fused branch beyond it faults itself.
func TestCodeLimit(t *testing.T) {
	for _, r := range []struct {
		name  string
		limit uint16
		eip   uint64 // that the fault pushes
	}{
		{"in the third instruction", 0xf05, 0xf04},
		{"behind the second", 0xf03, 0xf04},
		{"the branch's target is outside", 0xf0f, 0xf08},
	} {
		t.Run(r.name, func(t *testing.T) {
			// nop x4; add eax,1... ; cmp eax,eax; je +0x20
			s := script(segmented, unhex(strip("90 90 90 90 83c001 90 39c0 7420 f4")))
			binary.LittleEndian.PutUint16(s.memory[0x1030:], r.limit)
			if r.eip == 0xf08 {
				r.eip = 0xf0a // the branch, not the target
			}
			for _, warm := range []bool{false, true} {
				w := newWorld(t, "", translator.Config{})
				if warm { // the block exists, made under a wide limit
					wide := script(segmented, s.code)
					w.load(wide)
					w.run(wide, 60)
				}
				w.load(s)
				for w.cpu.Faults.N == 0 && w.cpu.Steps() < 100 {
					w.run(s, w.cpu.Steps()+1)
				}
				require.Equal(t, 1, w.cpu.Faults.N)
				require.Equal(t, x86.VecGP, w.cpu.Faults.Last[0].Exc.Vector)
				require.Equal(t, fmt.Sprintf("%x", r.eip), fmt.Sprintf("%x", w.cpu.Faults.Last[0].EIP))
			}
			everyWay(t, s, 100)
		})
	}
}

// TestCodeInDeviceWindow: each instruction is fetched from the device when it
// runs.
func TestCodeInDeviceWindow(t *testing.T) {
	s := script(flatPaging, unhex(strip("b8 00a00100 ffe0")))
	w := everyWay(t, s, 60)
	require.NotZero(t, w.chip.ctr)
	require.Zero(t, w.mem.Marks(0)&bus.Code)
}

// TestFlagsAtFault: flags that nothing in the block reads are right where an
// access in the middle faults.
func TestFlagsAtFault(t *testing.T) {
	// or eax,-1; add eax,1 (CF ZF AF PF); mov ebx,[page 17]; sub eax,eax
	s := script(flatUser, unhex(strip("83c8ff 83c001 8b1d 00700100 29c0 f4")))
	binary.LittleEndian.PutUint32(s.memory[window+tableAt+4*0x17:], 0x17006)
	w := everyWay(t, s, entrySteps+40)
	frame := bus.Load32(w.mem.At(0x4800 + 16))
	require.Equal(t, uint32(x86.CF|x86.ZF|x86.AF|x86.PF), frame&x86.Arith)
	require.Equal(t, uint32(0x10f06), bus.Load32(w.mem.At(0x4808)), "the load itself")
	require.Equal(t, uint32(x86.VecPF), bus.Load32(w.mem.At(0x4800)))
	require.Equal(t, uint32(0x17000), bus.Load32(w.mem.At(0x4814)), "CR2")
}

// TestNoUnwinds: a loop without surprises never leaves its blocks in the middle.
func TestNoUnwinds(t *testing.T) {
	s := script(flatPaging, unhex(strip("40 890d 00400100 8b15 00500100 50 58 ebef")))
	w := newWorld(t, "", translator.Config{})
	w.load(s)
	w.run(s, 200)
	n, looked := w.engine.Stats().Unwinds, w.engine.Stats().Lookups
	w.run(s, 20000)
	require.Equal(t, n, w.engine.Stats().Unwinds)
	require.LessOrEqual(t, w.engine.Stats().Lookups, looked+16, "of a budget's end")
}
