package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/urfave/cli/v2"

	"ringzero/decoder"
)

// bytesShown is how many bytes of an instruction stand on a line.
const bytesShown = 10

func disasmFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "bits", Usage: "size `N` of the code: 16, 32 or 64", Value: 32},
		&cli.StringFlag{Name: "origin", Usage: "`ADDRESS` of the first byte that is listed"},
		&cli.StringFlag{Name: "skip", Usage: "leave out `N` bytes at the start of the file"},
		&cli.StringFlag{Name: "count", Usage: "list `N` bytes at most"},
	}
}

// disasm is the disasm command.
func disasm(c *cli.Context, in *os.File, out io.Writer) error {
	bits := c.Int("bits")
	if bits != 16 && bits != 32 && bits != 64 {
		return usagef("--bits %d: it is 16, 32 or 64", bits)
	}
	if c.NArg() != 1 {
		return usagef("disasm takes one FILE")
	}
	path := c.Args().First()
	var numbers [3]uint64
	for i, name := range []string{"skip", "count", "origin"} {
		var err error
		if numbers[i], err = count(c, name); err != nil {
			return err
		}
	}
	skip, most := int64(min(numbers[0], math.MaxInt64)), int64(-1)
	if c.IsSet("count") {
		most = int64(min(numbers[1], math.MaxInt64))
	}
	code, err := readCode(path, in, skip, most)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	err = list(w, code, decoder.CodeSize(bits), numbers[2])
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return fmt.Errorf("standard output: %w", cause(err))
	}
	return nil
}

// list writes a line an instruction.
func list(w io.Writer, code []byte, mode decoder.CodeSize, pc uint64) error {
	digits := 8
	if mode == decoder.Code64 {
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
func one(code []byte, mode decoder.CodeSize, pc uint64) (int, string) {
	var in decoder.Inst
	if decoder.Decode(code, mode, &in) != decoder.OK {
		return 1, "(bad)"
	}
	return int(in.Len), in.Text(pc)
}
