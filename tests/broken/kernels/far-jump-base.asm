; broken: far-jump-base
; boot: kernel
; ends: triple fault
; cause: the new code segment has base 100000h and the far jump's offset counts from 0, so that it lands 1 MiB too high, in the heap, which is filled with CCh (INT3)
; at: heap
; culprit: load_gdt
; vector: 3
; fault: 13
%define OWN_GDT
%define HEAP_SIZE 200000h
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
	say "filling the heap"
	mov edi, heap
	mov ecx, HEAP_SIZE
	mov al, 0cch
	rep stosb
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

section .bss
heap:	resb HEAP_SIZE
