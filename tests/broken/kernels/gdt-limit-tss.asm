; broken: gdt-limit-tss
; boot: kernel
; ends: halted
; cause: a descriptor for the TSS was added at the GDT's end without the limit made longer, so that LTR's selector 28h lies beyond the limit 27h
; at: load_tss
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

load_tss:
	mov eax, tss
	mov [gdt_end.tss + 2], ax
	shr eax, 16
	mov [gdt_end.tss + 4], al
	mov [gdt_end.tss + 7], ah
	mov ax, TSS
	ltr ax
	ret

kmain:
	call load_gdt
	call set_exceptions
	call load_idt
	say "loading the task register"
	call load_tss
	say "the task register is loaded"
	ret

section .data
align 8
gdt:
	dq 0
	dq 00cf9a000000ffffh
	dq 00cf92000000ffffh
	dq 00cffa000000ffffh
	dq 00cff2000000ffffh
gdt_end:
.tss:	dq 0000890000000067h
gdt_pointer:
	dw gdt_end - gdt - 1
	dd gdt

section .bss
tss:	resb 104
