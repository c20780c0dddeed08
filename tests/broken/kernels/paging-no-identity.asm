; broken: paging-no-identity
; boot: kernel
; ends: triple fault
; cause: paging was switched on with the kernel mapped at C0000000h alone and not where it runs, so that the next instruction is not mapped
; at: enable_paging
; culprit: map_high
; vector: 14
%include "lib.inc"

; map_high maps the first 4 MiB at C0000000h.
map_high:
	mov edi, page_table
	mov eax, 3
.next:
	stosd
	add eax, 1000h
	cmp eax, 400003h
	jb .next
	mov dword [page_directory + 0c00h], page_table + 3
	ret

kmain:
	call load_gdt
	call set_exceptions
	call load_idt
	call map_high
	say "switching paging on"
	call enable_paging
	say "paging is on"
	ret
