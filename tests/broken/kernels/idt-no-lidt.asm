; broken: idt-no-lidt
; boot: kernel
; ends: triple fault
; cause: the IDT was built but LIDT was never executed, so that INT3 takes a vector of the BIOS for a gate
; at: kmain
; vector: 3
; fault: 13
%include "lib.inc"

breakpoint_handler:
	say "breakpoint handled"
	iret

kmain:
	call load_gdt
	call set_exceptions
	gate 3, breakpoint_handler
	say "the IDT is built, INT3 comes"
	int3
	say "back from INT3"
	ret
