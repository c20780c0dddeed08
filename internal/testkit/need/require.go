// Package need decides what a test does where the host lacks something that
// it needs: it skips with a plain sentence on a developer's machine, and fails
// where RINGZERO_REQUIRE says that the thing must be there, as in CI.
package need

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Variable is the environment variable with a comma-separated list of what
// must not be missing: any of the names below.
const Variable = "RINGZERO_REQUIRE"

// What Variable may name.
const (
	// Guests is Debian's packages, fetched by internal/testkit/guests.
	Guests = "guests"
	// QEMUUser is QEMU's user-mode emulators, which run our cross-built tests.
	QEMUUser = "qemu-user"
	// NASM assembles the test programs.
	NASM = "nasm"
	// Objdump is binutils' disassembler, the reference for decoded lengths.
	Objdump = "objdump"
	// GDB and LLDB are debuggers, clients of our stub.
	GDB  = "gdb"
	LLDB = "lldb"
)

var known = []string{Guests, QEMUUser, NASM, Objdump, GDB, LLDB}

// Required tells whether Variable names what. A word in Variable that means
// nothing is an error: a misspelt one would quietly allow skips.
func Required(what string) (bool, error) {
	found := false
	for word := range strings.SplitSeq(os.Getenv(Variable), ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		if !slices.Contains(known, word) {
			return false, fmt.Errorf("%s holds %q, which is none of %s", Variable, word, strings.Join(known, ", "))
		}
		found = found || word == what
	}
	return found, nil
}

// Missing ends the test because the host lacks what: it skips with the reason,
// or fails where what is required.
func Missing(t testing.TB, what, reason string) {
	t.Helper()
	required, err := Required(what)
	if err != nil {
		t.Fatal(err)
	}
	if required {
		t.Fatalf("%s, and %s asks for %s", reason, Variable, what)
	}
	t.Skip(reason)
}

// Tool returns the path of a program of that name, and ends the test by Missing
// where the host has none. Programs named qemu-* count as QEMUUser.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, class(name), "the program "+name+" is not installed on this host")
	}
	return path
}

// class is the word of Variable that covers a program.
func class(program string) string {
	if strings.HasPrefix(program, "qemu-") {
		return QEMUUser
	}
	return program
}
