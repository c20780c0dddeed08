; I/O permission: IOPL, the bitmap in the TSS, accesses that span bits and
; bytes, the end of the TSS, 16-bit TSS, virtual-8086 mode (SDM 1 19.5.2).
%include "common.inc"
%include "v86.inc"
%include "bigtss.inc"

PORT            equ 0x2e0               ; eight ports with nothing behind them

; at_ring3 NAME, EFLAGS, {INSN}, allowed (1) or refused (0)
%macro at_ring3 4
        arm
        push dword (%2) | 2
        popfd
        to_ring3
        mark
        %3
%if %4
        want_ok %1
%else
        want_fault %1, GP, 0
%endif
        push dword 2
        popfd
%endmacro

test_main:
        call v86_setup
        ; Without a bitmap nothing is allowed but by IOPL.
        mov edx, PORT
        at_ring3 "no bitmap, IOPL 0: in", 0, {in al, dx}, 0
        at_ring3 "no bitmap, IOPL 0: out", 0, {out dx, al}, 0
        at_ring3 "no bitmap, IOPL 2: in", 0x2000, {in al, dx}, 0
        at_ring3 "no bitmap, IOPL 3: in", FL_IOPL, {in al, dx}, 1
        at_ring3 "no bitmap, IOPL 3: in dword", FL_IOPL, {in eax, dx}, 1
        at_ring3 "IOPL 0: cli", 0, {cli}, 0
        at_ring3 "IOPL 0: sti", 0, {sti}, 0
        at_ring3 "IOPL 2: cli", 0x2000, {cli}, 0
        at_ring3 "IOPL 3: cli", FL_IOPL, {cli}, 1
        at_ring3 "IOPL 3: sti", FL_IOPL, {sti}, 1
        at_ring3 "IOPL 3: hlt", FL_IOPL, {hlt}, 0
        call use_big_tss
        at_ring3 "all bits set: in", 0, {in al, dx}, 0
        at_ring3 "all bits set, IOPL 3: in", FL_IOPL, {in al, dx}, 1
        ; Ports PORT+2 to PORT+5 and PORT+7, PORT+8 are open.
        mov byte [IOMAP + PORT / 8], 0x43
        mov byte [IOMAP + PORT / 8 + 1], 0xfe
        at_ring3 "byte before the open ports", 0, {in al, dx}, 0
        mov edx, PORT + 2
        at_ring3 "byte, open", 0, {in al, dx}, 1
        at_ring3 "byte out, open", 0, {out dx, al}, 1
        at_ring3 "word, open", 0, {in ax, dx}, 1
        at_ring3 "dword, open", 0, {in eax, dx}, 1
        at_ring3 "dword out, open", 0, {out dx, eax}, 1
        mov edx, PORT + 1
        at_ring3 "word, first byte closed", 0, {in ax, dx}, 0
        mov edx, PORT + 5
        at_ring3 "word, second byte closed", 0, {in ax, dx}, 0
        mov edx, PORT + 3
        at_ring3 "dword, last byte closed", 0, {in eax, dx}, 0
        mov edx, PORT + 7
        at_ring3 "word across a byte of the map, open", 0, {in ax, dx}, 1
        at_ring3 "dword across a byte of the map, closed", 0, {in eax, dx}, 0
        mov edx, PORT + 8
        at_ring3 "word across a byte of the map, second closed", 0, {in ax, dx}, 0
        mov byte [IOMAP + 0xe0 / 8], 0xfe
        at_ring3 "immediate port, open", 0, {in al, 0xe0}, 1
        at_ring3 "immediate port, closed", 0, {in al, 0xe1}, 0
        at_ring3 "immediate port word, closed", 0, {in ax, 0xe0}, 0
        mov edi, WORK
        mov esi, WORK
        mov edx, PORT + 2
        at_ring3 "insb, open", 0, {insb}, 1
        at_ring3 "outsd, open", 0, {outsd}, 1
        mov edx, PORT + 5
        mov edi, WORK
        mov ecx, 3
        at_ring3 "rep insw, closed", 0, {rep insw}, 0
        check "rep insw, closed: ECX", ecx, 3
        mov ecx, 0
        at_ring3 "rep insw, closed, ECX 0 checks all the same", 0, {rep insw}, 0
        ; Upper bits of EDX are not part of the port.
        mov edx, 0x12340000 + PORT + 2
        at_ring3 "port in DX alone", 0, {in al, dx}, 1
        ; Rings between: IOPL against CPL.
        arm
        push dword 0x1002
        popfd
        push dword DATA1
        push dword STACK_TOP - 0x2000
        pushfd
        push dword CODE1
        push dword .ring1
        iretd
.ring1:
        in al, dx
        want_ok "ring 1 with IOPL 1"
        arm
        push dword 0x1002
        popfd
        push dword DATA2
        push dword STACK_TOP - 0x2000
        pushfd
        push dword CODE2
        push dword .ring2
        iretd
.ring2:
        mov edx, PORT
        mark
        in al, dx
        want_fault "ring 2 with IOPL 1", GP, 0
        push dword 2
        popfd
        mov edx, 0
        try
        in al, dx
        want_ok "ring 0 has every port"
        ; Two bytes of the map are read, always: the last byte must follow.
        mov byte [IOMAP + PORT / 8], 0
        mov edx, PORT + 7
        big_limit 136 + PORT / 8
        at_ring3 "map ends with the byte of the port", 0, {in al, dx}, 0
        mov edx, PORT
        at_ring3 "map ends with the byte of the port, bit 0", 0, {in al, dx}, 0
        big_limit 136 + PORT / 8 + 1
        at_ring3 "map ends one byte later", 0, {in al, dx}, 1
        big_limit 136 + PORT / 8 - 1
        at_ring3 "map ends before the port", 0, {in al, dx}, 0
        big_limit BIG_LIMIT
        mov byte [IOMAP + 8191], 0
        mov edx, 0xffff
        at_ring3 "port FFFF", 0, {in al, dx}, 1
        mov word [BIG_TSS + 102], 0xffff
        mov edx, PORT
        at_ring3 "map base beyond the limit", 0, {in al, dx}, 0
        mov word [BIG_TSS + 102], 136
        at_ring3 "map base back", 0, {in al, dx}, 1
        ; The map base may lie anywhere; it is an offset, not a pointer to ones.
        mov word [BIG_TSS + 102], 136 + 1
        mov byte [IOMAP + PORT / 8 + 1], 0xff
        at_ring3 "map base moved by one", 0, {in al, dx}, 0
        mov word [BIG_TSS + 102], 136
        ; In virtual-8086 mode the map counts whatever IOPL says.
        mov byte [IOMAP + PORT / 8], 0xfe
        v86_ends "V86, open", v_in, 0
        v86_faults "V86, closed", v_in1, 0, GP, 0
        v86_faults "V86, closed, IOPL 3", v_in1, FL_IOPL, GP, 0
        v86_ends "V86, open, IOPL 3", v_in, FL_IOPL
        ; A 16-bit TSS has no map.
        mov word [BIG_TSS + 2], STACK0_TOP & 0xffff
        mov dword [BIG_TSS + 4], 0
        mov word [BIG_TSS + 2], 0x8000
        mov word [BIG_TSS + 4], T0
        desc T0, WORK + 0x20000, 0xffff, A_DATA_W, G_BYTE32
        big_limit BIG_LIMIT, A_TSS16
        at_ring3 "16-bit TSS", 0, {in al, dx}, 0
        at_ring3 "16-bit TSS, IOPL 3", FL_IOPL, {in al, dx}, 1
        desc TSS_MAIN, PA(tss), 103, A_TSS32, G_BYTE16
        mov eax, TSS_MAIN
        ltr ax
        ret

        bits 16
v86_begin:
v_in:   mov dx, PORT
        in al, dx
.end:   ud2
v_in1:  mov dx, PORT + 1
.insn:  in al, dx
.end:   ud2
v86_end:
        bits 32
image_end:
