; Real-address mode, entered from protected mode: limits that the hidden parts
; keep, the interrupt table, faults without error codes, and what is not there
; (SDM 3A 9.9, 20.1). The code is copied below 1 MiB; results lie at RESULT.
%include "common.inc"

R_CODE          equ 0x20000             ; segment 2000h
R_CS            equ R_CODE >> 4
R_SS            equ 0x3000
R_DS            equ 0x4000
RESULT          equ 0x50000
R_RES           equ RESULT >> 4
%define R(x) ((x) - real_begin)
CODE16          equ T0                  ; base R_CODE, 64 KiB, 16-bit
DATA16          equ T0 + 8              ; 64 KiB at 0

; faulted NAME, INDEX, VECTOR, IP: the INDEXth fault noted in real mode.
%macro faulted 4
        movzx eax, byte [RESULT + (%2) * 8]
        check {%1}, eax, %3
        movzx eax, word [RESULT + (%2) * 8 + 2]
        check {%1, ": IP"}, eax, R(%4)
        movzx eax, word [RESULT + (%2) * 8 + 4]
        check {%1, ": CS"}, eax, R_CS
%endmacro

test_main:
        mov esi, real_begin
        mov edi, R_CODE
        mov ecx, real_end - real_begin
        rep movsb
        mov edi, RESULT
        mov ecx, 0x400
        mov eax, 0xeeeeeeee
        rep stosd
        ; An interrupt table: every vector to its own stub of eight bytes.
        mov edi, ivt_saved
        xor esi, esi
        mov ecx, 256
        rep movsd
        xor edi, edi
        xor ecx, ecx
.next:
        lea eax, [ecx * 8 + R(real_stubs)]
        stosw
        mov eax, R_CS
        stosw
        inc ecx
        cmp ecx, 32
        jb .next
        desc CODE16, R_CODE, 0xffff, A_CODE_R, G_BYTE16
        desc DATA16, 0, 0xffff, A_DATA_W, G_BYTE16
        mov [saved_esp], esp
        jmp CODE16:R(to_real)
back:
        mov ax, UDATA
        mov ds, ax
        mov ax, KDATA
        mov ss, ax
        mov esp, [saved_esp]
        mov es, ax
        mov fs, ax
        mov gs, ax
        lidt [idt_ptr]
        mov esi, ivt_saved
        xor edi, edi
        mov ecx, 256
        rep movsd
        mov eax, [RESULT + 0x800]
        check "MOV CR0 leaves CS's hidden part until a far jump", eax, 0x1234
        faulted "word at FFFF", 0, GP, f_word
        faulted "dword at FFFD", 1, GP, f_dword
        faulted "word at FFFF of SS", 2, SS_, f_stack
        faulted "sldt", 3, UD, f_sldt
        faulted "str", 4, UD, f_str
        faulted "lar", 5, UD, f_lar
        faulted "verr", 6, UD, f_verr
        faulted "arpl", 7, UD, f_arpl
        faulted "lldt", 8, UD, f_lldt
        faulted "offset above FFFF", 9, GP, f_far
        faulted "divide", 10, DE, f_div
        faulted "int 3", 11, BP_, f_int3 + 1
        faulted "bound", 12, BR_, f_bound
        faulted "jump out of the limit", 13, GP, f_jump
        faulted "lock nop", 14, UD, f_lock
        faulted "int beyond the IDT limit", 15, GP, f_idt
        check "no error code: SP in the handler", [RESULT + 0x804], 0x7ffa
        check_bits "flags in the frame: IF", [RESULT + 0x808], FL_IF | FL_TF, FL_IF
        check_bits "flags in the handler: IF and TF clear", [RESULT + 0x80c], FL_IF | FL_TF, 0
        check "FS keeps a 4 GiB limit from protected mode", [RESULT + 0x810], 0x600df00d
        check "a load of FS in real mode changes its base alone", [RESULT + 0x814], 0x600df00d
        check "word at FFFF under the large limit", [RESULT + 0x818], 0
        check "push with SP 0 wraps", [RESULT + 0x81c], 0xfffe
        check_bits "sgdt works", [RESULT + 0x820], 0xffff, GDT_SIZE - 1
        check_bits "smsw: PE clear", [RESULT + 0x824], 1, 0
        check "segment arithmetic: FFFF:0010 is 100000h", [RESULT + 0x828], [0x100000]
        check "the last fault: all were expected", [RESULT + 16 * 8], 0xeeeeeeee
        ret

        bits 16
real_begin:
to_real:
        mov ax, DATA16
        mov ss, ax
        mov ds, ax
        mov es, ax
        mov gs, ax
        mov ax, UDATA                   ; FS keeps 4 GiB
        mov fs, ax
        o32 lidt [cs:R(real_idt)]
        mov eax, cr0
        and al, 0xfe
        mov cr0, eax
        ; CS still has its selector and hidden part.
        mov dword [fs:dword RESULT + 0x800], 0x1234
        jmp R_CS:R(.real)
.real:
        mov ax, R_SS
        mov ss, ax
        mov sp, 0x8000
        mov ax, R_DS
        mov ds, ax
        mov ax, R_RES
        mov es, ax
        xor bp, bp                      ; where the next fault is noted
        mov dword [fs:dword WORK + 0x100], 0x600df00d
        mov eax, [fs:dword WORK + 0x100]
        mov [es:0x810], eax
        mov ax, 0x1000
        mov fs, ax                      ; base 10000h
        mov eax, [fs:dword WORK + 0x100 - 0x10000]
        mov [es:0x814], eax
        mov dword [es:0x818], 0
        mov di, 0xffff
        mov ax, [fs:di]                 ; no fault
        xor ax, ax
        mov [es:0x818], ax
        sti
f_word: mov ax, [0xffff]
        call check_point
f_dword: mov eax, [0xfffd]
        call check_point
f_stack: mov ax, [ss:0xffff]
        call check_point
f_sldt: sldt ax
        call check_point
f_str:  str ax
        call check_point
f_lar:  lar ax, ax
        call check_point
f_verr: verr ax
        call check_point
f_arpl: arpl ax, ax
        call check_point
f_lldt: lldt ax
        call check_point
        mov ebx, 0x10000
f_far:  mov al, [ebx]
        call check_point
        xor cx, cx
f_div:  div cx
        call check_point
f_int3: int3
        call check_point
        mov dword [0], 0x00020001
        xor ax, ax
f_bound: bound ax, [0]
        call check_point
        mov ebx, 0x12345
f_jump: jmp ebx
        call check_point
f_lock: db 0xf0, 0x90
        call check_point
f_idt:  int 0x40                        ; the IDT ends before
        call check_point
        mov [cs:R(keep_sp)], sp
        xor sp, sp
        push ax
        movzx eax, sp
        mov sp, [cs:R(keep_sp)]
        mov [es:0x81c], eax
        sgdt [es:0x820]
        smsw [es:0x824]
        mov ax, 0xffff
        mov gs, ax
        mov eax, [gs:0x10]
        mov [es:0x828], eax
        ; Back to protected mode.
        cli
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp dword KCODE:back

; check_point follows each instruction that must fault; the handler returns to it.
check_point:
        ret

; A fault's stub notes vector, IP and CS and goes on behind the instruction,
; whose length it finds as the way to the next call.
real_stubs:
%assign i 0
%rep 32
        push word i
        jmp near real_fault
        times 8 - ($ - real_stubs - i * 8) nop
%assign i i + 1
%endrep
real_fault:
        mov [cs:R(save_ax)], eax
        mov [cs:R(save_bx)], bx
        pushf
        pop ax
        mov [es:0x80c], ax
        mov word [es:0x80e], 0
        pop ax                          ; vector
        mov bx, sp
        or bp, bp
        jnz .noted
        mov [es:0x804], bx
        mov word [es:0x806], 0
        push ax
        mov ax, [ss:bx + 4]
        mov [es:0x808], ax
        mov word [es:0x80a], 0
        pop ax
.noted:
        mov [es:bp], al
        mov ax, [ss:bx]
        mov [es:bp + 2], ax
        mov ax, [ss:bx + 2]
        mov [es:bp + 4], ax
        add bp, 8
        ; The next CALL (E8) behind the instruction.
        mov bx, [ss:bx]
.look:
        cmp byte [cs:bx], 0xe8
        je .found
        inc bx
        jmp .look
.found:
        add sp, 6
        mov [cs:R(target)], bx
        mov bx, [cs:R(save_bx)]
        mov eax, [cs:R(save_ax)]
        sti
        jmp [cs:R(target)]

        align 4
real_idt:
        dw 0x40 * 4 - 1
        dd 0
keep_sp: dw 0
target: dw 0
save_bx: dw 0
        align 4
save_ax: dd 0
real_end:
        bits 32
        align 4
saved_esp: dd 0
ivt_saved: times 256 dd 0
image_end:
