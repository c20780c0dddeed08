; broken: idt-no-lidt-timer
; boot: kernel
; ends: triple fault
; cause: the IDT was built but LIDT was never executed, and the first tick of the timer after STI takes a vector of the BIOS for a gate
; at: wait_ticks
; culprit: kmain
; vector: 32
; fault: 13
%include "lib.inc"

timer_handler:
	inc dword [ticks]
	push eax
	mov al, 20h
	out 20h, al
	pop eax
	iret

wait_ticks:
	sti
.next:
	hlt
	cmp dword [ticks], 10
	jb .next
	ret

kmain:
	call load_gdt
	call set_exceptions
	gate 20h, timer_handler
	call remap_pic
	call start_timer
	say "waiting for 10 ticks of the timer"
	call wait_ticks
	say "10 ticks"
	ret

section .data
ticks:	dd 0
