; What the kernels in C are linked with.
extern kmain
%include "lib.inc"

; A kernel in C sets no gates by itself.
global setup
setup:
	call load_gdt
	call set_exceptions
	jmp load_idt

global setup_paging
setup_paging:
	call map_identity
	jmp enable_paging

global setup_timer
setup_timer:
	call remap_pic
	jmp start_timer
