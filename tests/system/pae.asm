; PAE paging: three levels, 2 MiB pages, the four pointers as registers, NX and
; reserved bits in error codes (SDM 3A 4.4, 4.7).
%include "common.inc"
%include "paging.inc"

PDPT            equ PAGES               ; one page each from here
PD0             equ PAGES + 0x1000      ; 0 to 1 GiB
PD3             equ PAGES + 0x2000      ; 3 to 4 GiB
PT_LOW          equ PAGES + 0x3000      ; 0 to 2 MiB
PT_WORK         equ PAGES + 0x4000      ; 2 to 4 MiB
PT_AREA         equ PAGES + 0x5000      ; 4 to 6 MiB: AREA
PHYS            equ WORK + 0x10000
NX_HI           equ 0x80000000
EFER            equ 0xc0000080

; pte64 LINEAR in AREA, LOW, HIGH
%macro pte64 3
        mov dword [PT_AREA + ((%1) >> 12 & 511) * 8], %2
        mov dword [PT_AREA + ((%1) >> 12 & 511) * 8 + 4], %3
        invlpg [%1]
%endmacro
%macro pde64 3
        mov dword [PD0 + ((%1) >> 21) * 8], %2
        mov dword [PD0 + ((%1) >> 21) * 8 + 4], %3
        call flush
%endmacro
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
; fetches NAME, RING, LINEAR, CODE (-1: INT END_TRIAL there is reached)
%macro fetches 4
        arm
%if %2 = 3
        push dword UDATA
        push dword STACK_TOP - 0x1000
        push dword 2
        push dword UCODE
        push dword %3
        iretd
%else
        jmp KCODE:%3
%endif
%if %4 = -1
        want_ok {%1}
%else
        want_fault_at {%1}, PF, %4, %3
        check {%1, ": CR2"}, [rec_cr2], %3
%endif
%endmacro

test_main:
        test dword [cpuid_edx], 1 << 6
        jnz .have
        skip "pae", "no PAE"
        check "no PAE", 0, 0
        ret
.have:
        call tables
        mov eax, cr4
        or eax, CR4_PAE
        mov cr4, eax
        mov eax, PDPT
        mov cr3, eax
        mov eax, cr0
        or eax, CR0_PG
        mov cr0, eax
        jmp short .on
.on:
        call rights
        call large
        call pointers
        call reserved
        test dword [cpuid_ext_edx], 1 << 20
        jnz .nx
        skip "nx", "no NX"
        jmp .off
.nx:
        call no_execute
.off:
        mov eax, cr0
        and eax, ~CR0_PG
        mov cr0, eax
        jmp short .leave
.leave:
        mov eax, cr4
        and eax, ~CR4_PAE
        mov cr4, eax
        ret

tables:
        mov edi, PAGES
        mov ecx, 0x6000 / 4
        xor eax, eax
        rep stosd
        mov dword [PDPT], PD0 | 1
        mov dword [PDPT + 24], PD3 | 1
        mov dword [PD0], PT_LOW | P_ALL
        mov dword [PD0 + 8], PT_WORK | P_ALL
        mov dword [PD0 + 16], PT_AREA | P_ALL
        mov eax, P_ALL
        xor ecx, ecx
.next:
        mov [PT_LOW + ecx * 8], eax
        lea edx, [eax + 0x200000]
        mov [PT_WORK + ecx * 8], edx
        add eax, 0x1000
        inc ecx
        cmp ecx, 512
        jb .next
        ret

rights:
        mov dword [PHYS], 0x12345678
        pte64 AREA, PHYS | P_ALL, 0
        check "4 KiB page", [AREA], 0x12345678
        check_bits "A", [PT_AREA], P_A | P_D, P_A
        mov [AREA], eax
        check_bits "D", [PT_AREA], P_A | P_D, P_A | P_D
        pte64 AREA, 0, 0
        sees "absent, read", 0, {mov al, [AREA + 5]}, 0, AREA + 5
        sees "absent, write in ring 3", 3, {mov [AREA + 5], al}, 6, AREA + 5
        pte64 AREA, PHYS | P_P | P_U, 0
        sees "read-only, write in ring 3", 3, {mov [AREA], al}, 7, AREA
        sees "read-only, write in ring 0", 0, {mov [AREA], al}, -1
        wp_on
        sees "read-only, write in ring 0, WP", 0, {mov [AREA], al}, 3, AREA
        wp_off
        pte64 AREA, PHYS | P_P | P_W, 0
        sees "supervisor, read in ring 3", 3, {mov al, [AREA]}, 5, AREA
        pte64 AREA, PHYS | P_ALL, 0
        pde64 AREA, PT_AREA | P_P | P_U, 0
        sees "read-only by its directory entry", 3, {mov [AREA], al}, 7, AREA
        pde64 AREA, PT_AREA | P_P | P_W, 0
        sees "supervisor by its directory entry", 3, {mov al, [AREA]}, 5, AREA
        pde64 AREA, 0, 0
        sees "directory entry absent", 0, {mov [AREA + 9], al}, 2, AREA + 9
        pde64 AREA, PT_AREA | P_ALL, 0
        ; A page above 4 GiB of which nothing is there is still mapped.
        mov ebx, 0x40000000
        sees "a pointer that is absent", 0, {mov al, [ebx]}, 0, 0x40000000
        sees "a pointer that is absent, write in ring 3", 3, {mov [ebx], al}, 6, 0x40000000
        mov ebx, 0xfffffffc
        sees "the last dword, absent", 0, {mov eax, [ebx]}, 0, 0xfffffffc
        mov dword [PD3 + 511 * 8], (PHYS & 0xffe00000) | P_ALL | P_PS
        mov dword [PD3 + 511 * 8 + 4], 0
        call flush
        mov dword [0x3ffffc], 0x4b1d
        check "the last dword by a 2 MiB page", [ebx], 0x4b1d
        ret

large:
        pde64 AREA, WORK | P_ALL | P_PS, 0
        mov dword [WORK + 0x34568], 0x5ca1ab1e
        check "2 MiB page", [AREA + 0x34568], 0x5ca1ab1e
        check_bits "2 MiB page: read sets A", [PD0 + 16], P_A | P_D, P_A
        mov dword [AREA + 0x34568], 2
        check_bits "2 MiB page: write sets D", [PD0 + 16], P_A | P_D, P_A | P_D
        pde64 AREA, WORK | P_P | P_PS | P_U, 0
        sees "2 MiB page, read-only", 3, {mov [AREA + 4], al}, 7, AREA + 4
        ; CR4.PSE does not matter.
        mov eax, cr4
        or eax, CR4_PSE
        mov cr4, eax
        check "2 MiB page with PSE", [AREA + 0x34568], 2
        mov eax, cr4
        and eax, ~CR4_PSE
        mov cr4, eax
        pde64 AREA, PT_AREA | P_ALL, 0
        ret

; The four pointers are loaded with CR3 and not looked at in between.
pointers:
        pte64 AREA, PHYS | P_ALL, 0
        mov dword [PHYS], 0x600d
        mov dword [PDPT], 0
        invlpg [AREA]
        check "a cleared pointer counts after the next load of CR3 only", [AREA], 0x600d
        mov dword [PDPT], PD0 | 1
        mov dword [PDPT + 8], PD0 | 1
        mov ebx, 0x40000000 + AREA
        invlpg [ebx]
        sees "a new pointer counts after the next load of CR3 only", 0, {mov eax, [ebx]}, 0, 0x40000000 + AREA
        call flush
        sees "a new pointer after a load of CR3", 0, {mov eax, [ebx]}, -1
        check "a new pointer: value", eax, 0x600d
        ; Reserved bits in a pointer refuse the load of CR3.
        mov dword [PDPT + 16], PD0 | 1 | 0x20
        mov eax, PDPT
        try
        mov cr3, eax
        want_fault "reserved bit 5 in a pointer", GP, 0
        mov dword [PDPT + 16], PD0 | 1 | P_W
        mov eax, PDPT
        try
        mov cr3, eax
        want_fault "reserved bit 1 in a pointer", GP, 0
        mov dword [PDPT + 16], PD0 | 1
        mov dword [PDPT + 20], 0x80000000
        mov eax, PDPT
        try
        mov cr3, eax
        want_fault "reserved bit 63 in a pointer", GP, 0
        mov dword [PDPT + 20], 0
        mov dword [PDPT + 16], 0x7fe
        mov eax, PDPT
        try
        mov cr3, eax
        want_ok "an absent pointer may hold anything"
        mov dword [PDPT + 16], 0
        ; PCD, PWT and the available bits are allowed.
        mov dword [PDPT + 16], PD0 | 1 | 0x18 | 0xe00
        mov eax, PDPT
        try
        mov cr3, eax
        want_ok "PCD, PWT and available bits in a pointer"
        mov dword [PDPT + 16], 0
        ; The table of pointers may stand at any 32 bytes.
        mov eax, [PDPT]
        mov [PDPT + 0x7e0], eax
        mov dword [PDPT + 0x7e4], 0
        mov eax, [PDPT + 24]
        mov [PDPT + 0x7f8], eax
        mov eax, PDPT + 0x7e0
        mov cr3, eax
        check "pointers at 7E0h of a page", [AREA], 0x600d
        sees "pointers at 7E0h of a page: the second is absent", 0, {mov eax, [ebx]}, 0, 0x40000000 + AREA
        mov dword [PDPT + 8], 0
        mov eax, PDPT
        mov cr3, eax
        ret

; Reserved bits: RSVD (8) with P.
reserved:
        mov ebx, AREA
        pte64 AREA, PHYS | P_ALL, 0x00100000     ; bit 52
        sees "bit 52 of an entry", 0, {mov al, [ebx]}, 9, AREA
        sees "bit 52 of an entry, write in ring 3", 3, {mov [ebx], al}, 15, AREA
        pte64 AREA, PHYS | P_ALL, NX_HI
        sees "bit 63 without NXE", 0, {mov al, [ebx]}, 9, AREA
        pte64 AREA, PHYS | P_W, NX_HI
        sees "reserved bits of an absent entry mean nothing", 0, {mov al, [ebx]}, 0, AREA
        pte64 AREA, PHYS | P_ALL, 0
        pde64 AREA, PT_AREA | P_ALL, 0x00100000
        sees "bit 52 of a directory entry", 0, {mov [ebx], al}, 11, AREA
        pde64 AREA, (WORK | 0x2000) | P_ALL | P_PS, 0
        sees "bit 13 of a 2 MiB entry", 0, {mov al, [ebx]}, 9, AREA
        pde64 AREA, (WORK | 0x100000) | P_ALL | P_PS, 0
        sees "bit 20 of a 2 MiB entry", 3, {mov al, [ebx]}, 13, AREA
        pde64 AREA, (WORK | 0x1000) | P_ALL | P_PS, 0
        sees "bit 12 of a 2 MiB entry is PAT, not reserved", 0, {mov al, [ebx]}, -1
        pde64 AREA, PT_AREA | P_ALL, 0
        ret

no_execute:
        mov word [PHYS + 0x10], 0xf1cd          ; int END_TRIAL
        mov ecx, EFER
        rdmsr
        or eax, 1 << 11                         ; NXE
        wrmsr
        pte64 AREA, PHYS | P_ALL, 0
        fetches "NXE, page without NX", 0, AREA + 0x10, -1
        fetches "NXE, page without NX, ring 3", 3, AREA + 0x10, -1
        pte64 AREA, PHYS | P_ALL, NX_HI
        sees "NX page: read", 0, {mov al, [AREA]}, -1
        sees "NX page: write in ring 3", 3, {mov [AREA], al}, -1
        fetches "NX page: fetch", 0, AREA + 0x10, 0x11
        fetches "NX page: fetch in ring 3", 3, AREA + 0x10, 0x15
        ; With NXE, an absent page tells of the fetch too.
        pte64 AREA, 0, 0
        fetches "absent page with NXE: fetch", 0, AREA + 0x10, 0x10
        fetches "absent page with NXE: fetch in ring 3", 3, AREA + 0x10, 0x14
        pte64 AREA, PHYS | P_P | P_W, 0
        fetches "supervisor page with NXE: fetch in ring 3", 3, AREA + 0x10, 0x15
        pte64 AREA, PHYS | P_ALL, 0
        pde64 AREA, PT_AREA | P_ALL, NX_HI
        fetches "NX by the directory entry", 0, AREA + 0x10, 0x11
        pde64 AREA, (WORK & 0xffe00000) | P_ALL | P_PS, NX_HI
        fetches "NX of a 2 MiB page", 3, AREA + 0x10010, 0x15
        pde64 AREA, (WORK & 0xffe00000) | P_ALL | P_PS, 0
        fetches "2 MiB page without NX", 3, AREA + 0x10010, -1
        pde64 AREA, PT_AREA | P_ALL, 0
        ; An instruction that runs on into an NX page.
        mov byte [PHYS + 0xfff], 0xb8
        pte64 AREA + 0x1000, PHYS | P_ALL, NX_HI
        arm
        jmp KCODE:AREA + 0xfff
        want_fault_at "instruction across into an NX page", PF, 0x11, AREA + 0xfff
        check "instruction across into an NX page: CR2", [rec_cr2], AREA + 0x1000
        ; Turned off: bit 63 is reserved again.
        mov ecx, EFER
        rdmsr
        and eax, ~(1 << 11)
        wrmsr
        pte64 AREA, PHYS | P_ALL, NX_HI
        sees "NXE off again", 0, {mov al, [AREA]}, 9, AREA
        pte64 AREA, PHYS | P_ALL, 0
        fetches "NXE off again: absent page has no I bit", 0, 0x40000000, 0
        ret
image_end:
