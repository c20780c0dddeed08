; broken: rtc-register-c
; boot: kernel
; ends: limit
; cause: the handler of the clock's IRQ 8 does not read the clock's register C, which therefore keeps its line raised: no further edge comes, and no further tick
; at: wait_ticks
; culprit: clock_handler
; vector: 40
%include "lib.inc"

clock_handler:
	push eax
	inc dword [ticks]
	mov al, 20h
	out 0a0h, al
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

; start_clock lets the clock tick at 1024 Hz.
start_clock:
	mov al, 0bh
	out 70h, al
	in al, 71h
	or al, 40h
	mov ah, al
	mov al, 0bh
	out 70h, al
	mov al, ah
	out 71h, al
	mov al, 0ch
	out 70h, al
	in al, 71h
	mov al, 0fbh
	out 21h, al
	mov al, 0feh
	out 0a1h, al
	ret

kmain:
	call load_gdt
	call set_exceptions
	gate 28h, clock_handler
	call load_idt
	call remap_pic
	call start_clock
	say "waiting for 10 ticks of the clock"
	call wait_ticks
	say "10 ticks"
	ret

section .data
ticks:	dd 0
