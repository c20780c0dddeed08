; Task switches that are refused: before the switch, in the old task, or while
; the new task's state is loaded, in the new one (SDM 3A 7.3, table 7-1).
%include "common.inc"
%include "tasks.inc"

GATE            equ T0
BAD             equ T0 + 8
BAD2            equ T0 + 0x10

test_main:
        call tss_checks
        call gate_checks
        call link_checks
        call interrupt_checks
        call state_checks
        ret

arrive: int END_TRIAL

; old_refuses NAME, RING, VECTOR, CODE, {INSN}: the fault belongs to the old task.
%macro old_refuses 5
        arm
%if %2 = 3
        to_ring3
%endif
        mark
        %5
        want_fault {%1}, %3, %4
        tr_is {%1, ": TR"}, TSS_MAIN
        access_is {%1, ": the old task stays busy"}, TSS_MAIN, A_TSS32_BUSY
        check {%1, ": ESP"}, [rec_esp], esp
%endmacro

tss_checks:
        mov eax, arrive
        call new_task
        old_refuses "jmp to a TSS of DPL 0 from ring 3", 3, GP, TSS_B, {jmp TSS_B:0}
        old_refuses "call to a TSS of DPL 0 from ring 3", 3, GP, TSS_B, {call TSS_B | 3:0}
        desc TSS_B, PA(tss_b), 103, A_TSS32 | A_DPL2, G_BYTE16
        old_refuses "call to a TSS of DPL 2 with RPL 3", 0, GP, TSS_B, {call TSS_B | 3:0}
        desc TSS_B, PA(tss_b), 103, A_TSS32_BUSY, G_BYTE16
        old_refuses "call to a busy TSS", 0, GP, TSS_B, {call TSS_B:0}
        old_refuses "jmp to a busy TSS", 0, GP, TSS_B, {jmp TSS_B:0}
        old_refuses "call to the running task", 0, GP, TSS_MAIN, {call TSS_MAIN:0}
        old_refuses "jmp to the running task", 0, GP, TSS_MAIN, {jmp TSS_MAIN:0}
        desc TSS_B, PA(tss_b), 103, A_TSS32 & 0x7f, G_BYTE16
        old_refuses "call to an absent TSS", 0, NP, TSS_B, {call TSS_B:0}
        old_refuses "an absent TSS from ring 3: privilege first", 3, GP, TSS_B, {call TSS_B:0}
        desc TSS_B, PA(tss_b), 102, A_TSS32, G_BYTE16
        old_refuses "call to a TSS one byte too short", 0, TS_, TSS_B, {call TSS_B:0}
        old_refuses "jmp to a TSS one byte too short", 0, TS_, TSS_B, {jmp TSS_B:0}
        access_is "a short TSS stays available", TSS_B, A_TSS32
        desc TSS_B, PA(tss_b), 42, A_TSS16, G_BYTE16
        old_refuses "call to a 16-bit TSS one byte too short", 0, TS_, TSS_B, {call TSS_B:0}
        desc_at ldt, PA(tss_b), 103, A_TSS32, G_BYTE16
        mov eax, LDT_SEL
        lldt ax
        old_refuses "call to a TSS in the LDT", 0, GP, 4, {call 4:0}
        xor eax, eax
        lldt ax
        ; A TSS of DPL 3 may be used by ring 3.
        mov eax, arrive
        call new_task
        desc TSS_B, PA(tss_b), 103, A_TSS32 | A_DPL3, G_BYTE16
        arm
        to_ring3
        call TSS_B | 3:0
        want_ok "call to a TSS of DPL 3 from ring 3"
        call first_task
        ret

gate_checks:
        mov eax, arrive
        call new_task
        gate GATE, TSS_B, 0, A_TASK, 0
        old_refuses "task gate of DPL 0 from ring 3", 3, GP, GATE, {call GATE:0}
        gate GATE, TSS_B, 0, A_TASK | A_DPL2, 0
        old_refuses "task gate of DPL 2 with RPL 3", 0, GP, GATE, {jmp GATE | 3:0}
        gate GATE, TSS_B, 0, (A_TASK | A_DPL3) & 0x7f, 0
        old_refuses "absent task gate", 3, NP, GATE, {call GATE | 3:0}
        gate GATE, 0, 0, A_TASK | A_DPL3, 0
        old_refuses "task gate to null", 0, GP, 0, {call GATE:0}
        gate GATE, GDT_SIZE, 0, A_TASK | A_DPL3, 0
        old_refuses "task gate to beyond the GDT", 0, GP, GDT_SIZE, {call GATE:0}
        gate GATE, KCODE, 0, A_TASK | A_DPL3, 0
        old_refuses "task gate to code", 0, GP, KCODE, {call GATE:0}
        gate GATE, LDT_SEL, 0, A_TASK | A_DPL3, 0
        old_refuses "task gate to an LDT", 0, GP, LDT_SEL, {jmp GATE:0}
        gate GATE, 4, 0, A_TASK | A_DPL3, 0
        desc_at ldt, PA(tss_b), 103, A_TSS32, G_BYTE16
        mov eax, LDT_SEL
        lldt ax
        old_refuses "task gate to a TSS in the LDT", 0, GP, 4, {call GATE:0}
        xor eax, eax
        lldt ax
        gate GATE, TSS_MAIN, 0, A_TASK | A_DPL3, 0
        old_refuses "task gate to a busy TSS", 0, GP, TSS_MAIN, {call GATE:0}
        gate GATE, TSS_B, 0, A_TASK | A_DPL3, 0
        desc TSS_B, PA(tss_b), 103, A_TSS32 & 0x7f, G_BYTE16
        old_refuses "task gate to an absent TSS", 0, NP, TSS_B, {call GATE:0}
        desc TSS_B, PA(tss_b), 50, A_TSS32, G_BYTE16
        old_refuses "task gate to a short TSS", 0, TS_, TSS_B, {call GATE:0}
        ret

; IRET with NT follows the back link.
link_checks:
%macro link_refuses 4           ; name, link, vector, code
        mov word [tss + T_LINK], %2
        arm
        push dword FL_NT | 2
        popfd
        mark
        iretd
        want_fault {"iret with NT, link ", %1}, %3, %4
        check_bits {"iret with NT, link ", %1, ": NT stays"}, [rec_efl], FL_NT, FL_NT
        tr_is {"iret with NT, link ", %1, ": TR"}, TSS_MAIN
%endmacro
        mov eax, arrive
        call new_task
        link_refuses "null", 0, TS_, 0
        link_refuses "beyond the GDT", GDT_SIZE, TS_, GDT_SIZE
        link_refuses "to code", KCODE, TS_, KCODE
        link_refuses "to an available TSS", TSS_B, TS_, TSS_B
        link_refuses "in the LDT", 4, TS_, 4
        desc TSS_B, PA(tss_b), 103, A_TSS32_BUSY & 0x7f, G_BYTE16
        link_refuses "to an absent TSS", TSS_B, NP, TSS_B
        desc TSS_B, PA(tss_b), 102, A_TSS32_BUSY, G_BYTE16
        link_refuses "to a short TSS", TSS_B, TS_, TSS_B
        mov dword [tss + T_LINK], 0
        ret

; An interrupt through a task gate; EXT where no INT n asked for it.
interrupt_checks:
%macro int_refuses 4            ; name, selector in the gate, vector, code
        idt_gate 0x71, %2, 0, A_TASK | A_DPL3
        idt_gate UD, %2, 0, A_TASK
        old_refuses {"int, ", %1}, 0, %3, %4, {int 0x71}
        old_refuses {"#UD, ", %1}, 0, %3, (%4) | 1, {ud2}
%endmacro
        mov eax, arrive
        call new_task
        int_refuses "task gate to null", 0, GP, 0
        int_refuses "task gate to code", KCODE, GP, KCODE
        int_refuses "task gate to a busy TSS", TSS_MAIN, GP, TSS_MAIN
        int_refuses "task gate to the LDT", 4, GP, 4
        desc TSS_B, PA(tss_b), 103, A_TSS32 & 0x7f, G_BYTE16
        int_refuses "task gate to an absent TSS", TSS_B, NP, TSS_B
        desc TSS_B, PA(tss_b), 102, A_TSS32, G_BYTE16
        int_refuses "task gate to a short TSS", TSS_B, TS_, TSS_B
        call fill_idt
        idt_gate 0x71, TSS_B, 0, (A_TASK | A_DPL3) & 0x7f
        old_refuses "int through an absent task gate", 0, NP, 0x71 * 8 + 2, {int 0x71}
        call fill_idt
        ret

; State that the new task can't load: the switch has happened, the fault is at
; the new task's first instruction. Its segments may not be usable then, so a
; third task serves the fault, as the SDM advises (3A 6.15, #TS).
state_checks:
        idt_gate TS_, BAD2, 0, A_TASK
        idt_gate SS_, BAD2, 0, A_TASK
        idt_gate NP, BAD2, 0, A_TASK
        idt_gate GP, BAD2, 0, A_TASK
        idt_gate DF_, BAD2, 0, A_TASK
%define with_ss KDATA
%macro third_sees 5             ; name, TSS field, value, vector, code
        mov eax, arrive
        call new_task
        mov dword [tss_b + T_SS], with_ss
        mov dword [tss_b + (%2)], %3
        call third_task_%4
        arm
        call TSS_B:0
        done
        call first_task
        check {%1, ": vector"}, [rec_eip], third_%4 + 2
        check {%1, ": code"}, [TASK_STACK + 0x3ffc], %5
        check_bits {%1, ": task that faulted"}, [third_tss], 0xffff, TSS_B
        check {%1, ": its EIP"}, [tss_b + T_EIP], [arrive_at]
        check_bits {%1, ": its NT"}, [tss_b + T_EFL], FL_NT, FL_NT
        check {%1, ": its EAX"}, [tss_b + T_EAX], 0xb0000001
        check_bits {%1, ": its link"}, [tss_b + T_LINK], 0xffff, TSS_MAIN
%endmacro
        third_sees "LDT beyond the GDT", T_LDT, GDT_SIZE, TS_, GDT_SIZE
        third_sees "LDT is data", T_LDT, KDATA, TS_, KDATA
        third_sees "LDT selector local", T_LDT, 4, TS_, 4
        desc BAD, PA(ldt), 127, A_LDT & 0x7f, G_BYTE16
        third_sees "LDT absent", T_LDT, BAD, TS_, BAD
        third_sees "DS beyond the GDT", T_DS, GDT_SIZE, TS_, GDT_SIZE
        third_sees "ES local without an LDT", T_ES, 4, TS_, 4
        third_sees "FS with RPL over DPL", T_FS, KDATA | 3, TS_, KDATA
        third_sees "GS is a TSS", T_GS, TSS_MAIN, TS_, TSS_MAIN
        desc BAD, 0, 0xfffff, A_CODE_X, G_PAGE32
        third_sees "DS is execute-only", T_DS, BAD, TS_, BAD
        desc BAD, 0, 0xfffff, A_DATA_W & 0x7f, G_PAGE32
        third_sees "DS absent", T_DS, BAD, NP, BAD
        third_sees "GS absent", T_GS, BAD, NP, BAD
        third_sees "CS null", T_CS, 0, TS_, 0
        third_sees "CS beyond the GDT", T_CS, GDT_SIZE, TS_, GDT_SIZE
        third_sees "CS is data", T_CS, KDATA, TS_, KDATA
        third_sees "CS of DPL 3 with RPL 0", T_CS, UCODE & ~3, TS_, UCODE & ~3
        ; SS that fits the RPL of CS, so that CS alone is wrong.
%define with_ss UDATA
        third_sees "CS of DPL 0 with RPL 3", T_CS, KCODE | 3, TS_, KCODE
%define with_ss KDATA
        desc BAD, 0, 0xfffff, A_CODE_R & 0x7f, G_PAGE32
        third_sees "CS absent", T_CS, BAD, NP, BAD
        third_sees "SS null", T_SS, 0, TS_, 0
        third_sees "SS with RPL 3", T_SS, KDATA | 3, TS_, KDATA
        third_sees "SS of DPL 3", T_SS, UDATA & ~3, TS_, UDATA & ~3
        third_sees "SS is code", T_SS, KCODE, TS_, KCODE
        third_sees "SS beyond the GDT", T_SS, GDT_SIZE, TS_, GDT_SIZE
        desc BAD, 0, 0xfffff, A_DATA_R, G_PAGE32
        third_sees "SS read-only", T_SS, BAD, TS_, BAD
        desc BAD, 0, 0xfffff, A_DATA_W & 0x7f, G_PAGE32
        third_sees "SS absent", T_SS, BAD, SS_, BAD
        ; EIP beyond the limit of CS.
        desc BAD, IMAGE_BASE, 0xff, A_CODE_R, G_BYTE32
        mov dword [arrive_at], 0x100
        mov dword [new_eip], 0x100
        third_sees "EIP beyond CS", T_CS, BAD, GP, 0
        call fill_idt
        ret

; third_task_V prepares a task on a stack of its own that ends the trial, at a
; place that tells the vector.
%macro third 1
third_task_%1:
        push eax
        mov eax, third_%1
        call third_task
        idt_gate %1, BAD2, 0, A_TASK
        pop eax
        ret
third_%1:
        int END_TRIAL
%endmacro
        third TS_
        third SS_
        third NP
        third GP
third_task:
        pushad
        push eax
        mov edi, third_tss
        mov ecx, 104 / 4
        xor eax, eax
        rep stosd
        pop dword [third_tss + T_EIP]
        mov dword [third_tss + T_EFL], 2
        mov dword [third_tss + T_ESP], TASK_STACK + 0x4000
        mov dword [TASK_STACK + 0x3ffc], 0xffffffff
        mov dword [third_tss + T_CS], KCODE
        mov dword [third_tss + T_SS], KDATA
        mov dword [third_tss + T_DS], UDATA
        mov dword [third_tss + T_ES], UDATA
        desc BAD2, PA(third_tss), 103, A_TSS32, G_BYTE16
        mov eax, [new_eip]
        mov [tss_b + T_EIP], eax
        popad
        ret
        align 4
arrive_at: dd arrive
new_eip: dd arrive

        align 128
third_tss: times 104 db 0
image_end:
