; The end: a fault while #DF is delivered shuts the processor down. Nothing may
; run behind it.
%include "common.inc"

test_main:
        check "before the shutdown", 1, 1
        call say
        db "SHUTDOWN", 10, 0
        mov byte [idt + UD * 8 + 5], 0
        mov byte [idt + GP * 8 + 5], 0
        mov byte [idt + DF_ * 8 + 5], 0
        ud2
        call say
        db "FAIL shutdown: want nothing got an instruction", 10, 0
        ret
image_end:
