; broken: idt-limit
; boot: kernel
; ends: triple fault
; cause: the second LIDT gives the number of gates, 256, less one as the limit, where bytes belong: the gate of vector 30h lies beyond FFh
; at: kmain
; culprit: reload_idt
; vector: 48
; fault: 13
%include "lib.inc"

system_call:
	say "system call"
	iret

reload_idt:
	lidt [second_idt_pointer]
	ret

kmain:
	call load_gdt
	call load_idt
	gate 30h, system_call
	say "INT 30h with the first IDT"
	int 30h
	call reload_idt
	say "INT 30h after the second LIDT"
	int 30h
	say "back from INT 30h"
	ret

section .data
second_idt_pointer:
	dw 256 - 1
	dd idt
