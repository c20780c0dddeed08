package rules

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ringzero/internal/testkit/repo"
)

// option is a flag of a command: its argument's name, and what is said of its
// default.
type option struct{ arg, fallback string }

var (
	helpFlag     = regexp.MustCompile(`^   (--[a-z-]+)(?:, -[a-z])?(?: ([A-Z]+))? `)
	helpFallback = regexp.MustCompile(`\(default: (.*)\)$`)
	readmeFlag   = regexp.MustCompile("^\\| `(--[a-z-]+)(?: ([A-Z]+))?`(?:, `-[a-z]`)? \\|.*\\| ?(.*?) ?\\|$")
	link         = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
)

// helpOptions reads the flags from a help page.
func helpOptions(page string) map[string]option {
	_, flags, _ := strings.Cut(page, "\nFlags:\n")
	all := map[string]option{}
	name, arg, text := "", "", ""
	end := func() {
		if name == "" {
			return
		}
		o := option{arg: arg}
		if m := helpFallback.FindStringSubmatch(text); m != nil {
			o.fallback = m[1]
		}
		all[name] = o
	}
	for line := range strings.Lines(flags) {
		line = strings.TrimRight(line, "\n")
		if m := helpFlag.FindStringSubmatch(line); m != nil {
			end()
			name, arg, text = m[1], m[2], ""
		}
		text = strings.TrimSpace(text + " " + strings.TrimSpace(line))
	}
	end()
	return all
}

// readmeOptions reads the flags from the README's table.
func readmeOptions(readme string) map[string]option {
	all := map[string]option{}
	for line := range strings.Lines(readme) {
		if m := readmeFlag.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			all[m[1]] = option{m[2], strings.ReplaceAll(m[3], "`", "")}
		}
	}
	return all
}

func TestREADMEListsTheFlagsOfRun(t *testing.T) {
	root := repo.Root(t)
	help := exec.Command("go", "run", "./cmd/ringzero", "run", "--help")
	help.Dir = root
	page, err := help.Output()
	require.NoError(t, err)
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	want := helpOptions(string(page))
	require.Contains(t, want, "--memory")
	require.Equal(t, want, readmeOptions(string(readme)))
}

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	root := repo.Root(t)
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, file := range append(files, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			_, err := os.Stat(filepath.Join(filepath.Dir(file), m[1]))
			require.NoError(t, err, "a link in %s", filepath.Base(file))
		}
	}
}

// TestImportTable: what ARCHITECTURE says of imports is what the rooms may do.
func TestImportTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repo.Root(t), "docs", "ARCHITECTURE.md"))
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "| package | may import | holds |\n")
	require.True(t, ok)
	said := map[string]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			break
		}
		for dir := range strings.SplitSeq(cells[1], ",") {
			said[strings.TrimSuffix(strings.Trim(dir, " `"), "/*")] = strings.TrimSpace(cells[2])
		}
	}
	for _, r := range rooms {
		want := strings.Join(r.may, ", ")
		switch {
		case r.dir == "internal" || strings.HasPrefix(r.dir, "internal/") || r.dir == "tests":
			continue // tools of tests
		case r.dir == ".":
			want = "all above"
		case r.dir == "cmd":
			r.dir, want = "cmd/ringzero", "all"
		case len(r.may) == 0:
			want = "nothing"
		}
		if r.apart {
			want += ", and not each other"
		}
		require.Equal(t, want, said[r.dir], r.dir)
	}
}
