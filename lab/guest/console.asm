; Screen, serial port and keyboard, all of ring 0.

VGA             equ 0xb8000
COLUMNS         equ 80
ROWS            equ 25
ATTRIBUTE       equ 0x07

; console_init takes over the cursor where the BIOS left it.
console_init:
        movzx eax, byte [0x451]         ; BDA: row of page 0
        imul eax, COLUMNS
        movzx ecx, byte [0x450]
        add eax, ecx
        cmp eax, ROWS * COLUMNS
        jb .fits
        xor eax, eax
.fits:
        mov [vga_pos], eax
        mov dx, COM1 + 5
        in al, dx
        cmp al, 0xff                    ; nothing there
        je .no_serial
        mov dword [have_serial], 1
        mov dx, COM1 + 1
        mov al, 1                       ; interrupt on received data; a byte that
        out dx, al                      ; came early raises it now
.no_serial:
        mov ecx, 16                     ; drop what the 8042 still holds
.drain:
        in al, 0x64
        test al, 1
        jz .done
        in al, 0x60
        loop .drain
.done:
        ret

; console_putc writes BL to screen and serial port.
console_putc:
        cmp bl, 10
        jne .serial
        mov al, 13
        call serial_put
.serial:
        mov al, bl
        call serial_put
        mov edi, [vga_pos]
        cmp bl, 10
        je .newline
        cmp bl, 8
        je .back
        mov al, bl
        mov ah, ATTRIBUTE
        mov [VGA + edi * 2], ax
        inc edi
        jmp .moved
.back:
        or edi, edi
        jz .moved
        dec edi
        jmp .moved
.newline:
        mov eax, edi
        xor edx, edx
        mov ecx, COLUMNS
        div ecx
        sub edi, edx
        add edi, COLUMNS
.moved:
        cmp edi, ROWS * COLUMNS
        jb .cursor
        mov esi, VGA + COLUMNS * 2
        mov edi, VGA
        mov ecx, (ROWS - 1) * COLUMNS / 2
        rep movsd
        mov eax, ATTRIBUTE << 24 | ' ' << 16 | ATTRIBUTE << 8 | ' '
        mov ecx, COLUMNS / 2
        rep stosd
        mov edi, (ROWS - 1) * COLUMNS
.cursor:
        mov [vga_pos], edi
        mov ecx, edi
        mov dx, 0x3d4
        mov al, 0x0e                    ; cursor location high
        out dx, al
        inc edx
        mov al, ch
        out dx, al
        dec edx
        mov al, 0x0f                    ; cursor location low
        out dx, al
        inc edx
        mov al, cl
        out dx, al
        ret

serial_put:
        cmp dword [have_serial], 0
        je .done
        push eax
        mov ecx, 100000
        mov dx, COM1 + 5
.wait:
        in al, dx
        test al, 0x20
        jnz .send
        loop .wait
.send:
        pop eax
        mov dx, COM1
        out dx, al
.done:
        ret

serial_irq:
        mov dx, COM1 + 2
        in al, dx                       ; clears other causes
.next:
        mov dx, COM1 + 5
        in al, dx
        test al, 1
        jz .done
        mov dx, COM1
        in al, dx
        call ring_put
        jmp .next
.done:
        ret

keyboard_irq:
        in al, 0x64
        mov ah, al
        in al, 0x60
        test ah, 0x20                   ; the mouse's
        jnz .done
        movzx ecx, al
        and ecx, 0x7f
        cmp cl, 0x2a
        je .shift
        cmp cl, 0x36
        je .shift
        cmp cl, 0x1d
        je .ctrl
        test al, 0x80
        jnz .done
        cmp cl, 0x3a
        je .caps
        cmp cl, KEYS
        jae .done
        mov al, [keys + ecx]
        cmp dword [key_shift], 0
        je .plain
        mov al, [keys_shift + ecx]
.plain:
        mov ah, al
        or ah, 0x20
        cmp ah, 'a'
        jb .store
        cmp ah, 'z'
        ja .store
        cmp dword [key_ctrl], 0
        je .letter
        and al, 0x1f
        jmp .store
.letter:
        cmp dword [key_caps], 0
        je .store
        xor al, 0x20
.store:
        or al, al
        jz .done
        jmp ring_put
.shift:
        call .made
        mov [key_shift], edx
        ret
.ctrl:
        call .made
        mov [key_ctrl], edx
        ret
.caps:
        xor dword [key_caps], 1
.done:
        ret
.made:                                  ; EDX: 1 for a press, 0 for a release
        movzx edx, al
        shr edx, 7
        xor edx, 1
        ret

; ring_put adds AL to the input ring; a full ring loses it.
ring_put:
        mov ecx, [ring_head]
        lea ebx, [ecx + 1]
        and ebx, 1023
        cmp ebx, [ring_tail]
        je .full
        mov [ring + ecx], al
        mov [ring_head], ebx
.full:
        ret

; console_getc gives the next character in AL. It is entered with IF clear; STI
; takes effect after HLT has begun, so that no key can slip in between.
console_getc:
        mov ecx, [ring_tail]
        cmp ecx, [ring_head]
        jne .got
        sti
        hlt
        cli
        jmp console_getc
.got:
        movzx eax, byte [ring + ecx]
        inc ecx
        and ecx, 1023
        mov [ring_tail], ecx
        ret

; Scan codes of set 1, the keys of a US keyboard.
keys:
        db 0, 27, "1234567890-=", 8, 9, "qwertyuiop[]", 10, 0
        db "asdfghjkl;'`", 0, "\zxcvbnm,./", 0, '*', 0, ' '
KEYS    equ $ - keys
keys_shift:
        db 0, 27, "!@#$%^&*()_+", 8, 9, "QWERTYUIOP{}", 10, 0
        db 'ASDFGHJKL:"~', 0, "|ZXCVBNM<>?", 0, '*', 0, ' '
