; Stack limits: every instruction that pushes or pops, at the limit and beyond,
; on 32-bit and 16-bit stacks, expand-up and expand-down. All run in ring 3, so
; that #SS is delivered on the stack of ring 0. A fault leaves ESP, registers
; and memory as they were (SDM 3A 6.5; 2A PUSH, POP, PUSHA, ENTER, CALL).
%include "common.inc"

STACK_BIG       equ (T0 | 3)            ; WORK, 0 to FFFh, 32-bit
STACK_SMALL     equ (T0 + 8) | 3        ; WORK, 0 to FFFh, 16-bit
STACK_DOWN      equ (T0 + 16) | 3       ; WORK, 1000h to FFFFFFFFh, 32-bit
STACK_DOWN_SMALL equ (T0 + 24) | 3      ; WORK, 1000h to FFFFh, 16-bit
STACK_64K       equ (T0 + 32) | 3       ; WORK, 0 to FFFFh, 16-bit
STACK_DOWN_TOP  equ (T0 + 40) | 3       ; FFFFF000h-relative: as big, other base

; on_stack SELECTOR, ESP, {INSN}: runs one instruction in ring 3 on that stack.
%macro on_stack 3
        arm
        to_ring3
        push dword %1
        pop ss
        mov esp, %2
        mark
        %3
%endmacro
; fits NAME, SELECTOR, ESP, {INSN}, ESP AFTER
%macro fits 5
        on_stack %2, %3, {%4}
        want_ok %1
        check {%1, ": ESP"}, [rec_esp], %5
%endmacro
; over NAME, SELECTOR, ESP, {INSN}
%macro over 4
        on_stack %2, %3, {%4}
        want_fault %1, SS_, 0
        check {%1, ": ESP unchanged"}, [rec_esp], %3
%endmacro

test_main:
        desc T0, WORK, 0xfff, A_DATA_W | A_DPL3, G_BYTE32
        desc T0 + 8, WORK, 0xfff, A_DATA_W | A_DPL3, G_BYTE16
        desc T0 + 16, WORK, 0xfff, A_DATA_DOWN_W | A_DPL3, G_BYTE32
        desc T0 + 24, WORK, 0xfff, A_DATA_DOWN_W | A_DPL3, G_BYTE16
        desc T0 + 32, WORK, 0xffff, A_DATA_W | A_DPL3, G_BYTE16
        call push_pop
        call small_stack
        call expand_down
        call many
        call frames
        call calls
        ret

push_pop:
        fits "push at the top", STACK_BIG, 0x1000, {push eax}, 0xffc
        fits "push down to 0", STACK_BIG, 4, {push eax}, 0
        over "push below 0", STACK_BIG, 0, {push eax}
        over "push across 0", STACK_BIG, 2, {push eax}
        over "push above the limit", STACK_BIG, 0x1001, {push eax}
        over "push far above", STACK_BIG, 0x80000000, {push eax}
        fits "push word down to 0", STACK_BIG, 2, {push ax}, 0
        over "push word across 0", STACK_BIG, 1, {push ax}
        over "push imm8", STACK_BIG, 2, {push byte 1}
        over "push imm32", STACK_BIG, 3, {push dword 0x12345678}
        over "push memory", STACK_BIG, 3, {push dword [WORK]}
        over "push fs", STACK_BIG, 1, {push fs}
        over "pushfd", STACK_BIG, 3, {pushfd}
        over "pushfw", STACK_BIG, 1, {pushfw}
        fits "pop at the limit", STACK_BIG, 0xffc, {pop eax}, 0x1000
        over "pop past the limit", STACK_BIG, 0xffd, {pop eax}
        over "pop begins past the limit", STACK_BIG, 0x1000, {pop eax}
        fits "pop word at the limit", STACK_BIG, 0xffe, {pop ax}, 0x1000
        over "pop word past the limit", STACK_BIG, 0xfff, {pop ax}
        over "pop to memory", STACK_BIG, 0xffd, {pop dword [WORK + 0x2000]}
        over "popfd", STACK_BIG, 0xffd, {popfd}
        over "pop fs", STACK_BIG, 0xfff, {pop fs}
        over "pop esp", STACK_BIG, 0xffd, {pop esp}
        ; The memory operand of POP with base ESP counts from the raised ESP.
        mov dword [WORK + 0x800], 0x13579bdf
        fits "pop [esp+n]", STACK_BIG, 0x800, {pop dword [esp + 0x100]}, 0x804
        check "pop [esp+n] stores above the new ESP", [WORK + 0x904], 0x13579bdf
        over "pop [esp+n] past the limit", STACK_BIG, 0x800, {pop dword [esp + 0x7f9]}
        mov dword [WORK + 0x900], 0x2468ace0
        fits "push [esp]", STACK_BIG, 0x900, {push dword [esp]}, 0x8fc
        check "push [esp] reads before it moves", [WORK + 0x8fc], 0x2468ace0
        fits "push esp", STACK_BIG, 0x900, {push esp}, 0x8fc
        check "push esp stores the old value", [WORK + 0x8fc], 0x900
        ; The source of PUSH is read first, its fault wins.
        desc T0 + 48, WORK, 0, A_DATA_W | A_DPL3, G_BYTE32
        arm
        to_ring3
        push dword (T0 + 48) | 3
        pop fs
        push dword STACK_BIG
        pop ss
        mov esp, 0
        mark
        push dword [fs:4]
        want_fault "push memory: the operand's #GP comes before #SS", GP, 0
        arm
        to_ring3
        push dword (T0 + 48) | 3
        pop fs
        push dword STACK_BIG
        pop ss
        mov esp, 0xffd
        mark
        pop dword [fs:4]
        want_fault "pop memory: #SS of the read comes before the operand's #GP", SS_, 0
        arm
        to_ring3
        push dword (T0 + 48) | 3
        pop fs
        push dword STACK_BIG
        pop ss
        mov esp, 0x800
        mark
        pop dword [fs:4]
        want_fault "pop memory: destination fault", GP, 0
        check "pop memory: destination fault leaves ESP", [rec_esp], 0x800
        ret

; On a 16-bit stack only SP counts and moves; the upper half of ESP stays.
small_stack:
        fits "small: push", STACK_SMALL, 0x12340100, {push eax}, 0x123400fc
        fits "small: pop", STACK_SMALL, 0x12340100, {pop eax}, 0x12340104
        fits "small: push word down to 0", STACK_SMALL, 0xabcd0002, {push ax}, 0xabcd0000
        over "small: push wraps SP past the limit", STACK_SMALL, 0xabcd0000, {push ax}
        over "small: pop past the limit", STACK_SMALL, 0xabcd0fff, {pop ax}
        fits "64K: push wraps SP from 0", STACK_64K, 0x55550000, {push ax}, 0x5555fffe
        fits "64K: push dword wraps SP from 0", STACK_64K, 0x55550000, {push eax}, 0x5555fffc
        over "64K: push dword across the wrap", STACK_64K, 0x55550002, {push eax}
        over "64K: push word across the wrap", STACK_64K, 0x55550001, {push ax}
        fits "64K: pop word at FFFE wraps SP", STACK_64K, 0x5555fffe, {pop ax}, 0x55550000
        fits "64K: pop dword at FFFC wraps SP", STACK_64K, 0x5555fffc, {pop eax}, 0x55550000
        over "64K: pop dword across the wrap", STACK_64K, 0x5555fffe, {pop eax}
        over "64K: pop word across the wrap", STACK_64K, 0x5555ffff, {pop ax}
        fits "64K: call pushes on SP", STACK_64K, 0x77770100, {call end_here}, 0x777700fc
        fits "64K: add esp is 32-bit", STACK_64K, 0x7777fffc, {add esp, 8}, 0x77780004
        mov dword [WORK + 0x100], 0x00000055
        fits "64K: leave uses BP", STACK_64K, 0x77770000, {call leave_bp}, 0x77770106
        fits "64K: pusha wraps", STACK_64K, 0x77770010, {pushad}, 0x7777fff0
        over "64K: pusha across the wrap", STACK_64K, 0x7777000e, {pushad}
        fits "64K: popa wraps", STACK_64K, 0x7777fff0, {popad}, 0x77770010
        ret

end_here:
        int END_TRIAL

; LEAVE: SP from BP, upper half of ESP kept; then EBP popped. Tests ESP through
; a frame that LEAVE itself drops: the return address is pushed anew.
leave_bp:
        pop edx                         ; the return address of the trial
        mov ebp, 0x99990102
        leave
        jmp edx

expand_down:
        fits "down: push at the lowest place", STACK_DOWN, 0x1004, {push eax}, 0x1000
        over "down: push below", STACK_DOWN, 0x1003, {push eax}
        over "down: push at the bottom", STACK_DOWN, 0x1000, {push eax}
        fits "down: pop at the lowest place", STACK_DOWN, 0x1000, {pop eax}, 0x1004
        over "down: pop below", STACK_DOWN, 0xfff, {pop eax}
        fits "down: push from ESP 0 goes to the top", STACK_DOWN, 0, {push eax}, 0xfffffffc
        fits "down: pop at the top wraps ESP", STACK_DOWN, 0xfffffffc, {pop eax}, 0
        fits "down small: push from SP 0", STACK_DOWN_SMALL, 0x30000, {push eax}, 0x3fffc
        over "down small: push below", STACK_DOWN_SMALL, 0x31002, {push eax}
        fits "down small: push at the lowest place", STACK_DOWN_SMALL, 0x31004, {push eax}, 0x31000
        over "down small: pop across the top", STACK_DOWN_SMALL, 0x3fffe, {pop eax}
        ret

; PUSHA and POPA store and load all or nothing that can be seen in registers.
many:
        fits "pushad down to 0", STACK_BIG, 0x20, {pushad}, 0
        over "pushad across 0", STACK_BIG, 0x1e, {pushad}
        over "pushad from 0", STACK_BIG, 0, {pushad}
        over "pushad above the limit", STACK_BIG, 0x1010, {pushad}
        fits "pusha word down to 0", STACK_BIG, 0x10, {pushaw}, 0
        over "pusha word across 0", STACK_BIG, 0x0f, {pushaw}
        fits "popad at the limit", STACK_BIG, 0xfe0, {popad}, 0x1000
        mov esi, 0x0badcafe
        mov edi, 0x0badf00d
        mov ebx, 0x0bad0001
        mov dword [WORK + 0xfe8], 0x11111111
        over "popad past the limit", STACK_BIG, 0xfe4, {popad}
        check "popad past the limit leaves ESI", esi, 0x0badcafe
        check "popad past the limit leaves EDI", edi, 0x0badf00d
        check "popad past the limit leaves EBX", ebx, 0x0bad0001
        fits "popa word at the limit", STACK_BIG, 0xff0, {popaw}, 0x1000
        over "popa word past the limit", STACK_BIG, 0xff2, {popaw}
        ret

frames:
        mov ebp, 0x900
        fits "enter 0", STACK_BIG, 0x800, {enter 0x10, 0}, 0x7ec
        check "enter 0: EBP", ebp, 0x7fc
        mov ebp, 0x900
        over "enter 0 on a full stack", STACK_BIG, 0x2, {enter 0, 0}
        check "enter 0 on a full stack leaves EBP", ebp, 0x900
        ; ENTER probes the final stack pointer for a write.
        mov ebp, 0x900
        over "enter whose room is below the stack", STACK_BIG, 0x20, {enter 0x40, 0}
        check "enter whose room is below the stack leaves EBP", ebp, 0x900
        mov dword [WORK + 0x8fc], 0xaaaa0001
        mov dword [WORK + 0x8f8], 0xaaaa0002
        mov ebp, 0x900
        fits "enter 3", STACK_BIG, 0x800, {enter 8, 3}, 0x7e8
        check "enter 3: EBP", ebp, 0x7fc
        check "enter 3: old EBP", [WORK + 0x7fc], 0x900
        check "enter 3: first display", [WORK + 0x7f8], 0xaaaa0001
        check "enter 3: second display", [WORK + 0x7f4], 0xaaaa0002
        check "enter 3: new frame", [WORK + 0x7f0], 0x7fc
        mov ebp, 2
        over "enter 3 reads its display below the segment", STACK_BIG, 0x800, {enter 8, 3}
        check "enter 3 with a bad display leaves EBP", ebp, 2
        mov ebp, 0x900
        fits "enter level taken modulo 32", STACK_BIG, 0x800, {enter 0, 33}, 0x7f8
        mov dword [WORK + 0x600], 0x31415926
        mov ebp, 0x600
        fits "leave", STACK_BIG, 0x100, {leave}, 0x604
        check "leave: EBP", ebp, 0x31415926
        mov ebp, 0xffe
        over "leave past the limit", STACK_BIG, 0x100, {leave}
        check "leave past the limit leaves EBP", ebp, 0xffe
        ret

calls:
        over "call on a full stack", STACK_BIG, 2, {call end_here}
        mov eax, end_here
        over "call register on a full stack", STACK_BIG, 2, {call eax}
        over "far call on a full stack", STACK_BIG, 6, {call UCODE:end_here}
        over "ret past the limit", STACK_BIG, 0xffd, {ret}
        over "far ret past the limit", STACK_BIG, 0xffa, {retf}
        over "iret past the limit", STACK_BIG, 0xff8, {iretd}
        mov dword [WORK + 0x700], end_here
        mov dword [WORK + 0x704], UCODE
        fits "ret n", STACK_BIG, 0x700, {ret 0x10}, 0x714
        fits "ret n does not check the room it drops", STACK_BIG, 0x700, {ret 0xffff}, 0x10703
        fits "far ret n", STACK_BIG, 0x700, {retf 0x10}, 0x718
        fits "call down to 0", STACK_BIG, 4, {call end_here}, 0
        fits "far call down to 0", STACK_BIG, 8, {call UCODE:end_here}, 0
        check_bits "far call pushes CS", [WORK + 4], 0xffff, UCODE
        ret

image_end:
