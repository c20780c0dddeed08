; `cpu`: what the processor is and how it stands.

cmd_cpu:
        ; Values that show up in the registers below.
        mov eax, SYS_SNAP
        int 0x80
        call say
        db "Mode    protected, ", 0
        test dword [snap_cr0], 0x80000000
        jz .no_paging
        call say
        db "paging on", 10, 0
        jmp .levels
.no_paging:
        call say
        db "paging off", 10, 0
.levels:
        call say
        db "CPL     ", 0
        mov eax, [snap_cs]
        and eax, 3
        call print_dec
        call say
        db " here in the shell (the low bits of CS), ", 0
        mov eax, [snap_kcs]
        and eax, 3
        call print_dec
        call say
        db " in the kernel that serves INT 80h", 10, 0
        call say
        db "Ring 3  EAX=", 0
        mov eax, [snap_regs + 28]
        call print_hex32
        call say
        db " EBX=", 0
        mov eax, [snap_regs + 16]
        call print_hex32
        call say
        db " ECX=", 0
        mov eax, [snap_regs + 24]
        call print_hex32
        call say
        db " EDX=", 0
        mov eax, [snap_regs + 20]
        call print_hex32
        call say
        db 10, "        ESI=", 0
        mov eax, [snap_regs + 4]
        call print_hex32
        call say
        db " EDI=", 0
        mov eax, [snap_regs]
        call print_hex32
        call say
        db " EBP=", 0
        mov eax, [snap_regs + 8]
        call print_hex32
        call say
        db " ESP=", 0
        mov eax, [snap_esp]
        call print_hex32
        call say
        db 10, "        EIP=", 0
        mov eax, [snap_eip]
        call print_hex32
        call say
        db " EFLAGS=", 0
        mov eax, [snap_efl]
        call print_hex32
        call say
        db " (", 0
        mov esi, flag_bits
        call print_bits
        call say
        db " IOPL=", 0
        mov eax, [snap_efl]
        shr eax, 12
        and eax, 3
        call print_dec
        call say
        db " )", 10, "        CS=", 0
        mov eax, [snap_cs]
        call print_hex16
        call say
        db " SS=", 0
        mov eax, [snap_ss]
        call print_hex16
        call say
        db " DS=", 0
        mov eax, [snap_ds]
        call print_hex16
        call say
        db " ES=", 0
        mov eax, [snap_es]
        call print_hex16
        call say
        db " FS=", 0
        mov eax, [snap_fs]
        call print_hex16
        call say
        db " GS=", 0
        mov eax, [snap_gs]
        call print_hex16
        call say
        db 10, "Ring 0  CS=", 0
        mov eax, [snap_kcs]
        call print_hex16
        call say
        db " SS=", 0
        mov eax, [snap_kss]
        call print_hex16
        call say
        db " ESP=", 0
        mov eax, [snap_kesp]
        call print_hex32
        call say
        db 10, "        CR0=", 0
        mov eax, [snap_cr0]
        call print_hex32
        call say
        db " (", 0
        mov esi, cr0_bits
        call print_bits
        call say
        db " )", 10, "        CR2=", 0
        mov eax, [snap_cr2]
        call print_hex32
        call say
        db " CR3=", 0
        mov eax, [snap_cr3]
        call print_hex32
        cmp dword [snap_cpuid], 0
        je .no_cr4
        call say
        db " CR4=", 0
        mov eax, [snap_cr4]
        call print_hex32
.no_cr4:
        call say
        db 10, "Tables  GDT ", 0
        sgdt [probe_table]
        call print_table
        call say
        db ", IDT ", 0
        sidt [probe_table]
        call print_table
        call say
        db ", LDT ", 0
        sldt ax
        call print_hex16
        call say
        db ", TR ", 0
        str ax
        call print_hex16
        call say
        db 10, "Ticks   ", 0
        mov eax, [snap_ticks]
        call print_dec
        call say
        db " timer interrupts, ", 0
        mov eax, [snap_ticks3]
        call print_dec
        call say
        db " of them came while ring 3 ran", 10, "CPU     ", 0
        cmp dword [snap_cpuid], 0
        jne print_cpuid
        call say
        db "a 386 or an early 486: EFLAGS.ID can't be turned, so there is no CPUID", 10, 0
        ret

print_cpuid:
        xor eax, eax
        cpuid
        mov [probe_table], eax
        mov eax, ebx
        call print_chars
        mov eax, edx
        call print_chars
        mov eax, ecx
        call print_chars
        cmp dword [probe_table], 0
        je newline
        mov eax, 1
        cpuid
        push edx
        mov edx, eax
        call say
        db ", family ", 0
        mov eax, edx
        shr eax, 8
        and eax, 15
        mov ecx, eax
        cmp al, 15
        jne .family
        mov ebx, edx
        shr ebx, 20
        and ebx, 255
        add eax, ebx
.family:
        call print_dec
        call say
        db ", model ", 0
        mov eax, edx
        shr eax, 4
        and eax, 15
        cmp cl, 6
        je .extended
        cmp cl, 15
        jne .model
.extended:
        mov ebx, edx
        shr ebx, 12
        and ebx, 0xf0
        add eax, ebx
.model:
        call print_dec
        call say
        db ", stepping ", 0
        mov eax, edx
        and eax, 15
        call print_dec
        call say
        db 10, "       ", 0
        pop eax
        mov esi, cpuid_bits
        call print_bits
        jmp newline

print_chars:                            ; the four characters in EAX
        push eax
        call putc
        shr eax, 8
        call putc
        shr eax, 8
        call putc
        shr eax, 8
        call putc
        pop eax
        ret

print_table:                            ; the register image in probe_table
        push eax
        mov eax, [probe_table + 2]
        call print_hex32
        mov al, '/'
        call putc
        mov ax, [probe_table]
        call print_hex16
        pop eax
        ret

flag_bits:
        db 0, "CF", 0, 2, "PF", 0, 4, "AF", 0, 6, "ZF", 0, 7, "SF", 0, 8, "TF", 0, 9, "IF", 0
        db 10, "DF", 0, 11, "OF", 0, 14, "NT", 0, 16, "RF", 0, 17, "VM", 0, 18, "AC", 0
        db 19, "VIF", 0, 20, "VIP", 0, 21, "ID", 0, 0xff
cr0_bits:
        db 31, "PG", 0, 30, "CD", 0, 29, "NW", 0, 18, "AM", 0, 16, "WP", 0, 5, "NE", 0
        db 4, "ET", 0, 3, "TS", 0, 2, "EM", 0, 1, "MP", 0, 0, "PE", 0, 0xff
cpuid_bits:
        db 0, "fpu", 0, 1, "vme", 0, 2, "de", 0, 3, "pse", 0, 4, "tsc", 0, 5, "msr", 0
        db 6, "pae", 0, 7, "mce", 0, 8, "cx8", 0, 9, "apic", 0, 11, "sep", 0, 12, "mtrr", 0
        db 13, "pge", 0, 14, "mca", 0, 15, "cmov", 0, 16, "pat", 0, 17, "pse36", 0
        db 19, "clfsh", 0, 23, "mmx", 0, 24, "fxsr", 0, 25, "sse", 0, 26, "sse2", 0, 0xff
