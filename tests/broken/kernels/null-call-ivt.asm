; broken: null-call-ivt
; boot: kernel
; ends: halted
; cause: a function pointer that was never set is called: without paging, address 0 is RAM, and the BIOS's interrupt vectors are executed as code
; at: 0x00000007
; culprit: start_driver
; vector: 6
; note: which instruction of the vectors faults is up to the BIOS
; qemu: SeaBIOS's vectors, other bytes, run through without an exception into the RAM behind
%include "lib.inc"

start_driver:
	mov ebx, driver
	call [ebx + 4]
	ret

kmain:
	call load_gdt
	call set_exceptions
	call load_idt
	say "starting the driver"
	call start_driver
	say "the driver is started"
	ret

section .data
driver:
	dd name
	dd 0				; start, which registration should set
name:	db "disk", 0
