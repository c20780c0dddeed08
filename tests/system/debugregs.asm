; Debug registers: code, data and I/O breakpoints, RF, GD, DR6 and DR7, and
; their order with other faults (SDM 3B 17.2, 17.3; 3A 6.9, table 6-2).
%include "common.inc"
%include "tasks.inc"

DATA            equ WORK + 0x800
; DR7: enable and condition of breakpoint n; condition and length of bits 16 on.
L0              equ 1
G0              equ 2
L1              equ 4
G1              equ 8
G2              equ 0x20
G3              equ 0x80
GD              equ 0x2000
EXEC            equ 0
WRITE1          equ 1
WRITE2          equ 5
WRITE4          equ 13
IO1             equ 2
IO2             equ 6
IO4             equ 14
ACCESS1         equ 3
ACCESS2         equ 7
ACCESS4         equ 15

; breakpoint N, ADDRESS, CONDITION: alone, global, the rest off.
%macro breakpoint 3
        push eax
        mov eax, %2
        mov dr%1, eax
        xor eax, eax
        mov dr6, eax
        mov eax, (2 << (%1 * 2)) | ((%3) << (16 + %1 * 4))
        mov dr7, eax
        pop eax
%endmacro
%macro off 0
        push eax
        xor eax, eax
        mov dr7, eax
        mov dr6, eax
        pop eax
%endmacro
; hits NAME, EIP, DR6 BITS: the trial ended with #DB there.
%macro hits 3
        want_fault_at {%1}, DB_, 0, %2
        check_bits {%1, ": DR6"}, [rec_dr6], 0xe00f, %3
%endmacro
; writes NAME, {INSN}, hit or not; behind the instruction.
%macro touches 3
        arm
        %2
%%next:
        nop
%if %3
        hits {%1}, %%next, 1
%else
        want_ok {%1}
%endif
        push eax
        xor eax, eax
        mov dr6, eax
        pop eax
%endmacro

test_main:
        call registers
        call code
        call resume
        call data
        call strings
        call combined
        call ports
        call general_detect
        call privilege
        call tasks
        ret

registers:
        off
        mov eax, dr7
        check "DR7: bit 10 reads 1, the rest 0", eax, 0x400
        mov eax, dr6
        check "DR6: fixed bits", eax, 0xffff0ff0
        mov eax, 0x0000d3ff
        mov dr7, eax
        mov eax, dr7
        check "DR7: bits 11, 12, 14 and 15 read 0, bit 10 reads 1", eax, 0x7ff
        off
        mov eax, 0xffffffff
        mov dr6, eax
        mov eax, dr6
        check_bits "DR6: B0 to B3, BD, BS and BT can be set", eax, 0xe00f, 0xe00f
        check_bits "DR6: bit 12 reads 0", eax, 0x1000, 0
        off
        mov eax, 0x12345678
        mov dr0, eax
        mov dr3, eax
        xor eax, eax
        mov eax, dr3
        check "DR3 keeps an address", eax, 0x12345678
        ; DR4 and DR5: DR6 and DR7, or #UD with CR4.DE.
        mov eax, 0x401
        mov dr7, eax
        xor eax, eax
        db 0x0f, 0x21, 0xe8             ; mov eax, dr5
        check "dr5 is dr7", eax, 0x401
        db 0x0f, 0x21, 0xe0             ; mov eax, dr4
        check "dr4 is dr6", eax, 0xffff0ff0
        off
        test dword [cpuid_edx], 4
        jnz .have_de
        skip "dr4 and dr5 with DE", "no DE"
        ret
.have_de:
        call de_on
        try
        db 0x0f, 0x21, 0xe8
        want_fault "dr5 with DE", UD, 0
        try
        db 0x0f, 0x23, 0xe0
        want_fault "write of dr4 with DE", UD, 0
        call de_off
        ret

de_on:
        push eax
        mov eax, cr4
        or eax, 8
        mov cr4, eax
        pop eax
        ret
de_off:
        push eax
        mov eax, cr4
        and eax, ~8
        mov cr4, eax
        pop eax
        ret

code:
        xor ebx, ebx
        breakpoint 0, .a, EXEC
        arm
        nop
.a:     inc ebx
        inc ebx
        hits "code breakpoint", code.a, 1
        check "code breakpoint: before the instruction", ebx, 0
        check_bits "code breakpoint: its frame has RF clear", [rec_efl], FL_RF, 0
        breakpoint 3, .b, EXEC
        arm
        nop
.b:     inc ebx
        hits "code breakpoint 3", code.b, 8
        ; Only the first byte counts, prefixes included.
        breakpoint 0, .c + 1, EXEC
        arm
.c:     mov eax, 0x90909090
        want_ok "breakpoint inside of an instruction"
        breakpoint 0, .d, EXEC
        arm
.d:     db 0x26
        mov al, [WORK]
        hits "breakpoint on a prefix", code.d, 1
        breakpoint 0, .e + 1, EXEC
        arm
.e:     db 0x26
        mov al, [WORK]
        want_ok "breakpoint behind a prefix"
        ; Linear addresses: a segment base is added.
        breakpoint 0, .f, EXEC
        arm
        jmp KCODE16:OFF16(.f16)
        bits 16
.f16:
.f:     nop
        int END_TRIAL
        bits 32
        hits "code breakpoint is linear", OFF16(code.f), 1
        ; At a jump's target.
        breakpoint 1, .g, EXEC
        arm
        jmp .g
        nop
.g:     nop
        hits "code breakpoint at a target", code.g, 2
        ; It comes before any fault of its instruction.
        breakpoint 0, .h, EXEC
        arm
.h:     ud2
        hits "code breakpoint comes before #UD", code.h, 1
        desc T0, WORK, 0, A_DATA_W, G_BYTE32
        push dword T0
        pop fs
        breakpoint 0, .i, EXEC
        arm
.i:     mov eax, [fs:4]
        hits "code breakpoint comes before #GP", code.i, 1
        ; Disabled, it does nothing.
        breakpoint 0, .j, EXEC
        xor eax, eax
        mov dr7, eax
        arm
.j:     nop
        want_ok "disabled breakpoint"
        breakpoint 0, .k, EXEC
        mov eax, L0
        mov dr7, eax
        arm
.k:     nop
        hits "local breakpoint", code.k, 1
        ; MOV SS holds it back for the next instruction.
        breakpoint 0, .l, EXEC
        mov ax, ss
        arm
        mov ss, ax
.l:     nop
        nop
        want_ok "breakpoint behind mov ss"
        breakpoint 0, .m, EXEC
        arm
        sti
.m:     cli
        hits "breakpoint behind sti", code.m, 1
        cli
        ; Two at one place.
        mov eax, .n
        mov dr0, eax
        mov dr2, eax
        xor eax, eax
        mov dr6, eax
        mov eax, G0 | G2
        mov dr7, eax
        arm
.n:     nop
        hits "two breakpoints at one place", code.n, 5
        off
        ret

; RF lets the instruction run once.
resume:
        mov dword [count], 0
        breakpoint 0, .a, EXEC
        hook DB_, .rf
        xor ebx, ebx
        arm
.a:     inc ebx
        cmp ebx, 3
        jb .a
        want_ok "loop over a breakpoint with RF"
        check "RF: the instruction ran each time", ebx, 3
        check "RF: one trap each time", [count], 3
        hook DB_, 0
        ; IRETD with RF by hand; RF dies with the instruction.
        arm
        push dword FL_RF | 2
        push dword KCODE
        push dword .a2
        breakpoint 0, .a2, EXEC
        iretd
.a2:    nop
        pushfd
        pop eax
        want_ok "iret with RF onto a breakpoint"
        check_bits "RF is not seen by pushf", eax, FL_RF, 0
        ; POPFD does not set RF.
        breakpoint 0, .a3, EXEC
        arm
        push dword FL_RF | 2
        popfd
.a3:    nop
        hits "popf does not set RF", resume.a3, 1
        ; RF holds back code breakpoints alone.
        breakpoint 0, DATA, WRITE1
        arm
        push dword FL_RF | 2
        push dword KCODE
        push dword .a4
        iretd
.a4:    mov byte [DATA], 1
.a5:    nop
        hits "RF does not hold back a data breakpoint", resume.a5, 1
        ; RF covers every iteration of a REP.
        breakpoint 0, .a6, EXEC
        mov edi, WORK
        mov ecx, 4
        arm
        push dword FL_RF | 2
        push dword KCODE
        push dword .a6
        iretd
.a6:    rep stosb
        want_ok "RF covers a whole rep"
        off
        ret
.rf:
        inc dword [count]
        or dword [ebp + H_EFL], FL_RF
        ret

data:
        mov eax, 0x01010101
        breakpoint 0, DATA, WRITE1
        touches "write byte on 1", {mov [DATA], al}, 1
        touches "read of a write breakpoint", {mov bl, [DATA]}, 0
        touches "write behind", {mov [DATA + 1], al}, 0
        touches "write before", {mov [DATA - 1], al}, 0
        touches "word from before", {mov [DATA - 1], ax}, 1
        touches "dword from before", {mov [DATA - 3], eax}, 1
        touches "dword that ends before", {mov [DATA - 4], eax}, 0
        touches "add", {add byte [DATA], 1}, 1
        touches "cmp", {cmp byte [DATA], 1}, 0
        touches "xchg", {xchg [DATA], al}, 1
        touches "setz", {setz [DATA]}, 1
        touches "bts", {bts dword [DATA], 0}, 1
        touches "fst", {fnstcw [DATA]}, 1
        touches "sgdt", {sgdt [DATA - 4]}, 1
        touches "xadd", {xadd [DATA], al}, 1
        breakpoint 0, DATA, WRITE2
        touches "first of 2", {mov [DATA], al}, 1
        touches "second of 2", {mov [DATA + 1], al}, 1
        touches "behind 2", {mov [DATA + 2], al}, 0
        breakpoint 0, DATA + 1, WRITE2
        touches "2 at an odd address means the even one", {mov [DATA], al}, 1
        touches "2 at an odd address does not reach on", {mov [DATA + 2], al}, 0
        breakpoint 0, DATA, WRITE4
        touches "fourth of 4", {mov [DATA + 3], al}, 1
        touches "word across the end of 4", {mov [DATA + 3], ax}, 1
        touches "behind 4", {mov [DATA + 4], al}, 0
        breakpoint 0, DATA + 3, WRITE4
        touches "4 at an odd address means the aligned one", {mov [DATA], al}, 1
        breakpoint 0, DATA, ACCESS4
        touches "read of an access breakpoint", {mov al, [DATA + 2]}, 1
        touches "write of an access breakpoint", {mov [DATA + 2], al}, 1
        touches "push memory", {push dword [DATA]}, 1
        touches "cmp on an access breakpoint", {cmp byte [DATA], 1}, 1
        touches "fld on an access breakpoint", {fld dword [DATA]}, 1
        fninit
        touches "lea touches nothing", {lea eax, [DATA]}, 0
        touches "fetch is no access", {call data.ret}, 0
        breakpoint 0, data.ret, ACCESS1
        touches "fetch of an access breakpoint's byte", {call data.ret}, 0
        ; The stack.
        breakpoint 0, DATA + 0xfc, WRITE4
        arm
        mov esp, DATA + 0x100
        push ebx
.a:     nop
        hits "push", data.a, 1
        xor eax, eax
        mov dr6, eax
        arm
        mov esp, DATA + 0x100
        call .b
        nop
.b:     nop
        hits "call", data.b, 1
        off
        ; Through a segment with a base: linear addresses are compared.
        desc T0, WORK, 0xfff, A_DATA_W, G_BYTE32
        push dword T0
        pop fs
        breakpoint 0, DATA, WRITE1
        arm
        mov byte [fs:DATA - WORK], 1
.c:     nop
        hits "through a segment base", data.c, 1
        ; The instruction is complete.
        breakpoint 0, DATA, WRITE4
        mov dword [count], 0
        mov eax, 0x600d
        arm
        mov [DATA], eax
.d:     nop
        hits "the write is done", data.d, 1
        off
        check "the write is done: value", [DATA], 0x600d
        ; A fault wins over the trap; DR6 need not tell.
        breakpoint 0, DATA, ACCESS4
        desc T0, DATA, 3, A_DATA_W, G_BYTE32
        push dword T0
        pop fs
        arm
        mark
        mov eax, [fs:1]
        want_fault "a fault has no data breakpoint", GP, 0
        ; A jump is taken before the trap is served.
        off
        mov dword [DATA], .e
        breakpoint 0, DATA, ACCESS4
        arm
        jmp [DATA]
        nop
.e:     nop
        hits "jmp through memory: trap at the target", data.e, 1
        off
        ret
.ret:   ret

; Strings trap behind the iteration that touched.
strings:
        breakpoint 0, DATA + 2, WRITE1
        mov edi, DATA
        mov ecx, 5
        arm
.a:     rep stosb
        nop
        hits "rep stosb: within", strings.a, 1
        check "rep stosb: ECX behind the iteration", ecx, 2
        check "rep stosb: EDI behind the iteration", edi, DATA + 3
        xor eax, eax
        mov dr6, eax
        mov edi, DATA
        mov ecx, 3
        arm
        rep stosb
.b:     nop
        hits "rep stosb: at the last iteration", strings.b, 1
        breakpoint 0, DATA, ACCESS1
        mov esi, DATA
        mov edi, WORK
        arm
        movsd
.c:     nop
        hits "movsd: source", strings.c, 1
        off
        ret

; Breakpoints and single-step in one trap.
combined:
        breakpoint 2, DATA, WRITE4
        arm
        push dword FL_TF | 2
        popfd
        mov [DATA], eax
.a:     nop
        hits "TF and a data breakpoint", combined.a, 0x4004
        ; The trap behind one instruction and the breakpoint at the next: the
        ; trap comes first; its return meets the breakpoint.
        breakpoint 0, .b, EXEC
        mov dword [count], 0
        hook DB_, .count
        xor ebx, ebx
        arm
        push dword FL_TF | 2
        popfd
        nop
.b:     inc ebx
        settle
        %pop
        hook DB_, 0
        check_bits "TF, then a code breakpoint: first DR6", [seen], 0xe000, 0x4000
        check_bits "TF, then a code breakpoint: B0 in one of the first two", [count], 0xff, 2
        ; The instruction that sets a breakpoint on what it leads to.
        mov eax, DATA
        mov dr1, eax
        mov eax, .c
        mov dr0, eax
        mov eax, G0 | G1 | (WRITE4 << 20)
        mov dr7, eax
        xor eax, eax
        mov dr6, eax
        mov dword [count], 0
        arm
        mov [DATA], eax
.c:     nop
        settle
        %pop
        check "data trap, then code breakpoint: vector", [rec_vector], DB_
        check "data trap, then code breakpoint: EIP", [rec_eip], .c
        check_bits "data trap, then code breakpoint: B1", [rec_dr6], 2, 2
        off
        ret
.count:
        cmp dword [count], 2
        jae .clear
        mov ecx, [count]
        mov eax, dr6
        mov [seen + ecx * 4], eax
        inc dword [count]
.clear:
        xor eax, eax
        mov dr6, eax
        and dword [ebp + H_EFL], ~FL_TF
        cmp dword [count], 2
        jb .out
        or dword [ebp + H_EFL], FL_RF
.out:
        ret

; I/O breakpoints want CR4.DE.
ports:
        test dword [cpuid_edx], 4
        jnz .have
        skip "I/O breakpoints", "no DE"
        ret
.have:
        call de_on
        mov edx, 0x2e0
        breakpoint 0, 0x2e0, IO1
        touches "in", {in al, dx}, 1
        touches "out", {out dx, al}, 1
        mov edx, 0x2e1
        touches "in of the next port", {in al, dx}, 0
        mov edx, 0x2df
        touches "word across", {in ax, dx}, 1
        breakpoint 0, 0x2e0, IO4
        mov edx, 0x2e3
        touches "fourth port of 4", {in al, dx}, 1
        mov edx, 0x2e4
        touches "behind 4", {in al, dx}, 0
        breakpoint 0, 0xe0, IO1
        touches "immediate port", {in al, 0xe0}, 1
        mov edx, 0xe0
        mov edi, WORK
        touches "insb", {insb}, 1
        mov esi, WORK
        touches "outsb", {outsb}, 1
        breakpoint 0, DATA, IO1
        touches "memory at an I/O breakpoint's address", {mov [DATA], al}, 0
        off
        call de_off
        ret

; GD: any MOV of a debug register faults, before it does anything.
general_detect:
        off
        mov eax, GD
        mov dr7, eax
        mov ebx, 0x1234
        arm
        mark
        mov ebx, dr0
        settle
        check "GD: vector", [rec_vector], DB_
        check "GD: EIP", [rec_eip], %$insn
        check_bits "GD: DR6.BD", [rec_dr6], 0xe00f, 0x2000
        check "GD: nothing moved", ebx, 0x1234
        %pop
        mov eax, dr7
        check "GD is cleared by the fault", eax, 0x400
        off
        mov eax, GD
        mov dr7, eax
        arm
        mark
        mov dr6, eax
        settle
        check "GD, write: vector", [rec_vector], DB_
        %pop
        off
        ret

privilege:
        arm
        to_ring3
        mark
        mov eax, dr0
        want_fault "read of dr0 in ring 3", GP, 0
        arm
        to_ring3
        mark
        mov dr7, eax
        want_fault "write of dr7 in ring 3", GP, 0
        ; Breakpoints work in ring 3.
        breakpoint 0, .a, EXEC
        arm
        to_ring3
        nop
.a:     nop
        hits "code breakpoint in ring 3", privilege.a, 1
        check "code breakpoint in ring 3: CS", [rec_cs], UCODE
        breakpoint 0, DATA, WRITE1
        arm
        to_ring3
        mov byte [DATA], 1
.b:     nop
        hits "data breakpoint in ring 3", privilege.b, 1
        off
        ret

; A task switch clears the local enables, not the global ones.
tasks:
        mov eax, .body
        call new_task
        mov eax, L0 | G1 | 0x100 | 0x200
        mov dr7, eax
        try
        call TSS_B:0
        done
        mov eax, dr7
        check_bits "task switch: L0 cleared, G1 kept", eax, 0xff, G1
        check_bits "task switch: LE cleared, GE kept", eax, 0x300, 0x200
        off
        call first_task
        ret
.body:
        int END_TRIAL

        align 4
count:  dd 0
seen:   dd 0, 0
image_end:
