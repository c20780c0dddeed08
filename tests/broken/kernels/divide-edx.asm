; broken: divide-edx
; boot: kernel
; ends: halted
; cause: EDX was not cleared before DIV: the dividend EDX:EAX is so large that the quotient does not fit in 32 bits; the divisor is 10, not 0
; at: to_decimal
; vector: 0
%include "lib.inc"

; to_decimal prints the last digit of EAX.
to_decimal:
	mov ecx, 10
	div ecx
	lea eax, [edx + '0']
	out 0e9h, al
	ret

kmain:
	call load_gdt
	call set_exceptions
	call load_idt
	say "the last digit of 1234"
	mov edx, kmain		; something that was left there
	mov eax, 1234
	call to_decimal
	ret
