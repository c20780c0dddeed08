; broken: idt-data-selector
; boot: kernel
; ends: triple fault
; cause: the gate of the timer's vector 20h holds the selector of the data segment, 10h, where the code segment's belongs
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
	gate 20h, timer_handler
	mov word [idt + 20h*8 + 2], DATA
	call load_idt
	call remap_pic
	call start_timer
	say "waiting for 10 ticks of the timer"
	call wait_ticks
	say "10 ticks"
	ret

section .data
ticks:	dd 0
