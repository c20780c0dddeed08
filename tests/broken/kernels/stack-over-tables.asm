; broken: stack-over-tables
; boot: kernel
; ends: triple fault
; cause: the stack of 4 KiB is too small for a local array of 8 KiB: it grew down over the page table below it, and the code of sum itself is no longer mapped; nor is that of the handler, whose faults run over the IDT
; at: sum
; vector: 14
; qemu: keeps the translations for longer and faults in flush, where the TLB is flushed
%include "lib.inc"

; sum of 2048 words that it makes itself, in a local array.
sum:
	push ebp
	mov ebp, esp
	sub esp, 8192
	mov edi, esp
	mov ecx, 2048
	xor eax, eax
	rep stosd
	mov ecx, 2048
.next:
	add eax, [esp + ecx*4 - 4]
	loop .next
	leave
	ret

; flush makes the processor forget its translations.
flush:
	mov eax, cr3
	mov cr3, eax
	ret

kmain:
	call load_gdt
	call set_exceptions
	call load_idt
	mov edi, low_table
	mov eax, 3
.next:
	stosd
	add eax, 1000h
	cmp eax, 400003h
	jb .next
	mov dword [page_directory], low_table + 3
	call enable_paging
	mov esp, small_stack_top
	say "paging is on, summing"
	call sum
	say "the sum is there, flushing the TLB"
	call flush
	say "flushed"
	jmp panic

section .bss
alignb 4096
low_table:	resd 1024
small_stack:	resb 4096
small_stack_top:
