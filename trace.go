package ringzero

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/x86"
)

// The names of registers in listings, in encoding order.
var (
	names32 = [8]string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"}
	segs    = [8]string{"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"}
)

// Tracer writes a line for each instruction: the step, CS:EIP, the bytes, the
// listing, and after it what it changed. An exception is a line of its own.
type Tracer struct {
	m      *Machine
	w      *bufio.Writer
	err    error
	before cpu.State
	line   string // of the instruction under way
	faults int
}

// NewTracer has a machine traced to w until Stop; it then runs each instruction
// in a block of its own. What the machine does is the same.
func NewTracer(m *Machine, w io.Writer) *Tracer {
	t := &Tracer{m: m, w: bufio.NewWriter(w), faults: m.cpu.Faults.N}
	m.engine.Before = t.next
	return t
}

// Stop writes what is left and ends the trace. The error is the first of w's.
func (t *Tracer) Stop() error {
	t.m.engine.Before = nil
	t.finish()
	if err := t.w.Flush(); t.err == nil {
		t.err = err
	}
	return t.err
}

// next is called before each instruction.
func (t *Tracer) next(c *cpu.CPU) {
	t.finish()
	code, mode, pc := t.m.codeAt(c.EIP), t.m.codeSize(), c.EIP
	n, text := listing(code, mode, pc)
	t.line = fmt.Sprintf("%d %04x:%08x %-22x %s", c.Steps(), c.Seg[x86.CS].Sel, pc, code[:n], text)
	t.before = c.State()
	t.before.Flags = c.EFLAGS()
}

// finish ends the line of the instruction before, now that its effect is known.
func (t *Tracer) finish() {
	c := t.m.cpu
	if t.line != "" {
		t.put(t.line + t.changes(c))
		t.line = ""
	}
	first := max(t.faults, c.Faults.N-len(c.Faults.Last))
	for ; first < c.Faults.N; first++ {
		f := c.Faults.Last[first%len(c.Faults.Last)]
		t.put(fmt.Sprintf("%d %04x:%08x -- %s", f.Steps, f.CS, f.EIP, f.Exc.Error()))
	}
	t.faults = c.Faults.N
}

func (t *Tracer) put(line string) {
	if _, err := t.w.WriteString(line + "\n"); t.err == nil {
		t.err = err
	}
}

// changes lists the registers that differ from before the instruction.
func (t *Tracer) changes(c *cpu.CPU) string {
	var b strings.Builder
	change := func(name string, was, is uint64) {
		if was != is {
			if b.Len() == 0 {
				b.WriteString(" ;")
			}
			fmt.Fprintf(&b, " %s=%x", name, is)
		}
	}
	for i, name := range names32 {
		change(name, t.before.R[i], c.R[i])
	}
	for i, name := range segs {
		change(name, uint64(t.before.Seg[i].Sel), uint64(c.Seg[i].Sel))
	}
	change("eflags", t.before.Flags, c.EFLAGS())
	change("cr0", t.before.CR0, c.CR0)
	change("cr2", t.before.CR2, c.CR2)
	change("cr3", t.before.CR3, c.CR3)
	change("cr4", t.before.CR4, c.CR4)
	return b.String()
}

// codeSize is the decoder's mode for the code segment.
func (m *Machine) codeSize() decoder.CodeSize {
	if m.cpu.Mode&cpu.ModeCode32 != 0 {
		return decoder.Code32
	}
	return decoder.Code16
}

// codeAt is up to 15 bytes of code at CS:eip, as far as they can be read. No
// table entry is marked as accessed.
func (m *Machine) codeAt(eip uint64) []byte {
	return m.linear(m.cpu.Seg[x86.CS].Base+eip, decoder.MaxLen)
}

// linear reads up to n bytes from a linear address without any effect on the
// machine; it ends where a page is not present or is no memory.
func (m *Machine) linear(va uint64, n int) []byte {
	code := make([]byte, 0, n)
	for i := range uint64(n) {
		at := (va + i) & 0xffffffff
		phys, ok := m.translate(at)
		if !ok {
			break
		}
		v, ok := m.peek(phys, 1)
		if !ok {
			break
		}
		code = append(code, byte(v))
	}
	return code
}

// listing gives the length and text of the instruction at the start of code.
func listing(code []byte, mode decoder.CodeSize, pc uint64) (int, string) {
	var in decoder.Inst
	if decoder.Decode(code, mode, &in) != decoder.OK {
		return min(1, len(code)), "(bad)"
	}
	return int(in.Len), in.Text(pc)
}
