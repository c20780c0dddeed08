; Printing, in any ring: everything ends in the service SYS_PUTC. All keep
; every register but EFLAGS.

putc:
        push eax
        push ebx
        movzx ebx, al
        mov eax, SYS_PUTC
        int 0x80
        pop ebx
        pop eax
        ret

; say prints the zero-ended text that follows the call.
say:
        xchg esi, [esp]
        push eax
.next:
        lodsb
        or al, al
        jz .end
        call putc
        jmp .next
.end:
        pop eax
        xchg esi, [esp]
        ret

; puts prints the zero-ended text at ESI.
puts:
        push esi
        push eax
.next:
        lodsb
        or al, al
        jz .end
        call putc
        jmp .next
.end:
        pop eax
        pop esi
        ret

; puts_pad prints the text at ESI and fills with blanks up to ECX columns.
puts_pad:
        push esi
        push ecx
        push eax
.next:
        lodsb
        or al, al
        jz .fill
        call putc
        dec ecx
        jmp .next
.fill:
        mov al, ' '
.blank:
        or ecx, ecx
        jle .end
        call putc
        dec ecx
        jmp .blank
.end:
        pop eax
        pop ecx
        pop esi
        ret

newline:
        push eax
        mov al, 10
        call putc
        pop eax
        ret

space:
        push eax
        mov al, ' '
        call putc
        pop eax
        ret

print_hex32:
        push ecx
        mov ecx, 8
        jmp print_hex
print_hex16:
        push ecx
        push eax
        shl eax, 16
        mov ecx, 4
        call print_digits
        pop eax
        pop ecx
        ret
print_hex8:
        push ecx
        push eax
        shl eax, 24
        mov ecx, 2
        call print_digits
        pop eax
        pop ecx
        ret
print_hex:
        push eax
        call print_digits
        pop eax
        pop ecx
        ret
print_digits:                           ; ECX digits from the top of EAX
        rol eax, 4
        push eax
        and al, 15
        add al, '0'
        cmp al, '9'
        jbe .digit
        add al, 'A' - '0' - 10
.digit:
        call putc
        pop eax
        loop print_digits
        ret

print_dec:
        pushad
        mov ebx, 10
        xor ecx, ecx
.next:
        xor edx, edx
        div ebx
        push edx
        inc ecx
        or eax, eax
        jnz .next
.out:
        pop eax
        add al, '0'
        call putc
        loop .out
        popad
        ret

; print_dec2 prints AL as two digits.
print_dec2:
        push eax
        movzx eax, al
        cmp al, 10
        jae .two
        push eax
        mov al, '0'
        call putc
        pop eax
.two:
        call print_dec
        pop eax
        ret

; print_bits names the bits that are set in EAX from the table at ESI: a byte
; with the bit's number, its name, a zero; FFh ends the table.
print_bits:
        pushad
        mov edx, eax
.next:
        movzx ecx, byte [esi]
        cmp cl, 0xff
        je .end
        inc esi
        bt edx, ecx
        jnc .skip
        call space
        call puts
.skip:
        lodsb
        or al, al
        jnz .skip
        jmp .next
.end:
        popad
        ret

; print_fault names vector EAX with error code EDX, as in #GP(0010).
print_fault:
        pushad
        cmp eax, 20
        jae .number
        lea esi, [fault_names + eax * 4]
        call puts
        bt dword [fault_has_code], eax
        jnc .end
        mov al, '('
        call putc
        mov eax, edx
        call print_hex16
        mov al, ')'
        call putc
        jmp .end
.number:
        call say
        db "vector ", 0
        call print_hex8
.end:
        popad
        ret

fault_has_code: dd 1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17
fault_names:
        db "#DE", 0, "#DB", 0, "NMI", 0, "#BP", 0, "#OF", 0, "#BR", 0, "#UD", 0, "#NM", 0
        db "#DF", 0, "#09", 0, "#TS", 0, "#NP", 0, "#SS", 0, "#GP", 0, "#PF", 0, "#15", 0
        db "#MF", 0, "#AC", 0, "#MC", 0, "#XM", 0
