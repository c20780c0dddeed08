package translator_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/translator"
	"ringzero/x86"
)

// The programs here lie at 10f00 in a flat segment; the table at 1b000 maps 4
// MiB, page 10 by the entry at 1b040.

func (s *scene) dword(at int, v uint32) { binary.LittleEndian.PutUint32(s.memory[at:], v) }

// at puts bytes into a scene's memory.
func (s *scene) at(at int, hex string) *scene {
	copy(s.memory[at:], unhex(strip(hex)))
	return s
}

// secondSpace lays out an address space at 80000 that has page 12 where the first
// has page 10; or one at 80800 that has page 10 there as it is, and page 12 when
// MOV CR4 with PAE takes CR3 for a pointer to other tables.
func (s *scene) secondSpace(pae bool) {
	if pae {
		s.dword(0x80000, 0x81003) // directory and table of 4-byte entries
		s.dword(0x81040, 0x10003)
		s.dword(0x80800, 0x82001) // pointer, directory and table of 8-byte entries
		s.dword(0x82000, 0x83003)
		s.dword(0x83080, 0x12003)
		return
	}
	s.dword(0x80000, 0x81007)
	for i := range 1024 {
		s.dword(0x81000+4*i, uint32(i%512<<12|7))
	}
	s.dword(0x81040, 0x12007)
}

// TestLinksAcrossAddressSpaces: the instruction behind one that changes what the
// page under way leads to is fetched from where it leads by then, although the
// way there was taken before (H1).
func TestLinksAcrossAddressSpaces(t *testing.T) {
	for _, r := range []struct {
		name, code string
		there      int // offset in page 12 of MOV EAX, 2
		lay        func(s *scene)
	}{
		// mov ebx,1c000; mov esi,ebx; mov ecx,3; l: mov cr3,ebx; mov eax,1; mov ebx,esi; mov esi,80000; loop l; hlt
		{"CR3", "bb00c00100 89de b903000000 0f22db b801000000 89f3 be00000800 e2ef f4", 0xf0f, func(s *scene) { s.secondSpace(false) }},
		// mov ebx,80800; mov cr3,ebx; xor edx,edx; xor esi,esi; mov ecx,3; l: mov cr4,edx; mov eax,1; mov edx,esi; mov esi,20; loop l; hlt
		{"CR4.PAE", "bb00080800 0f22db 31d2 31f6 b903000000 0f22e2 b801000000 89f2 be20000000 e2ef f4", 0xf14,
			func(s *scene) { s.secondSpace(true) }},
		// mov edx,cr0; mov ecx,2; jump to 11f0f: l: mov cr0,edx; mov eax,1; and edx,7fffffff; loop l; hlt
		{"CR0.PG", "0f20c2 b902000000 bb0f1f0100 ffe3 0f22c2 b801000000 81e2ffffff7f e2f0 f4", 0,
			func(s *scene) { s.dword(0x1b044, 0x10007); s.at(0x11f12, "b802000000 f4") }},
	} {
		t.Run(r.name, func(t *testing.T) {
			s := script(flatPaging, unhex(strip(r.code)))
			s.at(0x12000+r.there, "b802000000 f4")
			r.lay(s)
			w := everyWay(t, s, 200)
			require.True(t, w.cpu.Halted, s.listing())
			require.Equal(t, uint64(2), w.cpu.R[x86.AX], s.listing())
			require.Zero(t, w.cpu.Faults.N)
		})
	}
}

// TestOwnPageRemappedAtBlockEnd: the store to the entry of the page under way is
// the last instruction of its block, and the page's tag had left the TLB (H3).
func TestOwnPageRemappedAtBlockEnd(t *testing.T) {
	// mov ecx,2; mov edx,0; jmp l; l: nop; nop; mov [1b041],dl; mov eax,1; mov dl,20; loop l; hlt
	s := script(flatPaging, unhex(strip("b902000000 ba00000000 eb00 90 90 881541b00100 b801000000 b220 e2ef f4")))
	s.at(0x12f14, "b802000000 f4")
	w := everyWay(t, s, 200)
	require.True(t, w.cpu.Halted)
	require.Equal(t, uint64(2), w.cpu.R[x86.AX])
}

// TestAccessedBitInCode: code that runs from a page table is changed by the A bit that
// one of its instructions has set.
func TestAccessedBitInCode(t *testing.T) {
	s := script(flatPaging, unhex(strip("b900b60100 ffe1"))) // mov ecx,1b600; jmp ecx
	// mov bl,[182000]; nop; mov eax, the entry of 182000; hlt
	s.at(0x1b600, "8a1d00201800 90 b8 07200100 f4")
	w := everyWay(t, s, 200)
	require.True(t, w.cpu.Halted)
	require.Equal(t, uint64(0x12027), w.cpu.R[x86.AX])
}

// TestFarByMask: a jump that cuts EIP to 16 bits leads to another linear page
// that shows the same RAM page, and then does so no longer (H10).
func TestFarByMask(t *testing.T) {
	// mov ecx,10f20; xor edx,edx; l: jmp word f40; 20: inc edx; cmp edx,2; jne l;
	// mov byte [1b001],20; jmp l; 40: mov eax,1; jmp ecx
	s := script(flatPaging, unhex(strip("b9200f0100 31d2 66e93500")))
	s.at(0x10f20, "42 83fa02 75e1 c60501b0010020 ebd8")
	s.at(0x10f40, "b801000000 ffe1")
	s.at(0x12f40, "b802000000 f4")
	s.dword(0x1b000, 0x10007)
	w := everyWay(t, s, 200)
	require.True(t, w.cpu.Halted)
	require.Equal(t, uint64(2), w.cpu.R[x86.AX])
}

// TestStraddleInOnePage: both halves of an instruction lie in one RAM page that
// is mapped twice; a write to the second half is seen (H7).
func TestStraddleInOnePage(t *testing.T) {
	// jmp 10ffe: mov eax,00000201; mov edx,eax; cmp byte [11000],3; je e; mov byte [11000],3; jmp 10ffe; e: hlt
	s := script(flatPaging, unhex("e9f9000000"))
	s.at(0x10ffe, "b801")
	s.at(0x10000, "020000 89c2 803d0010010003 740c c6050010010003 e9e4ffffff f4")
	s.dword(0x1b044, 0x10007)
	w := everyWay(t, s, 200)
	require.True(t, w.cpu.Halted, "%x", w.cpu.EIP)
	require.Equal(t, uint64(0x301), w.cpu.R[x86.AX])
}

// TestStraddlesAreBounded: an instruction in two pages whose second page leads
// to ever other frames leaves no blocks behind, and none is made anew for a
// frame that it led to shortly before (H2).
func TestStraddlesAreBounded(t *testing.T) {
	for _, frames := range []uint32{2, 8} {
		s := script(flatPaging, unhex("e9f9000000"))
		s.at(0x10ffe, "b801")
		for i := range 8 {
			s.at(0x60000+i<<12, "020000 f4")
		}
		w := newWorld(t, "", translator.Config{})
		w.load(s)
		w.run(s, entrySteps)
		blocks := uint64(0)
		for i := range uint32(4000) {
			w.mem.Store(0x1b044, 4, uint64(0x60000+i%frames<<12|7))
			w.cpu.Halted, w.cpu.EIP = false, 0x10ffe
			w.run(s, w.cpu.Steps()+40)
			require.True(t, w.cpu.Halted)
			if i == 100 {
				blocks = w.engine.Stats().Blocks
			}
		}
		require.NoError(t, w.engine.CheckInvariants())
		require.Zero(t, w.engine.Stats().Evictions)
		if frames == 2 {
			require.Equal(t, blocks, w.engine.Stats().Blocks)
		}
	}
}

// TestCodeMarkGoes: a page that was written again and again loses its mark with
// its last block (H6).
func TestCodeMarkGoes(t *testing.T) {
	// mov ecx,8; l: inc byte [11001]; call 11000; call 11010; loop l; mov dword [11000],c3c3c3c3; mov dword [11010],c3c3c3c3; hlt
	s := script(flatPaging, unhex(strip("b908000000 fe0501100100 e8f0000000 e8fb000000 e2ee c70500100100c3c3c3c3 c70510100100c3c3c3c3 f4")))
	s.at(0x11000, "b000 c3")
	s.at(0x11010, "b400 c3")
	for _, conf := range []translator.Config{{}, {MaxBlock: 1}} {
		w := newWorld(t, "", conf)
		w.load(s)
		w.run(s, 200)
		require.True(t, w.cpu.Halted)
		require.Equal(t, uint64(8), w.cpu.R[x86.AX]&0xff)
		require.Zero(t, w.mem.Marks(0x11)&bus.Code)
		require.NotZero(t, w.mem.Marks(0x10)&bus.Code)
		require.NoError(t, w.engine.CheckInvariants())
	}
}

