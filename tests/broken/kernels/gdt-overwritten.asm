; broken: gdt-overwritten
; boot: kernel
; ends: triple fault
; cause: memcpy was given the size in words times 4 twice over and ran past its buffer over the GDT, which lies behind; the next load of a segment register finds a descriptor of garbage
; at: reload_segments
; culprit: memcpy
; vector: 11
%define OWN_GDT
%include "lib.inc"

load_gdt:
	lgdt [gdt_pointer]
	jmp CODE:reload_segments
reload_segments:
	mov ax, DATA
	mov ds, ax
	mov es, ax
	mov ss, ax
	ret

; memcpy of ECX bytes from ESI to EDI.
memcpy:
	rep movsb
	ret

kmain:
	say "loading the GDT"
	call load_gdt
	call set_exceptions
	call load_idt
	say "copying the font"
	mov esi, font
	mov edi, font_copy
	mov ecx, (font_end - font) * 4
	call memcpy
	say "copied; loading the segments again"
	call reload_segments
	say "loaded"
	ret

section .rodata
font:	times 32 db 18h, 3ch, 66h, 7eh
font_end:
	times 512 db 55h

section .data
font_copy:
	times font_end - font db 0
align 8
gdt:
	dq 0
	dq 00cf9a000000ffffh
	dq 00cf92000000ffffh
gdt_end:
gdt_pointer:
	dw gdt_end - gdt - 1
	dd gdt
