// Package rules holds the repository to the design: who may import whom, where
// unsafe may stand, and what the packages that make up the guest's machine must
// not use. The test beside it reads every Go file of the module, whatever its
// build tags.
package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Module is the module's path.
const Module = "ringzero"

// room is a row of the design's table of packages: a folder with all below it.
type room struct {
	// dir is the folder from the module's root, "." for the root package alone.
	dir string
	// may lists the rooms that its packages may import, beside their own.
	may []string
	// apart says that the packages below dir must not import each other.
	apart bool
	// stdlib limits the packages below dir, not dir's own, to the standard library.
	stdlib bool
	// third lists the modules of others that it may import.
	third []string
	// testsOnly keeps the room out of every package but the _test.go files.
	testsOnly bool
}

const (
	xSys    = "golang.org/x/sys"
	xTerm   = "golang.org/x/term"
	cli     = "github.com/urfave/cli/v2"
	profile = "github.com/pkg/profile"
	liner   = "github.com/peterh/liner"
	testify = "github.com/stretchr/testify"
)

// anything is a may list of every room that code may import.
var anything = []string{
	"x86", "bus", "decoder", "mmu", "cpu", "translator", "devices", "bios", "host", ".", "debugger", "lab",
}

// rooms is the table of the design (docs/ARCHITECTURE.md, "Packages").
var rooms = []room{
	{dir: "x86"},
	{dir: "bus"},
	{dir: "decoder", may: []string{"x86"}},
	{dir: "mmu", may: []string{"x86", "bus"}},
	{dir: "cpu", may: []string{"x86", "decoder", "mmu", "bus"}, stdlib: true},
	{dir: "translator", may: []string{"x86", "decoder", "mmu", "cpu", "bus"}},
	{dir: "devices", may: []string{"bus"}, apart: true},
	{dir: "bios", may: []string{"x86", "bus"}},
	{dir: "host", may: []string{"bus"}, third: []string{xSys, xTerm}},
	{dir: ".", may: []string{"x86", "bus", "decoder", "mmu", "cpu", "translator", "devices", "bios", "host"}},
	{dir: "debugger", may: []string{".", "x86", "decoder"}},
	{dir: "lab", may: []string{".", "x86", "decoder"}},
	{dir: "cmd", may: anything, third: []string{cli, profile, liner}},
	{dir: "internal/testkit", may: anything, testsOnly: true},
	{dir: "internal/gen", may: anything, testsOnly: true},
	{dir: "internal/rules", testsOnly: true},
	{dir: "tests", may: anything, testsOnly: true},
}

// find is the row of a package's folder, or nil.
func find(dir string) *room {
	for i, r := range rooms {
		if dir == r.dir || r.dir != "." && strings.HasPrefix(dir, r.dir+"/") {
			return &rooms[i]
		}
	}
	return nil
}

// Import checks one import of a file and returns what is wrong with it, or "".
// dir is the folder of the file from the module's root, with slashes, file its
// base name.
func Import(dir, file, path string) string {
	if path == "unsafe" && !unsafeFile.MatchString(file) {
		return "unsafe belongs in files named *_unsafe.go"
	}
	test := strings.HasSuffix(file, "_test.go")
	from := find(dir)
	if from == nil {
		return "the table of packages has no row for this folder"
	}
	if inModule(path) {
		return internalEdge(from, dir, test, path)
	}
	first, _, _ := strings.Cut(path, "/")
	if !strings.Contains(first, ".") {
		return "" // the standard library
	}
	return thirdParty(from, test, path)
}

var unsafeFile = regexp.MustCompile(`_unsafe(_[a-z0-9]+)*\.go$`)

func inModule(path string) bool { return path == Module || strings.HasPrefix(path, Module+"/") }

func internalEdge(from *room, dir string, test bool, path string) string {
	target := strings.TrimPrefix(strings.TrimPrefix(path, Module), "/")
	if target == "" {
		target = "."
	}
	to := find(target)
	switch {
	case to == nil:
		return "the table of packages has no row for what is imported"
	case target == dir:
		return "" // an external test of the package itself
	case to == from && from.apart:
		return fmt.Sprintf("packages of %s don't import each other", from.dir)
	case to == from && from.stdlib && dir != from.dir:
		return fmt.Sprintf("packages below %s import the standard library only", from.dir)
	case to == from:
		return ""
	case to.testsOnly && test:
		return ""
	case to.testsOnly:
		return fmt.Sprintf("%s is for tests only", to.dir)
	case from.stdlib && dir != from.dir:
		return fmt.Sprintf("packages below %s import the standard library only", from.dir)
	case slices.Contains(from.may, to.dir):
		return ""
	}
	return fmt.Sprintf("%s may not import %s", from.dir, to.dir)
}

func thirdParty(from *room, test bool, path string) string {
	under := func(module string) bool { return path == module || strings.HasPrefix(path, module+"/") }
	switch {
	case under(testify) && test:
		return ""
	case under(testify):
		return "testify is for tests only"
	case slices.ContainsFunc(from.third, under):
		return ""
	}
	return fmt.Sprintf("%s may not import this module", from.dir)
}
