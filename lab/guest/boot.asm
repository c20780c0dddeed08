; The boot sector: reads the rest of the image by INT 13h, one sector at a time,
; in the CHS geometry of a 1.44 MB floppy.

SECTORS_PER_TRACK equ 18
HEADS             equ 2
READ_TRIES        equ 5

boot:
        jmp 0:.start                    ; some BIOSes enter at 07C0:0000
.start:
        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, IMAGE_BASE
        sti
        cld
        mov [boot_drive], dl
        mov bx, IMAGE_BASE + 512        ; where the next sector goes
        mov si, 1                       ; its number on the floppy
.next:
        cmp si, (image_end - image_start) / 512
        jae real_start
        mov di, READ_TRIES
.try:
        mov ax, si
        xor dx, dx
        mov cx, SECTORS_PER_TRACK
        div cx                          ; AX track over both heads, DX sector from 0
        mov cl, dl
        inc cl
        shr ax, 1                       ; HEADS = 2
        mov ch, al
        mov dh, 0
        adc dh, 0
        mov dl, [boot_drive]
        mov ax, 0x0201                  ; read one sector
        push si
        push di
        int 0x13
        pop di
        pop si
        jnc .good
        xor ah, ah                      ; reset the drive, try again
        mov dl, [boot_drive]
        int 0x13
        dec di
        jnz .try
        mov si, .failed
.say:
        lodsb
        or al, al
        jz .stop
        mov ah, 0x0e
        mov bx, 7
        int 0x10
        jmp .say
.stop:
        cli
        hlt
        jmp .stop
.good:
        add bx, 512
        inc si
        jmp .next
.failed:
        db "ringzero monitor: the floppy can't be read.", 13, 10, 0

boot_drive: db 0
        times 510 - ($ - image_start) db 0
        dw 0xaa55
