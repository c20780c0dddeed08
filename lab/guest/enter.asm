; The way into protected mode: tables, paging, interrupts, then ring 3.

PIC1            equ 0x20
PIC2            equ 0xa0
PIT_HZ          equ 100
PIT_COUNT       equ (1193182 + PIT_HZ / 2) / PIT_HZ

PTE_P           equ 1
PTE_W           equ 2
PTE_U           equ 4

enter_protected:
        mov ax, SEL_KDATA
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov esp, KSTACK_TOP
        cld
        xor eax, eax
        mov edi, KBSS
        mov ecx, (kbss_cleared - KBSS) / 4
        rep stosd
        mov edi, PAGE_DIR
        mov ecx, (ARENA_END - PAGE_DIR) / 4
        rep stosd
        call setup_gdt
        call setup_idt
        call setup_pages
        call detect_cpu
        call setup_pic
        call console_init
        sti
        call say
        db 10, "Protected mode: paging is on, ring 0 serves interrupts and system calls,", 10
        db "and the shell below is a task in ring 3.", 10
        db "Type help for the commands.", 10, 10, 0
        ; Falls into start_shell.

; start_shell drops to ring 3 on fresh stacks; a task that died comes back here.
start_shell:
        mov dword [recover_eip], 0
        mov esp, KSTACK_TOP
        mov ax, SEL_UDATA
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        push dword SEL_UDATA
        push dword USTACK_TOP
        push dword 0x202                ; IF; IOPL 0
        push dword SEL_UCODE
        push dword shell
        iretd

setup_gdt:
        mov esi, boot_gdt
        mov edi, gdt
        mov ecx, (boot_gdt_end - boot_gdt) / 4
        rep movsd
        mov eax, tss
        mov edi, gdt + SEL_TSS
        call .base
        mov eax, ldt
        mov edi, gdt + SEL_LDT
        call .base
        mov dword [ldt], 0x0000ffff     ; one data segment, 0 to 4 GiB, DPL 0
        mov dword [ldt + 4], 0x00cf9300
        mov dword [tss + 4], KSTACK_TOP
        mov dword [tss + 8], SEL_KDATA
        mov word [tss + 102], 104       ; no I/O bitmap: ring 3 has no port
        mov word [gdt_ptr], gdt_end - gdt - 1
        mov dword [gdt_ptr + 2], gdt
        lgdt [gdt_ptr]
        mov ax, SEL_LDT
        lldt ax
        mov ax, SEL_TSS
        ltr ax
        ret
.base:
        mov [edi + 2], ax
        shr eax, 16
        mov [edi + 4], al
        mov [edi + 7], ah
        ret

setup_idt:
        xor ebx, ebx
.exception:
        mov eax, [trap_stubs + ebx * 4]
        mov dword [idt + ebx * 8], SEL_KCODE << 16
        mov [idt + ebx * 8], ax
        mov ax, 0x8e00                  ; interrupt gate, DPL 0
        mov [idt + ebx * 8 + 4], eax
        inc ebx
        cmp ebx, TRAP_STUBS
        jb .exception
        mov edi, idt + 0x80 * 8
        mov eax, service_entry
        mov dl, 0xee                    ; interrupt gate, DPL 3
        call .gate
        mov edi, idt + 0x81 * 8
        mov eax, ring0_gate
        mov dl, 0x8e                    ; DPL 0: INT 81h is for ring 0 alone
        call .gate
        mov word [idt_ptr], idt_end - idt - 1
        mov dword [idt_ptr + 2], idt
        lidt [idt_ptr]
        ret
.gate:
        mov dword [edi], SEL_KCODE << 16
        mov [edi], ax
        mov ah, dl
        mov al, 0
        mov [edi + 4], eax
        ret

; setup_pages maps the first 16 MiB and the last 64 KiB (the BIOS ROM) one to
; one. Ring 3 gets the image read-only and its own pages; video memory,
; tables and the rest belong to ring 0.
setup_pages:
        mov edi, PAGE_TABLES
        mov eax, PTE_P | PTE_W
        mov ecx, 4096
.low:
        mov [edi], eax
        add edi, 4
        add eax, 0x1000
        loop .low
        mov eax, IMAGE_BASE & ~0xfff
.image:
        mov edx, eax
        shr edx, 12
        and byte [PAGE_TABLES + edx * 4], ~PTE_W & 0xff
        or byte [PAGE_TABLES + edx * 4], PTE_U
        add eax, 0x1000
        cmp eax, image_end
        jb .image
        mov eax, USER_PAGE
.user:
        mov edx, eax
        shr edx, 12
        or byte [PAGE_TABLES + edx * 4], PTE_U
        add eax, 0x1000
        cmp eax, USTACK_TOP
        jb .user
        mov edi, PAGE_TABLE_ROM + 0x3f0 * 4
        mov eax, 0xffff0000 | PTE_P
        mov ecx, 16
.rom:
        mov [edi], eax
        add edi, 4
        add eax, 0x1000
        loop .rom
        mov dword [PAGE_DIR], PAGE_TABLES | PTE_P | PTE_W | PTE_U
        mov dword [PAGE_DIR + 4], PAGE_TABLES + 0x1000 | PTE_P | PTE_W | PTE_U
        mov dword [PAGE_DIR + 8], PAGE_TABLES + 0x2000 | PTE_P | PTE_W | PTE_U
        mov dword [PAGE_DIR + 12], PAGE_TABLES + 0x3000 | PTE_P | PTE_W | PTE_U
        mov dword [PAGE_DIR + 1023 * 4], PAGE_TABLE_ROM | PTE_P | PTE_W
        mov eax, PAGE_DIR
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80010022              ; PG, WP, NE, MP
        and eax, ~0x6000000c            ; CD, NW, TS, EM off
        mov cr0, eax
        jmp short .on
.on:    ret

; detect_cpu finds CPUID by whether EFLAGS.ID can be turned.
detect_cpu:
        pushfd
        pop eax
        mov ecx, eax
        xor eax, 1 << 21
        push eax
        popfd
        pushfd
        pop eax
        push ecx
        popfd
        xor eax, ecx
        test eax, 1 << 21
        jz .done
        mov dword [have_cpuid], 1
        xor eax, eax
        cpuid
        or eax, eax
        jz .done
        mov eax, 1
        cpuid
        mov [cpuid_features], edx
.done:
        ret

setup_pic:
        mov al, 0x11                    ; ICW1: edge, cascade, ICW4 follows
        out PIC1, al
        out PIC2, al
        mov al, 0x20                    ; ICW2: vectors 20h and 28h
        out PIC1 + 1, al
        mov al, 0x28
        out PIC2 + 1, al
        mov al, 4                       ; ICW3
        out PIC1 + 1, al
        mov al, 2
        out PIC2 + 1, al
        mov al, 1                       ; ICW4: 8086 mode
        out PIC1 + 1, al
        out PIC2 + 1, al
        mov al, ~0x13 & 0xff            ; open: timer, keyboard, COM1
        out PIC1 + 1, al
        mov al, 0xff
        out PIC2 + 1, al
        mov al, 0x34                    ; counter 0, both bytes, mode 2
        out 0x43, al
        mov al, PIT_COUNT & 0xff
        out 0x40, al
        mov al, PIT_COUNT >> 8
        out 0x40, al
        ret
