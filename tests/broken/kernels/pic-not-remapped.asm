; broken: pic-not-remapped
; boot: kernel
; ends: halted
; cause: the interrupt controller was not remapped: the first tick of the timer comes as vector 8, which the kernel takes for a double fault
; at: wait_ticks
; culprit: kmain
; vector: 8
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
	call load_idt
	call start_timer
	say "waiting for 10 ticks of the timer"
	call wait_ticks
	say "10 ticks"
	ret

section .data
ticks:	dd 0
