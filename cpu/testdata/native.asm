; Runs single instructions on the host's processor: records of 512 bytes from standard input to
; standard output, until there are no more. `nasm -f bin` makes an ELF program for amd64 Linux of it.
;
;   0 code, 32 bytes, filled with NOP   (out: the vector of its fault, else -1; error code; address of a #PF)
;  32 general registers, rAX to rDI     (out: as they are behind it)
;  96 RFLAGS
; 104 x87 state as FSAVE has it, 108 bytes
; 216 what stands at WINDOW, 256 bytes
bits 64
org 0x400000
BASE:
        db 0x7f, "ELF", 2, 1, 1, 0
        dq 0
        dw 2, 62
        dd 1
        dq start, program - BASE, 0
        dd 0
        dw 64, 56, 1, 0, 0, 0
program:
        dd 1, 7
        dq 0, BASE, BASE, filesize, memsize, 0x1000

RECORD  equ 512
R_GPR   equ 32
R_FLAGS equ 96
R_FPU   equ 104
R_MEM   equ 216
WINDOW  equ 0x600000
CODE    equ 0x500000
SIGBUS  equ 7

start:
        mov eax, 9                      ; mmap
        mov edi, CODE
        mov esi, 0x200000
        mov edx, 7
        mov r10d, 0x32                  ; private, anonymous, fixed
        mov r8, -1
        xor r9d, r9d
        syscall
        mov eax, 131                    ; sigaltstack
        mov edi, altstack
        xor esi, esi
        syscall
        mov ebx, 4                      ; from SIGILL to SIGSEGV
.signal:
        mov eax, 13                     ; rt_sigaction
        mov edi, ebx
        mov esi, action
        xor edx, edx
        mov r10d, 8
        syscall
        inc ebx
        cmp ebx, 12
        jb .signal

next:   mov esp, stack
        xor ebx, ebx
.read:  xor eax, eax
        xor edi, edi
        lea esi, [record + rbx]
        mov edx, RECORD
        sub edx, ebx
        syscall
        test rax, rax
        jle exit
        add ebx, eax
        cmp ebx, RECORD
        jb .read

        mov esi, record
        mov edi, CODE
        mov ecx, 4
        rep movsq
        mov byte [rdi], 0xff            ; JMP [behind]
        mov byte [rdi + 1], 0x24
        mov byte [rdi + 2], 0x25
        mov dword [rdi + 3], behind
        mov esi, record + R_MEM
        mov edi, WINDOW
        mov ecx, 32
        rep movsq
        frstor [record + R_FPU]
        push qword [record + R_FLAGS]
        popfq
        mov rax, [record + R_GPR]
        mov rcx, [record + R_GPR + 8]
        mov rdx, [record + R_GPR + 16]
        mov rbx, [record + R_GPR + 24]
        mov rsp, [record + R_GPR + 32]
        mov rbp, [record + R_GPR + 40]
        mov rsi, [record + R_GPR + 48]
        mov rdi, [record + R_GPR + 56]
        jmp [entry]

        align 8
entry:  dq CODE
behind: dq done

done:   mov [record + R_GPR], rax
        mov [record + R_GPR + 8], rcx
        mov [record + R_GPR + 16], rdx
        mov [record + R_GPR + 24], rbx
        mov [record + R_GPR + 32], rsp
        mov [record + R_GPR + 40], rbp
        mov [record + R_GPR + 48], rsi
        mov [record + R_GPR + 56], rdi
        mov esp, stack
        pushfq
        pop qword [record + R_FLAGS]
        push 2
        popfq
        fnsave [record + R_FPU]
        mov qword [record], -1
        mov qword [record + 8], 0
        mov qword [record + 16], 0
report: mov esi, WINDOW
        mov edi, record + R_MEM
        mov ecx, 32
        rep movsq
        xor ebx, ebx
.write: mov eax, 1
        mov edi, 1
        lea esi, [record + rbx]
        mov edx, RECORD
        sub edx, ebx
        syscall
        test rax, rax
        jle exit
        add ebx, eax
        cmp ebx, RECORD
        jb .write
        jmp next

exit:   mov eax, 60
        xor edi, edi
        syscall

; A fault: RDX is the ucontext, whose registers stand in the kernel's order.
fault:  mov ecx, stack                  ; AC may be set, and so may this stack be odd
        mov esp, ecx
        push 2
        popfq
%macro take 2
        mov rax, [rdx + 40 + 8 * %1]
        mov [record + %2], rax
%endmacro
        take 13, R_GPR
        take 14, R_GPR + 8
        take 12, R_GPR + 16
        take 11, R_GPR + 24
        take 15, R_GPR + 32
        take 10, R_GPR + 40
        take 9, R_GPR + 48
        take 8, R_GPR + 56
        take 17, R_FLAGS
        take 20, 0
        take 19, 8
        take 22, 16
        mov rax, [rdx + 40 + 8 * 23]
        fxrstor [rax]
        fnsave [record + R_FPU]
        jmp report

        align 8
action: dq fault, 0x4c000004, restore, 0 ; SIGINFO, ONSTACK, NODEFER, RESTORER
restore: mov eax, 15
        syscall
altstack: dq signals
        dq 0, 65536

filesize equ $ - BASE
        absolute $
        alignb 64
record: resb RECORD
        resb 4096
stack:  resb 64
signals: resb 65536
memsize equ $ - BASE
