; broken: paging-present-bit
; boot: kernel
; ends: triple fault
; cause: the page directory's entry holds the page table's address without the present bit, so that nothing is mapped when paging is switched on
; at: enable_paging
; culprit: map_wrong
; vector: 14
%include "lib.inc"

map_wrong:
	mov edi, page_table
	mov eax, 3
.next:
	stosd
	add eax, 1000h
	cmp eax, 400003h
	jb .next
	mov dword [page_directory], page_table
	ret

kmain:
	call load_gdt
	call set_exceptions
	call load_idt
	call map_wrong
	say "switching paging on"
	call enable_paging
	say "paging is on"
	ret
