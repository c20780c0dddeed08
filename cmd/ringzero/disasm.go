package main

import (
	"bufio"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"ringzero/decoder"
)

// bytesShown is how many bytes of an instruction stand on a line.
const bytesShown = 10

func disasmFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "bits", Usage: "size `N` of the code: 16, 32 or 64", Value: 32},
		&cli.Uint64Flag{Name: "origin", Usage: "`ADDRESS` of the first byte that is listed"},
		&cli.Uint64Flag{Name: "skip", Usage: "leave out `N` bytes at the start of the file"},
		&cli.Uint64Flag{Name: "count", Usage: "list `N` bytes at most"},
	}
}

// disasm is the disasm command.
func disasm(c *cli.Context, in io.Reader, out io.Writer) error {
	bits := c.Int("bits")
	if bits != 16 && bits != 32 && bits != 64 {
		return usagef("--bits %d: it is 16, 32 or 64", bits)
	}
	if c.NArg() != 1 {
		return usagef("disasm takes one FILE")
	}
	path := c.Args().First()
	code, err := readCode(path, in)
	if err != nil {
		return err
	}
	skip := c.Uint64("skip")
	if skip >= uint64(len(code)) {
		return fmt.Errorf("%s: nothing to list: it has %d bytes, of which --skip leaves out %d", path, len(code), skip)
	}
	code = code[skip:]
	if c.IsSet("count") {
		code = code[:min(uint64(len(code)), c.Uint64("count"))]
	}
	w := bufio.NewWriter(out)
	if err := list(w, code, decoder.Mode(bits), c.Uint64("origin")); err != nil {
		return err
	}
	return w.Flush()
}

func readCode(path string, in io.Reader) ([]byte, error) {
	if path != "-" {
		return readFile(path, "code")
	}
	code, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return code, nil
}

// list writes a line an instruction.
func list(w io.Writer, code []byte, mode decoder.Mode, pc uint64) error {
	digits := 8
	if mode == decoder.Mode64 {
		digits = 16
	}
	mask := ^uint64(0) >> (64 - 4*digits)
	for len(code) > 0 {
		window := code[:min(len(code), decoder.MaxLen)]
		n, text := one(window, mode, pc)
		shown := window[:min(n, bytesShown)]
		more := ""
		if n > bytesShown {
			more = "+"
		}
		if _, err := fmt.Fprintf(w, "%0*x  %-*s  %s\n", digits, pc&mask, 2*bytesShown+1, fmt.Sprintf("%x%s", shown, more), text); err != nil {
			return err
		}
		code, pc = code[n:], pc+uint64(n)
	}
	return nil
}

// one gives the length and the text of an instruction, one byte where there is
// none.
func one(code []byte, mode decoder.Mode, pc uint64) (int, string) {
	var in decoder.Inst
	if decoder.Decode(code, mode, &in) != decoder.OK {
		return 1, "(bad)"
	}
	return int(in.Len), decoder.Listing(&in, code, pc)
}
