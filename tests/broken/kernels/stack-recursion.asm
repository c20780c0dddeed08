; broken: stack-recursion
; boot: kernel
; ends: triple fault
; cause: factorial's recursion has no end (N goes past 0), and the stack runs into the page below it, which is not mapped as a guard
; at: factorial
; vector: 14
%include "lib.inc"

; factorial of EAX in EAX; it ends at 0 alone, and is asked for an odd number two by two.
factorial:
	push ebp
	mov ebp, esp
	push eax
	test eax, eax
	jz .one
	sub eax, 2
	call factorial
	imul eax, [ebp - 4]
	leave
	ret
.one:
	mov eax, 1
	leave
	ret

kmain:
	call load_gdt
	call set_exceptions
	call load_idt
	call map_identity
	mov eax, guard_page
	shr eax, 12
	mov dword [page_table + eax*4], 0
	call enable_paging
	mov esp, thread_stack_top
	say "double factorial of 7"
	mov eax, 7
	call factorial
	call print_hex
	jmp panic

section .bss
alignb 4096
guard_page:		resb 4096
thread_stack:		resb 8192
thread_stack_top:
