// Command debugdocs writes docs/debugger.md from the rows of the debugger's commands.
//
// Usage: debugdocs [-check] [-o FILE]. With -check it writes nothing and exits with
// status 1 if FILE is not what it would write.
package main

//go:generate go run . -o ../../../docs/debugger.md

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"ringzero/debugger"
)

func main() {
	check := flag.Bool("check", false, "compare only; exit 1 if the file is stale")
	out := flag.String("o", "docs/debugger.md", "the file to write or compare")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "debugdocs:", err)
		os.Exit(1)
	}
}

const head = `<!-- Made by internal/gen/debugdocs from the rows of debugger/commands*.go. Do not edit. -->
# The debugger

` + "`ringzero debug`" + ` stands before the first instruction and takes commands; a name may be cut short as long as it is clear, and an empty
line repeats a step. With ` + "`--gdb`" + ` the same commands are gdb's ` + "`monitor COMMAND`" + `, but for those that let the machine go.

A **step** is an instruction, an iteration of REP, or the delivery of an interrupt or exception. Steps are counted from power-on, and are the
same in every run of the same configuration: ` + "`goto STEP`" + ` comes back to one.

**ADDR** is a linear address: an expression, a symbol, SEG:OFF, or FILE:LINE; p:ADDR is a physical one, where the command says so. **EXPR** has
numbers (10, 0x1f, 1fh, 0b101), registers ($eax, $cs, $cr3, $gdtr_base, $step, $ns), symbols, memory (byte[E], word[E], dword[E], qword[E], *E) and C's operators.
`

// run writes the page to path, or compares it with what is there.
func run(path string, check bool) error {
	page := []byte(head + debugger.Markdown())
	if !check {
		return os.WriteFile(path, page, 0o644)
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !bytes.Equal(old, page) {
		return fmt.Errorf("%s is stale: run go generate ./internal/gen/debugdocs", path)
	}
	return nil
}
