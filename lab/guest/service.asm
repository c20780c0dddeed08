; INT 80h: what ring 0 does for ring 3. EAX is the service; EBX its argument;
; results come in EAX, ECX and EDX. Other registers are kept.

S_EDX           equ 16 + 20             ; offsets behind four segments and PUSHAD
S_ECX           equ 16 + 24
S_EAX           equ 16 + 28
S_EIP           equ 48

service_entry:
        pushad
        push ds
        push es
        push fs
        push gs
        mov cx, SEL_KDATA
        mov ds, cx
        mov es, cx
        cld
        mov ebp, esp
        cmp eax, SYS_COUNT
        jae .return
        call [services + eax * 4]
.return:
        pop gs
        pop fs
        pop es
        pop ds
        popad
        iretd

services:
        dd console_putc, sys_getc, sys_snap, sys_peek, sys_probe, sys_tsd
        dd sys_clock, sys_off, sys_reset

sys_getc:
        call console_getc
        mov [ebp + S_EAX], eax
        ret

sys_snap:
        lea esi, [ebp + 16]
        mov edi, snap_regs
        mov ecx, 8 + 5                  ; PUSHAD, EIP CS EFLAGS ESP SS
        rep movsd
        mov eax, [ebp + 12]
        mov [snap_ds], eax
        mov eax, [ebp + 8]
        mov [snap_es], eax
        mov eax, [ebp + 4]
        mov [snap_fs], eax
        mov eax, [ebp]
        mov [snap_gs], eax
        mov [snap_kcs], cs
        mov [snap_kss], ss
        mov [snap_kesp], esp
        mov eax, cr0
        mov [snap_cr0], eax
        mov eax, cr2
        mov [snap_cr2], eax
        mov eax, cr3
        mov [snap_cr3], eax
        xor eax, eax
        cmp [have_cpuid], eax
        je .no_cr4
        mov eax, cr4
.no_cr4:
        mov [snap_cr4], eax
        mov eax, [have_cpuid]
        mov [snap_cpuid], eax
        mov eax, [ticks]
        mov [snap_ticks], eax
        mov eax, [ticks_ring3]
        mov [snap_ticks3], eax
        mov ecx, (4 + E820_MAX * 20) / 4
        mov esi, e820_count
        mov edi, map_e820_count
        rep movsd
        ret

; sys_peek reads a byte; sys_probe runs a probe. Both survive a fault.
sys_peek:
        mov edi, [ebp + 16 + 16]        ; EBX of the caller
        mov ebx, peek_byte
        call probe_run
        jmp probe_results

peek_byte:
        movzx eax, byte [edi]
        ret

sys_probe:
        mov ebx, [ebp + 16 + 16]
        sti                             ; probes start with IF set, as in ring 3
        call probe_run
        cli
probe_results:
        mov [ebp + S_EAX], eax
        mov [ebp + S_ECX], ecx
        mov [ebp + S_EDX], edx
        ret

; probe_run calls EBX. It gives ECX 0 and the EAX and EDX of the probe, or
; ECX vector + 1 and EDX the error code where the probe faulted. It works in
; any ring; EDI is the probe's argument.
probe_run:
        push ebp
        push esi
        push edi
        push ebx
        mov [recover_esp], esp
        mov dword [recover_eip], .faulted
        call ebx
        mov dword [recover_eip], 0
        xor ecx, ecx
        jmp .out
.faulted:
        mov ecx, [fault_vector]
        inc ecx
        mov edx, [fault_code]
.out:
        pop ebx
        pop edi
        pop esi
        pop ebp
        ret

; sys_tsd sets CR4.TSD, which takes RDTSC from ring 3, where there is a TSC.
sys_tsd:
        test byte [cpuid_features], 0x10
        jz .none
        mov ecx, cr4
        and ecx, ~4
        shl ebx, 2
        or ecx, ebx
        mov cr4, ecx
.none:
        ret

RTC_INDEX       equ 0x70
RTC_DATA        equ 0x71

; sys_clock reads the RTC twice until both readings agree, outside of an update.
sys_clock:
        mov eax, [ticks]
        mov [clock_ticks], eax
        mov ecx, 100
.again:
        mov ebx, 1000000
.busy:
        mov al, 0x0a
        call rtc_read
        test al, 0x80                   ; UIP
        jz .read
        dec ebx
        jnz .busy
.read:
        call .all
        mov eax, [clock_rtc]
        mov edx, [clock_rtc + 4]
        push eax
        push edx
        call .all
        pop edx
        pop eax
        cmp eax, [clock_rtc]
        jne .differ
        cmp edx, [clock_rtc + 4]
        je .stable
.differ:
        loop .again
.stable:
        mov al, 0x0b
        call rtc_read
        mov ah, al
        mov edi, clock_rtc
        test ah, 4                      ; binary already
        jnz .hours
        mov ecx, 7
.bcd:
        mov al, [edi]
        mov dl, al
        and al, 0x80                    ; PM bit of a 12-hour clock
        and dl, 0x7f
        mov dh, dl
        shr dh, 4
        and dl, 15
        xchg dl, dh
        push eax
        mov al, dl
        mov dl, 10
        mul dl
        add al, dh
        mov dl, al
        pop eax
        or al, dl
        cmp ecx, 5                      ; only hours have a PM bit
        je .store
        cmp ecx, 2                      ; a year may be 80 to 99 and more
        jne .store
        and al, 0x7f
        test byte [edi], 0x80
        jz .store
        add al, 80
.store:
        mov [edi], al
        inc edi
        loop .bcd
        mov edi, clock_rtc
.hours:
        test ah, 2                      ; 24-hour clock
        jnz .done
        mov al, [edi + 2]
        mov dl, al
        and al, 0x7f
        cmp al, 12
        jne .noon
        xor al, al
.noon:
        test dl, 0x80
        jz .am
        add al, 12
.am:
        mov [edi + 2], al
.done:
        ret
.all:
        push ecx
        mov edi, clock_rtc
        mov esi, rtc_registers
        mov ecx, 7
.one:
        lodsb
        call rtc_read
        stosb
        loop .one
        pop ecx
        ret

rtc_registers:
        db 0, 2, 4, 7, 8, 9, 0x32       ; second minute hour day month year century

rtc_read:
        out RTC_INDEX, al
        in al, RTC_DATA
        ret

PCI_ADDRESS     equ 0xcf8
PCI_DATA        equ 0xcfc
PIIX4_PM        equ 0x71138086
PMBASE          equ 0x40                ; PIIX4 datasheet 7.1.18
PMREGMISC       equ 0x80                ; 7.1.26: bit 0 opens the PM ports
PMCNTRL         equ 4                   ; 7.2.3: SUS_TYP 10-12, SUS_EN 13
SUS_EN          equ 1 << 13             ; with SUS_TYP 0: soft off

; sys_off powers the machine off by the PIIX4, or halts for good.
sys_off:
        mov ebx, 0x80000000             ; bus 0, device 0, function 0
.scan:
        mov al, 0
        call pci_read
        cmp eax, PIIX4_PM
        je .found
        add ebx, 0x100
        cmp ebx, 0x80010000
        jb .scan
        jmp .halt
.found:
        mov al, PMREGMISC
        call pci_read
        or al, 1
        mov dx, PCI_DATA
        out dx, eax
        mov al, PMBASE
        call pci_read
        and eax, 0xffc0
        jnz .based
        mov eax, 0x600
        mov dx, PCI_DATA
        out dx, eax
.based:
        lea edx, [eax + PMCNTRL]
        mov ax, SUS_EN
        out dx, ax
        mov ecx, 0x40000                ; the supply takes a moment
.wait:
        in al, 0x80
        loop .wait
.halt:
        call say
        db 10, "This machine can't switch itself off; it is halted and safe to stop.", 10, 0
.stop:
        cli
        hlt
        jmp .stop

; pci_read gives in EAX register AL of function EBX and leaves it addressed.
pci_read:
        movzx eax, al
        or eax, ebx
        mov dx, PCI_ADDRESS
        out dx, eax
        mov dx, PCI_DATA
        in eax, dx
        ret

; sys_reset pulses the reset line by the 8042, then by port 92h.
sys_reset:
        mov ecx, 0x10000
.busy:
        in al, 0x64
        test al, 2                      ; input buffer full
        jz .pulse
        loop .busy
.pulse:
        mov al, 0xfe
        out 0x64, al
        mov ecx, 0x10000
.wait:
        in al, 0x80
        loop .wait
        in al, 0x92
        or al, 1
        out 0x92, al
.stop:
        cli
        hlt
        jmp .stop
