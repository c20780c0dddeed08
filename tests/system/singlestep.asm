; Single-stepping by TF: where the trap comes, what suppresses it, what clears
; TF, and its order with faults and interrupts (SDM 3B 17.3.1.4; 3A 6.9).
%include "common.inc"

LOG             equ WORK                ; traps: EIP, DR6 pairs
LOG_END         equ WORK + 0x1000

test_main:
        hook DB_, note
        call plain
        call suppressed
        call transfers
        call with_faults
        call repeats
        call rings
        call popf_forms
        hook DB_, 0
        call handler_flags
        ret

; note logs a #DB and goes on stepping, until the code clears TF by INT TO_END.
note:
        mov ecx, [log_at]
        mov eax, [ebp + H_EIP]
        mov [ecx], eax
        mov eax, dr6
        mov [ecx + 4], eax
        add dword [log_at], 8
        xor eax, eax
        mov dr6, eax
        ret

clear_log:
        pushad
        mov edi, LOG
        mov [log_at], edi
        mov ecx, 0x400
        mov eax, 0xffffffff
        rep stosd
        xor eax, eax
        mov dr6, eax
        popad
        ret

; stepping ... stepped: the code between runs with TF set; its traps are logged.
; The POPF that sets TF is followed by one instruction before the first trap.
%macro stepping 0
        call clear_log
        arm
        push dword FL_TF | 2
        popfd
%endmacro
%macro stepped 0
        settle
        %pop
%endmacro
; trap N, "name", LABEL: the Nth trap came there, with BS.
%macro trap 3
        check {%2}, [LOG + (%1) * 8], %3
        check_bits {%2, ": DR6"}, [LOG + (%1) * 8 + 4], 0xe00f, 0x4000
%endmacro
%macro traps 2                  ; "name", count
        mov eax, [log_at]
        sub eax, LOG
        shr eax, 3
        check %1, eax, %2
%endmacro

plain:
        stepping
        nop
.a:     mov eax, 5
.b:     inc eax
.c:
        stepped
        trap 0, "plain: behind the first instruction", .a
        trap 1, "plain: behind the second", .b
        trap 2, "plain: behind the third", .c
        check "plain: instructions ran", eax, 6
        traps "plain: INT clears TF, no trap behind it", 3
        ; A jump traps at its target.
        stepping
        jmp .far
        nop
.far:   nop
.after:
        stepped
        trap 0, "jmp: trap at the target", .far
        trap 1, "jmp: then behind", .after
        ; POPF that clears TF: the trap behind it still comes.
        stepping
        push dword 2
.d:     popfd
.e:     nop
.f:
        stepped
        trap 0, "popf: behind the push", .d
        trap 1, "popf that clears TF traps once more", .e
        traps "popf that clears TF: no further trap", 2
        ; PUSHF pushes TF.
        stepping
        pushfd
        pop eax
        stepped
        check_bits "pushf pushes TF", eax, FL_TF, FL_TF
        ret

; Loads of SS hold the trap back for one instruction; STI's shadow does not.
suppressed:
        mov ax, ss
        mov ecx, esp
        stepping
        mov ss, ax
.a:     mov esp, ecx
.b:     nop
.c:
        stepped
        trap 0, "mov ss: no trap behind it, the next one comes", .b
        trap 1, "mov ss: then as usual", .c
        stepping
        push ss
.d:     pop ss
.e:     nop
.f:     nop
.g:
        stepped
        trap 0, "pop ss: behind the push", .d
        trap 1, "pop ss: no trap behind it", .f
        stepping
        sti
.h:     nop
.i:     cli
.j:
        stepped
        trap 0, "sti: trap behind it", .h
        trap 1, "sti: then as usual", .i
        mov [WORK + 0x2000], esp
        mov word [WORK + 0x2004], ss
        stepping
        lss esp, [WORK + 0x2000]
.k:     nop
.l:
        stepped
        trap 0, "lss does not hold the trap back", .k
        ret

; INT n clears TF for its handler and IRET brings it back.
transfers:
        hook 0x73, .ret
        stepping
        int 0x73
.a:     nop
.b:     nop
.c:
        stepped
        hook 0x73, 0
        trap 0, "int: handler is not stepped, first trap after the next", .b
        trap 1, "int: then as usual", .c
        ; An IRET that sets TF: the first trap comes behind the instruction it
        ; returns to.
        call clear_log
        arm
        push dword FL_TF | 2
        push dword KCODE
        push dword .there
        iretd
.there: nop
.d:     nop
.e:
        settle
        %pop
        trap 0, "iret that sets TF: trap behind the target", .d
        trap 1, "iret that sets TF: then as usual", .e
        ; Calls and returns, near and far.
        stepping
        call .sub
.f:     nop
.g:
        stepped
        trap 0, "call: trap at the target", .sub
        trap 1, "ret: trap at the return", .f
        stepping
        call KCODE:.subf
.h:     nop
.i:
        stepped
        trap 0, "far call: trap at the target", .subf
        trap 1, "far ret: trap at the return", .h
        ; Through a call gate into ring 0: TF stays, the trap is in ring 0.
        gate T0, KCODE, .gate, A_CALL32 | A_DPL3, 0
        call clear_log
        arm
        to_ring3
        push dword FL_TF | 2
        popfd
        call T0 | 3:0
.j:     nop
.k:
        settle
        %pop
        trap 0, "call gate: trap at the target in ring 0", .gate
        trap 1, "call gate: trap behind the return", .j
        ret
.ret:   ret
.sub:   ret
.subf:  retf
.gate:  retf

with_faults:
        ; A fault comes without a trap; RF and TF are pushed, TF is off inside.
        stepping
        nop
.a:     ud2
        settle
        check "fault: vector", [rec_vector], UD
        check "fault: EIP", [rec_eip], .a
        check_bits "fault: TF and RF are pushed", [rec_efl], FL_TF | FL_RF, FL_TF | FL_RF
        %pop
        traps "fault: one trap before it", 1
        ; INT3 is a trap of its own: no single-step trap behind it.
        hook BP_, .ret
        stepping
        int3
.b:     nop
.c:
        stepped
        hook BP_, 0
        trap 0, "int3: first trap after the next instruction", .c
        traps "int3: one trap", 1
        ret
.ret:   ret

; REP strings trap behind each iteration.
repeats:
        mov edi, WORK + 0x2000
        mov ecx, 3
        xor eax, eax
        stepping
        nop
.a:     rep stosb
.b:     nop
.c:
        stepped
        trap 0, "rep: before", .a
        trap 1, "rep: behind the first iteration, at the instruction", .a
        trap 2, "rep: behind the second", .a
        trap 3, "rep: behind the last, past the instruction", .b
        trap 4, "rep: then as usual", .c
        traps "rep: five traps", 5
        mov ecx, 0
        stepping
        rep stosb
.d:     nop
.e:
        stepped
        trap 0, "rep with ECX 0: one trap", .d
        ret

rings:
        ; In ring 3, with the trap served in ring 0.
        call clear_log
        arm
        to_ring3
        push dword FL_TF | 2
        popfd
        nop
.a:     nop
.b:
        settle
        %pop
        trap 0, "ring 3: trap", .a
        trap 1, "ring 3: then as usual", .b
        ret

; POPF, then the trap: exactly one instruction runs between.
popf_forms:
        call clear_log
        arm
        pushfw
        or word [esp], FL_TF
        popfw
        inc ebx
.a:     inc ebx
.b:
        settle
        %pop
        trap 0, "popfw: trap behind the next instruction", .a
        ; CPUID, RDTSC and the like trap as all others.
        test dword [cpuid_edx], 0x10
        jz .no_tsc
        stepping
        rdtsc
.c:     cpuid
.d:     mov eax, cr0
.e:     mov cr0, eax
.f:     in al, 0x80
.g:
        stepped
        trap 0, "rdtsc: trap", .c
        trap 1, "cpuid: trap", .d
        trap 2, "mov from cr0: trap", .e
        trap 3, "mov to cr0: trap", .f
        trap 4, "in: trap", .g
.no_tsc:
        mov dword [WORK + 0x3000], 0
        stepping
        mov eax, [WORK + 0x3000]
.h:     add [WORK + 0x3000], eax
.i:     fninit
.j:     xchg eax, [WORK + 0x3000]
.k:     push ds
.l:     pop ds
.m:
        stepped
        trap 0, "load: trap", .h
        trap 1, "read-modify-write: trap", .i
        trap 2, "fninit: trap", .j
        trap 3, "xchg: trap", .k
        trap 4, "push ds: trap", .l
        trap 5, "pop ds: trap", .m
        ret

; The handler runs with TF clear; the frame has TF set, RF clear.
handler_flags:
        xor eax, eax
        mov dr6, eax
        idt_gate DB_, KCODE, .look, A_TRAP32
        arm
        push dword FL_TF | FL_IF | 2
        popfd
        nop
.next:
        nop
        done
        cli
        check_bits "handler: TF clear inside, IF by a trap gate", eax, FL_TF | FL_IF, FL_IF
        check_bits "handler: TF set, RF clear in the frame", ebx, FL_TF | FL_RF, FL_TF
        check "handler: EIP in the frame", ecx, .next
        call fill_idt
        ; Without clearing, DR6 keeps its bits; BS joins others.
        mov eax, 0x0000000f
        mov dr6, eax
        hook DB_, .end
        arm
        push dword FL_TF | 2
        popfd
        nop
        nop
        done
        hook DB_, 0
        check_bits "DR6 is not cleared by the processor", [rec_dr6], 0x4000, 0x4000
        xor eax, eax
        mov dr6, eax
        ret
.look:
        mov ecx, [esp]
        mov ebx, [esp + 8]
        pushfd
        pop eax
        int END_TRIAL
.end:
        jmp end_trial_from_hook

        align 4
log_at: dd LOG
image_end:
