; Task switches between 32-bit tasks: JMP, CALL, IRET, task gates, interrupts;
; what is saved, what is loaded, busy bits, back links, NT and TS (SDM 3A 7.3,
; 7.4).
%include "common.inc"
%include "tasks.inc"

GATE            equ T0
LDT_B           equ T0 + 8

test_main:
        call by_jmp
        call by_call
        call by_gate
        call by_interrupt
        call by_fault
        call round_trips
        call to_ring3_task
        call with_ldt
        call with_cr3
        call with_trap
        ret

arrive: int END_TRIAL

; known_registers loads values that the save is checked against.
%macro known_registers 0
        mov eax, 0xa0000001
        mov ecx, 0xa0000002
        mov edx, 0xa0000003
        mov ebx, 0xa0000004
        mov ebp, 0xa0000005
        mov esi, 0xa0000006
        mov edi, 0xa0000007
%endmacro

by_jmp:
        mov eax, arrive
        call new_task
        mov dword [tss_b + T_LINK], 0x7777
        mov dword [tss + T_LINK], 0x5555
        mov dword [tss_b + T_EFL], FL_CF | FL_DF | FL_IOPL | 2
        mov dword [tss_b + T_FS], KDATA
        push dword KDATA
        pop gs
        mov [WORK], esp
        arm
        known_registers
        stc
        jmp TSS_B:0x12345678
.back:
        done
        cld
        check "jmp: no fault", [rec_vector], END_TRIAL
        check "jmp: EIP", [rec_eip], arrive + 2
        check "jmp: CS", [rec_cs], KCODE
        check "jmp: EAX loaded", [rec_eax], 0xb0000001
        check "jmp: ECX loaded", [rec_ecx], 0xb0000002
        check "jmp: EDX loaded", [rec_edx], 0xb0000003
        check "jmp: EBX loaded", [rec_ebx], 0xb0000004
        check "jmp: ESP loaded", [rec_esp], TASK_STACK
        check "jmp: EBP loaded", [rec_ebp], 0xb0000005
        check "jmp: ESI loaded", [rec_esi], 0xb0000006
        check "jmp: EDI loaded", [rec_edi], 0xb0000007
        check "jmp: FS loaded", [rec_fs], KDATA
        check "jmp: DS loaded", [rec_ds], UDATA
        check "jmp: EFLAGS loaded", [rec_efl], FL_CF | FL_DF | FL_IOPL | 2
        check "jmp: EIP saved", [tss + T_EIP], .back
        check_bits "jmp: CS saved", [tss + T_CS], 0xffff, KCODE
        check "jmp: EAX saved", [tss + T_EAX], 0xa0000001
        check "jmp: ECX saved", [tss + T_ECX], 0xa0000002
        check "jmp: EDX saved", [tss + T_EDX], 0xa0000003
        check "jmp: EBX saved", [tss + T_EBX], 0xa0000004
        check "jmp: ESP saved", [tss + T_ESP], [WORK]
        check "jmp: EBP saved", [tss + T_EBP], 0xa0000005
        check "jmp: ESI saved", [tss + T_ESI], 0xa0000006
        check "jmp: EDI saved", [tss + T_EDI], 0xa0000007
        check_bits "jmp: GS saved", [tss + T_GS], 0xffff, KDATA
        check_bits "jmp: SS saved", [tss + T_SS], 0xffff, KDATA
        check_bits "jmp: EFLAGS saved", [tss + T_EFL], FL_CF | FL_NT | FL_DF, FL_CF
        check_bits "jmp: the old link stays", [tss + T_LINK], 0xffff, 0x5555
        check_bits "jmp: the new link stays", [tss_b + T_LINK], 0xffff, 0x7777
        access_is "jmp: the old task is available", TSS_MAIN, A_TSS32
        access_is "jmp: the new task is busy", TSS_B, A_TSS32_BUSY
        tr_is "jmp: TR", TSS_B
        mov eax, cr0
        check_bits "jmp: TS is set", eax, 8, 8
        pushfd
        pop eax
        check_bits "jmp: NT is clear", [rec_efl], FL_NT, 0
        call first_task
        mov dword [tss + T_LINK], 0
        ; The saved image of NT: JMP saves it as it is.
        mov eax, arrive
        call new_task
        arm
        push dword FL_NT | 2
        popfd
        jmp TSS_B:0
        done
        check_bits "jmp with NT: NT saved", [tss + T_EFL], FL_NT, FL_NT
        call first_task
        ret

by_call:
        mov eax, arrive
        call new_task
        mov dword [tss_b + T_LINK], 0xffff7777
        arm
        call TSS_B:0
.back:
        done
        check "call: no fault", [rec_vector], END_TRIAL
        check "call: EIP saved", [tss + T_EIP], .back
        check_bits "call: link", [tss_b + T_LINK], 0xffff, TSS_MAIN
        check_bits "call: NT in the new task", [rec_efl], FL_NT, FL_NT
        check_bits "call: NT not saved for the old", [tss + T_EFL], FL_NT, 0
        access_is "call: the old task stays busy", TSS_MAIN, A_TSS32_BUSY
        access_is "call: the new task is busy", TSS_B, A_TSS32_BUSY
        tr_is "call: TR", TSS_B
        check "call: nothing pushed", [rec_esp], TASK_STACK
        call first_task
        ; By memory.
        mov eax, arrive
        call new_task
        mov dword [WORK], 0
        mov dword [WORK + 4], TSS_B
        try
        call far [WORK]
        want_ok "call through memory"
        check_bits "call through memory: link", [tss_b + T_LINK], 0xffff, TSS_MAIN
        call first_task
        ret

by_gate:
        gate GATE, TSS_B, 0, A_TASK | A_DPL3, 0
        mov eax, arrive
        call new_task
        try
        jmp GATE:0
        want_ok "jmp through a task gate"
        check_bits "jmp through a task gate: NT", [rec_efl], FL_NT, 0
        access_is "jmp through a task gate: the old task", TSS_MAIN, A_TSS32
        call first_task
        mov eax, arrive
        call new_task
        try
        call GATE:0
        want_ok "call through a task gate"
        check_bits "call through a task gate: NT", [rec_efl], FL_NT, FL_NT
        check_bits "call through a task gate: link", [tss_b + T_LINK], 0xffff, TSS_MAIN
        call first_task
        ; From ring 3: the gate's DPL counts, that of the TSS does not.
        mov eax, arrive
        call new_task
        arm
        to_ring3
        mark
        call GATE | 3:0
.back:
        want_ok "call through a task gate from ring 3"
        check "call through a task gate from ring 3: CS", [rec_cs], KCODE
        check_bits "call through a task gate from ring 3: CS saved", [tss + T_CS], 0xffff, UCODE
        check "call through a task gate from ring 3: EIP saved", [tss + T_EIP], .back
        call first_task
        ; A task gate in the LDT.
        gate_at ldt, TSS_B, 0, A_TASK | A_DPL3, 0
        mov eax, LDT_SEL
        lldt ax
        mov eax, arrive
        call new_task
        try
        call 4:0
        want_ok "call through a task gate in the LDT"
        call first_task
        ret

by_interrupt:
        idt_gate 0x70, TSS_B, 0, A_TASK | A_DPL3
        mov eax, arrive
        call new_task
        arm
        sti
        int 0x70
.back:
        done
        cli
        check "int through a task gate: no fault", [rec_vector], END_TRIAL
        check "int through a task gate: EIP saved", [tss + T_EIP], .back
        check_bits "int through a task gate: IF saved", [tss + T_EFL], FL_IF, FL_IF
        check_bits "int through a task gate: IF from the new task", [rec_efl], FL_IF, 0
        check_bits "int through a task gate: NT", [rec_efl], FL_NT, FL_NT
        check_bits "int through a task gate: link", [tss_b + T_LINK], 0xffff, TSS_MAIN
        check "int through a task gate: nothing pushed", [rec_esp], TASK_STACK
        call first_task
        ; From ring 3.
        mov eax, arrive
        call new_task
        arm
        to_ring3
        int 0x70
        want_ok "int through a task gate from ring 3"
        check_bits "int through a task gate from ring 3: SS saved", [tss + T_SS], 0xffff, UDATA
        call first_task
        idt_gate 0x70, TSS_B, 0, A_TASK
        mov eax, arrive
        call new_task
        arm
        to_ring3
        mark
        int 0x70
        want_fault "int through a task gate of DPL 0 from ring 3", GP, 0x70 * 8 + 2
        access_is "a refused int leaves the task available", TSS_B, A_TSS32
        call fill_idt
        ret

; An exception with an error code pushes it on the stack of the new task; the
; saved EIP is the faulting instruction's.
by_fault:
        idt_gate GP, TSS_B, 0, A_TASK
        mov eax, arrive
        call new_task
        mov dword [TASK_STACK - 4], 0xffffffff
        arm
        mov eax, 0xfff8
.insn:
        mov fs, ax
        done
        check "#GP through a task gate: EIP saved", [tss + T_EIP], .insn
        check "#GP through a task gate: ESP", [rec_esp], TASK_STACK - 4
        check "#GP through a task gate: code", [TASK_STACK - 4], 0xfff8
        call first_task
        idt_gate UD, TSS_B, 0, A_TASK
        mov eax, arrive
        call new_task
        arm
        to_ring3
.insn2:
        ud2
        done
        check "#UD through a task gate: EIP saved", [tss + T_EIP], .insn2
        check "#UD through a task gate: nothing pushed", [rec_esp], TASK_STACK
        check_bits "#UD through a task gate: CS saved", [tss + T_CS], 0xffff, UCODE
        call first_task
        call fill_idt
        ret

; There and back.
round_trips:
        mov eax, .callee
        call new_task
        mov edi, 0x1d1d1d1d
        mov ebx, esp
        try
        call TSS_B:0
        want_ok "call and iret"
        check "call and iret: EDI is ours", edi, 0x1d1d1d1d
        check "call and iret: ESP", ebx, esp
        tr_is "call and iret: TR", TSS_MAIN
        access_is "call and iret: the first task is busy", TSS_MAIN, A_TSS32_BUSY
        access_is "call and iret: the second is available", TSS_B, A_TSS32
        check_bits "call and iret: NT is clear", [rec_efl], FL_NT, 0
        check "call and iret: the second's EIP saved", [tss_b + T_EIP], .callee_again
        check_bits "call and iret: its NT saved as clear", [tss_b + T_EFL], FL_NT, 0
        check "call and iret: its EAX saved", [tss_b + T_EAX], 0xb0000002
        check_bits "call and iret: its link stays", [tss_b + T_LINK], 0xffff, TSS_MAIN
        ; The next call goes on where it stopped.
        try
        call TSS_B:0
        want_ok "a second call and iret"
        check "a second call: EAX counted on", [tss_b + T_EAX], 0xb0000003
        ; Jumps there and back.
        mov eax, .jumper
        call new_task
        clts
        try
        jmp TSS_B:0
        want_ok "jmp and jmp back"
        access_is "jmp and jmp back: the first task is busy", TSS_MAIN, A_TSS32_BUSY
        access_is "jmp and jmp back: the second is available", TSS_B, A_TSS32
        ; Ring 3 calls a ring-0 task and gets back its ring.
        gate GATE, TSS_B, 0, A_TASK | A_DPL3, 0
        mov eax, .callee
        call new_task
        arm
        to_ring3
        mark
        call GATE | 3:0
        want_ok "call and iret from ring 3"
        check "call and iret from ring 3: CS", [rec_cs], UCODE
        check "call and iret from ring 3: SS", [rec_ss], UDATA
        ; IRET with NT needs no frame; a link that we forge is as good.
        call first_task
        mov eax, .forged
        call new_task
        mov word [tss + T_LINK], TSS_B
        desc TSS_B, PA(tss_b), 103, A_TSS32_BUSY, G_BYTE16
        arm
        push dword FL_NT | 2
        popfd
        iretd
        want_ok "iret with NT to a forged link"
        tr_is "iret with NT to a forged link: TR", TSS_B
        access_is "iret with NT: the task that ended is available", TSS_MAIN, A_TSS32
        access_is "iret with NT: the task that goes on stays busy", TSS_B, A_TSS32_BUSY
        check_bits "iret with NT: saved NT is clear", [tss + T_EFL], FL_NT, 0
        call first_task
        mov dword [tss + T_LINK], 0
        ; IRET with NT in ring 3 switches too.
        mov eax, .callee3
        call new_task
        call ring3_task
        mov ebx, esp
        try
        call TSS_B:0
        want_ok "call of a ring-3 task and its iret"
        check "call of a ring-3 task: ESP", ebx, esp
        call first_task
        ret
.callee:
        inc eax
        iretd
.callee_again:
        inc eax
        iretd
        jmp .callee
.jumper:
        jmp TSS_MAIN:0
.forged:
        int END_TRIAL
.callee3:
        iretd

; ring3_task turns the new task into one of ring 3.
ring3_task:
        mov dword [tss_b + T_CS], UCODE
        mov dword [tss_b + T_SS], UDATA
        ret

to_ring3_task:
        mov eax, .body
        call new_task
        call ring3_task
        try
        call TSS_B:0
        want_fault_at "a task in ring 3 meets HLT", GP, 0, .body
        check "a task in ring 3: CS", [rec_cs], UCODE
        check "a task in ring 3: SS", [rec_ss], UDATA
        check "a task in ring 3: ESP", [rec_esp], TASK_STACK
        call first_task
        ; The fault came in on the stack of its own TSS.
        check_bits "a task in ring 3: its ring-0 stack", [TASK_STACK0 - 4], 0xffff, UDATA
        ret
.body:
        hlt

with_ldt:
        desc_at ldt + 8, WORK + 0x100, 0xfff, A_DATA_W, G_BYTE32
        desc LDT_B, PA(ldt), 127, A_LDT, G_BYTE16
        mov eax, arrive
        call new_task
        mov dword [WORK + 0x100], 0x1d7f00d
        mov dword [tss_b + T_LDT], LDT_B
        mov dword [tss_b + T_GS], 0x0c
        mov dword [tss_b + T_EIP], .body
        try
        call TSS_B:0
        want_ok "task with an LDT"
        check "task with an LDT: its data", [rec_eax], 0x1d7f00d
        check "task with an LDT: GS", [rec_gs], 0x0c
        sldt ax
        movzx eax, ax
        check "task with an LDT: LDTR", eax, LDT_B
        check_bits "the LDT field of the old TSS is not written", [tss + T_LDT], 0xffff, 0
        call first_task
        ; The first task's LDT comes back from its TSS, not from LDTR.
        mov eax, LDT_SEL
        lldt ax
        mov eax, .back
        call new_task
        try
        call TSS_B:0
        want_ok "task without an LDT and back"
        sldt ax
        movzx eax, ax
        check "LDTR comes from the TSS on the way back", eax, 0
        call first_task
        ret
.body:
        mov eax, [gs:0]
        int END_TRIAL
.back:
        iretd

; With paging, CR3 comes from the new TSS and is not saved in the old.
with_cr3:
        call identity
        mov eax, PAGES
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        jmp short .on
.on:
        mov dword [tss + T_CR3], PAGES
        mov eax, .body
        call new_task
        mov dword [tss_b + T_CR3], PAGES + 0x2000
        mov dword [WORK + 0x80000], 1
        mov dword [WORK + 0x81000], 2
        try
        call TSS_B:0
        want_ok "task with its own page directory"
        check "task with its own page directory: what it saw", [tss_b + T_EAX], 2
        mov eax, cr3
        check "CR3 on return", eax, PAGES
        check "memory on return", [WORK + 0x80000], 1
        mov dword [tss + T_CR3], 0
        mov eax, .body
        call new_task
        mov dword [tss_b + T_CR3], PAGES + 0x2000
        mov dword [tss_b + T_EIP], arrive
        try
        call TSS_B:0
        want_ok "task with a page directory, ended there"
        check "CR3 is not saved on a switch", [tss + T_CR3], 0
        mov eax, cr3
        check "CR3 in the task", eax, PAGES + 0x2000
        mov eax, cr0
        and eax, 0x7fffffff
        mov cr0, eax
        jmp short .off
.off:
        xor eax, eax
        mov cr3, eax
        call first_task
        ret
.body:
        mov eax, [WORK + 0x80000]
        iretd

; identity maps 4 MiB twice: at PAGES one to one, at PAGES + 2000h with the page
; WORK + 80000h showing WORK + 81000h.
identity:
        mov edi, PAGES
        mov ecx, 0x4000 / 4
        xor eax, eax
        rep stosd
        mov dword [PAGES], PAGES + 0x1007
        mov dword [PAGES + 0x2000], PAGES + 0x3007
        mov eax, 7
        xor ecx, ecx
.next:
        mov [PAGES + 0x1000 + ecx * 4], eax
        mov [PAGES + 0x3000 + ecx * 4], eax
        add eax, 0x1000
        inc ecx
        cmp ecx, 1024
        jb .next
        mov dword [PAGES + 0x3000 + (WORK + 0x80000) / 0x1000 * 4], (WORK + 0x81000) | 7
        ret

; The T bit of the new TSS traps before its first instruction.
with_trap:
        mov eax, arrive
        call new_task
        mov dword [tss_b + T_EIP], .body
        mov word [tss_b + T_TRAP], 1
        xor eax, eax
        mov dr6, eax
        try
        call TSS_B:0
        want_fault_at "T bit", DB_, 0, .body
        check_bits "T bit: DR6.BT", [rec_dr6], 0xe00f, 0x8000
        tr_is "T bit: TR", TSS_B
        check "T bit: no instruction of the task ran", [rec_eax], 0xb0000001
        call first_task
        xor eax, eax
        mov dr6, eax
        ret
.body:
        inc eax
        int END_TRIAL
image_end:
