; broken: idt-lidt-table
; boot: kernel
; ends: triple fault
; cause: LIDT was given the IDT itself where the 6 bytes of limit and base belong, so that the first gate's bytes became limit and base
; at: kmain
; culprit: load_idt_wrong
; vector: 3
; fault: 13
%include "lib.inc"

breakpoint_handler:
	say "breakpoint handled"
	iret

load_idt_wrong:
	lidt [idt]
	ret

kmain:
	call load_gdt
	call set_exceptions
	gate 3, breakpoint_handler
	call load_idt_wrong
	say "the IDT is loaded, INT3 comes"
	int3
	say "back from INT3"
	ret