// counter is a device that holds code, INC EAX but for a HLT at its end, and
// counts reads.
type counter struct{ reads int }

func (d *counter) Read(off uint64, size int) uint64 {
	d.reads++
	if off == 0xff0 {
		return 0xf4
	}
	return 0x40
}
func (d *counter) Write(uint64, int, uint64) {}

// TestFetchFromDevice: a device sees one read of each byte of an instruction,
// and no block of its code is kept or linked (H9, H11).
func TestFetchFromDevice(t *testing.T) {
	w := newWorld(t, "", translator.Config{})
	d := &counter{}
	require.NoError(t, w.mem.MapMMIO("counter", 0x40000000, 0x1000, 4, d))
	synced := 0
	w.cpu.SyncClock = func() { synced++ }
	// xor eax,eax; mov ecx,10ffc; jmp ecx: add eax,3 leads on to a device's page,
	// which has INC EAX 4080 times, then HLT.
	s := script(flatPaging, unhex(strip("31c0 b9fc0f0100 ffe1")))
	s.dword(0x1b044, 0x40000007)
	s.at(0x10ffc, "05 030000")
	w.load(s)
	w.run(s, 5000)
	require.True(t, w.cpu.Halted)
	require.Equal(t, uint64(3+0x40<<24+0xff0-1), w.cpu.R[x86.AX])
	require.Equal(t, 0xff1, d.reads)
	require.Equal(t, 0xff1, synced)
	require.NoError(t, w.engine.CheckInvariants())
}

// TestStringWrap: REP with 16-bit addresses goes on at 0 behind 64 KiB, whatever
// the budget is, although the segment goes on, too (H4).
func TestStringWrap(t *testing.T) {
	wide := func(code string) *scene { // ES from 10234, 192 KiB
		s := script(segmented, unhex(strip(code)))
		binary.LittleEndian.PutUint64(s.memory[0x1048:], descriptor(0x10234, 0x2ffff, 0x92, 4))
		return s
	}
	// cld; mov di,fff0; mov cx,40; mov al,5a; a16 rep stosb; hlt
	s := wide("fc 66bff0ff 66b94000 b05a f367aa f4")
	w := everyWay(t, s, 200)
	require.True(t, w.cpu.Halted)
	require.Equal(t, uint16(0x30), uint16(w.cpu.R[x86.DI]))
	require.Equal(t, uint8(0x5a), bus.Load8(w.mem.At(0x10234+0x2f)))
	require.NotEqual(t, uint8(0x5a), bus.Load8(w.mem.At(0x20234)))

	// cld; mov esi,2000; mov edi,fff0; mov ecx,18; a16 rep movsd; hlt
	s = wide("fc be00200000 bff0ff0000 b918000000 f367a5 f4")
	s.at(0x12010, "11223344")
	w = everyWay(t, s, 200)
	require.True(t, w.cpu.Halted)
	require.Equal(t, uint64(0x50), w.cpu.R[x86.DI])
	require.Equal(t, uint32(0x44332211), bus.Load32(w.mem.At(0x10234)))
}

// TestDataBreakpointOfAFault: a data breakpoint that is hit by an instruction
// that then faults traps once, behind its second try (H5).
func TestDataBreakpointOfAFault(t *testing.T) {
	// mov eax,14000; mov dr0,eax; mov eax,30003; mov dr7,eax; mov esi,14000;
	// mov edi,17000; mov ecx,4; movsb; hlt
	s := script(flatPaging, unhex(strip("b800400100 0f23c0 b803000300 0f23f8 be00400100 bf00700100 b904000000 a4 f4")))
	s.dword(0x1b05c, 0x17006) // page 17 becomes present at its fault
	for i := range 16 {
		s.dword(0x4040+4*i, 0x10f20) // behind the trap: HLT
	}
	w := everyWay(t, s, 200)
	require.True(t, w.cpu.Halted)
	require.Equal(t, 2, w.cpu.Faults.N)
	require.Equal(t, uint32(x86.VecPF), bus.Load32(w.mem.At(0x4800)))
	require.Equal(t, uint32(x86.VecDB), bus.Load32(w.mem.At(0x4818)))
}
