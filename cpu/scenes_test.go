package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/x86"
)

// A task switch that worked left the mark of one that faulted behind, so the
// next fault in mid-block did not go back to its instruction.
func TestFaultAfterTaskSwitchIsAtItsInstruction(t *testing.T) {
	s := newScene(t, "max")
	s.step(0xea, 0, 0, 0, 0, tssB, 0)
	require.EqualValues(t, sceneGates+0xff0, s.EIP)
	require.Equal(t, uint16(tssB), s.Seg[x86.TR].Sel)
	s.PageBase = s.EIP
	s.Unretire(&Site{Off: 5, Rem: 1})
	require.EqualValues(t, sceneGates+0xff5, s.EIP)
}

// What can be loaded of a task whose state is bad is loaded: the fault is served
// on its stack.
func TestBadTaskLoadsTheRest(t *testing.T) {
	s := newScene(t, "max")
	s.put(sceneTSSB+x86.TSS32_LDT, 2, data0)
	s.put(sceneTSSB+x86.TSS32_ES, 2, 0xfff8)
	s.step(0x9a, 0, 0, 0, 0, tssB, 0)
	require.Equal(t, x86.Exception{Vector: x86.VecTS, Code: data0}, s.raised(0))
	require.EqualValues(t, sceneGates+10*16, s.EIP)
	require.Equal(t, []uint64{data0, sceneGates + 0xff0, code0, x86.F1 | x86.NT | x86.RF}, s.frame(4))
	require.Equal(t, uint16(0xfff8), s.Seg[x86.ES].Sel)
	require.Greater(t, s.Seg[x86.ES].ReadLo, s.Seg[x86.ES].ReadHi)
	require.Equal(t, uint16(data0), s.Seg[x86.DS].Sel)
}

func TestEnterFrameIsAllOfESP(t *testing.T) {
	for _, row := range []struct {
		name       string
		code       []byte
		sp, bp     uint64
		wantSP, BP uint64
	}{
		{"dwords", []byte{0xc8, 8, 0, 0}, 0x50000, 0x71234, 0x5fff4, 0x5fffc},
		{"dwords, two levels", []byte{0xc8, 8, 0, 2}, 0x50000, 0x71234, 0x5ffec, 0x5fffc},
		{"words", []byte{0x66, 0xc8, 8, 0, 0}, 0x50000, 0x71234, 0x5fff6, 0x7fffe},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t, "max")
			s.Seg[x86.SS].load(stack16, x86.Descriptor(s.get(sceneGDT+stack16, 8)))
			s.R[x86.SP], s.R[x86.BP] = row.sp, row.bp
			s.step(row.code...)
			require.Zero(t, s.Faults.N)
			require.Equal(t, row.wantSP, s.R[x86.SP])
			require.Equal(t, row.BP, s.R[x86.BP])
		})
	}
}

// The parts of a far pointer are two accesses, whose addresses wrap by the
// address size.
func TestFarPointerAtTheEndOfTheSegment(t *testing.T) {
	for _, row := range []struct {
		name string
		code []byte
		ok   bool
	}{
		{"les at FFFE", []byte{0xc4, 0x07}, true},
		{"les at FFFF", []byte{0xc4, 0x47, 1}, false},
		{"call far at FFFE", []byte{0xff, 0x1f}, true},
		{"jmp far at FFFE", []byte{0xff, 0x2f}, true},
		{"bound at FFFE", []byte{0x62, 0x07}, true},
		{"bound at FFFD", []byte{0x62, 0x47, 0xff}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t, "max")
			s.enterV86(3)
			s.R[x86.BX] = 0xfffe
			s.put(0x4fffe, 2, 0)      // 4000:FFFE
			s.put(0x40000, 2, 0x4000) // 4000:0000
			s.step(row.code...)
			if row.ok {
				require.Zero(t, s.Faults.N)
				return
			}
			require.Equal(t, x86.VecGP, s.raised(0).Vector)
		})
	}
}

func TestRFIsPushed(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(s *scene)
		want bool
	}{
		{"fault", func(s *scene) { s.step(0x0f, 0x0b) }, true},
		{"int n", func(s *scene) { s.step(0xcd, 0x30) }, false},
		{"interrupt", func(s *scene) { s.External(0x40) }, false},
		{"interrupt between iterations", func(s *scene) {
			s.R[x86.CX], s.R[x86.DI] = 8, sceneData
			s.Grant(0, 3)
			s.step(0xf3, 0xaa)
			require.EqualValues(t, 5, s.R[x86.CX])
			require.True(t, s.Repeating)
			s.External(0x40)
			require.EqualValues(t, sceneCode, s.frame(1)[0])
		}, true},
		{"interrupt after the last iteration", func(s *scene) {
			s.R[x86.CX], s.R[x86.DI] = 2, sceneData
			s.step(0xf3, 0xaa)
			s.External(0x40)
		}, false},
		{"code breakpoint", func(s *scene) {
			s.DR[0], s.DR[7] = sceneCode, 1
			s.updateDebug()
			s.step(0xf8)
		}, false},
		{"general detect", func(s *scene) {
			s.DR[7] = x86.DR7_GD
			s.step(0x0f, 0x21, 0xf8)
			require.NotZero(t, s.DR[6]&x86.DR6_BD)
		}, true},
		{"single step", func(s *scene) {
			s.Flags |= x86.TF
			s.step(0xf8)
			s.trap()
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t, "max")
			row.do(s)
			f := s.frame(3)
			require.EqualValues(t, code0, f[1])
			require.Equal(t, row.want, f[2]&x86.RF != 0, "flags %x", f[2])
			require.Zero(t, s.Flags&x86.RF)
		})
	}
}

// A code breakpoint at a REP is one of the instruction, not of each iteration.
func TestBreakpointAtRep(t *testing.T) {
	s := newScene(t, "max")
	s.DR[0], s.DR[7] = sceneCode, 1
	s.updateDebug()
	s.Flags |= x86.RF
	s.updateMode()
	s.R[x86.CX], s.R[x86.DI] = 3, sceneData
	for range 3 {
		s.step(0xf3, 0xaa)
	}
	require.Zero(t, s.Faults.N)
	require.Zero(t, s.R[x86.CX])
	require.EqualValues(t, sceneCode+2, s.EIP)
	s.EIP = sceneCode
	s.step(0xf3, 0xaa)
	require.Equal(t, x86.VecDB, s.raised(0).Vector)
}

func TestSingleStep(t *testing.T) {
	for _, row := range []struct {
		name    string
		prepare func(s *scene)
		code    []byte
		want    uint64 // DR6 bits pending
	}{
		{"ordinary", nil, []byte{0xf8}, x86.DR6_BS},
		{"int n", nil, []byte{0xcd, 0x30}, 0},
		{"fault", nil, []byte{0x0f, 0x0b}, 0},
		{"hlt", nil, []byte{0xf4}, x86.DR6_BS},
		{"load of SS", nil, []byte{0x8e, 0xd0}, 0},
		{"popf that clears TF", func(s *scene) { s.pushAll(x86.F1) }, []byte{0x9d}, x86.DR6_BS},
		{"int n redirected by VME", func(s *scene) {
			s.enterV86(0)
			s.CR4 |= x86.CR4_VME
			s.Seg[x86.TR].Limit = 0x200
			s.put(sceneTSS+x86.TSS32_IOMap, 2, 0x88)
		}, []byte{0xcd, 0x30}, 0},
		{"one iteration of a rep", func(s *scene) { s.R[x86.CX], s.R[x86.DI] = 3, sceneData }, []byte{0xf3, 0xaa}, x86.DR6_BS},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t, "max")
			s.R[x86.AX] = data0
			if row.prepare != nil {
				row.prepare(s)
			}
			s.Flags |= x86.TF
			s.updateMode()
			s.step(row.code...)
			require.Equal(t, row.want, s.PendingDB)
		})
	}
}

func TestHaltUnderTFGoesOn(t *testing.T) {
	s := newScene(t, "max")
	s.Flags |= x86.TF
	s.updateMode()
	s.step(0xf4)
	require.True(t, s.Halted)
	s.trap()
	require.False(t, s.Halted)
	require.EqualValues(t, sceneCode+1, s.frame(1)[0])
}

// A data breakpoint that a load of SS hits is served behind the instruction
// that follows.
func TestLoadOfSSHoldsDataBreakpoints(t *testing.T) {
	s := newScene(t, "max")
	s.put(sceneData, 2, data0)
	s.DR[1], s.DR[7] = sceneData, 3<<2|3<<20|1<<22
	s.updateDebug()
	s.step(bytes([]byte{0x8e, 0x15}, uint32(sceneData))...)
	require.Zero(t, s.PendingDB)
	require.NotZero(t, s.Mode&ModeBreak)
	s.step(0xf8)
	require.EqualValues(t, 2, s.PendingDB)
	require.Zero(t, s.HeldDB)
	s.trap()
	require.EqualValues(t, sceneCode+7, s.frame(1)[0])
	require.EqualValues(t, 2, s.DR[6]&0xf)
}

// Where that instruction is INT1, its #DB is the one that reports.
func TestLoadOfSSBeforeINT1(t *testing.T) {
	s := newScene(t, "max")
	s.put(sceneData, 2, data0)
	s.DR[1], s.DR[7] = sceneData, 3<<2|3<<20|1<<22
	s.updateDebug()
	s.step(bytes([]byte{0x8e, 0x15}, uint32(sceneData))...)
	s.step(0xf1)
	require.Zero(t, s.PendingDB)
	require.Zero(t, s.HeldDB)
	require.EqualValues(t, sceneCode+7, s.frame(1)[0])
	require.EqualValues(t, 2, s.DR[6]&0xf)
}

// TestDR6OfTheLastTrap: B0 to B3 are those of the last #DB, BS and BD stay.
func TestDR6OfTheLastTrap(t *testing.T) {
	s := newScene(t, "max")
	s.DR[6] = x86.DR6_Init | x86.DR6_BS | 1<<1
	s.DR[2], s.DR[7] = sceneCode, 1<<4
	s.updateDebug()
	s.step(0xf8)
	require.EqualValues(t, x86.DR6_Init|x86.DR6_BS|1<<2, s.DR[6], "a code breakpoint")
	s = newScene(t, "max")
	s.DR[6] = x86.DR6_Init | 0xc
	s.DR[1], s.DR[7] = sceneData, 1<<2|1<<20
	s.updateDebug()
	s.R[x86.DI] = sceneData
	s.step(0xaa)
	s.trap()
	require.EqualValues(t, x86.DR6_Init|1<<1, s.DR[6], "a data breakpoint")
}

// TestDR7Bit11: without RTM it is reserved.
func TestDR7Bit11(t *testing.T) {
	s := newScene(t, "max")
	s.R[x86.AX] = 0xffffd801
	s.step(0x0f, 0x23, 0xf8)
	require.EqualValues(t, 0xffff0001|x86.DR7_Init, s.DR[7])
}

// CR2 of an operand in two pages is the first byte that can't be had; pushes
// fault in the order in which they are made. Nothing changes.
func TestFaultAtThePageEdge(t *testing.T) {
	const edge = sceneData + 0x1000
	for _, row := range []struct {
		name    string
		prepare func(s *scene)
		code    []byte
		cr2     uint64
	}{
		{"bts", func(s *scene) { s.R[x86.BX] = edge - 1 }, []byte{0x0f, 0xab, 0x03}, edge},
		{"cmpxchg8b", func(s *scene) { s.R[x86.BX] = edge - 5 }, []byte{0x0f, 0xc7, 0x0b}, edge},
		{"pusha down into the page", func(s *scene) { s.R[x86.SP] = edge + 0x1000 + 6 }, []byte{0x60}, edge + 0xffe},
		{"pushaw", func(s *scene) { s.R[x86.SP] = edge + 0x1008 }, []byte{0x66, 0x60}, edge + 0xffe},
		{"popa", func(s *scene) { s.R[x86.SP] = edge - 6 }, []byte{0x61}, edge},
		{"enter", func(s *scene) { s.R[x86.SP] = edge + 0x1002 }, []byte{0xc8, 0, 0, 0}, edge + 0xffe},
		{"enter whose room is missing", func(s *scene) { s.R[x86.SP] = edge + 0x1010 }, []byte{0xc8, 0x20, 0, 0}, edge + 0xfec},
		{"sgdt", func(s *scene) { s.R[x86.BX] = edge - 1 }, []byte{0x0f, 0x01, 0x03}, edge},
		{"movs, source", func(s *scene) { s.R[x86.SI], s.R[x86.DI] = edge-2, sceneData }, []byte{0xa5}, edge},
		{"movs, destination", func(s *scene) { s.R[x86.DI], s.R[x86.SI] = edge-2, sceneData }, []byte{0xa5}, edge},
		{"insd", func(s *scene) { s.R[x86.DI] = edge - 3 }, []byte{0x6d}, edge},
		{"call far", func(s *scene) { s.R[x86.SP] = edge + 0x1004 }, []byte{0x9a, 0, 0, 1, 0, code0, 0}, edge + 0xffc},
		{"bound, second half", func(s *scene) { s.R[x86.BX] = edge - 4 }, []byte{0x62, 0x03}, edge},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t, "max")
			s.page(edge)
			// The handler runs as a task, so that no stack is needed.
			s.put(sceneIDT+14*8, 8, uint64(tssB)<<16|uint64(attrP|x86.TypeTask)<<40)
			s.put(sceneTSSB+x86.TSS32_CR3, 4, sceneDir)
			row.prepare(s)
			regs := s.R
			s.step(row.code...)
			require.Equal(t, x86.VecPF, s.raised(0).Vector)
			require.Equal(t, row.cr2, s.CR2)
			for i := range 8 {
				require.Equal(t, regs[i], s.get(uint64(sceneTSS+x86.TSS32_EAX+4*i), 4), "register %d", i)
			}
			require.EqualValues(t, sceneCode, s.get(sceneTSS+x86.TSS32_EIP, 4))
		})
	}
}

// Which flags a program can change tells models apart (SDM 1 20.1).
func TestFlagsByModel(t *testing.T) {
	for model, want := range map[string]uint64{
		"486":        x86.AC,
		"pentium":    x86.AC | x86.ID | x86.VIF | x86.VIP,
		"pentiumpro": x86.AC | x86.ID | x86.VIF | x86.VIP,
		"max":        x86.AC | x86.ID | x86.VIF | x86.VIP,
	} {
		t.Run(model, func(t *testing.T) {
			s := newScene(t, model)
			s.pushAll(sceneCode, code0, 0x3c0000|x86.F1)
			s.step(0xcf)
			require.Equal(t, want, s.EFLAGS()&0x3c0000, "iret")
			s.pushAll(x86.F1)
			s.step(0x9d)
			require.Equal(t, want&(x86.VIF|x86.VIP), s.EFLAGS()&0x3c0000, "popf leaves VIF and VIP")
			s.pushAll(0x3c0000 | x86.F1)
			s.step(0x9d)
			require.Equal(t, want, s.EFLAGS()&0x3c0000, "popf")
		})
	}
}

// A segment register that was null gets a real-mode segment's limit and rights.
func TestNullSegmentInRealMode(t *testing.T) {
	s := newScene(t, "max")
	require.Nil(t, s.LoadData(x86.GS, 0))
	s.CR0 &^= x86.CR0_PE
	s.updateMode()
	require.Nil(t, s.LoadData(x86.GS, 0x1234))
	va, exc := s.Linear(x86.GS, 0xffff, 1, true)
	require.Nil(t, exc)
	require.EqualValues(t, 0x1234<<4+0xffff, va)
}

// A second fault in the delivery of the first (SDM 3A 6.15, table 6-5).
func TestDoubleFaultClasses(t *testing.T) {
	gate := func(s *scene, v int, p uint64) { s.put(sceneIDT+uint64(v)*8+5, 1, p) }
	for _, row := range []struct {
		name   string
		absent []int
		code   []byte
		want   []x86.Vector
	}{
		{"benign, then contributory", []int{6}, []byte{0x0f, 0x0b}, []x86.Vector{x86.VecUD, x86.VecNP}},
		{"contributory twice", []int{0}, []byte{0xf7, 0xf1}, []x86.Vector{x86.VecDE, x86.VecNP, x86.VecDF}},
		{"triple", []int{0, 8}, []byte{0xf7, 0xf1}, []x86.Vector{x86.VecDE, x86.VecNP, x86.VecDF, x86.VecNP}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t, "max")
			for _, v := range row.absent {
				gate(s, v, x86.TypeInt32)
			}
			s.R[x86.CX] = 0
			s.step(row.code...)
			var got []x86.Vector
			for _, e := range s.Faults.Last[:s.Faults.N] {
				got = append(got, e.Exc.Vector)
			}
			// The log names the second fault as well as the double fault.
			require.Equal(t, row.want, got)
			require.Equal(t, len(row.want) == 4, s.Shutdown)
		})
	}
}

// TestLeaveBeforeAFault: an end of the slice in the middle of a block holds although a later
// instruction of it gives steps back (H8).
func TestLeaveBeforeAFault(t *testing.T) {
	s := newScene(t, "max")
	s.Grant(10, 100)
	s.Budget -= 8 // a block of eight
	s.EndSlice()
	s.Unretire(&Site{Rem: 3, Off: 5})
	require.LessOrEqual(t, s.Budget, int64(0))
	require.Equal(t, uint64(15), s.Steps())
	s.Grant(15, 100)
	s.Budget -= 8
	s.Unretire(&Site{Rem: 3, Off: 5})
	require.Equal(t, int64(95), s.Budget)
}
