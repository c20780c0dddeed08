; Task switches with 16-bit TSS, and between both forms (SDM 3A 7.6).
%include "common.inc"
%include "tasks.inc"

TSS_C           equ T0
GATE            equ T0 + 8

test_main:
        call into_16
        call back_from_16
        call from_16
        call interrupts
        ret

        bits 16
arrive16:
        int END_TRIAL
body16: inc ax
        iret
body16_again:
        inc ax
        iret
        bits 32
arrive: int END_TRIAL

; 32-bit to 16-bit: words are loaded, FS and GS become null.
into_16:
        mov eax, OFF16(arrive16)
        call new_task16
        mov word [tss_b + T16_FL], FL_CF | FL_DF | 2
        push dword KDATA
        pop fs
        arm
        mov eax, 0xa0000001
        jmp TSS_B:0
.back:
        done
        cld
        check "into 16: no fault", [rec_vector], END_TRIAL
        check "into 16: CS", [rec_cs], KCODE16
        check "into 16: EIP", [rec_eip], OFF16(arrive16) + 2
        check_bits "into 16: AX", [rec_eax], 0xffff, 0x1601
        check_bits "into 16: CX", [rec_ecx], 0xffff, 0x1602
        check_bits "into 16: DX", [rec_edx], 0xffff, 0x1603
        check_bits "into 16: BX", [rec_ebx], 0xffff, 0x1604
        check_bits "into 16: BP", [rec_ebp], 0xffff, 0x1605
        check_bits "into 16: SI", [rec_esi], 0xffff, 0x1606
        check_bits "into 16: DI", [rec_edi], 0xffff, 0x1607
        check_bits "into 16: FLAGS", [rec_efl], 0xffff, FL_CF | FL_DF | 2
        check "into 16: DS", [rec_ds], UDATA
        check "into 16: FS is null", [rec_fs], 0
        check "into 16: GS is null", [rec_gs], 0
        check "into 16: the old EIP saved in 32 bits", [tss + T_EIP], .back
        check "into 16: the old EAX saved", [tss + T_EAX], 0xa0000001
        access_is "into 16: the new task is busy", TSS_B, A_TSS16_BUSY
        access_is "into 16: the old task is available", TSS_MAIN, A_TSS32
        check "into 16: nothing written behind the TSS", [tss_b + 44], 0xdddddddd
        call first_task
        ; By CALL: the link is a word.
        mov eax, OFF16(arrive16)
        call new_task16
        arm
        call TSS_B:0
        done
        check_bits "call into 16: link", [tss_b + T16_LINK], 0xffff, TSS_MAIN
        check_bits "call into 16: the next word stays", [tss_b + T16_SP0], 0xffff, 0x4000
        check_bits "call into 16: NT", [rec_efl], FL_NT, FL_NT
        call first_task
        ret

back_from_16:
        mov eax, OFF16(body16)
        call new_task16
        mov edi, 0x1d1d1d1d
        mov ebx, esp
        push dword KDATA
        pop fs
        try
        call TSS_B:0
        mov ecx, fs
        want_ok "call into 16 and back"
        check "call into 16 and back: EDI", edi, 0x1d1d1d1d
        check "call into 16 and back: ESP", ebx, esp
        check "call into 16 and back: FS", ecx, KDATA
        check_bits "call into 16 and back: AX saved", [tss_b + T16_AX], 0xffff, 0x1602
        check_bits "call into 16 and back: IP saved", [tss_b + T16_IP], 0xffff, OFF16(body16_again)
        check_bits "call into 16 and back: SP saved", [tss_b + T16_SP], 0xffff, 0x8000
        check_bits "call into 16 and back: SS saved", [tss_b + T16_SS], 0xffff, SEL_STACK16
        check_bits "call into 16 and back: CS saved", [tss_b + T16_CS], 0xffff, KCODE16
        check_bits "call into 16 and back: LDT not written", [tss_b + T16_LDT], 0xffff, 0
        check_bits "call into 16 and back: FLAGS saved without NT", [tss_b + T16_FL], FL_NT, 0
        check "call into 16 and back: nothing written behind the TSS", [tss_b + 44], 0xdddddddd
        access_is "call into 16 and back: available", TSS_B, A_TSS16
        tr_is "call into 16 and back: TR", TSS_MAIN
        call first_task
        ret

; The current task is 16-bit: what runs in it is saved in words.
from_16:
        mov eax, OFF16(arrive16)
        call new_task16
        mov eax, TSS_B
        ltr ax
        access_is "ltr of a 16-bit TSS", TSS_B, A_TSS16_BUSY
        desc TSS_C, PA(tss), 103, A_TSS32, G_BYTE16
        mov dword [tss + T_EIP], arrive
        mov dword [tss + T_CS], KCODE
        mov dword [tss + T_SS], KDATA
        mov dword [tss + T_DS], UDATA
        mov dword [tss + T_ES], UDATA
        mov dword [tss + T_FS], UDATA
        mov dword [tss + T_GS], UDATA
        mov dword [tss + T_EFL], 2
        mov dword [tss + T_ESP], TASK_STACK
        arm
        mov ebx, 0x12345678
        jmp TSS_C:0
.back:
        done
        check "from 16: no fault", [rec_vector], END_TRIAL
        check_bits "from 16: BX saved", [tss_b + T16_BX], 0xffff, 0x5678
        check_bits "from 16: IP saved", [tss_b + T16_IP], 0xffff, PA(.back) & 0xffff
        check_bits "from 16: CS saved", [tss_b + T16_CS], 0xffff, KCODE
        check_bits "from 16: DS saved", [tss_b + T16_DS], 0xffff, UDATA
        check "from 16: nothing written behind the TSS", [tss_b + 44], 0xdddddddd
        access_is "from 16: available", TSS_B, A_TSS16
        call first_task
        ret

; Interrupts through a task gate into a 16-bit task: the error code is a word.
interrupts:
        idt_gate GP, TSS_B, 0, A_TASK
        mov eax, OFF16(arrive16)
        call new_task16
        arm
        mov eax, 0xfff8
        mov fs, ax
        done
        check_bits "#GP into a 16-bit task: code", [TASK_STACK - 0x8004], 0xffff0000, 0xfff80000
        call first_task
        call fill_idt
        ; A ring-3 caller through a gate.
        gate GATE, TSS_B, 0, A_TASK | A_DPL3, 0
        mov eax, OFF16(body16)
        call new_task16
        arm
        to_ring3
        mark
        call GATE | 3:0
        want_ok "ring 3 calls a 16-bit task"
        check "ring 3 calls a 16-bit task: CS", [rec_cs], UCODE
        check "ring 3 calls a 16-bit task: ESP", [rec_esp], esp
        call first_task
        ret
image_end:
