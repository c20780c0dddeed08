; Exceptions and hardware interrupts.
;
; Every stub leaves the same frame: error code (or 0), vector, then what
; trap_common pushes. Where `recover_eip` is set, a probe expects the fault: it
; is noted and execution goes on there, in the ring it came from.

TRAP_STUBS      equ 48

%macro trap_entry 1
trap_%1:
%if %1 = 8 || (%1 >= 10 && %1 <= 14) || %1 = 17 || %1 = 21 || %1 = 29 || %1 = 30
%else
        push dword 0
%endif
        push dword %1
        jmp trap_common
%endmacro

%assign i 0
%rep 32
trap_entry i
%assign i i + 1
%endrep

%macro irq_entry 1
trap_%1:
        push eax
        mov al, %1
        jmp irq_common
%endmacro

%rep 16
irq_entry i
%assign i i + 1
%endrep

trap_stubs:
%assign i 0
%rep TRAP_STUBS
        dd trap_ %+ i
%assign i i + 1
%endrep

; Offsets in the frame of trap_common.
F_GS            equ 0
F_FS            equ 4
F_ES            equ 8
F_DS            equ 12
F_REGS          equ 16          ; PUSHAD
F_EAX           equ 16 + 28
F_VECTOR        equ 48
F_CODE          equ 52
F_EIP           equ 56
F_CS            equ 60
F_EFL           equ 64
F_ESP           equ 68
F_SS            equ 72

trap_common:
        pushad
        push ds
        push es
        push fs
        push gs
        mov ax, SEL_KDATA
        mov ds, ax
        mov es, ax
        cld
        mov eax, [recover_eip]
        or eax, eax
        jz trap_report
        mov dword [recover_eip], 0
        mov ecx, [esp + F_VECTOR]
        mov [fault_vector], ecx
        mov ecx, [esp + F_CODE]
        mov [fault_code], ecx
        mov ecx, cr2
        mov [fault_addr], ecx
        test byte [esp + F_CS], 3
        jz .ring0
        mov [esp + F_EIP], eax
        mov dword [esp + F_EFL], 0x202
        mov ecx, [recover_esp]
        mov [esp + F_ESP], ecx
        mov dword [esp + F_DS], SEL_UDATA
        mov dword [esp + F_ES], SEL_UDATA
        mov dword [esp + F_FS], SEL_UDATA
        mov dword [esp + F_GS], SEL_UDATA
        pop gs
        pop fs
        pop es
        pop ds
        popad
        add esp, 8
        iretd
.ring0:
        mov cx, SEL_KDATA
        mov fs, cx
        mov gs, cx
        mov esp, [recover_esp]
        push dword 0x202
        popfd
        jmp eax

; trap_report tells of a fault that nobody expected and starts the shell anew.
trap_report:
        mov ebp, esp
        sti
        call say
        db 10, "Unexpected ", 0
        mov eax, [ebp + F_VECTOR]
        mov edx, [ebp + F_CODE]
        call print_fault
        call say
        db " at CS:EIP=", 0
        mov eax, [ebp + F_CS]
        call print_hex16
        mov al, ':'
        call putc
        mov eax, [ebp + F_EIP]
        call print_hex32
        call say
        db " EFLAGS=", 0
        mov eax, [ebp + F_EFL]
        call print_hex32
        call say
        db " CR2=", 0
        mov eax, cr2
        call print_hex32
        call say
        db 10, "The shell starts anew.", 10, 0
        jmp start_shell

irq_common:                             ; AL: vector; EAX is on the stack
        push ecx
        push edx
        push ebx
        push ds
        push es
        mov cx, SEL_KDATA
        mov ds, cx
        mov es, cx
        cld
        cmp al, 0x20
        je .timer
        cmp al, 0x21
        je .keyboard
        cmp al, 0x24
        je .serial
        jmp .end                        ; a spurious one: no EOI for 27h and 2Fh
.timer:
        inc dword [ticks]
        test byte [esp + 28], 3         ; CS of the interrupted code
        jz .eoi
        inc dword [ticks_ring3]
        jmp .eoi
.keyboard:
        call keyboard_irq
        jmp .eoi
.serial:
        call serial_irq
.eoi:
        mov al, 0x20
        out PIC1, al
.end:
        pop es
        pop ds
        pop ebx
        pop edx
        pop ecx
        pop eax
        iretd

; ring0_gate is the handler of INT 81h, whose gate only ring 0 may use.
ring0_gate:
        iretd
