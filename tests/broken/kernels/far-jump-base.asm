; broken: far-jump-base
; boot: kernel
; ends: triple fault
; cause: the new code segment has base 100000h and the far jump's offset counts from 0, so that it lands 1 MiB too high, in zeros, and runs off the end of RAM
; at: load_gdt
; vector: 6
; qemu: aborts with "Trying to execute code outside RAM or ROM" where the processor fetches FFh
%define OWN_GDT
%include "lib.inc"

load_gdt:
	lgdt [gdt_pointer]
	xor eax, eax
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
	dq 00cf9a100000ffffh		; code from 100000h, where the kernel lies
	dq 00cf92000000ffffh
gdt_end:
gdt_pointer:
	dw gdt_end - gdt - 1
	dd gdt
