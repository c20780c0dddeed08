; Operands that begin on a page that is there and end on one that is not, or is
; read-only: the fault tells the second page, and nothing has changed, neither
; registers nor flags nor the first page (SDM 3A 6.5, 6.15). The stack forms do
; so downwards.
%include "common.inc"
%include "paging.inc"

PHYS            equ WORK + 0x10000
PHYS2           equ WORK + 0x11000
EDGE            equ AREA + 0x1000

; before a trial: the addresses in EBX, ESI, EDI and EBP, the pattern before the
; edge, and a snapshot of it all.
%macro prepare 1                ; bytes before the edge
        call pattern
        mov eax, 0xa0a1a2a3
        mov ecx, 3
        mov edx, 0xd0d1d2d3
        mov ebx, EDGE - (%1)
        mov esi, ebx
        mov edi, ebx
        mov ebp, ebx
%endmacro
; unchanged NAME: registers and flags at the fault are those of the snapshot.
%macro unchanged 1
        call changes
        check {%1, ": registers"}, eax, 0
%endmacro
%macro memory_unchanged 1
        call pattern_changes
        check {%1, ": first page"}, eax, 0
%endmacro

; reads NAME, BYTES BEFORE THE EDGE, {INSN}
%macro reads 3
        pte EDGE, 0
        prepare %2
        arm
        call snapshot
        mark
        %3
        want_fault {%1}, PF, 0, EDGE
        unchanged {%1}
        memory_unchanged {%1}
%endmacro
; writes: absent in ring 0, then read-only in ring 3. The first page must not
; have been written.
%macro writes 3
        pte EDGE, 0
        prepare %2
        arm
        call snapshot
        mark
        %3
        want_fault {%1}, PF, 2, EDGE
        unchanged {%1}
        memory_unchanged {%1}
        pte EDGE, PHYS2 | P_P | P_U
        prepare %2
        arm
        to_ring3
        call snapshot
        mark
        %3
        want_fault {%1, ", read-only"}, PF, 7, EDGE
        unchanged {%1, ", read-only"}
        memory_unchanged {%1, ", read-only"}
%endmacro
; writes_much: the same for instructions that store more than one operand; what
; they wrote before the edge does not matter.
%macro writes_much 3
        pte EDGE, 0
        prepare %2
        arm
        call snapshot
        mark
        %3
        want_fault {%1}, PF, 2
        check_bits {%1, ": CR2"}, [rec_cr2], 0xfffff000, EDGE
        unchanged {%1}
%endmacro

test_main:
        call paging_on
        pte AREA, PHYS | P_ALL
        call loads
        call stores
        call floating
        call strings
        call pushes
        call pops
        call transfers
        call wide
        call paging_off
        ret

pattern:
        pushad
        pushfd
        cld
        mov edi, PHYS + 0xe00
        mov ecx, 0x200 / 4
        mov eax, 0xcccccccc
        rep stosd
        popfd
        popad
        ret
pattern_changes:                ; EAX: dwords that are not the pattern's
        push ecx
        push edi
        xor eax, eax
        mov edi, PHYS + 0xe00
        mov ecx, 0x200 / 4
.next:
        cmp dword [edi], 0xcccccccc
        je .same
        inc eax
.same:
        add edi, 4
        loop .next
        pop edi
        pop ecx
        ret

snapshot:
        mov [s_eax], eax
        mov [s_ecx], ecx
        mov [s_edx], edx
        mov [s_ebx], ebx
        mov [s_esi], esi
        mov [s_edi], edi
        mov [s_ebp], ebp
        pushfd
        pop dword [s_efl]
        lea eax, [esp + 4]
        mov [s_esp], eax
        mov eax, [s_eax]
        ret
; changes counts in EAX the registers that differ from the snapshot.
changes:
        push ecx
        push edx
        xor eax, eax
%macro differ 1
        mov edx, [s_%1]
        cmp edx, [rec_%1]
        je %%same
        inc eax
%%same:
%endmacro
        differ eax
        differ ecx
        differ edx
        differ ebx
        differ esi
        differ edi
        differ ebp
        differ esp
        mov edx, [s_efl]
        xor edx, [rec_efl]
        test edx, 0x8d5
        jz .flags
        inc eax
.flags:
        pop edx
        pop ecx
        ret
; at_esp sets the snapshot's ESP to what the trial set.
%macro at_esp 1
        mov dword [s_esp], %1
%endmacro

loads:
        reads "mov word", 1, {mov ax, [ebx]}
        reads "mov dword", 3, {mov eax, [ebx]}
        reads "mov dword, one byte before", 1, {mov eax, [ebx]}
        reads "add", 2, {add eax, [ebx]}
        reads "adc", 2, {adc eax, [ebx]}
        reads "cmp", 2, {cmp eax, [ebx]}
        reads "cmp immediate", 2, {cmp dword [ebx], 0xcccc}
        reads "test", 2, {test [ebx], eax}
        reads "movzx", 1, {movzx eax, word [ebx]}
        reads "movsx", 1, {movsx eax, word [ebx]}
        reads "imul", 2, {imul eax, [ebx]}
        reads "imul immediate", 2, {imul eax, [ebx], 5}
        reads "mul", 2, {mul dword [ebx]}
        reads "div", 2, {div dword [ebx]}
        reads "bsf", 2, {bsf eax, [ebx]}
        reads "bsr", 2, {bsr eax, [ebx]}
        reads "bt", 2, {bt dword [ebx], 5}
        reads "push memory", 2, {push dword [ebx]}
        reads "call memory", 2, {call [ebx]}
        reads "jmp memory", 2, {jmp [ebx]}
        reads "call far memory", 4, {call far [ebx]}
        reads "jmp far memory", 4, {jmp far [ebx]}
        reads "les", 4, {les eax, [ebx]}
        reads "lds", 4, {lds eax, [ebx]}
        reads "lfs", 5, {lfs eax, [ebx]}
        reads "lss", 5, {lss esp, [ebx]}
        reads "bound", 4, {bound eax, [ebx]}
        reads "mov ds", 1, {mov ds, [ebx]}
        reads "verr", 1, {verr [ebx]}
        reads "lar", 1, {lar eax, [ebx]}
        reads "lsl", 1, {lsl eax, [ebx]}
        reads "lldt", 1, {lldt [ebx]}
        reads "ltr", 1, {ltr [ebx]}
        reads "lmsw", 1, {lmsw [ebx]}
        reads "lgdt", 3, {lgdt [ebx]}
        reads "lidt", 3, {lidt [ebx]}
        reads "mov moffs", 2, {mov eax, [EDGE - 2]}
        reads "outsd", 2, {outsd}
        test dword [cpuid_edx], 1 << 15
        jz .no_cmov
        reads "cmovz", 2, {cmovz eax, [ebx]}
        reads "cmovnz", 2, {cmovnz eax, [ebx]}
.no_cmov:
        ret

stores:
        writes "mov word", 1, {mov [ebx], ax}
        writes "mov dword", 3, {mov [ebx], eax}
        writes "mov dword, one byte before", 1, {mov [ebx], eax}
        writes "mov immediate", 2, {mov dword [ebx], 0x12345678}
        writes "mov moffs", 2, {mov [EDGE - 2], eax}
        writes "mov segment", 1, {mov [ebx], ds}
        writes "add", 2, {add [ebx], eax}
        writes "adc", 2, {adc [ebx], eax}
        writes "inc", 2, {inc dword [ebx]}
        writes "neg", 2, {neg dword [ebx]}
        writes "not", 2, {not dword [ebx]}
        writes "xchg", 2, {xchg [ebx], eax}
        writes "xadd", 2, {xadd [ebx], eax}
        writes "lock add", 2, {lock add [ebx], eax}
        writes "cmpxchg that fails", 2, {cmpxchg [ebx], edx}
        writes "lock cmpxchg", 2, {lock cmpxchg [ebx], edx}
        writes "shl", 2, {shl dword [ebx], 3}
        writes "rcr", 2, {rcr dword [ebx], cl}
        writes "shld", 2, {shld [ebx], eax, 7}
        writes "shrd", 2, {shrd [ebx], eax, cl}
        writes "bts", 2, {bts dword [ebx], 5}
        writes "btc by register", 2, {btc [ebx], ecx}
        writes_much "sgdt", 1, {sgdt [ebx]}
        writes_much "sidt", 5, {sidt [ebx]}
        writes "smsw", 1, {smsw [ebx]}
        writes "sldt", 1, {sldt [ebx]}
        writes "str", 1, {str [ebx]}
        writes "stosd", 2, {stosd}
        writes "arpl", 1, {arpl [ebx], cx}
        test dword [cpuid_edx], 1 << 8
        jz .no_cx8
        writes "cmpxchg8b", 4, {cmpxchg8b [ebx]}
        writes "lock cmpxchg8b", 7, {lock cmpxchg8b [ebx]}
.no_cx8:
        ret

floating:
        fninit
        fld1
        reads "fld dword", 2, {fld dword [ebx]}
        reads "fld qword", 4, {fld qword [ebx]}
        reads "fld tbyte", 9, {fld tword [ebx]}
        reads "fild word", 1, {fild word [ebx]}
        reads "fild qword", 7, {fild qword [ebx]}
        reads "fadd", 2, {fadd dword [ebx]}
        reads "fcomp", 4, {fcomp qword [ebx]}
        reads "fldcw", 1, {fldcw [ebx]}
        fnstsw ax
        and eax, 0x3800
        check "loads that fault leave TOP", eax, 0x3800
        fnstcw [WORK]
        check_bits "loads that fault leave the control word", [WORK], 0xffff, 0x37f
        writes "fst dword", 2, {fst dword [ebx]}
        writes "fstp dword", 2, {fstp dword [ebx]}
        writes "fstp qword", 4, {fstp qword [ebx]}
        writes "fistp qword", 3, {fistp qword [ebx]}
        writes "fnstcw", 1, {fnstcw [ebx]}
        writes "fnstsw", 1, {fnstsw [ebx]}
        writes_much "fnstenv", 14, {fnstenv [ebx]}
        writes_much "fnsave", 54, {fnsave [ebx]}
        fnstsw ax
        and eax, 0x3800
        check "stores that fault do not pop", eax, 0x3800
        fnstcw [WORK]
        check_bits "fnstenv that faults does not mask", [WORK], 0xffff, 0x37f
        fistp dword [WORK]
        check "the register is still there", [WORK], 1
        fld1
        pte EDGE, 0
        prepare 9
        arm
        call snapshot
        mark
        fstp tword [ebx]
        want_fault "fstp tbyte", PF, 2, EDGE
        unchanged "fstp tbyte"
        fistp dword [WORK + 4]
        check "fstp tbyte that faults does not pop", [WORK + 4], 1
        ; Ten bytes in two parts: which page fault comes is open, its page not.
        fninit
        fld1
        pte EDGE, 0
        prepare 3
        arm
        call snapshot
        mark
        fbld [ebx]
        want_fault "fbld", PF, 0
        check_bits "fbld: CR2", [rec_cr2], 0xfffff000, EDGE
        prepare 5
        arm
        call snapshot
        mark
        fbstp [ebx]
        want_fault "fbstp", PF, 2
        check_bits "fbstp: CR2", [rec_cr2], 0xfffff000, EDGE
        fnstsw ax
        and eax, 0x3800
        check "fbld and fbstp that fault leave TOP", eax, 0x3800
        ; Whole states.
        reads "fldenv", 27, {fldenv [ebx]}
        fnstcw [WORK]
        check_bits "fldenv that faults leaves the control word", [WORK], 0xffff, 0x37f
        fninit
        fld1
        reads "frstor", 107, {frstor [ebx]}
        fnstcw [WORK]
        check_bits "frstor that faults leaves the control word", [WORK], 0xffff, 0x37f
        fnstsw ax
        and eax, 0x3800
        check "frstor that faults leaves TOP", eax, 0x3800
        fninit
        ret

