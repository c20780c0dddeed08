; broken: far-jump-data
; boot: kernel
; ends: triple fault
; cause: the far jump after LGDT names selector 10h, which is the data segment, where the code segment's 08h belongs
; at: load_gdt_wrong
; vector: 13
%include "lib.inc"

load_gdt_wrong:
	lgdt [gdt_pointer]
	mov ax, DATA
	mov ds, ax
	mov es, ax
	mov ss, ax
	jmp 10h:.reload
.reload:
	ret

kmain:
	say "loading the GDT"
	call load_gdt_wrong
	say "the GDT is loaded"
	ret
