package ringzero

import (
	"fmt"
	"slices"
	"strings"

	"ringzero/cpu"
	"ringzero/x86"
)

// Report tells how a run came to a bad end, in many lines: the chain of faults
// with the descriptor or the step of the page walk that failed, the registers,
// and the instructions before. It changes nothing.
func (m *Machine) Report(why Stop) string {
	var b strings.Builder
	c := m.cpu
	fmt.Fprintf(&b, "%s at %04x:%08x%s after %d steps, CPL %d, %s\n", why, c.Seg[x86.CS].Sel, c.EIP, m.symbol(c.EIP), c.Steps(), c.CPL, m.modeName())
	m.reportFaults(&b, why)
	m.reportRegisters(&b)
	m.reportFrames(&b)
	m.reportHistory(&b)
	m.reportTrail(&b)
	m.reportCode(&b)
	return b.String()
}

func (m *Machine) modeName() string {
	c := m.cpu
	name := "real mode"
	switch {
	case c.CR0&x86.CR0_PE != 0 && c.Flags&x86.VM != 0:
		name = "virtual-8086 mode"
	case c.CR0&x86.CR0_PE != 0:
		name = fmt.Sprintf("protected mode, %d-bit code", m.codeSize())
	}
	switch {
	case c.CR0&x86.CR0_PG == 0:
	case c.CR4&x86.CR4_PAE != 0:
		name += ", PAE paging"
	default:
		name += ", 32-bit paging"
	}
	return name
}

// chain is the faults that led to the end: of a triple fault those of one
// instruction, else all that are still known.
func chain(l *cpu.FaultLog, why Stop) []cpu.FaultEntry {
	n := min(l.N, len(l.Last))
	all := make([]cpu.FaultEntry, 0, n)
	for i := l.N - n; i < l.N; i++ {
		all = append(all, l.Last[i%len(l.Last)])
	}
	if why != TripleFault || n == 0 {
		return all
	}
	last := all[n-1]
	first := slices.IndexFunc(all, func(e cpu.FaultEntry) bool {
		return e.Steps == last.Steps && e.CS == last.CS && e.EIP == last.EIP
	})
	return all[first:]
}

func (m *Machine) reportFaults(b *strings.Builder, why Stop) {
	faults := chain(&m.cpu.Faults, why)
	switch {
	case len(faults) == 0:
		b.WriteString("no exception was raised before\n")
	case why == TripleFault:
		b.WriteString("the chain of faults, the first one first:\n")
	default:
		b.WriteString("the last exceptions:\n")
	}
	for _, f := range faults {
		fmt.Fprintf(b, "  step %d at %04x:%08x%s: %s\n", f.Steps, f.CS, f.EIP, m.symbol(f.EIP), f.Exc.Error())
		if why == TripleFault {
			if why := m.why(f); why != "" {
				fmt.Fprintf(b, "    %s\n", why)
			}
			for _, line := range m.explain(f.Exc) {
				fmt.Fprintf(b, "    %s\n", line)
			}
		}
	}
}

// explain shows what an exception's error code or address names, as it stands
// now.
func (m *Machine) explain(e x86.Exception) []string {
	switch e.Vector {
	case x86.VecPF:
		return append([]string{pageFault(e.Code)}, m.walkSteps(e.Address, e.Code)...)
	case x86.VecTS, x86.VecNP, x86.VecSS, x86.VecGP:
		if m.cpu.CR0&x86.CR0_PE == 0 {
			return []string{fmt.Sprintf("real mode: a limit was exceeded; IDTR limit %04x", m.cpu.IDTR.Limit)}
		}
		return m.explainSelector(e.Code)
	}
	return nil
}

// pageFault spells an error code (SDM 3A 4.7).
func pageFault(code uint32) string {
	pick := func(bit uint32, yes, no string) string {
		if code&bit != 0 {
			return yes
		}
		return no
	}
	s := pick(x86.PFUser, "user ", "supervisor ")
	if code&x86.PFFetch != 0 {
		s += "fetch"
	} else {
		s += pick(x86.PFWrite, "write", "read")
	}
	s += pick(x86.PFPresent, ", not permitted", ", not present")
	return s + pick(x86.PFRsvd, ", a reserved bit is set", "")
}

// Bits of a selector error code (SDM 3A 6.13).
const (
	codeEXT = 1 << 0
	codeIDT = 1 << 1
	codeTI  = 1 << 2
)

// explainSelector shows the descriptor that a selector error code names.
func (m *Machine) explainSelector(code uint32) []string {
	c := m.cpu
	table, name, limit := c.GDTR.Base, "GDT", uint64(c.GDTR.Limit)
	switch {
	case code&codeIDT != 0:
		table, name, limit = c.IDTR.Base, "IDT", uint64(c.IDTR.Limit)
	case code&^codeEXT == 0:
		return []string{"no selector is to blame: a limit, a type or a privilege check, or a null selector"}
	case code&codeTI != 0:
		ldt := &c.Seg[x86.LDTR]
		if ldt.Attr == 0 {
			return []string{"the selector is of the LDT, and LDTR is null"}
		}
		table, name, limit = ldt.Base, "LDT", uint64(ldt.Limit)
	}
	offset := uint64(code &^ 7)
	cause := "the program"
	if code&codeEXT != 0 {
		cause = "an event from outside of it, or the delivery of another exception (EXT)"
	}
	head := fmt.Sprintf("error code %04x: %s, index %02x; by %s", code, name, offset>>3, cause)
	what := fmt.Sprintf("%s entry %02x at %08x", name, offset>>3, table+offset)
	if name == "IDT" {
		what = fmt.Sprintf("IDT gate of vector %02x at %08x", offset>>3, table+offset)
	}
	if offset+7 > limit {
		return []string{head, fmt.Sprintf("%s: beyond the table's limit %04x", what, limit)}
	}
	d, ok := m.descriptor(table + offset)
	if !ok {
		return append([]string{head, what + ": can't be read"}, m.walkSteps(table+offset, 0)...)
	}
	return []string{head, fmt.Sprintf("%s: %016x, %s", what, uint64(d), describe(d))}
}

var systemTypes = [16]string{
	x86.TypeTSS16: "16-bit TSS", x86.TypeLDT: "LDT", x86.TypeTSS16Busy: "busy 16-bit TSS", x86.TypeCall16: "16-bit call gate",
	x86.TypeTask: "task gate", x86.TypeInt16: "16-bit interrupt gate", x86.TypeTrap16: "16-bit trap gate",
	x86.TypeTSS32: "32-bit TSS", x86.TypeTSS32Busy: "busy 32-bit TSS", x86.TypeCall32: "32-bit call gate",
	x86.TypeInt32: "32-bit interrupt gate", x86.TypeTrap32: "32-bit trap gate",
}

// describe spells a descriptor.
func describe(d x86.Descriptor) string {
	present := "present"
	if !d.Present() {
		present = "not present"
	}
	if d.Segment() {
		kind := "data"
		switch {
		case d.Code() && d.Conforming():
			kind = "conforming code"
		case d.Code():
			kind = "code"
		case d.ExpandDown():
			kind = "expand-down data"
		}
		if d.Writable() {
			kind = "writable " + kind
		}
		return fmt.Sprintf("%s, DPL %d, %s, base %08x limit %08x", kind, d.DPL(), present, d.Base(), d.Limit())
	}
	name := systemTypes[d.Type()]
	switch d.Type() {
	case x86.TypeCall16, x86.TypeCall32, x86.TypeTask, x86.TypeInt16, x86.TypeInt32, x86.TypeTrap16, x86.TypeTrap32:
		return fmt.Sprintf("%s, DPL %d, %s, to %04x:%08x", name, d.DPL(), present, uint16(d.GateSelector()), d.GateOffset())
	case x86.TypeTSS16, x86.TypeTSS16Busy, x86.TypeTSS32, x86.TypeTSS32Busy, x86.TypeLDT:
		return fmt.Sprintf("%s, DPL %d, %s, base %08x limit %08x", name, d.DPL(), present, d.Base(), d.Limit())
	}
	return fmt.Sprintf("reserved system type %d, DPL %d, %s", d.Type(), d.DPL(), present)
}

func (m *Machine) reportRegisters(b *strings.Builder) {
	c := m.cpu
	for i, name := range names32 {
		end := "  "
		if i%4 == 3 {
			end = "\n"
		}
		fmt.Fprintf(b, "%s %08x%s", name, c.R[i], end)
	}
	fmt.Fprintf(b, "eip %08x  eflags %08x %s\n", c.EIP, c.EFLAGS(), flagNames(c.EFLAGS()))
	for i, name := range segs {
		s := &c.Seg[i]
		fmt.Fprintf(b, "%-4s %04x  base %08x limit %08x attr %04x\n", name, s.Sel, s.Base, s.Limit, s.Attr)
	}
	fmt.Fprintf(b, "gdtr %08x limit %04x  idtr %08x limit %04x\n", c.GDTR.Base, c.GDTR.Limit, c.IDTR.Base, c.IDTR.Limit)
	fmt.Fprintf(b, "cr0 %08x  cr2 %08x  cr3 %08x  cr4 %08x  efer %x\n", c.CR0, c.CR2, c.CR3, c.CR4, c.EFER)
}

// flagNames lists the flags that are set, the highest first.
func flagNames(f uint64) string {
	var names []string
	for _, n := range []struct {
		bit  uint64
		name string
	}{
		{x86.ID, "ID"}, {x86.VIP, "VIP"}, {x86.VIF, "VIF"}, {x86.AC, "AC"}, {x86.VM, "VM"}, {x86.RF, "RF"}, {x86.NT, "NT"},
		{x86.OF, "OF"}, {x86.DF, "DF"}, {x86.IF, "IF"}, {x86.TF, "TF"}, {x86.SF, "SF"}, {x86.ZF, "ZF"}, {x86.AF, "AF"},
		{x86.PF, "PF"}, {x86.CF, "CF"},
	} {
		if f&n.bit != 0 {
			names = append(names, n.name)
		}
	}
	return fmt.Sprintf("[%s] IOPL %d", strings.Join(names, " "), f>>x86.IOPLShift&3)
}
