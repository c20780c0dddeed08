package explain

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"ringzero"
	"ringzero/x86"
)

// Names32 and Segments are the names of registers in listings, in encoding order.
var (
	Names32  = []string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"}
	Segments = []string{"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"}
)

// Tracer writes a line for each instruction: the step, CS:EIP, the bytes, the
// listing, and after it what it changed. An exception is a line of its own.
type Tracer struct {
	m      *ringzero.Machine
	w      *bufio.Writer
	err    error
	before ringzero.State
	line   string // of the instruction under way
	faults int
}

// NewTracer has a machine traced to w until Stop; it then runs each instruction
// in a block of its own. What the machine does is the same.
func NewTracer(m *ringzero.Machine, w io.Writer) *Tracer {
	t := &Tracer{m: m, w: bufio.NewWriter(w), faults: m.Faults().N}
	m.Observe(t.next)
	return t
}

// Stop writes what is left and ends the trace. The error is the first of w's.
func (t *Tracer) Stop() error {
	t.m.Observe(nil)
	t.finish()
	if err := t.w.Flush(); t.err == nil {
		t.err = err
	}
	return t.err
}

// next is called before each instruction.
func (t *Tracer) next() {
	t.finish()
	e := look(t.m, nil)
	code, pc := e.codeAt(e.c.EIP), e.c.EIP
	n, text := Listing(code, e.codeSize(), pc)
	t.line = fmt.Sprintf("%d %04x:%08x %-22x %s", t.m.Steps(), e.c.Seg[x86.CS].Sel, pc, code[:n], text)
	t.before = *e.c
}

// finish ends the line of the instruction before, now that its effect is known.
func (t *Tracer) finish() {
	log := t.m.Faults()
	if t.line != "" {
		s := t.m.State()
		t.put(t.line + t.changes(&s))
		t.line = ""
	}
	first := max(t.faults, log.N-len(log.Last))
	for ; first < log.N; first++ {
		f := log.Last[first%len(log.Last)]
		t.put(fmt.Sprintf("%d %04x:%08x -- %s", f.Steps, f.CS, f.EIP, f.Exc.Error()))
	}
	t.faults = log.N
}

func (t *Tracer) put(line string) {
	if _, err := t.w.WriteString(line + "\n"); t.err == nil {
		t.err = err
	}
}

// changes lists the registers that differ from before the instruction.
func (t *Tracer) changes(c *ringzero.State) string {
	var b strings.Builder
	change := func(name string, was, is uint64) {
		if was != is {
			if b.Len() == 0 {
				b.WriteString(" ;")
			}
			fmt.Fprintf(&b, " %s=%x", name, is)
		}
	}
	for i, name := range Names32 {
		change(name, t.before.R[i], c.R[i])
	}
	for i, name := range Segments {
		change(name, uint64(t.before.Seg[i].Sel), uint64(c.Seg[i].Sel))
	}
	change("eflags", t.before.Flags, c.Flags)
	change("cr0", t.before.CR0, c.CR0)
	change("cr2", t.before.CR2, c.CR2)
	change("cr3", t.before.CR3, c.CR3)
	change("cr4", t.before.CR4, c.CR4)
	return b.String()
}
