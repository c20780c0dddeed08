package explain

import (
	"fmt"
	"strings"

	"ringzero"
	"ringzero/decoder"
	"ringzero/x86"
)

// why says in words which rule the instruction of a fault broke, as far as the
// state that it left tells: "" where it does not. The processor must stand at
// that instruction still.
func (e *explainer) why(f ringzero.FaultEntry) string {
	c := e.c
	if f.CS != c.Seg[x86.CS].Sel || f.EIP != c.EIP || c.CR0&x86.CR0_PE == 0 {
		return ""
	}
	var in decoder.Inst
	decoded := decoder.Decode(e.codeAt(c.EIP), e.codeSize(), &in) == decoder.OK && in.Row != nil
	code := f.Exc.Code
	switch v := f.Exc.Vector; {
	case v == x86.VecUD && decoded && !e.m.Has(in.Row.Feature):
		return in.Mnemonic() + " is no instruction of this processor model"
	case v != x86.VecGP && v != x86.VecSS && v != x86.VecNP && v != x86.VecTS:
		return ""
	case code&codeIDT != 0:
		return e.whyGate(code, &in, decoded)
	case code&^codeEXT != 0:
		return e.whySelector(code, &in, decoded)
	case decoded:
		return e.whyNoSelector(&in)
	}
	return ""
}

// whyGate: the IDT has nothing that the vector may go through (SDM 3A 6.12.1).
func (e *explainer) whyGate(code uint32, in *decoder.Inst, decoded bool) string {
	c := e.c
	vector, offset := code>>3, uint64(code&^7)
	if offset+7 > uint64(c.IDTR.Limit) {
		return fmt.Sprintf("vector %02x lies beyond the IDT's limit, %04x", vector, c.IDTR.Limit)
	}
	d, ok := e.descriptor(c.IDTR.Base + offset)
	if !ok {
		return "the IDT can't be read"
	}
	switch d.Type() {
	case x86.TypeTask, x86.TypeInt16, x86.TypeTrap16, x86.TypeInt32, x86.TypeTrap32:
	default:
		if c.IDTR.Base == 0 && c.IDTR.Limit == 0xffff { // as after a reset (SDM 3A table 9-1)
			return "no LIDT was executed since the reset: the real mode's vectors are taken for gates"
		}
		return fmt.Sprintf("the IDT's entry for vector %02x is no gate", vector)
	}
	if d.Segment() {
		return fmt.Sprintf("the IDT's entry for vector %02x is a segment, no gate", vector)
	}
	software := decoded && (in.Op == decoder.INT || in.Op == decoder.INT3 || in.Op == decoder.INTO)
	switch {
	case software && int(d.DPL()) < int(c.CPL):
		return fmt.Sprintf("%s at CPL %d through a gate of DPL %d", in.Mnemonic(), c.CPL, d.DPL())
	case !d.Present():
		return fmt.Sprintf("the gate of vector %02x is not present", vector)
	}
	return ""
}

// whySelector: a selector that may not be loaded there (SDM 2A MOV, 2A IRET, 3A
// 5.6 to 5.8).
func (e *explainer) whySelector(code uint32, in *decoder.Inst, decoded bool) string {
	c := e.c
	table, name, limit := c.GDTR.Base, "GDT", uint64(c.GDTR.Limit)
	if code&codeTI != 0 {
		ldt := &c.Seg[x86.LDTR]
		if ldt.Attr == 0 {
			return "the selector is of the LDT, and LDTR is null"
		}
		table, name, limit = ldt.Base, "LDT", uint64(ldt.Limit)
	}
	offset := uint64(code &^ 7)
	if offset+7 > limit {
		return fmt.Sprintf("selector %04x lies beyond the %s, which ends at %04x", code&^3, name, limit)
	}
	d, ok := e.descriptor(table + offset)
	if !ok || !decoded {
		return ""
	}
	target := target(in)
	switch {
	case target == "CS" && d.Segment() && !d.Code():
		return fmt.Sprintf("%s to a data segment: CS takes code segments alone", in.Mnemonic())
	case target == "SS" && (!d.Segment() || d.Code() || !d.Writable()):
		return "SS takes writable data segments alone"
	case target == "SS" && int(d.DPL()) != int(c.CPL):
		return fmt.Sprintf("SS takes a segment of DPL %d at CPL %d, and this one has DPL %d", c.CPL, c.CPL, d.DPL())
	case target != "CS" && target != "" && !d.Segment():
		return target + " takes code and data segments, and this is a system descriptor"
	case target != "CS" && target != "" && d.Code() && !d.Readable():
		return target + " takes code segments that may be read alone"
	case !d.Present():
		return fmt.Sprintf("the descriptor of selector %04x is not present", code&^3)
	case int(d.DPL()) < int(c.CPL) && !(d.Code() && d.Conforming()):
		return fmt.Sprintf("a descriptor of DPL %d at CPL %d", d.DPL(), c.CPL)
	}
	return ""
}

// target is the segment register that an instruction loads, "" for none.
func target(in *decoder.Inst) string {
	switch in.Op {
	case decoder.IRET, decoder.RETF, decoder.JMPF, decoder.CALLF, decoder.INT, decoder.INT3, decoder.INTO:
		return "CS"
	case decoder.MOVSEG, decoder.POPSEG:
		if in.N > 0 && in.Args[0].Kind == decoder.KindSeg {
			return strings.ToUpper(Segments[in.Args[0].Reg%6])
		}
	case decoder.LSS:
		return "SS"
	case decoder.LDS, decoder.LES, decoder.LFS, decoder.LGS:
		return strings.ToUpper(in.Op.String()[1:])
	}
	return ""
}

// whyNoSelector: an error code of 0.
func (e *explainer) whyNoSelector(in *decoder.Inst) string {
	c := e.c
	iopl := int(c.Flags >> x86.IOPLShift & 3)
	switch {
	case in.Row.Priv == decoder.PrivCPL0 && c.CPL != 0:
		return fmt.Sprintf("%s wants CPL 0, and CPL is %d", in.Mnemonic(), c.CPL)
	case (in.Row.Priv == decoder.PrivIOPL || in.Row.Priv == decoder.PrivIO) && int(c.CPL) > iopl:
		return fmt.Sprintf("%s at CPL %d with IOPL %d", in.Mnemonic(), c.CPL, iopl)
	case in.Op == decoder.RDMSR || in.Op == decoder.WRMSR:
		return e.whyMSR(in)
	case in.Op == decoder.MOVCR:
		return "the control register has no such bits here, or they don't go together"
	case target(in) != "":
		return target(in) + " would become null, or what is behind the selector is not as it must be"
	}
	for i := range in.Args[:in.N] {
		o := &in.Args[i]
		if o.Kind != decoder.KindMem || o.Size == 0 {
			continue
		}
		name := strings.ToUpper(Segments[in.Seg%6])
		s, at := &c.Seg[in.Seg], e.m.EA(in)
		switch {
		case s.Attr == 0:
			return name + " is null"
		case at+uint64(o.Size)-1 > uint64(s.Limit):
			return fmt.Sprintf("offset %08x is beyond the limit of %s, %08x", at, name, s.Limit)
		}
	}
	return ""
}

// eferBits names what MSR C0000080h may hold (SDM 3A 2.2.1, APM 2 3.1.7).
var eferBits = []struct {
	bit  uint64
	name string
}{
	{x86.EFER_SCE, "SCE (SYSCALL)"}, {x86.EFER_LME, "LME (long mode)"}, {x86.EFER_LMA, "LMA (long mode)"},
	{x86.EFER_NXE, "NXE (no-execute pages)"}, {1 << 12, "SVME (virtualisation)"}, {1 << 13, "LMSLE"}, {1 << 14, "FFXSR"},
}

func (e *explainer) whyMSR(in *decoder.Inst) string {
	c := e.c
	n, v := uint32(c.R[x86.CX]), c.R[x86.AX]&0xffffffff|c.R[x86.DX]<<32
	if n != x86.MSR_EFER || !e.m.NX() {
		if in.Op == decoder.WRMSR {
			return fmt.Sprintf("MSR %08x does not exist on this processor, or does not take %016x", n, v)
		}
		return fmt.Sprintf("MSR %08x does not exist on this processor", n)
	}
	var names []string
	for _, b := range eferBits {
		if b.bit != x86.EFER_NXE && v&b.bit != 0 {
			names = append(names, "EFER."+b.name)
			v &^= b.bit
		}
	}
	if v &^= x86.EFER_NXE; v != 0 {
		names = append(names, fmt.Sprintf("bits %x of EFER", v))
	}
	return "this processor has no " + strings.Join(names, ", no ")
}

// descriptor reads an entry of a table.
func (e *explainer) descriptor(at uint64) (d x86.Descriptor, ok bool) {
	raw := e.linear(at, 8)
	for i, v := range raw {
		d |= x86.Descriptor(v) << (8 * i)
	}
	return d, len(raw) == 8
}
