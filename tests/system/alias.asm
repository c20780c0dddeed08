; Aliased and remapped code and data: two linear pages on one physical page, one
; linear page on changing physical pages, instructions across a page that moves,
; and the wrap of A20.
%include "common.inc"
%include "paging.inc"

PHYS_A          equ WORK + 0x10000      ; physical pages
PHYS_B          equ WORK + 0x11000
PHYS_C          equ WORK + 0x12000
PHYS_D          equ WORK + 0x13000

; function AT, VALUE: writes `mov eax, VALUE; ret` there.
%macro function 2
        mov byte [%1], 0xb8
        mov dword [(%1) + 1], %2
        mov byte [(%1) + 5], 0xc3
%endmacro
%macro run 1
        xor eax, eax
        mov edx, %1
        call edx
%endmacro
; serialize: what the SDM asks for between a store by one alias and the fetch by
; another (3A 8.1.3).
%macro serialize 0
        pushad
        call serialize_now
        popad
%endmacro

test_main:
        call paging_on
        call data_aliases
        call code_aliases
        call position
        call remapped
        call remapped_across
        call remapped_links
        call directories
        call paging_off
        call a20
        ret

serialize_now:
        pushfd
        push cs
        push dword .there
        iretd
.there: ret

data_aliases:
        pte AREA, PHYS_A | P_ALL
        pte AREA + 0x5000, PHYS_A | P_ALL
        mov dword [AREA + 0x10], 0x11111111
        check "write by one alias, read by another", [AREA + 0x5010], 0x11111111
        check "write by an alias, read one to one", [PHYS_A + 0x10], 0x11111111
        mov byte [AREA + 0x5011], 0x22
        check "bytes mixed", [AREA + 0x10], 0x11112211
        add dword [AREA + 0x10], 1
        add dword [AREA + 0x5010], 1
        check "read-modify-write by turns", [PHYS_A + 0x10], 0x11112213
        ; A page that follows itself: a dword across the boundary meets the
        ; start of the same page.
        pte AREA + 0x1000, PHYS_A | P_ALL
        mov dword [PHYS_A], 0
        mov dword [PHYS_A + 0xffc], 0
        mov dword [AREA + 0xffe], 0x44332211
        check "across into the same page: its end", [PHYS_A + 0xffc], 0x22110000
        check "across into the same page: its start", [PHYS_A], 0x00004433
        mov eax, [AREA + 0xffe]
        check "across into the same page: read", eax, 0x44332211
        ; Pages in reverse order.
        pte AREA + 0x2000, PHYS_C | P_ALL
        pte AREA + 0x3000, PHYS_B | P_ALL
        mov dword [AREA + 0x2ffd], 0xaabbccdd
        check_bits "across to a lower page: first part", [PHYS_C + 0xffc], 0xffffff00, 0xbbccdd00
        check_bits "across to a lower page: second part", [PHYS_B], 0xff, 0xaa
        ; REP MOVS between aliases of one page.
        mov dword [PHYS_A], 0x01020304
        mov dword [PHYS_A + 4], 0
        mov esi, AREA
        mov edi, AREA + 0x5000 + 1
        mov ecx, 7
        rep movsb
        check "rep movsb over aliases spreads a byte", [PHYS_A + 4], 0x04040404
        ret

code_aliases:
        pte AREA, PHYS_A | P_ALL
        pte AREA + 0x5000, PHYS_A | P_ALL
        function PHYS_A + 0x100, 0x1001
        serialize
        run AREA + 0x100
        check "run by the first alias", eax, 0x1001
        run AREA + 0x5100
        check "run by the second alias", eax, 0x1001
        mov dword [AREA + 0x5101], 0x1002
        serialize
        run AREA + 0x100
        check "written by the second, run by the first", eax, 0x1002
        mov dword [PHYS_A + 0x101], 0x1003
        serialize
        run AREA + 0x5100
        check "written one to one, run by the second", eax, 0x1003
        run PHYS_A + 0x100
        check "run one to one", eax, 0x1003
        ; Many times by turns.
        mov ecx, 100
        xor ebx, ebx
.next:
        mov [AREA + 0x101], ecx
        serialize
        run AREA + 0x5100
        add ebx, eax
        loop .next
        check "written and run by turns", ebx, 5050
        ; A routine that changes itself through its alias, then serializes.
        mov esi, .image
        mov edi, PHYS_A + 0x200
        mov ecx, .image_end - .image
        rep movsb
        run AREA + 0x200
        check "a routine changed through its alias", eax, 0x55
        ret
.image:
        mov byte [AREA + 0x5200 + .b - .image + 1], 0x55
        pushfd
        push cs
        call .here
.here:  add dword [esp], .b - .here
        iretd
.b:     mov eax, 1
        ret
.image_end:

; Code must not know its linear address but by EIP.
position:
        pte AREA, PHYS_A | P_ALL
        pte AREA + 0x5000, PHYS_A | P_ALL
        mov byte [PHYS_A + 0x300], 0xe8  ; call +0; pop eax; ret
        mov dword [PHYS_A + 0x301], 0
        mov dword [PHYS_A + 0x305], 0x9090c358
        serialize
        run AREA + 0x300
        check "EIP by the first alias", eax, AREA + 0x305
        run AREA + 0x5300
        check "EIP by the second alias", eax, AREA + 0x5305
        run PHYS_A + 0x300
        check "EIP one to one", eax, PHYS_A + 0x305
        ; A fault in it reports the address in use.
        mov byte [PHYS_A + 0x310], 0x90
        mov word [PHYS_A + 0x311], 0x0b0f       ; ud2
        serialize
        arm
        jmp KCODE:AREA + 0x310
        want_fault_at "fault by the first alias", UD, 0, AREA + 0x311
        arm
        jmp KCODE:AREA + 0x5310
        want_fault_at "fault by the second alias", UD, 0, AREA + 0x5311
        ; A relative jump out of the page leads to different places.
        mov byte [PHYS_A + 0x320], 0xe9
        mov dword [PHYS_A + 0x321], 0x1000 - 5
        pte AREA + 0x1000, PHYS_B | P_ALL
        pte AREA + 0x6000, PHYS_C | P_ALL
        function PHYS_B + 0x320, 0xb
        function PHYS_C + 0x320, 0xc
        serialize
        run AREA + 0x320
        check "jump to the next page, first alias", eax, 0xb
        run AREA + 0x5320
        check "jump to the next page, second alias", eax, 0xc
        run AREA + 0x320
        check "jump to the next page, first alias again", eax, 0xb
        ; A code segment with a base: same linear code, other EIP.
        desc T0, 0x100000, 0xfffff, A_CODE_R, G_PAGE32
        arm
        jmp T0:AREA - 0x100000 + 0x310
        want_fault_at "fault in a segment with a base", UD, 0, AREA - 0x100000 + 0x311
        ret

remapped:
        function PHYS_A + 0x400, 0xa
        function PHYS_B + 0x400, 0xb
        pte AREA, PHYS_A | P_ALL
        run AREA + 0x400
        check "before", eax, 0xa
        pte AREA, PHYS_B | P_ALL
        run AREA + 0x400
        check "remapped with invlpg", eax, 0xb
        mov dword [PTE_AT(AREA)], PHYS_A | P_ALL
        call flush
        run AREA + 0x400
        check "remapped with a load of CR3", eax, 0xa
        mov ecx, 50
        xor ebx, ebx
.next:
        mov dword [PTE_AT(AREA)], PHYS_B | P_ALL
        invlpg [AREA]
        run AREA + 0x400
        add ebx, eax
        mov dword [PTE_AT(AREA)], PHYS_A | P_ALL
        invlpg [AREA]
        run AREA + 0x400
        add ebx, eax
        loop .next
        check "remapped to and fro", ebx, 50 * (0xa + 0xb)
        ; Unmapped: the code was run before, its page is gone.
        pte AREA, 0
        arm
        jmp KCODE:AREA + 0x400
        want_fault_at "unmapped code", PF, 0, AREA + 0x400
        check "unmapped code: CR2", [rec_cr2], AREA + 0x400
        pte AREA, PHYS_B | P_ALL
        run AREA + 0x400
        check "mapped again", eax, 0xb
        ; A page that turns from absent to present needs no INVLPG.
        pte AREA + 0x7000, 0
        try
        mov eax, [AREA + 0x7000]
        want_fault "absent", PF, 0
        mov dword [PTE_AT(AREA + 0x7000)], PHYS_A | P_ALL
        mov dword [PHYS_A], 0x1234
        try
        mov eax, [AREA + 0x7000]
        want_ok "present without invlpg"
        check "present without invlpg: value", eax, 0x1234
        ; Data of the old page stays where it was.
        pte AREA, PHYS_A | P_ALL
        mov dword [AREA + 0x10], 0xaaaa
        pte AREA, PHYS_B | P_ALL
        mov dword [AREA + 0x10], 0xbbbb
        check "stores go to the page of their time, A", [PHYS_A + 0x10], 0xaaaa
        check "stores go to the page of their time, B", [PHYS_B + 0x10], 0xbbbb
        ret

; An instruction across two pages of which one moves.
remapped_across:
        pte AREA, PHYS_A | P_ALL
        pte AREA + 0x1000, PHYS_B | P_ALL
        mov byte [PHYS_A + 0xffd], 0xb8         ; mov eax, imm32
        mov word [PHYS_A + 0xffe], 0x1111
        mov word [PHYS_B], 0x2222
        mov byte [PHYS_B + 2], 0xc3
        mov word [PHYS_C], 0x3333
        mov byte [PHYS_C + 2], 0xc3
        mov byte [PHYS_D + 0xffd], 0xb8
        mov word [PHYS_D + 0xffe], 0x4444
        serialize
        run AREA + 0xffd
        check "across", eax, 0x22221111
        pte AREA + 0x1000, PHYS_C | P_ALL
        run AREA + 0xffd
        check "across, second page moved", eax, 0x33331111
        pte AREA, PHYS_D | P_ALL
        run AREA + 0xffd
        check "across, first page moved", eax, 0x33334444
        pte AREA + 0x1000, PHYS_B | P_ALL
        run AREA + 0xffd
        check "across, second page moved back", eax, 0x22224444
        mov word [AREA + 0x1000], 0x5555
        run AREA + 0xffd
        check "across, second page written", eax, 0x55554444
        mov word [PHYS_B], 0x6666
        serialize
        run AREA + 0xffd
        check "across, second page written by an alias", eax, 0x66664444
        pte AREA + 0x1000, 0
        arm
        jmp KCODE:AREA + 0xffd
        want_fault_at "across, second page gone", PF, 0, AREA + 0xffd
        check "across, second page gone: CR2", [rec_cr2], AREA + 0x1000
        pte AREA + 0x1000, PHYS_C | P_ALL
        run AREA + 0xffd
        check "across, second page back", eax, 0x33334444
        ret

; A page that a block of another page jumps to, moved in between.
remapped_links:
        pte AREA, PHYS_A | P_ALL
        mov byte [PHYS_A + 0x500], 0xe9         ; jmp AREA + 2500h
        mov dword [PHYS_A + 0x501], 0x2000 - 5
        function PHYS_B + 0x500, 0xb
        function PHYS_C + 0x500, 0xc
        mov ecx, 20
        xor ebx, ebx
.next:
        pte AREA + 0x2000, PHYS_B | P_ALL
        run AREA + 0x500
        add ebx, eax
        pte AREA + 0x2000, PHYS_C | P_ALL
        run AREA + 0x500
        add ebx, eax
        loop .next
        check "a jump's target page moves", ebx, 20 * (0xb + 0xc)
        pte AREA + 0x2000, 0
        arm
        jmp KCODE:AREA + 0x500
        want_fault_at "a jump's target page is gone", PF, 0, AREA + 0x2500
        ; A loop that falls through into the page that moves.
        pte AREA + 0x1000, PHYS_B | P_ALL
        mov byte [PHYS_A + 0xfff], 0x90
        function PHYS_B, 0x1b
        function PHYS_C, 0x1c
        run AREA + 0xfff
        check "falls into the next page", eax, 0x1b
        pte AREA + 0x1000, PHYS_C | P_ALL
        run AREA + 0xfff
        check "falls into the next page, moved", eax, 0x1c
        ; A return to a page that moved.
        pte AREA + 0x2000, PHYS_B | P_ALL
        mov byte [PHYS_A + 0x600], 0xc3
        mov byte [PHYS_B + 0x600], 0xe8         ; call AREA + 600h; mov eax, 2b; ret
        mov dword [PHYS_B + 0x601], -0x2000 - 5
        function PHYS_B + 0x605, 0x2b
        function PHYS_C + 0x605, 0x2c
        run AREA + 0x2600
        check "call and return between pages", eax, 0x2b
        mov esi, .mover
        mov edi, PHYS_A + 0x600
        mov ecx, .mover_end - .mover
        rep movsb
        serialize
        run AREA + 0x2600
        check "return to a page that moved", eax, 0x2c
        ret
.mover:
        mov dword [PTE_AT(AREA + 0x2000)], PHYS_C | P_ALL
        invlpg [AREA + 0x2000]
        ret
.mover_end:

; Whole directories: the same addresses under another CR3.
directories:
DIR2            equ PAGES + 0x8000
        mov esi, PAGES
        mov edi, DIR2
        mov ecx, 1024
        rep movsd
        mov esi, PT1
        mov edi, DIR2 + 0x1000
        mov ecx, 1024
        rep movsd
        mov dword [DIR2 + 4], (DIR2 + 0x1000) | P_ALL
        mov dword [DIR2 + 0x1000], PHYS_C | P_ALL
        pte AREA, PHYS_B | P_ALL
        mov ecx, 50
        xor ebx, ebx
.next:
        mov eax, PAGES
        mov cr3, eax
        run AREA + 0x500
        add ebx, eax
        mov eax, DIR2
        mov cr3, eax
        run AREA + 0x500
        shl eax, 8
        add ebx, eax
        loop .next
        check "two directories by turns", ebx, 50 * (0xb + 0xc00)
        ; Written under one, run under the other.
        mov dword [AREA + 0x501], 0x1c
        mov eax, PAGES
        mov cr3, eax
        pte AREA, PHYS_C | P_ALL
        run AREA + 0x500
        check "written under one directory, run under the other", eax, 0x1c
        ret

; With A20 masked 1 MiB and 3 MiB are 0 and 2 MiB. The image lies above 1 MiB,
; so the code that masks runs at WORK, with its stack there, and takes no fault.
a20:
        mov esi, .image
        mov edi, WORK + 0x30000
        mov ecx, .image_end - .image
        rep movsb
        mov dword [0x600], 0x11110000
        mov dword [WORK + 0x600], 0x22220000
        mov dword [WORK + 0x100600], 0x33330000
        mov [WORK + 0x31ffc], esp
        function WORK + 0x700, 0x20
        function WORK + 0x100700, 0x30
        run WORK + 0x100700
        mov esi, eax
        mov esp, WORK + 0x31ffc
        mov edx, WORK + 0x30000
        call edx
        mov esp, [WORK + 0x31ffc]
        check "A20 masked: 300600 reads 200600", ebx, 0x22220000
        check "A20 masked: a store to 300600 goes to 200600", [WORK + 0x600], 0x44440000
        check "A20 masked: 300600 itself is untouched", [WORK + 0x100600], 0x33330000
        check "A20 masked: code at 300700 is that at 200700", edi, 0x20
        check "A20 before: code at 300700", esi, 0x30
        check "A20 masked: 100600 reads 600", ebp, 0x11110000
        run WORK + 0x100700
        check "A20 back: code at 300700", eax, 0x30
        ret
; A20 is open while either gate is: the 8042's output port or port 92h.
.image:
        mov bl, 0xdd                    ; output port, A20 off
        call .gate
        in al, 0x92
        and al, 0xfc
        out 0x92, al
        mov ecx, [WORK + 0x100600]
        mov ebp, [0x100600]
        mov dword [WORK + 0x100600], 0x44440000
        mov edx, WORK + 0x100700
        call edx
        mov edi, eax
        in al, 0x92
        or al, 2
        and al, 0xfe
        out 0x92, al
        mov bl, 0xdf
        call .gate
        mov ebx, ecx
        ret
.gate:
        in al, 0x64
        test al, 2
        jnz .gate
        mov al, 0xd1                    ; write output port
        out 0x64, al
.gate2: in al, 0x64
        test al, 2
        jnz .gate2
        mov al, bl
        out 0x60, al
.gate3: in al, 0x64
        test al, 2
        jnz .gate3
        ret
.image_end:
image_end:
