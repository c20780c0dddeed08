; broken: tss-no-esp0
; boot: kernel
; ends: triple fault
; cause: ESP0 and SS0 of the TSS were never set: the system call from ring 3 finds the null selector as the stack segment of ring 0
; at: user_program
; culprit: kmain
; vector: 128
; fault: 10
%include "lib.inc"
%include "user.inc"

kmain:
	call load_gdt
	call set_exceptions
	call set_system_call
	call load_idt
	call fill_tss
	mov ax, TSS
	ltr ax
	say "going to ring 3"
	jmp enter_user
