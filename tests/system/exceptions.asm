; Exceptions that instructions raise: #DE, #BR, #OF, #UD, #NM, #MF and #AC, with
; the state that they leave (SDM 3A 6.15).
%include "common.inc"

CR0_MP equ 2
CR0_EM equ 4
CR0_TS equ 8
CR0_NE equ 0x20
CR0_AM equ 0x40000

%macro cr0_bits 2               ; set, clear
        push eax
        mov eax, cr0
        or eax, %1
        and eax, ~(%2)
        mov cr0, eax
        pop eax
%endmacro

test_main:
        call divide
        call bound_overflow
        call undefined
        call device
        call math_fault
        call alignment
        call lengths
        ret

%macro divides 5-7              ; name, EAX, EDX, ECX, {insn}[, quotient, remainder]
        mov eax, %2
        mov edx, %3
        mov ecx, %4
        mov ebx, 0x600d
        try
        %5
%if %0 = 5
        want_fault {%1}, DE, 0
        check {%1, ": EAX"}, eax, %2
        check {%1, ": EDX"}, edx, %3
%else
        want_ok {%1}
        check {%1, ": EAX"}, eax, %6
        check {%1, ": EDX"}, edx, %7
%endif
%endmacro
divide:
        divides "div by 0", 1, 0, 0, {div ecx}
        divides "div byte by 0", 1, 0, 0, {div cl}
        divides "div word by 0", 1, 0, 0, {div cx}
        divides "idiv by 0", 1, 0, 0, {idiv ecx}
        divides "div: the quotient does not fit", 0, 5, 5, {div ecx}
        divides "div: the quotient just fits", 0xffffffff, 4, 5, {div ecx}, 0xffffffff, 4
        divides "div byte: the quotient does not fit", 0x0500, 0, 5, {div cl}
        divides "div byte: the quotient just fits", 0x04ff, 0, 5, {div cl}, 0x04ff, 0
        divides "div word: the quotient does not fit", 0, 5, 5, {div cx}
        divides "idiv: least by -1", 0x80000000, 0xffffffff, 0xffffffff, {idiv ecx}
        divides "idiv: least by 1", 0x80000000, 0xffffffff, 1, {idiv ecx}, 0x80000000, 0
        divides "idiv word: least by -1", 0x8000, 0xffff, 0xffff, {idiv cx}
        divides "idiv byte: least by -1", 0xff80, 0, 0xff, {idiv cl}
        divides "idiv byte: least by 1", 0xff80, 0, 1, {idiv cl}, 0x0080, 0
        divides "idiv: quotient 80000000h of positives", 0x80000000, 0, 1, {idiv ecx}
        divides "idiv: sign of the remainder", -7, -1, 2, {idiv ecx}, -3, -1
        divides "aam 0", 0x12, 0, 0, {db 0xd4, 0}
        divides "aam 7", 0x12, 0, 0, {db 0xd4, 7}, 0x0204, 0
        ; From memory.
        mov dword [WORK], 0
        divides "div memory by 0", 1, 0, 0, {div dword [WORK]}
        ret

bound_overflow:
        mov dword [WORK], -5
        mov dword [WORK + 4], 5
        mov eax, -5
        try
        bound eax, [WORK]
        want_ok "bound at the lower"
        mov eax, 5
        try
        bound eax, [WORK]
        want_ok "bound at the upper"
        mov eax, 6
        try
        bound eax, [WORK]
        want_fault "bound above", BR_, 0
        mov eax, -6
        try
        bound eax, [WORK]
        want_fault "bound below", BR_, 0
        mov dword [WORK], 0x0010fff0            ; -16 to 16
        mov eax, 0x7fff0010
        try
        bound ax, [WORK]
        want_ok "bound with words"
        mov eax, 17
        try
        bound ax, [WORK]
        want_fault "bound with words, above", BR_, 0
        try
        db 0x62, 0xc0, 0x90, 0x90, 0x90, 0x90   ; BOUND with a register is EVEX or #UD
        done
        check "bound with a register: #UD", [rec_vector], UD
        xor eax, eax
        arm
        into
        nop
        want_ok "into without OF"
        mov al, 0x7f
        inc al
        arm
        mark
        into
.next:
        want_fault_at "into with OF: EIP is behind", OF_, 0, .next
        check_bits "into with OF: RF is clear", [rec_efl], FL_RF, 0
        ret

undefined:
%macro ud_case 2+
        try
        db %2
        nop
        nop
        nop
        nop
        nop
        nop
        want_fault {"undefined: ", %1}, UD, 0
%endmacro
        mov ebx, WORK
        ud_case "UD2", 0x0f, 0x0b
        ud_case "UD1", 0x0f, 0xb9, 0xc0
        ud_case "UD0", 0x0f, 0xff, 0xc0
        ud_case "0F 04", 0x0f, 0x04
        ud_case "0F 0A", 0x0f, 0x0a
        ud_case "0F A6", 0x0f, 0xa6, 0x03
        ud_case "FE /2", 0xfe, 0xd0
        ud_case "FE /7", 0xfe, 0xf8
        ud_case "FF /7", 0xff, 0xf8
        ud_case "8F /1", 0x8f, 0xcb
        ud_case "C6 /1", 0xc6, 0xc8
        ud_case "C7 /2", 0xc7, 0xd0
        ud_case "0F BA /0", 0x0f, 0xba, 0xc0
        ud_case "0F 00 /7", 0x0f, 0x00, 0xf8
        ud_case "0F 01 /5", 0x0f, 0x01, 0x2b
        ud_case "LEA with a register", 0x8d, 0xc3
        ud_case "LES with a register and no VEX", 0x66, 0xc4, 0xc3
        ud_case "far call with a register", 0xff, 0xdb
        ud_case "far jmp with a register", 0xff, 0xeb
        ud_case "lgdt with a register", 0x0f, 0x01, 0xd3
        ud_case "sgdt with a register", 0x0f, 0x01, 0xc0 + 6
        ud_case "invlpg with a register", 0x0f, 0x01, 0xfb
        ud_case "cmpxchg8b with a register", 0x0f, 0xc7, 0xcb
        ud_case "mov cs", 0x8e, 0xcb
        ud_case "mov to segment register 6", 0x8e, 0xf3
        ud_case "mov from segment register 7", 0x8c, 0xfb
        ; Privileged and undefined: #UD comes first.
        arm
        to_ring3
        mark
        db 0x0f, 0x20, 0xc8                     ; mov eax, cr1
        settle
        check "cr1 in ring 3: #GP or #UD", [rec_eip], %$insn
        %pop
        ret

; CR0.EM, MP and TS against x87, WAIT and MMX.
device:
%macro nm_case 4                ; name, CR0 bits, {insn}, vector or END_TRIAL
        cr0_bits %2, (CR0_MP | CR0_EM | CR0_TS) & ~(%2)
        try
        %3
        settle
        cr0_bits CR0_MP, CR0_EM | CR0_TS
        check {%1}, [rec_vector], %4
        %pop
%endmacro
        fninit
        nm_case "fld1, all clear", 0, {fld1}, END_TRIAL
        nm_case "fld1, TS", CR0_TS, {fld1}, NM
        nm_case "fld1, EM", CR0_EM, {fld1}, NM
        nm_case "fld1, MP", CR0_MP, {fld1}, END_TRIAL
        nm_case "fnop, TS", CR0_TS, {fnop}, NM
        nm_case "fninit, TS", CR0_TS, {fninit}, NM
        nm_case "fnstcw, TS", CR0_TS, {fnstcw [WORK]}, NM
        nm_case "fnstsw, EM", CR0_EM, {fnstsw ax}, NM
        nm_case "wait, TS", CR0_TS, {fwait}, END_TRIAL
        nm_case "wait, MP", CR0_MP, {fwait}, END_TRIAL
        nm_case "wait, EM", CR0_EM, {fwait}, END_TRIAL
        nm_case "wait, MP and TS", CR0_MP | CR0_TS, {fwait}, NM
        nm_case "wait, EM and TS", CR0_EM | CR0_TS, {fwait}, END_TRIAL
        nm_case "wait, all", CR0_MP | CR0_EM | CR0_TS, {fwait}, NM
        test dword [cpuid_edx], 1 << 23
        jz .no_mmx
        nm_case "movd mm0, TS", CR0_TS, {movd mm0, eax}, NM
        nm_case "movd mm0, EM", CR0_EM, {movd mm0, eax}, UD
        nm_case "emms, EM and TS", CR0_EM | CR0_TS, {emms}, UD
        nm_case "emms, TS", CR0_TS, {emms}, NM
        nm_case "emms", 0, {emms}, END_TRIAL
.no_mmx:
        test dword [cpuid_edx], 1 << 24
        jz .no_fxsr
        nm_case "fxsave, TS", CR0_TS, {fxsave [WORK]}, NM
        nm_case "fxsave, EM", CR0_EM, {fxsave [WORK]}, NM
        try
        fxsave [WORK + 8]
        want_fault "fxsave at an odd eight", GP, 0
.no_fxsr:
        test dword [cpuid_edx], 1 << 25
        jz .no_sse
        try
        xorps xmm0, xmm0
        want_fault "sse without OSFXSR", UD, 0
        mov eax, cr4
        or eax, 0x200
        mov cr4, eax
        nm_case "sse, TS", CR0_TS, {xorps xmm0, xmm0}, NM
        nm_case "sse, EM", CR0_EM, {xorps xmm0, xmm0}, UD
        nm_case "sse", 0, {xorps xmm0, xmm0}, END_TRIAL
        try
        movaps [WORK + 4], xmm0
        want_fault "movaps at an odd four", GP, 0
        mov eax, cr4
        and eax, ~0x200
        mov cr4, eax
.no_sse:
        ; CLTS, and a task switch's TS.
        cr0_bits CR0_TS, 0
        clts
        mov eax, cr0
        check_bits "clts", eax, CR0_TS, 0
        cr0_bits CR0_MP, CR0_EM | CR0_TS
        ret

; An unmasked x87 exception is reported at the next waiting instruction.
math_fault:
        cr0_bits CR0_NE, 0
        call unmask_zero_divide
        arm
        fld1
        fldz
        fdivp st1, st0
.a:     nop
        fnstsw ax
        mark
        fld1
        want_fault "#MF at the next waiting instruction", MF_, 0
        check_bits "#MF: ZE and ES are set", eax, 0x84, 0x84
        call unmask_zero_divide
        arm
        fld1
        fldz
        fdivp st1, st0
        mark
        fwait
        want_fault "#MF at wait", MF_, 0
        ; Control instructions without waiting don't report it.
        call unmask_zero_divide
        arm
        fld1
        fldz
        fdivp st1, st0
        fnstsw ax
        fnstcw [WORK]
        fnclex
        fld1
        want_ok "fnclex clears it"
        call unmask_zero_divide
        arm
        fld1
        fldz
        fdivp st1, st0
        fnsave [WORK]
        fld1
        want_ok "fnsave clears it"
        ; Unmasking what is already flagged.
        fninit
        fld1
        fldz
        fdivp st1, st0
        mov word [WORK], 0x37b
        arm
        fldcw [WORK]
        mark
        fld1
        want_fault "unmasked after the fact", MF_, 0
        fninit
        test dword [cpuid_edx], 1 << 23
        jz .no_mmx
        call unmask_zero_divide
        arm
        fld1
        fldz
        fdivp st1, st0
        mark
        movd eax, mm0
        want_fault "#MF at an MMX instruction", MF_, 0
.no_mmx:
        fninit
        ; A fault of the instruction itself and a pending #MF: #MF first.
        call unmask_zero_divide
        desc T0, WORK, 0, A_DATA_W, G_BYTE32
        push dword T0
        pop fs
        arm
        fld1
        fldz
        fdivp st1, st0
        mark
        fld dword [fs:4]
        want_fault "#MF comes before the operand's #GP", MF_, 0
        fninit
        ret

unmask_zero_divide:
        fninit
        mov word [WORK], 0x37b                  ; ZM clear
        fldcw [WORK]
        ret

; #AC: CR0.AM, EFLAGS.AC and ring 3 together.
alignment:
%macro ac_case 4                ; name, ring, {insn}, 1 where it faults
        arm
%if %2 = 3
        to_ring3
%endif
        push dword FL_AC | 2
        popfd
        mark
        %3
%if %4
        want_fault {"AC: ", %1}, AC_, 0
%else
        want_ok {"AC: ", %1}
%endif
        push dword 2
        popfd
%endmacro
        mov ebx, WORK
        mov esi, WORK + 1
        mov edi, WORK + 1
        ac_case "AM clear", 3, {mov eax, [ebx + 1]}, 0
        cr0_bits CR0_AM, 0
        ac_case "ring 0", 0, {mov eax, [ebx + 1]}, 0
        ac_case "byte", 3, {mov al, [ebx + 1]}, 0
        ac_case "word, even", 3, {mov ax, [ebx + 2]}, 0
        ac_case "word, odd", 3, {mov ax, [ebx + 1]}, 1
        ac_case "dword, by 4", 3, {mov eax, [ebx + 4]}, 0
        ac_case "dword, by 2", 3, {mov eax, [ebx + 2]}, 1
        ac_case "dword write", 3, {mov [ebx + 2], eax}, 1
        ac_case "add", 3, {add [ebx + 1], eax}, 1
        ac_case "movzx word", 3, {movzx eax, word [ebx + 3]}, 1
        ac_case "fld dword, by 2", 3, {fld dword [ebx + 2]}, 1
        ac_case "fld qword, by 4", 3, {fld qword [ebx + 4]}, 1
        ac_case "fld qword, by 8", 3, {fld qword [ebx + 8]}, 0
        fninit
        ac_case "far pointer, by 4", 3, {lfs eax, [zero48]}, 0
        ac_case "bound, by 4", 3, {bound eax, [zero48 - 4]}, 0
        ac_case "lodsd", 3, {lodsd}, 1
        ac_case "stosd", 3, {stosd}, 1
        ac_case "movsb", 3, {movsb}, 0
        ac_case "push memory", 3, {push dword [ebx + 1]}, 1
        ac_case "lea", 3, {lea eax, [ebx + 1]}, 0
        ac_case "cmpxchg", 3, {cmpxchg [ebx + 1], ecx}, 1
        ; The stack.
        arm
        to_ring3
        mov esp, STACK_TOP - 0x1000 + 2
        push word 0
        push word 0
        mov dword [esp], FL_AC | 2
        lea esp, [esp - 2]
        lea esp, [esp + 2]
        popfd
        mark
        push eax
        want_fault "AC: push on a stack by 2", AC_, 0
        push dword 2
        popfd
        ; AC clear in EFLAGS.
        arm
        to_ring3
        mov eax, [ebx + 1]
        want_ok "AC: flag clear"
        cr0_bits 0, CR0_AM
        ret

; An instruction of more than 15 bytes: #GP(0).
lengths:
        try
        times 13 db 0x26
        mov al, [ebx]                           ; 8A 03: 15 bytes in all
        want_ok "15 bytes"
        try
        times 14 db 0x26
        mov al, [ebx]
        want_fault "16 bytes", GP, 0
        try
        times 20 db 0x66
        nop
        want_fault "21 bytes of prefixes", GP, 0
        ret

        align 4
        dd 0
zero48: dd 0, 0
image_end:
