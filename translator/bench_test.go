package translator_test

import (
	"testing"

	"ringzero/translator"
)

// BenchmarkKernel runs small guest loops with paging on and reports millions of
// steps a second. `-pgo=$PWD/cmd/ringzero/default.pgo` builds it as the program
// is built.
func BenchmarkKernel(b *testing.B) {
	for _, r := range []struct {
		name string
		k    kind
		code string // at 10f00, of the window flat
	}{
		// l: add eax,ecx; xor edx,eax; rol eax,5; sub ecx,edx; inc ebx; jmp l
		{"alu", flatPaging, "01c8 31c2 c1c005 29d1 43 ebf4"},
		// l: mov eax,[14000]; add eax,ecx; mov [15000],eax; mov edx,[esi]; add [edi],edx; jmp l
		{"memory", flatPaging, "be 00600100 bf 00700100 a1 00400100 01c8 a3 00500100 8b16 0117 ebee"},
		// mov ecx,0; l: test cl,1; jz a; inc eax; a: cmp ecx,edx; jb b; inc ebx; b: inc ecx; jmp l
		{"branch", flatPaging, "31c9 f6c101 7401 40 39d1 7201 43 41 ebf2"},
		// l: call f; inc ecx; jmp l; f: push ebp; mov ebp,esp; inc eax; leave; ret
		{"callret", flatPaging, "e8 03000000 41 ebf8 55 89e5 40 c9 c3"},
		// a sieve's inner loop over 16 KiB of bytes:
		// o: mov edi,14000; l: mov byte [edi],1; add edi,7; cmp edi,17ff8; jb l; jmp o
		{"sieve", flatPaging, "bf 00400100 c60701 83c707 81ff f87f0100 72f2 ebeb"},
		// l: mov al,[esi]; mov [edi],al; ... through segments that are not flat
		{"segmented", segmented, "be 00400000 bf 00500000 8a06 8807 01c8 39d9 ebf6"},
		{"tlb hit", flatPaging, "be 00400100 bf 00402100 8b06 8b07 ebfa"},
		// 14000 and 1015400 share a slot: every access walks
		{"tlb miss", flatPaging, "be 00400100 bf 00540101 8b06 8b07 ebfa"},
		{"rep movsd", flatPaging, "fc be 00400100 bf 00600100 b9 00080000 f3a5 ebed"},
		{"cpuid", flatPaging, "0fa2 ebfc"},
		{"cli sti", flatPaging, "fa fb ebfc"},
		{"in out", flatPaging, "e480 0c01 e680 ebf8"},
		{"mmio", flatPaging, "a1 00a00100 83c801 a3 00a00100 ebf1"},
	} {
		b.Run(r.name, func(b *testing.B) {
			s := script(r.k, unhex(strip(r.code)))
			copy(s.memory[window+dirAt+4*4:], s.memory[window+dirAt:window+dirAt+4]) // the same tables at 16 MiB
			bench(b, s)
		})
	}
}

// BenchmarkCliff runs what costs a dynamic translator much more than it costs a
// processor: each row once fell off a cliff.
func BenchmarkCliff(b *testing.B) {
	for _, r := range []struct {
		name string
		code string // at 10f00, of the window flat
		more string // at 10ffe
	}{
		// 10ffe: mov eax,201; jmp 10ffe
		{"straddle", "e9f9000000", "b801020000 ebf9"},
		// l: mov [10f80],eax; inc ecx; jmp l
		{"store beside code", "a3 800f0100 41 ebf8", ""},
		// l: mov [1bff0],eax; inc ecx; jmp l: the page table's last entries
		{"store to a table", "a3 f0bf0100 41 ebf8", ""},
		// l: inc ecx; mov eax,[1a000]; inc ecx; inc edx; jmp l
		{"device in mid-block", "41 a1 00a00100 41 42 ebf6", ""},
		// l: inc byte [n+1]; n: mov al,0; jmp l
		{"code in its own block", "fe05 070f0100 b000 ebf6", ""},
		// l: mov eax,cr3; mov cr3,eax; jmp l
		{"CR3", "0f20d8 0f22d8 ebf8", ""},
		// l: invlpg [14000]; jmp l
		{"INVLPG", "0f013d 00400100 ebf7", ""},
	} {
		b.Run(r.name, func(b *testing.B) {
			s := script(flatPaging, unhex(strip(r.code)))
			copy(s.memory[0x10ffe:], unhex(strip(r.more)))
			bench(b, s)
		})
	}
}

// BenchmarkTrap is INT 20h from CPL 3, its handler being IRETD.
func BenchmarkTrap(b *testing.B) {
	s := script(flatUser, unhex(strip("cd20 ebfc")))
	s.memory[0x3000+16*0x20] = 0xcf
	bench(b, s)
}

// BenchmarkPageFault is a user's fault on a page that is not there, its handler
// being one that goes back over it.
func BenchmarkPageFault(b *testing.B) {
	// mov eax,[17000]; handler: add esp,4; iretd
	s := script(flatUser, unhex(strip("a1 00700100 ebf9")))
	copy(s.memory[0x3000+16*14:], unhex("83c404cf"))
	s.memory[window+tableAt+4*0x17] = 6
	bench(b, s)
}

func bench(b *testing.B, s *scene) {
	w := newWorld(b, "", translator.Config{})
	w.load(s)
	w.run(s, 1000) // translated and linked
	if w.cpu.Halted || w.cpu.Shutdown {
		b.Fatal("the kernel stopped")
	}
	w.chip.c.Flags &^= 1 << 9
	const slice = 100_000
	at := w.cpu.Steps()
	for b.Loop() {
		w.run(s, w.cpu.Steps()+slice)
	}
	b.ReportMetric(float64(w.cpu.Steps()-at)/1e6/b.Elapsed().Seconds(), "MIPS")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkProgram is a random program from cold to its end: mostly
// translation.
func BenchmarkProgram(b *testing.B) {
	s := build(5, flatUser)
	w := newWorld(b, "", translator.Config{})
	for b.Loop() {
		w.engine.Flush()
		w.load(s)
		w.run(s, s.steps)
	}
}
