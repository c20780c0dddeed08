; broken: gdt-limit
; boot: kernel
; ends: triple fault
; cause: the GDT's limit is the number of its descriptors less one, 2, where bytes belong: selector 08h lies beyond it
; at: load_gdt
; vector: 13
%define OWN_GDT
%include "lib.inc"

load_gdt:
	lgdt [gdt_pointer]
	jmp CODE:.reload
.reload:
	mov ax, DATA
	mov ds, ax
	mov es, ax
	mov ss, ax
	ret

kmain:
	say "loading the GDT"
	call load_gdt
	say "the GDT is loaded"
	ret

section .data
align 8
gdt:
	dq 0
	dq 00cf9a000000ffffh
	dq 00cf92000000ffffh
gdt_end:
gdt_pointer:
	dw (gdt_end - gdt) / 8 - 1
	dd gdt
