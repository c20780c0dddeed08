; Two-level paging: rights of both levels, WP, error codes and CR2, accessed and
; dirty bits, 4 MiB pages, control-register checks (SDM 3A 4.3, 4.6 to 4.8).
%include "common.inc"
%include "paging.inc"

PHYS            equ WORK + 0x10000

; sees NAME, RING, {INSN}, CODE (-1: no fault), CR2
%macro sees 4-5
        arm
%if %2 = 3
        to_ring3
%endif
        mark
        %3
%if %4 = -1
        want_ok {%1}
%else
        want_fault {%1}, PF, %4
        check {%1, ": CR2"}, [rec_cr2], %5
%endif
%endmacro

test_main:
        call paging_on
        call absent
        call rights
        call write_protect
        call accessed_dirty
        call levels
        call system_accesses
        call cr2_of_spans
        call large
        call global_pages
        call control
        call paging_off
        ret

absent:
        pte AREA, 0
        sees "absent, read", 0, {mov al, [AREA + 0x123]}, 0, AREA + 0x123
        sees "absent, write", 0, {mov [AREA + 0x123], al}, 2, AREA + 0x123
        sees "absent, read-modify-write", 0, {add [AREA + 0x123], al}, 2, AREA + 0x123
        sees "absent, read in ring 3", 3, {mov al, [AREA + 0x123]}, 4, AREA + 0x123
        sees "absent, write in ring 3", 3, {mov [AREA + 0x123], al}, 6, AREA + 0x123
        sees "absent, cmp", 0, {cmp [AREA], al}, 0, AREA
        sees "absent, test", 0, {test [AREA], al}, 0, AREA
        sees "absent, xchg", 0, {xchg [AREA], al}, 2, AREA
        sees "absent, push memory", 0, {push dword [AREA]}, 0, AREA
        ; The other bits of an absent entry mean nothing.
        pte AREA, 0xfffffffe
        sees "absent, all other bits set", 3, {mov [AREA], al}, 6, AREA
        ; A fetch: without NX or SMEP no I/D bit.
        arm
        jmp KCODE:AREA + 0x10
        want_fault_at "absent, fetch", PF, 0, AREA + 0x10
        check "absent, fetch: CR2", [rec_cr2], AREA + 0x10
        arm
        push dword UDATA
        push dword STACK_TOP - 0x1000
        push dword 2
        push dword UCODE
        push dword AREA + 0x10
        iretd
        want_fault_at "absent, fetch in ring 3", PF, 4, AREA + 0x10
        check "absent, fetch in ring 3: CS", [rec_cs], UCODE
        ; The prefetch of code near the end of a page does not fault.
        pte AREA, PHYS | P_ALL
        pte AREA + 0x1000, 0
        mov word [AREA + 0xffe], 0xf1cd         ; int END_TRIAL
        try
        jmp KCODE:AREA + 0xffe
        want_ok "code that ends with its page"
        check_bits "reading ahead sets no A bit", [PTE_AT(AREA + 0x1000)], -1, 0
        ret

rights:
        pte AREA, PHYS | P_P | P_U              ; read-only, user
        sees "user read-only: read in ring 3", 3, {mov al, [AREA]}, -1
        sees "user read-only: write in ring 3", 3, {mov [AREA + 4], al}, 7, AREA + 4
        sees "user read-only: write in ring 0, WP clear", 0, {mov [AREA + 4], al}, -1
        sees "user read-only: add in ring 3", 3, {add [AREA + 4], al}, 7, AREA + 4
        pte AREA, PHYS | P_P | P_W              ; supervisor
        sees "supervisor: read in ring 3", 3, {mov al, [AREA + 8]}, 5, AREA + 8
        sees "supervisor: write in ring 3", 3, {mov [AREA + 8], al}, 7, AREA + 8
        sees "supervisor: read in ring 0", 0, {mov al, [AREA + 8]}, -1
        sees "supervisor: write in ring 0", 0, {mov [AREA + 8], al}, -1
        pte AREA, PHYS | P_P                    ; supervisor read-only
        sees "supervisor read-only: read in ring 3", 3, {mov al, [AREA]}, 5, AREA
        sees "supervisor read-only: write in ring 0, WP clear", 0, {mov [AREA], al}, -1
        arm
        push dword UDATA
        push dword STACK_TOP - 0x1000
        push dword 2
        push dword UCODE
        push dword AREA + 0x10
        iretd
        want_fault_at "supervisor: fetch in ring 3", PF, 5, AREA + 0x10
        ; Rings 1 and 2 are supervisors.
        arm
        push dword DATA1
        push dword STACK_TOP - 0x1000
        push dword 2
        push dword CODE1
        push dword .ring1
        iretd
.ring1: mov al, [AREA]
        want_ok "supervisor: read in ring 1"
        arm
        push dword DATA2
        push dword STACK_TOP - 0x1000
        push dword 2
        push dword CODE2
        push dword .ring2
        iretd
.ring2: mov [AREA], al
        want_ok "supervisor: write in ring 2"
        ; The directory entry is as good as the table's.
        pte AREA, PHYS | P_ALL
        pde AREA, PT1 | P_P | P_W
        sees "supervisor by its directory entry: read in ring 3", 3, {mov al, [AREA]}, 5, AREA
        pde AREA, PT1 | P_P | P_U
        sees "read-only by its directory entry: read in ring 3", 3, {mov al, [AREA]}, -1
        sees "read-only by its directory entry: write in ring 3", 3, {mov [AREA], al}, 7, AREA
        pde AREA, PT1 | P_P
        sees "both: write in ring 3", 3, {mov [AREA], al}, 7, AREA
        sees "both: write in ring 0", 0, {mov [AREA], al}, -1
        pde AREA, 0
        sees "directory entry absent: read", 0, {mov al, [AREA + 0x44]}, 0, AREA + 0x44
        sees "directory entry absent: write in ring 3", 3, {mov [AREA + 0x44], al}, 6, AREA + 0x44
        pde AREA, PT1 | P_ALL
        sees "directory entry back", 3, {mov [AREA], al}, -1
        ret

write_protect:
        pte AREA, PHYS | P_P | P_U
        pte AREA + 0x1000, PHYS | P_P
        pte AREA + 0x2000, PHYS | P_ALL
        wp_on
        sees "WP: write to a user read-only page in ring 0", 0, {mov [AREA], al}, 3, AREA
        sees "WP: write to a supervisor read-only page in ring 0", 0, {mov [AREA + 0x1004], al}, 3, AREA + 0x1004
        sees "WP: read", 0, {mov al, [AREA]}, -1
        sees "WP: write to a writable page", 0, {mov [AREA + 0x2000], al}, -1
        sees "WP: write in ring 3", 3, {mov [AREA], al}, 7, AREA
        sees "WP: xadd", 0, {xadd [AREA], eax}, 3, AREA
        pde AREA, PT1 | P_P | P_U
        sees "WP: read-only by its directory entry", 0, {mov [AREA + 0x2000], al}, 3, AREA + 0x2000
        pde AREA, PT1 | P_ALL
        wp_off
        sees "WP off again: write in ring 0", 0, {mov [AREA], al}, -1
        ret

; A and D of the table and directory entries.
accessed_dirty:
%macro entry_is 3               ; name, linear, bits of P_A | P_D
        check_bits {%1}, [PTE_AT(%2)], P_A | P_D, %3
%endmacro
        pte AREA, PHYS | P_ALL
        entry_is "untouched: A, D", AREA, 0
        mov al, [AREA]
        entry_is "read sets A", AREA, P_A
        mov [AREA], al
        entry_is "write sets D", AREA, P_A | P_D
        pte AREA, PHYS | P_ALL
        mov [AREA], al
        entry_is "first access a write", AREA, P_A | P_D
        pte AREA, PHYS | P_ALL
        mov ebx, [AREA + 0xffe]
        pte AREA + 0x1000, PHYS | P_ALL
        pte AREA, PHYS | P_ALL
        mov [AREA + 0xffe], ebx
        entry_is "a write across: first page", AREA, P_A | P_D
        entry_is "a write across: second page", AREA + 0x1000, P_A | P_D
        ; The directory entry gets A alone.
        mov dword [PDE_AT(AREA)], PT1 | P_ALL
        pte AREA, PHYS | P_ALL
        call flush
        mov [AREA], al
        check_bits "directory entry: A, no D", [PDE_AT(AREA)], P_A | P_D, P_A
        ; Cleared by software, set again after INVLPG.
        pte AREA, PHYS | P_ALL | P_A | P_D
        mov al, [AREA]
        pte AREA, PHYS | P_ALL
        mov al, [AREA]
        entry_is "A again after invlpg, no D", AREA, P_A
        pte AREA, PHYS | P_ALL | P_A
        mov al, [AREA]
        mov [AREA], al
        entry_is "D after a read that filled the TLB", AREA, P_A | P_D
        ; Code sets A.
        pte AREA, PHYS | P_ALL
        mov byte [PHYS], 0xc3
        mov eax, AREA
        call eax
        entry_is "a fetch sets A", AREA, P_A
        ; Faults set no D.
        pte AREA, PHYS | P_P | P_U
        sees "refused write", 3, {mov [AREA], al}, 7, AREA
        check_bits "a refused write sets no D", [PTE_AT(AREA)], P_D, 0
        pte AREA, PHYS | P_W | P_U
        sees "absent", 0, {mov [AREA], al}, 2, AREA
        entry_is "an absent entry stays untouched", AREA, 0
        ; CMPXCHG that does not match writes all the same: D is set.
        pte AREA, PHYS | P_ALL
        mov dword [PHYS], 5
        mov eax, 6
        mov ecx, 7
        cmpxchg [AREA], ecx
        entry_is "cmpxchg that fails sets D", AREA, P_A | P_D
        check "cmpxchg that fails", [PHYS], 5
        ; INVLPG and LEA touch nothing.
        pte AREA, PHYS | P_ALL
        invlpg [AREA]
        lea eax, [AREA]
        entry_is "invlpg sets nothing", AREA, 0
        ; REP with count 0.
        pte AREA, PHYS | P_ALL
        mov edi, AREA
        xor ecx, ecx
        rep stosb
        entry_is "rep stosb with ECX 0 sets nothing", AREA, 0
        ret

; Which physical page: the whole of both levels.
levels:
        pte AREA, (WORK + 0x20000) | P_ALL
        pte AREA + 0x1000, (WORK + 0x7f000) | P_ALL
        pte AREA + 0x3ff000, (WORK + 0x21000) | P_ALL
        mov dword [WORK + 0x20ffc], 0x1001
        mov dword [WORK + 0x7f000], 0x1002
        mov dword [WORK + 0x21ffc], 0x1003
        check "end of a page", [AREA + 0xffc], 0x1001
        check "start of the next", [AREA + 0x1000], 0x1002
        check "end of the table", [AREA + 0x3ffffc], 0x1003
        ; The last page of the address space.
        mov dword [PAGES + 0xffc], (PAGES + 0x3000) | P_ALL
        mov dword [PAGES + 0x3ffc], (WORK + 0x22000) | P_ALL
        call flush
        mov dword [WORK + 0x22ffc], 0x1004
        mov ebx, 0xfffffffc
        check "the last dword of 4 GiB", [ebx], 0x1004
        ; A directory entry that points to the directory itself.
        mov dword [PAGES + 0xff8], PAGES | P_ALL
        call flush
        mov eax, [0xff801000 + 8]
        and eax, 0xfffff000
        mov ebx, [PT1 + 8]
        and ebx, 0xfffff000
        check "a table through itself", eax, ebx
        mov eax, [0xffbfe000 + 4]
        check_bits "the directory through itself", eax, 0xfffff000, PT1
        ; PCD and PWT change nothing that can be seen.
        pte AREA, (WORK + 0x20000) | P_ALL | 0x18
        check "PCD and PWT", [AREA + 0xffc], 0x1001
        ; The bits that software may use.
        pte AREA, (WORK + 0x20000) | P_ALL | 0xe00
        check "available bits", [AREA + 0xffc], 0x1001
        mov dword [PAGES + 0xffc], 0
        mov dword [PAGES + 0xff8], 0
        call flush
        ret

; Tables that the processor itself reads are supervisor accesses, from any ring.
system_accesses:
        desc T0, WORK, 0xfff, A_DATA_W | A_DPL3, G_BYTE32
        mov esi, gdt
        mov edi, WORK + 0x30000
        mov ecx, GDT_SIZE / 4
        rep movsd
        mov esi, idt
        mov edi, WORK + 0x31000
        mov ecx, 256 * 2
        rep movsd
        mov dword [gdt_ptr + 2], WORK + 0x30000
        lgdt [gdt_ptr]
        mov dword [idt_ptr + 2], WORK + 0x31000
        lidt [idt_ptr]
        pte WORK + 0x30000, (WORK + 0x30000) | P_P | P_W
        pte WORK + 0x31000, (WORK + 0x31000) | P_P | P_W
        arm
        to_ring3
        push dword T0 | 3
        pop fs
        want_ok "GDT on a supervisor page, load in ring 3"
        arm
        to_ring3
        mark
        hlt
        want_fault "IDT on a supervisor page, fault in ring 3", GP, 0
        mov dword [idt_ptr + 2], idt
        lidt [idt_ptr]
        ; The GDT's page absent: #PF with a supervisor's code, at the load.
        pte AREA, 0
        mov esi, gdt
        mov edi, PHYS
        mov ecx, GDT_SIZE / 4
        rep movsd
        pte AREA + 0x1000, PHYS | P_ALL
        pte AREA + 0x2000, 0
        mov word [gdt_ptr], 0x1000 + 0x100
        mov dword [gdt_ptr + 2], AREA + 0x1000
        lgdt [gdt_ptr]
        arm
        to_ring3
        mov eax, 0x1008 | 3
        mark
        mov fs, ax
        want_fault "descriptor on an absent page", PF, 0
        check "descriptor on an absent page: CR2", [rec_cr2], AREA + 0x2008
        arm
        to_ring3
        mov eax, 0x1008 | 3
        mark
        lar ebx, ax
        want_fault "lar of a descriptor on an absent page", PF, 0
        mov word [gdt_ptr], GDT_SIZE - 1
        mov dword [gdt_ptr + 2], gdt
        lgdt [gdt_ptr]
        ret

; CR2 is the first byte that faults.
cr2_of_spans:
        pte AREA, PHYS | P_ALL
        pte AREA + 0x1000, 0
        sees "read across into an absent page", 0, {mov eax, [AREA + 0xffd]}, 0, AREA + 0x1000
        sees "write across into an absent page", 0, {mov [AREA + 0xffd], eax}, 2, AREA + 0x1000
        sees "word across", 3, {mov ax, [AREA + 0xfff]}, 4, AREA + 0x1000
        pte AREA, 0
        pte AREA + 0x1000, PHYS | P_ALL
        sees "read across out of an absent page", 0, {mov eax, [AREA + 0xffd]}, 0, AREA + 0xffd
        pte AREA + 0x1000, 0
        sees "both absent", 0, {mov eax, [AREA + 0xffd]}, 0, AREA + 0xffd
        sees "both absent, write", 0, {mov [AREA + 0xffd], eax}, 2, AREA + 0xffd
        pte AREA, PHYS | P_P | P_U
        pte AREA + 0x1000, PHYS | P_ALL
        sees "first read-only, write across", 3, {mov [AREA + 0xffd], eax}, 7, AREA + 0xffd
        pte AREA, PHYS | P_ALL
        pte AREA + 0x1000, PHYS | P_P | P_U
        sees "second read-only, write across", 3, {mov [AREA + 0xffd], eax}, 7, AREA + 0x1000
        ret

large:
        test dword [cpuid_edx], 1 << 3
        jnz .have
        skip "4 MiB pages", "no PSE"
        ret
.have:
        ; Without CR4.PSE the bit means nothing.
        pde AREA, PT1 | P_ALL | P_PS
        pte AREA, PHYS | P_ALL
        mov dword [PHYS], 0xface
        check "PS without CR4.PSE", [AREA], 0xface
        mov eax, cr4
        or eax, CR4_PSE
        mov cr4, eax
        mov dword [WORK + 0x34568], 0x5ca1ab1e
        pde AREA, 0 | P_ALL | P_PS
        check "4 MiB page", [AREA + WORK + 0x34568], 0x5ca1ab1e
        check_bits "4 MiB page: read sets A", [PDE_AT(AREA)], P_A | P_D, P_A
        mov dword [AREA + WORK + 0x34568], 1
        check_bits "4 MiB page: write sets D", [PDE_AT(AREA)], P_A | P_D, P_A | P_D
        check "4 MiB page: write", [WORK + 0x34568], 1
        pde AREA, 0 | P_P | P_PS | P_U
        sees "4 MiB page, read-only: write in ring 3", 3, {mov [AREA + WORK], al}, 7, AREA + WORK
        pde AREA, 0 | P_P | P_PS | P_W
        sees "4 MiB page, supervisor: read in ring 3", 3, {mov al, [AREA + WORK]}, 5, AREA + WORK
        wp_on
        pde AREA, 0 | P_P | P_PS | P_U
        sees "4 MiB page, read-only, WP", 0, {mov [AREA + WORK], al}, 3, AREA + WORK
        wp_off
        pde AREA, PT1 | P_ALL
        mov eax, cr4
        and eax, ~CR4_PSE
        mov cr4, eax
        call paging_off
        call paging_on
        ret

; Global pages outlive a load of CR3, not INVLPG, nor a change of CR4.PGE.
global_pages:
        test dword [cpuid_edx], 1 << 13
        jnz .have
        skip "global pages", "no PGE"
        ret
.have:
        mov eax, cr4
        or eax, CR4_PGE
        mov cr4, eax
        mov dword [WORK + 0x10000], 0xa
        mov dword [WORK + 0x11000], 0xb
        mov dword [PTE_AT(AREA)], (WORK + 0x10000) | P_ALL | P_G
        invlpg [AREA]
        mov eax, [AREA]
        mov dword [PTE_AT(AREA)], (WORK + 0x11000) | P_ALL | P_G
        invlpg [AREA]
        check "invlpg drops a global page", [AREA], 0xb
        mov dword [PTE_AT(AREA)], (WORK + 0x10000) | P_ALL | P_G
        mov eax, cr4
        and eax, ~CR4_PGE
        mov cr4, eax
        check "clearing PGE drops global pages", [AREA], 0xa
        mov eax, cr4
        or eax, CR4_PGE
        mov cr4, eax
        mov dword [PTE_AT(AREA)], (WORK + 0x11000) | P_ALL
        invlpg [AREA]
        mov eax, [AREA]
        mov dword [PTE_AT(AREA)], (WORK + 0x10000) | P_ALL
        call flush
        check "a load of CR3 drops a page that is not global", [AREA], 0xa
        mov eax, cr4
        and eax, ~CR4_PGE
        mov cr4, eax
        ret

; What the control registers refuse.
control:
        mov eax, cr0
        or eax, 1 << 29
        and eax, ~(1 << 30)
        try
        mov cr0, eax
        want_fault "NW without CD", GP, 0
        try
        db 0x0f, 0x20, 0xc8             ; mov eax, cr1
        want_fault "cr1", UD, 0
        try
        db 0x0f, 0x22, 0xf8             ; mov cr7, eax
        want_fault "cr7", UD, 0
        cmp dword [cpuid_edx], 0
        je .no_cr4
        mov eax, cr4
        or eax, 1 << 31
        try
        mov cr4, eax
        want_fault "reserved bit of CR4", GP, 0
.no_cr4:
        arm
        to_ring3
        mark
        mov eax, cr0
        want_fault "cr0 in ring 3", GP, 0
        arm
        to_ring3
        mark
        mov cr3, eax
        want_fault "write of cr3 in ring 3", GP, 0
        arm
        to_ring3
        mark
        invlpg [AREA]
        want_fault "invlpg in ring 3", GP, 0
        ; CR2 can be written.
        mov eax, 0x12345678
        mov cr2, eax
        xor eax, eax
        mov eax, cr2
        check "cr2 written", eax, 0x12345678
        mov eax, cr0
        and eax, ~0x10
        mov cr0, eax
        mov eax, cr0
        check_bits "CR0.ET reads 1", eax, 0x10, 0x10
        ; LMSW can set PE, MP, EM and TS and can't clear PE.
        smsw ax
        mov ebx, eax
        mov eax, 8
        lmsw ax
        mov ecx, cr0
        check_bits "lmsw sets TS, keeps PE, clears MP", ecx, 0xf, 9
        mov eax, ebx
        lmsw ax
        mov ecx, cr0
        check_bits "lmsw back", ecx, 0xf, 3
        mov eax, cr0
        and eax, ~1
        try
        mov cr0, eax
        want_fault "PG without PE", GP, 0
        ret
image_end:
