package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves a command's arguments behind its flags, which may then stand
// anywhere: `ringzero disasm FILE --bits 16`. What follows "--" is no flag.
func flagsFirst(app *cli.App, args []string) []string {
	if len(args) == 0 {
		return args
	}
	i := slices.IndexFunc(app.Commands, func(c *cli.Command) bool { return c.HasName(args[0]) })
	if i < 0 {
		return args
	}
	flags, rest := []string{args[0]}, []string(nil)
	for left := args[1:]; len(left) > 0; {
		arg := left[0]
		left = left[1:]
		switch {
		case arg == "--":
			rest, left = append(rest, left...), nil
		case len(arg) < 2 || arg[0] != '-':
			rest = append(rest, arg)
		case arg == "-h", arg == "-help", arg == "--help":
			return []string{args[0], arg} // of the command, not of an argument
		default:
			flags = append(flags, arg)
			if !takesValue(app.Commands[i], arg) {
				break
			}
			if len(left) == 0 {
				return args // the parser will say what is missing
			}
			flags, left = append(flags, left[0]), left[1:]
		}
	}
	return append(append(flags, "--"), rest...)
}

// takesValue tells whether the argument after arg is the flag's value.
func takesValue(c *cli.Command, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	for _, f := range c.Flags {
		if slices.Contains(f.Names(), name) {
			_, isBool := f.(*cli.BoolFlag)
			return !isBool
		}
	}
	return false
}
