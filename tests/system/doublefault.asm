; A second exception while a first is delivered: served in turn, or a double
; fault (SDM 3A 6.15, tables 6-4 and 6-5).
%include "common.inc"
%include "paging.inc"
%include "tasks.inc"

test_main:
        call benign
        call contributory
        call page_faults
        call software
        call by_task
        ret

; absent VECTOR: its gate is not present, which gives #NP(vector * 8 + 2).
%macro absent 1
        mov byte [idt + (%1) * 8 + 5], 0x6e
%endmacro
; bad_gate VECTOR: not a gate, which gives #GP(vector * 8 + 2).
%macro bad_gate 1
        mov byte [idt + (%1) * 8 + 5], 0
%endmacro
%macro second 4+                ; name, vector, code, {insn}
        try
        %4
        want_fault {%1}, %2, %3
        call fill_idt
%endmacro

; A benign first one: the second is served as it is.
benign:
        xor ecx, ecx
        absent UD
        second "#UD, then #NP", NP, UD * 8 + 3, ud2
        bad_gate UD
        second "#UD, then #GP", GP, UD * 8 + 3, ud2
        absent DB_
        second "int1, then #NP", NP, DB_ * 8 + 3, db 0xf1
        absent BR_
        mov dword [WORK], 1
        mov dword [WORK + 4], 2
        xor eax, eax
        second "#BR, then #NP", NP, BR_ * 8 + 3, {bound eax, [WORK]}
        absent BP_
        second "int3, then #NP", NP, BP_ * 8 + 2, int3
        absent NM
        mov eax, cr0
        or eax, 8
        mov cr0, eax
        second "#NM, then #NP", NP, NM * 8 + 3, fninit
        clts
        ; Two benign ones and a contributory third: still in turn.
        absent UD
        absent NP
        second "#UD, then #NP, then #NP: double fault", DF_, 0, ud2
        ret

; A contributory first and second: #DF(0), EIP at the instruction.
contributory:
        xor ecx, ecx
        mov eax, 0xfff8
        absent GP
        second "#GP, then #NP", DF_, 0, {mov fs, ax}
        bad_gate GP
        second "#GP, then #GP", DF_, 0, {mov fs, ax}
        absent DE
        second "#DE, then #NP", DF_, 0, {div ecx}
        bad_gate DE
        second "#DE, then #GP", DF_, 0, {div ecx}
        desc T0, WORK, 0xfff, A_DATA_W & 0x7f, G_BYTE32
        mov eax, T0
        bad_gate NP
        second "#NP, then #GP", DF_, 0, {mov fs, ax}
        bad_gate SS_
        second "#SS, then #GP", DF_, 0, {mov ss, ax}
        ; An invalid stack for the handler.
        idt_gate GP, CODE1, arrive, A_INT32
        mov dword [tss + 16], 0
        arm
        to_ring3
        mark
        hlt
        want_fault "#GP, then #TS of its stack", DF_, 0
        check "double fault from ring 3: CS", [rec_cs], UCODE
        mov dword [tss + 16], DATA1
        call fill_idt
        ; #TS first.
        mov word [tss], 0
        bad_gate TS_
        arm
        push dword FL_NT | 2
        popfd
        mark
        iretd
        want_fault "#TS, then #GP", DF_, 0
        call fill_idt
        ret
arrive: int END_TRIAL

page_faults:
        call paging_on
        pte AREA, 0
        absent PF
        second "#PF, then #NP", DF_, 0, {mov eax, [AREA]}
        bad_gate PF
        second "#PF, then #GP", DF_, 0, {mov eax, [AREA]}
        ; The handler's stack page is absent: #PF and #PF.
        idt_gate PF, CODE1, arrive, A_INT32
        mov dword [tss + 12], AREA + 0x800
        pte AREA + 0x1000, 0
        arm
        to_ring3
        mark
        mov eax, [AREA + 0x1000]
        want_fault "#PF, then #PF of its stack", DF_, 0
        check "#PF, then #PF: CR2 is the second's", [rec_cr2], AREA + 0x7fc
        call fill_idt
        ; A contributory first and a #PF second are served in turn.
        idt_gate GP, CODE1, arrive, A_INT32
        arm
        to_ring3
        mark
        hlt
        want_fault "#GP, then #PF of its stack: the #PF", PF, 2
        check "#GP, then #PF: CR2", [rec_cr2], AREA + 0x7fc
        check "#GP, then #PF: CS", [rec_cs], UCODE
        idt_gate DE, CODE1, arrive, A_INT32
        xor ecx, ecx
        arm
        to_ring3
        mark
        div ecx
        want_fault "#DE, then #PF of its stack: the #PF", PF, 2
        mov dword [tss + 12], STACK1_TOP
        call fill_idt
        ; The IDT itself on an absent page, for one vector.
        mov esi, idt
        mov edi, WORK + 0x20000
        mov ecx, 256 * 2
        rep movsd
        pte AREA, (WORK + 0x20000) | P_ALL
        ; Entries 0 to 15 lie before the edge, the rest on the absent page.
        mov esi, idt
        mov edi, WORK + 0x20000 + 0x1000 - 16 * 8
        mov ecx, 16 * 2
        rep movsd
        mov dword [idt_ptr + 2], AREA + 0x1000 - 16 * 8
        hook PF, .mend
        lidt [idt_ptr]
        arm
        mark
        int 0x76
        settle
        check "gate on an absent page: vector", [rec_vector], PF
        check "gate on an absent page: code", [rec_code], 0
        check "gate on an absent page: CR2", [rec_cr2], AREA + 0x1000 + (0x76 - 16) * 8
        check "gate on an absent page: EIP", [rec_eip], %$insn
        %pop
        hook PF, 0
        call paging_off
        ret
.mend:
        mov dword [idt_ptr + 2], idt
        lidt [idt_ptr]
        jmp end_trial_from_hook

; INT n is benign whatever its number.
software:
        absent GP
        second "int 13, then #NP", NP, GP * 8 + 2, int GP
        absent PF
        second "int 14, then #NP", NP, PF * 8 + 2, int PF
        absent DF_
        second "int 8, then #NP", NP, DF_ * 8 + 2, int DF_
        ret

; #DF by a task gate, from a stack that can't take anything.
by_task:
        idt_gate DF_, TSS_B, 0, A_TASK
        mov eax, arrive
        call new_task
        arm
        mov esp, 0x1000
        desc T0, WORK, 0xfff, A_DATA_W, G_BYTE32
        mov ax, T0
        mov ss, ax
        mov esp, 4
.insn:
        ud2
        done
        call first_task
        check "stack fault in ring 0: double fault by a task", [rec_vector], END_TRIAL
        check "stack fault in ring 0: EIP saved", [tss + T_EIP], .insn
        check "stack fault in ring 0: ESP saved", [tss + T_ESP], 4
        check_bits "stack fault in ring 0: SS saved", [tss + T_SS], 0xffff, T0
        check "stack fault in ring 0: code", [TASK_STACK - 4], 0
        call fill_idt
        ret
image_end:
