; broken: tss-no-ltr
; boot: kernel
; ends: triple fault
; cause: the TSS was filled in but LTR was never executed: the system call from ring 3 takes ESP0 and SS0 from what TR holds since the reset, the BIOS's vectors at address 0
; at: user_program
; culprit: kmain
; vector: 128
; fault: 10
; qemu: aborts with "invalid tss type", as its TR is null
%include "lib.inc"
%include "user.inc"

kmain:
	call load_gdt
	call set_exceptions
	call set_system_call
	call load_idt
	call fill_tss
	mov dword [tss + 4], stack_top
	mov dword [tss + 8], DATA
	say "going to ring 3"
	jmp enter_user
