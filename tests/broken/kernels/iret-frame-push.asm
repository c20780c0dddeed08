; broken: iret-frame-push
; boot: kernel
; ends: halted
; cause: IRET popped EIP from the wrong word: the handler pushed EAX and did not pop it, so that EAX became EIP and the true EIP became CS
; at: timer_handler
; vector: 13
%include "lib.inc"

timer_handler:
	push eax
	inc dword [ticks]
	mov al, 20h
	out 20h, al
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
	call remap_pic
	call start_timer
	say "waiting for 10 ticks of the timer"
	call wait_ticks
	say "10 ticks"
	ret

section .data
ticks:	dd 0
