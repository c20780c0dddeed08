; LAR, LSL, VERR, VERW and ARPL: every descriptor type, seen from ring 0 and
; ring 3, with every RPL (SDM 2A LAR, LSL, ARPL; 2B VERR).
%include "common.inc"

; row NAME, SELECTOR, RING, LAR, LSL, VERR, VERW: expected ZF of each.
%macro row 7
%if %3 = 3
        arm
        to_ring3
%else
        arm
%endif
        mov eax, 0x5a5a5a5a
        mov ecx, %2
        lar eax, ecx
        setz bl
        mov edx, 0x5a5a5a5a
        lsl edx, ecx
        setz bh
        verr cx
        setz ch
        mov esi, ecx
        mov cl, 0
        mov ecx, %2
        verw cx
        setz cl
        settle
        movzx edi, bl
        check {%1, ", ring ", '0' + %3, ": lar"}, edi, %4
        movzx edi, bh
        check {%1, ", ring ", '0' + %3, ": lsl"}, edi, %5
        shr esi, 8
        and esi, 0xff
        check {%1, ", ring ", '0' + %3, ": verr"}, esi, %6
        movzx edi, cl
        check {%1, ", ring ", '0' + %3, ": verw"}, edi, %7
%if %4 = 0
        check {%1, ", ring ", '0' + %3, ": lar leaves its register"}, eax, 0x5a5a5a5a
%else
        mov edi, [gdt + ((%2) & 0xfff8) + 4]
        and edi, 0xf0ff00
        and eax, 0xf0ff00               ; bits 16 to 19 are undefined
        check {%1, ", ring ", '0' + %3, ": lar's value"}, eax, edi
%endif
%if %5 = 0
        check {%1, ", ring ", '0' + %3, ": lsl leaves its register"}, edx, 0x5a5a5a5a
%endif
        %pop
%endmacro

S               equ T0 + 0x80

test_main:
        row "null", 0, 0, 0, 0, 0, 0
        row "null with RPL 3", 3, 0, 0, 0, 0, 0
        row "beyond the GDT", GDT_SIZE, 0, 0, 0, 0, 0
        row "local without an LDT", 4, 0, 0, 0, 0, 0
        row "ring-0 data", KDATA, 0, 1, 1, 1, 1
        row "ring-0 data", KDATA, 3, 0, 0, 0, 0
        row "ring-0 data with RPL 3", KDATA | 3, 0, 0, 0, 0, 0
        row "ring-3 data with RPL 0", UDATA & ~3, 0, 1, 1, 1, 1
        row "ring-3 data with RPL 3", UDATA, 0, 1, 1, 1, 1
        row "ring-3 data with RPL 0", UDATA & ~3, 3, 1, 1, 1, 1
        row "ring-1 data with RPL 1", DATA1, 0, 1, 1, 1, 1
        row "ring-1 data with RPL 2", (DATA1 & ~3) | 2, 0, 0, 0, 0, 0
        row "ring-1 data", DATA1, 3, 0, 0, 0, 0
        row "readable code", KCODE, 0, 1, 1, 1, 0
        row "readable code of ring 0", KCODE, 3, 0, 0, 0, 0
        row "readable code of ring 3", UCODE, 3, 1, 1, 1, 0
        desc T0, WORK, 0xfff, A_DATA_R | A_DPL3, G_BYTE32
        row "read-only data", T0 | 3, 3, 1, 1, 1, 0
        desc T0, WORK, 0xfff, A_DATA_DOWN_R | A_DPL3, G_BYTE32
        row "read-only expand-down data", T0 | 3, 3, 1, 1, 1, 0
        desc T0, WORK, 0xfff, A_DATA_DOWN_W | A_DPL3, G_BYTE32
        row "expand-down data", T0 | 3, 3, 1, 1, 1, 1
        desc T0, 0, 0xfffff, A_CODE_X | A_DPL3, G_PAGE32
        row "execute-only code", T0 | 3, 3, 1, 1, 0, 0
        desc T0, 0, 0xfffff, A_CONF_R, G_PAGE32
        row "conforming code of ring 0", T0 | 3, 3, 1, 1, 1, 0
        desc T0, 0, 0xfffff, A_CONF_X, G_PAGE32
        row "conforming execute-only code of ring 0", T0 | 3, 3, 1, 1, 0, 0
        ; Absence does not matter to these instructions.
        desc T0, WORK, 0xfff, (A_DATA_W | A_DPL3) & 0x7f, G_BYTE32
        row "absent data", T0, 0, 1, 1, 1, 1
        row "absent data", T0 | 3, 3, 1, 1, 1, 1
        ; System descriptors: which types LAR and LSL know.
%macro system_row 5             ; name, type byte, lar, lsl, flags
        desc T0 + 8, WORK, 0x67, (%2) | A_DPL3, %5
        row %1, T0 + 8, 0, %3, %4, 0, 0
        row %1, (T0 + 8) | 3, 3, %3, %4, 0, 0
%endmacro
        system_row "type 0", 0x80, 0, 0, 0
        system_row "16-bit TSS", 0x81, 1, 1, 0
        system_row "LDT", 0x82, 1, 1, 0
        system_row "busy 16-bit TSS", 0x83, 1, 1, 0
        system_row "16-bit call gate", 0x84, 1, 0, 0
        system_row "task gate", 0x85, 1, 0, 0
        system_row "16-bit interrupt gate", 0x86, 0, 0, 0
        system_row "16-bit trap gate", 0x87, 0, 0, 0
        system_row "type 8", 0x88, 0, 0, 0
        system_row "32-bit TSS", 0x89, 1, 1, 0
        system_row "type 10", 0x8a, 0, 0, 0
        system_row "busy 32-bit TSS", 0x8b, 1, 1, 0
        system_row "32-bit call gate", 0x8c, 1, 0, 0
        system_row "type 13", 0x8d, 0, 0, 0
        system_row "32-bit interrupt gate", 0x8e, 0, 0, 0
        system_row "32-bit trap gate", 0x8f, 0, 0, 0
        row "ring-0 TSS", TSS_MAIN, 3, 0, 0, 0, 0
        row "ring-0 TSS", TSS_MAIN, 0, 1, 1, 0, 0
        ; Values of LSL: granularity is applied, expand-down is not.
%macro limit 5                  ; name, limit, access, flags, want
        desc T0 + 16, 0, %2, %3, %4
        mov ecx, T0 + 16
        xor eax, eax
        lsl eax, ecx
        check {"lsl of ", %1}, eax, %5
%endmacro
        limit "a byte-granular limit", 0x12345, A_DATA_W, G_BYTE32, 0x12345
        limit "a page-granular limit", 0x12345, A_DATA_W, G_PAGE32, 0x12345fff
        limit "a page-granular limit 0", 0, A_DATA_W, G_PAGE16, 0xfff
        limit "4 GiB", 0xfffff, A_CODE_R, G_PAGE32, 0xffffffff
        limit "expand-down", 0x100, A_DATA_DOWN_W, G_BYTE32, 0x100
        limit "a TSS", 0x67, A_TSS32, G_BYTE16, 0x67
        mov ecx, T0 + 16
        mov eax, 0xffffffff
        lsl ax, cx
        check "lsl with a 16-bit register", eax, 0xffff0067
        mov eax, 0xffffffff
        mov ecx, KDATA
        lar ax, cx
        check "lar with a 16-bit register", eax, 0xffff9300
        mov ecx, KDATA | 0xffff0000
        lar eax, ecx
        setz al
        and eax, 1
        check "lar ignores the upper half of the selector", eax, 1
        ; Other flags stay.
        mov ecx, KDATA
        stc
        lar eax, ecx
        setc al
        and eax, 1
        check "lar leaves CF", eax, 1
        call faults
        call arpl_rows
        ret

; The operand may fault; the selector never does.
faults:
        desc T0, WORK, 0xff, A_DATA_W, G_BYTE32
        mov eax, 0x1234
        push dword T0
        pop fs
        try
        lar eax, [fs:0x100]
        want_fault "lar with an operand beyond the limit", GP, 0
        push dword T0
        pop fs
        try
        verw [fs:0xff]
        want_fault "verw with an operand across the limit", GP, 0
        push dword T0
        pop fs
        try
        lsl eax, [fs:0xfe]
        want_ok "lsl reads two bytes"
        try
        db 0xf0, 0x0f, 0x02, 0xc0       ; lock lar eax, eax
        want_fault "lock lar", UD, 0
        try
        db 0x0f, 0x00, 0xf0             ; /6
        want_fault "0F 00 /6", UD, 0
        ret

arpl_rows:
%macro arpl_case 5
        mov eax, 0xaaaa0000 | (%2)
        mov ecx, %3
        arpl ax, cx
        setz dl
        movzx edx, dl
        check {"arpl ", %1, ": value"}, eax, 0xaaaa0000 | (%4)
        check {"arpl ", %1, ": ZF"}, edx, %5
%endmacro
        arpl_case "0 raised to 3", 0x1230, 0x0003, 0x1233, 1
        arpl_case "1 raised to 2", 0x1231, 0xfff2, 0x1232, 1
        arpl_case "3 against 0", 0x1233, 0x0000, 0x1233, 0
        arpl_case "2 against 2", 0x1232, 0x0002, 0x1232, 0
        mov dword [WORK], 0x00010000
        mov ecx, 3
        arpl [WORK + 2], cx
        check "arpl in memory", [WORK], 0x00030000
        desc T0, WORK, 0xff, A_DATA_R, G_BYTE32
        push dword T0
        pop fs
        mov dword [WORK], 0
        mov ecx, 3
        try
        arpl [fs:2], cx
        want_fault "arpl to read-only data", GP, 0
        mov eax, 0x10
        mov ecx, 3
        stc
        arpl ax, cx
        setc al
        and eax, 1
        check "arpl leaves CF", eax, 1
        ret
image_end:
