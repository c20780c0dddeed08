; Virtual-8086 mode: entry and exit, what IOPL governs, what is refused, segment
; limits, interrupts to ring 0 with their frame of nine (SDM 3B 20).
%include "common.inc"
%include "v86.inc"
%include "tasks.inc"

test_main:
        call v86_setup
        call entry
        call iopl
        call refused
        call limits
        call interrupts
        call flags
        call tasks
        ret

arrive: int END_TRIAL

entry:
        mov dword [V86_LINEAR + 0x10], 0x11223344
        mov dword [V86_LINEAR + 0x30], 0x11223344       ; FS is two paragraphs up
        mov eax, 0xdeadbeef
        v86_ends "enter", v_enter, 0
        check "enter: CS", [rec_cs], V86_CS
        check "enter: SS", [rec_ss], V86_SS
        check "enter: SP moved by a word", [rec_esp], V86_SP - 2
        check "enter: DS", [rec_ds], V86_DATA
        check "enter: ES", [rec_es], V86_DATA + 1
        check "enter: FS", [rec_fs], V86_DATA + 2
        check "enter: GS", [rec_gs], V86_DATA + 3
        check "enter: read through DS", [rec_ebx], 0x11223344
        check_bits "enter: code runs with 16-bit operands", eax, -1, 0xdead0007
        check "enter: read through FS", [rec_ecx], 0x11223344
        check "enter: far jump works as on an 8086", [rec_edx], 0x5678
        ; EFLAGS at the time: VM, and RF of the fault.
        check_bits "enter: EFLAGS", [rec_efl], FL_VM | FL_IOPL | FL_NT, FL_VM
        ; The interrupt nulls the data segments; a hook sees them.
        mov dword [WORK], 0xffffffff
        hook UD, .hook
        arm
        in_v86 V(v_enter), 0
        done
        hook UD, 0
        check "exit: DS, ES, FS and GS are null", [WORK], 0
        check_bits "exit: VM is off in the handler", [WORK + 4], FL_VM, 0
        check "exit: ring 0's stack", [WORK + 8], STACK0_TOP - 9 * 4 - 8
        ret
.hook:
        ; The stub pushed two dwords, then PUSHAD and the segments as they came.
        movzx eax, word [ebp + H_DS]
        movzx ecx, word [ebp + H_ES]
        or eax, ecx
        movzx ecx, word [ebp + H_FS]
        or eax, ecx
        movzx ecx, word [ebp + H_GS]
        or eax, ecx
        mov [WORK], eax
        pushfd
        pop dword [WORK + 4]
        lea eax, [ebp + H_VECTOR]
        mov [WORK + 8], eax
        jmp end_trial_from_hook

; CLI, STI, PUSHF, POPF, INT n and IRET want IOPL 3.
iopl:
%macro iopl_rows 2              ; name, label
        v86_faults {%1, " with IOPL 0"}, %2, 0, GP, 0
        v86_faults {%1, " with IOPL 2"}, %2, 0x2000, GP, 0
        check {%1, " with IOPL 2: SP unchanged"}, [rec_esp], V86_SP
%endmacro
        iopl_rows "cli", v_cli
        iopl_rows "sti", v_sti
        iopl_rows "pushf", v_pushf
        iopl_rows "popf", v_popf
        iopl_rows "pushfd", v_pushfd
        iopl_rows "popfd", v_popfd
        iopl_rows "int", v_int
        iopl_rows "iret", v_iret
        iopl_rows "iretd", v_iretd
        v86_ends "cli with IOPL 3", v_cli, FL_IOPL | FL_IF
        check_bits "cli with IOPL 3: IF", [rec_efl], FL_IF, 0
        v86_ends "sti with IOPL 3", v_sti, FL_IOPL
        check_bits "sti with IOPL 3: IF", [rec_efl], FL_IF, FL_IF
        v86_ends "pushf with IOPL 3", v_pushf, FL_IOPL
        check "pushf with IOPL 3: SP", [rec_esp], V86_SP - 2
        check_bits "pushf with IOPL 3: IOPL and NT", [(V86_SS << 4) + V86_SP - 2], 0xf000, 0x3000
        v86_ends "pushfd with IOPL 3", v_pushfd, FL_IOPL
        check_bits "pushfd with IOPL 3: VM and RF are not pushed", [(V86_SS << 4) + V86_SP - 4], 0x30000, 0
        mov dword [(V86_SS << 4) + V86_SP], FL_CF | FL_IF | 2
        v86_ends "popf with IOPL 3", v_popf, FL_IOPL
        check_bits "popf with IOPL 3: IF set, IOPL kept", [rec_efl], FL_IOPL | FL_IF | FL_CF | FL_VM, FL_IOPL | FL_IF | FL_CF | FL_VM
        mov dword [(V86_SS << 4) + V86_SP], FL_CF | FL_AC | 2
        v86_ends "popfd with IOPL 3", v_popfd, FL_IOPL | FL_IF
        check_bits "popfd with IOPL 3: VM and IOPL kept", [rec_efl], FL_IOPL | FL_IF | FL_CF | FL_VM | FL_AC, FL_IOPL | FL_CF | FL_VM | FL_AC
        mov word [(V86_SS << 4) + V86_SP], V(v_iret.end)
        mov word [(V86_SS << 4) + V86_SP + 2], V86_CS
        mov word [(V86_SS << 4) + V86_SP + 4], FL_CF
        v86_ends "iret with IOPL 3", v_iret, FL_IOPL | FL_IF
        check_bits "iret with IOPL 3: flags", [rec_efl], FL_IOPL | FL_IF | FL_CF | FL_VM, FL_IOPL | FL_CF | FL_VM
        check "iret with IOPL 3: SP", [rec_esp], V86_SP + 6
        mov dword [(V86_SS << 4) + V86_SP], V(v_iretd.end)
        mov dword [(V86_SS << 4) + V86_SP + 4], V86_CS
        mov dword [(V86_SS << 4) + V86_SP + 8], FL_IF
        v86_ends "iretd with IOPL 3", v_iretd, FL_IOPL
        check_bits "iretd with IOPL 3: VM and IOPL kept", [rec_efl], FL_IOPL | FL_IF | FL_VM, FL_IOPL | FL_IF | FL_VM
        check "iretd with IOPL 3: SP", [rec_esp], V86_SP + 12
        ; INT3 and INTO are not governed by IOPL.
        arm
        in_v86 V(v_int3), 0
        want_fault_at "int3 with IOPL 0", BP_, 0, V(v_int3.end)
        arm
        in_v86 V(v_into), 0
        want_fault_at "into with IOPL 0", OF_, 0, V(v_into.end)
        ret

refused:
        v86_faults "hlt", v_hlt, FL_IOPL, GP, 0
        v86_faults "lgdt", v_lgdt, FL_IOPL, GP, 0
        v86_faults "lidt", v_lidt, FL_IOPL, GP, 0
        v86_faults "lmsw", v_lmsw, FL_IOPL, GP, 0
        v86_faults "clts", v_clts, FL_IOPL, GP, 0
        v86_faults "mov from cr0", v_movcr, FL_IOPL, GP, 0
        v86_faults "mov to dr7", v_movdr, FL_IOPL, GP, 0
        v86_faults "lldt", v_lldt, FL_IOPL, UD, 0
        v86_faults "ltr", v_ltr, FL_IOPL, UD, 0
        v86_faults "sldt", v_sldt, FL_IOPL, UD, 0
        v86_faults "str", v_str, FL_IOPL, UD, 0
        v86_faults "lar", v_lar, FL_IOPL, UD, 0
        v86_faults "lsl", v_lsl, FL_IOPL, UD, 0
        v86_faults "verr", v_verr, FL_IOPL, UD, 0
        v86_faults "verw", v_verw, FL_IOPL, UD, 0
        v86_faults "arpl", v_arpl, FL_IOPL, UD, 0
        v86_ends "smsw", v_smsw, 0
        check_bits "smsw sees PE", [rec_eax], 1, 1
        v86_ends "sgdt", v_sgdt, 0
        check_bits "sgdt stores the limit", [V86_LINEAR], 0xffff, GDT_SIZE - 1
        v86_faults "lock nop", v_lock, 0, UD, 0
        ret

; 64 KiB from the selector times 16.
limits:
        v86_faults "word at FFFF", v_edge, 0, GP, 0
        v86_faults "dword at FFFD", v_edge4, 0, GP, 0
        v86_ends "dword at FFFC", v_edge_ok, 0
        v86_faults "word at FFFF through SS", v_edge_ss, 0, SS_, 0
        v86_faults "push with SP 1", v_push1, 0, SS_, 0
        v86_ends "push with SP 0 wraps", v_push0, 0
        check "push with SP 0: SP", [rec_esp], 0xfffe
        v86_faults "offset above FFFF with a 32-bit address", v_far_offset, 0, GP, 0
        ; FFFF:0010 is above 1 MiB.
        mov dword [0x100000 + 0xff00], 0x13572468
        v86_ends "FFFF:FF10 lies above 1 MiB", v_hma, 0
        check "FFFF:FF10: value", [rec_eax], [0x100000 + 0xff00]
        arm
        in_v86 V(v_jump_far), 0
        want_fault_at "running to FFFF and beyond", GP, 0, 0x10000
        ret

interrupts:
        arm
        in_v86 V(v_int), FL_IOPL
        settle
        check "int with IOPL 3: vector", [rec_vector], 0x72
        check "int with IOPL 3: EIP", [rec_eip], V(v_int.end)
        %pop
        ; The whole frame on ring 0's stack.
        check "frame: EIP", [STACK0_TOP - 36], V(v_int.end)
        check_bits "frame: CS", [STACK0_TOP - 32], 0xffff, V86_CS
        check_bits "frame: EFLAGS", [STACK0_TOP - 28], FL_VM | FL_IOPL, FL_VM | FL_IOPL
        check "frame: ESP", [STACK0_TOP - 24], V86_SP
        check_bits "frame: SS", [STACK0_TOP - 20], 0xffff, V86_SS
        check_bits "frame: ES", [STACK0_TOP - 16], 0xffff, V86_DATA + 1
        check_bits "frame: DS", [STACK0_TOP - 12], 0xffff, V86_DATA
        check_bits "frame: FS", [STACK0_TOP - 8], 0xffff, V86_DATA + 2
        check_bits "frame: GS", [STACK0_TOP - 4], 0xffff, V86_DATA + 3
        ; The gate's DPL counts for INT n.
        idt_gate 0x72, KCODE, arrive, A_INT32
        v86_faults "int through a gate of DPL 0", v_int, FL_IOPL, GP, 0x72 * 8 + 2
        ; Only ring 0, non-conforming, may serve virtual-8086 mode.
        idt_gate 0x72, CODE1, arrive, A_INT32 | A_DPL3
        v86_faults "int through a gate to ring 1", v_int, FL_IOPL, GP, CODE1 & ~3
        desc T0, 0, 0xfffff, A_CONF_R, G_PAGE32
        idt_gate 0x72, T0, arrive, A_INT32 | A_DPL3
        v86_faults "int through a gate to conforming code", v_int, FL_IOPL, GP, T0
        idt_gate 0x72, KCODE, arrive, (A_INT32 | A_DPL3) & 0x7f
        v86_faults "int through an absent gate", v_int, FL_IOPL, NP, 0x72 * 8 + 2
        ; A 16-bit gate pushes nine words.
        idt_gate 0x72, KCODE16, OFF16(.gate16), A_INT16 | A_DPL3
        arm
        in_v86 V(v_int), FL_IOPL
        done
        check "16-bit gate: ends in its handler", [rec_cs], KCODE16
        check "16-bit gate: ESP", [rec_esp], STACK0_TOP - 18
        check "16-bit gate: DS is null", [rec_ds], 0
        check_bits "16-bit gate: SP and SS", [STACK0_TOP - 12], -1, (V86_SS << 16) | V86_SP
        check_bits "16-bit gate: FS and GS", [STACK0_TOP - 4], -1, ((V86_DATA + 3) << 16) | (V86_DATA + 2)
        call fill_idt
        ; An error code goes below.
        arm
        in_v86 V(v_hlt), 0
        want_fault_at "#GP from virtual-8086 mode", GP, 0, V(v_hlt.insn)
        check "#GP: code below EIP", [STACK0_TOP - 40], 0
        check "#GP: EIP", [STACK0_TOP - 36], V(v_hlt.insn)
        ; A handler that returns.
        hook 0x72, .skip
        mov dword [V86_LINEAR], 0
        v86_ends "int and iret back", v_int, FL_IOPL
        hook 0x72, 0
        check "int and iret back: DS", [rec_ds], V86_DATA
        check "int and iret back: GS", [rec_gs], V86_DATA + 3
        check "int and iret back: SP", [rec_esp], V86_SP
        ret
.skip:
        ret
        bits 16
.gate16:
        int END_TRIAL
        bits 32

flags:
        ; IRET at CPL 0 with VM loads IOPL, IF and the rest from the image.
        v86_ends "flags of the image", v_nothing, FL_IOPL | FL_IF | FL_AC | FL_NT | FL_DF | FL_ID
        check_bits "flags of the image: value", [rec_efl], FL_IOPL | FL_IF | FL_AC | FL_NT | FL_DF | FL_ID | FL_VM, FL_IOPL | FL_IF | FL_AC | FL_NT | FL_DF | FL_ID | FL_VM
        push dword 2
        popfd
        ; IRETW and POPFD can't enter virtual-8086 mode.
        push dword FL_VM | 2
        popfd
        pushfd
        pop eax
        check_bits "popfd can't enter", eax, FL_VM, 0
        ret

; A task in virtual-8086 mode, and an interrupt by a task gate out of it.
tasks:
        mov eax, V(v_nothing)
        call new_task
        mov dword [tss_b + T_EFL], FL_VM | FL_IOPL | 2
        mov dword [tss_b + T_CS], V86_CS
        mov dword [tss_b + T_SS], V86_SS
        mov dword [tss_b + T_ESP], V86_SP
        mov dword [tss_b + T_DS], V86_DATA
        mov dword [tss_b + T_ES], 0xffff
        mov dword [tss_b + T_FS], 0x1234
        mov dword [tss_b + T_GS], 3
        arm
        call TSS_B:0
        want_fault_at "a task in virtual-8086 mode", UD, 0, V(v_nothing.end)
        check "V86 task: CS", [rec_cs], V86_CS
        check "V86 task: FS", [rec_fs], 0x1234
        check "V86 task: ES", [rec_es], 0xffff
        check_bits "V86 task: VM and NT", [rec_efl], FL_VM | FL_NT, FL_VM | FL_NT
        check_bits "V86 task: exit by its own ESP0", [TASK_STACK0 - 4], 0xffff, 3
        call first_task
        mov eax, arrive
        call new_task
        idt_gate GP, TSS_B, 0, A_TASK
        arm
        in_v86 V(v_hlt), 0
        done
        check "#GP by a task gate: VM saved", [rec_vector], END_TRIAL
        check_bits "#GP by a task gate: EFLAGS saved", [tss + T_EFL], FL_VM, FL_VM
        check_bits "#GP by a task gate: CS saved", [tss + T_CS], 0xffff, V86_CS
        check "#GP by a task gate: EIP saved", [tss + T_EIP], V(v_hlt.insn)
        check_bits "#GP by a task gate: GS saved", [tss + T_GS], 0xffff, V86_DATA + 3
        check "#GP by a task gate: code", [TASK_STACK - 4], 0
        call first_task
        call fill_idt
        ret

        bits 16
v86_begin:
v_enter:
        mov ax, 7
        push ax
        mov ebx, [0x10]
        mov ecx, [fs:0x10]
        mov edx, 0
        jmp V86_CS:V(.far)
.far:
        mov dx, 0x5678
.end:   ud2
v_nothing:
.end:   ud2
%macro v_one 2+
%1:
.insn:  %2
.end:   ud2
%endmacro
        v_one v_cli, cli
        v_one v_sti, sti
        v_one v_pushf, pushf
        v_one v_popf, popf
        v_one v_pushfd, pushfd
        v_one v_popfd, popfd
        v_one v_int, int 0x72
        v_one v_iret, iret
        v_one v_iretd, iretd
        v_one v_int3, int3
v_into: mov al, 0x7f
        add al, 1
        into
.end:   ud2
        v_one v_hlt, hlt
        v_one v_lgdt, lgdt [0]
        v_one v_lidt, lidt [0]
        v_one v_lmsw, lmsw ax
        v_one v_clts, clts
        v_one v_movcr, mov eax, cr0
        v_one v_movdr, mov dr7, eax
        v_one v_lldt, lldt ax
        v_one v_ltr, ltr ax
        v_one v_sldt, sldt ax
        v_one v_str, str ax
        v_one v_lar, lar ax, ax
        v_one v_lsl, lsl ax, ax
        v_one v_verr, verr ax
        v_one v_verw, verw ax
        v_one v_arpl, arpl ax, ax
        v_one v_smsw, smsw ax
        v_one v_sgdt, sgdt [0]
        v_one v_lock, db 0xf0, 0x90
        v_one v_edge, mov ax, [0xffff]
        v_one v_edge4, mov eax, [0xfffd]
        v_one v_edge_ok, mov eax, [0xfffc]
        v_one v_edge_ss, mov ax, [ss:0xffff]
v_push1: mov sp, 1
.insn:  push ax
.end:   ud2
v_push0: mov sp, 0
        push ax
.end:   ud2
v_far_offset:
        mov ebx, 0x10000
.insn:  mov al, [ebx]
.end:   ud2
v_hma:  mov ax, 0xffff
        mov es, ax
        mov eax, [es:0xff10]
.end:   ud2
v_jump_far:
        mov byte [cs:0xffff], 0x90
        jmp V86_CS:0xffff
v86_end:
        bits 32
image_end:
