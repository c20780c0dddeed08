// Command knowngaps writes docs/KNOWN_GAPS.md: what the decoder knows and the
// machine does not execute, and what CPUID shows.
//
// Usage: knowngaps [-check] [-o FILE]. With -check it writes nothing and exits
// with status 1 if FILE is not what it would write.
package main

//go:generate go run . -o ../../../docs/KNOWN_GAPS.md

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"ringzero/cpu"
	"ringzero/decoder"
	"ringzero/translator"
	"ringzero/x86"
)

func main() {
	check := flag.Bool("check", false, "compare only; exit 1 if the file is stale")
	out := flag.String("o", "docs/KNOWN_GAPS.md", "the file to write or compare")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "knowngaps:", err)
		os.Exit(1)
	}
}

// run writes the page to path, or compares it with what is there.
func run(path string, check bool) error {
	page, err := Page(decoder.Rows())
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(path, page, 0o644)
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !bytes.Equal(old, page) {
		return fmt.Errorf("%s is stale: run go generate ./internal/gen/knowngaps", path)
	}
	return nil
}

const head = `<!-- Made by internal/gen/knowngaps from the decoder's rows, the handlers of cpu and translator, and the CPU models. Do not edit. -->
# Known gaps

What the decoder knows and no processor model executes: it raises #UD, is counted (` + "`--stats`" + `) and has no CPUID bit. The list is
made from the tables, so it can't forget a form; what the decoder does not know at all (AVX, 3DNow!, SHA, TSX, SMX, CET) is not in it.

`

// why is the reason that a form is not executed.
type why int

const (
	executes why = iota
	// noModel: no processor model has the feature.
	noModel
	// only64: the form exists in 64-bit mode only.
	only64
	// noHandler: a model has the feature, and the instruction is missing.
	noHandler
)

// judge tells whether the model executes a form.
func judge(r *decoder.Row, m *cpu.Model) why {
	switch {
	case r.Modes&decoder.InLegacy == 0:
		return only64
	case !m.Has(r.Feature):
		return noModel
	case !translator.Executes(r.Op):
		return noHandler
	}
	return executes
}

// Page makes the whole page, for the model max, which has every feature that
// there is.
func Page(rows []*decoder.Row) ([]byte, error) {
	m, err := cpu.ModelByName("max")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(head)
	summary(&b, rows, m)
	section(&b, rows, m, noHandler, "Missing from features that are there",
		"The model has the feature and the instruction is #UD.")
	section(&b, rows, m, noModel, "Features that no model has",
		"The whole feature is missing and CPUID does not show it. An instruction may stand here and execute all the same in another form (PADDB on MMX registers).")
	section(&b, rows, m, only64, "Forms of 64-bit mode",
		"There is no 64-bit mode yet; these forms exist nowhere else.")
	shown(&b)
	return b.Bytes(), nil
}

// summary counts the forms of each feature.
func summary(b *bytes.Buffer, rows []*decoder.Row, m *cpu.Model) {
	total, done := 0, 0
	b.WriteString("## Features\n\n| Feature | Model max has it | Forms | of them executed |\n|---|---|---|---|\n")
	for f := range decoder.Feature(decoder.NumFeatures) {
		all, good := 0, 0
		for _, r := range rows {
			if r.Feature == f {
				all++
				if judge(r, m) == executes {
					good++
				}
			}
		}
		total, done = total+all, done+good
		if all == 0 {
			continue
		}
		has := "no"
		if m.Has(f) {
			has = "yes"
		}
		fmt.Fprintf(b, "| %v | %s | %d | %d |\n", f, has, all, good)
	}
	fmt.Fprintf(b, "| **all** | | %d | %d |\n\n", total, done)
}

// section lists the forms that are not executed for one reason, by feature and
// instruction.
func section(b *bytes.Buffer, rows []*decoder.Row, m *cpu.Model, reason why, title, text string) {
	fmt.Fprintf(b, "## %s\n\n%s\n\n", title, text)
	found := false
	for f := range decoder.Feature(decoder.NumFeatures) {
		forms := map[string][]string{}
		for _, r := range rows {
			if r.Feature == f && judge(r, m) == reason {
				name := r.Op.String()
				forms[name] = append(forms[name], "`"+r.Encoding()+"`")
			}
		}
		if len(forms) == 0 {
			continue
		}
		if !found {
			b.WriteString("| Feature | Instruction | Forms |\n|---|---|---|\n")
			found = true
		}
		names := make([]string, 0, len(forms))
		for name := range forms {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(b, "| %v | %s | %s |\n", f, name, strings.Join(forms[name], ", "))
		}
	}
	if !found {
		b.WriteString("None.\n")
	}
	b.WriteByte('\n')
}

// shown lists what CPUID of each model answers in its feature words.
func shown(b *bytes.Buffer) {
	b.WriteString("## What CPUID shows\n\n| Model | Leaf | Features |\n|---|---|---|\n")
	for _, name := range cpu.ModelNames() {
		m, err := cpu.ModelByName(name)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		if m.NoID {
			fmt.Fprintf(b, "| %s | | no CPUID instruction |\n", name)
			continue
		}
		for _, w := range words {
			if bits := names(m, w); len(bits) > 0 {
				fmt.Fprintf(b, "| %s | %X %s | %s |\n", name, w.leaf, registers[w.register], strings.Join(bits, " "))
			}
		}
	}
}

// registers that carry feature words.
var registers = map[int]string{x86.BX: "EBX", x86.CX: "ECX", x86.DX: "EDX"}

// names of the bits that are set in a feature word; an unnamed one is a number.
func names(m *cpu.Model, w word) (bits []string) {
	c := &cpu.CPU{Model: m}
	if !present(m, w.leaf) {
		return nil
	}
	c.R[x86.AX] = uint64(w.leaf)
	cpu.Calls[decoder.CPUID].Do(c, nil)
	for i := range 32 {
		if c.R[w.register]>>i&1 == 0 {
			continue
		}
		name := w.names[i]
		if name == "" {
			name = fmt.Sprintf("bit%d", i)
		}
		bits = append(bits, name)
	}
	return bits
}

// present tells whether a model answers a leaf; beyond the last one it repeats
// others.
func present(m *cpu.Model, leaf uint32) bool {
	c := &cpu.CPU{Model: m}
	c.R[x86.AX] = uint64(leaf & 0x80000000)
	cpu.Calls[decoder.CPUID].Do(c, nil)
	return uint64(leaf) <= c.R[x86.AX]
}
