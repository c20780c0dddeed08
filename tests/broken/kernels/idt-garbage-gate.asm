; broken: idt-garbage-gate
; boot: kernel
; ends: triple fault
; cause: the gate of vector 3 is garbage: its fields were written in the wrong order, the offset as one doubleword and the type into byte 7, so that the type field holds 0
; at: kmain
; culprit: set_gate_wrong
; vector: 3
; fault: 13
%include "lib.inc"

; set_gate_wrong takes a gate for "offset, selector, zero, type"; the offset is in
; two halves with the rest between them.
set_gate_wrong:
	lea edi, [idt + ecx*8]
	mov [edi], eax
	mov word [edi + 4], CODE
	mov byte [edi + 6], 0
	mov byte [edi + 7], 8eh
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
