; The ROM of ringzero's built-in BIOS: 64 KiB at F0000h, also visible below
; 4 GiB. It holds only what must be machine code: the reset vector, the stubs of
; the software interrupts, the hardware interrupt handlers and the two ways out
; to a loaded program. Every service is a Go function behind the private port;
; services.go describes the protocol, and frame.go the stack frame.
;
; Build: nasm -f bin -o rom.bin rom.asm (rom_test.go rebuilds and compares).

        bits 16
        cpu 486
        org 0

SERVICE_PORT    equ 04F0h
SERVICE_MAGIC   equ 5A52h               ; "RZ", so that a port probe calls nothing
VEC_POST        equ 0100h               ; pseudo vector of the power-on service
VEC_PCI32       equ 0101h               ; and of the PCI BIOS called from 32-bit code
VEC_BIOS32      equ 0132h               ; names the service directory's entry in the header

; Offsets in the frame, as in frame.go.
FRAME_REGS      equ 8
FRAME_SCRATCH   equ 40
FRAME_STATUS    equ 44

; What a service left in FRAME_STATUS.
ST_DONE         equ 0
ST_WAIT         equ 1                   ; not yet: ask again after an interrupt
ST_POLL         equ 2                   ; not yet: ask again at once
ST_ENTER        equ 3                   ; leave through the frame at SS:SP = scratch
ST_PROTECTED    equ 4                   ; leave to 32-bit code at EIP = scratch
ST_STOP         equ 5                   ; halt for good

PIC1            equ 20h
PIC2            equ 0A0h
EOI             equ 20h
BDA             equ 40h
BDA_TICKS       equ 6Ch
BDA_MIDNIGHT    equ 70h
BDA_DISK_DONE   equ 8Eh
TICKS_A_DAY     equ 1800B0h
RESUME          equ 467h                ; far pointer for shutdown codes 5 and 0Ah

; ---------------------------------------------------------------------------
; The header: a mark, then (vector, offset) pairs that POST writes to the IVT.

        db      "RZBIOS01"
%macro  vector 2
        dw      %1, %2
%endmacro
        vector  05h, nothing
        vector  08h, irq0
        vector  09h, irq1
        vector  0Ah, irq_master
        vector  0Bh, irq_master
        vector  0Ch, irq_master
        vector  0Dh, irq_master
        vector  0Eh, irq_master
        vector  0Fh, irq7
        vector  10h, svc_10
        vector  11h, svc_11
        vector  12h, svc_12
        vector  13h, svc_13
        vector  14h, svc_14
        vector  15h, svc_15
        vector  16h, svc_16
        vector  17h, svc_17
        vector  18h, svc_18
        vector  19h, svc_19
        vector  1Ah, svc_1A
        vector  40h, svc_13
        vector  42h, svc_10
        vector  70h, irq8
        vector  71h, irq9
        vector  72h, irq_slave
        vector  73h, irq_slave
        vector  74h, irq12
        vector  75h, irq13
        vector  76h, irq14
        vector  77h, irq15
        vector  VEC_BIOS32, bios32
        vector  0FFFFh, nothing         ; the end, and the handler of all others

; ---------------------------------------------------------------------------
; Software interrupts.

%macro  stub 1
svc_%1: push    word 0%1h
        jmp     service
%endmacro
        stub    09
        stub    10
        stub    11
        stub    12
        stub    13
        stub    14
        stub    15
        stub    16
        stub    17
        stub    18
        stub    19
        stub    1A
        stub    70
        stub    74

svc_post:
        push    word VEC_POST

; The way into Go. On the stack: vector, IP, CS, FLAGS.
service:
        push    word ST_DONE
        push    dword 0
        pushad
        push    ds
        push    es
        push    fs
        push    gs
.call:  mov     dx, SERVICE_PORT
        mov     ax, SERVICE_MAGIC
        out     dx, ax
        mov     bp, sp
        mov     al, [bp + FRAME_STATUS]
        cmp     al, ST_WAIT
        jb      .done
        je      .wait
        cmp     al, ST_ENTER
        jb      .poll
        ja      .last
        lss     sp, [bp + FRAME_SCRATCH]
.done:  pop     gs
        pop     fs
        pop     es
        pop     ds
        popad
        add     sp, 8                   ; scratch, status, vector
        iret

.wait:  sti
        hlt
        cli
        jmp     .call

.poll:  sti
        nop
        cli
        jmp     .call

.last:  cmp     al, ST_STOP
        jne     protected
.stop:  cli
        hlt
        jmp     .stop

; Leaves to flat 32-bit code with the frame's general registers; EIP is taken
; from the scratch field, which POPAD leaves on top of the stack.
protected:
        cli
        xor     eax, eax
        mov     ax, ss
        shl     eax, 4
        movzx   ebp, bp
        add     ebp, eax
        o32 lgdt [cs:gdt_pointer]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword 08h:(0F0000h + .flat)
        bits 32
.flat:  mov     ax, 10h
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        lea     esp, [ebp + FRAME_REGS]
        popad
        ret
        bits 16

; The BIOS32 service directory (Phoenix, "Standard BIOS 32-bit Service Directory",
; revision 0.4): called far from 32-bit code at any base, EAX names a service, BL
; is 0. It knows "$PCI".
        bits 32
bios32: test    bl, bl
        jnz     .bad
        cmp     eax, '$PCI'
        mov     al, 80h                 ; no such service
        jne     .out
        mov     ebx, 0F0000h
        mov     ecx, 10000h
        mov     edx, pci32
        mov     al, 0
.out:   retf
.bad:   mov     al, 81h                 ; no such function
        retf

; The PCI BIOS (2.1) for 32-bit code: a frame like that of the 16-bit services.
pci32:  pushfw
        o16 push cs
        push    word 0
        push    word VEC_PCI32
        push    word ST_DONE
        push    dword 0
        pushad
        o16 push ds
        o16 push es
        o16 push fs
        o16 push gs
        mov     dx, SERVICE_PORT
        mov     ax, SERVICE_MAGIC
        out     dx, ax
        o16 pop gs
        o16 pop fs
        o16 pop es
        o16 pop ds
        popad
        lea     esp, [esp + 12]         ; scratch, status, vector, IP, CS
        popfw
        retf
        bits 16

        align   8, db 0
gdt:    dq      0
        dq      00CF9B000000FFFFh       ; 08h: code, 4 GiB, accessed (ROM can't be marked)
        dq      00CF93000000FFFFh       ; 10h: data, 4 GiB
gdt_pointer:
        dw      $ - gdt - 1
        dd      0F0000h + gdt

; ---------------------------------------------------------------------------
; Hardware interrupts, and the handler of everything that has none.

nothing:
        iret

irq0:   push    ds
        push    ax
        push    dx
        mov     ax, BDA
        mov     ds, ax
        inc     dword [BDA_TICKS]
        cmp     dword [BDA_TICKS], TICKS_A_DAY
        jb      .today
        mov     dword [BDA_TICKS], 0
        inc     byte [BDA_MIDNIGHT]
.today: int     1Ch
        cli
        mov     al, EOI
        out     PIC1, al
        pop     dx
        pop     ax
        pop     ds
        iret

; The scan code passes the intercept of INT 15h, AH=4Fh, which may change it or
; swallow it (CF clear). The service answers in AH what is to be called.
irq1:   push    eax
        in      al, 60h
        mov     ah, 4Fh
        stc
        int     15h
        mov     ah, 0
        jnc     .eoi
        pushf
        push    cs
        call    svc_09
.eoi:   mov     al, EOI
        out     PIC1, al
        cmp     ah, 1
        jb      .done
        je      .break
        cmp     ah, 3
        jb      .print
        mov     al, ah                  ; SysRq: 3 is pressed, 4 is released
        sub     al, 3
        mov     ah, 85h
        int     15h
.done:  pop     eax
        iret
.break: int     1Bh
        jmp     .done
.print: int     05h
        jmp     .done

irq_slave:
        push    ax
        mov     al, EOI
        out     PIC2, al
        out     PIC1, al
        pop     ax
        iret

irq_master:
        push    ax
        mov     al, EOI
        out     PIC1, al
        pop     ax
        iret

; Spurious requests of a controller come on its input 7 with the in-service bit
; clear; they want no EOI there.
irq7:   push    ax
        mov     al, 0Bh                 ; OCW3: read ISR
        out     PIC1, al
        in      al, PIC1
        test    al, 80h
        jz      .done
        mov     al, EOI
        out     PIC1, al
.done:  pop     ax
        iret

irq15:  push    ax
        mov     al, 0Bh
        out     PIC2, al
        in      al, PIC2
        test    al, 80h
        mov     al, EOI
        jz      .master
        out     PIC2, al
.master:
        out     PIC1, al
        pop     ax
        iret

; The clock chip. The service reads register C, counts waits and ends the
; interrupt; AH=1 where the alarm went off.
irq8:   push    eax
        pushf
        push    cs
        call    svc_70
        cmp     ah, 1
        jne     .done
        int     4Ah
.done:  pop     eax
        iret

; The AT sends what arrives on IRQ 9 to the vector of IRQ 2.
irq9:   push    ax
        mov     al, EOI
        out     PIC2, al
        pop     ax
        int     0Ah
        iret

; The mouse. The service ends the interrupt; with AH=1 a packet is complete and
; goes to the handler that INT 15h, AX=C207h installed: BX is its status, CX X,
; DX Y, DS:SI the handler.
irq12:  push    ds
        push    es
        pushad
        pushf
        push    cs
        call    svc_74
        cmp     ah, 1
        jne     .done
        push    bx
        push    cx
        push    dx
        push    word 0
        push    cs
        push    word .back
        push    ds
        push    si
        retf
.back:  add     sp, 8
.done:  popad
        pop     es
        pop     ds
        iret

irq13:  push    ax
        xor     al, al
        out     0F0h, al                ; clears the coprocessor's latch
        mov     al, EOI
        out     PIC2, al
        out     PIC1, al
        pop     ax
        int     02h
        iret

irq14:  push    ds
        push    ax
        mov     ax, BDA
        mov     ds, ax
        mov     byte [BDA_DISK_DONE], 0FFh
        mov     al, EOI
        out     PIC2, al
        out     PIC1, al
        pop     ax
        pop     ds
        iret

; ---------------------------------------------------------------------------
; Power-on and reset. The shutdown code in CMOS register 0Fh is how software
; returns from 286 protected mode: 5 and 0Ah resume at 0040:0067.

post:   cli
        cld
        mov     al, 8Fh
        out     70h, al
        in      al, 71h
        mov     bl, al
        mov     al, 8Fh
        out     70h, al
        xor     ax, ax
        out     71h, al
        mov     al, 0Dh                 ; NMI on again
        out     70h, al
        in      al, 71h
        xor     ax, ax
        mov     ds, ax
        cmp     bl, 0Ah
        je      .resume
        cmp     bl, 05h
        jne     .cold
        mov     al, EOI
        out     PIC2, al
        out     PIC1, al
.resume:
        jmp     far [RESUME]
.cold:  fninit                          ; RESET# unmasks all exceptions
        mov     ss, ax
        mov     sp, 7800h               ; clear of the boot sector's
        mov     es, ax
        pushf
        push    cs
        call    svc_post
        sti
        int     19h
.stop:  hlt
        jmp     .stop

%if $ - $$ > 1000h
%error  the code has grown into the tables that rom.go puts at 1000h
%endif

        times   0FFF0h - ($ - $$) db 0
        jmp     0F000h:post
        db      "07/01/26"
        db      0
        db      0FCh                    ; model: AT
        db      0
