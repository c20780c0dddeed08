; broken: stack-unmapped
; boot: kernel
; ends: triple fault
; cause: the stack pointer was set to the top of a stack at 00C00000h that nobody mapped, and the page fault of the first PUSH has no stack to be delivered on
; at: switch_stack
; vector: 14
%include "lib.inc"

%define NEW_STACK 00c00000h

switch_stack:
	mov esp, NEW_STACK
	push dword 0
	jmp kernel_thread

kernel_thread:
	say "on the new stack"
	jmp panic

kmain:
	call load_gdt
	call set_exceptions
	call load_idt
	call map_identity
	call enable_paging
	say "paging is on, going to the new stack"
	jmp switch_stack
