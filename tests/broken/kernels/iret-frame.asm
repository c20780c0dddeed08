; broken: iret-frame
; boot: kernel
; ends: triple fault
; cause: IRET popped CS from the wrong word: the error code of the page fault was not removed, so that it became EIP, and the true EIP became CS
; at: page_fault_handler
; vector: 13
%include "lib.inc"

page_fault_handler:
	pushad
	mov eax, cr2
	and eax, 0fffff000h
	shr eax, 12
	lea edi, [page_table + eax*4]
	shl eax, 12
	or eax, 3
	mov [edi], eax
	popad
	iret

touch:
	mov dword [lazy_page], 1234h
	ret

kmain:
	call load_gdt
	gate 14, page_fault_handler
	call load_idt
	call map_identity
	mov eax, lazy_page
	shr eax, 12
	mov dword [page_table + eax*4], 0
	call enable_paging
	say "touching a page that is mapped when it is needed"
	call touch
	say "touched"
	ret

section .bss
alignb 4096
lazy_page:	resb 4096
