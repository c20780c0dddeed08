; Loading segment registers: what is refused, with which vector and error code,
; and what a refusal leaves behind (SDM 2A MOV, POP, LDS; 3A 5.4 to 5.6, 6.13).
%include "common.inc"

; The table under test.
D_R0            equ T0                  ; data, DPL 0
D_R3            equ T0 + 0x08           ; data, DPL 3
D_RO3           equ T0 + 0x10           ; read-only data, DPL 3
D_DOWN3         equ T0 + 0x18           ; expand-down data, DPL 3
D_NP3           equ T0 + 0x20           ; data, DPL 3, not present
C_X3            equ T0 + 0x28           ; execute-only code, DPL 3
C_R3            equ T0 + 0x30           ; readable code, DPL 3
C_R0            equ T0 + 0x38           ; readable code, DPL 0
CONF_R0         equ T0 + 0x40           ; conforming readable code, DPL 0
CONF_X0         equ T0 + 0x48           ; conforming execute-only code, DPL 0
CONF_NP         equ T0 + 0x50           ; conforming readable code, not present
S_TSS           equ T0 + 0x58           ; available TSS, DPL 3
S_LDT           equ T0 + 0x60
S_GATE          equ T0 + 0x68           ; call gate, DPL 3
S_ZERO          equ T0 + 0x70           ; type 0, DPL 3
D_R0_NP         equ T0 + 0x78           ; data, DPL 0, not present
D_RO0           equ T0 + 0x80           ; read-only data, DPL 0
D_R1            equ T0 + 0x88           ; data, DPL 1
C_R0_NP         equ T0 + 0x90           ; code, DPL 0, not present
L_DATA          equ 0x04                ; LDT entry 0: data, DPL 3
L_NP            equ 0x0c                ; LDT entry 1: data, DPL 3, not present
L_BEYOND        equ 0x84                ; LDT entry 16: beyond the limit
G_BEYOND        equ GDT_SIZE            ; the first selector beyond the GDT

; takes RING, NAME, REGISTER, SELECTOR: the load works and reads back.
%macro takes 4
        mov eax, %4
        arm
%if %1 = 3
        to_ring3
%endif
        mark
        mov %3, ax
        mov ebx, %3
        want_ok {"ring ", '0' + %1, " takes ", %2}
        check {"ring ", '0' + %1, " takes ", %2, ": reads back"}, ebx, %4
%endmacro
; refuses RING, NAME, REGISTER, SELECTOR, VECTOR, CODE
%macro refuses 6
        mov eax, %4
        arm
%if %1 = 3
        to_ring3
%endif
        mark
        mov %3, ax
        want_fault {"ring ", '0' + %1, " refuses ", %2}, %5, %6
%endmacro

test_main:
        call fill
        call data_registers
        call stack_register
        call local_table
        call accessed
        call null_use
        call rights
        call forms
        ret

fill:
        desc D_R0, WORK, 0xfff, A_DATA_W, G_BYTE32
        desc D_R3, WORK, 0xfff, A_DATA_W | A_DPL3, G_BYTE32
        desc D_RO3, WORK, 0xfff, A_DATA_R | A_DPL3, G_BYTE32
        desc D_DOWN3, WORK, 0xfff, A_DATA_DOWN_W | A_DPL3, G_BYTE32
        desc D_NP3, WORK, 0xfff, (A_DATA_W | A_DPL3) & 0x7f, G_BYTE32
        desc C_X3, 0, 0xfffff, A_CODE_X | A_DPL3, G_PAGE32
        desc C_R3, 0, 0xfffff, A_CODE_R | A_DPL3, G_PAGE32
        desc C_R0, 0, 0xfffff, A_CODE_R, G_PAGE32
        desc CONF_R0, 0, 0xfffff, A_CONF_R, G_PAGE32
        desc CONF_X0, 0, 0xfffff, A_CONF_X, G_PAGE32
        desc CONF_NP, 0, 0xfffff, A_CONF_R & 0x7f, G_PAGE32
        desc S_TSS, PA(tss_b), 103, A_TSS32 | A_DPL3, G_BYTE16
        desc S_LDT, PA(ldt), 127, A_LDT | A_DPL3, G_BYTE16
        gate S_GATE, KCODE, finish, A_CALL32 | A_DPL3, 0
        desc S_ZERO, 0, 0xfffff, 0xe0, G_PAGE32
        desc D_R0_NP, WORK, 0xfff, A_DATA_W & 0x7f, G_BYTE32
        desc D_RO0, WORK, 0xfff, A_DATA_R, G_BYTE32
        desc D_R1, WORK, 0xfff, A_DATA_W | A_DPL1, G_BYTE32
        desc C_R0_NP, 0, 0xfffff, A_CODE_R & 0x7f, G_PAGE32
        desc_at ldt, WORK, 0xfff, A_DATA_W | A_DPL3, G_BYTE32
        desc_at ldt + 8, WORK, 0xfff, (A_DATA_W | A_DPL3) & 0x7f, G_BYTE32
        ret

; DS stands for ES, FS and GS, which FS checks again.
data_registers:
        takes 0, "data of ring 0", fs, D_R0
        takes 0, "data of ring 3 with RPL 0", fs, D_R3
        takes 0, "data of ring 3 with RPL 3", fs, D_R3 | 3
        takes 0, "read-only data", fs, D_RO3
        takes 0, "expand-down data", fs, D_DOWN3
        takes 0, "readable code of ring 3", fs, C_R3
        takes 0, "readable code of ring 0", fs, C_R0
        takes 0, "conforming code with RPL 3", fs, CONF_R0 | 3
        takes 0, "null", fs, 0
        takes 0, "null with RPL 3", fs, 3
        takes 0, "data of ring 1 with RPL 1", ds, D_R1 | 1
        takes 3, "data of ring 3", fs, D_R3 | 3
        takes 3, "data of ring 3 with RPL 0", es, D_R3
        takes 3, "readable code of ring 3", gs, C_R3 | 3
        takes 3, "conforming code of ring 0", ds, CONF_R0
        takes 3, "null", ds, 0
        takes 3, "null with RPL 2", es, 2
        refuses 0, "data of ring 0 with RPL 3", fs, D_R0 | 3, GP, D_R0
        refuses 0, "data of ring 0 with RPL 1", ds, D_R0 | 1, GP, D_R0
        refuses 0, "data of ring 1 with RPL 2", es, D_R1 | 2, GP, D_R1
        refuses 0, "code of ring 0 with RPL 3", gs, C_R0 | 3, GP, C_R0
        refuses 0, "execute-only code", fs, C_X3, GP, C_X3
        refuses 0, "conforming execute-only code", fs, CONF_X0, GP, CONF_X0
        refuses 0, "a TSS", fs, S_TSS, GP, S_TSS
        refuses 0, "an LDT", fs, S_LDT, GP, S_LDT
        refuses 0, "a call gate", fs, S_GATE, GP, S_GATE
        refuses 0, "a descriptor of type 0", fs, S_ZERO, GP, S_ZERO
        refuses 0, "absent data", fs, D_NP3, NP, D_NP3
        refuses 0, "absent data with RPL 3: RPL cleared in the code", ds, D_NP3 | 3, NP, D_NP3
        refuses 0, "absent conforming code", fs, CONF_NP, NP, CONF_NP
        refuses 0, "absent data of ring 0 with RPL 3: privilege first", fs, D_R0_NP | 3, GP, D_R0_NP
        refuses 0, "a selector beyond the GDT", fs, G_BEYOND, GP, G_BEYOND
        refuses 0, "the last selector", fs, 0xfffb, GP, 0xfff8
        refuses 3, "data of ring 0", fs, D_R0, GP, D_R0
        refuses 3, "data of ring 0 with RPL 3", ds, D_R0 | 3, GP, D_R0
        refuses 3, "data of ring 1", es, D_R1 | 1, GP, D_R1
        refuses 3, "code of ring 0", gs, C_R0, GP, C_R0
        refuses 3, "absent data of ring 0: privilege first", fs, D_R0_NP, GP, D_R0_NP
        refuses 3, "absent data of ring 3", fs, D_NP3 | 3, NP, D_NP3
        refuses 3, "a TSS", fs, S_TSS | 3, GP, S_TSS
        ; A refusal leaves the register and its hidden part.
        arm
        push dword D_R3
        pop fs
        mov eax, C_X3
        mark
        mov fs, ax
        want_fault "refused load", GP, C_X3
        check "a refused load leaves the selector", [rec_fs], D_R3
        ret

stack_register:
        refuses 0, "null in SS", ss, 0, GP, 0
        refuses 0, "null with RPL 3 in SS", ss, 3, GP, 0
        refuses 3, "null in SS", ss, 0, GP, 0
        refuses 3, "null with RPL 3 in SS", ss, 3, GP, 0
        refuses 0, "data of ring 3 in SS", ss, D_R3, GP, D_R3
        refuses 0, "data of ring 3, RPL 3 in SS", ss, D_R3 | 3, GP, D_R3
        refuses 0, "data of ring 0, RPL 3 in SS", ss, D_R0 | 3, GP, D_R0
        refuses 3, "data of ring 3, RPL 0 in SS", ss, D_R3, GP, D_R3
        refuses 3, "data of ring 0, RPL 3 in SS", ss, D_R0 | 3, GP, D_R0
        refuses 3, "data of ring 0, RPL 0 in SS", ss, D_R0, GP, D_R0
        refuses 0, "read-only data in SS", ss, D_RO0, GP, D_RO0
        refuses 3, "read-only data in SS", ss, D_RO3 | 3, GP, D_RO3
        refuses 0, "code in SS", ss, C_R0, GP, C_R0
        refuses 0, "conforming code in SS", ss, CONF_R0, GP, CONF_R0
        refuses 0, "a TSS in SS", ss, S_TSS, GP, S_TSS
        refuses 0, "absent data in SS", ss, D_R0_NP, SS_, D_R0_NP
        refuses 3, "absent data in SS", ss, D_NP3 | 3, SS_, D_NP3
        refuses 3, "absent data of ring 0 in SS: privilege first", ss, D_R0_NP | 3, GP, D_R0_NP
        refuses 0, "a selector beyond the GDT in SS", ss, G_BEYOND, GP, G_BEYOND
        refuses 0, "absent code in SS: type first", ss, C_R0_NP, GP, C_R0_NP
        takes 3, "expand-down data in SS", ss, D_DOWN3 | 3
        ; MOV to CS is no instruction.
        mov eax, KCODE
        try
        db 0x8e, 0xc8
        want_fault "mov cs, ax", UD, 0
        try
        db 0x8e, 0xf0
        want_fault "mov to segment register 6", UD, 0
        try
        db 0x8c, 0xf8
        want_fault "mov from segment register 7", UD, 0
        ret

local_table:
        refuses 0, "an LDT selector without an LDT", fs, L_DATA, GP, L_DATA
        mov eax, LDT_SEL
        lldt ax
        takes 0, "data in the LDT", fs, L_DATA | 3
        takes 3, "data in the LDT", fs, L_DATA | 3
        takes 0, "entry 0 of the LDT is not null", es, L_DATA
        refuses 0, "absent data in the LDT", fs, L_NP, NP, L_NP
        refuses 0, "a selector beyond the LDT", fs, L_BEYOND, GP, L_BEYOND
        refuses 0, "a selector beyond the LDT, TI in the code", fs, L_BEYOND | 3, GP, L_BEYOND
        ; A limit that cuts through a descriptor excludes it.
        desc LDT_SEL, PA(ldt), 6, A_LDT, G_BYTE16
        mov eax, LDT_SEL
        lldt ax
        refuses 0, "a descriptor that the LDT limit cuts", fs, L_DATA, GP, L_DATA
        desc LDT_SEL, PA(ldt), 7, A_LDT, G_BYTE16
        mov eax, LDT_SEL
        lldt ax
        takes 0, "a descriptor that ends at the LDT limit", fs, L_DATA
        ; LLDT and LTR themselves.
%macro system_load 5            ; name, insn, selector, vector, code
        mov eax, %3
        try
        %2 ax
        want_fault %1, %4, %5
%endmacro
        system_load "lldt of a selector in the LDT", lldt, L_DATA, GP, L_DATA
        system_load "lldt of data", lldt, D_R0, GP, D_R0
        system_load "lldt of a TSS", lldt, S_TSS, GP, S_TSS
        system_load "lldt beyond the GDT", lldt, G_BEYOND, GP, G_BEYOND
        desc T0 + 0xa0, PA(ldt), 127, A_LDT & 0x7f, G_BYTE16
        system_load "lldt of an absent LDT", lldt, T0 + 0xa0, NP, T0 + 0xa0
        sldt bx
        movzx ebx, bx
        check "a refused lldt leaves LDTR", ebx, LDT_SEL
        mov eax, 3
        try
        lldt ax
        want_ok "lldt of null with RPL 3"
        refuses 0, "an LDT selector after lldt of null", fs, L_DATA, GP, L_DATA
        system_load "ltr of null", ltr, 0, GP, 0
        system_load "ltr of data", ltr, D_R0, GP, D_R0
        system_load "ltr of a busy TSS", ltr, TSS_MAIN, GP, TSS_MAIN
        system_load "ltr of an LDT", ltr, S_LDT, GP, S_LDT
        system_load "ltr of an LDT selector", ltr, L_DATA, GP, L_DATA
        desc T0 + 0xa0, PA(tss_b), 103, A_TSS32 & 0x7f, G_BYTE16
        system_load "ltr of an absent TSS", ltr, T0 + 0xa0, NP, T0 + 0xa0
        str bx
        movzx ebx, bx
        check "a refused ltr leaves TR", ebx, TSS_MAIN
        desc T0 + 0xa0, PA(tss_b), 103, A_TSS32, G_BYTE16
        mov eax, T0 + 0xa0
        ltr ax
        check_bits "ltr sets busy", [gdt + T0 + 0xa4], 0xff00, A_TSS32_BUSY << 8
        check_bits "ltr leaves the old TSS busy", [gdt + TSS_MAIN + 4], 0xff00, A_TSS32_BUSY << 8
        desc TSS_MAIN, PA(tss), 103, A_TSS32, G_BYTE16
        mov eax, TSS_MAIN
        ltr ax
        ret

; The accessed bit is set in the table by a load, and by nothing else.
accessed:
        desc T0 + 0xa0, WORK, 0xfff, A_DATA_W & ~1, G_BYTE32
        mov eax, T0 + 0xa0
        verw ax
        lar ebx, ax
        check_bits "verw and lar leave A clear", [gdt + T0 + 0xa4], 0xff00, (A_DATA_W & ~1) << 8
        mov fs, ax
        check_bits "a load sets A", [gdt + T0 + 0xa4], 0xff00, A_DATA_W << 8
        desc T0 + 0xa0, WORK, 0xfff, A_DATA_W & 0x7e, G_BYTE32
        refuses 0, "an absent segment, A clear", fs, T0 + 0xa0, NP, T0 + 0xa0
        check_bits "a refused load leaves A clear", [gdt + T0 + 0xa4], 0xff00, (A_DATA_W & 0x7e) << 8
        desc T0 + 0xa0, 0, 0xfffff, A_CODE_R & ~1, G_PAGE32
        try
        jmp T0 + 0xa0:.here
.here:
        want_ok "far jump to code, A clear"
        check_bits "a far jump sets A", [gdt + T0 + 0xa4], 0xff00, A_CODE_R << 8
        ret

; A null selector is refused at its use.
null_use:
%macro null 3                   ; name, register, {insn}
        push dword 3
        pop %2
        try
        %3
        want_fault {"null ", %1}, GP, 0
%endmacro
        mov ebx, WORK
        xor ecx, ecx
        mov esi, WORK
        mov edi, WORK
        null "ds read", ds, {mov eax, [ebx]}
        null "ds write", ds, {mov [ebx], eax}
        null "es read", es, {mov al, [es:ebx]}
        null "es write", es, {mov [es:ebx], al}
        null "fs read", fs, {mov ax, [fs:ebx]}
        null "gs write", gs, {mov [gs:ebx], ax}
        null "fs at 0", fs, {mov al, [fs:0]}
        null "es stosb", es, {stosb}
        null "es movsb", es, {movsb}
        null "ds lodsb", ds, {lodsb}
        null "ds add", ds, {add [ebx], eax}
        null "fs fld", fs, {fld dword [fs:ebx]}
        push dword 0
        pop fs
        try
        lea eax, [fs:ebx]
        want_ok "null fs, lea"
        push dword 0
        pop es
        try
        rep stosb
        want_ok "null es, rep stosb with ECX 0"
        arm
        to_ring3
        push dword 0
        pop fs
        mark
        mov eax, [fs:ebx]
        want_fault "null fs read in ring 3", GP, 0
        ret

; Rights of the segment in use.
rights:
%macro allow 3                  ; name, selector, {insn with fs}
        push dword %2
        pop fs
        try
        %3
        want_ok {"rights: ", %1}
%endmacro
%macro deny 3
        push dword %2
        pop fs
        try
        %3
        want_fault {"rights: ", %1}, GP, 0
%endmacro
        mov ebx, 0x10
        mov dword [WORK + 0x10], 0x01234567
        allow "read of read-only data", D_RO3, {mov eax, [fs:ebx]}
        check "read of read-only data: value", eax, 0x01234567
        allow "cmp with read-only data", D_RO3, {cmp dword [fs:ebx], 0}
        allow "test of read-only data", D_RO3, {test dword [fs:ebx], 1}
        allow "bt of read-only data", D_RO3, {bt dword [fs:ebx], 1}
        allow "push of read-only data", D_RO3, {push dword [fs:ebx]}
        pop eax
        deny "mov to read-only data", D_RO3, {mov [fs:ebx], eax}
        deny "mov byte to read-only data", D_RO3, {mov [fs:ebx], al}
        deny "mov imm to read-only data", D_RO3, {mov dword [fs:ebx], 0}
        deny "add to read-only data", D_RO3, {add [fs:ebx], eax}
        deny "inc of read-only data", D_RO3, {inc dword [fs:ebx]}
        deny "xchg with read-only data", D_RO3, {xchg [fs:ebx], eax}
        deny "bts of read-only data", D_RO3, {bts dword [fs:ebx], 0}
        deny "cmpxchg that fails to compare", D_RO3, {cmpxchg [fs:ebx], ecx}
        deny "shl of read-only data", D_RO3, {shl dword [fs:ebx], 1}
        deny "setz to read-only data", D_RO3, {setz [fs:ebx]}
        deny "fst to read-only data", D_RO3, {fnstcw [fs:ebx]}
        deny "sgdt to read-only data", D_RO3, {sgdt [fs:ebx]}
        deny "mov segment to read-only data", D_RO3, {mov [fs:ebx], ds}
        check "read-only data is unchanged", [WORK + 0x10], 0x01234567
        push eax
        deny "pop to read-only data", D_RO3, {pop dword [fs:ebx]}
        pop eax
        mov ebx, rights
        allow "read of readable code", C_R3, {mov eax, [fs:ebx]}
        deny "write to readable code", C_R3, {mov [fs:ebx], eax}
        deny "write to conforming code", CONF_R0, {mov [fs:ebx], eax}
        try
        mov [cs:ebx], eax
        want_fault "rights: write through cs", GP, 0
        try
        mov eax, [cs:ebx]
        want_ok "rights: read through readable cs"
        desc T0 + 0xa0, 0, 0xfffff, A_CODE_X, G_PAGE32
        arm
        jmp T0 + 0xa0:.x_only
.x_only:
        mark
        mov eax, [cs:ebx]
        want_fault "rights: read through execute-only cs", GP, 0
        arm
        jmp T0 + 0xa0:.x_jump
.pointer: dd .x_there
.x_jump:
        mark
        jmp [cs:.pointer]
.x_there:
        want_fault "rights: jmp by a pointer in execute-only cs", GP, 0
        mov edi, 0x10
        push dword D_RO3
        pop es
        try
        stosd
        want_fault "rights: stosd to read-only data", GP, 0
        check "rights: stosd leaves EDI", edi, 0x10
        push dword D_RO3
        pop es
        mov ecx, 3
        try
        rep stosd
        want_fault "rights: rep stosd to read-only data", GP, 0
        check "rights: rep stosd leaves ECX", ecx, 3
        ret

; The instructions that load: POP, LDS and kin.
forms:
        mov dword [WORK + 0x20], 0x89abcdef
        mov word [WORK + 0x24], C_X3
        mov esi, 0x13572468
        try
        lfs esi, [WORK + 0x20]
        want_fault "lfs of execute-only code", GP, C_X3
        check "lfs that faults leaves its register", esi, 0x13572468
        mov word [WORK + 0x24], D_R3
        try
        lfs esi, [WORK + 0x20]
        mov ebx, fs
        want_ok "lfs"
        check "lfs: offset", esi, 0x89abcdef
        check "lfs: selector", ebx, D_R3
        mov word [WORK + 0x22], D_NP3
        mov esi, 0x13572468
        try
        lgs si, [WORK + 0x20]
        want_fault "lgs with a 16-bit offset", NP, D_NP3
        mov word [WORK + 0x22], D_R3 | 3
        try
        lgs si, [WORK + 0x20]
        want_ok "lgs with a 16-bit offset works"
        check "lgs with a 16-bit offset: upper half", esi, 0x1357cdef
        mov word [WORK + 0x24], D_RO0
        try
        lss esp, [WORK + 0x20]
        want_fault "lss of read-only data", GP, D_RO0
        mov ebx, [rec_esp]
        check "lss that faults leaves ESP", ebx, esp
        try
        db 0x0f, 0xb2, 0xc0
        want_fault "lss with a register operand", UD, 0
        try
        db 0x0f, 0xb4, 0xc0
        want_fault "lfs with a register operand", UD, 0
        push dword D_NP3
        try
        pop fs
        want_fault "pop fs of absent data", NP, D_NP3
        check "pop fs that faults leaves ESP", [rec_esp], esp
        pop eax
        push dword D_R3
        try
        pop ss
        want_fault "pop ss of ring 3's data", GP, D_R3
        check "pop ss that faults leaves ESP", [rec_esp], esp
        pop eax
        push dword 0xabcd0000 | D_R3
        pop fs
        mov ebx, fs
        check "pop fs ignores the upper half", ebx, D_R3
        mov ebx, 0xffffffff
        mov bx, fs
        check "mov r16, fs keeps the upper half", ebx, 0xffff0000 | D_R3
        mov ebx, 0xffffffff
        mov ebx, fs
        check "mov r32, fs clears the upper half", ebx, D_R3
        mov dword [WORK + 0x30], 0xffffffff
        mov [WORK + 0x30], fs
        check "mov m, fs writes two bytes", [WORK + 0x30], 0xffff0000 | D_R3
        mov dword [WORK + 0x30], 0xffffffff
        db 0x66
        mov [WORK + 0x30], fs
        check "mov m, fs with a size prefix", [WORK + 0x30], 0xffff0000 | D_R3
        ; A GDT limit that cuts a descriptor.
        mov word [gdt_ptr], D_R3 + 6
        lgdt [gdt_ptr]
        refuses 0, "a descriptor that the GDT limit cuts", fs, D_R3, GP, D_R3
        mov word [gdt_ptr], D_R3 + 7
        lgdt [gdt_ptr]
        takes 0, "a descriptor that ends at the GDT limit", fs, D_R3
        mov word [gdt_ptr], GDT_SIZE - 1
        lgdt [gdt_ptr]
        ret
image_end:
