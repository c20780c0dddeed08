; broken: missing-eoi
; boot: kernel
; ends: halted
; cause: the timer's handler sends no EOI to the interrupt controller, which therefore holds back every further tick; the kernel waits for 10 of them
; at: wait_ticks
; culprit: timer_handler
; vector: 32
; qemu: waits for ever; ringzero sees that no interrupt can come any more
%include "lib.inc"

timer_handler:
	inc dword [ticks]
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
