package explain

import (
	"fmt"
	"slices"

	"ringzero"
	"ringzero/x86"
)

// chain is the faults that led to the end: of a triple fault those of one
// instruction, else all that are still known.
func chain(l *ringzero.FaultLog, why ringzero.Stop) []ringzero.FaultEntry {
	n := min(l.N, len(l.Last))
	all := make([]ringzero.FaultEntry, 0, n)
	for i := l.N - n; i < l.N; i++ {
		all = append(all, l.Last[i%len(l.Last)])
	}
	if why != ringzero.TripleFault || n == 0 {
		return all
	}
	last := all[n-1]
	first := slices.IndexFunc(all, func(e ringzero.FaultEntry) bool {
		return e.Steps == last.Steps && e.CS == last.CS && e.EIP == last.EIP
	})
	return all[first:]
}

// Fault is an exception that was raised.
type Fault struct {
	Step    uint64 `json:"step"`
	At      Place  `json:"at"`
	Vector  uint8  `json:"vector"`
	Code    uint32 `json:"code"`
	Address uint64 `json:"address,omitempty"` // of a page fault
	Text    string `json:"text"`
	// Rule says in words which rule was broken, "" where the state does not tell.
	Rule    string   `json:"rule,omitempty"`
	Details []string `json:"details,omitempty"`
}

// faults are those of a chain; they are explained where the machine stands at them still.
func (e *explainer) faults(why ringzero.Stop) (list []Fault) {
	all := chain(e.m.Faults(), why)
	for _, f := range all {
		x := Fault{Step: f.Steps, At: e.place(f.CS, f.EIP), Vector: uint8(f.Exc.Vector), Code: f.Exc.Code, Address: f.Exc.Address, Text: f.Exc.Error()}
		if why == ringzero.TripleFault {
			x.Rule, x.Details = e.why(f), e.explain(f.Exc)
		}
		list = append(list, x)
	}
	return list
}

// explain shows what an exception's error code or address names, as it stands
// now.
func (e *explainer) explain(exc x86.Exception) []string {
	switch exc.Vector {
	case x86.VecPF:
		return append([]string{pageFault(exc.Code)}, e.walkSteps(exc.Address, exc.Code)...)
	case x86.VecTS, x86.VecNP, x86.VecSS, x86.VecGP:
		if e.c.CR0&x86.CR0_PE == 0 {
			return []string{fmt.Sprintf("real mode: a limit was exceeded; IDTR limit %04x", e.c.IDTR.Limit)}
		}
		return e.explainSelector(exc.Code)
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
func (e *explainer) explainSelector(code uint32) []string {
	c := e.c
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
	d, ok := e.descriptor(table + offset)
	if !ok {
		return append([]string{head, what + ": can't be read"}, e.walkSteps(table+offset, 0)...)
	}
	return []string{head, fmt.Sprintf("%s: %016x, %s", what, uint64(d), Describe(d))}
}

var systemTypes = [16]string{
	x86.TypeTSS16: "16-bit TSS", x86.TypeLDT: "LDT", x86.TypeTSS16Busy: "busy 16-bit TSS", x86.TypeCall16: "16-bit call gate",
	x86.TypeTask: "task gate", x86.TypeInt16: "16-bit interrupt gate", x86.TypeTrap16: "16-bit trap gate",
	x86.TypeTSS32: "32-bit TSS", x86.TypeTSS32Busy: "busy 32-bit TSS", x86.TypeCall32: "32-bit call gate",
	x86.TypeInt32: "32-bit interrupt gate", x86.TypeTrap32: "32-bit trap gate",
}

// Describe spells a descriptor.
func Describe(d x86.Descriptor) string {
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
