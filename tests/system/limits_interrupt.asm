; The room that an interrupt needs on the stack of an inner ring.
%include "common.inc"

test_main:
; An interrupt from ring 3 pushes on the stack of the TSS. Where that is full,
; #SS carries its selector, with EXT where no INT n began it. The gate of #SS
; leads to ring 1 here, whose stack is good.
        desc T0 + 48, WORK, 0xfff, A_DATA_W, G_BYTE32
        idt_gate SS_, CODE1, ring1_handler, A_INT32
        mov dword [tss + 8], T0 + 48
        mov dword [tss + 4], 8
        arm
        to_ring3
        int 0x60
        done
        check "int n without room in ring 0: code", [WORK + 0x2000], T0 + 48
        check "int n without room in ring 0: CPL of its handler", [WORK + 0x2004], 1
        mov dword [tss + 8], T0 + 48
        mov dword [tss + 4], 8
        arm
        to_ring3
.ud2:
        ud2
        done
        check "#UD without room in ring 0: code has EXT", [WORK + 0x2000], (T0 + 48) | 1
        check "#UD without room in ring 0: EIP", [WORK + 0x2008], .ud2
        call fill_idt
        ret

ring1_handler:
        pop dword [WORK + 0x2000]
        mov [WORK + 0x2004], cs
        and dword [WORK + 0x2004], 3
        pop dword [WORK + 0x2008]
        mov dword [tss + 8], KDATA
        mov dword [tss + 4], STACK0_TOP
        int END_TRIAL
image_end:
