; broken: paging-cr3-table
; boot: kernel
; ends: triple fault
; cause: CR3 was loaded with the page table where the page directory belongs: its entries for pages are taken for page tables, in which nothing is present
; at: enable_paging_wrong
; vector: 14
%include "lib.inc"

enable_paging_wrong:
	mov eax, page_table
	mov cr3, eax
	mov eax, cr0
	or eax, 80000000h
	mov cr0, eax
	ret

kmain:
	call load_gdt
	call set_exceptions
	call load_idt
	call map_identity
	say "switching paging on"
	call enable_paging_wrong
	say "paging is on"
	ret
