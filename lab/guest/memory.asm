; `map`, `peek` and `time`.

cmd_map:
        mov eax, SYS_SNAP
        int 0x80
        call say
        db "Physical memory, as the BIOS told it in real mode (INT 15h, E820h):", 10, 0
        mov ecx, [map_e820_count]
        mov ebx, map_e820
        or ecx, ecx
        jnz .next
        call say
        db "  nothing", 10, 0
        jmp .pages
.next:
        call say
        db "  ", 0
        mov eax, [ebx]
        mov edx, [ebx + 4]
        call print_wide
        call say
        db " - ", 0
        add eax, [ebx + 8]
        adc edx, [ebx + 12]
        sub eax, 1
        sbb edx, 0
        call print_wide
        call say
        db "  ", 0
        mov eax, [ebx + 16]
        cmp eax, 5
        jbe .known
        xor eax, eax
.known:
        mov esi, [e820_types + eax * 4]
        call puts
        call newline
        add ebx, 20
        loop .next
.pages:
        call say
        db "Page tables (page directory at ", 0
        mov eax, [snap_cr3]
        call print_hex32
        call say
        db "), linear addresses, mapped one to one:", 10, 0
        mov dword [map_flags], 0
        mov dword [map_start], 0
        xor ebp, ebp                    ; linear address / 4096
.entry:
        mov ebx, ebp
        shr ebx, 10
        shl ebx, 2
        add ebx, [snap_cr3]
        call peek_dword
        mov edi, eax
        test al, PTE_P
        jz .absent
        mov ebx, eax
        and ebx, 0xfffff000
        mov eax, ebp
        and eax, 1023
        lea ebx, [ebx + eax * 4]
        call peek_dword
        mov ecx, edi                    ; rights of both levels
        or ecx, ~(PTE_P | PTE_W | PTE_U)
        and eax, ecx
        and eax, PTE_P | PTE_W | PTE_U
        call map_run
        inc ebp
        jmp .more
.absent:
        xor eax, eax
        call map_run
        add ebp, 1024
.more:
        cmp ebp, 1 << 20
        jb .entry
        xor eax, eax
        or eax, -1                      ; differs from every run: flush the last
        call map_run
        call say
        db "Everything else is not present: peek there shows the page fault.", 10, 0
        ret

; map_run takes the rights EAX of page EBP and prints a run when it ends.
map_run:
        cmp eax, [map_flags]
        je .same
        test byte [map_flags], PTE_P
        jz .begin
        push eax
        call say
        db "  ", 0
        mov eax, [map_start]
        shl eax, 12
        call print_hex32
        call say
        db " - ", 0
        mov eax, ebp
        shl eax, 12
        dec eax
        call print_hex32
        mov esi, map_user
        test byte [map_flags], PTE_U
        jnz .owner
        mov esi, map_supervisor
.owner:
        call puts
        mov esi, map_writable
        test byte [map_flags], PTE_W
        jnz .rights
        mov esi, map_readonly
.rights:
        call puts
        pop eax
.begin:
        mov [map_flags], eax
        mov [map_start], ebp
.same:
        ret

map_user:       db "  ring 3 and 0", 0
map_supervisor: db "  ring 0 only ", 0
map_writable:   db "  read, write", 10, 0
map_readonly:   db "  read", 10, 0

e820_types:
        dd .t0, .t1, .t2, .t3, .t4, .t5
.t0:    db "unknown type", 0
.t1:    db "usable", 0
.t2:    db "reserved", 0
.t3:    db "ACPI tables", 0
.t4:    db "ACPI NVS", 0
.t5:    db "bad memory", 0

print_wide:                             ; EDX:EAX as one number
        push eax
        mov eax, edx
        call print_hex16                ; 48 bits are plenty
        pop eax
        jmp print_hex32

; peek_dword reads a dword of the page tables, which ring 3 can't see itself.
peek_dword:
        push ebx
        push ecx
        push edx
        push esi
        xor esi, esi
        add ebx, 3
.next:
        mov eax, SYS_PEEK
        int 0x80
        shl esi, 8
        movzx eax, al
        or esi, eax
        dec ebx
        test bl, 3
        jz .last
        jmp .next
.last:
        mov eax, SYS_PEEK
        int 0x80
        shl esi, 8
        movzx eax, al
        or eax, esi
        pop esi
        pop edx
        pop ecx
        pop ebx
        ret

PEEK_DEFAULT    equ 0x40
PEEK_MAX        equ 0x1000

cmd_peek:
        call next_token
        call parse_hex
        jc .usage
        mov ebp, eax                    ; address
        call next_token
        mov edi, PEEK_DEFAULT
        mov eax, [token]
        cmp byte [eax], 0
        je .dump
        call parse_hex
        jc .usage
        mov edi, eax
        or edi, edi
        jz .usage
        cmp edi, PEEK_MAX
        ja .usage
.dump:
        mov eax, ebp
        call print_hex32
        call space
        mov ecx, 16
        xor esi, esi                    ; bytes of this line, kept in `line`
.byte:
        push ecx
        mov eax, SYS_PEEK
        mov ebx, ebp
        int 0x80
        or ecx, ecx
        pop ecx
        jnz .fault
        call space
        call print_hex8
        mov [line + esi], al
        inc esi
        inc ebp
        dec edi
        jz .row_end
        loop .byte
.row_end:
        call peek_text
        or edi, edi
        jnz .dump
        ret
.fault:
        push edx
        call peek_text
        pop edx
        mov eax, [fault_vector]
        call say
        db "  ", 0
        call print_fault
        call say
        db " reading ", 0
        mov eax, ebp
        call print_hex32
        cmp dword [fault_vector], 14
        jne newline
        call say
        db ": no page is mapped there (see map)", 10, 0
        ret
.usage:
        call say
        db "peek ADDR [LEN]: both hexadecimal, LEN from 1 to 1000, as in: peek b8000 20", 10, 0
        ret

; peek_text ends a line with ESI bytes: fills up, then the bytes as text.
peek_text:
        push ecx
        or esi, esi
        jz .end
        mov ecx, 16
        sub ecx, esi
        jz .text
.fill:
        call say
        db "   ", 0
        loop .fill
.text:
        call say
        db "  ", 0
        xor ecx, ecx
.next:
        mov al, [line + ecx]
        cmp al, ' '
        jb .dot
        cmp al, 0x7f
        jb .put
.dot:
        mov al, '.'
.put:
        call putc
        inc ecx
        cmp ecx, esi
        jb .next
.end:
        pop ecx
        jmp newline

cmd_time:
        mov eax, SYS_CLOCK
        int 0x80
        call say
        db "RTC     ", 0
        mov al, [clock_rtc + 6]
        cmp al, 19
        jb .guess                       ; no century byte
        cmp al, 99
        jbe .century
.guess:
        mov al, 20
.century:
        call print_dec2
        mov al, [clock_rtc + 5]
        call print_dec2
        mov al, '-'
        call putc
        mov al, [clock_rtc + 4]
        call print_dec2
        mov al, '-'
        call putc
        mov al, [clock_rtc + 3]
        call print_dec2
        call space
        mov al, [clock_rtc + 2]
        call print_dec2
        mov al, ':'
        call putc
        mov al, [clock_rtc + 1]
        call print_dec2
        mov al, ':'
        call putc
        mov al, [clock_rtc]
        call print_dec2
        call say
        db 10, "Ticks   ", 0
        mov eax, [clock_ticks]
        call print_dec
        call say
        db " since protected mode, ", 0
        mov eax, PIT_HZ
        call print_dec
        call say
        db " a second (8254 counter 0)", 10, "TSC     ", 0
        mov ebx, probe_rdtsc
        call probe_run
        or ecx, ecx
        jnz .no_tsc
        push eax
        mov eax, edx
        call print_hex32
        pop eax
        call print_hex32
        call say
        db "h", 10, 0
        ret
.no_tsc:
        call say
        db "none on this processor", 10, 0
        ret
