; Call gates: 16-bit and 32-bit, to the same and to an inner ring, with
; parameters, conforming targets, and every refusal (SDM 3A 5.8; 2A CALL, JMP).
%include "common.inc"

G0              equ T0                  ; the gate under test
CODE            equ T0 + 0x08           ; its target segment, where not KCODE
STACK           equ T0 + 0x10           ; its stack segment, where not KDATA

; through NAME, RING: calls G0 in that ring; the gate's target ends the trial.
%macro through 2
        arm
%if %2 = 3
        to_ring3
        mark
        call G0 | 3:0
%else
        mark
        call G0:0
%endif
%$back:
        want_ok %1
%endmacro
; refused NAME, RING, VECTOR, CODE
%macro refused 4
        arm
%if %2 = 3
        to_ring3
        mark
        call G0 | 3:0
%else
        mark
        call G0:0
%endif
        want_fault %1, %3, %4
        check {%1, ": ESP"}, [rec_esp], esp
        check {%1, ": CPL"}, [rec_cs], KCODE + %2 * (UCODE - KCODE) / 3
%endmacro

test_main:
        call same_ring
        call inner_ring
        call parameters
        call conforming
        call gate_refusals
        call target_refusals
        call stack_refusals
        call jumps
        call sixteen
        desc CODE, IMAGE_BASE, 0xfff, A_CODE_R, G_BYTE32
        gate G0, CODE, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to beyond the limit of an inner ring's code", 3, GP, 0
        ret

; Where gates lead to: the trial ends with the state on arrival.
arrive: int END_TRIAL

same_ring:
        gate G0, KCODE, arrive, A_CALL32, 0
        arm
        mark
        call G0:0xdeadbeef
.back:
        want_ok "call gate in ring 0"
        lea eax, [esp - 8]
        check "call gate in ring 0: ESP", [rec_esp], eax
        check "call gate in ring 0: CS", [rec_cs], KCODE
        check "call gate in ring 0: EIP ignores the offset", [rec_eip], arrive + 2
        gate G0, KCODE, .keep, A_CALL32, 31
        arm
        call G0:0
.back2:
        want_ok "call gate in ring 0 with a count"
        lea ecx, [esp - 8]
        check "call gate in ring 0 with a count copies nothing", [rec_esp], ecx
        check "call gate in ring 0: return EIP", eax, .back2
        check "call gate in ring 0: return CS", ebx, KCODE
        gate G0, UCODE, arrive, A_CALL32 | A_DPL3, 0
        through "call gate in ring 3", 3
        check "call gate in ring 3: CS", [rec_cs], UCODE
        ret
.keep:
        mov eax, [esp]
        mov ebx, [esp + 4]
        int END_TRIAL

inner_ring:
        gate G0, KCODE, arrive, A_CALL32 | A_DPL3, 0
        mov ebx, 0x12345678
        arm
        to_ring3
        mark
        call G0 | 3:0
.back:
        want_ok "call gate from ring 3 to 0"
        check "from ring 3 to 0: CS has CPL 0", [rec_cs], KCODE
        check "from ring 3 to 0: ESP", [rec_esp], STACK0_TOP - 16
        check "from ring 3 to 0: SS", [rec_ss], KDATA
        check "from ring 3 to 0: return EIP", [STACK0_TOP - 16], .back
        check_bits "from ring 3 to 0: return CS", [STACK0_TOP - 12], 0xffff, UCODE
        check "from ring 3 to 0: old ESP", [STACK0_TOP - 8], esp
        check_bits "from ring 3 to 0: old SS", [STACK0_TOP - 4], 0xffff, UDATA
        check "from ring 3 to 0: EBX", ebx, 0x12345678
        ; RPL of the gate's CS selector does not matter.
        gate G0, KCODE | 3, arrive, A_CALL32 | A_DPL3, 0
        through "gate whose selector has RPL 3", 3
        check "gate whose selector has RPL 3: CS", [rec_cs], KCODE
        gate G0, CODE1, arrive, A_CALL32 | A_DPL3, 0
        through "call gate from ring 3 to 1", 3
        check "from ring 3 to 1: CS", [rec_cs], CODE1
        check "from ring 3 to 1: SS", [rec_ss], DATA1
        check "from ring 3 to 1: ESP", [rec_esp], STACK1_TOP - 16
        gate G0, CODE2, arrive, A_CALL32 | A_DPL3, 0
        through "call gate from ring 3 to 2", 3
        check "from ring 3 to 2: CS", [rec_cs], CODE2
        check "from ring 3 to 2: SS", [rec_ss], DATA2
        check "from ring 3 to 2: ESP", [rec_esp], STACK2_TOP - 16
        ; A whole way: ring 3 calls ring 0, which returns and drops parameters.
        gate G0, KCODE, .sum, A_CALL32 | A_DPL3, 2
        arm
        to_ring3
        push dword 11
        push dword 31
        call G0 | 3:0
        want_ok "call with parameters and return"
        check "call with parameters: result", eax, 42
        check "call with parameters: ESP", [rec_esp], esp
        check "call with parameters: CS", [rec_cs], UCODE
        ret
.sum:
        mov eax, [esp + 8]
        add eax, [esp + 12]
        retf 8

parameters:
%macro copied 2                 ; count, its text
        gate G0, KCODE, arrive, A_CALL32 | A_DPL3, %1
        call fill_stack0
        lea ebx, [esp - 4 * 32]
        arm
        to_ring3
        sub esp, 4 * 32
        call fill_parameters
        mark
        call G0 | 3:0
        want_ok {%2, " parameters"}
        check {%2, " parameters: ESP"}, [rec_esp], STACK0_TOP - 16 - 4 * ((%1) & 31)
        check {%2, " parameters: old ESP"}, [STACK0_TOP - 8], ebx
        check_bits {%2, " parameters: CS"}, [STACK0_TOP - 12 - 4 * ((%1) & 31)], 0xffff, UCODE
%if %1 > 0
        check {%2, " parameters: first"}, [STACK0_TOP - 8 - 4 * ((%1) & 31)], 0xa0a00000
        check {%2, " parameters: last"}, [STACK0_TOP - 12], 0xa0a00000 + ((%1) & 31) - 1
%endif
%endmacro
        copied 0, "0"
        copied 1, "1"
        copied 5, "5"
        copied 31, "31"
        copied 32 + 1, "33: five bits count, 1"
        ; Parameters are read by the old stack's rules: here they end too soon.
        desc CODE, WORK, 0xff, A_DATA_W | A_DPL3, G_BYTE32
        gate G0, KCODE, arrive, A_CALL32 | A_DPL3, 2
        arm
        to_ring3
        push dword CODE | 3
        pop ss
        mov esp, 0xf8
        mark
        call G0 | 3:0
        want_ok "parameters up to the limit of the old stack"
        arm
        to_ring3
        push dword CODE | 3
        pop ss
        mov esp, 0xfa
        mark
        call G0 | 3:0
        want_fault "parameters beyond the limit of the old stack", SS_, 0
        check "parameters beyond the limit: ESP", [rec_esp], 0xfa
        check "parameters beyond the limit: CS", [rec_cs], UCODE
        ret

fill_stack0:
        pushad
        mov edi, STACK0_TOP - 0x200
        mov ecx, 0x80
        mov eax, 0xcccccccc
        rep stosd
        popad
        ret
fill_parameters:
        pushad
        xor ecx, ecx
.next:
        lea eax, [ecx + 0xa0a00000]
        mov [esp + 36 + ecx * 4], eax
        inc ecx
        cmp ecx, 32
        jb .next
        popad
        ret

; A conforming target keeps CPL and the stack.
conforming:
        desc CODE, 0, 0xfffff, A_CONF_R, G_PAGE32
        gate G0, CODE, arrive, A_CALL32 | A_DPL3, 3
        through "gate to conforming code", 3
        check "gate to conforming code: CPL stays", [rec_cs], CODE | 3
        lea eax, [esp - 8]
        check "gate to conforming code: ESP", [rec_esp], eax
        check "gate to conforming code: SS", [rec_ss], UDATA
        desc CODE, 0, 0xfffff, A_CONF_R | A_DPL3, G_PAGE32
        gate G0, CODE, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to conforming code of an outer ring", 0, GP, CODE
        ; Direct transfers.
        desc CODE, 0, 0xfffff, A_CONF_R, G_PAGE32
        arm
        to_ring3
        call CODE:arrive
        want_ok "direct call to conforming code"
        check "direct call to conforming code: CPL stays", [rec_cs], CODE | 3
        arm
        to_ring3
        jmp CODE | 2:arrive
        want_ok "direct jump to conforming code"
        check "direct jump to conforming code: RPL becomes CPL", [rec_cs], CODE | 3
        desc CODE, 0, 0xfffff, A_CONF_R | A_DPL3, G_PAGE32
        try
        jmp CODE:arrive
        want_fault "direct jump to conforming code of an outer ring", GP, CODE
%macro direct 6                 ; name, ring, call or jmp, selector, vector, code
        arm
%if %2 = 3
        to_ring3
%endif
        mark
        %3 %4:arrive
        want_fault {"direct ", %1}, %5, %6
        check {"direct ", %1, ": ESP"}, [rec_esp], esp
%endmacro
        direct "call to an inner ring", 3, call, KCODE, GP, KCODE
        direct "jmp to an inner ring", 3, jmp, KCODE | 3, GP, KCODE
        direct "call to an outer ring", 0, call, UCODE, GP, UCODE & ~3
        direct "jmp to an outer ring", 0, jmp, UCODE & ~3, GP, UCODE & ~3
        direct "call with RPL over CPL", 0, call, KCODE | 1, GP, KCODE
        direct "call to data", 0, call, KDATA, GP, KDATA
        direct "jmp to null", 0, jmp, 0, GP, 0
        direct "call to null with RPL 3", 0, call, 3, GP, 0
        direct "call beyond the GDT", 0, call, GDT_SIZE | 1, GP, GDT_SIZE
        direct "jmp to an LDT", 0, jmp, LDT_SEL, GP, LDT_SEL
        desc CODE, 0, 0xfffff, A_CODE_R & 0x7f, G_PAGE32
        direct "call to absent code", 0, call, CODE, NP, CODE
        direct "absent code of an inner ring: privilege first", 3, call, CODE, GP, CODE
        arm
        to_ring3
        call UCODE & ~3:arrive
        want_ok "direct call with RPL under CPL"
        check "direct call with RPL under CPL: CS", [rec_cs], UCODE
        ret

gate_refusals:
        gate G0, KCODE, arrive, A_CALL32, 0
        refused "gate of DPL 0 in ring 3", 3, GP, G0
        gate G0, KCODE, arrive, A_CALL32 | A_DPL2, 0
        refused "gate of DPL 2 in ring 3", 3, GP, G0
        arm
        mark
        call G0 | 3:0
        want_fault "gate of DPL 2 with RPL 3", GP, G0
        gate G0, KCODE, arrive, (A_CALL32 | A_DPL3) & 0x7f, 0
        refused "absent gate", 3, NP, G0
        gate G0, KCODE, arrive, A_CALL32 & 0x7f, 0
        refused "absent gate of DPL 0: privilege first", 3, GP, G0
        gate G0, KCODE, arrive, A_INT32 | A_DPL3, 0
        refused "interrupt gate in the GDT", 3, GP, G0
        gate G0, KCODE, arrive, A_TRAP16 | A_DPL3, 0
        refused "trap gate in the GDT", 0, GP, G0
        ret

target_refusals:
        gate G0, 0, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to null", 3, GP, 0
        gate G0, 3, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to null with RPL 3", 0, GP, 0
        gate G0, GDT_SIZE | 2, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to beyond the GDT", 3, GP, GDT_SIZE
        gate G0, KDATA, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to data", 3, GP, KDATA
        gate G0, TSS_B, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to a TSS", 3, GP, TSS_B
        gate G0, G0, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to itself", 3, GP, G0
        gate G0, UCODE, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to an outer ring", 0, GP, UCODE & ~3
        gate G0, 0x0c, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to the LDT, where there is none", 3, GP, 0x0c
        desc CODE, 0, 0xfffff, A_CODE_R & 0x7f, G_PAGE32
        gate G0, CODE, arrive, A_CALL32 | A_DPL3, 0
        refused "gate to absent code", 3, NP, CODE
        ret

; What the TSS gives as the new stack. The gate leads to ring 1, so that the
; refusal finds a good stack in ring 0.
stack_refusals:
        gate G0, CODE1, arrive, A_CALL32 | A_DPL3, 0
%macro new_ss 4                 ; name, selector, vector, code
        mov dword [tss + 16], %2
        refused %1, 3, %3, %4
%endmacro
        new_ss "new SS null", 0, TS_, 0
        new_ss "new SS null with RPL 1", 1, TS_, 0
        new_ss "new SS beyond the GDT", GDT_SIZE | 1, TS_, GDT_SIZE
        new_ss "new SS in no LDT", 5, TS_, 4
        new_ss "new SS with RPL 0", DATA1 & ~3, TS_, DATA1 & ~3
        new_ss "new SS with RPL 3", DATA1 | 3, TS_, DATA1 & ~3
        new_ss "new SS of DPL 3, RPL 1", (UDATA & ~3) | 1, TS_, UDATA & ~3
        new_ss "new SS of DPL 0, RPL 1", KDATA | 1, TS_, KDATA
        new_ss "new SS is code", CODE1, TS_, CODE1 & ~3
        desc STACK, 0, 0xfffff, A_DATA_R | A_DPL1, G_PAGE32
        new_ss "new SS read-only", STACK | 1, TS_, STACK
        desc STACK, 0, 0xfffff, (A_DATA_W | A_DPL1) & 0x7f, G_PAGE32
        new_ss "new SS absent", STACK | 1, SS_, STACK
        desc STACK, 0, 0xfffff, (A_DATA_R | A_DPL1) & 0x7f, G_PAGE32
        new_ss "new SS absent and read-only: type first", STACK | 1, TS_, STACK
        desc STACK, WORK, 0xfff, A_DATA_W | A_DPL1, G_BYTE32
        mov dword [tss + 12], 12
        new_ss "new stack without room for 16 bytes", STACK | 1, SS_, STACK
        mov dword [tss + 12], 0x1004
        new_ss "new stack above its limit", STACK | 1, SS_, STACK
        gate G0, CODE1, arrive, A_CALL32 | A_DPL3, 4
        mov dword [tss + 12], 28
        new_ss "new stack without room for 4 parameters", STACK | 1, SS_, STACK
        mov dword [tss + 12], 32
        through "new stack with just the room", 3
        check "new stack with just the room: ESP", [rec_esp], 0
        check "new stack with just the room: old ESP", [WORK + 24], esp
        ; A 16-bit stack segment: SP counts, ESP's upper half is new.
        desc STACK, WORK, 0xfff, A_DATA_W | A_DPL1, G_BYTE16
        gate G0, CODE1, arrive, A_CALL32 | A_DPL3, 1
        mov dword [tss + 12], 0x56780100
        through "new stack of 16 bits", 3
        check_bits "new stack of 16 bits: SP", [rec_esp], 0xffff, 0x00ec
        check "new stack of 16 bits: old ESP", [WORK + 0xf8], esp
        ; A TSS that ends before SS1.
        mov dword [tss + 12], STACK1_TOP
        mov dword [tss + 16], DATA1
        gate G0, CODE1, arrive, A_CALL32 | A_DPL3, 0
        desc TSS_MAIN, PA(tss), 16, A_TSS32, G_BYTE16
        mov eax, TSS_MAIN
        ltr ax
        refused "TSS that ends within SS1", 3, TS_, TSS_MAIN
        desc TSS_MAIN, PA(tss), 19, A_TSS32, G_BYTE16
        mov eax, TSS_MAIN
        ltr ax
        through "TSS that ends with SS1", 3
        desc TSS_MAIN, PA(tss), 103, A_TSS32, G_BYTE16
        mov eax, TSS_MAIN
        ltr ax
        ret

jumps:
        gate G0, KCODE, arrive, A_CALL32 | A_DPL3, 0
        try
        jmp G0:0
        want_ok "jmp through a gate in ring 0"
        check "jmp through a gate pushes nothing", [rec_esp], esp
        arm
        to_ring3
        mark
        jmp G0 | 3:0
        want_fault "jmp through a gate to an inner ring", GP, KCODE
        gate G0, UCODE, arrive, A_CALL32 | A_DPL3, 0
        arm
        to_ring3
        mark
        jmp G0 | 3:0
        want_ok "jmp through a gate in ring 3"
        desc CODE, 0, 0xfffff, A_CONF_R, G_PAGE32
        gate G0, CODE, arrive, A_CALL32 | A_DPL3, 0
        arm
        to_ring3
        mark
        jmp G0 | 3:0
        want_ok "jmp through a gate to conforming code"
        check "jmp through a gate to conforming code: CS", [rec_cs], CODE | 3
        gate G0, KCODE, arrive, A_CALL32, 0
        arm
        to_ring3
        mark
        jmp G0 | 3:0
        want_fault "jmp through a gate of DPL 0", GP, G0
        gate G0, KCODE, arrive, (A_CALL32 | A_DPL3) & 0x7f, 0
        try
        jmp G0:0
        want_fault "jmp through an absent gate", NP, G0
        ; The pointer in memory, 16-bit and 32-bit.
        gate G0, KCODE, arrive, A_CALL32 | A_DPL3, 0
        mov dword [WORK], 0x11112222
        mov dword [WORK + 4], G0
        try
        call far [WORK]
        want_ok "call through memory"
        mov word [WORK + 2], G0
        try
        call far word [WORK]
        want_ok "call through memory with a 16-bit pointer"
        lea eax, [esp - 8]
        check "the gate's size counts, not the instruction's", [rec_esp], eax
        ret

; 16-bit gates: words on the stack, 16-bit target; the upper half of the gate's
; offset is not used.
sixteen:
        mov dword [tss + 4], STACK0_TOP
        gate G0, KCODE16, 0, A_CALL16 | A_DPL3, 0
        mov word [gdt + (G0 & ~7)], OFF16(arrive)
        mov word [gdt + (G0 & ~7) + 6], 0xffff
        arm
        mark
        call G0:0
.back:
        want_ok "16-bit gate in ring 0"
        lea eax, [esp - 4]
        check "16-bit gate in ring 0: ESP", [rec_esp], eax
        check "16-bit gate in ring 0: EIP", [rec_eip], OFF16(arrive) + 2
        check "16-bit gate in ring 0: CS", [rec_cs], KCODE16
        gate G0, KCODE16, OFF16(.keep), A_CALL16 | A_DPL3, 3
        arm
        to_ring3
        push word 0x3333
        push word 0x2222
        push word 0x1111
        mark
        call G0 | 3:0
.back2:
        want_ok "16-bit gate to ring 0"
        check "16-bit gate to ring 0: ESP", [rec_esp], STACK0_TOP - 14
        check_bits "16-bit gate to ring 0: IP", [WORK], 0xffff, PA(.back2) & 0xffff
        check_bits "16-bit gate to ring 0: CS", [WORK + 2], 0xffff, UCODE
        check "16-bit gate to ring 0: parameters 1, 2", [WORK + 4], 0x22221111
        check_bits "16-bit gate to ring 0: parameter 3", [WORK + 8], 0xffff, 0x3333
        lea eax, [esp - 6]
        and eax, 0xffff
        check_bits "16-bit gate to ring 0: SP", [WORK + 10], 0xffff, eax
        check_bits "16-bit gate to ring 0: SS", [WORK + 12], 0xffff, UDATA
        ; From 16-bit code through a 32-bit gate: a 32-bit frame.
        gate G0, KCODE, arrive, A_CALL32 | A_DPL3, 0
        arm
        jmp KCODE16:OFF16(.code16)
        bits 16
.code16:
        call G0:0
        nop
        bits 32
        want_ok "32-bit gate from 16-bit code"
        lea eax, [esp - 8]
        check "32-bit gate from 16-bit code: ESP", [rec_esp], eax
        ; From ring 3 by a 16-bit TSS: words hold SP0 and SS0.
        desc TSS_B, PA(tss_b), 43, A_TSS16, G_BYTE16
        mov word [tss_b + 2], 0x8000
        mov word [tss_b + 4], CODE
        mov word [tss_b + 6], 0x8000
        mov word [tss_b + 8], STACK | 1
        desc STACK, WORK, 0xffff, A_DATA_W | A_DPL1, G_BYTE16
        desc CODE, WORK + 0x20000, 0xffff, A_DATA_W, G_BYTE32
        mov eax, TSS_B
        ltr ax
        gate G0, CODE1, arrive, A_CALL32 | A_DPL3, 0
        through "call gate by a 16-bit TSS", 3
        check_bits "call gate by a 16-bit TSS: SP", [rec_esp], 0xffff, 0x7ff0
        check "call gate by a 16-bit TSS: SS", [rec_ss], STACK | 1
        check "call gate by a 16-bit TSS: old ESP", [WORK + 0x7ff8], esp
        desc TSS_MAIN, PA(tss), 103, A_TSS32, G_BYTE16
        mov eax, TSS_MAIN
        ltr ax
        ret
.keep:
        bits 16
        push ecx
        push esi
        push edi
        a32 lea esi, [esp + 12]
        mov edi, WORK
        mov ecx, 14
        cld
        a32 rep movsb
        pop edi
        pop esi
        pop ecx
        int END_TRIAL
        bits 32
image_end:
