package explain

import (
	"encoding/json"
	"fmt"
	"strings"

	"ringzero"
	"ringzero/debugger/symbols"
	"ringzero/x86"
)

// Place is an address in a code segment.
type Place struct {
	CS     uint16 `json:"cs"`
	EIP    uint64 `json:"eip"`
	Symbol string `json:"symbol,omitempty"` // "<main+0x12>"
}

func (p Place) String() string {
	if p.Symbol != "" {
		return fmt.Sprintf("%04x:%08x %s", p.CS, p.EIP, p.Symbol)
	}
	return fmt.Sprintf("%04x:%08x", p.CS, p.EIP)
}

// place names an address in a segment: in the present one by its base.
func (e *explainer) place(cs uint16, eip uint64) Place {
	p := Place{CS: cs, EIP: eip}
	if cs == e.c.Seg[x86.CS].Sel {
		p.Symbol = strings.TrimSpace(e.symbol(eip))
	} else {
		p.Symbol = strings.TrimSpace(e.nameOf(eip))
	}
	return p
}

// Frame is a caller, by frame pointers.
type Frame struct {
	Linear uint64 `json:"linear"`
	Symbol string `json:"symbol,omitempty"`
}

// Report is how a run came to its end.
type Report struct {
	Why    string `json:"why"`
	Steps  uint64 `json:"steps"`
	At     Place  `json:"at"`
	CPL    uint8  `json:"cpl"`
	Mode   string `json:"mode"`
	Halted bool   `json:"halted"`
	// Causes are what is likely to have gone wrong, the likeliest first, as far as
	// the state tells.
	Causes     []string          `json:"causes,omitempty"`
	Faults     []Fault           `json:"faults,omitempty"`
	Registers  map[string]uint64 `json:"registers"`
	Frames     []Frame           `json:"frames,omitempty"`
	Transfers  []Way             `json:"transfers,omitempty"`
	Interrupts []Way             `json:"interrupts,omitempty"`
	Trail      []ran             `json:"trail,omitempty"`
	Next       string            `json:"next"`

	triple bool
	tail   string // registers, as text
}

// Of explains how a run ended; names may be nil.
func Of(m Machine, names *symbols.Table, why ringzero.Stop) *Report {
	e := look(m, names)
	c := e.c
	r := &Report{Why: why.String(), Steps: m.Steps(), At: e.place(c.Seg[x86.CS].Sel, c.EIP), CPL: c.CPL, Mode: e.modeName(), Halted: c.Halted,
		Faults: e.faults(why), Registers: e.registers(), Trail: e.trail(), Next: e.next(), triple: why == ringzero.TripleFault, tail: e.registerText()}
	for _, at := range e.frames() {
		r.Frames = append(r.Frames, Frame{at, strings.TrimSpace(e.nameOf(at))})
	}
	r.Transfers, r.Interrupts = e.ways(&m.History().Transfers), e.ways(&m.History().Interrupts)
	r.Causes = e.causes(why)
	return r
}

// JSON is the report for programs, in one line.
func (r *Report) JSON() string {
	b, err := json.Marshal(r)
	if err != nil {
		panic("BUG: explain: " + err.Error())
	}
	return string(b)
}

// Text is the report for people, in many lines.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s after %d steps, CPL %d, %s\n", r.Why, r.At, r.Steps, r.CPL, r.Mode)
	for _, c := range r.Causes {
		fmt.Fprintf(&b, "likely: %s\n", c)
	}
	r.faultText(&b)
	b.WriteString(r.tail)
	if len(r.Frames) > 0 {
		b.WriteString("called from, by frame pointers:\n")
		for _, f := range r.Frames {
			fmt.Fprintf(&b, "  %08x%s\n", f.Linear, spaced(f.Symbol))
		}
	}
	wayText(&b, r.Transfers, "the last far transfers and changes of mode")
	wayText(&b, r.Interrupts, "the last interrupts, exceptions and returns from them")
	trailText(&b, r.Trail)
	b.WriteString(r.Next + "\n")
	return b.String()
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

func (r *Report) faultText(b *strings.Builder) {
	switch {
	case len(r.Faults) == 0:
		b.WriteString("no exception was raised before\n")
	case r.triple:
		b.WriteString("the chain of faults, the first one first:\n")
	default:
		b.WriteString("the last exceptions:\n")
	}
	for _, f := range r.Faults {
		fmt.Fprintf(b, "  step %d at %s: %s\n", f.Step, f.At, f.Text)
		if f.Rule != "" {
			fmt.Fprintf(b, "    %s\n", f.Rule)
		}
		for _, line := range f.Details {
			fmt.Fprintf(b, "    %s\n", line)
		}
	}
}

func (e *explainer) modeName() string {
	c := e.c
	name := "real mode"
	switch {
	case c.CR0&x86.CR0_PE != 0 && c.Flags&x86.VM != 0:
		name = "virtual-8086 mode"
	case c.CR0&x86.CR0_PE != 0:
		name = fmt.Sprintf("protected mode, %d-bit code", e.codeSize())
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

// registers are those that a program may want.
func (e *explainer) registers() map[string]uint64 {
	c := e.c
	all := map[string]uint64{"eip": c.EIP, "eflags": c.Flags, "cr0": c.CR0, "cr2": c.CR2, "cr3": c.CR3, "cr4": c.CR4, "efer": c.EFER,
		"gdtr": c.GDTR.Base, "idtr": c.IDTR.Base, "gdtr_limit": uint64(c.GDTR.Limit), "idtr_limit": uint64(c.IDTR.Limit)}
	for i, name := range Names32 {
		all[name] = c.R[i]
	}
	for i, name := range Segments {
		all[name] = uint64(c.Seg[i].Sel)
	}
	return all
}

// registerText lists them for people.
func (e *explainer) registerText() string {
	var b strings.Builder
	c := e.c
	for i, name := range Names32 {
		end := "  "
		if i%4 == 3 {
			end = "\n"
		}
		fmt.Fprintf(&b, "%s %08x%s", name, c.R[i], end)
	}
	fmt.Fprintf(&b, "eip %08x  eflags %08x %s\n", c.EIP, c.Flags, FlagNames(c.Flags))
	for i, name := range Segments {
		s := &c.Seg[i]
		fmt.Fprintf(&b, "%-4s %04x  base %08x limit %08x attr %04x\n", name, s.Sel, s.Base, s.Limit, s.Attr)
	}
	fmt.Fprintf(&b, "gdtr %08x limit %04x  idtr %08x limit %04x\n", c.GDTR.Base, c.GDTR.Limit, c.IDTR.Base, c.IDTR.Limit)
	fmt.Fprintf(&b, "cr0 %08x  cr2 %08x  cr3 %08x  cr4 %08x  efer %x\n", c.CR0, c.CR2, c.CR3, c.CR4, c.EFER)
	return b.String()
}

// FlagNames lists the flags that are set, the highest first.
func FlagNames(f uint64) string {
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
