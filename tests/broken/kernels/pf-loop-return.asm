; broken: pf-loop-return
; boot: kernel
; ends: limit
; cause: the page fault handler returns without having mapped the page, so that the same instruction faults again, for ever
; at: touch
; culprit: page_fault_handler
; vector: 14
%include "lib.inc"

page_fault_handler:
	pushad
	inc dword [faults]
	mov eax, cr2
	mov [last_address], eax
	popad
	add esp, 4
	iret

touch:
	mov dword [0d0000000h], 1234h
	ret

kmain:
	call load_gdt
	call set_exceptions
	gate 14, page_fault_handler
	call load_idt
	call map_identity
	call enable_paging
	say "touching a page of the heap that is not mapped yet"
	call touch
	say "touched"
	ret

section .data
faults:		dd 0
last_address:	dd 0
