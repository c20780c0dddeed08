; Interrupt and trap gates: frames of 16 and 32 bits, flags, error codes, the
; checks of the gate, its target and its stack, with EXT where the program did
; not ask for the interrupt (SDM 3A 6.12, 6.13; 2A INT n).
%include "common.inc"

CODE            equ T0
STACK           equ T0 + 8
V               equ 0x68                ; the vector under test
VCODE           equ V * 8 + 2           ; its error code: IDT bit set

; int_refused NAME, RING, VECTOR, CODE: INT V in that ring.
%macro int_refused 4
        arm
%if %2 = 3
        to_ring3
%endif
        mark
        int V
        want_fault %1, %3, %4
        check {%1, ": ESP"}, [rec_esp], esp
        check {%1, ": CS"}, [rec_cs], KCODE + %2 * (UCODE - KCODE) / 3
%endmacro
; int_taken NAME, RING
%macro int_taken 2
        arm
%if %2 = 3
        to_ring3
%endif
        mark
        int V
        want_ok %1
%endmacro

test_main:
        call frames
        call flags
        call outer_frames
        call error_codes
        call gate_checks
        call target_checks
        call stack_checks
        call software_checks
        call sixteen
        ret

arrive: int END_TRIAL

frames:
        idt_gate V, KCODE, arrive, A_INT32
        arm
        int V
.back:
        want_ok "int in ring 0"
        lea eax, [esp - 12]
        check "int in ring 0: ESP", [rec_esp], eax
        check "int in ring 0: CS", [rec_cs], KCODE
        idt_gate V, KCODE, .look, A_INT32
        arm
        int V
.back2:
        want_ok "int in ring 0, its frame"
        check "int in ring 0: frame EIP", eax, .back2
        check_bits "int in ring 0: frame CS", ebx, 0xffff, KCODE
        check "int in ring 0: frame EFLAGS", ecx, [arm_efl]
        ; The two-byte and the one-byte forms return behind themselves.
        idt_gate BP_, KCODE, .look, A_INT32
        arm
        int3
.back3:
        want_ok "int3"
        check "int3: frame EIP", eax, .back3
        idt_gate OF_, KCODE, .look, A_INT32
        mov al, 0x7f
        add al, 1
        arm
        into
.back4:
        want_ok "into with OF"
        check "into with OF: frame EIP", eax, .back4
        xor eax, eax
        arm
        into
.untaken:
        want_ok "into without OF"
        check "into without OF: not taken", [rec_eip], .untaken + 2
        ret
.look:
        mov eax, [esp]
        mov ebx, [esp + 4]
        mov ecx, [esp + 8]
        int END_TRIAL

; What a delivery does to the flags: IF by the gate's type; TF, NT, RF, VM off.
flags:
        idt_gate V, KCODE, .look, A_INT32
        push dword FL_IF | FL_NT | FL_DF | FL_CF | FL_IOPL | FL_AC | 2
        popfd
        arm
        int V
        done
        push dword 2
        popfd
        check_bits "interrupt gate: flags in the handler", eax, FL_IF | FL_NT | FL_TF | FL_RF | FL_DF | FL_CF | FL_IOPL | FL_AC, FL_DF | FL_CF | FL_IOPL | FL_AC
        check_bits "interrupt gate: flags in the frame", ebx, FL_IF | FL_NT | FL_TF | FL_RF | FL_DF | FL_CF | FL_IOPL | FL_AC, FL_IF | FL_NT | FL_DF | FL_CF | FL_IOPL | FL_AC
        idt_gate V, KCODE, .look, A_TRAP32
        push dword FL_IF | FL_NT | 2
        popfd
        arm
        int V
        done
        push dword 2
        popfd
        check_bits "trap gate: flags in the handler", eax, FL_IF | FL_NT, FL_IF
        check_bits "trap gate: flags in the frame", ebx, FL_IF | FL_NT | FL_RF, FL_IF | FL_NT
        ; A fault pushes RF set, a trap does not.
        idt_gate UD, KCODE, .look, A_TRAP32
        arm
        ud2
        done
        check_bits "a fault's frame has RF", ebx, FL_RF, FL_RF
        check_bits "RF is clear in its handler", eax, FL_RF, 0
        idt_gate BP_, KCODE, .look, A_TRAP32
        arm
        int3
        done
        check_bits "a trap's frame has no RF", ebx, FL_RF, 0
        call fill_idt
        ret
.look:
        mov ebx, [esp + 8]
        pushfd
        pop eax
        cld
        int END_TRIAL

outer_frames:
        idt_gate V, KCODE, arrive, A_INT32 | A_DPL3
        arm
        to_ring3
        int V
.back:
        want_ok "int from ring 3"
        check "int from ring 3: ESP", [rec_esp], STACK0_TOP - 20
        check "int from ring 3: SS", [rec_ss], KDATA
        check "int from ring 3: frame EIP", [STACK0_TOP - 20], .back
        check_bits "int from ring 3: frame CS", [STACK0_TOP - 16], 0xffff, UCODE
        check "int from ring 3: frame ESP", [STACK0_TOP - 8], esp
        check_bits "int from ring 3: frame SS", [STACK0_TOP - 4], 0xffff, UDATA
        check "int from ring 3: DS stays", [rec_ds], UDATA
        idt_gate V, CODE1, arrive, A_INT32 | A_DPL3
        int_taken "int from ring 3 to ring 1", 3
        check "int from ring 3 to ring 1: CS", [rec_cs], CODE1
        check "int from ring 3 to ring 1: SS", [rec_ss], DATA1
        check "int from ring 3 to ring 1: ESP", [rec_esp], STACK1_TOP - 20
        ; A conforming handler runs in the ring that was interrupted.
        desc CODE, 0, 0xfffff, A_CONF_R, G_PAGE32
        idt_gate V, CODE, arrive, A_INT32 | A_DPL3
        int_taken "int from ring 3 to conforming code", 3
        check "int to conforming code: CS", [rec_cs], CODE | 3
        check "int to conforming code: SS", [rec_ss], UDATA
        lea eax, [esp - 12]
        check "int to conforming code: ESP", [rec_esp], eax
        ; The RPL in the gate does not matter.
        idt_gate V, KCODE | 3, arrive, A_INT32 | A_DPL3
        int_taken "gate whose selector has RPL 3", 3
        check "gate whose selector has RPL 3: CS", [rec_cs], KCODE
        ret

; Exceptions push their code below EIP; INT n of the same vector does not.
error_codes:
        idt_gate GP, KCODE, .look, A_INT32
        arm
        to_ring3
.fault:
        hlt
        done
        check "#GP from ring 3: code", eax, 0
        check "#GP from ring 3: EIP", ebx, .fault
        check "#GP from ring 3: ESP", [rec_esp], STACK0_TOP - 24
        arm
        mov eax, 0xfff8
.fault0:
        mov fs, ax
        done
        check "#GP in ring 0: code", eax, 0xfff8
        check "#GP in ring 0: EIP", ebx, .fault0
        idt_gate GP, KCODE, .look, A_INT32 | A_DPL3
        arm
        int GP
.back:
        done
        check "int 13: no code, EIP first", eax, .back
        check_bits "int 13: then CS", ebx, 0xffff, KCODE
        lea eax, [esp - 12]
        check "int 13: ESP", [rec_esp], eax
        idt_gate DF_, KCODE, .look, A_INT32
        arm
        int DF_
.back8:
        done
        check "int 8: no code", eax, .back8
        call fill_idt
        ret
.look:
        mov eax, [esp]
        mov ebx, [esp + 4]
        int END_TRIAL

gate_checks:
        idt_gate V, KCODE, arrive, A_INT32
        int_refused "int through a gate of DPL 0 in ring 3", 3, GP, VCODE
        idt_gate V, KCODE, arrive, A_INT32 | A_DPL2
        int_refused "int through a gate of DPL 2 in ring 3", 3, GP, VCODE
        int_taken "int through a gate of DPL 2 in ring 0", 0
        idt_gate V, KCODE, arrive, A_TRAP32
        int_refused "int through a trap gate of DPL 0 in ring 3", 3, GP, VCODE
        idt_gate V, KCODE, arrive, (A_INT32 | A_DPL3) & 0x7f
        int_refused "int through an absent gate", 3, NP, VCODE
        idt_gate V, KCODE, arrive, A_INT32 & 0x7f
        int_refused "int through an absent gate of DPL 0: privilege first", 3, GP, VCODE
        idt_gate V, KCODE, arrive, A_CALL32 | A_DPL3
        int_refused "int through a call gate", 3, GP, VCODE
        idt_gate V, KCODE, arrive, A_TSS32 | A_DPL3
        int_refused "int through a TSS in the IDT", 0, GP, VCODE
        idt_gate V, KCODE, arrive, 0xe0
        int_refused "int through type 0", 0, GP, VCODE
        idt_gate V, KCODE, arrive, A_CODE_R | A_DPL3
        int_refused "int through a code descriptor", 0, GP, VCODE
        idt_gate V, 0, 0, 0
        int_refused "int through an empty entry", 0, GP, VCODE
        ; An exception does not care for the gate's DPL, but for the rest; its
        ; trouble has EXT set.
        idt_gate UD, KCODE, arrive, A_INT32
        arm
        to_ring3
        ud2
        want_ok "#UD through a gate of DPL 0 from ring 3"
        idt_gate UD, KCODE, arrive, A_INT32 & 0x7f
        arm
        to_ring3
        mark
        ud2
        want_fault "#UD through an absent gate", NP, UD * 8 + 3
        idt_gate UD, KCODE, arrive, A_CALL32
        try
        ud2
        want_fault "#UD through a call gate", GP, UD * 8 + 3
        ; The limit of the IDT.
        call fill_idt
        mov word [idt_ptr], V * 8 + 6
        lidt [idt_ptr]
        mov word [idt_ptr], 256 * 8 - 1
        mov dword [WORK], 0
        hook GP, .mend
        arm
.int:
        int V
        done
        check "int beyond the IDT limit: code", [WORK], VCODE
        mov word [idt_ptr], V * 8 + 7
        lidt [idt_ptr]
        idt_gate V, KCODE, .mend_and_end, A_INT32
        mov word [idt_ptr], 256 * 8 - 1
        arm
        int V
        want_ok "int at the IDT limit"
        hook GP, 0
        ret
.mend:
        push dword [ebp + H_CODE]
        pop dword [WORK]
        lidt [idt_ptr]
        jmp end_trial_from_hook
.mend_and_end:
        lidt [idt_ptr]
        int END_TRIAL

target_checks:
        idt_gate V, 0, arrive, A_INT32 | A_DPL3
        int_refused "gate to null", 3, GP, 0
        idt_gate V, 3, arrive, A_INT32 | A_DPL3
        int_refused "gate to null with RPL 3", 0, GP, 0
        idt_gate V, GDT_SIZE, arrive, A_INT32 | A_DPL3
        int_refused "gate to beyond the GDT", 3, GP, GDT_SIZE
        idt_gate V, KDATA, arrive, A_INT32 | A_DPL3
        int_refused "gate to data", 3, GP, KDATA
        idt_gate V, TSS_B, arrive, A_INT32 | A_DPL3
        int_refused "gate to a TSS", 3, GP, TSS_B
        idt_gate V, UCODE, arrive, A_INT32 | A_DPL3
        int_refused "gate to an outer ring", 0, GP, UCODE & ~3
        idt_gate V, 0x0c, arrive, A_INT32 | A_DPL3
        int_refused "gate to no LDT", 3, GP, 0x0c
        desc CODE, 0, 0xfffff, A_CODE_R & 0x7f, G_PAGE32
        idt_gate V, CODE, arrive, A_INT32 | A_DPL3
        int_refused "gate to absent code", 3, NP, CODE
        desc CODE, 0, 0xfffff, A_CONF_R | A_DPL3, G_PAGE32
        int_refused "gate to conforming code of an outer ring", 0, GP, CODE
        idt_gate UD, CODE, arrive, A_INT32 | A_DPL3
        try
        ud2
        want_fault "#UD to conforming code of an outer ring", GP, CODE | 1
        idt_gate UD, 0, arrive, A_INT32
        try
        ud2
        want_fault "#UD by a gate to null", GP, 1
        desc CODE, 0, 0xfffff, A_CODE_R & 0x7f, G_PAGE32
        idt_gate UD, CODE, arrive, A_INT32
        try
        ud2
        want_fault "#UD by a gate to absent code", NP, CODE | 1
        call fill_idt
        ret

; The gate leads to ring 1, so that the refusal finds a good stack in ring 0.
stack_checks:
        idt_gate V, CODE1, arrive, A_INT32 | A_DPL3
        idt_gate UD, CODE1, arrive, A_INT32
%macro int_ss 4                 ; name, selector, vector, code
        mov dword [tss + 16], %2
        int_refused %1, 3, %3, %4
        arm
        to_ring3
        mark
        ud2
        want_fault {%1, ", by #UD"}, %3, (%4) | 1
%endmacro
        int_ss "new SS null", 0, TS_, 0
        int_ss "new SS beyond the GDT", GDT_SIZE | 1, TS_, GDT_SIZE
        int_ss "new SS with RPL 0", DATA1 & ~3, TS_, DATA1 & ~3
        int_ss "new SS of DPL 3, RPL 1", (UDATA & ~3) | 1, TS_, UDATA & ~3
        int_ss "new SS is code", CODE1, TS_, CODE1 & ~3
        desc STACK, 0, 0xfffff, A_DATA_R | A_DPL1, G_PAGE32
        int_ss "new SS read-only", STACK | 1, TS_, STACK
        desc STACK, 0, 0xfffff, (A_DATA_W | A_DPL1) & 0x7f, G_PAGE32
        int_ss "new SS absent", STACK | 1, SS_, STACK
        desc STACK, WORK, 0xfff, A_DATA_W | A_DPL1, G_BYTE32
        mov dword [tss + 12], 16
        int_ss "new stack without room for 20 bytes", STACK | 1, SS_, STACK
        mov dword [tss + 12], 20
        mov dword [tss + 16], STACK | 1
        int_taken "new stack with just the room", 3
        check "new stack with just the room: ESP", [rec_esp], 0
        ; With an error code, 24 bytes.
        mov dword [tss + 12], STACK1_TOP
        mov dword [tss + 16], DATA1
        desc TSS_MAIN, PA(tss), 16, A_TSS32, G_BYTE16
        mov eax, TSS_MAIN
        ltr ax
        int_refused "TSS that ends within SS1", 3, TS_, TSS_MAIN
        desc TSS_MAIN, PA(tss), 103, A_TSS32, G_BYTE16
        mov eax, TSS_MAIN
        ltr ax
        call fill_idt
        ret

; INT3, INTO and INT n obey the gate's DPL; INT1 and exceptions do not.
software_checks:
        idt_gate BP_, KCODE, arrive, A_INT32
        arm
        to_ring3
        mark
        int3
        want_fault "int3 through a gate of DPL 0 in ring 3", GP, BP_ * 8 + 2
        idt_gate OF_, KCODE, arrive, A_INT32
        arm
        to_ring3
        mov al, 0x80
        add al, al
        mark
        into
        want_fault "into through a gate of DPL 0 in ring 3", GP, OF_ * 8 + 2
        idt_gate DB_, KCODE, arrive, A_INT32
        arm
        to_ring3
        db 0xf1
        want_ok "int1 through a gate of DPL 0 in ring 3"
        check "int1: CS", [rec_cs], KCODE
        idt_gate BR_, KCODE, arrive, A_INT32
        mov dword [WORK], 1
        mov dword [WORK + 4], 2
        xor eax, eax
        arm
        to_ring3
        bound eax, [WORK]
        want_ok "#BR through a gate of DPL 0 in ring 3"
        check "#BR: CS", [rec_cs], KCODE
        idt_gate DE, KCODE, arrive, A_INT32
        xor ecx, ecx
        arm
        to_ring3
        div ecx
        want_ok "#DE through a gate of DPL 0 in ring 3"
        check "#DE: CS", [rec_cs], KCODE
        call fill_idt
        ret

; 16-bit gates: words in the frame, error code too; 16-bit target.
sixteen:
        idt_gate V, KCODE16, OFF16(.look), A_INT16 | A_DPL3
        mov word [idt + V * 8 + 6], 0xffff      ; not used
        push dword FL_IF | FL_RF | FL_CF | 2
        popfd
        arm
        int V
.back:
        done
        cli
        check "16-bit gate: CS", [rec_cs], KCODE16
        lea eax, [esp - 6]
        check "16-bit gate: ESP", [rec_esp], eax
        check_bits "16-bit gate: IP and CS", [WORK], -1, (KCODE << 16) | (PA(.back) & 0xffff)
        check_bits "16-bit gate: FLAGS", [WORK + 4], FL_IF | FL_CF, FL_IF | FL_CF
        check_bits "16-bit interrupt gate clears IF", [rec_efl], FL_IF, 0
        idt_gate V, KCODE16, OFF16(.look), A_TRAP16 | A_DPL3
        sti
        arm
        int V
        done
        cli
        check_bits "16-bit trap gate keeps IF", [rec_efl], FL_IF, FL_IF
        arm
        to_ring3
        int V
.back3:
        want_ok "16-bit gate from ring 3"
        check "16-bit gate from ring 3: ESP", [rec_esp], STACK0_TOP - 10
        check "16-bit gate from ring 3: IP and CS", [WORK], (UCODE << 16) | (PA(.back3) & 0xffff)
        lea eax, [esp]
        and eax, 0xffff
        or eax, UDATA << 16
        check "16-bit gate from ring 3: SP and SS", [WORK + 6], eax
        idt_gate GP, KCODE16, OFF16(.look), A_INT16
        arm
        mov eax, 0xfff8
.fault:
        mov fs, ax
        want_ok "#GP through a 16-bit gate"
        lea eax, [esp - 8]
        check "#GP through a 16-bit gate: ESP", [rec_esp], eax
        check "#GP through a 16-bit gate: code and IP", [WORK], 0xfff8 | ((PA(.fault) & 0xffff) << 16)
        call fill_idt
        ret
        bits 16
; Copies 12 bytes of the frame to WORK; DS is flat.
.look:
        push esi
        push edi
        push ecx
        a32 lea esi, [esp + 12]
        mov edi, WORK
        mov ecx, 12
        cld
        a32 rep movsb
        pop ecx
        pop edi
        pop esi
        int END_TRIAL
        bits 32
image_end:
