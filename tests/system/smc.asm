; Self-modifying code: a store counts from the next instruction on, in the same
; block, loop, page or line, by whatever instruction it is made (SDM 3A 8.1.3,
; 11.6; the processors from the P6 on need no jump in between).
%include "common.inc"

test_main:
        call next_instruction
        call ways_to_store
        call loops
        call flags_and_jumps
        call calls
        call across_pages
        call generated
        call by_rep
        call neighbours
        ret

next_instruction:
        mov byte [.a + 1], 7
.a:     mov al, 1
        movzx eax, al
        check "the next instruction", eax, 7
        mov byte [.b + 1], 9
        nop
        nop
        inc ecx
.b:     mov al, 1
        movzx eax, al
        check "four instructions on", eax, 9
        mov dword [.c + 1], 0x12345678
.c:     mov eax, 0
        check "a whole immediate", eax, 0x12345678
        ; An opcode: INC EAX becomes DEC EAX.
        mov eax, 5
        mov byte [.d], 0x48
.d:     inc eax
        check "an opcode", eax, 4
        ; One instruction becomes two: B8 imm32 becomes NOP and B0 imm8.
        mov eax, 0x11111111
        mov dword [.e], 0x9044b090
.e:     mov eax, 0x90222222
        check "one instruction becomes three", eax, 0x11111144
        ; Two become one.
        xor eax, eax
        mov byte [.f], 0xb8
.f:     nop                             ; with the next four bytes: mov eax, imm32
        inc ecx
        inc ecx
        inc ecx
        inc ecx
        check "five instructions become one", eax, 0x41414141
        ; An instruction that changes itself, run twice.
        mov ecx, 2
        xor eax, eax
.g:     add byte [.g + 6], 1            ; its own immediate
        add al, [.g + 6]
        dec ecx
        jnz .g
        movzx eax, al
        check "an instruction that changes itself", eax, 2 + 4
        ; The last instruction of a block is changed by the one before.
        mov byte [.h + 1], .j - (.h + 2)
.h:     jmp short .i
.i:     mov eax, 1
        jmp .k
.j:     mov eax, 2
.k:     check "the jump that follows", eax, 2
        ; A store that changes nothing.
        mov byte [.l], 0x90
.l:     nop
        check "a store of the same byte", 1, 1
        ret

; Every kind of store, each upon the immediate of the instruction behind it.
ways_to_store:
%macro way 2                    ; name, {insn that stores 55h at [ebx]}
        mov ebx, %%t + 1
        mov byte [ebx], 0
        mov eax, 0x55
        mov ecx, 0x55
        %2
%%t:    mov dl, 0
        movzx edx, dl
        check {"stored by ", %1}, edx, 0x55
%endmacro
        way "mov", {mov [ebx], al}
        way "mov imm", {mov byte [ebx], 0x55}
        way "add", {add byte [ebx], 0x55}
        way "or", {or [ebx], al}
        way "xchg", {xchg [ebx], al}
        way "xadd", {xadd [ebx], al}
        way "not", {xor byte [ebx], 0x55}
        mov ebx, way_cmpxchg + 1
        mov byte [ebx], 3
        mov eax, 3
        mov ecx, 0x55
        cmpxchg [ebx], cl
way_cmpxchg:
        mov dl, 0
        movzx edx, dl
        check "stored by cmpxchg", edx, 0x55
        mov edi, way_stosb + 1
        mov al, 0x55
        stosb
way_stosb:
        mov dl, 0
        movzx edx, dl
        check "stored by stosb", edx, 0x55
        mov edi, way_movsb + 1
        mov esi, byte55
        movsb
way_movsb:
        mov dl, 0
        movzx edx, dl
        check "stored by movsb", edx, 0x55
        mov ebx, esp
        mov esp, way_push + 5
        push dword 0x55
way_push:
        mov edx, 0
        mov esp, ebx
        check "stored by push", edx, 0x55
        mov ebx, esp
        mov dword [WORK], 0x55
        mov esp, WORK
        pop dword [way_pop + 1]
way_pop:
        mov edx, 0
        mov esp, ebx
        check "stored by pop", edx, 0x55
        mov dword [way_fist.i + 1], 0
        push dword 0x55
        fild dword [esp]
        fistp dword [way_fist.i + 1]
way_fist:
.i:     mov edx, 0
        pop eax
        check "stored by fistp", edx, 0x55
        mov ecx, 1
        cmp ecx, 1
        mov byte [way_setcc + 1], 0
        sete [way_setcc + 1]
way_setcc:
        mov dl, 0
        movzx edx, dl
        check "stored by sete", edx, 1
        mov dword [way_bts + 1], 0
        bts dword [way_bts + 1], 6
way_bts:
        mov edx, 0
        check "stored by bts", edx, 0x40
        mov eax, 0x55
        mov dword [way_moffs + 1], 0
        mov [way_moffs + 1], eax
way_moffs:
        mov edx, 0
        check "stored by mov moffs", edx, 0x55
        test dword [cpuid_edx], 1 << 8
        jz way_no_cx8
        mov dword [way_cx8 + 1], 0
        mov eax, [way_cx8 + 1]
        mov edx, [way_cx8 + 5]
        mov ebx, 0x55
        mov ecx, edx
        cmpxchg8b [way_cx8 + 1]
way_cx8:
        mov edx, 0
        nop
        nop
        nop
        nop
        check "stored by cmpxchg8b", edx, 0x55
way_no_cx8:
        ; Through a segment with another base: the same linear address.
        desc T0, 0x1000, 0xfffff, A_DATA_W, G_PAGE32
        push dword T0
        pop fs
        mov byte [fs:way_fs + 1 - 0x1000], 0x55
way_fs: mov dl, 0
        push ds
        pop fs
        movzx edx, dl
        check "stored through another segment", edx, 0x55
        ret
byte55: db 0x55

loops:
        ; A loop that changes its own body each time.
        xor ebx, ebx
        mov ecx, 10
        mov dword [.a + 2], 0
.next:
        inc dword [.a + 2]
.a:     add ebx, 0x1000
        loop .next
        check "loop that counts in its own code", ebx, 55
        ; A loop whose body changes every hundredth time.
        xor ebx, ebx
        mov dword [.b + 2], 1
        mov ecx, 1000
.next2:
.b:     add ebx, 0x1000
        mov eax, ecx
        xor edx, edx
        mov esi, 100
        div esi
        or edx, edx
        jnz .keep
        inc dword [.b + 2]
.keep:
        loop .next2
        ; ECX counts from 1000: 1 time by 1, then 100 times each by 2 to 10, 99 by 11.
        check "loop that changes now and then", ebx, 1 + 100 * (2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10) + 99 * 11
        ; Two versions by turns.
        xor ebx, ebx
        mov ecx, 200
.next3:
        xor byte [.c], 0x08             ; inc ebx (43) and dec ebx (4b)
.c:     inc ebx
        xor byte [.d + 1], 1
        call .d
        loop .next3
        check "two versions by turns", ebx, 100
        ; A loop's branch made to fall through.
        xor ebx, ebx
        mov byte [.e], 0x75
.next4:
        inc ebx
        cmp ebx, 7
        jne .go_on
        mov byte [.e], 0x74             ; JNZ becomes JZ, and ZF is clear below
        cmp ebx, 0
.go_on:
        cmp ebx, 0
.e:     jnz .next4
        check "a loop ends by its own branch", ebx, 7
        ret
.d:     mov al, 0
        movzx eax, al
        add ebx, eax
        ret

; What the translator would fuse or leave out.
flags_and_jumps:
        ; A compare whose jump is replaced by the compare's own operand store.
        mov byte [.a], 0x74             ; jz
        mov eax, 1
        add byte [.a], 1                ; jnz; ZF clear
.a:     jz .bad
        mov eax, 0
.bad:   check "add that turns the jump behind it", eax, 1
        ; The flag that a replaced instruction would have killed.
        stc
        mov byte [.b], 0x90
        mov byte [.b + 1], 0x90
.b:     xor ecx, ecx                    ; becomes two NOPs, CF stays
        setc al
        movzx eax, al
        check "a flag is not dropped for a killer that is gone", eax, 1
        ; And one that appears.
        stc
        mov byte [.c], 0xf8             ; clc
.c:     nop
        setc al
        movzx eax, al
        check "a flag killer that appears", eax, 0
        ret

calls:
        ; A callee changes what follows the call.
        mov eax, 1
        call .change
.a:     mov eax, 2
        check "a callee changes the caller", eax, 0x77
        ; A caller changes a callee that was run before.
        call .b
        mov byte [.b + 1], 0x22
        call .b
        check "a callee changed between calls", eax, 0x22
        mov dword [.table], .b
        mov byte [.b + 1], 0x23
        call [.table]
        check "a callee changed, called by memory", eax, 0x23
        ; The CALL's own push changes its target.
        mov ebx, esp
        mov esp, .d + 4
        call .c
.back:
        mov esp, ebx
        check "a call that pushes over code", eax, .back
        ; An interrupt handler changes the interrupted code.
        hook 0x74, .handler
        int 0x74
.e:     mov eax, 0
        hook 0x74, 0
        check "a handler changes the code behind the INT", eax, 0x99
        ret
.change:
        mov dword [.a + 1], 0x77
        ret
.b:     mov al, 0x21
        movzx eax, al
        ret
.c:     db 0xb8                         ; mov eax, imm32: the pushed address
.d:     dd 0
        jmp eax
.handler:
        mov dword [.e + 1], 0x99
        ret
.table: dd 0

; Code around a page boundary, in WORK.
across_pages:
PAGE2           equ WORK + 0x1000
        ; mov eax, imm32 with two bytes of it on the second page; ret.
        mov byte [PAGE2 - 3], 0xb8
        mov dword [PAGE2 - 2], 0x11223344
        mov byte [PAGE2 + 2], 0xc3
        mov eax, PAGE2 - 3
        call eax
        check "instruction across pages", eax, 0x11223344
        mov word [PAGE2 - 2], 0x5566
        mov eax, PAGE2 - 3
        call eax
        check "its first page changed", eax, 0x11225566
        mov word [PAGE2], 0x7788
        mov eax, PAGE2 - 3
        call eax
        check "its second page changed", eax, 0x77885566
        mov dword [PAGE2 - 2], 0x99aabbcc
        mov eax, PAGE2 - 3
        call eax
        check "both changed by one store", eax, 0x99aabbcc
        ; It changes its own second half ahead of itself.
        mov edi, PAGE2 - 3 - 10
        mov byte [edi], 0xc7            ; mov dword [PAGE2 - 2], imm32
        mov byte [edi + 1], 0x05
        mov dword [edi + 2], PAGE2 - 2
        mov dword [edi + 6], 0x0badcafe
        call edi
        check "changed by the instruction before, across pages", eax, 0x0badcafe
        ; A block that jumps to the next page, which changes.
        mov byte [PAGE2 - 2], 0xeb      ; jmp +0
        mov byte [PAGE2 - 1], 0x00
        mov byte [PAGE2], 0xb0          ; mov al, 1
        mov byte [PAGE2 + 1], 1
        mov byte [PAGE2 + 2], 0xc3
        mov ecx, 3
        xor ebx, ebx
.next:
        xor eax, eax
        mov edx, PAGE2 - 2
        call edx
        add ebx, eax
        add byte [PAGE2 + 1], 10
        loop .next
        check "the page that a jump leads to changes", ebx, 1 + 11 + 21
        ret

; Code written anew at one place, many times over.
generated:
        mov ecx, 2000
        xor ebx, ebx
        mov edi, WORK + 0x2000
.next:
        mov byte [edi], 0xb8            ; mov eax, ecx's value; ret
        mov [edi + 1], ecx
        mov byte [edi + 5], 0xc3
        call edi
        add ebx, eax
        loop .next
        check "code written anew 2000 times", ebx, 2000 * 2001 / 2
        ; At many places.
        mov ecx, 2000
        xor ebx, ebx
.next2:
        imul edi, ecx, 24
        add edi, WORK + 0x10000
        mov byte [edi], 0xb8
        mov [edi + 1], ecx
        mov byte [edi + 5], 0xc3
        call edi
        add ebx, eax
        loop .next2
        check "code written at 2000 places", ebx, 2000 * 2001 / 2
        ret

; REP MOVS and REP STOS over code that runs next, and over themselves with the
; bytes that are there.
by_rep:
        mov esi, .new
        mov edi, .old
        mov ecx, .new_end - .new
        xor eax, eax
        rep movsb
.old:   mov eax, 1
        nop
        nop
        check "rep movsb over what follows", eax, 0x1234
        mov edi, .nops
        mov ecx, 5
        mov eax, 0x90
        rep stosb
.nops:  mov eax, 1
        check "rep stosb over what follows", eax, 0x90
        ; Copied with itself in the middle: it and the code before stay, what
        ; follows changes.
        mov esi, .image
        mov edi, .over
        mov ecx, .image_end - .image
        xor eax, eax
        cld
.over:  nop
        rep movsb
        mov eax, 1
        check "rep movsb over itself", eax, 2
        ret
.new:   mov eax, 0x1234
        nop
        nop
.new_end:
.image: nop
        rep movsb
        mov eax, 2
.image_end:

; Stores beside code: data in the same page and line.
neighbours:
        xor ebx, ebx
        mov ecx, 5000
        jmp .next
        align 64
.data:  dd 0
.next:
        inc dword [.data]
        add ebx, [.data]
        loop .next
        check "data in the line of a loop", ebx, 5000 * 5001 / 2
        check "data in the line of a loop: last value", [.data], 5000
        ret
image_end:
