package cpu

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/bus"
	"ringzero/decoder"
	"ringzero/x86"
)

// scene is a processor in protected mode with descriptor tables, on which
// single instructions are run by their handlers as the engine would.
type scene struct {
	testing.TB
	*CPU
}

// Where the scene has its things, in linear memory, which is also physical.
const (
	sceneGDT   = 0x1000
	sceneIDT   = 0x2000
	sceneTSS   = 0x3000
	sceneTSSB  = 0x3800
	sceneLDT   = 0x4000
	sceneGates = 0x8000 // vector v is served at 8000h + 16 v
	sceneCode  = 0x10000
	sceneStack = 0x20000 // top of the stack in use
	sceneRing0 = 0x28000 // SS0:ESP0
	sceneDir   = 0x30000 // page directory and table
	sceneTable = 0x31000
	sceneData  = 0x40000
)

// Selectors.
const (
	code0   = 0x08
	data0   = 0x10
	code3   = 0x18 | 3
	data3   = 0x20 | 3
	tssMain = 0x28
	tssB    = 0x30
	stack16 = 0x38
	free    = 0x40
	ldtSel  = 0x48
	// local is descriptor 0 of the LDT.
	local = 4
)

// descriptorOf makes a descriptor; attr as in Segment.Attr, limit in bytes or
// pages.
func descriptorOf(base, limit uint32, attr uint16) uint64 {
	return uint64(limit)&0xffff | uint64(base)&0xffffff<<16 | uint64(attr)<<40 | uint64(limit)&0xf0000<<32 | uint64(base)>>24<<56
}

const (
	flat  = attrDB | attrG
	codeA = attrP | attrS | attrCode | attrRW | attrA
	dataA = attrP | attrS | attrRW | attrA
	dpl3  = 3 << 5
)

func newScene(t testing.TB, model string) *scene {
	t.Helper()
	mem, err := bus.NewMemory(1 << 20)
	require.NoError(t, err)
	t.Cleanup(mem.Close)
	m, err := ModelByName(model)
	require.NoError(t, err)
	s := &scene{t, New(m, mem, bus.NewPorts())}
	s.CR0 |= x86.CR0_PE
	s.GDTR, s.IDTR = Table{sceneGDT, 0x4f}, Table{sceneIDT, 0x7ff}
	s.desc(code0, 0, 0xfffff, codeA|flat)
	s.desc(data0, 0, 0xfffff, dataA|flat)
	s.desc(code3, 0, 0xfffff, codeA|flat|dpl3)
	s.desc(data3, 0, 0xfffff, dataA|flat|dpl3)
	s.desc(tssMain, sceneTSS, 0x67, attrP|x86.TypeTSS32Busy)
	s.desc(tssB, sceneTSSB, 0x67, attrP|x86.TypeTSS32)
	s.desc(stack16, 0, 0xffff, dataA)
	s.desc(ldtSel, sceneLDT, 0x7f, attrP|x86.TypeLDT)
	for v := range uint32(256) {
		to := sceneGates + 16*v
		s.put(sceneIDT+uint64(v)*8, 8, uint64(to)&0xffff|code0<<16|uint64(attrP|dpl3|x86.TypeInt32)<<40|uint64(to)>>16<<48)
	}
	s.put(sceneTSS+x86.TSS32_ESP0, 4, sceneRing0)
	s.put(sceneTSS+x86.TSS32_ESP0+4, 4, data0)
	s.taskB()
	s.Seg[x86.TR].load(tssMain, x86.Descriptor(s.get(sceneGDT+tssMain, 8)))
	s.ring(0)
	s.R[x86.SP] = sceneStack
	s.EIP = sceneCode
	s.Grant(0, 1<<30)
	s.addressSpace()
	return s
}

func (s *scene) put(at uint64, size int, v uint64) { s.Mem.Store(at, size, v) }
func (s *scene) get(at uint64, size int) uint64    { return s.Mem.Load(at, size) }

func (s *scene) desc(sel uint16, base, limit uint32, attr uint16) {
	s.put(sceneGDT+uint64(sel&^7), 8, descriptorOf(base, limit, attr))
}

// taskB makes the second task one that starts at the code of vector FFh.
func (s *scene) taskB() {
	at := uint64(sceneTSSB)
	s.put(at+x86.TSS32_EIP, 4, sceneGates+0xff0)
	s.put(at+x86.TSS32_EFL, 4, x86.F1)
	s.put(at+x86.TSS32_EAX+4*x86.SP, 4, sceneRing0)
	for i := range 6 {
		sel := uint64(data0)
		if i == x86.CS {
			sel = code0
		}
		s.put(at+uint64(x86.TSS32_ES+4*i), 4, sel)
	}
}

// ring loads the flat segments of ring 0 or 3.
func (s *scene) ring(n uint8) {
	code, data := uint16(code0), uint16(data0)
	if n == 3 {
		code, data = code3, data3
	}
	for i := range 6 {
		sel := data
		if i == x86.CS {
			sel = code
		}
		s.Seg[i].load(sel, x86.Descriptor(s.get(sceneGDT+uint64(sel&^7), 8)))
	}
	s.CPL = n
	s.updateMode()
}

// v86 enters virtual-8086 mode with the code at 1000:0 and the stack at
// 2000:1000.
func (s *scene) enterV86(iopl uint64) {
	s.CPL = 3
	s.Flags |= x86.VM | iopl<<x86.IOPLShift
	for i := range 6 {
		s.loadReal(i, 0x4000)
	}
	s.loadReal(x86.CS, sceneCode>>4)
	s.loadReal(x86.SS, sceneStack>>4)
	s.EIP, s.R[x86.SP] = 0, 0x1000
	s.updateMode()
}

// page switches paging on: the first MiB maps to itself, for users as well, but
// for the page given.
func (s *scene) page(absent uint64) {
	s.put(sceneDir, 4, sceneTable|7)
	for i := range uint64(256) {
		pte := i<<12 | 7
		if i == absent>>12 {
			pte = 0
		}
		s.put(sceneTable+4*i, 4, pte)
	}
	s.CR3 = sceneDir
	s.CR0 |= x86.CR0_PG
	s.addressSpace()
}

// step runs the instruction with these bytes at CS:EIP; its faults are delivered.
func (s *scene) step(code ...byte) {
	s.Helper()
	base := s.Seg[x86.CS].Base + s.EIP
	for i, b := range code {
		s.put(base+uint64(i), 1, uint64(b))
	}
	mode := decoder.Code16
	if s.Seg[x86.CS].Big() {
		mode = decoder.Code32
	}
	var in decoder.Inst
	require.Equal(s, decoder.OK, decoder.Decode(code, mode, &in))
	call := Calls[in.Op]
	if in.Rep != decoder.RepNone {
		call = Calls[CallRepeat]
	}
	require.NotNil(s, call.Do, in.Op.String())
	trap := s.Flags&x86.TF != 0
	if bits := s.BeforeStep(); bits != 0 {
		s.Budget--
		s.DebugFault(bits)
		return
	}
	site := &Site{Inst: &in, Rem: 1}
	s.Budget--
	s.PageBase = s.EIP
	s.Enter(site)
	exc := call.Do(s.CPU, site)
	s.Rem = 0
	switch {
	case exc != nil:
		s.Unretire(site)
		s.Budget--
		s.Raise(*exc)
	case call.Flow != FlowJump:
		s.EIP += uint64(in.Len)
	}
	s.AfterStep(trap)
}

// trap delivers what is pending after an instruction.
func (s *scene) trap() {
	s.Helper()
	require.NotZero(s, s.PendingDB, "no debug trap is pending")
	s.DebugTrap()
}

// raised is the nth exception since the start, without its address.
func (s *scene) raised(n int) x86.Exception {
	s.Helper()
	require.Greater(s, s.Faults.N, n, "it was not raised")
	e := s.Faults.Last[n].Exc
	e.Address = 0
	return e
}

// frame reads dwords from the top of the stack.
func (s *scene) frame(n int) []uint64 {
	f := make([]uint64, n)
	for i := range f {
		f[i] = s.get(s.Seg[x86.SS].Base+s.R[x86.SP]+uint64(4*i), 4)
	}
	return f
}

// pushAll puts dwords on the stack, the first on top.
func (s *scene) pushAll(v ...uint64) {
	for i := len(v) - 1; i >= 0; i-- {
		s.R[x86.SP] -= 4
		s.put(s.Seg[x86.SS].Base+s.R[x86.SP], 4, v[i])
	}
}

// bytes makes an instruction of opcode bytes and a little-endian tail.
func bytes(op []byte, tail ...any) []byte {
	out := append([]byte(nil), op...)
	for _, v := range tail {
		var err error
		if out, err = binary.Append(out, binary.LittleEndian, v); err != nil {
			panic("BUG: " + err.Error())
		}
	}
	return out
}

var none = x86.Exception{Vector: 255}

func TestFaults(t *testing.T) {
	type exc = x86.Exception
	farCall := func(sel uint16) []byte { return bytes([]byte{0x9a}, uint32(0), sel) }
	farJump := func(sel uint16) []byte { return bytes([]byte{0xea}, uint32(0), sel) }
	ring3 := func(s *scene) { s.ring(3) }
	for _, row := range []struct {
		name    string
		model   string
		prepare func(s *scene)
		code    []byte
		want    x86.Exception
		then    x86.Exception // raised by the delivery, where a vector is given
	}{
		{"call to a TSS in the LDT", "max", func(s *scene) {
			s.put(sceneLDT, 8, descriptorOf(sceneTSSB, 0x67, attrP|x86.TypeTSS32))
			s.Seg[x86.LDTR].load(ldtSel, x86.Descriptor(s.get(sceneGDT+ldtSel, 8)))
		}, farCall(local), exc{Vector: x86.VecGP, Code: local}, exc{}},
		{"jump to a TSS in the LDT", "max", func(s *scene) {
			s.put(sceneLDT, 8, descriptorOf(sceneTSSB, 0x67, attrP|x86.TypeTSS32))
			s.Seg[x86.LDTR].load(ldtSel, x86.Descriptor(s.get(sceneGDT+ldtSel, 8)))
		}, farJump(local), exc{Vector: x86.VecGP, Code: local}, exc{}},
		{"far call to null", "max", nil, farCall(3), exc{Vector: x86.VecGP}, exc{}},
		{"far call to absent code", "max", func(s *scene) { s.desc(free, 0, 0xfffff, codeA&^attrP|flat) },
			farCall(free), exc{Vector: x86.VecNP, Code: free}, exc{}},
		{"far call beyond the limit of the code", "max", func(s *scene) { s.desc(free, 0, 0xf, codeA|attrDB) },
			bytes([]byte{0x9a}, uint32(0x10), uint16(free)), exc{Vector: x86.VecGP}, exc{}},
		{"far call: room on the stack before the limit of the code", "max", func(s *scene) {
			s.desc(free, 0, 0xf, codeA|attrDB)
			s.Seg[x86.SS].load(stack16, x86.Descriptor(s.get(sceneGDT+stack16, 8)))
			s.R[x86.SP] = 2
		}, bytes([]byte{0x9a}, uint32(0x10), uint16(free)), exc{Vector: x86.VecSS}, exc{}},
		{"TSS with room for SS0 alone", "max", func(s *scene) {
			s.ring(3)
			s.Seg[x86.TR].Limit = x86.TSS32_ESP0 + 5
		}, []byte{0xf4}, exc{Vector: x86.VecGP}, exc{}},
		{"TSS that ends in SS0", "max", func(s *scene) {
			s.ring(3)
			s.Seg[x86.TR].Limit = x86.TSS32_ESP0 + 4
			// The double fault of #GP and #TS goes to a task.
			s.put(sceneIDT+8*8, 8, uint64(tssB)<<16|uint64(attrP|x86.TypeTask)<<40)
		}, []byte{0xf4}, exc{Vector: x86.VecGP}, exc{Vector: x86.VecTS, Code: tssMain | 1}},
		{"iret to virtual-8086 mode with a large EIP", "max", func(s *scene) {
			s.pushAll(0x10000, 0x1000, x86.VM|x86.F1, 0, 0x1000, 0, 0, 0, 0)
		}, []byte{0xcf}, exc{Vector: x86.VecGP}, exc{}},
		{"iret to an absent stack", "max", func(s *scene) {
			s.desc(free, 0, 0xfffff, dataA&^attrP|flat|dpl3)
			s.pushAll(0, code3, x86.F1, 0x1000, free|3)
		}, []byte{0xcf}, exc{Vector: x86.VecSS, Code: free}, exc{}},
		{"popf in virtual-8086 mode asks IOPL before the stack", "max", func(s *scene) {
			s.enterV86(0)
			s.R[x86.SP] = 0xffff
		}, []byte{0x9d}, exc{Vector: x86.VecGP}, exc{}},
		{"popfd in virtual-8086 mode with VME", "max", func(s *scene) {
			s.enterV86(0)
			s.CR4 |= x86.CR4_VME
		}, []byte{0x66, 0x9d}, exc{Vector: x86.VecGP}, exc{}},
		{"cli at CPL 3", "max", ring3, []byte{0xfa}, exc{Vector: x86.VecGP}, exc{}},
		{"cli at CPL 3 with PVI", "max", func(s *scene) { s.ring(3); s.CR4 |= x86.CR4_PVI }, []byte{0xfa}, none, exc{}},
		{"sti with VIP under PVI", "max", func(s *scene) { s.ring(3); s.CR4 |= x86.CR4_PVI; s.Flags |= x86.VIP },
			[]byte{0xfb}, exc{Vector: x86.VecGP}, exc{}},
		{"hlt at CPL 3", "max", ring3, []byte{0xf4}, exc{Vector: x86.VecGP}, exc{}},
		{"int to a gate of DPL 0 at CPL 3", "max", func(s *scene) {
			s.ring(3)
			s.put(sceneIDT+0x80*8+5, 1, attrP|x86.TypeInt32)
		}, []byte{0xcd, 0x80}, exc{Vector: x86.VecGP, Code: 0x80*8 + 2}, exc{}},
		{"an exception finds its gate absent: EXT", "max", func(s *scene) {
			s.put(sceneIDT+6*8+5, 1, x86.TypeInt32)
		}, []byte{0x0f, 0x0b}, exc{Vector: x86.VecUD}, exc{Vector: x86.VecNP, Code: 6*8 + 3}},
		{"lidt at CPL 3", "max", ring3, []byte{0x0f, 0x01, 0x1d, 0, 0, 4, 0}, exc{Vector: x86.VecGP}, exc{}},
		{"mov cr4 with a reserved bit", "max", func(s *scene) { s.R[0] = 1 << 25 }, []byte{0x0f, 0x22, 0xe0}, exc{Vector: x86.VecGP}, exc{}},
		{"mov cr4 on a 486", "486", nil, []byte{0x0f, 0x22, 0xe0}, exc{Vector: x86.VecUD}, exc{}},
		{"OSFXSR on a Pentium Pro", "pentiumpro", func(s *scene) { s.R[0] = x86.CR4_OSFXSR }, []byte{0x0f, 0x22, 0xe0}, exc{Vector: x86.VecGP}, exc{}},
		{"PAE on a Pentium", "pentium", func(s *scene) { s.R[0] = x86.CR4_PAE }, []byte{0x0f, 0x22, 0xe0}, exc{Vector: x86.VecGP}, exc{}},
		{"PG without PE", "max", func(s *scene) { s.R[0] = x86.CR0_PG }, []byte{0x0f, 0x22, 0xc0}, exc{Vector: x86.VecGP}, exc{}},
		{"NW without CD", "max", func(s *scene) { s.R[0] = x86.CR0_PE | x86.CR0_NW }, []byte{0x0f, 0x22, 0xc0}, exc{Vector: x86.VecGP}, exc{}},
		{"mov dr4 under DE", "max", func(s *scene) { s.CR4 |= x86.CR4_DE }, []byte{0x0f, 0x21, 0xe0}, exc{Vector: x86.VecUD}, exc{}},
		{"rdtsc under TSD at CPL 3", "max", func(s *scene) { s.ring(3); s.CR4 |= x86.CR4_TSD }, []byte{0x0f, 0x31}, exc{Vector: x86.VecGP}, exc{}},
		{"rdmsr of PAT on a Pentium", "pentium", func(s *scene) { s.R[x86.CX] = x86.MSR_PAT }, []byte{0x0f, 0x32}, exc{Vector: x86.VecGP}, exc{}},
		{"wrmsr of a bad PAT", "max", func(s *scene) { s.R[x86.CX], s.R[x86.AX] = x86.MSR_PAT, 2 }, []byte{0x0f, 0x30}, exc{Vector: x86.VecGP}, exc{}},
		{"wrmsr of EFER.LME", "max", func(s *scene) { s.R[x86.CX], s.R[x86.AX] = x86.MSR_EFER, x86.EFER_LME }, []byte{0x0f, 0x30}, exc{Vector: x86.VecGP}, exc{}},
		{"sysenter without a code segment", "max", nil, []byte{0x0f, 0x34}, exc{Vector: x86.VecGP}, exc{}},
		{"sysexit at CPL 3", "max", func(s *scene) { s.ring(3); s.SysenterCS = code0 }, []byte{0x0f, 0x35}, exc{Vector: x86.VecGP}, exc{}},
		{"ltr of a busy TSS", "max", func(s *scene) { s.R[0] = tssMain }, []byte{0x0f, 0x00, 0xd8}, exc{Vector: x86.VecGP, Code: tssMain}, exc{}},
		{"lldt of a TSS", "max", func(s *scene) { s.R[0] = tssB }, []byte{0x0f, 0x00, 0xd0}, exc{Vector: x86.VecGP, Code: tssB}, exc{}},
		{"mov ss, null", "max", func(s *scene) { s.R[0] = 0 }, []byte{0x8e, 0xd0}, exc{Vector: x86.VecGP}, exc{}},
		{"mov ss of another DPL", "max", func(s *scene) { s.R[0] = data3 }, []byte{0x8e, 0xd0}, exc{Vector: x86.VecGP, Code: data3 &^ 3}, exc{}},
		{"arpl of read-only data that needs no change", "max", func(s *scene) {
			s.desc(free, 0, 0xfffff, dataA&^attrRW|flat)
			s.Seg[x86.DS].load(free, x86.Descriptor(s.get(sceneGDT+free, 8)))
		}, []byte{0x63, 0x05, 0, 0, 4, 0}, none, exc{}},
		{"arpl of read-only data", "max", func(s *scene) {
			s.desc(free, 0, 0xfffff, dataA&^attrRW|flat)
			s.Seg[x86.DS].load(free, x86.Descriptor(s.get(sceneGDT+free, 8)))
			s.R[0] = 3
		}, []byte{0x63, 0x05, 0, 0, 4, 0}, exc{Vector: x86.VecGP}, exc{}},
		{"rep insb of a closed port with ECX 0", "max", func(s *scene) {
			s.ring(3)
			s.R[x86.CX] = 0
		}, []byte{0xf3, 0x6c}, exc{Vector: x86.VecGP}, exc{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t, row.model)
			if row.prepare != nil {
				row.prepare(s)
			}
			s.step(row.code...)
			if row.want == none {
				require.Zero(t, s.Faults.N, "%v", s.Faults.Last[0].Exc.Error())
				return
			}
			require.Equal(t, row.want, s.raised(0))
			if row.then.Vector != 0 {
				require.Equal(t, row.then, s.raised(1))
			}
		})
	}
}
