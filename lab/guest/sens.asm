; `sens`: runs each probe in ring 0 and in ring 3 and prints what it saw.
;
; An instruction is sensitive where its effect depends on, or changes, the
; state that belongs to the operating system; it is privileged where it traps
; outside of ring 0. Popek and Goldberg (CACM 17(7), 1974): a machine can be
; virtualised by trap and emulate only if every sensitive instruction is
; privileged. IA-32's exceptions, the critical ones, are those of Robin and
; Irvine (USENIX Security 2000), with IRET.

; What a probe's row says of its instruction.
CLASS_CRITICAL  equ 0
CLASS_PRIV      equ 1
CLASS_IOPL      equ 2
CLASS_CR4       equ 3
CLASS_PLAIN     equ 4

; How the result of a probe is shown.
SHOW_RAN        equ 0           ; nothing to see: it ran
SHOW_HEX16      equ 1           ; AX
SHOW_HEX32      equ 2           ; EAX
SHOW_TABLE      equ 3           ; EAX base, EDX limit
SHOW_FLAGS      equ 4           ; EAX is EFLAGS
SHOW_IF         equ 5           ; EAX is EFLAGS after trying to clear IF
SHOW_LOOKUP     equ 6           ; DL is ZF, EAX what was found
SHOW_VERIFY     equ 7           ; DL is ZF
SHOW_TSC        equ 8           ; EDX:EAX
SHOW_HANDLER    equ 9           ; the handler was reached
SHOW_CPL        equ 10          ; AX is CS as pushed

ROW_PROBE       equ 0
ROW_NAME        equ 4
ROW_CLASS       equ 8
ROW_SHOW        equ 9
ROW_SIZE        equ 12

COLUMN_NAME     equ 14
COLUMN_CLASS    equ 12
COLUMN_RESULT   equ 26

cmd_sens:
        call next_token
        mov eax, [token]
        mov [sens_filter], eax
        mov eax, SYS_TSD
        mov ebx, 1
        int 0x80
        call say
        db "instruction   class       in ring 0                 in ring 3", 10
        db "------------  ----------  ------------------------  ------------------------", 10, 0
        mov dword [sens_row], probes
        xor ebp, ebp                    ; rows printed
.next:
        mov esi, [sens_row]
        cmp dword [esi], 0
        je .end
        mov esi, [esi + ROW_NAME]
        call sens_matches
        jne .skip
        call sens_print_row
        inc ebp
.skip:
        add dword [sens_row], ROW_SIZE
        jmp .next
.end:
        mov eax, SYS_TSD
        xor ebx, ebx
        int 0x80
        or ebp, ebp
        jnz .some
        call say
        db "No instruction of that name is in the list; sens alone prints all.", 10, 0
        ret
.some:
        call say
        db "critical    sensitive, yet in ring 3 it does not trap just because it is ring 3:", 10
        db "            it shows or silently ignores ring-0 state, or obeys the privilege of", 10
        db "            its target. A monitor that only traps and emulates misses these.", 10
        db "privileged  always #GP outside of ring 0.  by IOPL, by CR4: where these allow.", 10
        db "plain       may run in any ring (CPUID tells the truth to everyone).", 10, 0
        ret

; sens_matches sets ZF where the filter is empty or the name at ESI begins with
; it, case aside.
sens_matches:
        push esi
        mov edi, [sens_filter]
.next:
        mov al, [edi]
        or al, al
        jz .end
        mov ah, [esi]
        cmp ah, 'A'
        jb .same
        cmp ah, 'Z'
        ja .same
        add ah, 32
.same:
        cmp al, ah
        jne .end
        inc esi
        inc edi
        jmp .next
.end:
        pop esi
        ret

sens_print_row:
        push ebp
        mov ebp, [sens_row]
        mov esi, [ebp + ROW_NAME]
        mov ecx, COLUMN_NAME
        call puts_pad
        movzx eax, byte [ebp + ROW_CLASS]
        mov esi, [class_names + eax * 4]
        mov ecx, COLUMN_CLASS
        call puts_pad
        mov eax, SYS_PROBE
        mov ebx, [ebp + ROW_PROBE]
        int 0x80
        mov edi, COLUMN_RESULT
        call sens_print_result
        mov ebx, [ebp + ROW_PROBE]
        call probe_run
        xor edi, edi
        call sens_print_result
        call newline
        pop ebp
        ret

class_names:
        dd .critical, .privileged, .iopl, .cr4, .plain
.critical:      db "critical", 0
.privileged:    db "privileged", 0
.iopl:          db "by IOPL", 0
.cr4:           db "by CR4", 0
.plain:         db "plain", 0

; sens_print_result prints EAX, EDX, ECX as probe_run gives them, padded to EDI
; columns. The texts are counted, so that the next column stands right.
sens_print_result:
        or ecx, ecx
        jz .ran
        lea eax, [ecx - 1]
        cmp eax, 6
        je .undefined
        call print_fault
        mov ecx, 3
        cmp eax, 20
        jae .pad_number
        bt dword [fault_has_code], eax
        jnc .pad
        mov ecx, 9
        jmp .pad
.pad_number:
        mov ecx, 9
        jmp .pad
.undefined:
        mov esi, show_undefined
        jmp .text
.ran:
        movzx ecx, byte [ebp + ROW_SHOW]
        jmp [show_routines + ecx * 4]
.text:                                  ; ESI alone
        mov ecx, edi
        jmp puts_pad
.ran_text:
        mov esi, show_ran
        jmp .text
.hex16:
        call print_hex16
        mov ecx, 4
        jmp .pad
.hex32:
        call print_hex32
        mov ecx, 8
        jmp .pad
.table:
        call say
        db "base ", 0
        call print_hex32
        call say
        db " limit ", 0
        mov eax, edx
        call print_hex16
        mov ecx, 24
        jmp .pad
.flags:
        call say
        db "EFLAGS ", 0
        call print_hex32
        mov ecx, 15
        jmp .pad
.if:
        mov esi, show_if_cleared
        test ah, 2
        jz .text
        mov esi, show_if_kept
        jmp .text
.lookup:
        or dl, dl
        jz .invisible
        call say
        db "ZF=1, ", 0
        call print_hex32
        mov ecx, 14
        jmp .pad
.invisible:
        mov esi, show_invisible
        jmp .text
.verify:
        or dl, dl
        jz .invisible
        mov esi, show_visible
        jmp .text
.tsc:
        push eax
        mov eax, edx
        call print_hex32
        pop eax
        call print_hex32
        mov ecx, 16
        jmp .pad
.handler:
        mov esi, show_handler
        jmp .text
.cpl:
        call print_hex16
        call say
        db ", so CPL ", 0
        and eax, 3
        call print_dec
        mov ecx, 14
.pad:                                   ; ECX columns are printed already
        sub edi, ecx
        jle .done
        mov ecx, edi
        mov esi, show_blank
        jmp puts_pad
.done:
        ret

show_routines:
        dd sens_print_result.ran_text, sens_print_result.hex16, sens_print_result.hex32
        dd sens_print_result.table, sens_print_result.flags, sens_print_result.if
        dd sens_print_result.lookup, sens_print_result.verify, sens_print_result.tsc
        dd sens_print_result.handler, sens_print_result.cpl
show_blank:     db 0
show_ran:       db "ran", 0
show_undefined: db "#UD: not on this CPU", 0
show_if_cleared: db "IF cleared", 0
show_if_kept:   db "IF stays 1, no fault", 0
show_visible:   db "ZF=1: allowed", 0
show_invisible: db "ZF=0: hidden, no fault", 0
show_handler:   db "reached its handler", 0
