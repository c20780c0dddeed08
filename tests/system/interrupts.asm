; Hardware interrupts from the 8254 through the 8259A: at which boundary they are
; taken, what holds them back, HLT, REP, and the gates they pass (SDM 3A 6.8, 6.9).
%include "common.inc"
%include "v86.inc"
%include "tasks.inc"

IRQ0            equ 0x20
IRQ_CODE        equ IRQ0 * 8 + 3        ; of a failed delivery: IDT and EXT

; pend makes IRQ 0 pending with IF clear: counter 0 in mode 0 counts to the end.
%macro pend 0
        call make_pending
%endmacro

test_main:
        call pic
        hook IRQ0, taken
        call windows
        call shadows
        call halts
        call repeats
        call rings
        call masked
        hook IRQ0, 0
        call refused
        ret

pic:
        mov al, 0x11
        out 0x20, al
        out 0xa0, al
        mov al, IRQ0
        out 0x21, al
        mov al, 0x28
        out 0xa1, al
        mov al, 4
        out 0x21, al
        mov al, 2
        out 0xa1, al
        mov al, 3                       ; 8086 mode, automatic end of interrupt
        out 0x21, al
        mov al, 1
        out 0xa1, al
        mov al, 0xfe
        out 0x21, al
        mov al, 0xff
        out 0xa1, al
        ret

make_pending:
        pushad
        call start_timer
.wait:
        mov al, 0x0a                    ; read IRR
        out 0x20, al
        in al, 0x20
        test al, 1
        jz .wait
        popad
        ret
; start_timer raises IRQ 0 about 50 microseconds from now.
start_timer:
        mov al, 0x30                    ; counter 0, both bytes, mode 0
        out 0x43, al
        mov al, 60
        out 0x40, al
        mov al, 0
        out 0x40, al
        ret

; taken notes where it came and clears IF in the frame, so that one is all.
taken:
        mov eax, [ebp + H_EIP]
        mov [at_eip], eax
        mov eax, [ebp + H_ECX]
        mov [at_ecx], eax
        mov eax, [ebp + H_EFL]
        mov [at_efl], eax
        movzx eax, word [ebp + H_CS]
        mov [at_cs], eax
        inc dword [count]
        and dword [ebp + H_EFL], ~FL_IF
        ret

; one NAME, LABEL: exactly one came, at LABEL.
%macro one 2
        cli
        check {%1, ": one"}, [count], 1
        check {%1, ": EIP"}, [at_eip], %2
        mov dword [count], 0
%endmacro

windows:
        pend
        push dword FL_IF | 2
        popfd
.a:     nop
        nop
        one "popf that sets IF: taken at once", windows.a
        check_bits "popf that sets IF: RF is clear in the frame", [at_efl], FL_RF, 0
        check_bits "popf that sets IF: IF in the frame", [at_efl], FL_IF, FL_IF
        pend
        push dword FL_IF | 2
        push dword KCODE
        push dword .b
        iretd
.b:     nop
        nop
        one "iret that sets IF: taken at the target", windows.b
        pend
        nop
        nop
        cli
        check "with IF clear nothing comes", [count], 0
        ; It stays pending.
        push dword FL_IF | 2
        popfd
.c:     nop
        one "it stays pending", windows.c
        ; A trap gate's handler runs with IF set.
        idt_gate 0x77, KCODE, .trap, A_TRAP32
        idt_gate 0x78, KCODE, .int, A_INT32
        pend
        push dword 2
        popfd
        int 0x77
        check "a handler with IF clear is left alone", [count], 0
        sti
        nop
.d:     cli
        one "sti, then an instruction", windows.d
        ret
.trap:  nop
.int:   iretd

; STI opens behind the next instruction. That MOV SS behind it holds off for one
; more is not promised (SDM 2B STI).
shadows:
        pend
        sti
        nop
.a:     nop
        one "sti: taken behind the next instruction", shadows.a
        pend
        sti
        cli
        nop
        check "sti and cli: nothing comes between", [count], 0
        ; A second STI does not prolong the shadow, nor open one anew.
        sti
        sti
.b:     nop
        nop
        one "sti twice: taken behind the second", shadows.b
        ; STI; RET: the frame is gone before the handler comes.
        pend
        call .ret
.e:     nop
        one "sti, ret: taken at the caller", shadows.e
        ret
.ret:
        sti
        ret

halts:
        call start_timer
        sti
        hlt
.a:     nop
        one "sti, hlt: waked, EIP behind hlt", halts.a
        ; Pending already: HLT must not sleep for ever.
        pend
        sti
        hlt
.b:     nop
        one "sti, hlt with one pending: EIP behind hlt", halts.b
        ; A loop of waiting.
        mov esi, 5
.next:
        call start_timer
        sti
        hlt
        cli
        dec esi
        jnz .next
        check "five halts", [count], 5
        mov dword [count], 0
        ret

; REP is interrupted between two elements and goes on.
repeats:
        mov edi, WORK
        mov ecx, 0x20000
        mov eax, 0x11111111
        cld
        call .start
        push dword FL_IF | 2
        popfd
.a:     rep stosd
.b:     nop
        cli
        check "rep stosd: one", [count], 1
        mov eax, [at_eip]
        check "rep stosd: EIP at the instruction", eax, repeats.a
        mov eax, [at_ecx]
        dec eax
        cmp eax, 0x1fffe
        sbb eax, eax
        check "rep stosd: ECX in between", eax, -1
        check "rep stosd: goes on to the end, ECX", ecx, 0
        check "rep stosd: goes on to the end, memory", [WORK + 0x7fffc], 0x11111111
        mov dword [count], 0
        ret
.start:
        push eax
        call start_timer
        pop eax
        ret

rings:
        ; From ring 3 on the stack of ring 0.
        mov dword [tss + 4], STACK0_TOP
        pend
        arm
        push dword UDATA
        push dword STACK_TOP - 0x1000
        push dword FL_IF | FL_CF | 2
        push dword UCODE
        push dword .user
        iretd
.user:  nop
        nop
        want_ok "from ring 3"
        check "from ring 3: EIP", [at_eip], .user
        check "from ring 3: CS", [at_cs], UCODE
        check_bits "from ring 3: CF in the frame", [at_efl], FL_CF, FL_CF
        mov dword [count], 0
        ; From virtual-8086 mode.
        call v86_setup
        pend
        arm
        in_v86 V(v_loop), FL_IF
        want_fault_at "from virtual-8086 mode", UD, 0, V(v_loop.end)
        check "from virtual-8086 mode: EIP", [at_eip], V(v_loop)
        check "from virtual-8086 mode: CS", [at_cs], V86_CS
        check_bits "from virtual-8086 mode: VM in the frame", [at_efl], FL_VM, FL_VM
        mov dword [count], 0
        ; By a gate of DPL 0 from ring 3: DPL is for INT n.
        idt_gate IRQ0, KCODE, .arrive, A_INT32
        pend
        arm
        push dword UDATA
        push dword STACK_TOP - 0x1000
        push dword FL_IF | 2
        push dword UCODE
        push dword .user2
        iretd
.user2: nop
        nop
        want_ok "by a gate of DPL 0 from ring 3"
        check "by a gate of DPL 0 from ring 3: CS", [rec_cs], KCODE
        ; By a task gate.
        idt_gate IRQ0, TSS_B, 0, A_TASK
        mov eax, .arrive
        call new_task
        pend
        arm
        push dword FL_IF | 2
        popfd
.here:  nop
        nop
        done
        cli
        check "by a task gate: ends there", [rec_esp], TASK_STACK
        check "by a task gate: EIP saved", [tss + T_EIP], .here
        check_bits "by a task gate: link", [tss_b + T_LINK], 0xffff, TSS_MAIN
        call first_task
        call fill_idt
        ret
.arrive:
        int END_TRIAL

masked:
        mov al, 0xff
        out 0x21, al
        pend
        sti
        nop
        nop
        cli
        check "masked: nothing comes", [count], 0
        mov al, 0xfe
        sti
        nop
        out 0x21, al
        nop
        nop
        cli
        check "unmasked: it comes", [count], 1
        mov dword [count], 0
        ret

; Deliveries that fail: EXT is set in the code.
refused:
%macro fails 3                  ; name, vector, code
        pend
        arm
        push dword FL_IF | 2
        popfd
        mark
        nop
        want_fault {%1}, %2, %3
        cli
        call fill_idt
%endmacro
        mov byte [idt + IRQ0 * 8 + 5], 0x6e
        fails "absent gate", NP, IRQ_CODE
        mov byte [idt + IRQ0 * 8 + 5], 0
        fails "no gate", GP, IRQ_CODE
        mov word [idt + IRQ0 * 8 + 2], 0
        fails "gate to null", GP, 1
        mov word [idt + IRQ0 * 8 + 2], KDATA
        fails "gate to data", GP, KDATA | 1
        mov al, 0xff
        out 0x21, al
        ret

        bits 16
v86_begin:
        nop
v_loop: nop
        nop
.end:   ud2
v86_end:
        bits 32
        align 4
at_eip: dd 0
at_ecx: dd 0
at_efl: dd 0
at_cs:  dd 0
count:  dd 0
image_end:
