; Real mode: the banner, the BIOS's memory map, A20, and the step to protected
; mode. Text goes to the screen by INT 10h and to COM1 directly.

COM1            equ 0x3f8

real_start:
        mov ax, 0x0003                  ; 80x25 colour text, clears the screen
        int 0x10
        call serial_init
        call say16
        db 10, "ringzero monitor", 10
        db "Real mode: the processor as it leaves reset, as an 8086 would run.", 10, 0
        call say16
        db "  CS:IP=", 0
        mov ax, cs
        call hex16
        mov al, ':'
        call putc16
        call .here
.here:  pop ax
        call hex16
        call say16
        db "  SS:SP=", 0
        mov ax, ss
        call hex16
        mov al, ':'
        call putc16
        mov ax, sp
        call hex16
        call say16
        db "  machine status word (SMSW)=", 0
        smsw ax
        call hex16
        call say16
        db ", PE is clear", 10, 0
        call read_e820
        call enable_a20
        call say16
        db "  BIOS memory: ", 0
        int 0x12
        call dec16
        call say16
        db " KiB low, A20 is ", 0
        call a20_enabled
        jz .a20_off
        call say16
        db "on", 10, 0
        jmp .go
.a20_off:
        call say16
        db "off (addresses wrap at 1 MiB)", 10, 0
.go:
        cli
        lgdt [boot_gdt_ptr]
        mov eax, cr0
        or al, 1                        ; PE
        mov cr0, eax
        jmp dword SEL_KCODE:enter_protected

boot_gdt_ptr:
        dw boot_gdt_end - boot_gdt - 1
        dd boot_gdt

; The GDT; ring 0 copies it to a page of its own, where TSS, LDT get their bases.
        align 8, db 0
boot_gdt:
        dq 0
        dq 0x00cf9b000000ffff           ; KCODE: 0 to 4 GiB, code, DPL 0
        dq 0x00cf93000000ffff           ; KDATA: 0 to 4 GiB, data, DPL 0
        dq 0x00cffb000000ffff           ; UCODE: DPL 3
        dq 0x00cff3000000ffff           ; UDATA: DPL 3
        dq 0x0000890000000067           ; TSS: 104 bytes
        dq 0x0000820000000007           ; LDT: one descriptor
boot_gdt_end:

; read_e820 keeps the BIOS's memory map in `e820`; INT 15h AH=88h stands in on
; a BIOS without it.
read_e820:
        push es
        mov ax, KBSS >> 4
        mov es, ax
        mov dword [es:e820_count - KBSS], 0
        xor ebx, ebx
        mov di, e820 - KBSS
.next:
        mov eax, 0xe820
        mov edx, 0x534d4150             ; "SMAP"
        mov ecx, 20
        int 0x15
        jc .end
        cmp eax, 0x534d4150
        jne .end
        inc dword [es:e820_count - KBSS]
        add di, 20
        cmp dword [es:e820_count - KBSS], E820_MAX
        jae .end
        or ebx, ebx
        jnz .next
.end:
        cmp dword [es:e820_count - KBSS], 0
        jne .done
        mov ah, 0x88                    ; KiB above 1 MiB
        int 0x15
        jc .done
        movzx eax, ax
        shl eax, 10
        mov di, e820 - KBSS
        mov dword [es:di], 0x100000
        mov dword [es:di + 4], 0
        mov [es:di + 8], eax
        mov dword [es:di + 12], 0
        mov dword [es:di + 16], 1
        inc dword [es:e820_count - KBSS]
.done:
        pop es
        ret

; a20_enabled clears ZF where 1 MiB and 0 are different memory.
a20_enabled:
        push ds
        push es
        xor ax, ax
        mov ds, ax
        dec ax
        mov es, ax
        cli
        mov ax, [0x500]
        push ax
        mov dx, [es:0x510]
        not dx
        mov [0x500], dx                 ; the twin of FFFF:0510 where A20 is off
        cmp [es:0x510], dx
        pop ax
        mov [0x500], ax
        sti
        pop es
        pop ds
        ret

enable_a20:
        call a20_enabled
        jnz .done
        mov ax, 0x2401
        int 0x15
        call a20_enabled
        jnz .done
        in al, 0x92                     ; system control port A
        or al, 2
        and al, 0xfe
        out 0x92, al
.done:
        ret

; serial_init sets COM1 to 115200 8N1; an absent port reads FFh and stays unused.
; The FIFOs are left as they are: to switch them would lose what was typed ahead.
serial_init:
        mov dx, COM1 + 3
        mov al, 0x80                    ; DLAB
        out dx, al
        mov dx, COM1
        mov al, 1                       ; divisor 1: 115200 baud
        out dx, al
        inc dx
        mov al, 0
        out dx, al
        mov dx, COM1 + 3
        mov al, 3                       ; 8N1
        out dx, al
        mov dx, COM1 + 1
        mov al, 0                       ; no interrupts yet
        out dx, al
        mov dx, COM1 + 4
        mov al, 0x0b                    ; DTR, RTS, OUT2 (the interrupt's gate)
        out dx, al
        ret

putc16:
        cmp al, 10
        jne .one
        mov al, 13
        call .one
        mov al, 10
.one:
        push ax
        push bx
        push cx
        push dx
        push ax
        mov ah, 0x0e
        mov bx, 7
        int 0x10
        mov cx, 0xffff
        mov dx, COM1 + 5
.wait:
        in al, dx
        test al, 0x20                   ; transmitter holding register empty
        jnz .send
        loop .wait
.send:
        pop ax
        mov dx, COM1
        out dx, al
        pop dx
        pop cx
        pop bx
        pop ax
        ret

; say16 prints the zero-ended text that follows the call.
say16:
        pop si
.next:
        lodsb
        or al, al
        jz .end
        call putc16
        jmp .next
.end:
        jmp si

hex16:
        mov cx, 4
.next:
        rol ax, 4
        push ax
        and al, 15
        cmp al, 10
        sbb al, 0x69
        das
        call putc16
        pop ax
        loop .next
        ret

dec16:
        mov bx, 10
        xor cx, cx
.next:
        xor dx, dx
        div bx
        push dx
        inc cx
        or ax, ax
        jnz .next
.out:
        pop ax
        add al, '0'
        call putc16
        loop .out
        ret
