; Virtual-8086 mode extensions and protected-mode virtual interrupts: VIF and
; VIP, and INT n by the redirection map (SDM 3B 20.3, 20.4).
%include "common.inc"
%include "v86.inc"
%include "bigtss.inc"

VECTOR          equ 0x72
V86_STACK       equ (V86_SS << 4) + V86_SP
FLAGS_SEEN      equ FL_IF | FL_IOPL | FL_VIF | FL_VIP | FL_VM | FL_TF

test_main:
        test dword [cpuid_edx], 2
        jnz .have
        skip "vme", "no VME"
        check "no VME", 0, 0
        ret
.have:
        call v86_setup
        call use_big_tss
        mov eax, cr4
        or eax, 3               ; VME, PVI
        mov cr4, eax
        call flag_instructions
        call stack_instructions
        call interrupts
        call pvi
        call without
        ret

flag_instructions:
        v86_ends "cli, IOPL 0", v_cli, FL_VIF | FL_IF
        check_bits "cli, IOPL 0: VIF cleared, IF kept", [rec_efl], FLAGS_SEEN, FL_IF | FL_VM
        v86_ends "sti, IOPL 0", v_sti, 0
        check_bits "sti, IOPL 0: VIF set, IF kept", [rec_efl], FLAGS_SEEN, FL_VIF | FL_VM
        v86_faults "sti with VIP, IOPL 0", v_sti, FL_VIP, GP, 0
        check_bits "sti with VIP, IOPL 0: VIF kept", [rec_efl], FL_VIF, 0
        v86_ends "cli with VIP, IOPL 0", v_cli, FL_VIP
        check_bits "cli with VIP, IOPL 0: flags", [rec_efl], FLAGS_SEEN, FL_VIP | FL_VM
        v86_ends "cli, IOPL 3", v_cli, FL_IOPL | FL_IF | FL_VIF
        check_bits "cli, IOPL 3: IF cleared, VIF kept", [rec_efl], FLAGS_SEEN, FL_IOPL | FL_VIF | FL_VM
        v86_ends "sti, IOPL 3, VIP", v_sti, FL_IOPL | FL_VIP
        check_bits "sti, IOPL 3, VIP: IF set", [rec_efl], FLAGS_SEEN, FL_IOPL | FL_VIP | FL_IF | FL_VM
        ret

stack_instructions:
        mov dword [V86_STACK - 4], 0xffffffff
        v86_ends "pushf, IOPL 0", v_pushf, FL_VIF | FL_CF
        check_bits "pushf, IOPL 0: IF is VIF, IOPL 3", [V86_STACK - 2], 0xf201, 0x3201
        v86_ends "pushf, IOPL 0, VIF clear", v_pushf, FL_IF
        check_bits "pushf, IOPL 0, VIF clear: IF clear", [V86_STACK - 2], 0xf200, 0x3000
        v86_faults "pushfd, IOPL 0", v_pushfd, 0, GP, 0
        v86_faults "popfd, IOPL 0", v_popfd, 0, GP, 0
        v86_faults "iretd, IOPL 0", v_iretd, 0, GP, 0
        mov dword [V86_STACK], FL_IF | FL_CF | 2
        v86_ends "popf, IOPL 0", v_popf, 0
        check_bits "popf, IOPL 0: VIF from the image, IF kept", [rec_efl], FLAGS_SEEN | FL_CF, FL_VIF | FL_VM | FL_CF
        mov dword [V86_STACK], 2
        v86_ends "popf, IOPL 0, to clear", v_popf, FL_VIF | FL_IF
        check_bits "popf, IOPL 0: VIF cleared, IF kept", [rec_efl], FLAGS_SEEN, FL_IF | FL_VM
        mov dword [V86_STACK], FL_IF | 2
        v86_faults "popf that sets IF with VIP", v_popf, FL_VIP, GP, 0
        check "popf that sets IF with VIP: SP", [rec_esp], V86_SP
        mov dword [V86_STACK], 2
        v86_ends "popf that clears IF with VIP", v_popf, FL_VIP
        mov dword [V86_STACK], FL_TF | 2
        v86_faults "popf that sets TF, IOPL 0", v_popf, 0, GP, 0
        mov dword [V86_STACK], FL_IOPL | 2
        v86_ends "popf can't change IOPL", v_popf, 0
        check_bits "popf can't change IOPL: value", [rec_efl], FL_IOPL, 0
        mov word [V86_STACK], V(v_iret.end)
        mov word [V86_STACK + 2], V86_CS
        mov word [V86_STACK + 4], FL_IF | FL_CF
        v86_ends "iret, IOPL 0", v_iret, 0
        check_bits "iret, IOPL 0: VIF from the image", [rec_efl], FLAGS_SEEN | FL_CF, FL_VIF | FL_VM | FL_CF
        check "iret, IOPL 0: SP", [rec_esp], V86_SP + 6
        v86_faults "iret that sets IF with VIP", v_iret, FL_VIP, GP, 0
        check "iret that sets IF with VIP: SP", [rec_esp], V86_SP
        mov word [V86_STACK + 4], FL_TF
        v86_faults "iret that sets TF, IOPL 0", v_iret, 0, GP, 0
        ret

; INT n: the redirection bit set leads to the IDT, or to #GP below IOPL 3; clear
; it leads through the table at address 0 like on an 8086.
interrupts:
        mov word [VECTOR * 4], V(v_handler)
        mov word [VECTOR * 4 + 2], V86_CS
        v86_faults "int, bit set, IOPL 0", v_int, 0, GP, 0
        arm
        in_v86 V(v_int), FL_IOPL
        settle
        check "int, bit set, IOPL 3: the IDT", [rec_vector], VECTOR
        %pop
        and byte [REDIRECT + VECTOR / 8], ~(1 << (VECTOR & 7)) & 0xff
        arm
        in_v86 V(v_int), FL_VIF | FL_CF
        want_fault_at "int, bit clear, IOPL 0: its 8086 handler", UD, 0, V(v_handler)
        check "int, bit clear, IOPL 0: CS", [rec_cs], V86_CS
        check "int, bit clear, IOPL 0: SP", [rec_esp], V86_SP - 6
        check_bits "int, bit clear, IOPL 0: VIF cleared", [rec_efl], FLAGS_SEEN, FL_VM
        check_bits "int, bit clear, IOPL 0: return address", [V86_STACK - 6], -1, (V86_CS << 16) | V(v_int.end)
        check_bits "int, bit clear, IOPL 0: flags have IF from VIF, IOPL 3", [V86_STACK - 2], 0xf201, 0x3201
        arm
        in_v86 V(v_int), FL_IF
        want_fault_at "int, bit clear, IOPL 0, IF", UD, 0, V(v_handler)
        check_bits "int, bit clear, IOPL 0, IF: IF kept", [rec_efl], FLAGS_SEEN, FL_VM | FL_IF
        check_bits "int, bit clear, IOPL 0, IF: IF in the image is VIF", [V86_STACK - 2], 0xf200, 0x3000
        arm
        in_v86 V(v_int), FL_IOPL | FL_IF | FL_VIF
        want_fault_at "int, bit clear, IOPL 3", UD, 0, V(v_handler)
        check_bits "int, bit clear, IOPL 3: IF cleared, VIF kept", [rec_efl], FLAGS_SEEN, FL_VM | FL_IOPL | FL_VIF
        check_bits "int, bit clear, IOPL 3: flags", [V86_STACK - 2], 0xf200, 0x3200
        ; There and back.
        mov word [VECTOR * 4], V(v_return)
        v86_ends "int and iret, IOPL 0", v_int, FL_VIF
        check_bits "int and iret, IOPL 0: VIF is back", [rec_efl], FLAGS_SEEN, FL_VM | FL_VIF
        check "int and iret, IOPL 0: SP", [rec_esp], V86_SP
        ; INT3, INTO and exceptions are not redirected.
        mov byte [REDIRECT], 0
        arm
        in_v86 V(v_int3), 0
        want_fault_at "int3 is not redirected", BP_, 0, V(v_int3.end)
        ; A map that lies beyond the limit of the TSS.
        mov word [VECTOR * 4], V(v_handler)
        big_limit 104 + VECTOR / 8
        arm
        in_v86 V(v_int), 0
        want_fault_at "int, the map ends with its byte", UD, 0, V(v_handler)
        big_limit BIG_LIMIT
        ret

; Protected mode, CPL 3, IOPL below 3: CLI and STI work on VIF.
pvi:
%macro pvi_flags 4              ; name, EFLAGS, insn, EFLAGS after
        arm
        push dword UDATA
        push dword STACK_TOP - 0x1000
        push dword (%2) | 2
        push dword UCODE
        push dword %%there
        iretd
%%there:
        %3
        want_ok {"PVI: ", %1}
        check_bits {"PVI: ", %1, ": flags"}, [rec_efl], FLAGS_SEEN, %4
%endmacro
        pvi_flags "sti", 0, sti, FL_VIF
        pvi_flags "sti keeps IF", FL_IF, sti, FL_IF | FL_VIF
        pvi_flags "cli", FL_VIF | FL_IF, cli, FL_IF
        pvi_flags "sti with IOPL 3", FL_IOPL, sti, FL_IOPL | FL_IF
        pvi_flags "cli with VIP", FL_VIP, cli, FL_VIP
        arm
        push dword UDATA
        push dword STACK_TOP - 0x1000
        push dword FL_VIP | 2
        push dword UCODE
        push dword .there
        iretd
.there:
        mark
        sti
        want_fault "PVI: sti with VIP", GP, 0
        arm
        push dword 2
        popfd
        push dword DATA2
        push dword STACK_TOP - 0x1000
        push dword 2
        push dword CODE2
        push dword .ring2
        iretd
.ring2:
        mark
        sti
        want_fault "PVI is for ring 3 alone", GP, 0
        ; POPF in ring 3 leaves VIF alone.
        arm
        push dword UDATA
        push dword STACK_TOP - 0x1000
        push dword FL_VIF | 2
        push dword UCODE
        push dword .popf
        iretd
.popf:
        push dword FL_IF | 2
        popfd
        want_ok "PVI: popf"
        check_bits "PVI: popf leaves VIF and IF", [rec_efl], FLAGS_SEEN, FL_VIF
        ret

; With VME off all of it is #GP again.
without:
        mov eax, cr4
        and eax, ~3
        mov cr4, eax
        v86_faults "VME off: sti, IOPL 0", v_sti, FL_VIF, GP, 0
        v86_faults "VME off: pushf, IOPL 0", v_pushf, FL_VIF, GP, 0
        v86_faults "VME off: int, bit clear, IOPL 0", v_int, FL_VIF, GP, 0
        arm
        in_v86 V(v_int), FL_IOPL
        settle
        check "VME off: int, bit clear, IOPL 3: the IDT", [rec_vector], VECTOR
        %pop
        desc TSS_MAIN, PA(tss), 103, A_TSS32, G_BYTE16
        mov eax, TSS_MAIN
        ltr ax
        ret

        bits 16
v86_begin:
        nop
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
        v_one v_int, int VECTOR
        v_one v_iret, iret
        v_one v_iretd, iretd
        v_one v_int3, int3
v_handler:
        ud2
v_return:
        iret
v86_end:
        bits 32
image_end:
