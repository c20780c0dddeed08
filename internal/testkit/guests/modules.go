package guests

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Module is one of Debian's kernel modules.
type Module struct {
	// Name has underscores only, as the kernel shows it.
	Name string
	// Path is the file in the cache.
	Path string
}

// Modules returns the named modules of a kernel of Debian's ("686" or "686-pae")
// and all that they depend on, in an order in which insmod takes them. Names may
// be written with dashes or underscores; what the kernel has built in is left out.
func Modules(t testing.TB, flavour string, names ...string) []Module {
	t.Helper()
	set, err := loadModules(folder(t, kernelPackage(flavour)))
	if err != nil {
		t.Fatalf("guests: %v", err)
	}
	for _, name := range names {
		if err := set.add(name, nil); err != nil {
			t.Fatalf("guests: kernel %s: %v", flavour, err)
		}
	}
	return set.order
}

// moduleSet is the modules of one kernel, and those picked so far.
type moduleSet struct {
	files   map[string]string // by name
	builtin map[string]bool
	aliases map[string]string // alias to name; filled when the first is asked for
	order   []Module
}

func loadModules(root string) (*moduleSet, error) {
	set := &moduleSet{files: make(map[string]string), builtin: make(map[string]bool)}
	err := filepath.WalkDir(filepath.Join(root, "lib", "modules"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if d.Name() == "modules.builtin" {
			text, err := os.ReadFile(name)
			for line := range strings.Lines(string(text)) {
				set.builtin[moduleName(line)] = true
			}
			return err
		}
		if strings.HasSuffix(name, ".ko") {
			set.files[moduleName(name)] = name
		}
		return nil
	})
	return set, err
}

// moduleName is a module's name from its file's.
func moduleName(file string) string {
	name := strings.TrimSuffix(filepath.Base(strings.TrimSpace(file)), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// add picks a module behind all that it depends on. above is the way from the
// module asked for, to find a cycle.
func (s *moduleSet) add(name string, above []string) error {
	name = moduleName(name)
	if s.builtin[name] || slices.ContainsFunc(s.order, func(m Module) bool { return m.Name == name }) {
		return nil
	}
	if slices.Contains(above, name) {
		return fmt.Errorf("module %s depends on itself: %v", name, above)
	}
	file, ok := s.files[name]
	if !ok {
		return fmt.Errorf("there is no module %s among those kept (%s)", name, strings.Join(keptModules, ", "))
	}
	info, err := modinfo(file)
	if err != nil {
		return err
	}
	above = append(slices.Clone(above), name)
	for _, depend := range info["depends"] {
		for one := range strings.SplitSeq(depend, ",") {
			if one == "" {
				continue
			}
			if err := s.add(one, above); err != nil {
				return err
			}
		}
	}
	for _, soft := range info["softdep"] {
		if err := s.addSoft(soft, above); err != nil {
			return err
		}
	}
	s.order = append(s.order, Module{Name: name, Path: file})
	return nil
}

// addSoft picks what a softdep line wants before the module: names or aliases.
// One that this kernel does not have is left out, as modprobe does.
func (s *moduleSet) addSoft(line string, above []string) error {
	before := false
	for word := range strings.FieldsSeq(line) {
		if strings.HasSuffix(word, ":") {
			before = word == "pre:"
			continue
		}
		if !before {
			continue
		}
		name := moduleName(word)
		if _, ok := s.files[name]; !ok {
			var err error
			if name, err = s.alias(word); err != nil {
				return err
			}
		}
		if name == "" || slices.Contains(above, name) {
			continue
		}
		if err := s.add(name, above); err != nil {
			return err
		}
	}
	return nil
}

// alias finds the module that answers to an alias, or "". Where several do, the
// generic one is taken: the others need instructions that the guest may not have.
func (s *moduleSet) alias(alias string) (string, error) {
	if s.aliases == nil {
		s.aliases = make(map[string]string)
		for name, file := range s.files {
			info, err := modinfo(file)
			if err != nil {
				return "", err
			}
			for _, a := range info["alias"] {
				if old, ok := s.aliases[a]; !ok || better(name, old) {
					s.aliases[a] = name
				}
			}
		}
	}
	return s.aliases[alias], nil
}

// better orders modules with the same alias, for a result that is always the same.
func better(name, old string) bool {
	generic, was := strings.HasSuffix(name, "_generic"), strings.HasSuffix(old, "_generic")
	if generic != was {
		return generic
	}
	return name < old
}

// modinfo reads a module's .modinfo section: NUL-terminated key=value strings.
func modinfo(file string) (map[string][]string, error) {
	f, err := elf.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("%s has no .modinfo", file)
	}
	data, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	info := make(map[string][]string)
	for text := range strings.SplitSeq(string(data), "\x00") {
		if key, value, ok := strings.Cut(text, "="); ok {
			info[key] = append(info[key], value)
		}
	}
	return info, nil
}
