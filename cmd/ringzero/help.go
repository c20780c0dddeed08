package main

const appExamples = `Examples:
   ringzero run                                  the embedded guest: a monitor with a prompt
   ringzero run disk.img                         boot a raw disk image
   ringzero run vmlinuz --initrd initrd.img --append console=ttyS0
   ringzero disasm boot.bin --bits 16            list a boot sector
   ringzero run --help                           every flag`

const appHelp = `ringzero - {{.Usage}}

Usage:
   ringzero COMMAND [flags] [argument]

Commands:{{range .VisibleCommands}}
   {{.Name}}{{"\t"}}{{.Usage}}{{end}}

{{.Description}}
`

const commandHelp = `ringzero {{.Name}} - {{.Usage}}

Usage:
   ringzero {{.Name}}{{if .VisibleFlags}} [flags]{{end}} {{.ArgsUsage}}

{{.Description}}
{{if .VisibleFlags}}
Flags:{{range .VisibleFlags}}
   {{.}}{{end}}
{{end}}`

const runHelp = `IMAGE is a raw disk or floppy image, or a kernel (Linux bzImage, Multiboot, ELF), told apart by its
content. Without an image the embedded guest boots.

Standard input is the guest's serial port, in raw mode: Ctrl-A X quits, Ctrl-A H lists the keys.

Examples:
   ringzero run                                              the embedded guest
   ringzero run disk.img --memory 256M                       boot a disk; writes go to the file
   ringzero run --disk disk.img,snapshot                     the same; writes are thrown away
   ringzero run floppy.img --display terminal                show its text screen, take its keys
   ringzero run vmlinuz --initrd initrd.img --append "console=ttyS0"
   ringzero run --serial file:boot.log --until-serial "login: " --timeout 1m disk.img </dev/null
   ringzero run --rtc 2000-01-01 --max-instructions 1000000 --state-hash </dev/null

Exit status:
   0      the guest powered off; Ctrl-A X; --until-serial's text; a reset under --no-reboot
   2      a mistake in the command line
   4      --max-instructions or --timeout ran out
   6      triple fault, with a report
   8      halted for good (HLT with interrupts off), with a report
   10     anything else, with one line that says what
   128+n  ended by signal n
   odd    below 128: the guest wrote V to port 501h (isa-debug-exit), V*2+1`

const disasmHelp = `FILE is raw code; "-" is standard input. Each line has the address, the bytes and the instruction in
Intel syntax; what is no instruction is listed byte by byte as (bad).

Examples:
   ringzero disasm boot.bin --bits 16 --origin 0x7c00        a boot sector
   ringzero disasm code.bin --bits 32                        flat 32-bit code
   ringzero disasm disk.img --bits 16 --skip 0x3e --count 64 64 bytes within a file`
