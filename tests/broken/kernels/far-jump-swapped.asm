; broken: far-jump-swapped
; boot: kernel
; ends: triple fault
; cause: the pointer of the indirect far jump has the selector first and the offset behind it; memory holds the offset first
; at: load_gdt_wrong
; vector: 13
%include "lib.inc"

load_gdt_wrong:
	lgdt [gdt_pointer]
	jmp far [target]
.reload:
	mov ax, DATA
	mov ds, ax
	mov es, ax
	mov ss, ax
	ret

kmain:
	say "loading the GDT"
	call load_gdt_wrong
	say "the GDT is loaded"
	ret

section .data
target:
	dw CODE
	dd load_gdt_wrong.reload
