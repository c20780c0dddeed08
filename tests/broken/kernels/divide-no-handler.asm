; broken: divide-no-handler
; boot: kernel
; ends: triple fault
; cause: average divides by a count of 0, and the IDT has no gate for vector 0 (nor for the faults that follow)
; at: average
; vector: 0
%include "lib.inc"

; average of ECX numbers whose sum is EAX.
average:
	xor edx, edx
	div ecx
	ret

system_call:
	iret

kmain:
	call load_gdt
	gate 80h, system_call
	call load_idt
	int 80h
	say "the average of no numbers"
	xor eax, eax
	xor ecx, ecx
	call average
	call print_hex
	ret
