package debugger

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// command is a row: dispatch, help, completion and docs/debugger.md come from it.
type command struct {
	name    string
	aliases []string
	args    string // as in the usage
	group   string
	short   string // one line
	long    string
	repeats bool // by an empty line
	// One of them: run looks or changes, on the machine's goroutine; goes says how the
	// machine goes on; free does what needs neither, or both.
	run  func(s *Session, args string) error
	goes func(s *Session, args string) (Action, error)
	free func(s *Session, args string) error
	// complete gives what may stand behind the name.
	complete func(d *Debugger, word string) []string
}

func (c *command) usage() string { return strings.TrimSpace(c.name + " " + c.args) }

// The groups, in the order of the help.
var groups = []string{"go", "back", "stop", "look", "change", "names", "other"}

// commands are the rows; see the files by topic.
var commands []*command

func init() {
	commands = slices.Concat(goCommands, backCommands, stopCommands, lookCommands, tableCommands, changeCommands, nameCommands, otherCommands)
}

// find takes a line apart: the command by its name, an alias, or the beginning of one
// name only.
func find(line string) (c *command, args string, err error) {
	name, args := line, ""
	if i := strings.IndexAny(line, " \t/"); i >= 0 {
		name, args = line[:i], line[i:]
	}
	args = strings.TrimSpace(args)
	two := name
	if word, _, _ := strings.Cut(args, " "); word != "" {
		two = name + " " + word
	}
	var begin []*command
	for _, c := range commands {
		if c.name == two || slices.Contains(c.aliases, two) {
			_, rest, _ := strings.Cut(args, " ")
			return c, strings.TrimSpace(rest), nil
		}
	}
	for _, c := range commands {
		switch {
		case c.name == name || slices.Contains(c.aliases, name):
			return c, args, nil
		case strings.HasPrefix(c.name, name) && !strings.Contains(c.name, " "):
			begin = append(begin, c)
		}
	}
	switch len(begin) {
	case 0:
		return nil, "", fmt.Errorf("%q is no command; help lists them", name)
	case 1:
		return begin[0], args, nil
	}
	names := make([]string, len(begin))
	for i, c := range begin {
		names[i] = c.name
	}
	return nil, "", fmt.Errorf("%q is short for %s", name, strings.Join(names, ", "))
}

// Complete gives the lines that a line may become, sorted.
func (s *Session) Complete(line string) (all []string) {
	for _, c := range commands {
		for _, n := range append([]string{c.name}, c.aliases...) {
			if strings.HasPrefix(n, line) && len(n) > 1 {
				all = append(all, n+" ")
			}
			if rest, ok := strings.CutPrefix(line, n+" "); ok && c.complete != nil {
				begin := line[:len(line)-len(rest)]
				if i := strings.LastIndexAny(rest, " +-*&("); i >= 0 {
					begin, rest = begin+rest[:i+1], rest[i+1:]
				}
				for _, word := range c.complete(s.d, rest) {
					all = append(all, begin+word)
				}
			}
		}
	}
	sort.Strings(all)
	return slices.Compact(all)
}

// symbolNames completes an address.
func symbolNames(d *Debugger, word string) []string { return d.names.Complete(word, 200) }

var otherCommands = []*command{
	{name: "help", aliases: []string{"h", "?"}, args: "[COMMAND]", group: "other", short: "list the commands, or explain one",
		free: func(s *Session, args string) error { return s.help(args) }},
	{name: "echo", args: "TEXT", group: "other", short: "print a text", free: func(s *Session, args string) error { s.printf("%s\n", args); return nil }},
	{name: "quit", aliases: []string{"q", "exit"}, group: "other", short: "end the machine and the debugger",
		free: func(s *Session, _ string) error { s.quit = true; return nil }},
}

func (s *Session) help(args string) error {
	if args == "" {
		for _, g := range groups {
			s.printf("%s\n", g)
			for _, c := range commands {
				if c.group == g {
					s.printf("  %-38s %s\n", c.usage(), c.short)
				}
			}
		}
		s.printf("A name may be cut short; an empty line repeats step, next, x and their like. help COMMAND says more.\n")
		return nil
	}
	c, _, err := find(args)
	if err != nil {
		return err
	}
	s.printf("%s: %s\n", c.usage(), c.short)
	if len(c.aliases) > 0 {
		s.printf("also: %s\n", strings.Join(c.aliases, ", "))
	}
	if c.long != "" {
		s.printf("%s\n", c.long)
	}
	return nil
}

// Markdown is docs/debugger.md's list of the commands.
func Markdown() string {
	var b strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&b, "\n### %s\n\n| command | also | |\n|---|---|---|\n", g)
		for _, c := range commands {
			if c.group != g {
				continue
			}
			text := c.short
			if c.long != "" {
				text += ". " + strings.ReplaceAll(c.long, "\n", " ")
			}
			cell := strings.NewReplacer("|", `\|`)
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cell.Replace(c.usage()), strings.Join(c.aliases, ", "), cell.Replace(text))
		}
	}
	return b.String()
}

// CommandNames are the names of all commands, CommandName is that of the one which a line
// runs, "" for none.
func CommandNames() (names []string) {
	for _, c := range commands {
		names = append(names, c.name)
	}
	return names
}

func CommandName(line string) string {
	c, _, err := find(strings.TrimSpace(line))
	if err != nil {
		return ""
	}
	return c.name
}