; Strings: REP stops at the element that faults, with all before it done.
strings:
        pte EDGE, 0
        reads "lodsd", 2, {lodsd}
        reads "scasd", 2, {scasd}
        pte EDGE, 0
        call pattern
        mov esi, EDGE - 14
        mov edi, WORK
        mov ecx, 10
        try
        rep movsd
        want_fault "rep movsd from across", PF, 0, EDGE
        check "rep movsd from across: ECX", ecx, 7
        check "rep movsd from across: ESI", esi, EDGE - 2
        check "rep movsd from across: EDI", edi, WORK + 12
        mov esi, WORK
        mov edi, EDGE - 14
        mov ecx, 10
        try
        rep movsd
        want_fault "rep movsd to across", PF, 2, EDGE
        check "rep movsd to across: ECX", ecx, 7
        check "rep movsd to across: ESI", esi, WORK + 12
        check "rep movsd to across: EDI", edi, EDGE - 2
        check_bits "rep movsd to across: the split element is not written", [PHYS + 0xffc], 0xffff0000, 0xcccc0000
        mov edi, EDGE - 5
        mov ecx, 100
        mov al, 0x11
        try
        rep stosb
        want_fault "rep stosb to the edge", PF, 2, EDGE
        check "rep stosb to the edge: ECX", ecx, 95
        check "rep stosb to the edge: EDI", edi, EDGE
        check "rep stosb to the edge: written up to it", [PHYS + 0xffc], 0x11111111
        mov edi, EDGE - 4
        mov ecx, 100
        mov al, 0x11
        try
        repe scasb
        want_fault "repe scasb to the edge", PF, 0, EDGE
        check "repe scasb to the edge: ECX", ecx, 96
        check_bits "repe scasb to the edge: ZF of the last", [rec_efl], FL_ZF, FL_ZF
        std
        pte AREA, 0
        pte EDGE, PHYS2 | P_ALL
        mov edi, EDGE + 4
        mov ecx, 10
        try
        rep stosd
        want_fault "rep stosd downwards", PF, 2, EDGE - 4
        cld
        check "rep stosd downwards: ECX", ecx, 8
        check "rep stosd downwards: EDI", edi, EDGE - 4
        pte AREA, PHYS | P_ALL
        ; The source's fault comes first, and the store is not made.
        pte EDGE, 0
        call pattern
        mov esi, EDGE
        mov edi, AREA + 0xf00
        try
        movsb
        want_fault "movsb: source absent", PF, 0, EDGE
        pte AREA + 0x2000, 0
        mov esi, EDGE
        mov edi, AREA + 0x2000
        try
        movsb
        want_fault "movsb: both absent", PF, 0, EDGE
        mov esi, AREA
        try
        movsb
        want_fault "movsb: destination absent", PF, 2, AREA + 0x2000
        mov esi, AREA + 0x2000
        mov edi, EDGE
        try
        cmpsb
        want_fault "cmpsb: both absent", PF, 0
        ; INS: the fault comes before the port is read. The index port of the
        ; CMOS would not show it; what counts is that EDI stays.
        mov edi, EDGE - 1
        mov edx, 0x80
        mov ecx, 5
        try
        insw
        want_fault "insw across", PF, 2, EDGE
        check "insw across: EDI", edi, EDGE - 1
        try
        rep insb
        want_fault "rep insb to the edge", PF, 2, EDGE
        check "rep insb to the edge: ECX", ecx, 4
        check "rep insb to the edge: EDI", edi, EDGE
        ret

; In ring 3, so that the handler has another stack.
%macro stack_faults 5           ; name, ESP, code, CR2, {insn}
        prepare 4
        arm
        to_ring3
        mov esp, %2
        snapshot_without_stack
        mark
        %5
        want_fault {%1}, PF, %3, %4
        at_esp %2
        unchanged {%1}
%endmacro
%macro snapshot_without_stack 0
        mov [s_eax], eax
        mov [s_ecx], ecx
        mov [s_edx], edx
        mov [s_ebx], ebx
        mov [s_esi], esi
        mov [s_edi], edi
        mov [s_ebp], ebp
        lahf                    ; OF is clear here
        mov [s_efl], ah
        mov byte [s_efl + 1], 0
        mov eax, [s_eax]
%endmacro

; The stack runs from a page that is there down to one that is not.
pushes:
        pte AREA, 0
        pte EDGE, PHYS2 | P_ALL
        pte AREA + 0x2000, PHYS | P_ALL
%macro pushing 3                ; name, bytes above the edge, {insn}
        stack_faults %1, EDGE + %2, 6, EDGE - 4 + %2, {%3}
%endmacro
        pushing "push across", 2, {push eax}
        pushing "push below", 0, {push eax}
        pushing "push immediate", 1, {push dword 7}
        pushing "push segment", 0, {push ds}
        pushing "pushfd", 3, {pushfd}
        pushing "call", 2, {call pushes}
        pushing "call register", 0, {call eax}
        stack_faults "push word across", EDGE + 1, 6, EDGE - 1, {push ax}
        stack_faults "push memory", EDGE + 1, 6, EDGE - 3, {push dword [WORK]}
        stack_faults "pushaw", EDGE + 8, 6, EDGE - 2, {pushaw}
        stack_faults "far call: second push", EDGE + 4, 6, EDGE - 4, {call UCODE:pushes}
        stack_faults "enter", EDGE + 2, 6, EDGE - 2, {enter 8, 0}
        ; The address that PUSHA and ENTER report may be any of theirs there.
        prepare 4
        arm
        to_ring3
        mov esp, EDGE + 16
        snapshot_without_stack
        mark
        pushad
        want_fault "pushad across", PF, 6
        at_esp EDGE + 16
        unchanged "pushad across"
        check_bits "pushad across: CR2", [rec_cr2], 0xfffff000, AREA
        prepare 4
        arm
        to_ring3
        mov esp, EDGE + 16
        snapshot_without_stack
        mark
        enter 0x40, 0
        want_fault "enter whose room is on the absent page", PF, 6
        at_esp EDGE + 16
        unchanged "enter whose room is on the absent page"
        prepare 4
        arm
        to_ring3
        mov esp, EDGE + 0x100
        mov ebp, EDGE + 4
        snapshot_without_stack
        mark
        enter 0, 3
        want_fault "enter whose display is on the absent page", PF, 4
        at_esp EDGE + 0x100
        unchanged "enter whose display is on the absent page"
        ; Read-only below.
        pte AREA, PHYS | P_P | P_U
        stack_faults "push across, read-only", EDGE + 2, 7, EDGE - 2, {push eax}
        stack_faults "call across, read-only", EDGE + 2, 7, EDGE - 2, {call pushes}
        pte AREA, PHYS | P_ALL
        ret

; The stack ends in a page that is not there.
pops:
        pte AREA, PHYS | P_ALL
        pte EDGE, 0
%macro popping 3                ; name, bytes below the edge, {insn}
        stack_faults %1, EDGE - %2, 4, EDGE, {%3}
%endmacro
; returning: the order in which the dwords are read is open.
%macro returning 3
        prepare 4
        arm
        to_ring3
        mov esp, EDGE - %2
        snapshot_without_stack
        mark
        %3
        want_fault {%1}, PF, 4
        check_bits {%1, ": CR2"}, [rec_cr2], 0xfffff000, EDGE
        at_esp EDGE - %2
        unchanged {%1}
%endmacro
        popping "pop across", 2, {pop eax}
        popping "pop at the edge", 0, {pop eax}
        popping "pop word across", 1, {pop ax}
        popping "pop segment", 0, {pop es}
        popping "popfd", 3, {popfd}
        popping "popad across", 16, {popad}
        popping "popad, its last dword", 31, {popad}
        popping "popaw across", 8, {popaw}
        popping "ret", 2, {ret}
        popping "ret n", 1, {ret 8}
        returning "retf, second dword", 4, retf
        returning "iretd, second dword", 4, iretd
        returning "iretd, third dword", 8, iretd
        popping "pop memory", 3, {pop dword [WORK]}
        ; LEAVE reads through EBP.
        prepare 2
        arm
        to_ring3
        mov esp, WORK + 0x8000
        snapshot_without_stack
        mark
        leave
        want_fault "leave", PF, 4, EDGE
        at_esp WORK + 0x8000
        unchanged "leave"
        ; POP to a destination that faults.
        prepare 2
        arm
        to_ring3
        mov esp, WORK + 0x8000
        snapshot_without_stack
        mark
        pop dword [ebx]
        want_fault "pop to memory across", PF, 6, EDGE
        at_esp WORK + 0x8000
        unchanged "pop to memory across"
        memory_unchanged "pop to memory across"
        ret

; Frames of interrupts and gates on the inner stack. The trial's own handler is
; in ring 0; ring 1 has the bad stack.
transfers:
        pte AREA, 0
        pte EDGE, PHYS2 | P_ALL
        mov dword [tss + 12], EDGE + 8
        idt_gate 0x75, CODE1, bad_arrival, A_INT32 | A_DPL3
        prepare 4
        arm
        to_ring3
        call snapshot
        mark
        int 0x75
        want_fault "int to a stack that ends in an absent page", PF, 2
        unchanged "int to a stack that ends in an absent page"
        check "int to a bad stack: CS", [rec_cs], UCODE
        check "int to a bad stack: SS", [rec_ss], UDATA
        gate T0, CODE1, bad_arrival, A_CALL32 | A_DPL3, 0
        prepare 4
        arm
        to_ring3
        call snapshot
        mark
        call T0 | 3:0
        want_fault "call gate to a stack that ends in an absent page", PF, 2
        unchanged "call gate to a stack that ends in an absent page"
        check "call gate to a bad stack: CS", [rec_cs], UCODE
        mov dword [tss + 12], STACK1_TOP
        call fill_idt
        ; A jump to code on an absent page: CS and EIP are the target's.
        pte EDGE, 0
        arm
        jmp EDGE
        want_fault_at "jmp to an absent page", PF, 0, EDGE
        arm
        push dword EDGE
        ret
        want_fault_at "ret to an absent page", PF, 0, EDGE
        ; An instruction across: EIP is its start, CR2 the second page.
        pte AREA, PHYS | P_ALL
        mov dword [PHYS + 0xffc], 0x00b89090
        arm
        jmp EDGE - 2
        want_fault_at "instruction across into an absent page", PF, 0, EDGE - 2
        check "instruction across: CR2", [rec_cr2], EDGE
        mov word [PHYS + 0xffe], 0x0b0f         ; ud2
        arm
        jmp EDGE - 2
        want_fault_at "UD2 before an absent page", UD, 0, EDGE - 2
        ret
bad_arrival:
        int END_TRIAL

; MMX and SSE operands.
wide:
        pte AREA, PHYS | P_ALL
        test dword [cpuid_edx], 1 << 23
        jz .no_mmx
        reads "movq", 4, {movq mm0, [ebx]}
        reads "paddb", 1, {paddb mm0, [ebx]}
        writes "movq store", 4, {movq [ebx], mm0}
        writes "movd store", 2, {movd [ebx], mm0}
        emms
.no_mmx:
        test dword [cpuid_edx], 1 << 24
        jz .no_fxsr
        pte EDGE, 0
        prepare 64
        arm
        call snapshot
        mark
        fxsave [ebx]
        want_fault "fxsave", PF, 2
        check_bits "fxsave: CR2", [rec_cr2], 0xfffff000, EDGE
        unchanged "fxsave"
        prepare 64
        mov dword [EDGE - 64 + 24], 0x1f80      ; MXCSR
        arm
        call snapshot
        mark
        fxrstor [ebx]
        want_fault "fxrstor", PF, 0
        check_bits "fxrstor: CR2", [rec_cr2], 0xfffff000, EDGE
        unchanged "fxrstor"
.no_fxsr:
        test dword [cpuid_edx], 1 << 25
        jz .no_sse
        mov eax, cr4
        or eax, 0x200
        mov cr4, eax
        reads "movups", 8, {movups xmm0, [ebx]}
        reads "movss", 2, {movss xmm0, [ebx]}
        writes "movups store", 15, {movups [ebx], xmm0}
        writes "movlps store", 4, {movlps [ebx], xmm0}
        mov eax, cr4
        and eax, ~0x200
        mov cr4, eax
.no_sse:
        ret

        align 4
s_eax:  dd 0
s_ecx:  dd 0
s_edx:  dd 0
s_ebx:  dd 0
s_esi:  dd 0
s_edi:  dd 0
s_ebp:  dd 0
s_esp:  dd 0
s_efl:  dd 0
image_end:
