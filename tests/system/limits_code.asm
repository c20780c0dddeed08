; Limits of code segments: fetch up to the limit, across and beyond it, and
; branches out of the segment, which fault before they go (SDM 3A 5.3; 2A CALL,
; JMP, RET). All segments have their base at the image.
%include "common.inc"

; Code segments that end behind a label.
%macro code_until 2-3 G_BYTE32  ; selector, label
        desc %1, IMAGE_BASE, OFF16(%2) - 1, A_CODE_R, %3
%endmacro

test_main:
        call fetch
        call branches
        call far_branches
        call small
        ret

fetch:
        code_until T0, f1_end
        arm
        jmp T0:OFF16(f1)
        want_fault_at "run past the end", GP, 0, OFF16(f1_end)
        check "run past the end: the last instruction ran", eax, 0x11
        check "run past the end: CS", [rec_cs], T0
        code_until T0, f2_end
        arm
        jmp T0:OFF16(f2)
        want_fault_at "instruction across the end", GP, 0, OFF16(f2.across)
        check "instruction across the end did nothing", eax, 0x22
        ; A prefix within, the opcode beyond.
        code_until T0, f3_end
        arm
        jmp T0:OFF16(f3)
        want_fault_at "prefix at the end", GP, 0, OFF16(f3.prefix)
        ; An invalid opcode that is complete wins over what lies behind.
        code_until T0, f4_end
        arm
        jmp T0:OFF16(f4)
        want_fault_at "UD2 as the last bytes", UD, 0, OFF16(f4)
        ; A branch that is not taken may stand last.
        code_until T0, f5_end
        arm
        jmp T0:OFF16(f5)
        want_fault_at "untaken branch at the end", GP, 0, OFF16(f5_end)
        ; The limit cuts off a page-granular segment of limit 0: nothing fits.
        desc T0, IMAGE_BASE, 0, A_CODE_R, G_PAGE32
        arm
        mark
        jmp T0:0x1000
        want_fault "far jump past the limit", GP, 0
        check "far jump past the limit: CS is the old", [rec_cs], KCODE
        ret

f1:     mov eax, 0x11
f1_end:
        mov eax, 0x12
        int END_TRIAL
f2:     mov eax, 0x22
.across:
        db 0xb8, 1, 0
f2_end:
        db 0, 0
        int END_TRIAL
f3:     nop
.prefix:
        db 0x64, 0x66
f3_end: db 0x90
        int END_TRIAL
f4:     ud2
f4_end:
f5:     xor eax, eax
        jnz f4
f5_end:
        int END_TRIAL

branches:
        code_until T0, b_end
        mov edx, 0x12345678
        mov ebx, OFF16(b_beyond)
        mov ecx, 5
        xor eax, eax
%macro leaves 2                 ; name, label of the branch
        arm
        jmp T0:OFF16(%2)
        want_fault_at %1, GP, 0, OFF16(%2)
        check {%1, ": ESP"}, [rec_esp], esp
        check {%1, ": CS"}, [rec_cs], T0
%endmacro
        leaves "jmp short out", b_short
        leaves "jmp near out", b_near
        leaves "jmp register out", b_register
        leaves "call near out", b_call
        leaves "call register out", b_call_register
        leaves "jz taken out", b_jz
        leaves "jz near taken out", b_jz_near
        leaves "loop taken out", b_loop
        check "loop that faults leaves ECX", ecx, 5
        arm
        jmp T0:OFF16(b_jecxz)
        want_fault_at "jecxz, ECX not 0, goes on", UD, 0, OFF16(b_jecxz) + 2
        xor ecx, ecx
        leaves "jecxz taken out", b_jecxz
        ; RET to beyond the end.
        push dword OFF16(b_beyond)
        arm
        push dword OFF16(b_beyond)
        jmp T0:OFF16(b_ret)
        want_fault_at "ret out", GP, 0, OFF16(b_ret)
        lea eax, [esp - 4]
        check "ret out leaves ESP", [rec_esp], eax
        pop eax
        push dword OFF16(b_end)
        arm
        push dword OFF16(b_end)
        jmp T0:OFF16(b_ret)
        want_fault_at "ret just behind the end", GP, 0, OFF16(b_ret)
        pop eax
        ret

b_short: jmp short b_beyond
b_near: jmp near b_beyond
b_register: jmp ebx
b_call: call b_beyond
b_call_register: call ebx
b_jz:   jz short b_beyond
b_jz_near: jz near b_beyond
b_loop: loop b_beyond
b_jecxz: jecxz b_beyond
        ud2
b_ret:  ret
b_retf: retf
b_iret: iretd
b_end:
        nop
b_beyond:
        int END_TRIAL

far_branches:
        code_until T0, b_end
        code_until T0 + 8, b_beyond
        try
        jmp T0:OFF16(b_beyond)
        want_fault "far jmp beyond the limit", GP, 0
        try
        call T0:OFF16(b_end)
        want_fault "far call just beyond the limit", GP, 0
        check "far call beyond: ESP", [rec_esp], esp
        try
        call far [.pointer]
        want_fault "far call by memory beyond the limit", GP, 0
        arm
        push dword T0
        push dword OFF16(b_end)
        mark
        retf
        want_fault "far ret beyond the limit", GP, 0
        lea eax, [esp - 8]
        check "far ret beyond: ESP", [rec_esp], eax
        arm
        pushfd
        push dword T0
        push dword OFF16(b_beyond)
        mark
        iretd
        want_fault "iret beyond the limit", GP, 0
        lea eax, [esp - 12]
        check "iret beyond: ESP", [rec_esp], eax
        ; Gates: the target of a call gate and of an interrupt gate.
        gate T0 + 16, T0, OFF16(b_beyond), A_CALL32, 0
        try
        call (T0 + 16):0
        want_fault "call gate to beyond the limit", GP, 0
        check "call gate to beyond: ESP", [rec_esp], esp
        idt_gate 0x62, T0, OFF16(b_beyond), A_INT32
        try
        int 0x62
        want_fault "interrupt gate to beyond the limit", GP, 0
        ; EXT is set where the delivery was not asked for by INT n.
        idt_gate UD, T0, OFF16(b_beyond), A_INT32
        try
        ud2
        want_fault "#UD by a gate to beyond the limit", GP, 1
        call fill_idt
        ret
.pointer:
        dd OFF16(b_beyond)
        dw T0

; 16-bit code: IP wraps by operand size, and fetch runs on to the limit.
small:
        desc T0, IMAGE_BASE, 0x1ffff, A_CODE_R, G_BYTE16
        xor eax, eax
        try
        jmp T0:OFF16(s1)
        done
        check "16-bit jmp masks the target", eax, 0x77
        desc T0, WORK, 0xffff, A_CODE_R, G_BYTE16
        mov byte [WORK + 0xffff], 0x40          ; inc ax
        mov byte [WORK + 0x10000], 0x40
        mov dword [WORK], 0x9090f1cd            ; int END_TRIAL
        mov eax, 0x1000
        arm
        jmp T0:0xffff
        want_fault_at "fetch past FFFF with limit FFFF", GP, 0, 0x10000
        check "fetch past FFFF: the last byte ran", eax, 0x1001
        mov word [WORK + 0xfffe], 0xb8          ; mov ax, imm16
        arm
        jmp T0:0xfffe
        want_fault_at "instruction across FFFF", GP, 0, 0xfffe
        ; A short jump in 16-bit code wraps to the start.
        mov dword [WORK + 0xfff0], 0x909011eb   ; jmp +11h: to 3
        mov dword [WORK], 0x90909090
        mov dword [WORK + 4], 0x9090f1cd
        try
        jmp T0:0xfff0
        want_ok "16-bit short jump wraps at 64 KiB"
        check "16-bit short jump wraps: EIP", [rec_eip], 6
        ; The call pushes a 16-bit IP on whatever stack there is.
        mov byte [WORK + 0x100], 0xe8
        mov word [WORK + 0x101], 0x00fd         ; to 0200
        mov dword [WORK + 0x200], 0x9090f1cd
        try
        jmp T0:0x100
        want_ok "16-bit call"
        lea eax, [esp - 2]
        check "16-bit call moves ESP by 2", [rec_esp], eax
        ret

        bits 16
s1:     mov ax, 0x77
        o32 jmp short .go
        nop
.go:
        o16 jmp near .there
.there:
        int END_TRIAL
        bits 32
image_end:
