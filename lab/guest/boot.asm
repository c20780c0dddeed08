; The boot sector: reads the rest of the image by INT 13h, one sector at a time,
; in the CHS geometry that the BIOS tells, else that of a 1.44 MB floppy.

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
        mov ah, 8                       ; drive parameters; ES:DI is changed
        xor di, di
        int 0x13
        jc .known
        and cx, 0x3f
        jz .known
        mov [boot_sectors], cx
        mov dl, dh
        xor dh, dh
        inc dx
        mov [boot_heads], dx
.known:
        xor ax, ax
        mov es, ax
        mov bx, IMAGE_BASE + 512        ; where the next sector goes
        mov si, 1                       ; its number on the floppy
.next:
        cmp si, (image_end - image_start) / 512
        jae real_start
        mov di, READ_TRIES
.try:
        mov ax, si
        xor dx, dx
        div word [boot_sectors]         ; AX track over all heads, DX sector from 0
        mov cl, dl
        inc cl
        xor dx, dx
        div word [boot_heads]           ; AX cylinder, DX head
        mov ch, al
        mov dh, dl
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
boot_sectors: dw 18
boot_heads: dw 2
        times 510 - ($ - image_start) db 0
        dw 0xaa55
