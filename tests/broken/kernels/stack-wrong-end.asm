; broken: stack-wrong-end
; boot: kernel
; ends: triple fault
; cause: the stack pointer was set to the lower end of the new stack, where the upper belongs: the stack grows down over the IDT that lies below it, and the next interrupt finds no gate
; at: kmain
; culprit: switch_stack
; vector: 3
; fault: 13
%include "lib.inc"

breakpoint_handler:
	say "breakpoint handled"
	iret

switch_stack:
	pop eax
	mov esp, new_stack_bottom
	jmp eax

; clear clears a local buffer.
clear:
	push ebp
	mov ebp, esp
	sub esp, 2048
	mov edi, esp
	mov ecx, 512
	xor eax, eax
	rep stosd
	leave
	ret

kmain:
	call load_gdt
	mov esi, idt
	mov edi, new_idt
	gate 3, breakpoint_handler
	mov ecx, 512
	rep movsd
	lidt [new_idt_pointer]
	say "a breakpoint on the old stack"
	int3
	call switch_stack
	say "on the new stack, clearing a buffer"
	call clear
	say "cleared, another breakpoint"
	int3
	say "back from the breakpoint"
	jmp panic

section .bss
alignb 8
new_idt:		resq 256
new_stack_bottom:	resb 8192
new_stack_top:

section .data
new_idt_pointer:
	dw 256*8 - 1
	dd new_idt
