; The embedded guest of ringzero: a monitor that shows what the processor does.
;
; Build:  nasm -f bin -o monitor.img monitor.asm      (run in this folder)
;
; The BIOS loads the first sector at 7C00h and boot.asm fetches the rest behind
; it, so that the whole image stands in one piece below 64 KiB and runs both in
; real mode (segment 0) and in protected mode (flat, paged one to one).

IMAGE_BASE      equ 0x7c00

; Segment selectors.
SEL_KCODE       equ 0x08
SEL_KDATA       equ 0x10
SEL_UCODE       equ 0x18 | 3
SEL_UDATA       equ 0x20 | 3
SEL_TSS         equ 0x28
SEL_LDT         equ 0x30

; Memory behind the image. Pages below USER_PAGE belong to ring 0.
KBSS            equ 0x10000     ; ring-0 variables, tables: two pages
KBSS_SIZE       equ 0x2000
PAGE_DIR        equ 0x12000
PAGE_TABLES     equ 0x13000     ; four tables: the first 16 MiB
PAGE_TABLE_ROM  equ 0x17000     ; one table for the last 4 MiB
KSTACK_TOP      equ 0x1a000
USER_PAGE       equ 0x1a000     ; ring-3 variables
USTACK_TOP      equ 0x1d000
ARENA_END       equ 0x1d000

; Services of INT 80h, number in EAX.
SYS_PUTC        equ 0           ; BL: character
SYS_GETC        equ 1           ; -> AL: character, waits with HLT
SYS_SNAP        equ 2           ; fills `snap` with registers of both rings
SYS_PEEK        equ 3           ; EBX: address -> AL byte, ECX 0 or vector+1, EDX error code
SYS_PROBE       equ 4           ; EBX: probe -> EAX, EDX, ECX of probe_run at CPL 0
SYS_TSD         equ 5           ; EBX: 1 sets CR4.TSD, 0 clears it
SYS_CLOCK       equ 6           ; fills `clock`
SYS_OFF         equ 7
SYS_RESET       equ 8
SYS_COUNT       equ 9

        bits 16
        org IMAGE_BASE
image_start:
%include "boot.asm"
%include "real.asm"
        bits 32
%include "enter.asm"
%include "trap.asm"
%include "console.asm"
%include "service.asm"
%include "print.asm"
%include "shell.asm"
%include "cpu.asm"
%include "sens.asm"
%include "probes.asm"
%include "memory.asm"
        align 512, db 0
image_end:

%if (image_end - image_start) > 0x10000 - IMAGE_BASE
%error "the monitor no longer fits below 64 KiB"
%endif

; Ring-0 variables, cleared on entry but for e820, which real mode fills.
        absolute KBSS
idt:            resb 0x82 * 8
idt_end:
        alignb 8
gdt:            resb 7 * 8
gdt_end:
ldt:            resb 8
ldt_end:
tss:            resb 104
idt_ptr:        resb 6
gdt_ptr:        resb 6
ticks:          resd 1
ticks_ring3:    resd 1
vga_pos:        resd 1
have_serial:    resd 1
have_cpuid:     resd 1
cpuid_features: resd 1
key_shift:      resd 1
key_ctrl:       resd 1
key_caps:       resd 1
ring_head:      resd 1
ring_tail:      resd 1
kbss_cleared:
ring:           resb 1024
        alignb 16
E820_MAX        equ 32
e820_count:     resd 1
e820:           resb E820_MAX * 20

; Ring-3 variables, and what ring 0 hands to ring 3.
        absolute USER_PAGE
recover_eip:    resd 1          ; where a fault goes on; 0 = report it
recover_esp:    resd 1
fault_vector:   resd 1
fault_code:     resd 1
fault_addr:     resd 1
last_char:      resd 1
line_len:       resd 1
line:           resb 80
token:          resd 1
sens_filter:    resd 1
sens_row:       resd 1
ring0_eax:      resd 1
ring0_edx:      resd 1
ring0_ecx:      resd 1
map_start:      resd 1
map_flags:      resd 1
probe_table:    resb 8          ; SGDT, SIDT store here
snap:                           ; order of PUSHAD first
snap_regs:      resd 8          ; EDI ESI EBP ESP EBX EDX ECX EAX
snap_eip:       resd 1
snap_cs:        resd 1
snap_efl:       resd 1
snap_esp:       resd 1
snap_ss:        resd 1
snap_ds:        resd 1
snap_es:        resd 1
snap_fs:        resd 1
snap_gs:        resd 1
snap_kcs:       resd 1
snap_kss:       resd 1
snap_kesp:      resd 1
snap_cr0:       resd 1
snap_cr2:       resd 1
snap_cr3:       resd 1
snap_cr4:       resd 1
snap_cpuid:     resd 1
snap_ticks:     resd 1
snap_ticks3:    resd 1
clock:
clock_rtc:      resb 8          ; second minute hour day month year century, binary
clock_ticks:    resd 1
map_e820_count: resd 1
map_e820:       resb E820_MAX * 20
