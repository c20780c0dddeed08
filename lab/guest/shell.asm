; The shell: a task in ring 3. It reads a line, finds the command in a table,
; calls it with ESI at the arguments.

LINE_MAX        equ 72

shell:
        mov esp, USTACK_TOP
        call say
        db "ringzero> ", 0
        call read_line
        mov esi, line
        call next_token
        mov eax, [token]
        cmp byte [eax], 0
        je shell
        mov ebx, commands
.next:
        mov edi, [ebx]
        or edi, edi
        jz .unknown
        call same_word
        je .found
        add ebx, 12
        jmp .next
.found:
        call [ebx + 4]
        jmp shell
.unknown:
        push esi
        mov esi, [token]
        call puts
        pop esi
        call say
        db ": no such command; try help.", 10, 0
        jmp shell

; The commands: name, routine, line of help.
commands:
        dd .n1, cmd_help, .h1, .n2, cmd_cpu, .h2, .n3, cmd_sens, .h3, .n4, cmd_map, .h4
        dd .n5, cmd_time, .h5, .n6, cmd_peek, .h6, .n7, cmd_off, .h7, .n8, cmd_reset, .h8, 0
.n1:    db "help", 0
.n2:    db "cpu", 0
.n3:    db "sens", 0
.n4:    db "map", 0
.n5:    db "time", 0
.n6:    db "peek", 0
.n7:    db "off", 0
.n8:    db "reset", 0
.h1:    db "help             this list", 0
.h2:    db "cpu              mode, privilege level, registers, what CPUID says", 0
.h3:    db "sens [NAME]      each sensitive instruction in ring 0 and in ring 3", 0
.h4:    db "map              physical memory (BIOS) and the page tables", 0
.h5:    db "time             date and time, timer ticks, time-stamp counter", 0
.h6:    db "peek ADDR [LEN]  memory in hexadecimal (both numbers are hexadecimal)", 0
.h7:    db "off              switch the machine off", 0
.h8:    db "reset            restart the machine", 0

cmd_help:
        mov ebx, commands
.next:
        cmp dword [ebx], 0
        je .end
        call say
        db "  ", 0
        mov esi, [ebx + 8]
        call puts
        call newline
        add ebx, 12
        jmp .next
.end:
        ret

cmd_off:
        mov eax, SYS_OFF
        int 0x80
        ret

cmd_reset:
        mov eax, SYS_RESET
        int 0x80
        ret

; read_line reads into `line`, echoing; backspace, Ctrl-U and Ctrl-C edit.
read_line:
        mov dword [line_len], 0
.next:
        mov eax, SYS_GETC
        int 0x80
        mov edx, [last_char]
        mov [last_char], eax
        cmp al, 10
        jne .not_lf
        cmp dl, 13                      ; the second half of CR LF
        je .next
        jmp .end
.not_lf:
        cmp al, 13
        je .end
        cmp al, 8
        je .erase
        cmp al, 0x7f
        je .erase
        cmp al, 0x15
        je .erase_all
        cmp al, 3
        je .cancel
        cmp al, ' '
        jb .next
        cmp al, 0x7f
        jae .next
        mov ecx, [line_len]
        cmp ecx, LINE_MAX
        jae .next
        mov [line + ecx], al
        inc dword [line_len]
        call putc
        jmp .next
.erase:
        call erase_one
        jmp .next
.erase_all:
        cmp dword [line_len], 0
        je .next
        call erase_one
        jmp .erase_all
.cancel:
        call say
        db "^C", 0
        mov dword [line_len], 0
.end:
        mov ecx, [line_len]
        mov byte [line + ecx], 0
        jmp newline

erase_one:
        cmp dword [line_len], 0
        je .none
        dec dword [line_len]
        call say
        db 8, " ", 8, 0
.none:
        ret

; next_token cuts the next word of ESI, puts its address in `token`, in lower
; case, and leaves ESI behind it.
next_token:
        cmp byte [esi], ' '
        jne .word
        inc esi
        jmp next_token
.word:
        mov [token], esi
.next:
        mov al, [esi]
        or al, al
        jz .end
        cmp al, ' '
        je .cut
        cmp al, 'A'
        jb .keep
        cmp al, 'Z'
        ja .keep
        add byte [esi], 32
.keep:
        inc esi
        jmp .next
.cut:
        mov byte [esi], 0
        inc esi
.end:
        ret

; same_word sets ZF where the token is the word at EDI.
same_word:
        push esi
        push edi
        mov esi, [token]
.next:
        mov al, [esi]
        cmp al, [edi]
        jne .end
        inc esi
        inc edi
        or al, al
        jnz .next
.end:
        pop edi
        pop esi
        ret

; parse_hex reads the token as hexadecimal, 0x and h allowed, into EAX; CF set
; where it is none.
parse_hex:
        push esi
        push edx
        push ecx
        mov esi, [token]
        xor edx, edx
        cmp word [esi], '0x'
        jne .first
        add esi, 2
.first:
        cmp byte [esi], 0
        je .bad
        mov ecx, 8
.next:
        movzx eax, byte [esi]
        inc esi
        or al, al
        jz .good
        cmp al, 'h'
        jne .digit
        cmp byte [esi], 0
        je .good
.digit:
        sub al, '0'
        jb .bad
        cmp al, 9
        jbe .add
        sub al, 'a' - '0'
        jb .bad
        cmp al, 5
        ja .bad
        add al, 10
.add:
        dec ecx
        js .bad
        shl edx, 4
        or edx, eax
        jmp .next
.good:
        mov eax, edx
        clc
        jmp .out
.bad:
        stc
.out:
        pop ecx
        pop edx
        pop esi
        ret
