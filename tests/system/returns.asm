; RETF and IRET: to the same and to an outer ring, what they refuse and in which
; order, nulled data segments, and the flags that IRET may change (SDM 2A IRET,
; 2B RET; 3A 5.8.6).
%include "common.inc"

CODE            equ T0
STACK           equ T0 + 8
DATA            equ T0 + 0x10

; retf_frame EIP, CS[, ESP, SS]; iret_frame EIP, CS, EFLAGS[, ESP, SS].
%macro retf_frame 2-4
%if %0 = 4
        push dword %4
        push dword %3
%endif
        push dword %2
        push dword %1
%endmacro
%macro iret_frame 3-5
%if %0 = 5
        push dword %5
        push dword %4
%endif
        push dword %3
        push dword %2
        push dword %1
%endmacro
; retf_refused NAME, VECTOR, CODE, frame...
%macro retf_refused 4+
        arm
        retf_frame %4
        mov ebx, esp
        mark
        retf
        want_fault {"retf ", %1}, %2, %3
        check {"retf ", %1, ": ESP"}, [rec_esp], ebx
        check {"retf ", %1, ": CS"}, [rec_cs], KCODE
%endmacro
%macro iret_refused 4+
        arm
        iret_frame %4
        mov ebx, esp
        mark
        iretd
        want_fault {"iret ", %1}, %2, %3
        check {"iret ", %1, ": ESP"}, [rec_esp], ebx
        check {"iret ", %1, ": CS"}, [rec_cs], KCODE
%endmacro

test_main:
        call same_ring
        call outer_ring
        call nulled
        call code_refusals
        call stack_refusals
        call from_ring3
        call flags
        call sixteen
        ret

arrive: int END_TRIAL

same_ring:
        arm
        retf_frame arrive, KCODE
        retf
        want_ok "retf in ring 0"
        check "retf in ring 0: ESP", [rec_esp], esp
        arm
        push dword 1
        push dword 2
        retf_frame arrive, KCODE
        retf 8
        want_ok "retf 8 in ring 0"
        check "retf 8 in ring 0: ESP", [rec_esp], esp
        arm
        iret_frame arrive, KCODE, 2
        iretd
        want_ok "iret in ring 0"
        check "iret in ring 0: ESP", [rec_esp], esp
        arm
        retf_frame arrive, 0x12340000 | KCODE
        retf
        want_ok "retf ignores the upper half of the CS slot"
        desc CODE, 0, 0xfffff, A_CONF_R, G_PAGE32
        arm
        retf_frame arrive, CODE
        retf
        want_ok "retf to conforming code"
        ret

outer_ring:
        arm
        retf_frame arrive, UCODE, STACK_TOP - 0x1000, UDATA
        retf
        want_ok "retf to ring 3"
        check "retf to ring 3: CS", [rec_cs], UCODE
        check "retf to ring 3: SS", [rec_ss], UDATA
        check "retf to ring 3: ESP", [rec_esp], STACK_TOP - 0x1000
        check "retf to ring 3: EIP", [rec_eip], arrive + 2
        arm
        push dword UDATA
        push dword STACK_TOP - 0x1000
        push dword 0
        push dword 0
        retf_frame arrive, UCODE
        retf 8
        want_ok "retf 8 to ring 3"
        check "retf 8 to ring 3: drops on both stacks", [rec_esp], STACK_TOP - 0x1000 + 8
        check "retf 8 to ring 3: SS", [rec_ss], UDATA
        arm
        iret_frame arrive, UCODE, 2, STACK_TOP - 0x1000, UDATA
        iretd
        want_ok "iret to ring 3"
        check "iret to ring 3: CS", [rec_cs], UCODE
        check "iret to ring 3: SS", [rec_ss], UDATA
        check "iret to ring 3: ESP", [rec_esp], STACK_TOP - 0x1000
        arm
        iret_frame arrive, CODE1, 2, STACK_TOP - 0x1000, DATA1
        iretd
        want_ok "iret to ring 1"
        check "iret to ring 1: CS", [rec_cs], CODE1
        check "iret to ring 1: SS", [rec_ss], DATA1
        desc CODE, 0, 0xfffff, A_CONF_R | A_DPL1, G_PAGE32
        arm
        iret_frame arrive, CODE | 3, 2, STACK_TOP - 0x1000, UDATA
        iretd
        want_ok "iret to ring 3 in conforming code of ring 1"
        check "iret to conforming code: CPL is the RPL", [rec_cs], CODE | 3
        ; A 16-bit stack out there.
        desc STACK, WORK, 0xffff, A_DATA_W | A_DPL3, G_BYTE16
        arm
        iret_frame arrive, UCODE, 2, 0x12345678, STACK | 3
        iretd
        want_ok "iret to a 16-bit stack"
        check_bits "iret to a 16-bit stack: SP", [rec_esp], 0xffff, 0x5678
        ret

; Data segments that the outer ring may not hold become null.
nulled:
        desc DATA, WORK, 0xfff, A_DATA_W, G_BYTE32
        desc DATA + 8, WORK, 0xfff, A_DATA_W | A_DPL2, G_BYTE32
        desc CODE, 0, 0xfffff, A_CONF_R, G_PAGE32
        desc CODE + 0x20, 0, 0xfffff, A_CODE_R, G_PAGE32
%macro nulls 2                  ; name, insn with its frame
        arm
        push dword DATA
        pop ds
        push dword (DATA + 8) | 2
        pop es
        push dword CODE
        pop fs
        push dword CODE + 0x20
        pop gs
        %2
        want_ok {%1, " with segments of inner rings"}
        check {%1, ": DS of ring 0 is null"}, [rec_ds], 0
        check {%1, ": ES of ring 2 is null"}, [rec_es], 0
        check {%1, ": FS, conforming code, stays"}, [rec_fs], CODE
        check {%1, ": GS, code of ring 0, is null"}, [rec_gs], 0
%endmacro
%macro do_retf 0
        retf_frame arrive, UCODE, STACK_TOP - 0x1000, UDATA
        retf
%endmacro
%macro do_iret 0
        iret_frame arrive, UCODE, 2, STACK_TOP - 0x1000, UDATA
        iretd
%endmacro
        nulls "retf", do_retf
        nulls "iret", do_iret
        arm
        push dword UDATA & ~3
        pop ds
        do_iret
        want_ok "iret with segments of ring 3"
        check "iret: DS of DPL 3 with RPL 0 stays", [rec_ds], UDATA & ~3
        ; To ring 2 a segment of ring 2 stays.
        arm
        push dword (DATA + 8) | 2
        pop es
        push dword DATA
        pop fs
        iret_frame arrive, CODE2, 2, STACK_TOP - 0x1000, DATA2
        iretd
        want_ok "iret to ring 2 with segments"
        check "iret to ring 2: ES of ring 2 stays", [rec_es], (DATA + 8) | 2
        check "iret to ring 2: FS of ring 0 is null", [rec_fs], 0
        ; The nulled segment can't be used.
        arm
        push dword DATA
        pop fs
        retf_frame .use, UCODE, STACK_TOP - 0x1000, UDATA
        retf
.use:
        mark
        mov eax, [fs:0]
        want_fault "use of a nulled segment", GP, 0
        ret

code_refusals:
%macro both 4                   ; name, vector, code, CS
        retf_refused %1, %2, %3, arrive, %4, STACK_TOP - 0x1000, UDATA
        iret_refused %1, %2, %3, arrive, %4, 2, STACK_TOP - 0x1000, UDATA
%endmacro
        both "to null", GP, 0, 0
        both "to null with RPL 3", GP, 0, 3
        both "to beyond the GDT", GP, GDT_SIZE, GDT_SIZE | 3
        both "to no LDT", GP, 4, 7
        both "to data", GP, UDATA & ~3, UDATA
        both "to a TSS", GP, TSS_B, TSS_B
        gate CODE, KCODE, arrive, A_CALL32 | A_DPL3, 0
        both "to a call gate", GP, CODE, CODE
        both "to ring-3 code with RPL 0", GP, UCODE & ~3, UCODE & ~3
        both "to ring-3 code with RPL 1", GP, UCODE & ~3, (UCODE & ~3) | 1
        both "to ring-0 code with RPL 3", GP, KCODE, KCODE | 3
        desc CODE, 0, 0xfffff, A_CONF_R | A_DPL3, G_PAGE32
        both "to conforming code of DPL 3 with RPL 0", GP, CODE, CODE
        both "to conforming code of DPL 3 with RPL 2", GP, CODE, CODE | 2
        desc CODE, 0, 0xfffff, A_CODE_R & 0x7f, G_PAGE32
        both "to absent code", NP, CODE, CODE
        desc CODE, 0, 0xfffff, (A_CODE_R | A_DPL3) & 0x7f, G_PAGE32
        both "to absent code of ring 3", NP, CODE, CODE | 3
        both "to absent code of ring 3 with RPL 1: privilege first", GP, CODE, CODE | 1
        desc CODE, 0, 0xfffff, (A_DATA_W | A_DPL3) & 0x7f, G_PAGE32
        both "to absent data: type first", GP, CODE, CODE | 3
        desc CODE, IMAGE_BASE, 0xff, A_CODE_R | A_DPL3, G_BYTE32
        retf_refused "to beyond the limit of ring-3 code", GP, 0, 0x100, CODE | 3, STACK_TOP - 0x1000, UDATA
        iret_refused "to beyond the limit of ring-3 code", GP, 0, 0x100, CODE | 3, 2, STACK_TOP - 0x1000, UDATA
        ret

stack_refusals:
%macro both_ss 4                ; name, vector, code, SS
        retf_refused %1, %2, %3, arrive, UCODE, STACK_TOP - 0x1000, %4
        iret_refused %1, %2, %3, arrive, UCODE, 2, STACK_TOP - 0x1000, %4
%endmacro
        both_ss "to SS null", GP, 0, 0
        both_ss "to SS null with RPL 3", GP, 0, 3
        both_ss "to SS beyond the GDT", GP, GDT_SIZE, GDT_SIZE | 3
        both_ss "to SS with RPL 0", GP, UDATA & ~3, UDATA & ~3
        both_ss "to SS of DPL 0, RPL 3", GP, KDATA, KDATA | 3
        both_ss "to SS of DPL 0, RPL 0", GP, KDATA, KDATA
        both_ss "to SS that is code", GP, UCODE & ~3, UCODE
        desc STACK, WORK, 0xfff, A_DATA_R | A_DPL3, G_BYTE32
        both_ss "to SS read-only", GP, STACK, STACK | 3
        desc STACK, WORK, 0xfff, (A_DATA_W | A_DPL3) & 0x7f, G_BYTE32
        ; #SS for IRET too: so says its operation in the SDM, and silicon (Linux,
        ; selftests/x86/sigreturn.c, on CVE-2014-9322). Its list of exceptions in
        ; the SDM says #NP, which QEMU and Bochs follow.
        both_ss "to SS absent", SS_, STACK, STACK | 3
        desc STACK, WORK, 0xfff, (A_DATA_R | A_DPL3) & 0x7f, G_BYTE32
        both_ss "to SS absent and read-only: type first", GP, STACK, STACK | 3
        ; Code is checked before the stack.
        desc CODE, 0, 0xfffff, (A_CODE_R | A_DPL3) & 0x7f, G_PAGE32
        retf_refused "to absent code, SS null: code first", NP, CODE, arrive, CODE | 3, 0, 0
        iret_refused "to absent code, SS null: code first", NP, CODE, arrive, CODE | 3, 2, 0, 0
        ret

; From ring 3 nothing leads inward.
from_ring3:
        arm
        to_ring3
        iret_frame arrive, KCODE, 2
        mark
        iretd
        want_fault "iret from ring 3 to ring 0", GP, KCODE
        arm
        to_ring3
        iret_frame arrive, KCODE | 3, 2
        mark
        iretd
        want_fault "iret from ring 3 to ring-0 code with RPL 3", GP, KCODE
        arm
        to_ring3
        retf_frame arrive, KCODE
        mark
        retf
        want_fault "retf from ring 3 to ring 0", GP, KCODE
        arm
        to_ring3
        retf_frame arrive, UCODE & ~3
        mark
        retf
        want_fault "retf from ring 3 with RPL 0", GP, UCODE & ~3
        arm
        to_ring3
        retf_frame arrive, CODE1
        mark
        retf
        want_fault "retf from ring 3 to ring 1", GP, CODE1 & ~3
        arm
        to_ring3
        iret_frame arrive, UCODE, 2
        iretd
        want_ok "iret in ring 3"
        check "iret in ring 3: ESP", [rec_esp], esp
        ret

; Flags that IRET changes, by CPL and IOPL.
flags:
ALL             equ FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_DF | FL_OF | FL_IF | FL_NT | FL_RF | FL_AC | FL_ID | FL_IOPL
%macro iret_flags 5             ; name, CPL, before, image, after
        push dword (%3) | 2
        popfd
        arm
%if %2 = 3
        to_ring3
        iret_frame %%there, UCODE, (%4) | 2
%else
        iret_frame %%there, KCODE, (%4) | 2
%endif
        iretd
%%there:
        done
        push dword 2
        popfd
        check_bits {"iret flags: ", %1}, [rec_efl], ALL & ~FL_RF, %5
%endmacro
        iret_flags "ring 0 sets all", 0, 0, ALL & ~FL_RF, ALL & ~FL_RF
        iret_flags "ring 0 clears all", 0, ALL & ~(FL_RF | FL_NT), 0, 0
        iret_flags "ring 3, IOPL 0 keeps IF and IOPL clear", 3, 0, ALL & ~FL_RF, ALL & ~(FL_IF | FL_IOPL | FL_RF)
        iret_flags "ring 3, IOPL 0 keeps IF set", 3, FL_IF, 0, FL_IF
        iret_flags "ring 3, IOPL 3 sets IF", 3, FL_IOPL, FL_IF, FL_IF | FL_IOPL
        iret_flags "ring 3, IOPL 3 clears IF, keeps IOPL", 3, FL_IOPL | FL_IF, 0, FL_IOPL
        iret_flags "ring 3 can't set VM", 3, FL_IOPL, FL_VM | FL_CF, FL_CF | FL_IOPL
        iret_flags "reserved bits stay", 0, 0, 0xffc08028, 0
        check_bits "iret flags: reserved bits read as fixed", [rec_efl], 0xffc0802a, 2
        ; IRETW touches the lower half alone.
        push dword FL_AC | FL_ID | 2
        popfd
        arm
        push word FL_CF | 2
        push word KCODE16
        push word OFF16(.there)
        iretw
        bits 16
.there:
        int END_TRIAL
        bits 32
%$after:
        push dword 2
        popfd
        check "iretw: no fault", [rec_vector], END_TRIAL
        check_bits "iretw keeps the upper flags", [rec_efl], ALL & ~FL_RF, FL_AC | FL_ID | FL_CF
        %pop
        ; VIF and VIP at CPL 0 come from the image.
        arm
        iret_frame arrive, KCODE, FL_VIF | FL_VIP | 2
        iretd
        done
        push dword 2
        popfd
        check_bits "iret at CPL 0 sets VIF and VIP", [rec_efl], FL_VIF | FL_VIP, FL_VIF | FL_VIP
        ; POPF for comparison.
%macro popf_flags 5             ; name, CPL, before, image, after
        push dword (%3) | 2
        popfd
        arm
%if %2 = 3
        to_ring3
%endif
        push dword (%4) | 2
        popfd
        done
        push dword 2
        popfd
        check_bits {"popf: ", %1}, [rec_efl], ALL, %5
%endmacro
        popf_flags "ring 0 sets all but RF", 0, 0, ALL, ALL & ~FL_RF
        popf_flags "ring 0 clears all", 0, ALL & ~FL_RF, 0, 0
        popf_flags "ring 3, IOPL 0 keeps IF and IOPL", 3, 0, ALL, ALL & ~(FL_IF | FL_IOPL | FL_RF)
        popf_flags "ring 3, IOPL 0 keeps IF set", 3, FL_IF, 0, FL_IF
        popf_flags "ring 3, IOPL 3 sets IF, keeps IOPL", 3, FL_IOPL, FL_IF, FL_IF | FL_IOPL
        popf_flags "ring 3, IOPL 2 keeps IF", 3, 0x2000 | FL_IF, 0, 0x2000 | FL_IF
        popf_flags "VM can't be set", 0, 0, FL_VM | FL_CF, FL_CF
        push dword 2
        popfd
        push dword FL_VIF | FL_VIP | 2
        popfd
        pushfd
        pop eax
        check_bits "popf can't set VIF and VIP", eax, FL_VIF | FL_VIP, 0
        ret

; Operand size 16: words are popped.
sixteen:
        desc CODE, IMAGE_BASE, 0xffff, A_CODE_R | A_DPL3, G_BYTE32
        desc CODE + 0x20, IMAGE_BASE, 0xffff, A_CODE_R, G_BYTE32
        arm
        push word CODE + 0x20
        push word OFF16(arrive)
        o16 retf
        want_ok "16-bit retf in ring 0"
        check "16-bit retf in ring 0: ESP", [rec_esp], esp
        check "16-bit retf in ring 0: EIP", [rec_eip], OFF16(arrive) + 2
        desc STACK, WORK, 0xffff, A_DATA_W | A_DPL3, G_BYTE32
        arm
        push word STACK | 3
        push word 0x1234
        push word 0
        push word 0
        push word CODE | 3
        push word OFF16(arrive)
        o16 retf 4
        want_ok "16-bit retf 4 to ring 3"
        check "16-bit retf 4 to ring 3: ESP", [rec_esp], 0x1238
        check "16-bit retf 4 to ring 3: CS", [rec_cs], CODE | 3
        check "16-bit retf 4 to ring 3: SS", [rec_ss], STACK | 3
        arm
        push word STACK | 3
        push word 0x1234
        push word 2
        push word CODE | 3
        push word OFF16(arrive)
        o16 iret
        want_ok "16-bit iret to ring 3"
        check "16-bit iret to ring 3: ESP", [rec_esp], 0x1234
        check "16-bit iret to ring 3: CS", [rec_cs], CODE | 3
        ret
image_end:
