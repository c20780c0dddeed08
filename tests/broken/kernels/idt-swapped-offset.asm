; broken: idt-swapped-offset
; boot: kernel
; ends: triple fault
; cause: the two halves of the offset in the gate of vector 3 are swapped, so that INT3 goes to a wild address where no RAM is
; at: kmain
; culprit: set_gate_wrong
; vector: 3
; fault: 6
; qemu: does not end: where no RAM is it reads zeros and executes them for ever
%include "lib.inc"

set_gate_wrong:
	lea edi, [idt + ecx*8]
	mov [edi + 6], ax
	mov word [edi + 2], CODE
	mov word [edi + 4], 8e00h
	shr eax, 16
	mov [edi], ax
	ret

breakpoint_handler:
	say "breakpoint handled"
	iret

kmain:
	call load_gdt
	mov ecx, 3
	mov eax, breakpoint_handler
	call set_gate_wrong
	call load_idt
	say "the IDT is loaded, INT3 comes"
	int3
	say "back from INT3"
	ret
