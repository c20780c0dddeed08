; broken: pf-loop-touch
; boot: kernel
; ends: halted
; cause: the page fault handler itself touches an unmapped page, its counters behind the kernel's map: each fault makes another in the handler, until the stack has run over the gates in the IDT below it and the double fault's handler stops
; at: page_fault_handler
; vector: 14
%include "lib.inc"

%define COUNTERS 0d0000000h

page_fault_handler:
	pushad
	inc dword [COUNTERS]
	popad
	add esp, 4
	iret

touch:
	mov dword [0d0400000h], 1234h
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
