package debugger

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"ringzero"
	"ringzero/debugger/explain"
	"ringzero/debugger/symbols"
	"ringzero/decoder"
	"ringzero/x86"
)

// The names of the registers in encoding order.
var (
	names64 = []string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}
	names16 = []string{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"}
	names8  = []string{"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"}
)

// systemRegister finds a register that has a field of its own.
func systemRegister(s *ringzero.State, name string) *uint64 {
	switch name {
	case "eip", "rip", "ip", "pc":
		return &s.EIP
	case "eflags", "rflags", "flags":
		return &s.Flags
	case "cr0":
		return &s.CR0
	case "cr2":
		return &s.CR2
	case "cr3":
		return &s.CR3
	case "cr4":
		return &s.CR4
	case "efer":
		return &s.EFER
	case "gdtr_base":
		return &s.GDTR.Base
	case "idtr_base":
		return &s.IDTR.Base
	case "sysenter_cs":
		return &s.SysenterCS
	case "sysenter_esp":
		return &s.SysenterESP
	case "sysenter_eip":
		return &s.SysenterEIP
	case "pat":
		return &s.PAT
	}
	if len(name) == 3 && strings.HasPrefix(name, "dr") && name[2] >= '0' && name[2] <= '7' {
		return &s.DR[name[2]-'0']
	}
	return nil
}

// registerValue gives a register of a state by name.
func registerValue(s *ringzero.State, name string) (v uint64, ok bool) {
	if i := slices.Index(names64, name); i >= 0 {
		return s.R[i], true
	}
	if i := slices.Index(explain.Names32, name); i >= 0 {
		return s.R[i] & 0xffffffff, true
	}
	if i := slices.Index(names16, name); i >= 0 {
		return s.R[i] & 0xffff, true
	}
	if i := slices.Index(names8, name); i >= 0 {
		return s.R[i&3] >> (8 * (i >> 2)) & 0xff, true
	}
	if i := slices.Index(explain.Segments, name); i >= 0 {
		return uint64(s.Seg[i].Sel), true
	}
	if seg, is := strings.CutSuffix(name, "_base"); is {
		if i := slices.Index(explain.Segments, seg); i >= 0 {
			return s.Seg[i].Base, true
		}
	}
	if p := systemRegister(s, name); p != nil {
		return *p, true
	}
	switch name {
	case "cpl":
		return uint64(s.CPL), true
	case "gdtr_limit":
		return uint64(s.GDTR.Limit), true
	case "idtr_limit":
		return uint64(s.IDTR.Limit), true
	case "mxcsr":
		return uint64(s.FPU.MXCSR), true
	}
	return 0, false
}

// setRegister changes one. The error is one line.
func (d *Debugger) setRegister(name string, v uint64) error {
	err := fmt.Errorf("%s is no register that can be set", name)
	d.m.Change(func(s *ringzero.State) {
		part := func(i int, mask uint64, shift int) {
			s.R[i] = s.R[i]&^(mask<<shift) | v&mask<<shift
			err = nil
		}
		if i := slices.Index(names64, name); i >= 0 {
			part(i, ^uint64(0), 0)
		} else if i := slices.Index(explain.Names32, name); i >= 0 {
			part(i, 0xffffffff, 0)
		} else if i := slices.Index(names16, name); i >= 0 {
			part(i, 0xffff, 0)
		} else if i := slices.Index(names8, name); i >= 0 {
			part(i&3, 0xff, 8*(i>>2))
		} else if p := systemRegister(s, name); p != nil {
			*p, err = v, nil
			if p == &s.Flags {
				*p = v | x86.F1
			}
		} else if i := slices.Index(explain.Segments, name); i >= 0 {
			err = fmt.Errorf("%s has a hidden part, which a selector alone does not give; have the guest load it", name)
		}
	})
	if err == nil && d.hist != nil {
		d.hist.Forget()
	}
	return err
}

// register is a register as an expression sees it.
func (d *Debugger) register(name string) (uint64, error) {
	switch name = strings.ToLower(name); name {
	case "step":
		return d.m.Steps(), nil
	case "ns":
		return d.m.Now(), nil
	case "pc":
		return d.pc(), nil
	}
	s := d.m.State()
	if v, ok := registerValue(&s, name); ok {
		return v, nil
	}
	return 0, fmt.Errorf("$%s is no register; info registers lists them", name)
}

// symbolOrRegister is what a plain word names.
func (d *Debugger) symbolOrRegister(word string) (uint64, error) {
	if v, ok := d.names.Address(word); ok {
		return v, nil
	}
	s := d.m.State()
	if v, ok := registerValue(&s, strings.ToLower(word)); ok {
		return v, nil
	}
	return 0, fmt.Errorf("%s is no symbol and no register; numbers begin with a digit", word)
}

// pc is the linear address of the instruction at which the machine stands.
func (d *Debugger) pc() uint64 {
	s := d.m.State()
	return d.linear(&s, s.EIP)
}

// linear is the address of an offset in the code segment.
func (d *Debugger) linear(s *ringzero.State, eip uint64) uint64 {
	return d.cut(s.Seg[x86.CS].Base + eip)
}

// cut takes a linear address to the width of the mode.
func (d *Debugger) cut(va uint64) uint64 {
	if d.m.CodeSize() == 64 {
		return va
	}
	return va & 0xffffffff
}

// stack is the linear address of the top of the stack.
func (d *Debugger) stack(s *ringzero.State) uint64 {
	sp := s.R[x86.SP]
	if !s.Seg[x86.SS].Big() {
		sp &= 0xffff
	}
	return d.cut(s.Seg[x86.SS].Base + sp)
}

// word is the width of the code in bytes.
func (d *Debugger) word() int { return int(d.m.CodeSize()) / 8 }

// load reads memory.
func (d *Debugger) load(at uint64, size int, physical bool) (uint64, error) {
	var b [8]byte
	n, kind := 0, "linear"
	if physical {
		n, kind = d.m.ReadPhysical(at, b[:size]), "physical"
	} else {
		n = d.m.ReadLinear(at, b[:size])
	}
	if n < size {
		return 0, fmt.Errorf("there is no memory at %s address %#x", kind, at+uint64(n))
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

// far is the linear address of an offset in the segment of a selector.
func (d *Debugger) far(sel uint16, off uint64) (uint64, error) {
	s := d.m.State()
	if s.CR0&x86.CR0_PE == 0 || s.Flags&x86.VM != 0 {
		return d.cut(uint64(sel)<<4 + off), nil
	}
	for i := range 6 {
		if s.Seg[i].Sel == sel {
			return d.cut(s.Seg[i].Base + off), nil
		}
	}
	desc, err := d.descriptor(&s, sel)
	if err != nil {
		return 0, err
	}
	return d.cut(uint64(desc.Base()) + off), nil
}

// descriptor reads the one of a selector.
func (d *Debugger) descriptor(s *ringzero.State, sel uint16) (x86.Descriptor, error) {
	base, limit, name := s.GDTR.Base, uint64(s.GDTR.Limit), "GDT"
	if sel&4 != 0 {
		base, limit, name = s.Seg[x86.LDTR].Base, uint64(s.Seg[x86.LDTR].Limit), "LDT"
	}
	off := uint64(sel &^ 7)
	if off+7 > limit {
		return 0, fmt.Errorf("selector %04x lies beyond the %s, whose limit is %04x", sel, name, limit)
	}
	v, err := d.load(base+off, 8, false)
	return x86.Descriptor(v), err
}

// code reads up to 15 bytes of an instruction.
func (d *Debugger) code(at uint64) []byte {
	b := make([]byte, decoder.MaxLen)
	return b[:d.m.ReadLinear(at, b)]
}

// inst decodes the instruction at a linear address.
func (d *Debugger) inst(at uint64) (in decoder.Inst, ok bool) {
	return in, decoder.Decode(d.code(at), d.m.CodeSize(), &in) == decoder.OK
}

// over tells whether Next goes over an instruction: what calls, interrupts and repeats.
func over(in *decoder.Inst) bool {
	switch in.Op {
	case decoder.CALL, decoder.CALLI, decoder.CALLF, decoder.INT, decoder.INT3, decoder.INTO, decoder.SYSENTER,
		decoder.LOOP, decoder.LOOPE, decoder.LOOPNE, decoder.HLT:
		return true
	}
	return in.Rep != decoder.RepNone
}

// where is " <main+0x12>" for a linear address, "" where no symbol covers it.
func (d *Debugger) where(at uint64) string {
	sym, off, ok := d.names.At(at)
	switch {
	case !ok:
		return ""
	case off == 0:
		return " <" + sym.Name + ">"
	}
	return fmt.Sprintf(" <%s+%#x>", sym.Name, off)
}

func vectorName(v x86.Vector) string {
	if v < 32 {
		return v.String()
	}
	return ""
}

// frame is one of a backtrace.
type frame struct {
	pc, sp, bp uint64
}

// frames follows the frame pointers, at most n.
func (d *Debugger) frames(n int) []frame {
	s := d.m.State()
	list := []frame{{pc: d.pc(), sp: d.stack(&s), bp: s.R[x86.BP]}}
	w := d.word()
	bp := s.R[x86.BP]
	for len(list) < n && w >= 4 {
		at := d.cut(s.Seg[x86.SS].Base + bp)
		next, err1 := d.load(at, w, false)
		back, err2 := d.load(at+uint64(w), w, false)
		if err1 != nil || err2 != nil || back == 0 || len(d.code(d.linear(&s, back))) == 0 {
			break
		}
		list = append(list, frame{pc: d.linear(&s, back), sp: at + uint64(2*w), bp: next})
		if next <= bp {
			break
		}
		bp = next
	}
	return list
}

// returnsTo is where the present function returns to, and the stack pointer by then.
func (d *Debugger) returnsTo() (pc, sp uint64, err error) {
	s := d.m.State()
	top := d.stack(&s)
	w := d.word()
	// At a function's first instruction, or its RET, the address is on top.
	_, off, known := d.names.At(d.pc())
	if in, ok := d.inst(d.pc()); ok && in.Op == decoder.RET || known && off == 0 {
		if back, err := d.load(top, w, false); err == nil {
			return d.linear(&s, back), top + uint64(w), nil
		}
	}
	if f := d.frames(2); len(f) == 2 {
		return f[1].pc, f[1].sp, nil
	}
	return 0, 0, fmt.Errorf("no caller is known: EBP (%#x) points to no frame", s.R[x86.BP])
}

// symbol finds a symbol by name.
func (d *Debugger) symbol(name string) (symbols.Symbol, bool) { return d.names.Find(name) }
