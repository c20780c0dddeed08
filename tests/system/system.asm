; System instructions of all kinds: what ring 3 may not, RDTSC and TSD, MSRs,
; CPUID, the GDT and IDT registers, LOCK, HLT (SDM 3A 5.9, 17.17; 2A LOCK).
%include "common.inc"

test_main:
        call ring3
        call table_registers
        call tsc
        call msrs
        call identification
        call locks
        ret

; What only ring 0 may.
ring3:
%macro privileged 2             ; name, {insn}
        arm
        to_ring3
        mark
        %2
        want_fault {"ring 3: ", %1}, GP, 0
%endmacro
%macro allowed 2
        arm
        to_ring3
        mark
        %2
        want_ok {"ring 3: ", %1}
%endmacro
        privileged "hlt", {hlt}
        privileged "cli", {cli}
        privileged "sti", {sti}
        privileged "lgdt", {lgdt [gdt_ptr]}
        privileged "lidt", {lidt [idt_ptr]}
        privileged "lldt", {lldt ax}
        privileged "ltr", {ltr ax}
        privileged "lmsw", {lmsw ax}
        privileged "clts", {clts}
        privileged "mov eax, cr0", {mov eax, cr0}
        privileged "mov eax, cr2", {mov eax, cr2}
        privileged "mov eax, cr3", {mov eax, cr3}
        privileged "mov cr2, eax", {mov cr2, eax}
        privileged "mov eax, dr7", {mov eax, dr7}
        privileged "mov dr6, eax", {mov dr6, eax}
        privileged "invlpg", {invlpg [WORK]}
        privileged "invd", {invd}
        privileged "wbinvd", {wbinvd}
        privileged "in", {in al, 0x80}
        privileged "out", {out 0x80, al}
        privileged "insb", {insb}
        privileged "outsb", {outsb}
        allowed "sgdt", {sgdt [WORK]}
        allowed "sidt", {sidt [WORK]}
        allowed "sldt", {sldt ax}
        allowed "str", {str ax}
        allowed "smsw", {smsw ax}
        allowed "lar", {lar eax, ax}
        allowed "verr", {verr ax}
        allowed "pushfd", {call pushfd_popfd}
        allowed "int3's neighbour, nop", {nop}
        arm
        to_ring3
        str bx
        sldt cx
        smsw dx
        done
        movzx ebx, bx
        check "ring 3 sees TR", ebx, TSS_MAIN
        movzx ecx, cx
        check "ring 3 sees LDTR", ecx, 0
        check_bits "ring 3 sees CR0.PE", edx, 1, 1
        ret
pushfd_popfd:
        pushfd
        popfd
        ret

table_registers:
        sgdt [WORK]
        check_bits "sgdt: limit", [WORK], 0xffff, GDT_SIZE - 1
        check "sgdt: base", [WORK + 2], gdt
        sidt [WORK]
        check_bits "sidt: limit", [WORK], 0xffff, 256 * 8 - 1
        check "sidt: base", [WORK + 2], idt
        ; With 16-bit operands LGDT takes 24 bits of base; SGDT stores 32.
        mov word [WORK], GDT_SIZE - 1
        mov eax, gdt
        or eax, 0xab000000
        mov [WORK + 2], eax
        o16 lgdt [WORK]
        sgdt [WORK + 8]
        check "o16 lgdt takes 24 bits", [WORK + 10], gdt
        mov word [WORK], 256 * 8 - 1
        mov eax, idt
        or eax, 0xab000000
        mov [WORK + 2], eax
        o16 lidt [WORK]
        sidt [WORK + 8]
        check "o16 lidt takes 24 bits", [WORK + 10], idt
        ; SLDT, STR and SMSW by operand size.
        mov eax, 0xffffffff
        sldt ax
        check "sldt r16 keeps the upper half", eax, 0xffff0000
        mov eax, 0xffffffff
        str eax
        check_bits "str r32", eax, 0xffff, TSS_MAIN
        mov dword [WORK], 0xffffffff
        str [WORK]
        check "str to memory writes two bytes", [WORK], 0xffff0000 | TSS_MAIN
        mov dword [WORK], 0xffffffff
        smsw [WORK]
        check_bits "smsw to memory writes two bytes", [WORK], 0xffff0000, 0xffff0000
        mov eax, cr0
        mov ebx, eax
        xor eax, eax
        smsw ax
        and ebx, 0xffff
        check "smsw is CR0's lower half", eax, ebx
        ret

tsc:
        test dword [cpuid_edx], 0x10
        jnz .have
        skip "tsc", "no TSC"
        ret
.have:
        rdtsc
        mov ebx, eax
        mov ecx, edx
        mov esi, 1000
.spin:  dec esi
        jnz .spin
        rdtsc
        sub eax, ebx
        sbb edx, ecx
        check "the TSC goes on: upper half of the difference", edx, 0
        cmp eax, 100
        sbb eax, eax
        check "the TSC goes on: at least 100 over 2000 instructions", eax, 0
        allowed "rdtsc", {rdtsc}
        mov eax, cr4
        or eax, 4
        mov cr4, eax
        privileged "rdtsc with TSD", {rdtsc}
        try
        rdtsc
        want_ok "rdtsc with TSD in ring 0"
        mov eax, cr4
        and eax, ~4
        mov cr4, eax
        allowed "rdtsc with TSD off again", {rdtsc}
        test dword [cpuid_edx], 0x20
        jz .no_msr
        mov ecx, 0x10
        rdmsr
        mov ebx, eax
        mov esi, edx
        rdtsc
        sub eax, ebx
        sbb edx, esi
        check "rdmsr 10h and rdtsc agree", edx, 0
.no_msr:
        ret

msrs:
        test dword [cpuid_edx], 0x20
        jnz .have
        skip "msr", "no MSR"
        ret
.have:
        mov ecx, 0x10
        privileged "rdmsr", {rdmsr}
        privileged "wrmsr", {wrmsr}
        mov ecx, 0xdeadbeef
        try
        rdmsr
        want_fault "rdmsr of no MSR", GP, 0
        mov eax, 0
        mov edx, 0
        try
        wrmsr
        want_fault "wrmsr of no MSR", GP, 0
        check "rdmsr of no MSR leaves ECX", ecx, 0xdeadbeef
        test dword [cpuid_ext_edx], 1 << 20
        jz .no_nx
        mov ecx, 0xc0000080
        rdmsr
        mov ebx, eax
        or eax, 0x800
        wrmsr
        rdmsr
        check_bits "EFER.NXE can be set", eax, 0x800, 0x800
        or eax, 1 << 20
        try
        wrmsr
        want_fault "reserved bit of EFER", GP, 0
        mov ecx, 0xc0000080
        mov eax, ebx
        xor edx, edx
        wrmsr
.no_nx:
        ret

identification:
        cmp dword [cpuid_max], 0
        jne .have
        skip "cpuid", "no CPUID"
        ret
.have:
        allowed "cpuid", {cpuid}
        xor eax, eax
        cpuid
        cmp eax, 1
        sbb eax, eax
        check "CPUID has leaf 1", eax, 0
        mov eax, 1
        cpuid
        check_bits "CPUID tells of an FPU", edx, 1, 1
        ; CPUID writes all 32 bits of four registers and no flag.
        mov ebx, 0xffffffff
        mov ecx, 0xffffffff
        mov edx, 0xffffffff
        mov eax, 0x80000000
        stc
        cpuid
        setc bl
        movzx ebx, bl
        check "CPUID leaves CF", ebx, 1
        ; The ID flag can be turned.
        pushfd
        pop eax
        xor eax, FL_ID
        push eax
        popfd
        pushfd
        pop ebx
        xor eax, ebx
        check_bits "EFLAGS.ID can be turned", eax, FL_ID, 0
        push dword 2
        popfd
        ret

; LOCK: with a memory destination of the right instructions, else #UD.
locks:
%macro locked 2+
        try
        db 0xf0
        %2
        want_ok {"lock ", %1}
%endmacro
%macro unlockable 2+
        try
        db 0xf0
        %2
        want_fault {"lock ", %1}, UD, 0
%endmacro
        mov ebx, WORK
        xor eax, eax
        xor ecx, ecx
        xor edx, edx
        locked "add", {add [ebx], eax}
        locked "or", {or [ebx], al}
        locked "adc", {adc [ebx], eax}
        locked "sbb", {sbb [ebx], eax}
        locked "and", {and dword [ebx], 5}
        locked "sub", {sub [ebx], ax}
        locked "xor", {xor [ebx], eax}
        locked "inc", {inc dword [ebx]}
        locked "dec", {dec byte [ebx]}
        locked "not", {not dword [ebx]}
        locked "neg", {neg dword [ebx]}
        locked "xchg", {xchg [ebx], eax}
        locked "bts", {bts dword [ebx], 1}
        locked "btr", {btr [ebx], eax}
        locked "btc", {btc dword [ebx], 1}
        locked "xadd", {xadd [ebx], eax}
        locked "cmpxchg", {cmpxchg [ebx], eax}
        test dword [cpuid_edx], 1 << 8
        jz .no_cx8
        locked "cmpxchg8b", {cmpxchg8b [ebx]}
.no_cx8:
        unlockable "add register", {add ebx, eax}
        unlockable "add from memory", {add eax, [ebx]}
        unlockable "cmp", {cmp [ebx], eax}
        unlockable "cmp immediate", {cmp dword [ebx], 1}
        unlockable "test", {test [ebx], eax}
        unlockable "mov", {mov [ebx], eax}
        unlockable "mov register", {mov eax, ebx}
        unlockable "inc register", {inc eax}
        unlockable "bt", {bt dword [ebx], 1}
        unlockable "bts register", {bts eax, 1}
        unlockable "shl", {shl dword [ebx], 1}
        unlockable "mul", {mul dword [ebx]}
        unlockable "push memory", {push dword [ebx]}
        unlockable "jmp", {jmp short $ + 2}
        unlockable "nop", {nop}
        unlockable "movsd", {movsd}
        unlockable "lea", {lea eax, [ebx]}
        unlockable "int3", {int3}
        unlockable "xchg registers", {xchg eax, ecx}
        unlockable "setz", {setz [ebx]}
        unlockable "fld", {fld dword [ebx]}
        unlockable "cpuid", {cpuid}
        unlockable "shld", {shld [ebx], eax, 1}
        unlockable "cmpxchg register", {cmpxchg ecx, eax}
        ret
image_end:
