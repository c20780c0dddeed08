; SYSENTER and SYSEXIT (SDM 2B).
%include "common.inc"

MSR_CS          equ 0x174
MSR_ESP         equ 0x175
MSR_EIP         equ 0x176

%macro msr 2
        push eax
        push ecx
        push edx
        mov ecx, %1
        mov eax, %2
        xor edx, edx
        wrmsr
        pop edx
        pop ecx
        pop eax
%endmacro

test_main:
        test dword [cpuid_edx], 1 << 11
        jnz .have
        skip "sysenter", "no SEP"
        check "no SEP", 0, 0
        ret
.have:
        ; Four descriptors in a row: T0 code 0, data 0, code 3, data 3.
        desc T0, 0, 0xfffff, A_CODE_R, G_PAGE32
        desc T0 + 8, 0, 0xfffff, A_DATA_W, G_PAGE32
        desc T0 + 0x10, 0, 0xfffff, A_CODE_R | A_DPL3, G_PAGE32
        desc T0 + 0x18, 0, 0xfffff, A_DATA_W | A_DPL3, G_PAGE32
        msr MSR_CS, 0
        try
        sysenter
        want_fault "sysenter with CS 0", GP, 0
        msr MSR_CS, 3
        try
        sysenter
        want_fault "sysenter with CS 3: null whatever its RPL", GP, 0
        msr MSR_CS, T0
        msr MSR_ESP, WORK + 0x8000
        msr MSR_EIP, entry
        mov eax, 0x11112222
        arm
        to_ring3
        sysenter
        want_ok "sysenter from ring 3"
        check "sysenter: CS", [rec_cs], T0
        check "sysenter: SS", [rec_ss], T0 + 8
        check "sysenter: ESP", [rec_esp], WORK + 0x8000
        check "sysenter: EIP", [rec_eip], entry + 2
        check "sysenter: EAX stays", eax, 0x11112222
        arm
        push dword FL_IF | FL_IOPL | 2
        popfd
        to_ring3
        sysenter
        done
        cli
        check_bits "sysenter clears IF, keeps IOPL", [rec_efl], FL_IF | FL_IOPL, FL_IOPL
        push dword 2
        popfd
        ; From ring 0 as well; RPL of the MSR is cleared.
        msr MSR_CS, T0 | 3
        try
        sysenter
        want_ok "sysenter from ring 0"
        check "sysenter: RPL of the MSR is cleared in CS", [rec_cs], T0
        check "sysenter: RPL of the MSR is cleared in SS", [rec_ss], T0 + 8
        ; The descriptors themselves are not read.
        desc T0, 0, 0, 0, 0
        desc T0 + 8, 0, 0, 0, 0
        msr MSR_EIP, entry_fixed
        arm
        to_ring3
        sysenter
        want_ok "sysenter does not read descriptors"
        desc T0, 0, 0xfffff, A_CODE_R, G_PAGE32
        desc T0 + 8, 0, 0xfffff, A_DATA_W, G_PAGE32
        msr MSR_CS, T0
        ; SYSEXIT.
        mov edx, .there
        mov ecx, WORK + 0x9000
        mov ebx, 0x33334444
        arm
        sysexit
.there: nop
        want_ok "sysexit"
        check "sysexit: CS", [rec_cs], (T0 + 0x10) | 3
        check "sysexit: SS", [rec_ss], (T0 + 0x18) | 3
        check "sysexit: ESP", [rec_esp], WORK + 0x9000
        check "sysexit: EBX stays", ebx, 0x33334444
        arm
        to_ring3
        mark
        sysexit
        want_fault "sysexit in ring 3", GP, 0
        msr MSR_CS, 0
        try
        sysexit
        want_fault "sysexit with CS 0", GP, 0
        msr MSR_CS, T0
        ; Data segments are not nulled on the way out.
        desc T0 + 0x20, WORK, 0xfff, A_DATA_W, G_BYTE32
        mov edx, .there2
        mov ecx, WORK + 0x9000
        arm
        push dword T0 + 0x20
        pop fs
        sysexit
.there2:
        done
        check "sysexit leaves FS of ring 0", [rec_fs], T0 + 0x20
        ; There and back.
        msr MSR_EIP, .service
        msr MSR_ESP, WORK + 0x8000
        mov esi, 5
        arm
        to_ring3
        mov ecx, esp
        mov edx, .return
        sysenter
.service:
        add esi, 37
        sysexit
.return:
        want_ok "sysenter and sysexit"
        check "sysenter and sysexit: result", esi, 42
        check "sysenter and sysexit: ESP", [rec_esp], esp
        check_bits "sysenter and sysexit: CPL", [rec_cs], 3, 3
        ; The MSRs read back; in ring 3 they can't be read.
        mov ecx, MSR_ESP
        rdmsr
        check "MSR 175h reads back", eax, WORK + 0x8000
        msr MSR_CS, 0
        ret

entry:  int END_TRIAL
entry_fixed:
        mov dword [gdt + T0], 0x0000ffff
        mov dword [gdt + T0 + 4], 0x00cf9b00
        mov dword [gdt + T0 + 8], 0x0000ffff
        mov dword [gdt + T0 + 12], 0x00cf9300
        int END_TRIAL
image_end:
