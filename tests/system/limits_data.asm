; Limits of data segments: every access size at the limit, one past it, across
; it and far beyond, expand-up and expand-down, byte and page granular, big and
; small, through each segment register (SDM 3A 5.3).
%include "common.inc"

; good NAME, SEGREG, SELECTOR, {INSN}: the instruction must run.
%macro good 4
        push dword %3
        pop %2
        try
        %4
        want_ok {"good: ", %1}
%endmacro
; bad NAME, SEGREG, SELECTOR, {INSN}[, VECTOR]: it must fault with code 0.
%macro bad 4-5 GP
        push dword %3
        pop %2
        try
        %4
        want_fault {"bad: ", %1}, %5, 0
%endmacro

; edge NAME, SIZE, {INSN with [fs:ebx]}: fits when its last byte is at the limit
; FFh, faults one further, and at the wrap of the offset.
%macro edge 3
        mov ebx, 0x100 - %2
        good {%1, " ends at the limit"}, fs, T0, {%3}
        mov ebx, 0x101 - %2
        bad {%1, " ends one past the limit"}, fs, T0, {%3}
        mov ebx, 0x100
        bad {%1, " begins one past the limit"}, fs, T0, {%3}
%if %2 > 1
        mov ebx, 0xffffffff
        bad {%1, " wraps from the last byte"}, fs, T0, {%3}
%endif
%endmacro

; span NAME, SELECTOR, FIRST, LAST: byte, word and dword around both ends.
%macro span 4
        mov ebx, %3
        good {%1, " byte at the first"}, fs, %2, {mov al, [fs:ebx]}
        good {%1, " word at the first"}, fs, %2, {mov ax, [fs:ebx]}
        good {%1, " dword at the first"}, fs, %2, {mov eax, [fs:ebx]}
        good {%1, " dword write at the first"}, fs, %2, {mov [fs:ebx], eax}
        dec ebx
        bad {%1, " byte before the first"}, fs, %2, {mov al, [fs:ebx]}
        bad {%1, " word before the first"}, fs, %2, {mov ax, [fs:ebx]}
        bad {%1, " dword before the first"}, fs, %2, {mov eax, [fs:ebx]}
        sub ebx, 2
        bad {%1, " dword three before the first"}, fs, %2, {mov eax, [fs:ebx]}
        bad {%1, " dword write three before the first"}, fs, %2, {mov [fs:ebx], eax}
        mov ebx, %4
        good {%1, " byte at the last"}, fs, %2, {mov al, [fs:ebx]}
%if %4 != 0xffffffff
        bad {%1, " word at the last"}, fs, %2, {mov ax, [fs:ebx]}
        bad {%1, " dword at the last"}, fs, %2, {mov eax, [fs:ebx]}
        inc ebx
        bad {%1, " byte past the last"}, fs, %2, {mov al, [fs:ebx]}
        bad {%1, " byte write past the last"}, fs, %2, {mov [fs:ebx], al}
        dec ebx
%endif
        dec ebx
        good {%1, " word that ends at the last"}, fs, %2, {mov ax, [fs:ebx]}
        sub ebx, 2
        good {%1, " dword that ends at the last"}, fs, %2, {mov eax, [fs:ebx]}
        good {%1, " dword write that ends at the last"}, fs, %2, {mov [fs:ebx], eax}
%endmacro

test_main:
        desc T0, WORK, 0xff, A_DATA_W, G_BYTE32
        call sizes
        call forms
        call registers
        call shapes
        call address16
        call strings
        call bit_strings
        ret

sizes:
        edge "read byte", 1, {mov al, [fs:ebx]}
        edge "read word", 2, {mov ax, [fs:ebx]}
        edge "read dword", 4, {mov eax, [fs:ebx]}
        edge "write byte", 1, {mov [fs:ebx], al}
        edge "write word", 2, {mov [fs:ebx], ax}
        edge "write dword", 4, {mov [fs:ebx], eax}
        edge "write immediate", 4, {mov dword [fs:ebx], 7}
        edge "add byte", 1, {add [fs:ebx], al}
        edge "add word", 2, {add [fs:ebx], ax}
        edge "add dword", 4, {add [fs:ebx], eax}
        edge "xchg dword", 4, {xchg [fs:ebx], eax}
        edge "far pointer", 6, {lgs eax, [fs:ebx]}
        edge "fld tbyte", 10, {fld tword [fs:ebx]}
        fninit
        edge "fld qword", 8, {fld qword [fs:ebx]}
        fninit
        edge "fst qword", 8, {fst qword [fs:ebx]}
        edge "fbstp", 10, {fbstp [fs:ebx]}
        fninit
        edge "fnstenv", 28, {fnstenv [fs:ebx]}
        edge "fldenv", 28, {fldenv [fs:ebx]}
        fninit
        edge "fnsave", 108, {fnsave [fs:ebx]}
        edge "frstor", 108, {frstor [fs:ebx]}
        fninit
        edge "fnstcw", 2, {fnstcw [fs:ebx]}
        edge "sgdt", 6, {sgdt [fs:ebx]}
        edge "sidt", 6, {sidt [fs:ebx]}
        edge "smsw", 2, {smsw [fs:ebx]}
        edge "str", 2, {str [fs:ebx]}
        ; What is read must not raise #BR: zeros are in bounds of index 0.
        mov dword [WORK + 0xf8], 0
        mov dword [WORK + 0xfc], 0
        xor eax, eax
        edge "bound", 8, {bound eax, [fs:ebx]}
        test dword [cpuid_edx], 1 << 8
        jz .no_cx8
        edge "cmpxchg8b", 8, {cmpxchg8b [fs:ebx]}
.no_cx8:
        test dword [cpuid_edx], 1 << 23
        jz .no_mmx
        edge "movq", 8, {movq mm0, [fs:ebx]}
        edge "movq store", 8, {movq [fs:ebx], mm0}
        edge "movd", 4, {movd mm0, [fs:ebx]}
        emms
.no_mmx:
        ret

; Other instructions with a memory operand, each with its own way to the bytes.
forms:
        edge "push", 4, {push dword [fs:ebx]}
        push eax
        edge "pop", 4, {pop dword [fs:ebx]}
        pop eax
        edge "test", 4, {test dword [fs:ebx], 1}
        edge "not", 4, {not dword [fs:ebx]}
        edge "inc word", 2, {inc word [fs:ebx]}
        edge "mul", 4, {mul dword [fs:ebx]}
        edge "shl", 4, {shl dword [fs:ebx], 1}
        edge "shl by 0 still reads", 4, {shl dword [fs:ebx], 0}
        edge "shld", 4, {shld [fs:ebx], eax, 4}
        edge "sete", 1, {sete [fs:ebx]}
        edge "cmpxchg", 4, {cmpxchg [fs:ebx], ecx}
        edge "xadd", 4, {xadd [fs:ebx], eax}
        edge "movzx word", 2, {movzx eax, word [fs:ebx]}
        edge "movsx byte", 1, {movsx eax, byte [fs:ebx]}
        edge "imul", 4, {imul eax, [fs:ebx]}
        edge "bsf", 4, {bsf eax, [fs:ebx]}
        mov dword [WORK + 0xf8], 0
        mov dword [WORK + 0xfc], 0
        edge "mov to segment", 2, {mov gs, [fs:ebx]}
        edge "mov from segment", 2, {mov [fs:ebx], cs}
        edge "verr", 2, {verr [fs:ebx]}
        mov dword [WORK + 0xf8], 0
        mov dword [WORK + 0xfc], 0
        edge "lar", 2, {lar eax, [fs:ebx]}
        edge "fild", 2, {fild word [fs:ebx]}
        fninit
        mov dword [WORK + 0xfc], 0
        xor eax, eax
        edge "xlat", 1, {db 0x64, 0xd7}
        xor eax, eax
        mov ebx, 0xf0
        mov al, 0x10
        bad "xlat index one past the limit", fs, T0, {db 0x64, 0xd7}
        good "moffs at the limit", fs, T0, {mov eax, [fs:0xfc]}
        bad "moffs past the limit", fs, T0, {db 0x64, 0xa1, 0xfd, 0, 0, 0}
        bad "moffs write past the limit", fs, T0, {db 0x64, 0xa3, 0xfd, 0, 0, 0}
        mov ebx, 0xffffff00
        good "base and displacement wrap into the segment", fs, T0, {mov eax, [fs:ebx + 0x1fc]}
        mov ebx, 0x80
        good "base and scaled index", fs, T0, {mov al, [fs:ebx + ebx - 1]}
        bad "base and scaled index past the limit", fs, T0, {mov al, [fs:ebx + ebx]}
        good "lea checks nothing", fs, T0, {lea eax, [fs:0x12345678]}
        test dword [cpuid_edx], 1 << 15 ; CMOV: a P6 or later
        jz .no_long_nop
        good "long nop reads nothing", fs, T0, {db 0x64, 0x0f, 0x1f, 0x05, 0x78, 0x56, 0x34, 0x12}
.no_long_nop:
        ; What the instruction would change stays as it was.
        mov dword [WORK + 0xfc], 0x11223344
        mov eax, 0x55667788
        push dword T0
        pop fs
        try
        xchg [fs:0xfd], eax
        want_fault "xchg past the limit", GP, 0
        check "xchg leaves the register", eax, 0x55667788
        check "xchg leaves the memory", [WORK + 0xfc], 0x11223344
        try
        add [fs:0xfd], eax
        want_ok "trial ends restore flat segments"
        stc
        push dword T0
        pop fs
        try
        adc [fs:0xfd], eax
        want_fault "adc past the limit", GP, 0
        check_bits "adc leaves CF", [rec_efl], FL_CF, FL_CF
        check_bits "a fault pushes RF", [rec_efl], FL_RF, FL_RF
        ret

; The same limit through every segment register. SS gives #SS; it is loaded in
; ring 3, where the handler has a stack of its own.
registers:
        desc T0 + 8, WORK, 0xff, A_DATA_W | A_DPL3, G_BYTE32
        desc T0 + 16, WORK, 0xff, A_CODE_R, G_BYTE32
        mov ebx, 0xfc
        good "through es", es, T0, {mov eax, [es:ebx]}
        good "through gs", gs, T0, {mov eax, [gs:ebx]}
        good "through ds", ds, T0, {mov eax, [ebx]}
        inc ebx
        bad "through es past the limit", es, T0, {mov eax, [es:ebx]}
        bad "through gs past the limit", gs, T0, {mov eax, [gs:ebx]}
        bad "through ds past the limit", ds, T0, {mov eax, [ebx]}
        good "readable code through es", es, T0 + 16, {mov eax, [es:0xfc]}
        bad "readable code through es past the limit", es, T0 + 16, {mov eax, [es:ebx]}
        arm
        to_ring3
        mov ax, (T0 + 8) | 3
        mov ss, ax
        mov ebp, 0xfc
        mov eax, [ebp]
        mov eax, [ss:ebp]
        want_ok "through ss"
        arm
        to_ring3
        mov ax, (T0 + 8) | 3
        mov ss, ax
        mov ebp, 0xfd
        mark
        mov eax, [ebp]
        want_fault "through ss past the limit, base EBP", SS_, 0
        arm
        to_ring3
        mov ax, (T0 + 8) | 3
        mov ss, ax
        mark
        mov [ss:0xfd], eax
        want_fault "through ss past the limit, override", SS_, 0
        arm
        to_ring3
        mov ax, (T0 + 8) | 3
        mov ss, ax
        mov esp, 0xfd
        mark
        mov eax, [esp]
        want_fault "through ss past the limit, base ESP", SS_, 0
        arm
        to_ring3
        mov ax, (T0 + 8) | 3
        mov ds, ax
        mov ebp, 0xfd
        mark
        mov eax, [ds:ebp]
        want_fault "base EBP with DS override", GP, 0
        ; CS: a code segment whose limit lies in the image.
        desc T0 + 24, IMAGE_BASE, OFF16(cs_end) - 1, A_CODE_R, G_BYTE32
        mov ebx, OFF16(cs_end) - 4
        try
        jmp (T0 + 24):OFF16(cs_reader)
        done
        check "through cs: no fault", [rec_vector], END_TRIAL
        check "through cs: value", eax, 0x600df00d
        mov ebx, OFF16(cs_end) - 3
        arm
        jmp (T0 + 24):OFF16(cs_reader)
        want_fault_at "through cs past the limit", GP, 0, OFF16(cs_reader)
        check "through cs past the limit: CS", [rec_cs], T0 + 24
        ret

cs_reader:
        mov eax, [cs:ebx]
        int END_TRIAL
cs_data: dd 0x600df00d
cs_end:

; Kinds of limit.
shapes:
        desc T0 + 8, WORK, 0x0, A_DATA_W, G_BYTE32
        good "limit 0 has one byte", fs, T0 + 8, {mov al, [fs:0]}
        bad "limit 0 has no second byte", fs, T0 + 8, {mov al, [fs:1]}
        bad "limit 0 has no word", fs, T0 + 8, {mov ax, [fs:0]}
        desc T0 + 8, WORK, 0x0, A_DATA_W, G_PAGE32
        mov ebx, 0xffc
        good "page granular limit 0 ends at FFF", fs, T0 + 8, {mov eax, [fs:ebx]}
        inc ebx
        bad "page granular limit 0, one past", fs, T0 + 8, {mov eax, [fs:ebx]}
        desc T0 + 8, WORK, 0x1, A_DATA_W, G_PAGE16
        mov ebx, 0x1ffc
        good "page granular limit 1 ends at 1FFF", fs, T0 + 8, {mov eax, [fs:ebx]}
        inc ebx
        bad "page granular limit 1, one past", fs, T0 + 8, {mov eax, [fs:ebx]}
        desc T0 + 8, WORK, 0xfffff, A_DATA_W, G_BYTE16
        mov ebx, 0xffffc
        good "byte granular limit FFFFF", fs, T0 + 8, {mov eax, [fs:ebx]}
        inc ebx
        bad "byte granular limit FFFFF, one past", fs, T0 + 8, {mov eax, [fs:ebx]}
        desc T0 + 8, WORK, 0xff, A_DATA_DOWN_W, G_BYTE32
        span "down big FF", T0 + 8, 0x100, 0xffffffff
        desc T0 + 8, WORK, 0xff, A_DATA_DOWN_W, G_BYTE16
        span "down small FF", T0 + 8, 0x100, 0xffff
        desc T0 + 8, WORK, 0x0, A_DATA_DOWN_W, G_PAGE32
        span "down big page 0", T0 + 8, 0x1000, 0xffffffff
        desc T0 + 8, WORK, 0x1, A_DATA_DOWN_W, G_PAGE16
        span "down small page 1", T0 + 8, 0x2000, 0xffff
        desc T0 + 8, WORK, 0xfffff, A_DATA_DOWN_W, G_PAGE32
        bad "down big FFFFFFFF is empty at 0", fs, T0 + 8, {mov al, [fs:0]}
        mov ebx, 0xffffffff
        bad "down big FFFFFFFF is empty at the top", fs, T0 + 8, {mov al, [fs:ebx]}
        desc T0 + 8, WORK, 0xffff, A_DATA_DOWN_W, G_BYTE16
        mov ebx, 0xffff
        bad "down small FFFF is empty", fs, T0 + 8, {mov al, [fs:ebx]}
        inc ebx
        bad "down small FFFF is empty above", fs, T0 + 8, {mov al, [fs:ebx]}
        ; The B bit means nothing to the limit of expand-up data.
        desc T0 + 8, WORK, 0x1ffff, A_DATA_W, G_BYTE16
        mov ebx, 0x1fffc
        good "small expand-up reaches beyond 64 KiB", fs, T0 + 8, {mov eax, [fs:ebx]}
        ; A base that makes linear addresses wrap at 4 GiB.
        mov dword [WORK], 0xcafe0001
        desc T0 + 8, (WORK + 0x10), 0xfffef, A_DATA_DOWN_W, G_PAGE32
        mov ebx, 0xfffffff0
        good "linear wrap below the base", fs, T0 + 8, {mov eax, [fs:ebx]}
        check "linear wrap reads the byte below", eax, 0xcafe0001
        ; Writes of the hidden part only come with a load: the table may change.
        desc T0 + 8, WORK, 0xff, A_DATA_W, G_BYTE32
        mov ax, T0 + 8
        mov fs, ax
        desc T0 + 8, WORK, 0x0f, A_DATA_W, G_BYTE32
        try
        mov eax, [fs:0xfc]
        want_ok "the cached limit stays after the table changed"
        mov ax, T0 + 8
        mov fs, ax
        try
        mov eax, [fs:0xfc]
        want_fault "the new limit counts after a load", GP, 0
        ret

; 16-bit addresses: the sum wraps at 64 KiB, the access itself does not.
address16:
        desc T0 + 8, WORK, 0xffff, A_DATA_W, G_BYTE32
        desc T0 + 16, WORK, 0x1ffff, A_DATA_W, G_BYTE32
        mov dword [WORK], 0x44332211
        mov dword [WORK + 0xfffc], 0xddccbbaa
        mov dword [WORK + 0x10000], 0x08070605
        mov ebx, 0xdead8001
        mov esi, 0xbeef8000
        xor eax, eax
        good "bx+si wraps", fs, T0 + 8, {mov al, [fs:bx + si - 1]}
        check "bx+si wraps to 0", eax, 0x11
        mov edi, 0xffffffff
        bad "word at FFFF", fs, T0 + 8, {mov ax, [fs:di]}
        bad "dword at FFFF", fs, T0 + 8, {mov eax, [fs:di]}
        xor eax, eax
        good "word at FFFF under a larger limit", fs, T0 + 16, {mov ax, [fs:di]}
        check "word at FFFF goes on at 10000", eax, 0x05dd
        good "dword at FFFE under a larger limit", fs, T0 + 16, {mov eax, [fs:di - 1]}
        check "dword at FFFE goes on at 10000", eax, 0x0605ddcc
        ret

; String instructions: which operand faults first, and how far REP came.
strings:
        desc T0 + 8, WORK, 0x0f, A_DATA_W, G_BYTE32
        desc T0 + 16, WORK + 0x1000, 0x0f, A_DATA_W, G_BYTE32
        mov edi, WORK + 0x1000
        mov ecx, 8
        xor eax, eax
        rep stosd
        mov edi, 0
        mov ecx, 20
        mov al, 0x5a
        bad "rep stosb past the limit", es, T0 + 16, {rep stosb}
        check "rep stosb: ECX left", ecx, 4
        check "rep stosb: EDI at the fault", edi, 0x10
        check "rep stosb: last byte written", [WORK + 0x100c], 0x5a5a5a5a
        check "rep stosb: nothing beyond", [WORK + 0x1010], 0
        mov edi, 0x0d
        mov ecx, 2
        mov eax, 0x01020304
        bad "rep stosd across the limit", es, T0 + 16, {rep stosd}
        check "rep stosd: ECX left", ecx, 2
        check "rep stosd: EDI unmoved", edi, 0x0d
        check "rep stosd: nothing written", [WORK + 0x100c], 0x5a5a5a5a
        std
        mov edi, 7
        mov ecx, 20
        mov al, 0x77
        bad "rep stosb downwards", es, T0 + 16, {rep stosb}
        check "rep stosb downwards: ECX left", ecx, 12
        check "rep stosb downwards: EDI at the fault", edi, 0xffffffff
        cld
        mov esi, 0
        mov edi, WORK + 0x2000
        mov ecx, 10
        bad "rep movsd: source ends", fs, T0 + 8, {fs rep movsd}
        check "rep movsd: ECX left", ecx, 6
        check "rep movsd: ESI at the fault", esi, 0x10
        check "rep movsd: EDI with it", edi, WORK + 0x2010
        mov esi, WORK
        mov edi, 0
        mov ecx, 10
        bad "rep movsd: destination ends", es, T0 + 16, {rep movsd}
        check "rep movsd destination: ECX left", ecx, 6
        check "rep movsd destination: ESI with it", esi, WORK + 0x10
        check "rep movsd destination: EDI at the fault", edi, 0x10
        mov esi, 0x0e
        bad "lodsd across the limit", fs, T0 + 8, {fs lodsd}
        check "lodsd leaves ESI", esi, 0x0e
        mov edi, 0x10
        mov ecx, 3
        bad "repne scasb past the limit", es, T0 + 16, {repne scasb}
        check "repne scasb: ECX left", ecx, 3
        mov ecx, 0
        good "rep with ECX 0 touches nothing", es, T0 + 16, {rep stosb}
        mov esi, 0
        mov edi, 0
        mov ecx, 100
        push dword T0 + 8
        pop fs
        mov edi, WORK
        bad "repe cmpsb: equal up to the limit", fs, T0 + 8, {fs repe cmpsb}
        check "repe cmpsb: ECX left", ecx, 84
        check "repe cmpsb: ESI at the fault", esi, 0x10
        check_bits "repe cmpsb: flags of the last compare", [rec_efl], FL_ZF | FL_CF, FL_ZF
        ; Port strings: the memory side is checked, OUTS before the port sees it.
        mov esi, 0x10
        mov edx, 0x80
        bad "outsb past the limit", fs, T0 + 8, {fs outsb}
        mov edi, 0x10
        bad "insb past the limit", es, T0 + 16, {insb}
        check "insb leaves EDI", edi, 0x10
        ret

; Bit strings: the bit offset moves the address.
bit_strings:
        desc T0 + 8, WORK, 0xff, A_DATA_W, G_BYTE32
        mov eax, 0xff * 8 - 24
        good "bts in the last dword", fs, T0 + 8, {bts [fs:0], eax}
        mov eax, 0x100 * 8
        bad "bts one past", fs, T0 + 8, {bts [fs:0], eax}
        mov eax, -1
        bad "bts below the segment", fs, T0 + 8, {bts [fs:0], eax}
        mov ebx, 4
        good "bts below the base register", fs, T0 + 8, {bts [fs:ebx], eax}
        check_bits "bts set the bit below", [WORK], 0x80000000, 0x80000000
        mov eax, 0x100 * 8
        good "bts with an immediate stays in its dword", fs, T0 + 8, {bts dword [fs:0xfc], 0x85}
        mov eax, 0xf0 * 8
        good "bt word form in the last word", fs, T0 + 8, {bt [fs:0xe], ax}
        bad "bt word form past", fs, T0 + 8, {bt [fs:0x10], ax}
        ret
image_end:
