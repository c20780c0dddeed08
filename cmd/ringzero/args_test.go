package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFlagsFirst(t *testing.T) {
	app := newApp(os.Stdin, os.Stdout, os.Stderr)
	rows := []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"flag of the program", "--help", "--help"},
		{"unknown command", "fly --to moon", "fly --to moon"},
		{"command alone", "run", "run --"},
		{"in order", "run --memory 64M disk", "run --memory 64M -- disk"},
		{"flag behind", "disasm FILE --bits 16", "disasm --bits 16 -- FILE"},
		{"one argument", "disasm FILE --bits=16 x", "disasm --bits=16 -- FILE x"},
		{"switch takes no value", "run --stats disk --no-reboot", "run --stats --no-reboot -- disk"},
		{"value like a flag", "run --append --quiet disk", "run --append --quiet -- disk"},
		{"an alias takes a value", "run disk -m 64M", "run -m 64M -- disk"},
		{"one dash", "run -memory 64M disk", "run -memory 64M -- disk"},
		{"no flags behind dashes", "run -- --disk x", "run -- --disk x"},
		{"a dash is an argument", "disasm - --bits 16", "disasm --bits 16 -- -"},
		{"value missing", "run disk --memory", "run disk --memory"},
		{"help before all", "run disk --memory 5 --help", "run --help"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			require.Equal(t, row.want, strings.Join(flagsFirst(app, strings.Fields(row.in)), " "))
		})
	}
}
