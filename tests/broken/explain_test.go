package broken

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/debugger/explain"
	names "ringzero/debugger/symbols"
)

// causes are what the likeliest cause must say of each kernel; all of them stand in its
// head, in other words.
var causes = map[string]string{
	"divide-edx":         `div ecx at .* <to_decimal\+0x5>: the quotient does not fit`,
	"divide-no-handler":  `div ecx at .* <average\+0x2> divided by 0$`,
	"far-jump-base":      `the code segment 0008 has base 00100000: EIP 00100231 is linear 00200231`,
	"far-jump-data":      `selector 0010 is writable data`,
	"far-jump-swapped":   `selector 0010 is writable data`,
	"gdt-limit":          `the GDT is too short: selector 0008 needs a limit of 000f, and LGDT loaded 0002`,
	"gdt-limit-tss":      `the GDT is too short: selector 0028 needs a limit of 002f, and LGDT loaded 0027`,
	"gdt-overwritten":    `the GDT at .* <gdt> was overwritten: its entries are all 5555555555555555`,
	"handler-ret":        `the handler of vector 20 <timer_handler> came back without IRET`,
	"idt-data-selector":  `the gate of an interrupt leads to selector 0010, which is writable data`,
	"idt-garbage-gate":   `vector 03 #BP came, and its gate is garbage, .*: the fields stand in the wrong order`,
	"idt-lidt-table":     `vector 03 #BP came, and the IDT at 8e000008 can't be read: IDTR does not hold its address`,
	"idt-limit":          `vector 30 came, and the IDT is too short for it: its limit is 00ff, and 0187 is needed`,
	"idt-no-lidt":        `vector 03 #BP came, and there is no IDT: LIDT was not executed`,
	"idt-no-lidt-timer":  `vector 20 came, and there is no IDT: LIDT was not executed`,
	"idt-swapped-offset": `control went to 02590010, where there is no code; the gate of vector 03 leads there`,
	"iret-frame":         `IRET at .* <page_fault_handler\+0x1c> took selector 0258 from the stack: .*; 00000002 is on top of it, an error code .* <touch>`,
	"iret-frame-push":    `IRET at .* <timer_handler\+0xb> took selector 0248 from the stack: .* is on top of it`,
	"missing-eoi":        `IRQ 0 is in service: its handler sent no EOI`,
	"missing-eoi-slave":  `IRQ 8 is in service: its handler sent no EOI`,
	"missing-eoi-spin":   `IRQ 0 is in service: its handler sent no EOI`,
	"null-call":          `a jump, call or return to a null pointer: EIP is 00000000, .*call at .* <start_driver\+0x[0-9a-f]+> led there`,
	"null-call-ivt":      `a jump, call or return to a null pointer: EIP is 00000007, and the real mode's vectors were executed`,
	"paging-cr3-table":   `CR3 is 00104000 <page_table>, which looks like a page table`,
	"paging-no-identity": `paging was switched on, and the code that did it, at 0010023a, is not mapped there`,
	"paging-present-bit": `paging was switched on, and the code that did it, at 0010023a, is not mapped there`,
	"pf-loop-return":     `the page-fault handler <page_fault_handler> returns without having mapped d0000000`,
	"pf-loop-touch":      `the page-fault handler <page_fault_handler> faults itself, .* on d0000000`,
	"pic-not-remapped":   `IRQ 0 came as vector 08, which is an exception's: the 8259A was not remapped`,
	"rtc-register-c":     `IRQ 8 stays raised: the handler of the clock did not read its register C`,
	"stack-over-tables":  `control went to 001000f0, where there is no code`,
	"stack-recursion":    `the stack has overflowed: <factorial\+0x10> is on it \d+ times and more`,
	"stack-smash":        `control went to 41414141, .*; the RET at .* <copy_name\+0x4b> took the address from the stack: the return address was overwritten`,
	"stack-smash-paging": `control went to 41414141, .*; the RET at .* <copy_name\+0x4b> took the address from the stack: the return address was overwritten`,
	"stack-unmapped":     `the stack lies in a page that is not mapped: ESP is 00c00000`,
	"stack-wrong-end":    `the stack runs into the IDT: ESP is 0010a800`,
	"tss-no-esp0":        `the TSS at .* has no ring-0 stack: SS0 is 0000`,
	"tss-no-ltr":         `LTR was not executed`,
}

// also is what a further cause must say, where the first is only what it led to.
var also = map[string]string{
	"divide-no-handler":  `vector 00 #DE came, and its gate is empty: it has no handler`,
	"paging-present-bit": `the page-table entry at 00103000, 00104000, has an address and no P bit`,
	"stack-over-tables":  `the stack runs into the IDT`,
}

// TestExplained: what a report says of each broken kernel is why it is broken, as text and
// as JSON.
func TestExplained(t *testing.T) {
	for _, k := range Kernels(t) {
		t.Run(k.Name, func(t *testing.T) {
			want, ok := causes[k.Name]
			require.True(t, ok, "no cause is wanted of %s", k.Name)
			m, why, _ := k.Run(t)
			src, err := names.ELF(bytes.NewReader(k.Image))
			require.NoError(t, err)
			before := m.StateHash()
			r := explain.Of(m, names.NewTable(src), why)
			require.NotEmpty(t, r.Causes)
			require.Regexp(t, want, r.Causes[0])
			require.Contains(t, r.Text(), "likely: "+r.Causes[0])
			if further, ok := also[k.Name]; ok {
				require.Regexp(t, further, r.Causes[1])
			}
			var back explain.Report
			require.NoError(t, json.Unmarshal([]byte(r.JSON()), &back))
			require.Equal(t, r.Causes, back.Causes)
			require.Equal(t, r.At, back.At)
			require.Equal(t, before, m.StateHash(), "looking changes nothing")
		})
	}
}
