; The probes: one sensitive instruction each, safe in ring 0, called in either
; ring. Result in EAX and EDX; EBX, EBP, ESI, EDI are free to use. A probe that
; changes processor state puts it back.


probes:
%macro row 3
        dd probe_%1, name_%1
        db %2, %3, 0, 0
%endmacro
        row sgdt, CLASS_CRITICAL, SHOW_TABLE
        row sidt, CLASS_CRITICAL, SHOW_TABLE
        row sldt, CLASS_CRITICAL, SHOW_HEX16
        row str, CLASS_CRITICAL, SHOW_HEX16
        row smsw, CLASS_CRITICAL, SHOW_HEX16
        row pushf, CLASS_CRITICAL, SHOW_FLAGS
        row popf, CLASS_CRITICAL, SHOW_IF
        row iret, CLASS_CRITICAL, SHOW_IF
        row lar, CLASS_CRITICAL, SHOW_LOOKUP
        row lsl, CLASS_CRITICAL, SHOW_LOOKUP
        row verr, CLASS_CRITICAL, SHOW_VERIFY
        row verw, CLASS_CRITICAL, SHOW_VERIFY
        row push_cs, CLASS_CRITICAL, SHOW_CPL
        row mov_r_cs, CLASS_CRITICAL, SHOW_CPL
        row pop_fs, CLASS_CRITICAL, SHOW_RAN
        row mov_fs, CLASS_CRITICAL, SHOW_RAN
        row call_far, CLASS_CRITICAL, SHOW_RAN
        row jmp_far, CLASS_CRITICAL, SHOW_RAN
        row ret_far, CLASS_CRITICAL, SHOW_RAN
        row int_n, CLASS_CRITICAL, SHOW_HANDLER
        row cli, CLASS_IOPL, SHOW_RAN
        row sti, CLASS_IOPL, SHOW_RAN
        row in, CLASS_IOPL, SHOW_RAN
        row out, CLASS_IOPL, SHOW_RAN
        row hlt, CLASS_PRIV, SHOW_RAN
        row lgdt, CLASS_PRIV, SHOW_RAN
        row lidt, CLASS_PRIV, SHOW_RAN
        row lldt, CLASS_PRIV, SHOW_RAN
        row ltr, CLASS_PRIV, SHOW_RAN
        row lmsw, CLASS_PRIV, SHOW_RAN
        row mov_r_cr0, CLASS_PRIV, SHOW_HEX32
        row mov_cr3, CLASS_PRIV, SHOW_RAN
        row mov_r_dr7, CLASS_PRIV, SHOW_HEX32
        row mov_dr0, CLASS_PRIV, SHOW_RAN
        row clts, CLASS_PRIV, SHOW_RAN
        row invlpg, CLASS_PRIV, SHOW_RAN
        row invd, CLASS_PRIV, SHOW_RAN
        row wbinvd, CLASS_PRIV, SHOW_RAN
        row rdmsr, CLASS_PRIV, SHOW_HEX32
        row wrmsr, CLASS_PRIV, SHOW_RAN
        row rdtsc, CLASS_CR4, SHOW_TSC
        row rdpmc, CLASS_CR4, SHOW_HEX32
        row cpuid, CLASS_PLAIN, SHOW_HEX32
        dd 0

name_sgdt:      db "SGDT", 0
name_sidt:      db "SIDT", 0
name_sldt:      db "SLDT", 0
name_str:       db "STR", 0
name_smsw:      db "SMSW", 0
name_pushf:     db "PUSHF", 0
name_popf:      db "POPF", 0
name_iret:      db "IRET", 0
name_lar:       db "LAR", 0
name_lsl:       db "LSL", 0
name_verr:      db "VERR", 0
name_verw:      db "VERW", 0
name_push_cs:   db "PUSH CS", 0
name_mov_r_cs:  db "MOV EAX,CS", 0
name_pop_fs:    db "POP FS", 0
name_mov_fs:    db "MOV FS,AX", 0
name_call_far:  db "CALL far", 0
name_jmp_far:   db "JMP far", 0
name_ret_far:   db "RET far", 0
name_int_n:     db "INT 81h", 0
name_cli:       db "CLI", 0
name_sti:       db "STI", 0
name_in:        db "IN AL,80h", 0
name_out:       db "OUT 80h,AL", 0
name_hlt:       db "HLT", 0
name_lgdt:      db "LGDT", 0
name_lidt:      db "LIDT", 0
name_lldt:      db "LLDT", 0
name_ltr:       db "LTR", 0
name_lmsw:      db "LMSW", 0
name_mov_r_cr0: db "MOV EAX,CR0", 0
name_mov_cr3:   db "MOV CR3,EAX", 0
name_mov_r_dr7: db "MOV EAX,DR7", 0
name_mov_dr0:   db "MOV DR0,EAX", 0
name_clts:      db "CLTS", 0
name_invlpg:    db "INVLPG", 0
name_invd:      db "INVD", 0
name_wbinvd:    db "WBINVD", 0
name_rdmsr:     db "RDMSR", 0
name_wrmsr:     db "WRMSR", 0
name_rdtsc:     db "RDTSC", 0
name_rdpmc:     db "RDPMC", 0
name_cpuid:     db "CPUID", 0

probe_sgdt:
        sgdt [probe_table]
        jmp table_result
probe_sidt:
        sidt [probe_table]
table_result:
        mov eax, [probe_table + 2]
        movzx edx, word [probe_table]
        ret
probe_sldt:
        sldt ax
        ret
probe_str:
        str ax
        ret
probe_smsw:
        smsw ax
        ret
probe_pushf:
        pushfd
        pop eax
        ret

probe_popf:
        pushfd
        pop ebx
        mov eax, ebx
        and ah, ~2 & 0xff               ; IF
        push eax
        popfd
        pushfd
        pop eax
        push ebx
        popfd
        ret

; An IRET to this very ring, with IF clear in the image.
probe_iret:
        pushfd
        pop ebx
        mov eax, ebx
        and ah, ~2 & 0xff
        push eax
        push cs
        push dword .here
        iretd
.here:
        pushfd
        pop eax
        push ebx
        popfd
        ret

probe_lar:
        mov ecx, SEL_KDATA
        lar eax, ecx
        setz dl
        ret
probe_lsl:
        mov ecx, SEL_KDATA
        lsl eax, ecx
        setz dl
        ret
probe_verr:
        mov ecx, SEL_KDATA
        verr cx
        setz dl
        ret
probe_verw:
        mov ecx, SEL_KDATA
        verw cx
        setz dl
        ret

probe_push_cs:
        push cs
        pop eax
        ret
probe_mov_r_cs:
        mov eax, cs
        ret
probe_pop_fs:
        push fs
        push dword SEL_KDATA
        pop fs
        pop fs
        ret
probe_mov_fs:
        mov ecx, fs
        mov eax, SEL_KDATA
        mov fs, eax
        mov fs, ecx
        ret

; Far transfers to the ring-0 code segment.
probe_call_far:
        call SEL_KCODE:.there
        ret
.there:
        retf
probe_jmp_far:
        jmp SEL_KCODE:.there
.there:
        ret
probe_ret_far:
        push dword SEL_KCODE
        push dword .there
        retf
.there:
        ret
probe_int_n:
        int 0x81
        ret

probe_cli:
        cli
        sti
        ret
probe_sti:
        sti
        ret
probe_in:
        in al, 0x80
        ret
probe_out:
        out 0x80, al
        ret
probe_hlt:
        hlt                             ; the timer ends it
        ret
probe_lgdt:
        sgdt [probe_table]
        lgdt [probe_table]
        ret
probe_lidt:
        sidt [probe_table]
        lidt [probe_table]
        ret
probe_lldt:
        mov eax, SEL_LDT
        lldt ax
        ret

; LTR wants an available TSS, so ring 0 clears the busy bit first. In ring 3 the
; privilege check comes before the descriptor is read.
probe_ltr:
        mov ax, cs
        test al, 3
        jnz .load
        and byte [gdt + SEL_TSS + 5], ~2 & 0xff
.load:
        mov ax, SEL_TSS
        ltr ax
        ret

probe_lmsw:
        smsw ax
        lmsw ax
        ret
probe_mov_r_cr0:
        mov eax, cr0
        ret
probe_mov_cr3:
        mov eax, PAGE_DIR
        mov cr3, eax
        ret
probe_mov_r_dr7:
        mov eax, dr7
        ret
probe_mov_dr0:
        xor eax, eax
        mov dr0, eax
        ret
probe_clts:
        clts
        ret
probe_invlpg:
        invlpg [line]
        ret

; INVD drops caches without writing them back: nothing may be written between
; it and WBINVD.
probe_invd:
        mov ax, cs
        test al, 3
        jnz .invd
        cli
        wbinvd
        invd
        sti
        ret
.invd:
        invd
        ret
probe_wbinvd:
        wbinvd
        ret

probe_rdmsr:
        mov ecx, 0x174                  ; IA32_SYSENTER_CS, harmless
        rdmsr
        ret
probe_wrmsr:
        mov ecx, 0x174
        xor eax, eax
        xor edx, edx
        wrmsr
        ret
probe_rdtsc:
        rdtsc
        ret
probe_rdpmc:
        xor ecx, ecx
        rdpmc
        ret
probe_cpuid:
        mov eax, 1
        cpuid
        ret
