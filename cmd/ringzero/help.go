package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

const appExamples = `Examples:
   ringzero run                                  the embedded guest: a monitor with a prompt
   ringzero run disk.img                         boot a raw disk image
   ringzero run vmlinuz --initrd initrd.img --append console=ttyS0
   ringzero debug kernel.elf                     look, stop, go, and go backwards
   ringzero disasm boot.bin --bits 16            list a boot sector
   ringzero run --help                           every flag`

const appHelp = `ringzero - {{.Usage}}

Usage:
   ringzero COMMAND [flags] [argument]

Commands:{{range .VisibleCommands}}
   {{.Name}}{{"\t"}}{{.Usage}}{{end}}

   --version, -v is the version command; --help, -h stands behind any command.

{{.Description}}
`

const (
	// helpIndent is where the text on a flag begins, helpWidth where it ends.
	helpIndent = 27
	helpWidth  = 110
)

// commandHelp is a command's whole help page, as a template without a variable
// part.
func commandHelp(c *cli.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ringzero %s - %s\n\nUsage:\n   ringzero %s", c.Name, c.Usage, c.Name)
	if len(c.Flags) > 0 {
		b.WriteString(" [flags]")
	}
	if c.ArgsUsage != "" {
		b.WriteString(" " + c.ArgsUsage)
	}
	fmt.Fprintf(&b, "\n\n%s\n\nFlags:\n", c.Description)
	for _, f := range c.Flags {
		flagHelp(&b, f.(cli.DocGenerationFlag), f.Names())
	}
	wrapped(&b, "   --help, -h", "show this page")
	return b.String()
}

func flagHelp(b *strings.Builder, f cli.DocGenerationFlag, names []string) {
	text, head := f.GetUsage(), "   --"+names[0]
	for _, alias := range names[1:] {
		head += ", -" + alias
	}
	if before, rest, ok := strings.Cut(text, "`"); ok {
		value, after, _ := strings.Cut(rest, "`")
		head, text = head+" "+value, before+value+after
	}
	switch d := strings.Trim(f.GetDefaultText(), `"`); d {
	case "", "0", "false":
	default:
		text += " (default: " + d + ")"
	}
	wrapped(b, head, text)
}

// wrapped writes a flag and the text on it in two columns.
func wrapped(b *strings.Builder, head, text string) {
	line := head
	for word := range strings.FieldsSeq(text) {
		switch {
		case len(line) < helpIndent:
			line += strings.Repeat(" ", helpIndent-len(line)) + word
		case len(line)+1+len(word) > helpWidth:
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", helpIndent) + word
		default:
			line += " " + word
		}
	}
	b.WriteString(line + "\n")
}

const runHelp = `IMAGE is a raw disk or floppy image, or a kernel (Linux bzImage, Multiboot, ELF), told apart by its
content; ,ro and ,snapshot are those of --disk. Without an image the embedded guest boots.

Standard input is the guest's serial port. A terminal is in raw mode: Ctrl-A X quits, Ctrl-A H lists the
keys. From a pipe or a file every byte is the guest's, and waits until the guest reads.

Examples:
   ringzero run                                              the embedded guest
   ringzero run disk.img --memory 256M                       boot a disk; writes go to the file
   ringzero run disk.img,snapshot --disk data.img            writes to disk.img are thrown away
   ringzero run floppy.img --display terminal                show its text screen, take its keys
   ringzero run vmlinuz --initrd initrd.img --append "console=ttyS0"
   ringzero run --serial file:boot.log --until-serial "login: " --timeout 1m disk.img </dev/null
   ringzero run --rtc 2000-01-01 --max-instructions 1000000 --state-hash </dev/null

Exit status:
   0      the guest powered off; Ctrl-A X; --until-serial's text
   2      a mistake in the command line
   4      --max-instructions or --timeout ran out, with a short report
   6      triple fault, with a report
   8      halted for good (HLT with interrupts off), with a report
   10     anything else, with one line that says what
   12     a reset under --no-reboot: by the guest, as Linux does after a panic with panic=-1, or by Ctrl-A R
   128+n  ended by signal n, with a short report
   odd    below 128: the guest wrote V to port 501h (isa-debug-exit), V*2+1`

const debugHelp = `The machine stands before its first instruction; help lists the commands, Ctrl-C stops what runs. What the
guest sends to COM1 is shown; send "TEXT" answers. IMAGE and the flags of run are as there.
The past is kept: reverse-stepi, reverse-continue, goto STEP, who wrote ADDR go back in it.

Examples:
   ringzero debug                                            the embedded guest
   ringzero debug --kernel kernel.elf --symbols kernel.sym   stop at its names: break kmain
   ringzero debug -x commands.txt --batch disk.img,snapshot  a script, in CI
   ringzero debug --gdb 1234 vmlinuz                         gdb as well: target remote :1234

Exit status: that of run where the guest's run is over at the end, 0 where it is not, 10 where a command
of a script failed.`

const versionHelp = `Prints the version of the program, the commit it was built from, the version of Go, and the host it is for.

Example:
   ringzero version`

const disasmHelp = `FILE is raw code; "-" is standard input. Each line has the address, the bytes and the instruction in
Intel syntax; what is no instruction is listed byte by byte as (bad).

Examples:
   ringzero disasm boot.bin --bits 16 --origin 0x7c00        a boot sector
   ringzero disasm code.bin --bits 32                        flat 32-bit code
   ringzero disasm disk.img --bits 16 --skip 0x3e --count 64 64 bytes within a file`
