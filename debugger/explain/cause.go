package explain

import (
	"fmt"
	"reflect"
	"strings"

	"ringzero"
	"ringzero/decoder"
	"ringzero/x86"
)

// suspect looks for one mistake; "" where it was not made, as far as the state tells.
type suspect func(e *explainer, root *ringzero.FaultEntry, all []ringzero.FaultEntry) string

// suspects are asked in this order: what explains a fault by itself comes before what
// only says that nobody handled it.
var suspects = []suspect{tableForDirectory, noIdentityMap, nullJump, faultLoop, wildJump, stackUnmapped, stackInTables, divided, iretFrame, shortTable, wrongSelector, noInnerStack, noTask,
	entryWithoutP, segmentBase, notRemapped, inService, clockNotRead, noReturn, gateBroken}

// causes are what is likely to have gone wrong, the likeliest first.
func (e *explainer) causes(why ringzero.Stop) (list []string) {
	if why != ringzero.TripleFault && why != ringzero.HaltedForGood && why != ringzero.Limit {
		return nil
	}
	all := chain(e.m.Faults(), why)
	var root *ringzero.FaultEntry
	if len(all) > 0 {
		root = &all[0]
	}
	for _, s := range suspects {
		if text := s(e, root, all); text != "" {
			list = append(list, text)
		}
	}
	return list
}

func (e *explainer) protected() bool { return e.c.CR0&x86.CR0_PE != 0 && e.c.Flags&x86.VM == 0 }

// noIdentityMap: the instruction behind the one that switched paging on can't be fetched.
func noIdentityMap(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || root.Exc.Vector != x86.VecPF || root.Exc.Address != root.EIP {
		return ""
	}
	for _, h := range e.m.History().Transfers.All() {
		if h.What == "cr0" && h.To.CR0&x86.CR0_PG != 0 && h.From.CR0&x86.CR0_PG == 0 && h.To.EIP == root.EIP {
			return fmt.Sprintf("paging was switched on, and the code that did it, at %08x, is not mapped there: its page needs an identity map", root.EIP)
		}
	}
	return ""
}

// nullJump: control went to address 0, or to the vectors of real mode behind it.
func nullJump(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || !e.protected() || root.EIP >= 0x400 {
		return ""
	}
	what := "there is nothing to execute"
	if root.Exc.Vector != x86.VecPF {
		what = "the real mode's vectors were executed"
	}
	return fmt.Sprintf("a jump, call or return to a null pointer: EIP is %08x, and %s%s", root.EIP, what, e.returned(root))
}

// wildJump: control went where no code is.
func wildJump(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || !e.protected() || root.EIP < 0x400 || noIdentityMap(e, root, nil) != "" {
		return ""
	}
	fetch := root.Exc.Vector == x86.VecPF && root.Exc.Address == root.EIP
	code := e.codeAt(root.EIP)
	if !fetch && (root.Exc.Vector != x86.VecUD || len(code) > 0) {
		return ""
	}
	return fmt.Sprintf("control went to %08x, where there is no code%s", root.EIP, e.returned(root))
}

// returned says whether a RET led to a fault, by the last instruction before it.
func (e *explainer) returned(root *ringzero.FaultEntry) string {
	for _, h := range e.m.History().Interrupts.All() {
		if h.What == "vector" && h.To.EIP == root.EIP && h.Steps+2 >= root.Steps && h.Steps <= root.Steps {
			return fmt.Sprintf("; the gate of vector %02x leads there", uint8(h.Vector))
		}
	}
	for _, b := range e.m.Recent(64) {
		n := len(b.Insts) - 1
		if end := b.Step + uint64(n) + 1; n < 0 || end > root.Steps || end+2 < root.Steps {
			continue
		}
		in, at := &b.Insts[n], b.Linear
		for i := range n {
			at += uint64(b.Insts[i].Len)
		}
		place := fmt.Sprintf("%08x%s", at, e.nameOf(at))
		switch in.Op {
		case decoder.RET:
			return fmt.Sprintf("; the RET at %s took the address from the stack: the return address was overwritten, or the stack is not what it was", place)
		case decoder.CALLI, decoder.JMPI, decoder.CALL, decoder.JMP:
			return fmt.Sprintf("; %s at %s led there", in.Mnemonic(), place)
		}
	}
	return ""
}

// stackUnmapped: an access near the stack pointer met a page that is not there.
func stackUnmapped(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || root.Exc.Vector != x86.VecPF || root.Exc.Code&x86.PFPresent != 0 || root.Exc.Code&x86.PFFetch != 0 {
		return ""
	}
	esp := root.R[x86.SP]
	sp := (e.c.Seg[x86.SS].Base + esp) & 0xffffffff
	if d := sp - root.Exc.Address; d > 64 && -d > 64 {
		return ""
	}
	text := fmt.Sprintf("the stack lies in a page that is not mapped: ESP is %08x", esp)
	if name, n := e.recursion(sp); n > 8 {
		text = fmt.Sprintf("the stack has overflowed: %s is on it %d times and more, ESP is %08x", name, n, esp)
	}
	if at := e.nameOf(root.Exc.Address); at != "" {
		text += ", in" + at
	}
	return text
}

// recursion finds a return address that is on the stack again and again.
func (e *explainer) recursion(sp uint64) (name string, most int) {
	seen := map[uint64]int{}
	for i := range uint64(1024) {
		v, ok := e.word(sp + 4*i)
		if !ok {
			if i < 2 {
				continue // ESP itself may point below what is mapped
			}
			break
		}
		if _, _, ok := e.names.At(v); ok {
			if seen[v]++; seen[v] > most {
				name, most = strings.TrimSpace(e.nameOf(v)), seen[v]
			}
		}
	}
	return name, most
}

// stackInTables: the stack pointer is inside of a table of the processor's.
func stackInTables(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || !e.protected() {
		return ""
	}
	sp := (e.c.Seg[x86.SS].Base + root.R[x86.SP]) & 0xffffffff
	for _, t := range []struct {
		name string
		base uint64
		size uint64
	}{
		{"the IDT", e.c.IDTR.Base, uint64(e.c.IDTR.Limit)}, {"the GDT", e.c.GDTR.Base, uint64(e.c.GDTR.Limit)},
		{"the page directory", e.c.CR3 &^ 0xfff, 4095},
	} {
		if t.name == "the page directory" && e.c.CR0&x86.CR0_PG == 0 || t.base == 0 {
			continue
		}
		if sp-t.base <= t.size+64 {
			return fmt.Sprintf("the stack runs into %s: ESP is %08x, and %s is at %08x", t.name, sp, t.name[4:], t.base)
		}
	}
	return ""
}

// divided: a division, of which it is known why it failed.
func divided(e *explainer, root *ringzero.FaultEntry, all []ringzero.FaultEntry) string {
	if root == nil || root.Exc.Vector != x86.VecDE {
		return ""
	}
	at := fmt.Sprintf("%08x%s", root.EIP, e.symbol(root.EIP))
	var in decoder.Inst
	if decoder.Decode(e.codeAt(root.EIP), e.codeSize(), &in) != decoder.OK || in.N == 0 {
		return "a division failed at " + at
	}
	text := fmt.Sprintf("%s at %s divided by 0, or the quotient does not fit: EDX was to be cleared before", in.Text(root.EIP), at)
	if o := &in.Args[in.N-1]; o.Kind == decoder.KindReg {
		v := root.R[o.Reg&15] & (^uint64(0) >> (64 - 8*min(uint(o.Size), 8)))
		if v == 0 {
			text = fmt.Sprintf("%s at %s divided by 0", in.Text(root.EIP), at)
		} else {
			text = fmt.Sprintf("%s at %s: the quotient does not fit, EDX is %08x", in.Text(root.EIP), at, root.R[x86.DX])
		}
	}
	return text
}

// iretFrame: IRET found something else than a frame.
func iretFrame(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || root.Exc.Vector != x86.VecGP && root.Exc.Vector != x86.VecNP && root.Exc.Vector != x86.VecSS {
		return ""
	}
	var in decoder.Inst
	if decoder.Decode(e.codeAt(root.EIP), e.codeSize(), &in) != decoder.OK || in.Op != decoder.IRET {
		return ""
	}
	text := fmt.Sprintf("IRET at %08x%s took selector %04x from the stack: the frame is off by a word or more", root.EIP, e.symbol(root.EIP), root.Exc.Code&^3)
	sp := e.c.Seg[x86.SS].Base + root.R[x86.SP]
	first, _ := e.word(sp)
	if second, ok := e.word(sp + 4); ok {
		if len(e.codeAt(second)) > 0 && e.nameOf(second) != "" {
			text += fmt.Sprintf("; %08x is on top of it, an error code or a register that was not popped, and then comes EIP, %08x%s", first, second, e.nameOf(second))
		}
	}
	return text
}

// shortTable: a selector lies behind the end of its table.
func shortTable(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	code := uint32(0)
	if root != nil {
		code = root.Exc.Code
	}
	if root == nil || root.Exc.Vector != x86.VecGP && root.Exc.Vector != x86.VecTS || code&(codeIDT|codeTI) != 0 || code&^7 == 0 || iretFrame(e, root, nil) != "" {
		return ""
	}
	if uint32(e.c.GDTR.Limit) >= code&^7+7 {
		return ""
	}
	return fmt.Sprintf("the GDT is too short: selector %04x needs a limit of %04x, and LGDT loaded %04x", code&^3, code&^7+7, e.c.GDTR.Limit)
}

// wrongSelector: what is loaded is no descriptor for that.
func wrongSelector(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || !e.protected() || root.Exc.Code&(codeIDT|codeTI) != 0 || root.Exc.Code&^7 == 0 || root.Exc.Vector < x86.VecTS || root.Exc.Vector > x86.VecGP {
		return ""
	}
	at := e.c.GDTR.Base + uint64(root.Exc.Code&^7)
	d, ok := e.descriptor(at)
	if !ok || uint64(root.Exc.Code&^7)+7 > uint64(e.c.GDTR.Limit) || iretFrame(e, root, nil) != "" {
		return ""
	}
	if first, ok := e.descriptor(e.c.GDTR.Base + 8); ok && first == d && root.Exc.Code&^7 != 8 {
		return fmt.Sprintf("the GDT at %08x%s was overwritten: its entries are all %016x", e.c.GDTR.Base, e.nameOf(e.c.GDTR.Base), uint64(d))
	}
	if root.Exc.Code&codeEXT != 0 {
		return fmt.Sprintf("the gate of an interrupt leads to selector %04x, which is %s", root.Exc.Code&^7, Describe(d))
	}
	return fmt.Sprintf("selector %04x is %s", root.Exc.Code&^7, Describe(d))
}

// noInnerStack: the TSS has no stack for the level that an interrupt goes to.
func noInnerStack(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || root.Exc.Vector != x86.VecTS || e.c.Seg[x86.TR].Sel == 0 {
		return ""
	}
	ss0, ok := e.word(e.c.Seg[x86.TR].Base + 8)
	esp0, _ := e.word(e.c.Seg[x86.TR].Base + 4)
	if !ok || ss0&0xfffc != 0 && esp0 != 0 {
		return ""
	}
	return fmt.Sprintf("the TSS at %08x%s has no ring-0 stack: SS0 is %04x, ESP0 %08x, and an interrupt came in ring 3", e.c.Seg[x86.TR].Base, e.nameOf(e.c.Seg[x86.TR].Base), ss0&0xffff, esp0)
}

// noTask: LTR was never executed.
func noTask(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || root.Exc.Vector != x86.VecTS || e.c.Seg[x86.TR].Sel != 0 {
		return ""
	}
	return "an interrupt in ring 3 needs the TSS for its stack, and LTR was not executed: TR is as a reset leaves it"
}

// entryWithoutP: a page-table entry that has everything but its P bit.
func entryWithoutP(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || root.Exc.Vector != x86.VecPF || root.Exc.Code&x86.PFPresent != 0 {
		return ""
	}
	w := e.m.Walk(root.Exc.Address, root.Exc.Code)
	if len(w.Entries) == 0 {
		return ""
	}
	last := w.Entries[len(w.Entries)-1]
	if last.Read && last.Entry&x86.PTE_P == 0 && last.Entry&0xfffff000 != 0 && last.Entry&^0xfffff000 == 0 {
		return fmt.Sprintf("the page-table entry at %08x, %08x, has an address and no P bit", last.At, last.Entry)
	}
	return ""
}

// faultLoop: a handler returns, and the same comes again; or it faults itself.
func faultLoop(e *explainer, root *ringzero.FaultEntry, all []ringzero.FaultEntry) string {
	for i := len(all) - 1; i >= 2; i-- {
		f := &all[i]
		if f.Exc.Vector != x86.VecPF || all[i-1].Exc != f.Exc || all[i-1].EIP != f.EIP || all[i-2].Exc != f.Exc || all[i-2].EIP != f.EIP {
			continue
		}
		handler := uint64(0)
		for _, h := range e.m.History().Interrupts.All() {
			if h.What == "vector" && h.Vector == x86.VecPF {
				handler = h.To.EIP
			}
		}
		h, _, ok1 := e.names.At(handler)
		at, _, ok2 := e.names.At(f.EIP)
		if ok1 && ok2 && h.Name == at.Name {
			return fmt.Sprintf("the page-fault handler%s faults itself, at %08x, on %08x: again and again", e.nameOf(handler), f.EIP, f.Exc.Address)
		}
		return fmt.Sprintf("the page-fault handler%s returns without having mapped %08x: the same fault comes again, from %08x%s", e.nameOf(handler), f.Exc.Address, f.EIP, e.symbol(f.EIP))
	}
	return ""
}

// segmentBase: code runs at another place than its addresses say.
func segmentBase(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	base := e.c.Seg[x86.CS].Base
	if !e.protected() || base == 0 || e.codeSize() != decoder.Code32 {
		return ""
	}
	return fmt.Sprintf("the code segment %04x has base %08x: EIP %08x is linear %08x%s, not%s", e.c.Seg[x86.CS].Sel, base, e.c.EIP, (base+e.c.EIP)&0xffffffff,
		e.nameOf(base+e.c.EIP), e.nameOf(e.c.EIP))
}

// field reads a field of a chip's state, "Chips.0.ISR" by names and numbers.
func (e *explainer) field(chip, path string) (v uint64, ok bool) {
	for _, d := range e.m.Devices() {
		if d.Name != chip {
			continue
		}
		at := reflect.ValueOf(d.State)
		for _, step := range strings.Split(path, ".") {
			switch at.Kind() {
			case reflect.Struct:
				at = at.FieldByName(step)
			case reflect.Array:
				var i int
				if _, err := fmt.Sscanf(step, "%d", &i); err != nil || i >= at.Len() {
					return 0, false
				}
				at = at.Index(i)
			}
		}
		switch {
		case !at.IsValid():
		case at.Kind() == reflect.Bool:
			if at.Bool() {
				v = 1
			}
			return v, true
		case at.CanUint():
			return at.Uint(), true
		}
	}
	return 0, false
}

// notRemapped: interrupts of devices come as exceptions.
func notRemapped(e *explainer, _ *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	base, ok := e.field("pic", "Chips.0.Base")
	if !ok || base >= 0x20 || !e.protected() {
		return ""
	}
	for _, h := range e.m.History().Interrupts.All() {
		if v := uint64(h.Vector); h.What == "vector" && h.From.CR0&x86.CR0_PE != 0 && v-base < 8 && !e.raised(h.Vector) {
			return fmt.Sprintf("IRQ %d came as vector %02x, which is an exception's: the 8259A was not remapped", v-base, v)
		}
	}
	return ""
}

// raised tells whether an exception of a vector is in the log.
func (e *explainer) raised(v x86.Vector) bool {
	for _, f := range chain(e.m.Faults(), ringzero.Limit) {
		if f.Exc.Vector == v {
			return true
		}
	}
	return false
}

// inService: an interrupt was not acknowledged, so that no further one comes.
func inService(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root != nil && root.Exc.Code&codeEXT != 0 && root.Exc.Vector != x86.VecPF {
		return "" // it did not come as far as its handler
	}
	for chip := range 2 {
		isr, _ := e.field("pic", fmt.Sprintf("Chips.%d.ISR", chip))
		irr, _ := e.field("pic", fmt.Sprintf("Chips.%d.Lines", chip))
		edges, _ := e.field("pic", fmt.Sprintf("Chips.%d.Edges", chip))
		for n := range 8 {
			if isr>>n&1 == 0 || chip == 0 && n == 2 {
				continue
			}
			waits := ""
			if (irr|edges)&^(1<<n-1) != 0 {
				waits = ", and others wait"
			}
			return fmt.Sprintf("IRQ %d is in service: its handler sent no EOI to the 8259A, so no interrupt of its priority or below comes any more%s", chip*8+n, waits)
		}
	}
	return ""
}

// clockNotRead: the clock holds its line until register C is read.
func clockNotRead(e *explainer, _ *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	const enables = 0x70 // periodic, alarm and update interrupts, at the same places in B and C
	c, ok := e.field("rtc", "Regs.12")
	b, _ := e.field("rtc", "Regs.11")
	mask, _ := e.field("pic", "Chips.1.IMR")
	if !ok || c&b&enables == 0 || mask&1 != 0 {
		return ""
	}
	for _, h := range e.m.History().Interrupts.All() {
		if base, _ := e.field("pic", "Chips.1.Base"); h.What == "vector" && uint64(h.Vector) == base {
			return "IRQ 8 stays raised: the handler of the clock did not read its register C, so that no further edge comes"
		}
	}
	return ""
}

// noReturn: a handler went on without an IRET, with interrupts off.
func noReturn(e *explainer, _ *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	all := e.m.History().Interrupts.All()
	if len(all) == 0 || !e.c.Halted || e.c.Flags&x86.IF != 0 {
		return ""
	}
	last := all[len(all)-1]
	from, _, ok1 := e.names.At(last.From.EIP)
	now, _, ok2 := e.names.At(e.c.EIP)
	if last.What != "vector" || e.raised(last.Vector) || !ok1 || !ok2 || from.Name != now.Name {
		return ""
	}
	return fmt.Sprintf("the handler of vector %02x%s came back without IRET, by a RET as it seems: interrupts stayed off", uint8(last.Vector), e.nameOf(last.To.EIP))
}

// tableForDirectory: CR3 points to what maps pages one behind the other.
func tableForDirectory(e *explainer, root *ringzero.FaultEntry, _ []ringzero.FaultEntry) string {
	if root == nil || root.Exc.Vector != x86.VecPF || e.c.CR4&x86.CR4_PAE != 0 || e.c.CR0&x86.CR0_PG == 0 {
		return ""
	}
	base := e.c.CR3 &^ 0xfff
	first := e.m.Walk(0, 0)
	second := e.m.Walk(4<<20, 0)
	if len(first.Entries) == 0 || len(second.Entries) == 0 {
		return ""
	}
	a, b := first.Entries[0].Entry, second.Entries[0].Entry
	if a&x86.PTE_P == 0 || b&x86.PTE_P == 0 || b-a != 0x1000 || a&x86.PTE_PS != 0 || a&0xfffff000 == base {
		return ""
	}
	return fmt.Sprintf("CR3 is %08x%s, which looks like a page table: its entries map page after page, where those of a directory lead to tables", base, e.nameOf(base))
}

// gateBroken: nobody could handle a fault, as its gate is none.
func gateBroken(e *explainer, root *ringzero.FaultEntry, all []ringzero.FaultEntry) string {
	if !e.protected() {
		return ""
	}
	for i := range all {
		f := &all[i]
		if f.Exc.Code&codeIDT == 0 || f.Exc.Vector != x86.VecGP && f.Exc.Vector != x86.VecNP {
			continue
		}
		vector := x86.Vector(f.Exc.Code >> 3)
		name := fmt.Sprintf("vector %02x", uint8(vector))
		if vector < 32 {
			name += " " + vector.String()
		}
		at := e.c.IDTR.Base + 8*uint64(vector)
		switch {
		case e.c.IDTR.Base == 0 && e.c.IDTR.Limit == 0xffff:
			return fmt.Sprintf("%s came, and there is no IDT: LIDT was not executed", name)
		case 8*uint64(vector)+7 > uint64(e.c.IDTR.Limit):
			return fmt.Sprintf("%s came, and the IDT is too short for it: its limit is %04x, and %04x is needed", name, e.c.IDTR.Limit, 8*uint64(vector)+7)
		}
		d, ok := e.descriptor(at)
		if !ok {
			return fmt.Sprintf("%s came, and the IDT at %08x%s can't be read: IDTR does not hold its address", name, e.c.IDTR.Base, e.nameOf(e.c.IDTR.Base))
		}
		what := fmt.Sprintf("its gate is %016x: %s", uint64(d), Describe(d))
		switch {
		case d == 0:
			what = "its gate is empty: it has no handler"
		case d.GateSelector()&^7 != x86.Selector(e.c.Seg[x86.CS].Sel)&^7 && swapped(d):
			what = fmt.Sprintf("its gate is garbage, %016x: the fields stand in the wrong order", uint64(d))
		}
		return fmt.Sprintf("%s came, and %s", name, what)
	}
	return ""
}

// swapped tells whether a gate has the bytes of one in another order.
func swapped(d x86.Descriptor) bool {
	for shift := 0; shift < 64; shift += 16 {
		if w := uint64(d) >> shift & 0xffff; (w == 0x8e00 || w == 0x8f00 || w == 0xee00 || w == 0xef00) && shift != 32 {
			return true
		}
	}
	return false
}
